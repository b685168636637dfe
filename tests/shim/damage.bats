#!/usr/bin/env bats
# `hull container` where the disk is full or records are damaged: what is wrong is named, what is not goes on.

load ../helpers/common
load front

setup() {
	setup_front
}

teardown() {
	teardown_front
}

@test "records that are empty, cut off, noise or directories: the file is named, others are not concerned" {
	up good
	front create --name bad --bundle "$B" >"$SCRATCH/id"
	front start bad
	front kill bad
	id=$(<"$SCRATCH/id")
	cp -a "$SCRATCH/store/$id" "$SCRATCH/saved"
	for file in container.json exit.json run.json; do
		for way in empty cut noise directory other; do
			path=$SCRATCH/store/$id/$file
			case $way in
			empty) : >"$path" ;;
			cut) cp "$SCRATCH/saved/container.json" "$path" && truncate -s 30 "$path" ;;
			noise) head -c 3000 /dev/urandom >"$path" ;;
			directory) rm -f "$path" && mkdir "$path" ;;
			other) echo '{"id": ["x"], "code": {}, "shim": 3}' >"$path" ;;
			esac
			echo "$file: $way"
			run front ps -a --format '{{.ID}} {{.Names}} {{.Status}}'
			assert_status 1
			assert_output_has "Error: container ${id:0:12}, $file"
			assert_output_has "Dead (damaged records)"
			assert_output_has "good Up "
			for command in start stop inspect logs; do
				run front "$command" "$id"
				assert_status 1
				assert_output_has "$file"
			done
			rm -rf "${SCRATCH:?}/store/$id"
			cp -a "$SCRATCH/saved" "$SCRATCH/store/$id"
		done
	done
	state_is bad exited
	front exec good true
}

@test "a damaged record of one that runs: rm -f ends it, and its monitor" {
	up web
	shim=$(shim_of web)
	pid=$(field web '{{.State.Pid}}')
	dir=$(directory web)
	truncate -s 20 "$dir/run.json"
	run front ps -a
	assert_output_has "run.json"
	front rm -f "${dir##*/}"
	wait_until 5 test ! -e "/proc/$pid"
	wait_until 5 test ! -e "/proc/$shim"
	[[ ! -e $dir && ! -e $SCRATCH/run/${dir##*/} ]]
	assert_nothing_left
}

@test "a full disk: containers run on, are seen, executed in, stopped and removed; new ones are refused whole" {
	mkdir "$SCRATCH/store"
	mount -t tmpfs -o size=1m,mode=700 none "$SCRATCH/store"
	up noisy -- sh -c 'trap "exit 4" TERM; while :; do echo line; sleep 0.01; done'
	up restarted --restart always
	front create --name later --bundle "$B" >/dev/null
	fill
	find "$SCRATCH/store" "$SCRATCH/run" -mindepth 1 | sort >"$SCRATCH/before"
	for command in "create --name new" "run --rm --name new"; do
		# shellcheck disable=SC2086 # words
		run front $command --bundle "$B"
		assert_status 125
		assert_output_has "no space left on device"
	done
	find "$SCRATCH/store" "$SCRATCH/run" -mindepth 1 | sort >"$SCRATCH/after"
	diff "$SCRATCH/before" "$SCRATCH/after"
	run front start later
	assert_status 1
	assert_output_has "No space left on device"
	state_is later created
	state_is noisy running
	front exec noisy true
	run front kill restarted
	assert_status 1 # it would come again: nobody can write down that it must not
	assert_output_has "no space left on device"
	wait_until 10 full
	rm "$SCRATCH/store/filler"
	wait_until 10 lost_and_on
	fill
	front stop -t 5 noisy
	assert_equal "$(field noisy '{{.State.Status}} {{.State.ExitCode}}')" "exited 4"
	front stop -t 5 restarted
	state_is restarted exited
	front rm restarted
	rm "$SCRATCH/store/filler"
	front start later
	front rm -f noisy later
	assert_equal "$(find "$SCRATCH/store" "$SCRATCH/run" -mindepth 1 ! -name names)" ""
	umount "$SCRATCH/store"
}

fill() {
	head -c 2000000 /dev/zero >"$SCRATCH/store/filler" 2>/dev/null || true
}

# The log has what fits; the container goes on.
full() {
	local log
	log=$(directory noisy)/log/container.log
	[[ $(stat -f -c %a "$SCRATCH/store") == 0 ]] && still "$log"
}

# The log says that lines are missing, and goes on behind it.
lost_and_on() {
	grep -A1 "lines of output were lost here" "$(directory noisy)/log/container.log" | grep -q '"line\\n","stream":"stdout"'
}
