/* journalctl's export format (systemd.io/JOURNAL_EXPORT_FORMATS); see journal.h. */
#include "shim/container/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "shim/container/spawn.h"

#include "base/banned.h"

#define JOURNALCTL "/usr/bin/journalctl"
#define READ_BYTES 32768
#define ENTRY_MAX_BYTES ((size_t)1 << 26)
#define PRIORITY_ERROR 3

int journal_open(const struct journal_query *query, struct arena *arena, struct journal *ret,
		 struct error *err)
{
	struct spawn_args args = { .count = 0 };
	int pair[2];

	spawn_add(&args, JOURNALCTL);
	spawn_add(&args, "--quiet");
	spawn_add(&args, "--no-pager");
	spawn_add(&args, "--all");
	spawn_add(&args, "--output=export");
	spawn_add(&args, "--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE");
	if (query->since_ns != INT64_MIN)
		spawn_add(&args, arena_format(arena, "--since=@%lld",
					      (long long)(query->since_ns / WORDS_SECOND_NS)));
	if (query->until_ns != INT64_MAX)
		spawn_add(&args, arena_format(arena, "--until=@%lld",
					      (long long)(query->until_ns / WORDS_SECOND_NS + 1)));
	if (query->after != NULL)
		spawn_add(&args, arena_format(arena, "--after-cursor=%s", query->after));
	if (query->lines != NULL || query->follow)
		spawn_add(&args,
			  arena_format(arena, "--lines=%s", query->lines != NULL ? query->lines : "all"));
	if (query->follow)
		spawn_add(&args, "--follow");
	spawn_add(&args, arena_format(arena, "CONTAINER_ID_FULL=%s", query->id));
	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe");
	autoclose int ours = pair[0], theirs = pair[1];
	int fds[] = { -1, theirs, STDERR_FILENO };
	*ret = (struct journal){ .fd = -1 };
	int result = spawn_start(&args, fds, ARRAY_LEN(fds), false, &ret->pid, err);
	if (result == 0)
		ret->fd = take_fd(&ours);
	return result;
}

/* One field of an entry; an entry's end has no name. */
struct field {
	const char *name, *value;
	size_t name_length, length;
};

/* The field at @at of @bytes. Returns its length, 0 when it is not there as a whole, or -EINVAL. */
static ssize_t read_field(const struct text *bytes, size_t at, struct field *ret)
{
	const char *start = bytes->data + at, *end = memchr(start, '\n', bytes->length - at);
	uint64_t size;

	if (end == NULL)
		return 0;
	*ret = (struct field){ .name = start };
	if (end == start)
		return 1;
	const char *equals = memchr(start, '=', (size_t)(end - start));
	if (equals != NULL) {
		ret->name_length = (size_t)(equals - start);
		ret->value = equals + 1;
		ret->length = (size_t)(end - equals) - 1;
		return end - start + 1;
	}
	/* any bytes: their number in 8 bytes, they, and a line end */
	size_t left = bytes->length - at - (size_t)(end - start) - 1;
	if (left < sizeof(size))
		return 0;
	memcpy(&size, end + 1, sizeof(size));
	size = le64toh(size);
	if (size > ENTRY_MAX_BYTES)
		return -EINVAL;
	if (left < sizeof(size) + size + 1)
		return 0;
	ret->name_length = (size_t)(end - start);
	ret->value = end + 1 + sizeof(size);
	ret->length = size;
	return (end - start) + 1 + (ssize_t)(sizeof(size) + size) + 1;
}

static bool is_field(const struct field *field, const char *name)
{
	return field->name_length == strlen(name) && memcmp(field->name, name, field->name_length) == 0;
}

static uint64_t number_of(const struct field *field)
{
	uint64_t number = 0;

	for (size_t i = 0; i < field->length && field->value[i] >= '0' && field->value[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(field->value[i] - '0');
	return number;
}

static void take_field(const struct field *field, struct journal *journal, struct logread_entry *entry)
{
	if (is_field(field, "MESSAGE")) {
		entry->text = field->value;
		entry->length = field->length;
	} else if (is_field(field, "PRIORITY")) {
		entry->stream = number_of(field) <= PRIORITY_ERROR ? STDERR_FILENO : STDOUT_FILENO;
	} else if (is_field(field, "CONTAINER_PARTIAL_MESSAGE")) {
		entry->partial = true;
	} else if (is_field(field, "__REALTIME_TIMESTAMP")) {
		entry->time_ns = (int64_t)(number_of(field) * 1000);
	} else if (is_field(field, "__CURSOR") && field->length < sizeof(journal->cursor)) {
		memcpy(journal->cursor, field->value, field->length);
		journal->cursor[field->length] = '\0';
	}
}

/* Returns 1 for an entry that is there as a whole, 0 where more must be read. */
static int parse_entry(struct journal *journal, struct logread_entry *ret, struct error *err)
{
	struct logread_entry entry = { .stream = STDOUT_FILENO };
	size_t at = journal->at;
	struct field field;
	ssize_t length;

	while (journal->bytes.length > at && (length = read_field(&journal->bytes, at, &field)) != 0) {
		if (length < 0)
			return error_set(err, EINVAL, "read the journal");
		at += (size_t)length;
		if (field.name_length > 0) {
			take_field(&field, journal, &entry);
		} else if (entry.text != NULL) {
			journal->at = at;
			*ret = entry;
			return 1;
		} else {
			journal->at = at; /* without a message */
		}
	}
	return 0;
}

static int read_more(struct journal *journal, struct error *err)
{
	char buffer[READ_BYTES];
	ssize_t got = read(journal->fd, buffer, sizeof(buffer));

	if (got < 0)
		return errno == EINTR ? 0 : error_set(err, errno, "read from journalctl");
	if (journal->at > 0) {
		memmove(journal->bytes.data, journal->bytes.data + journal->at,
			journal->bytes.length - journal->at);
		journal->bytes.length -= journal->at;
		journal->at = 0;
	}
	if (journal->bytes.length > ENTRY_MAX_BYTES + sizeof(buffer))
		return error_set(err, EINVAL, "read the journal");
	text_append_bytes(&journal->bytes, buffer, (size_t)got);
	journal->ended = got == 0;
	return got == 0 ? 0 : text_done(&journal->bytes, err);
}

int journal_next(struct journal *journal, int timeout_ms, struct logread_entry *ret, struct error *err)
{
	for (;;) {
		struct pollfd poller = { .fd = journal->fd, .events = POLLIN };
		int result = parse_entry(journal, ret, err);

		if (result != 0 || journal->ended)
			return result;
		int ready = poll(&poller, 1, timeout_ms);
		if (ready < 0 && errno != EINTR)
			return error_set(err, errno, "wait for journalctl");
		if (ready == 0)
			return 0;
		result = ready < 0 ? 0 : read_more(journal, err);
		if (result < 0)
			return result;
	}
}

int journal_close(struct journal *journal, int *ret_status, struct error *err)
{
	if (!journal->ended)
		(void)kill(journal->pid, SIGTERM); /* our child, not reaped yet */
	cleanup_close(&journal->fd);
	journal->fd = -1;
	text_release(&journal->bytes);
	int result = spawn_wait(journal->pid, ret_status, err);
	if (result == 0 && !journal->ended)
		*ret_status = 0;
	return result;
}

void journal_sync(void)
{
	struct spawn_args args = { .count = 0 };
	struct error ignored;

	spawn_add(&args, JOURNALCTL);
	spawn_add(&args, "--sync");
	ignore_failure(spawn_run(&args, NULL, &ignored)); /* root's alone; it comes to that without it */
}
