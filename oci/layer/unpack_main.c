/* hull-unpack: a program of its own, started by unpack.c and by nobody else. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "oci/layer/worker.h"

#include "base/banned.h"

#ifdef HULL_SANITIZED
/* The leak checker wants /proc, which is not in the target. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}
#endif

int main(void)
{
	int type = 0;
	socklen_t length = sizeof(type);

	if (getsockopt(WORKER_SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET) {
		fputs("hull-unpack is started by hull-image, which gives it what it needs\n", stderr);
		return 2;
	}
	return worker_main();
}
