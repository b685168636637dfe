#!/usr/bin/env bats
# The distribution's containerd, driven by ctr, with hull behind containerd-shim-runc-v2. Everything is in the
# namespace $TAG: containerd makes the cgroups below /$TAG.

load engines

setup_file() {
	engine_setup
	[[ $EUID -eq 0 ]] && command -v containerd >/dev/null || return 0
	mkdir "$SCRATCH/containerd"
	cat >"$SCRATCH/containerd/config.toml" <<-END
		version = 2
		root = "$SCRATCH/containerd/root"
		state = "$SCRATCH/containerd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
		[grpc]
		  address = "$SCRATCH/containerd/sock"
	END
	start_daemon containerd containerd --config "$SCRATCH/containerd/config.toml"
	wait_until 30 ctr version >/dev/null 2>&1 || {
		tail -20 "$SCRATCH/containerd.log" >&2
		return 1
	}
	cni_network hull
	oci_archive docker.io/library/bb:latest
	ctr image import --snapshotter native "$SCRATCH/image.oci" >"$SCRATCH/import.log" 2>&1 || {
		cat "$SCRATCH/import.log" >&2
		return 1
	}
}

teardown_file() {
	ctr_remove_all
	engine_teardown
}

setup() {
	requires_engine containerd ctr containerd-shim-runc-v2
}

teardown() {
	ctr_remove_all
}

ctr() {
	in_engine env LANG=C ctr --address "$SCRATCH/containerd/sock" --namespace "$TAG" "$@"
}

# ctr_run ARGS… ID COMMAND…: `ctr run` of the image; options first, then `--`, then id and program.
ctr_run() {
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	local id=$1
	shift
	ctr run --snapshotter native --runtime io.containerd.runc.v2 --runc-binary "$HULL" "${options[@]}" \
		docker.io/library/bb:latest "$id" "$@"
}

ctr_remove_all() {
	local id
	for id in $(ctr task ls -q 2>/dev/null); do
		ctr task kill --all --signal KILL "$id" >/dev/null 2>&1
		wait_until 5 task_is "$id" STOPPED
		ctr task rm --force "$id" >/dev/null 2>&1
	done
	for id in $(ctr container ls -q 2>/dev/null); do
		ctr container rm "$id" >/dev/null 2>&1
	done
	return 0
}

task_is() {
	[[ $(ctr task ls 2>/dev/null | awk -v id="$1" '$1 == id { print $3 }') == "$2" ]]
}

@test "ctr run: output and exit status are the program's" {
	run ctr_run --rm -- one sh -c 'echo hello; echo there >&2; exit 7'
	assert_status 7
	assert_output_has hello
	assert_output_has there
}

@test "ctr run: through a link named runc" {
	run ctr run --rm --snapshotter native --runtime io.containerd.runc.v2 --runc-binary "$RUNC" docker.io/library/bb:latest link echo linked
	assert_status 0
	assert_output_has linked
}

