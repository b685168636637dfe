#!/usr/bin/env bats
# hull-shim --systemd without a systemd: the notify socket, socket activation, exit status, cgroups of version 2.

load ../helpers/common
load shim

setup() {
	setup_shim
	"$CLIENT" "$SCRATCH/notify" listen >"$SCRATCH/told" 3>&- &
	LISTENER=$!
	wait_until 5 test -S "$SCRATCH/notify"
	export NOTIFY_SOCKET=$SCRATCH/notify
}

teardown() {
	[[ -z ${SHIM:-} ]] || kill -KILL "$SHIM" 2>/dev/null || true
	kill -KILL "$LISTENER" 2>/dev/null || true
	teardown_scratch
}

told() {
	grep -q -- "$1" "$SCRATCH/told"
}

@test "systemd: ready when it runs, stopping when it is stopped, and the code is the unit's" {
	container sh -c 'trap "exit 42" TERM; while :; do sleep 0.05; done'
	keep_in_background --systemd
	wait_until 5 told READY=1
	told "STATUS=Container web runs, process $(container_pid)"
	kill "$SHIM"
	shim_ended
	assert_status 42
	told STOPPING=1
	assert_nothing_left_but_listener
}

# The listener's output is in the scratch directory: it is no container's process.
assert_nothing_left_but_listener() {
	kill -KILL "$LISTENER"
	wait "$LISTENER" || true
	assert_nothing_left
}

@test "systemd: the unit dies of what the container died of" {
	container sh -c 'kill -SEGV $$'
	shim_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	# A shell would say 139 for both: ask for the signal itself.
	requires_command perl
	shim_command --systemd
	run perl -e 'system(@ARGV); printf "%d %d\n", $? & 127, $? >> 8' "${COMMAND[@]}"
	assert_equal "${lines[-1]}" "11 0"
}

@test "systemd: reload is the container's signal" {
	container sh -c 'trap "echo reloaded" HUP; trap "exit 0" TERM; while :; do sleep 0.05; done'
	keep_in_background --systemd
	sleep 0.2
	kill -HUP "$SHIM"
	wait_until 5 eval '[[ $(logged) == reloaded ]]'
	kill "$SHIM"
	shim_ended
	assert_status 0
}

@test "systemd: the watchdog is fed twice in its time" {
	container sleep 60
	WATCHDOG_USEC=400000 keep_in_background --systemd
	wait_until 5 eval '[[ $(grep -c WATCHDOG=1 "$SCRATCH/told") -ge 4 ]]'
	kill "$SHIM"
	shim_ended
}

@test "systemd: the container's environment has nothing that is the shim's" {
	container env
	export WATCHDOG_USEC=1000000 JOURNAL_STREAM=1:2 INVOCATION_ID=x LISTEN_FDS=1 LISTEN_PID=1
	keep --systemd
	assert_status 0
	run logged
	for name in NOTIFY_SOCKET WATCHDOG_USEC JOURNAL_STREAM INVOCATION_ID LISTEN_FDS; do
		[[ $output != *"$name"* ]]
	done
}

@test "systemd: sockets with their names reach the container" {
	container sh -c 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; cat <&3; cat <&4'
	shim_command --systemd
	echo one >"$SCRATCH/one"
	echo two >"$SCRATCH/two"
	run bash -c 'exec 3<"$0/one" 4<"$0/two"; export LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=a:b; exec "$@"' \
		"$SCRATCH" "${COMMAND[@]}"
	assert_status 0
	assert_equal "$(logged)" $'2 1 a:b\none\ntwo'
}

@test "systemd: sockets of another process are not taken" {
	container sh -c 'echo "fds $LISTEN_FDS"'
	shim_command --systemd
	run bash -c 'exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=1; exec "$@"' sh "${COMMAND[@]}"
	assert_equal "$(logged)" "fds "
}

@test "systemd: a container that says so itself is ready when it says so, and no more than it may" {
	cp "$CLIENT" "$ROOTFS/bin/client"
	container sh -c 'read x </go; client "$NOTIFY_SOCKET" notify "READY=1
MAINPID=1
STATUS=own words"; sleep 60'
	shim_config '.root.readonly = false | .annotations["hull.notify"] = "container"'
	mkfifo "$ROOTFS/go"
	keep_in_background --systemd
	run ! told READY=1
	echo >"$ROOTFS/go"
	wait_until 5 told READY=1
	told "STATUS=own words"
	run ! told MAINPID
	kill "$SHIM"
	shim_ended
}

@test "systemd: on cgroup v2 the shim is in supervisor, the container in payload" {
	requires_on_v2
	container sh -c 'trap "exit 143" TERM; while :; do sleep 0.05; done'
	shim_config '.linux.resources |= {devices} | del(.linux.namespaces[] | select(.type == "cgroup"))'
	shim_command --systemd
	on_v2 sh -c 'mkdir /sys/fs/cgroup/$0 && echo $$ >/sys/fs/cgroup/$0/cgroup.procs && exec "$@"' "$TAG-unit" \
		"${COMMAND[@]}" </dev/null >"$SCRATCH/shim.out" 2>&1 3>&- &
	SHIM=$!
	wait_until 10 runs
	shim=$(record run .shim.pid)
	grep -q "^0::/$TAG-unit/supervisor$" "/proc/$shim/cgroup"
	grep -q "^0::/$TAG-unit/payload$" "/proc/$(container_pid)/cgroup"
	kill "$shim"
	shim_ended
	assert_equal "$(record exit .code)" 143
	on_v2 sh -c 'rmdir /sys/fs/cgroup/$0/supervisor /sys/fs/cgroup/$0' "$TAG-unit"
	assert_nothing_left_but_listener
}
