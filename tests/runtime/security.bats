#!/usr/bin/env bats
#
# Attacks: what an image, a process of a running container, a document's author or a careless caller tries,
# and what must come of it: nothing outside of the root file system is touched, nothing of the host's gets
# in. Where an attack has a name, the test has it too.

# shellcheck disable=SC2154 # status, output: of bats
# shellcheck disable=SC2016 # scripts for the container's shell

load ../helpers/common
load ../helpers/runtime

setup() { setup_bundle; }
teardown() { teardown_scratch; }

# --- descriptors -----------------------------------------------------------------------------------------

@test "CVE-2024-21626: what the caller left open does not get in" {
	probe
	bundle_args "$B" /bin/probe fds
	run "$HULL" --root "$STATE" run -b "$B" "$TAG" 7</etc 8</etc/passwd
	assert_status 0
	assert_equal "$output" "0 1 2"
}

@test "CVE-2024-21626: --preserve-fds names what the caller opened, never hull's own descriptors" {
	probe
	bundle_args "$B" /bin/probe fds
	refuses "preserved-fd 3 (of 1)" run --preserve-fds 1 -b "$B" "$TAG" 3>&-
	refuses "preserved-fd 4 (of 2)" run --preserve-fds 2 -b "$B" "$TAG" 3</dev/null 4>&-
	bundle_args "$B" sleep 100
	started
	run "$HULL" --root "$STATE" exec --preserve-fds 1 "$TAG" /bin/probe fds 3>&-
	assert_status 255
	assert_output_has "preserved-fd 3 (of 1)"
	run "$HULL" --root "$STATE" exec --preserve-fds 1 "$TAG" /bin/probe fds 3</dev/null 4</etc
	assert_status 0
	assert_equal "$output" "0 1 2 3"
}

# --- what exec brings along --------------------------------------------------------------------------------

@test "exec has the container's session keyring, never the caller's" {
	probe
	config "$B" 'del(.linux.seccomp)' # the example's filter refuses keyctl
	bundle_args "$B" sleep 100
	started
	run hull exec "$TAG" /bin/probe keyring
	assert_equal "$output" "_ses.$TAG"
}

@test "exec into a container without a mount namespace stays in its root" {
	without_namespace mount
	config "$B" '.mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	bundle_args "$B" sleep 100
	started
	: >"$SCRATCH/outside"
	run hull exec "$TAG" sh -c 'pwd; ls -d "$1" /../.."$1"; ls -d /home/user' sh "$SCRATCH/outside"
	assert_output_has $'\n/home/user'
	[[ $output != *$'\n'"$SCRATCH/outside"* ]]
}

# --- callers -----------------------------------------------------------------------------------------------

@test "a caller that ignores SIGCHLD gets exit statuses all the same" {
	config "$B" '.hooks.poststop = [{path: "/bin/true"}]'
	bundle_args "$B" sh -c 'exit 7'
	run bash -c 'trap "" CHLD; exec "$@"' bash "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 7
	assert_equal "$output" ""
	assert_nothing_left
}

# --- mounts ------------------------------------------------------------------------------------------------

@test "a user namespace's mounts never reach the host, not even through rshared" {
	requires_user_namespaces
	unconfined
	namespace_path user ""
	config "$B" '.linux |= (.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.gidMappings = .uidMappings | .rootfsPropagation = "rshared" | .maskedPaths = [] |
		.readonlyPaths = [] | .devices = []) | .root.readonly = false'
	mkdir "$SCRATCH/volume"
	chown -R 100000:100000 "$B/rootfs" "$SCRATCH/volume"
	chmod 755 "$SCRATCH"
	add_mount "{\"destination\": \"/volume\", \"type\": \"bind\", \"source\": \"$SCRATCH/volume\",
		\"options\": [\"rbind\", \"rw\", \"rshared\"]}"
	bundle_args "$B" sh -c 'mkdir /volume/x && mount -t tmpfs leak /volume/x && : >/volume/x/mounted && sleep 100'
	run unshare -m --propagation private sh -ec 'mount --bind "$1" "$1"; mount --make-rshared "$1"
		"$2" --root "$3" run -d -b "$4" "$5" </dev/null >"$1/output" 2>&1 3>&-
		for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; [ ! -e "$1/volume/x" ] || break; done
		sleep 0.2; ls "$1/volume" "$1/volume/x"; "$2" --root "$3" exec "$5" ls /volume/x' \
		sh "$SCRATCH" "$HULL" "$STATE" "$B" "$TAG"
	assert_equal "$output" "$SCRATCH/volume:"$'\nx\n\n'"$SCRATCH/volume/x:"$'\nmounted'
}

# --- hull dies at any moment ---------------------------------------------------------------------------------

@test "hull killed while its child waits for id maps leaves nothing that holds the lock" {
	requires_user_namespaces
	requires_command strace
	namespace_path user ""
	config "$B" '.linux |= (.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.gidMappings = .uidMappings | .devices = [])'
	chown -R 100000:100000 "$B/rootfs"
	chmod 755 "$SCRATCH"
	# Which openat it is that opens uid_map: killed there, every time.
	detached strace -o "$SCRATCH/trace" -e trace=openat "$HULL" --root "$STATE" create -b "$B" "$TAG"
	hull delete "$TAG"
	number=$(awk '/openat/ { n++ } /"uid_map"/ { print n; exit }' "$SCRATCH/trace")
	detached strace -o "$SCRATCH/trace" -e trace=openat -e "inject=openat:signal=KILL:when=$number" \
		"$HULL" --root "$STATE" create -b "$B" "$TAG"
	assert_status 137
	run timeout 10 "$HULL" --root "$STATE" delete --force "$TAG"
	assert_status 0
	assert_nothing_left
}

# --- races of operations ---------------------------------------------------------------------------------------

@test "delete without --force does not end a container that was started meanwhile" {
	# While the hook runs the container is still created and start has the lock.
	config "$B" '.hooks.startContainer = [{path: "/bin/sleep", args: ["sleep", "1"]}]'
	bundle_args "$B" sleep 100
	created
	hull start "$TAG" 3>&- &
	sleep 0.3
	has_status "$TAG" created
	run hull delete "$TAG"
	assert_status 1
	assert_output_has "is not stopped: running"
	wait $!
	has_status "$TAG" running
}

@test "delete --force of a container in creation ends what that creation made" {
	config "$B" '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "1"]}] | del(.linux.cgroupsPath)'
	bundle_args "$B" sleep 100
	"$HULL" --root "$STATE" create -b "$B" "$TAG" </dev/null >"$SCRATCH/output" 2>&1 3>&- &
	sleep 0.4
	has_status "$TAG" creating
	run hull delete --force "$TAG"
	assert_status 0
	wait $! || true
	assert_nothing_left
}
