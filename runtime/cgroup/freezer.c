/*
 * What is done to all processes of a cgroup at once: freeze and thaw, kill, list; and how often the
 * OOM killer came; see cgroup.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/path.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

#define V1_FREEZE_DELAY_MS 1
#define V1_FREEZE_TRIES_PER_THAW 50
#define V1_FREEZE_THAW_MS 10
#define THAW_WAIT_MS 1000
#define KILL_FREEZE_MS 2000
#define KILL_PASSES 10
#define PROCS_MAX_BYTES ((size_t)64 << 20)

/* The directory whose files freeze the container: version 1's freezer where there is one. */
static const struct cgroup_dir *find_freezer(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_find_v1(cgroup, "freezer");

	return dir != NULL ? dir : cgroup_find_v2(cgroup);
}

/*
 * Version 1 has no event. A process that forks meanwhile can keep the state at FREEZING for good,
 * so thaw for a moment now and then and begin anew; never leave FREEZING behind.
 */
static int freeze_v1(const struct cgroup_dir *dir, int timeout_ms, struct error *err)
{
	int64_t deadline = process_now_ms() + timeout_ms;

	for (int try = 1;; try++) {
		char state[32];
		int result = cgroup_file_write(dir->fd, "freezer.state", "FROZEN", err);

		if (result == 0)
			result = cgroup_file_read(dir->fd, "freezer.state", state, sizeof(state), err);
		if (result == 0 && text_equal(state, "FROZEN"))
			return 0;
		if (result == 0 && timeout_ms > 0 && process_now_ms() >= deadline)
			result = error_set(err, ETIMEDOUT, "freeze cgroup \"%s%s\"", dir->mount_point,
					   dir->path);
		if (result < 0) {
			(void)cgroup_file_try(dir->fd, "freezer.state", "THAWED");
			return result;
		}
		if (try % V1_FREEZE_TRIES_PER_THAW == 0) {
			(void)cgroup_file_try(dir->fd, "freezer.state", "THAWED");
			cgroup_file_sleep_ms(V1_FREEZE_THAW_MS);
		} else {
			cgroup_file_sleep_ms(V1_FREEZE_DELAY_MS);
		}
	}
}

/* Wait until cgroup.events says frozen @wanted. @timeout_ms: 0 waits forever. */
static int wait_frozen_v2(const struct cgroup_dir *dir, uint64_t wanted, int timeout_ms, struct error *err)
{
	int64_t deadline = process_now_ms() + timeout_ms;
	autoclose int events = -1;
	int result = path_open_beneath(dir->fd, "cgroup.events", O_RDONLY, true, &events, err);

	while (result == 0) {
		char value[512];
		ssize_t got = pread(events, value, sizeof(value) - 1, 0);
		struct pollfd wait = { .fd = events, .events = POLLPRI };
		int64_t left = deadline - process_now_ms();

		if (got < 0)
			return error_set(err, errno, "read \"cgroup.events\"");
		value[got] = '\0';
		if (cgroup_file_key(value, "frozen", 2) == wanted)
			return 0;
		if (timeout_ms > 0 && left <= 0)
			return error_set(err, ETIMEDOUT, "freeze cgroup \"%s%s\"", dir->mount_point,
					 dir->path);
		(void)poll(&wait, 1, timeout_ms > 0 ? (int)left : -1); /* interrupted: look again */
	}
	return result;
}

int cgroup_freeze(const struct cgroup *cgroup, int timeout_ms, struct error *err)
{
	const struct cgroup_dir *dir = find_freezer(cgroup);

	if (dir == NULL)
		return error_set(err, EOPNOTSUPP, "freezer not supported");
	if (!dir->unified)
		return freeze_v1(dir, timeout_ms, err);
	int result = cgroup_file_write(dir->fd, "cgroup.freeze", "1", err);
	if (result == -ENOENT)
		return error_set(err, EOPNOTSUPP, "freezer not supported");
	if (result == 0)
		result = wait_frozen_v2(dir, 1, timeout_ms, err);
	if (result < 0)
		(void)cgroup_file_try(dir->fd, "cgroup.freeze", "0"); /* as it was before */
	return result;
}

