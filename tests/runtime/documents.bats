#!/usr/bin/env bats
# What engines send is carried out: every document of tests/data/engines, checked from inside against what it
# asks for, fact by fact (tests/helpers/facts.jq).

# shellcheck disable=SC2034 # V2, WARNING and TERMINAL are read by documents.bash

load ../helpers/common
load ../helpers/runtime
load ../helpers/documents

setup() {
	requires_root
	requires_command jq nsenter busybox
	setup_scratch
	OURS=()
}

teardown() {
	end_ours
	teardown_scratch
}

# plain NAME: a document that needs nothing from this machine but its paths.
plain() {
	document "$1"
	carried_out
	own_program
}

# console: a console socket; what comes from the terminal is in $SCRATCH/output.
console() {
	requires_command script
	probe
	rm -f "$SCRATCH/console"
	"$PROBE" receive "$SCRATCH/console" "$SCRATCH/console-text" </dev/null >>"$SCRATCH/output" 2>&1 3>&- &
	OURS+=($!)
	wait_until 5 test -S "$SCRATCH/console"
}

# waiting NAME: the document's container, with a program that stays.
waiting() {
	document "$1"
	cp "$B/config.json" "$SCRATCH/own.json"
	config "$B" '.process.args = ["sleep", "300"] | .process.terminal = false'
	detached engine run --detach --bundle "$B" "$TAG"
	assert_status 0
}

# executes NAME OUTPUT: the document of an exec with its own program, then detached, then on a terminal.
executes() {
	put_right "$1" >"$SCRATCH/process.json"
	run engine exec --process "$SCRATCH/process.json" "$TAG"
	assert_status 0
	assert_equal "$output" "$2"
	exec_carried_out "$1" .
	console
	exec_carried_out "$1" '.terminal = true' --tty --console-socket "$SCRATCH/console"
}

# on_bare_v2 NAME [WARNING]: the document without the limits that need a controller, and with the cgroup
# namespace that all engines ask for on such a machine.
on_bare_v2() {
	requires_on_v2
	V2=1
	document "$1"
	WARNING=${2:-}
	config "$B" '(if .linux.resources.devices then .linux.resources |= {devices} else . end) |
		.linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])'
	if jq -e '.mounts[] | select(.type == "cgroup")' "$B/config.json" >/dev/null; then
		fact "own cgroup" "grep 0: /proc/self/cgroup" "0::/"
		fact "own processes" 'grep -cx $$ /sys/fs/cgroup/cgroup.procs; ls /sys/fs/cgroup/cgroup.type' "1 /sys/fs/cgroup/cgroup.type"
	fi
	carried_out
	own_program
}

# sees_state FILE STATUS: a hook was given the state document of this container.
sees_state() {
	jq -es --arg id "$TAG" --arg status "$2" --arg bundle "$B" \
		'.[0] | .id == $id and .status == $status and .bundle == $bundle and .pid > 0 and .ociVersion != null' <(head -n -1 "$1") || {
		cat "$1" >&2
		return 1
	}
}

@test "podman-01: all five kinds of hooks, with variable and time limit" {
	document podman-01
	carried_out
	for kind in prestart createRuntime createContainer poststart; do
		assert_equal "$(tail -1 "$SCRATCH/hooks/$kind")" b
	done
	assert_equal "$(tail -1 "$B/rootfs/hook")" b
	sees_state "$SCRATCH/hooks/prestart" creating
	sees_state "$SCRATCH/hooks/createRuntime" creating
	sees_state "$SCRATCH/hooks/createContainer" creating
	sees_state "$B/rootfs/hook" created
	sees_state "$SCRATCH/hooks/poststart" running
	own_program
}

@test "podman-02: privileged, with a hundred devices" {
	document podman-02
	carried_out
	own_program
}

@test "podman-03: a user namespace and an id-mapped bind" {
	requires_user_namespaces
	document podman-03
	# the owner is the host's root, which is the container's on this mount only
	fact "owner in /idm" "stat -c '%u %g' /idm/mark" "0 0"
	fact "owner of /etc/hosts" "stat -c '%u %g' /etc/hosts" "65534 65534"
	carried_out
	own_program
	assert_output_has "uid=0(root) gid=0(root)"
}

