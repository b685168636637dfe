/* Pages given back that only a start or a burst of output has needed. */
#ifndef HULL_SHIM_MEMORY_H
#define HULL_SHIM_MEMORY_H

/*
 * Before a long wait: pages of our own file that will be read again when they are needed, the part of
 * the stack that is not in use, and what the allocator holds without need.
 */
void memory_trim(void);

#endif
