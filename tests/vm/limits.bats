#!/usr/bin/env bats
# Cgroup v2 with every controller, on the kernel of Debian 12: limits are seen to hold, not only to be written.
# Runs in the machine of tests/vm/run.

load ../helpers/common

setup() {
	requires_root
	for controller in memory pids cpu cpuset io; do
		grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers || skip "this machine has no version 2 controller $controller"
	done
	setup_scratch
	B=$SCRATCH/b
	bundle "$B" true
	CGROUP=/sys/fs/cgroup/$TAG-b
}

teardown() {
	teardown_scratch
}

# limited RESOURCES SCRIPT: the bundle runs SCRIPT under RESOURCES.
limited() {
	jq --argjson resources "$1" --arg script "$2" '.linux.resources = $resources | .process.args = ["sh", "-c", $script]
		| del(.linux.seccomp)' "$B/config.json" >"$B/new"
	mv "$B/new" "$B/config.json"
}

@test "memory.limit: who takes more is killed, and the container says 137" {
	limited '{"memory": {"limit": 16777216, "swap": 16777216}}' 'exec dd if=/dev/zero of=/dev/null bs=64M count=1'
	run hull run -b "$B" "$TAG"
	assert_status 137
	assert_nothing_left
}

@test "pids.limit: a fork beyond it fails" {
	limited '{"pids": {"limit": 3}}' 'sleep 5 & sleep 5 & sleep 5 & sleep 5 & wait'
	run hull run -b "$B" "$TAG"
	[[ $output == *"can't fork"* ]]
	assert_nothing_left
}

@test "cpu.quota: the kernel throttles" {
	limited '{"cpu": {"quota": 5000, "period": 100000}}' 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 100'
	detached hull run -d -b "$B" "$TAG"
	assert_status 0
	wait_until 30 sh -c "[ \$(sed -n 's/^nr_throttled //p' $CGROUP/cpu.stat) -gt 0 ]"
	assert_equal "$(cat "$CGROUP/cpu.max")" "5000 100000"
	hull delete --force "$TAG"
}

@test "cpuset: one processor is all there is" {
	limited '{"cpu": {"cpus": "0"}}' 'grep Cpus_allowed_list /proc/self/status'
	run hull run -b "$B" "$TAG"
	assert_status 0
	[[ $output == *$'\t0' ]]
}

# value FILE: of the container's cgroup.
value() {
	cat "$CGROUP/$1"
}

@test "every resource of a document is in the kernel's files" {
	disk=$(cat /sys/block/vda/dev)
	limited "$(jq -n --argjson major "${disk%:*}" --argjson minor "${disk#*:}" '{
		memory: {limit: 67108864, reservation: 33554432, swap: 100663296},
		cpu: {shares: 1024, quota: 20000, period: 100000, burst: 10000, cpus: "0-1", mems: "0"},
		pids: {limit: 33},
		blockIO: {throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}],
			throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 200}]},
		hugepageLimits: [{pageSize: "2MB", limit: 4194304}],
		unified: {"memory.high": "60000000"}}')" 'sleep 100'
	detached hull create -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(value memory.max) $(value memory.low) $(value memory.swap.max)" "67108864 33554432 33554432"
	assert_equal "$(value memory.high)" 59998208 # in whole pages
	assert_equal "$(value cpu.weight) $(value cpu.max) $(value cpu.max.burst)" "100 20000 100000 10000"
	assert_equal "$(value cpuset.cpus) $(value cpuset.mems) $(value pids.max)" "0-1 0 33"
	assert_equal "$(value io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=200"
	assert_equal "$(value hugetlb.2MB.max)" 4194304
	hull delete "$TAG"
	assert_nothing_left
}

@test "what does not fit is refused and nothing is left: a path that leads up, a processor that is not there" {
	limited '{"cpu": {"cpus": "0-99"}}' true
	run hull --log "$SCRATCH/log" run -b "$B" "$TAG"
	assert_status 1
	assert_output_has cpuset.cpus
	assert_nothing_left
	config "$B" '.linux.cgroupsPath = "/../../" + $tag | .linux.resources = {}' --arg tag "$TAG"
	run hull --log "$SCRATCH/log" run -b "$B" "$TAG"
	assert_status 1
	assert_nothing_left
}

# place: where the container's process is, as the machine sees it.
place() {
	sed -n 's/^0:://p' "/proc/$(hull state "$TAG" | jq -r .pid)/cgroup"
}

