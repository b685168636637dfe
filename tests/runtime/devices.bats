#!/usr/bin/env bats
# Device nodes: the default ones, listed ones, what is in their place, and a /dev from outside.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	requires_capability MKNOD
}

teardown() {
	teardown_scratch
}

# list_device JSON: is the only listed one.
list_device() {
	config "$B" '.linux.devices = [$device]' --argjson device "$1"
}

@test "R-127 dev.def: the six, for everyone, and they work" {
	inside 'for name in null zero full random urandom tty; do stat -c "%n %F %t:%T %a %u:%g" /dev/$name; done'
	assert_status 0
	assert_equal "$output" "/dev/null character special file 1:3 666 0:0
/dev/zero character special file 1:5 666 0:0
/dev/full character special file 1:7 666 0:0
/dev/random character special file 1:8 666 0:0
/dev/urandom character special file 1:9 666 0:0
/dev/tty character special file 5:0 666 0:0"
	shows $'16\n1' 'echo x >/dev/null; head -c 16 /dev/zero | wc -c; echo x 2>/dev/null >/dev/full; echo $?; head -c 1 /dev/urandom >/dev/null'
}

@test "R-258 def.links, R-129 dev.ptmx: the default links" {
	shows $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n/proc/kcore\npts/ptmx' \
		'for name in fd stdin stdout stderr core ptmx; do readlink /dev/$name; done'
	shows through 'echo through >/dev/stdout'
	inside 'test -c /dev/ptmx/ || test -c "$(readlink -f /dev/ptmx)"'
	assert_status 0
}

@test "R-258 def.links: what is there already stays, but ptmx is replaced" {
	config "$B" '.mounts |= map(select(.destination != "/dev"))'
	ln -s /elsewhere "$B/rootfs/dev/stdin"
	echo own >"$B/rootfs/dev/ptmx"
	shows $'/elsewhere\npts/ptmx' 'readlink /dev/stdin; readlink /dev/ptmx'
}

@test "R-128 dev.console: without a terminal there is none" {
	shows no 'test -e /dev/console || echo no'
}

@test "R-121 dev.avail: character, block, FIFO, with mode and owner" {
	config "$B" '.linux.devices = [
		{path: "/dev/c", type: "c", major: 1, minor: 3, fileMode: 432, uid: 7, gid: 8},
		{path: "/dev/u", type: "u", major: 10, minor: 229},
		{path: "/dev/b", type: "b", major: 7, minor: 0, fileMode: 384},
		{path: "/dev/p", type: "p", fileMode: 511},
		{path: "/dev/large", type: "c", major: 300, minor: 70000}]'
	inside 'for name in c u b p large; do stat -c "%n %F %t:%T %a %u:%g" /dev/$name; done'
	assert_status 0
	assert_equal "$output" "/dev/c character special file 1:3 660 7:8
/dev/u character special file a:e5 666 0:0
/dev/b block special file 7:0 600 0:0
/dev/p fifo 0:0 777 0:0
/dev/large character special file 12c:11170 666 0:0"
}

@test "R-121 dev.avail: anywhere in the root, in directories that are made" {
	list_device '{"path": "/var/lib/new/null", "type": "c", "major": 1, "minor": 3}'
	shows 1:3 'stat -c %t:%T /var/lib/new/null'
}

@test "R-121 dev.avail: the caller's umask does not touch the mode" {
	list_device '{"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "fileMode": 511}'
	umask 077
	shows $'777\n666\n755' 'stat -c %a /dev/mine /dev/null; stat -c %a /dev/pts'
}

@test "R-122 dev.match: a matching node is fine" {
	mkdir "$B/rootfs/nodes"
	mknod "$B/rootfs/nodes/null" c 1 3
	list_device '{"path": "/nodes/null", "type": "c", "major": 1, "minor": 3}'
	shows 1:3 'stat -c %t:%T /nodes/null'
}

@test "R-122 dev.match: anything else in its place is refused" {
	mkdir "$B/rootfs/nodes"
	list_device '{"path": "/nodes/it", "type": "c", "major": 1, "minor": 3}'
	mknod "$B/rootfs/nodes/it" c 1 5
	refuses '"/nodes/it"' create -b "$B" "$TAG"
	rm "$B/rootfs/nodes/it"
	mknod "$B/rootfs/nodes/it" b 1 3
	refuses '"/nodes/it"' create -b "$B" "$TAG"
	rm "$B/rootfs/nodes/it"
	echo text >"$B/rootfs/nodes/it"
	refuses '"/nodes/it"' create -b "$B" "$TAG"
	assert_equal "$(cat "$B/rootfs/nodes/it")" text
	rm "$B/rootfs/nodes/it"
	ln -s /dev/null "$B/rootfs/nodes/it"
	refuses '"/nodes/it"' create -b "$B" "$TAG"
	rm "$B/rootfs/nodes/it"
	mkdir "$B/rootfs/nodes/it"
	refuses '"/nodes/it"' create -b "$B" "$TAG"
}

