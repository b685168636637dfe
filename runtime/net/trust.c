/* Owners and modes; see trust.h. */
#include "runtime/net/trust.h"

#include <errno.h>
#include <unistd.h>

#include "base/banned.h"

int trust_check(const struct stat *st, const char *path, struct error *err)
{
	if ((st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & 022) == 0)
		return 0;
	return error_set(err, EPERM, "\"%s\" can be written to by others than root (owner %u, mode %04o)",
			 path, st->st_uid, st->st_mode & 07777U);
}
