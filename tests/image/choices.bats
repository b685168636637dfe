#!/usr/bin/env bats
# hull container with images: what a person asks for is what there is, whatever the image and the host are like.

load ../helpers/common
load place

setup_file() {
	place_setup
	[[ $EUID -eq 0 ]] || return 0
	# named volumes of this file's own, and on another kind of file system than an overlay
	in_place sh -c "mkdir '$PLACE/volumes' && mount -t tmpfs volumes '$PLACE/volumes'"
	in_place sh -c "head -c 2000000 /dev/zero >'$PLACE/root/srv/big'; mkdir -p '$PLACE/root/data/sub' &&
		echo deep >'$PLACE/root/data/sub/file'"
	image import --quiet --tag bb:1 --change 'CMD ["sh"]' --change 'VOLUME /data' "$PLACE/root"
}

teardown_file() {
	place_teardown
}

setup() {
	requires_root
}

teardown() {
	[[ $EUID -ne 0 ]] || place_empty
}

inside() {
	container run --rm --network none "$@"
}

@test "a named volume is filled across file systems" {
	run inside -v filled:/data bb:1 cat /data/seed /data/sub/file
	assert_status 0
	assert_equal "$output" $'seed\ndeep'
	run in_place ls -A "$PLACE/volumes"
	assert_equal "$output" filled
}

@test "a volume that somebody was killed over is made anew; one that cannot be filled leaves nothing" {
	in_place mkdir -p "$PLACE/volumes/.new-again/data"
	in_place touch "$PLACE/volumes/.new-again/half"
	run inside -v again:/data bb:1 ls /data
	assert_equal "$output" $'seed\nsub'
	in_place mount -t tmpfs -o size=1m small "$PLACE/volumes"
	run inside -v large:/srv bb:1 true
	assert_status 125
	assert_output_has 'no space left on device'
	run in_place ls -A "$PLACE/volumes"
	assert_equal "$output" ''
	in_place umount "$PLACE/volumes"
}

@test "a read-only mount is read-only all the way down" {
	in_place sh -c "mkdir -p '$PLACE/host/below' && mount -t tmpfs below '$PLACE/host/below'"
	run inside -v "$PLACE/host:/h:ro" bb:1 sh -c 'touch /h/file; touch /h/below/file'
	assert_status 1
	assert_output_has '/h/below/file: Read-only file system'
	inside --mount "type=bind,src=$PLACE/host,dst=/h,ro,bind-recursive=writable" bb:1 touch /h/below/file
	run inside --mount "type=bind,src=$PLACE/host,dst=/h,bind-recursive=disabled" bb:1 ls /h/below
	assert_equal "$output" ''
	in_place umount "$PLACE/host/below"
}

@test "a directory mounted where the image has a volume, or below it" {
	in_place sh -c "mkdir -p '$PLACE/mine' && echo mine >'$PLACE/mine/file'"
	run inside -v "$PLACE/mine:/data/" bb:1 ls /data
	assert_equal "$output" file
	run inside -v "$PLACE/mine:/data/sub" bb:1 ls /data /data/sub
	assert_equal "$output" $'/data:\nseed\nsub\n\n/data/sub:\nfile'
}

@test "another container's network is looked up at every start, also at those of a restart policy" {
	container run -d --name first --network none bb:1 sleep 1000
	container run -d --name second --network container:first --restart always bb:1 \
		sh -c 'readlink /proc/self/ns/net; sleep 2'
	was=$(container exec first readlink /proc/self/ns/net)
	wait_until 10 eval '[[ $(container logs second) == "$was"* ]]'
	container restart -t 0 first
	now=$(container exec first readlink /proc/self/ns/net)
	[[ $now != "$was" ]]
	wait_until 20 eval '[[ $(container logs second) == *"$now" ]]'
	container kill first
	wait_until 20 eval '[[ $(container inspect --format "{{.State.Error}}" second) == *"non running container"* ||
		$(container inspect --format "{{.State.Status}}" second) != running ]]'
	# whatever process has its number now: nobody's network is joined
	run container logs second
	[[ $output != *"$(in_place readlink /proc/self/ns/net)"* ]]
}

@test "--init ends with its program, whatever it was started with" {
	run timeout 10 env --ignore-signal=CHLD "${HULL%/*}/hull-reaper" -- sh -c 'exit 7'
	assert_status 7
}

@test "what a wrong command line says is fit for a terminal" {
	run container run $'--no\e[31m' bb:1
	assert_output_has 'unknown flag: --no\x1b[31m'
	run container $'no\e[31m'
	assert_output_has "hull container: 'no\\x1b[31m' is not a hull container command."
}

@test "users are not looked for in what the kernel makes up" {
	# reading /proc/kmsg would take messages from the host's log
	container run -d --name liar --network none bb:1 sh -c 'rm /etc/passwd; ln -s /proc/kmsg /etc/passwd; sleep 1000'
	wait_until 10 eval '[[ $(container exec liar readlink /etc/passwd) == /proc/kmsg ]]'
	run timeout 10 nsenter -t "$PLACE_PID" -m -n -- "$HULL" container --store "$PLACE/containers" --run "$PLACE/run" \
		--root "$PLACE/state" exec -u root liar true
	assert_output_has '"/etc/passwd" of the container is no regular file'
}
