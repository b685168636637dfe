/*
 * One file of a cgroup directory: opened beneath the held descriptor, read or written with one
 * system call. The kernel takes a value only as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

int cgroup_file_read(int dir, const char *file, char *buffer, size_t room, struct error *err)
{
	autoclose int fd = -1;
	ssize_t got;
	int result = path_open_beneath(dir, file, O_RDONLY, true, &fd, err);

	if (result < 0)
		return result;
	do {
		got = read(fd, buffer, room - 1);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, errno, "read \"%s\"", file);
	if (got > 0 && buffer[got - 1] == '\n')
		got--;
	buffer[got] = '\0';
	return 0;
}

int cgroup_file_write(int dir, const char *file, const char *value, struct error *err)
{
	autoclose int fd = -1;
	ssize_t put;
	int result = path_open_beneath(dir, file, O_WRONLY, true, &fd, err);

	if (result < 0)
		return result;
	do {
		put = write(fd, value, strlen(value));
	} while (put < 0 && errno == EINTR);
	if (put < 0)
		return error_set(err, errno, "write \"%.200s\" to \"%s\"", value, file);
	return 0;
}

int cgroup_file_print(int dir, const char *file, struct error *err, const char *format, ...)
{
	char value[512];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(value))
		return error_set(err, 0, "write \"%s\": the value is too long", file);
	return cgroup_file_write(dir, file, value, err);
}

bool cgroup_file_try(int dir, const char *file, const char *value)
{
	struct error ignored;

	return cgroup_file_write(dir, file, value, &ignored) == 0;
}

bool cgroup_file_exists(int dir, const char *file)
{
	struct stat st;

	return fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int cgroup_file_read_u64(int dir, const char *file, uint64_t *ret, struct error *err)
{
	char value[64];
	int result = cgroup_file_read(dir, file, value, sizeof(value), err);

	if (result < 0)
		return result;
	if (text_equal(value, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	result = number_parse_u64(value, UINT64_MAX, ret, err);
	return result < 0 ? error_add(err, "read \"%s\"", file) : 0;
}

uint64_t cgroup_file_key(const char *text, const char *key, uint64_t otherwise)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) != 0 || line[length] != ' ')
			continue;
		char digits[24];
		const char *number = line + length + 1;
		size_t count = strspn(number, "0123456789");
		struct error ignored;
		uint64_t value;

		if (count == 0 || count >= sizeof(digits))
			return otherwise;
		memcpy(digits, number, count);
		digits[count] = '\0';
		return number_parse_u64(digits, UINT64_MAX, &value, &ignored) < 0 ? otherwise : value;
	}
	return otherwise;
}

void cgroup_file_sleep_ms(int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&time, NULL); /* woken early by a signal: the caller looks again anyway */
}
