/*
 * Talking to the service manager (sd_notify(3)): for ourselves, and what a container says, by a list
 * of what may pass. All of it is without effect where there is no manager.
 */
#ifndef HULL_SHIM_NOTIFY_H
#define HULL_SHIM_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Take NOTIFY_SOCKET and WATCHDOG_* from the environment; whatever we start has none of them. */
must_check int notify_open(struct error *err);
/* Lines of NAME=VALUE. One that is lost is no error: the manager has its own time limits. */
void notify_say(const char *lines);
/* Milliseconds between two WATCHDOG=1, 0: none wanted. */
int64_t notify_watchdog_ms(void);
/* The lines of @datagram that may pass, as text into @ret (which has @length + 1 bytes). */
void notify_filter(const char *datagram, size_t length, char *ret);
/* A socket for the container in the directory @dir, which everybody may write to. */
must_check int notify_listen(int dir, const char *name, int *ret_fd, struct error *err);
/* Read one datagram of the container's and pass it on. Returns true where it said READY=1. */
bool notify_relay(int fd);

#endif
