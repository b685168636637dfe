/*
 * The process: arguments, environment, working directory, user, limits, terminal; host half, for a
 * container's process and for exec.
 */
#ifndef HULL_RUNTIME_LINUX_PROCESS_H
#define HULL_RUNTIME_LINUX_PROCESS_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"
#include "runtime/plan/build.h"

/* A seccomp program that is there already. */
struct process_filter {
	uint32_t count, flags;
	void *instructions; /* struct sock_filter[count], owned */
};

/* What the command line and the host add to the document's process. */
struct process_extra {
	unsigned preserve_fds;      /* --preserve-fds, listen_fds included */
	unsigned listen_fds;        /* LISTEN_FDS of socket activation that is meant for us, 0: none */
	const char *listen_fdnames; /* NULL: none */
	const char *notify_socket;  /* inside the container; NULL: none */
	const struct process_filter
		*filter; /* used in the place of the document's profile; NULL or empty: none */
	int cache_dir;   /* state root for the seccomp cache, -1: no cache */
	/* Printing a plan: without the seccomp program, and as if hull had every capability: what is shown
	 * does not depend on who asks. */
	bool for_print;
};

/*
 * Fill the plan's process members. @seccomp: the container's profile, NULL none. Warnings (a
 * capability that cannot be granted) are appended to @warnings, a line each.
 */
must_check int process_plan(const struct spec_process *process, const struct spec_linux *linux,
			    const struct process_extra *extra, struct plan_builder *builder,
			    struct text *warnings, struct error *err);

#endif
