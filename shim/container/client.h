/*
 * A client of hull-shim's control socket (shim/store/protocol.h).
 */
#ifndef HULL_SHIM_CONTAINER_CLIENT_H
#define HULL_SHIM_CONTAINER_CLIENT_H

#include <stddef.h>

#include "base/error.h"
#include "shim/store/protocol.h"
#include "shim/store/store.h"

/* Errors: -ENOENT, -ECONNREFUSED there is no hull-shim. */
must_check int client_connect(const struct store *store, const char *id, int *ret_fd, struct error *err);
/* Two ends of a connection: ours, and one for a hull-shim that is about to be started. */
must_check int client_pair(int *ret_ours, int *ret_theirs, struct error *err);
/* One message. Errors: -EAGAIN the socket is full and does not block; -EPIPE. */
must_check int client_send(int fd, enum protocol_type type, int a, int b, const void *bytes, size_t length,
			   struct error *err);
/*
 * Receive one message; its bytes, at most PROTOCOL_MAX_BYTES, go to @bytes. Returns their number, or
 * -EPIPE at the end of the connection, -EAGAIN where nothing is there and the socket does not block.
 */
must_check int client_receive(int fd, struct protocol_head *ret, void *bytes, struct error *err);
/* What hull-shim says of the container's state. */
must_check int client_ask(const struct store *store, const char *id, enum protocol_state *ret,
			  struct error *err);

#endif
