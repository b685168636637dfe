/* See timers.h. The clock never jumps: it is CLOCK_MONOTONIC. */
#include "shim/timers.h"

#include <stddef.h>

#include "base/process.h"

#include "base/banned.h"

static int64_t due_ms[TIMER_COUNT]; /* -1: not set */
static void (*const *fire_table)(void);

void timers_init(void (*const fire[TIMER_COUNT])(void))
{
	fire_table = fire;
	for (size_t i = 0; i < TIMER_COUNT; i++)
		due_ms[i] = -1;
}

void timers_set(enum timer timer, int64_t after_ms)
{
	due_ms[timer] = after_ms < 0 ? -1 : process_now_ms() + after_ms;
}

bool timers_is_set(enum timer timer)
{
	return due_ms[timer] >= 0;
}

int64_t timers_next_ms(void)
{
	int64_t next = -1;

	for (size_t i = 0; i < TIMER_COUNT; i++)
		if (due_ms[i] >= 0 && (next < 0 || due_ms[i] < next))
			next = due_ms[i];
	return next;
}

void timers_fire(void)
{
	int64_t now = process_now_ms();

	for (size_t i = 0; i < TIMER_COUNT; i++) {
		if (due_ms[i] < 0 || due_ms[i] > now)
			continue;
		due_ms[i] = -1;
		fire_table[i]();
	}
}
