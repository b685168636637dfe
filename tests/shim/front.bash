# shellcheck shell=bash
# shellcheck disable=SC2154 # SCRATCH, STATE, HULL, TOP: of common.bash
#
# What the tests of `hull container` share; load it after common. A store of the test's own, and in $B the bundle
# of a container that runs until it is told to stop:
#
#	up web --rm -- sleep 60         # detached
#	front stop web                  # `hull container` on that store; as words it is "${FRONT[@]}"

setup_front() {
	requires_root
	setup_scratch
	# as words, for where a function cannot go: in the background, under other programs
	FRONT=("${HULL%/*}/hull-container" --store "$SCRATCH/store" --run "$SCRATCH/run" --root "$STATE" --hull "$HULL")
	B=$SCRATCH/b
	bundle "$B" sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	config "$B" '.root.readonly = false'
}

# Every container of the test, and the process in HELPER where there is one.
teardown_front() {
	local id
	[[ -z ${HELPER:-} ]] || kill -KILL "$HELPER" 2>/dev/null || :
	[[ -n ${SCRATCH:-} ]] || return 0
	for id in $(front ps -aq --no-trunc 2>/dev/null); do
		front rm -f "$id" >/dev/null 2>&1
	done
	teardown_scratch
}

front() {
	"${FRONT[@]}" "$@"
}

# up NAME [RUN-OPTION...] [-- COMMAND...]: a detached container.
up() {
	local name=$1 options=()
	shift
	while [[ $# -gt 0 && $1 != -- ]]; do
		options+=("$1")
		shift
	done
	[[ $# -eq 0 ]] || shift
	front run -d --name "$name" "${options[@]}" --bundle "$B" "$@" >"$SCRATCH/id"
}

# field NAME TEMPLATE
field() {
	front inspect -f "$2" "$1"
}

state_is() {
	[[ $(field "$1" '{{.State.Status}}') == "$2" ]]
}

# directory NAME: the container's in the store.
directory() {
	echo "$SCRATCH/store/$(field "$1" '{{.Id}}')"
}

shim_of() {
	jq .shim.pid "$(directory "$1")/run.json"
}

# still FILE: it has something and has stopped growing.
still() {
	local size
	size=$(stat -c %s "$1") && sleep 0.2 && [[ $size -gt 0 && $size == "$(stat -c %s "$1")" ]]
}

# CLIENT: tests/shim/client.c. On a machine without a compiler it is in HULL_TEST_PROGRAMS.
build_client() {
	CLIENT=${HULL_TEST_PROGRAMS:-${BATS_RUN_TMPDIR:-$SCRATCH}}/client
	[[ ! -x $CLIENT ]] || return 0
	requires_command gcc
	gcc -O1 -Wall -static -I"$TOP" -o "$CLIENT.$$" "$TOP/tests/shim/client.c" && mv "$CLIENT.$$" "$CLIENT"
}
