#!/usr/bin/env bats
# `hull container` as people type it, with real containers; a terminal where one is needed.

load ../helpers/common
load front
CLIENT= # set by build_client

setup() {
	setup_front
}

teardown() {
	teardown_front
}

@test "run: output, errors apart, the exit code; then it is an exited container" {
	run front run --name one --bundle "$B" sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	front logs one >"$SCRATCH/out" 2>"$SCRATCH/err"
	assert_equal "$(<"$SCRATCH/out")" out
	assert_equal "$(<"$SCRATCH/err")" err
	run front ps -a --format '{{.Names}} {{.Status}}'
	[[ $output == "one Exited (7) "*" ago" ]]
	run front ps -q
	assert_equal "$output" ""
}

@test "run: what hull could not start is 125, 126 or 127, and --rm leaves nothing" {
	run -127 front run --rm --bundle "$B" nothing-of-this-name
	assert_output_has "executable file not found"
	run front run --rm --bundle "$B" /etc
	assert_status 126
	run front run --rm --bundle "$SCRATCH/nowhere"
	assert_status 125
	run front run --rm --nonsense
	assert_status 125
	assert_output_has "unknown flag: --nonsense"
	run front run
	assert_status 125
	run front ps -aq
	assert_equal "$output" ""
	run find "$SCRATCH/store" "$SCRATCH/run" -mindepth 1 ! -name names
	assert_equal "$output" ""
}

@test "run: standard input, and a reader that is slow loses nothing" {
	run bash -c 'echo "hello there" | "$0" "$@"' "${FRONT[@]}" \
		run --rm -i --bundle "$B" cat
	assert_status 0
	assert_equal "$output" "hello there"
	count=$(front run --rm --bundle "$B" sh -c 'head -c 5000000 /dev/zero' | {
		sleep 1
		wc -c
	})
	assert_equal "$count" 5000000
}

@test "run: signals reach the program" {
	"${FRONT[@]}" run --rm --name s --bundle "$B" sh -c 'trap "exit 5" INT; while :; do sleep 0.1; done' 3>&- &
	wait_until 5 state_is s running
	sleep 0.3
	kill -INT $!
	status=0
	wait $! || status=$?
	assert_status 5
}

