#!/usr/bin/env bats
# Terminals: through a console socket, and hull as the terminal's proxy.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	config "$B" '.process.terminal = true'
	probe
}

teardown() {
	teardown_scratch
}

# on_tty COMMAND...: as on_terminal, with an input that stays open: at its end script would type a NUL.
on_tty() {
	local line
	printf -v line '%q ' "$@"
	[[ -p $SCRATCH/held ]] || mkfifo "$SCRATCH/held"
	SHELL=/bin/bash timeout 15 script --quiet --return --command "$line" /dev/null <>"$SCRATCH/held"
}

# receiver: a console socket at $SCRATCH/socket; what its terminal says goes to $SCRATCH/terminal.
receiver() {
	mkfifo "$SCRATCH/input"
	"$PROBE" receive "$SCRATCH/socket" "$SCRATCH/name" <>"$SCRATCH/input" >"$SCRATCH/terminal" 3>&- &
	wait_until 5 grep -q "$SCRATCH/socket" /proc/net/unix
	# bound is not yet listening
	wait_until 5 awk -v path="$SCRATCH/socket" '$NF == path && $4 == "00010000" { found = 1 } END { exit !found }' /proc/net/unix
}

says() {
	wait_until 5 grep -q "$1" "$SCRATCH/terminal" || {
		cat "$SCRATCH/terminal" >&2
		return 1
	}
}

@test "R-052 proc.term: create sends the terminal's master, with the name of its slave" {
	bundle_args "$B" sh -c 'tty; for fd in 0 1 2; do readlink /proc/self/fd/$fd; test -t $fd && echo is-tty; done; sleep 1000'
	receiver
	detached hull create --console-socket "$SCRATCH/socket" -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(cat "$SCRATCH/name")" /dev/pts/0
	hull start "$TAG"
	says is-tty
	wait_until 5 eval '[[ $(grep -c is-tty "$SCRATCH/terminal") -eq 3 ]]'
	assert_equal "$(tr -d '\r' <"$SCRATCH/terminal" | sort -u | tr '\n' ' ')" "/dev/pts/0 is-tty "
	# nothing of the caller's streams
	assert_equal "$(cat "$SCRATCH/output")" ""
}

@test "R-052 proc.term: it is the controlling terminal" {
	bundle_args "$B" sh -c 'echo asked; read -r word </dev/tty; echo "got $word"; trap "echo interrupted; exit 3" INT; while :; do sleep 0.05; done'
	receiver
	detached hull run -d --console-socket "$SCRATCH/socket" -b "$B" "$TAG"
	assert_status 0
	says asked
	echo hello >"$SCRATCH/input"
	says "got hello"
	printf '\003' >"$SCRATCH/input"
	says interrupted
	wait_until 5 has_status "$TAG" stopped
}

@test "R-053 proc.csize: the size that the document says" {
	config "$B" '.process.consoleSize = {height: 33, width: 111}'
	bundle_args "$B" sh -c 'stty size; sleep 1000'
	receiver
	detached hull run -d --console-socket "$SCRATCH/socket" -b "$B" "$TAG"
	says '^33 111'
}

@test "R-053 proc.csize: ignored without a terminal" {
	config "$B" '.process.terminal = false | .process.consoleSize = {height: 33, width: 111}'
	shows fine 'echo fine'
}

@test "R-128 dev.console: the slave, by a bind" {
	bundle_args "$B" sh -c 'stat -c "%t:%T %F" /dev/console /dev/pts/0; grep -c " /dev/console " /proc/self/mountinfo; echo through >/dev/console; echo end'
	run on_tty "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 0
	[[ $(tr -d '\r' <<<"$output") == *$'\n1\nthrough\nend'* ]]
	first=$(head -1 <<<"$output")
	assert_equal "$first" "$(sed -n 2p <<<"$output")"
}

@test "R-128 dev.console: a link in its place does not lead elsewhere" {
	config "$B" '.mounts |= map(select(.destination != "/dev"))'
	echo precious >"$B/rootfs/tmp-file"
	ln -s /tmp-file "$B/rootfs/dev/console"
	detached on_tty "$HULL" --root "$STATE" run -b "$B" "$TAG" 2>/dev/null || true
	assert_equal "$(cat "$B/rootfs/tmp-file")" precious
}

@test "the slave belongs to the process's user" {
	config "$B" '.process.user = {uid: 1000, gid: 1000}'
	bundle_args "$B" sh -c 'stat -c "%u:%g %a" /dev/pts/0; echo x >/dev/pts/0'
	run on_tty "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(head -1 <<<"$output" | tr -d '\r')" "1000:5 620"
}

