#!/usr/bin/env bats
# `hull container unit`: what it prints, that systemd takes it, and that its ExecStart is a unit's main process.

load ../helpers/common
load front
CLIENT= # set by build_client

setup() {
	setup_front
}

teardown() {
	teardown_front
}

# line KEY: of the unit in $output, what stands behind it.
line() {
	sed -n "s/^$1=//p" <<<"$output"
}

# verified: systemd takes $output.
verified() {
	command -v systemd-analyze >/dev/null || return 0
	echo "$output" >"$SCRATCH/hull-$TAG.service"
	systemd-analyze verify --man=no "$SCRATCH/hull-$TAG.service" >"$SCRATCH/verified" 2>&1 || {
		cat "$SCRATCH/verified"
		return 1
	}
	! grep -F "hull-$TAG" "$SCRATCH/verified"
}

@test "unit: the container's name, id, times and signal, in words that systemd takes" {
	front create --name web --stop-timeout 33 --stop-signal SIGQUIT --bundle "$B" >"$SCRATCH/id"
	run front unit web
	assert_status 0
	verified
	assert_equal "$(line Type) $(line NotifyAccess) $(line Delegate) $(line KillMode)" "notify main yes mixed"
	assert_equal "$(line TimeoutStopSec)" 43
	assert_equal "$(line SuccessExitStatus)" "131 SIGQUIT"
	assert_equal "$(line SyslogIdentifier)" web
	assert_equal "$(line Restart)" no
	[[ $(line ExecStart) == "${HULL%/*}/hull-shim run --systemd "*" $(<"$SCRATCH/id")" ]]
	[[ $(line RequiresMountsFor) == "$SCRATCH/store $B" ]]
	front create --name systemd --stop-signal SIGRTMIN+3 --bundle "$B" >/dev/null
	run front unit systemd
	verified
	assert_equal "$(line SuccessExitStatus)" "165 SIGRTMIN+3"
	run front unit --name -t 5 --restart-policy always --restart-sec 3 --after a.service --after b.service \
		--wants c.target --requires d.mount "${id:-web}"
	assert_status 0
	assert_equal "$(line TimeoutStopSec) $(line Restart) $(line RestartSec)" "15 always 3"
	[[ $(line ExecStart) == *" web" && $(line ExecStop) == "${HULL%/*}/hull-container "*" stop --time 5 web" ]]
	assert_equal "$(line After | paste -sd ,) $(line Wants) $(line Requires)" \
		"network.target,a.service,b.service c.target d.mount"
}

@test "unit: systemd restarts what hull-shim cannot" {
	local policy want
	while read -r policy want; do
		front create --name "p${policy%%:*}" --restart "$policy" --bundle "$B" >/dev/null
		run front unit "p${policy%%:*}"
		assert_equal "$policy: $(line Restart)" "$policy: $want"
		front rm "p${policy%%:*}"
	done <<-'END'
		no no
		on-failure on-failure
		on-failure:3 no
		always on-failure
		unless-stopped on-failure
	END
}

@test "unit: paths with blanks and systemd's own characters" {
	# shellcheck disable=SC2016
	dir=$SCRATCH/'a %n $HOME "q" \b'
	mkdir "$dir"
	cp -a "$B" "$dir/b"
	store=$dir/store
	"${HULL%/*}/hull-container" --store "$store" --run "$SCRATCH/run" --root "$dir/state" --hull "$HULL" \
		create --name web --bundle "$dir/b" >/dev/null
	run "${HULL%/*}/hull-container" --store "$store" --run "$SCRATCH/run" --root "$dir/state" --hull "$HULL" unit web
	assert_status 0
	verified
	[[ $(line ExecStart) == *'a %%n $$HOME \"q\" \\b/store"'* ]]
	[[ $(line RequiresMountsFor) == *'a %%n $HOME \"q\" \\b/store"'* ]]
}

@test "unit: what cannot be one is said" {
	front create --name gone --rm --bundle "$B" >/dev/null
	run front unit gone
	assert_status 1
	assert_output_has "container gone is removed when it ends (--rm): it cannot be a service"
	front create --name web --bundle "$B" >/dev/null
	file=$(directory web)/container.json
	cp "$file" "$SCRATCH/saved"
	jq '.network = "container:db"' "$SCRATCH/saved" >"$file"
	run front unit web
	assert_status 1
	assert_output_has "container web has the network of another (container:db): it cannot be a service"
	cp "$SCRATCH/saved" "$file"
	run front unit --restart-policy sometimes web
	assert_status 1
	assert_output_has "invalid restart policy 'sometimes'"
	run front unit --after $'x.service\nExecStartPre=/bin/sh' web
	assert_status 1
	assert_output_has "invalid name of a unit"
	run front unit nobody
	assert_status 1
	assert_output_has "No such container: nobody"
	run front unit
	assert_status 1
	assert_output_has "requires exactly 1 argument"
}

@test "unit: its ExecStart tells the manager when it runs, and a stop of before does not count" {
	build_client
	front create --name web --restart on-failure --bundle "$B" \
		sh -c 'echo run >>/runs; trap "exit 7" TERM; [ "$(wc -l </runs)" -gt 1 ] || exit 3; while :; do sleep 0.05; done' >/dev/null
	front start web
	front stop web
	rm -f "$B/rootfs/runs"
	run front unit web
	assert_status 0
	"$CLIENT" "$SCRATCH/notify" listen >"$SCRATCH/told" 3>&- &
	HELPER=$!
	wait_until 5 test -S "$SCRATCH/notify"
	eval "start=($(line ExecStart))"
	NOTIFY_SOCKET=$SCRATCH/notify "${start[@]}" </dev/null >"$SCRATCH/shim" 2>&1 3>&- &
	shim=$!
	wait_until 10 grep -q READY=1 "$SCRATCH/told"
	# hull-shim restarts it, as its policy says, although somebody had stopped it before
	wait_until 10 runs_twice
	assert_equal "$(shim_of web)" "$shim"
	state_is web running
	kill "$shim"
	status=0
	wait "$shim" || status=$?
	assert_status 7
	grep -q STOPPING=1 "$SCRATCH/told"
}

runs_twice() {
	[[ $(wc -l <"$B/rootfs/runs") == 2 ]] && state_is web running
}
