#!/usr/bin/env bats
# A root that is an overlay of layers (hull-rootfs.json beside config.json): mounted for the container alone.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	# on a file system that can carry an upper layer, wherever the scratch is
	L=$SCRATCH-layers
	mkdir "$L"
	mount -t tmpfs layers "$L"
	mkdir "$L/base" "$L/top" "$L/upper" "$L/work"
	cp -a "$B/rootfs/." "$L/base/"
	mkdir -p "$L/top/etc"
	echo top >"$L/top/etc/which"
	echo base >"$L/base/etc/which"
	rm -rf "$B/rootfs"
	config "$B" '.root.readonly = false'
	layers "[\"$L/top\", \"$L/base\"]" "\"upper\": \"$L/upper\", \"work\": \"$L/work\""
}

teardown() {
	umount -l "$SCRATCH-layers" 2>/dev/null || true
	rmdir "$SCRATCH-layers" 2>/dev/null || true
	teardown_scratch
}

# layers LOWER MORE: $B's hull-rootfs.json.
layers() {
	printf '{"version": 1, "lower": %s%s}\n' "$1" "${2:+, $2}" >"$B/hull-rootfs.json"
	chmod 600 "$B/hull-rootfs.json"
}

@test "layers: the topmost wins, changes are in upper alone, nothing is mounted on the host" {
	before=$(wc -l </proc/self/mountinfo)
	shows $'top\nroot' 'cat /etc/which; id -un; echo new >/etc/which; rm /etc/passwd; mkdir /made'
	assert_equal "$(cat "$L/upper/etc/which") $(cat "$L/top/etc/which") $(cat "$L/base/etc/which")" 'new top base'
	[[ -d $L/upper/made && -c $L/upper/etc/passwd && -f $L/base/etc/passwd ]]
	assert_equal "$(wc -l </proc/self/mountinfo)" "$before"
	assert_nothing_left
	shows $'new\n1' 'cat /etc/which; cat /etc/passwd 2>/dev/null; echo $?'
}

@test "layers: create, start, exec and delete see the overlay; it goes with the container" {
	bundle_args "$B" sleep 100
	created
	run hull exec "$TAG" cat /etc/which
	assert_equal "$output" top
	hull start "$TAG"
	run hull exec "$TAG" sh -c 'echo later >/etc/which; awk "\$5 == \"/\" { print }" /proc/self/mountinfo'
	[[ $output == *' - overlay '* ]]
	hull delete --force "$TAG"
	assert_equal "$(cat "$L/upper/etc/which")" later
	assert_nothing_left
}

@test "layers: without an upper one the root is read-only, one layer is enough" {
	layers "[\"$L/top\", \"$L/base\"]"
	shows $'top\n1' 'cat /etc/which; echo x 2>/dev/null >/etc/which; echo $?'
	layers "[\"$L/base\"]"
	shows $'base\n1' 'cat /etc/which; echo x 2>/dev/null >/etc/which; echo $?'
	config "$B" '.root.readonly = true'
	layers "[\"$L/top\", \"$L/base\"]" "\"upper\": \"$L/upper\", \"work\": \"$L/work\""
	shows $'top\n1' 'cat /etc/which; echo x 2>/dev/null >/etc/which; echo $?'
}

@test "layers: two containers of the same layers do not see each other's changes" {
	mkdir "$L/upper2" "$L/work2"
	bundle_args "$B" sh -c 'echo one >/etc/which; sleep 100'
	started "$TAG"
	wait_until 5 test -s "$L/upper/etc/which"
	layers "[\"$L/top\", \"$L/base\"]" "\"upper\": \"$L/upper2\", \"work\": \"$L/work2\""
	bundle_args "$B" cat /etc/which
	config "$B" '.linux.cgroupsPath += "-2"'
	run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG-2"
	assert_equal "$output" top
	run hull exec "$TAG" cat /etc/which
	assert_equal "$output" one
	hull delete --force "$TAG"
}

@test "layers: 500 of them with the descriptors of a plain shell; the container's limit stays" {
	lower=
	for ((i = 0; i < 498; i++)); do
		mkdir "$L/l$i"
		lower+="\"$L/l$i\", "
	done
	echo deep >"$L/l300/deep"
	layers "[$lower\"$L/top\", \"$L/base\"]" "\"upper\": \"$L/upper\", \"work\": \"$L/work\""
	config "$B" 'del(.process.rlimits)'
	bundle_args "$B" sh -c 'cat /deep; ulimit -Sn'
	run bash -c 'ulimit -Sn 256; exec timeout 20 "$1" --root "$2" run -b "$3" "$4"' - "$HULL" "$STATE" "$B" "$TAG"
	assert_equal "$output" $'deep\n256'
	layers "[$lower\"$L/l1\", \"$L/top\", \"$L/base\"]"
	refuses '501 layers' create -b "$B" "$TAG"
}

@test "layers: what is wrong is one clear line" {
	layers "[\"$L/none\", \"$L/base\"]"
	refuses "$L/none" create -b "$B" "$TAG"
	layers "[\"$L/top/etc/which\"]"
	refuses "$L/top/etc/which" create -b "$B" "$TAG"
	ln -s base "$L/link"
	layers "[\"$L/link\"]"
	refuses "$L/link" create -b "$B" "$TAG"
	layers '["relative"]'
	refuses 'lower[0]' create -b "$B" "$TAG"
	layers "[\"$L/base\"]" '"upper": "/x"'
	refuses 'belong together' create -b "$B" "$TAG"
	layers "[\"$L/base\"]"
	chmod 666 "$B/hull-rootfs.json"
	refuses 'another user' create -b "$B" "$TAG"
	chmod 600 "$B/hull-rootfs.json"
	without_namespace mount
	config "$B" 'del(.linux.maskedPaths, .linux.readonlyPaths, .linux.sysctl) | .mounts = []'
	refuses 'mount namespace' create -b "$B" "$TAG"
}

@test "layers: the plan shows them" {
	run "$HULL" plan -b "$B" "$TAG"
	[[ $output == *"layer \"$L/top\""*"layer \"$L/base\""*"upper \"$L/upper\""* ]] || {
		echo "$output" >&2
		return 1
	}
}

@test "layers: a writable layer is one container's at a time, and free again when that has ended" {
	bundle_args "$B" sleep 100
	started "$TAG"
	config "$B" '.linux.cgroupsPath += "-2"'
	detached hull create -b "$B" "$TAG-2"
	assert_status 1
	[[ $output == *"$L/upper"*'runs as process'* ]]
	pid=$(pid_of "$TAG")
	kill -KILL "$pid"
	wait_until 5 test ! -d "/proc/$pid/fd/0"
	wait_until 5 eval 'hull state "$TAG" | grep -q stopped'
	detached hull run -d -b "$B" "$TAG-2"
	assert_status 0
	hull delete --force "$TAG"
	hull delete --force "$TAG-2"
	assert_nothing_left
}
