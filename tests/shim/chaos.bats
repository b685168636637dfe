#!/usr/bin/env bats
# The real programs under random timing: containers of short lives that are stopped, killed, paused, attached to and
# executed in at random moments, while hull-shim, hull or the client is killed. After each round what `ps`,
# `inspect` and exit.json say is compared with what is, and what `rm -f` leaves.
#
#   CHAOS_ROUNDS=1000   how many (default: 45), in three lanes
#   CHAOS_SEED=N        the choices of an earlier run; when a round fails its seed is printed

load ../helpers/common
load front

setup() {
	setup_front
	# hull, killed now and then while it creates or starts: DEADLY says after how many milliseconds.
	cat >"$SCRATCH/deadly" <<-'END'
		#!/bin/bash
		case " $* " in *" create "* | *" start "*)
			"$REAL_HULL" "$@" & child=$!
			sleep "$DEADLY"
			kill -KILL $child 2>/dev/null
			wait $child; exit ;;
		esac
		exec "$REAL_HULL" "$@"
	END
	chmod 755 "$SCRATCH/deadly"
	export REAL_HULL=$HULL
}

teardown() {
	teardown_front
}

# Both set a variable: RANDOM of a subshell would not go on in this one.
# pick VARIABLE WORD...
pick() {
	local -n picked=$1
	shift
	picked=${*:RANDOM%$#+1:1}
}

# seconds VARIABLE BELOW: a random time of less than BELOW milliseconds.
seconds() {
	printf -v "$1" '0.%03d' $((RANDOM % $2))
}

# act NAME AFTER WHAT VALUE: in the background. What it says when the container is in no state for it is no matter.
act() {
	local name=$1 after=$2 what=$3 value=$4
	sleep "$after"
	case $what in
	attach) timeout -s KILL "$value" "${FRONT[@]}" attach --no-stdin "$name" ;;
	exec) timeout -s KILL 20 "${FRONT[@]}" exec "$name" echo here ;;
	greedy) timeout -s KILL "$value" "${FRONT[@]}" exec "$name" yes ;;
	stop) timeout -s KILL 30 "${FRONT[@]}" stop -t 1 "$name" || [[ $? != 137 ]] ;;
	kill) timeout -s KILL 30 "${FRONT[@]}" kill "$name" || [[ $? != 137 ]] ;;
	restart) timeout -s KILL 30 "${FRONT[@]}" restart -t 0 "$name" ;;
	start) timeout -s KILL 30 "${FRONT[@]}" start "$name" ;;
	pause)
		"${FRONT[@]}" pause "$name"
		sleep "$value"
		"${FRONT[@]}" unpause "$name"
		;;
	client) kill -KILL "$starter" ;;
	shim) kill -KILL "$(shim_of "$name")" ;;
	esac >/dev/null 2>&1
}

# Everything that this round does is chosen before it begins: so a seed repeats it.
one_round() {
	local name=$1 program way code life what after value actors=() i allowed harmless=1
	pick code 0 3 11
	pick program short short listens deaf
	pick way detached attached attached again
	seconds life 400
	allowed=" $code "
	case $program in
	short) command=(sh -c "echo line; sleep $life; exit $code") ;;
	listens) command=(sh -c "trap 'exit $code' TERM; while :; do echo line; sleep 0.02; done") ;;
	deaf) command=(sh -c "trap '' TERM; while :; do sleep 0.02; done") allowed=" " ;;
	esac
	options=(--name "$name" --bundle "$B")
	[[ $way != again ]] || options+=(--restart on-failure:2)
	for ((i = RANDOM % 4; i >= 0; i--)); do
		pick what attach exec greedy stop kill restart start pause client shim
		[[ $way == attached || $what != client ]] || what="exec"
		[[ $what != @(stop|kill|restart|shim) ]] || harmless=0
		[[ $what != @(stop|kill|restart) ]] || allowed+="137 "
		[[ $what != shim ]] || allowed+="-1 255 137 "
		seconds after 400
		seconds value 200
		actors+=("$after $what $value")
	done
	runtime=$HULL
	seconds DEADLY 12
	if ((RANDOM % 6 == 0)); then
		runtime=$SCRATCH/deadly
		harmless=0
		allowed+="-1 126 127 128 137 255 "
	fi
	export DEADLY
	echo "round $name: $way $program $code; ${runtime##*/} $DEADLY; ${actors[*]/%/,}"

	start=(timeout -s KILL 60 "${FRONT[@]}" --hull "$runtime" run)
	[[ $way == attached ]] || start+=(-d)
	"${start[@]}" "${options[@]}" "${command[@]}" </dev/null >/dev/null 2>&1 3>&- &
	starter=$!
	pids=()
	for i in "${actors[@]}"; do
		# shellcheck disable=SC2086 # three words
		act "$name" $i 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || true
	done
	check_truth "$name" "$program" "$harmless" "$allowed"
	kill -KILL "$starter" 2>/dev/null || true
	wait "$starter" 2>/dev/null || true
}

