/* index.json as the table of images, and what is garbage when an entry goes. */
#include "tests/unit/oci/image/scratch.h"

#include <errno.h>
#include <sys/file.h>

#include "oci/image/collect.h"
#include "oci/image/refs.h"

#define NAME(tag) "docker.io/library/x:" tag

static struct refs refs;

/* A new image with @name. */
static struct ref put(const char *word, const char *name)
{
	struct ref ref = { .name = name, .media_type = IMAGE_TYPE_MANIFEST, .unpacked = 7 };

	ref.digest = scratch_image(word, &ref.id, &ref.size);
	CHECK_INT(refs_begin(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	CHECK_INT(refs_set(&refs, &scratch_arena, &ref, name, NULL, &scratch_err), 0);
	CHECK_INT(refs_commit(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	CHECK_INT(refs_load(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	return ref;
}

static int find(const char *word)
{
	struct refs_found found;
	int result = refs_find(&refs, &scratch_arena, word, &found, &scratch_err);

	return result < 0 ? result : (int)found.index;
}

static void test_names(void)
{
	scratch_begin();
	struct ref one = put("one", NAME("1"));
	CHECK_INT(refs.count, 1);
	CHECK_STR(refs.items[0].name, NAME("1"));
	CHECK_STR(refs.items[0].id, one.id);
	CHECK_INT(refs.items[0].unpacked, 7);
	put("one", NAME("2"));
	CHECK_INT(refs.count, 2);
	CHECK_INT(refs_count_names(&refs, 0), 2);
	/* the name moves; the image has another */
	put("two", NAME("1"));
	CHECK_INT(refs.count, 2);
	/* and now it has none */
	put("two", NAME("2"));
	CHECK_INT(refs.count, 3);
	CHECK_INT(refs_count_names(&refs, (size_t)find(one.id)), 0);
	/* a name again: the entry without one is gone */
	put("one", NAME("3"));
	CHECK_INT(refs.count, 3);
	/* no name for one that has some changes nothing */
	put("one", NULL);
	CHECK_INT(refs.count, 3);
	scratch_end();
}

/* A table that could not be read again is not written. */
static void test_room(void)
{
	scratch_begin();
	struct ref one = put("one", NAME("latest"));
	char *long_text = arena_alloc(&scratch_arena, IMAGE_MAX_BYTES + 1);

	memset(long_text, 'x', IMAGE_MAX_BYTES);
	CHECK_INT(refs_begin(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	one.created = long_text;
	CHECK_INT(refs_set(&refs, &scratch_arena, &one, NAME("long"), NULL, &scratch_err), 0);
	CHECK_INT(refs_commit(&scratch_store, &scratch_arena, &refs, &scratch_err), -EINVAL);
	CHECK_INT(refs_begin(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	CHECK_INT(refs.count, 1);
	one.created = NULL;
	for (unsigned i = 0; i < IMAGE_MAX_MANIFESTS; i++) {
		const char *name = arena_format(&scratch_arena, NAME("%u"), i);

		CHECK_INT(refs_set(&refs, &scratch_arena, &one, name, NULL, &scratch_err), 0);
	}
	CHECK_INT(refs_commit(&scratch_store, &scratch_arena, &refs, &scratch_err), -EINVAL);
	CHECK_HAS(scratch_err.text, "room for 5000");
	CHECK_INT(refs_begin(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	CHECK_INT(refs.count, 1);
	refs_cancel(&scratch_store);
	scratch_end();
}

static void test_find(void)
{
	char part[32];

	scratch_begin();
	struct ref one = put("one", NAME("latest")), two = put("two", NAME("2"));
	CHECK(find("x") >= 0 && refs_same_image(&refs.items[find("x")], &one));
	CHECK(find("x:2") >= 0 && refs_same_image(&refs.items[find("x:2")], &two));
	CHECK(refs_same_image(&refs.items[find(two.id)], &two));
	(void)snprintf(part, sizeof(part), "%.10s", two.id + 7);
	CHECK(find(part) >= 0 && refs_same_image(&refs.items[find(part)], &two));
	CHECK_INT(find("y"), -ENOENT);
	CHECK_HAS(scratch_err.text, "No such image: y:latest");
	CHECK_INT(find("A"), -EINVAL);
	scratch_end();
}

/* What other programs wrote stays; what they do not say is looked up. */
static void test_foreign(void)
{
	autotext struct text text = TEXT_EMPTY;
	const char *id;
	int64_t size;

	scratch_begin();
	const char *digest = scratch_image("foreign", &id, &size);
	text_format(&text,
		    "{\"schemaVersion\":2,\"annotations\":{\"their\":\"own\"},\"manifests\":[{\"mediaType\":"
		    "\"" IMAGE_TYPE_MANIFEST
		    "\",\"digest\":\"%s\",\"size\":%lld,\"urls\":[\"x\"],\"annotations\":{\"" IMAGE_REF_NAME
		    "\":\"y:1\",\"more\":\"words\"}}]}",
		    digest, (long long)size);
	CHECK_INT(store_write(&scratch_store, "index.json", &text, false, &scratch_err), 0);
	put("one", NAME("1"));
	CHECK_INT(refs.count, 2);
	CHECK_STR(refs.items[find("y:1")].id, id);
	text_release(&text);
	text = TEXT_EMPTY;
	CHECK_INT(fd_read_file_at(scratch_store.root, "index.json", 100000, &text, &scratch_err), 0);
	CHECK_HAS(text.data, "\"their\":\"own\"");
	CHECK_HAS(text.data, "\"more\":\"words\"");
	CHECK_HAS(text.data, "\"urls\":[\"x\"]");
	scratch_end();
}

static void remove_entry(const char *word)
{
	CHECK_INT(refs_begin(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
	refs_remove(&refs, (size_t)find(word));
	CHECK_INT(refs_commit(&scratch_store, &scratch_arena, &refs, &scratch_err), 0);
}

static void test_garbage(void)
{
	struct collect_result result;
	struct session session;
	char path[STORE_PATH_BYTES];
	bool there;

	scratch_begin();
	struct ref one = put("one", NAME("1")), two = put("two", NAME("2"));
	const char *loose = scratch_blob("nobody's"), *claimed = scratch_blob("somebody's");
	remove_entry("x:1");
	CHECK_INT(session_open(&scratch_store, &session, &scratch_err), 0);
	store_path("blobs", claimed, path);
	CHECK_INT(session_claim(&session, path, &there, &scratch_err), 0);
	CHECK(there);

	/* limited to what an image had */
	struct strings objects;
	CHECK_INT(collect_objects(&scratch_store, &scratch_arena, &one, &objects, &scratch_err), 0);
	CHECK_INT(objects.count, 2);
	CHECK_INT(collect_garbage(&scratch_store, &scratch_arena, &objects, &result, &scratch_err), 0);
	CHECK_INT(result.objects, 2);
	CHECK(!scratch_has_blob(one.digest) && !scratch_has_blob(one.id));
	CHECK(scratch_has_blob(loose) && scratch_has_blob(two.digest));

	/* without a limit, but for what somebody works with */
	CHECK_INT(collect_measure(&scratch_store, &scratch_arena, &result, &scratch_err), 0);
	CHECK_INT(result.objects, 1);
	CHECK_INT(collect_garbage(&scratch_store, &scratch_arena, NULL, &result, &scratch_err), 0);
	CHECK(!scratch_has_blob(loose) && scratch_has_blob(claimed));
	CHECK(scratch_has_blob(two.digest) && scratch_has_blob(two.id));
	session_close(&session);
	CHECK_INT(collect_garbage(&scratch_store, &scratch_arena, NULL, &result, &scratch_err), 0);
	CHECK(!scratch_has_blob(claimed));
	scratch_end();
}

/* Without the table of images nothing is known to be garbage. */
static void test_no_table(void)
{
	struct collect_result result;
	autotext struct text text = TEXT_EMPTY;

	scratch_begin();
	struct ref one = put("one", NAME("1"));
	text_append(&text, "{");
	CHECK_INT(store_write(&scratch_store, "index.json", &text, false, &scratch_err), 0);
	CHECK_INT(collect_garbage(&scratch_store, &scratch_arena, NULL, &result, &scratch_err), -EBADMSG);
	CHECK(scratch_has_blob(one.digest));
	scratch_end();
}

static const struct test tests[] = {
	{ "names are given, moved and lost", test_names },
	{ "a table has an end", test_room },
	{ "an image is found by name and by id", test_find },
	{ "what other programs wrote stays", test_foreign },
	{ "garbage is what no entry and no session needs", test_garbage },
	{ "without index.json nothing is garbage", test_no_table },
};
TEST_MAIN(tests)
