/* The table of state and event, and the restart policies. */
#include "shim/state.h"

#include "shim/restart.h"
#include "tests/unit/check.h"

static void test_life(void)
{
	static const struct {
		enum state_event event;
		enum state next;
		enum state_action action;
	} life[] = {
		{ EVENT_CREATED, STATE_CREATED, ACTION_START },
		{ EVENT_STARTED, STATE_RUNNING, ACTION_RUNNING },
		{ EVENT_EXITED, STATE_ENDED, ACTION_END },
		{ EVENT_AGAIN, STATE_WAITING, ACTION_WAIT },
		{ EVENT_DUE, STATE_CREATING, ACTION_CREATE },
		{ EVENT_CREATED, STATE_CREATED, ACTION_START },
		{ EVENT_STARTED, STATE_RUNNING, ACTION_RUNNING },
		{ EVENT_STOP, STATE_STOPPING, ACTION_SIGNAL },
		{ EVENT_OVERDUE, STATE_STOPPING, ACTION_KILL },
		{ EVENT_EXITED, STATE_ENDED, ACTION_END },
		{ EVENT_FINISHED, STATE_STOPPED, ACTION_FINISH },
	};
	enum state state = STATE_CREATING;

	for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
		struct state_row row = state_step(state, life[i].event);

		CHECK_INT(row.next, life[i].next);
		CHECK_INT(row.action, life[i].action);
		state = row.next;
	}
}

/* Whatever happens in whatever order: an end is taken once, a create follows only a recorded end, and after
 * the last state nothing happens. */
static void test_any_order(void)
{
	unsigned random = 1;

	for (int run = 0; run < 20000; run++) {
		enum state state = STATE_CREATING;
		int creates = 1, ends = 0;

		for (int i = 0; i < 40; i++) {
			random = random * 1103515245 + 12345;
			struct state_row row =
				state_step(state, (enum state_event)((random >> 16) % EVENT_COUNT));

			if (row.action == ACTION_NONE)
				CHECK_INT(row.next, state);
			if (row.action == ACTION_END || row.action == ACTION_FAIL) {
				ends++;
				CHECK_INT(row.next, STATE_ENDED);
			}
			creates += row.action == ACTION_CREATE;
			CHECK(ends == creates || ends == creates - 1);
			if (row.action == ACTION_CREATE || row.action == ACTION_FINISH)
				CHECK(state == STATE_WAITING || state == STATE_ENDED);
			if (row.next == STATE_RUNNING || row.next == STATE_STOPPING)
				CHECK_INT(ends, creates - 1);
			if (state == STATE_STOPPED)
				CHECK_INT(row.action, ACTION_NONE);
			state = row.next;
		}
	}
}

static void test_stop_everywhere(void)
{
	/* A stop is heard in every state but the last. */
	for (int state = 0; state < STATE_STOPPED; state++)
		CHECK(state_step((enum state)state, EVENT_STOP).action != ACTION_NONE);
	CHECK_INT(state_step(STATE_CREATING, EVENT_STOP).next, STATE_CANCELLING);
	CHECK_INT(state_step(STATE_CANCELLING, EVENT_CREATED).action, ACTION_KILL);
	CHECK_INT(state_step(STATE_WAITING, EVENT_STOP).next, STATE_STOPPED);
	for (int state = 0; state < STATE_COUNT; state++)
		CHECK(state_names[state] != NULL);
}

static void test_policies(void)
{
	CHECK(!restart_wanted(RESTART_NO, 0, 1, 0));
	CHECK(!restart_wanted(RESTART_ON_FAILURE, 0, 0, 0));
	CHECK(restart_wanted(RESTART_ON_FAILURE, 0, 1, 1000000));
	CHECK(restart_wanted(RESTART_ON_FAILURE, 3, 137, 2));
	CHECK(!restart_wanted(RESTART_ON_FAILURE, 3, 137, 3));
	CHECK(restart_wanted(RESTART_ON_FAILURE, 0, -1, 0));
	CHECK(restart_wanted(RESTART_ALWAYS, 0, 0, 7));
	CHECK(restart_wanted(RESTART_UNLESS_STOPPED, 0, 0, 7));
}

static void test_back_off(void)
{
	int64_t delay = restart_delay_ms(0, 5);

	CHECK_INT(delay, 100);
	for (int i = 0, want = 200; i < 12; i++, want = want * 2 < 60000 ? want * 2 : 60000) {
		delay = restart_delay_ms(delay, 5);
		CHECK_INT(delay, want);
	}
	CHECK_INT(delay, 60000);
	CHECK_INT(restart_delay_ms(60000, 9999), 60000);
	CHECK_INT(restart_delay_ms(60000, 10000), 100);
}

static const struct test tests[] = {
	{ "a life with a restart and a stop", test_life },
	{ "events in any order", test_any_order },
	{ "a stop is heard everywhere", test_stop_everywhere },
	{ "restart policies", test_policies },
	{ "back-off", test_back_off },
};
TEST_MAIN(tests)
