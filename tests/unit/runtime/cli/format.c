/*
 * What leaves hull: log records, error texts, tables, lines picked from ps.
 */
#include <errno.h>

#include "base/table.h"
#include "runtime/cli/log.h"
#include "runtime/cli/ps_host.h"
#include "runtime/cli/root.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct text got;
static struct error err;

static void reset(void)
{
	text_release(&got);
	error_clear(&err);
}

static void test_time(void)
{
	static const struct {
		time_t now;
		const char *want;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },          { 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },  { 951868800, "2000-03-01T00:00:00Z" },
		{ 1798761599, "2026-12-31T23:59:59Z" }, { 4107542400, "2100-03-01T00:00:00Z" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		log_format_time(rows[i].now, &got);
		CHECK_STR(got.data, rows[i].want);
	}
	/* against the C library, over every month of four centuries */
	for (time_t now = 86399; now < (time_t)400 * 366 * 86400; now += 2592000) {
		char want[32];
		struct tm tm;

		reset();
		log_format_time(now, &got);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
		CHECK_STR(got.data, want);
	}
}

static void test_records(void)
{
	struct log log = LOG_TO_STDERR;

	reset();
	log_format(&log, LOG_ERROR, 0, "open \"/x\": gone", &got);
	CHECK_STR(got.data, "time=\"1970-01-01T00:00:00Z\" level=error msg=\"open \\\"/x\\\": gone\"\n");
	reset();
	log_format(&log, LOG_WARNING, 0, "a\nlevel=error msg=\"b\033[2J", &got);
	CHECK_STR(got.data, "time=\"1970-01-01T00:00:00Z\" level=warning "
			    "msg=\"a\\nlevel=error msg=\\\"b\\x1b[2J\"\n");
	log.json = true;
	reset();
	log_format(&log, LOG_INFO, 0, "a \"b\"\n\033", &got);
	CHECK_STR(got.data, "{\"level\":\"info\",\"msg\":\"a \\\"b\\\"\\n\\u001b\","
			    "\"time\":\"1970-01-01T00:00:00Z\"}\n");
	reset();
	log_format(&log, LOG_DEBUG, 0, "", &got);
	CHECK_STR(got.data, "{\"level\":\"debug\",\"msg\":\"\",\"time\":\"1970-01-01T00:00:00Z\"}\n");
}

