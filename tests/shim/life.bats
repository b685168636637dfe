#!/usr/bin/env bats
# hull-shim: stopping, restarts, what happens when something dies, and what it weighs.

load ../helpers/common
load shim

setup() {
	setup_shim
}

teardown() {
	[[ -z ${SHIM:-} ]] || kill -KILL "$SHIM" 2>/dev/null || true
	[[ -z ${LISTENER:-} ]] || kill -KILL "$LISTENER" 2>/dev/null || true
	teardown_scratch
}

# --- stopping and restarting ------------------------------------------------------------------------------

@test "stop: the signal first" {
	container sh -c 'trap "exit 21" TERM; while :; do sleep 0.05; done'
	keep_in_background
	sleep 0.2
	run client exit stop 10 0 read 3>/dev/null
	assert_status 21
	shim_ended
	assert_nothing_left
}

@test "stop: SIGKILL for one that does not listen, and no restart whatever the policy" {
	FIELDS='.restart = "always"' container sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	keep_in_background
	run client exit stop 1 0 read 3>/dev/null
	assert_status 137
	shim_ended
	assert_status 137
	assert_nothing_left
}

@test "stop: a paused container is ended too" {
	container sh -c 'while :; do sleep 0.05; done'
	keep_in_background
	hull pause "$ID"
	run timeout 20 "$CLIENT" "$RUN/$ID/control" exit stop 0 0 read 3>/dev/null
	assert_status 137
	shim_ended
	assert_nothing_left
}

@test "restart: on-failure as often as was said" {
	FIELDS='.restart = "on-failure" | .restartMax = 2' container sh -c 'echo run; exit 3'
	keep
	assert_status 3
	assert_equal "$(logged)" $'run\nrun\nrun'
	assert_nothing_left
}

@test "restart: not after success, nor where a person wants it stopped" {
	FIELDS='.restart = "on-failure"' container sh -c 'echo run'
	keep
	assert_equal "$(logged)" run
	FIELDS='.restart = "always"' container sh -c 'echo run'
	echo stopped >"$STORE/$ID/wanted"
	keep
	assert_equal "$(logged)" run
}

