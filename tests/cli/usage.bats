#!/usr/bin/env bats
# The command line as runc spells it: what is accepted, what is refused, with which words and which
# exit status. Needs neither root nor a container.

setup() {
	HULL=${HULL:-build/hull}
	dir=$BATS_TEST_TMPDIR
	ROOT=$dir/state
	mkdir "$ROOT"
	# a rootless caller of these tests must not depend on its session
	unset XDG_RUNTIME_DIR
	ln -s "$(realpath "$HULL")" "$dir/runc"
}

# Standard output and standard error of $HULL apart, in $out and $err; the exit status in $status.
hull() {
	status=0
	"$HULL" "$@" >"$dir/out" 2>"$dir/err" || status=$?
	out=$(cat "$dir/out") err=$(cat "$dir/err")
}

# One text record with exactly the message $1, on standard error or in $2.
is_record() {
	local record=${2-$err}
	[[ "$record" =~ ^time=\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\"\ level=error\ msg=\"(.*)\"$ ]] || {
		echo "no record: $record"
		false
	}
	[ "${BASH_REMATCH[1]}" = "$1" ] || {
		echo "got:  ${BASH_REMATCH[1]}" "want: $1"
		false
	}
}

@test "version: the first line is what go-runc parses, by the name hull is called by" {
	for option in --version -v -version --v; do
		hull "$option"
		[ "$status" -eq 0 ]
		[[ "${out%%$'\n'*}" =~ ^hull\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
		[[ "$out" == *$'\nspec: 1.3.0'* ]]
		[ -z "$err" ]
	done
	run "$dir/runc" --version
	[[ "${lines[0]}" =~ ^runc\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	# only before a command
	hull state --version x
	[ "$status" -eq 1 ]
	is_record "flag provided but not defined: -version"
}

@test "help: without arguments, and in every spelling" {
	for words in "" help h --help -h -help "--debug" "help help" "help --help"; do
		# shellcheck disable=SC2086
		hull $words
		[ "$status" -eq 0 ]
		[[ "$out" == "NAME:"$'\n'"   hull - Open Container Initiative runtime"* ]]
		[ -z "$err" ]
	done
	run "$dir/runc"
	[[ "${lines[1]}" == "   runc - Open Container Initiative runtime" ]]
}

@test "help: for each command, in every spelling" {
	for name in create start run state kill delete list exec pause resume ps update spec features plan; do
		for words in "help $name" "h $name" "$name --help" "$name -h" "$name -help" "--debug $name -h"; do
			# shellcheck disable=SC2086
			hull $words
			[ "$status" -eq 0 ]
			[[ "${out#*$'\n'}" == "   hull $name - "* ]]
			[ -z "$err" ]
		done
	done
}

@test "an unknown command is status 3" {
	for words in "foo" "help foo" "seccomp" "systemd" "Create" "../hull" "image/x"; do
		# shellcheck disable=SC2086
		hull $words
		[ "$status" -eq 3 ]
		is_record "No help topic for '${words#help }'"
		[ -z "$out" ]
	done
}

@test "an unknown option shows the help and is status 1" {
	for words in "--foo" "state --foo x" "state x --foo" "create -dt x" "exec --foo x ls" "kill -9 x" "list --format=json -x"; do
		# shellcheck disable=SC2086
		hull $words
		[ "$status" -eq 1 ]
		[[ "$out" == "Incorrect Usage: flag provided but not defined: -"* ]]
		[[ "$out" == *"NAME:"* ]]
		[[ "$err" == *"flag provided but not defined: -"* ]]
	done
}

@test "an option without its value" {
	hull create x --bundle
	[ "$status" -eq 1 ]
	is_record "flag needs an argument: --bundle"
	[[ "$out" == "Incorrect Usage: flag needs an argument: --bundle"* ]]
	hull --root
	[ "$status" -eq 1 ]
	is_record "flag needs an argument: --root"
	hull create --no-pivot=foo x
	[ "$status" -eq 1 ]
	is_record 'invalid boolean value \"foo\" for -no-pivot: parse error'
}

@test "the number of arguments" {
	while IFS='|' read -r words message; do
		# shellcheck disable=SC2086
		hull --root "$ROOT" $words
		[ "$status" -eq 1 ]
		[[ "$out" == "Incorrect Usage."* ]]
		is_record "hull: $message argument(s)"
	done <<'TABLE'
state|\"state\" requires exactly 1
state a b|\"state\" requires exactly 1
create|\"create\" requires exactly 1
start|\"start\" requires exactly 1
run a b|\"run\" requires exactly 1
delete|\"delete\" requires exactly 1
pause|\"pause\" requires exactly 1
resume|\"resume\" requires exactly 1
update|\"update\" requires exactly 1
kill|\"kill\" requires a minimum of 1
kill a 9 9|\"kill\" requires a maximum of 2
exec|\"exec\" requires a minimum of 1
ps|\"ps\" requires a minimum of 1
list x|\"list\" requires exactly 0
features x|\"features\" requires exactly 0
spec x|\"spec\" requires exactly 0
plan a b|\"plan\" requires a maximum of 1
TABLE
	run "$dir/runc" state
	[[ "$output" == *'runc: \"state\" requires exactly 1 argument(s)'* ]]
}

@test "the log: text or JSON, on standard error or in a file with the plain message beside" {
	hull --root "$ROOT" state nope
	is_record "container does not exist"

	hull --root "$ROOT" --log-format json state nope
	[ "$(jq -r '.level + ":" + .msg' <<<"$err")" = "error:container does not exist" ]
	jq -e '.time | fromdate' <<<"$err"

	hull --root "$ROOT" --log "$dir/log" state nope
	[ "$status" -eq 1 ]
	[ "$err" = "container does not exist" ]
	is_record "container does not exist" "$(cat "$dir/log")"
	[ "$(stat -c %a "$dir/log")" = "$(printf '%o' $((0644 & ~$(umask))))" ]

	# it is appended to, and the options may stand behind the command
	hull --root "$ROOT" state nope --log="$dir/log" --log-format=json
	[ "$err" = "container does not exist" ]
	[ "$(wc -l <"$dir/log")" -eq 2 ]
	[ "$(tail -1 "$dir/log" | jq -r .msg)" = "container does not exist" ]

	hull --log "$dir/log" --log-format json create
	[ "$(tail -1 "$dir/log" | jq -r .msg)" = 'hull: "create" requires exactly 1 argument(s)' ]
}

@test "the log: what cannot be used is an error" {
	hull --log-format yaml state x
	[ "$status" -eq 1 ]
	is_record "invalid log-format: yaml"
	hull --log "$dir/none/log" state x
	[ "$status" -eq 1 ]
	is_record "open $dir/none/log: no such file or directory"
	hull --log "$dir" state x
	is_record "open $dir: is a directory"
}

@test "control characters of a message do not reach the terminal" {
	hull --log "$dir/log" --log-format json $'foo\e[2J\nlevel=error'
	[ "$status" -eq 3 ]
	[ "$err" = "No help topic for 'foo\\x1b[2J\\nlevel=error'" ]
	[ "$(wc -l <"$dir/log")" -eq 1 ]
	[ "$(jq -r .msg "$dir/log")" = $'No help topic for \'foo\e[2J\nlevel=error\'' ]
	run grep -c $'\e' "$dir/log"
	[ "$output" = 0 ]
}

@test "global options" {
	hull --root / list
	[ "$status" -eq 1 ]
	is_record "Option --root argument should not be set to /"
	hull --root "$ROOT/../.././../../../../../../../.." list
	is_record "Option --root argument should not be set to /"
	hull --rootless maybe --root "$ROOT" list
	[ "$status" -eq 1 ]
	for value in true false auto; do
		hull --rootless "$value" --root "$ROOT" list
		[ "$status" -eq 0 ]
	done
	hull --systemd-cgroup --root "$ROOT" list
	[ "$status" -eq 1 ]
	[[ "$err" == *"--systemd-cgroup is not supported yet"* ]]
	hull --systemd-cgroup=false --root "$ROOT" list
	[ "$status" -eq 0 ]
	hull --criu /x --root "$ROOT" list -q
	[ "$status" -eq 0 ]
	[[ "$err" == *"level=warning"*"--criu is ignored"* ]]
}

@test "a descriptor that is missing is replaced, one too many does no harm" {
	"$HULL" --version <&- 5</dev/null >"$dir/out"
	[ -s "$dir/out" ]
	run "$HULL" --version >&-
	[ "$status" -eq 0 ]
	"$HULL" --root "$ROOT" state nope 2>&- || status=$?
	[ "$status" -eq 1 ]
}

@test "a full standard output is an error" {
	[ -e /dev/full ] || skip "no /dev/full"
	status=0
	"$HULL" --version >/dev/full 2>"$dir/err" || status=$?
	[ "$status" -eq 1 ]
	grep -q "no space left on device" "$dir/err"
}

# A program hull-$2 in directory $1 that tells how it was started.
helper() {
	mkdir -p "$1"
	cat >"$1/hull-$2" <<-'SCRIPT'
		#!/bin/sh
		printf '%s\n' "$0" "$@"
		for fd in /proc/self/fd/*; do
			[ ! -e "$fd" ] || [ "$(readlink "$fd")" != /dev/full ] || echo "leaked: $fd"
		done
		grep SigIgn /proc/self/status
		exit 7
	SCRIPT
	chmod +x "$1/hull-$2"
}

@test "hull NAME runs hull-NAME beside the program or in libexec, never from PATH" {
	HULL=$dir/usr/bin/hull
	mkdir -p "$dir/usr/bin"
	cp "$dir/runc" "$HULL"
	helper "$dir/path" image
	PATH=$dir/path:$PATH hull image ls
	[ "$status" -eq 3 ]

	helper "$dir/usr/libexec/hull" image
	hull --debug image ls -a --root /x "two words"
	[ "$status" -eq 7 ]
	[[ "$out" == *"/libexec/hull/hull-image"$'\nls\n-a\n--root\n/x\ntwo words\n'* ]]

	helper "$dir/usr/bin" image
	hull image
	[ "$status" -eq 7 ]
	[[ "$out" == "$dir/usr/bin/hull-image"* ]]

	# helpers of the runtime's own are not for people
	helper "$dir/usr/bin" seccomp
	hull seccomp
	[ "$status" -eq 3 ]
}

@test "what is started inherits no descriptor and no ignored SIGPIPE" {
	[ -e /dev/full ] || skip "no /dev/full"
	HULL=$dir/hull
	cp "$dir/runc" "$HULL"
	helper "$dir" net
	"$HULL" net 7</dev/full 200</dev/full >"$dir/out" || [ $? -eq 7 ]
	run cat "$dir/out"
	[[ "$output" != *leaked* ]]
	# bit 12 is SIGPIPE
	mask=$(sed -n 's/^SigIgn:[[:space:]]*//p' "$dir/out")
	(((16#$mask >> 12 & 1) == 0))
}
