#!/usr/bin/env bats
# Cgroups: where they are, the limits that are seen in their files, update, and what is left.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	config "$B" '.linux.resources = {}'
}

teardown() {
	teardown_scratch
}

# value CONTROLLER FILE
value() {
	cat "$(cgroup_dir "$B" "$1")/$2"
}

# limits JSON: sets the resources and creates; `hull delete` is the caller's.
limits() {
	config "$B" '.linux.resources = $resources' --argjson resources "$1"
	created
}

# is CONTROLLER FILE WANT
is() {
	assert_equal "$1 $2 $(value "$1" "$2")" "$1 $2 $3"
}

@test "R-139 cg.abs, R-144 cg.create: an absolute path, below each mount point, made when missing" {
	requires_cgroup_v1 memory
	config "$B" '.linux.cgroupsPath = $path' --arg path "/$TAG-top/deep/b"
	created
	pid=$(pid_of "$TAG")
	for controller in memory cpu cpuset pids devices freezer blkio; do
		cgroup_v1_dir $controller >/dev/null || continue
		grep -q ":$controller:/$TAG-top/deep/b\$" "/proc/$pid/cgroup"
	done
	grep -q "^0::/$TAG-top/deep/b\$" "/proc/$pid/cgroup"
	hull delete "$TAG"
	[[ ! -e $(cgroup_v1_dir memory)/$TAG-top/deep/b ]]
	while read -r top; do
		rmdir "$top/$TAG-top/deep" "$top/$TAG-top" 2>/dev/null || true
	done < <(awk '$0 ~ / - cgroup2? / { print $5 }' /proc/self/mountinfo)
	assert_nothing_left
}

@test "R-140 cg.rel, R-141 cg.same: a relative path, the same place every time" {
	requires_cgroup_v1 memory
	config "$B" '.linux.cgroupsPath = $path' --arg path "$TAG-relative"
	created
	where=$(grep :memory: "/proc/$(pid_of "$TAG")/cgroup")
	[[ $where == *"/$TAG-relative" ]]
	hull delete "$TAG"
	assert_nothing_left
	created
	assert_equal "$(grep :memory: "/proc/$(pid_of "$TAG")/cgroup")" "$where"
}

@test "R-142 cg.def: absent, a place with the container's id" {
	requires_cgroup_v1 memory
	config "$B" 'del(.linux.cgroupsPath)'
	created
	[[ $(grep :memory: "/proc/$(pid_of "$TAG")/cgroup") == *"/$TAG" ]]
	[[ $(grep :memory: "/proc/$(pid_of "$TAG")/cgroup") != "$(grep :memory: /proc/self/cgroup)" ]]
	hull delete "$TAG"
	assert_nothing_left
}

@test "R-143 cg.bad: a path that leads up is refused" {
	for path in /../x /a/../../b ../x ..; do
		config "$B" '.linux.cgroupsPath = $path' --arg path "$path"
		refuses 'cgroup' create -b "$B" "$TAG"
	done
}

@test "memory: limit, reservation, swappiness" {
	requires_cgroup_v1 memory
	limits '{"memory": {"limit": 67108864, "reservation": 33554432, "swappiness": 10}}'
	is memory memory.limit_in_bytes 67108864
	is memory memory.soft_limit_in_bytes 33554432
	is memory memory.swappiness 10
	hull delete "$TAG"
	limits '{"memory": {"limit": -1, "disableOOMKiller": true}}'
	[[ $(value memory memory.limit_in_bytes) -gt 9000000000000000000 ]]
	value memory memory.oom_control | grep -q 'oom_kill_disable 1'
}

