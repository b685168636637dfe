/* journalctl's export format, whole and in pieces, and what is none. */
#include "tests/unit/check.h"

#include <errno.h>
#include <unistd.h>

#include "shim/container/journal.h"

static const char entries[] =
	"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1700000000123456\nPRIORITY=6\nMESSAGE=one = 1\n\n"
	"__CURSOR=s=1;i=2\nPRIORITY=5\n\n" /* without a message */
	"__CURSOR=s=1;i=3\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\n"
	"MESSAGE\n\3\0\0\0\0\0\0\0a\nb\n\n";

static void check_entries(struct journal *journal, const char *bytes, size_t length, size_t piece)
{
	struct logread_entry entry = { 0 };
	struct error err;
	int pair[2], found = 0;

	CHECK_INT(pipe(pair), 0);
	*journal = (struct journal){ .fd = pair[0] };
	for (size_t at = 0; at < length; at += piece) {
		size_t part = length - at < piece ? length - at : piece;

		CHECK_INT(write(pair[1], bytes + at, part), (ssize_t)part);
		while (journal_next(journal, 0, &entry, &err) == 1) {
			if (found++ == 0) {
				CHECK_INT(entry.length, 7);
				CHECK(memcmp(entry.text, "one = 1", 7) == 0);
				CHECK_INT(entry.time_ns, 1700000000123456000);
				CHECK_INT(entry.stream, STDOUT_FILENO);
				CHECK(!entry.partial);
				CHECK_STR(journal->cursor, "s=1;i=1");
			} else {
				CHECK_INT(entry.length, 3);
				CHECK(memcmp(entry.text, "a\nb", 3) == 0);
				CHECK_INT(entry.stream, STDERR_FILENO);
				CHECK(entry.partial);
				CHECK_STR(journal->cursor, "s=1;i=3");
			}
		}
	}
	CHECK_INT(found, 2);
	CHECK(!journal->ended);
	(void)close(pair[1]);
	CHECK_INT(journal_next(journal, -1, &entry, &err), 0);
	CHECK(journal->ended);
	(void)close(pair[0]);
	text_release(&journal->bytes);
}

static void test_entries(void)
{
	struct journal journal;

	for (size_t piece = 1; piece < sizeof(entries); piece++)
		check_entries(&journal, entries, sizeof(entries) - 1, piece);
}

static void test_damage(void)
{
	static const char huge[] = "MESSAGE\n\377\377\377\377\377\377\377\377a\n\n";
	struct logread_entry entry;
	struct journal journal;
	struct error err;
	int pair[2];

	CHECK_INT(pipe(pair), 0);
	journal = (struct journal){ .fd = pair[0] };
	CHECK_INT(write(pair[1], huge, sizeof(huge) - 1), sizeof(huge) - 1);
	CHECK_INT(journal_next(&journal, 0, &entry, &err), -EINVAL);
	(void)close(pair[0]);
	(void)close(pair[1]);
	text_release(&journal.bytes);
}

static const struct test tests[] = {
	{ "entries in pieces", test_entries },
	{ "a size beyond all sense", test_damage },
};
TEST_MAIN(tests)
