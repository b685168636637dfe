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
	run "$HULL" --root "$STATE" --log "$SCRATCH/log" run --preserve-fds 1 -b "$B" "$TAG" 3>&-
	assert_status 1
	assert_output_has "preserved-fd 3 (of 1)"
	run "$HULL" --root "$STATE" --log "$SCRATCH/log" run --preserve-fds 2 -b "$B" "$TAG" 3</dev/null 4>&-
	assert_status 1
	assert_output_has "preserved-fd 4 (of 2)"
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

# --- the image: what lies in the root ---------------------------------------------------------------------------

# A directory beside the root, and what was in it; nothing may come or go there.
outside() {
	mkdir -p "$SCRATCH/outside/sub"
	echo secret >"$SCRATCH/outside/file"
	mkdir "$SCRATCH/outside/pts"
	: >"$SCRATCH/outside/ptmx"
	chmod 640 "$SCRATCH/outside/file"
	chown 12:34 "$SCRATCH/outside/file"
	outside_before=$(outside_is)
}

outside_is() {
	find "$SCRATCH/outside" -printf '%p %y %m %U:%G %s %l\n' | sort
	cat "$SCRATCH/outside/file"
	# hull sees what the attacker of a shared host path would: mounts below it, of our namespace
	grep -F "$SCRATCH/outside" /proc/self/mountinfo || true
}

outside_untouched() {
	[[ $(outside_is) == "$outside_before" ]] || {
		diff <(echo "$outside_before") <(outside_is) >&2
		return 1
	}
}

# image_link PATH: PATH of the root is a symlink to the directory outside, absolute and relative ones.
image_link() {
	rm -rf "${B:?}/rootfs$1"
	ln -s "${2:-$SCRATCH/outside}" "$B/rootfs$1"
}

@test "CVE-2019-19921, CVE-2023-27561: /proc or /sys of the image is a symlink" {
	outside
	for dir in proc sys; do
		for target in "$SCRATCH/outside" "../../outside" tmp /nowhere; do
			image_link "/$dir" "$target"
			refuses "must not be a symlink" run -b "$B" "$TAG"
			outside_untouched
		done
		rm "$B/rootfs/$dir"
		mkdir "$B/rootfs/$dir"
	done
	[[ ! -e $B/rootfs/nowhere ]]
}

@test "CVE-2026-41579: /dev of the image is a symlink to the host" {
	outside
	for target in "$SCRATCH/outside" "../../outside"; do
		image_link /dev "$target"
		run hull run -b "$B" "$TAG"
		outside_untouched
		assert_nothing_left
		# Without a mount on /dev the nodes and links themselves would be made there.
		jq 'del(.mounts[] | select(.destination | startswith("/dev")))' "$B/config.json" >"$B/new"
		mv "$B/new" "$B/config.json"
		run hull run -b "$B" "$TAG"
		assert_status 1
		outside_untouched
		assert_nothing_left
	done
}

@test "mount targets that are links, dangling or not, and ones with .. stay in the root" {
	outside
	image_link /mnt "$SCRATCH/outside/sub"
	image_link /run ../../outside/new/deeper
	add_mount '{"destination": "/mnt/a/b", "type": "tmpfs", "source": "tmpfs"}'
	add_mount '{"destination": "/run/c", "type": "tmpfs", "source": "tmpfs"}'
	add_mount '{"destination": "/../../../outside/d", "type": "tmpfs", "source": "tmpfs"}'
	add_mount '{"destination": "etc/../../../outside/e", "type": "bind", "source": "/etc/passwd", "options": ["bind"]}'
	inside 'ls -d /outside/d /outside/new/deeper/c; ls /outside/e'
	assert_status 0
	assert_equal "${output#*is taken from /\"$'\n'}" $'/outside/d\n/outside/new/deeper/c\n/outside/e'
	outside_untouched
	assert_nothing_left
}

