# One plain Makefile. `make help` lists the targets. Everything is built below build/ (build/asan with ASAN=1).
#
#   ASAN=1     address and undefined-behaviour sanitizers     WERROR=1   warnings are errors (CI)
#   DYNAMIC=1  link hull dynamically                          V=1        show the commands
#   FAULTS=1   with the points where the fault tests cut (build/faults; never to be installed)
#   PREFIX=/usr/local  DESTDIR=                               for install

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
ifeq ($(origin CC),default)
CC := gcc
endif
B := build$(if $(ASAN),/asan)$(if $(DYNAMIC),/dynamic)$(if $(FAULTS),/faults)$(if $(FUZZ),/fuzz)
Q := $(if $(V),,@)

comma := ,

# --- flags ---------------------------------------------------------------------------------------
# A flag that this compiler does not know is left out. Probes run only when something is compiled,
# never before `deps` had its chance (see the recursive calls below).
cc-option = $(shell $(CC) -Werror $(1) -c -x c /dev/null -o /dev/null >/dev/null 2>&1 && echo '$(1)')
GOALS := $(if $(MAKECMDGOALS),$(MAKECMDGOALS),all)
COMPILING := $(filter-out help deps demo demo-bundle check check-unit check-bats check-engines check-vm endurance fuzz plans bench lint format clean,$(GOALS))

CPPFLAGS += -Ulinux -I. -I$(B)/gen -D_GNU_SOURCE -DHULL_VERSION='"$(VERSION)"' \
  $(if $(FAULTS),-DHULL_FAULTS) $(if $(ISAL),-DHULL_ISAL) $(if $(ASAN),-DHULL_SANITIZED)
CSTD := -std=gnu17
WARN := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wundef -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Walloca -Wnull-dereference \
  -Wframe-larger-than=40000
ifneq ($(COMPILING),)
WARN += $(foreach f,-Wcast-align=strict -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
  -Wimplicit-fallthrough=5 -Wswitch-enum,$(call cc-option,$(f)))
HARDEN_OPT := $(foreach f,-fcf-protection=full -ftrivial-auto-var-init=zero -fstack-clash-protection,$(call cc-option,$(f)))
# clang makes no calls of loops when it is told -ffreestanding; gcc must be told.
INIT_OPT := $(call cc-option,-fno-tree-loop-distribute-patterns)
# ISA-L inflates twice as fast as zlib; without it (ISAL= on the command line) zlib does.
ISAL := $(shell echo '\#include <isa-l/igzip_lib.h>' | $(CC) -E -x c - >/dev/null 2>&1 && echo yes)
endif
WARN += $(if $(WERROR),-Werror)
HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fno-common \
  -fno-strict-aliasing -fno-delete-null-pointer-checks $(HARDEN_OPT)
LDHARDEN := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
  $(if $(FUZZ),-fsanitize=fuzzer-no-link)
GENERAL := $(CSTD) $(WARN) -g -ffunction-sections -fdata-sections $(if $(ASAN),$(SANITIZE),$(HARDEN))
CFLAGS_HOST := $(GENERAL) -fPIE
LDFLAGS_HOST := $(if $(ASAN),-fsanitize=address$(comma)undefined,$(LDHARDEN)) \
  $(if $(or $(ASAN),$(DYNAMIC)),-pie,-static-pie) -Wl,--gc-sections
# Debian has no libisal.a: what needs it is dynamic.
LDFLAGS_DYNAMIC := $(patsubst -static-pie,-pie,$(LDFLAGS_HOST))
LIB_LAYER := -lcrypto -lzstd -lz
LIB_WORKER := $(if $(ISAL),-lisal) $(LIB_LAYER)
LIB_YAJL := $(if $(or $(ASAN),$(DYNAMIC)),-lyajl,-lyajl_s)
LIB_NET := -lmnl -lnftables
# hull-init: freestanding, no libc, no stack protector, no other relocation than RELATIVE.
CFLAGS_INIT := $(CSTD) $(WARN) -Os -g -ffreestanding -fPIE -fno-stack-protector -fno-common -fno-strict-aliasing \
  -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections -fvisibility=hidden \
  $(INIT_OPT) -mno-outline-atomics -DHULL_INIT
