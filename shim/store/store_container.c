/* container.json: what was asked for; see store.h. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "shim/store/record.h"
#include "shim/store/store.h"

#include "base/banned.h"

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void append_optional(struct text *text, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_format(text, ",\n \"%s\": ", name);
	text_append_json(text, value);
}

int store_container_save(const struct store *store, const struct store_container *container,
			 struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int dir = -1;
	int result = store_directory(store, container->id, &dir, err);

	if (result < 0)
		return result;
	text_append(&text, "{\"id\": ");
	text_append_json(&text, container->id);
	text_append(&text, ",\n \"name\": ");
	text_append_json(&text, container->name);
	text_append(&text, ",\n \"bundle\": ");
	text_append_json(&text, container->bundle);
	append_optional(&text, "image", container->image);
	append_optional(&text, "imageId", container->image_id);
	append_optional(&text, "network", container->network);
	text_append(&text, ",\n \"command\": [");
	for (size_t i = 0; i < container->command.count; i++) {
		text_append(&text, i > 0 ? ", " : "");
		text_append_json(&text, container->command.items[i]);
	}
	text_format(&text,
		    "],\n \"created\": %" PRId64
		    ",\n \"terminal\": %s,\n \"openStdin\": %s,\n \"autoRemove\": %s,\n"
		    " \"restart\": \"%s\",\n \"restartMax\": %" PRIu32
		    ",\n \"stopSignal\": %d,\n \"stopTimeout\": %" PRIu32
		    ",\n \"logDriver\": \"%s\",\n \"logMaxBytes\": %" PRIu64 ",\n \"logMaxFiles\": %" PRIu32
		    "}\n",
		    container->created_ns, truth(container->terminal), truth(container->open_stdin),
		    truth(container->auto_remove), store_restart_names[container->restart],
		    container->restart_max, container->stop_signal, container->stop_timeout_s,
		    store_log_driver_names[container->log_driver], container->log_max_bytes,
		    container->log_max_files);
	result = record_write(dir, "container.json", &text, !store->later, err);
	return result < 0 ? error_add(err, "container %.12s", container->id) : 0;
}

static int read_numbers(const struct json *object, struct store_container *ret, struct error *err)
{
	uint64_t restart_max, timeout, files;
	int64_t signal;
	int result = record_i64(object, "created", INT64_MIN, INT64_MAX, &ret->created_ns, err);

	if (result == 0)
		result = record_u64(object, "restartMax", UINT32_MAX, &restart_max, err);
	if (result == 0)
		result = record_i64(object, "stopSignal", 1, SIGRTMAX, &signal, err);
	if (result == 0)
		result = record_u64(object, "stopTimeout", UINT32_MAX, &timeout, err);
	if (result == 0)
		result = record_u64(object, "logMaxBytes", UINT64_MAX, &ret->log_max_bytes, err);
	if (result == 0)
		result = record_u64(object, "logMaxFiles", UINT32_MAX, &files, err);
	if (result < 0)
		return result;
	if (files == 0)
		return json_error(json_get(object, "logMaxFiles"), err, "is 0");
	ret->restart_max = (uint32_t)restart_max;
	ret->stop_signal = (int)signal;
	ret->stop_timeout_s = (uint32_t)timeout;
	ret->log_max_files = (uint32_t)files;
	return 0;
}

static int read_container(int dir, struct arena *arena, struct store_container *ret, struct error *err)
{
	const struct json *object;
	unsigned restart, driver;
	int result = record_read(dir, "container.json", arena, &object, err);

	if (result == 0)
		result = record_string(object, "id", &ret->id, err);
	if (result == 0)
		result = record_string(object, "name", &ret->name, err);
	if (result == 0)
		result = record_string(object, "bundle", &ret->bundle, err);
	if (result == 0 && json_get(object, "image") != NULL)
		result = record_string(object, "image", &ret->image, err);
	if (result == 0 && json_get(object, "imageId") != NULL)
		result = record_string(object, "imageId", &ret->image_id, err);
	if (result == 0 && json_get(object, "network") != NULL)
		result = record_string(object, "network", &ret->network, err);
	if (result == 0)
		result = record_strings(object, "command", arena, &ret->command, err);
	if (result == 0)
		result = record_bool(object, "terminal", &ret->terminal, err);
	if (result == 0)
		result = record_bool(object, "openStdin", &ret->open_stdin, err);
	if (result == 0)
		result = record_bool(object, "autoRemove", &ret->auto_remove, err);
	if (result == 0)
		result = record_choice(object, "restart", store_restart_names, RESTART_COUNT, &restart, err);
	if (result == 0)
		result = record_choice(object, "logDriver", store_log_driver_names, LOG_DRIVER_COUNT, &driver,
				       err);
	if (result == 0)
		result = read_numbers(object, ret, err);
	if (result < 0)
		return result;
	ret->restart = (enum store_restart)restart;
	ret->log_driver = (enum store_log_driver)driver;
	return 0;
}

int store_container_load(const struct store *store, const char *id, struct arena *arena,
			 struct store_container *ret, struct error *err)
{
	autoclose int dir = -1;
	struct store_container container = { 0 };
	int result = store_directory(store, id, &dir, err);

	if (result < 0)
		return result;
	result = read_container(dir, arena, &container, err);
	if (result == 0 && !text_equal(container.id, id))
		result = error_set(err, 0, "container.json is of container %.64s", container.id);
	if (result < 0)
		return error_add(err, "container %.12s, container.json", id);
	*ret = container;
	return 0;
}
