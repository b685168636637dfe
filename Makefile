# One plain Makefile. `make help` lists the targets. Everything is built below build/ (build/asan with ASAN=1).
#
#   ASAN=1     address and undefined-behaviour sanitizers     WERROR=1   warnings are errors (CI)
#   DYNAMIC=1  link hull dynamically                          V=1        show the commands
#   PREFIX=/usr/local  DESTDIR=                               for install

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
ifeq ($(origin CC),default)
CC := gcc
endif
B := build$(if $(ASAN),/asan)$(if $(DYNAMIC),/dynamic)
Q := $(if $(V),,@)

# --- flags ---------------------------------------------------------------------------------------
# A flag that this compiler does not know is left out. Probes run only when something is compiled,
# never before `deps` had its chance (see the recursive calls below).
cc-option = $(shell $(CC) -Werror $(1) -c -x c /dev/null -o /dev/null >/dev/null 2>&1 && echo '$(1)')
GOALS := $(if $(MAKECMDGOALS),$(MAKECMDGOALS),all)
COMPILING := $(filter-out help deps demo check check-engines bench lint format clean .ci,$(GOALS))

CPPFLAGS += -Ulinux -I. -I$(B)/gen -D_GNU_SOURCE -DHULL_VERSION='"$(VERSION)"'
CSTD := -std=gnu17
WARN := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wundef -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Walloca -Wnull-dereference \
  -Wframe-larger-than=40000
ifneq ($(COMPILING),)
WARN += $(foreach f,-Wcast-align=strict -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
  -Wimplicit-fallthrough=5 -Wswitch-enum,$(call cc-option,$(f)))
HARDEN_OPT := $(foreach f,-fcf-protection=full -ftrivial-auto-var-init=zero -fstack-clash-protection,$(call cc-option,$(f)))
endif
WARN += $(if $(WERROR),-Werror)
HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fno-common \
  -fno-strict-aliasing -fno-delete-null-pointer-checks $(HARDEN_OPT)
LDHARDEN := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
GENERAL := $(CSTD) $(WARN) -g -ffunction-sections -fdata-sections $(if $(ASAN),$(SANITIZE),$(HARDEN))
CFLAGS_HOST := $(GENERAL) -fPIE
LDFLAGS_HOST := $(if $(ASAN),-fsanitize=address$(comma)undefined,$(LDHARDEN)) \
  $(if $(or $(ASAN),$(DYNAMIC)),-pie,-static-pie) -Wl,--gc-sections
comma := ,
LIB_YAJL := $(if $(or $(ASAN),$(DYNAMIC)),-lyajl,-lyajl_s)
# hull-init: freestanding, no libc, no stack protector, no other relocation than RELATIVE.
CFLAGS_INIT := $(CSTD) $(WARN) -O2 -g -ffreestanding -fPIE -fno-stack-protector -fno-common -fno-strict-aliasing \
  -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections -fvisibility=hidden \
  -fno-tree-loop-distribute-patterns -mno-outline-atomics -DHULL_INIT
CFLAGS_INIT := $(filter-out $(if $(findstring aarch64,$(shell uname -m)),,-mno-outline-atomics),$(CFLAGS_INIT))
LDFLAGS_INIT := -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-z,text,-z,relro,-z,now,-z,noexecstack \
  -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noseparate-code -Wl,--hash-style=gnu