int cgroup_thaw(const struct cgroup *cgroup, struct error *err)
{
	const struct cgroup_dir *dir = find_freezer(cgroup);
	struct error ignored;

	if (dir == NULL)
		return error_set(err, EOPNOTSUPP, "freezer not supported");
	if (!dir->unified)
		return cgroup_file_write(dir->fd, "freezer.state", "THAWED", err);
	int result = cgroup_file_write(dir->fd, "cgroup.freeze", "0", err);
	if (result == -ENOENT)
		return error_set(err, EOPNOTSUPP, "freezer not supported");
	/* So that a look right after it says running. Below a frozen parent it stays frozen, which is
	 * the parent's affair. */
	if (result == 0 && wait_frozen_v2(dir, 0, THAW_WAIT_MS, &ignored) < 0)
		return 0;
	return result;
}

int cgroup_is_frozen(const struct cgroup *cgroup, bool *ret, struct error *err)
{
	const struct cgroup_dir *dir = find_freezer(cgroup);
	char value[CGROUP_VALUE_SIZE];
	int result;

	*ret = false;
	if (dir == NULL)
		return 0;
	result = cgroup_file_read(dir->fd, dir->unified ? "cgroup.events" : "freezer.state", value,
				  sizeof(value), err);
	if (result < 0)
		return result;
	*ret = dir->unified ? cgroup_file_key(value, "frozen", 0) != 0 : text_equal(value, "FROZEN");
	return 0;
}

/* --- pids -------------------------------------------------------------------------------------- */

struct pid_list {
	pid_t *items;
	size_t count, room;
};

static int add_pids(struct pid_list *list, const char *text, struct error *err)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char digits[16];
		int64_t pid;
		int result;

		if (length >= sizeof(digits))
			return error_set(err, EPROTO, "cgroup.procs holds no pid");
		memcpy(digits, text, length);
		digits[length] = '\0';
		text += length + (text[length] == '\n');
		result = number_parse_i64(digits, 0, INT32_MAX, &pid, err);
		if (result < 0)
			return error_add(err, "cgroup.procs");
		if (pid == 0)
			continue; /* of another pid namespace: not to be reached, and kill(0) is ourselves */
		if (list->count == list->room) {
			size_t room = list->room * 2 + 64;
			pid_t *items = reallocarray(list->items, room, sizeof(*items));

			if (items == NULL)
				return error_set(err, ENOMEM, "list the processes of a cgroup");
			list->items = items;
			list->room = room;
		}
		list->items[list->count++] = (pid_t)pid;
	}
	return 0;
}

/* The processes of one directory. A threaded one does not list processes, only threads. */
static int read_pids(int dir, struct pid_list *list, struct error *err)
{
	autotext struct text procs = TEXT_EMPTY;
	int result = fd_read_file_at(dir, "cgroup.procs", PROCS_MAX_BYTES, &procs, err);

	if (result == -EOPNOTSUPP) {
		procs.length = 0;
		result = fd_read_file_at(dir, "cgroup.threads", PROCS_MAX_BYTES, &procs, err);
	}
	if (result < 0)
		return result;
	return add_pids(list, procs.data, err);
}

/* Push the names of the directories in @dir onto @stack, a line each (cgroup names hold no newline). */
static int push_children(int dir, struct text *stack, struct error *err)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (stream == NULL) {
		int number = errno;

		cleanup_close(&copy);
		return error_set(err, number, "list cgroup");
	}
	while ((entry = readdir(stream)) != NULL)
		if (entry->d_type == DT_DIR && !text_equal(entry->d_name, ".") &&
		    !text_equal(entry->d_name, ".."))
			text_format(stack, "%s\n", entry->d_name);
	(void)closedir(stream); /* read only */
	return text_done(stack, err);
}

/* The last line of @stack in @name. */
static void pop_line(struct text *stack, char name[static NAME_MAX + 1])
{
	stack->data[--stack->length] = '\0'; /* its newline */
	char *last = strrchr(stack->data, '\n');

	last = last == NULL ? stack->data : last + 1;
	memcpy(name, last, strlen(last) + 1);
	stack->length = (size_t)(last - stack->data);
	*last = '\0';
}

