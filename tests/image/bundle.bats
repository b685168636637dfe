#!/usr/bin/env bats
# hull image bundle, unpack, diff, mount: bundles of images, run by hull and by others.

load ../helpers/common
load image

setup() {
	requires_root
	setup_image
}
teardown() { teardown_scratch; }

busybox_image() {
	local usual='.config = {Cmd: ["echo", "from the image"], Env: ["PATH=/bin:/usr/bin", "FROM=image"]}'
	busybox_layout "$WORK/l" bb:1 "${1:-$usual}"
	image import -q "$WORK/l"
}

@test "a bundle runs; nothing of the image is copied" {
	busybox_image
	before=$(du -s "$STORE" | cut -f1)
	for i in 1 2 3; do
		image bundle --network none bb:1 "$SCRATCH/b$i"
		[[ $(du -s "$SCRATCH/b$i" | cut -f1) -lt 100 ]]
	done
	[[ $(du -s "$STORE" | cut -f1) -lt $((before + 50)) ]]
	for i in 1 2 3; do
		run hull run -b "$SCRATCH/b$i" "$TAG-$i"
		assert_status 0
		assert_equal "$output" "from the image"
	done
	assert_equal "$(stat -c %a "$SCRATCH/b1")" 700
	assert_equal "$(stat -c %a "$SCRATCH/b1/hull-rootfs.json")" 600
	assert_nothing_left
}

@test "what one container writes no other sees, and the layers stay as they are" {
	busybox_image
	image bundle --network none bb:1 "$SCRATCH/a" sh -c 'echo a >/made; rm /bin/ls; echo changed >/etc/passwd'
	image bundle --network none bb:1 "$SCRATCH/b" sh -c 'ls / /bin/ls; cat /etc/passwd'
	hull run -b "$SCRATCH/a" "$TAG-a"
	run hull run -b "$SCRATCH/b" "$TAG-b"
	assert_status 0
	[[ $output != *made* && $output != *changed* ]]
	image check --deep
	run image diff "$SCRATCH/a"
	assert_output_has "A /made"
	assert_output_has "D /bin/ls"
	assert_output_has "C /etc/passwd"
	assert_output_has "C /bin"
	run image diff "$SCRATCH/nothing"
	assert_status 3
}

@test "the image's configuration and the person's choices" {
	busybox_image '.config = {Entrypoint: ["sh", "-c"], Cmd: ["echo $A $B; pwd; id -u"], Env: ["PATH=/bin", "A=image", "B=image"],
		WorkingDir: "/etc", User: "0"}'
	image bundle --network none -e B=mine bb:1 "$SCRATCH/a"
	run hull run -b "$SCRATCH/a" "$TAG-a"
	assert_equal "$output" $'image mine\n/etc\n0'
	image bundle --network none -u 1000 -w /tmp bb:1 "$SCRATCH/b" 'id -u; pwd'
	run hull run -b "$SCRATCH/b" "$TAG-b"
	assert_equal "$output" $'1000\n/tmp'
	image bundle --network none --entrypoint echo bb:1 "$SCRATCH/c" words -n
	run hull run -b "$SCRATCH/c" "$TAG-c"
	assert_equal "$output" "words -n"
	run image bundle --network none -u nobody-here bb:1 "$SCRATCH/d"
	assert_status 1
	assert_output_has "nobody-here"
	[[ ! -e $SCRATCH/d ]]
}

@test "container by id: diff finds it" {
	busybox_image
	image bundle --network none --id "$(printf '0123456789abcdef%.0s' 1 2 3 4)" bb:1 "$SCRATCH/b" touch /made
	hull run -b "$SCRATCH/b" "$TAG-a"
	run image diff 0123456789ab
	assert_equal "$output" "A /made"
}

@test "a directory with a bundle is refused, one without is used" {
	busybox_image
	mkdir -m 700 "$SCRATCH/b"
	echo mine >"$SCRATCH/b/mine"
	run image bundle --network none -u nobody-here bb:1 "$SCRATCH/b"
	assert_status 1
	assert_equal "$(ls "$SCRATCH/b")" mine
	image bundle --network none bb:1 "$SCRATCH/b"
	run image bundle --network none bb:1 "$SCRATCH/b"
	assert_status 4
	assert_output_has "has a bundle already"
	run hull run -b "$SCRATCH/b" "$TAG-a"
	assert_equal "$output" "from the image"
	run image bundle nothing "$SCRATCH/c"
	assert_status 3
	[[ ! -e $SCRATCH/c ]]
}

