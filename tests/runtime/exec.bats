#!/usr/bin/env bats
# exec: a further process in a container.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

# executes WANT ARGS...: `hull exec ARGS` prints exactly WANT and ends with 0.
executes() {
	local want=$1
	shift
	run timeout 20 "$HULL" --root "$STATE" exec "$@"
	[[ $status -eq 0 && $output == "$want" ]] || {
		printf '%s\n' "exec $*: status $status" "$output" "want: $want" >&2
		return 1
	}
}

# process JQ: $SCRATCH/process.json, the document's process with this filter.
process() {
	jq ".process | $1" "$B/config.json" >"$SCRATCH/process.json"
}

@test "exec: in every namespace of the container, with the document's process" {
	config "$B" '.process.cwd = "/tmp" | .process.env += ["OF=document"] | .process.user.additionalGids = [5]'
	started
	executes $'hull\n/tmp\ndocument' "$TAG" sh -c 'hostname; pwd; echo $OF'
	pid=$(pid_of "$TAG")
	for ns in pid net ipc uts mnt cgroup user; do
		executes "$(readlink "/proc/$pid/ns/$ns")" "$TAG" readlink "/proc/self/ns/$ns"
	done
	executes "5 " "$TAG" sh -c 'grep Groups /proc/self/status | cut -f2'
}

@test "exec: --cwd, --env, --user, --additional-gids" {
	started
	executes /usr --cwd /usr "$TAG" pwd
	executes "b " --env A=a --env A=b --env E= "$TAG" sh -c 'echo "$A $E"'
	executes "1000 0" --user 1000 "$TAG" sh -c 'echo $(id -u) $(id -g)'
	executes "1000 1001" --user 1000:1001 "$TAG" sh -c 'echo $(id -u) $(id -g)'
	executes /home/user --user 1000 --env HOME= "$TAG" sh -c 'echo $HOME'
	executes "7 70000 " -g 7 -g 70000 "$TAG" sh -c 'grep Groups /proc/self/status | cut -f2'
}

@test "exec: the document's filter, capabilities and no_new_privs hold" {
	probe
	started
	like_first=$(hull exec "$TAG" sh -c "grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/1/status")
	executes "$like_first" "$TAG" sh -c "grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"
	assert_output_has $'NoNewPrivs:\t1\nSeccomp:\t2'
	executes EPERM "$TAG" probe syscall 165 0 0 0 0
}

@test "exec: --cap adds to bounding, effective, permitted, never to inheritable" {
	for set in bounding effective permitted; do
		config "$B" '.process.capabilities[$set] = ["CAP_KILL"]' --arg set $set
	done
	started
	executes $'0000000000000000\n0000000000002020\n0000000000002020\n0000000000002020\n0000000000000000' --cap CAP_NET_RAW "$TAG" \
		sh -c "grep Cap /proc/self/status | cut -f2"
	executes 1 --no-new-privs "$TAG" sh -c "grep NoNewPrivs /proc/self/status | cut -f2"
}

@test "exec: in the container's cgroup, with its limits" {
	requires_cgroup_v1 memory
	without_namespace cgroup
	config "$B" '.process.oomScoreAdj = 123'
	started
	executes "/$TAG-b" "$TAG" sh -c "grep :memory: /proc/self/cgroup | cut -d: -f3"
	executes "/$TAG-b" "$TAG" sh -c "grep :pids: /proc/self/cgroup | cut -d: -f3"
}

@test "exec: a full pids cgroup" {
	requires_cgroup_v1 pids
	config "$B" '.linux.resources.pids.limit = 1'
	bundle_args "$B" sleep 1000
	started
	executes in "$TAG" echo in
}

@test "exec: --cgroup below the container's own" {
	requires_cgroup_v1 memory
	without_namespace cgroup
	started
	dir=$(cgroup_dir "$B" memory)
	mkdir "$dir/sub"
	executes "/$TAG-b/sub" --cgroup memory:sub "$TAG" sh -c "grep :memory: /proc/self/cgroup | cut -d: -f3"
	for pair in '../x:bad sub cgroup path' 'nosuch:sub:unknown controller nosuch'; do
		run hull exec --cgroup "${pair%:*}" "$TAG" true
		assert_status 255
		assert_output_has "${pair##*:}"
	done
}

@test "exec: process.json says everything, what it lacks is the container's" {
	started
	process '.args = ["sh", "-c", "pwd; echo $X; id -u; grep CapBnd /proc/self/status | cut -f2"] | .cwd = "/usr" | .env = ["X=file", "PATH=/bin"] | .user = {uid: 1000, gid: 0} | del(.capabilities)'
	bound=$(hull exec "$TAG" sh -c "grep CapBnd /proc/self/status | cut -f2")
	executes $'/usr\nfile\n1000\n'"$bound" --process "$SCRATCH/process.json" "$TAG"
}

@test "exec: the documents of engines" {
	started
	for file in "$TOP"/tests/data/engines/exec-*.json; do
		[[ -e $file ]] || skip "no documents of engines in the tree"
		jq '.args = ["echo", "executed"] | .terminal = false | .rlimits = [] | .cwd = "/" | del(.apparmorProfile, .selinuxLabel) | .user.additionalGids = []' "$file" >"$SCRATCH/process.json"
		run hull exec --process "$SCRATCH/process.json" "$TAG"
		assert_equal "$status ${output##*$'\n'}" "0 executed"
	done
}

@test "exec: exit statuses" {
	started
	for code in 0 1 42 126 127 255; do
		detached hull exec "$TAG" sh -c "exit $code"
		assert_status $code
	done
	for signal in TERM KILL SEGV; do
		detached hull exec "$TAG" sh -c "kill -$signal \$\$"
		assert_status $((128 + $(kill -l $signal)))
	done
}