@test "CVE-2021-30465: a component of the target that changes all the time never leads out" {
	outside
	mkdir "$SCRATCH/volume" "$SCRATCH/volume/real"
	mkdir "$B/rootfs/volume"
	add_mount "{\"destination\": \"/volume\", \"type\": \"bind\", \"source\": \"$SCRATCH/volume\", \"options\": [\"rbind\"]}"
	add_mount '{"destination": "/volume/swap/in", "type": "tmpfs", "source": "tmpfs"}'
	bundle_args "$B" true
	(
		set +e
		cd "$SCRATCH/volume"
		ln -s ../../../../../../../../../../"$SCRATCH/outside" link
		cp -a real swap
		while [[ -d ../volume ]]; do
			mv -T swap other && mv -T link swap && mv -T swap link && mv -T other swap
		done
	) 2>/dev/null 3>&- &
	racer=$!
	for _ in {1..40}; do
		run hull run -b "$B" "$TAG"
		outside_untouched
	done
	kill "$racer" && wait "$racer" || true
	assert_nothing_left
}

@test "CVE-2019-16884: over /proc goes nothing but what is known" {
	mkdir "$SCRATCH/fake"
	for destination in /proc /proc/self /proc/sys /proc/1/attr; do
		bundle "$B" true
		add_mount "{\"destination\": \"$destination\", \"type\": \"bind\", \"source\": \"$SCRATCH/fake\", \"options\": [\"bind\"]}"
		refuses "inside /proc" run -b "$B" "$TAG"
	done
	bundle "$B" true
	ln -s /proc/self "$B/rootfs/innocent"
	add_mount "{\"destination\": \"/innocent/attr\", \"type\": \"bind\", \"source\": \"$SCRATCH/fake\", \"options\": [\"bind\"]}"
	refuses "inside /proc" run -b "$B" "$TAG"
}

@test "CVE-2019-18837, CVE-2025-31133: masks cover what links lead to, with the host's null device" {
	outside
	config "$B" '.linux.maskedPaths = ["/etc/secret", "/etc/link", "/etc/away", "/etc/directory", "/etc/dangling"]'
	echo secret >"$B/rootfs/etc/secret"
	echo secret >"$B/rootfs/etc/target"
	ln -s target "$B/rootfs/etc/link"
	ln -s "$SCRATCH/outside/file" "$B/rootfs/etc/away"
	ln -s /nowhere "$B/rootfs/etc/dangling"
	mkdir "$B/rootfs/etc/directory"
	echo secret >"$B/rootfs/etc/directory/file"
	inside 'cat /etc/secret /etc/link /etc/target; ls /etc/directory; stat -c %t:%T /etc/secret; touch /etc/directory/x 2>/dev/null || echo ro'
	assert_status 0
	assert_equal "$output" $'1:3\nro'
	outside_untouched
}

@test "CVE-2025-31133: an image's /dev/null that is none is refused or not used" {
	outside
	config "$B" 'del(.mounts[] | select(.destination | startswith("/dev"))) | .linux.maskedPaths = ["/etc/secret"]'
	echo secret >"$B/rootfs/etc/secret"
	bundle_args "$B" sh -c 'cat /etc/secret; stat -c %t:%T /etc/secret'
	for kind in "ln -s $SCRATCH/outside/file" "ln -s /proc/sys/kernel/core_pattern" "mkfifo" "touch" "mkdir"; do
		rm -rf "$B/rootfs/dev/null"
		$kind "$B/rootfs/dev/null"
		run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG" </dev/null
		assert_status 1
		assert_output_has '/dev/null\" exists and is not the device 1:3'
		outside_untouched
		assert_nothing_left
	done
}

