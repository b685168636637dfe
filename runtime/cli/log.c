/*
 * Records and messages; see log.h. The only file that decides how an error looks to an engine.
 */
#include "runtime/cli/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"

#include "base/banned.h"

int log_open(const char *file, const char *format, bool debug, struct log *ret, struct error *err)
{
	struct log log = { .fd = -1, .debug = debug, .json = text_equal(format, "json") };

	if (format != NULL && !log.json && !text_equal(format, "text"))
		return error_set(err, 0, "invalid log-format: %s", format);
	if (file != NULL && file[0] != '\0') {
		log.fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
		if (log.fd < 0)
			return error_set(err, errno, "open %s", file);
	}
	*ret = log;
	return 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		(void)close(log->fd); /* each record was one write, nothing is pending */
	*log = LOG_TO_STDERR;
}

/*
 * Done by hand because gmtime of some libcs reads the host's time zone files.
 * The day number is counted in years that begin on 1 March, so that the leap day is the last.
 */
void log_format_time(time_t now, struct text *ret)
{
	long long days = now / 86400, seconds = now % 86400;
	long long shifted = days + 719468, era = shifted / 146097, day_of_era = shifted % 146097;
	long long year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	long long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	long long march_month = (5 * day_of_year + 2) / 153;
	long long day = day_of_year - (153 * march_month + 2) / 5 + 1;
	long long month = march_month < 10 ? march_month + 3 : march_month - 9;
	long long year = year_of_era + era * 400 + (month <= 2);

	text_format(ret, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ", year, month, day, seconds / 3600,
		    seconds / 60 % 60, seconds % 60);
}

void log_format(const struct log *log, enum log_level level, time_t now, const char *message,
		struct text *ret)
{
	static const char *const level_names[] = {
		[LOG_ERROR] = "error",
		[LOG_WARNING] = "warning",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	if (log->json) {
		text_format(ret, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		text_append_json(ret, message);
		text_append(ret, ",\"time\":\"");
		log_format_time(now, ret);
		text_append(ret, "\"}\n");
		return;
	}
	text_append(ret, "time=\"");
	log_format_time(now, ret);
	text_format(ret, "\" level=%s msg=\"", level_names[level]);
	text_append_escaped(ret, message, true);
	text_append(ret, "\"\n");
}

/* One write, so that records of several runtimes in one file stay whole. */
static void write_text(int fd, struct text *text)
{
	struct error ignored;

	if (text_done(text, &ignored) < 0)
		return;
	/* the log is where a failure would be told */
	(void)(fd_write_all(fd, text->data, text->length, "log", &ignored) < 0);
}

void log_write(void *data, enum log_level level, const char *message)
{
	const struct log *log = data;
	autotext struct text record = TEXT_EMPTY;

	if (level == LOG_DEBUG && !log->debug)
		return;
	log_format(log, level, time(NULL), message, &record);
	write_text(log->fd >= 0 ? log->fd : STDERR_FILENO, &record);
}

void log_failure(struct log *log, const char *message)
{
	autotext struct text plain = TEXT_EMPTY;

	log_write(log, LOG_ERROR, message);
	if (log->fd < 0)
		return;
	text_append_escaped(&plain, message, false);
	text_append(&plain, "\n");
	write_text(STDERR_FILENO, &plain);
}

void log_format_error(const struct error *err, struct text *ret)
{
	text_append(ret, err->text);
	if (err->number == 0)
		return;
	/* Engines look for the words that Go prints; they are the C library's in lower case, but for
	 * words that are capitals throughout. */
	const char *words = strerror(err->number);
	bool lower = islower((unsigned char)words[1]);

	text_format(ret, ": %c%s", lower ? tolower((unsigned char)words[0]) : words[0], words + 1);
}