@test "restart: 200 of them without growth of memory, descriptors or files" {
	FIELDS='.restart = "always"' container sh -c 'echo run; exit 1'
	keep_in_background --restart-delay 0
	wait_until 60 test_restarts 20
	sleep 0.1
	fds=$(find "/proc/$SHIM/fd" -type l | wc -l)
	anonymous=$(awk '/^Anonymous/ { print $2 }' "/proc/$SHIM/smaps_rollup")
	wait_until 120 test_restarts 220
	# A sanitizer keeps what was freed for a while.
	[[ $SHIM_PROGRAM == */asan/* || $(awk '/^Anonymous/ { print $2 }' "/proc/$SHIM/smaps_rollup") -le $((anonymous + 24)) ]]
	[[ $(find "/proc/$SHIM/fd" -type l | wc -l) -le $((fds + 6)) ]]
	[[ $(find "$STORE/$ID" "$RUN/$ID" -type f | wc -l) -le 9 ]]
	kill "$SHIM"
	shim_ended
	assert_nothing_left
}

test_restarts() {
	[[ $(record run .restarts 2>/dev/null) -ge $1 ]]
}

@test "auto-remove: nothing of the container is left, but who waited was told" {
	FIELDS='.autoRemove = true' container sh -c 'exit 9'
	mkdir -p "$STORE/names"
	echo "$ID" >"$STORE/names/web"
	shim_command --client-fd 9
	run "$CLIENT" birth "${COMMAND[@]}" 3>/dev/null
	assert_status 9
	wait_until 5 test ! -e "$STORE/$ID"
	[[ ! -e $RUN/$ID && ! -e $STORE/names/web ]]
	assert_nothing_left
}

# --- when something dies --------------------------------------------------------------------------------

@test "leak: a process that holds the streams does not hold the record" {
	container sh -c 'sleep 30 & echo here; exit 8'
	shim_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	start=$EPOCHREALTIME
	keep
	assert_status 8
	((${EPOCHREALTIME/./} - ${start/./} < 3000000))
	assert_equal "$(record exit .code)" 8
	(($(record exit .finished) - $(record exit .started) < 1000000000))
	assert_equal "$(logged)" here
	assert_nothing_left
}

@test "the shim is killed: the container runs on, is taken up, and its code is known where the kernel keeps it" {
	container sh -c 'while [ ! -e /stop ]; do sleep 0.05; done; exit 17'
	shim_config '.root.readonly = false'
	keep_in_background
	pid=$(container_pid)
	kill -KILL "$SHIM"
	wait "$SHIM" || true
	kill -0 "$pid"
	keep
	assert_status 1
	assert_output_has "runs without a shim, as process $pid"
	shim_command --adopt
	"${COMMAND[@]}" </dev/null >"$SCRATCH/shim.out" 2>&1 3>&- &
	SHIM=$!
	wait_until 5 test -S "$RUN/$ID/control"
	assert_equal "$(container_pid)" "$pid"
	touch "$ROOTFS/stop"
	shim_ended
	[[ $(record exit .code) == 17 || $(record exit .code) == -1 ]]
	if [[ $(uname -r | awk -F. '{ print $1 * 100 + $2 }') -ge 615 ]]; then
		assert_equal "$(record exit .code)" 17
	fi
	assert_equal "$(record exit .outputLost)" true
	assert_nothing_left
}

@test "the shim and the container are killed: the record says that it is not known" {
	container sleep 60
	keep_in_background
	kill -KILL "$SHIM"
	kill -KILL "$(container_pid)"
	wait "$SHIM" || true
	sleep 0.2
	keep --adopt
	assert_status 255
	assert_equal "$(record exit .code)" -1
	assert_nothing_left
	keep --adopt
	assert_status 1
	assert_output_has "there is nothing to take up"
}

@test "the shim is killed at any moment: what is found afterwards is true, and the next run works" {
	for i in {1..15}; do
		container sh -c 'exit 11'
		shim_command
		"${COMMAND[@]}" </dev/null >/dev/null 2>&1 3>&- &
		SHIM=$!
		sleep "0.0$(printf %02d $((RANDOM % 30)))"
		kill -KILL "$SHIM" 2>/dev/null || true
		wait "$SHIM" || true
		sleep 0.05
		for file in "$STORE/$ID"/{exit,run}.json; do
			[[ ! -e $file ]] || jq -e . "$file" >/dev/null
		done
		if [[ -e $STORE/$ID/run.json ]]; then
			keep --adopt
			[[ $(record exit .code) == 11 || $(record exit .code) == -1 || $(record exit .error) != null ]]
		fi
		keep
		assert_status 11
		assert_equal "$(record exit .code)" 11
	done
	assert_nothing_left
}

@test "hull is killed at any moment: an error, and nothing is left" {
	cat >"$SCRATCH/hull" <<-'END'
		#!/bin/bash
		case " $* " in *" create "* | *" start "*)
			"$REAL_HULL" "$@" & child=$!
			sleep "0.00$((RANDOM % 9))"
			kill -KILL $child 2>/dev/null
			wait $child; exit ;;
		esac
		exec "$REAL_HULL" "$@"
	END
	chmod 755 "$SCRATCH/hull"
	export REAL_HULL=$HULL
	for i in {1..15}; do
		container sh -c 'exit 11'
		keep --hull "$SCRATCH/hull"
		[[ $(record exit .code) == 11 || $(record exit .error) != null ]]
		assert_equal "$status" "$(record exit .code)"
	done
	assert_nothing_left
}

# --- weight ---------------------------------------------------------------------------------------------

@test "weight: idle it is within its limits" {
	container sleep 60
	keep_in_background
	sleep 2.5
	ldd "$SHIM_PROGRAM" 2>&1 | grep -q 'statically linked' || skip "not the static build"
	read -r rss pss anonymous < <(awk '/^Rss:/ { r = $2 } /^Pss:/ { p = $2 } /^Anonymous:/ { a = $2 } END { print r, p, a }' \
		"/proc/$SHIM/smaps_rollup")
	echo "resident $rss kB, proportional $pss kB, anonymous $anonymous kB"
	((rss <= 819 && pss <= 256 && anonymous <= 122))
	kill "$SHIM"
	shim_ended
}
