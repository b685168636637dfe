/* See logread.h. The forms are written by shim/log_json.c and shim/log_cri.c; docker's and Kubernetes' own
 * files read as well. */
#include "shim/store/logread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "base/banned.h"

#define NAME "container.log"
#define ROOM_BYTES ((size_t)1 << 18) /* more than the longest entry has */
#define MAX_FILES 10000

struct logread {
	enum store_log_driver driver;
	int dir, fd; /* the directory; the file that is read, -1: none is there yet */
	ino_t inode; /* of that file: its name changes */
	size_t from, to;
	bool skipping; /* a line that is longer than there is room */
	char bytes[ROOM_BYTES];
};

/* --- times --------------------------------------------------------------------------------------------- */

static bool take_digits(const char **at, const char *end, int count, int64_t *ret)
{
	*ret = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (*at == end || **at < '0' || **at > '9')
			return false;
		*ret = *ret * 10 + (**at - '0');
	}
	return true;
}

static bool take(const char **at, const char *end, char wanted)
{
	if (*at == end || **at != wanted)
		return false;
	(*at)++;
	return true;
}

/* "Z" or "+hh:mm" as seconds. */
static bool take_offset(const char **at, const char *end, int64_t *ret)
{
	int64_t hours, minutes;

	*ret = 0;
	if (take(at, end, 'Z'))
		return true;
	bool minus = *at < end && **at == '-';
	if (!minus && (*at == end || **at != '+'))
		return false;
	(*at)++;
	if (!take_digits(at, end, 2, &hours) || !take(at, end, ':') || !take_digits(at, end, 2, &minutes))
		return false;
	*ret = (hours * 60 + minutes) * (minus ? -60 : 60);
	return true;
}

int logread_parse_time(const char *text, size_t length, int64_t *ret_ns, struct error *err)
{
	const char *at = text, *end = text + length;
	int64_t year, month, day, hour, minute, second, offset, nanoseconds = 0, unit = 100000000;

	bool good =
		take_digits(&at, end, 4, &year) && take(&at, end, '-') && take_digits(&at, end, 2, &month) &&
		take(&at, end, '-') && take_digits(&at, end, 2, &day) && take(&at, end, 'T') &&
		take_digits(&at, end, 2, &hour) && take(&at, end, ':') && take_digits(&at, end, 2, &minute) &&
		take(&at, end, ':') && take_digits(&at, end, 2, &second);
	if (good && take(&at, end, '.')) {
		int64_t digit;

		good = at < end && *at >= '0' && *at <= '9';
		for (; at < end && *at >= '0' && *at <= '9' && take_digits(&at, end, 1, &digit); unit /= 10)
			nanoseconds += digit * unit;
	}
	if (!good || !take_offset(&at, end, &offset) || at != end || month < 1 || month > 12 || day < 1 ||
	    day > 31 || hour > 23 || minute > 59 || second > 60)
		return error_set(err, 0, "\"%.*s\" is no time as RFC 3339 has it",
				 length > 64 ? 64 : (int)length, text);
	struct tm tm = { .tm_year = (int)year - 1900,
			 .tm_mon = (int)month - 1,
			 .tm_mday = (int)day,
			 .tm_hour = (int)hour,
			 .tm_min = (int)minute,
			 .tm_sec = (int)second };
	*ret_ns = ((int64_t)timegm(&tm) - offset) * 1000000000 + nanoseconds;
	return 0;
}

/* --- entries ------------------------------------------------------------------------------------------- */

static bool parse_stream(const char *word, size_t length, int *ret)
{
	if (length != 6 || (memcmp(word, "stdout", 6) != 0 && memcmp(word, "stderr", 6) != 0))
		return false;
	*ret = word[3] == 'o' ? 1 : 2;
	return true;
}

