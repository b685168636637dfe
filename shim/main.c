/*
 * hull-shim run: the command line, what has to be there before the keeper starts, and how its end is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/number.h"
#include "base/path.h"
#include "base/process.h"
#include "base/program.h"
#include "base/text.h"
#include "shim/document.h"
#include "shim/keeper.h"
#include "shim/notify.h"
#include "shim/store/parent_cgroup.h"
#include "shim/systemd.h"

#include "base/banned.h"

/* The shim of the last run may be about to end. A unit is started once: it waits for all of that end. */
#define LAST_WAIT_MS 2000
#define UNIT_WAIT_MS 5000

static const char usage[] =
	"usage: hull-shim run [--systemd] [--adopt] [--store DIR] [--run DIR] [--hull PATH] [--root DIR]\n"
	"                     [--ready-fd N] [--client-fd N] [--restart-delay MS] CONTAINER\n"
	"       hull-shim --version\n";

struct arguments {
	const char *store, *run, *hull, *root, *container;
	uint64_t ready_fd, client_fd, restart_delay; /* UINT64_MAX: none */
	bool systemd, adopt;
};

static int parse_value(const char *name, const char *value, struct arguments *ret, struct error *err)
{
	if (strcmp(name, "--ready-fd") == 0)
		return number_parse_u64(value, INT_MAX, &ret->ready_fd, err);
	if (strcmp(name, "--client-fd") == 0)
		return number_parse_u64(value, INT_MAX, &ret->client_fd, err);
	if (strcmp(name, "--restart-delay") == 0)
		return number_parse_u64(value, INT_MAX, &ret->restart_delay, err);
	const char **place = strcmp(name, "--store") == 0  ? &ret->store
			     : strcmp(name, "--run") == 0  ? &ret->run
			     : strcmp(name, "--hull") == 0 ? &ret->hull
			     : strcmp(name, "--root") == 0 ? &ret->root
							   : NULL;
	if (place == NULL)
		return error_set(err, 0, "unknown option %s", name);
	*place = value;
	return 0;
}

static int parse_arguments(int argc, char **argv, struct arguments *ret, struct error *err)
{
	*ret = (struct arguments){ .store = STORE_DEFAULT_ROOT,
				   .run = STORE_DEFAULT_RUN,
				   .ready_fd = UINT64_MAX,
				   .client_fd = UINT64_MAX,
				   .restart_delay = UINT64_MAX };
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--systemd") == 0) {
			ret->systemd = true;
		} else if (strcmp(argv[i], "--adopt") == 0) {
			ret->adopt = true;
		} else if (argv[i][0] == '-') {
			if (i + 1 == argc)
				return error_set(err, 0, "option %s needs a value", argv[i]);
			int result = parse_value(argv[i], argv[i + 1], ret, err);
			if (result < 0)
				return error_add(err, "%s", argv[i]);
			i++;
		} else if (ret->container != NULL) {
			return error_set(err, 0, "one container only");
		} else {
			ret->container = argv[i];
		}
	}
	return ret->container == NULL ? error_set(err, 0, "a container is missing") : 0;
}

/* Beside us (a build tree), or in the bin beside our libexec. */
static int find_hull(struct text *ret, struct error *err)
{
	autotext struct text directory = TEXT_EMPTY, installed = TEXT_EMPTY;
	struct error ignored;
	int result = program_directory(&directory, err);

	if (result < 0 || program_find(directory.data, "hull", ret, &ignored) == 0)
		return result;
	text_format(&installed, "%s/../../bin", directory.data);
	result = text_done(&installed, err);
	return result < 0 ? result : program_find(installed.data, "hull", ret, err);
}

/* Somebody may have stopped the container just now: what is left to do for the shim that kept it is little.
 */
static int lock_run_directory(int fd, int64_t wait_ms)
{
	int64_t end = process_now_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || process_now_ms() >= end)
			return -errno;
		(void)poll(NULL, 0, 20); /* a pause */
	}
	return 0;
}

