/* What is written into logs, and what the reader makes of it: forms, long lines, rotation, full disks. */
#include "shim/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "shim/log_journal.h"
#include "shim/store/logread.h"
#include "tests/unit/check.h"

static char scratch[64], root[96], run[96], id[STORE_ID_DIGITS + 1];
static struct store store;
static struct store_container container;
static struct error err;
static int dir;

static void begin(enum store_log_driver driver, uint64_t max_bytes, uint32_t max_files)
{
	(void)snprintf(scratch, sizeof(scratch), "/tmp/hull-log.XXXXXX");
	CHECK(mkdtemp(scratch) != NULL);
	(void)snprintf(root, sizeof(root), "%s/store", scratch);
	(void)snprintf(run, sizeof(run), "%s/run", scratch);
	CHECK_INT(store_open(root, run, &store, &err), 0);
	CHECK_INT(store_claim(&store, id, &err), 0);
	CHECK_INT(store_directory(&store, id, &dir, &err), 0);
	container = (struct store_container){ .id = id,
					      .name = "web",
					      .log_driver = driver,
					      .log_max_bytes = max_bytes,
					      .log_max_files = max_files };
	CHECK_INT(log_open(dir, &container, &err), 0);
}

static void end(void)
{
	char command[128];

	log_close();
	(void)close(dir);
	store_close(&store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", scratch);
	CHECK_INT(system(command), 0);
}

static void contents(const char *name, struct text *ret)
{
	text_release(ret);
	CHECK_INT(fd_read_file_at(dir, name, 1 << 24, ret, &err), 0);
}

static void write_text(int stream, const char *text)
{
	log_write(stream, text, strlen(text));
}

static void test_forms(void)
{
	autotext struct text text = TEXT_EMPTY;

	begin(LOG_DRIVER_JSON_FILE, 0, 1);
	write_text(1, "say \"hi\"\\\t\x01\xff\xc3\xa4\n");
	write_text(2, "no end");
	log_end();
	contents("log/container.log", &text);
	CHECK_HAS(text.data,
		  "{\"log\":\"say "
		  "\\\"hi\\\"\\\\\\t\\u0001\\ufffd\xc3\xa4\\n\",\"stream\":\"stdout\",\"time\":\"2");
	CHECK_HAS(text.data, "{\"log\":\"no end\",\"stream\":\"stderr\",\"time\":\"2");
	end();
	begin(LOG_DRIVER_K8S_FILE, 0, 1);
	write_text(1, "two\nlines\xff\n");
	write_text(2, "no end");
	log_end();
	contents("log/container.log", &text);
	CHECK_HAS(text.data, "Z stdout F two\n2");
	CHECK_HAS(text.data, "Z stdout F lines\xff\n2");
	CHECK_HAS(text.data, "Z stderr P no end\n");
	end();
}

static void test_time(void)
{
	char time[LOG_TIME_BYTES];
	int64_t ns;

	log_format_time(1795599449677368633, time);
	CHECK_STR(time, "2026-11-25T09:37:29.677368633Z");
	CHECK_INT(logread_parse_time(time, strlen(time), &ns, &err), 0);
	CHECK_INT(ns, 1795599449677368633);
	CHECK_INT(logread_parse_time("2026-11-25T11:37:29.6+02:00", 27, &ns, &err), 0);
	CHECK_INT(ns, 1795599449600000000);
	static const char *const bad[] = { "",
					   "2026-11-25",
					   "2026-13-25T09:37:29Z",
					   "2026-11-25T09:37:29",
					   "2026-11-25T09:37:29.Z",
					   "2026-11-25T09:37:29Zx" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(logread_parse_time(bad[i], strlen(bad[i]), &ns, &err), -EINVAL);
}

/* Long lines come as pieces that are whole characters; together they are the line. */
static void test_long_lines(enum store_log_driver driver)
{
	enum { LENGTH = 50001 };
	static char line[LENGTH + 1], back[LENGTH + 1];
	struct logread *log;
	struct logread_entry entry;
	size_t have = 0;
	int pieces = 0;

	begin(driver, 0, 1);
	for (size_t i = 0; i < LENGTH; i++)
		line[i] = "\xe2\x82\xac"[i % 3]; /* the cut is never at a character's end by itself */
	line[LENGTH] = '\n';
	for (size_t at = 0; at <= LENGTH; at += 7000)
		log_write(1, line + at, at + 7000 > LENGTH ? LENGTH + 1 - at : 7000);
	CHECK_INT(logread_open(&store, id, driver, &log, &err), 0);
	while (logread_next(log, &entry, &err) == 1) {
		if (have + entry.length > LENGTH)
			break;
		memcpy(back + have, entry.text, entry.length);
		have += entry.length;
		pieces++;
		CHECK(entry.length <= LOG_LINE_BYTES);
		CHECK_INT(entry.partial, have < LENGTH);
	}
	CHECK_INT(have, LENGTH);
	CHECK_INT(memcmp(line, back, LENGTH), 0);
	CHECK_INT(pieces, 4);
	logread_close(log);
	end();
}

static void test_long_json(void)
{
	test_long_lines(LOG_DRIVER_JSON_FILE);
}

static void test_long_cri(void)
{
	test_long_lines(LOG_DRIVER_K8S_FILE);
}

/* Streams do not mix although they interleave in the middle of lines; an empty line is a line; NUL survives.
 */
static void test_reader(void)
{
	struct logread *log;
	struct logread_entry entry;

	begin(LOG_DRIVER_JSON_FILE, 0, 1);
	CHECK_INT(logread_open(&store, id, LOG_DRIVER_JSON_FILE, &log, &err), 0);
	CHECK_INT(logread_next(log, &entry, &err), 0);
	write_text(1, "a");
	write_text(2, "b\n\n");
	log_write(1, "\0c\n", 3);
	CHECK_INT(logread_next(log, &entry, &err), 1);
	CHECK_INT(entry.stream, 2);
	CHECK_INT(entry.length, 1);
	CHECK(entry.text[0] == 'b' && !entry.partial);
	CHECK_INT(logread_next(log, &entry, &err), 1);
	CHECK_INT(entry.length, 0);
	CHECK_INT(logread_next(log, &entry, &err), 1);
	CHECK_INT(entry.stream, 1);
	CHECK_INT(entry.length, 3);
	CHECK(memcmp(entry.text, "a\0c", 3) == 0);
	CHECK(entry.time_ns > 1700000000000000000);
	CHECK_INT(logread_next(log, &entry, &err), 0);
	logread_close(log);
	end();
}

/* A damaged line is passed over; a line that is not finished waits. */
static void test_damaged(void)
{
	struct logread *log;
	struct logread_entry entry;

	begin(LOG_DRIVER_JSON_FILE, 0, 1);
	int fd = openat(dir, "log/container.log", O_WRONLY | O_APPEND);
	static const char lines[] =
		"{\"log\":\"x\n{}\nnonsense\n{\"log\":\"\\ud83d\\ude00\\n\",\"stream\":\"stdout\",\"time\":"
		"\"2026-11-25T09:37:29Z\"}\n{\"log\":\"ha";
	CHECK_INT(write(fd, lines, sizeof(lines) - 1), sizeof(lines) - 1);
	CHECK_INT(logread_open(&store, id, LOG_DRIVER_JSON_FILE, &log, &err), 0);
	CHECK_INT(logread_next(log, &entry, &err), 1);
	CHECK_INT(entry.length, 4);
	CHECK(memcmp(entry.text, "\xf0\x9f\x98\x80", 4) == 0);
	CHECK_INT(logread_next(log, &entry, &err), 0);
	static const char rest[] = "lf\",\"stream\":\"stderr\",\"time\":\"2026-11-25T09:37:29Z\"}\n";
	CHECK_INT(write(fd, rest, sizeof(rest) - 1), sizeof(rest) - 1);
	CHECK_INT(logread_next(log, &entry, &err), 1);
	CHECK_INT(entry.length, 4);
	CHECK(entry.partial);
	(void)close(fd);
	logread_close(log);
	/* What a killed shim left is cut before the next one writes. */
	fd = openat(dir, "log/container.log", O_WRONLY | O_APPEND);
	CHECK_INT(write(fd, "{\"log\":", 7), 7);
	(void)close(fd);
	log_close();
	CHECK_INT(log_open(dir, &container, &err), 0);
	write_text(1, "next\n");
	autotext struct text text = TEXT_EMPTY;
	contents("log/container.log", &text);
	CHECK_HAS(text.data, "Z\"}\n{\"log\":\"next\\n\"");
	end();
}

/* Never more than the number of files; none is larger than the limit; a reader that follows misses nothing
 * while it keeps up. */
static void test_rotation(void)
{
	struct logread *log;
	struct logread_entry entry;
	struct stat st;
	char line[32], name[64];
	unsigned long seen = 0;

	begin(LOG_DRIVER_K8S_FILE, 1000, 3);
	CHECK_INT(logread_open(&store, id, LOG_DRIVER_K8S_FILE, &log, &err), 0);
	for (unsigned long i = 0; i < 200; i++) {
		(void)snprintf(line, sizeof(line), "%06lu\n", i);
		write_text(1, line);
		if (i % 10 != 9)
			continue;
		while (logread_next(log, &entry, &err) == 1) {
			(void)snprintf(line, sizeof(line), "%06lu", seen++);
			CHECK(entry.length == 6 && memcmp(entry.text, line, 6) == 0);
		}
	}
	CHECK_INT(seen, 200);
	logread_close(log);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), i == 0 ? "log/container.log" : "log/container.log.%d", i);
		CHECK_INT(fstatat(dir, name, &st, 0), i < 3 ? 0 : -1);
		CHECK(i == 3 || (st.st_size > 0 && st.st_size <= 1000));
	}
	/* From the beginning: what is left, in order, to the last. */
	CHECK_INT(logread_open(&store, id, LOG_DRIVER_K8S_FILE, &log, &err), 0);
	unsigned long count = 0, number = 0;
	while (logread_next(log, &entry, &err) == 1) {
		memcpy(line, entry.text, 6);
		line[6] = '\0';
		unsigned long now = strtoul(line, NULL, 10);
		CHECK(count == 0 || now == number + 1);
		number = now;
		count++;
	}
	CHECK_INT(number, 199);
	CHECK(count > 20 && count < 70);
	logread_close(log);
	end();
}