@test "exec: what cannot be run, in runc's words, with 255" {
	echo 'no program' >"$B/rootfs/usr/lib/bad"
	chmod 755 "$B/rootfs/usr/lib/bad"
	started
	while IFS='|' read -r program message; do
		run hull --log "$SCRATCH/log" exec "$TAG" "$program"
		assert_status 255
		[[ $output == "exec failed: "*"$message"* ]] || {
			echo "$output" >&2
			false
		}
		one_line
	done <<'END'
nosuch|exec: "nosuch": executable file not found in $PATH
/bin/nosuch|exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory
/etc/passwd|exec: "/etc/passwd": permission denied
/etc|exec: "/etc": is a directory
END
	run hull exec "$TAG" /usr/lib/bad
	assert_status 255
	assert_output_has 'exec format error'
	run hull exec --cwd /no/such "$TAG" pwd
	[[ $status -eq 255 || $output == /no/such ]]
	run hull exec --cwd relative "$TAG" true
	assert_status 255
	assert_output_has 'Cwd must be an absolute path'
}

@test "exec: in a created, a paused and a stopped container" {
	created
	executes in "$TAG" echo in
	has_status "$TAG" created
	hull start "$TAG"
	hull pause "$TAG"
	run hull --log "$SCRATCH/log" exec "$TAG" true
	assert_equal "$status $output" "255 exec failed: cannot exec in a paused container (use --ignore-paused to override)"
	hull resume "$TAG"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	run hull --log "$SCRATCH/log" exec "$TAG" true
	assert_equal "$status $output" "255 exec failed: cannot exec in a stopped container"
}

@test "exec: streams go through" {
	started
	run bash -c 'echo input | "$@"' sh "$HULL" --root "$STATE" exec "$TAG" sh -c 'cat; echo error >&2'
	assert_equal "$output" $'input\nerror'
	executes again --user 1000 "$TAG" sh -c 'echo again >/dev/stdout'
}

@test "exec: --detach and --pid-file" {
	started
	detached hull exec -d --pid-file "$SCRATCH/pid" "$TAG" sleep 1000
	assert_status 0
	pid=$(cat "$SCRATCH/pid")
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 "
	[[ $(hull ps -f json "$TAG" | jq "index($pid)") != null ]]
	# what hull was is gone, and its end is not the process's
	[[ -d /proc/$pid ]]
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "exec: --pidfd-socket gives a pidfd of the process" {
	probe
	started
	"$PROBE" pidfd "$SCRATCH/socket" "$SCRATCH/kind" 3>&- &
	wait_until 5 awk -v path="$SCRATCH/socket" '$NF == path && $4 == "00010000" { found = 1 } END { exit !found }' /proc/net/unix
	detached hull exec --pidfd-socket "$SCRATCH/socket" "$TAG" sleep 1000
	assert_status 137
	assert_equal "$(cat "$SCRATCH/kind")" setns
}

@test "exec: many at once" {
	config "$B" '.linux.resources.pids.limit = -1'
	started
	for i in $(seq 20); do
		hull exec "$TAG" sh -c "exit $i" 3>&- &
		jobs[i]=$!
	done
	for i in $(seq 20); do
		code=0
		wait "${jobs[i]}" || code=$?
		assert_equal "$code" "$i"
	done
}

@test "exec: the container's end ends it" {
	started
	hull exec "$TAG" sleep 1000 3>&- &
	job=$!
	wait_until 5 eval '[[ $(hull ps -f json "$TAG" | jq length) -ge 2 ]]'
	hull kill "$TAG" KILL
	code=0
	wait $job || code=$?
	assert_equal $code 137
}

@test "exec: a container of joined namespaces" {
	started
	first=$(pid_of "$TAG")
	for pair in network:net ipc:ipc uts:uts pid:pid; do
		namespace_path "${pair%:*}" "/proc/$first/ns/${pair#*:}"
	done
	config "$B" 'del(.hostname, .linux.sysctl) | .linux.cgroupsPath += "-2"'
	started "$TAG-2"
	for ns in net ipc uts pid; do
		executes "$(readlink "/proc/$first/ns/$ns")" "$TAG-2" readlink "/proc/self/ns/$ns"
	done
}

@test "exec: a container without any namespace but mount" {
	for ns in pid network ipc uts cgroup; do
		without_namespace $ns
	done
	config "$B" 'del(.hostname, .linux.sysctl)'
	started
	executes "$(uname -n)" "$TAG" hostname
}

@test "exec has the container's filter, by the document in brief and by the whole one" {
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: [],
		syscalls: [{names: ["chmod", "fchmodat", "fchmodat2"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}'
	bundle_args "$B" sleep 100
	started
	[[ -s $STATE/$TAG/brief.json && -s $STATE/$TAG/filter ]]
	run jq -e '.linux.seccomp == null and .process.args == ["sleep", "100"]' "$STATE/$TAG/brief.json"
	assert_status 0
	run ! "$HULL" --root "$STATE" exec "$TAG" chmod 700 /tmp
	[[ $output == *"No space left"* ]]
	truncate -s 20 "$STATE/$TAG/filter"
	run "$HULL" --root "$STATE" exec "$TAG" true
	assert_status 255
	[[ $output == *"filter is damaged"* ]]
	rm "$STATE/$TAG/brief.json" "$STATE/$TAG/filter"
	run ! "$HULL" --root "$STATE" exec "$TAG" chmod 700 /tmp
	[[ $output == *"No space left"* ]]
}
