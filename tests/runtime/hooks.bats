#!/usr/bin/env bats
# Hooks of all six kinds: when, where, with what, and what their failure does.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	bundle_args "$B" sh -c 'echo program; exit 0'
	LOG=$SCRATCH/log.d
	mkdir -m 777 "$LOG"
	# Container hooks reach the log at the same place inside.
	mkdir -p "$B/rootfs$LOG"
	add_mount "{\"destination\": \"$LOG\", \"source\": \"$LOG\", \"options\": [\"bind\"]}"
}

teardown() {
	teardown_scratch
}

readonly KINDS="prestart createRuntime createContainer startContainer poststart poststop"

# hook KIND SCRIPT [MORE]: adds one; MORE is jq's for further members.
hook() {
	config "$B" '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", $script]} + ('"${3:-{\}}"')]' \
		--arg kind "$1" --arg script "$2"
}

@test "R-093 hook.when, R-094 hook.pre.first, R-095 hook.cc.after: the order of a life" {
	for kind in $KINDS; do
		hook "$kind" "echo $kind >>$LOG/order"
		hook "$kind" "echo $kind-2 >>$LOG/order"
	done
	bundle_args "$B" sh -c "echo program >>$LOG/order"
	created
	assert_equal "$(tr '\n' ' ' <"$LOG/order")" "prestart prestart-2 createRuntime createRuntime-2 createContainer createContainer-2 "
	: >"$LOG/order"
	hull start "$TAG"
	wait_until 5 grep -q program "$LOG/order"
	wait_until 5 has_status "$TAG" stopped
	[[ $(tr '\n' ' ' <"$LOG/order") == "startContainer startContainer-2 "*poststart*poststart-2* ]]
	: >"$LOG/order"
	hull delete "$TAG"
	assert_equal "$(tr '\n' ' ' <"$LOG/order")" "poststop poststop-2 "
	assert_nothing_left
}

@test "R-091 hook.state, R-098 hook.pid: the state document of each kind" {
	config "$B" '.annotations = {"key": "value \"ü\"\n"}'
	for kind in $KINDS; do
		hook "$kind" "cat >$LOG/$kind; echo >>$LOG/$kind"
	done
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
	created
	pid=$(pid_of "$TAG")
	hull start "$TAG"
	hull delete --force "$TAG"
	for pair in prestart:creating:$pid createRuntime:creating:$pid createContainer:creating:1 startContainer:created:1 \
		poststart:running:$pid poststop:stopped:0; do
		IFS=: read -r kind status pid_seen <<<"$pair"
		assert_equal "$(jq -c '[.id, .status, .pid // 0, .bundle, .annotations.key]' "$LOG/$kind")" \
			"[\"$TAG\",\"$status\",$pid_seen,\"$B\",\"value \\\"ü\\\"\\n\"]"
		[[ $(jq -r .ociVersion "$LOG/$kind") =~ ^1\.[0-9]+\.[0-9]+ ]]
	done
}

@test "R-098 hook.pid: without a pid namespace the same number everywhere" {
	without_namespace pid
	hook createContainer "cat >$LOG/state"
	created
	assert_equal "$(jq .pid "$LOG/state")" "$(pid_of "$TAG")"
}

@test "R-092 hook.ns: where each runs and where its path is" {
	for kind in $KINDS; do
		hook "$kind" "readlink /proc/self/ns/mnt >$LOG/$kind; readlink /proc/self/ns/net >>$LOG/$kind; ls -d $TOP >>$LOG/$kind 2>/dev/null; true"
	done
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
	created
	pid=$(pid_of "$TAG")
	container="$(readlink "/proc/$pid/ns/mnt") $(readlink "/proc/$pid/ns/net") "
	host="$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/net) $TOP "
	hull start "$TAG"
	hull delete --force "$TAG"
	for kind in prestart createRuntime poststart poststop; do
		assert_equal "$(tr '\n' ' ' <"$LOG/$kind")" "$host"
	done
	assert_equal "$(tr '\n' ' ' <"$LOG/createContainer")" "$container$TOP "
	assert_equal "$(tr '\n' ' ' <"$LOG/startContainer")" "$container"
}

