/*
 * The cache of compiled seccomp filters; see seccomp_cache.h. A hit costs openat2, fstat, readv and
 * close. What is read decides which system calls a container may make, so a file that anybody but
 * the effective user could have written is not looked at.
 */
#include "runtime/linux/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "runtime/linux/seccomp_format.h"

#include "base/banned.h"

#define CACHE_MAGIC 0x31434353454c4c48U

/* The file: this head, the key, the instructions. */
struct cache_head {
	uint64_t magic;
	uint32_t key_length;
	uint32_t count;
	uint64_t key_hash;         /* also the file's name */
	uint64_t instruction_hash; /* damage that would still be a program */
};

#define NAME_SIZE sizeof(SECCOMP_CACHE_DIR "/0123456789abcdef")

static void name_make(char name[NAME_SIZE], uint64_t hash)
{
	(void)snprintf(name, NAME_SIZE, SECCOMP_CACHE_DIR "/%016llx", (unsigned long long)hash);
}

/* The number of instructions in a file of @size bytes that has a key of @key_length; 0: impossible. */
static size_t count_for_size(off_t size, size_t key_length)
{
	size_t fixed = sizeof(struct cache_head) + key_length;

	if (size < 0 || (size_t)size <= fixed || ((size_t)size - fixed) % sizeof(struct sock_filter) != 0)
		return 0;
	size_t count = ((size_t)size - fixed) / sizeof(struct sock_filter);
	return count <= SECCOMP_FORMAT_MAX_INSTRUCTIONS ? count : 0;
}

bool seccomp_cache_load(int state_root, const void *key, size_t key_length, struct seccomp_filter *ret)
{
	struct error ignored; /* every reason means the same here: not cached */
	uint64_t hash = seccomp_format_hash(key, key_length);
	char name[NAME_SIZE];
	autoclose int fd = -1;
	struct stat st;

	name_make(name, hash);
	/* O_NONBLOCK: a FIFO in the place of the file must not hang hull. */
	if (path_open_beneath(state_root, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, true, &fd, &ignored) <
		    0 ||
	    fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return false;
	size_t count = count_for_size(st.st_size, key_length);
	if (count == 0)
		return false;

	struct cache_head head;
	size_t program_bytes = count * sizeof(struct sock_filter);
	autofree unsigned char *stored_key = malloc(key_length);
	autofree struct sock_filter *program = malloc(program_bytes);
	if (stored_key == NULL || program == NULL)
		return false;
	struct iovec parts[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = stored_key, .iov_len = key_length },
		{ .iov_base = program, .iov_len = program_bytes },
	};
	if (readv(fd, parts, (int)ARRAY_LEN(parts)) != (ssize_t)st.st_size)
		return false;
	if (head.magic != CACHE_MAGIC || head.key_length != key_length || head.count != count ||
	    head.key_hash != hash || memcmp(stored_key, key, key_length) != 0 ||
	    head.instruction_hash != seccomp_format_hash(program, program_bytes) ||
	    !seccomp_format_sane(program, count))
		return false;
	*ret = (struct seccomp_filter){ .count = count, .instructions = take_ptr(&program) };
	return true;
}

/* Opens the cache directory, made where it is missing; -1 where it is not the effective user's own. */
static int open_directory(int state_root)
{
	struct error ignored;
	autoclose int dir = -1;
	struct stat st;

	if (mkdirat(state_root, SECCOMP_CACHE_DIR, 0700) < 0 && errno != EEXIST)
		return -1;
	if (path_open_beneath(state_root, SECCOMP_CACHE_DIR, O_RDONLY | O_DIRECTORY, true, &dir, &ignored) <
		    0 ||
	    fstat(dir, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return -1;
	return take_fd(&dir);
}

/*
 * Keep the number of files bounded: an engine that makes up a profile for every container must not
 * fill a tmpfs. Everything goes, which is simple, and costs a busy profile one more compilation.
 * Also sweeps away what a killed hull left unfinished.
 */
static void make_room(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	size_t count = 0;

	if (list == NULL) {
		if (copy >= 0)
			(void)close(copy); /* nothing was written through it */
		return;
	}
	while (readdir(list) != NULL)
		count++;
	if (count >= SECCOMP_CACHE_MAX_FILES + 2) { /* "." and ".." */
		rewinddir(list);
		for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list))
			if (entry->d_name[0] != '.')
				(void)unlinkat(dir, entry->d_name,
					       0); /* what stays is tried again next time */
	}
	(void)closedir(list); /* read only */
}

static bool write_file(int fd, const struct cache_head *head, const void *key,
		       const struct sock_filter *program)
{
	struct error ignored;

	return fd_write_all(fd, head, sizeof(*head), "seccomp cache", &ignored) == 0 &&
	       fd_write_all(fd, key, head->key_length, "seccomp cache", &ignored) == 0 &&
	       fd_write_all(fd, program, head->count * sizeof(*program), "seccomp cache", &ignored) == 0;
}

void seccomp_cache_store(int state_root, const void *key, size_t key_length,
			 const struct seccomp_filter *filter)
{
	autoclose int dir = open_directory(state_root);
	struct cache_head head = {
		.magic = CACHE_MAGIC,
		.key_length = (uint32_t)key_length,
		.count = (uint32_t)filter->count,
		.key_hash = seccomp_format_hash(key, key_length),
		.instruction_hash = seccomp_format_hash(filter->instructions,
							filter->count * sizeof(*filter->instructions)),
	};
	char name[NAME_SIZE], temporary[64];

	if (dir < 0)
		return;
	make_room(dir);
	name_make(name, head.key_hash);
	const char *file = strchr(name, '/') + 1;
	(void)snprintf(temporary, sizeof(temporary), "%s.%ld", file, (long)getpid());
	/* Left by a killed process of the same number. */
	if (unlinkat(dir, temporary, 0) < 0 && errno != ENOENT)
		return;
	autoclose int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_file(fd, &head, key, filter->instructions) || renameat(dir, temporary, dir, file) < 0)
		(void)unlinkat(dir, temporary, 0); /* only a leftover that the next store sweeps away */
}
