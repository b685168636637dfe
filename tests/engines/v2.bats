#!/usr/bin/env bats
# The same engines where /sys/fs/cgroup is cgroup v2 only, in a mount namespace of its own. On a hybrid machine
# this v2 has no controllers: no limits here, but device rules, the freezer and cgroup.kill.

load engines

setup_file() {
	setup_scratch
	[[ $EUID -eq 0 ]] && on_v2 true 2>/dev/null || return 0
	teardown_scratch
	engine_setup v2
	mkdir "$SCRATCH/podman" "$SCRATCH/docker" "$SCRATCH/containerd"
	cat >"$SCRATCH/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		pids_limit = 0
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
	if command -v podman >/dev/null; then
		podman import --quiet "$SCRATCH/image.tar" bb >/dev/null 2>&1
	fi
	if command -v dockerd >/dev/null; then
		echo '{}' >"$SCRATCH/docker/daemon.json"
		start_daemon dockerd dockerd --config-file "$SCRATCH/docker/daemon.json" --data-root "$SCRATCH/docker/data" \
			--exec-root "$SCRATCH/docker/exec" --pidfile "$SCRATCH/docker/pid" -H "unix://$SCRATCH/docker/sock" \
			--add-runtime "hull=$HULL" --default-runtime hull --cgroup-parent "/$TAG" --iptables=false --bridge none
		wait_until 30 docker info >/dev/null 2>&1
		docker import "$SCRATCH/image.tar" bb >/dev/null
	fi
	if command -v containerd >/dev/null; then
		cat >"$SCRATCH/containerd/config.toml" <<-END
			version = 2
			root = "$SCRATCH/containerd/root"
			state = "$SCRATCH/containerd/state"
			disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
			[grpc]
			  address = "$SCRATCH/containerd/sock"
		END
		start_daemon containerd containerd --config "$SCRATCH/containerd/config.toml"
		wait_until 30 ctr version >/dev/null 2>&1
		oci_archive docker.io/library/bb:latest
		ctr image import --snapshotter native "$SCRATCH/image.oci" >/dev/null
	fi
}

teardown_file() {
	if [[ -n ${ENGINE_PID:-} ]]; then
		podman rm --all --force --time 0 >/dev/null 2>&1 || true
		docker rm -f pausing limits >/dev/null 2>&1 || true
		ctr task kill --signal KILL task >/dev/null 2>&1 || true
		sleep 0.2
	fi
	engine_teardown
}

podman() {
	in_engine env CONTAINERS_CONF="$SCRATCH/containers.conf" podman --root "$SCRATCH/podman/root" \
		--runroot "$SCRATCH/podman/run" --tmpdir "$SCRATCH/podman/tmp" --runtime "$HULL" "$@"
}

prun() {
	podman run --cgroup-parent "/$TAG" --network none "$@"
}

docker() {
	in_engine env DOCKER_CONFIG="$SCRATCH/docker" docker -H "unix://$SCRATCH/docker/sock" "$@"
}

ctr() {
	in_engine env LANG=C ctr --address "$SCRATCH/containerd/sock" --namespace "$TAG" "$@"
}

requires_v2_engine() {
	[[ -n ${ENGINE_PID:-} ]] || skip "this machine does not let root mount cgroup v2"
	requires_engine "$@"
}

# Fails unless the first process of the cgroup below /$TAG is frozen (1) or not (0).
frozen_is() {
	local events
	events=$(in_engine find "/sys/fs/cgroup/$TAG" -name cgroup.events -path "*$1*" | grep -v conmon | head -n 1)
	[[ $(in_engine sed -n 's/^frozen //p' "$events") == "$2" ]]
}

@test "podman on cgroup v2: run, the cgroup mount, the default devices only" {
	requires_v2_engine podman
	run prun --rm --cap-add mknod bb sh -c '
		grep -c " /sys/fs/cgroup cgroup2 " /proc/mounts
		head -c 2 /dev/zero | wc -c
		mknod /dev/mine c 1 11 && cat /dev/mine; exit 7'
	assert_status 7
	assert_equal "${lines[*]:0:2}" "1 2"
	assert_output_has "Operation not permitted"
}

