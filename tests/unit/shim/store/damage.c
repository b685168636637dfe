/*
 * Records that a dying disk or machine left: cut off at every byte, with bytes changed, with noise. Loading
 * says no, and which container and file, or has a whole record; it never does anything else.
 *
 * SEED=N repeats what was chosen at random; it is printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/store/store.h"
#include "tests/unit/check.h"

#define ROUNDS 2000

static char scratch[64], root[96], run_path[96], id[STORE_ID_DIGITS + 1];
static struct store store;
static unsigned chance_state;

static unsigned below(size_t limit)
{
	chance_state = chance_state * 1103515245 + 12345;
	return (chance_state >> 8) % (unsigned)limit;
}

enum record { RECORD_CONTAINER, RECORD_RUN, RECORD_EXIT, RECORD_COUNT };
static const char *const names[RECORD_COUNT] = { "container.json", "run.json", "exit.json" };
static char whole[RECORD_COUNT][4096];
static size_t lengths[RECORD_COUNT];

static void put(enum record record, const char *bytes, size_t length)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", root, id, names[record]);
	FILE *file = fopen(path, "w");
	CHECK(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static int load(enum record record, struct error *err)
{
	struct store_container container;
	struct store_run run;
	struct store_exit ending;
	struct arena arena;
	int result = 0;

	arena_init(&arena, 0);
	switch (record) {
	case RECORD_CONTAINER:
		result = store_container_load(&store, id, &arena, &container, err);
		if (result == 0)
			CHECK(container.name != NULL && container.bundle != NULL &&
			      container.restart < RESTART_COUNT && container.log_driver < LOG_DRIVER_COUNT);
		break;
	case RECORD_RUN:
		result = store_run_load(&store, id, &run, err);
		break;
	case RECORD_EXIT:
		result = store_exit_load(&store, id, &arena, &ending, err);
		break;
	case RECORD_COUNT:
		break;
	}
	arena_release(&arena);
	return result;
}

static void check_load(enum record record, bool must_fail)
{
	struct error err;
	int result;

	error_clear(&err);
	result = load(record, &err);
	if (must_fail)
		CHECK(result < 0);
	if (result < 0) {
		char words[64];

		(void)snprintf(words, sizeof(words), "container %.12s, %s", id, names[record]);
		CHECK_HAS(err.text, words);
	}
}

static void begin(void)
{
	static const char *const command[] = { "sh", "-c", "echo \"ä\\\n\"" };
	struct store_container container = {
		.name = "web",
		.bundle = "/b",
		.command = { 3, command },
		.created_ns = 1795609436650741096,
		.stop_signal = 15,
		.log_max_files = 1,
	};
	struct process_id process = { .pid = 77, .start_time = 5, .pidfd_inode = 6, .boot_id = "c57f2787" };
	struct store_run run = { .shim = process, .container = process, .started_ns = 9, .restarts = 2 };
	struct store_exit ending = {
		.code = 137, .signal = 9, .container = process, .error = "it \"broke\""
	};
	struct error err;

	(void)snprintf(scratch, sizeof(scratch), "/tmp/hull-store.XXXXXX");
	CHECK(mkdtemp(scratch) != NULL);
	(void)snprintf(root, sizeof(root), "%s/store", scratch);
	(void)snprintf(run_path, sizeof(run_path), "%s/run", scratch);
	CHECK_INT(store_open(root, run_path, &store, &err), 0);
	CHECK_INT(store_claim(&store, id, &err), 0);
	container.id = id;
	CHECK_INT(store_container_save(&store, &container, &err), 0);
	CHECK_INT(store_run_save(&store, id, &run, &err), 0);
	CHECK_INT(store_exit_save(&store, id, &ending, &err), 0);
	for (int record = 0; record < RECORD_COUNT; record++) {
		char path[256];

		check_load((enum record)record, false);
		(void)snprintf(path, sizeof(path), "%s/%s/%s", root, id, names[record]);
		FILE *file = fopen(path, "r");
		CHECK(file != NULL);
		lengths[record] = file == NULL ? 0 : fread(whole[record], 1, sizeof(whole[record]), file);
		CHECK(lengths[record] > 20 && lengths[record] < sizeof(whole[record]));
		if (file != NULL)
			(void)fclose(file);
	}
}

static void end(void)
{
	char command[128];

	store_close(&store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", scratch);
	CHECK_INT(system(command), 0);
}

static void test_cut(void)
{
	begin();
	for (int record = 0; record < RECORD_COUNT; record++) {
		size_t last = lengths[record];

		while (last > 0 && whole[record][last - 1] == '\n')
			last--; /* without its last line's end it is whole */
		for (size_t length = 0; length < last; length++) {
			put((enum record)record, whole[record], length);
			check_load((enum record)record, true);
		}
	}
	end();
}

static void test_changed(void)
{
	const char *given = getenv("SEED");

	if (given != NULL)
		chance_state = (unsigned)strtoul(given, NULL, 10);
	else
		CHECK_INT(getrandom(&chance_state, sizeof(chance_state), 0), sizeof(chance_state));
	printf("# SEED=%u\n", chance_state);
	begin();
	for (int round = 0; round < ROUNDS; round++) {
		enum record record = (enum record)below(RECORD_COUNT);
		char bytes[sizeof(whole[0])];

		memcpy(bytes, whole[record], lengths[record]);
		for (unsigned changes = below(4); changes < 4; changes++)
			bytes[below(lengths[record])] = (char)below(256);
		if (round % 10 == 0) /* a page that was never written */
			memset(bytes + below(lengths[record]), 0, 1);
		put(record, bytes, lengths[record]);
		check_load(record, false);
	}
	end();
}

static const struct test tests[] = {
	{ "a record that is cut off at any byte is refused by its name", test_cut },
	{ "a record with changed bytes is refused by its name, or is one", test_changed },
};
TEST_MAIN(tests)
