#!/usr/bin/env bats
# The distribution's Podman with hull as its runtime.

load engines

setup_file() {
	engine_setup
	[[ $EUID -eq 0 ]] && command -v podman >/dev/null || return 0
	mkdir "$SCRATCH/podman"
	# Where CAP_SYS_RESOURCE is missing, Podman's own defaults for rlimits cannot be had; an event or
	# health journal needs systemd.
	cat >"$SCRATCH/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		[network]
		network_backend = "cni"
		network_config_dir = "/etc/cni/net.d"
	END
	cni_network hull
	podman import --quiet "$SCRATCH/image.tar" bb >"$SCRATCH/import.log" 2>&1 || cat "$SCRATCH/import.log" >&2
}

teardown_file() {
	if [[ -n ${ENGINE_PID:-} && -d ${SCRATCH:-}/podman ]]; then
		podman pod rm --all --force --time 0 >/dev/null 2>&1 || true
		podman rm --all --force --time 0 >/dev/null 2>&1 || true
	fi
	engine_teardown
}

setup() {
	requires_engine podman
}

teardown() {
	podman rm --all --force --time 0 >/dev/null 2>&1 || true
}

podman() {
	in_engine env CONTAINERS_CONF="$SCRATCH/containers.conf" podman --root "$SCRATCH/podman/root" \
		--runroot "$SCRATCH/podman/run" --tmpdir "$SCRATCH/podman/tmp" --runtime "$HULL" "$@"
}

# podman run with this file's cgroup parent; no network unless one is asked for later in the line.
prun() {
	podman run --cgroup-parent "/$TAG" --network none "$@"
}

@test "podman run: output and exit status are the program's" {
	run prun --rm bb sh -c 'echo hello; echo there >&2; exit 7'
	assert_status 7
	assert_output_has hello
	assert_output_has there
}

@test "podman run -i: standard input reaches the program" {
	run bash -c "$(declare -f podman prun in_engine); echo through a pipe | prun --rm -i bb tr a-z A-Z"
	assert_status 0
	assert_output_has "THROUGH A PIPE"
}

@test "podman run -d, logs, exec, stop, rm" {
	run prun -d --name web bb sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done'
	assert_status 0
	wait_until 10 podman_logs_have web up
	run podman exec -e WORD=inside web sh -c 'echo $WORD; exit 5'
	assert_status 5
	assert_output_has inside
	run podman stop web
	assert_status 0
	assert_equal "$(podman inspect -f '{{.State.Status}} {{.State.ExitCode}}' web)" "exited 3"
	run podman rm web
	assert_status 0
	assert_no_containers
}

podman_logs_have() {
	podman logs "$1" 2>&1 | grep -q "$2"
}

@test "podman run -t: a terminal of the container's own" {
	run on_terminal bash -c "$(declare -f podman prun in_engine); prun --rm -t bb sh -c 'tty; stty size'"
	assert_status 0
	assert_output_has /dev/pts/0
}

@test "podman exec -t: a terminal for the exec process" {
	prun -d --name tty bb sleep 100
	run on_terminal bash -c "$(declare -f podman in_engine); podman exec -t tty sh -c 'tty; exit 4'"
	assert_status 4
	assert_output_has /dev/pts/
}

@test "podman pause and unpause: no process runs in between" {
	prun -d --name still bb sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.02; done'
	wait_until 10 podman exec still test -s /count
	run podman pause still
	assert_status 0
	assert_equal "$(podman inspect -f '{{.State.Status}}' still)" paused
	local count
	count=$(podman mount still)/count
	local first
	first=$(in_engine cat "$count")
	sleep 0.3
	assert_equal "$(in_engine cat "$count")" "$first"
	run podman unpause still
	assert_status 0
	wait_until 5 counts_on "$count" "$first"
}

counts_on() {
	[[ $(in_engine cat "$1") != "$2" ]]
}

@test "podman kill: the signal reaches the first process" {
	prun -d --name sig bb sh -c 'trap "echo got USR1; exit 9" USR1; echo up; while :; do sleep 0.1; done'
	wait_until 10 podman_logs_have sig up
	run podman kill --signal USR1 sig
	assert_status 0
	run podman wait sig
	assert_output_has 9
	podman_logs_have sig "got USR1"
}

@test "podman rm -f: a running container goes, with its cgroup" {
	run prun -d --name gone bb sleep 1000
	assert_status 0
	local id=$output
	leftover_cgroups | grep -q "$id"
	run podman rm --force --time 0 gone
	assert_status 0
	wait_until 5 no_cgroup_of "$id"
}

no_cgroup_of() {
	! leftover_cgroups | grep "$1" | grep -qv conmon
}