@test "R-099 hook.under: the mounts are there for createRuntime, through /proc/PID" {
	hook createRuntime "pid=\$(jq .pid); grep -c /dev/mqueue /proc/\$pid/mountinfo >$LOG/count"
	inside true
	assert_status 0
	[[ $(cat "$LOG/count") -ge 1 ]]
}

@test "a createRuntime hook may change the container's network" {
	requires_command nsenter ip
	hook createRuntime "nsenter -t \$(jq .pid) -n ip link add probe0 type veth peer name probe1"
	inside 'ip link show probe0 >/dev/null && echo there'
	[[ $status -eq 0 ]] || skip "this machine has no veth"
	assert_equal "$output" there
}

@test "R-088 hook.exec: argv as written, argv[0] included; the path alone without args" {
	printf '#!/bin/sh\nprintf "<%%s>" "$0" "$@" >%s/args\n' "$LOG" >"$SCRATCH/hook"
	chmod 755 "$SCRATCH/hook"
	config "$B" '.hooks.prestart = [{path: $path}]' --arg path "$SCRATCH/hook"
	inside true
	assert_equal "$(cat "$LOG/args")" "<$SCRATCH/hook>"
	config "$B" '.hooks.prestart[0].args = ["name", "", "a b", "*"]'
	inside true
	assert_equal "$(cat "$LOG/args")" "<$SCRATCH/hook><><a b><*>"
}

@test "R-089 hook.env: the document's; else ours for the runtime's, nothing of ours for the container's" {
	export SECRET=ours
	for kind in prestart createContainer startContainer poststop; do
		hook "$kind" "env >$LOG/$kind"
	done
	config "$B" '.process.env += ["OF_PROCESS=1"]'
	inside true
	assert_status 0
	grep -q SECRET=ours "$LOG/prestart"
	grep -q SECRET=ours "$LOG/poststop"
	run grep -c -e SECRET -e OF_PROCESS "$LOG/createContainer"
	assert_equal "$output" 0
	grep -q OF_PROCESS=1 "$LOG/startContainer"
	run grep -c SECRET "$LOG/startContainer"
	assert_equal "$output" 0
	config "$B" '.hooks |= map_values(map(.env = ["ONLY=this", "PATH=/bin"]))'
	inside true
	for kind in prestart createContainer startContainer poststop; do
		grep -q ONLY=this "$LOG/$kind"
		run grep -c -e SECRET -e OF_PROCESS "$LOG/$kind"
		assert_equal "$output" 0
	done
}

@test "R-100 hook.cwd: the bundle, and / for startContainer" {
	for kind in $KINDS; do
		hook "$kind" "pwd >$LOG/$kind"
	done
	inside true
	for kind in prestart createRuntime createContainer poststart poststop; do
		assert_equal "$(cat "$LOG/$kind")" "$B"
	done
	assert_equal "$(cat "$LOG/startContainer")" /
}

@test "hooks inherit no descriptors and no ignored signals" {
	probe
	cp "$PROBE" "$SCRATCH/probe"
	for kind in prestart createContainer poststart poststop; do
		hook "$kind" "exec >$LOG/$kind; $SCRATCH/probe fds; $SCRATCH/probe signals"
	done
	hook startContainer "exec >$LOG/startContainer; probe fds; probe signals; :" '{env: ["PATH=/bin"]}'
	bundle_args "$B" true
	run bash -c 'trap "" PIPE TERM USR1; exec 3</ 7</etc/passwd; exec "$@"' sh "$HULL" --root "$STATE" run --preserve-fds 1 -b "$B" "$TAG"
	assert_status 0
	for kind in prestart createContainer startContainer poststart poststop; do
		assert_equal "$kind $(cat "$LOG/$kind")" "$kind 0 1 2"
	done
}

