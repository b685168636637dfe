/*
 * A claim: what one container has of one network. It is a small file below /run, written before anything is
 * made and removed when all of it is unmade. Whether it still counts is never stored: a claim is alive while
 * its container's process is (or, where none is known, its network namespace), or while a hull-net works on
 * it.
 */
#ifndef HULL_RUNTIME_NET_CLAIM_H
#define HULL_RUNTIME_NET_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/values.h"
#include "runtime/net/address.h"
#include "runtime/net/address6.h"
#include "runtime/net/publish.h"

enum claim_driver { CLAIM_BRIDGE, CLAIM_CNI, CLAIM_DRIVER_COUNT };
extern const char *const claim_driver_names[CLAIM_DRIVER_COUNT];

/* A file or namespace, so that another with the same name is not taken for it. */
struct claim_file {
	const char *path; /* NULL: there is none */
	uint64_t device, inode;
};

struct claim {
	enum claim_driver driver;
	const char *network, *id;
	const char *bundle;          /* NULL: made by hand */
	struct process_id process;   /* the container's; pid 0: not known */
	struct process_id worker;    /* the hull-net that works on it; pid 0: none */
	struct claim_file namespace; /* its network namespace */
	const char *interface;       /* in the container */
	const char *link;            /* the host's end of it; NULL: not known */
	uint32_t address, gateway;   /* 0: none */
	unsigned prefix;
	struct address6 address6, gateway6; /* all 0: none */
	unsigned prefix6;
	struct address_mac mac;
	const char *name, *hostname; /* NULL: none */
	struct strings aliases;
	struct claim_file hosts; /* the file that says which address has which name */
	struct publish_list ports;
	const struct json *cni; /* what is needed to undo it, see cni.h; NULL for a bridge */
	bool alive;             /* as found when it was read; not in the file */
};

struct claim_list {
	size_t count;
	struct claim *items;
};

void claim_format(const struct claim *claim, struct text *ret);
/* Reads all but @driver, @network, @id and @alive, which its place and the world say. Errors: -EINVAL. */
must_check int claim_parse(const char *name, const char *bytes, size_t length, struct arena *arena,
			   struct claim *ret, struct error *err);
/* Look at the world. */
bool claim_is_alive(const struct claim *claim);
/* Whether the container's own process is there. */
bool claim_has_process(const struct claim *claim);
/* Whether a hull-net works on it. */
bool claim_has_worker(const struct claim *claim);
/* This hull-net works on @claim. */
must_check int claim_take(struct claim *claim, struct error *err);

#endif
