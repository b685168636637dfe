/* exit.json: how the last run ended; see store.h. */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "shim/store/record.h"
#include "shim/store/store.h"

#include "base/banned.h"

int store_exit_save(const struct store *store, const char *id, const struct store_exit *exit,
		    struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	text_format(&text, "{\"code\": %" PRId32 ",\n \"signal\": %" PRId32 ",\n \"oomKilled\": %s,\n ",
		    exit->code, exit->signal, exit->oom_killed ? "true" : "false");
	record_append_process(&text, "container", &exit->container);
	text_format(&text, ",\n \"started\": %" PRId64 ",\n \"finished\": %" PRId64, exit->started_ns,
		    exit->finished_ns);
	if (exit->error != NULL) {
		text_append(&text, ",\n \"error\": ");
		text_append_json(&text, exit->error);
	}
	text_append(&text, exit->output_lost ? ",\n \"outputLost\": true}\n" : "}\n");
	result = record_write(dir, "exit.json", &text, true, err);
	return result < 0 ? error_add(err, "container %.12s", id) : 0;
}

static int read_exit(int dir, struct arena *arena, struct store_exit *ret, struct error *err)
{
	const struct json *object;
	int64_t code, signal;
	int result = record_read(dir, "exit.json", arena, &object, err);

	if (result == 0)
		result = record_i64(object, "code", -1, 255, &code, err);
	if (result == 0)
		result = record_i64(object, "signal", 0, 127, &signal, err);
	if (result == 0)
		result = record_bool(object, "oomKilled", &ret->oom_killed, err);
	if (result == 0)
		result = record_process(object, "container", &ret->container, err);
	if (result == 0)
		result = record_i64(object, "started", INT64_MIN, INT64_MAX, &ret->started_ns, err);
	if (result == 0)
		result = record_i64(object, "finished", INT64_MIN, INT64_MAX, &ret->finished_ns, err);
	if (result == 0 && json_get(object, "error") != NULL)
		result = record_string(object, "error", &ret->error, err);
	if (result == 0 && json_get(object, "outputLost") != NULL)
		result = record_bool(object, "outputLost", &ret->output_lost, err);
	if (result < 0)
		return result;
	ret->code = (int32_t)code;
	ret->signal = (int32_t)signal;
	return 0;
}

int store_exit_load(const struct store *store, const char *id, struct arena *arena, struct store_exit *ret,
		    struct error *err)
{
	autoclose int dir = -1;
	struct store_exit exit = { 0 };
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	result = read_exit(dir, arena, &exit, err);
	if (result < 0)
		return error_add(err, "container %.12s, exit.json", id);
	*ret = exit;
	return 0;
}
