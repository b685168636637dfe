#!/usr/bin/env bats
# Containers of hull on a bridge of hull-net: addresses, names, published ports, and what is refused.

load ../helpers/common
load ../helpers/runtime
load net

setup() {
	setup_host
}

teardown() {
	teardown_host
}

@test "two containers have addresses, reach each other by name, and leave nothing" {
	networked web --alias www --hostname box
	networked db
	up web db
	assert_equal "$(address web) $(address db)" "10.91.0.2 10.91.0.3"
	fetches inside_of db http://web/ "page of web"
	fetches inside_of db http://www/ "page of web"
	fetches inside_of web http://db/ "page of db"
	fetches inside_of web http://box/ "page of web"
	fetches on_host http://10.91.0.3/ "page of db"
	net check --id web
	down web
	run net check --id web
	assert_status 1
	refuses_fetch inside_of db http://web/
	assert_equal "$(grep -c web "$SCRATCH/db/hosts" || true)" 0
	net check --id db
	down db
	run net prune
	assert_equal "$output" "Removed: network bridge:hull0"
	assert_host_is_clean
	assert_nothing_left
}

@test "a container sees its interface, route, hosts and resolv.conf" {
	networked web --dns 192.0.2.53 --dns-search example.org --mac 02:00:00:00:00:aa --ip 10.91.5.6 --interface net0
	inode=$(stat -c %i "$SCRATCH/web/hosts" "$SCRATCH/web/resolv")
	up web
	run inside_of web ip address show net0
	assert_output_has "link/ether 02:00:00:00:00:aa"
	assert_output_has "inet 10.91.5.6/16 brd 10.91.255.255"
	run inside_of web ip route
	assert_output_has "default via 10.91.0.1 dev net0"
	run inside_of web cat /etc/resolv.conf
	assert_equal "$(grep -v '^options' <<<"$output")" "nameserver 192.0.2.53
search example.org"
	run inside_of web cat /etc/hosts
	assert_output_has "10.91.5.6	web"
	assert_equal "$(stat -c %i "$SCRATCH/web/hosts" "$SCRATCH/web/resolv")" "$inode"
	run net inspect web
	assert_equal "$(jq -c '.[0] | [.ID, .Network, .Driver, .Interface, .IPAddress, .IPPrefixLen, .Gateway, .MacAddress, .Ports]' \
		<<<"$output")" '["web","hull0","bridge","net0","10.91.5.6",16,"10.91.0.1","02:00:00:00:00:aa",[]]'
}

@test "lines of the hosts file that are the user's stay" {
	networked web
	printf '10.1.2.3\tfriend' >"$SCRATCH/web/hosts"
	up web
	networked db
	up db
	head -n 2 "$SCRATCH/web/hosts" >"$SCRATCH/head"
	assert_equal "$(cat "$SCRATCH/head")" "10.1.2.3	friend
# hull-net: bridge:hull0, written anew whenever it changes"
	assert_equal "$(wc -l <"$SCRATCH/web/hosts")" 5
	down db
	assert_equal "$(wc -l <"$SCRATCH/web/hosts")" 4
}

@test "a published port is reached by the host's address, by 127.0.0.1, by containers, from outside" {
	with_outside
	networked web -p 8080:80 -p 127.0.0.1:8081:80 -p 192.0.2.1:8082:80
	networked db
	up web db
	for url in 127.0.0.1:8080 10.91.0.1:8080 192.0.2.1:8080 127.0.0.1:8081 192.0.2.1:8082; do
		fetches on_host "http://$url/" "page of web"
	done
	fetches from_outside http://192.0.2.1:8080/ "page of web"
	fetches from_outside http://192.0.2.1:8082/ "page of web"
	# another container, and itself, through the host
	fetches inside_of db http://192.0.2.1:8080/ "page of web"
	fetches inside_of web http://10.91.0.1:8080/ "page of web"
	fetches inside_of web http://192.0.2.1:8082/ "page of web"
	# what is published on one address is on no other
	refuses_fetch on_host http://192.0.2.1:8081/
	refuses_fetch from_outside http://192.0.2.1:8081/
	refuses_fetch on_host http://127.0.0.1:8082/
	down web
	refuses_fetch on_host http://127.0.0.1:8080/
	refuses_fetch from_outside http://192.0.2.1:8080/
}

