#!/usr/bin/env bats
# runc's words and exit statuses for what goes wrong before there is a container. Engines search
# messages for them: containerd and CRI-O for "does not exist" and "container not running", Podman and
# Docker for "no such file or directory" and its like, which become 127 and 126.

load ../helpers/common

setup() {
	setup_scratch
	unset XDG_RUNTIME_DIR
	mkdir -m 700 "$STATE"
}

teardown() {
	teardown_scratch
}

# refused STATUS MESSAGE COMMAND...: fails so, and with nothing on standard output.
refused() {
	local want=$1 message=$2
	shift 2
	run --separate-stderr hull --log "$SCRATCH/log" "$@"
	# shellcheck disable=SC2154 # stderr is set by run
	[[ $status -eq $want && $stderr == "$message" && -z $output ]] || {
		printf '%s\n' "$*" "status $status, not $want" "error: $stderr" "want:  $message" "output: $output" >&2
		return 1
	}
}

@test "no such container" {
	local gone="container does not exist"
	refused 1 "$gone" state "$TAG"
	refused 1 "$gone" start "$TAG"
	refused 1 "$gone" kill "$TAG"
	refused 1 "$gone" kill "$TAG" 9
	refused 1 "$gone" kill --all "$TAG" KILL
	refused 1 "$gone" kill -a "$TAG" SIGTERM
	refused 1 "$gone" delete "$TAG"
	refused 1 "$gone" pause "$TAG"
	refused 1 "$gone" resume "$TAG"
	refused 1 "$gone" ps "$TAG"
	refused 1 "$gone" ps --format json "$TAG"
	refused 1 "$gone" update --memory 50M "$TAG"
	refused 255 "exec failed: $gone" exec "$TAG" true
	nothing_left state
}

@test "no such container: delete --force is content" {
	for option in -f --force -force --force=true; do
		run --separate-stderr hull delete "$option" "$TAG"
		[[ $status -eq 0 && -z $output && -z $stderr ]]
	done
	refused 1 "container does not exist" delete --force=false "$TAG"
}

@test "the state root does not exist yet" {
	rmdir "$STATE"
	refused 1 "container does not exist" state "$TAG"
	refused 1 "container does not exist" kill "$TAG" TERM
	run hull delete --force "$TAG"
	[[ $status -eq 0 && -z $output ]]
	# and a question does not make it
	[[ ! -e $STATE ]]
}

@test "names that are none" {
	local long name
	long=$(printf '%0256d' 0)
	for name in . .. a/b ../b /a 'a b' 'a:b' $'a\nb' 'ü' "$long"; do
		refused 1 "invalid container ID format" state "$name"
		refused 1 "invalid container ID format" kill "$name" 9
		refused 1 "invalid container ID format" delete "$name"
		refused 1 "invalid container ID format" delete --force "$name"
		refused 255 "exec failed: invalid container ID format" exec "$name" true
	done
	run hull state ""
	[[ $status -eq 1 ]]
	assert_output_has "container"
	# the longest that is one
	refused 1 "container does not exist" state "${long:1}"
	refused 1 "container does not exist" state a_b+c-d.E9
}

@test "create and run say who failed at what" {
	mkdir "$SCRATCH/empty"
	for name in create run; do
		run --separate-stderr hull --log "$SCRATCH/log" "$name" -b "$SCRATCH/empty" "$TAG"
		[[ $status -eq 1 && -z $output ]]
		[[ $stderr == "hull $name failed: "*config.json* ]]
		run --separate-stderr hull --log "$SCRATCH/log" "$name" -b "$SCRATCH/none" "$TAG"
		[[ $status -eq 1 ]]
		[[ $stderr == "hull $name failed: "*"no such file or directory" ]]
		run --separate-stderr hull --log "$SCRATCH/log" "$name" -b "$SCRATCH/empty" ../x
		[[ $stderr == "hull $name failed: "*"invalid container ID format" ]]
	done
	nothing_left state
	ln -s "$HULL" "$SCRATCH/runc"
	run "$SCRATCH/runc" --root "$STATE" create -b "$SCRATCH/empty" "$TAG"
	assert_output_has 'msg="runc create failed: '
}

