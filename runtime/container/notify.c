/* Readiness for a service manager; see notify.h. */
#include "runtime/container/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"

#include "base/banned.h"

#define DATAGRAM_MAX 4096
#define BARRIER_MS 30000

const char *notify_wanted(const struct spec *spec)
{
	const char *host = getenv("NOTIFY_SOCKET");

	if (host == NULL || host[0] == '\0')
		return NULL;
	for (size_t i = 0; i < spec->mounts.count; i++)
		if (text_equal(spec->mounts.items[i].destination, NOTIFY_MOUNT))
			return NULL; /* an engine relays by itself */
	return host;
}

int notify_make_directory(int dir, struct error *err)
{
	if (mkdirat(dir, NOTIFY_DIRECTORY, 0755) < 0 || fchmodat(dir, NOTIFY_DIRECTORY, 0755, 0) < 0)
		return error_set(err, errno, "make the directory for NOTIFY_SOCKET");
	return 0;
}

int notify_open(int dir, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(err, errno, "socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
		       "/proc/self/fd/%d/" NOTIFY_DIRECTORY "/notify.sock", dir);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir, NOTIFY_DIRECTORY "/notify.sock", 0777, 0) < 0)
		return error_set(err, errno, "listen for the container's READY=1");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int connect_host(const char *host, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(host);
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set(err, errno, "socket");
	if (length >= sizeof(address.sun_path) || (host[0] != '/' && host[0] != '@'))
		return error_set(err, 0, "NOTIFY_SOCKET \"%s\" is not the address of a socket", host);
	memcpy(address.sun_path, host, length);
	if (host[0] == '@') /* abstract */
		address.sun_path[0] = '\0';
	if (connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		return error_set(err, errno, "connect to NOTIFY_SOCKET \"%s\"", host);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Wait until the manager has read what was sent: it must still find us as the sender. */
static int send_barrier(int socket, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	autoclose int read_end = ends[0];
	int result = fd_send(socket, "BARRIER=1", 9, &ends[1], 1, err);
	(void)close(ends[1]);
	struct pollfd poller = { .fd = read_end, .events = 0 };
	if (result == 0)
		(void)poll(&poller, 1, BARRIER_MS); /* a manager without barriers keeps us no longer */
	return result;
}

static int tell_host(const char *host, const char *ready, size_t length, pid_t pid, struct error *err)
{
	autotext struct text message = TEXT_EMPTY;
	autoclose int socket = -1;
	int result = connect_host(host, &socket, err);

	if (result < 0)
		return result;
	text_append_bytes(&message, ready, length);
	text_format(&message, "\nMAINPID=%d", (int)pid);
	result = text_done(&message, err);
	if (result == 0)
		result = fd_send(socket, message.data, message.length, NULL, 0, err);
	return result < 0 ? result : send_barrier(socket, err);
}

int notify_handle(int fd, const char *host, pid_t pid, struct error *err)
{
	char datagram[DATAGRAM_MAX + 1];
	ssize_t got = recv(fd, datagram, DATAGRAM_MAX, 0);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR
			       ? 0
			       : error_set(err, errno, "receive from the container");
	datagram[got] = '\0';
	for (const char *line = datagram; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		if (text_starts(line, "READY=")) {
			int result = tell_host(host, line, length, pid, err);

			return result < 0 ? result : 1;
		}
		line += length + (line[length] == '\n');
	}
	return 0;
}

int notify_wait(int fd, const char *host, pid_t pid, const struct pidfd *process, struct error *err)
{
	struct pollfd polls[2] = { { .fd = fd, .events = POLLIN }, { .fd = process->fd, .events = POLLIN } };

	for (;;) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return error_set(err, errno, "poll");
		if (polls[0].revents != 0) {
			int done = notify_handle(fd, host, pid, err);

			if (done != 0)
				return done < 0 ? done : 0;
		} else if (polls[1].revents != 0) {
			return 0; /* it has ended: nobody will be ready */
		}
	}
}
