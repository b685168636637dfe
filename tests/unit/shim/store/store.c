/* The store: records round and damaged, ids and names, what is wanted, removal. */
#include "shim/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/check.h"

static char scratch[64], root[96], run[96];
static struct store store;
static struct error err;

static void begin(void)
{
	(void)snprintf(scratch, sizeof(scratch), "/tmp/hull-store.XXXXXX");
	CHECK(mkdtemp(scratch) != NULL);
	(void)snprintf(root, sizeof(root), "%s/a/store", scratch);
	(void)snprintf(run, sizeof(run), "%s/run", scratch);
	CHECK_INT(store_open(root, run, &store, &err), 0);
}

static void end(void)
{
	char command[128];

	store_close(&store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", scratch);
	CHECK_INT(system(command), 0);
}

static const char *const command[] = { "sh", "-c", "echo \"ä\\\n\"" };

static void save(const char *id, const char *name, int64_t created_ns)
{
	struct store_container container = {
		.id = id,
		.name = name,
		.bundle = "/b",
		.command = { 3, command },
		.created_ns = created_ns,
		.terminal = true,
		.auto_remove = true,
		.restart = RESTART_ON_FAILURE,
		.restart_max = 3,
		.stop_signal = SIGINT,
		.stop_timeout_s = 7,
		.log_driver = LOG_DRIVER_K8S_FILE,
		.log_max_bytes = 1ULL << 40,
		.log_max_files = 5,
	};

	CHECK_INT(store_container_save(&store, &container, &err), 0);
}

static void put(const char *id, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", root, id, name);
	FILE *file = fopen(path, "w");
	CHECK(file != NULL);
	if (file != NULL) {
		CHECK(fputs(text, file) >= 0);
		(void)fclose(file);
	}
}

static void test_container(void)
{
	char id[STORE_ID_DIGITS + 1];
	struct store_container container;
	struct arena arena;
	struct stat st;

	begin();
	arena_init(&arena, 0);
	CHECK_INT(stat(root, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0700);
	CHECK_INT(store_claim(&store, id, &err), 0);
	CHECK_INT(strlen(id), STORE_ID_DIGITS);
	CHECK_INT(store_container_load(&store, id, &arena, &container, &err), -ENOENT);
	save(id, "web", 12345678901234567);
	CHECK_INT(store_container_load(&store, id, &arena, &container, &err), 0);
	CHECK_STR(container.id, id);
	CHECK_STR(container.name, "web");
	CHECK_INT(container.command.count, 3);
	CHECK_STR(container.command.items[2], command[2]);
	CHECK_INT(container.created_ns, 12345678901234567);
	CHECK(container.terminal && !container.open_stdin && container.auto_remove);
	CHECK_INT(container.restart, RESTART_ON_FAILURE);
	CHECK_INT(container.restart_max, 3);
	CHECK_INT(container.stop_signal, SIGINT);
	CHECK_INT(container.stop_timeout_s, 7);
	CHECK_INT(container.log_driver, LOG_DRIVER_K8S_FILE);
	CHECK(container.log_max_bytes == 1ULL << 40);
	CHECK_INT(container.log_max_files, 5);
	arena_release(&arena);
	end();
}

/* Every way in which a record can be damaged is an error that names it. */
static void test_damaged(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "exit.json" },
		{ "{", "exit.json" },
		{ "[]", "is no object" },
		{ "{}", "code is missing" },
		{ "{\"code\": \"1\"}", "code: is string" },
		{ "{\"code\": 256}", "code: is out of range" },
		{ "{\"code\": 1, \"signal\": 1000}", "signal: is out of range" },
		{ "{\"code\": 1, \"signal\": 0, \"oomKilled\": 0}", "oomKilled" },
		{ "{\"code\": 1, \"signal\": 0, \"oomKilled\": false, \"container\": {\"pid\": 1, "
		  "\"startTime\": 1, "
		  "\"pidfdInode\": 1, \"bootId\": \"0123456789012345678901234567890123456789\"}}",
		  "bootId: is too long" },
		{ "{\"code\": 1, \"code\": 2}", "code" },
	};
	char id[STORE_ID_DIGITS + 1];
	struct store_exit exit;
	struct arena arena;

	begin();
	arena_init(&arena, 0);
	CHECK_INT(store_claim(&store, id, &err), 0);
	CHECK_INT(store_exit_load(&store, id, &arena, &exit, &err), -ENOENT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(id, "exit.json", cases[i].text);
		CHECK_INT(store_exit_load(&store, id, &arena, &exit, &err), -EINVAL);
		CHECK_HAS(err.text, cases[i].says);
	}
	save(id, "web", 1);
	put(id, "container.json", "{\"id\": \"x\"}");
	struct store_container container;
	CHECK_INT(store_container_load(&store, id, &arena, &container, &err), -EINVAL);
	CHECK_HAS(err.text, "name is missing");
	arena_release(&arena);
	end();
}

