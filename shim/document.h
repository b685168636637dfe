/* A config.json with the few things changed that a unit wants; everything else as it was. */
#ifndef HULL_SHIM_DOCUMENT_H
#define HULL_SHIM_DOCUMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* The annotation with which a container says that it speaks to the service manager itself. */
#define DOCUMENT_NOTIFY_ANNOTATION "hull.notify" /* "container" */
#define DOCUMENT_NOTIFY_MOUNT "/run/notify"

struct document_changes {
	const char *cgroups_path;  /* NULL: as it is */
	const char *notify_source; /* a directory bound to DOCUMENT_NOTIFY_MOUNT, with NOTIFY_SOCKET; NULL:
				      none */
};

bool document_wants_notify(const struct json *config);
/* Errors: -EINVAL it is no object, -ENOMEM. */
must_check int document_print(const struct json *config, const struct document_changes *changes,
			      struct text *ret, struct error *err);

#endif
