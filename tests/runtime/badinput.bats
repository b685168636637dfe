#!/usr/bin/env bats
# Bad input of every kind gets a clear error of one line and leaves nothing: no mount, cgroup, process
# or directory.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	mounts_before=$(wc -l </proc/self/mountinfo)
}

teardown() {
	teardown_scratch
}

# rejects TEXT: create refuses $B with one line that has TEXT, and leaves nothing; the first time in a test
# run is asked too.
rejects() {
	refuses "$1" create -b "$B" "$TAG"
	[[ -n ${run_was_asked:-} ]] || refuses "$1" run -b "$B" "$TAG"
	run_was_asked=1
	assert_equal "$(wc -l </proc/self/mountinfo)" "$mounts_before"
}

@test "bundle: missing, a file, a FIFO, unreadable config" {
	refuses "$SCRATCH/none" create -b "$SCRATCH/none" "$TAG"
	refuses 'config.json' create -b "$SCRATCH/b/rootfs" "$TAG"
	: >"$SCRATCH/file"
	refuses "$SCRATCH/file" create -b "$SCRATCH/file" "$TAG"
	mkfifo "$SCRATCH/fifo"
	refuses "$SCRATCH/fifo" create -b "$SCRATCH/fifo" "$TAG"
	refuses '' create -b "" "$TAG"
	refuses '' create -b "$(printf '%05000d' 0)" "$TAG"
}

@test "config.json: a FIFO, a directory, a device, a dangling link, a socket" {
	rm "$B/config.json"
	mkfifo "$B/config.json"
	rejects config.json
	rm "$B/config.json"
	mkdir "$B/config.json"
	rejects config.json
	rmdir "$B/config.json"
	ln -s /dev/zero "$B/config.json"
	rejects config.json
	ln -sfn nowhere "$B/config.json"
	rejects config.json
}

@test "config.json: empty, blank, truncated at many places" {
	whole=$(jq -c . "$B/config.json")
	for text in '' ' ' '{' '[]' 'null' '""' '{}' "${whole:0:10}" "${whole:0:500}" "${whole:0:${#whole}-1}"; do
		printf %s "$text" >"$B/config.json"
		refuses config.json create -b "$B" "$TAG"
	done
}

@test "config.json: not JSON, not UTF-8, a NUL, trailing text, a duplicate key" {
	whole=$(cat "$B/config.json")
	for tail in x '{}' ',' '"' ']' '}'; do
		printf '%s\n%s\n' "$whole" "$tail" >"$B/config.json"
		rejects config.json
	done
	printf '%s\0' "$whole" >"$B/config.json"
	rejects config.json
	printf '%s' "${whole/hull/h$'\xff'll}" >"$B/config.json"
	rejects config.json
	printf '%s' "${whole/\"hull\"/\"h\\u0000ll\"}" >"$B/config.json"
	rejects config.json
	printf '%s' "${whole/\{/\{\"ociVersion\": \"1.0.2\",}" >"$B/config.json"
	rejects ociVersion
	printf '%s' "${whole/\"hostname\"/\"unknown\": {\"a\": 1, \"a\": 2\}, \"hostname\"}" >"$B/config.json"
	rejects '"a"'
	printf "{'ociVersion': '1.0.2'}" >"$B/config.json"
	rejects config.json
}

@test "config.json: 100 MB" {
	{
		printf '{"ociVersion": "1.2.0", "annotations": {"a": "'
		head -c 104857600 /dev/zero | tr '\0' x
		printf '"}}'
	} >"$B/config.json"
	refuses config.json create -b "$B" "$TAG"
	truncate -s 100M "$B/config.json"
	refuses config.json create -b "$B" "$TAG"
}

@test "config.json: nested two million deep" {
	for open in '[' '{"a":'; do
		{
			printf '{"ociVersion": "1.2.0", "x": '
			yes "$open" | head -n 2000000 | tr -d '\n'
		} >"$B/config.json"
		refuses config.json create -b "$B" "$TAG"
	done
}