@test "podman-04: an overlay whose lower directory has a name of 300 bytes" {
	document podman-04
	lower=$(jq -r '.mounts[] | select(.type == "overlay").options[] | select(startswith("lowerdir=")) | .[9:]' "$B/config.json")
	[[ ${#lower} -gt 300 ]]
	mkdir -p "$lower" "$SCRATCH/upper" "$SCRATCH/work"
	echo lower >"$lower/file"
	fact "the lower file" "cat /ov/file" lower
	fact "a new file" "echo upper >/ov/new; ls /ov" "file new"
	carried_out
	assert_equal "$(<"$SCRATCH/upper/new")" upper
	[[ ! -e $lower/new ]]
	own_program
}

@test "podman-05: network, ipc and uts of another process" {
	holder
	document podman-05
	carried_out
	own_program
	assert_equal "$output" held-here
}

@test "podman-06: a user, read-only, tmpfs that copy up" {
	document podman-06
	echo below >"$B/rootfs/tmp/below"
	fact "what was below /tmp" "cat /tmp/below" below
	fact "the engine's users" "tail -n 1 /etc/passwd /etc/group | grep -c engine" 2
	fact "writing to /" "touch /new 2>&1 | grep -o 'Read-only.*'" "Read-only file system"
	fact "writing to /tmp" "touch /tmp/new && ls /tmp" "below new"
	carried_out
	[[ ! -e $B/rootfs/tmp/new ]]
	own_program
	assert_output_has "uid=1000(user) gid=1000(user) groups=44,1000(user)"
}

@test "podman-07: the process that holds a pod" {
	document podman-07
	carried_out
	# the program that it asks for is in Podman's image only
	config "$B" '.process.args = ["/bin/true"]'
	run engine run --bundle "$B" "$TAG"
	assert_status 0
	assert_nothing_left
}

@test "podman-08: sysctls of ipc and of the network" {
	plain podman-08
}

@test "podman-09: a secret within a directory of secrets" {
	plain podman-09
	assert_output_has "$SCRATCH/source/"
}

@test "podman-10: a shared root and binds of each propagation" {
	plain podman-10
}

@test "podman-11: as an init system wants it, with the systemd hierarchy" {
	[[ -d /sys/fs/cgroup/systemd ]] || skip "this machine has no cgroup hierarchy of systemd"
	document podman-11
	fact "the systemd hierarchy" "test -e /sys/fs/cgroup/systemd/cgroup.procs && echo there" there
	carried_out
	own_program
}

@test "podman-12: no seccomp, one masked path" {
	plain podman-12
}

@test "podman-13: another personality" {
	plain podman-13
}

@test "podman-14: a devpts without options beside the usual one" {
	plain podman-14
}

@test "podman-15: an init from outside" {
	plain podman-15
}

@test "podman-16: a directory for notifications" {
	plain podman-16
	assert_output_has NOTIFY_SOCKET=/run/notify/notify.sock
}

@test "docker-01: every limit, and a hook behind a magic link" {
	executable
	document docker-01
	WARNING="kernel memory settings are ignored"
	carried_out
	jq -e --arg id "$TAG" '.id == $id and .status == "creating"' "$SCRATCH/hooks/prestart"
	own_program
}

@test "docker-02: a user, read-only, a domain name" {
	executable
	document docker-02
	carried_out
	[[ -s $SCRATCH/hooks/prestart ]]
	own_program
	assert_output_has "uid=1000(user) gid=1000(user) groups=44,1000(user)"
}

@test "docker-03: network, pid and ipc of another process" {
	holder
	document docker-03
	# whose first process the container sees
	fact "the first process" "tr '\\0' ' ' </proc/1/cmdline" "sleep 300"
	carried_out
	kill -0 "$HOLDER"
	own_program
}

@test "docker-04: realtime time" {
	executable
	plain docker-04
}

@test "docker-05: a cgroup namespace" {
	executable
	document docker-05
	fact "own cgroup" "grep -c -v ':/\$' /proc/self/cgroup" 0
	carried_out
	own_program
	assert_output_has ":pids:/"
}

@test "containerd-01: limits, devices, read-only" {
	document containerd-01
	fact "the memory it may have" "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>&1 | grep -c ." 1
	carried_out
	own_program
}

@test "containerd-02: a profile of AppArmor" {
	document containerd-02
	if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; then
		config "$B" 'del(.process.apparmorProfile)'
	else
		WARNING="this machine has no AppArmor"
	fi
	carried_out
	own_program
}

@test "containerd-03: a terminal" {
	document containerd-03
	console
	carried_out --console-socket "$SCRATCH/console"
	TERMINAL=1 own_program
	assert_output_has tty
}

@test "buildah-01: no cgroupsPath, ambient capabilities" {
	document buildah-01
	WARNING="ambient ones have to be permitted and inheritable"
	carried_out
	own_program
	assert_equal "$(<"$B/rootfs/x")" built
}

@test "exec-podman-01 and -02: root, and a user with another bounding set" {
	waiting podman-12
	executes exec-podman-01 x
	executes exec-podman-02 "uid=1000(user) gid=1000(user)"
}

@test "exec-docker-01 and -02: root, and a privileged user" {
	executable
	waiting docker-05
	executes exec-docker-01 z
	executes exec-docker-02 "uid=1000(user) gid=1000(user) groups=1000(user)"
}

@test "exec-containerd-01 and -02: root and a user, without new privileges" {
	waiting containerd-03
	executes exec-containerd-01 y
	executes exec-containerd-02 "uid=1000(user) gid=1000(user) groups=1000(user)"
}

@test "cgroup v2: podman-16" {
	on_bare_v2 podman-16
}

@test "cgroup v2: docker-05" {
	executable
	on_bare_v2 docker-05
}

@test "cgroup v2: containerd-01" {
	on_bare_v2 containerd-01
}

@test "cgroup v2: buildah-01" {
	on_bare_v2 buildah-01 "ambient ones have to be permitted and inheritable"
}
