/* The process that looks into a user namespace: whoever is root in there gets no hold of it. */
#include "runtime/linux/userns.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define ROUNDS 300

static struct error err;

static void put(pid_t pid, const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK_INT(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

/* Root in its own user namespace, in the pid namespace of everybody: seizes every child of @parent it can. */
static void attack(pid_t parent, int self, int ready)
{
	char path[64], line[256];
	char byte;

	if (unshare(CLONE_NEWUSER) < 0 || write(ready, "u", 1) != 1 || read(self, &byte, 1) != 1)
		_exit(2);
	/* outside it is nobody */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		_exit(2);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	if (write(ready, "r", 1) != 1)
		_exit(2);
	for (;;) {
		FILE *file = fopen(path, "re");
		size_t got = file == NULL ? 0 : fread(line, 1, sizeof(line) - 1, file);

		if (file == NULL)
			_exit(0);
		fclose(file);
		line[got] = '\0';
		for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
			pid_t pid = (pid_t)atoi(word);

			if (pid != getpid() && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
				_exit(1);
		}
	}
}

static void test_hold(void)
{
	const struct spec_id_mapping mapping = { .container_id = 0, .host_id = 100000, .size = 1000 };
	struct spec_linux part = { .uid_mappings = { .count = 1, .items = &mapping },
				   .gid_mappings = { .count = 1, .items = &mapping } };
	struct spec spec = { .linux = &part };
	int to[2], from[2], status = 0;
	char path[64], byte;

	if (geteuid() != 0)
		return;
	CHECK_INT(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
	pid_t parent = getpid(), attacker = fork();
	if (attacker == 0)
		attack(parent, to[0], from[1]);
	CHECK_INT(read(from[0], &byte, 1), 1);
	put(attacker, "uid_map", "0 100000 1000");
	put(attacker, "gid_map", "0 100000 1000");
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)attacker);
	int userns = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_INT(write(to[1], "g", 1), 1);
	CHECK_INT(read(from[0], &byte, 1), 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		error_clear(&err);
		CHECK_INT(userns_check_maps(&spec, userns, &err), 0);
		CHECK_STR(err.text, "");
	}
	/* it is still looking: it has had none of them */
	CHECK_INT(waitpid(attacker, &status, WNOHANG), 0);
	kill(attacker, SIGKILL);
	waitpid(attacker, &status, 0);
	part.uid_mappings.count = 0;
	CHECK(userns_check_maps(&spec, userns, &err) < 0);
	CHECK_HAS(err.text, "(uid_map)");
	close(userns);
}

static const struct test tests[] = {
	{ "root of the namespace cannot trace it", test_hold },
};
TEST_MAIN(tests)
