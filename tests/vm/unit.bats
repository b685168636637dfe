#!/usr/bin/env bats
# hull@.service under a real systemd: a container as a service. Runs in the machine of tests/vm/run.

load ../helpers/common

setup() {
	requires_root
	[[ -d /run/systemd/system ]] || skip "this machine does not run systemd"
	setup_scratch
	NAME=web$RANDOM
}

teardown() {
	systemctl stop "hull@$NAME" 2>/dev/null || true
	systemctl reset-failed "hull@$NAME" 2>/dev/null || true
	rm -rf "/run/systemd/system/hull@$NAME.service.d"
	"${HULL%/*}/hull-container" rm -f "$NAME" >/dev/null 2>&1 || true
	teardown_scratch
}

setup_file() {
	[[ -d /run/systemd/system && $EUID -eq 0 ]] || return 0
	mkdir -p /run/systemd/system
	sed "s|@LIBEXECDIR@|${HULL%/*}|" "$BATS_TEST_DIRNAME/../../shim/systemd/hull@.service" >/run/systemd/system/hull@.service
	systemctl daemon-reload
}

# service SCRIPT: a container named $NAME that runs SCRIPT.
service() {
	bundle "$SCRATCH/b" sh -c "$1"
	"${HULL%/*}/hull-container" create --name "$NAME" --log-driver journald --bundle "$SCRATCH/b" >/dev/null
}

# once: no restart for this service.
once() {
	mkdir -p "/run/systemd/system/hull@$NAME.service.d"
	printf '[Service]\nRestart=no\n' >"/run/systemd/system/hull@$NAME.service.d/once.conf"
	systemctl daemon-reload
}

shown() {
	systemctl show -P "$1" "hull@$NAME"
}

@test "start, status, journal, stop: the container is in the unit" {
	service 'trap "exit 0" TERM; echo hello from the unit; while :; do sleep 1; done'
	systemctl start "hull@$NAME"
	assert_equal "$(shown ActiveState)" active
	[[ $(shown Type) == notify && $(shown MemoryCurrent) -gt 0 ]]
	cgroup=/sys/fs/cgroup$(shown ControlGroup)
	[[ -n $(cat "$cgroup/supervisor/cgroup.procs") && -n $(find "$cgroup/payload" -name cgroup.procs -exec cat {} +) ]]
	wait_until 20 sh -c "journalctl -q -u 'hull@$NAME' | grep -q 'hello from the unit'"
	systemctl stop "hull@$NAME"
	assert_equal "$(shown ActiveState)" inactive
	[[ ! -d $cgroup ]]
}

@test "exit code 42 is the unit's" {
	service 'sleep 1; exit 42'
	once
	systemctl start "hull@$NAME"
	wait_until 30 sh -c "[ \"\$(systemctl show -P ActiveState hull@$NAME)\" = failed ]"
	assert_equal "$(shown Result) $(shown ExecMainStatus)" "exit-code 42"
}

@test "death by a signal is the unit's" {
	service 'exec sleep 1000'
	once
	systemctl start "hull@$NAME"
	"${HULL%/*}/hull-container" kill "$NAME"
	wait_until 30 sh -c "[ \"\$(systemctl show -P ActiveState hull@$NAME)\" = failed ]"
	assert_equal "$(shown Result) $(shown ExecMainStatus)" "signal 9"
}

@test "Restart=on-failure starts it again" {
	service 'sleep 1; exit 1'
	systemctl start "hull@$NAME"
	wait_until 40 sh -c "[ \$(systemctl show -P NRestarts hull@$NAME) -ge 1 ]"
}
