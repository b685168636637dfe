/* Log files; see log_file.h. */
#include "shim/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

static int open_current(struct log_file *file, struct error *err)
{
	struct stat st;
	int fd = openat(file->dir, LOG_FILE_NAME, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		return error_set(err, errno, "open the log");
	file->size_bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	file->fd = fd;
	return 0;
}

/* A shim that was killed, or a machine that went down, may have left a line without its end. */
static void cut_torn_end(const char *name, struct log_file *file)
{
	autoclose int fd = openat(file->dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	uint64_t end = file->size_bytes;
	char last;

	while (fd >= 0 && end > 0 && pread(fd, &last, 1, (off_t)end - 1) == 1 && last != '\n')
		end--;
	if (fd >= 0 && end < file->size_bytes && ftruncate(fd, (off_t)end) == 0)
		file->size_bytes = end;
}

int log_file_open(int dir, uint64_t max_bytes, uint32_t max_files, struct log_file *ret, struct error *err)
{
	struct log_file file = { .dir = -1, .fd = -1, .max_bytes = max_bytes, .max_files = max_files };

	if (mkdirat(dir, "log", 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "mkdir log");
	file.dir = openat(dir, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (file.dir < 0)
		return error_set(err, errno, "open log");
	int result = open_current(&file, err);
	if (result < 0) {
		log_file_close(&file);
		return result;
	}
	cut_torn_end(LOG_FILE_NAME, &file);
	*ret = file;
	return 0;
}

int log_file_append(struct log_file *file, const char *bytes, size_t length, struct error *err)
{
	size_t done = 0;

	if (file->fd < 0 && open_current(file, err) < 0)
		return -err->number;
	while (done < length) {
		ssize_t put = write(file->fd, bytes + done, length - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			int number = errno;

			/* A torn entry must not run into the next one. No reader has taken it: it has no end.
			 */
			if (done > 0 && ftruncate(file->fd, (off_t)file->size_bytes) < 0)
				file->size_bytes += done;
			return error_set(err, number, "write the log");
		}
		done += (size_t)put;
	}
	file->size_bytes += length;
	return 0;
}

static void name_of(uint32_t number, char *ret, size_t room)
{
	if (number == 0)
		(void)snprintf(ret, room, LOG_FILE_NAME);
	else
		(void)snprintf(ret, room, LOG_FILE_NAME ".%u", number);
}

void log_file_rotate(struct log_file *file)
{
	char from[32], to[32];

	/* From the oldest on, so that each name is free; those that are not there do not matter. With one
	 * file only, the old one goes. */
	for (uint32_t i = file->max_files > 1 ? file->max_files - 1 : 0; i > 0; i--) {
		name_of(i - 1, from, sizeof(from));
		name_of(i, to, sizeof(to));
		(void)renameat(file->dir, from, file->dir, to); /* see above */
	}
	if (file->max_files <= 1)
		(void)unlinkat(file->dir, LOG_FILE_NAME, 0); /* as above */
	cleanup_close(&file->fd);
	file->fd = -1;
	file->size_bytes = 0;
}

void log_file_close(struct log_file *file)
{
	cleanup_close(&file->fd);
	cleanup_close(&file->dir);
	file->fd = file->dir = -1;
}