@test "the manual page has every command and every option that help shows" {
	local page=$TOP/docs/hull-container.8 name option count=0
	for name in $(front help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		section=$(awk -v name="$name" '/^\.S[sh] / { inside = ($0 == ".Ss " name) } inside' "$page")
		[[ -n $section ]]
		# run has the options of create, too
		[[ $name != run ]] || section+=$(awk '/^\.S[sh] / { inside = ($0 == ".Ss create") } inside' "$page")
		for option in $(front help "$name" | sed -n '/^Options:/,$s/^  .\{4\}--\([a-z-]*\).*/\1/p'); do
			count=$((count + 1))
			grep -qE "^\.It .*Fl -$option( |\$)" <<<"$section" || {
				echo "not in the page: $name --$option"
				false
			}
		done
	done
	((count > 50))
}

@test "the life: create, start, pause, unpause, stop, start again, restart, kill, rm" {
	run front create --name web --bundle "$B"
	assert_status 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	id=$output
	assert_equal "$(field web '{{.State.Status}}')" created
	run front exec web true
	assert_status 1
	assert_equal "$output" "Error: container web is not running"
	assert_equal "$(front start web)" web
	state_is web running
	assert_equal "$(front pause "${id:0:12}")" "${id:0:12}"
	[[ $(front ps --format '{{.Status}}') == "Up "*" (Paused)" ]]
	run front exec web true
	assert_output_has "is paused, unpause the container before exec"
	front unpause web
	front exec web sh -c 'echo kept >/kept'
	front stop web
	assert_equal "$(field web '{{.State.Status}} {{.State.ExitCode}}')" "exited 0"
	front start web
	run front exec web cat /kept
	assert_equal "$output" kept
	pid=$(field web '{{.State.Pid}}')
	front restart -t 0 web
	[[ $(field web '{{.State.Pid}}') != "$pid" ]]
	run front rm web
	assert_status 1
	assert_output_has "You cannot remove a running container web. Stop the container before attempting removal"
	front kill web
	assert_equal "$(field web '{{.State.ExitCode}}')" 137
	run front kill web
	assert_status 1
	assert_output_has "is not running"
	front rm web
	run front inspect web
	assert_status 1
	assert_output_has "No such container: web"
}

@test "names and ids: short forms, conflicts, rename, generated names" {
	up web
	run front create --name web --bundle "$B"
	assert_status 125
	assert_output_has 'The container name "/web" is already in use'
	run front create --name '../x' --bundle "$B"
	assert_status 125
	assert_output_has "Invalid container name"
	front rename web shop
	run front inspect -f '{{.Name}}' shop
	assert_equal "$output" /shop
	run front inspect web
	assert_status 1
	front create --bundle "$B"
	[[ $(front ps -a --format '{{.Names}}' -n 1) =~ ^[a-z]+_[a-z]+$ ]]
	mkdir "$SCRATCH"/store/{abc0,abc1}"$(printf '0%.0s' {1..60})"
	run front stop abc
	assert_status 1
	assert_output_has "multiple IDs found with provided prefix: abc"
	rmdir "$SCRATCH"/store/abc*
	state_is shop running
}

@test "exec: users by name, environment, directory, input, exit codes" {
	up web
	printf 'root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/sh\n' >"$B/rootfs/etc/passwd"
	printf 'www:x:34:\nmore:x:50:web\n' >"$B/rootfs/etc/group"
	run front exec -u web web id
	assert_output_has "uid=33(web) gid=34(www) groups=50(more)"
	run front exec -u web web grep CapEff /proc/self/status
	assert_output_has 0000000000000000
	run front exec -u 7:more web id -g
	assert_equal "$output" 50
	run front exec -u nobody-here web id
	assert_status 1
	assert_output_has "unable to find user nobody-here: no matching entries in passwd file"
	rm "$B/rootfs/etc/passwd"
	mkfifo "$B/rootfs/etc/passwd"
	run timeout 5 "${FRONT[@]}" exec -u web web id
	assert_status 1
	assert_output_has "no regular file"
	run front exec -e A=1 -e A=2 -w /tmp web sh -c 'echo $A $PWD'
	assert_equal "$output" "2 /tmp"
	assert_equal "$(echo text | front exec -i web cat)" text
	run front exec web sh -c 'exit 42'
	assert_status 42
	run -127 front exec web nothing-of-this-name
	run front exec web /etc
	assert_status 126
	front exec -d web sh -c 'echo done >/tmp/detached'
	wait_until 5 test -e "$B/rootfs/tmp/detached" || front exec web test -e /tmp/detached
}

@test "terminal: run -it, exit code, detach keys, attach again" {
	{
		sleep 1
		printf 'tty; exit 3\n'
		sleep 1
	} | {
		status=0
		printf -v line '%q ' "${FRONT[@]}" \
			run --rm -it --bundle "$B" sh
		output=$(SHELL=/bin/bash script --quiet --return --command "$line" /dev/null) || status=$?
		assert_status 3
		assert_output_has /dev/pts/
	}
	{
		sleep 1
		printf '\020\021'
		sleep 1
	} | {
		printf -v line '%q ' "${FRONT[@]}" \
			run --name t -it --bundle "$B" sh
		output=$(SHELL=/bin/bash script --quiet --return --command "$line" /dev/null)
		assert_output_has "read escape sequence"
	}
	state_is t running
	{
		sleep 1
		printf 'echo a$((1+1))b; exit 4\n'
		sleep 1
	} | {
		status=0
		printf -v line '%q ' "${FRONT[@]}" attach t
		output=$(SHELL=/bin/bash script --quiet --return --command "$line" /dev/null) || status=$?
		assert_status 4
		assert_output_has a2b
	}
	run front run --rm -it --bundle "$B" sh </dev/null
	assert_status 125
	assert_output_has "the input device is not a TTY"
}

@test "attach: several clients see the same" {
	up talk -- sh -c 'sleep 1; echo word; sleep 0.2; exit 6'
	"${FRONT[@]}" attach talk >"$SCRATCH/one" 3>&- &
	first=$!
	"${FRONT[@]}" attach talk >"$SCRATCH/two" 3>&- &
	status=0
	wait "$first" || status=$?
	assert_status 6
	wait
	assert_equal "$(<"$SCRATCH/one")" word
	assert_equal "$(<"$SCRATCH/two")" word
}

@test "logs: tail, since, timestamps, follow" {
	up web -- sh -c 'for i in 1 2 3; do echo line $i; done; sleep 1; echo last'
	wait_until 20 eval '[[ $(front logs web) == *"line 3"* ]]'
	front logs -f web >"$SCRATCH/followed" 3>&-
	assert_equal "$(tail -n 1 "$SCRATCH/followed")" last
	assert_equal "$(front logs --tail 2 web)" $'line 3\nlast'
	assert_equal "$(front logs --tail 0 web)" ""
	[[ $(front logs -t -n 1 web) =~ ^20[0-9-]+T[0-9:.]+Z\ last$ ]]
	assert_equal "$(front logs --since 10m web | wc -l)" 4
	assert_equal "$(front logs --until 10m web)" ""
	run front logs --since nonsense web
	assert_status 1
	run front logs --tail some web
	assert_status 1
}

@test "wait prints the code; stop of --rm leaves nothing" {
	up a -- sh -c 'sleep 1; exit 9'
	assert_equal "$(front wait a)" 9
	assert_equal "$(front wait a)" 9
	up b --rm
	front stop -t 5 b
	assert_equal "$(front ps -aq --filter name=b)" ""
}

@test "restart policies: on-failure counts, stop ends always" {
	up f --restart on-failure:2 -- false
	wait_until 20 state_is f exited
	assert_equal "$(field f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}')" "on-failure 2"
	up a --restart always
	pid=$(field a '{{.State.Pid}}')
	kill -KILL "$pid"
	wait_until 10 bash -c '[[ $("$@") != running\ '"$pid"' && $("$@") == running* ]]' _ "${FRONT[@]}" inspect -f '{{.State.Status}} {{.State.Pid}}' a
	front stop -t 0 a
	sleep 0.5
	state_is a exited
	run front run --rm --restart always --bundle "$B"
	assert_status 125
	run front create --restart sometimes --bundle "$B"
	assert_status 125
	assert_output_has "unknown policy 'sometimes'"
}

@test "ps tells the truth: shim killed, container killed from outside, both killed, an earlier boot" {
	up lost
	kill -KILL "$(shim_of lost)"
	wait_until 5 bash -c '[[ $("$@") == Up* ]]' _ "${FRONT[@]}" \
		ps --format '{{.Status}}'
	front stop -t 5 lost
	state_is lost exited

	up outside
	kill -KILL "$(field outside '{{.State.Pid}}')"
	wait_until 5 state_is outside exited
	assert_equal "$(field outside '{{.State.ExitCode}}')" 137

	up both
	pid=$(field both '{{.State.Pid}}')
	kill -KILL "$(shim_of both)"
	kill -KILL "$pid"
	wait_until 5 state_is both exited
	[[ $(front ps -a --filter name=both --format '{{.Status}}') == "Exited (unknown)"* ]]
	[[ $(field both '{{.State.Error}}') == *unknown* ]]
	front start both
	state_is both running

	file=$SCRATCH/store/$(field both '{{.Id}}')/run.json
	front kill both
	up boot
	file=$SCRATCH/store/$(field boot '{{.Id}}')/run.json
	cp "$file" "$SCRATCH/run.json"
	front kill boot
	wait_until 5 test ! -e "$file"
	rm -f "${file%/*}/exit.json"
	sed 's/\("boot[^"]*": *"\)[0-9a-f]\{8\}/\100000000/g' "$SCRATCH/run.json" >"$file"
	state_is boot exited
	front rm boot
}

@test "damaged records: the one is named, the others are listed and work" {
	up good
	front create --name bad --bundle "$B" >"$SCRATCH/bad"
	id=$(<"$SCRATCH/bad")
	for file in container.json run.json exit.json; do
		cp -a "$SCRATCH/store/$id" "$SCRATCH/saved"
		echo '{"id": 5' >"$SCRATCH/store/$id/$file"
		run front ps -a
		assert_status 1
		assert_output_has "Error: container ${id:0:12}"
		assert_output_has "Dead (damaged records)"
		assert_output_has good
		run front start "$id"
		assert_status 1
		assert_output_has "${id:0:12}"
		rm -rf "${SCRATCH:?}/store/$id"
		mv "$SCRATCH/saved" "$SCRATCH/store/$id"
	done
	echo '{}' >"$SCRATCH/store/$id/container.json"
	front rm -f "$id"
	run front ps -a --format '{{.Names}}'
	assert_status 0
	assert_equal "$output" good
	front stop -t 5 good
}

@test "a client that is stopped or killed: the container is unharmed, --rm still removes" {
	"${FRONT[@]}" run --rm --name k --bundle "$B" yes >/dev/null 3>&- &
	client=$!
	wait_until 5 state_is k running
	kill -STOP "$client"
	sleep 0.5
	run timeout 5 "${FRONT[@]}" exec k echo there
	assert_equal "$output" there
	kill -KILL "$client"
	state_is k running
	pid=$(field k '{{.State.Pid}}')
	front stop -t 0 k
	assert_equal "$(front ps -aq)" ""
	[[ ! -e /proc/$pid ]]
}

@test "stop: a client that does not read holds up neither the end nor the record" {
	mkfifo "$SCRATCH/unread"
	exec 8<>"$SCRATCH/unread"
	"${FRONT[@]}" run --name deaf --bundle "$B" yes >"$SCRATCH/unread" 2>&1 3>&- 8>&- &
	HELPER=$!
	wait_until 5 state_is deaf running
	wait_until 20 still "$(directory deaf)/log/container.log"
	start=${EPOCHREALTIME/./}
	front stop -t 0 deaf
	((${EPOCHREALTIME/./} - start < 6000000))
	state_is deaf exited
	kill -0 "$HELPER" # it still has what nobody read
}

@test "ps: filters, formats, columns" {
	up a
	front create --name b --bundle "$B" >/dev/null
	run front ps -a
	[[ ${lines[0]} =~ ^CONTAINER\ ID\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +ADDRESS\ +PORTS\ +NAMES$ ]]
	assert_equal "${#lines[@]}" 3
	assert_equal "$(front ps -q --filter status=created --no-trunc | wc -c)" 65
	assert_equal "$(front ps --filter name=a --format '{{.Names}}')" a
	assert_equal "$(front ps -a --format json | jq -r .Names | sort | paste -sd ,)" a,b
	assert_equal "$(front ps -l --format '{{.Names}}')" b
	run front ps --filter nonsense=1
	assert_status 1
	assert_output_has "invalid filter 'nonsense'"
	run front ps --format '{{.Nonsense}}'
	assert_status 1
	assert_output_has "can't evaluate field Nonsense"
	run front ls -a --format 'table {{.Names}}\t{{.State}}'
	[[ ${lines[0]} =~ ^NAMES\ +STATE$ ]]
}

@test "stats, top, prune, help" {
	up a
	run front stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}'
	assert_status 0
	[[ $output == "a "[1-9]* ]]
	run front top a
	assert_output_has trap
	front create --bundle "$B" >/dev/null
	run front prune -f
	assert_output_has "Deleted Containers:"
	assert_equal "$(front ps -a --format '{{.Names}}')" a
	run "$HULL" container --help
	assert_output_has "Usage:  hull container [OPTIONS] COMMAND"
	run front nonsense
	assert_status 1
	assert_output_has "is not a hull container command"
	run front stop
	assert_status 1
	assert_output_has 'requires at least 1 argument.'
}

