/* hull container logs: what hull-shim has logged, across rotated files, and what still comes. */
#include "shim/container/command.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/text.h"
#include "base/words.h"
#include "shim/container/journal.h"
#include "shim/container/view.h"
#include "shim/store/logread.h"

#include "base/banned.h"

#define LOOK_MS 200       /* between looks whether the container still runs */
#define BUNCH_BYTES 65536 /* written at once */

struct logs_values {
	const char *since, *until, *tail;
	struct opt_bool follow, timestamps;
};

static const struct flag_row logs_rows[] = {
	FLAG(struct logs_values, follow, BOOL, "follow", 'f', NULL,
	     "go on with what comes, until the container ends"),
	FLAG(struct logs_values, since, TEXT, "since", 0, "TIME",
	     "not before TIME: 2026-11-25T08:29:43Z, or 10m ago"),
	FLAG(struct logs_values, until, TEXT, "until", 0, "TIME", "not after TIME"),
	FLAG(struct logs_values, tail, TEXT, "tail", 'n', "N", "only the last N lines (default: all)"),
	FLAG(struct logs_values, timestamps, BOOL, "timestamps", 't', NULL, "the time before each line"),
	{ 0 },
};

struct logs {
	struct front *front;
	const char *id;
	enum store_log_driver driver;
	int64_t since_ns, until_ns;
	bool follow, timestamps;
	bool tailed;        /* only the last lines */
	uint64_t skip;      /* lines that are passed over first */
	bool in_line[3];    /* by stream: a line has begun and has no end */
	struct text out[3]; /* by descriptor: what is to be written */
};

/* --- output --------------------------------------------------------------------------------------- */

static int flush(struct logs *logs, struct error *err)
{
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		struct text *out = &logs->out[fd];

		if (out->length == 0 && !out->failed)
			continue;
		int result = text_done(out, err);
		if (result == 0)
			result = fd_write_all(fd, out->data, out->length, "output", err);
		if (result < 0)
			return result;
		out->length = 0;
	}
	return 0;
}

static int write_entry(struct logs *logs, const struct logread_entry *entry, struct error *err)
{
	int stream = entry->stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO;
	struct text *out = &logs->out[stream], *other = &logs->out[STDOUT_FILENO + STDERR_FILENO - stream];

	/* on one terminal they come in the order in which they were logged */
	if (other->length > 0) {
		int result = flush(logs, err);

		if (result < 0)
			return result;
	}
	if (logs->timestamps && !logs->in_line[stream]) {
		words_time(entry->time_ns, out);
		text_append(out, " ");
	}
	text_append_bytes(out, entry->text, entry->length);
	if (!entry->partial)
		text_append(out, "\n");
	logs->in_line[stream] = entry->partial;
	return out->length < BUNCH_BYTES ? 0 : flush(logs, err);
}

/* --- files ---------------------------------------------------------------------------------------- */

static bool wanted(const struct logs *logs, const struct logread_entry *entry)
{
	return entry->time_ns >= logs->since_ns && entry->time_ns <= logs->until_ns;
}

/* How many lines there are: so that the last ones can be told. Nothing of them is kept. */
static int count_lines(struct logs *logs, struct logread *log, uint64_t *ret, struct error *err)
{
	bool in_line[3] = { false };
	struct logread_entry entry;
	uint64_t count = 0;
	int result;

	while ((result = logread_next(log, &entry, err)) > 0) {
		int stream = entry.stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO;

		if (!wanted(logs, &entry))
			continue;
		count += !in_line[stream];
		in_line[stream] = entry.partial;
	}
	*ret = count;
	return result;
}

/* Everything that is there now. */
static int write_rest(struct logs *logs, struct logread *log, struct error *err)
{
	struct logread_entry entry;
	bool skipped[3] = { false };
	int result;

	while ((result = logread_next(log, &entry, err)) > 0) {
		int stream = entry.stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO;

		if (!wanted(logs, &entry))
			continue;
		if (logs->skip > 0 || skipped[stream]) {
			/* the pieces of a long line go together */
			logs->skip -= !skipped[stream];
			skipped[stream] = entry.partial;
			continue;
		}
		result = write_entry(logs, &entry, err);
		if (result < 0)
			return result;
	}
	return result < 0 ? result : flush(logs, err);
}

static bool still_runs(const struct logs *logs)
{
	struct store_run run;
	struct pidfd pidfd;
	struct error ignored;

	if (store_run_load(&logs->front->store, logs->id, &run, &ignored) < 0)
		return false;
	if (process_find(&run.shim, &pidfd, &ignored) < 0)
		return false;  /* who would write to it? */
	(void)close(pidfd.fd); /* only asked whether it is there */
	return true;
}

static int watch_directory(const struct logread *log, struct error *err)
{
	char path[40];
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", logread_directory(log));
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return error_set(err, errno, "watch the log");
	return take_fd(&fd);
}

static int follow(struct logs *logs, struct logread *log, struct error *err)
{
	autoclose int fd = watch_directory(log, err);
	int result = fd < 0 ? fd : 0;

	while (result == 0) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };
		char events[4096];
		/* asked before the log is read: what was written before its end is then read */
		bool runs = still_runs(logs);

		result = write_rest(logs, log, err);
		if (result < 0 || !runs || words_now_ns() > logs->until_ns)
			return result;
		if (poll(&poller, 1, LOOK_MS) > 0)
			while (read(fd, events, sizeof(events)) > 0)
				; /* that there is something is all that counts */
	}
	return result;
}

/* A container that has just been created has no log yet. */
static int open_log(struct logs *logs, struct logread **ret, struct error *err)
{
	for (;;) {
		int result = logread_open(&logs->front->store, logs->id, logs->driver, ret, err);

		if (result != -ENOENT)
			return result;
		if (!logs->follow || !still_runs(logs))
			return -ENOENT;
		(void)poll(NULL, 0, LOOK_MS);
	}
}

