/*
 * Times OCI runtimes against each other: every operation of every runtime in turn, round after
 * round, so that what disturbs the machine disturbs all of them. Knows nothing but the command line
 * that all runtimes share. The bundles are made by the script `bench`.
 *
 *   measure [--probe] ROUNDS DIR NAME=PATH...     DIR/NAME/{run,cycle,live}: bundles, DIR/NAME/root: state
 *
 * The first runtime is the one that the others are compared with. --probe: exit 0 when the first one
 * can run a container here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNTIMES 8
#define MAX_ROUNDS 1000
#define WARM_UP 2

enum operation { RUN, CREATE, START, DELETE, EXEC, STATE, LIST, OPERATION_COUNT };
static const char *const operation_names[] = {
	[RUN] = "run",   [CREATE] = "create", [START] = "start", [DELETE] = "delete --force",
	[EXEC] = "exec", [STATE] = "state",   [LIST] = "list",
};

struct runtime {
	const char *name, *path;
	char root[PATH_MAX], run[PATH_MAX], cycle[PATH_MAX], live[PATH_MAX], pid_file[PATH_MAX],
		errors[PATH_MAX];
	char ids[3][64]; /* of run, cycle, live */
	bool failed[OPERATION_COUNT];
	unsigned count[OPERATION_COUNT];
	double ms[OPERATION_COUNT][MAX_ROUNDS];
	long peak_kb;        /* of run: the largest process of it, the payload included */
	long rss_kb, pss_kb; /* of the init process of a created container */
};

static struct runtime runtimes[MAX_RUNTIMES];
static size_t runtime_count;

static void die(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/*
 * Run a command to its end; -1 unless it exits with 0. Orphans (containers that were killed) come to
 * this process and are reaped on the way: a runtime that waits for one to vanish must not wait for us.
 */
static double time_command(const struct runtime *runtime, char *const argv[], long *ret_peak_kb)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage = { 0 };
	pid_t pid, waited;
	int status = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, runtime->errors,
					 O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	double before = now_ms();
	errno = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno != 0)
		die(argv[0]);
	do {
		waited = wait4(-1, &status, 0, &usage);
	} while (waited != pid && (waited > 0 || errno == EINTR));
	double after = now_ms();
	posix_spawn_file_actions_destroy(&actions);
	if (waited != pid)
		die("wait4");
	if (ret_peak_kb != NULL)
		*ret_peak_kb = usage.ru_maxrss;
	return status == 0 ? after - before : -1;
}

static double run_operation(struct runtime *r, enum operation operation)
{
	/* What is constant in argv is never written to. */
#define ARGV(...) ((char *[]){ (char *)(size_t)r->path, "--root", r->root, __VA_ARGS__, NULL })
	switch (operation) {
	case RUN:
		return time_command(r, ARGV("run", "--bundle", r->run, r->ids[0]), &r->peak_kb);
	case CREATE:
		return time_command(
			r, ARGV("create", "--bundle", r->cycle, "--pid-file", r->pid_file, r->ids[1]), NULL);
	case START:
		return time_command(r, ARGV("start", r->ids[1]), NULL);
	case DELETE:
		return time_command(r, ARGV("delete", "--force", r->ids[1]), NULL);
	case EXEC:
		return time_command(r, ARGV("exec", r->ids[2], "/bin/true"), NULL);
	case STATE:
		return time_command(r, ARGV("state", r->ids[2]), NULL);
	case LIST:
		return time_command(r, ARGV("list"), NULL);
	case OPERATION_COUNT:
		break;
	}
	return -1;
}

/* The runtime's own words, once. */
static void report_failure(struct runtime *r, const char *what)
{
	char words[300] = "";
	FILE *file = fopen(r->errors, "re");

	if (file != NULL) {
		size_t length = fread(words, 1, sizeof(words) - 1, file);
		words[length] = '\0';
		words[strcspn(words, "\n")] = '\0';
		fclose(file);
	}
	fprintf(stderr, "%s: %s fails: %s\n", r->name, what, words);
}

static void measure_operation(struct runtime *r, enum operation operation, bool keep)
{
	if (r->failed[operation])
		return;
	double ms = run_operation(r, operation);
	if (ms < 0) {
		r->failed[operation] = true;
		report_failure(r, operation_names[operation]);
	} else if (keep) {
		r->ms[operation][r->count[operation]++] = ms;
	}
}

/* All runtimes, another one first each time. */
static void measure_round(enum operation first, enum operation last, unsigned round)
{
	for (size_t i = 0; i < runtime_count; i++) {
		struct runtime *r = &runtimes[(i + round) % runtime_count];

		for (enum operation operation = first; operation <= last; operation++)
			measure_operation(r, operation, round >= WARM_UP);
	}
}

static void start_live(struct runtime *r)
{
	if (time_command(r, ARGV("create", "--bundle", r->live, r->ids[2]), NULL) >= 0 &&
	    time_command(r, ARGV("start", r->ids[2]), NULL) >= 0)
		return;
	report_failure(r, "a container that stays");
	r->failed[EXEC] = r->failed[STATE] = r->failed[LIST] = true;
}

/* Resident and proportional memory of a created container's waiting init. */
static void measure_memory(struct runtime *r)
{
	char path[64], line[256];
	long pid = 0;

	if (run_operation(r, CREATE) < 0)
		return;
	FILE *file = fopen(r->pid_file, "re");
	if (file == NULL || fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	if (file != NULL)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	file = pid > 0 ? fopen(path, "re") : NULL;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		sscanf(line, "Rss: %ld", &r->rss_kb);
		sscanf(line, "Pss: %ld", &r->pss_kb);
	}
	if (file != NULL)
		fclose(file);
	(void)run_operation(r, DELETE);
}

