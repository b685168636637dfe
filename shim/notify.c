/* See notify.h. */
#include "shim/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

#define DATAGRAM_BYTES 4096

static int manager = -1;
static int64_t watchdog_ms;

int notify_open(struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"),
		   *pid = getenv("WATCHDOG_PID");
	uint64_t value;
	struct error ignored;

	if (path == NULL || path[0] == '\0')
		return 0;
	size_t length = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path))
		return error_set(err, 0, "NOTIFY_SOCKET \"%s\" is not the address of a socket", path);
	memcpy(address.sun_path, path, length);
	if (path[0] == '@') /* abstract */
		address.sun_path[0] = '\0';
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, errno, "socket");
	if (connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		return error_set(err, errno, "connect to NOTIFY_SOCKET \"%s\"", path);
	if (usec != NULL && number_parse_u64(usec, UINT64_MAX, &value, &ignored) == 0 &&
	    (pid == NULL ||
	     (number_parse_u64(pid, INT32_MAX, &value, &ignored) == 0 && (pid_t)value == getpid())) &&
	    number_parse_u64(usec, UINT64_MAX, &value, &ignored) == 0)
		watchdog_ms =
			value / 2000 > 0 ? (int64_t)(value / 2000) : 1; /* twice as often as it must be */
	manager = take_fd(&fd);
	return 0;
}

void notify_say(const char *lines)
{
	if (manager >= 0)
		(void)send(manager, lines, strlen(lines), MSG_NOSIGNAL); /* see notify.h */
}

int64_t notify_watchdog_ms(void)
{
	return watchdog_ms;
}

/* MAINPID would make the manager follow another process, FDSTORE fill its store: what a container says
 * is about itself only. */
static bool may_pass(const char *line)
{
	static const char *const names[] = {
		"READY=",    "RELOADING=",     "MONOTONIC_USEC=",     "STOPPING=",
		"STATUS=",   "ERRNO=",         "BUSERROR=",           "EXIT_STATUS=",
		"WATCHDOG=", "WATCHDOG_USEC=", "EXTEND_TIMEOUT_USEC="
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_starts(line, names[i]))
			return true;
	return false;
}

void notify_filter(const char *datagram, size_t length, char *ret)
{
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		const char *end = memchr(datagram + at, '\n', length - at);
		size_t part = end != NULL ? (size_t)(end - datagram) - at : length - at;

		memcpy(ret + used, datagram + at, part);
		ret[used + part] = '\0';
		bool clean = memchr(ret + used, '\0', part) == NULL;
		for (size_t i = 0; clean && i < part;) {
			size_t n = text_utf8_length(ret + used + i);

			clean = n > 0 && (unsigned char)ret[used + i] >= 0x20;
			i += n;
		}
		if (clean && may_pass(ret + used)) {
			used += part;
			ret[used++] = '\n';
		}
		at += part + 1;
	}
	ret[used > 0 ? used - 1 : 0] = '\0'; /* without the last line end */
}

int notify_listen(int dir, const char *name, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(err, errno, "socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, name);
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove \"%s\"", name);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir, name, 0777, 0) < 0)
		return error_set(err, errno, "listen at \"%s\"", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

bool notify_relay(int fd)
{
	char datagram[DATAGRAM_BYTES], passed[DATAGRAM_BYTES + 1];
	ssize_t got = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT | MSG_TRUNC);

	if (got <= 0 || (size_t)got > sizeof(datagram))
		return false; /* nothing, or more than anybody has to say */
	notify_filter(datagram, (size_t)got, passed);
	if (passed[0] == '\0')
		return false;
	notify_say(passed);
	return text_starts(passed, "READY=1") || strstr(passed, "\nREADY=1") != NULL;
}