/* "TIME STREAM P|F[:…] TEXT" */
static bool parse_cri(char *line, size_t length, struct logread_entry *ret)
{
	const char *end = line + length, *time = line, *stream, *tag, *text;
	struct error ignored;

	stream = memchr(time, ' ', length);
	tag = stream == NULL ? NULL : memchr(stream + 1, ' ', (size_t)(end - stream) - 1);
	text = tag == NULL ? NULL : memchr(tag + 1, ' ', (size_t)(end - tag) - 1);
	if (text == NULL || text - tag < 2 || (tag[1] != 'P' && tag[1] != 'F') ||
	    (text - tag > 2 && tag[2] != ':'))
		return false;
	ret->text = text + 1;
	ret->length = (size_t)(end - text) - 1;
	ret->partial = tag[1] == 'P';
	return logread_parse_time(time, (size_t)(stream - time), &ret->time_ns, &ignored) == 0 &&
	       parse_stream(stream + 1, (size_t)(tag - stream) - 1, &ret->stream);
}

static bool take_hex(const char **at, const char *end, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, (*at)++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = *at == end || **at == '\0' ? NULL : strchr(digits, **at | 0x20);

		if (digit == NULL)
			return false;
		*ret = *ret * 16 + (unsigned)(digit - digits);
	}
	return true;
}

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* What follows a backslash, written to *@to. */
static bool take_escape(const char **at, const char *end, char **to)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	unsigned c, low;

	if (*at == end || **at == '\0')
		return false;
	if (**at != 'u') {
		const char *letter = strchr(letters, *(*at)++);

		if (letter == NULL)
			return false;
		*(*to)++ = values[letter - letters];
		return true;
	}
	(*at)++;
	if (!take_hex(at, end, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
		const char *next = *at + 2;

		if (take_hex(&next, end, &low) && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			*at = next;
		}
	}
	*to = put_utf8(*to, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return true;
}

/* A string of JSON, unescaped where it stands: it only becomes shorter. */
static bool take_string(char **at, const char *end, const char **ret, size_t *ret_length)
{
	const char *from = *at;
	char *to = *at;

	if (from == end || *from++ != '"')
		return false;
	*ret = to;
	while (from < end && *from != '"') {
		if (*from == '\\') {
			from++;
			if (!take_escape(&from, end, &to))
				return false;
		} else {
			*to++ = *from++;
		}
	}
	if (from == end)
		return false;
	*ret_length = (size_t)(to - *ret);
	*at += from + 1 - *at;
	return true;
}

static void skip_blanks(char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
}

/* An object whose members are strings: {"log": …, "stream": …, "time": …}; others may stand among them. */
static bool parse_json(char *line, size_t length, struct logread_entry *ret)
{
	char *at = line;
	const char *end = line + length, *name, *value;
	size_t name_length, value_length;
	struct error ignored;
	unsigned seen = 0;

	if (at == end || *at != '{')
		return false;
	do {
		at++;
		skip_blanks(&at, end);
		if (!take_string(&at, end, &name, &name_length))
			return false;
		skip_blanks(&at, end);
		if (at == end || *at++ != ':')
			return false;
		skip_blanks(&at, end);
		if (!take_string(&at, end, &value, &value_length))
			return false;
		skip_blanks(&at, end);
		if (name_length == 3 && memcmp(name, "log", 3) == 0) {
			ret->text = value;
			ret->length = value_length;
			seen |= 1;
		} else if (name_length == 6 && memcmp(name, "stream", 6) == 0) {
			seen |= parse_stream(value, value_length, &ret->stream) ? 2 : 0;
		} else if (name_length == 4 && memcmp(name, "time", 4) == 0) {
			seen |= logread_parse_time(value, value_length, &ret->time_ns, &ignored) == 0 ? 4 : 0;
		}
	} while (at < end && *at == ',');
	if (seen != 7 || at == end || *at != '}')
		return false;
	ret->partial = ret->length == 0 || ret->text[ret->length - 1] != '\n';
	ret->length -= ret->partial ? 0 : 1;
	return true;
}

/* --- files --------------------------------------------------------------------------------------------- */

static int open_number(const struct logread *log, unsigned number, struct stat *ret_st)
{
	char name[sizeof(NAME) + 16];

	if (number == 0)
		(void)snprintf(name, sizeof(name), NAME);
	else
		(void)snprintf(name, sizeof(name), NAME ".%u", number);
	int fd = openat(log->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, ret_st) < 0) {
		(void)close(fd); /* only opened */
		fd = -1;
	}
	return fd;
}

static void use_file(struct logread *log, int fd, const struct stat *st)
{
	cleanup_close(&log->fd);
	log->fd = fd;
	log->inode = st->st_ino;
	log->from = log->to = 0;
	log->skipping = false;
}

