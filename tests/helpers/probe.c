/*
 * What tests ask inside a container and beside one, where busybox has no word for it: one static
 * program, compiled by the function probe of runtime.bash.
 *
 *	probe syscall NUMBER [ARG...]     makes it; prints "ok" or the name of the error
 *	probe fds                         the descriptors that are open, one line
 *	probe personality | keyring | umask | signals
 *	probe read FD                     copies what FD gives to stdout
 *	probe receive SOCKET FILE         a console socket: once, writes the text of the message to FILE, then
 *	                                  copies the terminal to stdout and stdin to the terminal
 *	probe pidfd SOCKET FILE           a pidfd socket: the text to FILE, sends SIGKILL through the pidfd
 *	probe deaf SOCKET                 a socket file that nobody listens on
 *	probe serve                       the sockets of LISTEN_FDS: who connects is told the socket's name
 *	                                  and the number of reloads (SIGHUP); SIGTERM ends it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 2;
}

static int make_syscall(char **words)
{
	long args[6] = { 0 }, number = strtol(words[0], NULL, 0);

	for (int i = 0; i < 6 && words[1 + i] != NULL; i++)
		args[i] = (long)strtoull(words[1 + i], NULL, 0);
	long result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	puts(result >= 0 ? "ok" : strerrorname_np(errno));
	return 0;
}

static int list_fds(void)
{
	const char *space = "";

	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			printf("%s%d", space, fd);
			space = " ";
		}
	putchar('\n');
	return 0;
}

static int describe_keyring(void)
{
	char text[512];
	long got = syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, -3 /* the session's */, text, sizeof(text));

	if (got < 0)
		return fail("keyctl");
	puts(strrchr(text, ';') + 1);
	return 0;
}

/* Blocked and ignored signals, which a program should find as they are by default. */
static int list_signals(void)
{
	sigset_t blocked;

	(void)sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int number = 1; number < 65; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			printf("ignored %d\n", number);
		if (sigismember(&blocked, number) == 1)
			printf("blocked %d\n", number);
	}
	return 0;
}

static int copy(int from, int to)
{
	char bytes[4096];
	ssize_t got = read(from, bytes, sizeof(bytes));

	return got > 0 && write(to, bytes, (size_t)got) == got;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		exit(fail(path));
	return fd;
}

/* One message with one descriptor; its text goes to @file, complete when the file is there. */
static int receive_fd(const char *path, const char *file)
{
	int listener = listen_at(path), fd = -1;
	char text[256], temporary[512];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec vector = { text, sizeof(text) };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	if (listen(listener, 1) < 0)
		exit(fail("listen"));
	int peer = accept(listener, NULL, NULL);
	ssize_t got = peer < 0 ? -1 : recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		exit(fail("no message with one descriptor"));
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	(void)snprintf(temporary, sizeof(temporary), "%s.new", file);
	FILE *out = fopen(temporary, "w");
	if (out == NULL || fwrite(text, 1, (size_t)got, out) != (size_t)got || fclose(out) != 0 ||
	    rename(temporary, file) < 0)
		exit(fail(file));
	return fd;
}

static int serve_terminal(const char *path, const char *file)
{
	struct pollfd polls[2] = { { .fd = receive_fd(path, file), .events = POLLIN },
				   { .fd = 0, .events = POLLIN } };

	while (poll(polls, 2, -1) >= 0) {
		if (polls[1].revents != 0 && !copy(0, polls[0].fd))
			polls[1].fd = -1;
		if (polls[0].revents != 0 && !copy(polls[0].fd, 1))
			break;
	}
	return 0;
}

static volatile sig_atomic_t reloads, ended;

static void got_signal(int number)
{
	if (number == SIGTERM)
		ended = 1;
	else
		reloads++;
}

/* The name of socket @number in LISTEN_FDNAMES, words between colons. */
static void answer(int listener, int number)
{
	const char *name = getenv("LISTEN_FDNAMES");
	int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (; name != NULL && number > 0; number--)
		name = strchr(name, ':') == NULL ? NULL : strchr(name, ':') + 1;
	if (peer < 0)
		return;
	(void)dprintf(peer, "%.*s %d\n", name == NULL ? 0 : (int)strcspn(name, ":"), name == NULL ? "" : name,
		      (int)reloads);
	(void)close(peer);
}

static int serve_sockets(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	struct sigaction action = { .sa_handler = got_signal };
	struct pollfd polls[16];
	sigset_t blocked, none;
	int sockets = count == NULL ? 0 : atoi(count);

	if (pid == NULL || atoi(pid) != getpid() || sockets < 1 || sockets > 16)
		return 3;
	/* They come only while we wait: none is missed between a look and the next wait. */
	(void)sigfillset(&blocked);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	for (int i = 0; i < sockets; i++)
		polls[i] = (struct pollfd){ .fd = 3 + i, .events = POLLIN };
	while (!ended)
		if (ppoll(polls, (nfds_t)sockets, NULL, &none) > 0)
			for (int i = 0; i < sockets; i++)
				if (polls[i].revents != 0)
					answer(polls[i].fd, i);
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "syscall") == 0 && argc > 2)
		return make_syscall(argv + 2);
	if (strcmp(word, "fds") == 0)
		return list_fds();
	if (strcmp(word, "personality") == 0)
		return printf("%#x\n", (unsigned)personality(0xffffffff)) < 0;
	if (strcmp(word, "keyring") == 0)
		return describe_keyring();
	if (strcmp(word, "umask") == 0)
		return printf("%04o\n", (unsigned)umask(0)) < 0;
	if (strcmp(word, "signals") == 0)
		return list_signals();
	if (strcmp(word, "serve") == 0)
		return serve_sockets();
	if (strcmp(word, "read") == 0 && argc > 2)
		while (copy(atoi(argv[2]), 1)) {
		}
	else if (strcmp(word, "receive") == 0 && argc > 3)
		return serve_terminal(argv[2], argv[3]);
	else if (strcmp(word, "pidfd") == 0 && argc > 3)
		return syscall(SYS_pidfd_send_signal, receive_fd(argv[2], argv[3]), SIGKILL, NULL, 0) < 0
			       ? fail("kill")
			       : 0;
	else if (strcmp(word, "deaf") == 0 && argc > 2)
		(void)listen_at(argv[2]);
	else
		return 2;
	return 0;
}