/* <run>/<id>, locked: two shims of one container would each take it for theirs. */
static int claim_run_directory(const struct store *store, const char *id, int64_t wait_ms, int *ret_fd,
			       struct error *err)
{
	if (mkdirat(store->run, id, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make \"%s/%s\"", store->run_path, id);
	autoclose int fd = openat(store->run, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open \"%s/%s\"", store->run_path, id);
	int result = lock_run_directory(fd, wait_ms);
	if (result == -EWOULDBLOCK)
		return error_set(err, 0, "container %.12s is kept by another hull-shim already", id);
	if (result < 0)
		return error_set(err, -result, "lock \"%s/%s\"", store->run_path, id);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int read_config(const struct store *store, const char *id, struct arena *arena,
		       const struct json **ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result == 0)
		result = fd_read_file_at(dir, "config.json", JSON_MAX_BYTES, &text, err);
	return result < 0 ? result : json_parse(arena, "config.json", text.data, text.length, ret, err);
}

/* A bundle of this run's own in the run directory, where the unit wants something else than config.json says.
 * @bundle is replaced where there is one. */
static int make_unit_bundle(const struct store *store, const char *id, int run_directory, int *ret_notify,
			    struct text *bundle, struct error *err)
{
	autotext struct text payload = TEXT_EMPTY, source = TEXT_EMPTY, text = TEXT_EMPTY;
	struct document_changes changes = { 0 };
	const struct json *config;
	struct arena arena;
	int result = systemd_enter_supervisor(&payload, err);

