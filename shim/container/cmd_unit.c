/*
 * hull container unit: a container as a systemd service. The unit's main process is hull-shim, which starts
 * the container by its id, so that a rename does not break it; shim/systemd/hull@.service is the same by
 * name.
 */
#include "shim/container/command.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/program.h"
#include "base/text.h"
#include "shim/container/view.h"

#include "base/banned.h"

#define STOP_GRACE_S 10 /* what hull-shim needs after SIGKILL, before systemd takes the whole unit down */

struct unit_values {
	struct flag_list after, requires, wants;
	const char *restart_policy;
	struct opt_i64 restart_sec, timeout;
	struct opt_bool name;
};

static const struct flag_row unit_rows[] = {
	FLAG(struct unit_values, after, LIST, "after", 0, "UNIT", "start it after UNIT (repeatable)"),
	FLAG(struct unit_values, name, BOOL, "name", 'n', NULL, "start it by its name, not by its id"),
	FLAG(struct unit_values, requires, LIST, "requires", 0, "UNIT", "it needs UNIT (repeatable)"),
	FLAG(struct unit_values, restart_policy, TEXT, "restart-policy", 0, "WORD",
	     "systemd's Restart= (default: from the container's policy)"),
	FLAG(struct unit_values, restart_sec, INT, "restart-sec", 0, "SECONDS", "systemd's RestartSec="),
	FLAG(struct unit_values, timeout, INT, "time", 't', "SECONDS",
	     "how long to wait before it is killed (default: its own, 10)"),
	FLAG(struct unit_values, wants, LIST, "wants", 0, "UNIT", "it wants UNIT (repeatable)"),
	{ 0 },
};

/* One word of a unit's line: quoted where it must be, and nothing in it is systemd's. */
static void add_word(struct text *ret, const char *word, bool command)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:+=@";
	bool quotes = word[0] == '\0' || word[strspn(word, plain)] != '\0';

	if (quotes)
		text_append(ret, "\"");
	for (const char *c = word; *c != '\0'; c++) {
		if (*c == '%' || (*c == '$' && command))
			text_append_bytes(ret, c, 1); /* doubled, it is itself */
		if (*c == '"' || *c == '\\')
			text_append(ret, "\\");
		text_append_bytes(ret, c, 1);
	}
	if (quotes)
		text_append(ret, "\"");
}

static void add_option(struct text *ret, const char *option, const char *value)
{
	text_format(ret, " %s ", option);
	add_word(ret, value, true);
}

/* Line breaks and other control characters would be further lines of the unit. */
static int check_words(const struct flag_list *list, struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		for (const char *c = list->items[i]; *c != '\0' || c == list->items[i]; c++)
			if ((unsigned char)*c <= ' ' || *c == '\x7f')
				return error_set(err, 0, "invalid name of a unit: \"%s\"", list->items[i]);
	return 0;
}

static int check_path(const char *path, struct error *err)
{
	for (const char *c = path; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			return error_set(err, 0, "a unit cannot name \"%s\": it has a control character",
					 path);
	return 0;
}

static int check_values(const struct unit_values *given, struct error *err)
{
	static const char *const policies[] = { "no",          "on-success", "on-failure", "on-abnormal",
						"on-watchdog", "on-abort",   "always" };
	bool known = given->restart_policy == NULL;

	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		known = known || text_equal(given->restart_policy, policies[i]);
	if (!known)
		return error_set(err, 0,
				 "invalid restart policy '%s': systemd knows no, on-success, "
				 "on-failure, on-abnormal, on-watchdog, on-abort and always",
				 given->restart_policy);
	if (given->restart_sec.set && (given->restart_sec.value < 0 || given->restart_sec.value > INT32_MAX))
		return error_set(err, 0, "invalid time: %" PRId64, given->restart_sec.value);
	int result = check_words(&given->after, err);
	if (result == 0)
		result = check_words(&given->requires, err);
	return result < 0 ? result : check_words(&given->wants, err);
}

/*
 * hull-shim itself restarts the container, with its back-off and its count, and says so by its own end when
 * it gives up. systemd's restart is for what hull-shim cannot do: when it is killed.
 */
static const char *restart_of(const struct store_container *container)
{
	switch (container->restart) {
	case RESTART_ON_FAILURE:
		return container->restart_max > 0 ? "no" : "on-failure";
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return "on-failure";
	case RESTART_NO:
	case RESTART_COUNT:
		break;
	}
	return "no";
}

/* What hull-shim would use without being told: beside it, or in the bin beside its libexec. */
static int is_default_hull(const char *shim, const char *hull, bool *ret, struct error *err)
{
	static const char *const places[] = { "", "../../bin/" };
	const char *name = strrchr(shim, '/');
	int length = (int)(name - shim);

	*ret = false;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		autotext struct text place = TEXT_EMPTY, clean = TEXT_EMPTY;

		text_format(&place, "%.*s/%shull", length, shim, places[i]);
		int result = text_done(&place, err);
		if (result == 0)
			result = path_clean(place.data, &clean, err);
		if (result < 0)
			return result;
		*ret = *ret || text_equal(clean.data, hull);
	}
	return 0;
}

