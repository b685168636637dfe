#!/usr/bin/env bats
# What state, list and ps print about a container that is there.

load ../helpers/common

setup() {
	setup_scratch
	requires_root
	requires_command jq
	B=$SCRATCH/b
	bundle "$B"
	detached hull create -b "$B" --pid-file "$SCRATCH/pid" "$TAG"
	assert_status 0
}

teardown() {
	teardown_scratch
}

@test "state: runc's members in runc's order, without a newline at the end" {
	hull state "$TAG" >"$SCRATCH/state.json"
	assert_equal "$(jq -r 'keys_unsorted | join(" ")' "$SCRATCH/state.json")" \
		"ociVersion id pid status bundle rootfs created annotations owner"
	assert_equal "$(jq -r .status "$SCRATCH/state.json")" created
	assert_equal "$(jq -r .pid "$SCRATCH/state.json")" "$(cat "$SCRATCH/pid")"
	assert_equal "$(jq -r .bundle "$SCRATCH/state.json")" "$B"
	assert_equal "$(jq -r .rootfs "$SCRATCH/state.json")" "$B/rootfs"
	[[ $(jq -r .created "$SCRATCH/state.json") =~ ^20[0-9]{2}-[0-9-]{5}T[0-9:]{8}(\.[0-9]+)?Z$ ]]
	assert_equal "$(tail -c 1 "$SCRATCH/state.json")" "}"
	assert_equal "$(sed -n 2p "$SCRATCH/state.json")" '  "ociVersion": "1.3.0",'

	hull start "$TAG"
	has_status "$TAG" running
	hull pause "$TAG"
	has_status "$TAG" paused
	hull resume "$TAG"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	assert_equal "$(hull state "$TAG" | jq .pid)" 0
	hull delete "$TAG"
	assert_nothing_left
}

@test "list: a table, an array, names" {
	run --separate-stderr hull list
	[[ $status -eq 0 && -z $stderr && ${#lines[@]} -eq 2 ]]
	read -r id pid status_word bundle created owner <<<"${lines[1]}"
	assert_equal "$id $pid $status_word $bundle $owner" "$TAG $(cat "$SCRATCH/pid") created $B root"
	# the columns stand under their names
	for word in PID STATUS BUNDLE CREATED OWNER; do
		before=${lines[0]%%"$word"*}
		[[ ${lines[1]:${#before}-3:3} == "   " && ${lines[1]:${#before}:1} != " " ]]
	done
	run --separate-stderr hull list -f json
	[[ $status -eq 0 && -z $stderr && ${#lines[@]} -eq 1 ]]
	assert_equal "$(jq -c '[.[] | .id, .created, .owner]' <<<"$output")" "[\"$TAG\",\"$created\",\"root\"]"
	assert_equal "$(hull list --quiet)" "$TAG"
}

@test "ps: pids, or the lines of the host's ps" {
	hull start "$TAG"
	run --separate-stderr hull ps --format json "$TAG"
	[[ $status -eq 0 && -z $stderr && ${#lines[@]} -eq 1 ]]
	jq -e --argjson pid "$(cat "$SCRATCH/pid")" 'index($pid)' <<<"$output"
	requires_command ps
	run --separate-stderr hull ps "$TAG"
	[[ $status -eq 0 && -z $stderr ]]
	[[ ${lines[0]} == *PID* && $output == *" $(cat "$SCRATCH/pid") "* && $output != *bats* ]]
	run --separate-stderr hull ps "$TAG" -o pid,args
	[[ $status -eq 0 && ${lines[0]} == *PID\ COMMAND* ]]
	run hull ps "$TAG" -o args
	assert_status 1
	assert_output_has "couldn't find PID field in ps output"
	run hull ps "$TAG" --no-such-option
	assert_status 1
	assert_output_has "ps: exit status 1"
}