CFLAGS_INIT := $(filter-out $(if $(findstring aarch64,$(shell uname -m)),,-mno-outline-atomics),$(CFLAGS_INIT))
LDFLAGS_INIT := -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-z,text,-z,relro,-z,now,-z,noexecstack \
  -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noseparate-code -Wl,--hash-style=gnu

# --- rooms ---------------------------------------------------------------------------------------
# Each room is an archive; a program links its own floor and those beneath, in this order.
HULL_ROOMS := runtime/cli runtime/container runtime/linux runtime/cgroup runtime/plan oci/make oci/spec base
SHIM_ROOMS := shim shim/store oci/spec base
FRONT_ROOMS := shim/container shim/store oci/make oci/spec base
WORKER_ROOMS := oci/layer base
IMAGE_ROOMS := oci/image oci/layer oci/make oci/spec base
NET_ROOMS := runtime/net oci/spec base
ROOMS := $(HULL_ROOMS) runtime/net oci/image oci/layer shim shim/store shim/container
# Files of a room that belong to another program, with its own library.
SEPARATE := runtime/linux/seccomp_compile.c runtime/linux/seccomp_main.c runtime/cli/main.c runtime/net/main.c \
  shim/main.c shim/container/main.c oci/image/main.c oci/layer/unpack_main.c $(if $(ISAL),,oci/layer/igzip.c)
src = $(filter-out $(SEPARATE),$(wildcard $(1)/*.c))
obj = $(patsubst %.c,$(B)/%.o,$(call src,$(1)))
lib = $(B)/lib$(subst /,_,$(1)).a
libs = $(foreach r,$(1),$(call lib,$(r)))
LIBS := $(call libs,$(HULL_ROOMS))
INIT_SRC := $(wildcard runtime/init/*.c)
INIT_OBJ := $(patsubst runtime/init/%.c,$(B)/init/%.o,$(INIT_SRC))
# The same files for a hosted build: unit tests, sanitizers, coverage. start.c is the entry point
# without a libc and stays out.
INIT_HOSTED_OBJ := $(patsubst runtime/init/%.c,$(B)/init-hosted/%.o,$(filter-out runtime/init/start.c,$(INIT_SRC)))
HEADERS := $(wildcard base/*.h oci/*/*.h runtime/*/*.h shim/*.h shim/*/*.h)

PROGRAMS := $(B)/hull $(B)/hull-seccomp $(B)/hull-unpack $(if $(wildcard shim/main.c),$(B)/hull-shim) \
  $(if $(wildcard shim/container/main.c),$(B)/hull-container) $(B)/hull-reaper $(B)/hull-net \
  $(B)/hull-image

.PHONY: all help deps demo demo-bundle check check-unit check-bats check-engines check-vm endurance fuzz fuzz-programs plans bench lint format install clean
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

# `hull --version` and the keys of cached filters name the library that hull-seccomp is built with, where
# pkg-config knows it.
SECCOMP_VERSION = $(shell pkg-config --modversion libseccomp 2>/dev/null)
$(B)/runtime/cli/help.o $(B)/runtime/linux/seccomp.o: CPPFLAGS += $(if $(SECCOMP_VERSION),-DHULL_LIBSECCOMP_VERSION='"$(SECCOMP_VERSION)"')

$(B)/hull: $(B)/runtime/cli/main.o $(LIBS)
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LIB_YAJL)
$(B)/hull-seccomp: $(patsubst %,$(B)/runtime/linux/seccomp_%.o,main compile merge bpf format) $(call lib,base)
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $^ -lseccomp
$(B)/hull-unpack: $(B)/oci/layer/unpack_main.o $(call libs,$(WORKER_ROOMS))
	$(Q)$(CC) $(LDFLAGS_DYNAMIC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(WORKER_ROOMS)) -Wl,--end-group $(LIB_WORKER) $(LIB_YAJL)