/* One write that is larger than a file may be is spread over several. */
static void test_rotation_in_one_write(void)
{
	static char bytes[30000];
	struct stat st;

	begin(LOG_DRIVER_JSON_FILE, 5000, 2);
	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 99; i < sizeof(bytes); i += 100)
		bytes[i] = '\n';
	log_write(1, bytes, sizeof(bytes));
	CHECK_INT(fstatat(dir, "log/container.log", &st, 0), 0);
	CHECK(st.st_size <= 5000);
	CHECK_INT(fstatat(dir, "log/container.log.1", &st, 0), 0);
	CHECK(st.st_size <= 5000 && st.st_size > 4800);
	CHECK_INT(fstatat(dir, "log/container.log.2", &st, 0), -1);
	end();
}

/* A file that cannot grow: lines are lost and counted, none is torn, and the next good one says so. */
static void test_full(void)
{
	struct rlimit old, small;
	autotext struct text text = TEXT_EMPTY;

	begin(LOG_DRIVER_K8S_FILE, 0, 1);
	(void)signal(SIGXFSZ, SIG_IGN);
	write_text(1, "before\n");
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 60;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	write_text(1, "lost one, which is torn where the file ends\n");
	write_text(1, "lost two\nlost three\n");
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	write_text(1, "too early, and lost\n");
	(void)usleep(1100000);
	write_text(1, "after\n");
	write_text(1, "again\n");
	contents("log/container.log", &text);
	CHECK_HAS(text.data, "F before\n2");
	CHECK_HAS(text.data, "stderr F hull-shim: 4 lines of output were lost here: File too large\n2");
	CHECK_HAS(text.data, "F after\n2");
	CHECK(strstr(text.data, "lost one") == NULL);
	const char *first = strstr(text.data, "were lost here");
	CHECK(first != NULL && strstr(first + 1, "were lost here") == NULL);
	end();
}

