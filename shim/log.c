/* Lines cut and given to a driver, what is lost counted; see log.h. */
#include "shim/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "shim/log_cri.h"
#include "shim/log_file.h"
#include "shim/log_journal.h"
#include "shim/log_json.h"

#include "base/banned.h"

static struct {
	const struct store_container *container;
	struct log_file file;
	int journal;
	uint64_t lost;    /* entries, since the log was last good */
	int lost_number;  /* errno of the first */
	int64_t retry_ms; /* of CLOCK_MONOTONIC: not tried before, or a full disk is told of again and again
			   */
	size_t used;      /* of the batch */
	uint64_t batched; /* entries in it */
	size_t length[2]; /* of the lines that have no end yet */
	int64_t begun_ns[2];
	int64_t time_ns;
	char time[LOG_TIME_BYTES]; /* of time_ns */
} the_log = { .file = { .dir = -1, .fd = -1 }, .journal = -1 };

static char lines[2][LOG_LINE_BYTES];
#define RETRY_MS 1000

/* Whole entries on their way into the file: one write for all that was read at once. */
static char batch[LOG_ENTRY_BYTES + 32768];

void log_format_time(int64_t time_ns, char *ret)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;

	(void)gmtime_r(&seconds, &tm); /* fails only beyond the year 2^31 */
	(void)snprintf(ret, LOG_TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		       (int)(time_ns % 1000000000));
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int log_open(int dir, const struct store_container *container, struct error *err)
{
	the_log.container = container;
	the_log.used = the_log.length[0] = the_log.length[1] = 0;
	the_log.batched = 0;
	switch (container->log_driver) {
	case LOG_DRIVER_JSON_FILE:
	case LOG_DRIVER_K8S_FILE:
		return log_file_open(dir, container->log_max_bytes, container->log_max_files, &the_log.file,
				     err);
	case LOG_DRIVER_JOURNALD:
		the_log.journal = log_journal_open(err);
		return the_log.journal < 0 ? the_log.journal : 0;
	case LOG_DRIVER_NONE:
	case LOG_DRIVER_COUNT:
		return 0;
	}
	return 0;
}

static size_t format(const struct log_entry *entry, char *ret)
{
	return the_log.container->log_driver == LOG_DRIVER_K8S_FILE ? log_cri_format(entry, ret)
								    : log_json_format(entry, ret);
}

static void lose(uint64_t entries, int number)
{
	if (the_log.lost == 0)
		the_log.lost_number = number;
	the_log.lost += entries;
	the_log.retry_ms = process_now_ms() + RETRY_MS;
}

static bool may_try(void)
{
	return the_log.lost == 0 || process_now_ms() >= the_log.retry_ms;
}

/* The log works again: one entry says what is missing before it. */
static int say_lost(struct error *err)
{
	char text[160], formatted[512];
	struct log_entry entry = {
		.stream = 2, .time = the_log.time, .time_ns = the_log.time_ns, .text = text
	};

	if (the_log.lost == 0)
		return 0;
	entry.length = (size_t)snprintf(text, sizeof(text),
					"hull-shim: %" PRIu64 " lines of output were lost here: %s",
					the_log.lost, strerror(the_log.lost_number));
	if (the_log.journal >= 0) {
		char datagram[1024 + sizeof(text)];

		return log_journal_send(the_log.journal, datagram,
					log_journal_format(&entry, the_log.container, datagram), err);
	}
	return log_file_append(&the_log.file, formatted, format(&entry, formatted), err);
}

static void flush_batch(void)
{
	struct error err;

	if (the_log.used == 0)
		return;
	if (!may_try()) {
		the_log.lost += the_log.batched;
	} else if (say_lost(&err) < 0) {
		lose(the_log.batched, err.number);
	} else {
		the_log.lost = 0;
		if (log_file_append(&the_log.file, batch, the_log.used, &err) < 0)
			lose(the_log.batched, err.number);
	}
	the_log.used = 0;
	the_log.batched = 0;
}