@test "CVE-2025-52565, CVE-2026-88264: a false terminal multiplexer, a false /dev/console" {
	outside
	config "$B" '.process.terminal = true | del(.mounts[] | select(.destination | startswith("/dev")))'
	bundle_args "$B" true
	probe
	for kind in "ln -s $SCRATCH/outside/file" "ln -s /dev/null" "mkfifo" "touch"; do
		rm -rf "$B/rootfs/dev"
		mkdir -p "$B/rootfs/dev/pts"
		$kind "$B/rootfs/dev/pts/ptmx"
		"$PROBE" receive "$SCRATCH/console" "$SCRATCH/name" </dev/null >/dev/null 2>&1 3>&- &
		receiver=$!
		wait_until 2 test -S "$SCRATCH/console"
		run timeout 20 "$HULL" --root "$STATE" create --console-socket "$SCRATCH/console" -b "$B" "$TAG"
		assert_status 1
		assert_output_has "terminal: "
		kill "$receiver" 2>/dev/null || true
		wait "$receiver" || true
		rm -f "$SCRATCH/console"
		outside_untouched
		assert_nothing_left
	done
	# The multiplexer is real, the console leads out.
	bundle "$B" true
	config "$B" '.process.terminal = true | del(.mounts[] | select(.destination == "/dev"))'
	ln -s "$SCRATCH/outside/new" "$B/rootfs/dev/console"
	"$PROBE" receive "$SCRATCH/console" "$SCRATCH/name" </dev/null >/dev/null 2>&1 3>&- &
	receiver=$!
	wait_until 2 test -S "$SCRATCH/console"
	run timeout 20 "$HULL" --root "$STATE" create --console-socket "$SCRATCH/console" -b "$B" "$TAG"
	assert_status 1
	assert_output_has "/dev/console"
	kill "$receiver" 2>/dev/null || true
	wait "$receiver" || true
	outside_untouched
	assert_nothing_left
}

@test "CVE-2026-88265: standard streams are never reopened on, nor given to the user through, something else" {
	outside
	bundle_args "$B" sleep 100
	started
	hull exec "$TAG" sh -c 'rm /dev/null; echo mine >/dev/null; chmod 600 /dev/null'
	run hull exec -u 1000 "$TAG" sh -c 'cat; stat -c %u:%a:%s /dev/null' </dev/null
	assert_equal "$output" "0:600:5"
	run hull exec "$TAG" sh -c 'rm /dev/null; mkfifo /dev/null'
	run timeout 20 "$HULL" --root "$STATE" exec -u 1000 "$TAG" sh -c 'cat; stat -c %u /dev/null' </dev/null
	assert_equal "$output" "0"
	outside_untouched
}

@test "/etc/passwd of the image may be anything: HOME is / then, and nothing hangs" {
	outside
	config "$B" 'del(.process.env[] | select(startswith("HOME=")))'
	bundle_args "$B" sh -c 'echo "$HOME"'
	for kind in "mkfifo" "mkdir" "ln -s /dev/zero" "ln -s /dev/tty" "ln -s $SCRATCH/outside/file" "ln -s /proc/kmsg" \
		"ln -s passwd" "touch"; do
		rm -rf "$B/rootfs/etc/passwd"
		$kind "$B/rootfs/etc/passwd"
		run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
		assert_status 0
		assert_equal "$output" /
	done
	rm -f "$B/rootfs/etc/passwd"
	head -c 3000000 /dev/zero | tr '\0' x >"$B/rootfs/etc/passwd"
	run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" /
	outside_untouched
}

@test "CVE-2016-3697: a name in the image's passwd that looks like a number is a name" {
	config "$B" '.process.user = {uid: 1000, gid: 1000} | del(.process.env[] | select(startswith("HOME=")))'
	printf '%s\n' '1000:x:0:0:root:/evil:/bin/sh' 'user:x:1000:1000:user:/home/user:/bin/sh' >"$B/rootfs/etc/passwd"
	shows $'1000\n1000\n/home/user' 'id -u; id -g; echo "$HOME"'
}

@test "an entry point #!/proc/self/exe executes nothing of the host's" {
	outside
	before=$(sha256sum "$HULL")
	printf '#!/proc/self/exe\n' >"$B/rootfs/entry"
	chmod 755 "$B/rootfs/entry"
	bundle_args "$B" /entry
	run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG" </dev/null
	[[ $status -ne 0 ]]
	assert_equal "$(sha256sum "$HULL")" "$before"
	# Nor can what runs be written: it is a sealed memfd.
	bundle_args "$B" sleep 100
	started
	cp "$B/rootfs/entry" "$B/rootfs/bin/entry"
	run timeout 20 "$HULL" --root "$STATE" exec "$TAG" /bin/entry </dev/null
	[[ $status -ne 0 ]]
	assert_equal "$(sha256sum "$HULL")" "$before"
}

