/* The log of Kubernetes' container runtimes, Podman's k8s-file: TIME stdout|stderr P|F TEXT. */
#ifndef HULL_SHIM_LOG_CRI_H
#define HULL_SHIM_LOG_CRI_H

#include "shim/log.h"

/* @entry with its line end into @ret, which has LOG_ENTRY_BYTES. Returns its length. */
size_t log_cri_format(const struct log_entry *entry, char *ret);

#endif
