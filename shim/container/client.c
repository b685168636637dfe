/* A client of hull-shim; see client.h. */
#include "shim/container/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define ANSWER_TIMEOUT_MS 2000

int client_connect(const struct store *store, const char *id, int *ret_fd, struct error *err)
{
	autoclose int dir = openat(store->run, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (dir < 0)
		return error_set(err, errno, "open \"%s/%s\"", store->run_path, id);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "socket");
	/* by descriptor: a path may be longer than an address */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control", dir);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, errno, "connect to \"%s/%s/control\"", store->run_path, id);
	*ret_fd = take_fd(&fd);
	return 0;
}

int client_pair(int *ret_ours, int *ret_theirs, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, errno, "socketpair");
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

int client_send(int fd, enum protocol_type type, int a, int b, const void *bytes, size_t length,
		struct error *err)
{
	struct protocol_head head = { (uint32_t)type, a, b };
	/* sendmsg(2) reads only; its struct says otherwise */
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)(uintptr_t)bytes, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1 };
	ssize_t sent;

	do {
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? error_set(err, errno, "send to hull-shim") : 0;
}

int client_receive(int fd, struct protocol_head *ret, void *bytes, struct error *err)
{
	struct iovec parts[] = { { ret, sizeof(*ret) }, { bytes, PROTOCOL_MAX_BYTES } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t got;

	do {
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno != ECONNRESET)
		return error_set(err, errno, "receive from hull-shim");
	if (got <= 0)
		return error_set(err, EPIPE, "hull-shim has gone");
	if ((size_t)got < sizeof(*ret) || (message.msg_flags & MSG_TRUNC) != 0)
		return error_set(err, EPROTO, "receive from hull-shim");
	return (int)((size_t)got - sizeof(*ret));
}

int client_ask(const struct store *store, const char *id, enum protocol_state *ret, struct error *err)
{
	autoclose int fd = -1;
	static char bytes[PROTOCOL_MAX_BYTES];
	struct protocol_head head = { 0 };
	int result = client_connect(store, id, &fd, err);

	if (result == 0)
		result = client_send(fd, PROTOCOL_HELLO, 0, 0, NULL, 0, err);
	while (result >= 0 && head.type != PROTOCOL_STATE) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };

		if (poll(&poller, 1, ANSWER_TIMEOUT_MS) <= 0)
			return error_set(err, ETIMEDOUT, "hull-shim does not answer");
		result = client_receive(fd, &head, bytes, err);
	}
	if (result < 0)
		return result;
	*ret = (enum protocol_state)head.a;
	return 0;
}
