# shellcheck shell=bash
#
# What all bats files share. In a test file:
#
#	load ../helpers/common
#	setup() { setup_scratch; }
#	teardown() { teardown_scratch; }
#
#	@test "kill: a stopped container is refused" {
#		requires_root
#		bundle "$SCRATCH/b" true
#		hull run -b "$SCRATCH/b" "$TAG"
#		assert_nothing_left
#	}
#
# After setup_scratch:
#	HULL     the runtime under test, an absolute path (default: build/hull); `HULL=/usr/sbin/runc bats …`
#	         checks the tests themselves
#	TAG      a word of this test only; every container id and cgroup of the test contains it
#	SCRATCH  a directory of this test only, removed by teardown_scratch
#	STATE    the state root below it
#	TOP      the top of the source tree
#
# `hull …` runs the runtime with that state root; use it with bats' `run` as any command. But what leaves a
# container behind (create, run -d, exec -d) is called by `detached`: the container inherits stdout, and
# `run` would wait for its end.

TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
HULL=${HULL:-$TOP/build/hull}
[[ $HULL == /* ]] || HULL=$TOP/$HULL
export HULL TOP
bats_require_minimum_version 1.5.0

hull() {
	"$HULL" --root "$STATE" "$@"
}

# --- a place of the test's own ---------------------------------------------------------------------

setup_scratch() {
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/hull-test.XXXXXX") || return
	TAG=ht${SCRATCH##*.}
	STATE=$SCRATCH/state
	export SCRATCH TAG STATE
}

# Ends and removes whatever the test left: containers, cgroups, mounts, files. Never fails the test:
# assert_nothing_left is what does.
teardown_scratch() {
	[[ -n ${SCRATCH:-} ]] || return 0
	local id pid path
	if [[ -d $STATE ]]; then
		for path in "$STATE"/*/; do
			id=$(basename "$path")
			[[ -d $path ]] && "$HULL" --root "$STATE" delete --force "$id" >/dev/null 2>&1
		done
	fi
	for pid in $(leftover_processes); do
		kill -KILL "$pid" 2>/dev/null
	done
	for path in $(leftover_cgroups | sort -r); do
		while read -r pid; do
			kill -KILL "$pid" 2>/dev/null
		done <"$path/cgroup.procs"
		wait_until 2 rmdir "$path" 2>/dev/null
	done
	for path in $(leftover_mounts | sort -r); do
		umount -l "$path" 2>/dev/null
	done
	rm -rf --one-file-system "$SCRATCH" 2>/dev/null
	return 0
}

# --- bundles --------------------------------------------------------------------------------------

# rootfs DIR: the small root file system of busybox in DIR. Made once for all tests of a run, then copied.
rootfs() {
	local template=${BATS_RUN_TMPDIR:-$SCRATCH}/hull-rootfs
	if [[ ! -d $template ]]; then
		"$TOP/tests/helpers/rootfs" "$template.$$" || return
		# Two files that start together: the second loses, and takes the first one's.
		mv -T "$template.$$" "$template" 2>/dev/null || rm -rf "$template.$$"
	fi
	mkdir -p "$1" && cp -a "$template/." "$1/"
}

# bundle DIR [ARGS...]: a bundle in DIR from config.json.example and the busybox root, with a cgroup of
# this test's own (it contains $TAG and the directory's name). ARGS is the program; without it a
# process that stays until it is killed, TERM included.
bundle() {
	local dir=$1
	shift
	[[ $# -gt 0 ]] || set -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	mkdir -p "$dir" && rootfs "$dir/rootfs" &&
		jq --arg cgroup "/$TAG-${dir##*/}" '.linux.cgroupsPath = $cgroup | .process.args = $ARGS.positional' \
			--args -- "$@" <"$TOP/config.json.example" >"$dir/config.json"
}

# config DIR FILTER [JQ-OPTIONS...]: edits DIR/config.json in place.
#	config "$B" '.linux.resources.pids.limit = 7'
#	config "$B" '.process.cwd = $cwd' --arg cwd /tmp
config() {
	local file=$1/config.json filter=$2
	shift 2
	jq "$@" "$filter" "$file" >"$file.new" && mv "$file.new" "$file"
}

# bundle_args DIR ARGS...: the program that the bundle runs.
bundle_args() {
	local dir=$1
	shift
	jq '.process.args = $ARGS.positional' --args -- "$@" <"$dir/config.json" >"$dir/config.json.new" &&
		mv "$dir/config.json.new" "$dir/config.json"
}

# --- what a machine may lack: skip, naming it -------------------------------------------------------

requires_root() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	# Root of a nested user namespace without the right to mount is no root either.
	[[ -n ${HULL_TEST_CAN_UNSHARE:-} ]] || {
		unshare -m --propagation private true 2>/dev/null || skip "this machine forbids mount namespaces"
		export HULL_TEST_CAN_UNSHARE=1
	}
}

# requires_command NAME...: programs on PATH.
requires_command() {
	local name
	for name in "$@"; do
		command -v "$name" >/dev/null || skip "needs the program $name"
	done
}

# requires_capability NAME: as in capabilities(7) without CAP_, in our effective set.
requires_capability() {
	local bit effective
	case $1 in
	SYS_ADMIN) bit=21 ;;
	SYS_RESOURCE) bit=24 ;;
	MKNOD) bit=27 ;;
	NET_ADMIN) bit=12 ;;
	*) echo "requires_capability: unknown $1" >&2 && return 1 ;;
	esac
	effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	((16#$effective >> bit & 1)) || skip "needs CAP_$1, which this machine does not give"
}

# requires_controller NAME: a cgroup v1 hierarchy for it, or v2 with it enabled at the root.
requires_controller() {
	cgroup_v1_dir "$1" >/dev/null && return
	[[ " $(cat "$(cgroup_v2_dir 2>/dev/null)/cgroup.controllers" 2>/dev/null) " == *" $1 "* ]] ||
		skip "this machine has no cgroup controller $1"
}

requires_cgroup_v1() {
	cgroup_v1_dir "$1" >/dev/null || skip "this machine has no cgroup v1 hierarchy for $1"
}

# Bare cgroup v2 without a controller, in a mount namespace of one's own: see on_v2.
requires_on_v2() {
	requires_root
	on_v2 true 2>/dev/null || skip "this machine does not let us mount cgroup v2"
}

requires_user_namespaces() {
	unshare -U true 2>/dev/null || skip "this machine forbids user namespaces"
}

# --- cgroups --------------------------------------------------------------------------------------

# The mount point of the v1 hierarchy with controller $1 (or of the named one, as name=systemd).
cgroup_v1_dir() {
	awk -v want="$1" '$0 ~ / - cgroup / {
		n = split($NF, option, ",")
		for (i = 1; i <= n; i++) if (option[i] == want) { print $5; found = 1; exit }
	} END { exit !found }' /proc/self/mountinfo
}

