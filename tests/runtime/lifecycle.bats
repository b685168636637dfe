#!/usr/bin/env bats
# A container's life: the operations in every state, their words and exit statuses, and what is left.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

# says STATUS TEXT COMMAND...: a hull command ends so, with exactly this on stderr.
says() {
	local want=$1 text=$2
	shift 2
	run timeout 20 "$HULL" --root "$STATE" --log "$SCRATCH/log" "$@"
	[[ $status -eq $want && $output == "$text" ]] || {
		printf '%s\n' "$*: status $status" "$output" "want: $text" >&2
		return 1
	}
}

stopped() {
	bundle_args "$B" true
	created
	hull start "$TAG"
	wait_until 5 has_status "$TAG" stopped
}

@test "R-234 op.state: the document of each state" {
	created
	run --separate-stderr hull state "$TAG"
	assert_status 0
	[[ -z $stderr ]]
	pid=$(jq .pid <<<"$output")
	[[ $pid -gt 1 && -d /proc/$pid ]]
	assert_equal "$(jq -r '.id, .status, .bundle, .rootfs, .annotations["org.opencontainers.image.title"]' <<<"$output")" "$TAG
created
$B
$B/rootfs
hull example"
	[[ $(jq -r .ociVersion <<<"$output") =~ ^1\.[0-9]+\.[0-9]+ ]]
	[[ $(jq -r .created <<<"$output") =~ ^20..-..-..T..:..:..\.[0-9]{9}Z$ ]]
	hull start "$TAG"
	assert_equal "$(hull state "$TAG" | jq -r '.status, .pid')" $'running\n'"$pid"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	assert_equal "$(hull state "$TAG" | jq -r '.status, .pid')" $'stopped\n0'
	hull delete "$TAG"
	says 1 "container does not exist" state "$TAG"
	assert_nothing_left
}

@test "R-058 proc.create: the program runs at start, not before" {
	bundle_args "$B" touch /tmp/ran
	config "$B" '(.mounts[] | select(.destination == "/tmp")) = {destination: "/tmp", source: $tmp, options: ["bind"]}' --arg tmp "$SCRATCH"
	created
	[[ ! -e $SCRATCH/ran ]]
	hull start "$TAG"
	wait_until 5 has_status "$TAG" stopped
	[[ -e $SCRATCH/ran ]]
}

@test "R-240 op.start: once, and only what is created" {
	created
	hull start "$TAG"
	says 1 "cannot start an already running container" start "$TAG"
	has_status "$TAG" running
	hull pause "$TAG"
	says 1 "cannot start a container in the paused state" start "$TAG"
	hull resume "$TAG"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	says 1 "cannot start a container that has stopped" start "$TAG"
}

@test "R-240 op.start: two at the same time, one of them wins" {
	created
	for i in 1 2 3 4; do
		hull start "$TAG" >/dev/null 2>&1 3>&- &
		jobs[i]=$!
	done
	won=0
	for i in 1 2 3 4; do
		if wait "${jobs[i]}"; then won=$((won + 1)); fi
	done
	assert_equal $won 1
}

