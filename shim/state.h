/*
 * The life of a container's process as one table of state and event. Pure: what is to be done is a
 * word, and keeper.c does it.
 */
#ifndef HULL_SHIM_STATE_H
#define HULL_SHIM_STATE_H

enum state {
	STATE_CREATING,   /* hull create is at work */
	STATE_CREATED,    /* hull start is at work */
	STATE_CANCELLING, /* one of the two is at work, and the container is no longer wanted */
	STATE_RUNNING,
	STATE_STOPPING, /* a signal was sent; its end is awaited */
	STATE_ENDED,    /* what it wrote is read; then the record; then hull delete */
	STATE_WAITING,  /* for its restart */
	STATE_STOPPED,  /* for good */
	STATE_COUNT
};

enum state_event {
	EVENT_CREATED,
	EVENT_CREATE_FAILED,
	EVENT_STARTED,
	EVENT_START_FAILED,
	EVENT_STOP,    /* somebody wants it stopped */
	EVENT_OVERDUE, /* it has not ended in the time it was given */
	EVENT_EXITED,
	EVENT_AGAIN,    /* recorded and deleted; the policy restarts it */
	EVENT_FINISHED, /* recorded and deleted; it stays stopped */
	EVENT_DUE,      /* the time of the restart has come */
	EVENT_COUNT
};

enum state_action {
	ACTION_NONE,
	ACTION_CREATE,
	ACTION_START,
	ACTION_RUNNING, /* tell those who wait for it, watch for its end */
	ACTION_SIGNAL,  /* send the stop signal, set the time */
	ACTION_KILL,    /* SIGKILL, watch for its end */
	ACTION_END,     /* take its exit, read what is left */
	ACTION_FAIL,    /* there is nothing that could end: record the error */
	ACTION_HOLD,    /* no restart, whatever the policy says */
	ACTION_WAIT,    /* for the time of the restart */
	ACTION_FINISH,
	ACTION_COUNT
};

struct state_row {
	enum state next;
	enum state_action action;
};

/* What @event means in @state; one that means nothing there leaves the state, with ACTION_NONE. */
struct state_row state_step(enum state state, enum state_event event);
/* For messages. */
extern const char *const state_names[STATE_COUNT];

#endif
