/*
 * The writable layer of a root made of layers belongs to one container at a time: the kernel calls what two
 * overlays of one upper directory do undefined, and only writes a line into its log.
 */
#ifndef HULL_RUNTIME_CONTAINER_OWNER_H
#define HULL_RUNTIME_CONTAINER_OWNER_H

#include "base/error.h"
#include "base/process.h"
#include "oci/spec/rootfs.h"

/*
 * Take the layer of @rootfs: nobody else does until @ret_lock is closed. Without an upper directory nothing
 * is done and @ret_lock is -1. Errors: -EBUSY a container that lives has it.
 */
must_check int owner_claim(const struct rootfs *rootfs, int *ret_lock, struct error *err);
/* Write down who has it; @lock is owner_claim's, -1: nothing is done. */
must_check int owner_record(int lock, const struct process_id *init, struct error *err);

#endif
