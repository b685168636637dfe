#!/usr/bin/env bats
# Whatever is killed, whenever: the next hull-net finds and removes what is left, and gives it out again.

load ../helpers/common
load ../helpers/runtime
load net

setup() {
	setup_host
}

teardown() {
	teardown_host
}

# What a container has is what ls says; nothing else is there.
consistent() {
	local id left
	for id in $(net ls --no-trunc --format '{{.ID}}'); do
		net check --id "$id" || return
	done
	left=$(on_host ip -o link show type veth | awk -F'[ :@]+' '$2 ~ /^hv/ { print $2 }' | sort)
	assert_equal "$left" "$(jq -r .link "$NETROOT"/bridge/*/containers/* 2>/dev/null | sort)"
	left=$(on_host nft list map inet hull-net published 2>/dev/null | grep -o '[a-z]* \. [0-9]* : ' | wc -l)
	assert_equal "$left" "$(net ls --format '{{len .Ports}}' | awk '{ n += $1 } END { print n + 0 }')"
}

all_gone() {
	local pid
	for pid in "$@"; do
		! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" || return 1
	done
}

@test "containers that are killed: their addresses and ports are free again" {
	holder A
	holder B
	net add --id a --pid "$A" -p 8080:80 --ip 10.91.0.9
	kill -KILL "$A"
	wait_until 5 all_gone "$A"
	assert_equal "$(net ls --format '{{.ID}}')" ""
	net add --id b --pid "$B" -p 8080:80 --ip 10.91.0.9
	wait_until 5 consistent
	assert_equal "$(on_host nft list map inet hull-net published | grep -c '10\.91\.0\.9')" 1
	# the late end of the first does not harm the second, nor does its id's next life
	net del --id a
	net check --id b
}

@test "a container of hull that is killed, and hull with it" {
	networked web -p 8080:80
	up web
	kill -KILL "$(pid_in web)"
	wait_until 5 has_status web stopped
	run net prune
	assert_output_has "Removed: web of bridge:hull0"
	wait_until 5 host_is_clean
	# its poststop hook comes late
	down web
	assert_host_is_clean
	assert_nothing_left
}

@test "a container whose creation fails after the hook has nothing" {
	networked web -p 8080:80
	bundle_args "$SCRATCH/web" /no/such/program
	detached host_hull run -d -b "$SCRATCH/web" web
	[[ $status -ne 0 ]]
	assert_equal "$(net ls --format '{{.ID}}')" ""
	net prune
	wait_until 5 host_is_clean || assert_host_is_clean
	assert_nothing_left
}

# killed_at MILLISECONDS COMMAND...: a hull-net that is killed so late.
killed_after() {
	local delay=$1 pid
	shift
	nsenter -t "$HOST" -n -m -- "$NET" --root "$NETROOT" --config "$SETTINGS" "$@" >/dev/null 2>&1 3>&- &
	pid=$!
	disown
	sleep "$delay"
	kill -KILL "$pid" 2>/dev/null || true
	wait_until 5 all_gone "$pid"
}

@test "hull-net killed at any moment of add and del: the next one goes on, prune leaves nothing" {
	local i delay
	for i in $(seq 24); do
		holder "NS$i"
	done
	holder FIRST
	for i in $(seq 24); do
		local pid=NS$i
		delay=$(awk -v i="$i" 'BEGIN { printf "%.4f", 0.0005 * i }')
		killed_after "$delay" add --id "c$i" --pid "${!pid}" -p "$((8000 + i)):80" -p "$((9000 + i)):81"
		((i % 3 > 0)) || killed_after "$delay" del --id "c$i"
		((i % 5 > 0)) || {
			net add --id first --pid "$FIRST"
			net check --id first
			net del --id first
		}
		((i % 8 > 0)) || killed_after "$delay" prune
	done
	# what was half made belongs to living containers: they are asked to leave, or they die
	for i in $(seq 12); do
		net del --id "c$i"
	done
	for i in $(seq 13 24); do
		local pid=NS$i
		kill -KILL "${!pid}"
	done
	# shellcheck disable=SC2153 # of net.bash: the host's, the 24, the first's
	wait_until 5 all_gone "${PIDS[@]:13:12}"
	net prune
	wait_until 5 host_is_clean || assert_host_is_clean
	# and all of it can be had
	net add --id first --pid "$FIRST" -p 8001-8024:1-24 -p 9001-9024:1-24
	net check --id first
}

@test "every system call that changes something: a hull-net killed there leaves nothing that stays" {
	requires_command strace
	local places=(mkdirat:1 mkdirat:3 renameat:1 renameat:2 renameat:3 unlinkat:1 unlinkat:2 sendto:1 sendto:4 sendto:5 sendto:6
		sendto:7 sendto:8 sendto:9 sendto:10 sendto:11 sendto:12 sendto:13 sendmsg:1 setns:1 setns:2 write:1 write:2 write:3 write:4)
	local place call n killed=0
	on_host strace -qq -o /dev/null true 2>/dev/null || skip "strace does not work on this machine"
	: >"$SCRATCH/hosts"
	for place in "${places[@]}"; do
		call=${place%:*}
		n=${place#*:}
		holder A
		on_host strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
			"$NET" --root "$NETROOT" --config "$SETTINGS" add --id a --pid "$A" -p 8080:80 \
			--hosts "$SCRATCH/hosts" >/dev/null 2>&1 3>&- && status=0 || status=$?
		[[ $status -eq 0 ]] || killed=$((killed + 1))
		kill -KILL "$A"
		wait_until 5 all_gone "$A"
		holder B
		net add --id b --pid "$B" -p 8080:80 --ip 10.91.0.2
		net check --id b
		wait_until 5 consistent || {
			echo "killed at $call number $n" >&2
			consistent
		}
		on_host strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
			"$NET" --root "$NETROOT" --config "$SETTINGS" del --id b >/dev/null 2>&1 3>&- || true
		kill -KILL "$B"
		wait_until 5 all_gone "$B"
		net prune >/dev/null
		wait_until 5 host_is_clean || {
			echo "killed at $call number $n" >&2
			assert_host_is_clean
		}
	done
	((killed > 15))
}

@test "many containers of hull come and go at once, some killed" {
	local i ids=()
	for i in 1 2 3 4 5 6 7 8; do
		networked "c$i" -p "$((8000 + i)):80"
		ids+=("c$i")
	done
	for round in 1 2; do
		for i in "${ids[@]}"; do
			host_hull run -d -b "$SCRATCH/$i" "$i" </dev/null >"$SCRATCH/out.$i" 2>&1 3>&- &
			waits[${i#c}]=$!
		done
		for i in "${waits[@]}"; do
			wait "$i"
		done
		assert_equal "$(net ls --format '{{.IPAddress}}' | sort -u | wc -l)" 8
		for i in "${ids[@]}"; do
			wait_until 5 fetches on_host "http://127.0.0.1:$((8000 + ${i#c}))/" "page of $i" 2>/dev/null
		done
		for i in 1 2 3 4; do
			kill -KILL "$(pid_in "c$i")"
		done
		for i in "${ids[@]}"; do
			host_hull delete --force "$i" </dev/null >/dev/null 2>&1 3>&- &
			waits[${i#c}]=$!
		done
		for i in "${waits[@]}"; do
			wait "$i"
		done
	done
	net prune
	wait_until 5 host_is_clean || assert_host_is_clean
	assert_nothing_left
}