static void test_journal(void)
{
	static char datagram[LOG_ENTRY_BYTES + 1];
	const struct log_entry entry = { .stream = 2, .text = "text", .length = 4, .partial = true };

	begin(LOG_DRIVER_NONE, 0, 1);
	size_t length = log_journal_format(&entry, &container, datagram);
	datagram[length] = '\0';
	CHECK_HAS(datagram, "PRIORITY=3\nSYSLOG_IDENTIFIER=web\nCONTAINER_ID=");
	CHECK_HAS(datagram, "\nCONTAINER_NAME=web\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE=text\n");
	CHECK_HAS(datagram, id);
	struct logread *log;
	CHECK_INT(logread_open(&store, id, LOG_DRIVER_JOURNALD, &log, &err), -EOPNOTSUPP);
	CHECK_HAS(err.text, "journald");
	end();
}

static const struct test tests[] = {
	{ "both forms", test_forms },
	{ "times", test_time },
	{ "long lines, json-file", test_long_json },
	{ "long lines, k8s-file", test_long_cri },
	{ "reading as it grows", test_reader },
	{ "damaged and unfinished lines", test_damaged },
	{ "rotation", test_rotation },
	{ "rotation within one write", test_rotation_in_one_write },
	{ "a full disk", test_full },
	{ "journal datagrams", test_journal },
};
TEST_MAIN(tests)
