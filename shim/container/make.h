/*
 * A new container: from a bundle and what a person wants to a directory of the store. Nothing is started.
 */
#ifndef HULL_SHIM_CONTAINER_MAKE_H
#define HULL_SHIM_CONTAINER_MAKE_H

#include "base/error.h"
#include "base/flags.h"
#include "oci/make/choices.h"
#include "oci/spec/spec.h"
#include "shim/container/front.h"
#include "shim/store/store.h"

/* The options that create and run share. */
struct make_values {
	const char *bundle, *name, *restart, *stop_signal, *log_driver, *cidfile;
	const char *platform;
	struct opt_bool interactive, tty, rm;
	struct opt_i64 stop_timeout;
	struct flag_list log_opts;
};
/* Rows for a command's table; @type has a member `struct make_values make`. */
#define MAKE_ROWS(type)                                                                                      \
	FLAG(type, make.bundle, TEXT, "bundle", 'b', "DIR",                                                  \
	     "the OCI bundle (config.json and a root file system)"),                                         \
		FLAG(type, make.platform, TEXT, "platform", 0, "OS/ARCH[/VARIANT]",                          \
		     "which of an image's platforms (default: this machine's)"),                             \
		FLAG(type, make.name, TEXT, "name", 0, "NAME", "name of the container"),                     \
		FLAG(type, make.interactive, BOOL, "interactive", 'i', NULL, "keep standard input open"),    \
		FLAG(type, make.tty, BOOL, "tty", 't', NULL, "give the container a terminal"),               \
		FLAG(type, make.rm, BOOL, "rm", 0, NULL, "remove the container when it has ended"),          \
		FLAG(type, make.restart, TEXT, "restart", 0, "POLICY",                                       \
		     "no, on-failure[:MAX], always or unless-stopped (default: no)"),                        \
		FLAG(type, make.stop_signal, TEXT, "stop-signal", 0, "SIGNAL",                               \
		     "signal that stops it (default: SIGTERM)"),                                             \
		FLAG(type, make.stop_timeout, INT, "stop-timeout", 0, "SECONDS",                             \
		     "how long stop waits before it kills (default: 10)"),                                   \
		FLAG(type, make.log_driver, TEXT, "log-driver", 0, "DRIVER",                                 \
		     "json-file, k8s-file, journald or none (default: json-file)"),                          \
		FLAG(type, make.log_opts, LIST, "log-opt", 0, "KEY=VALUE",                                   \
		     "max-size=BYTES, max-file=N (repeatable)"),                                             \
		FLAG(type, make.cidfile, TEXT, "cidfile", 0, "FILE", "write the container's id to FILE")

/*
 * With --bundle @words replace the program of the bundle where there are any; else the first one names an
 * image, which hull-image makes a bundle of with @choices. Nothing is left of one that could not be made.
 */
must_check int make_container(struct front *front, const struct make_values *values,
			      const struct choices *choices, const struct strings *words,
			      char ret_id[STORE_ID_DIGITS + 1], struct error *err);

/* What of a bundle's document is another one's in the store. */
struct make_document {
	const char *bundle;     /* absolute: relative paths begin there */
	struct strings command; /* empty: as it is */
	bool terminal;
	const char *cgroups_path;
};
struct text;
/* The document for hull, with every member that hull does not know. Errors: -EINVAL, -ENOMEM. */
must_check int make_rewrite(const struct spec *spec, const struct make_document *wanted, struct arena *arena,
			    struct text *ret, struct error *err);

#endif
