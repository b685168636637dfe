#!/usr/bin/env bats
# The wall clock jumps while containers run: by hours and days, forwards and backwards. Nothing waits for it, nothing
# is lost, and what is shown is no nonsense. Only in the machine of tests/vm/run, where tests/vm/inside lets it run
# alone: everything else there has the same clock.

load ../helpers/common
load ../shim/front

setup() {
	[[ -e /hull/vm-tests && $(systemd-detect-virt --vm 2>/dev/null) == @(qemu|kvm) ]] ||
		skip "sets the clock: only in the machine of tests/vm/run"
	setup_front
	offset=$(($(date +%s) - $(uptime_s)))
}

teardown() {
	[[ -z ${offset:-} ]] || date -s "@$((offset + $(uptime_s)))" >/dev/null
	teardown_front
}

# Seconds since the machine started: a clock that does not jump. wait_until has the other one.
uptime_s() {
	cut -d. -f1 /proc/uptime
}

jump() {
	date -s "$1" >/dev/null
}

# within SECONDS COMMAND...: wait_until by the clock that does not jump.
within() {
	local end=$(($(uptime_s) + $1))
	shift
	until "$@"; do
		(($(uptime_s) < end)) || return 1
		sleep 0.1
	done
}

@test "stop: the time until SIGKILL is not that of the wall clock" {
	local way began took
	up deaf -- sh -c 'trap "" TERM; while :; do sleep 0.2; done'
	for way in '+1 day' '-2 days'; do
		front start deaf 2>/dev/null || true
		state_is deaf running
		began=$(uptime_s)
		front stop -t 6 deaf 3>&- &
		sleep 1
		jump "$way"
		wait $!
		took=$(($(uptime_s) - began))
		echo "$way: $took s"
		((took >= 5 && took < 40))
		assert_equal "$(field deaf '{{.State.Status}} {{.State.ExitCode}}')" "exited 137"
	done
}

@test "restart: the back-off goes on when the clock is set back, and when it is set forward" {
	local way before
	up again --restart always -- sh -c 'sleep 0.2; exit 1'
	for way in '-1 day' '+2 days'; do
		jump "$way"
		before=$(restarts)
		echo "$way: from $before"
		within 60 more_than "$before"
	done
	front stop -t 0 again
	state_is again exited
}

restarts() {
	jq .restarts "$(directory again)/run.json"
}

more_than() {
	[[ $(restarts) -gt $(($1 + 1)) ]]
}

@test "ps, inspect, logs: an end before its start is shown as no nonsense" {
	up back -- sh -c 'echo first; while [ ! -e /go ]; do sleep 0.1; done; echo second; exit 5'
	jump '-3 hours'
	[[ $(front ps --format '{{.Status}}') == "Up Less than a second" ]]
	touch "$B/rootfs/go"
	assert_equal "$(front wait back)" 5
	within 10 state_is back exited
	[[ $(front ps -a --format '{{.Status}}') == "Exited (5) "*" ago" ]]
	run front ps -a
	[[ $output != *" -"[0-9]* ]]
	front inspect back | jq -e '.[0].State | .ExitCode == 5 and .StartedAt > .FinishedAt' >/dev/null
	assert_equal "$(front logs back)" $'first\nsecond'
	[[ $(front logs -t back) =~ ^20[0-9-]+T[0-9:.]+Z\ first ]]
	jump '+5 days'
	assert_equal "$(front ps -a --format '{{.Status}}' --filter name=back)" "Exited (5) 5 days ago"
	front start back
	within 10 state_is back exited
	assert_equal "$(field back '{{.State.ExitCode}}')" 5
}

@test "logs -f and attach go on over a jump" {
	up talk -- sh -c 'while [ ! -e /go ]; do sleep 0.1; done; echo after; sleep 1; exit 3'
	front logs -f talk >"$SCRATCH/followed" 3>&- &
	follower=$!
	front attach talk >"$SCRATCH/attached" 3>&- &
	client=$!
	sleep 1
	jump '-1 day'
	touch "$B/rootfs/go"
	status=0
	wait "$client" || status=$?
	assert_status 3
	wait "$follower"
	assert_equal "$(<"$SCRATCH/attached") $(<"$SCRATCH/followed")" "after after"
}
