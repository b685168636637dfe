/* The list of commands, the options that belong to none of them, and what they all need; see front.h. */
#include "runtime/net/front.h"

#include "base/flags.h"

#include "base/banned.h"

struct globals {
	const char *root, *config;
	struct opt_bool version;
};

static const struct command *const table[] = {
	&cmd_add, &cmd_del, &cmd_check, &cmd_ls, &cmd_inspect, &cmd_prune, NULL,
};

static const struct flag_row global_rows[] = {
	FLAG(struct globals, root, TEXT, "root", 0, "DIR",
	     "where is kept what containers have (default: " STATE_DEFAULT_ROOT ")"),
	FLAG(struct globals, config, TEXT, "config", 0, "FILE", "the settings (default: " CONFIG_PATH ")"),
	FLAG(struct globals, version, BOOL, "version", 'v', NULL, "print the version"),
	{ 0 },
};

static int open_front(struct front *front, const void *values, struct error *err)
{
	const struct globals *globals = values;
	int result = config_load(globals->config == NULL ? CONFIG_PATH : globals->config, &front->arena,
				 &front->config, err);

	if (result == 0)
		result = state_open(globals->root == NULL ? STATE_DEFAULT_ROOT : globals->root, &front->state,
				    err);
	return result;
}

static const struct commands_program program = {
	.words = "hull net",
	.program = "hull-net",
	.summary = "Give containers a network: an OCI hook, and what it keeps",
	.table = table,
	.globals = global_rows,
	.globals_size = COMMAND_VALUES(struct globals),
	.version = offsetof(struct globals, version),
	.usage_status = FRONT_USAGE,
	.open = open_front,
};

int front_main(int argc, char **argv)
{
	struct front front = { .state = { .root = -1, .lock = -1 } };

	arena_init(&front.arena, 0);
	int status = commands_main(&program, &front, &front.arena, argc, argv);
	state_close(&front.state);
	arena_release(&front.arena);
	return status;
}
