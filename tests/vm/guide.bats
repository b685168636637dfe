#!/usr/bin/env bats
# docs/guide-systemd.md, as it stands: the blocks of each section are run in order, in one shell of their own, and then
# it is looked at what they have done. The tests follow each other as the sections do. Runs in the machine of tests/vm/run.

load ../helpers/common

GUIDE=$TOP/docs/guide-systemd.md

setup() {
	requires_root
	[[ -d /run/systemd/system && -e /usr/local/lib/systemd/system/hull@.service ]] ||
		skip "this machine does not run systemd with hull installed"
	# What went wrong before goes wrong again.
	[[ ! -e $BATS_FILE_TMPDIR/failed ]] || skip_all
	touch "$BATS_FILE_TMPDIR/failed"
}

skip_all() {
	echo "an earlier section failed" >&2
	return 1
}

teardown() {
	[[ -z ${BATS_TEST_COMPLETED:-} ]] || rm -f "$BATS_FILE_TMPDIR/failed"
}

teardown_file() {
	[[ -e /etc/systemd/system/hull@web.socket ]] && systemctl stop hull@web.socket 2>/dev/null
	systemctl stop hull@web 2>/dev/null
	command hull container rm -f web >/dev/null 2>&1
	return 0
}

setup_file() {
	# The page says wget; busybox is one.
	command -v wget >/dev/null || ln -s "$(command -v busybox)" /usr/local/bin/wget
}

# blocks SECTION: its commands.
blocks() {
	awk -v section="## $1" '/^## / { here = $0 == section } /^```/ { code = here && $0 == "```sh"; next } code' "$GUIDE"
}

# follow SECTION: runs them; $output is what they print.
follow() {
	blocks "$1" >"$BATS_FILE_TMPDIR/commands"
	[[ -s $BATS_FILE_TMPDIR/commands ]]
	status=0
	timeout 240 bash -euo pipefail "$BATS_FILE_TMPDIR/commands" </dev/null >"$BATS_FILE_TMPDIR/output" 2>&1 3>&- || status=$?
	output=$(<"$BATS_FILE_TMPDIR/output")
	assert_status 0
}

shown() {
	systemctl show -P "$1" hull@web
}

field() {
	command hull container inspect -f "$1" web
}

answers() {
	[[ $(wget -qO- http://127.0.0.1:8080/) == "$1" ]]
}

@test "every block is in a section that is followed" {
	mapfile -t followed < <(sed -n 's/^\tfollow "\(.*\)"$/\1/p' "$BATS_TEST_FILENAME")
	count=0
	for section in "${followed[@]}"; do
		((count += $(blocks "$section" | wc -l)))
	done
	assert_equal "$count" "$(awk '/^```/ { code = $0 == "```sh"; next } code' "$GUIDE" | wc -l)"
}

@test "the bundle" {
	follow "The bundle"
	[[ -x /srv/web/rootfs/srv/serve ]]
}

@test "the unit" {
	follow "The unit"
	assert_output_has "Hello from hull"
	assert_equal "$(shown ActiveState) $(systemctl is-enabled hull@web)" "active enabled"
}

@test "looking at it" {
	follow "Looking at it"
	for word in "Active: active (running)" "├─payload" "└─supervisor" "/srv/serve" "running, process $(field '{{.State.Pid}}')" \
		"process "*" inside"; do
		[[ $output == *$word* ]]
	done
	[[ $(command hull container ps --filter name=web --format '{{.Names}} {{.Status}}') == "web Up "* ]]
}

@test "logs" {
	follow "Logs"
	[[ $(grep -c serving <<<"$output") == 2 ]]
}

@test "limits" {
	follow "Limits"
	for word in MemoryMax=268435456 CPUQuotaPerSecUSec=500ms TasksMax=100; do
		assert_output_has "$word"
	done
	cgroup=/sys/fs/cgroup$(shown ControlGroup)
	assert_equal "$(cat "$cgroup/memory.max" "$cgroup/cpu.max" "$cgroup/pids.max" | tr '\n' ' ')" \
		"134217728 50000 100000 100 "
}

@test "reload" {
	answers "Hello from hull"
	pid=$(field '{{.State.Pid}}')
	follow "Reload"
	wait_until 60 answers "Good day from hull"
	assert_equal "$(field '{{.State.Pid}}')" "$pid"
}

@test "restarts" {
	follow "Restarts"
	wait_until 60 answers "Good day from hull"
	# one, or two where a slow machine had not yet cleared away what was killed
	[[ $(shown NRestarts) == [12] ]]
	assert_equal "$(shown Restart) $(shown RestartUSec)" "always 2s"
}

@test "readiness" {
	follow "Readiness"
	assert_output_has 'Serving "Good day from hull"'
	[[ $output == *"Good day from hull" ]]
}

@test "a socket of systemd's" {
	follow "A socket of systemd's"
	[[ $output == *"Good day from hull" ]]
	assert_equal "$(shown ActiveState)" active
	tr '\0' '\n' <"/proc/$(field '{{.State.Pid}}')/environ" | grep -qx LISTEN_FDNAMES=http
	# Stopped, it comes again with the next connection.
	systemctl stop hull@web
	answers "Good day from hull"
}

@test "removing it" {
	follow "Removing it"
	run command hull container ps -aq --filter name=web
	assert_equal "$output" ""
	[[ ! -e /srv/web && $(systemctl is-active hull@web) == inactive ]]
	run find /etc/systemd -name 'hull@*'
	assert_equal "$output" ""
}
