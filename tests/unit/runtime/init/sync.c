/* The container side of the conversation, with a socket pair as the other one. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/init/init.h"
#include "tests/unit/check.h"

static int hull;
static struct init init;

static void open_pair(void)
{
	int pair[2] = { -1, -1 };

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	hull = pair[0];
	init.peer = pair[1];
}

static void close_pair(void)
{
	(void)close(hull);
	(void)close(init.peer);
}

static void sending(void)
{
	struct sync_message message = { 0 };

	open_pair();
	sync_send(&init, SYNC_JOINED, 4711);
	CHECK_INT(recv(hull, &message, sizeof(message), 0), SYNC_SHORT_SIZE);
	CHECK_INT(message.step, SYNC_JOINED);
	CHECK_INT(message.value, 4711);
	close_pair();
}

static void failing(void)
{
	struct sync_message message = { 0 };
	struct error err;

	open_pair();
	CHECK_INT(error_set(&err, ENOENT, "why"), -ENOENT);
	sync_send_failed(init.peer, &err);
	CHECK_INT(recv(hull, &message, sizeof(message), 0), sizeof(message));
	CHECK_INT(message.step, SYNC_FAILED);
	CHECK_INT(message.error.number, ENOENT);
	CHECK_STR(message.error.text, "why");
	close_pair();
}

/* A peer that is gone must not end hull-init by a signal. */
static void nobody_there(void)
{
	struct error err;

	open_pair();
	(void)close(hull);
	sync_send(&init, SYNC_CREATED, 0);
	CHECK_INT(error_set(&err, 0, "why"), -EINVAL);
	sync_send_failed(init.peer, &err);
	CHECK_INT(sync_expect(&init, SYNC_START, &err), -EPIPE);
	CHECK_STR(err.text, "wait for START");
	(void)close(init.peer);
}

/* sync_expect(GO) after @message of @size bytes. */
static int expect_go(const struct sync_message *message, size_t size, struct error *err)
{
	open_pair();
	CHECK_INT(send(hull, message, size, MSG_NOSIGNAL), size);
	int result = sync_expect(&init, SYNC_GO, err);
	close_pair();
	return result;
}

static void expecting(void)
{
	struct sync_message message = { .step = SYNC_GO };
	struct error err;

	CHECK_INT(expect_go(&message, SYNC_SHORT_SIZE, &err), 0);
	CHECK_INT(expect_go(&message, sizeof(message), &err), 0);
	message.step = SYNC_START;
	CHECK_INT(expect_go(&message, SYNC_SHORT_SIZE, &err), -EPROTO);
	CHECK_STR(err.text, "wait for GO: step 6 came");
	message.step = 0xffffffff;
	CHECK_INT(expect_go(&message, SYNC_SHORT_SIZE, &err), -EPROTO);
	message.step = SYNC_GO;
	CHECK_INT(expect_go(&message, SYNC_SHORT_SIZE - 1, &err), -EPROTO);
	CHECK_INT(expect_go(&message, 1, &err), -EPROTO);
}

/* Every step can be waited for by name. */
static void names(void)
{
	for (int step = SYNC_JOINED; step < SYNC_STEP_COUNT; step++) {
		struct error err;

		open_pair();
		(void)close(hull);
		CHECK_INT(sync_expect(&init, (enum sync_step)step, &err), -EPIPE);
		CHECK(strlen(err.text) > strlen("wait for ") && strstr(err.text, "null") == NULL);
		(void)close(init.peer);
	}
}

static const struct test tests[] = {
	{ "a word", sending },
	{ "the last word", failing },
	{ "nobody there", nobody_there },
	{ "the expected word and others", expecting },
	{ "every step has a name", names },
};

TEST_MAIN(tests)
