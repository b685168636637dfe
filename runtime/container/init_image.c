/* The bytes of hull-init, put into hull's text by the assembler; see init_image.h. */
#include "runtime/container/init_image.h"

#include "base/fd.h"

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
	return fd_memfd("hull-init", init_image_bytes, (size_t)(init_image_end - init_image_bytes), 1, 1, ret_fd, err);
}
