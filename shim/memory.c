/* See memory.h. A shim sleeps nearly all its life: what it weighs then is what it weighs. */
#include "shim/memory.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/syscalls.h"

#include "base/banned.h"

#define MAX_RANGES 32
#define STACK_BYTES ((uintptr_t)120 << 10) /* of the stack beneath us that may have been touched */

struct ranges {
	uintptr_t page;
	size_t count;
	struct {
		uintptr_t from, to;
	} items[MAX_RANGES];
};

static void add(struct ranges *ranges, uintptr_t from, uintptr_t to)
{
	from = (from + ranges->page - 1) / ranges->page * ranges->page;
	to = to / ranges->page * ranges->page;
	if (from >= to || ranges->count == MAX_RANGES)
		return;
	ranges->items[ranges->count].from = from;
	ranges->items[ranges->count].to = to;
	ranges->count++;
}

/* Segments that are never written are the file's: the kernel has them. */
static int add_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
			add(data, (uintptr_t)(info->dlpi_addr + segment->p_vaddr),
			    (uintptr_t)(info->dlpi_addr + segment->p_vaddr + segment->p_memsz));
	}
	return 0;
}

/*
 * From the first madvise on nothing else of our text may be used, or the kernel brings a whole
 * neighbourhood of it back for each place: both calls are made here, without the libc.
 */
int memory_wait(int epoll, struct epoll_event *events, int room, int timeout_ms)
{
	struct ranges ranges = { .page = (uintptr_t)sysconf(_SC_PAGESIZE) };

#if defined(__GLIBC__)
	(void)malloc_trim(0); /* whether there was something does not matter */
#endif
	(void)dl_iterate_phdr(add_segments, &ranges); /* ends with what the callback returns */
#if !defined(__SANITIZE_ADDRESS__)
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	add(&ranges, here - STACK_BYTES, here - sizeof(ranges) - 4096);
#endif
	for (size_t i = 0; i < ranges.count; i++)
		(void)sys_call6(__NR_madvise, (long)ranges.items[i].from,
				(long)(ranges.items[i].to - ranges.items[i].from), MADV_DONTNEED, 0, 0,
				0); /* it is only weight */
	long count = sys_call6(__NR_epoll_pwait, epoll, SYS_PTR(events), room, timeout_ms, 0, 0);
	if (count < 0) {
		errno = (int)-count;
		return -1;
	}
	return (int)count;
}
