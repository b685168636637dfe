/* Pages given back that only a start or a burst of output has needed. */
#ifndef HULL_SHIM_MEMORY_H
#define HULL_SHIM_MEMORY_H

#include <sys/epoll.h>

/*
 * epoll_wait(2), before which is given back what is not needed for waiting: pages of our own file, which are
 * read again when they are needed, the part of the stack that is not in use, buffers, and what the
 * allocator holds without need.
 */
int memory_wait(int epoll, struct epoll_event *events, int room, int timeout_ms);

#endif
