/* base/process: who a process is, that a later one is not mistaken for it, and how it ends. */
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct error err;

/* A child that waits to be killed. */
static pid_t spawn(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	return pid;
}

static void test_identify(void)
{
	struct pidfd pidfd, found, none = { -1 };
	struct process_id id;
	pid_t pid = spawn();

	CHECK_INT(process_open(pid, &pidfd, &err), 0);
	CHECK_INT(process_identify(pid, &pidfd, &id, &err), 0);
	CHECK_INT(id.pid, pid);
	CHECK(id.start_time > 0);
	CHECK_INT(strlen(id.boot_id), 36);
	CHECK_INT(process_find(&id, &found, &err), 0);
	(void)close(found.fd);

	struct process_id other = id;
	if (id.pidfd_inode != 0)
		other.pidfd_inode++;
	else
		other.start_time++;
	CHECK_INT(process_find(&other, &none, &err), -ESRCH);
	other = id;
	other.boot_id[0] = other.boot_id[0] == '0' ? '1' : '0';
	CHECK_INT(process_find(&other, &none, &err), -ESRCH);

	CHECK(!process_ended(&pidfd));
	CHECK_INT(process_wait_ended(&pidfd, 20, &err), -ETIMEDOUT);
	CHECK_INT(process_signal(&pidfd, SIGKILL, &err), 0);
	CHECK_INT(process_wait_ended(&pidfd, 10000, &err), 0);
	CHECK(process_ended(&pidfd));
	CHECK_INT(process_find(&id, &none, &err), -ESRCH); /* a zombie is gone */
	int status = -1;
	CHECK_INT(process_reap(&pidfd, &status, &err), 0);
	CHECK_INT(status, 128 + SIGKILL);
	CHECK_INT(process_signal(&pidfd, SIGTERM, &err), -ESRCH);
	CHECK_INT(process_reap(&pidfd, &status, &err), -ECHILD);
	CHECK_INT(process_open(pid, &none, &err), -ESRCH);
	CHECK_INT(process_find(&id, &none, &err), -ESRCH);
	CHECK_INT(none.fd, -1);
	(void)close(pidfd.fd);
}

static void test_exit_code(void)
{
	struct pidfd pidfd;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(42);
	CHECK_INT(process_open(pid, &pidfd, &err), 0);
	CHECK_INT(process_wait_ended(&pidfd, -1, &err), 0);
	CHECK_INT(process_reap(&pidfd, &status, &err), 0);
	CHECK_INT(status, 42);
	(void)close(pidfd.fd);
}

static void test_clock(void)
{
	int64_t before = process_now_ms();

	(void)usleep(20000);
	int64_t after = process_now_ms();
	CHECK(after - before >= 19 && after - before < 10000);
}

static const struct test tests[] = {
	{ "identify, find, signal, wait, reap", test_identify },
	{ "exit codes", test_exit_code },
	{ "the clock", test_clock },
};
TEST_MAIN(tests)
