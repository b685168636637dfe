/* What a confined process can no longer do: each is tried in a child. */
#include "oci/layer/confine.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/oci/layer/support.h"

#define KILLED (128 + SIGSYS)

/* Exit status of @try in a confined child, 128 + signal where it was killed, 99 where confining failed. */
static int confined_as(enum confine_role role, const struct box *box, bool devices, int (*try)(int root))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct error err;
		int root;

		if (confine_root(box->target, devices, 1 << 20, 0, &root, &err) < 0 ||
		    confine_calls(role, &err) < 0)
			_exit(99);
		_exit(try(root));
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int confined(const struct box *box, bool devices, int (*try)(int root))
{
	return confined_as(CONFINE_EXTRACTOR, box, devices, try);
}

static int make_socket(int root)
{
	(void)root;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 1 : 0;
}

static int make_process(int root)
{
	(void)root;
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 ? 1 : 0;
}

static int make_exec(int root)
{
	char *argv[] = { NULL };

	return syscall(SYS_execveat, root, "file", argv, argv, 0) < 0 ? 1 : 0;
}

static int make_mount(int root)
{
	(void)root;
	return mount("none", "/", "tmpfs", 0, NULL) < 0 ? 1 : 0;
}

static int make_root(int root)
{
	(void)root;
	return chroot(".") < 0 ? 1 : 0;
}

static int make_code(int root)
{
	(void)root;
	return syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0 ? 1
													 : 0;
}

static int make_trace(int root)
{
	(void)root;
	return ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 ? 1 : 0;
}

static int make_namespace(int root)
{
	(void)root;
	return unshare(CLONE_NEWUSER) < 0 ? 1 : 0;
}

/* A signal to whoever it likes, by way of an owner of a socket. */
static int send_signal(int root)
{
	return fcntl(root, F_SETOWN, getppid()) < 0 ? 1 : 0;
}

static int set_signal(int root)
{
	return fcntl(root, F_SETSIG, SIGKILL) < 0 ? 1 : 0;
}

static int look_around(int root)
{
	struct stat status;

	/* Nothing of this machine is there, up or down. */
	if (fstatat(root, "/etc", &status, 0) == 0 || fstatat(root, "/proc", &status, 0) == 0)
		return 1;
	if (fstatat(root, "../outside", &status, 0) == 0 || fstatat(root, "/../outside", &status, 0) == 0)
		return 2;
	return fstatat(root, "/mine", &status, 0) == 0 ? 0 : 3;
}

static int work(int root)
{
	/* Owners and special bits can be set, trusted xattrs cannot. */
	int fd = openat(root, "new", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || fchown(fd, 5, 6) < 0 || fchmod(fd, 04755) < 0)
		return 1;
	if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0)
		return 2;
	if (mknodat(root, "whiteout", S_IFCHR, 0) < 0 ||
	    mknodat(root, "null", S_IFCHR | 0600, makedev(1, 3)) < 0)
		return 3;
	/* A device that it made cannot be opened. */
	if (openat(root, "null", O_RDONLY | O_CLOEXEC) >= 0)
		return 4;
	if (pwrite(fd, "x", 1, 1 << 20) >= 0 || errno != EFBIG)
		return 5;
	return 0;
}

/* Only whiteouts where no devices are wanted; and nothing of the machine's through standard files. */
static int make_device(int root)
{
	if (mknodat(root, "white", S_IFCHR, 0) < 0)
		return 1;
	if (mknodat(root, "zero", S_IFCHR | 0600, makedev(1, 5)) == 0 || errno != EPERM)
		return 2;
#ifndef HULL_SANITIZED
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		struct stat status;

		if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || fchmod(fd, 0600) < 0)
			return 3;
	}
#endif
	return 0;
}

static int make_file(int root)
{
	return openat(root, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 ? 1 : 0;
}

static int remove_file(int root)
{
	return unlinkat(root, "file", 0) < 0 ? 1 : 0;
}

static int write_bytes(int root)
{
	return write(root, "x", 1) < 0 ? 1 : 0;
}

static int read_bytes(int root)
{
	char byte;

	return read(root, &byte, 1) < 0 ? 1 : 0;
}

static int send_kill(int root)
{
	(void)root;
	return kill(getppid(), 0) < 0 ? 1 : 0;
}

static void forbidden(void)
{
	static const struct {
		const char *what;
		enum confine_role role;
		int (*try)(int root);
	} rows[] = {
		{ "socket", CONFINE_EXTRACTOR, make_socket },
		{ "process", CONFINE_EXTRACTOR, make_process },
		{ "exec", CONFINE_EXTRACTOR, make_exec },
		{ "mount", CONFINE_EXTRACTOR, make_mount },
		{ "root", CONFINE_EXTRACTOR, make_root },
		{ "code", CONFINE_EXTRACTOR, make_code },
		{ "trace", CONFINE_EXTRACTOR, make_trace },
		{ "namespace", CONFINE_EXTRACTOR, make_namespace },
		{ "owner", CONFINE_EXTRACTOR, send_signal },
		{ "signal", CONFINE_EXTRACTOR, set_signal },
		{ "kill", CONFINE_EXTRACTOR, send_kill },
		/* Who decompresses, or hashes, has no business with files. */
		{ "make a file", CONFINE_DECODER, make_file },
		{ "remove a file", CONFINE_DECODER, remove_file },
		{ "write", CONFINE_DECODER, write_bytes },
		{ "socket", CONFINE_DECODER, make_socket },
		{ "exec", CONFINE_DECODER, make_exec },
		{ "code", CONFINE_DECODER, make_code },
		{ "make a file", CONFINE_READER, make_file },
		{ "remove a file", CONFINE_READER, remove_file },
		{ "write", CONFINE_READER, write_bytes },
		{ "socket", CONFINE_READER, make_socket },
		{ "exec", CONFINE_READER, make_exec },
		{ "code", CONFINE_READER, make_code },
		{ "read", CONFINE_DECODER, read_bytes },
		{ "kill", CONFINE_DECODER, send_kill },
	};
	struct box box;

	box_open(&box);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
#ifdef HULL_SANITIZED
		printf("# no filter under sanitizers: %s not tried\n", rows[i].what);
#else
		int status = confined_as(rows[i].role, &box, false, rows[i].try);
		CHECK_INT(status, KILLED);
		if (status != KILLED)
			printf("# %s, role %d\n", rows[i].what, (int)rows[i].role);
#endif
	}
	box_close(&box);
}

static void out_of_sight(void)
{
	struct stat null;
	struct box box;

	CHECK(stat("/dev/null", &null) == 0);
	const mode_t mode = null.st_mode & 07777;

	box_open(&box);
	CHECK(mkdirat(box.target, "mine", 0700) == 0);
	CHECK_INT(confined(&box, false, look_around), 0);
	CHECK_INT(confined(&box, true, work), 0);
	CHECK_INT(confined(&box, false, make_device), 0);
	CHECK(stat("/dev/null", &null) == 0 && (null.st_mode & 07777) == mode);
	box_close(&box);
}

static const struct test tests[] = {
	{ "what could reach anything else kills", forbidden },
	{ "the target is all there is", out_of_sight },
};
TEST_MAIN(tests)