@test "podman on cgroup v2: run -d, exec, pause, unpause, kill, logs" {
	requires_v2_engine podman
	run prun -d --name full bb sh -c 'trap "echo got TERM; exit 4" TERM; while :; do sleep 0.1; done'
	assert_status 0
	local id=$output
	run podman exec full sh -c 'echo inside; exit 5'
	assert_status 5
	run podman pause full
	assert_status 0
	wait_until 5 frozen_is "$id" 1
	run podman unpause full
	assert_status 0
	wait_until 5 frozen_is "$id" 0
	run podman kill --signal TERM full
	assert_status 0
	run podman wait full
	assert_output_has 4
	run podman logs full
	assert_output_has "got TERM"
	run podman rm full
	assert_status 0
	assert_no_containers
}

@test "podman on cgroup v2: a terminal, namespaces of another container" {
	requires_v2_engine podman
	run on_terminal bash -c "$(declare -f podman prun in_engine); prun --rm -t bb tty"
	assert_status 0
	assert_output_has /dev/pts/0
	prun -d --name first --ipc shareable bb sleep 100
	run podman run --rm --cgroup-parent "/$TAG" --ipc container:first --network container:first --pid container:first bb ps
	assert_status 0
	assert_output_has "sleep 100"
	podman rm --force --time 0 first
	assert_no_containers
}

@test "podman on cgroup v2: 127 and 126" {
	requires_v2_engine podman
	run -127 prun --rm bb no-such-program
	run prun --rm bb /etc/passwd
	assert_status 126
	assert_no_containers
}

@test "docker on cgroup v2: run, exec, pause, unpause, a device that was not given" {
	requires_v2_engine dockerd docker
	run docker run --rm --network none bb sh -c 'echo hello; mknod /dev/mine c 1 11 && cat /dev/mine; exit 7'
	assert_status 7
	assert_output_has hello
	assert_output_has "Operation not permitted"
	run docker run -d --name pausing --network none bb sleep 100
	assert_status 0
	local id=${lines[-1]}
	run docker exec pausing sh -c 'echo inside; exit 5'
	assert_status 5
	run docker pause pausing
	assert_status 0
	wait_until 5 frozen_is "$id" 1
	run docker unpause pausing
	assert_status 0
	run docker rm -f pausing
	assert_status 0
	assert_no_containers
}

# Shares of 0 are none: ctr asks for 1024 otherwise, and there may be no cpu controller.
@test "ctr on cgroup v2: run, exec, pause, resume, kill" {
	requires_v2_engine containerd ctr
	run ctr run --rm --cpu-shares 0 --snapshotter native --runtime io.containerd.runc.v2 --runc-binary "$RUNC" docker.io/library/bb:latest once sh -c 'echo hello; exit 7'
	assert_status 7
	assert_output_has hello
	run ctr run -d --cpu-shares 0 --snapshotter native --runtime io.containerd.runc.v2 --runc-binary "$RUNC" docker.io/library/bb:latest task sleep 100
	assert_status 0
	run ctr task exec --exec-id e1 task sh -c 'echo inside; exit 5'
	assert_status 5
	run ctr task pause task
	assert_status 0
	wait_until 5 frozen_is task 1
	run ctr task resume task
	assert_status 0
	run ctr task kill --signal KILL task
	assert_status 0
	wait_until 5 ctr task rm task
	run ctr container rm task
	assert_status 0
	assert_no_containers
}

@test "buildah on cgroup v2: run" {
	requires_v2_engine buildah
	buildah() {
		in_engine env CONTAINERS_CONF="$SCRATCH/containers.conf" BUILDAH_RUNTIME="$HULL" BUILDAH_ISOLATION=oci \
			TMPDIR="$SCRATCH" buildah --root "$SCRATCH/buildah/root" --runroot "$SCRATCH/buildah/run" "$@"
	}
	buildah from --name base scratch
	buildah add --quiet base "$SCRATCH/image.tar" /
	run buildah run --network none base sh -c 'echo hello; exit 7'
	assert_status 7
	assert_output_has hello
	buildah rm base
}