# processes_of ID: those that are in its cgroups. One that ends meanwhile is none.
processes_of() {
	grep -ls -- "$1" /proc/[0-9]*/cgroup | cut -d/ -f3 | while read -r pid; do
		grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" && echo "$pid"
	done
	return 0
}

no_process_of() {
	[[ -z $(processes_of "$1") ]]
}

check_truth() {
	local name=$1 program=$2 harmless=$3 allowed=$4 id state pid code
	timeout -s KILL 30 "${FRONT[@]}" ps -a --format '{{.Names}}' >"$SCRATCH/ps.$name" 2>&1 || {
		cat "$SCRATCH/ps.$name"
		return 1
	}
	if ! grep -qx "$name" "$SCRATCH/ps.$name"; then
		# its maker was killed before there was one, or it may not have been made yet
		wait "$starter" 2>/dev/null || true
		front ps -a --format '{{.Names}}' | grep -qx "$name" || return 0
	fi
	id=$(field "$name" '{{.Id}}')
	state=$(field "$name" '{{.State.Status}}')
	# A client that was killed early may have left it before its start; another is about to start it.
	[[ $state != created ]] || wait_until 10 decided "$name" || true
	state=$(field "$name" '{{.State.Status}}')
	pid=$(field "$name" '{{.State.Pid}}')
	echo "  $state $pid"
	[[ $state != paused ]] || front unpause "$name"
	case $state in
	running | paused | restarting)
		[[ $state == restarting ]] || wait_until 5 really_runs "$name" "$id" "$pid"
		if [[ $program == short ]]; then
			code=$(timeout -s KILL 30 "${FRONT[@]}" wait "$name")
			wait_until 5 ended "$name"
			assert_equal "$(field "$name" '{{.State.ExitCode}}')" "$code"
		else
			timeout -s KILL 30 "${FRONT[@]}" stop -t 1 "$name"
			allowed+="137 "
		fi
		;;
	esac
	wait_until 5 ended "$name" || {
		echo "it is $(field "$name" '{{.State.Status}}')"
		return 1
	}
	# A hull-shim that was killed while hull created may leave a container that waits for its start: rm removes it.
	[[ $allowed == *" -1 "* ]] || wait_until 5 no_process_of "$id" || {
		echo "processes are left: $(processes_of "$id")"
		return 1
	}
	[[ ! -e $SCRATCH/store/$id/exit.json ]] || jq -e . "$SCRATCH/store/$id/exit.json" >/dev/null
	state=$(field "$name" '{{.State.Status}}')
	code=$(field "$name" '{{.State.ExitCode}}')
	echo "  $state $code $(field "$name" '{{.State.Error}}')"
	if [[ $state == exited && -z $(field "$name" '{{.State.Error}}') ]]; then
		[[ $allowed == *" $code "* ]] || {
			echo "exit code $code, not one of $allowed"
			return 1
		}
	fi
	((!harmless)) || assert_equal "$state" exited
	timeout -s KILL 30 "${FRONT[@]}" rm -f "$name"
	[[ ! -e $SCRATCH/store/$id && ! -e $SCRATCH/run/$id ]]
	wait_until 5 no_process_of "$id" || {
		echo "rm -f leaves processes: $(processes_of "$id")"
		return 1
	}
}

# decided NAME: it was started, could not be, or its starter has gone.
decided() {
	[[ $(field "$1" '{{.State.Status}} {{.State.Error}}') != "created " ]] || ! kill -0 "$starter" 2>/dev/null
}

ended() {
	[[ $(field "$1" '{{.State.Status}} {{.State.Pid}}') == @(exited|created)" 0" ]]
}

# It runs, or has ended since it was asked.
really_runs() {
	grep -qs -- "$2" "/proc/$3/cgroup" || [[ $(field "$1" '{{.State.Status}} {{.State.Pid}}') != "running $3" ]]
}

# lane NUMBER SEED ROUNDS
lane() {
	local seed=$2 round
	for ((round = 0; round < $3; round++, seed++)); do
		RANDOM=$seed
		echo "seed $seed"
		one_round "lane$1-$round"
	done
}

@test "anything at any time: what is said is true, and rm -f leaves nothing" {
	local lanes=3 pids=() number
	local seed=${CHAOS_SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')} rounds=${CHAOS_ROUNDS:-45}
	echo "CHAOS_SEED=$seed"
	for ((number = 0; number < lanes; number++)); do
		(lane "$number" $((seed + number * rounds)) $((rounds / lanes))) >"$SCRATCH/lane$number" 2>&1 3>&- &
		pids+=($!)
	done
	for ((number = 0; number < lanes; number++)); do
		wait "${pids[number]}" || {
			tail -n 30 "$SCRATCH/lane$number"
			false
		}
	done
	assert_nothing_left
	run find "$SCRATCH/store" "$SCRATCH/run" -mindepth 1 ! -name names
	assert_equal "$output" ""
}