@test "R-122 dev.match: a link on the way does not lead out of the root" {
	mkdir "$SCRATCH/outside"
	ln -s "$SCRATCH/outside" "$B/rootfs/nodes"
	list_device '{"path": "/nodes/null", "type": "c", "major": 1, "minor": 3}'
	config "$B" '.root.readonly = false'
	inside true
	[[ -z $(ls "$SCRATCH/outside") ]]
}

@test "R-123 dev.majmin: numbers are required" {
	list_device '{"path": "/dev/x", "type": "c"}'
	refuses 'devices' create -b "$B" "$TAG"
	list_device '{"path": "/dev/x", "type": "b", "major": 1}'
	refuses 'devices' create -b "$B" "$TAG"
}

@test "R-007 val.invalid: types, numbers and paths that are none" {
	for device in '{"path": "/dev/x", "type": "a", "major": 1, "minor": 3}' \
		'{"path": "/dev/x", "type": "", "major": 1, "minor": 3}' \
		'{"path": "/dev/x", "type": "c", "major": -1, "minor": 3}' \
		'{"path": "/dev/x", "type": "c", "major": 4096, "minor": 3}' \
		'{"path": "dev/x", "type": "c", "major": 1, "minor": 3}' \
		'{"path": "/", "type": "c", "major": 1, "minor": 3}' \
		'{"type": "c", "major": 1, "minor": 3}'; do
		list_device "$device"
		refuses '' create -b "$B" "$TAG" || {
			echo "$device" >&2
			false
		}
	done
}

@test "a listed device may stand for a default one" {
	list_device '{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 3, "gid": 4}'
	shows $'3:4 1:3' 'stat -c "%u:%g %t:%T" /dev/null'
}

@test "a /dev bound from outside gets neither nodes nor links" {
	mkdir "$SCRATCH/dev"
	mknod "$SCRATCH/dev/null" c 1 3
	config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not)) +
		[{destination: "/dev", source: $dev, options: ["bind"]}] | .linux.devices = []' --arg dev "$SCRATCH/dev"
	shows null 'ls /dev'
	assert_equal "$(ls "$SCRATCH/dev")" null
}

@test "R-259 def.devbind: listed devices must be there all the same" {
	mkdir "$SCRATCH/dev"
	mknod "$SCRATCH/dev/null" c 1 3
	config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not)) +
		[{destination: "/dev", source: $dev, options: ["bind", "ro"]}] |
		.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3}]' --arg dev "$SCRATCH/dev"
	shows null 'ls /dev'
	config "$B" '.linux.devices[0].path = "/dev/zero"'
	refuses '"/dev/zero"' create -b "$B" "$TAG"
}

@test "R-125 dev.only: what is not allowed cannot be opened, defaults can" {
	requires_cgroup_v1 devices
	unconfined
	config "$B" '.linux.resources.devices = [{allow: false, access: "rwm"}] |
		.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]'
	inside 'cat /dev/kmsg 2>&1 | head -1; echo x >/dev/null && head -c 1 /dev/zero | wc -c; mknod /run/x c 1 11 && echo made'
	assert_status 0
	[[ ${lines[0]} == *"Operation not permitted"* ]]
	assert_equal "${lines[1]}" 1
	assert_equal "${lines[2]}" made
}

@test "R-154 dc.order: a later rule wins" {
	requires_cgroup_v1 devices
	unconfined
	config "$B" '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}] | .linux.resources.devices =
		[{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "rw"},
		 {allow: false, type: "c", major: 1, minor: 11, access: "w"}]'
	inside 'exec 3</dev/kmsg && echo read; exec 4>/dev/kmsg || echo x'
	assert_equal "${lines[0]}" read
	[[ ${lines[1]} == *"Operation not permitted"* || ${lines[1]} == *"not permitted"* ]]
}

@test "R-125 dev.only: on bare cgroup v2 by a program" {
	requires_on_v2
	unconfined
	without_controllers "$B"
	config "$B" '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}] | .linux.resources.devices =
		[{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "r"}]'
	bundle_args "$B" sh -c 'exec 3</dev/kmsg && echo read; echo x >/dev/null && echo null; mknod /run/x c 1 11 && echo made; : >/dev/kmsg'
	run on_v2 hull run -b "$B" "$TAG"
	assert_equal "${lines[0]}" read
	assert_equal "${lines[1]}" null
	assert_equal "${lines[2]}" made
	[[ ${lines[3]} == *"not permitted"* ]]
	assert_nothing_left
}
