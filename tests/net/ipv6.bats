#!/usr/bin/env bats
# Networks with IPv6: off unless a network has a subnet for it.

load ../helpers/common
load ../helpers/runtime
load net

setup() {
	setup_host
	[[ -e /proc/sys/net/ipv6 ]] || skip "this machine's kernel has no IPv6"
	settings '{"networks": {"lan": {"subnet": "10.7.0.0/24", "subnet6": "fd00:7::/64"}}}'
}

teardown() {
	teardown_host
}

# page6 WHERE... ADDRESS PORT: what is there. By bash: not every wget knows IPv6.
page6() {
	# shellcheck disable=SC2016 # for the inner shell
	"${@:1:$#-2}" timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET / HTTP/1.0\r\n\r\n" >&3 &&
		sed "1,/^\r\$/d" <&3' page "${@: -2}" 2>/dev/null || true
}

in_net_of() {
	nsenter -t "$(pid_in "$1")" -n "${@:2}"
}

@test "addresses, names, routes; published ports on the host's IPv6 addresses; nothing is left" {
	networked web --network bridge:lan -p 8080:80 -p 127.0.0.1:8081:80
	networked db --network bridge:lan
	up web db
	assert_equal "$(net inspect --format '{{.IPAddress}} {{.GlobalIPv6Address}}/{{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}}' web)" \
		"10.7.0.2 fd00:7::2/64 fd00:7::1"
	assert_equal "$(net inspect --format '{{.GlobalIPv6Address}}/{{.GlobalIPv6PrefixLen}}' db)" fd00:7::3/64
	run in_net_of web ip -6 address show eth0
	assert_output_has "inet6 fd00:7::2/64 scope global nodad"
	run in_net_of web ip -6 route show default
	assert_output_has "default via fd00:7::1 dev eth0"
	assert_equal "$(grep web "$SCRATCH/db/hosts")" "10.7.0.2	web
fd00:7::2	web"
	assert_equal "$(page6 in_net_of db fd00:7::2 80)" "page of web"
	assert_equal "$(page6 on_host fd00:7::2 80)" "page of web"
	assert_equal "$(page6 on_host fd00:7::1 8080)" "page of web"
	assert_equal "$(page6 in_net_of db fd00:7::1 8080)" "page of web"
	# a container that asks for its own port
	assert_equal "$(page6 in_net_of web fd00:7::1 8080)" "page of web"
	assert_equal "$(page6 on_host ::1 8080)" ""
	assert_equal "$(page6 on_host fd00:7::1 8081)" ""
	fetches on_host http://127.0.0.1:8080/ "page of web"
	net check --id web
	down web
	assert_equal "$(page6 on_host fd00:7::1 8080)" ""
	down db
	net prune
	assert_host_is_clean
}

@test "from outside only what is published is reached; what is inside is seen as the host" {
	with_outside
	on_host ip address add 2001:db8::1/64 dev outer0 nodad
	from_outside ip address add 2001:db8::2/64 dev outer1 nodad
	networked web --network bridge:lan -p 8080:80
	networked other --network bridge:second
	up web other
	wait_until 5 eval '[[ $(page6 from_outside 2001:db8::1 8080) == "page of web" ]]'
	# a neighbour that knows the way
	from_outside ip route add fd00:7::/64 via 2001:db8::1
	assert_equal "$(page6 from_outside fd00:7::2 80)" ""
	assert_equal "$(page6 in_net_of other fd00:7::2 80)" ""
	mkdir -p "$SCRATCH/outer"
	echo "page of outside" >"$SCRATCH/outer/index.html"
	nsenter -t "$OUTSIDE" -n busybox httpd -f -v -p '[2001:db8::2]:9000' -h "$SCRATCH/outer" 2>"$SCRATCH/outer.log" 3>&- &
	PIDS+=($!)
	disown
	wait_until 5 eval '[[ $(page6 in_net_of web 2001:db8::2 9000) == "page of outside" ]]'
	grep -q '2001:db8::1\]' "$SCRATCH/outer.log"
	assert_equal "$(on_host cat /proc/sys/net/ipv6/conf/all/forwarding)" 1
	# what the host was told by routers around it, it goes on to be told
	assert_equal "$(on_host cat /proc/sys/net/ipv6/conf/outer0/accept_ra)" 2
}

