# shellcheck shell=bash
# shellcheck disable=SC2154 # status, output, SCRATCH, TAG: of bats and common.bash
#
# What the files of tests/runtime share; load it after common:
#
#	load ../helpers/common
#	load ../helpers/runtime
#	setup() { setup_bundle; }
#	teardown() { teardown_scratch; }
#
#	@test "R-085 host.uts: the host name is the container's own" {
#		config "$B" '.hostname = "box"'
#		inside hostname
#		assert_equal "$output" box
#	}
#
# B is the test's bundle: config.json.example's document on the busybox root.

setup_bundle() {
	requires_root
	setup_scratch
	B=$SCRATCH/b
	bundle "$B"
}

# inside SCRIPT: runs $B with this shell script as its program, as bats' `run`.
inside() {
	bundle_args "$B" sh -c "$1"
	run timeout 20 "$HULL" --root "$STATE" run -b "$B" "$TAG"
}

# shows WANT SCRIPT: the script succeeds inside and prints exactly WANT.
shows() {
	inside "$2"
	[[ $status -eq 0 && $output == "$1" ]] || {
		printf '%s\n' "status $status, output:" "$output" "want:" "$1" >&2
		return 1
	}
}

# refuses TEXT COMMAND...: a runtime command fails with 1 and a one-line error that has TEXT, and leaves
# nothing. What the command prints is in $output.
refuses() {
	local text=$1
	shift
	detached timeout 20 "$HULL" --root "$STATE" --log "$SCRATCH/log" "$@"
	[[ $status -eq 1 && $output == *"$text"* && $output != *$'\n'* ]] || {
		printf '%s\n' "status $status, output:" "$output" "want one line with:" "$text" >&2
		return 1
	}
	assert_nothing_left
}

# started [ID]: a container of $B that runs (ID default $TAG); created [ID]: one that waits.
started() {
	local id=${1:-$TAG}
	detached hull run -d -b "$B" "$id"
	assert_status 0
}

created() {
	local id=${1:-$TAG}
	detached hull create -b "$B" "$id"
	assert_status 0
}

# pid_of ID: the first process, as state says.
pid_of() {
	hull state "$1" | jq -r .pid
}

# unconfined: $B without filter and with every capability that we have.
unconfined() {
	local all
	all=$(hull features | jq -c '.linux.capabilities - ["CAP_SYS_RESOURCE"]')
	# shellcheck disable=SC2016 # jq's
	config "$B" 'del(.linux.seccomp) | .process.noNewPrivileges = false | .process.capabilities =
		{bounding: $all, effective: $all, permitted: $all, inheritable: [], ambient: []}' --argjson all "$all"
}

# without_namespace TYPE: $B shares the host's.
without_namespace() {
	config "$B" 'del(.linux.namespaces[] | select(.type == $type))' --arg type "$1"
}

# namespace_path TYPE PATH: $B joins it there; an empty PATH makes a new one.
namespace_path() {
	config "$B" 'del(.linux.namespaces[] | select(.type == $type)) |
		.linux.namespaces += [{type: $type} + (if $path == "" then {} else {path: $path} end)]' \
		--arg type "$1" --arg path "$2"
}

# add_mount JSON
add_mount() {
	config "$B" '.mounts += [$mount]' --argjson mount "$1"
}

# probe: makes tests/helpers/probe.c, once for all tests of a run; PROBE names it, and it is /bin/probe of $B. On a
# machine without a compiler it is in HULL_TEST_PROGRAMS.
probe() {
	PROBE=${HULL_TEST_PROGRAMS:-${BATS_RUN_TMPDIR:-$SCRATCH}}/probe
	if [[ ! -x $PROBE ]]; then
		requires_command gcc
		gcc -O1 -Wall -static -o "$PROBE.$$" "$TOP/tests/helpers/probe.c" || return
		mv "$PROBE.$$" "$PROBE"
	fi
	cp "$PROBE" "$B/rootfs/bin/probe"
}

# one_line: $output is one line, and not an empty one.
one_line() {
	[[ -n $output && $output != *$'\n'* ]] || {
		echo "not one line: $output" >&2
		return 1
	}
}