@test "CVE-2024-21626: a working directory below /proc/self/fd is refused, at create and at exec" {
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		config "$B" '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd"
		run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
		assert_status 1
		config "$B" '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$fd/../../.."
		run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
		assert_status 1
	done
	config "$B" '.process.cwd = "/"'
	bundle_args "$B" sleep 100
	ln -s /proc/self/fd/7/ "$B/rootfs/seven"
	started
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		run hull exec --cwd "/proc/self/fd/$fd" "$TAG" pwd
		assert_status 255
	done
	run hull exec --cwd /seven "$TAG" pwd
	assert_status 255
	run hull exec "$TAG" /proc/self/fd/7/../../bin/sh -c true
	assert_status 255
}

@test "CVE-2022-29162: exec --cap never fills the inheritable set" {
	bundle_args "$B" sleep 100
	started
	run hull exec --cap CAP_NET_RAW "$TAG" grep -E 'CapInh|CapAmb' /proc/self/status
	assert_equal "$output" $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
}

# --- a process inside watches exec ----------------------------------------------------------------------------

@test "CVE-2016-9962: a process on its way in cannot be looked into" {
	# Everything that root of the container may try on each process that it sees, again and again.
	cat >"$B/rootfs/watch" <<-'END'
		while :; do
			for p in /proc/[0-9]*; do
				[ "$p" != /proc/1 ] && read -r name <"$p/comm" && [ "$name" = hull-init ] || continue
				echo "$p" >>/seen
				for f in "$p"/fd/*; do
					echo "$f $(readlink "$f")" >>/found
				done
				(: >"$p/exe") && echo "wrote $p/exe" >>/found
				readlink "$p/exe" "$p/root" "$p/cwd" >>/found
				cat "$p/maps" >>/found
				kill -STOP "${p#/proc/}" && echo stopped >>/seen
				cat "$p/environ" "$p/mem" >>/found
				for f in "$p"/fd/*; do
					echo "$f $(readlink "$f")" >>/found
				done
				readlink "$p/exe" "$p/root" "$p/cwd" >>/found
				kill -CONT "${p#/proc/}"
			done
		done 2>/dev/null
	END
	bundle_args "$B" sh /watch
	config "$B" '.root.readonly = false'
	started
	for _ in {1..300}; do
		timeout 20 "$HULL" --root "$STATE" exec "$TAG" true
		[[ $(grep -c stopped "$B/rootfs/seen" 2>/dev/null) -lt 5 ]] || break
	done
	grep -q stopped "$B/rootfs/seen" || skip "no exec was slow enough to be seen"
	# What is found when it has become the program is the program's: numbers above 2, memfds and other roots are not.
	run ! grep -aE "fd/([3-9]|[0-9]{2}) .|memfd|hull|wrote" "$B/rootfs/found"
}

# --- the document's author: time and memory ----------------------------------------------------------------------

@test "a short document cannot make hull take gigabytes, nor minutes" {
	bundle_args "$B" true
	config "$B" '.process.env = [range(100000) | "A\(.)="] | .process.args = ["/nowhere"]'
	run timeout 10 "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 1
	config "$B" '.process.env = ["PATH=" + ([range(100000) | ":"] | add)] | .process.args = [[range(30000) | "x"] | add]'
	run bash -c 'ulimit -v 500000; exec timeout 10 "$@"' bash "$HULL" --root "$STATE" --log "$SCRATCH/log" run -b "$B" "$TAG"
	assert_status 1
	assert_output_has "the plan has more than 67108864 bytes"
}

@test "a mount namespace that is the host's is never joined: its root would be replaced" {
	# The host of this test is a namespace of its own, so that a failure costs no machine.
	namespace_path mount /proc/self/ns/mnt
	: >"$SCRATCH/mark"
	run unshare -m --propagation private sh -c '"$2" --root "$3" run -b "$4" "$5" 3>&-; ls "$1"' \
		sh "$SCRATCH/mark" "$HULL" "$STATE" "$B" "$TAG"
	assert_output_has "is the host's: its root would be replaced"
	assert_output_has $'\n'"$SCRATCH/mark"
	assert_nothing_left
}

@test "a filter cannot hide that the program was not executed, nor leave a process that spins" {
	printf '#!/nowhere/interpreter\n' >"$B/rootfs/bad"
	chmod 755 "$B/rootfs/bad"
	bundle_args "$B" /bad
	for call in sendto sendmsg exit_group; do
		config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: [$call], action: "SCMP_ACT_ERRNO"}]}' --arg call "$call"
		created
		run timeout 10 "$HULL" --root "$STATE" start "$TAG"
		assert_status 1
		assert_output_has "exec /bad: no such file or directory"
		wait_until 2 has_status "$TAG" stopped
		hull delete "$TAG"
	done
}

@test "exec: a confinement that is asked for is never silently left out" {
	bundle_args "$B" sleep 100
	started
	run hull exec --process-label system_u:system_r:container_t:s0 "$TAG" true
	assert_status 255
	assert_output_has "--process-label is not supported yet"
	run hull exec --apparmor strict "$TAG" true
	assert_output_has apparmor # refused where there is one, else told
}

@test "a state root that others can write to, or own, is not used" {
	bundle_args "$B" true
	mkdir "$STATE"
	chmod 777 "$STATE"
	refuses "does not belong to this user alone" run -b "$B" "$TAG"
	chmod 755 "$STATE"
	chown 1000 "$STATE"
	refuses "does not belong to this user alone" run -b "$B" "$TAG"
	chown 0 "$STATE"
	run hull run -b "$B" "$TAG"
	assert_status 0
}

@test "operations at the same time on the same names leave nothing, and none hangs" {
	bundle_args "$B" sh -c 'sleep 0.0$((RANDOM % 10))'
	bundle "$SCRATCH/long" sleep 1000
	config "$B" 'del(.linux.cgroupsPath)'
	config "$SCRATCH/long" 'del(.linux.cgroupsPath)'
	local end=$((SECONDS + 5)) workers=()
	storm() {
		set +e
		while ((SECONDS < end)); do
			local id=$TAG-$((RANDOM % 3)) b=$B
			((RANDOM % 2)) || b=$SCRATCH/long
			case $((RANDOM % 8)) in
			0) set -- create -b "$b" "$id" ;;
			1) set -- run -d -b "$b" "$id" ;;
			2 | 3) set -- start "$id" ;;
			4) set -- exec "$id" true ;;
			5 | 6) set -- delete --force "$id" ;;
			7) set -- delete "$id" ;;
			esac
			timeout 20 "$HULL" --root "$STATE" "$@"
			[[ $? -ne 124 ]] || echo "hull $*" >>"$SCRATCH/hung"
		done
	}
	for _ in 1 2 3 4; do
		storm </dev/null >/dev/null 2>&1 3>&- &
		workers+=($!)
	done
	wait "${workers[@]}"
	for id in 0 1 2; do
		run timeout 20 "$HULL" --root "$STATE" delete --force "$TAG-$id"
		assert_status 0
	done
	[[ ! -e $SCRATCH/hung ]] || {
		cat "$SCRATCH/hung" >&2
		false
	}
	assert_nothing_left
}

# The directory that a create has made can be deleted and made again by others before it is opened.
@test "create: a directory that others made anew meanwhile is theirs" {
	requires_command strace
	strace -o /dev/null true 2>/dev/null || skip "this machine forbids ptrace"
	bundle_args "$B" sleep 1000
	config "$B" 'del(.linux.seccomp)' # its cache would be the first directory
	mkdir -m 700 "$STATE"
	strace -o "$SCRATCH/calls" -e inject=mkdirat:delay_exit=1500000:when=1 \
		"$HULL" --root "$STATE" create -b "$B" "$TAG" </dev/null >"$SCRATCH/slow" 2>&1 3>&- &
	wait_until 5 test -d "$STATE/$TAG"
	hull delete --force "$TAG"
	detached "$HULL" --root "$STATE" run -d -b "$B" "$TAG"
	assert_status 0
	wait $! && false
	grep "container with given ID already exists" "$SCRATCH/slow"
	has_status "$TAG" running
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "what a waiting container holds open is of no use to who takes it" {
	created
	pid=$(pid_of "$TAG")
	for fd in /proc/"$pid"/fd/*; do
		[[ ${fd##*/} -gt 2 ]] || continue
		# The gate, and the empty file of its lock: never the document, whose hooks run on the host.
		case $(readlink "$fd") in
		socket:*) ;;
		"$STATE/$TAG/created") [[ ! -s $fd ]] ;;
		*) readlink "$fd" >&2 && false ;;
		esac
	done
	grep -q memfd:hull-init "/proc/$pid/maps" || readlink "/proc/$pid/exe" | grep -q memfd:hull-init
	run ! sh -c ": >/proc/$pid/exe"
}