@test "nobody takes routes from what a container says" {
	holder A
	net add --id a --pid "$A" --network bridge:lan
	assert_equal "$(on_host cat /proc/sys/net/ipv6/conf/lan/accept_ra)" 0
	assert_equal "$(nsenter -t "$A" -n -m sh -c 'mount -t proc none /proc; cat /proc/sys/net/ipv6/conf/eth0/accept_ra')" 0
}

@test "without a subnet for it there is none, and a network's other part is as it was" {
	holder A
	net add --id a --pid "$A" -p 8080:80
	assert_equal "$(net inspect --format '{{.GlobalIPv6Address}}|{{.GlobalIPv6PrefixLen}}|{{.IPv6Gateway}}' a)" "|0|"
	assert_equal "$(nsenter -t "$A" -n ip -6 address show dev eth0 scope global)" ""
	assert_equal "$(on_host cat /proc/sys/net/ipv6/conf/all/forwarding)" 0
	refute_has6 "$(on_host nft list ruleset)"
}

refute_has6() {
	[[ $1 != *ip6* && $1 != *published6* ]]
}

@test "--subnet6, and what is refused: subnets that overlap, that are none, ports that are taken" {
	holder A
	holder B
	net add --id a --pid "$A" --network bridge:one --subnet6 fd00:8:0:0::5/64
	assert_equal "$(net inspect --format '{{.GlobalIPv6Address}}' a)" fd00:8::2
	on_host ip link add taken0 type bridge
	on_host ip address add fd00:9::1/64 dev taken0
	on_host ip link set taken0 up
	refused() {
		run net add --id b --pid "$B" --network bridge:two "$@"
		assert_status 1
	}
	refused --subnet6 fd00:8::/48
	assert_output_has 'network "two": the subnet fd00:8::/48 overlaps'
	refused --subnet6 fd00:9::/64
	assert_output_has "overlaps a route of the host"
	for bad in fd00:8:: fd00::/120 fd00::/8 fe80::/64 ff00::/64 ::/64 10.0.0.0/24 x/64 fd00::/x "fd00::/64 "; do
		refused --subnet6 "$bad"
		assert_output_has "invalid IPv6 subnet: $bad"
	done
	refused --subnet6 fd00:a::/64 --mtu 1000
	assert_output_has "IPv6 needs an MTU of at least 1280"
	run net add --id b --pid "$B" --network bridge:one --subnet6 fd00:a::/64
	assert_output_has 'network "one" exists with another subnet'
	nsenter -t "$HOST" -n busybox httpd -f -p '[fd00:8::1]:8080' 3>&- &
	PIDS+=($!)
	disown
	wait_until 5 on_host sh -c 'ss -ltn | grep -q 8080'
	refused --subnet6 fd00:a::/64 -p 8080:80
	assert_output_has "listen tcp6 [::]:8080: bind: address already in use"
	net add --id b --pid "$B" --network bridge:two --subnet6 fd00:a::/64 -p 8081:80
	settings '{"networks": {"lan": {"subnet6": "fd00::/100"}}}'
	run net ls
	assert_status 1
	assert_output_has "subnet6: invalid IPv6 subnet: fd00::/100"
}

@test "a host without IPv6 says so" {
	holder A
	# what such a host shows
	run on_host unshare -m sh -c 'mount --bind "$1" /proc/sys/net && shift && exec "$@"' sh "$(mktemp -d "$SCRATCH/XXX")" \
		"$NET" --root "$NETROOT" --config "$SETTINGS" add --id a --pid "$A" --network bridge:lan
	assert_status 1
	assert_output_has 'network "lan": this host has no IPv6'
}
