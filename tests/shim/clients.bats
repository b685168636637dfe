#!/usr/bin/env bats
# `hull container` on real terminals, several at once, and readers that are slow, deaf, dead or greedy.

load ../helpers/common
load front
CLIENT= # set by build_client

setup() {
	setup_front
	TERMINAL=${HULL_TEST_PROGRAMS:-${BATS_RUN_TMPDIR:-$SCRATCH}}/terminal
	[[ -x $TERMINAL ]] || {
		requires_command gcc
		gcc -O1 -Wall -static -o "$TERMINAL.$$" "$TOP/tests/shim/terminal.c" && mv "$TERMINAL.$$" "$TERMINAL"
	}
}

teardown() {
	teardown_front
}

# typed SCRIPT COMMAND...: `hull container COMMAND` on a terminal; see terminal.c.
typed() {
	local script=$1
	shift
	timeout 60 "$TERMINAL" "$script" "${FRONT[@]}" "$@" 3>&-
}

@test "run -it: the terminal's size, also a new one; ctrl-c is the program's; the exit code" {
	run typed '
		expect size 24 80
		resize 40 100
		expect size 40 100
		type hello\n
		expect said hello
		type \x03
		expect interrupted' run --rm -it --bundle "$B" sh -c '
		trap "echo size \$(stty size)" WINCH
		trap "echo interrupted; exit 9" INT
		echo size $(stty size)
		while :; do read -t 1 x && echo "said $x"; done'
	assert_status 9
}

@test "exec -it: a terminal of its own, with its size and its end" {
	up web
	run typed '
		expect size 24 80
		resize 33 77
		type now\n
		expect size 33 77
		type \x04
		expect at the end' exec -it web sh -c '
		tty | grep -q /dev/pts/ || exit 1
		echo size $(stty size); read x; sleep 0.3; echo size $(stty size); cat; echo at the end; exit 12'
	assert_status 12
	state_is web running
}

@test "two terminals at one container: both see, both type, one detaches by keys of its own" {
	up both -it -- sh -c 'while read x; do echo "((($x)))"; [ "$x" != bye ] || exit 5; done'
	typed "
		await $SCRATCH/second
		type one\\n
		expect (((one)))
		touch $SCRATCH/one
		expect (((two)))
		await $SCRATCH/left
		type three\\n
		expect (((three)))
		type bye\\n
		expect (((bye)))" attach both >"$SCRATCH/first.out" 2>&1 &
	first=$!
	run typed "
		type zero\\n
		expect (((zero)))
		touch $SCRATCH/second
		await $SCRATCH/one
		expect (((one)))
		type two\\n
		expect (((two)))
		type \\x18x
		expect read escape sequence" attach --detach-keys ctrl-x,x both
	assert_status 0
	state_is both running
	touch "$SCRATCH/left"
	status=0
	wait "$first" || status=$?
	output=$(<"$SCRATCH/first.out")
	assert_status 5
}

@test "a terminal that is closed: the container goes on and can be attached again" {
	up web -it -- sh -c 'trap "" HUP; while read x; do echo "((($x)))"; done'
	run typed '
		type one\n
		expect (((one)))
		hangup' attach --sig-proxy=false web
	[[ $status == 129 || $status == 255 ]]
	state_is web running
	run typed '
		type two\n
		expect (((two)))
		type \x10\x11' attach web
	assert_status 0
	state_is web running
}

@test "a terminal that nobody looks at: the program waits, everything else does not" {
	typed "
		expect y
		touch $SCRATCH/looked
		deaf 60000" run -it --name deaf --bundle "$B" yes >/dev/null 2>&1 &
	HELPER=$!
	wait_until 20 test -e "$SCRATCH/looked"
	wait_until 20 still "$(directory deaf)/log/container.log"
	run timeout 10 "${FRONT[@]}" exec deaf echo there
	assert_equal "$output" there
	start=${EPOCHREALTIME/./}
	front stop -t 0 deaf
	((${EPOCHREALTIME/./} - start < 6000000))
	state_is deaf exited
}

@test "a dead reader: the program is not ended by it, and its code is told" {
	run bash -c '"$@" | head -n 1; exit ${PIPESTATUS[0]}' _ "${FRONT[@]}" run --name dead --bundle "$B" \
		sh -c 'seq 1 200000; echo over; exit 6'
	assert_status 6
	assert_equal "${lines[0]}" 1
	assert_equal "$(front logs --tail 1 dead)" over
}

@test "greedy, slow and more clients than there is room for: each gets all or is told, the container gets through" {
	build_client
	up busy -- sh -c 'while [ ! -e /go ]; do sleep 0.05; done; seq 1 300000; sleep 1; exit 6'
	socket=$SCRATCH/run/$(basename "$(directory busy)")/control
	clients=()
	for i in {1..70}; do
		case $((i % 7)) in
		0) "$CLIENT" "$socket" output exit patience wait 300 read >"$SCRATCH/out.$i" 3>/dev/null 2>&1 & ;;
		*) "$CLIENT" "$socket" output exit patience read >"$SCRATCH/out.$i" 3>/dev/null 2>&1 & ;;
		esac
		clients+=($!)
	done
	sleep 0.5
	run front exec busy echo there # another process is not refused
	assert_equal "$output" there
	touch "$B/rootfs/go"
	whole=0 refused=0
	sum=$(seq 1 300000 | md5sum)
	for i in {1..70}; do
		code=0
		wait "${clients[i - 1]}" || code=$?
		case $code in
		6)
			assert_equal "$(md5sum <"$SCRATCH/out.$i")" "$sum"
			whole=$((whole + 1))
			;;
		250 | 251) refused=$((refused + 1)) ;;
		*) assert_equal "$code" "6 or 250" ;;
		esac
	done
	echo "$whole whole, $refused refused"
	((whole == 64 && refused == 6))
	assert_equal "$(front wait busy)" 6
	assert_equal "$(front logs busy | md5sum)" "$sum"
}
