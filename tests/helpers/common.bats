#!/usr/bin/env bats
# What the tests lean on: that leftovers are seen, that the example runs, that failures are counted.

load common

setup() {
	setup_scratch
}

teardown() {
	teardown_scratch
}

@test "config.json.example runs unchanged on the small root file system" {
	requires_root
	rootfs "$SCRATCH/b/rootfs"
	cp "$TOP/config.json.example" "$SCRATCH/b/config.json"
	run hull run -b "$SCRATCH/b" "$TAG"
	assert_status 0
	assert_output_has "hello from hull: process 1, user root"
	assert_nothing_left
}

@test "config.json.example runs on bare cgroup v2, without the limits that need a controller" {
	requires_on_v2
	bundle "$SCRATCH/b" grep cgroup /proc/mounts
	without_controllers "$SCRATCH/b"
	run on_v2 hull run -b "$SCRATCH/b" "$TAG"
	assert_status 0
	assert_output_has " /sys/fs/cgroup cgroup2 "
	assert_nothing_left
}

@test "assert_nothing_left sees a container: its processes, cgroups and state" {
	requires_root
	bundle "$SCRATCH/b"
	detached hull create -b "$SCRATCH/b" "$TAG"
	assert_status 0
	has_status "$TAG" created
	[[ -n $(leftover_processes) && -n $(leftover_cgroups) && -n $(leftover_state) ]]
	run assert_nothing_left
	assert_status 1
	assert_output_has "left cgroups"
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "assert_nothing_left sees a mount and a process with an open file" {
	requires_root
	mkdir "$SCRATCH/m"
	mount -t tmpfs tmpfs "$SCRATCH/m"
	run assert_nothing_left
	umount "$SCRATCH/m"
	assert_status 1
	assert_output_has "left mounts: $SCRATCH/m"
	sleep 60 >"$SCRATCH/open" 3>&- &
	local pid=$!
	run assert_nothing_left
	kill "$pid"
	assert_status 1
	assert_output_has "left processes: $pid"
	wait_until 5 nothing_left processes
}

@test "teardown_scratch ends what a test left" {
	requires_root
	bundle "$SCRATCH/b"
	detached hull run -d -b "$SCRATCH/b" "$TAG"
	assert_status 0
	teardown_scratch
	[[ ! -e $SCRATCH ]]
	assert_nothing_left
}

@test "on_terminal: a terminal and the status of the command" {
	run on_terminal sh -c 'tty; exit 3'
	assert_status 3
	assert_output_has /dev/pts/
}

@test "run-tests counts passed, failed, skipped and unreported tests" {
	mkdir "$SCRATCH/t"
	printf '#!/bin/sh\nprintf "1..4\\nok 1 a\\nnot ok 2 b\\nok 3 c # skip no moon\\n"\n' >"$SCRATCH/t/tap"
	printf '#!/bin/sh\necho the machine has no sea\nexit 77\n' >"$SCRATCH/t/lacks"
	printf '@test "x" { true; }\n@test "y" { false; }\n' >"$SCRATCH/t/x.bats"
	chmod +x "$SCRATCH/t/tap" "$SCRATCH/t/lacks"
	run "$TOP/tests/helpers/run-tests" try "$SCRATCH/t/tap" "$SCRATCH/t/lacks" "$SCRATCH/t/x.bats" /bin/true /bin/false
	assert_status 1
	assert_equal "${lines[-1]}" "3 passed, 4 failed, 2 skipped"
	assert_output_has "skip c: no moon"
	assert_output_has "skip the machine has no sea"
	run "$TOP/tests/helpers/run-tests" try /bin/true
	assert_status 0
	run "$TOP/tests/helpers/run-tests" try
	assert_status 1
}

@test "demo: a whole life, nothing left" {
	requires_root
	requires_command jq
	run env TMPDIR="$SCRATCH" "$TOP/tests/demo-bundle"
	assert_status 0
	assert_output_has '"status": "paused"'
	assert_output_has "TERM came, leaving"
	assert_nothing_left
}

@test "demo: without root it says so and shows the plan" {
	requires_root
	requires_command setpriv jq
	# A copy that everyone may read: the source tree may be in root's home.
	chmod 711 "$SCRATCH"
	mkdir -p "$SCRATCH/tree/tests/helpers"
	mkdir -m 1777 "$SCRATCH/tmp"
	cp "$HULL" "$TOP/config.json.example" "$SCRATCH/tree"
	cp "$TOP/tests/demo-bundle" "$SCRATCH/tree/tests"
	cp "$TOP/tests/helpers/rootfs" "$SCRATCH/tree/tests/helpers"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env TMPDIR="$SCRATCH/tmp" \
		HULL="$SCRATCH/tree/${HULL##*/}" "$SCRATCH/tree/tests/demo-bundle"
	assert_status 0
	assert_output_has "missing is root"
	assert_output_has '$ hull plan'
}
