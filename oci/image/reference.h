/*
 * Names of images, as people write them and as the store keeps them: [registry/]repository[:tag][@digest].
 * A name without a registry is docker.io's, one of a single part docker.io/library's, as docker has it; shown
 * to people it loses both again.
 */
#ifndef HULL_OCI_IMAGE_REFERENCE_H
#define HULL_OCI_IMAGE_REFERENCE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#define REFERENCE_MAX_NAME 255 /* registry and repository */
#define REFERENCE_MAX_TAG 128
#define REFERENCE_LATEST "latest"

struct reference {
	const char *registry;   /* "docker.io", "localhost:5000" */
	const char *repository; /* "library/busybox" */
	const char *tag;        /* NULL: none was given */
	const char *digest;     /* "sha256:…", NULL: none was given */
};

/*
 * Parse @text; strings live in @arena. Neither tag nor digest: both stay NULL, see reference_or_latest.
 * Errors: -EINVAL in docker's words ("invalid reference format").
 */
must_check int reference_parse(const char *text, struct arena *arena, struct reference *ret,
			       struct error *err);
/* The same reference, with the tag "latest" where it has neither tag nor digest. */
struct reference reference_or_latest(const struct reference *reference);
/* Append "docker.io/library/busybox:latest" (and "@sha256:…"). */
void reference_format(const struct reference *reference, struct text *ret);
/* Append the repository as docker shows it: "busybox", "someone/tool", "quay.io/a/b". */
void reference_familiar_name(const struct reference *reference, struct text *ret);
/* Append "busybox:latest" (and "@sha256:…"). */
void reference_familiar(const struct reference *reference, struct text *ret);
bool reference_same_repository(const struct reference *a, const struct reference *b);
/* True for what a tag may be. */
bool reference_is_tag(const char *text);

#endif