@test "podman start: a stopped container starts once more" {
	run prun --name again bb sh -c 'echo x >>/runs; wc -l </runs'
	assert_output_has 1
	run podman start --attach again
	assert_status 0
	assert_output_has 2
}

@test "podman run -v: a directory read-write and read-only, and a named volume" {
	mkdir "$SCRATCH/vol"
	run prun --rm -v "$SCRATCH/vol:/vol" bb sh -c 'echo kept >/vol/file'
	assert_status 0
	assert_equal "$(cat "$SCRATCH/vol/file")" kept
	run prun --rm -v "$SCRATCH/vol:/vol:ro" bb sh -c 'cat /vol/file; echo no >/vol/file'
	[[ $status -ne 0 ]]
	assert_output_has kept
	assert_output_has "Read-only file system"
	run prun --rm -v named:/vol bb sh -c 'echo named >/vol/file'
	assert_status 0
	run prun --rm -v named:/vol bb cat /vol/file
	assert_output_has named
}

@test "podman run -v DIR:DIR:O: an overlay volume leaves the directory as it was" {
	mkdir "$SCRATCH/lower"
	echo lower >"$SCRATCH/lower/file"
	run prun --rm -v "$SCRATCH/lower:/vol:O" bb sh -c 'cat /vol/file; echo upper >/vol/file; cat /vol/file'
	assert_status 0
	assert_output_has lower
	assert_output_has upper
	assert_equal "$(cat "$SCRATCH/lower/file")" lower
}

@test "podman run --memory --pids-limit --cpus --cpuset-cpus: seen inside" {
	requires_cgroup_v1 memory
	run prun --rm --memory 64m --pids-limit 33 --cpus 0.5 --cpuset-cpus 0 bb sh -c '
		cd /sys/fs/cgroup
		cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpuset/cpuset.cpus
		grep Cpus_allowed_list /proc/self/status'
	assert_status 0
	assert_equal "$(echo "${lines[*]}" | tr -s '\t ' ' ')" "67108864 33 50000 100000 0 Cpus_allowed_list: 0"
}

@test "podman run --memory: the container that takes more is ended" {
	requires_controller memory
	run prun --rm --memory 16m --memory-swap 16m bb tail /dev/zero
	assert_status 137
}

@test "podman update: a limit of a running container" {
	requires_cgroup_v1 memory
	prun -d --name upd --memory 64m bb sleep 100
	run podman update --memory 32m --memory-swap 64m upd
	assert_status 0
	run podman exec upd cat /sys/fs/cgroup/memory/memory.limit_in_bytes
	assert_equal "$output" 33554432
}

@test "podman run --user: ids, groups, and no capability left" {
	run prun --rm --user 1000:1000 --group-add 44 bb sh -c 'id -u; id -g; id -G; grep CapEff /proc/self/status'
	assert_status 0
	assert_equal "$(echo "${lines[*]}" | tr -s '\t ' ' ')" "1000 1000 1000 44 CapEff: 0000000000000000"
}

@test "podman run --read-only --tmpfs: the root is read-only, the tmpfs is not" {
	run prun --rm --read-only --tmpfs /data:size=1m,mode=1777 bb sh -c '
		touch /file || echo refused
		echo ok >/data/file && cat /data/file
		grep " /data " /proc/mounts'
	assert_status 0
	assert_output_has refused
	assert_output_has "tmpfs /data tmpfs rw,nosuid,nodev"
	assert_output_has size=1024k
}

@test "podman run --tmpfs: what the image has there is copied up" {
	run prun --rm --tmpfs /etc bb cat /etc/group
	assert_status 0
	assert_output_has wheel
}

@test "podman run --init: catatonit is process 1" {
	requires_command catatonit
	run prun --rm --init bb ps -o pid,comm
	assert_status 0
	[[ ${lines[1]} =~ ^\ *1\ (podman-init|catatonit) ]]
}

@test "podman run --hostname --sysctl --env --workdir --ulimit --shm-size" {
	run prun --rm --hostname name --sysctl kernel.msgmax=4096 --env A=b --workdir /mnt --ulimit nofile=99:100 \
		--ulimit nproc=1024:1024 \
		--shm-size 2m bb sh -c 'hostname; cat /proc/sys/kernel/msgmax; echo $A; pwd; ulimit -n
		ulimit -Hn; grep " /dev/shm " /proc/mounts'
	assert_status 0
	assert_equal "${lines[*]:0:6}" "name 4096 b /mnt 99 100"
	[[ ${lines[6]} == *size=2048k* ]]
}

