/*
 * The terminal: a pair from the container's own devpts, its slave on 0, 1, 2 and on /dev/console,
 * its master sent to the console socket. The slave comes by ioctl from a verified ptmx, never by
 * name (CVE-2025-52565).
 */
#include <asm/ioctls.h>
#include <asm/termios.h>

#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define DEVPTS_MAGIC 0x1cd1
#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
#define SCM_RIGHTS_TYPE 1
#define SOL_SOCKET_LEVEL 1
#define MSG_NOSIGNAL_FLAG 0x4000
#define O_NOCTTY_FLAG 0400

/* One message with the master, the slave's name as its text: what every engine's receiver expects. */
static long send_master(int socket, int master, const char *name)
{
	struct {
		size_t length;
		int level, type;
		int fd, padding;
	} control = { .length = sizeof(size_t) + 3 * sizeof(int),
		      .level = SOL_SOCKET_LEVEL,
		      .type = SCM_RIGHTS_TYPE,
		      .fd = master };
	struct {
		const void *base;
		size_t length;
	} data = { name, string_length(name) };
	struct {
		const void *name;
		unsigned name_length;
		const void *vector;
		size_t vector_count;
		const void *control;
		size_t control_length;
		unsigned flags;
	} message = {
		.vector = &data, .vector_count = 1, .control = &control, .control_length = sizeof(control)
	};

	return sys_call6(__NR_sendmsg, socket, SYS_PTR(&message), MSG_NOSIGNAL_FLAG, 0, 0, 0);
}

static int open_pair(struct init *init, int *ret_master, int *ret_slave, char *name, struct error *err)
{
	char number[24];
	struct stat st;
	int unlock = 0;
	unsigned index = 0;
	long master = root_open(init->root, "dev/pts/ptmx", O_RDWR | O_NOCTTY_FLAG, RESOLVE_NO_SYMLINKS);

	if (master < 0)
		return error_set(err, (int)-master, "open \"/dev/pts/ptmx\"");
	if (sys_fs_magic((int)master) != DEVPTS_MAGIC || sys_fstat((int)master, &st) < 0 ||
	    st.st_rdev != 0x502)
		return error_set(err, 0, "\"/dev/pts/ptmx\" is not the terminal multiplexer");
	long result = sys_ioctl((int)master, TIOCSPTLCK, &unlock);
	if (result == 0)
		result = sys_ioctl((int)master, TIOCGPTN, &index);
	if (result < 0)
		return error_set(err, (int)-result, "unlock the terminal");
	long slave = sys_call6(__NR_ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY_FLAG | O_CLOEXEC, 0, 0, 0);
	if (slave < 0)
		return error_set(err, (int)-slave, "open the terminal's slave");
	(void)string_join(name, 64, "/dev/pts/", string_number(number, index, 10)); /* fits */
	*ret_master = (int)master;
	*ret_slave = (int)slave;
	return 0;
}

