#!/usr/bin/env bats
# hull@.service under a real systemd: a container as a service. Runs in the machine of tests/vm/run.

load ../helpers/common
load service

setup() {
	setup_service
}

teardown() {
	teardown_service
}

@test "start, status, journal, stop: the container is in the unit" {
	service sh -c 'trap "exit 0" TERM; echo hello from the unit; while :; do sleep 1; done'
	unit start
	assert_equal "$(shown ActiveState) $(shown Type)" "active notify"
	assert_equal "$(shown MainPID)" "$(run_field .shim.pid)"
	assert_equal "$(shown StatusText)" "Container $NAME runs, process $(container_pid)"
	[[ $(shown MemoryCurrent) -gt 0 && $(shown TasksCurrent) -ge 2 ]]

	cgroup=$(unit_cgroup)
	assert_equal "$(cat "$cgroup/cgroup.procs")" ""
	assert_equal "$(cat "$cgroup/supervisor/cgroup.procs")" "$(shown MainPID)"
	grep -qx "$(container_pid)" "$cgroup/payload/cgroup.procs"
	# What it uses is counted there, for the unit and for the container.
	[[ $(cat "$cgroup/payload/memory.current") -gt 0 ]]

	run systemctl status --no-pager --full "$UNIT"
	assert_status 0
	for word in "Active: active (running)" "Container $NAME runs" "supervisor" "payload" "Memory:"; do
		assert_output_has "$word"
	done
	wait_until 60 journal_has "hello from the unit"
	assert_equal "$(container ps --filter "name=$NAME" --format '{{.State}}')" running
	unit stop
	assert_equal "$(shown ActiveState) $(shown Result)" "inactive success"
	[[ ! -d $cgroup ]]
	assert_equal "$(field '{{.State.Status}} {{.State.ExitCode}}')" "exited 0"
}

@test "exit code 42 is the unit's" {
	service sh -c 'exit 42'
	drop_in Restart=no
	unit start || true
	wait_until 60 shows ActiveState failed
	assert_equal "$(shown Result) $(shown ExecMainStatus)" "exit-code 42"
	assert_equal "$(field '{{.State.Status}} {{.State.ExitCode}}')" "exited 42"
}

@test "death by a signal is the unit's" {
	service sleep 1000
	drop_in Restart=no
	unit start
	container kill "$NAME"
	wait_until 60 shows ActiveState failed
	assert_equal "$(shown Result) $(shown ExecMainStatus)" "signal 9"
	assert_equal "$(field '{{.State.ExitCode}}')" 137
}

@test "a program that is not there: the unit fails and says why" {
	service /bin/none
	drop_in Restart=no
	run ! unit start
	assert_equal "$(shown ActiveState) $(shown ExecMainStatus)" "failed 127"
	wait_until 60 journal_has "/bin/none"
}

@test "Restart=on-failure starts it again, with what it had written" {
	CONFIG='.root.readonly = false' service sh -c 'echo born >>/written; [ $(wc -l </written) -gt 1 ] || exit 1
		trap "exit 0" TERM; while :; do sleep 1; done'
	unit start
	wait_until 60 restarted
	assert_equal "$(shown NRestarts) $(grep -c born "$B/rootfs/written")" "1 2"
	# A stop is for good.
	unit stop
	assert_equal "$(shown ActiveState) $(shown Result)" "inactive success"
}

@test "reload: the signal reaches the container's program" {
	service sh -c 'trap "echo loaded again" HUP; trap "exit 0" TERM; echo begun; while :; do sleep 1; done'
	unit start
	wait_until 60 journal_has begun
	pid=$(container_pid)
	unit reload
	wait_until 60 journal_has "loaded again"
	assert_equal "$(shown ActiveState) $(container_pid)" "active $pid"
}

@test "limits of the drop-in hold for the container" {
	service sh -c 'trap "exit 0" TERM; while :; do :; done'
	mkdir -p "/run/systemd/system/$UNIT.d"
	cp "$TOP/shim/systemd/hull@.service.d/limits.conf.example" "/run/systemd/system/$UNIT.d/limits.conf"
	systemctl daemon-reload
	unit start
	cgroup=$(unit_cgroup)
	assert_equal "$(cat "$cgroup/memory.max" "$cgroup/cpu.max" "$cgroup/pids.max" | tr '\n' ' ')" \
		"268435456 50000 100000 100 "
	# Half a processor for one that would take a whole one: the kernel holds it back.
	throttled() {
		[[ $(sed -n 's/^nr_throttled //p' "$cgroup/cpu.stat") -gt 0 ]]
	}
	wait_until 60 throttled
}

@test "limits of the unit: who takes more is killed, and the unit says why" {
	CONFIG='del(.linux.resources.memory)' service sh -c 'sleep 1; exec dd if=/dev/zero of=/dev/null bs=200M count=1'
	drop_in Restart=no MemoryMax=64M MemorySwapMax=0
	unit start
	wait_until 60 shows ActiveState failed
	assert_equal "$(shown ExecMainStatus)" 9
	assert_equal "$(field '{{.State.OOMKilled}} {{.State.ExitCode}}')" "true 137"
}

@test "the shim killed: nothing of the container is left behind, and the unit starts it again" {
	service sh -c 'trap "exit 0" TERM; while :; do sleep 1; done'
	unit start
	pid=$(container_pid)
	kill -KILL "$(shown MainPID)"
	wait_until 120 restarted
	wait_until 60 ended "$pid"
	state_is running
	[[ $(container_pid) -ne $pid ]]
	assert_equal "$(field '{{.State.Monitored}}')" true
}

@test "hull container stop ends the unit, and systemd does not start it again" {
	service sh -c 'trap "exit 0" TERM; while :; do sleep 1; done'
	unit start
	container stop "$NAME"
	wait_until 60 shows ActiveState inactive
	assert_equal "$(shown Result) $(shown NRestarts)" "success 0"
}

@test "a unit of hull container unit: the container's own stop signal and time, and limits as any unit has" {
	CREATE="--log-driver journald --stop-signal QUIT --stop-timeout 20" service sh -c '
		trap "echo asked to stop; sleep 1; exit 0" QUIT; while :; do sleep 1; done'
	UNIT=hull-$NAME.service
	container unit "$NAME" >"/run/systemd/system/$UNIT"
	drop_in TasksMax=77
	unit start
	assert_equal "$(shown ActiveState) $(shown TimeoutStopUSec)" "active 30s"
	assert_equal "$(cat "$(unit_cgroup)/pids.max")" 77
	grep -qx "$(container_pid)" "$(unit_cgroup)/payload/cgroup.procs"
	unit stop
	assert_equal "$(shown ActiveState) $(shown Result)" "inactive success"
	wait_until 60 journal_has "asked to stop"
	assert_equal "$(field '{{.State.ExitCode}}')" 0
}

@test "a name that is no container's: the unit says so" {
	drop_in Restart=no
	run ! unit start
	wait_until 60 journal_has "No such container"
}