# --- rooms ---------------------------------------------------------------------------------------
# Each room is an archive; a program links its own floor and those beneath, in this order.
ROOMS := runtime/cli runtime/container runtime/linux runtime/cgroup runtime/plan oci/make oci/spec base
# Files of a room that belong to another program, with its own library.
SEPARATE := runtime/linux/seccomp_compile.c runtime/linux/seccomp_main.c runtime/cli/main.c
src = $(filter-out $(SEPARATE),$(wildcard $(1)/*.c))
obj = $(patsubst %.c,$(B)/%.o,$(call src,$(1)))
lib = $(B)/lib$(subst /,_,$(1)).a
LIBS := $(foreach r,$(ROOMS),$(call lib,$(r)))
INIT_SRC := $(wildcard runtime/init/*.c)
INIT_OBJ := $(patsubst runtime/init/%.c,$(B)/init/%.o,$(INIT_SRC))
# The same files for a hosted build: unit tests, sanitizers, coverage. start.c is the entry point
# without a libc and stays out.
INIT_HOSTED_OBJ := $(patsubst runtime/init/%.c,$(B)/init-hosted/%.o,$(filter-out runtime/init/start.c,$(INIT_SRC)))
HEADERS := $(wildcard base/*.h oci/*/*.h runtime/*/*.h)

PROGRAMS := $(B)/hull $(B)/hull-seccomp

.PHONY: all help deps demo check check-unit check-bats check-engines bench lint format install clean
all: $(PROGRAMS)

help:
	@sed -n 's/^## //p' Makefile

-include $(shell [ -d $(B) ] && find $(B) -name '*.d')

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_HOST) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/init/%.o: runtime/init/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_INIT) -MMD -MP -c $< -o $@

$(B)/init-hosted/%.o: runtime/init/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_HOST) -DHULL_INIT -DHULL_INIT_HOSTED $(CFLAGS) -MMD -MP -c $< -o $@

define room_archive
$(call lib,$(1)): $(call obj,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar crsD $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room_archive,$(r))))

$(B)/libruntime_init_hosted.a: $(INIT_HOSTED_OBJ)
	@rm -f $@
	$(Q)ar crsD $@ $^

$(B)/hull-init: $(INIT_OBJ)
	$(Q)$(CC) $(LDFLAGS_INIT) -o $@.debug $^
	$(Q)strip -o $@ $@.debug

# hull carries hull-init in its own text.
$(B)/runtime/container/init_image.o: $(B)/hull-init
$(B)/runtime/container/init_image.o: CPPFLAGS += -DHULL_INIT_FILE='"$(B)/hull-init"'

$(B)/hull: $(B)/runtime/cli/main.o $(LIBS)
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LIB_YAJL) -lcap
$(B)/hull-seccomp: $(B)/runtime/linux/seccomp_main.o $(B)/runtime/linux/seccomp_compile.o $(call lib,base)
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $^ -lseccomp

# --- unit tests: tests/unit/ROOM/NAME.c links ROOM and what lies beneath it --------------------------
UNIT_SRC := $(wildcard tests/unit/base/*.c tests/unit/oci/*/*.c tests/unit/runtime/*/*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
beneath_base := base
beneath_oci/spec := oci/spec base
beneath_oci/make := oci/make oci/spec base
beneath_runtime/plan := runtime/plan oci/spec base
beneath_runtime/cgroup := runtime/cgroup oci/spec base
beneath_runtime/linux := runtime/linux runtime/plan oci/spec base
beneath_runtime/container := runtime/container runtime/linux runtime/cgroup runtime/plan oci/spec base
beneath_runtime/cli := runtime/cli runtime/container runtime/linux runtime/cgroup runtime/plan oci/make oci/spec base
beneath_runtime/init := runtime/plan oci/spec base
room_of = $(patsubst %/,%,$(dir $(patsubst tests/unit/%,%,$(1))))
.SECONDEXPANSION:
$(B)/unit/%: $(B)/tests/unit/%.o $$(if $$(findstring runtime/init,$$*),$(B)/libruntime_init_hosted.a) $$(foreach r,$$(beneath_$$(call room_of,$$*)),$$(call lib,$$r)) \
  $$(if $$(findstring seccomp_compile,$$*),$(B)/runtime/linux/seccomp_compile.o)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(LIB_YAJL) -lcap $(if $(findstring seccomp_compile,$*),-lseccomp)

unit-programs: $(UNIT_BIN)

clean:
	rm -rf build
