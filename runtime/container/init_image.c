/* The bytes of hull-init, put into hull's text by the assembler; see init_image.h. */
#include "runtime/container/init_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/program.h"
#include "base/syscalls.h"
#include "base/text.h"

#include "base/banned.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	"init_image_bytes:\n"
	".incbin \"" HULL_INIT_FILE "\"\n"
	"init_image_end:\n"
	".previous\n");

extern const char init_image_bytes[] __attribute__((visibility("hidden")));
extern const char init_image_end[] __attribute__((visibility("hidden")));

int init_image_open(int *ret_fd, struct error *err)
{
	int result = fd_memfd("hull-init", init_image_bytes, (size_t)(init_image_end - init_image_bytes), 1,
			      1, ret_fd, err);

	/* vm.memfd_noexec=2 forbids executable memfds. */
	return result == -EACCES || result == -EPERM ? init_image_open_installed(ret_fd, err) : result;
}

int init_image_open_installed(int *ret_fd, struct error *err)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autotext struct text directory = TEXT_EMPTY, path = TEXT_EMPTY;
	int result = program_directory(&directory, err);

	if (result == 0)
		result = program_find(directory.data, "hull-init", &path, err);
	if (result < 0)
		return error_add(err, "executable memfds are forbidden here");
	long fd = sys_call6(__NR_open_tree, AT_FDCWD, SYS_PTR(path.data), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC,
			    0, 0, 0);
	if (fd < 0)
		return error_set(err, (int)-fd, "open_tree \"%s\"", path.data);
	autoclose int owned = (int)fd;
	long set = sys_call6(__NR_mount_setattr, owned, SYS_PTR(""), AT_EMPTY_PATH, SYS_PTR(&readonly),
			     sizeof(readonly), 0);
	if (set < 0)
		return error_set(err, (int)-set, "make \"%s\" read-only", path.data);
	*ret_fd = take_fd(&owned);
	return 0;
}
