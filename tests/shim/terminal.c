/*
 * A program on a real terminal, driven as a person would. terminal SCRIPT PROGRAM [ARG...]: the terminal has
 * 24 rows and 80 columns; what the program writes goes to stdout. SCRIPT has a step on each line: expect TEXT
 * until TEXT has come, behind what was expected last; 30 seconds at most type TEXT             \n, \xNN and
 * the like as in C resize ROWS COLUMNS deaf MS               read nothing for so long hangup close the
 * terminal touch FILE            so that another program knows how far it is await FILE            until it
 * is there Then it reads on until the program ends. Exit status: the program's, 128 and the signal, or 254: a
 * step failed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 30

static char seen[1 << 20];
static size_t length, expected;
static int master = -1;

static void fail(const char *step)
{
	fprintf(stderr, "terminal: %s\n", step);
	exit(254);
}

/* What has come within @ms: 1, 0 nothing, -1 the program has closed its terminal. */
static int take(int ms)
{
	struct pollfd poller = { .fd = master, .events = POLLIN };

	if (master < 0)
		return -1;
	if (poll(&poller, 1, ms) <= 0)
		return 0;
	if (length > sizeof(seen) / 2) { /* what was expected of the older half has come */
		size_t half = length / 2;

		memmove(seen, seen + half, length -= half);
		expected = expected > half ? expected - half : 0;
	}
	ssize_t got = read(master, seen + length, sizeof(seen) - length);
	if (got <= 0)
		return -1;
	if (write(1, seen + length, (size_t)got) != got)
		fail("write");
	length += (size_t)got;
	return 1;
}

static void expect(const char *text)
{
	time_t end = time(NULL) + PATIENCE_S;

	for (;;) {
		char *found = memmem(seen + expected, length - expected, text, strlen(text));

		if (found != NULL) {
			expected = (size_t)(found - seen) + strlen(text);
			return;
		}
		if (time(NULL) > end || take(1000) < 0)
			fail(text);
	}
}

static void type(const char *text)
{
	for (; *text != '\0'; text++) {
		char key = *text;

		if (key == '\\' && text[1] == 'n') {
			key = '\r'; /* the key that people press */
			text++;
		} else if (key == '\\' && text[1] == 'x') {
			char digits[3] = { text[2], text[3], '\0' };

			key = (char)strtol(digits, NULL, 16);
			text += 3;
		}
		if (write(master, &key, 1) != 1)
			fail("type");
	}
}

static void resize(const char *text)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	if (text != NULL && sscanf(text, "%hu %hu", &size.ws_row, &size.ws_col) != 2)
		fail("resize");
	if (ioctl(master, TIOCSWINSZ, &size) < 0)
		fail("TIOCSWINSZ");
}

static void await(const char *path)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (access(path, F_OK) < 0) {
		if (time(NULL) > end)
			fail(path);
		(void)take(50);
	}
}

static void step(char *line)
{
	char *value = strchr(line, ' ');

	if (value != NULL)
		*value++ = '\0';
	if (strcmp(line, "expect") == 0)
		expect(value);
	else if (strcmp(line, "type") == 0)
		type(value);
	else if (strcmp(line, "resize") == 0)
		resize(value);
	else if (strcmp(line, "deaf") == 0)
		usleep((useconds_t)atoi(value) * 1000);
	else if (strcmp(line, "touch") == 0)
		close(open(value, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	else if (strcmp(line, "await") == 0)
		await(value);
	else if (strcmp(line, "hangup") == 0) {
		close(master);
		master = -1;
	} else {
		fail(line);
	}
}

static pid_t start(char **argv)
{
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		fail("posix_openpt");
	resize(NULL);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	setsid();
	int slave = open(ptsname(master), O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		_exit(254);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
	if (slave > 2)
		close(slave);
	execvp(argv[0], argv);
	_exit(254);
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3)
		return 254;
	pid_t pid = start(argv + 2);
	char *save = NULL;
	for (char *line = strtok_r(argv[1], "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		step(line + strspn(line, "\t"));
	while (take(PATIENCE_S * 1000) > 0)
		;
	if (master >= 0)
		close(master); /* what runs on without a word gets SIGHUP */
	if (waitpid(pid, &status, 0) < 0)
		return 254;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
