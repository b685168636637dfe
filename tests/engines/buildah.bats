#!/usr/bin/env bats
# The distribution's Buildah with hull as its runtime (OCI isolation). Buildah gives no cgroup path: the cgroup
# is the runtime's choice and bears the container's id, buildah-NAME.

load engines

setup_file() {
	engine_setup
	[[ $EUID -eq 0 ]] && command -v buildah >/dev/null || return 0
	mkdir "$SCRATCH/buildah"
	cat >"$SCRATCH/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		[engine]
		cgroup_manager = "cgroupfs"
	END
	local base
	base=$(buildah from --name base scratch)
	buildah add --quiet "$base" "$SCRATCH/image.tar" / >/dev/null
	buildah commit --quiet "$base" bb >/dev/null
	buildah rm "$base" >/dev/null
}

teardown_file() {
	engine_teardown
}

setup() {
	requires_engine buildah
}

teardown() {
	buildah rm --all >/dev/null 2>&1 || true
}

buildah() {
	in_engine env CONTAINERS_CONF="$SCRATCH/containers.conf" BUILDAH_RUNTIME="$HULL" BUILDAH_ISOLATION=oci \
		TMPDIR="$SCRATCH/buildah" buildah --root "$SCRATCH/buildah/root" --runroot "$SCRATCH/buildah/run" "$@"
}

brun() {
	buildah run --network none "$@"
}

no_buildah_cgroups() {
	[[ -z $(find /sys/fs/cgroup -maxdepth 4 -type d -name "buildah-*" -newer "$SCRATCH/image.tar" 2>/dev/null) ]]
}

@test "buildah run: output and exit status are the program's" {
	buildah from --name work bb
	run brun work sh -c 'echo hello; exit 7'
	assert_status 7
	assert_output_has hello
	wait_until 5 no_buildah_cgroups
}

@test "buildah run: what it writes is in the working container" {
	buildah from --name work bb
	run brun work sh -c 'echo kept >/file'
	assert_status 0
	run brun work cat /file
	assert_output_has kept
}

@test "buildah run --tty: a terminal" {
	buildah from --name work bb
	run on_terminal bash -c "$(declare -f buildah brun in_engine); brun --tty work tty"
	assert_status 0
	assert_output_has /dev/pts/0
}

@test "buildah run --user --volume --env --workingdir" {
	buildah from --name work bb
	mkdir -p "$SCRATCH/vol"
	echo shared >"$SCRATCH/vol/file"
	run brun --user 1000:1000 --volume "$SCRATCH/vol:/vol:ro" --env A=b --workingdir /mnt work \
		sh -c 'id -u; id -g; cat /vol/file; echo $A; pwd'
	assert_status 0
	assert_equal "${lines[*]}" "1000 1000 shared b /mnt"
}

@test "buildah run: a missing program is an error that names it" {
	buildah from --name work bb
	run brun work no-such-program
	[[ $status -ne 0 ]]
	assert_output_has no-such-program
	wait_until 5 no_buildah_cgroups
}

@test "buildah bud: RUN, COPY, USER, ENV and WORKDIR steps make an image" {
	mkdir "$SCRATCH/context"
	cat >"$SCRATCH/context/Containerfile" <<-END
		FROM localhost/bb
		COPY file /src/file
		WORKDIR /src
		ENV WHO=user
		RUN tr a-z A-Z <file >upper && chown 1000 upper
		USER 1000
		RUN test "\$(id -u)" = 1000 && echo "\$WHO" >>upper
	END
	echo word >"$SCRATCH/context/file"
	run buildah bud --quiet --network none --tag built "$SCRATCH/context"
	assert_status 0
	buildah from --name result built
	run brun result cat /src/upper
	assert_equal "${lines[*]}" "WORD user"
	wait_until 5 no_buildah_cgroups
}

@test "buildah bud: a RUN step that fails fails the build" {
	mkdir "$SCRATCH/bad"
	printf 'FROM localhost/bb\nRUN exit 9\n' >"$SCRATCH/bad/Containerfile"
	run buildah bud --network none "$SCRATCH/bad"
	[[ $status -ne 0 ]]
	assert_output_has "exit status 9"
}

@test "buildah run: on a network of the host's namespace" {
	buildah from --name work bb
	run buildah run --network host work readlink /proc/self/ns/net
	assert_status 0
	assert_output_has "$(in_engine readlink /proc/self/ns/net)"
}

# The last one: it looks at what all those before have left.
@test "buildah: nothing of any container remains" {
	buildah rm --all
	assert_nothing_remains /run/hull /run/runc
}