@test "a directory that others can enter, or that has what a bundle has" {
	busybox_image
	for command in bundle unpack; do
		# programs that set the user id are in it
		mkdir -m 755 "$SCRATCH/$command"
		image $command --network none bb:1 "$SCRATCH/$command"
		assert_equal "$(stat -c %a "$SCRATCH/$command")" 700
		mkdir -m 755 "$SCRATCH/open"
		echo mine >"$SCRATCH/open/mine"
		run image $command --network none bb:1 "$SCRATCH/open"
		assert_status 1
		assert_output_has "other users can enter"
		chmod 1777 "$SCRATCH/open"
		run image $command --network none bb:1 "$SCRATCH/open"
		assert_status 1
		assert_output_has "another user"
		chmod 700 "$SCRATCH/open"
		chown 1 "$SCRATCH/open"
		run image $command --network none bb:1 "$SCRATCH/open"
		assert_status 1
		assert_output_has "another user"
		rm -r "$SCRATCH/open"
		# what fails takes nothing with it
		for name in upper work volumes hosts hostname resolv.conf; do
			mkdir -m 700 "$SCRATCH/open"
			mkdir "$SCRATCH/open/$name"
			echo mine >"$SCRATCH/open/$name/mine"
			run image $command --network none -u nobody-here bb:1 "$SCRATCH/open"
			assert_status 4
			assert_equal "$(cat "$SCRATCH/open/$name/mine")" mine
			rm -r "$SCRATCH/open"
		done
	done
}

@test "unpack: a root of its own, which needs no store" {
	busybox_image
	image unpack --network none bb:1 "$SCRATCH/b"
	[[ ! -e $SCRATCH/b/hull-rootfs.json ]]
	diff -r --no-dereference "$WORK/busybox" "$SCRATCH/b/rootfs"
	image rm bb:1
	rm -rf "$STORE"
	run hull run -b "$SCRATCH/b" "$TAG-a"
	assert_equal "$output" "from the image"
}

@test "unpack of an image that names no program: a shell, as any bundle has; a container needs one" {
	busybox_image
	image import -q --tag bare:1 "$WORK/busybox"
	image unpack --network none bare:1 "$SCRATCH/b"
	assert_equal "$(jq -c .process.args "$SCRATCH/b/config.json")" '["sh"]'
	run image bundle --network none bare:1 "$SCRATCH/c"
	assert_status 1
	assert_output_has 'no command specified'
}

@test "unpack applies whiteouts" {
	layout "$WORK/l"
	tree "$WORK/t1" a=1 d/x=1 d/y=1
	tree "$WORK/t2" .wh.a= d/.wh..wh..opq= d/z=2
	layer_tar "$WORK/t1" "$WORK/1.tar"
	layer_tar "$WORK/t2" "$WORK/2.tar"
	add_manifest "$WORK/l" "" gzip "$WORK/1.tar" "$WORK/2.tar"
	name_manifest "$WORK/l" wh:1
	image import -q "$WORK/l"
	image unpack --network none wh:1 "$SCRATCH/b"
	assert_equal "$(cd "$SCRATCH/b/rootfs" && find . -type f)" ./d/z
	# and the stacked layers show the same
	image bundle --network none --mount-root wh:1 "$SCRATCH/c"
	assert_equal "$(cd "$SCRATCH/c/rootfs" && find . -type f)" ./d/z
	image umount "$SCRATCH/c"
}

@test "layers that rely on earlier ones come out right" {
	layout "$WORK/l"
	tree "$WORK/t1" usr/lib/base=1 tmp/a=1
	ln -s usr/lib "$WORK/t1/lib"
	chmod 1777 "$WORK/t1/tmp"
	tree "$WORK/t2" tmp/foo=2 lib/extra=2
	layer_tar "$WORK/t1" "$WORK/1.tar"
	# no entries of the directories
	tar --owner=0 --group=0 -C "$WORK/t2" -cf "$WORK/2.tar" tmp/foo lib/extra
	add_manifest "$WORK/l" "" none "$WORK/1.tar" "$WORK/2.tar"
	name_manifest "$WORK/l" relies:1
	image import -q "$WORK/l"
	for i in 1 2; do # the chain is made once, and found again
		image bundle --network none --mount-root relies:1 "$SCRATCH/b$i"
		assert_equal "$(stat -c %a "$SCRATCH/b$i/rootfs/tmp")" 1777
		assert_equal "$(readlink "$SCRATCH/b$i/rootfs/lib")" usr/lib
		assert_equal "$(cat "$SCRATCH/b$i/rootfs/lib/extra" "$SCRATCH/b$i/rootfs/lib/base")" 21
		image umount "$SCRATCH/b$i"
	done
	assert_equal "$(find "$STORE/chains/sha256" -mindepth 1 -maxdepth 1 | wc -l)" 1
	run image rm relies:1
	assert_status 4
	rm -rf "$SCRATCH"/b?
	image rm relies:1
	assert_equal "$(find "$STORE/chains/sha256" -mindepth 1 -maxdepth 1)" ""
	image prune -f
	assert_no_garbage
}

@test "a layer that hides all below it" {
	layout "$WORK/l"
	tree "$WORK/t1" a=1 d/x=1
	tree "$WORK/t2" .wh..wh..opq= b=2
	tree "$WORK/t3" c=3
	for i in 1 2 3; do layer_tar "$WORK/t$i" "$WORK/$i.tar"; done
	add_manifest "$WORK/l" "" gzip "$WORK/1.tar" "$WORK/2.tar" "$WORK/3.tar"
	name_manifest "$WORK/l" opaque:1
	image import -q "$WORK/l"
	image bundle --network none --mount-root opaque:1 "$SCRATCH/b"
	assert_equal "$(cd "$SCRATCH/b/rootfs" && echo *)" "b c"
	image umount "$SCRATCH/b"
	image unpack --network none opaque:1 "$SCRATCH/c"
	assert_equal "$(cd "$SCRATCH/c/rootfs" && echo *)" "b c"
}

