/* A store of the test's own, and what every test of it does. */
#ifndef HULL_TESTS_UNIT_OCI_IMAGE_SCRATCH_H
#define HULL_TESTS_UNIT_OCI_IMAGE_SCRATCH_H

#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/remove.h"
#include "base/text.h"
#include "oci/image/blob.h"
#include "oci/image/session.h"
#include "oci/image/store.h"
#include "oci/spec/image.h"

static char scratch_path[64];
static struct store scratch_store;
static struct arena scratch_arena;
static struct error scratch_err;

static void scratch_begin(void)
{
	(void)snprintf(scratch_path, sizeof(scratch_path), "/tmp/hull-unit.XXXXXX");
	CHECK(mkdtemp(scratch_path) != NULL);
	error_clear(&scratch_err);
	arena_init(&scratch_arena, 0);
	CHECK_INT(store_open(scratch_path, &scratch_store, &scratch_err), 0);
}

static void scratch_end(void)
{
	store_close(&scratch_store);
	arena_release(&scratch_arena);
	int above = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(remove_tree(above, scratch_path + strlen("/tmp/"), &scratch_err), 0);
	(void)close(above); /* only looked through */
}

/* @words as a blob of the store; its digest. */
static const char *scratch_blob(const char *words)
{
	struct session session;
	struct blob_new blob;

	CHECK_INT(session_open(&scratch_store, &session, &scratch_err), 0);
	CHECK_INT(blob_add(&session, words, strlen(words), &blob, &scratch_err), 0);
	CHECK_INT(blob_publish(&session, &blob, &scratch_err), 0);
	session_close(&session);
	return arena_copy(&scratch_arena, blob.digest, strlen(blob.digest));
}

/* The manifest of an image without layers that differs by @word; its digest. @ret_id: its configuration's. */
__attribute__((unused)) static const char *scratch_image(const char *word, const char **ret_id,
							 int64_t *ret_size)
{
	const char *config = arena_format(&scratch_arena,
					  "{\"architecture\":\"amd64\",\"os\":\"linux\",\"author\":\"%s\","
					  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
					  word);
	const char *id = scratch_blob(config);
	const char *manifest = arena_format(&scratch_arena,
					    "{\"schemaVersion\":2,\"mediaType\":\"" IMAGE_TYPE_MANIFEST
					    "\",\"config\":{\"mediaType\":\"" IMAGE_TYPE_CONFIG
					    "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
					    id, strlen(config));

	*ret_id = id;
	*ret_size = (int64_t)strlen(manifest);
	return scratch_blob(manifest);
}

__attribute__((unused)) static bool scratch_has_blob(const char *digest)
{
	char path[STORE_PATH_BYTES];

	store_path("blobs", digest, path);
	return store_has(&scratch_store, path);
}

#endif