static void test_error_words(void)
{
	static const struct {
		int number;
		const char *want;
	} rows[] = {
		{ 0, "open \"/x\"" },
		{ ENOENT, "open \"/x\": no such file or directory" },
		{ EACCES, "open \"/x\": permission denied" },
		{ EPERM, "open \"/x\": operation not permitted" },
		{ ENOTDIR, "open \"/x\": not a directory" },
		{ EISDIR, "open \"/x\": is a directory" },
		{ ESRCH, "open \"/x\": no such process" },
		{ EEXIST, "open \"/x\": file exists" },
		{ ENOEXEC, "open \"/x\": exec format error" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		error_set(&err, rows[i].number, "open \"%s\"", "/x");
		log_format_error(&err, &got);
		CHECK_STR(got.data, rows[i].want);
	}
}

static void test_log_open(void)
{
	struct log log = LOG_TO_STDERR;

	reset();
	CHECK(log_open(NULL, "yaml", false, &log, &err) < 0);
	CHECK_STR(err.text, "invalid log-format: yaml");
	CHECK_INT(log_open("/nonexistent/log", NULL, false, &log, &err), -ENOENT);
	CHECK_INT(log_open("", "json", true, &log, &err), 0);
	CHECK_INT(log.fd, -1);
	CHECK(log.json && log.debug);
}

static void test_table(void)
{
	struct table table;

	reset();
	table_init(&table, 3, TABLE_WIDTH_RUNC);
	table_add(&table, "ID");
	table_add(&table, "PID");
	table_add(&table, "OWNER");
	table_add(&table, "a-name-of-18-chars");
	table_add(&table, "1");
	table_add(&table, "root");
	table_add(&table, "gr\xc3\xbc\xc3\x9f");
	table_add(&table, NULL);
	table_add(&table, "\033[2J");
	table_format(&table, &got);
	CHECK_STR(got.data, "ID                   PID         OWNER\n"
			    "a-name-of-18-chars   1           root\n"
			    "gr\xc3\xbc\xc3\x9f                             \\x1b[2J\n");
	table_release(&table);
}

static void test_ps_filter(void)
{
	static const char listing[] = "UID          PID    PPID CMD\n"
				      "root           1       0 init\n"
				      "root          12       1 sh 34\n"
				      "root          34      12 sleep 12\n"
				      "root         120       1 x\n";
	static const pid_t pids[] = { 34, 120 };

	reset();
	CHECK_INT(ps_host_filter(listing, pids, 2, &got, &err), 0);
	CHECK_STR(got.data, "UID          PID    PPID CMD\n"
			    "root          34      12 sleep 12\n"
			    "root         120       1 x\n");
	reset();
	CHECK_INT(ps_host_filter(listing, pids, 0, &got, &err), 0);
	CHECK_STR(got.data, "UID          PID    PPID CMD\n");
	reset();
	CHECK(ps_host_filter("USER COMMAND\nroot sh\n", pids, 2, &got, &err) < 0);
	CHECK_STR(err.text, "couldn't find PID field in ps output");
	CHECK(ps_host_filter("", pids, 2, &got, &err) < 0);
}

static void test_ps_run(void)
{
	char self[16];
	const char *const words[] = { "-o", "pid,comm", "-p", self };
	const struct strings options = { 4, words };
	const char *const bad_words[] = { "--no-such-option" };
	const struct strings bad = { 1, bad_words };

	if (access("/usr/bin/ps", X_OK) != 0 && access("/bin/ps", X_OK) != 0) {
		printf("# skipped: this machine has no ps\n");
		return;
	}
	reset();
	snprintf(self, sizeof(self), "%d", (int)getpid());
	CHECK_INT(ps_host_run(&options, &got, &err), 0);
	CHECK_HAS(got.data, self);
	CHECK_HAS(got.data, "PID");
	reset();
	CHECK(ps_host_run(&bad, &got, &err) < 0);
	CHECK_STR(err.text, "ps: exit status 1");
}

static void test_root(void)
{
	static const struct {
		const char *option, *want;
	} rows[] = {
		{ "/run/x/", "/run/x" }, { "//run/./x/../y", "/run/y" }, { "/", NULL }, { "/a/..", NULL },
		{ "//", NULL },
	};
	char directory[4096], want[4200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset();
		int result = root_make(rows[i].option, &got, &err);

		CHECK_INT(result == 0, rows[i].want != NULL);
		if (rows[i].want != NULL)
			CHECK_STR(got.data, rows[i].want);
		else
			CHECK_STR(err.text, "Option --root argument should not be set to /");
	}
	reset();
	CHECK(getcwd(directory, sizeof(directory)) != NULL);
	snprintf(want, sizeof(want), "%s/state", directory);
	CHECK_INT(root_make("state", &got, &err), 0);
	CHECK_STR(got.data, want);

	reset();
	unsetenv("XDG_RUNTIME_DIR");
	CHECK_INT(root_make(NULL, &got, &err), 0);
	CHECK_STR(got.data, "/run/hull");
	/* conmon hands an empty one down */
	reset();
	setenv("XDG_RUNTIME_DIR", "", 1);
	CHECK_INT(root_make(NULL, &got, &err), 0);
	CHECK_STR(got.data, "/run/hull");
	reset();
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	setenv("USER", "root", 1);
	CHECK_INT(root_make(NULL, &got, &err), 0);
	CHECK_STR(got.data, geteuid() == 0 ? "/run/hull" : "/run/user/7/hull");
}

static const struct test tests[] = {
	{ "time stamps", test_time },
	{ "log records", test_records },
	{ "the words of an errno", test_error_words },
	{ "opening the log", test_log_open },
	{ "tables", test_table },
	{ "lines of ps", test_ps_filter },
	{ "running ps", test_ps_run },
	{ "the state root", test_root },
};

TEST_MAIN(tests)
