#!/usr/bin/env bats
# The story of `make demo`, and what it must show: containers of one image share it, change only their own layer,
# and the image stays.

load ../helpers/common
load place

setup_file() {
	place_setup
	[[ $EUID -eq 0 ]] || return 0
	image import --quiet --tag demo/web:1.0 --change 'CMD ["httpd", "-f", "-p", "80", "-h", "/srv"]' \
		--change 'EXPOSE 80' "$PLACE/root"
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

# web N [OPTION…]: container webN on port 808N.
web() {
	container run -d --name "web$1" -p "808$1:80" "${@:2}" demo/web:1.0
}

@test "the demo tells the story, and nothing of it stays" {
	before=$(ls /run/hull 2>/dev/null || true)
	run env TMPDIR="$SCRATCH" "$TOP/tests/demo"
	assert_status 0
	assert_output_has 'http://127.0.0.1:8082/  changed in web2'
	assert_output_has 'http://127.0.0.1:8083/  hello from the image'
	assert_output_has '(Paused)'
	[[ $output == *'conflict: unable to remove repository reference "demo/web:1.0"'*'container '* ]]
	assert_equal "$(ls /run/hull 2>/dev/null || true)" "$before"
	assert_equal "$(find "$SCRATCH" -maxdepth 1 -name 'hull-demo*')" ""
}

@test "three containers of one image: an address each, a page each, no copied data" {
	for i in 1 2 3; do web $i; done
	run container ps --format '{{.Address}} {{.Ports}} {{.Names}}'
	assert_equal "$(cut -d' ' -f1 <<<"$output" | sort -u | grep -c .)" 3
	assert_output_has '0.0.0.0:8082->80/tcp web2'
	for i in 1 2 3; do wait_until 10 page_is 808$i 'from the image'; done
	# a container's writable layer has empty mount points, and not one byte
	for id in $(container ps -q --no-trunc); do
		assert_equal "$(in_place find "$PLACE/containers/$id/upper" -type f -size +0)" ""
	done
}

@test "a change is its own: seen after stop and start, not by the others, not in the image" {
	web 1
	web 2
	container exec web2 sh -c 'echo changed >/srv/index.html; rm /data/seed; mkdir /made'
	wait_until 10 page_is 8082 changed
	wait_until 10 page_is 8081 'from the image'
	run container diff web2
	assert_output_has 'C /srv/index.html'
	assert_output_has 'D /data/seed'
	assert_output_has 'A /made'
	container stop -t 1 web2
	run container ps -a --filter name=web2 --format '{{.State}}'
	assert_equal "$output" exited
	container start web2
	wait_until 10 page_is 8082 changed
	run container run --rm --network none demo/web:1.0 sh -c 'cat /srv/index.html /data/seed'
	assert_equal "$output" $'from the image\nseed'
}

@test "they find each other by name" {
	web 1
	web 2
	wait_until 10 container exec web1 wget -q -O /dev/null http://web2/
	run container exec web1 wget -q -O - http://web2/
	assert_equal "$output" 'from the image'
}

@test "rm: a running one is refused; a container's image is not removed, and is named" {
	web 1
	run container rm web1
	assert_status 1
	run image rm demo/web:1.0
	assert_status 4
	id=$(container ps -q)
	assert_output_has "container $id is using its referenced image"
	container rm -f web1
	run image ls -q
	[[ -n $output ]]
}

@test "a port that is taken is refused, and free again when its container is gone" {
	web 1
	run container run -d --name second -p 8081:80 demo/web:1.0
	assert_status 125
	assert_output_has 'port is already allocated'
	container rm -f second 2>/dev/null || true
	container rm -f web1
	web 1
	wait_until 10 page_is 8081 'from the image'
}

# taken PORT: whether a server of the host that comes now is refused, one that listens and one that does not.
taken() {
	local tcp udp
	tcp=$(in_place timeout 1 busybox nc -l -p "$1" 2>&1 </dev/null) || true
	udp=$(in_place timeout 1 busybox nc -u -l -p "$1" 2>&1 </dev/null) || true
	[[ "$tcp" == *"in use"* && "$udp" != *"in use"* ]]
}

@test "a published port is the container's also for processes of the host, as long as it runs" {
	web 1
	wait_until 10 page_is 8081 'from the image'
	taken 8081
	# whatever its shim lives through
	kill -KILL "$(ps -o ppid= "$(container inspect --format '{{.State.Pid}}' web1)")"
	wait_until 10 eval '! taken 8081'
	container wait web1 >/dev/null 3>&- & # another takes it up
	# looking for the port is having it for a moment, in which nobody else can
	wait_until 10 pgrep -f "^[^ ]*hull-shim .*$(container inspect --format '{{.Id}}' web1)"
	sleep 1
	taken 8081
	container restart -t 1 web1
	taken 8081
	wait_until 10 page_is 8081 'from the image'
	container stop -t 1 web1
	wait
	run taken 8081
	assert_status 1
}

@test "pause, unpause, stop, start, restart keep the port" {
	web 1
	wait_until 10 page_is 8081 'from the image'
	container pause web1
	run page 8081
	assert_equal "$output" ""
	container unpause web1
	wait_until 10 page_is 8081 'from the image'
	container restart -t 1 web1
	wait_until 10 page_is 8081 'from the image'
}

@test "killed from outside, it lets go of address and port" {
	web 1
	pid=$(container inspect --format '{{.State.Pid}}' web1)
	kill -KILL "$pid"
	wait_until 10 eval '[[ $(container inspect --format "{{.State.Status}}" web1) == exited ]]'
	web 2
	container start web1
	wait_until 10 page_is 8081 'from the image'
}