static int show_files(struct logs *logs, uint64_t tail, struct error *err)
{
	struct logread *log = NULL;
	uint64_t lines = 0;
	int result = open_log(logs, &log, err);

	if (result == -ENOENT)
		return 0;
	if (result == 0 && logs->tailed) {
		result = count_lines(logs, log, &lines, err);
		logread_close(log);
		log = NULL;
		logs->skip = lines > tail ? lines - tail : 0;
		if (result == 0)
			result = open_log(logs, &log, err);
	}
	if (result == 0)
		result = logs->follow ? follow(logs, log, err) : write_rest(logs, log, err);
	if (log != NULL)
		logread_close(log);
	return result;
}

/* --- the journal ---------------------------------------------------------------------------------- */

/* What is there now, or all up to the end of @journal. @wait_ms: for the first one. */
static int write_journal(struct logs *logs, struct journal *journal, int wait_ms, struct error *err)
{
	struct logread_entry entry;
	int result;

	while ((result = journal_next(journal, wait_ms, &entry, err)) > 0) {
		if (wanted(logs, &entry))
			result = write_entry(logs, &entry, err);
		if (result < 0)
			return result;
		wait_ms = wait_ms < 0 ? wait_ms : 0;
	}
	return result < 0 ? result : flush(logs, err);
}

/* Until the container has ended; @ret_cursor is behind what was written. */
static int follow_journal(struct logs *logs, const struct journal_query *query, char *ret_cursor,
			  struct error *err)
{
	struct journal journal;
	struct error ignored;
	int status = 0, result = journal_open(query, &logs->front->arena, &journal, err);

	if (result < 0)
		return result;
	while (result == 0 && !journal.ended && still_runs(logs) && words_now_ns() <= logs->until_ns)
		result = write_journal(logs, &journal, LOOK_MS, err);
	memcpy(ret_cursor, journal.cursor, sizeof(journal.cursor));
	if (result < 0) {
		ignore_failure(journal_close(&journal, &status, &ignored)); /* the reason is told already */
		return result;
	}
	result = journal_close(&journal, &status, err);
	return result < 0 ? result : status;
}

static int show_journal(struct logs *logs, const struct logs_values *given, struct error *err)
{
	struct journal_query query = { .id = logs->id,
				       .lines = logs->tailed ? given->tail : NULL,
				       .since_ns = logs->since_ns,
				       .until_ns = logs->until_ns,
				       .follow = logs->follow && still_runs(logs) };
	char cursor[JOURNAL_CURSOR_BYTES] = "";
	struct journal journal;
	struct error ignored;
	int status = 0, result = query.follow ? follow_journal(logs, &query, cursor, err) : 0;

	if (result != 0)
		return result;
	/* What came last may not be there yet; and a follower was ended wherever it was. */
	if (!still_runs(logs))
		journal_sync();
	query.follow = false;
	if (cursor[0] != '\0') {
		query.after = cursor;
		query.lines = NULL;
	}
	result = journal_open(&query, &logs->front->arena, &journal, err);
	if (result < 0)
		return result;
	result = write_journal(logs, &journal, -1, err);
	if (result < 0) {
		ignore_failure(journal_close(&journal, &status, &ignored)); /* the reason is told already */
		return result;
	}
	result = journal_close(&journal, &status, err);
	return result < 0 ? result : status;
}

static int read_values(const struct logs_values *given, struct logs *logs, uint64_t *ret_tail,
		       struct error *err)
{
	int64_t now_ns = words_now_ns();
	struct error ignored;
	int result = 0;

	if (given->since != NULL)
		result = words_parse_moment(given->since, now_ns, &logs->since_ns, err);
	if (result < 0)
		return error_add(err, "invalid value for \"since\"");
	if (given->until != NULL)
		result = words_parse_moment(given->until, now_ns, &logs->until_ns, err);
	if (result < 0)
		return error_add(err, "invalid value for \"until\"");
	if (given->tail != NULL && !text_equal(given->tail, "all") && !text_equal(given->tail, "-1")) {
		if (number_parse_u64(given->tail, INT64_MAX, ret_tail, &ignored) < 0)
			return error_set(err, 0,
					 "invalid value for \"tail\": %s is neither a number nor \"all\"",
					 given->tail);
		logs->tailed = true;
	}
	return 0;
}

static int logs_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct logs_values *given = values;
	struct logs logs = {
		.front = front,
		.since_ns = INT64_MIN,
		.until_ns = INT64_MAX,
		.follow = given->follow.value,
		.timestamps = given->timestamps.value,
	};
	uint64_t tail = 0;
	struct view view;
	int result = read_values(given, &logs, &tail, err);

	if (result == 0)
		result = view_find(front, args->items[0], &view, err);
	if (result < 0)
		return result;
	logs.id = view.id;
	logs.driver = view.container.log_driver;
	if (logs.driver == LOG_DRIVER_NONE)
		return error_set(err, 0, "configured logging driver does not support reading");
	result = logs.driver == LOG_DRIVER_JOURNALD ? show_journal(&logs, given, err)
						    : show_files(&logs, tail, err);
	text_release(&logs.out[STDOUT_FILENO]);
	text_release(&logs.out[STDERR_FILENO]);
	return result;
}

const struct command cmd_logs = {
	.name = "logs",
	.usage = "CONTAINER",
	.summary = "Fetch the logs of a container",
	.options = logs_rows,
	.values_size = COMMAND_VALUES(struct logs_values),
	.min_args = 1,
	.max_args = 1,
	.run = logs_run,
};