	if (result < 0)
		return result;
	arena_init(&arena, 0);
	result = read_config(store, id, &arena, &config, err);
	if (result == 0 && document_wants_notify(config)) {
		autoclose int dir = -1;

		text_format(&source, "%s/%s/notify", store->run_path, id);
		result = text_done(&source, err);
		if (result == 0 && mkdirat(run_directory, "notify", 0755) < 0 && errno != EEXIST)
			result = error_set(err, errno, "make \"%s\"", source.data);
		if (result == 0)
			dir = openat(run_directory, "notify",
				     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (result == 0)
			result = dir < 0 ? error_set(err, errno, "open \"%s\"", source.data)
					 : notify_listen(dir, "notify.sock", ret_notify, err);
		changes.notify_source = source.data;
	}
	changes.cgroups_path = payload.data;
	if (result == 0 && (changes.cgroups_path != NULL || changes.notify_source != NULL)) {
		result = document_print(config, &changes, &text, err);
		if (result == 0) {
			autoclose int fd =
				openat(run_directory, "config.json",
				       O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

			result = fd < 0 ? error_set(err, errno, "make config.json")
					: fd_write_all(fd, text.data, text.length, "config.json", err);
		}
		text_release(bundle);
		text_format(bundle, "%s/%s", store->run_path, id);
		if (result == 0)
			result = text_done(bundle, err);
	}
	arena_release(&arena);
	return result;
}

/* Descriptors that the caller names are ours; all others that it left open are not for anybody. */
static int take_descriptors(const struct arguments *arguments, struct keeper_options *options,
			    struct error *err)
{
	options->ready_fd = arguments->ready_fd == UINT64_MAX ? -1 : (int)arguments->ready_fd;
	options->client_fd = arguments->client_fd == UINT64_MAX ? -1 : (int)arguments->client_fd;
	int result = fd_cloexec_from(STDERR_FILENO + 1, err);
	for (int i = 0; result == 0 && i < 2; i++) {
		int fd = i == 0 ? options->ready_fd : options->client_fd;

		if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
			result = error_set(err, errno, "descriptor %d", fd);
	}
	return result;
}

static int keep(const struct arguments *arguments, struct keeper_options *options,
		struct store_exit *ret_exit, bool *ret_remove, struct error *err)
{
	static struct store store;
	static struct store_container container;
	static struct arena arena;
	static char id[STORE_ID_DIGITS + 1];
	static struct text store_path, run_path, hull, root, bundle; /* live as long as the process */
	int result = path_absolute(arguments->store, &store_path, err);

	if (result == 0)
		result = path_absolute(arguments->run, &run_path, err);
	if (result == 0)
		result = arguments->hull != NULL ? path_absolute(arguments->hull, &hull, err)
						 : find_hull(&hull, err);
	if (result == 0 && arguments->root != NULL)
		result = path_absolute(arguments->root, &root, err);
	if (result == 0)
		result = store_open(store_path.data, run_path.data, &store, err);
	if (result == 0)
		result = store_find(&store, arguments->container, id, err);
	arena_init(&arena, 0);
	if (result == 0)
		result = store_container_load(&store, id, &arena, &container, err);
	if (result == 0)
		result = claim_run_directory(&store, id,
					     arguments->adopt     ? 0
					     : arguments->systemd ? UNIT_WAIT_MS
								  : LAST_WAIT_MS,
					     &options->run_directory, err);
	text_format(&bundle, "%s/%s", store_path.data, id);
	if (result == 0)
		result = text_done(&bundle, err);
	if (result == 0 && arguments->systemd) /* whoever starts the unit wants it to run */
		result = store_want_stopped(&store, id, false, err);
	if (result == 0 && arguments->systemd)
		result = make_unit_bundle(&store, id, options->run_directory, &options->notify_fd, &bundle,
					  err);
	if (result < 0)
		return result;
	options->id = id;
	options->store = &store;
	options->container = &container;
	options->bundle = bundle.data;
	options->hull = hull.data;
	options->hull_root = root.data;
	result = keeper_run(options, ret_exit, err);
	if (result < 0 || !container.auto_remove)
		return result;
	*ret_remove = true;
	parent_cgroup_remove();
	result = store_drop_name(&store, container.name, err);
	return result < 0 ? result : store_drop(&store, id, err);
}

/* The service manager sees what the container died of. */
static void die_of(int signal_number)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t set;

	(void)setrlimit(RLIMIT_CORE, &no_core); /* the dump would be ours */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)signal(signal_number, SIG_DFL); /* SIGKILL cannot be caught anyway */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signal_number);
	(void)raise(signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int tell_error(const struct keeper_options *options, const struct error *err)
{
	const char *cause = err->number != 0 ? strerror(err->number) : "";

	dprintf(STDERR_FILENO, "hull-shim: %s%s%s\n", err->text, cause[0] != '\0' ? ": " : "", cause);
	if (options->ready_fd >= 0)
		dprintf(options->ready_fd, "error %s%s%s\n", err->text, cause[0] != '\0' ? ": " : "", cause);
	return 1;
}

int main(int argc, char **argv)
{
	struct keeper_options options = {
		.ready_fd = -1, .client_fd = -1, .notify_fd = -1, .run_directory = -1
	};
	struct arguments arguments;
	struct store_exit ending = { 0 };
	struct error err;
	bool removed = false;

	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)) {
		dprintf(STDOUT_FILENO, "hull-shim version " HULL_VERSION "\n");
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "run") != 0) {
		bool help = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);

		dprintf(help ? STDOUT_FILENO : STDERR_FILENO, "%s", usage);
		return help ? 0 : 1;
	}
	if (parse_arguments(argc, argv, &arguments, &err) < 0) {
		dprintf(STDERR_FILENO, "hull-shim: %s\n%s", err.text, usage);
		return 1;
	}
	if (take_descriptors(&arguments, &options, &err) < 0)
		return tell_error(&options, &err);
	options.systemd = arguments.systemd;
	options.adopt = arguments.adopt;
	options.restart_delay_ms =
		arguments.restart_delay == UINT64_MAX ? -1 : (int64_t)arguments.restart_delay;
	if (arguments.systemd) {
		if (notify_open(&err) < 0)
			return tell_error(&options, &err);
		options.listen_fds = systemd_listen_fds(&options.listen_names);
	} else {
		(void)setsid(); /* refused to the leader of a group, who has its own session or is one's own
				   child */
	}
	systemd_scrub_environment();
	if (keep(&arguments, &options, &ending, &removed, &err) < 0)
		return tell_error(&options, &err);
	if (arguments.systemd && ending.signal != 0)
		die_of(ending.signal);
	return ending.code < 0 ? 255 : ending.code;
}
