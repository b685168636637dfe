/* Moments at which something is due. There are as many as there are reasons. */
#ifndef HULL_SHIM_TIMERS_H
#define HULL_SHIM_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

enum timer {
	TIMER_STOP,   /* what is to be stopped has had its time */
	TIMER_DRAIN,  /* look whether more output came */
	TIMER_RECORD, /* write the exit record */
	TIMER_RESTART,
	TIMER_TRIM, /* nothing has happened for a while */
	TIMER_WATCHDOG,
	TIMER_COUNT
};

/* @fire: what is called for each. None is set. */
void timers_init(void (*const fire[TIMER_COUNT])(void));
/* @after_ms from now; negative: not at all. */
void timers_set(enum timer timer, int64_t after_ms);
bool timers_is_set(enum timer timer);
/* When the next one is due, in milliseconds of CLOCK_MONOTONIC; -1: none. */
int64_t timers_next_ms(void);
/* Call all that are due; each is then not set, but for what it sets itself. */
void timers_fire(void);

#endif
