#!/usr/bin/env bats
# The distribution's dockerd with hull as its default runtime.

load engines

setup_file() {
	engine_setup
	[[ $EUID -eq 0 ]] && command -v dockerd >/dev/null || return 0
	mkdir "$SCRATCH/docker"
	echo '{}' >"$SCRATCH/docker/daemon.json"
	# No rule of the machine's firewall is touched: the bridge is the private namespace's own.
	start_daemon dockerd dockerd --config-file "$SCRATCH/docker/daemon.json" --data-root "$SCRATCH/docker/data" --exec-root "$SCRATCH/docker/exec" \
		--pidfile "$SCRATCH/docker/pid" -H "unix://$SCRATCH/docker/sock" --add-runtime "hull=$HULL" --default-runtime hull \
		--cgroup-parent "/$TAG" --iptables=false --ip-masq=false --ip-forward=false --bip 10.88.9.1/24 \
		--exec-opt native.cgroupdriver=cgroupfs
	wait_until 30 docker info >/dev/null 2>&1 || {
		tail -20 "$SCRATCH/dockerd.log" >&2
		return 1
	}
	docker import "$SCRATCH/image.tar" bb >/dev/null
}

teardown_file() {
	local pid
	if [[ -e ${SCRATCH:-}/docker/pid ]]; then
		docker_remove_all
		pid=$(cat "$SCRATCH/docker/pid")
		kill "$pid"
		wait_until 15 test ! -e "/proc/$pid" || true
	fi
	engine_teardown
}

setup() {
	requires_engine dockerd docker
}

teardown() {
	docker_remove_all
}

docker() {
	in_engine env DOCKER_CONFIG="$SCRATCH/docker" docker -H "unix://$SCRATCH/docker/sock" "$@"
}

docker_remove_all() {
	local id
	for id in $(docker ps -aq 2>/dev/null); do
		docker rm -fv "$id" >/dev/null 2>&1
	done
	return 0
}

drun() {
	docker run --network none "$@"
}

docker_logs_have() {
	docker logs "$1" 2>&1 | grep -q "$2"
}

is_running() {
	[[ $(docker inspect -f '{{.State.Status}}' "$1") == "$2" ]]
}

@test "docker info: hull is the default runtime" {
	run docker info --format '{{.DefaultRuntime}}'
	assert_equal "$output" hull
}

@test "docker run: output and exit status are the program's" {
	run drun --rm bb sh -c 'echo hello; echo there >&2; exit 7'
	assert_status 7
	assert_output_has hello
	assert_output_has there
}

@test "docker run -i: standard input reaches the program" {
	run bash -c "$(declare -f docker drun in_engine); echo through a pipe | drun --rm -i bb tr a-z A-Z"
	assert_status 0
	assert_output_has "THROUGH A PIPE"
}

@test "docker run -d, logs, exec, top, stop, start, rm" {
	run drun -d --name web bb sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done'
	assert_status 0
	wait_until 10 docker_logs_have web up
	run docker exec -e WORD=inside web sh -c 'echo $WORD; exit 5'
	assert_status 5
	assert_output_has inside
	run docker top web
	assert_status 0
	assert_output_has "trap"
	run docker stop web
	assert_status 0
	assert_equal "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' web)" "exited 3"
	run docker start web
	assert_status 0
	is_running web running
	run docker rm -f web
	assert_status 0
	assert_no_containers
}

@test "docker run -t and exec -t: terminals" {
	run on_terminal bash -c "$(declare -f docker drun in_engine); drun --rm -t bb sh -c 'tty; exit 6'"
	assert_status 6
	assert_output_has /dev/pts/0
	drun -d --name tty bb sleep 100
	run on_terminal bash -c "$(declare -f docker in_engine); docker exec -t tty sh -c 'tty; exit 4'"
	assert_status 4
	assert_output_has /dev/pts/
}

@test "docker pause and unpause" {
	drun -d --name still bb sleep 100
	run docker pause still
	assert_status 0
	is_running still paused
	local pid
	pid=$(docker inspect -f '{{.State.Pid}}' still)
	if cgroup_v1_dir freezer >/dev/null; then
		local cgroup
		cgroup=$(cgroup_v1_dir freezer)$(sed -n 's/^[0-9]*:freezer://p' "/proc/$pid/cgroup")
		assert_equal "$(cat "$cgroup/freezer.state")" FROZEN
	fi
	run docker unpause still
	assert_status 0
	run docker exec still echo on
	assert_output_has on
}

@test "docker kill: the signal reaches the first process" {
	drun -d --name sig bb sh -c 'trap "echo got USR1; exit 9" USR1; echo up; while :; do sleep 0.1; done'
	wait_until 10 docker_logs_have sig up
	run docker kill --signal USR1 sig
	assert_status 0
	run docker wait sig
	assert_equal "$output" 9
	docker_logs_have sig "got USR1"
}

