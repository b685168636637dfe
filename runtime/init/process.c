/*
 * From the finished root to the user's program: descriptors closed, environment, working directory,
 * the program looked up with the process's own rights, CREATED, the gate, exec. Only names of the
 * container's own root are used here.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define X_OK_FLAG 1
#define MADV_DONTNEED_ADVICE 4
#define PASSWD_MAX ((size_t)1 << 20)
#define EXECUTE_NOTHING_OPEN 3
#define RLIMIT_NOFILE_NUMBER 7

int init_personality(struct init *init, struct error *err)
{
	if ((init->plan->flags & PLAN_PERSONALITY) == 0)
		return 0;
	long result = sys_call6(__NR_personality, init->plan->personality, 0, 0, 0, 0, 0);

	return result < 0 ? error_set(err, (int)-result, "personality") : 0;
}

/* Close everything but the streams, the conversation, the lock and what is to be kept open. */
int init_close_descriptors(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	int keep[3] = { plan->fds.sync, plan->fds.gate, plan->fds.lock };
	unsigned next = EXECUTE_NOTHING_OPEN + plan->preserve_fds;

	for (int i = 0; i < 3; i++) /* three numbers: put in order */
		for (int j = i + 1; j < 3; j++)
			if (keep[j] < keep[i]) {
				int swap = keep[i];

				keep[i] = keep[j];
				keep[j] = swap;
			}
	for (int i = 0; i <= 3; i++) {
		long last = i < 3 ? (long)keep[i] - 1 : (long)~0U;

		if (i < 3 && keep[i] < (int)next)
			continue; /* absent */
		if (last >= (long)next) {
			long result = sys_close_range(next, (unsigned)last, 0);

			if (result < 0)
				return error_set(err, (int)-result, "close_range");
		}
		next = (unsigned)last + 2;
	}
	init->root = init->proc = init->null = -1;
	init->late_count = 0;
	return 0;
}

bool passwd_find_home(char *text, size_t length, unsigned uid, char *ret, size_t room)
{
	char number[24], *line = text, *end = text + length;

	string_number(number, uid, 10);
	while (line < end) {
		char *fields[7] = { line };
		int count = 1;
		char *next = line;

		while (next < end && *next != '\n') {
			if (*next == ':' && count < 7) {
				*next = '\0';
				fields[count++] = next + 1;
			}
			next++;
		}
		if (next < end)
			*next = '\0';
		else if (length > 0)
			end[-1] = next == end ? end[-1] : '\0';
		/* Only numbers are compared: a name that looks like one is a name (CVE-2016-3697). */
		if (count == 7 && next < end && string_equal(fields[2], number) && fields[5][0] != '\0')
			return string_join(ret, room, "", fields[5]);
		line = next + 1;
	}
	return false;
}

/* HOME of the process's user from the container's /etc/passwd; "/" when that has none. */
static void find_home(unsigned uid, char *ret, size_t room)
{
	struct stat st;
	char *text = memory_take(PASSWD_MAX);
	size_t length = 0;
	long fd = sys_open(-100, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0), got;

	(void)string_join(ret, room, "/", ""); /* fits */
	if (text != NULL && fd >= 0 && sys_fstat((int)fd, &st) == 0 && (st.st_mode & S_IFMT) == S_IFREG) {
		while (length < PASSWD_MAX - 1 &&
		       (got = sys_read((int)fd, text + length, PASSWD_MAX - 1 - length)) > 0)
			length += (size_t)got;
		text[length++] = '\n';                                /* so that the last line ends too */
		(void)passwd_find_home(text, length, uid, ret, room); /* "/" stays where it has none */
	}
	if (fd >= 0)
		(void)sys_close((int)fd);
}

int init_environment(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	const struct plan_text *args = plan_items(plan, plan->args), *env = plan_items(plan, plan->env);
	size_t room = sizeof(char *) * (plan->args.count + plan->env.count + 3) + INIT_PATH_MAX;
	const char **argv = memory_take(room);

	if (argv == NULL)
		return error_set(err, ENOMEM, "arguments");
	const char **envp = argv + plan->args.count + 1;
	for (uint32_t i = 0; i < plan->args.count; i++)
		argv[i] = plan_text(plan, args[i]);
	for (uint32_t i = 0; i < plan->env.count; i++)
		envp[i] = plan_text(plan, env[i]);
	if ((plan->flags & PLAN_HOME_FROM_PASSWD) != 0) {
		char *home = (char *)(envp + plan->env.count + 2);

		(void)string_join(home, INIT_PATH_MAX, "HOME=", ""); /* fits */
		find_home(plan->uid, home + 5, INIT_PATH_MAX - 5);
		envp[plan->env.count] = home;
	}
	init->argv = argv;
	init->envp = envp;
	return 0;
}