@test "a failed create leaves the cgroup that was there before it" {
	[[ -d /sys/fs/cgroup/pids ]] || skip "this machine has no version 1 pids controller"
	mkdir "/sys/fs/cgroup/pids/$TAG-before"
	config "$B" '.linux.cgroupsPath = $path | .process.args = ["/nowhere"]' --arg path "/$TAG-before/leaf"
	mkdir "/sys/fs/cgroup/pids/$TAG-before/leaf"
	run "$HULL" --root "$STATE" create -b "$B" "$TAG"
	assert_status 1
	[[ -d /sys/fs/cgroup/pids/$TAG-before/leaf && ! -d /sys/fs/cgroup/memory/$TAG-before ]]
	rmdir "/sys/fs/cgroup/pids/$TAG-before/leaf" "/sys/fs/cgroup/pids/$TAG-before"
}

# what_waits FIELD: of its status, without blanks.
what_waits() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$(pid_of "$TAG")/status" | tr -s '[:blank:]' ' '
}

@test "a waiting container is its program's user already, with its capabilities and no more" {
	config "$B" '.process.capabilities |= map_values(["CAP_KILL", "CAP_CHOWN"]) | .process.noNewPrivileges = true |
		.process.user = {uid: 1000, gid: 1001, additionalGids: [7]} |
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}]'
	bundle_args "$B" sleep 100
	created
	for field in CapEff CapPrm CapBnd CapInh; do
		assert_equal "$field $((16#$(what_waits $field)))" "$field $((1 << 5 | 1))"
	done
	assert_equal "$(what_waits Uid)" "1000 1000 1000 1000"
	assert_equal "$(what_waits Gid)" "1001 1001 1001 1001"
	assert_equal "$(what_waits Groups | xargs)" 7
	assert_equal "$(what_waits NoNewPrivs)" 1
	# not dumpable: what would be its own is root's
	assert_equal "$(stat -c %u "/proc/$(pid_of "$TAG")/fd")" 0
	assert_equal "$(awk '/Max open files/ { print $4, $5 }' "/proc/$(pid_of "$TAG")/limits")" "100 200"
	hull start "$TAG"
	assert_equal "$(what_waits CapEff)" "$(what_waits CapBnd)"
}