static void test_exit_and_run(void)
{
	struct process_id self = { .pid = 42, .start_time = UINT64_MAX, .pidfd_inode = 7, .boot_id = "b-1" };
	struct store_exit exit = { .code = 137,
				   .signal = 9,
				   .oom_killed = true,
				   .container = self,
				   .started_ns = 5,
				   .finished_ns = 6,
				   .error = "exec: \"x\": not found" },
			  exit2;
	struct store_run going = { .shim = self, .container = { 0 }, .started_ns = 0, .restarts = 4 }, going2;
	char id[STORE_ID_DIGITS + 1];
	struct arena arena;

	begin();
	arena_init(&arena, 0);
	CHECK_INT(store_claim(&store, id, &err), 0);
	CHECK_INT(store_exit_save(&store, id, &exit, &err), 0);
	CHECK_INT(store_exit_load(&store, id, &arena, &exit2, &err), 0);
	CHECK_INT(exit2.code, 137);
	CHECK_INT(exit2.signal, 9);
	CHECK(exit2.oom_killed);
	CHECK(exit2.container.start_time == UINT64_MAX);
	CHECK_STR(exit2.container.boot_id, "b-1");
	CHECK_INT(exit2.finished_ns, 6);
	CHECK_STR(exit2.error, exit.error);
	CHECK(!exit2.output_lost);
	exit.output_lost = true;
	exit.error = NULL;
	exit.code = -1;
	CHECK_INT(store_exit_save(&store, id, &exit, &err), 0);
	CHECK_INT(store_exit_load(&store, id, &arena, &exit2, &err), 0);
	CHECK(exit2.error == NULL && exit2.output_lost);
	CHECK_INT(exit2.code, -1);
	CHECK_INT(store_run_save(&store, id, &going, &err), 0);
	CHECK_INT(store_run_load(&store, id, &going2, &err), 0);
	CHECK_INT(going2.shim.pid, 42);
	CHECK_INT(going2.container.pid, 0);
	CHECK_INT(going2.restarts, 4);
	CHECK_INT(store_run_sync(&store, id, &err), 0);
	CHECK_INT(store_run_drop(&store, id, &err), 0);
	CHECK_INT(store_run_drop(&store, id, &err), 0);
	CHECK_INT(store_run_load(&store, id, &going2, &err), -ENOENT);
	CHECK_INT(store_run_sync(&store, id, &err), -ENOENT);
	arena_release(&arena);
	end();
}

static void test_names(void)
{
	char a[STORE_ID_DIGITS + 1], b[STORE_ID_DIGITS + 1], found[STORE_ID_DIGITS + 1], prefix[16];

	begin();
	CHECK_INT(store_claim(&store, a, &err), 0);
	CHECK_INT(store_claim(&store, b, &err), 0);
	CHECK_INT(store_claim_name(&store, "web", a, &err), 0);
	CHECK_INT(store_claim_name(&store, "web", b, &err), -EEXIST);
	CHECK_HAS(err.text, "The container name \"/web\" is already in use by container \"");
	CHECK_HAS(err.text, a);
	CHECK_INT(store_claim_name(&store, "-web", b, &err), -EINVAL);
	CHECK_INT(store_claim_name(&store, "../web", b, &err), -EINVAL);
	CHECK_INT(store_claim_name(&store, "", b, &err), -EINVAL);
	CHECK_INT(store_find(&store, "web", found, &err), 0);
	CHECK_STR(found, a);
	(void)snprintf(prefix, sizeof(prefix), "%.12s", b);
	CHECK_INT(store_find(&store, prefix, found, &err), 0);
	CHECK_STR(found, b);
	CHECK_INT(store_find(&store, "nobody", found, &err), -ENOENT);
	CHECK_STR(err.text, "No such container: nobody");
	CHECK_INT(store_find(&store, "", found, &err), -ENOENT);
	CHECK_INT(store_find(&store, "..", found, &err), -ENOENT);
	/* A name wins over a prefix of another's id. */
	CHECK_INT(store_claim_name(&store, prefix, a, &err), 0);
	CHECK_INT(store_find(&store, prefix, found, &err), 0);
	CHECK_STR(found, a);
	/* A container that went without its name (a crash) does not keep it. */
	CHECK_INT(store_drop(&store, a, &err), 0);
	CHECK_INT(store_find(&store, "web", found, &err), -ENOENT);
	CHECK_INT(store_claim_name(&store, "web", b, &err), 0);
	CHECK_INT(store_drop_name(&store, "web", &err), 0);
	CHECK_INT(store_find(&store, "web", found, &err), -ENOENT);
	end();
}

static void test_ambiguous(void)
{
	static const char one[] = "aa11111111111111111111111111111111111111111111111111111111111111";
	static const char two[] = "aa22222222222222222222222222222222222222222222222222222222222222";
	char found[STORE_ID_DIGITS + 1];

	begin();
	CHECK_INT(mkdirat(store.root, one, 0700), 0);
	CHECK_INT(mkdirat(store.root, two, 0700), 0);
	CHECK_INT(store_find(&store, "aa", found, &err), -EEXIST);
	CHECK_HAS(err.text, "aa");
	CHECK_INT(store_find(&store, "aa1", found, &err), 0);
	CHECK_STR(found, one);
	CHECK_INT(store_find(&store, "aa3", found, &err), -ENOENT);
	end();
}

