/*
 * What keeper.c and keeper_start.c share: the one keeper of a process. Nobody else includes this.
 */
#ifndef HULL_SHIM_KEEPER_INSIDE_H
#define HULL_SHIM_KEEPER_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "shim/child.h"
#include "shim/hull.h"
#include "shim/keeper.h"
#include "shim/loop.h"
#include "shim/oom.h"
#include "shim/state.h"
#include "shim/store/store.h"

struct keeper_inside {
	const struct keeper_options *options;
	struct loop loop;
	enum state state;
	struct child child;        /* hull */
	enum hull_command command; /* which of them */
	struct loop_source init, notify;
	int ready_fd;
	int console; /* where hull sends the terminal, -1: none */
	struct oom oom;
	struct store_run run;
	struct store_exit ending;
	char failure[ERROR_TEXT_SIZE + 128]; /* ending.error */
	int64_t drain_end_ms, began_ms, delay_ms;
	int32_t stop_seconds, stop_signal; /* as asked for last */
	unsigned record_tries;
	bool hold;              /* somebody wants it stopped: no restart */
	bool ours;              /* we are its parent: not after --adopt */
	bool first_look, heard; /* output came since the last look */
	bool again;             /* what clients were told of a restart */
	bool light;             /* nothing happens: the next wait is a long one */
	bool recorded, ever_ran, killed, finished;
};
extern struct keeper_inside keeper_inside;
#define keeper keeper_inside

/* keeper.c */
void keeper_handle(enum state_event event);
void keeper_complain(const struct error *err);
/* Why it could not be started; the first reason stays. */
void keeper_fail(const struct error *err);
/* The run has ended: read what is left, then record it. */
void keeper_drain(void);
void keeper_running(void);
must_check int keeper_spawn(enum hull_command command, const int *fds, struct error *err);

/* keeper_start.c: actions and ends of hull's commands. */
void keeper_start_create(void);
void keeper_start_created(void);
void keeper_start_start(void);
void keeper_start_started(void);
/* A container that runs although its shim was killed, or the truth about one that ran. */
void keeper_start_adopt(const struct store_run *old);
/* Remove what a shim that was killed has left of a run that has ended. Waits for it. */
must_check int keeper_start_clear(struct error *err);

#endif