int init_groups(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;

	if ((plan->flags & PLAN_SETGROUPS) == 0)
		return 0;
	long result = sys_call6(__NR_setgroups, plan->groups.count, SYS_PTR(plan_items(plan, plan->groups)),
				0, 0, 0, 0);
	return result < 0 ? error_set(err, (int)-result, "setgroups") : 0;
}

/*
 * With the file system rights of the process: its ids, and without the capabilities that pass over
 * permissions (the kernel drops these when the fsuid leaves 0, and gives them back). A process that
 * keeps CAP_DAC_OVERRIDE without being root looks with ours.
 */
static bool borrow_user(const struct plan *plan)
{
	bool overrides = (plan->capabilities.effective & (1ULL << CAP_DAC_OVERRIDE)) != 0;

	if (plan->uid == 0 || overrides)
		return false;
	(void)sys_call6(__NR_setfsgid, plan->gid, 0, 0, 0, 0, 0); /* returns the old id, never fails for us */
	(void)sys_call6(__NR_setfsuid, plan->uid, 0, 0, 0, 0, 0);
	return true;
}

static void return_user(bool borrowed)
{
	if (!borrowed)
		return;
	(void)sys_call6(__NR_setfsuid, 0, 0, 0, 0, 0, 0); /* always allowed with CAP_SETUID */
	(void)sys_call6(__NR_setfsgid, 0, 0, 0, 0, 0, 0);
}

/*
 * The working directory, by the container's names; getcwd proves that it is below its root
 * (CVE-2024-21626). Tried with our rights first, as runc, then with those of the process.
 */
int init_make_cwd(struct init *init, struct error *err)
{
	const char *cwd = plan_text(init->plan, init->plan->cwd);
	int fd;

	if (cwd == NULL)
		return 0;
	int result = root_make(init->root, cwd, true, &fd, err);
	if (result == 0)
		(void)sys_close(fd);
	return result < 0 ? error_add(err, "make \"%s\"", cwd) : 0;
}

int init_enter_cwd(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	const char *cwd = plan_text(plan, plan->cwd);
	char here[INIT_PATH_MAX];

	if (cwd == NULL)
		return 0;
	long result = sys_chdir(cwd);
	if (result == -EACCES || result == -EPERM) {
		bool borrowed = borrow_user(plan);

		result = sys_chdir(cwd);
		return_user(borrowed);
	}
	if (result < 0)
		return error_set(err, (int)-result, "chdir to cwd (\"%s\") set in config.json failed", cwd);
	result = sys_getcwd(here, sizeof(here));
	if (result < 0 || here[0] != '/')
		return error_set(err, 0,
				 "current working directory \"%s\" is outside of container mount namespace "
				 "root -- possible container breakout detected",
				 cwd);
	return 0;
}

/* 0 when @path can be executed by the process, else a negative errno. */
static long check_executable(const char *path)
{
	struct stat st;
	long result = sys_fstatat(-100, path, &st, 0);

	if (result < 0)
		return result;
	if ((st.st_mode & S_IFMT) == S_IFDIR)
		return -EISDIR;
	return sys_access(-100, path, X_OK_FLAG, AT_EACCESS);
}

/* In runc's words: engines turn them into exit codes 126 and 127. */
int init_find_program(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	const char *program = plan_text(plan, plan->program);
	bool by_path = false;
	long result = -ENOENT;

	if ((plan->flags & PLAN_HAS_PROCESS) == 0)
		return 0;
	for (const char *c = program; *c != '\0'; c++)
		by_path = by_path || *c == '/';
	bool borrowed = borrow_user(plan);
	for (PLAN_EACH(struct plan_text, candidate, plan, plan->candidates)) {
		const char *path = plan_text(plan, *candidate);

		result = check_executable(path);
		if (result == 0) {
			init->program = path;
			break;
		}
	}
	return_user(borrowed);
	if (result == 0)
		return 0;
	if (!by_path)
		return error_set(err, 0, "exec: \"%s\": executable file not found in $PATH", program);
	if (result == -EISDIR) /* both words: older engines know only the second, as 126 */
		return error_set(err, EACCES, "exec: \"%s\": is a directory", program);
	if (result == -EACCES || result == -EPERM)
		return error_set(err, 0, "exec: \"%s\": permission denied", program);
	return error_set(err, (int)-result, "exec: \"%s\": stat %s", program, program);
}

/*
 * The gate's connection is one descriptor more, beside the streams, what is kept for the program, the
 * conversation, the gate and the lock: who waits may have as many, whatever the limit will be.
 */
static uint64_t files_at_gate(const struct plan *plan)
{
	return plan->fds.gate < 0 ? 0 : 3ULL + plan->preserve_fds + 4;
}

static int set_limit(uint32_t resource, uint64_t soft, uint64_t hard, struct error *err)
{
	uint64_t values[2] = { soft, hard };
	long result = sys_call6(__NR_prlimit64, 0, resource, SYS_PTR(values), 0, 0, 0);

	return result < 0 ? error_set(err, (int)-result, "set rlimit %u", resource) : 0;
}