@test "docker run -v: a directory read-write and read-only, and a named volume" {
	mkdir "$SCRATCH/vol"
	run drun --rm -v "$SCRATCH/vol:/vol" bb sh -c 'echo kept >/vol/file'
	assert_status 0
	assert_equal "$(cat "$SCRATCH/vol/file")" kept
	run drun --rm -v "$SCRATCH/vol:/vol:ro" bb sh -c 'cat /vol/file; echo no >/vol/file'
	[[ $status -ne 0 ]]
	assert_output_has kept
	assert_output_has "Read-only file system"
	run drun --rm -v named:/vol bb sh -c 'echo named >/vol/file'
	assert_status 0
	run drun --rm -v named:/vol bb cat /vol/file
	assert_output_has named
}

@test "docker run --memory --pids-limit --cpus --cpuset-cpus: seen inside" {
	requires_cgroup_v1 memory
	run --separate-stderr drun --rm --memory 64m --pids-limit 33 --cpus 0.5 --cpuset-cpus 0 bb sh -c '
		cd /sys/fs/cgroup
		cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpuset/cpuset.cpus
		grep Cpus_allowed_list /proc/self/status'
	assert_status 0
	assert_equal "$(echo "${lines[*]}" | tr -s '\t ' ' ')" "67108864 33 50000 100000 0 Cpus_allowed_list: 0"
}

@test "docker run --memory: the container that takes more is ended, and known as out of memory" {
	requires_controller memory
	run drun --name oom --memory 16m bb tail /dev/zero
	assert_status 137
	assert_equal "$(docker inspect -f '{{.State.OOMKilled}}' oom)" true
}

@test "docker update: a limit of a running container" {
	requires_cgroup_v1 memory
	drun -d --name upd --memory 64m --pids-limit 50 bb sleep 100
	run docker update --memory 32m --pids-limit 40 upd
	assert_status 0
	run docker exec upd cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max
	assert_equal "${lines[*]}" "33554432 40"
}

@test "docker run --user: ids, groups, and no capability left" {
	run drun --rm --user 1000:1000 --group-add 44 bb sh -c 'id -u; id -g; id -G; grep CapEff /proc/self/status'
	assert_status 0
	assert_equal "$(echo "${lines[*]}" | tr -s '\t ' ' ')" "1000 1000 1000 44 CapEff: 0000000000000000"
}

@test "docker run --read-only --tmpfs: the root is read-only, the tmpfs is not" {
	run drun --rm --read-only --tmpfs /data:size=1m,mode=1777 bb sh -c '
		touch /file || echo refused
		echo ok >/data/file && cat /data/file
		grep " /data " /proc/mounts'
	assert_status 0
	assert_output_has refused
	assert_output_has "tmpfs /data tmpfs rw,nosuid,nodev"
}

@test "docker run --init: tini is process 1" {
	requires_command docker-init
	run drun --rm --init bb ps -o pid,comm
	assert_status 0
	[[ ${lines[1]} =~ ^\ *1\ docker-init ]]
}

@test "docker run --hostname --domainname --sysctl --env --workdir --ulimit --shm-size" {
	run drun --rm --hostname name --domainname example.org --sysctl kernel.msgmax=4096 --env A=b --workdir /mnt \
		--ulimit nofile=99:100 --shm-size 2m bb sh -c 'hostname; cat /proc/sys/kernel/domainname /proc/sys/kernel/msgmax
		echo $A; pwd; ulimit -n; ulimit -Hn; grep " /dev/shm " /proc/mounts'
	assert_status 0
	assert_equal "${lines[*]:0:7}" "name example.org 4096 b /mnt 99 100"
	[[ ${lines[7]} == *size=2048k* ]]
}

@test "docker run: the default profile and capabilities, and those that were asked for" {
	run drun --rm bb grep -E 'Seccomp:|CapBnd|NoNewPrivs' /proc/self/status
	assert_status 0
	assert_output_has "Seccomp:	2"
	assert_output_has "CapBnd:	00000000a80425fb"
	run drun --rm bb unshare -U true
	[[ $status -ne 0 ]]
	run drun --rm --cap-drop all --cap-add chown --security-opt no-new-privileges bb grep -E 'CapBnd|NoNewPrivs' /proc/self/status
	assert_status 0
	assert_output_has "CapBnd:	0000000000000001"
	assert_output_has "NoNewPrivs:	1"
}

# Docker asks for every capability: those that the caller itself lacks are a warning with hull.
@test "docker run --privileged: the devices of the machine" {
	run drun --rm --privileged bb sh -c 'ls /dev | wc -l'
	assert_status 0
	[[ ${lines[-1]} -gt 16 ]]
}