@test "kill: signals" {
	refused 1 'unknown signal "NOPE"' kill "$TAG" NOPE
	refused 1 'unknown signal "SIG"' kill "$TAG" SIG
	refused 1 'unknown signal "-9"' kill "$TAG" -9
	refused 1 'unknown signal "9x"' kill "$TAG" 9x
	refused 1 'unknown signal ""' kill "$TAG" ""
	for signal in 9 KILL SIGKILL sigkill kill Term 15 USR1 34 64; do
		refused 1 "container does not exist" kill "$TAG" "$signal"
	done
}

@test "exec: what is wrong with its options" {
	refused 255 "exec failed: exec args cannot be empty" exec "$TAG"
	while IFS='|' read -r option value message; do
		run --separate-stderr hull --log "$SCRATCH/log" exec "$option" "$value" "$TAG" true
		[[ $status -eq 255 && $stderr == "exec failed: $message"* ]] || {
			echo "$option $value: $stderr" >&2
			false
		}
	done <<-'TABLE'
		--user|root|bad uid
		--user|0:root|bad gid
		--user|0:|bad gid
		--user|:0|bad uid
		--user||bad uid
		--user|-1|bad uid
		--user|4294967295|bad uid
		--user|00|bad uid
		-u|99999999999999999999|bad uid
		--additional-gids|-1|additional-gids must be a positive number
		-g|x|additional-gids must be a positive number
		-g|1,2|additional-gids must be a positive number
	TABLE
	# an option that cannot be read is a wrong use, not a failed exec
	run hull exec --preserve-fds x "$TAG" true
	assert_status 1
}

@test "exec: options end at the container's name" {
	# otherwise -l and --nope would be unknown options, and --help would be answered with the help
	refused 255 "exec failed: container does not exist" exec "$TAG" ls -l --nope
	refused 255 "exec failed: container does not exist" exec "$TAG" --help
	refused 255 "exec failed: container does not exist" exec -e A=1 --env B=2 -t -d -- "$TAG" --help
}

@test "update: what is wrong with its options" {
	run hull update --memory 5Q "$TAG"
	assert_status 1
	assert_output_has "invalid value"
	run hull update --blkio-weight 65536 "$TAG"
	assert_status 1
	assert_output_has "blkio-weight"
	refused 1 "Intel RDT is not supported" update --l3-cache-schema x "$TAG"
	refused 1 "open $SCRATCH/none: no such file or directory" update --resources "$SCRATCH/none" "$TAG"
	refused 1 "open $SCRATCH/none: no such file or directory" update "--resources=$SCRATCH/none" "$TAG"
	echo '{"memory":{"limit":"x"}}' >"$SCRATCH/resources"
	run hull update --resources "$SCRATCH/resources" "$TAG"
	assert_status 1
	assert_output_has "$SCRATCH/resources"
	assert_output_has "limit"
	echo '{"memory":{"limit":1048576}}' >"$SCRATCH/resources"
	refused 1 "container does not exist" update -r "$SCRATCH/resources" "$TAG"
	run hull update --resources - "$TAG" <"$SCRATCH/resources"
	assert_status 1
	assert_output_has "container does not exist"
	run hull update --resources - "$TAG" <<<'{'
	assert_output_has "standard input"
	run hull update --kernel-memory 1m "$TAG"
	assert_output_has "level=warning"
	assert_output_has "container does not exist"
}

@test "formats that are none" {
	refused 1 "invalid format option" list --format yaml
	refused 1 "invalid format option" list -f ''
	refused 1 "invalid format option" ps --format yaml "$TAG"
}

@test "list: nothing there" {
	run --separate-stderr hull list
	[[ $status -eq 0 && -z $stderr ]]
	[[ $output == "ID          PID         STATUS      BUNDLE      CREATED     OWNER" ]]
	run --separate-stderr hull list --format json
	[[ $status -eq 0 && $output == null && -z $stderr ]]
	run --separate-stderr hull list -q
	[[ $status -eq 0 && -z $output && -z $stderr ]]
}

@test "list: a root that was named must exist, the default one need not" {
	rmdir "$STATE"
	run --separate-stderr hull list
	[[ $status -eq 1 && -z $output ]]
	[[ $stderr == *"no such file or directory"* ]]
	requires_root
	# shellcheck disable=SC2016
	run unshare -m --propagation private sh -c 'mount -t tmpfs none /run && exec "$@"' sh "$HULL" list -q
	[[ $status -eq 0 && -z $output ]]
}
