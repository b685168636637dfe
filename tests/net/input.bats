#!/usr/bin/env bats
# What people, hooks and containers may say to hull-net, and what not; the manual page says the same as help.

load ../helpers/common
load ../helpers/runtime
load net

setup() {
	setup_host
}

teardown() {
	teardown_host
}

# refused TEXT OPTIONS...: add fails with one line that has TEXT, and leaves nothing.
refused() {
	local text=$1
	shift
	run net add "$@" </dev/null
	[[ $status -eq 1 && $output == "Error: "*"$text"* && $output != *$'\n'* ]] || {
		printf '%s\n' "status $status, output:" "$output" "want one line with:" "$text" >&2
		return 1
	}
	assert_host_is_clean
}

@test "names that are paths, lines or nothing" {
	holder A
	for id in ../x a/b .. . "" $'a\nb' 'a b' 'a*' "$(printf 'a%.0s' {1..256})"; do
		refused "invalid container id" --id "$id" --pid "$A"
	done
	for network in bridge:../x bridge:a/b bridge: bridge:.. bridge:-a 'bridge:a"b' bridge:a%b bridge:aaaaaaaaaaaaaaaa \
		cni:../x cni: cni:a/b "cni:$(printf 'a%.0s' {1..101})"; do
		refused "invalid network name" --id a --pid "$A" --network "$network"
	done
	refused "neither bridge[:NAME] nor cni:NAME" --id a --pid "$A" --network macvlan:x
	for interface in lo a/b .. . "" 'a b' a:b aaaaaaaaaaaaaaaa; do
		refused "invalid interface name" --id a --pid "$A" --interface "$interface"
	done
	for name in "" $'a\n6.6.6.6 bank' 'a b' 'a#' -a; do
		refused "invalid name" --id a --pid "$A" --name="$name"
		refused "invalid host name" --id a --pid "$A" --hostname="$name"
		refused "invalid alias" --id a --pid "$A" --alias="$name"
	done
	refused "invalid --dns" --id a --pid "$A" --dns $'1.1.1.1\nsearch evil'
	refused "invalid --dns-search" --id a --pid "$A" --dns-search ""
	refused "invalid --dns-option" --id a --pid "$A" --dns-option 'a b'
}

@test "addresses and ports" {
	holder A
	refused "invalid IP address" --id a --pid "$A" --ip 10.91.0.256
	run net add --id a --pid "$A" --ip 10.91.0.1
	assert_status 1
	assert_output_has "no container can have the address 10.91.0.1"
	net prune
	refused "invalid MAC address" --id a --pid "$A" --mac 00:11:22
	refused "invalid subnet" --id a --pid "$A" --subnet 10.0.0.0
	refused "invalid subnet" --id a --pid "$A" --subnet 10.0.0.0/31
	refused "invalid MTU" --id a --pid "$A" --mtu 10
	refused 'invalid publication "80:80:80:80"' --id a --pid "$A" -p 80:80:80:80
	refused "invalid ranges specified for container and host Ports" --id a --pid "$A" -p 8000-8001:80-82
	refused "only IPv4 is published" --id a --pid "$A" -p '[::1]:80:80'
	refused "more than 65535 published ports" --id a --pid "$A" -p 1-65535:1-65535 -p 80:80
}

@test "every port of the host" {
	holder A
	net add --id a --pid "$A" -p 20000-29999:20000-29999
	assert_equal "$(net inspect --format '{{.PortsText}}' a)" "0.0.0.0:20000-29999->20000-29999/tcp"
	net check --id a
	net del --id a
	net prune >/dev/null
	assert_host_is_clean
}

@test "processes and namespaces" {
	holder A
	refused "neither a process nor a network namespace" --id a
	refused "process 4194999: no such process" --id a --pid 4194999
	refused "invalid --pid" --id a --pid 0
	refused "no such file" --id a --netns "$SCRATCH/none"
	touch "$SCRATCH/file"
	refused "is no network namespace" --id a --netns "$SCRATCH/file"
	refused "is no network namespace" --id a --netns "/proc/$A/ns/mnt"
	mkfifo "$SCRATCH/fifo"
	refused "is no network namespace" --id a --netns "$SCRATCH/fifo"
}

@test "state documents" {
	holder A
	refuses_document() {
		run net add <<<"$2"
		assert_status 1
		assert_output_has "$1"
		assert_host_is_clean
	}
	run net add </dev/null
	assert_status 1
	assert_output_has "neither --id nor a state document"
	refuses_document "is no object" '[]'
	refuses_document "id is missing" '{}'
	refuses_document "id is missing" '{"id": 1, "status": "creating", "bundle": "/b"}'
	refuses_document "invalid container id" "{\"id\": \"../x\", \"status\": \"creating\", \"bundle\": \"/b\", \"pid\": $A}"
	refuses_document "bundle is missing" '{"id": "a", "status": "creating"}'
	refuses_document "pid: is no number" '{"id": "a", "status": "creating", "bundle": "/b", "pid": "1"}'
	refuses_document "the state document" '{"id": "a", "status": "creating", "bundle": "/b", "pid": 99999999999}'
	refuses_document "the state document" '{"id": "a", "id": "b"}'
	run net add < <(head -c 2000000 /dev/zero)
	assert_status 1
	run net del <<<'{"id": "never", "status": "stopped", "bundle": "/b"}'
	assert_status 0
	assert_equal "$output" ""
}

