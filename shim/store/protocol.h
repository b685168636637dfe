/*
 * What is said on hull-shim's control socket (SOCK_SEQPACKET, <run>/<id>/control, 0600, peers of
 * the same user only). One packet is one message: a head and its bytes. A client that sends nothing
 * valid is closed; a client that does not read is dropped when its bounded queue is full: the
 * container never waits for a client.
 *
 *   client                          hull-shim
 *   HELLO wants           ------->  attaches to what is wanted
 *                         <-------  STATE (once, now)
 *                         <-------  STDOUT, STDERR bytes as they come
 *   STDIN bytes           ------->
 *   STDIN_CLOSE           ------->
 *   RESIZE                ------->
 *                         <-------  EXITED when the run has ended and its record is on disk
 *   STOP                  ------->  stop signal, after the timeout SIGKILL; no restart
 *
 * A command that starts a container and stays with it must see its first byte: `hull-shim run --client-fd N`
 * gives hull-shim such a connection from birth (one end of a socketpair, its HELLO already sent), which
 * counts as an accepted client, served before anything is started.
 */
#ifndef HULL_SHIM_STORE_PROTOCOL_H
#define HULL_SHIM_STORE_PROTOCOL_H

#include <stdint.h>

#define PROTOCOL_MAX_BYTES 32768 /* of one message's bytes */

enum protocol_type {
	PROTOCOL_HELLO = 1, /* a: PROTOCOL_WANT_* */
	PROTOCOL_STATE,     /* a: enum protocol_state, b: pid */
	PROTOCOL_STDIN,
	PROTOCOL_STDIN_CLOSE,
	PROTOCOL_STDOUT,
	PROTOCOL_STDERR,
	PROTOCOL_RESIZE, /* a: rows, b: columns */
	PROTOCOL_EXITED, /* a: code as in store_exit, b: 1 where a restart follows */
	PROTOCOL_STOP,   /* a: seconds until SIGKILL, b: signal (0: the configured one) */
	PROTOCOL_ERROR,  /* bytes: why it could not be started */
	PROTOCOL_TYPE_COUNT
};

/* PATIENCE: as a pipe's reader: the container's output waits for this client, which is not dropped for being
 * slow (a client from birth whose output goes into a pipeline must lose nothing). */
enum {
	PROTOCOL_WANT_OUTPUT = 1,
	PROTOCOL_WANT_INPUT = 2,
	PROTOCOL_WANT_EXIT = 4,
	PROTOCOL_WANT_PATIENCE = 8
};
enum protocol_state { PROTOCOL_CREATING, PROTOCOL_RUNNING, PROTOCOL_WAITING_RESTART, PROTOCOL_STOPPED };

struct protocol_head {
	uint32_t type; /* enum protocol_type */
	int32_t a, b;
};

#endif