# The mount point of cgroup v2, also where it stands beside v1.
cgroup_v2_dir() {
	awk '$0 ~ / - cgroup2 / { print $5; found = 1; exit } END { exit !found }' /proc/self/mountinfo
}

# cgroup_dir BUNDLE CONTROLLER: where the cgroup of a bundle() bundle is, v1 or v2.
cgroup_dir() {
	local path
	path=$(jq -r .linux.cgroupsPath "$1/config.json")
	echo "$(cgroup_v1_dir "$2" || cgroup_v2_dir)$path"
}

# on_v2 COMMAND...: COMMAND where /sys/fs/cgroup is cgroup v2 only, in a mount namespace of its own. On a
# hybrid machine this v2 has no controllers: see without_controllers. `on_v2 hull …` works.
on_v2() {
	if [[ $1 == hull ]]; then
		shift
		set -- "$HULL" --root "$STATE" "$@"
	fi
	# The caller's script is single-quoted on purpose: it runs in the namespace.
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c '
		umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"' sh "$@"
}

# without_controllers DIR: takes the limits out of a bundle that need a controller; device rules stay.
without_controllers() {
	config "$1" '.linux.resources |= {devices}'
}

# --- namespaces, terminals, time ---------------------------------------------------------------------

# in_netns COMMAND...: in a network namespace of its own with lo up.
in_netns() {
	# shellcheck disable=SC2016
	unshare -n sh -c 'ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null; exec "$@"' sh "$@"
}