# A layer by hand: tests/bench/bench-unpack, and looking.
$(B)/unpack: $(B)/tests/helpers/unpack.o $(call libs,$(WORKER_ROOMS)) | $(B)/hull-unpack
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(WORKER_ROOMS)) -Wl,--end-group $(LIB_LAYER)
$(B)/hull-shim: $(B)/shim/main.o $(call libs,$(SHIM_ROOMS))
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(SHIM_ROOMS)) -Wl,--end-group $(LIB_YAJL)
# It runs inside containers: one file, no room of hull's.
$(B)/hull-reaper: $(B)/shim/reaper/main.o
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $<
$(B)/hull-net: $(B)/runtime/net/main.o $(call libs,$(NET_ROOMS))
	$(Q)$(CC) $(LDFLAGS_DYNAMIC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(NET_ROOMS)) -Wl,--end-group $(LIB_YAJL) $(LIB_NET)
$(B)/hull-container: $(B)/shim/container/main.o $(call libs,$(FRONT_ROOMS))
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(FRONT_ROOMS)) -Wl,--end-group $(LIB_YAJL)

$(B)/hull-image: $(B)/oci/image/main.o $(call libs,$(IMAGE_ROOMS))
	$(Q)$(CC) $(LDFLAGS_HOST) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(IMAGE_ROOMS)) -Wl,--end-group $(LIB_YAJL) $(LIB_LAYER)

