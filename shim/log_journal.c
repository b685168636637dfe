/*
 * See log_journal.h. Source: systemd.io/JOURNAL_NATIVE_PROTOCOL. What is too large for a datagram goes
 * as a sealed memfd.
 */
#include "shim/log_journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

#define SEND_BYTES (8 << 20) /* on their way: as much as journald itself allows for */
#define WAIT_US 500000       /* for a journald that does not read: the rest of our work must not wait long */

size_t log_journal_format(const struct log_entry *entry, const struct store_container *container, char *ret)
{
	int length = snprintf(ret, 1024,
			      "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nCONTAINER_ID=%.12s\nCONTAINER_ID_FULL=%s\n"
			      "CONTAINER_NAME=%s\n%sMESSAGE=",
			      entry->stream == 1 ? 6 : 3, container->name, container->id, container->id,
			      container->name, entry->partial ? "CONTAINER_PARTIAL_MESSAGE=true\n" : "");
	size_t used = (size_t)length; /* names and ids are short: store.h */

	memcpy(ret + used, entry->text, entry->length); /* a line has no line end in it */
	used += entry->length;
	ret[used++] = '\n';
	return used;
}

int log_journal_open(struct error *err)
{
	const struct timeval wait = { .tv_usec = WAIT_US };
	const int bytes = SEND_BYTES;
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
		return error_set(err, errno, "open a socket for the journal");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)); /* as far as we may */
	return take_fd(&fd);
}

static int send_message(int fd, const struct msghdr *message, int *ret_number)
{
	ssize_t sent;

	do {
		sent = sendmsg(fd, message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	*ret_number = sent < 0 ? errno : 0;
	return sent < 0 ? -1 : 0;
}

int log_journal_send(int fd, const char *bytes, size_t length, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = LOG_JOURNAL_SOCKET };
	struct iovec data = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
	struct msghdr message = {
		.msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = &data, .msg_iovlen = 1
	};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	autoclose int memfd = -1;
	int number;

	if (send_message(fd, &message, &number) == 0)
		return 0;
	if (number != EMSGSIZE && number != ENOBUFS)
		return error_set(err, number, "write to the journal");
	int result = fd_memfd("journal-entry", bytes, length, 0, 1, &memfd, err);
	if (result < 0)
		return result;
	message.msg_iovlen = 0;
	message.msg_control = control.room;
	message.msg_controllen = sizeof(control.room);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &memfd, sizeof(int));
	return send_message(fd, &message, &number) == 0 ? 0 : error_set(err, number, "write to the journal");
}