# on_terminal COMMAND...: with a new pseudo terminal as its stdin, stdout and stderr; its output comes with
# CRLF as a terminal has it. The status is COMMAND's.
on_terminal() {
	local line
	printf -v line '%q ' "$@"
	SHELL=/bin/bash script --quiet --return --command "$line" /dev/null </dev/null
}

# wait_until SECONDS COMMAND...: until it succeeds; fails when it never does.
wait_until() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/./} < end)) || return 1
		sleep 0.05
	done
}

# detached COMMAND...: as bats' `run` for a command whose children stay and keep its stdout; what it and they
# write goes to $SCRATCH/output, which `output` has as it is when COMMAND ends.
detached() {
	status=0
	"$@" </dev/null >"$SCRATCH/output" 2>&1 3>&- || status=$?
	output=$(<"$SCRATCH/output")
}

# status ID: the word of `state`; empty when there is no such container.
status() {
	hull state "$1" 2>/dev/null | jq -r .status
}

has_status() {
	[[ $(status "$1") == "$2" ]]
}

# --- nothing is left ------------------------------------------------------------------------------

# Mount points of our namespace below $SCRATCH.
leftover_mounts() {
	awk -v scratch="$SCRATCH/" 'index($5, scratch) == 1 { print $5 }' /proc/self/mountinfo
}

# Directories of this test in any hierarchy, and those below.
leftover_cgroups() {
	local top
	awk '$0 ~ / - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r top; do
		find "$top" -mindepth 1 -maxdepth 6 -type d -path "*$TAG*" 2>/dev/null
	done | sort -u
}

# Pids that are in a cgroup of this test, have their root in $SCRATCH (as their own mountinfo says), or have
# a file of it open, or stand in it. The shells of the test itself do not count. A mount elsewhere than on /
# proves nothing: every process of a namespace sees it.
leftover_processes() {
	local pid own="" parent=$BASHPID
	while ((parent > 1)); do
		own+=" $parent"
		parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$parent/status") || break
	done
	{
		grep -ls -- "$TAG" /proc/[0-9]*/cgroup
		grep -lsE -- "^[0-9]+ [0-9]+ [0-9:]+ [^ ]*/${SCRATCH##*/}/[^ ]* / " /proc/[0-9]*/mountinfo
		find /proc/[0-9]*/fd /proc/[0-9]*/cwd /proc/[0-9]*/root -maxdepth 1 -lname "$SCRATCH*" 2>/dev/null
	} | cut -d/ -f3 | sort -un | while read -r pid; do
		[[ " $own " == *" $pid "* ]] && continue
		# Gone or a zombie by now: nothing that is left.
		grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" && echo "$pid"
	done
	return 0
}

# What is in the state root; names that begin with a dot (a cache) are no container's.
leftover_state() {
	[[ ! -d $STATE ]] || find "$STATE" -mindepth 1 -maxdepth 1 ! -name '.*'
}

# Fails and says what of this test's containers still is: mounts, cgroups in every hierarchy, processes,
# state. A container's last process may need a moment to go: up to two seconds are given.
assert_nothing_left() {
	local what left
	for what in mounts cgroups processes state; do
		wait_until 2 nothing_left "$what" && continue
		left=$("leftover_$what")
		echo "left $what: $left" >&2
		if [[ $what == processes ]]; then
			for left in $left; do
				tr '\0' ' ' <"/proc/$left/cmdline" >&2
				echo >&2
			done
		fi
		return 1
	done
}

nothing_left() {
	[[ -z $("leftover_$1") ]]
}

# --- small assertions for readable failures ---------------------------------------------------------

# assert_status WANT: of bats' `run`.
assert_status() {
	# shellcheck disable=SC2154 # set by run
	[[ $status -eq $1 ]] || {
		echo "exit status $status, not $1; output: $output" >&2
		return 1
	}
}

# assert_output_has TEXT: in the output of bats' `run`.
assert_output_has() {
	[[ $output == *"$1"* ]] || {
		echo "the output has no \"$1\": $output" >&2
		return 1
	}
}

# assert_equal GOT WANT
assert_equal() {
	[[ $1 == "$2" ]] || {
		echo "\"$1\", not \"$2\"" >&2
		return 1
	}
}