/* Before the ids: limits can be raised, and that of processes is looked at when the uid changes. */
int init_rlimits(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;

	for (PLAN_EACH(struct plan_rlimit, limit, plan, plan->rlimits)) {
		uint64_t least = limit->resource == RLIMIT_NOFILE_NUMBER ? files_at_gate(plan) : 0;
		int result = set_limit(limit->resource, limit->soft < least ? least : limit->soft,
				       limit->hard < least ? least : limit->hard, err);

		if (result < 0)
			return result;
	}
	return 0;
}

/* The limit of descriptors that was too low for the gate: lowering needs no rights. */
static int lower_files(const struct plan *plan, struct error *err)
{
	for (PLAN_EACH(struct plan_rlimit, limit, plan, plan->rlimits))
		if (limit->resource == RLIMIT_NOFILE_NUMBER && limit->soft < files_at_gate(plan))
			return set_limit(limit->resource, limit->soft, limit->hard, err);
	return 0;
}

int init_created(struct init *init, struct error *err)
{
	(void)err;
	if ((init->plan->flags & PLAN_DIRECT) == 0)
		sync_send(init, SYNC_CREATED, 0);
	return 0;
}

/*
 * Give back the stack that the steps so far have touched, and the plan, which its memfd has: a
 * waiting container should weigh little.
 */
static void release_memory(const struct plan *plan)
{
	const uintptr_t page = 4096, depth = 16 * page;
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - 512) & ~(page - 1);

	/* Nothing below this frame is in use; 512 bytes are more than it has itself. Advice: failing
	 * changes nothing. */
	(void)sys_call6(__NR_madvise, (long)(end - depth), (long)depth, MADV_DONTNEED_ADVICE, 0, 0, 0);
	(void)sys_call6(__NR_madvise, SYS_PTR(plan), plan->size, MADV_DONTNEED_ADVICE, 0, 0, 0);
}

/*
 * Wait for `start`. With a gate it connects and speaks over that connection; `run` has no gate and
 * goes on over the socket it has. What connects is root: the gate lies in a directory of root's.
 */
int init_gate(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	long peer;

	if ((plan->flags & PLAN_DIRECT) != 0)
		return 0;
	if (plan->fds.gate < 0) {
		int result = sync_expect(init, SYNC_START, err);

		if (result < 0)
			return result;
	} else {
		release_memory(plan);
		(void)sys_close(
			init->peer); /* hull's create ends; nobody is told of later failures but start */
		init->peer = -1;
		do {
			peer = sys_call6(__NR_accept4, plan->fds.gate, 0, 0, O_CLOEXEC, 0, 0);
		} while (peer == -EINTR || peer == -ECONNABORTED);
		if (peer < 0)
			return error_set(err, (int)-peer, "accept");
		init->peer = (int)peer;
		(void)sys_close(plan->fds.gate); /* a second start is refused from here on */
	}
	if ((plan->flags & PLAN_HAS_PROCESS) == 0)
		return error_set(err, 0, "process property must not be empty");
	return lower_files(plan, err);
}

/* Descriptors 3 … 3+N-1 are the program's; everything else goes with exec. */
static int keep_descriptors(const struct plan *plan, struct error *err)
{
	for (uint32_t i = 0; i < plan->preserve_fds; i++) {
		long result = sys_fcntl((int)(3 + i), F_SETFD, 0);

		if (result < 0)
			return error_set(err, (int)-result, "keep descriptor %u open", 3 + i);
	}
	return 0;
}

int init_execute(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	struct sock_program {
		unsigned short count;
		const void *filter;
	} filter = { (unsigned short)plan->seccomp.count, plan_items(plan, plan->seccomp) };
	bool has_filter = plan->seccomp.count > 0, no_new_privs = (plan->flags & PLAN_NO_NEW_PRIVS) != 0;
	int result = keep_descriptors(plan, err);
	long loaded = 0;

	(void)sys_umask(plan->umask); /* cannot fail */
	sync_send(init, SYNC_EXECUTING, 0);
	/* Without no_new_privs a filter needs CAP_SYS_ADMIN, which the last capset may take away. */
	if (result == 0 && no_new_privs)
		result = credentials_set_capabilities(plan, err);
	if (result == 0 && has_filter)
		loaded = sys_call6(__NR_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, plan->seccomp_flags,
				   SYS_PTR(&filter), 0, 0, 0);
	if (loaded < 0)
		return error_set(err, (int)-loaded, "load the seccomp filter");
	if (result == 0 && !no_new_privs)
		result = credentials_set_capabilities(plan, err);
	if (result < 0)
		return result;
	long executed = sys_execve(init->program, init->argv, init->envp);
	return error_set(err, (int)-executed, "exec %s", init->program);
}