@test "R-096 hook.fail.early: each kind's failure stops the container and runs poststop" {
	for kind in prestart createRuntime createContainer startContainer poststart; do
		rm -f "$LOG"/*
		config "$B" '.hooks = {}'
		hook poststop "touch $LOG/poststop"
		hook "$kind" "echo reason >&2; exit 5"
		hook "$kind" "touch $LOG/second"
		bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
		refuses "error running $kind hook #0: exit status 5" run -b "$B" "$TAG"
		assert_output_has reason
		[[ -e $LOG/poststop && ! -e $LOG/second ]] || {
			ls "$LOG" >&2
			false
		}
	done
}

@test "R-096 hook.fail.early: at start the container is stopped, delete runs poststop" {
	for kind in startContainer poststart; do
		rm -f "$LOG"/*
		config "$B" '.hooks = {}'
		hook poststop "touch $LOG/poststop"
		hook "$kind" "exit 5"
		bundle_args "$B" sh -c "touch $LOG/program; while :; do sleep 0.1; done"
		created
		run hull start "$TAG"
		assert_status 1
		assert_output_has "error running $kind hook #0"
		wait_until 5 has_status "$TAG" stopped
		if [[ $kind == startContainer ]]; then [[ ! -e $LOG/program ]]; fi
		hull delete "$TAG"
		[[ -e $LOG/poststop ]]
		assert_nothing_left
	done
}

@test "R-096 hook.fail.early: death by a signal, a program that is not there" {
	for kind in prestart createContainer startContainer; do
		config "$B" '.hooks = {}'
		hook "$kind" 'kill -9 $$'
		refuses "error running $kind hook #0: signal" run -b "$B" "$TAG"
		config "$B" '.hooks[$kind][0] = {path: "/no/such"}' --arg kind $kind
		refuses "error running $kind hook #0" run -b "$B" "$TAG"
	done
}

@test "R-097 hook.fail.stop: a poststop failure is a warning, the rest runs, delete succeeds" {
	hook poststop "exit 3"
	hook poststop "touch $LOG/second"
	bundle_args "$B" true
	run hull run -b "$B" "$TAG"
	assert_status 0
	assert_output_has warning
	assert_output_has 'error running poststop hook #0'
	[[ -e $LOG/second ]]
	assert_nothing_left
}

@test "R-087 hook.to: the time is over" {
	bundle_args "$B" sleep 1000
	for kind in prestart createContainer startContainer poststart; do
		config "$B" '.hooks = {}'
		hook "$kind" "exec sleep 1000" '{timeout: 1}'
		start=${EPOCHREALTIME/./}
		refuses "hook ran past specified timeout of 1.0s" run -b "$B" "$TAG"
		took=$((${EPOCHREALTIME/./} - start))
		((took >= 1000000 && took < 5000000))
	done
}

@test "R-087 hook.to: in time is in time" {
	hook prestart "sleep 0.1" '{timeout: 5}'
	inside 'echo fine'
	assert_equal "$output" fine
}

@test "R-091 hook.state: a hook that never reads, with a large document" {
	config "$B" '.annotations = ([range(3000) | {key: "key\(.)", value: ("x" * 50)}] | from_entries)'
	for kind in $KINDS; do
		hook "$kind" "exec <&-; true"
	done
	hook createContainer "cat | wc -c >$LOG/size"
	inside 'echo fine'
	assert_equal "$output" fine
	[[ $(cat "$LOG/size") -gt 150000 ]]
}

@test "a hook that says much, and one that leaves a daemon holding its output" {
	hook prestart 'yes | head -c 1000000'
	hook createContainer 'head -c 1000000 /dev/zero'
	hook prestart "sleep 1000 & echo \$! >$LOG/daemon"
	inside 'echo fine'
	kill -KILL "$(cat "$LOG/daemon")"
	assert_equal "$output" fine
}

@test "startContainer hooks have no more rights than the process" {
	config "$B" '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	hook startContainer "grep -E '^(Uid|CapEff|CapPrm|CapBnd|NoNewPrivs)' /proc/self/status >$LOG/status"
	inside true
	assert_status 0
	assert_equal "$(cut -f2- "$LOG/status")" $'1000\t1000\t1000\t1000\n0000000000000000\n0000000000000000\n0000000000000000\n1'
}

@test "a hook may ask for the state of its container" {
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
	hook createRuntime "timeout 5 $HULL --root $STATE state $TAG >$LOG/create"
	hook poststart "timeout 5 $HULL --root $STATE state $TAG >$LOG/start"
	created
	hull start "$TAG"
	assert_equal "$(jq -r .status "$LOG/start")" running
	assert_equal "$(jq -r .status "$LOG/create")" creating
}

@test "R-086 hook.abs: a relative path is refused" {
	config "$B" '.hooks = {createRuntime: [{path: "sh"}]}'
	refuses 'hooks' create -b "$B" "$TAG"
}