@test "config.json: wrong types are named by their path" {
	cp "$B/config.json" "$SCRATCH/good.json"
	while IFS='|' read -r filter name; do
		cp "$SCRATCH/good.json" "$B/config.json"
		config "$B" "$filter"
		refuses "$name" create -b "$B" "$TAG"
	done <<'END'
.ociVersion = 1|ociVersion
.process = []|process
.process.args = "sh"|args
.process.args = []|args
.process.args = [1]|args
.process.env = {}|env
.process.env = ["NOEQUALS"]|env
.process.user.uid = "0"|uid
.process.user.uid = 1.5|uid
.process.user.uid = 4294967296|uid
.process.terminal = "yes"|terminal
.process.noNewPrivileges = 1|noNewPrivileges
.process.capabilities.bounding = "ALL"|bounding
.process.rlimits[0].soft = "1"|soft
.root = "rootfs"|root
.root.readonly = 0|readonly
.mounts = {}|mounts
.mounts[0].options = "ro"|options
.mounts[0].destination = null|destination
.hooks.prestart = {}|prestart
.hooks.prestart = [{"path": 5}]|path
.annotations = []|annotations
.annotations.a = 1|annotations
.annotations[""] = "x"|annotations
.linux.namespaces[0].type = "nonsense"|nonsense
.linux.resources.memory.limit = "64M"|limit
.linux.resources.pids.limit = 9223372036854775808000|limit
.linux.seccomp.defaultAction = "SCMP_ACT_NONE"|defaultAction
.linux.seccomp.syscalls[0].names = []|names
.linux.seccomp.syscalls[0].args = [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]|index
.linux.cgroupsPath = "/a/../../b"|cgroup
.linux.maskedPaths = "/x"|maskedPaths
END
}

@test "R-013 ver.semver, R-014 ver.compat: versions" {
	for version in "" 1 1.0 v1.0.0 2.0.0 0.9.0 01.0.0 1.0.0-01 latest; do
		config "$B" '.ociVersion = $version' --arg version "$version"
		refuses ociVersion create -b "$B" "$TAG"
	done
	config "$B" 'del(.ociVersion)'
	refuses ociVersion create -b "$B" "$TAG"
	bundle_args "$B" true
	for version in 1.0.0 1.0.2-dev 1.1.0-rc.3 1.3.0+dev 1.3.0; do
		config "$B" '.ociVersion = $version' --arg version "$version"
		run hull run -b "$B" "$TAG"
		assert_status 0
	done
}

@test "R-006 ext.ignore: what is unknown is ignored, everywhere" {
	config "$B" '.unknown = {a: [1, {b: null}]} | .process.unknown = "x" | .linux.unknown = 1 | .mounts[0].unknown = true |
		.windows = {layerFolders: 5} | .vm = [] | .solaris = 1 | .linux.resources.unknown = 1 | .annotations["x.unknown"] = ""'
	inside 'echo fine'
	assert_status 0
	assert_equal "$output" fine
}

@test "id: exists, too long, with a slash, none at all" {
	started
	for word in create run; do
		run timeout 20 "$HULL" --root "$STATE" --log "$SCRATCH/log" "$word" -b "$B" "$TAG"
		assert_status 1
		one_line
		assert_output_has 'container with given ID already exists'
	done
	has_status "$TAG" running
	[[ -d $(cgroup_dir "$B" memory) ]]
	hull delete --force "$TAG"
	refuses 'invalid container ID format' create -b "$B" "$(printf '%0256d' 0)"
	for id in a/b ../x . .. 'a b' $'a\nb'; do
		refuses 'invalid container ID format' create -b "$B" "$id"
	done
	refuses 'container id' create -b "$B" "" || refuses 'container ID' create -b "$B" ""
}