/* The options that say where everything is, where that is not where it always is. */
static int add_places(struct front *front, const char *shim, struct text *ret, struct error *err)
{
	autotext struct text hull = TEXT_EMPTY;
	bool usual;
	int result = path_clean(front->hull, &hull, err);

	if (result == 0)
		result = check_path(hull.data, err);
	if (result == 0)
		result = is_default_hull(shim, hull.data, &usual, err);
	if (result < 0)
		return result;
	if (!text_equal(front->store.root_path, STORE_DEFAULT_ROOT))
		add_option(ret, "--store", front->store.root_path);
	if (!text_equal(front->store.run_path, STORE_DEFAULT_RUN))
		add_option(ret, "--run", front->store.run_path);
	if (!usual)
		add_option(ret, "--hull", hull.data);
	if (front->root != NULL)
		add_option(ret, "--root", front->root);
	return 0;
}

static void add_list(struct text *ret, const char *name, const struct flag_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		text_format(ret, "%s=", name);
		add_word(ret, list->items[i], false);
		text_append(ret, "\n");
	}
}

static void add_head(const struct front *front, const struct store_container *container,
		     const struct unit_values *given, struct text *ret)
{
	text_format(ret,
		    "# Made by: hull container unit %s\n"
		    "# Keep it as /etc/systemd/system/hull-%s.service, then systemctl daemon-reload.\n"
		    "[Unit]\n"
		    "Description=Container %s (hull)\n"
		    "Documentation=man:hull-shim(8) man:hull-container(8)\n"
		    "After=network.target\n",
		    container->name, container->name, container->name);
	add_list(ret, "After", &given->after);
	add_list(ret, "Requires", &given->requires);
	add_list(ret, "Wants", &given->wants);
	text_append(ret, "RequiresMountsFor=");
	add_word(ret, front->store.root_path, false);
	text_append(ret, " ");
	add_word(ret, container->bundle, false);
	text_append(ret, "\nStartLimitIntervalSec=60\nStartLimitBurst=5\n\n");
}

static void add_stop(const struct store_container *container, const struct unit_values *given,
		     struct text *ret)
{
	/* systemd wants names. Those that it takes for a clean end anyway are not among them. */
	static const char *const signals[] = { "SIGQUIT", "SIGABRT",  "SIGKILL", "SIGUSR1",   "SIGUSR2",
					       "SIGALRM", "SIGWINCH", "SIGPWR",  "SIGRTMIN+3" };
	int64_t seconds = given->timeout.set ? given->timeout.value : container->stop_timeout_s;