@test "create: two with one id at the same time, one of them wins" {
	for i in 1 2 3 4; do
		hull create -b "$B" "$TAG" >/dev/null 2>&1 </dev/null 3>&- &
		jobs[i]=$!
	done
	won=0
	for i in 1 2 3 4; do
		if wait "${jobs[i]}"; then won=$((won + 1)); fi
	done
	assert_equal $won 1
	has_status "$TAG" created
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "R-242 op.kill: signals arrive, by any spelling" {
	bundle_args "$B" sh -c 'for s in TERM USR1 HUP INT; do trap "echo $s >>/tmp/got" $s; done; touch /tmp/ready; while :; do sleep 0.05; done'
	config "$B" '(.mounts[] | select(.destination == "/tmp")) = {destination: "/tmp", source: $tmp, options: ["bind"]}' --arg tmp "$SCRATCH"
	started
	wait_until 5 test -e "$SCRATCH/ready"
	n=0
	for signal in "" 10 SIGHUP int; do
		hull kill "$TAG" $signal
		n=$((n + 1))
		wait_until 5 eval '[[ $(cat "$SCRATCH/got" 2>/dev/null | wc -l) -eq '$n' ]]'
	done
	assert_equal "$(tr '\n' ' ' <"$SCRATCH/got")" "TERM USR1 HUP INT "
}

@test "R-242 op.kill: created, paused and stopped" {
	created
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	says 1 "container not running" kill "$TAG" KILL
	says 1 "container not running" kill "$TAG" TERM
	says 0 "" kill --all "$TAG" KILL
	hull delete "$TAG"
	started
	hull pause "$TAG"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	hull delete "$TAG"
	assert_nothing_left
}

@test "kill: a created container that gets TERM ends" {
	created
	hull kill "$TAG" TERM
	wait_until 5 has_status "$TAG" stopped || {
		# pid 1 of a pid namespace ignores what it has no handler for: the same as with runc
		has_status "$TAG" created
	}
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "R-243 op.del: running and paused only by force" {
	started
	says 1 "cannot delete container $TAG that is not stopped: running" delete "$TAG"
	has_status "$TAG" running
	hull pause "$TAG"
	says 1 "cannot delete container $TAG that is not stopped: paused" delete "$TAG"
	has_status "$TAG" paused
	says 0 "" delete --force "$TAG"
	assert_nothing_left
}

@test "R-243 op.del: created without force, as engines need it" {
	created
	pid=$(pid_of "$TAG")
	says 0 "" delete "$TAG"
	assert_nothing_left
	run ! grep -qs '^State:.[^ZX]' "/proc/$pid/status"
}

@test "delete --force: of everything, and of nothing" {
	created
	says 0 "" delete --force "$TAG"
	assert_nothing_left
	started
	says 0 "" delete --force "$TAG"
	assert_nothing_left
	stopped
	says 0 "" delete --force "$TAG"
	assert_nothing_left
	says 0 "" delete --force "$TAG"
}

@test "R-246 op.del.id: an id can be used again" {
	for _ in 1 2 3; do
		created
		hull delete "$TAG"
	done
	assert_nothing_left
}

@test "R-244 op.del.res, R-245 op.del.only: the container's cgroup goes, one that others made below it is emptied" {
	requires_cgroup_v1 memory
	started
	dir=$(cgroup_dir "$B" memory)
	[[ -d $dir ]]
	mkdir "$dir/inner"
	hull exec "$TAG" true
	hull delete --force "$TAG"
	[[ ! -d $dir ]]
	assert_nothing_left
}

@test "a first process that dies leaves its children to the pid namespace's end" {
	bundle_args "$B" sh -c 'sleep 1000 & sleep 1000 & exit 3'
	run hull run -b "$B" "$TAG"
	assert_status 3
	assert_nothing_left
}

@test "without a pid namespace kill KILL and delete end everyone" {
	without_namespace pid
	bundle_args "$B" sh -c 'sleep 1000 & sleep 1000 & while :; do sleep 0.1; done'
	started
	wait_until 5 eval '[[ $(hull ps -f json "$TAG" | jq length) -ge 3 ]]'
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	wait_until 5 eval '[[ $(hull ps -f json "$TAG" | jq length) -eq 0 ]]'
	hull delete "$TAG"
	assert_nothing_left
	# the first process gone, the others not
	bundle_args "$B" sh -c 'sleep 1000 & sleep 1000 & exit 0'
	started
	wait_until 5 has_status "$TAG" stopped
	hull delete "$TAG"
	assert_nothing_left
}

@test "killed from outside it is stopped" {
	started
	kill -KILL "$(pid_of "$TAG")"
	wait_until 5 has_status "$TAG" stopped
	says 1 "container not running" kill "$TAG" TERM
	says 255 "exec failed: cannot exec in a stopped container" exec "$TAG" true
	says 1 "container not running" pause "$TAG"
	says 1 "container not paused" resume "$TAG"
	hull delete "$TAG"
	assert_nothing_left
	created
	kill -KILL "$(pid_of "$TAG")"
	wait_until 5 has_status "$TAG" stopped
	says 1 "cannot start a container that has stopped" start "$TAG"
	hull delete "$TAG"
	assert_nothing_left
}

@test "pause and resume" {
	requires_controller freezer
	bundle_args "$B" sh -c 'while :; do echo x >>/tmp/count; sleep 0.01; done'
	config "$B" '(.mounts[] | select(.destination == "/tmp")) = {destination: "/tmp", source: $tmp, options: ["bind"]}' --arg tmp "$SCRATCH"
	started
	wait_until 5 test -s "$SCRATCH/count"
	says 1 "container not paused" resume "$TAG"
	says 0 "" pause "$TAG"
	has_status "$TAG" paused
	before=$(wc -l <"$SCRATCH/count")
	sleep 0.1
	assert_equal "$(wc -l <"$SCRATCH/count")" "$before"
	says 1 "container paused" pause "$TAG" || says 1 "container not running" pause "$TAG"
	says 0 "" resume "$TAG"
	has_status "$TAG" running
	wait_until 5 eval '[[ $(wc -l <"$SCRATCH/count") -gt '"$before"' ]]'
}

@test "created and frozen is paused, resumed it can be started" {
	requires_controller freezer
	created
	hull pause "$TAG"
	has_status "$TAG" paused
	hull resume "$TAG"
	has_status "$TAG" created
	hull start "$TAG"
	has_status "$TAG" running
}

@test "on bare cgroup v2: pause, kill, delete" {
	requires_on_v2
	without_controllers "$B"
	detached on_v2 hull run -d -b "$B" "$TAG"
	assert_status 0
	on_v2 hull pause "$TAG"
	run on_v2 hull state "$TAG"
	assert_equal "$(jq -r .status <<<"$output")" paused
	run on_v2 hull exec "$TAG" true
	assert_status 255
	on_v2 hull resume "$TAG"
	run on_v2 hull exec "$TAG" sh -c 'echo in; exit 3'
	assert_status 3
	assert_equal "$output" in
	on_v2 hull pause "$TAG"
	on_v2 hull delete --force "$TAG"
	assert_nothing_left
}

@test "pid file: the number alone, and only when created" {
	detached hull create --pid-file "$SCRATCH/pid" -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(od -An -c "$SCRATCH/pid" | tr -d ' \n')" "$(pid_of "$TAG")"
	assert_equal "$(stat -c %a "$SCRATCH/pid")" 644
	hull delete --force "$TAG"
	cd "$SCRATCH"
	detached hull run -d --pid-file relative.pid -b "$B" "$TAG"
	assert_equal "$(cat "$SCRATCH/relative.pid")" "$(pid_of "$TAG")"
	hull delete --force "$TAG"
	rm "$SCRATCH/pid"
	bundle_args "$B" nosuchprogram
	run hull create --pid-file "$SCRATCH/pid" -b "$B" "$TAG"
	assert_status 1
	[[ ! -e $SCRATCH/pid ]]
}

@test "R-225 lc.frozen: what changes in the bundle later changes nothing" {
	probe
	bundle_args "$B" sh -c 'hostname; while :; do sleep 0.1; done'
	config "$B" '.hooks = {poststop: [{path: "/bin/touch", args: ["touch", $path]}]}' --arg path "$SCRATCH/stopped"
	created
	config "$B" '.hostname = "later" | .process.args = ["false"] | del(.hooks) | .process.cwd = "/nowhere" | .process.env = []'
	hull start "$TAG"
	run hull exec "$TAG" sh -c 'pwd; hostname'
	assert_equal "$output" $'/\nhull'
	rm "$B/config.json"
	run hull exec "$TAG" sh -c 'echo still'
	assert_equal "$output" still
	hull delete --force "$TAG"
	[[ -e $SCRATCH/stopped ]]
	assert_nothing_left
}

@test "run: exit status, removal, --keep, and signals passed on" {
	bundle_args "$B" sh -c 'exit 42'
	run hull run -b "$B" "$TAG"
	assert_status 42
	says 1 "container does not exist" state "$TAG"
	run hull run --keep -b "$B" "$TAG"
	assert_status 42
	has_status "$TAG" stopped
	hull delete "$TAG"
	bundle_args "$B" sh -c 'trap "exit 9" USR1; touch /tmp/ready; while :; do sleep 0.05; done'
	config "$B" '(.mounts[] | select(.destination == "/tmp")) = {destination: "/tmp", source: $tmp, options: ["bind"]}' --arg tmp "$SCRATCH"
	"$HULL" --root "$STATE" run -b "$B" "$TAG" </dev/null 3>&- &
	job=$!
	wait_until 5 test -e "$SCRATCH/ready"
	kill -USR1 $job
	wait $job || code=$?
	assert_equal "$code" 9
	assert_nothing_left
}

@test "run: standard streams go through" {
	bundle_args "$B" sh -c 'cat; echo error >&2'
	"$HULL" --root "$STATE" run -b "$B" "$TAG" <<<"from stdin" >"$SCRATCH/out" 2>"$SCRATCH/err"
	assert_equal "$(cat "$SCRATCH/out")" "from stdin"
	assert_equal "$(cat "$SCRATCH/err")" error
	# a pipe can be opened again by a user
	config "$B" '.process.user = {uid: 1000, gid: 1000}'
	bundle_args "$B" sh -c 'echo again >/dev/stdout'
	run hull run -b "$B" "$TAG"
	assert_equal "$output" again
}

@test "ps and list" {
	started
	pid=$(pid_of "$TAG")
	[[ $(hull ps -f json "$TAG" | jq "index($pid)") != null ]]
	hull ps "$TAG" | grep -q "$pid"
	run hull list -q
	assert_output_has "$TAG"
	assert_equal "$(hull list -f json | jq -r --arg id "$TAG" '.[] | select(.id == $id) | .status, .pid, .owner')" $'running\n'"$pid"$'\nroot'
}

@test "the annotations of a document are in state and list" {
	config "$B" '.annotations = {"a.b": "x \"quoted\" ü", "empty": ""}'
	created
	assert_equal "$(hull state "$TAG" | jq -c .annotations)" '{"a.b":"x \"quoted\" ü","empty":""}'
	assert_equal "$(hull list -f json | jq -c '.[0].annotations')" '{"a.b":"x \"quoted\" ü","empty":""}'
	hull delete "$TAG"
	config "$B" 'del(.annotations)'
	created
	assert_equal "$(hull state "$TAG" | jq 'has("annotations")')" false
}

@test "hull killed in the middle of create: delete --force leaves nothing" {
	config "$B" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "echo $PPID >$0.new && mv $0.new $0 && exec sleep 1000", $path]}]}' --arg path "$SCRATCH/hook"
	"$HULL" --root "$STATE" create -b "$B" "$TAG" </dev/null >/dev/null 2>&1 3>&- &
	job=$!
	wait_until 5 test -e "$SCRATCH/hook"
	run hull state "$TAG"
	assert_equal "$(cat "$SCRATCH/hook")" "$job"
	wait_until 2 pgrep -P $job -x sleep
	hook=$(pgrep -P $job -x sleep)
	kill -KILL $job
	wait $job || true
	hull delete --force "$TAG"
	kill -KILL "$hook" # the host's program, not the container's
	assert_nothing_left
}
