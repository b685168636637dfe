/* Whole reads and writes, memfds, and descriptors through sockets; see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/syscalls.h"
#include "base/text.h"

#include "base/banned.h"

#define MAX_SENT_FDS 32

int fd_dup(int fd, int lowest, int *ret_fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	if (copy < 0)
		return error_set(err, errno, "duplicate descriptor %d", fd);
	*ret_fd = copy;
	return 0;
}

int fd_cloexec_from(unsigned first, struct error *err)
{
	long result = sys_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);

	if (result < 0)
		return error_set(err, (int)-result, "close_range: mark descriptors close-on-exec");
	return 0;
}

static unsigned inherited;

void fd_count_inherited(void)
{
	while (fcntl((int)(3 + inherited), F_GETFD) >= 0)
		inherited++;
}

unsigned fd_inherited(void)
{
	return inherited;
}

int fd_read_all(int fd, size_t max_bytes, const char *name, struct text *ret, struct error *err)
{
	char buffer[16384];

	for (;;) {
		ssize_t got = read(fd, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, errno, "read \"%s\"", name);
		if (got == 0)
			return text_done(ret, err);
		if ((size_t)got > max_bytes - ret->length)
			return error_set(err, EFBIG, "read \"%s\": more than %zu bytes", name, max_bytes);
		text_append_bytes(ret, buffer, (size_t)got);
	}
}

int fd_write_all(int fd, const void *bytes, size_t length, const char *name, struct error *err)
{
	const char *rest = bytes;

	while (length > 0) {
		ssize_t put = write(fd, rest, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_set(err, errno, "write \"%s\"", name);
		rest += put;
		length -= (size_t)put;
	}
	return 0;
}

int fd_read_file_at(int dir, const char *path, size_t max_bytes, struct text *ret, struct error *err)
{
	autoclose int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", path);
	return fd_read_all(fd, max_bytes, path, ret, err);
}

int fd_write_file_at(int dir, const char *path, const char *text, struct error *err)
{
	autoclose int fd = openat(dir, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t put;

	if (fd < 0)
		return error_set(err, errno, "open \"%s\"", path);
	do {
		put = write(fd, text, strlen(text));
	} while (put < 0 && errno == EINTR);
	if (put < 0)
		return error_set(err, errno, "write \"%.100s\" to \"%s\"", text, path);
	return 0;
}

int fd_memfd(const char *name, const void *bytes, size_t length, int executable, int seal, int *ret_fd,
	     struct error *err)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	autoclose int fd = memfd_create(name, flags | (executable ? MFD_EXEC : MFD_NOEXEC_SEAL));

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 there are no flags for it */
		fd = memfd_create(name, flags);
	if (fd < 0)
		return error_set(err, errno, "memfd_create \"%s\"", name);
	int result = fd_write_all(fd, bytes, length, name, err);
	if (result < 0)
		return result;
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	if (seal && fcntl(fd, F_ADD_SEALS, executable ? seals | F_SEAL_EXEC : seals) < 0 &&
	    (errno != EINVAL || fcntl(fd, F_ADD_SEALS, seals) < 0))
		return error_set(err, errno, "seal memfd \"%s\"", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

int fd_send(int socket, const void *bytes, size_t length, const int *fds, size_t count, struct error *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * MAX_SENT_FDS)];
	} control = { 0 };
	struct iovec data = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	if (count > MAX_SENT_FDS)
		return error_set(err, E2BIG, "send %zu descriptors", count);
	if (count > 0) {
		message.msg_control = control.room;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * count);
	}
	ssize_t sent;
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_set(err, errno, "sendmsg");
	if ((size_t)sent != length)
		return error_set(err, EPROTO, "sendmsg: %zd of %zu bytes", sent, length);
	return 0;
}

static ssize_t receive(int socket, void *bytes, size_t room, int *ret_fds, size_t max_fds, pid_t *ret_sender,
		       struct error *err)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * MAX_SENT_FDS)];
	} control;
	struct iovec data = { .iov_base = bytes, .iov_len = room };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	ssize_t got;

	*ret_sender = 0;
	for (size_t i = 0; i < max_fds; i++)
		ret_fds[i] = -1;
	do {
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, errno, "recvmsg");

	size_t count = 0;
	bool bad = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred sender;

			memcpy(&sender, CMSG_DATA(c), sizeof(sender));
			*ret_sender = sender.pid;
		}
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (count < max_fds) {
				ret_fds[count++] = fd;
			} else {
				(void)close(fd); /* more than was asked for: refused below */
				bad = true;
			}
		}
	}
	if (!bad)
		return got;
	for (size_t i = 0; i < count; i++) {
		(void)close(ret_fds[i]); /* nothing of a refused message is kept */
		ret_fds[i] = -1;
	}
	return error_set(err, EPROTO, "recvmsg: message too large or with unexpected descriptors");
}

ssize_t fd_receive(int socket, void *bytes, size_t room, int *ret_fds, size_t max_fds, struct error *err)
{
	pid_t ignored;

	return receive(socket, bytes, room, ret_fds, max_fds, &ignored, err);
}

ssize_t fd_receive_from(int socket, void *bytes, size_t room, pid_t *ret_sender, struct error *err)
{
	return receive(socket, bytes, room, NULL, 0, ret_sender, err);
}

int fd_ask_for_sender(int socket, struct error *err)
{
	int yes = 1;

	if (setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0)
		return error_set(err, errno, "setsockopt(SO_PASSCRED)");
	return 0;
}