	/* hull-shim heeds the container's own time; another one comes with this command. */
	text_append(ret, "KillMode=mixed\n");
	if (seconds < 0 || seconds >= INT32_MAX)
		text_append(ret, "TimeoutStopSec=infinity\n");
	else
		text_format(ret, "TimeoutStopSec=%" PRId64 "\n", seconds + STOP_GRACE_S);
	/* Ended by the signal that was to stop it, it has not failed. */
	text_format(ret, "SuccessExitStatus=%d", 128 + container->stop_signal);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (spec_signal_number(signals[i]) == container->stop_signal)
			text_format(ret, " %s", signals[i]);
	text_append(ret, "\n");
}

static int add_service(struct front *front, const struct view *view, const struct unit_values *given,
		       struct text *ret, struct error *err)
{
	const struct store_container *container = &view->container;
	const char *word = given->name.value ? container->name : view->id;
	autotext struct text shim = TEXT_EMPTY, places = TEXT_EMPTY, directory = TEXT_EMPTY;
	int result = path_clean(front->shim, &shim, err);

	if (result == 0)
		result = add_places(front, shim.data, &places, err);
	if (result == 0)
		result = text_done(&places, err);
	if (result == 0)
		result = program_directory(&directory, err);
	if (result == 0)
		result = check_path(shim.data, err);
	if (result < 0)
		return result;
	text_append(ret, "[Service]\nType=notify\nNotifyAccess=main\nExecStart=");
	add_word(ret, shim.data, true);
	text_format(ret, " run --systemd%s %s\n", places.data, word);
	text_append(ret, "ExecReload=/bin/kill -HUP $MAINPID\n");
	if (given->timeout.set) {
		text_append(&directory, "/hull-container");
		result = text_done(&directory, err);
		if (result < 0)
			return result;
		text_append(ret, "ExecStop=");
		add_word(ret, directory.data, true);
		text_format(ret, "%s stop --time %" PRId64 " %s\n", places.data, given->timeout.value, word);
	}
	text_append(ret, "Delegate=yes\n");
	add_stop(container, given, ret);
	text_format(ret, "Restart=%s\n",
		    given->restart_policy != NULL ? given->restart_policy : restart_of(container));
	if (given->restart_sec.set)
		text_format(ret, "RestartSec=%" PRId64 "\n", given->restart_sec.value);
	text_format(ret,
		    "OOMPolicy=continue\n"
		    "TasksMax=16384\n"
		    "Slice=machine.slice\n"
		    "SyslogIdentifier=%s\n"
		    "\n"
		    "[Install]\n"
		    "WantedBy=multi-user.target\n",
		    container->name);
	return 0;
}

static int unit_run(struct front *front, const void *values, const struct strings *args, struct error *err)
{
	const struct unit_values *given = values;
	autotext struct text text = TEXT_EMPTY;
	struct view view;
	int result = check_values(given, err);

	if (result == 0)
		result = view_find(front, args->items[0], &view, err);
	if (result < 0)
		return result;
	if (view.container.auto_remove)
		return error_set(err, 0,
				 "container %s is removed when it ends (--rm): it cannot be a service",
				 view.container.name);
	/* Whose network that is is looked up by hull container start, not by hull-shim. */
	if (view.container.network != NULL && text_starts(view.container.network, "container:"))
		return error_set(err, 0,
				 "container %s has the network of another (%s): it cannot be a service",
				 view.container.name, view.container.network);
	result = check_path(front->store.root_path, err);
	if (result == 0)
		result = check_path(front->store.run_path, err);
	if (result == 0)
		result = check_path(view.container.bundle, err);
	if (result == 0 && front->root != NULL)
		result = check_path(front->root, err);
	if (result < 0)
		return result;
	add_head(front, &view.container, given, &text);
	result = add_service(front, &view, given, &text, err);
	return result < 0 ? result : commands_print(&text, err);
}

const struct command cmd_unit = {
	.name = "unit",
	.usage = "CONTAINER",
	.summary = "Print a systemd unit for a container",
	.description =
		"The unit's main process is hull-shim, which keeps the container's own restart policy. Its "
		"output is the\n"
		"container's where the log driver is journald.\n",
	.options = unit_rows,
	.values_size = COMMAND_VALUES(struct unit_values),
	.min_args = 1,
	.max_args = 1,
	.run = unit_run,
};
