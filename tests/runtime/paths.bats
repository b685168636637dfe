#!/usr/bin/env bats
# Masked and read-only paths.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	mkdir -p "$B/rootfs/secret/dir" "$B/rootfs/open"
	echo text >"$B/rootfs/secret/file"
	echo text >"$B/rootfs/secret/dir/file"
	config "$B" '.root.readonly = false'
}

teardown() {
	teardown_scratch
}

mask() {
	config "$B" '.linux.maskedPaths = ($paths | split("\n"))' --arg paths "$(printf '%s\n' "$@")"
}

readonly_paths() {
	config "$B" '.linux.readonlyPaths = ($paths | split("\n"))' --arg paths "$(printf '%s\n' "$@")"
}

@test "R-196 mask.do: a file is empty, a directory empty and read-only" {
	mask /secret/file /secret/dir
	shows $'0\n0\nrefused' 'wc -c </secret/file; ls -A /secret/dir | wc -l; touch /secret/dir/x 2>/dev/null || echo refused'
	assert_equal "$(cat "$B/rootfs/secret/file" "$B/rootfs/secret/dir/file")" $'text\ntext'
}

@test "R-196 mask.do: what is written to a masked file is lost" {
	mask /secret/file
	shows 0 'echo more >/secret/file; wc -c </secret/file'
	assert_equal "$(cat "$B/rootfs/secret/file")" text
}

@test "R-196 mask.do: the masks of the document in /proc and /sys" {
	inside 'wc -c </proc/interrupts; ls -A /sys/firmware | wc -l; ls -A /proc/acpi 2>/dev/null | wc -l'
	assert_equal "$output" $'0\n0\n0'
}

@test "R-196 mask.do: a missing path is skipped" {
	mask /nowhere /secret/file/below /secret/nothing /secret/file
	shows 0 'wc -c </secret/file; test ! -e /nowhere'
	[[ ! -e $B/rootfs/nowhere ]]
}

@test "R-196 mask.do: the same path twice, and one below the other" {
	mask /secret/file /secret/file /secret/dir /secret /secret/dir
	shows 0 'ls -A /secret | wc -l'
}

@test "R-196 mask.do: a link masks what it points at, inside the root" {
	ln -s secret/file "$B/rootfs/link"
	ln -s /secret/dir "$B/rootfs/dirlink"
	ln -s ../../../../../../etc/passwd "$B/rootfs/up"
	ln -s nowhere "$B/rootfs/dangling"
	mask /link /dirlink /up /dangling
	shows $'0\n0\n0' 'wc -c </secret/file; ls -A /secret/dir | wc -l; wc -c </etc/passwd'
	[[ -s /etc/passwd ]]
}

@test "R-196 mask.do: many directories share one empty file system" {
	for i in 1 2 3 4 5; do
		mkdir "$B/rootfs/open/$i"
		touch "$B/rootfs/open/$i/file"
	done
	mask /open/1 /open/2 /open/3 /open/4 /open/5
	shows $'0\n1' 'ls /open/* | grep -c file; awk "\$5 ~ \"^/open/\" { print \$3 }" /proc/self/mountinfo | sort -u | wc -l'
}

@test "R-196 mask.do: also in a container without a /dev" {
	config "$B" '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.devices = []'
	rm -rf "$B/rootfs/dev"
	mask /secret/file
	shows 0 'wc -c </secret/file'
}

@test "R-195 mask.abs: a relative path is refused" {
	mask secret/file
	refuses 'maskedPaths' create -b "$B" "$TAG"
}

@test "R-198 ro.do: read-only, and only there" {
	readonly_paths /secret/dir /secret/file
	shows $'refused\nrefused\ntext\nfine' 'touch /secret/dir/x 2>/dev/null || echo refused
		echo x 2>/dev/null >/secret/file || echo refused; cat /secret/file; touch /secret/x && echo fine'
}

@test "R-198 ro.do: with what is mounted below" {
	add_mount '{"destination": "/open/below", "type": "tmpfs", "source": "tmpfs"}'
	readonly_paths /open
	shows $'refused\nrefused' 'touch /open/x 2>/dev/null || echo refused; touch /open/below/x 2>/dev/null || echo refused'
}

@test "R-198 ro.do: flags of the mount stay" {
	add_mount '{"destination": "/open", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec"]}'
	mkdir "$B/rootfs/open/sub"
	readonly_paths /open
	shows ro,nosuid,nodev,noexec,relatime "awk '\$5 == \"/open\" { last = \$6 } END { print last }' /proc/self/mountinfo"
}

@test "R-198 ro.do: sysctls cannot be written" {
	unconfined
	inside 'echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_forward || echo refused'
	assert_equal "$output" refused
}

@test "R-198 ro.do: a missing path is skipped, a link followed inside the root" {
	ln -s secret/dir "$B/rootfs/link"
	readonly_paths /nowhere /secret/file/x /link
	shows refused 'touch /secret/dir/x 2>/dev/null || echo refused'
}

@test "R-197 ro.abs: a relative path is refused" {
	readonly_paths secret
	refuses 'readonlyPaths' create -b "$B" "$TAG"
}

@test "R-116 ns.dep: masks without a mount namespace are refused" {
	without_namespace mount
	config "$B" 'del(.mounts, .linux.rootfsPropagation, .linux.devices, .linux.readonlyPaths)'
	mask /secret
	refuses 'without a private MNT namespace' create -b "$B" "$TAG"
}
