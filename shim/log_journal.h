/* The journal of systemd, by its native protocol; no library. */
#ifndef HULL_SHIM_LOG_JOURNAL_H
#define HULL_SHIM_LOG_JOURNAL_H

#include "shim/log.h"

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A socket for the other two, or a negative errno. */
must_check int log_journal_open(struct error *err);
/* One datagram of @entry into @ret, which has LOG_ENTRY_BYTES. Returns its length. */
size_t log_journal_format(const struct log_entry *entry, const struct store_container *container, char *ret);
/* Errors: those of sendmsg(2); -EAGAIN the journal has not read for half a second. */
must_check int log_journal_send(int fd, const char *bytes, size_t length, struct error *err);

#endif
