/*
 * A process gives up what it does not need before it reads what a stranger wrote: hull-unpack, and nobody
 * else. In two halves, because its processes part in between.
 */
#ifndef HULL_OCI_LAYER_CONFINE_H
#define HULL_OCI_LAYER_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * First half: mount, network, IPC and UTS namespaces of its own; @directory as the root, as
 * a mount of its own (nosuid, nodev, noexec), and nothing else; capabilities CHOWN, DAC_OVERRIDE, FOWNER,
 * FSETID, SETFCAP only, and MKNOD where it @makes_devices (whiteouts need none); no_new_privs; not dumpable;
 * files of at most @max_file_bytes,
 * @max_memory_bytes of address space (0: no limit). @ret_root: the new root, O_RDONLY. Needs CAP_SYS_ADMIN in
 * its user namespace. Errors: -EPERM without; those of the calls.
 */
must_check int confine_root(int directory, bool makes_devices, uint64_t max_file_bytes,
			    uint64_t max_memory_bytes, int *ret_root, struct error *err);
/* Which of them it is; see pipeline.h. */
enum confine_role { CONFINE_READER, CONFINE_DECODER, CONFINE_EXTRACTOR };

/*
 * Second half: a filter that leaves the system calls on files (the extractor alone; the others have no
 * capability either), memory and messages; another one kills the process. Not under sanitizers, which need
 * more.
 */
must_check int confine_calls(enum confine_role role, struct error *err);

#endif
