/*
 * The config.json of a container: hull's defaults, what an image's configuration says (image-spec's
 * conversion), what a person chooses. The defaults are what people know from docker: its capabilities, masks,
 * devices, mounts and system call filter.
 */
#ifndef HULL_OCI_MAKE_DOCUMENT_H
#define HULL_OCI_MAKE_DOCUMENT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "base/values.h"
#include "oci/make/choices.h"
#include "oci/spec/spec.h"

/* What of an image's configuration matters here; NULL and empty: absent. */
struct document_image {
	const char *user, *working_dir, *stop_signal;
	struct strings env, entrypoint, cmd;
	struct strings volumes, exposed_ports; /* the names of the maps */
	struct spec_kvs labels;
	const char *os, *architecture, *variant, *os_version, *author, *created;
};

struct document_request {
	const struct document_image *image;
	const struct choices *choices;
	struct strings command;       /* the words after the image's name */
	const struct rootdir *root;   /* the container's root: users and seeds of volumes come from it */
	const char *bundle;           /* absolute */
	int bundle_dir;               /* the same, open */
	const char *volumes_root;     /* absolute: where named volumes are kept, made when needed */
	const char *id, *name;        /* NULL: none */
	const char *hostname_default; /* NULL: of the id */
	const char *net_program;      /* path of hull-net; NULL: no network but host and none */
	const char *init_program;     /* path of hull's own init for --init; NULL: none */
	const char *net_path; /* --network container:X: its network namespace, looked up by the caller */
	bool terminal;
	bool cgroup_v2; /* the host has the unified hierarchy: a cgroup namespace by default */
};

/*
 * Append the document to @ret and put the files that it mounts beside it in the bundle: hostname, hosts,
 * resolv.conf, volumes of the image's. @ret_stop_signal and @ret_labels live in @arena.
 * Errors: -EINVAL with docker's words for a choice that cannot be carried out; those of files.
 */
must_check int document_make(const struct document_request *request, struct arena *arena, struct text *ret,
			     struct error *err);

#endif
