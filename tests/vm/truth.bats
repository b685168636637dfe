#!/usr/bin/env bats
# What `hull container ps` and `inspect` say when processes were killed behind their back. Runs in the machine of
# tests/vm/run; tests/vm/reboot.bats is the same for a power cut.

load ../helpers/common
load service

setup() {
	setup_service
	CREATE=" " CONFIG='.root.readonly = false' service sh -c 'echo born >>/written; echo out; while :; do sleep 1; done'
	container start "$NAME" >/dev/null
	PID=$(container_pid)
	SHIM=$(run_field .shim.pid)
}

teardown() {
	teardown_service
}

listed() {
	container ps -a --filter "name=$NAME" --format '{{.State}}: {{.Status}}'
}

# By whom it may be: not listed among those that run.
not_running() {
	assert_equal "$(container ps -q --filter "name=$NAME")" ""
}

@test "hull-shim killed: the container runs on, and its monitor is said to be lost" {
	kill -KILL "$SHIM"
	wait_until 60 ended "$SHIM"
	run ! ended "$PID"
	[[ $(listed) == "running: Up "*"(monitor lost)" ]]
	assert_equal "$(field '{{.State.Running}} {{.State.Pid}} {{.State.Monitored}}')" "true $PID false"
	run container exec "$NAME" echo inside
	assert_equal "$output" inside
	# The next command that needs a monitor brings one; the exit status is known again.
	container stop -t 0 "$NAME" >/dev/null
	wait_until 60 state_is exited
	run ! kill -0 "$PID"
	not_running
}

@test "the container killed from outside: 137, and when" {
	kill -KILL "$PID"
	wait_until 60 state_is exited
	[[ $(listed) == "exited: Exited (137) "*" ago" ]]
	assert_equal "$(field '{{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Pid}}')" "false 137 false 0"
	not_running
	wait_until 60 ended "$SHIM"
	container start "$NAME" >/dev/null
	assert_equal "$(grep -c born "$B/rootfs/written")" 2
}

@test "both killed: exited, and nobody knows how" {
	kill -KILL "$SHIM" "$PID"
	wait_until 60 ended "$PID"
	assert_equal "$(listed)" "exited: Exited (unknown)"
	assert_equal "$(field '{{.State.Status}} {{.State.ExitCode}}')" "exited 255"
	assert_equal "$(field '{{.State.Error}}')" \
		"the exit status is unknown: the container's monitor was not there when it ended"
	not_running
	run container logs "$NAME"
	assert_equal "$output" out
	# Nothing of the old run is in the way of a new one.
	container start "$NAME" >/dev/null
	born_again() {
		[[ $(grep -c born "$B/rootfs/written") == 2 ]]
	}
	wait_until 60 born_again
	[[ $(listed) == "running: Up "* && $(listed) != *lost* ]]
}

@test "both killed while it is paused: not paused, not running" {
	container pause "$NAME" >/dev/null
	[[ $(listed) == "paused: Up "*"(Paused)" ]]
	kill -KILL "$SHIM"
	wait_until 60 ended "$SHIM"
	[[ $(listed) == "paused: Up "*"(Paused) (monitor lost)" ]]
	kill -KILL "$PID" # the freezer of version 2 lets it through
	wait_until 60 ended "$PID"
	assert_equal "$(listed)" "exited: Exited (unknown)"
	container rm "$NAME" >/dev/null
	run find /sys/fs/cgroup -type d -path "*hull-container/*"
	[[ $output != *"$(basename "$B")-$NAME"* ]]
}
