#!/usr/bin/env bats
# Namespaces: new ones, joined by path, shared with the host.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

# identity TYPE-AS-IN-PROC [PID]
identity() {
	readlink "/proc/${2:-self}/ns/$1"
}

@test "R-113 ns.new: every listed namespace is a new one" {
	started
	pid=$(pid_of "$TAG")
	for ns in pid net ipc uts mnt cgroup; do
		[[ $(identity $ns "$pid") != "$(identity $ns)" ]] || {
			echo "$ns is the host's" >&2
			false
		}
	done
}

@test "R-109 ns.types: what is not supported yet is refused by name" {
	namespace_path time ""
	refuses "time is not supported yet" create -b "$B" "$TAG"
}

@test "R-114 ns.inherit: what is not listed is the runtime's" {
	for ns in network ipc cgroup; do
		without_namespace $ns
	done
	config "$B" 'del(.linux.sysctl)'
	started
	pid=$(pid_of "$TAG")
	for ns in net ipc cgroup user time; do
		assert_equal "$(identity $ns "$pid")" "$(identity $ns)"
	done
}

@test "R-114 ns.inherit: without a uts namespace the name stays the host's" {
	without_namespace uts
	config "$B" 'del(.hostname)'
	shows "$(uname -n)" hostname
}

@test "R-114 ns.inherit: without a pid namespace the container sees the host's processes" {
	without_namespace pid
	inside "test -d /proc/$BASHPID && test \$\$ != 1 && echo \$\$"
	assert_status 0
	[[ $output -gt 1 ]]
	assert_nothing_left
}

@test "R-111 ns.join: network, ipc, uts and cgroup of another container" {
	started
	first=$(pid_of "$TAG")
	cp "$B/config.json" "$SCRATCH/first.json"
	namespace_path network "/proc/$first/ns/net"
	namespace_path ipc "/proc/$first/ns/ipc"
	namespace_path uts "/proc/$first/ns/uts"
	namespace_path cgroup "/proc/$first/ns/cgroup"
	config "$B" 'del(.hostname, .linux.sysctl) | .linux.cgroupsPath += "-2"'
	started "$TAG-2"
	second=$(pid_of "$TAG-2")
	for ns in net ipc uts cgroup; do
		assert_equal "$(identity $ns "$second")" "$(identity $ns "$first")"
	done
	for ns in pid mnt; do
		[[ $(identity $ns "$second") != "$(identity $ns "$first")" ]]
	done
}

@test "R-111 ns.join: the pid namespace of another container" {
	started
	first=$(pid_of "$TAG")
	namespace_path pid "/proc/$first/ns/pid"
	config "$B" '.linux.cgroupsPath += "-2"'
	bundle_args "$B" sh -c 'test $$ != 1 && echo $$ && grep -c . /proc/1/cmdline'
	run hull run -b "$B" "$TAG-2"
	assert_status 0
	[[ ${lines[0]} -gt 1 ]]
	# the first container goes on
	has_status "$TAG" running
	# and who is in it ends with it
	bundle_args "$B" sleep 1000
	started "$TAG-3"
	second=$(pid_of "$TAG-3")
	assert_equal "$(identity pid "$second")" "$(identity pid "$first")"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	wait_until 5 has_status "$TAG-3" stopped
	hull delete "$TAG"
	hull delete "$TAG-3"
	assert_nothing_left
}

@test "R-111 ns.join: hostname and sysctl reach a joined namespace" {
	unshare -u -n sleep 1000 3>&- &
	holder=$!
	wait_until 2 test "$(identity uts)" != "$(identity uts "$holder")"
	namespace_path uts "/proc/$holder/ns/uts"
	namespace_path network "/proc/$holder/ns/net"
	config "$B" '.hostname = "joined" | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	shows $'joined\n1' 'hostname; cat /proc/sys/net/ipv4/ip_forward'
	assert_equal "$(nsenter -t $holder -u uname -n)" joined
	assert_equal "$(nsenter -t $holder -n cat /proc/sys/net/ipv4/ip_forward)" 1
	kill $holder
}

@test "R-111 ns.join: a mount namespace by path" {
	unshare -m --propagation private sleep 1000 3>&- &
	holder=$!
	wait_until 2 eval '[[ $(identity mnt) != "$(identity mnt '$holder')" ]]'
	namespace_path mount "/proc/$holder/ns/mnt"
	inside 'test -f /etc/passwd && hostname'
	kill $holder
	wait $holder || true
	assert_status 0
	assert_equal "$output" hull
}

@test "R-111 ns.join: a bind of a namespace file" {
	requires_command unshare
	touch "$SCRATCH/net"
	# a mount namespace of our own would hide it from us: the bind is ours to undo
	unshare --net="$SCRATCH/net" true
	namespace_path network "$SCRATCH/net"
	started
	want=$(stat -L -c %i "$SCRATCH/net")
	assert_equal "$(identity net "$(pid_of "$TAG")")" "net:[$want]"
	hull delete --force "$TAG"
	umount "$SCRATCH/net"
	assert_nothing_left
}