/* --- the table --------------------------------------------------------------------------------------- */

static int compare_ms(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_row(const char *title, const struct runtime *r, const double best[2], const double base[2])
{
	printf("%-22s %-10s %9.2f %9.2f", title, r->name, best[0], best[1]);
	if (r != &runtimes[0] && base[0] > 0)
		printf(" %9.2f %9.2f", base[0] / best[0], base[1] / best[1]);
	printf("\n");
}

/* Sums of the samples of [first, last] of one round, sorted; returns how many rounds there are. */
static unsigned sum_samples(const struct runtime *r, enum operation first, enum operation last,
			    double ret[MAX_ROUNDS])
{
	unsigned count = MAX_ROUNDS;

	for (enum operation operation = first; operation <= last; operation++)
		count = r->count[operation] < count ? r->count[operation] : count;
	for (unsigned i = 0; i < count; i++) {
		ret[i] = 0;
		for (enum operation operation = first; operation <= last; operation++)
			ret[i] += r->ms[operation][i];
	}
	qsort(ret, count, sizeof(*ret), compare_ms);
	return count;
}

static void print_operation(const char *title, enum operation first, enum operation last)
{
	static double samples[MAX_ROUNDS];
	double base[2] = { 0, 0 };

	for (size_t i = 0; i < runtime_count; i++) {
		const struct runtime *r = &runtimes[i];
		unsigned count = sum_samples(r, first, last, samples);

		if (count == 0) {
			printf("%-22s %-10s %9s %9s\n", title, r->name, "-", "-");
			continue;
		}
		double best[2] = { samples[0], samples[count / 2] };
		if (i == 0)
			memcpy(base, best, sizeof(base));
		print_row(title, r, best, base);
	}
}

static void print_memory(void)
{
	for (size_t i = 0; i < runtime_count; i++)
		printf("%-22s %-10s %6ld KB resident, %ld KB proportional\n", "created container",
		       runtimes[i].name, runtimes[i].rss_kb, runtimes[i].pss_kb);
	for (size_t i = 0; i < runtime_count; i++)
		printf("%-22s %-10s %6ld KB (the payload included)\n", "peak of run", runtimes[i].name,
		       runtimes[i].peak_kb);
}

static void print_table(unsigned rounds)
{
	printf("%-22s %-10s %9s %9s   %s of it\n", "", "", "min ms", "median", runtimes[0].name);
	printf("%-22s %-10s %9s %9s %9s %9s   (%u rounds)\n", "", "", "", "", "min", "median", rounds);
	print_operation(operation_names[RUN], RUN, RUN);
	print_operation("create start delete", CREATE, DELETE);
	for (enum operation operation = CREATE; operation <= LIST; operation++)
		print_operation(operation_names[operation], operation, operation);
	print_memory();
}

/* --- the whole --------------------------------------------------------------------------------------- */

static void add_runtime(const char *directory, char *argument)
{
	struct runtime *r = &runtimes[runtime_count++];
	char *equals = strchr(argument, '=');

	if (equals == NULL || runtime_count > MAX_RUNTIMES) {
		fprintf(stderr, "measure: \"%s\" is not NAME=PATH, or one too many\n", argument);
		exit(2);
	}
	*equals = '\0';
	r->name = argument;
	r->path = equals + 1;
	static const char *const kinds[] = { "run", "cycle", "live" };
	char *const paths[] = { r->run, r->cycle, r->live };
	for (size_t i = 0; i < 3; i++) {
		snprintf(paths[i], PATH_MAX, "%s/%s/%s", directory, r->name, kinds[i]);
		snprintf(r->ids[i], sizeof(r->ids[i]), "bench-%.32s-%s", r->name, kinds[i]);
	}
	snprintf(r->root, sizeof(r->root), "%s/%s/root", directory, r->name);
	snprintf(r->pid_file, sizeof(r->pid_file), "%s/%s/pid", directory, r->name);
	snprintf(r->errors, sizeof(r->errors), "%s/%s/errors", directory, r->name);
}

static void measure_all(unsigned rounds)
{
	for (unsigned round = 0; round < rounds + WARM_UP; round++)
		measure_round(RUN, RUN, round);
	for (unsigned round = 0; round < rounds + WARM_UP; round++)
		measure_round(CREATE, DELETE, round);
	for (size_t i = 0; i < runtime_count; i++)
		measure_memory(&runtimes[i]);
	for (size_t i = 0; i < runtime_count; i++)
		start_live(&runtimes[i]);
	for (enum operation operation = EXEC; operation <= LIST; operation++)
		for (unsigned round = 0; round < rounds + WARM_UP; round++)
			measure_round(operation, operation, round);
	for (size_t i = 0; i < runtime_count; i++) {
		struct runtime *r = &runtimes[i];

		(void)time_command(r, ARGV("delete", "--force", r->ids[2]), NULL);
		(void)time_command(r, ARGV("delete", "--force", r->ids[1]), NULL); /* where its own failed */
	}
}

int main(int argc, char **argv)
{
	bool probe = argc > 1 && strcmp(argv[1], "--probe") == 0;
	int first = probe ? 2 : 1;

	if (argc - first < 3) {
		fprintf(stderr, "usage: measure [--probe] ROUNDS DIR NAME=PATH...\n");
		return 2;
	}
	int rounds = atoi(argv[first]);
	rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
	for (int i = first + 2; i < argc; i++)
		add_runtime(argv[first + 1], argv[i]);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		die("prctl");
	if (probe) {
		if (run_operation(&runtimes[0], RUN) >= 0)
			return 0;
		report_failure(&runtimes[0], operation_names[RUN]);
		return 1;
	}
	measure_all((unsigned)rounds);
	print_table((unsigned)rounds);
	return 0;
}