@test "id: the longest" {
	bundle_args "$B" true
	id=$TAG$(printf "%0$((255 - ${#TAG}))d" 0)
	config "$B" 'del(.linux.cgroupsPath)'
	run hull run -b "$B" "$id"
	assert_status 0
	assert_nothing_left
}

@test "console socket: nobody listens, missing, no socket, wrong kind of process" {
	probe
	config "$B" '.process.terminal = true'
	"$PROBE" deaf "$SCRATCH/deaf"
	refuses "$SCRATCH/deaf" create --console-socket "$SCRATCH/deaf" -b "$B" "$TAG"
	refuses "$SCRATCH/none" create --console-socket "$SCRATCH/none" -b "$B" "$TAG"
	: >"$SCRATCH/file"
	refuses "$SCRATCH/file" create --console-socket "$SCRATCH/file" -b "$B" "$TAG"
	mkfifo "$SCRATCH/fifo"
	refuses "$SCRATCH/fifo" create --console-socket "$SCRATCH/fifo" -b "$B" "$TAG"
	refuses 'cannot allocate tty if hull will detach without setting console socket' create -b "$B" "$TAG"
	refuses 'cannot allocate tty if hull will detach without setting console socket' run -d -b "$B" "$TAG"
	config "$B" '.process.terminal = false'
	refuses 'cannot use console socket if hull will not detach or allocate tty' create --console-socket "$SCRATCH/deaf" -b "$B" "$TAG"
}

@test "console socket: it closes without taking the terminal" {
	requires_command python3
	config "$B" '.process.terminal = true'
	bundle_args "$B" true
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); open(sys.argv[1] + ".up", "w")
s.accept()[0].close()' "$SCRATCH/socket" 3>&- &
	wait_until 5 test -e "$SCRATCH/socket.up"
	# whether the message still went out or not: no hang, and nothing left
	detached timeout 20 "$HULL" --root "$STATE" create --console-socket "$SCRATCH/socket" -b "$B" "$TAG"
	[[ $status -le 1 ]]
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "a full disk under the state root" {
	for size in 4k 8k 12k 16k; do
		# shellcheck disable=SC2016
		run timeout 60 unshare -m --propagation private sh -c '
			mkdir -p "$1" && mount -t tmpfs -o size='$size',mode=700 full "$1" && state=$1 hull=$2 bundle=$3 id=$4
			dd if=/dev/zero of="$state/.fill" bs=1k 2>/dev/null
			"$hull" --root "$state" --log "$state.log" create -b "$bundle" "$id" </dev/null >"$state.out" 2>&1; code=$?
			cat "$state.out"; ls "$state"; rm -f "$state.log"; exit $code' \
			sh "$STATE" "$HULL" "$B" "$TAG"
		assert_status 1
		assert_output_has 'no space left on device'
		one_line
		rmdir "$STATE"
		assert_nothing_left
	done
}

@test "a state root that cannot be: a file, below a file, not ours" {
	echo >"$SCRATCH/file"
	bundle_args "$B" true
	for root in "$SCRATCH/file" "$SCRATCH/file/below" /proc/x; do
		run "$HULL" --root "$root" --log "$SCRATCH/log" run -b "$B" "$TAG"
		assert_status 1
		one_line
		assert_output_has "$root"
	done
	assert_nothing_left
}

@test "pid file: a directory that is missing, a directory in its place" {
	mkdir "$SCRATCH/dir"
	for path in /nowhere/pid "$SCRATCH/dir"; do
		refuses "$path" create --pid-file "$path" -b "$B" "$TAG"
		refuses "$path" run -d --pid-file "$path" -b "$B" "$TAG"
	done
	assert_equal "$(ls -A "$SCRATCH/dir")" ""
}