@test "R-112 ns.match: a namespace of another type is refused" {
	for ns in network ipc uts pid mount cgroup; do
		namespace_path $ns /proc/self/ns/user
		refuses "is not a $ns namespace" create -b "$B" "$TAG"
		namespace_path $ns ""
	done
}

@test "R-112 ns.match: what is no namespace is refused, and a FIFO does not hang it" {
	mkfifo "$SCRATCH/fifo"
	for path in /etc/passwd /dev/null /tmp "$SCRATCH/fifo"; do
		namespace_path network "$path"
		refuses "\"$path\" is not a network namespace" create -b "$B" "$TAG"
	done
	namespace_path network /nowhere/net
	refuses "/nowhere/net" create -b "$B" "$TAG"
}

@test "R-110 ns.abs: a relative path is refused" {
	namespace_path network proc/self/ns/net
	cd /
	refuses "namespaces" create -b "$B" "$TAG"
}

@test "R-115 ns.dup: the same type twice is refused" {
	config "$B" '.linux.namespaces += [{type: "ipc"}]'
	refuses "ipc" create -b "$B" "$TAG"
	config "$B" '.linux.namespaces |= (unique + [{type: "uts", path: "/proc/self/ns/uts"}])'
	refuses "uts" create -b "$B" "$TAG"
}

@test "R-115 ns.dup: an empty path is none" {
	config "$B" '.linux.namespaces[1].path = ""'
	started
	[[ $(identity net "$(pid_of "$TAG")") != "$(identity net)" ]]
}

@test "a new network namespace has lo up, a joined one is left alone" {
	shows 1 'ip link show lo | grep -c "<.*\<UP\>.*>"'
	unshare -n sleep 1000 3>&- &
	holder=$!
	wait_until 2 eval '[[ $(identity net) != "$(identity net '$holder')" ]]'
	namespace_path network "/proc/$holder/ns/net"
	config "$B" 'del(.linux.sysctl)'
	inside 'ip link show lo | grep -c "<.*\<UP\>.*>"'
	kill $holder
	assert_equal "$output" 0
}

@test "the cgroup namespace's root is the container's cgroup" {
	inside 'cat /proc/self/cgroup'
	assert_status 0
	grep -q ':memory:/$' <<<"$output"
	run ! grep -q "$TAG" <<<"$output"
}

@test "without a mount namespace the container has only its root, and the host no new mount" {
	without_namespace mount
	config "$B" 'del(.mounts, .linux.maskedPaths, .linux.readonlyPaths, .linux.rootfsPropagation, .linux.devices) |
		.root.readonly = false'
	before=$(wc -l </proc/self/mountinfo)
	inside 'ls -d /etc/hosts; ls /work 2>/dev/null; echo $?'
	assert_equal "$(wc -l </proc/self/mountinfo)" "$before"
	assert_status 0
	assert_equal "${lines[0]}" /etc/hosts
}

@test "bare cgroup v2: namespaces are new there too" {
	requires_on_v2
	without_controllers "$B"
	bundle_args "$B" sh -c 'cat /proc/self/cgroup; hostname; ls /sys/fs/cgroup/cgroup.procs'
	run on_v2 hull run -b "$B" "$TAG"
	assert_status 0
	[[ $output != *"$TAG"* ]]
	assert_equal "${output#*0::/}" $'\nhull\n/sys/fs/cgroup/cgroup.procs'
	assert_nothing_left
}

@test "user namespace by path: mappings beside it must be those that it has" {
	unshare --user sleep 60 3>&- &
	local holder=$!
	wait_until 5 eval '[[ $(readlink "/proc/$holder/ns/user") != "$(readlink /proc/self/ns/user)" ]]'
	echo '0 100000 1000' >"/proc/$holder/uid_map"
	echo '0 100000 1000' >"/proc/$holder/gid_map"
	chmod 755 "$SCRATCH" "$B" "$B/rootfs"
	namespace_path user "/proc/$holder/ns/user"
	config "$B" 'del(.linux.devices) | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
		.linux.gidMappings = .linux.uidMappings'
	shows '0 100000 1000' 'cat /proc/self/uid_map | tr -s " " | sed "s/^ //"'
	config "$B" '.linux.uidMappings[0].size = 999'
	refuses 'mappings are not those of the user namespace' create -b "$B" "$TAG"
	config "$B" '.linux.uidMappings = [] | .linux.gidMappings[0].hostID = 5'
	refuses 'mappings are not those of the user namespace' create -b "$B" "$TAG"
	kill -KILL "$holder"
}
