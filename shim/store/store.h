/*
 * Where a container of `hull container` lives on disk, and the records in it. Shared by hull-shim,
 * which keeps them, and hull-container, which shows them. Nothing here starts a process.
 *
 *   <store>/            0700, /var/lib/hull/container; survives a reboot
 *     names/NAME          holds the id: a name is claimed by making this file (O_EXCL)
 *     <id>/               id: 64 hex digits
 *       container.json      what was asked for (struct store_container); rewritten by rename and update
 *       config.json         the document for hull: a bundle of its own, root.path absolute
 *       exit.json           how the last run ended (struct store_exit); synced and renamed into place
 *       run.json            the run that goes on: shim's and container's process_id, start time
 *       log/…               written by hull-shim (see shim/log*.h)
 *       wanted              "stopped" where a person stopped it: no restart policy starts it again
 *   <run>/<id>/         0700, /run/hull-container; gone after a reboot
 *       control             hull-shim's socket (protocol.h)
 */
#ifndef HULL_SHIM_STORE_STORE_H
#define HULL_SHIM_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/process.h"
#include "oci/spec/spec.h"

#define STORE_DEFAULT_ROOT "/var/lib/hull/container"
#define STORE_DEFAULT_RUN "/run/hull-container"
#define STORE_ID_DIGITS 64

struct store {
	int root, names, run; /* directories, held */
	bool later; /* names and container.json are not waited for on the disk: store_sync is called in time
		     */
	const char *root_path, *run_path; /* borrowed */
};
/* Opens, and makes where missing. Errors: those of mkdir and open. */
must_check int store_open(const char *root_path, const char *run_path, struct store *ret, struct error *err);
void store_close(struct store *store);

enum store_restart { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED, RESTART_COUNT };
extern const char *const store_restart_names[RESTART_COUNT]; /* "no", "on-failure", … */
/* "no", "on-failure", "on-failure:3", "always", "unless-stopped". Errors: -EINVAL with docker's words. */
must_check int store_parse_restart(const char *text, enum store_restart *ret, uint32_t *ret_max,
				   struct error *err);
enum store_log_driver {
	LOG_DRIVER_JSON_FILE,
	LOG_DRIVER_K8S_FILE,
	LOG_DRIVER_JOURNALD,
	LOG_DRIVER_NONE,
	LOG_DRIVER_COUNT
};
extern const char
	*const store_log_driver_names[LOG_DRIVER_COUNT]; /* "json-file", "k8s-file", "journald", "none" */

/* container.json. Strings live in the arena it was read with, or are borrowed. */
struct store_container {
	const char *id, *name;
	const char *bundle;   /* as given, absolute; of an image: its own directory in the store */
	const char *image;    /* reference as given; NULL: it is of a bundle */
	const char *image_id; /* digest of the image's configuration; NULL: it is of a bundle */
	const char *network; /* of an image's: "bridge", "host", … as chosen; "container:ID" is looked up at
				each start; NULL: the bundle's document says it */
	struct strings command; /* the process's args, for ps */
	int64_t created_ns;     /* CLOCK_REALTIME */
	bool terminal, open_stdin, auto_remove;
	enum store_restart restart;
	uint32_t restart_max; /* on-failure:N, 0: no limit */
	int stop_signal; /* number; default SIGTERM or the annotation org.opencontainers.image.stopSignal */
	uint32_t stop_timeout_s; /* default 10 */
	enum store_log_driver log_driver;
	uint64_t log_max_bytes; /* rotation; 0: none */
	uint32_t log_max_files; /* 1 or more */
};
must_check int store_container_save(const struct store *store, const struct store_container *container,
				    struct error *err);
must_check int store_container_load(const struct store *store, const char *id, struct arena *arena,
				    struct store_container *ret, struct error *err);

/* run.json: the run that goes on. */
struct store_run {
	struct process_id shim, container; /* container.pid 0: none yet */
	int64_t started_ns;                /* CLOCK_REALTIME; 0: not started */
	uint32_t restarts;                 /* by policy, since a person started it */
};
must_check int store_run_save(const struct store *store, const char *id, const struct store_run *run,
			      struct error *err);
must_check int store_run_load(const struct store *store, const char *id, struct store_run *ret,
			      struct error *err);
/* Saving writes it whole, but does not wait for the disk; this does. */
must_check int store_run_sync(const struct store *store, const char *id, struct error *err);
/* The run has ended for good, and exit.json says how. */
must_check int store_run_drop(const struct store *store, const char *id, struct error *err);

/* exit.json. */
struct store_exit {
	int32_t code;   /* exit code, or 128 + signal; -1: unknown (the shim was killed) */
	int32_t signal; /* 0: none */
	bool oom_killed;
	struct process_id container;
	int64_t started_ns, finished_ns;
	const char *error; /* why it could not be started; NULL: it ran */
	bool output_lost;  /* the shim was killed and another took the container up: no output since then */
};
/* On disk and synced before it returns: nobody is told before that. */
must_check int store_exit_save(const struct store *store, const char *id, const struct store_exit *exit,
			       struct error *err);
/* Errors: -ENOENT it has never ended. */
must_check int store_exit_load(const struct store *store, const char *id, struct arena *arena,
			       struct store_exit *ret, struct error *err);

/* A new id from getrandom(2), claimed by making its directory. */
must_check int store_claim(const struct store *store, char ret_id[STORE_ID_DIGITS + 1], struct error *err);
/* Names: [a-zA-Z0-9][a-zA-Z0-9_.-]* up to 128 bytes. Errors: -EEXIST with docker's words. */
must_check int store_claim_name(const struct store *store, const char *name, const char *id,
				struct error *err);
must_check int store_drop_name(const struct store *store, const char *name, struct error *err);
/* Remove the container's directories. */
must_check int store_drop(const struct store *store, const char *id, struct error *err);
/* What was written with later set is on the disk when it returns. */
must_check int store_sync(const struct store *store, const char *id, const char *name, struct error *err);
/* The id that @word (id, unambiguous prefix of one, or name) means. Errors: -ENOENT "No such container: X";
 * -EEXIST ambiguous. */
must_check int store_find(const struct store *store, const char *word, char ret_id[STORE_ID_DIGITS + 1],
			  struct error *err);
/* Every id, in the order of creation; not those that are claimed and have no container.json yet. The caller
 * frees. */
must_check int store_list(const struct store *store, char (**ret)[STORE_ID_DIGITS + 1], size_t *ret_count,
			  struct error *err);
/* An open directory of container @id (O_RDONLY). */
must_check int store_directory(const struct store *store, const char *id, int *ret_fd, struct error *err);
/* Held while a command changes the container (start, rm, rename): flock on its directory. */
must_check int store_lock(const struct store *store, const char *id, int *ret_fd, struct error *err);
/* wanted: set by stop and kill, cleared by start. */
must_check int store_want_stopped(const struct store *store, const char *id, bool stopped, struct error *err);
must_check int store_is_wanted_stopped(const struct store *store, const char *id, bool *ret,
				       struct error *err);

#endif
