#!/usr/bin/env bats
# What stays beside a container does not grow: memory, descriptors and files before and after many executions,
# clients and restarts. `make endurance` runs it with the numbers of a long life.
#
#   EXECS=10000    executions, a third as many clients (default: 100)
#   RESTARTS=500   restarts by hand, ten times as many by the policy (default: 3)

load ../helpers/common
load front
load shim
CLIENT= # set by build_client

setup() {
	EXECS=${EXECS:-100}
	RESTARTS=${RESTARTS:-3}
}

teardown() {
	[[ -z ${SHIM:-} ]] || kill -KILL "$SHIM" 2>/dev/null || true
	if [[ -n ${FRONT:-} ]]; then teardown_front; else teardown_scratch; fi
}

# figures PID FILES-BELOW...: sets RSS ANON FDS FILES.
figures() {
	read -r RSS ANON < <(awk '/^Rss:/ { r = $2 } /^Anonymous:/ { a = $2 } END { print r, a }' "/proc/$1/smaps_rollup")
	FDS=$(find "/proc/$1/fd" -type l | wc -l)
	shift
	FILES=$(find "$@" -mindepth 1 2>/dev/null | wc -l)
}

# idle PID: it has given back what it does not need.
idle() {
	local before
	before=$(awk '/^voluntary/ { print $2 }' "/proc/$1/status")
	sleep 1.5
	[[ $(awk '/^voluntary/ { print $2 }' "/proc/$1/status") == "$before" ]]
}

# compare WHAT: what was taken by `remember` with now. A sanitizer keeps for a while what was freed.
compare() {
	echo "# $1: resident $was_rss -> $RSS kB, anonymous $was_anon -> $ANON kB," \
		"descriptors $was_fds -> $FDS, files $was_files -> $FILES" >&3
	[[ $SHIM_PROGRAM == */asan/* ]] || ((ANON <= was_anon + 32))
	((FDS <= was_fds && FILES <= was_files))
}

remember() {
	was_rss=$RSS was_anon=$ANON was_fds=$FDS was_files=$FILES
}

@test "executions and clients leave nothing behind" {
	setup_front
	build_client
	up web --log-opt max-size=10000
	shim=$(shim_of web)
	below=("$SCRATCH/store" "$SCRATCH/run" "$STATE")
	socket=$SCRATCH/run/$(basename "$(directory web)")/control
	for i in {1..5}; do front exec web true; done
	wait_until 20 idle "$shim"
	figures "$shim" "${below[@]}"
	remember
	for ((i = 0; i < EXECS; i++)); do
		front exec web true
		((i % 10)) || echo here | front exec -i web cat >/dev/null
		((i % 3)) || "$CLIENT" "$socket" output exit wait 0
	done
	wait_until 20 idle "$shim"
	figures "$shim" "${below[@]}"
	compare "$EXECS executions and $((EXECS / 3)) clients"
	[[ $(front top web -o pid | wc -l) == [23] ]] # the heading, sh, and its sleep where there is one now
	front rm -f web
	assert_nothing_left
}

@test "restarts by hand leave nothing behind" {
	setup_front
	up web
	below=("$SCRATCH/store" "$SCRATCH/run" "$STATE")
	front restart -t 0 web
	wait_until 20 idle "$(shim_of web)"
	figures "$(shim_of web)" "${below[@]}"
	remember
	for ((i = 0; i < RESTARTS; i++)); do
		front restart -t 0 web
	done
	state_is web running
	wait_until 20 idle "$(shim_of web)"
	figures "$(shim_of web)" "${below[@]}"
	compare "$RESTARTS restarts by hand"
	front rm -f web
	assert_nothing_left
}

@test "restarts by the policy leave nothing behind" {
	setup_shim
	FIELDS='.restart = "always" | .logMaxBytes = 4096' container sh -c 'echo run; [ -e /stay ] || exit 1; sleep 1000'
	shim_config '.root.readonly = false'
	touch "$ROOTFS/stay"
	keep_in_background --restart-delay 0
	below=("$STORE" "$RUN" "$STATE")
	wait_until 20 idle "$SHIM"
	kill -KILL "$(container_pid)"
	wait_until 10 restarted 1
	wait_until 20 idle "$SHIM"
	figures "$SHIM" "${below[@]}"
	remember
	rm "$ROOTFS/stay"
	kill -KILL "$(container_pid)"
	wait_until 1200 restarted $((RESTARTS * 10))
	touch "$ROOTFS/stay"
	wait_until 20 idle "$SHIM"
	figures "$SHIM" "${below[@]}"
	compare "$(record run .restarts) restarts by the policy"
	kill "$SHIM"
	shim_ended
	assert_nothing_left
}

restarted() {
	[[ $(record run .restarts 2>/dev/null) -ge $1 && $(record run .started 2>/dev/null) -gt 0 ]]
}