static void open_oldest(struct logread *log)
{
	struct stat st, found;
	int fd = -1;

	for (unsigned i = 0; i < MAX_FILES; i++) {
		int next = open_number(log, i, &st);

		/* Between a rename and the next line there is no newest one. */
		if (next < 0 && i > 0)
			break;
		if (next < 0)
			continue;
		cleanup_close(&fd);
		fd = next;
		found = st;
	}
	if (fd >= 0)
		use_file(log, fd, &found);
}

/* The file that follows the one that is read; false where that is the newest. */
static bool open_newer(struct logread *log)
{
	struct stat st;
	int newer = -1;
	struct stat newer_st;

	for (unsigned i = 0; i < MAX_FILES; i++) {
		autoclose int fd = open_number(log, i, &st);

		if (fd < 0 && i > 0)
			break;
		if (fd < 0)
			continue;
		if (st.st_ino == log->inode) {
			if (newer < 0)
				return false;
			use_file(log, newer, &newer_st);
			return true;
		}
		cleanup_close(&newer);
		newer = take_fd(&fd);
		newer_st = st;
	}
	/* Ours has been rotated away: the oldest that is left follows. */
	if (newer >= 0)
		use_file(log, newer, &newer_st);
	return newer >= 0;
}

int logread_open(const struct store *store, const char *id, enum store_log_driver driver,
		 struct logread **ret, struct error *err)
{
	autoclose int dir = -1, logs = -1;

	if (driver != LOG_DRIVER_JSON_FILE && driver != LOG_DRIVER_K8S_FILE)
		return error_set(err, EOPNOTSUPP, "the log driver %s keeps no files",
				 store_log_driver_names[driver]);
	int result = store_directory(store, id, &dir, err);
	if (result < 0)
		return result;
	logs = openat(dir, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (logs < 0)
		return error_set(err, errno, "open the log of container %.12s", id);
	struct logread *log = malloc(sizeof(*log));
	if (log == NULL)
		return error_set(err, ENOMEM, "read the log of container %.12s", id);
	log->driver = driver;
	log->dir = take_fd(&logs);
	log->fd = -1;
	log->from = log->to = 0;
	log->skipping = false;
	*ret = log;
	return 0;
}

void logread_close(struct logread *log)
{
	cleanup_close(&log->fd);
	cleanup_close(&log->dir);
	free(log);
}

int logread_directory(const struct logread *log)
{
	return log->dir;
}

/* More of the file behind what is there. Returns the bytes, 0 at its end. */
static ssize_t fill(struct logread *log, struct error *err)
{
	ssize_t got;

	if (log->from > 0) {
		memmove(log->bytes, log->bytes + log->from, log->to - log->from);
		log->to -= log->from;
		log->from = 0;
	}
	if (log->to == sizeof(log->bytes)) { /* no entry is so long: it is skipped as it comes */
		log->skipping = true;
		log->to = 0;
	}
	do {
		got = read(log->fd, log->bytes + log->to, sizeof(log->bytes) - log->to);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, errno, "read the log");
	log->to += (size_t)got;
	return got;
}

int logread_next(struct logread *log, struct logread_entry *ret, struct error *err)
{
	if (log->fd < 0)
		open_oldest(log);
	while (log->fd >= 0) {
		char *line = log->bytes + log->from;
		const char *end = memchr(line, '\n', log->to - log->from);

		if (end != NULL) {
			size_t length = (size_t)(end - line);
			bool skip = log->skipping;

			log->from += length + 1;
			log->skipping = false;
			if (!skip && (log->driver == LOG_DRIVER_K8S_FILE ? parse_cri(line, length, ret)
									 : parse_json(line, length, ret)))
				return 1;
			continue;
		}
		ssize_t got = fill(log, err);
		if (got < 0)
			return (int)got;
		if (got > 0)
			continue;
		/* Whoever writes has left this file once there is a newer one: only then is its end the end.
		 */
		struct stat st;
		int newest = open_number(log, 0, &st);
		bool left = newest < 0 || st.st_ino != log->inode;
		cleanup_close(&newest);
		if (!left)
			return 0;
		got = fill(log, err);
		if (got < 0)
			return (int)got;
		if (got == 0 && !open_newer(log))
			return 0;
	}
	return 0;
}