@test "a hook that fails or hangs is the error, and nothing is left" {
	for kind in prestart createRuntime createContainer; do
		config "$B" '.hooks = {($kind): [{path: "/bin/sh", args: ["sh", "-c", "echo said >&2; exit 3"]}]}' --arg kind $kind
		rejects "error running $kind hook #0: exit status 3"
		assert_output_has said
		config "$B" '.hooks = {($kind): [{path: "/bin/sleep", args: ["sleep", "1000"], timeout: 1}]}' --arg kind $kind
		refuses "hook ran past specified timeout of 1.0s" create -b "$B" "$TAG"
		config "$B" '.hooks = {($kind): [{path: "/no/such/hook"}]}' --arg kind $kind
		refuses "error running $kind hook #0" create -b "$B" "$TAG"
	done
}

@test "hooks that no document may have" {
	for hook in '{"path": "bin/sh"}' '{"path": ""}' '{}' '{"path": "/bin/sh", "timeout": 0}' '{"path": "/bin/sh", "timeout": -1}' \
		'{"path": "/bin/sh", "args": "x"}'; do
		config "$B" '.hooks = {poststop: [$hook]}' --argjson hook "$hook"
		refuses 'poststop' create -b "$B" "$TAG"
	done
}

@test "a limit that cannot be set is the error, and no cgroup is left" {
	requires_cgroup_v1 cpuset
	config "$B" '.linux.resources.cpu.cpus = "4000"'
	rejects 'cpuset'
	config "$B" '.linux.resources.cpu = {quota: 1, period: 100000}'
	rejects 'cpu'
	config "$B" '.linux.resources.cpu = {} | .linux.resources.memory.limit = 1000'
	detached timeout 20 "$HULL" --root "$STATE" create -b "$B" "$TAG"
	[[ $status -eq 0 ]] || assert_nothing_left
}

@test "a seccomp profile that cannot be" {
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["write"], action: "SCMP_ACT_NOTIFY"}]}'
	rejects ''
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x"}'
	rejects 'listenerMetadata'
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["read"], action: "SCMP_ACT_KILL", errnoRet: 1}]}'
	rejects 'errnoRet'
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_NONE"]}'
	rejects 'SCMP_ARCH_NONE'
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["NONE"]}'
	rejects 'NONE'
}

@test "an error leaves what was there before" {
	requires_cgroup_v1 memory
	local tops top
	tops=$(awk '$0 ~ / - cgroup2? / { print $5 }' /proc/self/mountinfo)
	for top in $tops; do
		mkdir "$top/$TAG-kept"
	done
	config "$B" '.linux.cgroupsPath = $path | .mounts += [{destination: "/mnt", type: "nosuchfs", source: "x"}]' --arg path "/$TAG-kept/b"
	run timeout 20 "$HULL" --root "$STATE" create -b "$B" "$TAG"
	assert_status 1
	for top in $tops; do
		[[ ! -e $top/$TAG-kept/b ]]
		rmdir "$top/$TAG-kept"
	done
	assert_nothing_left
}

@test "update and exec: bad input does not harm the container" {
	started
	for text in '' '{' '[]' '{"memory": {"limit": "x"}}' '{"pids": {"limit": 1}} x'; do
		run hull update --resources - "$TAG" <<<"$text"
		assert_status 1
		one_line
	done
	mkfifo "$SCRATCH/fifo"
	for file in "$SCRATCH/none" "$SCRATCH/fifo" "$SCRATCH" /dev/null; do
		run timeout 10 "$HULL" --root "$STATE" exec --process "$file" "$TAG"
		assert_status 255
		one_line
	done
	for text in '{' '{}' '{"args": []}' '{"args": ["true"], "cwd": "x"}' '{"args": ["true"], "cwd": "/", "user": {"uid": -1}}'; do
		printf %s "$text" >"$SCRATCH/process.json"
		run timeout 10 "$HULL" --root "$STATE" exec --process "$SCRATCH/process.json" "$TAG"
		assert_status 255
		one_line
	done
	has_status "$TAG" running
}