@test "docker run --device: its node, and no other device can be opened" {
	requires_cgroup_v1 devices
	run drun --rm --device /dev/zero:/dev/nought:r bb sh -c 'head -c 3 /dev/nought | wc -c; mknod /dev/mine c 1 11 && cat /dev/mine'
	assert_output_has 3
	assert_output_has "Operation not permitted"
}

@test "docker run: an address on Docker's own bridge, and the network of another container" {
	run docker run --rm bb ip -4 addr show dev eth0
	assert_status 0
	assert_output_has "inet 10.88.9."
	docker run -d --name server bb sh -c 'echo hello over the bridge | nc -l -p 80; echo hello from beside | nc -l -p 80; sleep 100'
	local address
	address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' server)
	run docker run --rm bb nc -w 5 "$address" 80
	assert_output_has "hello over the bridge"
	run docker run --rm --network container:server --pid container:server --ipc host bb sh -c 'sleep 0.2; nc 127.0.0.1 80 </dev/null; ps'
	assert_output_has "hello from beside"
	assert_output_has "sleep 100"
}

@test "docker healthcheck: becomes unhealthy and healthy" {
	drun -d --name health --health-cmd 'test -e /well' --health-interval 0.3s --health-retries 1 bb sleep 100
	wait_until 10 docker_health_is health unhealthy
	docker exec health touch /well
	wait_until 10 docker_health_is health healthy
}

docker_health_is() {
	[[ $(docker inspect -f '{{.State.Health.Status}}' "$1") == "$2" ]]
}

@test "docker run: 127 for a missing program, 126 for one that cannot be executed" {
	run -127 drun --rm bb no-such-program
	run -127 drun --rm bb /no/such/program
	run drun --rm bb /etc/passwd
	assert_status 126
	run drun --rm bb /etc
	assert_status 126
	assert_no_containers
}

@test "docker exec: 127 or 126 for a program that cannot run" {
	drun -d --name codes bb sleep 100
	run docker exec codes no-such-program
	[[ $status -eq 126 || $status -eq 127 ]]
	assert_output_has "no-such-program"
	run docker exec codes /etc/passwd
	assert_status 126
	run docker exec codes sh -c 'kill -9 $$'
	assert_status 137
}

@test "docker run --restart: a container that fails is started again" {
	drun -d --name often --restart on-failure:2 bb sh -c 'echo run; exit 1'
	wait_until 20 docker_restarts often 2
	assert_equal "$(docker logs often | grep -c run)" 3
}

docker_restarts() {
	[[ $(docker inspect -f '{{.RestartCount}} {{.State.Status}}' "$1") == "$2 exited" ]]
}

@test "docker run: ten at once, each with its own output and status" {
	local i pids=()
	for i in 0 1 2 3 4 5 6 7 8 9; do
		(
			status=0
			drun --rm bb sh -c "echo number $i; exit $i" >"$SCRATCH/many.$i" 2>&1 || status=$?
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

@test "docker exec: twenty in a row, each status arrives" {
	drun -d --name row bb sleep 100
	local i status
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		status=0
		docker exec row sh -c "exit $i" || status=$?
		assert_equal "$status" "$i"
	done
}

@test "docker exec --user --workdir --privileged" {
	drun -d --name ex bb sleep 100
	run docker exec --user 1000:1000 --workdir /mnt ex sh -c 'id -u; id -g; pwd'
	assert_equal "${lines[*]}" "1000 1000 /mnt"
	run docker exec ex grep CapEff /proc/self/status
	assert_output_has 00000000a80425fb
	run docker exec --privileged ex grep CapEff /proc/self/status
	assert_status 0
	[[ $output != *00000000a80425fb ]]
}

@test "docker run --cgroupns private: its root is the container's cgroup" {
	requires_cgroup_v1 pids
	run drun --rm --cgroupns private bb cat /proc/self/cgroup
	assert_status 0
	[[ $output != *"$TAG"* ]]
	run drun --rm --cgroupns host bb cat /proc/self/cgroup
	assert_output_has "$TAG"
}

@test "docker build: RUN and COPY steps" {
	mkdir "$SCRATCH/context"
	printf 'FROM bb\nCOPY file /file\nRUN tr a-z A-Z </file >/upper\nCMD ["cat", "/upper"]\n' >"$SCRATCH/context/Dockerfile"
	echo word >"$SCRATCH/context/file"
	run env DOCKER_BUILDKIT=0 bash -c "$(declare -f docker in_engine); docker build -q --network none -t built '$SCRATCH/context'"
	assert_status 0
	run drun --rm built
	assert_output_has WORD
}

@test "docker stats: of a running container" {
	drun -d --name shown bb sleep 100
	run docker stats --no-stream --format '{{.Name}} {{.PIDs}}' shown
	assert_output_has "shown 1"
}

# The last one: it looks at what all those before have left.
@test "docker: nothing of any container remains" {
	docker_remove_all
	assert_nothing_remains "$SCRATCH/docker/exec/runtime-hull/moby"
}
