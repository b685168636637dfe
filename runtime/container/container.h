/*
 * What can be done with a container: the door that the commands go through. One function per
 * operation; each takes what the command line said and fills an error. Nothing here prints; lines
 * for the log go through `struct container_log`.
 */
#ifndef HULL_RUNTIME_CONTAINER_CONTAINER_H
#define HULL_RUNTIME_CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/spec/spec.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
/* Where warnings and debug lines of an operation go. Never NULL; write may be called at any time. */
struct container_log {
	void (*write)(void *data, enum log_level level, const char *message);
	void *data;
	bool debug; /* whether debug lines are wanted at all */
};

/* What every operation needs to know. */
struct container_context {
	const char *root;         /* state root, absolute: /run/hull */
	const char *runtime_name; /* the name in messages: "hull" or "runc" */
	struct container_log log;
};

/* 1 to 255 of A-Z a-z 0-9 _ + - . and not "." or "..". Errors: "invalid container ID format". */
must_check int container_check_id(const char *id, struct error *err);

enum container_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
	STATUS_COUNT
};
extern const char *const container_status_names[STATUS_COUNT];

struct create_options {
	const char *id;
	const char *bundle;         /* directory, absolute or relative to the current one */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none */
	const char *pid_file;       /* NULL: none */
	bool no_pivot, no_new_keyring;
	unsigned preserve_fds; /* descriptors 3 … 3+N-1 stay open for the program */
};

/* What `state` and `list` show. Strings are owned by the info. */
struct container_info {
	char *id;
	enum container_status status;
	pid_t pid; /* 0 when stopped */
	char *bundle, *rootfs, *created /* RFC 3339 with nanoseconds, UTC */, *owner;
	char *annotations_json; /* a JSON object as text, or NULL when there are none */
};
void container_info_release(struct container_info *info);

/* create: up to the gate. On error nothing of the container is left. */
must_check int container_create(const struct container_context *context, const struct create_options *options,
				struct error *err);
must_check int container_start(const struct container_context *context, const char *id, struct error *err);

struct run_options {
	struct create_options create;
	bool detach, keep, no_subreaper;
};
/* create + start, and without detach: wait, relay signals and the terminal, delete. @ret_status: the
 * program's exit code or 128 + signal; 0 when detached. */
must_check int container_run(const struct container_context *context, const struct run_options *options,
			     int *ret_status, struct error *err);

/* Errors: -ENOENT "container does not exist". */
must_check int container_info_load(const struct container_context *context, const char *id,
				   struct container_info *ret, struct error *err);
/*
 * Every container below the root. Broken state directories are skipped with a line in the log.
 * Errors: -ENOENT there is no such root.
 */
must_check int container_list(const struct container_context *context, struct container_info **ret,
			      size_t *ret_count, struct error *err);

struct kill_options {
	const char *id;
	int signal;
	bool all; /* engines' --all: a stopped container is no error */
};
/* Errors: "container not running". */
must_check int container_kill(const struct container_context *context, const struct kill_options *options,
			      struct error *err);
must_check int container_delete(const struct container_context *context, const char *id, bool force,
				struct error *err);
must_check int container_pause(const struct container_context *context, const char *id, struct error *err);
must_check int container_resume(const struct container_context *context, const char *id, struct error *err);
/* Every pid of the container; the caller frees. */
must_check int container_pids(const struct container_context *context, const char *id, pid_t **ret,
			      size_t *ret_count, struct error *err);

/*
 * Apply @resources to the running or paused container.
 */
must_check int container_update(const struct container_context *context, const char *id,
				const struct spec_resources *resources, struct error *err);

struct exec_options {
	const char *id;
	const char *console_socket, *pidfd_socket, *pid_file;
	const char *process_file;    /* process.json; NULL: args below */
	struct strings args;         /* the command; empty with process_file */
	struct strings env;          /* K=V, appended; the last one wins */
	struct strings capabilities; /* --cap */
	const char *cwd;             /* NULL: the container's */
	const char *user;            /* "UID[:GID]", NULL: the container's */
	size_t additional_gid_count;
	const uint32_t *additional_gids;
	const char *apparmor, *process_label;
	struct strings cgroups; /* --cgroup [CTRL:]PATH */
	bool tty, tty_set, detach, no_new_privs, ignore_paused;
	unsigned preserve_fds;
};
/* @ret_status as container_run; 0 when detached. */
must_check int container_exec(const struct container_context *context, const struct exec_options *options,
			      int *ret_status, struct error *err);

/* The plan for @options as text for people, made without effects and without root. */
must_check int container_plan_print(const struct container_context *context,
				    const struct create_options *options, struct text *ret,
				    struct error *err);

/* Every mount option name that hull recognises, sorted (for `features`). */
struct strings container_mount_options(void);

#endif
