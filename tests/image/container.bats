#!/usr/bin/env bats
# hull container with images: docker's options, seen from inside.

load ../helpers/common
load place

setup_file() {
	place_setup
	[[ $EUID -eq 0 ]] || return 0
	image import --quiet --tag bb:1 --change 'ENV FROM=image' --change 'WORKDIR /srv' --change 'CMD ["pwd"]' \
		--change 'LABEL kind=test' --change 'VOLUME /data' --change 'STOPSIGNAL SIGUSR1' "$PLACE/root"
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

# inside WANT [OPTION…] -- SCRIPT: a container with these options says exactly this.
inside() {
	local want=$1 options=()
	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	run container run --rm --network none "${options[@]}" bb:1 sh -c "$2"
	[[ $status -eq 0 && $output == "$want" ]] || {
		printf '%s\n' "status $status, output:" "$output" "want:" "$want" >&2
		return 1
	}
}

@test "the image's command, environment, working directory; changed by options" {
	run container run --rm --network none bb:1
	assert_equal "$output" /srv
	inside 'image / changed' -e X=changed -w / -- 'echo $FROM $PWD $X'
	inside 'mine' -e FROM=mine -- 'echo $FROM'
	run container run --rm --network none --entrypoint echo bb:1 one two
	assert_equal "$output" 'one two'
	X=inherited inside 'inherited' -e X -- 'echo $X'
}

@test "user by name, number, with a group" {
	inside '1000:1000' -u user -- 'echo $(id -u):$(id -g)'
	inside '77:0' -u 77 -- 'echo $(id -u):$(id -g)'
	inside '1000:5' -u user:5 -- 'echo $(id -u):$(id -g)'
	run container run --rm --network none -u nobody-here bb:1
	assert_status 125
	assert_output_has 'unable to find user nobody-here'
}

@test "host name: the id's first digits, or the chosen one; /etc/hosts and resolv.conf" {
	id=$(container create --network none bb:1 sh -c 'hostname; cat /etc/hostname')
	run container start -a "$id"
	assert_equal "$output" "${id:0:12}"$'\n'"${id:0:12}"
	inside $'box\n10.1.2.3\tdb\nnameserver 9.9.9.9' -h box --add-host db:10.1.2.3 --dns 9.9.9.9 -- \
		'hostname; grep db /etc/hosts; cat /etc/resolv.conf'
}

@test "capabilities, filter, no-new-privileges, privileged" {
	inside 'a80425fb' -- 'sed -n "s/^CapEff:.*\(........\)$/\1/p" /proc/self/status'
	inside '00000000' --cap-drop all -- 'sed -n "s/^CapEff:.*\(........\)$/\1/p" /proc/self/status'
	inside '2' -- 'sed -n "s/^Seccomp:\s*//p" /proc/self/status'
	inside '0' --security-opt seccomp=unconfined -- 'sed -n "s/^Seccomp:\s*//p" /proc/self/status'
	inside '1' --security-opt no-new-privileges -- 'sed -n "s/^NoNewPrivs:\s*//p" /proc/self/status'
	inside 'refused' -- 'mount -t tmpfs x /mnt 2>/dev/null && echo mounted || echo refused'
}

# A /dev of the test's own, in a mount namespace of the container's engine only.
with_dev() {
	# shellcheck disable=SC2016 # for the inner shell
	in_place unshare -m --propagation private sh -c '
		set -e
		mount -t tmpfs none "$1/dev"
		cd "$1/dev"
		cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty .
		mkdir -p sub/dir pts shm mqueue
		mknod -m 640 sub/dir/node b 7 200
		chown 3:4 sub/dir/node
		for at in console pts/9 shm/n mqueue/n; do mknod "$at" c 1 3; done
		mkfifo pipe
		touch file
		ln -s sub alias
		ln -s null link
		ln -s /proc/self/fd fd
		mount --bind "$1/dev" /dev
		shift
		exec "$@"' sh "$PLACE" "$HULL" container --store "$PLACE/containers" --run "$PLACE/run" \
		--root "$PLACE/state" --images "$PLACE/images" "$@"
}

@test "privileged: every device node of the host, and nothing else of its /dev" {
	in_place mkdir -p "$PLACE/dev"
	run with_dev run --rm --network none --privileged bb:1 sh -c '
		cd /dev; find . -type b -o -type c ! -path "./pts/*" | sort; stat -c "%a %u:%g %t:%T" sub/dir/node
		ls -d alias pipe file link shm/n mqueue/n pts/9 2>/dev/null; true'
	assert_status 0
	assert_equal "$output" './full
./null
./random
./sub/dir/node
./tty
./urandom
./zero
640 3:4 7:c8'
	inside yes --privileged -- 'mknod /own b 7 250 && { dd if=/own count=0 2>/dev/null || true; } && echo yes'
}

@test "read-only root, tmpfs, binds, shm size" {
	inside 'ro' --read-only -- 'touch /x 2>/dev/null && echo rw || echo ro'
	inside 'rw' --read-only --tmpfs /run -- 'touch /run/x && echo rw'
	in_place mkdir -p "$PLACE/shared"
	inside '' -v "$PLACE/shared:/mnt" -- 'echo word >/mnt/file'
	assert_equal "$(in_place cat "$PLACE/shared/file")" word
	inside $'word\nro' -v "$PLACE/shared:/mnt:ro" -- 'cat /mnt/file; touch /mnt/x 2>/dev/null && echo rw || echo ro'
	inside '1024' --shm-size 1m -- 'df -k /dev/shm | awk "END { print \$2 }"'
	inside 'word' --mount "type=bind,src=$PLACE/shared,dst=/mnt,readonly" -- 'cat /mnt/file'
}

@test "volumes: the image's are filled and go with the container; named ones stay" {
	inside seed -- 'cat /data/seed'
	id=$(container create --network none bb:1 sh -c 'echo more >>/data/seed; cat /data/seed')
	container start -a "$id" >/dev/null
	run container start -a "$id"
	assert_equal "$output" $'seed\nmore\nmore'
	inside '' -v "$TAG-named:/mine" -- 'echo kept >/mine/file'
	inside 'kept' -v "$TAG-named:/mine:ro" -- 'cat /mine/file'
	run in_place find "$PLACE/volumes" -name file
	assert_output_has "/$TAG-named/"
	assert_equal "$(wc -l <<<"$output")" 1
	[[ ! -e /var/lib/hull/volumes/$TAG-named ]]
}

@test "limits are in the cgroup" {
	id=$(container run -d --network none --pids-limit 7 -m 64m bb:1 sleep 100)
	run in_place jq -c '.linux.resources | [.pids.limit, .memory.limit]' "$PLACE/containers/$id/config.json"
	assert_equal "$output" '[7,67108864]'
	run container exec "$id" sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done' # a fork bomb that is none
	[[ $output == *"fork"* || $status -ne 0 ]]
}

@test "ulimit, sysctl, device, label" {
	inside 123 --ulimit nofile=123:456 -- 'ulimit -n'
	inside 9000 --sysctl kernel.msgmax=9000 -- 'cat /proc/sys/kernel/msgmax'
	inside 'character special file' --device /dev/null:/dev/nothing -- 'stat -c %F /dev/nothing'
	id=$(container create --network none -l mine=1 bb:1)
	run container inspect --format '{{index .Config.Labels "kind"}} {{index .Config.Labels "mine"}}' "$id"
	assert_equal "$output" 'test 1'
}

@test "--init: orphans are reaped, signals and exit status pass" {
	inside '' --init -- '(sleep 0.1 &) ; sleep 0.5; ps | grep "\[sleep\]"; true'
	run container run --rm --network none --init bb:1 sh -c 'exit 9'
	assert_status 9
	id=$(container run -d --network none --init --stop-signal TERM bb:1 sh -c 'trap "exit 4" TERM; echo up; while :; do sleep 0.1; done')
	wait_until 10 eval '[[ $(container logs "$id") == up ]]'
	container stop "$id" >/dev/null
	assert_equal "$(container inspect --format '{{.State.ExitCode}}' "$id")" 4
}

@test "the image's stop signal" {
	id=$(container run -d --network none bb:1 sh -c 'trap "exit 3" USR1; echo up; while :; do sleep 0.1; done')
	wait_until 10 eval '[[ $(container logs "$id") == up ]]'
	container stop "$id" >/dev/null
	assert_equal "$(container inspect --format '{{.State.ExitCode}}' "$id")" 3
}

@test "networks: host, none, another container's" {
	inside 'lo' -- 'ls /sys/class/net'
	run container run --rm --network host bb:1 readlink /proc/self/ns/net
	assert_equal "$output" "$(in_place readlink /proc/self/ns/net)"
	container run -d --name first --network none bb:1 sleep 100
	run container run --rm --network container:first bb:1 readlink /proc/self/ns/net
	assert_equal "$output" "$(container exec first readlink /proc/1/ns/net)"
	container stop -t 0 first
	run container run --rm --network container:first bb:1 true
	assert_status 125
	assert_output_has 'non running container'
}

@test "bad input: one clear line, nothing left" {
	for words in 'nothing:1' '--memory 1k bb:1' '--cap-add NOPE bb:1' '-v /a:relative bb:1' '--network nowhere bb:1' \
		'-p 80:x bb:1' '--bundle /nowhere -e A=1' 'bb@sha256:12'; do
		# shellcheck disable=SC2086 # words
		run container run --rm $words
		assert_status 125
		[[ $(wc -l <<<"$output") -le 2 ]] || {
			echo "$words: $output" >&2
			return 1
		}
	done
	assert_equal "$(container ps -aq)" ""
	assert_equal "$(in_place ls "$PLACE/containers" | grep -v names)" ""
}

@test "removed containers leave nothing: pins die, layers can go" {
	id=$(container create --network none bb:1)
	run image rm bb:1
	assert_status 4
	container rm "$id"
	image tag bb:1 bb:2
	image rm bb:2
	run image ls --format '{{.Repository}}:{{.Tag}}'
	assert_equal "$output" bb:1
}
