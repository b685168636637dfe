/* Work that goes on when hull-net has ended. */
#ifndef HULL_RUNTIME_NET_ASIDE_H
#define HULL_RUNTIME_NET_ASIDE_H

#include <sys/types.h>

/*
 * A child for what takes long; returns as fork(2) does. Nothing of it keeps this process's caller waiting or
 * its directory in use: its standard descriptors lead nowhere.
 */
pid_t aside_fork(void);

#endif