@test "a waiting container keeps SYS_ADMIN where a filter needs it, until it is loaded" {
	config "$B" '.process.capabilities |= map_values([]) | .process.noNewPrivileges = false |
		.process.user = {uid: 1000, gid: 1000} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	bundle_args "$B" sleep 100
	created
	assert_equal "$((16#$(what_waits CapEff)))" "$((1 << 21))"
	assert_equal "$((16#$(what_waits CapBnd)))" 0
	hull start "$TAG"
	assert_equal "$((16#$(what_waits CapEff))) $((16#$(what_waits CapPrm))) $(what_waits Seccomp)" "0 0 2"
}

@test "a limit of descriptors that leaves the gate none holds for the program" {
	for limit in 0 1 3 4 5 6 7 8; do
		config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: $limit, hard: ($limit + 1)}]' --argjson limit "$limit"
		bundle_args "$B" sleep 100
		created
		hull start "$TAG"
		assert_equal "$(awk '/Max open files/ { print $4, $5 }' "/proc/$(pid_of "$TAG")/limits")" "$limit $((limit + 1))"
		hull delete --force "$TAG"
	done
}

@test "a user that cannot be is an error of create" {
	config "$B" '.linux.namespaces += [{type: "user"}] | .process.user = {uid: 70000, gid: 0} | .linux.devices = [] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
	refuses "become user 70000:0" create -b "$B" "$TAG"
}
