# shellcheck shell=bash
# shellcheck disable=SC2154 # SCRATCH, TAG, STATE, TOP: of common.bash
#
# What the tests of hull-shim share; load it after common. A container is made by hand in a store of the test's
# own, and hull-shim is driven directly:
#
#	container sh -c 'exit 7'        # ID: of what was made last
#	keep                            # runs hull-shim to its end, as bats' `run`
#	keep_in_background              # SHIM: its pid; it runs when this returns
#	client output exit read         # talks to its control socket

SHIM_PROGRAM=${SHIM_PROGRAM:-$TOP/build/hull-shim}

setup_shim() {
	requires_root
	requires_command jq
	setup_scratch
	STORE=$SCRATCH/store
	RUN=$SCRATCH/run
	mkdir -p "$STORE"
	ROOTFS=$SCRATCH/rootfs
	rootfs "$ROOTFS"
	# On a machine without a compiler it is in HULL_TEST_PROGRAMS.
	CLIENT=${HULL_TEST_PROGRAMS:-${BATS_RUN_TMPDIR:-$SCRATCH}}/client
	if [[ ! -x $CLIENT ]]; then
		requires_command gcc
		gcc -O1 -Wall -static -I"$TOP" -o "$CLIENT.$$" "$TOP/tests/shim/client.c" && mv "$CLIENT.$$" "$CLIENT"
	fi
}

# container ARGS...: one whose program is ARGS. What is different about it: FIELDS='.restart = "always"'.
container() {
	ID=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
	mkdir -p "$STORE/$ID"
	jq --arg root "$ROOTFS" --arg cgroup "/$TAG-${ID:0:12}" \
		'.root.path = $root | .linux.cgroupsPath = $cgroup | .process.args = $ARGS.positional' \
		--args -- "$@" <"$TOP/config.json.example" >"$STORE/$ID/config.json"
	jq -n --arg id "$ID" '{id: $id, name: "web", bundle: "/bundle", command: ["x"], created: 1, terminal: false,
		openStdin: false, autoRemove: false, restart: "no", restartMax: 0, stopSignal: 15, stopTimeout: 10,
		logDriver: "json-file", logMaxBytes: 0, logMaxFiles: 1} |'" ${FIELDS:-.}" >"$STORE/$ID/container.json"
}

# config FILTER: changes the container's config.json.
shim_config() {
	config "$STORE/$ID" "$@"
}

shim_command() {
	COMMAND=("$SHIM_PROGRAM" run --store "$STORE" --run "$RUN" --hull "$HULL" --root "$STATE" "$@" "$ID")
}

# keep [OPTIONS...]. As `run`, which would take the container's 127 for a command that is missing.
keep() {
	shim_command "$@"
	status=0
	timeout 60 "${COMMAND[@]}" </dev/null >"$SCRATCH/shim.out" 2>&1 3>&- || status=$?
	output=$(<"$SCRATCH/shim.out")
}

# keep_in_background [OPTIONS...]
keep_in_background() {
	shim_command "$@"
	"${COMMAND[@]}" </dev/null >"$SCRATCH/shim.out" 2>&1 3>&- &
	SHIM=$!
	wait_until 10 runs
}

runs() {
	[[ $(record run .started 2>/dev/null) -gt 0 ]]
}

# record exit|run FILTER
record() {
	jq -r "$2" "$STORE/$ID/$1.json"
}

# shim_ended: waits for the shim in the background; its status is $status.
shim_ended() {
	status=0
	wait "$SHIM" || status=$?
}

client() {
	"$CLIENT" "$RUN/$ID/control" "$@"
}

# logged [STREAM]: the text that the json-file log has.
logged() {
	jq -rj --arg stream "${1:-}" 'select($stream == "" or .stream == $stream) | .log' "$STORE/$ID/log/container.log"
}

container_pid() {
	record run .container.pid
}
