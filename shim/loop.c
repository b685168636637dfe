/* epoll; see loop.h. */
#include "shim/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/process.h"
#include "shim/memory.h"

#include "base/banned.h"

#define TURN_EVENTS 16

int loop_open(struct loop *ret, struct error *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "epoll_create1");
	ret->epoll = fd;
	return 0;
}

void loop_close(struct loop *loop)
{
	if (loop->epoll >= 0)
		(void)close(loop->epoll); /* nothing is in it */
	loop->epoll = -1;
}

int loop_watch(const struct loop *loop, struct loop_source *source, uint32_t events, struct error *err)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	int how = source->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (source->events == events)
		return 0;
	if (epoll_ctl(loop->epoll, how, source->fd, &event) < 0)
		return error_set(err, errno, "epoll_ctl");
	source->events = events;
	return 0;
}

void loop_forget(const struct loop *loop, struct loop_source *source)
{
	struct error ignored;

	if (source->fd < 0)
		return;
	ignore_failure(loop_watch(loop, source, 0, &ignored)); /* closing takes it out as well */
	(void)close(source->fd);
	source->fd = -1;
	source->events = 0;
}

int loop_turn(const struct loop *loop, int64_t due_ms, bool light, struct error *err)
{
	struct epoll_event events[TURN_EVENTS];
	int64_t left = due_ms < 0 ? -1 : due_ms - process_now_ms();

	if (due_ms >= 0 && left < 0)
		left = 0;
	int wait_ms = left > INT_MAX ? INT_MAX : (int)left;
	int count = light ? memory_wait(loop->epoll, events, TURN_EVENTS, wait_ms)
			  : epoll_wait(loop->epoll, events, TURN_EVENTS, wait_ms);
	if (count < 0 && errno != EINTR)
		return error_set(err, errno, "epoll_wait");
	for (int i = 0; i < count; i++) {
		struct loop_source *source = events[i].data.ptr;

		/* One that was called before it in this turn may have ended it. */
		if (source->fd >= 0 && source->events != 0)
			source->ready(source, events[i].events);
	}
	return 0;
}
