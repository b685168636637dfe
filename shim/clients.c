/* Clients; see clients.h. */
#include "shim/clients.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "base/banned.h"

#define MAX_CLIENTS 64
#define QUEUE_BYTES (2 << 20) /* of a client that does not read; the kernel counts its own room twice */

struct client {
	struct loop_source source; /* first: it is what the loop hands over */
	int32_t wants;
	bool greeted, full; /* full: not read until there is room for input */
	bool waited;        /* the container's output waits for it */
};

static struct client clients[MAX_CLIENTS];
static struct loop_source listener = { .fd = -1 };
static const struct loop *the_loop;
static const struct clients_calls *the_calls;

/* One message of a client; it stays in its socket where its input has no room. */
static struct {
	struct protocol_head head;
	char bytes[PROTOCOL_MAX_BYTES];
} incoming;

static void watch(struct client *client)
{
	struct error ignored;
	uint32_t events = (client->full ? 0U : EPOLLIN) | (client->waited ? EPOLLOUT : 0U);

	ignore_failure(loop_watch(the_loop, &client->source, events, &ignored)); /* it was in before */
}

static void drop(struct client *client)
{
	bool waited = client->waited;

	loop_forget(the_loop, &client->source);
	client->wants = 0;
	client->greeted = client->full = client->waited = false;
	if (waited)
		the_calls->room();
}

static void send_to(struct client *client, const struct protocol_head *head, const char *bytes, size_t length)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)head, .iov_len = sizeof(*head) },
		{ .iov_base = (void *)(uintptr_t)bytes, .iov_len = length },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1 };

	/* A packet goes whole or not at all. A full queue is a client that does not read: gone. */
	if (sendmsg(client->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		drop(client);
}

static void greet(struct client *client, int32_t wants)
{
	struct protocol_head state = { .type = PROTOCOL_STATE }, exited = { 0 };

	client->greeted = true;
	client->wants = wants;
	the_calls->state(&state, &exited);
	send_to(client, &state, NULL, 0);
	if (exited.type != 0 && (wants & PROTOCOL_WANT_EXIT) != 0 && client->source.fd >= 0)
		send_to(client, &exited, NULL, 0);
}

/* True where the message was one that this client may send. */
static bool obey(struct client *client, const struct protocol_head *head, const char *bytes, size_t length)
{
	bool input = (client->wants & PROTOCOL_WANT_INPUT) != 0;

	if (!client->greeted && head->type != PROTOCOL_HELLO)
		return false;
	switch (head->type) {
	case PROTOCOL_HELLO:
		if (client->greeted || length > 0)
			return false;
		greet(client, head->a);
		return true;
	case PROTOCOL_STDIN:
		if (input)
			the_calls->input(bytes, length);
		return input;
	case PROTOCOL_STDIN_CLOSE:
		if (input)
			the_calls->close_input();
		return input;
	case PROTOCOL_RESIZE:
		if (head->a >= 0 && head->a <= UINT16_MAX && head->b >= 0 && head->b <= UINT16_MAX)
			the_calls->resize((uint16_t)head->a, (uint16_t)head->b);
		return true;
	case PROTOCOL_STOP:
		the_calls->stop(head->a, head->b);
		return true;
	default:
		return false;
	}
}

static void client_ready(struct loop_source *source, uint32_t events)
{
	struct client *client = (struct client *)(void *)source;

	if ((events & EPOLLOUT) != 0 && client->waited) {
		client->waited = false;
		watch(client);
		the_calls->room();
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || source->fd < 0)
		return;
	if ((client->wants & PROTOCOL_WANT_INPUT) != 0 && the_calls->input_room() < PROTOCOL_MAX_BYTES) {
		/* Back pressure; that it has gone is then seen later. */
		client->full = true;
		watch(client);
		return;
	}
	ssize_t got = recv(source->fd, &incoming, sizeof(incoming), MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < (ssize_t)sizeof(incoming.head) || got > (ssize_t)sizeof(incoming) ||
	    !obey(client, &incoming.head, incoming.bytes, (size_t)got - sizeof(incoming.head)))
		drop(client);
}

int clients_adopt(int fd, struct error *err)
{
	const int bytes = QUEUE_BYTES;

	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &clients[i];

		if (client->source.fd >= 0)
			continue;
		*client = (struct client){ .source = { .fd = fd, .ready = client_ready } };
		/* Without the right to it: what the machine allows. */
		if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
			(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes,
					 sizeof(bytes)); /* the default will do */
		int result = loop_watch(the_loop, &client->source, EPOLLIN, err);
		if (result < 0)
			loop_forget(the_loop, &client->source);
		else /* its HELLO may be here: it is served before anything that comes later */
			client_ready(&client->source, EPOLLIN);
		return result;
	}
	(void)close(fd);
	return error_set(err, EUSERS, "more than %d clients", MAX_CLIENTS);
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	struct error ignored;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return; /* it has gone already */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
	    (peer.uid != geteuid() && peer.uid != 0))
		(void)close(fd); /* not one of ours */
	else
		ignore_failure(clients_adopt(fd, &ignored)); /* closed: that is its answer */
}

int clients_open(const struct loop *loop, int dir, const struct clients_calls *calls, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	the_loop = loop;
	the_calls = calls;
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		clients[i].source.fd = -1;
	if (fd < 0)
		return error_set(err, errno, "socket");
	/* The path may be longer than an address has room for. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control", dir);
	if (unlinkat(dir, "control", 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove the old control socket");
	if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 64) < 0)
		return error_set(err, errno, "listen at the control socket");
	if (fchmodat(dir, "control", 0600, 0) < 0)
		return error_set(err, errno, "protect the control socket");
	listener = (struct loop_source){ .fd = take_fd(&fd), .ready = listener_ready };
	return loop_watch(loop, &listener, EPOLLIN, err);
}

void clients_send(uint32_t type, int32_t a, int32_t b, const char *bytes, size_t length, int32_t wants)
{
	const struct protocol_head head = { .type = type, .a = a, .b = b };

	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &clients[i];

		if (client->source.fd >= 0 && client->greeted && (wants == 0 || (client->wants & wants) != 0))
			send_to(client, &head, bytes,
				length < PROTOCOL_MAX_BYTES ? length : PROTOCOL_MAX_BYTES);
	}
}

bool clients_have_room(void)
{
	const int32_t patient = PROTOCOL_WANT_OUTPUT | PROTOCOL_WANT_PATIENCE;
	bool room = true;

	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &clients[i];
		struct pollfd poller = { .fd = client->source.fd, .events = POLLOUT };

		if (client->source.fd < 0 || !client->greeted || (client->wants & patient) != patient)
			continue;
		if (poll(&poller, 1, 0) == 1) /* one that has gone is noticed by sending */
			continue;
		room = false;
		client->waited = true;
		watch(client);
	}
	return room;
}

void clients_send_output(uint32_t type, const char *bytes, size_t length)
{
	clients_send(type, 0, 0, bytes, length, PROTOCOL_WANT_OUTPUT);
}

void clients_input_free(void)
{
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &clients[i];

		if (client->source.fd < 0 || !client->full || the_calls->input_room() < PROTOCOL_MAX_BYTES)
			continue;
		client->full = false;
		watch(client);
	}
}

void clients_close(int dir)
{
	if (listener.fd >= 0)
		(void)unlinkat(dir, "control",
			       0); /* nobody finds it from now; store_drop may have been first */
	loop_forget(the_loop, &listener);
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		drop(&clients[i]);
}