@test "run in the foreground is the terminal's own proxy" {
	bundle_args "$B" sh -c 'test -t 0 && test -t 1 && test -t 2 && tty; exit 5'
	run on_tty "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 5
	assert_equal "$(tr -d '\r' <<<"$output")" /dev/pts/0
	assert_nothing_left
}

@test "run in the foreground: the size of our terminal, and all of a long output" {
	bundle_args "$B" sh -c 'stty size; seq 1 20000; echo end'
	# shellcheck disable=SC2016
	run on_tty sh -c 'stty rows 41 cols 97 && exec "$@"' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(head -1 <<<"$output" | tr -d '\r')" "41 97"
	assert_equal "$(tail -1 <<<"$output" | tr -d '\r')" end
	[[ $(wc -l <<<"$output") -ge 20002 ]]
}

@test "run in the foreground: what is typed arrives" {
	bundle_args "$B" sh -c 'read -r word; echo "got $word"'
	mkfifo "$SCRATCH/keys"
	{
		sleep 0.3
		echo hello
		sleep 1
	} >"$SCRATCH/keys" 3>&- &
	printf -v line '%q ' "$HULL" --root "$STATE" run -b "$B" "$TAG"
	run timeout 20 script --quiet --return --command "$line" /dev/null <"$SCRATCH/keys"
	assert_output_has "got hello"
}

@test "run in the foreground: our terminal is as before afterwards" {
	bundle_args "$B" true
	# shellcheck disable=SC2016
	run on_tty sh -c 'stty -g; "$@"; stty -g' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(sed -n 1p <<<"$output")" "$(sed -n 2p <<<"$output")"
	# also when the program is not found
	bundle_args "$B" nosuch
	# shellcheck disable=SC2016
	run on_tty sh -c 'stty -g; "$@" 2>/dev/null; stty -g' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$(sed -n 1p <<<"$output")" "$(sed -n '$p' <<<"$output")"
}

@test "run without any terminal is an error, and nothing is left" {
	bundle_args "$B" true
	run timeout 20 setsid --wait "$HULL" --root "$STATE" --log "$SCRATCH/log" run -b "$B" "$TAG" </dev/null
	assert_status 1
	assert_output_has '/dev/tty'
	assert_nothing_left
}

@test "exec: --tty through a console socket, and as proxy" {
	config "$B" '.process.terminal = false'
	started
	receiver
	detached hull exec -d --tty --console-socket "$SCRATCH/socket" "$TAG" sh -c 'tty; sleep 1000'
	assert_status 0
	says '/dev/pts/'
	run on_tty "$HULL" --root "$STATE" exec --tty "$TAG" sh -c 'test -t 0 && tty; exit 4'
	assert_status 4
	[[ $output == /dev/pts/* ]]
	run hull exec -d --tty "$TAG" true
	assert_status 255
	assert_output_has 'cannot allocate tty if hull will detach without setting console socket'
	run hull exec --console-socket "$SCRATCH/socket" "$TAG" true
	assert_status 255
	assert_output_has 'cannot use console socket if hull will not detach or allocate tty'
}

@test "a container with a terminal needs a devpts of its own" {
	config "$B" '.mounts |= map(select(.type != "devpts"))'
	bundle_args "$B" true
	run on_tty "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 1
	assert_output_has '/dev/pts/ptmx'
	assert_nothing_left
}

@test "a ptmx that is none is refused" {
	config "$B" '.mounts |= map(select(.type != "devpts" and .destination != "/dev"))'
	mkdir -p "$B/rootfs/dev/pts"
	mknod "$B/rootfs/dev/pts/ptmx" c 5 2
	bundle_args "$B" true
	run on_tty "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 1
	assert_output_has 'ptmx'
	assert_nothing_left
}

@test "--pidfd-socket gives a pidfd of the container's process" {
	config "$B" '.process.terminal = false'
	"$PROBE" pidfd "$SCRATCH/socket" "$SCRATCH/kind" 3>&- &
	job=$!
	wait_until 5 awk -v path="$SCRATCH/socket" '$NF == path && $4 == "00010000" { found = 1 } END { exit !found }' /proc/net/unix
	detached hull create --pidfd-socket "$SCRATCH/socket" -b "$B" "$TAG"
	assert_status 0
	wait $job
	assert_equal "$(cat "$SCRATCH/kind")" standard
	wait_until 5 has_status "$TAG" stopped
}
