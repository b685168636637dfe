# shellcheck shell=bash
# shellcheck disable=SC2154 # SCRATCH, TAG, STATE, TOP, HULL, B: of common.bash and runtime.bash
#
# What the tests of hull-net share; load it after common. "The host" is a network namespace of the test's own:
# nothing here ever touches the machine's network, nftables or sysctls.
#
#	setup() { setup_host; }
#	teardown() { teardown_host; }
#
#	networked web -p 8080:80        # a bundle in $SCRATCH/web with hooks; `up web` runs it
#	on_host COMMAND...              # on the host
#	net ls                          # hull-net, there
#	inside_of web COMMAND...        # in the container
#	from_outside COMMAND...         # on another machine, 192.0.2.2, whose neighbour 192.0.2.1 is the host

NET=${NET:-${HULL%/*}/hull-net}

setup_host() {
	requires_root
	requires_command ip nft jq nsenter
	setup_scratch
	NETROOT=$SCRATCH/net
	SETTINGS=$SCRATCH/net.json
	echo '{}' >"$SETTINGS"
	PIDS=()
	holder HOST
	on_host mount -t tmpfs none /var/lib/cni 2>/dev/null || true
	on_host ip link set lo up
	requires_feature "bridges (CONFIG_BRIDGE)" ip link add probe0 type bridge
	requires_feature "veth pairs (CONFIG_VETH)" ip link add probe1 type veth peer name probe2
	requires_feature "nftables with NAT (CONFIG_NFT_NAT, CONFIG_NFT_MASQ)" nft \
		'table inet probe { chain p { type nat hook postrouting priority 100; masquerade; }; }'
	requires_feature "nftables with fib (CONFIG_NFT_FIB_INET)" nft \
		'table inet probe { chain q { type nat hook prerouting priority 0; fib daddr type local accept; }; }'
	on_host nft delete table inet probe
	on_host ip link delete probe0
	on_host ip link delete probe1
}

# holder NAME: a process in network and mount namespaces of its own; its pid is in NAME.
holder() {
	unshare -n -m --propagation private sleep 100000 </dev/null >/dev/null 2>&1 3>&- &
	printf -v "$1" %s $!
	PIDS+=($!)
	disown
	wait_until 5 in_another_network "$!" || skip "this machine forbids network namespaces"
}

in_another_network() {
	[[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" && $(cat "/proc/$1/comm") == sleep ]]
}

requires_feature() {
	local what=$1
	shift
	on_host "$@" 2>/dev/null || skip "this machine's kernel has no $what"
}

on_host() {
	nsenter -t "$HOST" -n -m -- "$@"
}

net() {
	on_host "$NET" --root "$NETROOT" --config "$SETTINGS" "$@"
}

# Containers end on the host: their hooks must never run in the machine's own network.
teardown_host() {
	local id pid
	[[ -n ${SCRATCH:-} ]] || return 0
	if [[ -n ${HOST:-} ]]; then
		for id in "$STATE"/*/; do
			[[ -d $id ]] && on_host "$HULL" --root "$STATE" delete --force "$(basename "$id")" >/dev/null 2>&1
		done
	fi
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$STATE"
	teardown_scratch
}

# settings JSON: of hull-net.
settings() {
	printf '%s\n' "$1" >"$SETTINGS"
}

# networked NAME [OPTIONS...]: the bundle $SCRATCH/NAME, whose container is NAME in the network that OPTIONS of
# `hull-net add` say. Its program serves "page of NAME" on port 80.
networked() {
	local name=$1 dir=$SCRATCH/$1
	shift
	bundle "$dir" httpd -f -p 80 -h /www
	mkdir -p "$dir/rootfs/www"
	echo "page of $name" >"$dir/rootfs/www/index.html"
	echo "hosts: files" >"$dir/rootfs/etc/nsswitch.conf"
	: >"$dir/hosts"
	: >"$dir/resolv"
	config "$dir" '.mounts += ([["hosts", "/etc/hosts"], ["resolv", "/etc/resolv.conf"]] | map({source: ($dir + "/" + .[0]),
			destination: .[1], options: ["bind", "rw"]})) |
		.linux.cgroupsPath = ("/" + $tag + "-" + $name) |
		.hooks.createRuntime = [{path: $net, args: (["hull-net", "--root", $root, "--config", $settings, "add",
			"--hosts", $dir + "/hosts", "--resolv", $dir + "/resolv", "--name", $name] + $words)}] |
		.hooks.poststop = [{path: $net, args: ["hull-net", "--root", $root, "--config", $settings, "del"]}]' \
		--arg dir "$dir" --arg net "$NET" --arg root "$NETROOT" --arg settings "$SETTINGS" --arg name "$name" \
		--arg tag "$TAG" --argjson words "$(jq -cn '$ARGS.positional' --args -- "$@")"
}

# up NAME...: run the containers, until their servers serve.
up() {
	local name
	for name in "$@"; do
		detached on_host "$HULL" --root "$STATE" run -d -b "$SCRATCH/$name" "$name"
		assert_status 0 || return
	done
	for name in "$@"; do
		wait_until 5 inside_of "$name" wget -q -O /dev/null http://127.0.0.1/ 2>/dev/null
	done
}

down() {
	local name
	for name in "$@"; do
		on_host "$HULL" --root "$STATE" delete --force "$name"
	done
}

host_hull() {
	on_host "$HULL" --root "$STATE" "$@"
}

inside_of() {
	local name=$1
	shift
	host_hull exec "$name" "$@" </dev/null
}

pid_in() {
	host_hull state "$1" | jq -r .pid
}

# address NAME: of the container.
address() {
	net inspect --format '{{.IPAddress}}' "$1"
}

# fetches WHERE... URL TEXT: what is at URL, as seen by WHERE (on_host; inside_of web; …), is TEXT.
fetches() {
	local text=${*: -1} url=${*: -2:1}
	assert_equal "$("${@:1:$#-2}" timeout 5 busybox wget -q -O - "$url" 2>&1)" "$text"
}

# refuses_fetch WHERE... URL: nothing is there: refused, or no answer at all.
refuses_fetch() {
	local status=0
	"${@:1:$#-1}" timeout 3 busybox wget -q -O /dev/null "${*: -1}" >/dev/null 2>&1 || status=$?
	[[ $status -eq 1 || $status -eq 124 || $status -eq 143 ]] || {
		echo "status $status of a fetch that was to be refused" >&2
		return 1
	}
}

# Another machine, 192.0.2.2, in front of the host, 192.0.2.1.
with_outside() {
	holder OUTSIDE
	on_host ip link add outer0 type veth peer name outer1 netns "$OUTSIDE"
	on_host ip address add 192.0.2.1/24 dev outer0
	on_host ip link set outer0 up
	from_outside ip address add 192.0.2.2/24 dev outer1
	from_outside ip link set outer1 up
	from_outside ip link set lo up
}

from_outside() {
	nsenter -t "$OUTSIDE" -n -- "$@"
}

# Fails and says what hull-net has left on the host: links, nftables, files.
assert_host_is_clean() {
	local left
	left=$(on_host ip -o link | awk -F': ' '$2 !~ /^(lo|outer0)(@.*)?$/')
	[[ -z $left ]] || {
		echo "left interfaces: $left" >&2
		return 1
	}
	left=$(on_host nft list tables)
	[[ -z $left ]] || {
		echo "left nftables: $left" >&2
		return 1
	}
	left=$(find "$NETROOT" -type f ! -name lock)
	[[ -z $left ]] || {
		echo "left files: $left" >&2
		return 1
	}
}

host_is_clean() {
	assert_host_is_clean 2>/dev/null
}
