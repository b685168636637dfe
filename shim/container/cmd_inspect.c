/* hull container inspect: one container as a document with docker's main members. */
#include "shim/container/command.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "base/tree.h"
#include "base/words.h"
#include "shim/container/network.h"
#include "shim/container/view.h"

#include "base/banned.h"

#define INDENT "    "

struct inspect_values {
	const char *format;
};

static const struct flag_row inspect_rows[] = {
	FLAG(struct inspect_values, format, TEXT, "format", 'f', "FORMAT",
	     "json, or a template: {{.State.Status}}"),
	{ 0 },
};

/* "name": value, in a document under construction. */
static void add_text(struct text *ret, const char *name, const char *value)
{
	text_format(ret, "\"%s\":", name);
	text_append_json(ret, value == NULL ? "" : value);
	text_append(ret, ",");
}

static void add_number(struct text *ret, const char *name, int64_t value)
{
	text_format(ret, "\"%s\":%" PRId64 ",", name, value);
}

static void add_bool(struct text *ret, const char *name, bool value)
{
	text_format(ret, "\"%s\":%s,", name, value ? "true" : "false");
}

/* A moment; docker's year 1 where there was none. */
static void add_time(struct text *ret, const char *name, int64_t ns)
{
	text_format(ret, "\"%s\":\"", name);
	if (ns == 0)
		text_append(ret, "0001-01-01T00:00:00Z");
	else
		words_time(ns, ret);
	text_append(ret, "\",");
}

static void add_strings(struct text *ret, const char *name, const struct strings *items)
{
	text_format(ret, "\"%s\":[", name);
	for (size_t i = 0; i < items->count; i++) {
		text_append(ret, i == 0 ? "" : ",");
		text_append_json(ret, items->items[i]);
	}
	text_append(ret, "],");
}

/* The comma of the last member becomes the object's end. */
static void end_object(struct text *ret, const char *more)
{
	if (!ret->failed && ret->length > 0 && ret->data[ret->length - 1] == ',')
		ret->data[--ret->length] = '\0';
	text_append(ret, "}");
	text_append(ret, more);
}

static void add_state(struct text *ret, const struct view *view)
{
	bool up = view->state == LIFE_RUNNING || view->state == LIFE_PAUSED;
	const char *why = view->has_exit ? view->exit.error : NULL;

	if (view->unknown_exit || (view->has_exit && view->exit.code < 0))
		why = "the exit status is unknown: the container's monitor was not there when it ended";
	text_append(ret, "\"State\":{");
	add_text(ret, "Status", lifecycle_state_names[view->state]);
	add_bool(ret, "Running", up || view->state == LIFE_RESTARTING);
	add_bool(ret, "Paused", view->state == LIFE_PAUSED);
	add_bool(ret, "Restarting", view->state == LIFE_RESTARTING);
	add_bool(ret, "OOMKilled", !up && view->has_exit && view->exit.oom_killed);
	add_bool(ret, "Dead", false);
	add_number(ret, "Pid", up ? view->run.container.pid : 0);
	add_number(ret, "ExitCode", up ? 0 : view_exit_code(view));
	add_text(ret, "Error", up ? NULL : why);
	add_time(ret, "StartedAt",
		 view->has_run    ? view->run.started_ns
		 : view->has_exit ? view->exit.started_ns
				  : 0);
	add_time(ret, "FinishedAt", view->has_exit && !view->unknown_exit ? view->exit.finished_ns : 0);
	add_bool(ret, "Monitored", view->monitored);
	end_object(ret, ",");
}