@test "a UDP port is published" {
	networked web -p 5353:53/udp
	requires_command perl
	up web
	# shellcheck disable=SC2016 # perl's own
	nsenter -t "$(pid_in web)" -n perl -MIO::Socket::INET -e '
		my $socket = IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => 53, Proto => "udp") or die;
		while (defined $socket->recv(my $question, 100)) { $socket->send("pong\n") }' 3>&- &
	PIDS+=($!)
	disown
	answers() {
		# shellcheck disable=SC2016 # perl's own
		assert_equal "$(on_host timeout 10 perl -MIO::Socket::INET -e '
			my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:5353", Proto => "udp") or die;
			$socket->send("ping"); $socket->recv(my $answer, 100); print $answer')" pong
	}
	wait_until 30 answers
}

@test "containers reach what is outside, behind the host's address" {
	with_outside
	mkdir -p "$SCRATCH/outer"
	echo "page of outside" >"$SCRATCH/outer/index.html"
	nsenter -t "$OUTSIDE" -n busybox httpd -f -vv -p 80 -h "$SCRATCH/outer" 2>"$SCRATCH/outer.log" 3>&- &
	PIDS+=($!)
	disown
	networked web
	up web
	assert_equal "$(on_host cat /proc/sys/net/ipv4/ip_forward)" 1
	fetches inside_of web http://192.0.2.2/ "page of outside"
	grep -q '192\.0\.2\.1' "$SCRATCH/outer.log"
}

@test "the host takes no IPv6 from a bridge" {
	holder A
	net add --id a --pid "$A"
	assert_equal "$(on_host ip -6 address show dev hull0)" ""
	[[ ! -e /proc/sys/net/ipv6 ]] || assert_equal "$(on_host cat /proc/sys/net/ipv6/conf/hull0/disable_ipv6)" 1
}

@test "what is not published is not reached from outside, nor from another network, nor the host's own loopback" {
	with_outside
	networked web -p 8080:80
	networked other --network bridge:second
	up web other
	# a neighbour that knows the way
	from_outside ip route add 10.91.0.0/16 via 192.0.2.1
	refuses_fetch from_outside http://10.91.0.2/
	refuses_fetch inside_of other http://10.91.0.2/
	refuses_fetch inside_of other http://web/
	# what other networks publish is for everyone
	fetches inside_of other http://192.0.2.1:8080/ "page of web"
	# 127.0.0.1 of the host, which a published port lets the bridge carry
	assert_equal "$(on_host cat /proc/sys/net/ipv4/conf/hull0/route_localnet)" 1
	mkdir -p "$SCRATCH/secret"
	echo secret >"$SCRATCH/secret/index.html"
	nsenter -t "$HOST" -n busybox httpd -f -p 127.0.0.1:9999 -h "$SCRATCH/secret" 3>&- &
	PIDS+=($!)
	disown
	wait_until 5 fetches on_host http://127.0.0.1:9999/ secret
	nsenter -t "$(pid_in web)" -n ip route add 127.0.0.0/8 via 10.91.0.1 table 9
	nsenter -t "$(pid_in web)" -n ip rule add to 127.0.0.1 dport 9999 table 9 pref 0
	nsenter -t "$(pid_in web)" -n sh -c 'ip rule del pref 0 table local; ip rule add pref 1 table local
		echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
	refuses_fetch nsenter -t "$(pid_in web)" -n http://127.0.0.1:9999/
	# and from a neighbour, for a port of 127.0.0.1 only
	networked local -p 127.0.0.1:7777:80
	up local
	from_outside sh -c 'ip rule del pref 0 table local; ip rule add pref 1 table local
		echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; ip rule add to 127.0.0.1 dport 7777 table 9 pref 0
		ip route add 127.0.0.0/8 via 192.0.2.1 table 9'
	refuses_fetch from_outside http://127.0.0.1:7777/
	fetches on_host http://127.0.0.1:7777/ "page of local"
}

@test "a port is had once: by another container, by a process of the host" {
	networked web -p 8080:80
	networked db -p 8080:80
	up web
	detached host_hull run -d -b "$SCRATCH/db" db
	assert_status 1
	assert_output_has "Bind for 0.0.0.0:8080 failed: port is already allocated"
	assert_equal "$(net ls --format '{{.ID}}')" web
	# the refused one's end did no harm to the first
	fetches on_host http://127.0.0.1:8080/ "page of web"
	down web
	nsenter -t "$HOST" -n busybox httpd -f -p 127.0.0.1:8080 3>&- &
	PIDS+=($!)
	disown
	wait_until 5 on_host sh -c 'ss -ltn 2>/dev/null | grep -q 8080 || netstat -ltn | grep -q 8080'
	detached host_hull run -d -b "$SCRATCH/db" db
	assert_status 1
	assert_output_has "listen tcp4 0.0.0.0:8080: bind: address already in use"
	kill "${PIDS[-1]}"
	wait_until 5 refuses_fetch on_host http://127.0.0.1:8080/
	up db
	fetches on_host http://127.0.0.1:8080/ "page of db"
	detached host_hull run -d -b "$SCRATCH/web" web
	assert_status 1
}

