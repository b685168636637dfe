/*
 * The control socket and its clients; what is said is shim/store/protocol.h. A client's queue is its
 * socket's buffer, of a fixed size: one whose queue is full is dropped, nobody waits for it but for one
 * that has asked for patience.
 */
#ifndef HULL_SHIM_CLIENTS_H
#define HULL_SHIM_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "shim/loop.h"
#include "shim/store/protocol.h"

/* What the keeper answers to; each gets what a client has said. */
struct clients_calls {
	/* A client has attached: what the state is now. The code is for one that waits for an end that is
	 * recorded already. */
	void (*state)(struct protocol_head *ret_state, struct protocol_head *ret_exited);
	size_t (*input_room)(void);
	void (*input)(const char *bytes, size_t length);
	void (*close_input)(void);
	void (*resize)(uint16_t rows, uint16_t columns);
	void (*stop)(int32_t seconds, int32_t signal);
	/* clients_have_room said no; now it may say yes. */
	void (*room)(void);
};

/* Listen at "control" in the directory @dir, replacing what a dead one has left. */
must_check int clients_open(const struct loop *loop, int dir, const struct clients_calls *calls,
			    struct error *err);
/* @fd is a client from birth. It is taken over. */
must_check int clients_adopt(int fd, struct error *err);
/* @length may be 0. To those that want one of @wants (0: everybody that has said HELLO). */
void clients_send(uint32_t type, int32_t a, int32_t b, const char *bytes, size_t length, int32_t wants);
/* Bytes of output; @type PROTOCOL_STDOUT or PROTOCOL_STDERR. */
void clients_send_output(uint32_t type, const char *bytes, size_t length);
/* False while a client with PROTOCOL_WANT_PATIENCE has no room for output: calls->room comes later. */
bool clients_have_room(void);
/* There is room for input: clients that were not read are read again. */
void clients_input_free(void);
/* Take the socket's name away and close everything. */
void clients_close(int dir);

#endif
