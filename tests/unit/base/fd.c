/* base/fd: whole reads and writes, memfds, descriptors through sockets. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/check.h"

static struct error err;

static void test_dup(void)
{
	autoclose int zero = open("/dev/null", O_RDWR | O_CLOEXEC), copy = -1;

	CHECK_INT(fd_dup(zero, 100, &copy, &err), 0);
	CHECK(copy >= 100);
	CHECK_INT(fcntl(copy, F_GETFD), FD_CLOEXEC);
	int none = -1;
	CHECK_INT(fd_dup(-1, 0, &none, &err), -EBADF);
	CHECK_INT(none, -1);
}

static void test_cloexec_from(void)
{
	autoclose int a = open("/dev/null", O_RDWR), b = -1;

	b = fcntl(a, F_DUPFD, 200);
	CHECK_INT(fcntl(b, F_GETFD), 0);
	CHECK_INT(fd_cloexec_from(200, &err), 0);
	CHECK_INT(fcntl(b, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fcntl(a, F_GETFD), 0);
}

static void test_read_write(void)
{
	autotext struct text all = TEXT_EMPTY, again = TEXT_EMPTY, small = TEXT_EMPTY;
	size_t length = 100000;
	autofree char *bytes = malloc(length);
	autoclose int fd = memfd_create("unit", MFD_CLOEXEC);

	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(i * 7);
	CHECK_INT(fd_write_all(fd, bytes, length, "unit", &err), 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK_INT(fd_read_all(fd, length, "unit", &all, &err), 0);
	CHECK_INT(all.length, length);
	CHECK(memcmp(all.data, bytes, length) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK_INT(fd_read_all(fd, length - 1, "unit", &small, &err), -EFBIG);
	CHECK_HAS(err.text, "read \"unit\": more than 99999 bytes");
	CHECK_INT(fd_read_all(fd, 10, "unit", &again, &err), 0); /* at its end */
	CHECK_STR(again.data, "");
	CHECK_INT(fd_write_all(-1, "x", 1, "unit", &err), -EBADF);
	CHECK_INT(fd_read_all(-1, 1, "unit", &small, &err), -EBADF);
}

static void test_files(void)
{
	char directory[] = "/tmp/hull-unit-fd-XXXXXX";
	autotext struct text text = TEXT_EMPTY, refused = TEXT_EMPTY;

	CHECK(mkdtemp(directory) != NULL);
	autoclose int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(fd_write_file_at(dir, "file", "hello", &err), -ENOENT); /* never created */
	autoclose int file = openat(dir, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(file >= 0);
	CHECK_INT(fd_write_file_at(dir, "file", "hello", &err), 0);
	CHECK_INT(fd_read_file_at(dir, "file", 5, &text, &err), 0);
	CHECK_STR(text.data, "hello");
	CHECK(symlinkat("file", dir, "link") == 0);
	CHECK_INT(fd_read_file_at(dir, "link", 5, &refused, &err), -ELOOP);
	CHECK_INT(fd_write_file_at(dir, "link", "x", &err), -ELOOP);
	CHECK_INT(fd_read_file_at(dir, "nope", 5, &refused, &err), -ENOENT);
	CHECK(unlinkat(dir, "link", 0) == 0 && unlinkat(dir, "file", 0) == 0 && rmdir(directory) == 0);
}

static void test_memfd(void)
{
	autoclose int sealed = -1, open_one = -1;
	char bytes[4] = "";

	CHECK_INT(fd_memfd("unit", "abc", 3, 0, 1, &sealed, &err), 0);
	CHECK_INT(pread(sealed, bytes, 3, 0), 3);
	CHECK_STR(bytes, "abc");
	CHECK_INT(pwrite(sealed, "x", 1, 0), -1);
	CHECK_INT(errno, EPERM);
	CHECK_INT(ftruncate(sealed, 0), -1);
	CHECK_INT(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), -1);
	CHECK_INT(fcntl(sealed, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fd_memfd("unit", "", 0, 0, 0, &open_one, &err), 0);
	CHECK_INT(pwrite(open_one, "x", 1, 0), 1);
}

static void test_send(void)
{
	int pair[2], got[3], sent[2], dead[2];
	char bytes[16] = "";

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	sent[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sent[1] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	CHECK_INT(fd_send(pair[0], "hi", 2, sent, 2, &err), 0);
	CHECK_INT(fd_receive(pair[1], bytes, sizeof(bytes), got, 3, &err), 2);
	CHECK_STR(bytes, "hi");
	struct stat a, b;
	CHECK(fstat(sent[1], &a) == 0 && fstat(got[1], &b) == 0 && a.st_rdev == b.st_rdev);
	CHECK_INT(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	CHECK_INT(got[2], -1);
	(void)close(got[0]);
	(void)close(got[1]);
	/* More descriptors than there is room for: none is kept. */
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(fd_send(pair[0], "hi", 2, sent, 2, &err), 0);
	CHECK_INT(fd_receive(pair[1], bytes, sizeof(bytes), got, 1, &err), -EPROTO);
	CHECK_INT(got[0], -1);
	int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK_INT(after, before + 1);
	/* A message longer than the room. */
	CHECK_INT(fd_send(pair[0], "0123456789", 10, NULL, 0, &err), 0);
	CHECK_INT(fd_receive(pair[1], bytes, 4, got, 0, &err), -EPROTO);
	(void)close(pair[0]);
	CHECK_INT(fd_receive(pair[1], bytes, sizeof(bytes), got, 0, &err), 0);
	(void)close(pair[1]);
	/* Nobody there: an error, not a signal. */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, dead) == 0);
	(void)close(dead[1]);
	CHECK_INT(fd_send(dead[0], "x", 1, NULL, 0, &err), -EPIPE);
	(void)close(dead[0]);
	(void)close(before);
	(void)close(after);
	(void)close(sent[0]);
	(void)close(sent[1]);
}

static const struct test tests[] = {
	{ "fd_dup", test_dup },
	{ "fd_cloexec_from", test_cloexec_from },
	{ "fd_read_all and fd_write_all", test_read_write },
	{ "fd_read_file_at and fd_write_file_at", test_files },
	{ "fd_memfd", test_memfd },
	{ "fd_send and fd_receive", test_send },
};
TEST_MAIN(tests)