@test "ranges and ports of the host's choice" {
	networked web -p 8000-8002:80-82 -p 80 -p 127.0.0.1:8000-8009:80
	up web
	run net inspect --format '{{.PortsText}}' web
	[[ $output =~ ^0\.0\.0\.0:8000-8002-\>80-82/tcp,\ 0\.0\.0\.0:([0-9]+)-\>80/tcp,\ 127\.0\.0\.1:8003-\>80/tcp$ ]] || {
		echo "$output"
		false
	}
	fetches on_host "http://127.0.0.1:${BASH_REMATCH[1]}/" "page of web"
	fetches on_host http://127.0.0.1:8003/ "page of web"
	run net ls
	assert_output_has "0.0.0.0:8000-8002->80-82/tcp"
	assert_equal "$(on_host nft -j list map inet hull-net published | jq '[.nftables[].map?.elem // empty] | add | length')" 4
}

@test "fifty containers at once have fifty addresses" {
	start=${EPOCHREALTIME/./}
	for i in $(seq 50); do
		holder "NS$i"
	done
	for i in $(seq 50); do
		pid=NS$i
		net add --id "c$i" --pid "${!pid}" -p "$((8000 + i)):80" 3>&- &
		waits[i]=$!
	done
	for pid in "${waits[@]}"; do
		wait "$pid"
	done
	assert_equal "$(net ls --format '{{.IPAddress}}' | sort -u | wc -l)" 50
	for i in $(seq 50); do
		pid=NS$i
		assert_equal "$(nsenter -t "${!pid}" -n ip -4 -o address show eth0 | awk '{ print $4 }')" \
			"$(net inspect --format '{{.IPAddress}}' "c$i")/16"
		net check --id "c$i"
	done
	for i in $(seq 50); do
		net del --id "c$i" 3>&- &
		waits[i]=$!
	done
	for pid in "${waits[@]}"; do
		wait "$pid"
	done
	assert_equal "$(net ls --format '{{.ID}}')" ""
	net prune
	assert_host_is_clean
	echo "# $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
}

@test "subnets: a pool that is taken is passed over, a wanted one refused; a full network says so" {
	on_host ip link add taken0 type dummy 2>/dev/null || on_host ip link add taken0 type bridge
	on_host ip address add 10.91.7.1/24 dev taken0
	on_host ip link set taken0 up
	holder A
	holder B
	net add --id a --pid "$A"
	assert_equal "$(address a)" 10.92.0.2
	run net add --id b --pid "$B" --network bridge:second --subnet 10.91.0.0/16
	assert_status 1
	assert_output_has "the subnet 10.91.0.0/16 overlaps a route of the host"
	run net add --id b --pid "$B" --network bridge:second --subnet 10.92.5.0/24
	assert_output_has "overlaps"
	net add --id b --pid "$B" --network bridge:second --subnet 10.50.0.0/30
	assert_equal "$(address b)" 10.50.0.2
	run net add --id c --pid "$A" --network bridge:second --interface eth1
	assert_status 1
	assert_output_has "no address is free"
	run net add --id c --pid "$A" --network bridge:second --interface eth1 --subnet 10.51.0.0/24
	assert_output_has "exists with another subnet"
}

@test "settings: subnet, gateway and MTU of a network" {
	settings '{"networks": {"lan": {"subnet": "10.7.0.0/24", "gateway": "10.7.0.254", "mtu": 1400}}}'
	holder A
	net add --id a --pid "$A" --network bridge:lan
	run nsenter -t "$A" -n ip address show eth0
	assert_output_has "mtu 1400"
	assert_output_has "inet 10.7.0.1/24"
	assert_equal "$(nsenter -t "$A" -n ip route show default)" "default via 10.7.0.254 dev eth0 "
	settings '{"networks": {"lan": {"subnets": 1}}}'
	run net ls
	assert_status 1
	assert_output_has "networks: lan: subnets: is not known"
}

@test "two networks of one container: the first is the way out" {
	holder A
	net add --id a --pid "$A" --name a
	net add --id a --pid "$A" --name a --network bridge:second --interface eth1
	assert_equal "$(nsenter -t "$A" -n ip route show default)" "default via 10.91.0.1 dev eth0 "
	assert_equal "$(net inspect --format '{{.Network}} {{.IPAddress}}' a | sort)" "hull0 10.91.0.2
second 10.92.0.2"
	net del --id a --network bridge:second
	assert_equal "$(net ls --format '{{.Network}}')" hull0
	net del --id a
	net del --id a
	net prune
	assert_host_is_clean
}

