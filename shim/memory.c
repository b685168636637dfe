/* See memory.h. A shim sleeps nearly all its life: what it weighs then is what it weighs. */
#include "shim/memory.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

#define STACK_BYTES ((uintptr_t)256 << 10) /* of the stack beneath us that may have been touched */

static void give_back(uintptr_t from, uintptr_t to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	from = (from + page - 1) / page * page;
	to = to / page * page;
	if (from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED); /* it is only weight */
}

/* Segments that are never written are the file's: the kernel has them. */
static int give_back_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			give_back((uintptr_t)(info->dlpi_addr + segment->p_vaddr),
				  (uintptr_t)(info->dlpi_addr + segment->p_vaddr + segment->p_memsz));
	}
	return 0;
}

/* Linked away in a sanitizer's build, where the stack beneath is not ours alone. */
static void give_back_stack(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	/* A page of room for the frames of the calls made here. */
	give_back(here - STACK_BYTES, here - 8192);
#endif
}

void memory_trim(void)
{
#if defined(__GLIBC__)
	(void)malloc_trim(0); /* whether there was something does not matter */
#endif
	(void)dl_iterate_phdr(give_back_segments, NULL); /* ends with what the callback returns */
	give_back_stack();
}
