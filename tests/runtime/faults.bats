#!/usr/bin/env bats
# The fault sweep: every step of both tables fails in turn, and hull is killed by SIGKILL at every step of its
# own. Afterwards nothing of the container is left: at once after a failure, after `delete --force` after a
# kill. The steps are those that the build lists, so that a new one cannot be missed. What the faults are is
# in runtime/container/faults.h; `make FAULTS=1` builds the program.

load ../helpers/common

setup() {
	[[ ${HULL##*/} == hull ]] || skip "only hull has these steps"
	requires_root
	requires_command perl
	HULL=${HULL%/*}/faults/hull
	[[ -x $HULL ]] || {
		echo "$HULL is not built: make FAULTS=1" >&2
		return 1
	}
	setup_scratch
	B=$SCRATCH/b
	helpers=()
	bundle "$B"
	hooks
	config "$B" '.domainname = "example" | .process.cwd = "/tmp/made" | .linux.personality = {domain: "LINUX"}'
	mapfile -t steps < <(HULL_LIST_STEPS=1 "$HULL" --root "$STATE" create -b "$B" "$TAG" 2>/dev/null)
	mapfile -t init_steps < <("${HULL%/*}/hull-init" steps | sed -n 's/^create //p')
	mapfile -t exec_steps < <("${HULL%/*}/hull-init" steps | sed -n 's/^exec //p')
	((${#steps[@]} >= 14 && ${#init_steps[@]} >= 33 && ${#exec_steps[@]} >= 15))
	options=(--pid-file "$SCRATCH/pid")
}

teardown() {
	[[ -z ${helpers[*]:-} ]] || kill -KILL "${helpers[@]}"
	teardown_scratch
	rm -f "$SCRATCH".{console,up}
}

# Hooks of every kind. Those that run on the host's files say so in $SCRATCH/hooks.
hooks() {
	config "$B" '.hooks = (["prestart", "createRuntime", "createContainer", "poststart", "poststop"] |
			map({(.): [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null; echo \(.) >>\($log)"]}]}) | add) +
		{startContainer: [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null"]}]}' --arg log "$SCRATCH/hooks"
}

# A terminal of the container's, sent to a socket that keeps what it gets.
with_terminal() {
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un($ARGV[0])) && listen(S, 4096) && sleep 600' \
		"$SCRATCH.console" 3>&- &
	helpers+=($!)
	wait_until 5 test -S "$SCRATCH.console"
	config "$B" '.process.terminal = true | .process.consoleSize = {height: 24, width: 80}'
	options+=(--console-socket "$SCRATCH.console")
}

# A process of ours in a network and a pid namespace; $holder is its pid.
holder() {
	unshare --net --pid --fork sh -c 'sleep 600 & echo $! >'"$SCRATCH.up"' && wait' 3>&- &
	helpers+=($!)
	wait_until 5 test -s "$SCRATCH.up"
	holder=$(<"/proc/$!/task/$!/children")
	holder=${holder% }
	helpers+=("$holder")
}

# Both joined: the network by hull-init, the pid namespace through a joiner.
with_joined() {
	holder
	config "$B" '(.linux.namespaces[] | select(.type == "network")).path = $net |
		(.linux.namespaces[] | select(.type == "pid")).path = $pid' \
		--arg net "/proc/$holder/ns/net" --arg pid "/proc/$holder/ns/pid"
}

# A user namespace of the container's own.
with_user() {
	config "$B" '.linux.namespaces += [{type: "user"}] | .linux.devices = [] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$B/rootfs"
	chmod 755 "$SCRATCH" "$B"
	# The root of the container's is not ours, and its hooks write too.
	: >"$SCRATCH/hooks"
	chmod 666 "$SCRATCH/hooks"
}

# fails NAME: the command before was refused by the fault at NAME.
fails() {
	[[ $status -eq 1 && $output == *"injected fault at '$1'"* ]] || {
		echo "at \"$1\": status $status: $output" >&2
		return 1
	}
}

# clean NAME: nothing of the container is there after the fault at NAME.
clean() {
	wait_until 2 nothing_here && return
	echo "left after the fault at $1: $(leftovers)" >&2
	return 1
}

# The quick look after each step, at the places where things of the container's are made. assert_nothing_left,
# which works() calls, looks everywhere.
leftovers() {
	compgen -G "$STATE/$TAG*"
	compgen -G "/sys/fs/cgroup/$TAG*"
	compgen -G "/sys/fs/cgroup/*/$TAG*"
	compgen -G "$SCRATCH/pid*"
	# A zombie waits for its parent, and is nothing of ours.
	grep -ls "$TAG" /proc/[0-9]*/cgroup | while read -r file; do
		grep -s '^State:[[:space:]]*[^ZX[:space:]]' "${file%cgroup}status" /dev/null
	done
	return 0
}

nothing_here() {
	[[ -z $(leftovers) ]]
}

# poststop_ran NAME: R-096, once a hook of the runtime's may have run.
poststop_ran() {
	[[ $(tail -n 1 "$SCRATCH/hooks") == poststop ]] || {
		echo "after \"$1\": no poststop hook but: $(cat "$SCRATCH/hooks")" >&2
		return 1
	}
}

# works: the id can be used, with everything that the bundle has.
works() {
	detached hull create -b "$B" "${options[@]}" "$TAG" && assert_status 0 &&
		detached hull start "$TAG" && assert_status 0 && has_status "$TAG" running &&
		hull delete --force "$TAG" && rm "$SCRATCH/pid" && assert_nothing_left
}

# Every file of the test but the state root's.
files() {
	find "$SCRATCH" -path "$STATE" -prune -o -path "$SCRATCH/hooks" -o -path "$SCRATCH/output" -o -print | sort
}

fail_host_steps() {
	local step before hooks_run=""
	works
	before=$(files)
	for step in "${steps[@]}"; do
		: >"$SCRATCH/hooks"
		HULL_FAIL_STEP=$step detached hull create -b "$B" "${options[@]}" "$TAG"
		fails "$step"
		clean "$step"
		[[ $step != "runtime hooks" ]] || hooks_run=yes
		if [[ -n $hooks_run ]]; then
			poststop_ran "$step"
		else
			assert_equal "$(cat "$SCRATCH/hooks")" ""
		fi
	done
	[[ -n $hooks_run ]]
	assert_equal "$(files)" "$before"
	works
}

# Up to the gate create fails, and leaves nothing; behind it start fails, and delete suffices.
fail_init_steps() {
	local step before gate=before
	works
	before=$(files)
	for step in "${init_steps[@]}"; do
		[[ $step != gate ]] || gate="at"
		HULL_FAIL_INIT_STEP=$step detached hull create -b "$B" "${options[@]}" "$TAG"
		if [[ $gate == before ]]; then
			fails "$step"
			clean "$step"
			continue
		fi
		assert_status 0
		detached hull start "$TAG"
		# Before somebody comes to the gate there is nobody to tell why.
		if [[ $gate == at ]]; then
			assert_status 1
		else
			fails "$step"
		fi
		gate=behind
		wait_until 2 has_status "$TAG" stopped
		hull delete "$TAG"
		rm "$SCRATCH/pid"
		clean "$step"
	done
	assert_equal "$gate" behind
	assert_equal "$(files)" "$before"
	works
}

# The same through run, which has no gate and undoes by itself.
fail_init_steps_of_run() {
	local step
	for step in "${init_steps[@]}"; do
		HULL_FAIL_INIT_STEP=$step detached hull run -d -b "$B" "${options[@]}" "$TAG"
		fails "$step"
		clean "$step"
	done
	works
}

kill_host_steps() {
	local step when
	works
	for step in "${steps[@]}"; do
		for when in STEP AFTER; do
			rm -f "$SCRATCH/pid"
			export "HULL_KILL_$when=$step"
			detached hull create -b "$B" "${options[@]}" "$TAG"
			unset "HULL_KILL_$when"
			# 137: dead of SIGKILL.
			assert_status 137
			run hull delete --force "$TAG"
			[[ $status -eq 0 ]] || {
				echo "killed at \"$step\" ($when): delete --force: $output" >&2
				return 1
			}
			# Written by the last step, and known to nobody but who asked for it.
			[[ $step != "${steps[-1]}" || $when != AFTER ]] || rm "$SCRATCH/pid"
			clean "killed at $step ($when)"
		done
	done
	works
}

@test "faults: every step of hull's fails" {
	fail_host_steps
}

@test "faults: every step of hull's fails, with a terminal and joined namespaces" {
	with_terminal
	with_joined
	fail_host_steps
}

@test "faults: every step of hull-init's fails" {
	fail_init_steps
}

@test "faults: every step of hull-init's fails in run, with a terminal and joined namespaces" {
	with_terminal
	with_joined
	fail_init_steps_of_run
}

@test "faults: every step of hull-init's fails in run, with a user namespace" {
	requires_user_namespaces
	with_user
	fail_init_steps_of_run
}

@test "faults: hull is killed at every step" {
	kill_host_steps
}

@test "faults: hull is killed at every step, with a terminal and joined namespaces" {
	with_terminal
	with_joined
	kill_host_steps
}

@test "faults: hull is killed at every step, with a user namespace" {
	requires_user_namespaces
	with_user
	kill_host_steps
}

@test "faults: hull is killed at every step, on bare cgroup v2" {
	requires_on_v2
	without_controllers "$B"
	hull() {
		on_v2 "$HULL" --root "$STATE" "$@"
	}
	kill_host_steps
}

@test "faults: every step of hull-init's fails in exec, and the container stays" {
	local step before processes
	with_terminal
	bundle_args "$B" sleep 600
	detached hull run -d -b "$B" "${options[@]}" "$TAG"
	assert_status 0
	processes=$(hull ps -f json "$TAG")
	before=$(files)
	for step in "${exec_steps[@]}"; do
		for terminal in "" yes; do
			HULL_FAIL_INIT_STEP=$step detached hull exec ${terminal:+--tty} ${terminal:+-d} ${terminal:+--console-socket "$SCRATCH.console"} \
				--pid-file "$SCRATCH/exec" "$TAG" true
			[[ $status -eq 255 && $output == *"injected fault at '$step'"* ]] || {
				echo "at '$step': status $status: $output" >&2
				false
			}
			assert_equal "$(hull ps -f json "$TAG")" "$processes"
			has_status "$TAG" running
		done
	done
	assert_equal "$(files)" "$before"
	run hull exec "$TAG" true
	assert_status 0
	hull delete --force "$TAG"
	rm "$SCRATCH/pid"
	assert_nothing_left
}

# at_system_calls INJECTION CHECK: create with strace's INJECTION at one in five of its system calls, each a run
# of its own, and CHECK after it. All of them: HULL_TEST_ALL_CALLS=1.
at_system_calls() {
	local injection=$1 check=$2 call number=0
	local -A count=()
	requires_command strace
	strace -o /dev/null true 2>/dev/null || skip "this machine forbids ptrace"
	works
	detached strace -o "$SCRATCH/calls" "$HULL" --root "$STATE" create -b "$B" "$TAG"
	hull delete --force "$TAG"
	while IFS='(' read -r call _; do
		[[ $call =~ ^[a-z0-9_]+$ ]] || continue
		count[$call]=$((${count[$call]:-0} + 1))
		((++number % 5 == 0)) || [[ -n ${HULL_TEST_ALL_CALLS:-} ]] || continue
		# What cannot fail, and what strace would keep from being done.
		[[ ! $call =~ ^(execve|brk|close|munmap|exit_group)$ ]] || continue
		detached timeout 20 strace -o "$SCRATCH/traced" -e "inject=$call:$injection:when=${count[$call]}" \
			"$HULL" --root "$STATE" create -b "$B" "$TAG"
		"$check"
		clean "$call, ${count[$call]}"
	done <"$SCRATCH/calls"
	works
}

# A failure is the end of create or goes unnoticed.
created_or_nothing() {
	[[ $status -eq 1 ]] && return
	assert_status 0
	hull delete --force "$TAG"
}

deleted_by_force() {
	hull delete --force "$TAG"
}

@test "faults: a system call of hull's fails" {
	at_system_calls error=EIO created_or_nothing
}

@test "faults: hull is killed at a system call" {
	at_system_calls signal=KILL deleted_by_force
}
