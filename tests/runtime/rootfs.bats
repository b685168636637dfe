#!/usr/bin/env bats
# The root file system: where it is, whether it can be written, how mounts propagate, how it is entered.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

# peer_groups: mountinfo's optional fields of the mount that is "/" inside.
readonly ROOT_FIELDS='awk "\$5 == \"/\" { print \$7 }" /proc/self/mountinfo'

@test "R-017 root.path: relative to the bundle, wherever hull is called from" {
	echo here >"$B/rootfs/marker"
	cd /
	shows here 'cat /marker'
	bundle_args "$B" cat /marker
	cd "$B"
	run hull run "$TAG"
	assert_equal "$output" here
	cd "$B/rootfs"
	run hull run -b .. "$TAG"
	assert_equal "$output" here
}

@test "R-017 root.path: absolute, and with dots and links in it" {
	echo here >"$B/rootfs/marker"
	ln -s "$B" "$SCRATCH/link"
	for path in "$B/rootfs" ../b/./rootfs "$SCRATCH/link/rootfs" rootfs/; do
		config "$B" '.root.path = $path' --arg path "$path"
		shows here 'cat /marker'
	done
}

@test "R-017 root.path: the bundle itself as root, by \".\"" {
	cp -a "$B/rootfs/." "$B"
	config "$B" '.root.path = "."'
	shows config.json 'ls /config.json | tail -c 12'
}

@test "R-019 root.exists: missing, dangling and no directory are refused" {
	rm -rf "$B/rootfs"
	refuses '/b/rootfs"' create -b "$B" "$TAG"
	ln -s nowhere "$B/rootfs"
	refuses '/b/rootfs"' create -b "$B" "$TAG"
	rm "$B/rootfs"
	echo >"$B/rootfs"
	refuses '/b/rootfs"' create -b "$B" "$TAG"
	config "$B" '.root.path = ""'
	refuses 'root' create -b "$B" "$TAG"
}

@test "R-016 root.req: a document without root is refused" {
	config "$B" 'del(.root)'
	refuses 'root' create -b "$B" "$TAG"
}

@test "R-020 root.ro: nothing can be written, what is mounted below can" {
	shows $'1\n1\n0' 'touch /x 2>/dev/null; echo $?; echo x 2>/dev/null >/etc/passwd; echo $?; touch /tmp/x; echo $?'
	[[ ! -e $B/rootfs/x ]]
}

@test "R-020 root.ro: false, and absent" {
	config "$B" '.root.readonly = false'
	shows 0 'touch /x; echo $?'
	[[ -e $B/rootfs/x ]]
	config "$B" 'del(.root.readonly)'
	shows 0 'touch /y; echo $?'
}

@test "R-020 root.ro: devices and mount points are made all the same" {
	rm -rf "$B/rootfs/dev" "$B/rootfs/tmp"
	inside 'test -c /dev/null && test -d /tmp'
	assert_status 0
}

@test "the host's mount of the root stays as it is" {
	before=$(findmnt -n -o PROPAGATION,OPTIONS -T "$B/rootfs")
	inside true
	assert_equal "$(findmnt -n -o PROPAGATION,OPTIONS -T "$B/rootfs")" "$before"
	touch "$B/rootfs/still-writable"
}

@test "R-193 prop.shared: private is the end of all propagation" {
	for value in private rprivate; do
		config "$B" '.linux.rootfsPropagation = $value' --arg value $value
		inside "$ROOT_FIELDS"
		assert_equal "$output" -
	done
	config "$B" 'del(.linux.rootfsPropagation)'
	inside "$ROOT_FIELDS"
	assert_status 0
}

@test "R-193 prop.shared: shared makes a peer group that is not the host's" {
	config "$B" '.linux.rootfsPropagation = "shared"'
	inside "$ROOT_FIELDS"
	assert_status 0
	[[ $output == shared:* ]]
	run ! grep -q " ${output%% *} " /proc/self/mountinfo
}

@test "R-193 prop.shared: what a shared container mounts does not reach the host" {
	unconfined
	config "$B" '.linux.rootfsPropagation = "shared" | .root.readonly = false'
	# The scratch directory as a shared mount of a namespace of our own.
	bundle_args "$B" sh -c 'mount -t tmpfs inner /mnt && grep -c " /mnt " /proc/self/mountinfo'
	# shellcheck disable=SC2016
	run unshare -m --propagation private sh -c '
		mount --bind "$1" "$1" && mount --make-shared "$1" && shift && "$@" && grep -c inner /proc/self/mountinfo' sh \
		"$B" "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" $'1\n0'
}

