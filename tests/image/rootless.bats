#!/usr/bin/env bats
# The store of a user without privileges: in a user namespace with subordinate ids, or with its own id alone.

load ../helpers/common
load image

setup() {
	requires_root
	requires_user_namespaces
	setup_image
	layout "$WORK/l"
	tree "$WORK/t1" a=1 d/x=1
	chown 5:7 "$WORK/t1/a"
	tar -C "$WORK/t1" -cf "$WORK/1.tar" .
	tree "$WORK/t2" .wh.d= b=2
	layer_tar "$WORK/t2" "$WORK/2.tar"
	add_manifest "$WORK/l" "" gzip "$WORK/1.tar" "$WORK/2.tar"
	name_manifest "$WORK/l" own:1
	chmod -R a+rX "$SCRATCH"
	mkdir "$SCRATCH/home"
	chown 64242:64242 "$SCRATCH/home"
	setpriv --reuid 64242 --regid 64242 --clear-groups test -x "$IMAGE" || skip "other users cannot reach $IMAGE"
}
teardown() { teardown_scratch; }

# as_user WORDS...: hull-image as a user whose home is empty, and who has no subordinate ids.
as_user() {
	setpriv --reuid 64242 --regid 64242 --clear-groups env HOME="$SCRATCH/home" "$IMAGE" "$@"
}

# as_subuser WORDS...: the same with subordinate ids, in /etc files that only it sees.
as_subuser() {
	(cat /etc/passwd && echo "hulltest:x:64242:64242::/:/bin/sh") >"$SCRATCH/passwd"
	echo "hulltest:200000:65536" >"$SCRATCH/subid"
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c '
		mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/subid" /etc/subuid &&
			mount --bind "$1/subid" /etc/subgid && shift || exit 77
		exec setpriv --reuid 64242 --regid 64242 --clear-groups env HOME="$HOME" "$@"' \
		sh "$SCRATCH" env HOME="$SCRATCH/home" "$IMAGE" "$@"
}

@test "with subordinate ids: owners are kept, and everything can be removed" {
	requires_command newuidmap newgidmap
	[[ -e /etc/subuid && -e /etc/subgid ]] || skip "needs /etc/subuid and /etc/subgid"
	run as_subuser import "$WORK/l"
	assert_status 0
	assert_output_has "Loaded image: own:1"
	as_subuser check --deep
	file=$(find "$SCRATCH/home/.local/share/hull/images/layers" -name a)
	assert_equal "$(stat -c %u:%g "$file")" 200004:200006
	as_subuser unpack --network none own:1 "$SCRATCH/home/b" true
	assert_equal "$(cd "$SCRATCH/home/b/rootfs" && echo *)" "a b"
	assert_equal "$(stat -c %u:%g "$SCRATCH/home/b/rootfs/a")" 200004:200006
	run as_subuser bundle --network none own:1 "$SCRATCH/home/c" true
	assert_status 1
	assert_output_has "needs root"
	as_subuser rm own:1
	as_subuser prune -f
	assert_equal "$(find "$SCRATCH/home/.local/share/hull/images" -mindepth 3 -path '*layers*')" ""
}

@test "without: files of root's alone, and one clear line for others" {
	run as_user import -q "$WORK/l"
	assert_status 1
	assert_equal "$(wc -l <<<"$output")" 1
	assert_equal "$(as_user ls -q)" ""
	as_user check
	simple_layout "$WORK/plain" plain:1 2
	chmod -R a+rX "$SCRATCH/work"
	as_user import -q "$WORK/plain"
	as_user check --deep
	as_user ls | grep -q '^plain '
	as_user rm plain:1
}
