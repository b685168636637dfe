/*
 * Staying with a container: its output to ours, our input to it, signals and the terminal's size passed on,
 * until it ends or the person leaves it with the detach keys.
 */
#ifndef HULL_SHIM_CONTAINER_ATTACH_H
#define HULL_SHIM_CONTAINER_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "shim/container/front.h"

#define ATTACH_MAX_KEYS 16

struct attach_keys {
	unsigned char bytes[ATTACH_MAX_KEYS];
	size_t count; /* 0: none */
};
/* "ctrl-p,ctrl-q", "a,b"; NULL is the first of these, "" none. Errors: -EINVAL with docker's words. */
must_check int attach_parse_keys(const char *text, struct attach_keys *ret, struct error *err);
/*
 * What of @bytes goes to the container, moved to the front; the keys typed so far are kept back and counted
 * in
 * @typed. True: all of them were typed, the rest is not for the container.
 */
bool attach_filter_keys(const struct attach_keys *keys, size_t *typed, unsigned char *bytes, size_t room,
			size_t *length);

struct attach_options {
	bool input, terminal, proxy_signals;
	struct attach_keys keys; /* heeded with a terminal only */
};
enum attach_end { ATTACH_EXITED, ATTACH_DETACHED, ATTACH_LOST, ATTACH_ENDED_BY_SIGNAL };

/* What is to be said first on a new connection. */
must_check int attach_hello(int fd, const struct attach_options *options, struct error *err);
/*
 * Stay on the connection @fd after attach_hello. @ret_code: the container's exit code, or with
 * ATTACH_ENDED_BY_SIGNAL 128 and the signal. Our terminal has its mode back when this returns.
 */
must_check int attach_stay(struct front *front, const char *id, int fd, const struct attach_options *options,
			   enum attach_end *ret_end, int *ret_code, struct error *err);

#endif
