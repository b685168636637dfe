#!/usr/bin/env bats
# sysctl, host and domain name, personality, keyring, oom score: single words to the kernel.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

@test "R-191 sys.set: network, ipc and uts values, of the container alone" {
	before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname)
	config "$B" '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000", "fs.mqueue.msg_max": "11",
		"kernel.domainname": "dom", "kernel.shm_rmid_forced": "1", "net.ipv4.ping_group_range": "0 2147483647"}'
	shows $'1\n9000\n11\ndom\n1\n0\t2147483647' 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax fs/mqueue/msg_max kernel/domainname kernel/shm_rmid_forced net/ipv4/ping_group_range'
	assert_equal "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max /proc/sys/kernel/domainname)" "$before"
}

@test "R-191 sys.set: without a proc in the container" {
	config "$B" '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.linux.sysctl = {"kernel.msgmax": "9000"}'
	inside true
	assert_status 0
}

@test "R-192 sys.sep: the first separator decides" {
	config "$B" '.linux.sysctl = {"net/ipv4/conf/lo/rp_filter": "1", "net.ipv4.conf.all.rp_filter": "2"}'
	shows $'1\n2' 'cat /proc/sys/net/ipv4/conf/lo/rp_filter /proc/sys/net/ipv4/conf/all/rp_filter'
}

@test "R-191 sys.set: what is not of a namespace is refused" {
	for key in kernel.panic vm.swappiness kernel.hostname fs.file-max kernel/panic kernel.pid_max; do
		config "$B" '.linux.sysctl = {($key): "1"}' --arg key $key
		refuses "$key" create -b "$B" "$TAG"
	done
}

@test "R-191 sys.set: nothing of the host's namespaces" {
	without_namespace ipc
	config "$B" '.linux.sysctl = {"kernel.msgmax": "9000"}'
	refuses 'kernel.msgmax' create -b "$B" "$TAG"
	config "$B" '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	without_namespace network
	refuses 'net.ipv4.ip_forward' create -b "$B" "$TAG"
}

@test "R-191 sys.set: keys that lead elsewhere, and ones that do not exist" {
	for key in net.../kernel.panic net/../kernel/panic net/ipv4/../../kernel/panic net. net; do
		config "$B" '.linux.sysctl = {($key): "1"}' --arg key "$key"
		refuses 'sysctl' create -b "$B" "$TAG"
	done
	config "$B" '.linux.sysctl = {"net.no.such": "1"}'
	refuses 'net' create -b "$B" "$TAG"
	config "$B" '.linux.sysctl = {"net.ipv4.ip_forward": "many"}'
	refuses 'ip_forward' create -b "$B" "$TAG"
}

@test "R-085 host.uts: hostname and domainname" {
	config "$B" '.hostname = "box" | .domainname = "example"'
	shows $'box\nexample\nbox' 'hostname; cat /proc/sys/kernel/domainname; uname -n'
	[[ $(uname -n) != box ]]
	config "$B" '.hostname = ("x" * 64)'
	inside 'hostname | wc -c'
	assert_equal "$output" 65
	config "$B" '.hostname = ("x" * 65)'
	refuses 'hostname' create -b "$B" "$TAG"
}

@test "R-085 host.uts: refused where the host would be renamed" {
	before=$(uname -n)
	without_namespace uts
	refuses 'hostname' create -b "$B" "$TAG"
	config "$B" 'del(.hostname) | .domainname = "x"'
	refuses 'domainname' create -b "$B" "$TAG"
	config "$B" 'del(.domainname) | .hostname = ""'
	inside true
	assert_status 0
	assert_equal "$(uname -n)" "$before"
}

@test "R-200 pers: LINUX32 and LINUX" {
	probe
	config "$B" '.linux.personality = {domain: "LINUX32"}'
	shows 0x8 'probe personality'
	config "$B" '.linux.personality = {domain: "LINUX"}'
	shows 0 'probe personality'
	run setarch -R "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" 0
}

@test "R-200 pers, R-201 pers.flags: others are refused" {
	config "$B" '.linux.personality = {domain: "SOLARIS"}'
	refuses 'personality' create -b "$B" "$TAG"
	config "$B" '.linux.personality = {domain: "LINUX", flags: ["ANY"]}'
	refuses 'personality' create -b "$B" "$TAG"
	config "$B" '.linux.personality = {}'
	refuses 'personality' create -b "$B" "$TAG"
}

@test "a session keyring of the container's own" {
	probe
	unconfined
	shows "_ses.$TAG" 'probe keyring'
	bundle_args "$B" probe keyring
	run hull run --no-new-keyring -b "$B" "$TAG"
	[[ $output != "_ses.$TAG" ]]
}

@test "R-069 oom.set: the score is written" {
	config "$B" '.process.oomScoreAdj = 321'
	shows 321 'cat /proc/self/oom_score_adj'
}

@test "R-070 oom.unset: absent, it is the caller's" {
	config "$B" 'del(.process.oomScoreAdj)'
	shows "$(cat /proc/self/oom_score_adj)" 'cat /proc/self/oom_score_adj'
	bundle_args "$B" cat /proc/self/oom_score_adj
	run bash -c 'echo 77 >/proc/self/oom_score_adj; exec "$@"' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" 77
}

@test "R-007 val.invalid: a score that is none" {
	config "$B" '.process.oomScoreAdj = 1001'
	refuses 'oomScoreAdj' create -b "$B" "$TAG"
	config "$B" '.process.oomScoreAdj = "high"'
	refuses 'oomScoreAdj' create -b "$B" "$TAG"
}

@test "R-238 op.create.apply: a score that we may not set is an error" {
	[[ $(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) =~ ([0-9a-f]+) ]]
	! ((16#${BASH_REMATCH[1]} >> 24 & 1)) || skip "this machine gives CAP_SYS_RESOURCE"
	config "$B" '.process.oomScoreAdj = -500'
	refuses 'oom' create -b "$B" "$TAG"
}
