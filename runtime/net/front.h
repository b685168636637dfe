/* What every command of `hull net` works with: the settings, what is kept, and a connection to the kernel. */
#ifndef HULL_RUNTIME_NET_FRONT_H
#define HULL_RUNTIME_NET_FRONT_H

#include "base/arena.h"
#include "base/commands.h"
#include "base/error.h"
#include "runtime/net/config.h"
#include "runtime/net/state.h"

#define FRONT_FAILED 1
#define FRONT_USAGE 2

struct front {
	struct config config;
	struct state state;
	struct arena arena; /* lives as long as the program */
};

extern const struct command cmd_add, cmd_del, cmd_check, cmd_ls, cmd_inspect, cmd_prune;

/* The whole command line; reorders @argv. Returns the exit status. */
int front_main(int argc, char **argv);

#endif
