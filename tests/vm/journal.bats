#!/usr/bin/env bats
# The log driver journald with a real journal. Runs in the machine of tests/vm/run.

load ../helpers/common
load service

setup() {
	setup_service
}

teardown() {
	teardown_service
}

# entry TEXT: the fields of the entry with this message, as JSON.
entry() {
	journalctl -q --no-pager -o json --output-fields="$FIELDS" "CONTAINER_NAME=$NAME" | jq -c --arg text "$1" 'select(.MESSAGE == $text)'
}

has_entry() {
	[[ -n $(entry "$1") ]]
}

FIELDS=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,CONTAINER_ID,CONTAINER_ID_FULL,CONTAINER_NAME,CONTAINER_PARTIAL_MESSAGE,_SYSTEMD_UNIT,_TRANSPORT

@test "every line is an entry with the fields that docker and podman write" {
	service sh -c 'echo to output; echo to errors >&2; printf "%s" "no end"; exit 3'
	run container start -a "$NAME"
	assert_status 3
	wait_until 60 has_entry "no end"
	id=$(field '{{.Id}}')
	assert_equal "$(entry "to output" | jq -r '[.PRIORITY, .SYSLOG_IDENTIFIER, .CONTAINER_ID, .CONTAINER_ID_FULL,
		.CONTAINER_NAME, ._TRANSPORT] | join(" ")')" "6 $NAME ${id:0:12} $id $NAME journal"
	assert_equal "$(entry "to errors" | jq -r '.PRIORITY')" 3
	container logs "$NAME" >"$SCRATCH/out" 2>"$SCRATCH/errors"
	assert_equal "$(cat "$SCRATCH/out" "$SCRATCH/errors")" $'to output\nno endto errors'
}

@test "hull container logs reads them: all, the last ones, since, with their times, and follows" {
	service sh -c 'trap "echo last line; exit 0" TERM; for i in 1 2 3 4; do echo "line $i"; done; while :; do sleep 1; done'
	since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	container start "$NAME" >/dev/null
	wait_until 60 has_entry "line 4"
	assert_equal "$(container logs "$NAME")" $'line 1\nline 2\nline 3\nline 4'
	assert_equal "$(container logs --tail 2 "$NAME")" $'line 3\nline 4'
	assert_equal "$(container logs --since "$since" "$NAME" | wc -l)" 4
	assert_equal "$(container logs --until "$since" "$NAME")" ""
	[[ $(container logs --timestamps --tail 1 "$NAME") =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z" line 4"$ ]]
	command hull container logs -f "$NAME" >"$SCRATCH/followed" 3>&- &
	follower=$!
	wait_until 60 grep -q "line 4" "$SCRATCH/followed"
	kill -0 "$follower"
	container stop "$NAME" >/dev/null
	wait_until 60 ended "$follower"
	assert_equal "$(<"$SCRATCH/followed")" $'line 1\nline 2\nline 3\nline 4\nlast line'
}

@test "of the unit: journalctl -u has the container's lines and those of hull-shim" {
	service sh -c 'echo said inside; exit 5'
	drop_in Restart=no
	unit start || true
	wait_until 60 shows ActiveState failed
	wait_until 60 has_entry "said inside"
	assert_equal "$(entry "said inside" | jq -r ._SYSTEMD_UNIT)" "$UNIT"
	wait_until 60 journal_has "said inside"
	wait_until 60 journal_has "status=5"
}

@test "a line longer than a datagram or an entry arrives whole" {
	service sh -c 'head -c 300000 /dev/zero | tr "\0" x; echo; echo end'
	container start -a "$NAME" >/dev/null
	wait_until 60 has_entry end
	assert_equal "$(container logs "$NAME" | tr -d '\n' | wc -c)" 300003
}