@test "memory: limit with swap" {
	requires_cgroup_v1 memory
	[[ -e $(cgroup_v1_dir memory)/memory.memsw.limit_in_bytes ]] || skip "this machine does not count swap"
	limits '{"memory": {"limit": 67108864, "swap": 134217728}}'
	is memory memory.limit_in_bytes 67108864
	is memory memory.memsw.limit_in_bytes 134217728
	# both up, both down: the order of the two files differs
	hull update --memory 268435456 --memory-swap 536870912 "$TAG"
	is memory memory.memsw.limit_in_bytes 536870912
	hull update --memory 33554432 --memory-swap 33554432 "$TAG"
	is memory memory.limit_in_bytes 33554432
	is memory memory.memsw.limit_in_bytes 33554432
}

@test "memory: a process beyond the limit is killed, the status says so" {
	requires_cgroup_v1 memory
	config "$B" '.linux.resources = {memory: {limit: 8388608}}'
	bundle_args "$B" sh -c 'tail -c 100000000 /dev/zero | wc -c; exit $?'
	without_namespace cgroup
	run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
	[[ $output != *100000000* ]]
	assert_nothing_left
}

@test "memory: a limit too small to start in is said" {
	requires_cgroup_v1 memory
	config "$B" '.linux.resources = {memory: {limit: 4096}}'
	detached timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
	[[ $status -ne 0 ]]
	assert_nothing_left
}

@test "cpu: shares, quota, period, burst, idle" {
	requires_cgroup_v1 cpu
	limits '{"cpu": {"shares": 512, "quota": 50000, "period": 200000, "burst": 10000}}'
	is cpu cpu.shares 512
	is cpu cpu.cfs_quota_us 50000
	is cpu cpu.cfs_period_us 200000
	[[ ! -e $(cgroup_dir "$B" cpu)/cpu.cfs_burst_us ]] || is cpu cpu.cfs_burst_us 10000
	hull delete "$TAG"
	limits '{"cpu": {"quota": -1, "shares": 0}}'
	is cpu cpu.cfs_quota_us -1
	is cpu cpu.shares 1024
	hull delete "$TAG"
	[[ -e $(cgroup_v1_dir cpu)/cpu.idle || -n $(find "$(cgroup_v1_dir cpu)" -maxdepth 2 -name cpu.idle -print -quit) ]] || return 0
	limits '{"cpu": {"idle": 1, "shares": 300}}'
	is cpu cpu.idle 1
}

@test "cpuset: cpus and mems, seen by the process" {
	requires_cgroup_v1 cpuset
	limits '{"cpu": {"cpus": "0", "mems": "0"}}'
	is cpuset cpuset.cpus 0
	is cpuset cpuset.mems 0
	grep -q "^Cpus_allowed_list:.0\$" "/proc/$(pid_of "$TAG")/status"
	hull start "$TAG"
	assert_equal "$(hull exec "$TAG" nproc)" 1
}

@test "R-167 pids.zero: a limit, 0, and -1" {
	requires_cgroup_v1 pids
	limits '{"pids": {"limit": 33}}'
	is pids pids.max 33
	hull delete "$TAG"
	limits '{"pids": {"limit": -1}}'
	is pids pids.max max
	hull delete "$TAG"
	bundle_args "$B" sh -c 'true | true || true; echo on'
	config "$B" '.linux.resources = {pids: {limit: 0}}'
	created
	is pids pids.max 0
	hull start "$TAG"
	wait_until 5 has_status "$TAG" stopped
	grep -q -i "fork" "$SCRATCH/output"
}

@test "blkio: weight and throttling" {
	requires_cgroup_v1 blkio
	device=$(lsblk -d -n -o MAJ:MIN 2>/dev/null | tr -d ' ' | grep -v '^7:' | head -1)
	[[ -n $device && -e $(cgroup_v1_dir blkio)/blkio.throttle.read_bps_device ]] || skip "this machine has no block device to limit"
	limits "{\"blockIO\": {\"weight\": 0, \"throttleReadBpsDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 1048576}],
		\"throttleWriteBpsDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 2097152}],
		\"throttleReadIOPSDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 100}],
		\"throttleWriteIOPSDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 200}]}}"
	is blkio blkio.throttle.read_bps_device "$device 1048576"
	is blkio blkio.throttle.write_bps_device "$device 2097152"
	is blkio blkio.throttle.read_iops_device "$device 100"
	is blkio blkio.throttle.write_iops_device "$device 200"
}

