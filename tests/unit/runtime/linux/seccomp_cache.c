/* The filter cache, in a directory of the test's own: hits, misses, and everything that is wrong. */
#include "runtime/linux/seccomp_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runtime/linux/seccomp_format.h"
#include "tests/unit/check.h"

static struct sock_filter allow_all[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
					  BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };
static struct sock_filter kill_all[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct seccomp_filter allow = { 2, allow_all }, kill_it = { 1, kill_all };
static const char key[] = "the key of one profile";

struct place {
	char path[64];
	int root;
	char file[128]; /* below root: where key's filter is kept */
};

static void place_make(struct place *place)
{
	(void)snprintf(place->path, sizeof(place->path), "/tmp/hull-test-XXXXXX");
	CHECK(mkdtemp(place->path) != NULL);
	place->root = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(place->file, sizeof(place->file), ".seccomp/%016llx",
		       (unsigned long long)seccomp_format_hash(key, sizeof(key)));
}

static size_t place_count(const struct place *place)
{
	DIR *list = fdopendir(openat(place->root, SECCOMP_CACHE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t count = 0;

	while (list != NULL && readdir(list) != NULL)
		count++;
	if (list != NULL)
		(void)closedir(list);
	return count - 2;
}

static void place_remove(struct place *place)
{
	DIR *list = fdopendir(openat(place->root, SECCOMP_CACHE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	for (struct dirent *entry = list == NULL ? NULL : readdir(list); entry != NULL; entry = readdir(list))
		(void)unlinkat(dirfd(list), entry->d_name, 0);
	if (list != NULL)
		(void)closedir(list);
	(void)unlinkat(place->root, SECCOMP_CACHE_DIR, AT_REMOVEDIR);
	(void)close(place->root);
	CHECK_INT(rmdir(place->path), 0);
}

static bool hit(const struct place *place, const struct seccomp_filter *want)
{
	struct seccomp_filter got = { 0 };

	if (!seccomp_cache_load(place->root, key, sizeof(key), &got)) {
		CHECK(got.instructions == NULL);
		return false;
	}
	CHECK_INT(got.count, want->count);
	CHECK(got.count == want->count &&
	      memcmp(got.instructions, want->instructions, got.count * sizeof(struct sock_filter)) == 0);
	free(got.instructions);
	return true;
}

static void keeps_and_finds(void)
{
	struct place place;
	struct seccomp_filter got;
	struct stat st;

	place_make(&place);
	CHECK(!hit(&place, &allow));
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	CHECK(hit(&place, &allow));
	CHECK(!seccomp_cache_load(place.root, key, sizeof(key) - 1, &got));
	CHECK(!seccomp_cache_load(place.root, "another profile's key..", sizeof(key), &got));
	seccomp_cache_store(place.root, key, sizeof(key), &kill_it);
	CHECK(hit(&place, &kill_it));
	CHECK_INT(place_count(&place), 1);
	CHECK_INT(fstatat(place.root, place.file, &st, 0), 0);
	CHECK_INT(st.st_mode, S_IFREG | 0600);
	CHECK_INT(fstatat(place.root, SECCOMP_CACHE_DIR, &st, 0), 0);
	CHECK_INT(st.st_mode, S_IFDIR | 0700);
	place_remove(&place);
}

/* Two keys with one hash would share a file. Made by hand, because real ones are hard to find. */
static void a_collision_is_a_miss(void)
{
	struct place place;
	char other[sizeof(key)];
	struct seccomp_filter got;

	place_make(&place);
	memcpy(other, key, sizeof(key));
	other[0] ^= 1;
	seccomp_cache_store(place.root, other, sizeof(other), &kill_it);
	char theirs[128];
	(void)snprintf(theirs, sizeof(theirs), ".seccomp/%016llx",
		       (unsigned long long)seccomp_format_hash(other, sizeof(other)));
	CHECK_INT(renameat(place.root, theirs, place.root, place.file), 0);
	CHECK(!seccomp_cache_load(place.root, key, sizeof(key), &got));
	place_remove(&place);
}

static void damage_is_a_miss(void)
{
	struct place place;
	char bytes[512], changed[512];

	place_make(&place);
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	int fd = openat(place.root, place.file, O_RDWR | O_CLOEXEC);
	ssize_t length = pread(fd, bytes, sizeof(bytes), 0);
	CHECK(length > 0 && length < (ssize_t)sizeof(bytes));
	for (ssize_t i = 0; i < length; i++) {
		memcpy(changed, bytes, sizeof(bytes));
		changed[i] ^= 0x10;
		CHECK_INT(pwrite(fd, changed, (size_t)length, 0), length);
		CHECK(!hit(&place, &allow));
	}
	CHECK_INT(pwrite(fd, bytes, (size_t)length, 0), length);
	CHECK(hit(&place, &allow));
	for (ssize_t i = 0; i < length; i++) {
		CHECK_INT(ftruncate(fd, i), 0);
		CHECK(!hit(&place, &allow));
		CHECK_INT(pwrite(fd, bytes, (size_t)length, 0), length);
	}
	CHECK_INT(pwrite(fd, bytes, 8, length), 8);
	CHECK(!hit(&place, &allow));
	/* The next store puts it right. */
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	CHECK(hit(&place, &allow));
	(void)close(fd);
	place_remove(&place);
}

static void writable_by_others_is_a_miss(void)
{
	struct place place;
	static const mode_t modes[] = { 0620, 0602, 0666 };

	place_make(&place);
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		CHECK_INT(fchmodat(place.root, place.file, modes[i], 0), 0);
		CHECK(!hit(&place, &allow));
	}
	CHECK_INT(fchmodat(place.root, place.file, 0644, 0), 0);
	CHECK(hit(&place, &allow));
	if (geteuid() == 0) { /* somebody else's */
		CHECK_INT(fchownat(place.root, place.file, 65534, 0, 0), 0);
		CHECK(!hit(&place, &allow));
	}
	place_remove(&place);
}

static void no_file_is_a_miss(void)
{
	struct place place;

	place_make(&place);
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	CHECK_INT(renameat(place.root, place.file, place.root, ".seccomp/real"), 0);
	CHECK_INT(symlinkat("real", place.root, place.file), 0);
	CHECK(!hit(&place, &allow));
	CHECK_INT(unlinkat(place.root, place.file, 0), 0);
	CHECK_INT(mkfifoat(place.root, place.file, 0600), 0);
	CHECK(!hit(&place, &allow)); /* and does not wait for a writer */
	place_remove(&place);
}

/* Where nothing can be written nothing happens; nothing is followed out of the directory. */
static void a_strange_directory_is_left_alone(void)
{
	struct place place;

	place_make(&place);
	CHECK_INT(symlinkat("/tmp", place.root, SECCOMP_CACHE_DIR), 0);
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	CHECK(!hit(&place, &allow));
	CHECK_INT(unlinkat(place.root, SECCOMP_CACHE_DIR, 0), 0);

	CHECK_INT(mkdirat(place.root, SECCOMP_CACHE_DIR, 0700), 0);
	CHECK_INT(fchmodat(place.root, SECCOMP_CACHE_DIR, 0777, 0), 0);
	seccomp_cache_store(place.root, key, sizeof(key), &allow);
	CHECK_INT(place_count(&place), 0);
	place_remove(&place);
}

static void does_not_grow_without_end(void)
{
	struct place place;

	place_make(&place);
	for (unsigned i = 0; i < SECCOMP_CACHE_MAX_FILES + 20; i++) {
		seccomp_cache_store(place.root, &i, sizeof(i), &allow);
		CHECK(place_count(&place) <= SECCOMP_CACHE_MAX_FILES);
	}
	CHECK_INT(place_count(&place), 20);
	place_remove(&place);
}

static const struct test tests[] = {
	{ "keeps and finds", keeps_and_finds },
	{ "a collision of hashes is a miss", a_collision_is_a_miss },
	{ "a damaged file is a miss", damage_is_a_miss },
	{ "a file that others may write is a miss", writable_by_others_is_a_miss },
	{ "what is no regular file is a miss", no_file_is_a_miss },
	{ "a strange directory is left alone", a_strange_directory_is_left_alone },
	{ "does not grow without end", does_not_grow_without_end },
};
TEST_MAIN(tests)