static void put_file_entry(const struct log_entry *entry)
{
	struct log_file *file = &the_log.file;

	if (sizeof(batch) - the_log.used < LOG_ENTRY_BYTES)
		flush_batch();
	size_t length = format(entry, batch + the_log.used);
	uint64_t before = file->size_bytes + the_log.used;

	if (file->max_bytes > 0 && before > 0 && before + length > file->max_bytes) {
		const char *moved = batch + the_log.used;

		flush_batch();
		log_file_rotate(file);
		memmove(batch, moved, length);
	}
	the_log.used += length;
	the_log.batched++;
}

static void put_entry(int stream, int64_t time_ns, const char *text, size_t length, bool partial)
{
	struct log_entry entry = { .time_ns = time_ns,
				   .time = the_log.time,
				   .stream = stream,
				   .text = text,
				   .length = length,
				   .partial = partial };
	struct error err;

	if (time_ns != the_log.time_ns) {
		the_log.time_ns = time_ns;
		log_format_time(time_ns, the_log.time);
	}
	if (the_log.journal < 0) {
		put_file_entry(&entry);
		return;
	}
	if (!may_try()) {
		the_log.lost++;
		return;
	}
	if (say_lost(&err) < 0) {
		lose(1, err.number);
		return;
	}
	the_log.lost = 0;
	if (log_journal_send(the_log.journal, batch, log_journal_format(&entry, the_log.container, batch),
			     &err) < 0)
		lose(1, err.number);
}

/* A line that is cut is cut between characters, where it has any. */
static size_t whole_characters(const char *text, size_t length)
{
	for (size_t back = 1; back < 4 && back < length; back++) {
		unsigned char c = (unsigned char)text[length - back];

		if (c < 0x80)
			break;
		if (c >= 0xc0) {
			size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

			return need > back ? length - back : length;
		}
	}
	return length;
}

/* Bytes of a line, its end not among them, put behind what is there of it. */
static void add_to_line(int stream, int64_t time_ns, const char *bytes, size_t length)
{
	char *line = lines[stream - 1];
	size_t *have = &the_log.length[stream - 1];

	while (length > 0) {
		if (*have == LOG_LINE_BYTES) { /* full, and more comes: the line goes on in another entry */
			size_t whole = whole_characters(line, *have);

			put_entry(stream, the_log.begun_ns[stream - 1], line, whole, true);
			memmove(line, line + whole, *have - whole);
			*have -= whole;
		}
		if (*have == 0)
			the_log.begun_ns[stream - 1] = time_ns;
		size_t part = length < LOG_LINE_BYTES - *have ? length : LOG_LINE_BYTES - *have;
		memcpy(line + *have, bytes, part);
		*have += part;
		bytes += part;
		length -= part;
	}
}

void log_write(int stream, const char *bytes, size_t length)
{
	size_t *have = &the_log.length[stream - 1];
	int64_t time_ns = now_ns();

	if (the_log.container == NULL || (the_log.journal < 0 && the_log.file.dir < 0))
		return;
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end != NULL ? (size_t)(end - bytes) : length;

		if (end != NULL && *have == 0 && part <= LOG_LINE_BYTES) {
			put_entry(stream, time_ns, bytes, part, false); /* as most lines: whole at once */
		} else {
			add_to_line(stream, time_ns, bytes, part);
			if (end != NULL) {
				put_entry(stream, *have > 0 ? the_log.begun_ns[stream - 1] : time_ns,
					  lines[stream - 1], *have, false);
				*have = 0;
			}
		}
		part += end != NULL;
		bytes += part;
		length -= part;
	}
	flush_batch();
}

void log_end(void)
{
	the_log.retry_ms = 0; /* the last chance */
	for (int stream = 1; stream <= 2; stream++) {
		size_t *have = &the_log.length[stream - 1];

		if (*have > 0)
			put_entry(stream, the_log.begun_ns[stream - 1], lines[stream - 1], *have, true);
		*have = 0;
	}
	flush_batch();
}

void log_close(void)
{
	log_file_close(&the_log.file);
	cleanup_close(&the_log.journal);
	the_log.journal = -1;
	the_log.container = NULL;
}