@test "where it is: an absolute path, a relative one the same place twice, and none" {
	limited '{}' 'sleep 100'
	detached hull create -b "$B" "$TAG"
	assert_equal "$(place)" "/$TAG-b"
	hull delete "$TAG"
	config "$B" '.linux.cgroupsPath = $path' --arg path "$TAG-relative"
	detached hull create -b "$B" "$TAG"
	first=$(place)
	[[ $first == *"/$TAG-relative" ]]
	hull delete "$TAG"
	detached hull create -b "$B" "$TAG"
	assert_equal "$(place)" "$first"
	hull delete "$TAG"
	config "$B" 'del(.linux.cgroupsPath)'
	detached hull create -b "$B" "$TAG"
	[[ $(place) == *"$TAG"* && $(place) != "$(sed -n 's/^0:://p' /proc/self/cgroup)" ]]
	hull delete "$TAG"
	assert_nothing_left
}

@test "exec: in the container's cgroup, within its limits, and below it where asked" {
	limited '{"pids": {"limit": 3}}' 'sleep 100'
	detached hull run -d -b "$B" "$TAG"
	assert_status 0
	# The third process is the last one: the shell itself and one child.
	run hull exec "$TAG" sh -c 'sleep 0 & sleep 0 & sleep 0 & wait; cat /proc/self/cgroup'
	[[ $output == *"can't fork"* ]]
	hull update --pids-limit 50 "$TAG"
	mkdir "$CGROUP/below"
	run hull exec --cgroup below "$TAG" sh -c 'cat /proc/self/cgroup'
	assert_equal "$output" "0::/below"
	run hull exec --cgroup ../up "$TAG" true
	assert_status 255
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "delete: what the container made below its cgroup goes with it" {
	limited '{}' 'mkdir /sys/fs/cgroup/own && sleep 300 & sleep 300'
	config "$B" '(.mounts[] | select(.type == "cgroup") | .options) |= map(select(. != "ro"))'
	detached hull run -d -b "$B" "$TAG"
	assert_status 0
	wait_until 30 test -d "$CGROUP/own"
	pid=$(grep -m 1 . "$CGROUP/cgroup.procs")
	mkdir -p "$CGROUP/own/deeper"
	hull delete --force "$TAG"
	[[ ! -e $CGROUP ]]
	run ! kill -0 "$pid"
	assert_nothing_left
}

@test "update: limits change while it runs" {
	limited '{"memory": {"limit": 67108864}, "pids": {"limit": 50}}' 'sleep 100'
	detached hull run -d -b "$B" "$TAG"
	assert_status 0
	hull update --memory 32M --memory-swap 32M --pids-limit 20 --cpu-share 512 "$TAG"
	assert_equal "$(cat "$CGROUP/memory.max" "$CGROUP/pids.max" "$CGROUP/cpu.weight" | tr '\n' ' ')" "33554432 20 59 "
	hull delete --force "$TAG"
}

@test "devices: the eBPF program denies what is not listed" {
	limited '{"devices": [{"allow": false, "access": "rwm"}]}' 'echo x >/dev/null && mknod /dev/d c 1 1 && ! cat /dev/d'
	jq '.process.capabilities |= map_values(. + ["CAP_MKNOD"])' "$B/config.json" >"$B/new" && mv "$B/new" "$B/config.json"
	run hull run -b "$B" "$TAG"
	assert_status 0
	[[ $output == *"not permitted"* ]]
}

@test "pause, resume, kill and exec on this kernel" {
	limited '{}' 'sleep 100'
	detached hull create -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(status "$TAG")" created
	hull start "$TAG"
	hull pause "$TAG"
	assert_equal "$(status "$TAG") $(sed -n 's/^frozen //p' "$CGROUP/cgroup.events")" "paused 1"
	hull resume "$TAG"
	run hull exec "$TAG" cat /proc/self/cgroup
	assert_equal "$output" "0::/"
	hull kill "$TAG" KILL
	wait_until 5 sh -c "[ \"\$('$HULL' --root '$STATE' state '$TAG' | jq -r .status)\" = stopped ]"
	hull delete "$TAG"
	assert_nothing_left
}

@test "an AppArmor profile is refused by name where the kernel has AppArmor" {
	[[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]] || skip "this machine has no AppArmor"
	jq '.process.apparmorProfile = "some"' "$B/config.json" >"$B/new" && mv "$B/new" "$B/config.json"
	run hull run -b "$B" "$TAG"
	assert_status 1
	[[ $output == *"apparmorProfile is not supported yet"* ]]
}