@test "the same layer twice in an image" {
	layout "$WORK/l"
	tree "$WORK/t1" a=1
	tree "$WORK/t2" .wh.a= b=2
	layer_tar "$WORK/t1" "$WORK/1.tar"
	layer_tar "$WORK/t2" "$WORK/2.tar"
	add_manifest "$WORK/l" "" gzip "$WORK/1.tar" "$WORK/2.tar" "$WORK/1.tar"
	name_manifest "$WORK/l" twice:1
	image import -q "$WORK/l"
	image bundle --network none --mount-root twice:1 "$SCRATCH/b"
	assert_equal "$(cd "$SCRATCH/b/rootfs" && echo *)" "a b"
	image umount "$SCRATCH/b"
}

@test "--mount-root: any runtime; the image stays while the bundle is there" {
	busybox_image
	image bundle --network none --mount-root bb:1 "$SCRATCH/b" sh -c 'echo x >/made; cat /made'
	[[ ! -e $SCRATCH/b/hull-rootfs.json ]]
	run hull run -b "$SCRATCH/b" "$TAG-a"
	assert_equal "$output" x
	run image rm bb:1
	assert_status 4
	run image diff "$SCRATCH/b"
	assert_output_has "A /made"
	image umount "$SCRATCH/b"
	assert_equal "$(ls "$SCRATCH/b/rootfs")" ""
	image mount "$SCRATCH/b"
	image mount "$SCRATCH/b" # once is enough
	assert_equal "$(cat "$SCRATCH/b/rootfs/made")" x
	image umount "$SCRATCH/b"
	run image mount "$WORK"
	assert_status 3
	rm -rf "$SCRATCH/b"
	image rm bb:1
	assert_no_garbage
}

@test "what skopeo or another puts into the store can be run" {
	requires_command skopeo
	image ls
	busybox_layout "$WORK/l" bb:1 '.config = {Cmd: ["echo", "copied in"], Env: ["PATH=/bin"]}'
	skopeo copy -q "oci:$WORK/l:bb:1" "oci:$STORE:docker.io/library/copied:1"
	image ls | grep -q '^copied *1 '
	image bundle --network none copied:1 "$SCRATCH/b"
	run hull run -b "$SCRATCH/b" "$TAG-a"
	assert_equal "$output" "copied in"
	image rm -f copied:1
	rm -rf "$SCRATCH/b"
	image prune -f
	assert_no_garbage
}

@test "a hard link to what comes later in its layer is there; one to what never comes is told" {
	local usual='.config = {Cmd: ["cat", "/twin"], Env: ["PATH=/bin"]}'
	rootfs "$WORK/t"
	echo "told twice" >"$WORK/t/target"
	ln "$WORK/t/target" "$WORK/t/twin"
	(
		cd "$WORK/t"
		tar -cf ../never.tar target twin
		tar --delete -f ../never.tar target
		cp ../never.tar ../later.tar
		rm twin
		tar -rf ../later.tar ./*
		rm target
		tar -cf ../below.tar ./*
	)
	layout "$WORK/l"
	add_manifest "$WORK/l" "$usual" gzip "$WORK/later.tar"
	name_manifest "$WORK/l" later:1
	add_manifest "$WORK/l" "$usual" gzip "$WORK/below.tar" "$WORK/later.tar"
	name_manifest "$WORK/l" later:2
	image import -q "$WORK/l"
	for name in later:1 later:2; do
		image bundle --network none "$name" "$SCRATCH/b"
		run hull run -b "$SCRATCH/b" "$TAG"
		assert_equal "$output" "told twice"
		rm -r "$SCRATCH/b"
	done
	for layers in never "below never"; do
		rm -r "$WORK/l"
		layout "$WORK/l"
		# shellcheck disable=SC2046,SC2086 # a word for each layer
		add_manifest "$WORK/l" "$usual" gzip $(printf "$WORK/%s.tar " $layers)
		name_manifest "$WORK/l" never:1
		image import -q "$WORK/l" || true
		for command in bundle unpack; do
			run image "$command" never:1 "$SCRATCH/$command"
			assert_status 6
			assert_output_has "a hard link to \"target\""
			assert_equal "$(wc -l <<<"$output")" 1
			[[ ! -e $SCRATCH/$command ]]
		done
	done
	assert_no_garbage
}

@test "a bundle of ten layers takes at most 10 milliseconds" {
	[[ $IMAGE != */asan/* ]] || skip "sanitizers are slow"
	simple_layout "$WORK/l" app:1 10
	image import -q "$WORK/l"
	fresh() {
		"$IMAGE" --root "$STORE" bundle --network none app:1 "$(mktemp -u "$SCRATCH/b.XXXXXX")"
	}
	costs_at_most 10000 fresh
}
