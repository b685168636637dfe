/* See terminal.h. */
#include "shim/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

int terminal_listen(int dir, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(err, errno, "socket");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" TERMINAL_SOCKET, dir);
	if (unlinkat(dir, TERMINAL_SOCKET, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "remove the old console socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		return error_set(err, errno, "listen at the console socket");
	*ret_fd = take_fd(&fd);
	return 0;
}

int terminal_receive(int *listener, int *ret_master, struct error *err)
{
	char name[256];
	int master = -1;
	autoclose int listening = take_fd(listener);
	autoclose int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return error_set(err, EPROTO, "hull sent no terminal");
	ssize_t got = fd_receive(fd, name, sizeof(name), &master, 1, err);
	if (got < 0)
		return error_add(err, "receive the terminal");
	if (master < 0)
		return error_set(err, EPROTO, "hull sent no terminal");
	*ret_master = master;
	return 0;
}
