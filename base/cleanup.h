/*
 * Visible ownership: autoclose and autofree release what a function still owns when it returns;
 * take_fd and take_ptr hand it over.
 */
#ifndef HULL_BASE_CLEANUP_H
#define HULL_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing was written through it that close could still lose */
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* An owned descriptor, -1 when there is none. */
#define autoclose __attribute__((cleanup(cleanup_close), unused))
/* An owned allocation, NULL when there is none. */
#define autofree __attribute__((cleanup(cleanup_free), unused))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_ptr(pointer)                                                                                    \
	({                                                                                                   \
		__typeof__(*(pointer)) taken_ = *(pointer);                                                  \
		*(pointer) = NULL;                                                                           \
		taken_;                                                                                      \
	})

#endif
