/*
 * The options that create, run and plan share.
 */
#ifndef HULL_RUNTIME_CLI_CREATE_VALUES_H
#define HULL_RUNTIME_CLI_CREATE_VALUES_H

#include "runtime/cli/command.h"

struct create_values {
	const char *bundle, *console_socket, *pidfd_socket, *pid_file;
	struct opt_bool no_pivot, no_new_keyring;
	struct opt_u64 preserve_fds;
};

/* The rows, for a table over @type whose struct create_values is the first member. */
#define CREATE_VALUES_ROWS                                                                                   \
	OPTION(struct create_values, bundle, TEXT, "bundle", 'b', "DIR",                                     \
	       "the bundle's directory (default: the current directory)"),                                   \
		OPTION(struct create_values, console_socket, TEXT, "console-socket", 0, "PATH",              \
		       "unix socket that receives the terminal's master end"),                               \
		OPTION(struct create_values, pidfd_socket, TEXT, "pidfd-socket", 0, "PATH",                  \
		       "unix socket that receives a pidfd of the init process"),                             \
		OPTION(struct create_values, pid_file, TEXT, "pid-file", 0, "FILE",                          \
		       "write the pid of the init process to FILE"),                                         \
		OPTION(struct create_values, no_pivot, BOOL, "no-pivot", 0, NULL,                            \
		       "move the root file system instead of pivot_root (for a rootfs on a ramdisk)"),       \
		OPTION(struct create_values, no_new_keyring, BOOL, "no-new-keyring", 0, NULL,                \
		       "keep the caller's session keyring"),                                                 \
		OPTION(struct create_values, preserve_fds, U64, "preserve-fds", 0, "N",                      \
		       "hand N more descriptors, from 3 on, to the program")

/* @values as container.h takes them. Errors: a number out of range. */
must_check int create_values_options(const struct create_values *values, const char *id,
				     struct create_options *ret, struct error *err);
/* The value of --preserve-fds as a number of descriptors. */
must_check int create_values_preserve_fds(const struct opt_u64 *value, unsigned *ret, struct error *err);

#endif
