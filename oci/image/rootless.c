/* The user namespace of the store of a user without privileges; see rootless.h. */
#include "oci/image/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

#define MAX_BYTES ((size_t)1 << 20)
#define WHOLE_RANGE "4294967295"

/* What is mapped. */
struct range {
	uint32_t id, first, count; /* id: of the user itself; count 0: there are no subordinate ones */
};

static bool entered;
static struct range uids, gids;

bool rootless_entered(void)
{
	return entered;
}

bool rootless_user_xattr(void)
{
	autotext struct text map = TEXT_EMPTY;
	struct error ignored;

	if (entered)
		return true;
	/* where it cannot be read nothing is known, and root is what root usually is */
	return fd_read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, &map, &ignored) == 0 &&
	       strstr(map.data, WHOLE_RANGE) == NULL;
}

/* The user's name as /etc/passwd has it; "" where it has none. No NSS: this program is static. */
static void find_name(uid_t uid, char room[64])
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;
	char number[16];

	room[0] = '\0';
	(void)snprintf(number, sizeof(number), "%u", uid);
	if (fd_read_file_at(AT_FDCWD, "/etc/passwd", MAX_BYTES, &text, &ignored) < 0)
		return;
	for (char *line = text.data; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n'), *first = strchr(line, ':');
		char *second = first == NULL ? NULL : strchr(first + 1, ':');
		size_t digits = second == NULL ? 0 : strcspn(second + 1, ":");

		if (second != NULL && (end == NULL || second < end) && strlen(number) == digits &&
		    strncmp(second + 1, number, digits) == 0) {
			(void)snprintf(room, 64, "%.*s", (int)(first - line), line);
			return;
		}
		line = end == NULL ? NULL : end + 1;
	}
}

/* "name:100000:65536": the first line of the user's. */
static void find_range(const char *path, const char *name, uid_t uid, struct range *ret)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;
	char number[16];

	ret->count = 0;
	(void)snprintf(number, sizeof(number), "%u", uid);
	if (fd_read_file_at(AT_FDCWD, path, MAX_BYTES, &text, &ignored) < 0)
		return;
	for (char *line = text.data; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		char *first = strchr(line, ':'), *second = first == NULL ? NULL : strchr(first + 1, ':');

		if (second != NULL) {
			uint64_t start, count;

			*first++ = *second++ = '\0';
			if ((text_equal(line, name) || text_equal(line, number)) &&
			    number_parse_u64(first, UINT32_MAX, &start, &ignored) == 0 &&
			    number_parse_u64(second, UINT32_MAX - 1, &count, &ignored) == 0 && count > 0) {
				ret->first = (uint32_t)start;
				ret->count = (uint32_t)count;
				return;
			}
		}
		line = end;
	}
}

/* --- maps ---------------------------------------------------------------------------------------------- */

/* newuidmap and its sister are set-user-ID; they are where distributions have them. */
static int run_mapper(const char *program, pid_t target, const struct range *range)
{
	char pid[16], id[16], first[16], count[16];
	char path[64];

	(void)snprintf(path, sizeof(path), "/usr/bin/%s", program);
	(void)snprintf(pid, sizeof(pid), "%d", (int)target);
	(void)snprintf(id, sizeof(id), "%u", range->id);
	(void)snprintf(first, sizeof(first), "%u", range->first);
	(void)snprintf(count, sizeof(count), "%u", range->count);
	char *const args[] = { path,  pid, (char[]){ "0" }, id, (char[]){ "1" }, (char[]){ "1" }, first,
			       count, NULL };
	char *const env[] = { NULL };
	pid_t child = fork();

	if (child == 0) {
		(void)execve(path, args, env);
		_exit(127);
	}
	int status = 1;

	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Waits on @wait until the other is in its namespace, then maps. Its exit status says how it went. */
static void mapper(int wait, pid_t target)
{
	char byte;

	if (read(wait, &byte, 1) != 1)
		_exit(1);
	_exit(run_mapper("newuidmap", target, &uids) < 0 || run_mapper("newgidmap", target, &gids) < 0);
}

static int write_own(struct error *err)
{
	char map[32];
	int result = fd_write_file_at(AT_FDCWD, "/proc/self/setgroups", "deny", err);

	(void)snprintf(map, sizeof(map), "0 %u 1", uids.id);
	if (result == 0)
		result = fd_write_file_at(AT_FDCWD, "/proc/self/uid_map", map, err);
	(void)snprintf(map, sizeof(map), "0 %u 1", gids.id);
	if (result == 0)
		result = fd_write_file_at(AT_FDCWD, "/proc/self/gid_map", map, err);
	return result;
}

static int enter_with_mapper(struct error *err)
{
	int pipes[2], status = 1;
	pid_t self = getpid();

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	pid_t child = fork();

	if (child == 0) {
		(void)close(pipes[1]); /* or its end would never be seen */
		mapper(pipes[0], self);
	}
	int result = child < 0 ? error_set(err, errno, "fork") : 0;

	if (result == 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		result = error_set(err, errno, "make a user namespace");
	if (result == 0)
		result = fd_write_all(pipes[1], "m", 1, "pipe", err);
	(void)close(pipes[0]); /* nothing is lost in a pipe of one byte */
	(void)close(pipes[1]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (result == 0 && status != 0)
		result = error_set(
			err, EPERM,
			"newuidmap and newgidmap do not map the ids of /etc/subuid and /etc/subgid");
	return result;
}

static int enter_alone(struct error *err)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return error_set(err, errno, "make a user namespace");
	return write_own(err);
}

int rootless_enter(struct error *err)
{
	char name[64];

	if (geteuid() == 0 || entered)
		return 0;
	uids.id = geteuid();
	gids.id = getegid();
	find_name(geteuid(), name);
	find_range("/etc/subuid", name, geteuid(), &uids);
	find_range("/etc/subgid", name, geteuid(), &gids);
	bool several = uids.count > 0 && gids.count > 0 && access("/usr/bin/newuidmap", X_OK) == 0;

	if (!several)
		uids.count = gids.count = 0;
	int result = several ? enter_with_mapper(err) : enter_alone(err);

	entered = result == 0;
	return result;
}
