/*
 * hull-init's entry point without a libc: applies its own RELATIVE relocations (before any table
 * with pointers is read), becomes non-dumpable, and hands argv[1], the plan's descriptor, to
 * steps_run. Right after the clone: host file systems, full capabilities.
 */
#include <elf.h>

#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#if defined(__x86_64__)
__asm__(".text\n.global _start\n.type _start,@function\n_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start_main\n"
	"	hlt\n");
#define RELOCATION_RELATIVE R_X86_64_RELATIVE
#elif defined(__aarch64__)
__asm__(".text\n.global _start\n.type _start,%function\n_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	and sp, x0, #-16\n"
	"	bl start_main\n"
	"	brk #1\n");
#define RELOCATION_RELATIVE R_AARCH64_RELATIVE
#endif

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern const Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));

/* Only RELATIVE relocations exist here: a lint holds the link to that. */
static void start_relocate(void)
{
	uintptr_t base = (uintptr_t)&__ehdr_start;
	const Elf64_Rela *rela = NULL;
	size_t size = 0;

	for (const Elf64_Dyn *dyn = _DYNAMIC; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_RELA)
			rela = (const Elf64_Rela *)(base + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_RELASZ)
			size = dyn->d_un.d_val;
	}
	for (size_t i = 0; i < size / sizeof(*rela); i++)
		if (ELF64_R_TYPE(rela[i].r_info) == RELOCATION_RELATIVE)
			*(uintptr_t *)(base + rela[i].r_offset) = base + (uintptr_t)rela[i].r_addend;
}

__attribute__((used)) _Noreturn void start_main(const long *stack);

_Noreturn void start_main(const long *stack)
{
	const char *const *argv = (const char *const *)(const void *)(stack + 1);
	int plan_fd = 0;

	start_relocate();
	/* exec made us dumpable again: before anything else nobody may look in (CVE-2016-9962). */
	if (stack[0] != 2 || sys_prctl(PR_SET_DUMPABLE, 0, 0, 0) < 0)
		sys_exit(1);
	for (const char *digit = argv[1]; *digit >= '0' && *digit <= '9'; digit++)
		plan_fd = plan_fd * 10 + (*digit - '0');
	steps_run(plan_fd);
}
