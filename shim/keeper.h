/*
 * The keeper of one container: starts it, passes its streams on, takes its exit, writes the record,
 * restarts it where the policy says so. Everything that happens is an event of state.h's table.
 */
#ifndef HULL_SHIM_KEEPER_H
#define HULL_SHIM_KEEPER_H

#include <stdbool.h>

#include "base/error.h"
#include "shim/store/store.h"

struct keeper_options {
	const char *id; /* whole */
	const struct store *store;
	const struct store_container *container;
	const char *bundle;           /* what hull is given as bundle, absolute */
	const char *hull, *hull_root; /* absolute; hull_root NULL: hull's own default */
	int run_directory;            /* <run>/<id> */
	int ready_fd, client_fd;      /* -1: none */
	int notify_fd;                /* datagrams of the container's for the service manager, -1: none */
	unsigned listen_fds;
	const char *listen_names;
	int64_t restart_delay_ms; /* always so long between two runs; -1: restart.h's back-off */
	bool adopt;               /* take up what a killed shim has left */
	bool systemd;
};

/* Keep the container until it has ended for good. @ret_exit: how; its error is NULL or lives on. */
must_check int keeper_run(const struct keeper_options *options, struct store_exit *ret_exit,
			  struct error *err);

#endif