# --- unit tests: tests/unit/ROOM/NAME.c links ROOM and what lies beneath it --------------------------
UNIT_SRC := $(wildcard tests/unit/base/*.c tests/unit/oci/*/*.c tests/unit/runtime/*/*.c tests/unit/shim/*.c tests/unit/shim/*/*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
beneath_base := base
beneath_oci/spec := oci/spec base
beneath_runtime/net := $(NET_ROOMS)
beneath_oci/layer := $(WORKER_ROOMS)
beneath_oci/image := $(IMAGE_ROOMS)
beneath_oci/make := oci/make oci/spec base
beneath_runtime/plan := runtime/plan oci/spec base
beneath_runtime/cgroup := runtime/cgroup oci/spec base
beneath_runtime/linux := runtime/linux runtime/plan oci/spec base
beneath_runtime/container := runtime/container runtime/linux runtime/cgroup runtime/plan oci/spec base
beneath_runtime/cli := runtime/cli runtime/container runtime/linux runtime/cgroup runtime/plan oci/make oci/spec base
beneath_shim/store := shim/store oci/spec base
beneath_shim := $(SHIM_ROOMS)
beneath_shim/container := $(FRONT_ROOMS)
beneath_runtime/init := runtime/plan oci/spec base
room_of = $(patsubst %/,%,$(dir $(patsubst tests/unit/%,%,$(1))))
.SECONDEXPANSION:
$(B)/unit/%: $(B)/tests/unit/%.o $$(if $$(findstring runtime/init,$$*),$(B)/libruntime_init_hosted.a) $$(foreach r,$$(beneath_$$(call room_of,$$*)),$$(call lib,$$r)) \
  $$(if $$(findstring seccomp_compile,$$*),$(B)/runtime/linux/seccomp_compile.o)
	@mkdir -p $(@D)
	$(Q)$(CC) $(if $(findstring oci/layer,$*),$(LDFLAGS_DYNAMIC),$(LDFLAGS_HOST)) $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(if $(findstring oci/layer,$*),$(LIB_WORKER)) $(if $(findstring oci/image,$*),$(LIB_LAYER)) $(LIB_YAJL) $(if $(findstring seccomp_compile,$*),-lseccomp)

# These start the real helpers.
$(B)/unit/runtime/linux/seccomp_helper: | $(B)/hull-seccomp
$(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/oci/layer/*.c)): | $(B)/hull-unpack

unit-programs: $(UNIT_BIN)
# Kept: make would take the objects of the tests for intermediate files and compile them each time.
.SECONDARY: $(UNIT_SRC:%.c=$(B)/%.o)

# --- fuzzers: tests/fuzz/NAME.c, by clang, with sanitizers ------------------------------------------------
FUZZ_ROOMS := oci/image oci/make oci/layer oci/spec base
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(B)/fuzzers/%,$(wildcard tests/fuzz/*.c))
FUZZ_SECONDS ?= 10
$(B)/fuzzers/%: $(B)/tests/fuzz/%.o $(call libs,$(FUZZ_ROOMS))
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_DYNAMIC) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< -Wl,--start-group $(call libs,$(FUZZ_ROOMS)) -Wl,--end-group $(LIB_WORKER) $(LIB_YAJL)
fuzz-programs: $(FUZZ_BIN)

# The same without an engine: each runs its seeds once, as a test.
REPLAY_BIN := $(patsubst tests/fuzz/%.c,$(B)/replay/%,$(wildcard tests/fuzz/*.c))
$(B)/replay/corpus: tests/fuzz/seeds $(wildcard tests/fuzz/*.seeds)
	$(Q)rm -rf $@ $@.new && tests/fuzz/seeds $@.new && mv -T $@.new $@
$(B)/replay/%: $(B)/tests/fuzz/%.o $(B)/tests/helpers/replay.o $(call libs,$(FUZZ_ROOMS)) | $(B)/replay/corpus
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_DYNAMIC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(call libs,$(FUZZ_ROOMS)) -Wl,--end-group $(LIB_WORKER) $(LIB_YAJL)
unit-programs: $(REPLAY_BIN)
.SECONDARY: $(REPLAY_BIN:$(B)/replay/%=$(B)/tests/fuzz/%.o) $(B)/tests/helpers/replay.o

# --- the targets for people and CI ---------------------------------------------------------------------
# Those that need programs of the machine install them first (deps), and build by a recursive call: only
# there does make look at the compiler.
MAKE_BUILD = $(MAKE) --no-print-directory
# bats files take the runtime from HULL.
HULL ?= $(abspath $(B)/hull)
export HULL
RUN_TESTS := tests/helpers/run-tests
BATS := $(sort $(wildcard tests/helpers/*.bats tests/cli/*.bats tests/plan/*.bats tests/runtime/*.bats tests/net/*.bats tests/shim/*.bats tests/image/*.bats))
ENGINE_BATS := $(sort $(wildcard tests/engines/*.bats))
LINTS := $(sort $(filter-out %.map %.md,$(wildcard tests/lint/*)))
SOURCES := $(shell find base oci runtime shim tests -name "*.[ch]" 2>/dev/null)
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

## make               build hull and its helper below build/
## make demo          install what is missing, build, tell the story: an image and three containers of it
demo:
	tests/helpers/deps build demo
	+@$(MAKE_BUILD) $(jobs) all
	@tests/demo

## make demo-bundle   the life of one container of a bundle, step by step
demo-bundle:
	tests/helpers/deps build demo
	+@$(MAKE_BUILD) $(jobs) all
	@tests/demo-bundle

## make check         install what is missing, build, run all tests but those of the engines
check:
	tests/helpers/deps build test
	+@$(MAKE_BUILD) $(jobs) all unit-programs
	+@$(MAKE_BUILD) $(jobs) FAULTS=1 all
	@$(RUN_TESTS) "unit tests, command line, plans, containers" $(sort $(UNIT_BIN) $(REPLAY_BIN)) $(BATS)

## make check-unit    the unit tests and the fuzzers' seeds only (also with ASAN=1)
check-unit:
	tests/helpers/deps build test
	+@$(MAKE_BUILD) $(jobs) unit-programs
	@$(RUN_TESTS) "unit tests$(if $(ASAN), under sanitizers)" $(sort $(UNIT_BIN) $(REPLAY_BIN))

## make check-bats    the command line, plans and containers only
check-bats:
	tests/helpers/deps build test
	+@$(MAKE_BUILD) $(jobs) all
	+@$(MAKE_BUILD) $(jobs) FAULTS=1 all
	@$(RUN_TESTS) "command line, plans, containers" $(BATS)

## make check-engines install Podman, containerd, Docker and Buildah, and drive them with hull
check-engines:
	tests/helpers/deps build engines
	+@$(MAKE_BUILD) $(jobs) all
	@$(RUN_TESTS) -j 2 -t 480 "engines" $(ENGINE_BATS)

## make endurance     10 000 executions and 5 500 restarts of a container: what stays beside it must not grow
endurance:
	tests/helpers/deps build test
	+@$(MAKE_BUILD) $(jobs) all
	@EXECS=10000 RESTARTS=500 bats tests/shim/endurance.bats

## make check-vm      boot a Debian machine with systemd and cgroup v2 in QEMU, and test in it
# Without mmdebstrap or QEMU the tests are skipped, with the reason.
check-vm:
	tests/helpers/deps build
	-tests/helpers/deps vm
	+@$(MAKE_BUILD) $(jobs) all
	@tests/vm/run

## make fuzz          each fuzzer for FUZZ_SECONDS=10, with clang
fuzz:
	tests/helpers/deps build lint
	+@$(MAKE_BUILD) $(jobs) CC=clang ASAN=1 FUZZ=1 fuzz-programs
	@tests/fuzz/run $(FUZZ_SECONDS) $(patsubst tests/fuzz/%.c,build/asan/fuzz/fuzzers/%,$(wildcard tests/fuzz/*.c))

## make plans         write the reviewed plans below tests/plan anew: read the difference
plans:
	tests/helpers/deps build test
	+@$(MAKE_BUILD) $(jobs) all
	@UPDATE=1 bats tests/plan/golden.bats

## make bench         measure hull beside the runtimes of this machine
bench:
	tests/helpers/deps build demo
	+@$(MAKE_BUILD) $(jobs) all
	@tests/bench/bench
	@tests/bench/bench-shim
	+@$(MAKE_BUILD) $(jobs) $(B)/unpack
	@tests/bench/bench-unpack
	@tests/bench/bench-image

## make lint          the rules that a script can check
lint:
	tests/helpers/deps build lint
	+@$(MAKE_BUILD) $(jobs) all
	@B=$(B) CC=$(CC) $(RUN_TESTS) "lint" $(LINTS)

## make format        put the C sources into the one form
format:
	tests/helpers/deps lint
	clang-format -i $(SOURCES)

## make deps          install the Debian packages that build, tests and lints need; elsewhere name them
deps:
	tests/helpers/deps build demo test lint

## make install       PREFIX=/usr/local DESTDIR=
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/hull $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(B)/hull $(DESTDIR)$(PREFIX)/bin/hull
	install -m 755 $(B)/hull-seccomp $(DESTDIR)$(PREFIX)/libexec/hull/hull-seccomp
	install -m 755 $(B)/hull-unpack $(DESTDIR)$(PREFIX)/libexec/hull/hull-unpack
	install -m 755 $(B)/hull-image $(DESTDIR)$(PREFIX)/libexec/hull/hull-image
	install -m 755 $(B)/hull-init $(DESTDIR)$(PREFIX)/libexec/hull/hull-init
	install -m 755 $(B)/hull-shim $(DESTDIR)$(PREFIX)/libexec/hull/hull-shim
	install -m 755 $(B)/hull-net $(DESTDIR)$(PREFIX)/libexec/hull/hull-net
	install -m 755 $(B)/hull-container $(DESTDIR)$(PREFIX)/libexec/hull/hull-container
	install -m 755 $(B)/hull-reaper $(DESTDIR)$(PREFIX)/libexec/hull/hull-reaper
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@LIBEXECDIR@|$(PREFIX)/libexec/hull|' shim/systemd/hull@.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/hull@.service
	install -d $(DESTDIR)$(PREFIX)/share/doc/hull
	install -m 644 shim/systemd/hull@.service.d/limits.conf.example $(DESTDIR)$(PREFIX)/share/doc/hull/limits.conf.example
	install -m 644 docs/hull.8 docs/hull-shim.8 docs/hull-container.8 docs/hull-image.8 docs/hull-net.8 docs/hull@.service.8 $(DESTDIR)$(PREFIX)/share/man/man8

## make clean
clean:
	rm -rf build