# from_host PROPAGATION: whether a mount made by the host, below a shared volume, shows inside.
from_host() {
	mkdir -p "$SCRATCH/volume/sub"
	config "$B" '.linux.rootfsPropagation = $value | .mounts = [.mounts[] | select(.destination != "/mnt")] +
		[{destination: "/mnt", source: $source, options: ["rbind", $value]}]' \
		--arg value "$1" --arg source "$SCRATCH/volume"
	bundle_args "$B" sh -c 'until test -e /run/go; do sleep 0.02; done; ls /mnt/sub'
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c '
		mount -t tmpfs volume "$1" && mount --make-shared "$1" && mkdir "$1/sub" && shift
		hull=$1 state=$2 bundle=$3 id=$4
		"$hull" --root "$state" create -b "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&- || exit
		mount -t tmpfs later "$5" && : >"$5/seen"
		"$hull" --root "$state" start "$id" && "$hull" --root "$state" exec "$id" touch /run/go
		until [ "$("$hull" --root "$state" state "$id" | jq -r .status)" = stopped ]; do sleep 0.02; done
		"$hull" --root "$state" delete "$id"; cat "$bundle/out"' \
		sh "$SCRATCH/volume" "$HULL" "$STATE" "$B" "$TAG" "$SCRATCH/volume/sub"
}

@test "R-193 prop.shared: slave receives what the host mounts, private does not" {
	run from_host rslave
	assert_status 0
	assert_equal "$output" seen
	run from_host slave
	assert_equal "$output" seen
	run from_host rprivate
	assert_status 0
	assert_equal "$output" ""
	run from_host rshared
	assert_equal "$output" seen
}

@test "R-193 prop.shared: unbindable" {
	unconfined
	config "$B" '.linux.rootfsPropagation = "unbindable"'
	inside "$ROOT_FIELDS; mount --bind / /mnt 2>/dev/null || echo refused"
	assert_status 0
	assert_equal "$output" $'unbindable\nrefused'
}

@test "R-194 prop.enum: other words are refused" {
	config "$B" '.linux.rootfsPropagation = "public"'
	refuses 'rootfsPropagation' create -b "$B" "$TAG"
}

@test "the old root is gone" {
	shows bin 'cd /..; ls -d bin'
	# root, and what the document mounts with its masks: nothing of the host's own mounts
	inside "awk '\$5 !~ \"^/(proc|dev|sys|tmp|run)\" { print \$5 }' /proc/self/mountinfo"
	assert_equal "$output" /
}

@test "--no-pivot: a root that is on a ramfs, without the host's proc" {
	unconfined
	config "$B" '.root.readonly = false'
	bundle_args "$B" sh -c 'cat /etc/hostname 2>/dev/null; ls / | grep -c bin; mount -t proc proc /mnt && ls /mnt | grep -c "^1\$"'
	run hull run --no-pivot -b "$B" "$TAG"
	assert_status 0
	assert_equal "${lines[0]}" 2
	assert_nothing_left
	detached hull create --no-pivot -b "$B" "$TAG"
	assert_status 0
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
}

@test "a root on a file system of its own, read-only" {
	mkdir "$SCRATCH/own"
	config "$B" '.root.path = $path' --arg path "$SCRATCH/own"
	bundle_args "$B" sh -c 'echo running'
	# shellcheck disable=SC2016
	run unshare -m --propagation private sh -c '
		mount -t tmpfs own "$1" && cp -a "$2/rootfs/." "$1" && mount -o remount,ro "$1" && shift 2 && exec "$@"' sh \
		"$SCRATCH/own" "$B" "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 0
	assert_equal "$output" running
}

@test "mounts of the host below the root come along" {
	mkdir "$B/rootfs/extra"
	bundle_args "$B" sh -c 'cat /extra/file'
	# shellcheck disable=SC2016
	run unshare -m --propagation private sh -c '
		mount -t tmpfs none "$1" && echo along >"$1/file" && shift && exec "$@"' sh \
		"$B/rootfs/extra" "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" along
}

@test "two containers on one root at the same time" {
	rmdir "$B/rootfs/proc" "$B/rootfs/sys"
	config "$B" '.root.readonly = false | del(.linux.cgroupsPath)'
	bundle_args "$B" sh -c 'test -d /proc/1 && test -c /dev/null'
	for i in 1 2 3 4 5 6; do
		hull run -b "$B" "$TAG-$i" 3>&- &
		jobs[i]=$!
	done
	for i in 1 2 3 4 5 6; do
		wait "${jobs[i]}"
	done
	assert_nothing_left
}

@test "R-002 bundle.dir: a bundle directory that is a link, and one with odd letters" {
	mv "$B" "$SCRATCH/with space \"quote\" ünï"
	ln -s "with space \"quote\" ünï" "$B"
	started
	run hull state "$TAG"
	[[ $(jq -r .bundle <<<"$output") == /*"$(basename "$SCRATCH")"* ]]
	hull delete --force "$TAG"
	assert_nothing_left
}
