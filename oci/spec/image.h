/*
 * The documents of an image as const typed structs: index, manifest and configuration of the OCI image
 * specification 1.1 and of Docker's schema 2, which differ in their media types only. Strings live in the
 * arena that the document was parsed into. Unknown members are ignored; copying keeps the bytes, never these
 * structs.
 *
 * Documents come from anybody: a document that could be read as two kinds (CVE-2021-41190), a digest that is
 * none, a negative size or a count of layers that disagrees is refused here, before anyone acts on it.
 */
#ifndef HULL_OCI_SPEC_IMAGE_H
#define HULL_OCI_SPEC_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/values.h"
#include "oci/spec/spec.h"

#define IMAGE_MAX_BYTES ((size_t)4 << 20) /* of one document */
#define IMAGE_MAX_LAYERS 500
#define IMAGE_MAX_MANIFESTS 5000 /* in one index */

#define IMAGE_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define IMAGE_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define IMAGE_TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"
#define IMAGE_REF_NAME "org.opencontainers.image.ref.name"
#define IMAGE_CONTAINERD_NAME "io.containerd.image.name"

enum image_kind {
	IMAGE_UNKNOWN, /* a media type that is none of the below: an artifact's */
	IMAGE_INDEX,
	IMAGE_MANIFEST,
	IMAGE_CONFIG,
	IMAGE_LAYER,           /* a tar, plain or compressed; what it is is seen in its first bytes */
	IMAGE_LAYER_ENCRYPTED, /* nothing that can be unpacked */
	IMAGE_SCHEMA1,         /* of registries before 2016: not supported */
	IMAGE_KIND_COUNT
};

struct image_platform {
	const char *os, *architecture; /* never NULL in a parsed document */
	const char *variant, *os_version;
	struct strings os_features;
};

struct image_descriptor {
	const char *media_type; /* NULL where an index leaves it out */
	const char *digest;     /* checked: image_check_digest */
	int64_t size;           /* bytes, never negative */
	struct strings urls;    /* never followed */
	struct spec_kvs annotations;
	const char *artifact_type;
	const struct image_platform *platform; /* NULL: not told */
};
struct image_descriptors {
	size_t count;
	const struct image_descriptor *items;
};

struct image_index {
	const char *media_type, *artifact_type;
	struct image_descriptors manifests;
	struct spec_kvs annotations;
};

struct image_manifest {
	const char *media_type, *artifact_type;
	struct image_descriptor config;
	struct image_descriptors layers; /* the lowest first */
	const struct image_descriptor *subject;
	struct spec_kvs annotations;
};

struct image_history {
	const char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct image_healthcheck {
	struct strings test;
	int64_t interval, timeout, start_period, start_interval; /* nanoseconds */
	int64_t retries;
};

/* What a container of the image is to be: config.config. */
struct image_defaults {
	const char *user, *working_dir, *stop_signal;
	struct strings env, entrypoint, cmd, shell, on_build;
	struct strings exposed_ports, volumes; /* the names of the maps */
	struct spec_kvs labels;
	const struct image_healthcheck *healthcheck;
};

struct image_config {
	struct image_platform platform;
	const char *created, *author;
	const char *docker_version, *comment;
	struct image_defaults defaults;
	struct strings diff_ids; /* the lowest first; checked: image_check_digest */
	size_t history_count;
	const struct image_history *history;
};

/* What @media_type (NULL: unknown) stands for, OCI's and Docker's names alike. */
enum image_kind image_kind(const char *media_type);
/*
 * @digest is "sha256:" and 64, or "sha512:" and 128 lower-case hexadecimal digits. @what starts the message.
 * Nothing else ever becomes part of a path (CVE-2024-3727). Errors: -EINVAL.
 */
must_check int image_check_digest(const char *digest, const char *what, struct error *err);

/*
 * Parse the document @bytes, which is called @name in messages, into @arena. @media_type: what the
 * descriptor that led here says, NULL where nothing did; the document's own must not differ.
 * Errors: -EINVAL with the JSON path of what is wrong; -ENOMEM.
 */
must_check int image_parse_index(struct arena *arena, const char *name, const char *bytes, size_t length,
				 const char *media_type, struct image_index *ret, struct error *err);
must_check int image_parse_manifest(struct arena *arena, const char *name, const char *bytes, size_t length,
				    const char *media_type, struct image_manifest *ret, struct error *err);
must_check int image_parse_config(struct arena *arena, const char *name, const char *bytes, size_t length,
				  struct image_config *ret, struct error *err);
/*
 * What the document is by its own members, whatever it was said to be: IMAGE_INDEX or IMAGE_MANIFEST, else
 * IMAGE_UNKNOWN.
 */
enum image_kind image_sniff(const struct json *document);
/* @manifest and @config belong together: one diffID per layer, a file system of layers, within the limits.
 * Errors: -EINVAL. */
must_check int image_check_pair(const struct image_manifest *manifest, const struct image_config *config,
				struct error *err);
/* The value of @key, or NULL. */
const char *image_annotation(const struct spec_kvs *annotations, const char *key);

#endif