@test "what is of others is left alone: interfaces, tables, a second container of the same id" {
	on_host ip link add mine0 type bridge
	on_host nft 'table inet other { chain c { type filter hook forward priority 0; }; }'
	holder A
	holder B
	run net add --id a --pid "$A" --network bridge:mine0
	assert_status 1
	assert_output_has 'the interface "mine0" exists and is not hull-net'
	net add --id a --pid "$A"
	run net add --id a --pid "$B"
	assert_status 1
	assert_output_has '"a" is in the network "hull0" already'
	# a hook for a container of the same id that is another's: in another bundle, or whose process still runs
	for bundle in /elsewhere /b; do
		echo "{\"ociVersion\": \"1.0\", \"id\": \"a\", \"status\": \"stopped\", \"bundle\": \"$bundle\"}" | net del
	done
	net check --id a
	run net add --id b --pid "$A"
	assert_status 1
	assert_output_has 'the container has an interface "eth0" already'
	net check --id a
	net del --id a
	net prune
	on_host ip link show mine0 >/dev/null
	assert_equal "$(on_host nft list tables)" "table inet other"
}

@test "the host's own network is refused; host, none and container are none of hull-net's" {
	run net add --id a --pid "$HOST"
	assert_status 1
	assert_output_has "is in the host's network"
	for network in host none container:x; do
		run net add --id a --pid "$HOST" --network "$network"
		assert_status 1
		assert_output_has "config.json alone"
	done
}

@test "a network namespace by its path, without a process" {
	holder A
	touch "$SCRATCH/ns"
	on_host mount --bind "/proc/$A/ns/net" "$SCRATCH/ns"
	kill "$A"
	net add --id a --netns "$SCRATCH/ns"
	net check --id a
	on_host nsenter --net="$SCRATCH/ns" ip -4 address show eth0 | grep -q 10.91.0.2
	net prune
	net check --id a
	on_host umount "$SCRATCH/ns"
	run net prune
	assert_output_has "Removed: a of bridge:hull0"
	assert_host_is_clean
}

@test "a table that somebody flushed is made again" {
	networked web -p 8080:80
	up web
	on_host nft flush ruleset
	refuses_fetch on_host http://127.0.0.1:8080/
	run net check --id web
	assert_status 1
	net prune
	net check --id web
	fetches on_host http://127.0.0.1:8080/ "page of web"
	# and by the next container
	on_host nft flush ruleset
	networked db
	up db
	fetches on_host http://127.0.0.1:8080/ "page of web"
}

@test "a firewall of others that drops what is forwarded, and what the manual page says about it" {
	requires_command iptables
	with_outside
	networked web -p 8080:80
	up web
	on_host iptables -N DOCKER-USER 2>/dev/null || skip "iptables does not work on this machine"
	on_host iptables -A FORWARD -j DOCKER-USER
	on_host iptables -P FORWARD DROP
	refuses_fetch from_outside http://192.0.2.1:8080/
	# what the host itself sends is not forwarded
	fetches on_host http://127.0.0.1:8080/ "page of web"
	grep '^iptables -I DOCKER-USER' "$TOP/docs/hull-net.8" >"$SCRATCH/advice"
	assert_equal "$(wc -l <"$SCRATCH/advice")" 2
	on_host sh -e "$SCRATCH/advice"
	fetches from_outside http://192.0.2.1:8080/ "page of web"
}

# quickest COMMAND...: microseconds of the quickest of ten; each gets its number as a last word.
quickest() {
	local i start took best=999999999
	for i in $(seq 10); do
		start=${EPOCHREALTIME/./}
		"$@" "$i"
		took=$((${EPOCHREALTIME/./} - start))
		((took > best)) || best=$took
	done
	echo "$best"
}

@test "the hook takes little more than the start of a few programs" {
	local i name start adding
	for i in $(seq 10); do
		holder "NS$i"
	done
	holder FIRST
	net add --id first --pid "$FIRST"
	add_one() {
		name=NS$1
		net add --id "c$1" --pid "${!name}" -p "$((8000 + $1)):80"
	}
	start=$(quickest on_host echo >"$SCRATCH/echo" && tail -n 1 "$SCRATCH/echo")
	adding=$(quickest add_one)
	echo "# $adding us, where starting a program takes $start us"
	((adding < 15 * start))
}