@test "prune --filter: by age and by label, only what is stopped" {
	names() { front ps -a --format '{{.Names}}' | sort | paste -sd ,; }
	config "$B" '.annotations = {stage: "build"}'
	front create --name built --bundle "$B" >/dev/null
	up runs
	config "$B" '.annotations = {stage: "test", keep: ""}'
	front create --name kept --bundle "$B" >/dev/null
	front prune -f --filter until=1h
	front prune -f --filter label=stage=none
	front prune -f --filter label=keep --filter label!=stage
	run front prune -f --filter until=1h --filter until=2h
	assert_status 1
	assert_output_has "more than one until filter specified"
	run front prune -f --filter nonsense=1
	assert_status 1
	assert_output_has "invalid filter 'nonsense'"
	assert_equal "$(names)" built,kept,runs
	rm "$(directory kept)/config.json"
	run front prune -f --filter label=keep
	assert_status 1
	assert_output_has config.json
	assert_equal "$(names)" built,kept,runs
	run front prune -f --filter label=stage=build
	assert_equal "$(names)" kept,runs
	front prune -f --filter until="$(date -d '+1 hour' +%s)"
	assert_equal "$(names)" runs
	run front prune -f --filter label!=keep <<<""
	assert_equal "$output" ""
	assert_equal "$(names)" runs
}

@test "removal leaves no process, cgroup, mount, state or file" {
	up a
	up b
	front rm -f a b
	assert_nothing_left
	run find "$SCRATCH/store" "$SCRATCH/run" -mindepth 1 ! -name names
	assert_equal "$output" ""
}

# No hierarchy has an empty one; another file's containers may be in it.
no_empty_parent() {
	local parent
	for parent in /sys/fs/cgroup/{,*/}hull-container; do
		[[ ! -e $parent ]] || find "$parent" -mindepth 1 -type d | grep -q . || [[ ! -e $parent ]] || return 1
	done
}

@test "removal: the parent cgroup goes with the last container, and comes again for the next" {
	up a
	up b --rm -- true
	wait_until 5 no_empty_parent
	front rm -f a
	wait_until 5 no_empty_parent
	# Removed at every moment by somebody else.
	build_client
	"$CLIENT" "$(cgroup_v1_dir pids || cgroup_v2_dir)/hull-container" rmdir 3>&- &
	HELPER=$!
	for i in {1..25}; do
		run front run --rm --bundle "$B" echo "$i"
		assert_status 0
		assert_equal "$output" "$i"
	done
}
