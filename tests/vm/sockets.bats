#!/usr/bin/env bats
# What passes between systemd and a container that is a service: sockets that systemd has opened, and what the container
# says of itself. Runs in the machine of tests/vm/run.

load ../helpers/common
load service

setup() {
	setup_service
}

teardown() {
	teardown_service
}

# socket_unit UNIT LINES...
socket_unit() {
	local file=$1
	shift
	{
		echo "[Socket]"
		printf '%s\n' "$@"
	} >"/run/systemd/system/$file"
}

# ask TCP-PORT: what it answers to somebody who only listens.
ask() {
	# shellcheck disable=SC2016 # for the inner shell
	timeout 60 bash -c 'cat <"/dev/tcp/127.0.0.1/$0"' "$1"
}

# A port that nobody listens on.
free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 10000))
		timeout 10 bash -c ": <>/dev/tcp/127.0.0.1/$port" 2>/dev/null || break
	done
	echo "$port"
}

@test "sockets with their names: the first connection starts the container, which answers it" {
	first=$(free_port) second=$(free_port)
	service probe serve
	socket_unit "hull@$NAME.socket" "ListenStream=127.0.0.1:$first" FileDescriptorName=web
	socket_unit "$NAME-admin.socket" "ListenStream=127.0.0.1:$second" FileDescriptorName=admin "Service=hull@$NAME.service"
	systemctl daemon-reload
	systemctl start "hull@$NAME.socket" "$NAME-admin.socket"
	assert_equal "$(shown ActiveState)" inactive
	assert_equal "$(ask "$first")" "web 0"
	assert_equal "$(shown ActiveState)" active
	assert_equal "$(ask "$second")" "admin 0"
	# It has no network of its own: the sockets are all that it has.
	pid=$(container_pid)
	tr '\0' '\n' <"/proc/$pid/environ" >"$SCRATCH/environment"
	grep -qx LISTEN_FDS=2 "$SCRATCH/environment"
	grep -qx LISTEN_PID=1 "$SCRATCH/environment"
	grep -qxE 'LISTEN_FDNAMES=(web:admin|admin:web)' "$SCRATCH/environment"
	run ! grep -q "LISTEN_PID=$(shown MainPID)" "$SCRATCH/environment"

	unit reload
	reloaded() {
		[[ $(ask "$first") == "web 1" ]]
	}
	wait_until 60 reloaded
	assert_equal "$(container_pid)" "$pid"
	# Stopped, the service starts again with the next connection: systemd has kept the sockets.
	unit stop
	assert_equal "$(ask "$first")" "web 0"
	assert_equal "$(shown NRestarts)" 0
}

@test "a container that says itself when it is ready: nobody waits less, and its words are shown" {
	CONFIG='.annotations["hull.notify"] = "container" | .root.readonly = false' service sh -c '
		until [ -e /go ]; do sleep 0.2; done
		client "$NOTIFY_SOCKET" notify "READY=1
STATUS=serving since now"
		trap "exit 0" TERM; while :; do sleep 1; done'
	systemctl start --no-block "$UNIT"
	wait_until 60 state_is running
	assert_equal "$(shown ActiveState)" activating
	touch "$B/rootfs/go"
	wait_until 60 shows ActiveState active
	wait_until 60 shows StatusText "serving since now"
}

@test "what a container may not say does not arrive" {
	CONFIG='.annotations["hull.notify"] = "container"' service sh -c '
		say() { client "$NOTIFY_SOCKET" notify "$1"; }
		say "MAINPID=1
FDSTORE=1
STATUS=first
READY=1"
		say "MAINPID=1"
		say "NOTIFYACCESS=all"
		say "STATUS=last"
		trap "exit 0" TERM; while :; do sleep 1; done'
	unit start
	wait_until 60 shows StatusText last
	assert_equal "$(shown MainPID)" "$(run_field .shim.pid)"
	assert_equal "$(shown NFileDescriptorStore) $(shown NotifyAccess)" "0 main"
	# systemd says what it had to refuse: there was nothing.
	run ! journalctl -q --no-pager -b _PID=1 -g "$NAME.*(PID 1|reject|refus|ignor)"
}

@test "its watchdog: hull-shim feeds it, and one that is stopped is found out" {
	service sh -c 'trap "exit 0" TERM; while :; do sleep 1; done'
	drop_in Restart=no WatchdogSec=20
	unit start
	[[ $(shown WatchdogUSec) == 20s ]]
	fed() {
		[[ $(shown WatchdogTimestampMonotonic) -gt $1 ]]
	}
	wait_until 60 fed "$(shown WatchdogTimestampMonotonic)"
	kill -STOP "$(shown MainPID)"
	wait_until 120 shows ActiveState failed
	assert_equal "$(shown Result)" watchdog
}