static void add_host_config(struct text *ret, const struct store_container *container)
{
	text_append(ret, "\"HostConfig\":{");
	text_append(ret, "\"RestartPolicy\":{");
	add_text(ret, "Name", store_restart_names[container->restart]);
	add_number(ret, "MaximumRetryCount", container->restart_max);
	end_object(ret, ",");
	add_bool(ret, "AutoRemove", container->auto_remove);
	text_append(ret, "\"LogConfig\":{");
	add_text(ret, "Type", store_log_driver_names[container->log_driver]);
	text_append(ret, "\"Config\":{");
	if (container->log_max_bytes > 0)
		text_format(ret, "\"max-size\":\"%" PRIu64 "\",", container->log_max_bytes);
	text_format(ret, "\"max-file\":\"%" PRIu32 "\",", container->log_max_files);
	end_object(ret, "");
	end_object(ret, "");
	end_object(ret, ",");
}

static void add_config(struct text *ret, const struct store_container *container, const struct spec *spec)
{
	static const struct strings none = { 0 };
	const struct spec_process *process = spec == NULL ? NULL : spec->process;

	text_append(ret, "\"Config\":{");
	add_text(ret, "Hostname", spec == NULL ? NULL : spec->hostname);
	text_append(ret, "\"User\":\"");
	if (process != NULL)
		text_format(ret, "%" PRIu32 ":%" PRIu32, process->user.uid, process->user.gid);
	text_append(ret, "\",");
	add_text(ret, "Image", container->image != NULL ? container->image : container->bundle);
	add_bool(ret, "Tty", container->terminal);
	add_bool(ret, "OpenStdin", container->open_stdin);
	add_strings(ret, "Env", process == NULL ? &none : &process->env);
	add_strings(ret, "Cmd", &container->command);
	add_text(ret, "WorkingDir", process == NULL ? NULL : process->cwd);
	add_number(ret, "StopSignal", container->stop_signal);
	add_number(ret, "StopTimeout", container->stop_timeout_s);
	text_append(ret, "\"Labels\":{");
	for (size_t i = 0; spec != NULL && i < spec->annotations.count; i++) {
		text_append_json(ret, spec->annotations.items[i].key);
		text_append(ret, ":");
		text_append_json(ret, spec->annotations.items[i].value);
		text_append(ret, ",");
	}
	end_object(ret, "");
	end_object(ret, ",");
}

static void add_mounts(struct text *ret, const struct spec *spec)
{
	text_append(ret, "\"Mounts\":[");
	for (size_t i = 0; spec != NULL && i < spec->mounts.count; i++) {
		const struct spec_mount *mount = &spec->mounts.items[i];

		text_append(ret, i == 0 ? "{" : ",{");
		add_text(ret, "Type", mount->type == NULL ? "bind" : mount->type);
		add_text(ret, "Source", mount->source);
		add_text(ret, "Destination", mount->destination);
		add_strings(ret, "Options", &mount->options);
		end_object(ret, "");
	}
	text_append(ret, "],");
}

/* What hull-net gave it, in docker's members. */
static void add_network(struct front *front, struct text *ret, const struct view *view)
{
	struct network_list list = { 0 };
	const struct json *network, *ports, *prefix, *prefix6;

	if (network_possible(view))
		network_load(front, &list);
	network = network_of(&list, view->id);
	ports = network == NULL ? NULL : json_get(network, "Ports");
	prefix = network == NULL ? NULL : json_get(network, "IPPrefixLen");
	prefix6 = network == NULL ? NULL : json_get(network, "GlobalIPv6PrefixLen");
	text_append(ret, "\"NetworkSettings\":{");
	add_text(ret, "Network", view->container.network);
	add_text(ret, "Name", network_text(network, "Network"));
	add_text(ret, "Interface", network_text(network, "Interface"));
	add_text(ret, "IPAddress", network_text(network, "IPAddress"));
	text_format(ret, "\"IPPrefixLen\":%s,",
		    prefix == NULL || prefix->type != JSON_NUMBER ? "0" : prefix->text);
	add_text(ret, "Gateway", network_text(network, "Gateway"));
	add_text(ret, "GlobalIPv6Address", network_text(network, "GlobalIPv6Address"));
	text_format(ret, "\"GlobalIPv6PrefixLen\":%s,",
		    prefix6 == NULL || prefix6->type != JSON_NUMBER ? "0" : prefix6->text);
	add_text(ret, "IPv6Gateway", network_text(network, "IPv6Gateway"));
	add_text(ret, "MacAddress", network_text(network, "MacAddress"));
	text_append(ret, "\"Ports\":");
	if (ports == NULL)
		text_append(ret, "[]");
	else
		tree_write(ports, NULL, ret);
	text_append(ret, "},");
}

