/*
 * A client of hull-shim's control socket for the tests. client SOCKET WORD...:
 *   output, input, exit, patience   what is wanted; then HELLO is sent
 *   stop SECONDS SIGNAL, resize ROWS COLUMNS, close
 *   send TEXT                       as input
 *   wait MS                         do nothing
 *   hold FIFO                       do nothing until somebody writes to it
 *   raw TYPE                        a message of this type, with no bytes
 *   read                            print what comes until the connection ends, or EXITED without a restart
 * Output goes to stdout, errors to stderr, everything else as a line "STATE A B" to descriptor 3 where there
 * is one. Exit status: EXITED's code, 250 where the connection ended without it.
 *
 * Instead of all that:
 *   client birth PROGRAM [ARG...]   starts the program with descriptor 9 as a client from birth; then as read
 *   client SOCKET notify TEXT       TEXT as a datagram
 *   client SOCKET listen            print the datagrams that come to SOCKET, as lines
 *   client DIRECTORY rmdir          remove it whenever it is there and empty, until killed
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shim/store/protocol.h"

static struct {
	struct protocol_head head;
	char bytes[PROTOCOL_MAX_BYTES];
} message;

static void say(int fd, uint32_t type, int32_t a, int32_t b, const char *bytes)
{
	size_t length = strlen(bytes);

	message.head = (struct protocol_head){ type, a, b };
	memcpy(message.bytes, bytes, length);
	if (send(fd, &message, sizeof(message.head) + length, MSG_NOSIGNAL) < 0) {
		perror("send");
		exit(251);
	}
}

/* A journal or a service manager. What is too large for a datagram comes as a memfd. */
static int listen_at(int fd, const struct sockaddr_un *address)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return 252;
	for (;;) {
		char control[CMSG_SPACE(sizeof(int))];
		struct iovec data = { &message, sizeof(message) };
		struct msghdr header = { .msg_iov = &data,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control) };
		ssize_t got = recvmsg(fd, &header, 0);
		struct cmsghdr *first = CMSG_FIRSTHDR(&header);
		int memfd = -1;

		if (got < 0)
			return 253;
		if (first != NULL) {
			memcpy(&memfd, CMSG_DATA(first), sizeof(int));
			printf("memfd\n");
			got = pread(memfd, &message, sizeof(message), 0);
			close(memfd);
		}
		printf("%.*s\n", (int)got, (const char *)&message);
		fflush(stdout);
	}
}

static int read_all(int fd)
{
	for (;;) {
		ssize_t got = recv(fd, &message, sizeof(message), 0);

		if (got < (ssize_t)sizeof(message.head))
			return 250;
		size_t length = (size_t)got - sizeof(message.head);
		if (message.head.type == PROTOCOL_STDOUT || message.head.type == PROTOCOL_STDERR) {
			if (write(message.head.type == PROTOCOL_STDOUT ? 1 : 2, message.bytes, length) !=
			    (ssize_t)length)
				return 251;
		} else {
			dprintf(3, "%s %d %d %.*s\n",
				message.head.type == PROTOCOL_STATE    ? "STATE"
				: message.head.type == PROTOCOL_EXITED ? "EXITED"
								       : "ERROR",
				message.head.a, message.head.b, (int)length, message.bytes);
		}
		if (message.head.type == PROTOCOL_EXITED && message.head.b == 0)
			return message.head.a;
	}
}

static int birth(char **argv)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 252;
	say(pair[0], PROTOCOL_HELLO, PROTOCOL_WANT_OUTPUT | PROTOCOL_WANT_EXIT, 0, "");
	if (fork() == 0) {
		dup2(pair[1], 9);
		execvp(argv[0], argv);
		_exit(252);
	}
	close(pair[1]);
	return read_all(pair[0]);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int datagrams = argc > 2 && (strcmp(argv[2], "listen") == 0 || strcmp(argv[2], "notify") == 0);
	int fd = socket(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_SEQPACKET, 0), wants = 0, i = 2, status = 0;

	if (argc > 2 && strcmp(argv[1], "birth") == 0)
		return birth(argv + 2);
	if (argc < 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 252;
	while (strcmp(argv[2], "rmdir") == 0)
		rmdir(argv[1]);
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	if (strcmp(argv[2], "listen") == 0)
		return listen_at(fd, &address);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(argv[1]);
		return 252;
	}
	if (datagrams)
		return argc < 4 || send(fd, argv[3], strlen(argv[3]), 0) < 0 ? 251 : 0;
	for (; i < argc; i++) {
		int want = strcmp(argv[i], "output") == 0     ? PROTOCOL_WANT_OUTPUT
			   : strcmp(argv[i], "input") == 0    ? PROTOCOL_WANT_INPUT
			   : strcmp(argv[i], "exit") == 0     ? PROTOCOL_WANT_EXIT
			   : strcmp(argv[i], "patience") == 0 ? PROTOCOL_WANT_PATIENCE
							      : 0;
		if (want == 0)
			break;
		wants |= want;
	}
	if (i == argc || strcmp(argv[i], "raw") != 0)
		say(fd, PROTOCOL_HELLO, wants, 0, "");
	for (; i < argc; i++) {
		if (strcmp(argv[i], "stop") == 0 || strcmp(argv[i], "resize") == 0) {
			say(fd, argv[i][0] == 's' ? PROTOCOL_STOP : PROTOCOL_RESIZE, atoi(argv[i + 1]),
			    atoi(argv[i + 2]), "");
			i += 2;
		} else if (strcmp(argv[i], "close") == 0) {
			say(fd, PROTOCOL_STDIN_CLOSE, 0, 0, "");
		} else if (strcmp(argv[i], "send") == 0) {
			say(fd, PROTOCOL_STDIN, 0, 0, argv[++i]);
		} else if (strcmp(argv[i], "wait") == 0) {
			usleep((useconds_t)atoi(argv[++i]) * 1000);
		} else if (strcmp(argv[i], "hold") == 0) {
			int fifo = open(argv[++i], O_RDONLY);

			if (fifo < 0 || read(fifo, &message, 1) < 0)
				return 252;
			close(fifo);
		} else if (strcmp(argv[i], "raw") == 0) {
			say(fd, (uint32_t)atoi(argv[++i]), 0, 0, "");
		} else if (strcmp(argv[i], "read") == 0) {
			status = read_all(fd);
		} else {
			fprintf(stderr, "client: %s?\n", argv[i]);
			return 252;
		}
	}
	return status;
}