@test "devices: the list of v1" {
	requires_cgroup_v1 devices
	limits '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"},
		{"allow": true, "type": "b", "major": 7, "access": "r"}]}'
	list=$(value devices devices.list)
	for rule in "c 10:229 rw" "b 7:* r" "c *:* m" "b *:* m" "c 1:3 rwm" "c 1:5 rwm" "c 1:7 rwm" "c 1:8 rwm" "c 1:9 rwm" "c 5:0 rwm" "c 5:2 rwm" "c 136:* rwm"; do
		grep -q -x -F "$rule" <<<"$list" || {
			echo "no $rule in: $list" >&2
			false
		}
	done
	[[ $list != *$'\na'* && $list != a* ]]
}

@test "hugetlb on the unified hierarchy of a hybrid machine" {
	requires_on_v2
	[[ " $(cat "$(cgroup_v2_dir)/cgroup.controllers") " == *" hugetlb "* ]] || skip "this machine has no hugetlb controller on cgroup v2"
	size=$(find "$(cgroup_v2_dir)" -maxdepth 2 -name 'hugetlb.2MB.max' -print -quit)
	[[ -n $size ]] || skip "this machine has no pages of 2 MB"
	limits '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	assert_equal "$(cat "$(cgroup_v2_dir)/$TAG-b/hugetlb.2MB.max")" 4194304
}

@test "R-154 dc.order: update leaves the devices alone" {
	requires_cgroup_v1 devices
	limits '{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 50}}'
	before=$(value devices devices.list)
	hull update --pids-limit 60 "$TAG"
	is pids pids.max 60
	assert_equal "$(value devices devices.list)" "$before"
}

@test "update: options, a file, standard input" {
	requires_cgroup_v1 memory
	started
	hull update --memory 50M --memory-reservation 30m --cpu-share 200 --cpu-period 100000 --cpu-quota 30000 --pids-limit 20 "$TAG"
	is memory memory.limit_in_bytes 52428800
	is memory memory.soft_limit_in_bytes 31457280
	is cpu cpu.shares 200
	is cpu cpu.cfs_quota_us 30000
	is pids pids.max 20
	echo '{"memory": {"limit": 41943040}, "pids": {"limit": 10}}' >"$SCRATCH/resources.json"
	hull update --resources "$SCRATCH/resources.json" "$TAG"
	is memory memory.limit_in_bytes 41943040
	is pids pids.max 10
	is cpu cpu.shares 200
	hull update --resources - "$TAG" <<<'{"pids": {"limit": -1}}'
	is pids pids.max max
	hull update --cpuset-cpus 0 --cpuset-mems 0 "$TAG"
	is cpuset cpuset.cpus 0
}

@test "update: what the kernel refuses is an error" {
	requires_cgroup_v1 cpu
	started
	run hull update --cpuset-cpus 4000 "$TAG"
	assert_status 1
	one_line
	run hull update --memory 50X "$TAG"
	assert_status 1
	has_status "$TAG" running
}

@test "update: created and paused are fine, stopped is not" {
	requires_cgroup_v1 pids
	created
	hull update --pids-limit 11 "$TAG"
	is pids pids.max 11
	hull start "$TAG"
	hull pause "$TAG"
	hull update --pids-limit 12 "$TAG"
	is pids pids.max 12
	has_status "$TAG" paused
	hull resume "$TAG"
	hull kill "$TAG" KILL
	wait_until 5 has_status "$TAG" stopped
	run hull --log "$SCRATCH/log" update --pids-limit 13 "$TAG"
	assert_equal "$status $output" "1 container not running"
}