@test "podman run: the default profile and capabilities, and those that were asked for" {
	run prun --rm bb grep -E 'Seccomp:|CapBnd|NoNewPrivs' /proc/self/status
	assert_status 0
	assert_output_has "Seccomp:	2"
	assert_output_has "NoNewPrivs:	0"
	run prun --rm --cap-drop all --cap-add chown --security-opt no-new-privileges bb grep -E 'CapBnd|NoNewPrivs' /proc/self/status
	assert_status 0
	assert_output_has "CapBnd:	0000000000000001"
	assert_output_has "NoNewPrivs:	1"
	run prun --rm --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status
	assert_output_has "Seccomp:	0"
}

@test "podman run --device: its node, and no other device can be opened" {
	requires_cgroup_v1 devices
	run prun --rm --device /dev/zero:/dev/nought:r --cap-add mknod bb sh -c '
		head -c 3 /dev/nought | wc -c
		mknod /dev/mine c 1 11 && cat /dev/mine'
	assert_output_has 3
	assert_output_has "Operation not permitted"
}

@test "podman run --privileged: the devices of the machine" {
	run prun --rm --privileged bb sh -c 'test -c /dev/null && ls /dev | wc -l; touch /sys/x 2>&1 | grep -c Read-only'
	[[ ${lines[0]} -gt 16 ]]
	assert_equal "${lines[1]}" 0
}

@test "podman run: namespaces of another container, and of the host" {
	prun -d --name first --ipc shareable bb sleep 100
	local links='for ns in ipc net pid; do readlink /proc/self/ns/$ns; done'
	run podman exec first sh -c "$links"
	local first=("${lines[@]}")
	run podman run --rm --cgroup-parent "/$TAG" --ipc container:first --network container:first --pid container:first \
		bb sh -c "$links"
	assert_status 0
	assert_equal "${lines[*]}" "${first[*]}"
	run prun --rm --pid host --uts host bb sh -c 'readlink /proc/self/ns/pid; readlink /proc/self/ns/uts'
	assert_equal "${lines[*]}" "$(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/uts)"
}

@test "podman run --network: an interface with an address of the CNI network" {
	[[ -x /usr/lib/cni/bridge ]] || skip "needs the CNI plugin bridge (containernetworking-plugins)"
	run podman run --rm --cgroup-parent "/$TAG" --network hull bb ip -4 addr show dev eth0
	assert_status 0
	assert_output_has "inet 10.88.7."
	podman run -d --name server --cgroup-parent "/$TAG" --network hull bb sh -c 'echo hello over the bridge | nc -l -p 80'
	local address
	address=$(podman inspect -f '{{.NetworkSettings.Networks.hull.IPAddress}}' server)
	run podman run --rm --cgroup-parent "/$TAG" --network hull bb nc -w 5 "$address" 80
	assert_output_has "hello over the bridge"
}

@test "podman pod: two containers share network, ipc and uts" {
	requires_command catatonit
	run podman pod create --name pod --cgroup-parent "/$TAG" --network none --hostname podhost
	assert_status 0
	podman run -d --pod pod --name one bb sh -c 'echo from one | nc -l -p 8080; sleep 100'
	run podman run --rm --pod pod bb sh -c 'hostname; readlink /proc/self/ns/net; nc 127.0.0.1 8080 </dev/null'
	assert_status 0
	assert_output_has podhost
	assert_output_has "from one"
	assert_equal "${lines[1]}" "$(podman exec one readlink /proc/self/ns/net)"
	run podman pod stop --time 0 pod
	assert_status 0
	run podman pod rm --force pod
	assert_status 0
	assert_no_containers
}

@test "podman healthcheck: healthy and unhealthy" {
	prun -d --name health --health-cmd 'test -e /well' --health-interval disable --health-retries 1 bb sleep 100
	run podman healthcheck run health
	[[ $status -ne 0 ]]
	podman exec health touch /well
	run podman healthcheck run health
	assert_status 0
}

@test "podman run: 127 for a missing program, 126 for one that cannot be executed" {
	run -127 prun --rm bb no-such-program
	run -127 prun --rm bb /no/such/program
	run prun --rm bb /etc/passwd
	assert_status 126
	run prun --rm bb /etc
	assert_status 126
	assert_no_containers
}

@test "podman exec: 127 for a missing program, 126 for one that cannot be executed" {
	prun -d --name codes bb sleep 100
	run -127 podman exec codes no-such-program
	run podman exec codes /etc/passwd
	assert_status 126
	run podman exec codes sh -c 'kill -9 $$'
	assert_status 137
}