/* /dev/console is the slave, bound over a file of its own. */
static int bind_console(struct init *init, int slave, struct error *err)
{
	long dev = root_open(init->root, "dev", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	if (dev < 0)
		return error_set(err, (int)-dev, "open \"/dev\"");
	long made = sys_open((int)dev, "console", O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0666);
	if (made >= 0)
		(void)sys_close((int)made);
	long target = made < 0 && made != -EEXIST
			      ? made
			      : root_open((int)dev, "console", O_PATH, RESOLVE_NO_SYMLINKS);
	(void)sys_close((int)dev);
	if (target < 0)
		return error_set(err, (int)-target, "make \"/dev/console\"");
	long clone = sys_open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	long result = clone < 0 ? clone : sys_attach((int)clone, (int)target);
	if (clone >= 0)
		(void)sys_close((int)clone);
	(void)sys_close((int)target);
	return result < 0 ? error_set(err, (int)-result, "bind \"/dev/console\"") : 0;
}

/* Make the slave the controlling terminal and the standard streams; pass the master on. */
static int adopt_terminal(struct init *init, int master, int slave, const char *name, struct error *err)
{
	const struct plan *plan = init->plan;
	struct winsize size = { .ws_row = (unsigned short)plan->console_rows,
				.ws_col = (unsigned short)plan->console_columns };
	long result = 0;

	if ((plan->flags & PLAN_CONSOLE_SIZE) != 0)
		result = sys_ioctl(slave, TIOCSWINSZ, &size);
	if (result == 0 && plan->uid != 0)
		result = sys_fchown(slave, plan->uid, (unsigned)-1);
	if (result == 0)
		result = sys_call6(__NR_ioctl, slave, TIOCSCTTY, 0, 0, 0, 0);
	if (result < 0)
		return error_set(err, (int)-result, "set up \"%s\"", name);
	result = send_master(plan->fds.console_socket, master, name);
	if (result < 0)
		return error_set(err, (int)-result, "send the terminal to the console socket");
	for (int fd = 0; fd <= 2; fd++)
		if ((result = sys_dup3(slave, fd, 0)) < 0)
			return error_set(err, (int)-result, "put \"%s\" on descriptor %d", name, fd);
	(void)sys_close(master);
	(void)sys_close(slave);
	return 0;
}

int init_terminal(struct init *init, struct error *err)
{
	char name[64];
	int master, slave;

	if ((init->plan->flags & PLAN_TERMINAL) == 0)
		return 0;
	int result = open_pair(init, &master, &slave, name, err);
	if (result == 0)
		result = bind_console(init, slave, err);
	if (result == 0)
		result = adopt_terminal(init, master, slave, name, err);
	return result;
}

int init_exec_terminal(struct init *init, struct error *err)
{
	char name[64];
	int master, slave;

	/* The namespaces are entered: "/" is the container's. */
	long root = sys_open(-100, "/", O_PATH | O_DIRECTORY, 0);
	if (root < 0)
		return error_set(err, (int)-root, "open \"/\"");
	init->root = (int)root;
	if ((init->plan->flags & PLAN_TERMINAL) == 0)
		return 0;
	int result = open_pair(init, &master, &slave, name, err);
	if (result == 0)
		result = adopt_terminal(init, master, slave, name, err);
	return result;
}

/*
 * Standard streams of a process without a terminal: the host's null device is replaced by the
 * container's, and a pipe is given to the user so that /dev/stdout can be opened again.
 */
/* The container's null device, or -1 where it has none; the host's serves then. */
static int open_null(const struct init *init)
{
	struct stat st;
	long null = root_open(init->root, "dev/null", O_RDWR, RESOLVE_NO_SYMLINKS);

	if (null >= 0 &&
	    (sys_fstat((int)null, &st) < 0 || (st.st_mode & S_IFMT) != S_IFCHR || st.st_rdev != 0x103)) {
		(void)sys_close((int)null);
		null = -1;
	}
	return null < 0 ? -1 : (int)null;
}

int init_stdio(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	struct stat st;
	int null = -1;
	bool asked = false;

	for (int fd = 0; fd <= 2 && (plan->flags & PLAN_TERMINAL) == 0; fd++) {
		long result = 0;

		if (sys_fstat(fd, &st) < 0)
			continue; /* closed by whoever started us: stays so */
		if ((st.st_mode & S_IFMT) == S_IFIFO && plan->uid != st.st_uid && plan->uid != 0)
			(void)sys_fchown(fd, plan->uid,
					 (unsigned)-1); /* best effort, as runc: the pipe may be another's */
		if ((st.st_mode & S_IFMT) != S_IFCHR || st.st_rdev != 0x103)
			continue;
		if (!asked)
			null = open_null(init);
		asked = true;
		if (null >= 0)
			result = sys_dup3(null, fd, 0);
		if (result < 0)
			return error_set(err, (int)-result, "reopen \"/dev/null\"");
	}
	if (null >= 0)
		(void)sys_close(null);
	return 0;
}