/* The document, for hull that keeps it; without it what it would say is missing. */
static struct spec *load_document(struct front *front, const char *id)
{
	autoclose int dir = -1;
	struct spec *spec = NULL;
	struct error err;

	if (store_directory(&front->store, id, &dir, &err) < 0 ||
	    spec_load(dir, &spec, NULL, NULL, &err) < 0) {
		commands_fail(&err);
		return NULL;
	}
	return spec;
}

static void write_document(struct front *front, const struct view *view, struct text *ret)
{
	static const struct strings none = { 0 };
	const struct store_container *container = &view->container;
	struct spec *spec = load_document(front, view->id);
	struct strings rest = container->command.count > 1 ? (struct strings){ container->command.count - 1,
									       container->command.items + 1 }
							   : none;

	text_append(ret, "{");
	add_text(ret, "Id", view->id);
	add_time(ret, "Created", container->created_ns);
	add_text(ret, "Path", container->command.count > 0 ? container->command.items[0] : NULL);
	add_strings(ret, "Args", &rest);
	add_state(ret, view);
	add_text(ret, "Image", container->image_id != NULL ? container->image_id : container->bundle);
	text_format(ret, "\"Name\":\"/%s\",", container->name); /* letters of names need no escapes */
	add_number(ret, "RestartCount", view->has_run ? view->run.restarts : 0);
	add_text(ret, "Platform", "linux");
	add_text(ret, "Bundle", container->bundle);
	text_append(ret, "\"OCIConfigPath\":");
	autotext struct text path = TEXT_EMPTY;
	text_format(&path, "%s/%s/config.json", front->store.root_path, view->id);
	text_append_json(ret, path.data == NULL ? "" : path.data);
	text_append(ret, ",");
	add_host_config(ret, container);
	add_mounts(ret, spec);
	add_config(ret, container, spec);
	add_network(front, ret, view);
	end_object(ret, "");
	spec_free(spec);
}

static int inspect_one(struct front *front, const char *word, const struct json **ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct view view;
	int result = view_find(front, word, &view, err);

	if (result < 0)
		return result;
	write_document(front, &view, &text);
	result = text_done(&text, err);
	return result < 0 ? result : json_parse(&front->arena, "inspect", text.data, text.length, ret, err);
}

static int inspect_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct inspect_values *given = values;
	autotext struct text text = TEXT_EMPTY;
	bool json = given->format == NULL || text_equal(given->format, "json"), first = true;
	const char *indent = given->format == NULL ? INDENT : NULL;
	int status = 0;

	text_append(&text, json ? "[" : "");
	for (size_t i = 0; i < args->count; i++) {
		const struct json *document = NULL;
		int result = inspect_one(front, args->items[i], &document, err);

		if (result == 0 && !json)
			result = template_write(given->format, document, false, &text, err);
		if (result < 0) {
			commands_fail(err);
			status = FRONT_FAILED;
			continue;
		}
		if (json) {
			text_append(&text, first ? "" : ",");
			text_append(&text, indent == NULL ? "" : "\n");
			tree_write(document, indent, &text);
		} else {
			text_append(&text, "\n");
		}
		first = false;
	}
	if (json)
		text_append(&text, indent != NULL && !first ? "\n]\n" : "]\n");
	int result = text.length == 0 ? 0 : commands_print(&text, err);
	return result < 0 ? result : status;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Display detailed information on one or more containers",
	.options = inspect_rows,
	.values_size = COMMAND_VALUES(struct inspect_values),
	.min_args = 1,
	.max_args = COMMAND_ARGS_ANY,
	.run = inspect_run,
};
