# shellcheck shell=bash
# shellcheck disable=SC2154 # SCRATCH, TAG, HULL_TEST_PROGRAMS: of common.bash and of the machine
#
# What the tests of containers as services share; load it after common. The programs, the unit and the manual pages
# are those that `make install` has put into the machine of tests/vm/run.
#
#	service sh -c 'exit 42'         # a container named $NAME, and with it a unit, $UNIT
#	drop_in 'Restart=no'            # lines for the unit's section [Service]
#	unit start                      # systemctl start $UNIT
#	shown ActiveState               # a property of it

setup_service() {
	requires_root
	[[ -d /run/systemd/system && -e /usr/local/lib/systemd/system/hull@.service ]] ||
		skip "this machine does not run systemd with hull installed"
	setup_scratch
	NAME=$TAG
	UNIT=hull@$NAME.service
	B=$SCRATCH/b
}

teardown_service() {
	local socket
	for socket in "/run/systemd/system/"*"$NAME"*.socket; do
		[[ ! -e $socket ]] || systemctl stop "${socket##*/}" 2>/dev/null || true
	done
	systemctl kill --kill-whom=all --signal=KILL "$UNIT" 2>/dev/null || true
	systemctl stop "$UNIT" 2>/dev/null || true
	systemctl reset-failed "$UNIT" 2>/dev/null || true
	rm -rf "/run/systemd/system/"*"$NAME"*
	container rm -f "$NAME" >/dev/null 2>&1 || true
	teardown_scratch
}

# container COMMAND...: hull container, as it is installed.
container() {
	command hull container "$@"
}

# service ARGS...: a bundle whose program is ARGS, and a container of it. CREATE has further options for create,
# CONFIG a filter for the document.
service() {
	bundle "$B" "$@"
	cp "$HULL_TEST_PROGRAMS/probe" "$HULL_TEST_PROGRAMS/client" "$B/rootfs/bin/"
	[[ -z ${CONFIG:-} ]] || config "$B" "$CONFIG"
	# shellcheck disable=SC2086 # words
	container create --name "$NAME" ${CREATE:---log-driver journald} --bundle "$B" >/dev/null
}

drop_in() {
	mkdir -p "/run/systemd/system/$UNIT.d"
	{
		echo "[Service]"
		printf '%s\n' "$@"
	} >>"/run/systemd/system/$UNIT.d/test.conf"
	systemctl daemon-reload
}

unit() {
	systemctl "$@" "$UNIT"
}

shown() {
	systemctl show -P "$1" "$UNIT"
}

# shows PROPERTY VALUE, for wait_until.
shows() {
	[[ $(shown "$1") == "$2" ]]
}

restarted() {
	[[ $(shown NRestarts) -ge 1 && $(shown ActiveState) == active ]]
}

unit_cgroup() {
	echo "/sys/fs/cgroup$(shown ControlGroup)"
}

# field TEMPLATE: of inspect.
field() {
	container inspect -f "$1" "$NAME"
}

state_is() {
	[[ $(field '{{.State.Status}}') == "$1" ]]
}

# journal_has TEXT: in the unit's part of the journal.
journal_has() {
	journalctl -q --no-pager -o cat -u "$UNIT" | grep -qF -- "$1"
}

# The pid of the container's program.
container_pid() {
	field '{{.State.Pid}}'
}

# run_field FILTER: of the record of the run that goes on.
run_field() {
	jq -r "$1" "/var/lib/hull/container/$(field '{{.Id}}')/run.json"
}

ended() {
	! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}
