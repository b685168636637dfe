#!/usr/bin/env bats
# The unit that `hull container unit` prints, under a real systemd. Runs in the machine of tests/vm/run.

load ../helpers/common
load ../shim/front

setup() {
	[[ -d /run/systemd/system ]] || skip "this machine does not run systemd"
	setup_front
	UNIT=hull-$TAG.service
}

teardown() {
	[[ -n ${UNIT:-} ]] || return 0
	systemctl stop "$UNIT" 2>/dev/null || true
	systemctl reset-failed "$UNIT" 2>/dev/null || true
	rm -f "/run/systemd/system/$UNIT"
	systemctl daemon-reload
	teardown_front
}

# generated CREATE-OPTIONS -- UNIT-OPTIONS -- SCRIPT: a container and its unit.
generated() {
	local create=() unit=()
	while [[ $1 != -- ]]; do
		create+=("$1")
		shift
	done
	shift
	while [[ $1 != -- ]]; do
		unit+=("$1")
		shift
	done
	shift
	front create --name "$TAG" --log-driver journald "${create[@]}" --bundle "$B" sh -c "$1" >/dev/null
	front unit "${unit[@]}" "$TAG" >"/run/systemd/system/$UNIT"
	systemctl daemon-reload
}

shown() {
	systemctl show -P "$1" "$UNIT"
}

is() {
	[[ $(shown "$1") == "$2" ]]
}

@test "start, what ps says, the journal, stop by systemd and by hull, start again" {
	generated -- -- 'trap "exit 0" TERM; echo hello from the unit; while :; do sleep 0.5; done'
	systemctl start "$UNIT"
	assert_equal "$(shown ActiveState) $(shown Type)" "active notify"
	state_is "$TAG" running
	assert_equal "$(shown MainPID)" "$(shim_of "$TAG")"
	grep -q "/payload" "/proc/$(field "$TAG" '{{.State.Pid}}')/cgroup"
	wait_until 30 sh -c "journalctl -q -u '$UNIT' | grep -q 'hello from the unit'"
	systemctl stop "$UNIT"
	assert_equal "$(shown ActiveState) $(shown Result)" "inactive success"
	state_is "$TAG" exited
	systemctl start "$UNIT"
	front stop "$TAG" # by hand: no failure, and no restart
	wait_until 30 is ActiveState inactive
	systemctl start "$UNIT" # at once, and a stop of before does not count
	state_is "$TAG" running
}

@test "its own policy restarts it in the unit; when hull-shim is killed, systemd starts all of it again" {
	generated --restart always -- --restart-sec 1 -- 'sleep 1000'
	systemctl start "$UNIT"
	shim=$(shim_of "$TAG")
	kill -KILL "$(field "$TAG" '{{.State.Pid}}')"
	wait_until 60 runs_again
	assert_equal "$(shown MainPID) $(shown NRestarts)" "$shim 0"
	pid=$(field "$TAG" '{{.State.Pid}}')
	kill -KILL "$shim"
	wait_until 60 is NRestarts 1
	wait_until 60 is ActiveState active
	state_is "$TAG" running
	[[ ! -e /proc/$pid && $(shown MainPID) != "$shim" ]]
}

runs_again() {
	[[ $(jq .restarts "$(directory "$TAG")/run.json") == 1 ]] && state_is "$TAG" running
}

@test "--time is how long systemctl stop waits" {
	generated -- --time 2 -- 'trap "" TERM; while :; do sleep 0.5; done'
	systemctl start "$UNIT"
	systemctl stop "$UNIT"
	state_is "$TAG" exited
	assert_equal "$(field "$TAG" '{{.State.ExitCode}}')" 137
}