@test "ctr run -d, task exec, ps, metrics, kill, rm" {
	run ctr_run -d --log-uri "file://$SCRATCH/ctr.log" -- web sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done'
	assert_status 0
	wait_until 10 grep -q up "$SCRATCH/ctr.log"
	run ctr task exec --exec-id e1 web sh -c 'echo inside; exit 5'
	assert_status 5
	assert_output_has inside
	run ctr task ps web
	assert_status 0
	[[ ${#lines[@]} -ge 2 ]]
	run ctr task metrics web
	assert_status 0
	assert_output_has pids.current
	run ctr task kill --signal TERM web
	assert_status 0
	wait_until 10 task_is web STOPPED
	run ctr task rm web
	assert_output_has "exit code 3"
	run ctr container rm web
	assert_status 0
	assert_no_containers
}

@test "ctr run -t and task exec -t: terminals" {
	run on_terminal bash -c "$(declare -f ctr ctr_run in_engine); ctr_run --rm -t -- tty sh -c 'tty; exit 6'"
	assert_status 6
	assert_output_has /dev/pts/0
	ctr_run -d -- tty2 sleep 100
	run on_terminal bash -c "$(declare -f ctr in_engine); ctr task exec -t --exec-id e2 tty2 sh -c 'tty; exit 4'"
	assert_status 4
	assert_output_has /dev/pts/
}

@test "ctr task pause and resume" {
	ctr_run -d -- still sleep 100
	run ctr task pause still
	assert_status 0
	task_is still PAUSED
	run ctr task resume still
	assert_status 0
	task_is still RUNNING
	run ctr task exec --exec-id e3 still echo on
	assert_output_has on
}

@test "ctr task kill --all, and container with a dead task removed by force" {
	ctr_run -d -- many sh -c 'sleep 100 & sleep 100'
	run ctr task kill --all --signal KILL many
	assert_status 0
	wait_until 10 task_is many STOPPED
	run ctr task rm --force many
	assert_output_has "exit code 137"
	ctr container rm many
	assert_no_containers
}

@test "ctr run --mount: a bind read-write and read-only, a tmpfs" {
	mkdir "$SCRATCH/vol"
	run ctr_run --rm --mount "type=bind,src=$SCRATCH/vol,dst=/vol,options=rbind:rw" -- rw sh -c 'echo kept >/vol/file'
	assert_status 0
	assert_equal "$(cat "$SCRATCH/vol/file")" kept
	run ctr_run --rm --mount "type=bind,src=$SCRATCH/vol,dst=/vol,options=rbind:ro" \
		--mount "type=tmpfs,dst=/data,options=size=1m" -- ro sh -c 'cat /vol/file; grep /data /proc/mounts; echo no >/vol/file'
	[[ $status -ne 0 ]]
	assert_output_has kept
	assert_output_has size=1024k
	assert_output_has "Read-only file system"
}

@test "ctr run --memory-limit --cpus: in the container's cgroup" {
	requires_cgroup_v1 memory
	run ctr_run -d --memory-limit 67108864 --cpus 0.5 -- lim sleep 100
	assert_status 0
	assert_equal "$(cat "$(cgroup_v1_dir memory)/$TAG/lim/memory.limit_in_bytes")" 67108864
	assert_equal "$(cat "$(cgroup_v1_dir cpu)/$TAG/lim/cpu.cfs_quota_us")" 50000
}

@test "ctr run --cgroup: a place of the caller's, and none at all" {
	requires_cgroup_v1 pids
	run ctr_run --rm --cgroup "/$TAG/own" -- cg cat /proc/self/cgroup
	assert_status 0
	assert_output_has "pids:/$TAG/own"
	run ctr_run --rm --cgroup "" -- "$TAG-none" cat /proc/self/cgroup
	assert_status 0
}

@test "ctr run --read-only --cwd --env --device, task exec --user" {
	run ctr_run -d --read-only --cwd /mnt --env A=b --device /dev/fuse -- usr sleep 100
	assert_status 0
	run ctr task exec --exec-id e4 usr sh -c 'pwd; echo $A; ls /dev/fuse; touch /tmp/x 2>&1'
	assert_equal "${lines[*]:0:3}" "/mnt b /dev/fuse"
	assert_output_has "Read-only file system"
	run ctr task exec --exec-id e5 --user 1000:1000 usr sh -c 'id -u; id -g'
	assert_equal "${lines[*]}" "1000 1000"
}

@test "ctr run --seccomp --no-new-privs --cap" {
	run ctr_run --rm --seccomp -- sec grep -E 'Seccomp:|CapBnd|NoNewPrivs' /proc/self/status
	assert_status 0
	assert_output_has "Seccomp:	2"
	assert_output_has "CapBnd:	00000000a80425fb"
	assert_output_has "NoNewPrivs:	1"
}

@test "ctr run --cap-add --cap-drop --allow-new-privs" {
	run ctr_run --rm --cap-add CAP_SYS_ADMIN --cap-drop CAP_CHOWN --allow-new-privs -- caps grep -E 'CapBnd|NoNewPrivs' /proc/self/status
	assert_status 0
	assert_output_has "CapBnd:	00000000a82425fa"
	assert_output_has "NoNewPrivs:	0"
}

@test "ctr run --with-ns --net-host: namespaces that are there already" {
	run ctr_run --rm --net-host --with-ns "ipc:/proc/$ENGINE_PID/ns/ipc" -- joined sh -c 'for ns in net ipc; do readlink /proc/self/ns/$ns; done'
	assert_status 0
	assert_equal "${lines[*]}" "$(in_engine readlink /proc/self/ns/net) $(in_engine readlink /proc/self/ns/ipc)"
}

@test "ctr run --rootfs-propagation rslave: accepted" {
	run ctr_run --rm --rootfs-propagation rslave -- slave echo runs
	assert_status 0
	assert_output_has runs
}

@test "ctr run --cni: an interface with an address of the CNI network" {
	[[ -x /usr/lib/cni/bridge ]] || skip "needs the CNI plugin bridge (containernetworking-plugins)"
	run ctr_run --rm --cni -- net ip -4 addr show dev eth0
	assert_status 0
	assert_output_has "inet 10.88.7."
}

@test "ctr run: a program that is missing or cannot be executed is an error that names it" {
	run ctr_run --rm -- miss no-such-program
	[[ $status -ne 0 ]]
	assert_output_has "no-such-program"
	assert_output_has "not found"
	run ctr_run --rm -- perm /etc/passwd
	[[ $status -ne 0 ]]
	assert_output_has "permission denied"
	assert_no_containers
}

@test "ctr run --config: a document of one's own" {
	rootfs "$SCRATCH/own/rootfs"
	jq --arg path "$SCRATCH/own/rootfs" '.root.path = $path | .linux.cgroupsPath = "/" + env.TAG + "/doc"' \
		"$TOP/config.json.example" >"$SCRATCH/own/config.json"
	run ctr run --rm --runtime io.containerd.runc.v2 --runc-binary "$HULL" --config "$SCRATCH/own/config.json" doc
	assert_status 0
	assert_output_has "hello from hull"
}

# The last one: it looks at what all those before have left.
@test "ctr: nothing of any container remains" {
	ctr_remove_all
	assert_nothing_remains "/run/containerd/runc/$TAG"
}
