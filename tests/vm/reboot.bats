#!/usr/bin/env bats
# The machine was running containers when its power was cut (tests/vm/leave); this is what they are after the next boot.
# Runs in the machine of tests/vm/run, last.

load ../helpers/common

LEFT=/var/lib/hull-vm

setup() {
	requires_root
	[[ -e $LEFT/boot-id ]] || skip "this machine's power was not cut by tests/vm/inside"
}

container() {
	command hull container "$@"
}

listed() {
	container ps -a --filter "name=$1" --format '{{.State}}: {{.Status}}'
}

# started NAME: again, with what it had written.
started() {
	container start "$1" >/dev/null
	assert_equal "$(container inspect -f '{{.State.Status}} {{.State.Monitored}}' "$1")" "running true"
	wait_until 60 eval "[[ \$(grep -c here $LEFT/$1/rootfs/written) == $2 ]]"
}

@test "it is another boot, and nothing of the old one runs" {
	run ! cmp -s "$LEFT/boot-id" /proc/sys/kernel/random/boot_id
	assert_equal "$(container ps --format '{{.Names}}')" unit
	assert_equal "$(container ps -a --format '{{.Names}}' | sort | tr '\n' ' ')" "always created ended killed paused running unit "
}

@test "one that ran has exited, how is not known, and it starts again with what it had written" {
	assert_equal "$(listed running)" "exited: Exited (unknown)"
	assert_equal "$(container inspect -f '{{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}' running)" "false 255 0"
	[[ $(container inspect -f '{{.State.Error}}' running) == "the exit status is unknown"* ]]
	run container exec running true
	assert_status 1
	started running 2
	container rm -f running >/dev/null
	[[ ! -e /var/lib/hull/container/names/running ]]
}

@test "one that was paused is not paused any more" {
	assert_equal "$(listed paused)" "exited: Exited (unknown)"
	started paused 2
	container exec paused true
	container rm -f paused >/dev/null
}

@test "those that had stopped have their exit codes: they were on the disk before anybody was told" {
	[[ $(listed ended) == "exited: Exited (3) "* ]]
	[[ $(listed killed) == "exited: Exited (137) "* ]]
	assert_equal "$(container inspect -f '{{.State.ExitCode}} {{.State.Error}}' ended)" "3 "
	run container start -a ended
	assert_status 3
}

@test "one that was never started still has to be" {
	assert_equal "$(listed created)" "created: Created"
	started created 1
	container stop -t 0 created >/dev/null
	container rm created >/dev/null
}

@test "the unit that is enabled runs, with what it had written" {
	assert_equal "$(systemctl show -P ActiveState hull@unit)" active
	[[ $(listed unit) == "running: Up "* ]]
	wait_until 60 eval '[[ $(grep -c here $LEFT/unit/rootfs/written) == 2 ]]'
	systemctl stop hull@unit
	container rm unit >/dev/null
}

@test "a restart policy without a unit is nobody's task at boot: the container is there and starts by hand" {
	assert_equal "$(listed always)" "exited: Exited (unknown)"
	started always 2
}

@test "prune removes what does not run, damaged by nothing" {
	container prune -f >/dev/null
	assert_equal "$(container ps -a --format '{{.Names}}')" always
	container rm -f always >/dev/null
	assert_equal "$(find /var/lib/hull/container -mindepth 1 ! -name names)" ""
}