@test "podman: hull as the runtime in containers.conf, with errors in JSON" {
	cat >"$SCRATCH/json.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "hull"
		runtime_supports_json = ["crun", "runc", "hull"]
		[engine.runtimes]
		hull = ["$HULL"]
	END
	configured() {
		in_engine env CONTAINERS_CONF="$SCRATCH/json.conf" podman --root "$SCRATCH/podman/root" \
			--runroot "$SCRATCH/podman/run" --tmpdir "$SCRATCH/podman/tmp" "$@"
	}
	assert_equal "$(configured info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}')" "hull $HULL"
	run configured run --rm --network none --cgroup-parent "/$TAG" bb echo configured
	assert_status 0
	assert_output_has configured
	run -127 configured run --rm --network none --cgroup-parent "/$TAG" bb no-such-program
	assert_output_has "no-such-program"
}

@test "podman top, ps and stats of a running container" {
	prun -d --name shown bb sleep 100
	run podman top shown args
	assert_status 0
	assert_output_has "sleep 100"
	run podman ps --format '{{.Names}} {{.Status}}'
	assert_output_has "shown Up"
	run podman stats --no-stream --format '{{.Name}} {{.PIDs}}' shown
	assert_output_has "shown 1"
}

@test "podman run --preserve-fds: a descriptor of the caller's" {
	echo handed over >"$SCRATCH/fd"
	run bash -c "$(declare -f podman prun); in_engine() { nsenter -t \"\$ENGINE_PID\" -m -n -- \"\$@\"; }
		prun --rm --preserve-fds 1 bb sh -c 'cat <&3' 3<\"\$SCRATCH/fd\""
	assert_status 0
	assert_output_has "handed over"
}

@test "podman run --uidmap: a user namespace" {
	requires_user_namespaces
	run prun --rm --uidmap 0:100000:5000 bb sh -c 'id -u; tr -s " " </proc/self/uid_map; touch /root/file && stat -c %u /root/file'
	assert_status 0
	assert_equal "$(echo "${lines[*]}" | tr -s ' ')" "0 0 100000 5000 0"
}

@test "podman run --sdnotify container: the program has a socket to notify" {
	requires_command socat
	socat -u "UNIX-RECV:$SCRATCH/notify" "OPEN:$SCRATCH/notified,creat,append" 3>&- &
	local pid=$!
	wait_until 5 test -S "$SCRATCH/notify"
	NOTIFY_SOCKET=$SCRATCH/notify run prun --rm --sdnotify container bb sh -c 'test -S "$NOTIFY_SOCKET" && echo "$NOTIFY_SOCKET"'
	kill "$pid"
	assert_status 0
	assert_output_has notify
}

@test "podman run: ten at once, each with its own output and status" {
	local i pids=()
	for i in 0 1 2 3 4 5 6 7 8 9; do
		(
			status=0
			prun --rm bb sh -c "echo number $i; exit $i" >"$SCRATCH/many.$i" 2>&1 || status=$?
			echo "status $status" >>"$SCRATCH/many.$i"
		) 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 0 1 2 3 4 5 6 7 8 9; do
		assert_equal "$(cat "$SCRATCH/many.$i")" "number $i"$'\n'"status $i"
	done
	assert_no_containers
}

@test "podman exec: twenty in a row, each status arrives" {
	prun -d --name row bb sleep 100
	local i status
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		status=0
		podman exec row sh -c "exit $i" || status=$?
		assert_equal "$status" "$i"
	done
}

@test "podman cp and commit: files go in and out, and a container becomes an image" {
	prun -d --name files bb sleep 100
	echo copied >"$SCRATCH/in"
	run podman cp "$SCRATCH/in" files:/in
	assert_status 0
	run podman exec files cat /in
	assert_equal "$output" copied
	run podman commit --quiet files committed
	assert_status 0
	run prun --rm committed cat /in
	assert_equal "$output" copied
}

@test "podman run --cgroupns: private has the container's cgroup as its root" {
	requires_cgroup_v1 pids
	run prun --rm --cgroupns private bb cat /proc/self/cgroup
	assert_status 0
	assert_output_has "pids:/"
	[[ $output != *"$TAG"* ]]
	run prun --rm --cgroupns host bb cat /proc/self/cgroup
	assert_output_has "$TAG"
}

@test "podman run --rootfs: a directory as it is" {
	run prun --rm --rootfs "$SCRATCH/image" ls /bin/busybox
	assert_status 0
	assert_output_has /bin/busybox
}

# The last one: it looks at what all those before have left.
@test "podman: nothing of any container remains" {
	podman pod rm --all --force --time 0
	podman rm --all --force --time 0
	assert_nothing_remains /run/hull /run/runc
}
