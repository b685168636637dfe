/* run.json: the run that goes on; see store.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "shim/store/record.h"
#include "shim/store/store.h"

#include "base/banned.h"

int store_run_save(const struct store *store, const char *id, const struct store_run *run, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	text_append(&text, "{");
	record_append_process(&text, "shim", &run->shim);
	text_append(&text, ",\n ");
	record_append_process(&text, "container", &run->container);
	text_format(&text, ",\n \"started\": %" PRId64 ",\n \"restarts\": %" PRIu32 "}\n", run->started_ns,
		    run->restarts);
	result = record_write(dir, "run.json", &text, false, err);
	return result < 0 ? error_add(err, "container %.12s", id) : 0;
}

int store_run_sync(const struct store *store, const char *id, struct error *err)
{
	autoclose int dir = -1, fd = -1;
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	fd = openat(dir, "run.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || fsync(dir) < 0)
		return error_set(err, errno, "container %.12s: sync run.json", id);
	return 0;
}

int store_run_drop(const struct store *store, const char *id, struct error *err)
{
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	if (unlinkat(dir, "run.json", 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "container %.12s: remove run.json", id);
	return 0;
}

static int read_run(int dir, struct arena *arena, struct store_run *ret, struct error *err)
{
	const struct json *object;
	uint64_t restarts;
	int result = record_read(dir, "run.json", arena, &object, err);

	if (result == 0)
		result = record_process(object, "shim", &ret->shim, err);
	if (result == 0)
		result = record_process(object, "container", &ret->container, err);
	if (result == 0)
		result = record_i64(object, "started", INT64_MIN, INT64_MAX, &ret->started_ns, err);
	if (result == 0)
		result = record_u64(object, "restarts", UINT32_MAX, &restarts, err);
	if (result == 0)
		ret->restarts = (uint32_t)restarts;
	return result;
}

int store_run_load(const struct store *store, const char *id, struct store_run *ret, struct error *err)
{
	autoclose int dir = -1;
	struct arena arena;
	struct store_run run = { 0 };
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	arena_init(&arena, 0);
	result = read_run(dir, &arena, &run, err);
	arena_release(&arena);
	if (result < 0)
		return error_add(err, "container %.12s, run.json", id);
	*ret = run;
	return 0;
}
