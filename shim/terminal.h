/* How hull hands a container's terminal over: the master end, through a socket. */
#ifndef HULL_SHIM_TERMINAL_H
#define HULL_SHIM_TERMINAL_H

#include "base/error.h"

#define TERMINAL_SOCKET "console" /* in the run directory */

must_check int terminal_listen(int dir, int *ret_fd, struct error *err);
/* hull create has ended, so it has been sent. Closes *@listener. Errors: -EPROTO there is none. */
must_check int terminal_receive(int *listener, int *ret_master, struct error *err);

#endif