@test "an empty and a zero value mean absent" {
	requires_cgroup_v1 memory
	limits '{"memory": {"limit": 0, "swap": 0, "reservation": 0}, "cpu": {"shares": 0, "period": 0, "cpus": "", "mems": ""},
		"blockIO": {"weight": 0}, "network": {}, "hugepageLimits": []}'
	[[ $(value memory memory.limit_in_bytes) -gt 9000000000000000000 ]]
	is cpu cpu.shares 1024
}

@test "a cgroup that others use is not removed with what is in it" {
	requires_cgroup_v1 memory
	dir=$(cgroup_dir "$B" memory)
	created
	sleep 1000 3>&- &
	other=$!
	mkdir "$dir/other"
	echo $other >"$dir/other/cgroup.procs"
	run timeout 20 "$HULL" --root "$STATE" delete --force "$TAG"
	if kill -0 $other 2>/dev/null; then
		kill -KILL $other
		wait $other || true
	fi
	rmdir "$dir/other" "$dir" 2>/dev/null || true
	hull delete --force "$TAG"
	assert_nothing_left
}

@test "on bare cgroup v2: one cgroup, born in it, gone after it" {
	requires_on_v2
	without_controllers "$B"
	detached on_v2 hull create -b "$B" "$TAG"
	assert_status 0
	pid=$(on_v2 hull state "$TAG" | jq -r .pid)
	grep -q "^0::/$TAG-b\$" "/proc/$pid/cgroup"
	on_v2 hull delete "$TAG"
	assert_nothing_left
	config "$B" 'del(.linux.cgroupsPath)'
	bundle_args "$B" true
	run on_v2 hull run -b "$B" "$TAG"
	assert_status 0
	assert_nothing_left
}

@test "on bare cgroup v2: a controller that is not there is an error" {
	requires_on_v2
	[[ " $(cat "$(cgroup_v2_dir)/cgroup.controllers") " != *" memory "* ]] || skip "this machine has the memory controller on cgroup v2"
	config "$B" '.linux.resources = {memory: {limit: 67108864}}'
	run on_v2 hull --log "$SCRATCH/log" create -b "$B" "$TAG"
	assert_status 1
	one_line
	assert_output_has memory
	assert_nothing_left
}

@test "on bare cgroup v2: hull update and unified" {
	requires_on_v2
	config "$B" '.linux.resources = {unified: {"cgroup.max.descendants": "7"}}'
	detached on_v2 hull create -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(cat "$(cgroup_v2_dir)/$TAG-b/cgroup.max.descendants")" 7
	on_v2 hull delete "$TAG"
	for key in ../x x/y '' no.such.file; do
		config "$B" '.linux.resources = {unified: {($key): "1"}}' --arg key "$key"
		run on_v2 hull --log "$SCRATCH/log" create -b "$B" "$TAG"
		assert_status 1
		one_line
	done
	assert_nothing_left
}

@test "exec follows a container that hands its controllers down, on version 2" {
	requires_on_v2
	config "$B" '.linux.namespaces |= (. + [{type: "cgroup"}] | unique)
		| .mounts |= map(if .type == "cgroup" then .options = ["nosuid", "noexec", "nodev"] else . end)
		| del(.linux.resources.memory, .linux.resources.cpu, .linux.resources.pids)
		| .process.args = ["sh", "-c", "cd /sys/fs/cgroup && mkdir sub && echo 1 >sub/cgroup.procs &&
			echo +hugetlb >cgroup.subtree_control; echo done >/tmp/done; sleep 100"]'
	detached on_v2 hull run -d -b "$B" "$TAG"
	assert_status 0
	wait_until 5 on_v2 hull exec --cgroup /sub "$TAG" test -e /tmp/done
	on_v2 grep -q hugetlb "/sys/fs/cgroup/$TAG-b/cgroup.subtree_control" || skip "this machine has no hugetlb controller on version 2"
	run on_v2 hull exec "$TAG" grep 0:: /proc/self/cgroup
	assert_status 0
	[[ $output == *0::/sub ]]
	on_v2 hull delete --force "$TAG"
}