@test "files of the bundle: links, pipes, what a container did to them" {
	holder A
	echo mine >"$SCRATCH/passwd"
	ln -s "$SCRATCH/passwd" "$SCRATCH/link"
	mkfifo "$SCRATCH/fifo"
	refused "link" --id a --pid "$A" --hosts "$SCRATCH/link"
	refused "no regular file" --id a --pid "$A" --hosts "$SCRATCH/fifo"
	refused "none" --id a --pid "$A" --hosts "$SCRATCH/none"
	run net add --id a --pid "$A" --resolv "$SCRATCH/link"
	assert_status 1
	assert_equal "$(cat "$SCRATCH/passwd")" mine
	assert_equal "$(net ls --format '{{.ID}}')" ""
	# another file in its place is not written to; a giant one is not read; others go on
	: >"$SCRATCH/hosts"
	net add --id a --pid "$A" --hosts "$SCRATCH/hosts" --ip 10.91.0.2
	mv "$SCRATCH/hosts" "$SCRATCH/hosts.old"
	ln -s "$SCRATCH/passwd" "$SCRATCH/hosts"
	holder B
	net add --id b --pid "$B"
	rm "$SCRATCH/hosts"
	echo other >"$SCRATCH/hosts"
	net del --id b
	assert_equal "$(cat "$SCRATCH/passwd" "$SCRATCH/hosts")" "mine
other"
	mv "$SCRATCH/hosts.old" "$SCRATCH/hosts"
	truncate -s 10G "$SCRATCH/hosts"
	run net add --id b --pid "$B"
	assert_status 0
	assert_output_has "hosts"
	: >"$SCRATCH/hosts"
	net del --id b
	assert_equal "$(grep -c '10\.91\.0\.2' "$SCRATCH/hosts")" 1
}

@test "damaged state: a claim, a network, strangers' files" {
	holder A
	holder B
	net add --id a --pid "$A" -p 8080:80
	echo '{"prefix":' >"$NETROOT/bridge/hull0/containers/a"
	echo 'x' >"$NETROOT/bridge/strange"
	mkdir "$NETROOT/bridge/not a network"
	run net add --id b --pid "$B" -p 8080:80
	assert_status 0
	assert_output_has "Error: a"
	net check --id b
	echo 'x' >"$NETROOT/bridge/hull0/network"
	run net prune
	assert_output_has 'network "hull0"'
	net check --id b || true
	net del --id b
	rm -r "$NETROOT/bridge/strange" "$NETROOT/bridge/not a network"
	net prune
	chmod 777 "$NETROOT"
	run net ls
	assert_status 1
	assert_output_has "can be written to by others"
	chmod 700 "$NETROOT"
	chmod 666 "$SETTINGS"
	run net ls
	assert_status 1
	assert_output_has "can be written to by others"
}

@test "formats" {
	holder A
	net add --id "$(printf 'a%.0s' {1..64})" --pid "$A" -p 8080:80 --name web
	assert_equal "$(net ls | tr -s ' ')" "CONTAINER ID NAME NETWORK INTERFACE ADDRESS PORTS
aaaaaaaaaaaa web bridge:hull0 eth0 10.91.0.2/16 0.0.0.0:8080->80/tcp"
	assert_equal "$(net ls --format json | jq -r '.PortsText, .Ports[0].HostPort')" "0.0.0.0:8080->80/tcp
8080"
	assert_equal "$(net ls --network bridge:other --format json)" ""
	run net ls --format '{{.Nothing}}'
	assert_status 1
	run net inspect nobody
	assert_status 1
	assert_output_has '"nobody" is in no network'
	run net
	assert_output_has "Commands:"
	run net nothing
	assert_status 1
	run net add --nothing
	assert_status 2
	run net --version
	[[ $output == "hull-net version "* ]]
}

@test "the manual page has every command and every option that help shows" {
	local page=$TOP/docs/hull-net.8 name option count=0
	for name in $("$NET" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		grep -q "^\.Ss $name\$" "$page" || {
			echo "not in the page: $name" >&2
			return 1
		}
		for option in $("$NET" help "$name" | sed -n 's/^ *\(-., \)\?--\([a-z-]*\).*/\2/p'); do
			count=$((count + 1))
			awk -v name="$name" '/^\.S[sh] / { inside = ($0 == ".Ss " name) } inside' "$page" |
				grep -qE -- "^\.It .*Fl -$option( |\$)" || {
				echo "not in the page: $name --$option" >&2
				return 1
			}
		done
	done
	((count > 20))
}
