/* docker's json-file: one object a line, {"log":"text\n","stream":"stdout","time":"…"}. */
#ifndef HULL_SHIM_LOG_JSON_H
#define HULL_SHIM_LOG_JSON_H

#include "shim/log.h"

/* @entry with its line end into @ret, which has LOG_ENTRY_BYTES. Returns its length. */
size_t log_json_format(const struct log_entry *entry, char *ret);

#endif