static void test_list(void)
{
	char id[3][STORE_ID_DIGITS + 1], making[STORE_ID_DIGITS + 1], (*ids)[STORE_ID_DIGITS + 1];
	size_t count = 99;

	begin();
	CHECK_INT(store_list(&store, &ids, &count, &err), 0);
	CHECK_INT(count, 0);
	free(ids);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(store_claim(&store, id[i], &err), 0);
		save(id[i], "x", 100 - i);
	}
	CHECK_INT(store_claim(&store, making, &err), 0);
	CHECK_INT(store_list(&store, &ids, &count, &err), 0);
	CHECK_INT(count, 3);
	for (int i = 0; i < 3; i++)
		CHECK_STR(ids[i], id[2 - i]);
	free(ids);
	/* A damaged one is listed all the same: made just now, so last. */
	put(id[2], "container.json", "{");
	CHECK_INT(store_list(&store, &ids, &count, &err), 0);
	CHECK_INT(count, 3);
	CHECK_STR(ids[2], id[2]);
	free(ids);
	end();
}

static void test_wanted(void)
{
	char id[STORE_ID_DIGITS + 1];
	bool stopped = true;

	begin();
	CHECK_INT(store_claim(&store, id, &err), 0);
	CHECK_INT(store_is_wanted_stopped(&store, id, &stopped, &err), 0);
	CHECK(!stopped);
	CHECK_INT(store_want_stopped(&store, id, true, &err), 0);
	CHECK_INT(store_is_wanted_stopped(&store, id, &stopped, &err), 0);
	CHECK(stopped);
	CHECK_INT(store_want_stopped(&store, id, false, &err), 0);
	CHECK_INT(store_want_stopped(&store, id, false, &err), 0);
	CHECK_INT(store_is_wanted_stopped(&store, id, &stopped, &err), 0);
	CHECK(!stopped);
	end();
}

static void test_drop(void)
{
	char id[STORE_ID_DIGITS + 1], path[256], outside[128];
	int lock, lock2;

	begin();
	CHECK_INT(store_claim(&store, id, &err), 0);
	save(id, "x", 1);
	CHECK_INT(mkdirat(store.run, id, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/log", root, id);
	CHECK_INT(mkdir(path, 0700), 0);
	put(id, "log/container.log", "text");
	/* A symlink is removed, never followed. */
	(void)snprintf(outside, sizeof(outside), "%s/outside", scratch);
	CHECK_INT(mkdir(outside, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/log/link", root, id);
	CHECK_INT(symlink(outside, path), 0);
	CHECK_INT(store_lock(&store, id, &lock, &err), 0);
	CHECK_INT(store_drop(&store, id, &err), 0);
	CHECK_INT(close(lock), 0);
	CHECK_INT(store_lock(&store, id, &lock2, &err), -ENOENT);
	CHECK_INT(access(outside, F_OK), 0);
	CHECK_INT(faccessat(store.root, id, F_OK, 0), -1);
	CHECK_INT(faccessat(store.run, id, F_OK, 0), -1);
	CHECK_INT(store_drop(&store, id, &err), 0);
	CHECK_INT(store_drop(&store, "..", &err), -ENOENT);
	end();
}

static void test_restart(void)
{
	enum store_restart restart = RESTART_COUNT;
	uint32_t max = 99;

	for (int i = 0; i < RESTART_COUNT; i++) {
		CHECK_INT(store_parse_restart(store_restart_names[i], &restart, &max, &err), 0);
		CHECK_INT(restart, i);
		CHECK_INT(max, 0);
	}
	CHECK_INT(store_parse_restart("on-failure:3", &restart, &max, &err), 0);
	CHECK_INT(restart, RESTART_ON_FAILURE);
	CHECK_INT(max, 3);
	CHECK(store_parse_restart("sometimes", &restart, &max, &err) < 0);
	CHECK_HAS(err.text, "unknown policy 'sometimes'");
	CHECK(store_parse_restart("always:3", &restart, &max, &err) < 0);
	CHECK_HAS(err.text, "can only be used with 'on-failure'");
	CHECK(store_parse_restart("on-failure:x", &restart, &max, &err) < 0);
	CHECK(store_parse_restart("on-failure:", &restart, &max, &err) < 0);
	CHECK(store_parse_restart("", &restart, &max, &err) < 0);
}

static const struct test tests[] = {
	{ "container.json comes back as it was saved", test_container },
	{ "damaged records are errors", test_damaged },
	{ "exit.json and run.json", test_exit_and_run },
	{ "names, ids and short forms", test_names },
	{ "an ambiguous short form", test_ambiguous },
	{ "listed in the order of creation", test_list },
	{ "what a person wants", test_wanted },
	{ "removal", test_drop },
	{ "restart policies are docker's words", test_restart },
};
TEST_MAIN(tests)
