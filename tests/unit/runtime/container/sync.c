/* hull's side of the conversation: the other one may be hostile. */
#include "runtime/container/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/check.h"

static int ours, theirs;

static void open_pair(void)
{
	struct error err;

	CHECK_INT(sync_open(&ours, &theirs, &err), 0);
}

static void close_theirs(void)
{
	(void)close(theirs);
	theirs = -1;
}

static void close_pair(void)
{
	(void)close(ours);
	if (theirs >= 0)
		(void)close(theirs);
}

/* What hull-init sends. */
static void say(const void *bytes, size_t size)
{
	CHECK_INT(send(theirs, bytes, size, MSG_NOSIGNAL), size);
}

static void say_step(enum sync_step step, int value)
{
	const struct sync_message message = { .step = step, .value = value };

	say(&message, SYNC_SHORT_SIZE);
}

static void words(void)
{
	struct sync_message message = { 0 };
	struct error err;
	int32_t value = 0;

	open_pair();
	CHECK_INT(sync_send(ours, SYNC_GO, &err), 0);
	CHECK_INT(recv(theirs, &message, sizeof(message), 0), SYNC_SHORT_SIZE);
	CHECK_INT(message.step, SYNC_GO);
	say_step(SYNC_JOINED, 4711);
	CHECK_INT(sync_expect(ours, SYNC_JOINED, &value, &err), 0);
	CHECK_INT(value, 4711);
	say_step(SYNC_CREATED, 0);
	CHECK_INT(sync_expect(ours, SYNC_MOUNTS_READY, NULL, &err), -EPROTO);
	CHECK_STR(err.text, "hull-init sent step 5 instead of 3");
	close_pair();
}

static void a_death(void)
{
	struct error err;

	open_pair();
	close_theirs();
	CHECK_INT(sync_expect(ours, SYNC_CREATED, NULL, &err), -EPIPE);
	CHECK_STR(err.text, "the container's first process died");
	close_pair();
}

static struct sync_message failed(int number, const char *text)
{
	struct sync_message message = { .step = SYNC_FAILED, .error = { .number = number } };

	(void)snprintf(message.error.text, sizeof(message.error.text), "%s", text);
	message.error.length = (int32_t)strlen(message.error.text);
	return message;
}

static void a_failure(void)
{
	struct sync_message message = failed(ENOENT, "mounts: why");
	struct error err;

	open_pair();
	say(&message, sizeof(message));
	close_theirs();
	CHECK_INT(sync_expect(ours, SYNC_CREATED, NULL, &err), -ENOENT);
	CHECK_STR(err.text, "mounts: why");
	CHECK_INT(err.number, ENOENT);
	CHECK_INT(err.length, strlen("mounts: why"));
	close_pair();
}

/* Its last words come through although it died with words of hull's unread, and hull speaks on into the void.
 */
static void last_words(void)
{
	struct sync_message message = failed(0, "why");
	struct error err;

	open_pair();
	CHECK_INT(sync_send(ours, SYNC_GO, &err), 0);
	say(&message, sizeof(message));
	close_theirs();
	CHECK_INT(sync_send(ours, SYNC_GO, &err), 0);
	CHECK_INT(sync_expect(ours, SYNC_CREATED, NULL, &err), -EINVAL);
	CHECK_STR(err.text, "why");
	CHECK_INT(sync_expect(ours, SYNC_CREATED, NULL, &err), -EPIPE);
	close_pair();
	/* The same when it had nothing to say. */
	open_pair();
	CHECK_INT(sync_send(ours, SYNC_GO, &err), 0);
	close_theirs();
	CHECK_INT(sync_expect(ours, SYNC_CREATED, NULL, &err), -EPIPE);
	close_pair();
}

/* sync_expect after @size bytes of @message; the text is in @err. */
static int expect_after(const struct sync_message *message, size_t size, struct error *err)
{
	open_pair();
	say(message, size);
	int result = sync_expect(ours, SYNC_CREATED, NULL, err);
	close_pair();
	return result;
}

static void a_hostile_text(void)
{
	struct sync_message message = failed(1, "a\nb\033[31mc\x7f");
	struct error err;

	/* Nothing of it moves a terminal or fakes a line of the log. */
	CHECK_INT(expect_after(&message, sizeof(message), &err), -EPERM);
	CHECK_STR(err.text, "a?b?[31mc?");

	/* Without an end, and with lengths that lie. */
	memset(message.error.text, 'x', sizeof(message.error.text));
	message.error.length = 1 << 30;
	CHECK_INT(expect_after(&message, sizeof(message), &err), -EPERM);
	CHECK_INT(err.length, ERROR_TEXT_SIZE - 1);
	CHECK_INT(strlen(err.text), ERROR_TEXT_SIZE - 1);
	message.error.length = -1;
	CHECK_INT(expect_after(&message, sizeof(message), &err), -EPERM);
	CHECK_INT(err.length, strlen(err.text));

	/* An errno that is none. */
	message = failed(-5, "x");
	CHECK_INT(expect_after(&message, sizeof(message), &err), -EINVAL);
	CHECK_INT(err.number, 0);
	message = failed(1 << 20, "x");
	CHECK_INT(expect_after(&message, sizeof(message), &err), -EINVAL);
}

/* However short or long the message is, nothing is read that was not sent. */
static void any_size(void)
{
	struct sync_message message = failed(ENOENT, "0123456789");
	size_t text_at = sizeof(message) - ERROR_TEXT_SIZE;
	char longer[sizeof(message) + 100];
	struct error err;

	for (size_t size = 1; size < SYNC_SHORT_SIZE; size++) {
		CHECK_INT(expect_after(&message, size, &err), -EPROTO);
		CHECK_HAS(err.text, "bytes");
	}
	for (size_t size = SYNC_SHORT_SIZE; size < text_at + 16; size++) {
		CHECK(expect_after(&message, size, &err) < 0);
		size_t length = size > text_at ? size - text_at : 0;
		CHECK_INT(err.length, length < 10 ? length : 10);
	}
	memset(longer, 'y', sizeof(longer));
	memcpy(longer, &message, sizeof(message));
	open_pair();
	say(longer, sizeof(longer));
	CHECK(sync_expect(ours, SYNC_CREATED, NULL, &err) < 0);
	close_pair();
}

/* After EXECUTING the end is success, an error record is not, and nothing else is either. */
static void executing(void)
{
	struct sync_message message = failed(ENOEXEC, "exec");
	struct error err;

	open_pair();
	close_theirs();
	CHECK_INT(sync_expect_exec(ours, &err), 0);
	close_pair();
	open_pair();
	say(&message, sizeof(message));
	close_theirs();
	CHECK_INT(sync_expect_exec(ours, &err), -ENOEXEC);
	CHECK_STR(err.text, "exec");
	close_pair();
	open_pair();
	say_step(SYNC_CREATED, 0);
	CHECK_INT(sync_expect_exec(ours, &err), -EPROTO);
	close_pair();
}

static const struct test tests[] = {
	{ "words", words },
	{ "a death", a_death },
	{ "a failure", a_failure },
	{ "last words are not lost", last_words },
	{ "a hostile text", a_hostile_text },
	{ "messages of any size", any_size },
	{ "after EXECUTING", executing },
};

TEST_MAIN(tests)
