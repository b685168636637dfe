/* The store's directory, work in progress in it, and blobs. */
#include "tests/unit/oci/image/scratch.h"

#include <errno.h>

static void test_open(void)
{
	struct store second;
	struct stat st;

	scratch_begin();
	CHECK_INT(fstat(scratch_store.root, &st), 0);
	CHECK(store_has(&scratch_store, "oci-layout") && store_has(&scratch_store, "index.json"));
	CHECK_INT(store_open(scratch_path, &second, &scratch_err), 0);
	store_close(&second);
	CHECK_INT(chmod(scratch_path, 0777), 0);
	CHECK_INT(store_open(scratch_path, &second, &scratch_err), -EPERM);
	scratch_end();
}

static void test_paths(void)
{
	char path[STORE_PATH_BYTES], longest[140] = "sha512:";

	memset(longest + 7, 'a', 128);
	store_path("blobs", "sha256:12ab", path);
	CHECK_STR(path, "blobs/sha256/12ab");
	store_path("layers", longest, path);
	CHECK_INT(strlen(path), strlen("layers/") + strlen(longest));
}

static void test_discard(void)
{
	autotext struct text text = TEXT_EMPTY;

	scratch_begin();
	text_append(&text, "words");
	CHECK_INT(store_write(&scratch_store, "chains/x", &text, true, &scratch_err), 0);
	CHECK_INT(mkdirat(scratch_store.root, "chains/d", 0700), 0);
	CHECK_INT(mkdirat(scratch_store.root, "chains/d/e", 0700), 0);
	CHECK_INT(store_discard(&scratch_store, "chains/x", &scratch_err), 0);
	CHECK_INT(store_discard(&scratch_store, "chains/d", &scratch_err), 0);
	CHECK_INT(store_discard(&scratch_store, "chains/d", &scratch_err), 0);
	CHECK(!store_has(&scratch_store, "chains/x") && !store_has(&scratch_store, "chains/d"));
	CHECK_INT(store_empty_trash(&scratch_store, &scratch_err), 0);
	CHECK_INT(unlinkat(scratch_store.root, "trash", AT_REMOVEDIR), 0); /* it is empty */
	scratch_end();
}

static void test_session(void)
{
	struct session session;
	char place[STORE_PATH_BYTES], name[STORE_PATH_BYTES + 8];
	bool there = true;

	scratch_begin();
	CHECK_INT(session_open(&scratch_store, &session, &scratch_err), 0);
	session_place(&session, place);
	CHECK_INT(mkdirat(scratch_store.root, place, 0700), 0);
	CHECK_INT(session_claim(&session, "chains/x", &there, &scratch_err), 0);
	CHECK(!there);
	CHECK_INT(session_sync(&session, &scratch_err), 0);
	CHECK_INT(session_publish(&session, place, "chains/x", &scratch_err), 0);
	CHECK_INT(session_claim(&session, "chains/x", &there, &scratch_err), 0);
	CHECK(there);
	/* who comes second loses, and no harm is done */
	session_place(&session, place);
	(void)snprintf(name, sizeof(name), "%s/mine", place);
	CHECK_INT(mkdirat(scratch_store.root, place, 0700), 0);
	CHECK_INT(mkdirat(scratch_store.root, name, 0700), 0);
	CHECK_INT(session_publish(&session, place, "chains/x", &scratch_err), 0);
	CHECK(!store_has(&scratch_store, "chains/x/mine"));
	session_close(&session);
	CHECK_INT(unlinkat(scratch_store.root, "tmp", AT_REMOVEDIR), 0); /* nothing is left in it */
	scratch_end();
}

static void test_locks(void)
{
	struct session session;
	int first = -1, second = -1;

	scratch_begin();
	CHECK_INT(session_open(&scratch_store, &session, &scratch_err), 0);
	CHECK_INT(session_lock_make(&session, "sha256:0123456789abcdef", false, &first, &scratch_err), 0);
	CHECK_INT(session_lock_make(&session, "sha256:0123456789abcdef", false, &second, &scratch_err),
		  -EAGAIN);
	CHECK_INT(session_lock_make(&session, "sha256:1123456789abcdef", false, &second, &scratch_err), 0);
	(void)close(first);
	(void)close(second);
	CHECK_INT(session_lock_make(&session, "sha256:0123456789abcdef", false, &first, &scratch_err), 0);
	(void)close(first);
	session_close(&session);
	scratch_end();
}

static void test_blobs(void)
{
	static const char words[] = "some words";
	autotext struct text text = TEXT_EMPTY;
	struct session session;
	struct blob_new blob;
	char path[128];

	scratch_begin();
	const char *digest = scratch_blob(words);
	CHECK_INT(blob_read(&scratch_store, digest, (int64_t)strlen(words), 100, &text, &scratch_err), 0);
	CHECK_STR(text.data, words);
	CHECK_INT(blob_read(&scratch_store, digest, 3, 100, &text, &scratch_err), -EBADMSG);
	CHECK_INT(blob_read(&scratch_store, digest, -1, 3, &text, &scratch_err), -EINVAL);
	CHECK_INT(blob_check(&scratch_store,
			     "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", -1,
			     &scratch_err),
		  -ENOENT);

	/* a copy whose bytes are others never gets a name */
	(void)snprintf(path, sizeof(path), "%s/source", scratch_path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, "other words", 11), 11);
	struct blob_source from = { fd, 0, 11 };
	CHECK_INT(session_open(&scratch_store, &session, &scratch_err), 0);
	CHECK_INT(blob_copy(&session, &from,
			    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", true,
			    &blob, &scratch_err),
		  -EBADMSG);
	CHECK_HAS(scratch_err.text, "sha256:44136fa3");
	CHECK_INT(blob_copy(&session, &from,
			    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", false,
			    &blob, &scratch_err),
		  0);
	CHECK(blob_publish(&session, &blob, &scratch_err) < 0);
	CHECK_INT(blob_verify(&session, &blob, &scratch_err), -EBADMSG);
	from.size = 20;
	CHECK_INT(blob_copy(&session, &from, NULL, true, &blob, &scratch_err), -EBADMSG);
	session_close(&session);
	(void)close(fd);
	scratch_end();
}

/* One cut short in the store is no blob: the next import brings it. */
static void test_heals(void)
{
	char path[STORE_PATH_BYTES];

	scratch_begin();
	const char *digest = scratch_blob("words");
	store_path("blobs", digest, path);
	int fd = openat(scratch_store.root, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	CHECK(fd >= 0);
	(void)close(fd);
	CHECK_INT(blob_check(&scratch_store, digest, 5, &scratch_err), -EBADMSG);
	CHECK_STR(scratch_blob("words"), digest);
	CHECK_INT(blob_check(&scratch_store, digest, 5, &scratch_err), 0);
	scratch_end();
}

static const struct test tests[] = {
	{ "a store is made, and found again; others may not write to it", test_open },
	{ "paths of objects", test_paths },
	{ "what is discarded goes by way of the trash", test_discard },
	{ "what a session makes is published once", test_session },
	{ "a layer is made by one at a time", test_locks },
	{ "a blob is what its digest says, or an error", test_blobs },
	{ "a blob that was cut short is brought again", test_heals },
};
TEST_MAIN(tests)