/*
 * All directories from @top down, with one descriptor and a stack of what is still to be entered,
 * where ".." is the way back: however deep a container has nested them.
 */
static int walk_pids(int top, struct pid_list *list, struct error *err)
{
	autotext struct text stack = TEXT_EMPTY;
	autoclose int dir = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = dir < 0 ? error_set(err, errno, "list cgroup") : read_pids(dir, list, err);

	text_append(&stack, "");
	if (result == 0)
		result = push_children(dir, &stack, err);
	while (result == 0 && stack.length > 0) {
		char name[NAME_MAX + 1];

		pop_line(&stack, name);
		int next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && errno == ENOENT && !text_equal(name, ".."))
			continue; /* removed meanwhile */
		if (next < 0)
			return error_set(err, errno, "open cgroup \"%s\"", name);
		(void)close(dir); /* read only */
		dir = next;
		if (text_equal(name, ".."))
			continue;
		text_append(&stack, "..\n");
		result = read_pids(dir, list, err);
		if (result == 0)
			result = push_children(dir, &stack, err);
		if (result == -ENOENT || result == -ENODEV)
			result = 0; /* removed meanwhile */
	}
	return result;
}

int cgroup_pids(const struct cgroup *cgroup, pid_t **ret, size_t *ret_count, struct error *err)
{
	const struct cgroup_dir *dir = cgroup_find_v2(cgroup);
	struct pid_list list = { 0 };

	if (dir == NULL)
		dir = cgroup_find_v1(cgroup, "devices");
	if (dir == NULL && cgroup->count > 0)
		dir = &cgroup->dirs[0];
	int result = dir == NULL ? 0 : walk_pids(dir->fd, &list, err);
	if (result == -ENOENT || result == -ENODEV)
		result = 0; /* a removed cgroup has no processes */
	if (result < 0) {
		free(list.items);
		return error_add(err, "cgroup \"%s%s\"", dir->mount_point, dir->path);
	}
	*ret = list.items;
	*ret_count = list.count;
	return 0;
}

/* --- kill -------------------------------------------------------------------------------------- */

/* Without cgroup.kill: frozen processes cannot fork away from the list. */
static int kill_each(const struct cgroup *cgroup, struct error *err)
{
	for (int pass = 0; pass < KILL_PASSES; pass++) {
		autofree pid_t *pids = NULL;
		size_t count = 0, alive = 0;
		struct error ignored;
		bool frozen = cgroup_freeze(cgroup, KILL_FREEZE_MS, &ignored) == 0;
		int result = cgroup_pids(cgroup, &pids, &count, err);

		for (size_t i = 0; result == 0 && i < count; i++)
			if (kill(pids[i], SIGKILL) == 0)
				alive++;
			else if (errno != ESRCH)
				result = error_set(err, errno, "kill process %d", pids[i]);
		/* A frozen process dies only when it is thawed. */
		if (cgroup_thaw(cgroup, &ignored) < 0 && frozen && result == 0)
			result = error_set(err, EIO, "thaw the killed cgroup");
		if (result < 0 || alive == 0 || frozen)
			return result;
	}
	return 0;
}

int cgroup_kill(const struct cgroup *cgroup, struct error *err)
{
	const struct cgroup_dir *unified = cgroup_find_v2(cgroup),
				*freezer = cgroup_find_v1(cgroup, "freezer");

	if (unified == NULL || !cgroup_file_try(unified->fd, "cgroup.kill", "1"))
		return kill_each(cgroup, err);
	/* Version 2's own freezer lets the killed go, version 1's does not. */
	if (freezer != NULL && !cgroup_file_try(freezer->fd, "freezer.state", "THAWED"))
		return kill_each(cgroup, err);
	return 0;
}

uint64_t cgroup_oom_kills(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_find_v1(cgroup, "memory");
	const char *file = "memory.oom_control";
	char value[CGROUP_VALUE_SIZE];
	struct error ignored;

	if (dir == NULL) {
		dir = cgroup_find_v2(cgroup);
		file = "memory.events";
	}
	if (dir == NULL || cgroup_file_read(dir->fd, file, value, sizeof(value), &ignored) < 0)
		return 0;
	return cgroup_file_key(value, "oom_kill", 0);
}
