# shellcheck shell=bash
# shellcheck disable=SC2154 # status, output: of bats
#
# Carries out the documents of tests/data/engines; load it after common and runtime. A document is data of
# another machine: `document` puts right the paths in it, and nothing else but what the comments there name.

# document NAME: the bundle $B with this document. Sources of binds are in $SCRATCH/source, each with its own
# path as content. ROWS has facts of this test beyond those that facts.jq takes from the document, WARNING
# what `create` is expected to warn of.
document() {
	B=$SCRATCH/b
	ROWS=()
	WARNING=
	rootfs "$B/rootfs"
	mkdir -p "$SCRATCH/source" "$SCRATCH/hooks"
	touch "$SCRATCH/log"
	start_engine
	put_right "$1" >"$B/config.json"
	make_sources
}

# put_right NAME: the document with the paths of this machine.
put_right() {
	local disk hard
	disk=$(cat /sys/block/{sd,vd,nvme,xvd,mmcblk}*/dev 2>/dev/null | head -1)
	hard=$(ulimit -Hn)
	# Without CAP_SYS_RESOURCE a hard limit cannot be raised: the lower one is ours then.
	((16#$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) >> 24 & 1)) && hard=unlimited
	jq --arg bundle "$B" --arg scratch "$SCRATCH" --arg tag "$TAG" --arg disk "$disk" --arg hard "$hard" \
		--arg holder "${HOLDER:-}" --arg exe "${EXE:-}" -f "$TOP/tests/helpers/documents.jq" \
		"$TOP/tests/data/engines/$1.json"
}

# The sources of binds; and the root file system of a user namespace belongs to its root.
make_sources() {
	local kind what
	while read -r kind what; do
		case $kind in
		directory)
			mkdir -p "$what"
			echo "$what" >"$what/mark"
			;;
		file)
			printf '#!/bin/sh\n# %s\nshift\nexec "$@"\n' "$what" >"$what"
			chmod 755 "$what"
			;;
		owner) chown -hR "$what" "$B/rootfs" ;;
		*)
			cp "$B/rootfs$kind" "$what"
			echo "engine:x:12345:" >>"$what"
			;;
		esac
	done < <(jq -r '(.mounts[] | select(.source | strings | contains("/source/")) |
		(if .destination | IN("/etc/passwd", "/etc/group") then .destination
		elif .destination | test("^/etc/|/[.]containerenv$|/s1$|/podman-init$") then "file"
		else "directory" end) + " " + .source),
		(.linux | select(.uidMappings) | "owner \(.uidMappings[0].hostID):\(.gidMappings[0].hostID)")' "$B/config.json")
}

# holder: a process whose namespaces the document joins; HOLDER is its pid, its host name held-here.
holder() {
	unshare -n -i -u -p --fork --kill-child sh -c '
		read -r pid rest </proc/self/stat && hostname held-here && echo "$pid" >"$1/holder.new" &&
			mv "$1/holder.new" "$1/holder" && exec sleep 300' sh "$SCRATCH" </dev/null >/dev/null 2>&1 3>&- &
	OURS+=($!)
	wait_until 5 test -s "$SCRATCH/holder"
	HOLDER=$(<"$SCRATCH/holder")
}

# executable: a process of which a hook may run /proc/PID/exe, as Docker has it; EXE is that link.
executable() {
	busybox sleep 300 >/dev/null 2>&1 3>&- &
	OURS+=($!)
	EXE=/proc/$!/exe
}

end_ours() {
	[[ ${#OURS[@]} -eq 0 ]] || kill "${OURS[@]}" 2>/dev/null || true
	OURS=()
}

# engine COMMAND...: the runtime in a mount namespace of an engine: the sources are on a shared mount, as an
# engine's directories are on most machines, and with V2=1 /sys/fs/cgroup is cgroup v2. With TERMINAL=1 a new
# terminal is its stdin, stdout and stderr. Warnings go to $SCRATCH/log.
engine() {
	${TERMINAL:+on_terminal} nsenter --mount="/proc/$ENGINE/ns/mnt" "$HULL" --root "$STATE" --log "$SCRATCH/log" "$@"
}

start_engine() {
	unshare -m --propagation private sh -c '
		mount --bind "$1" "$1" && mount --make-shared "$1" || exit
		[ -z "$2" ] || { umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup; } || exit
		: >"$3" && exec sleep 300' sh "$SCRATCH/source" "${V2:-}" "$SCRATCH/engine" </dev/null >/dev/null 2>&1 3>&- &
	ENGINE=$!
	OURS+=($!)
	wait_until 5 test -e "$SCRATCH/engine"
}

# facts WHAT FILE [FACT COMMAND WANT]...: what facts.jq makes of this document.
facts() {
	local what=$1 file=$2 host there v1=true
	shift 2
	host=$(uname -n)
	[[ -z ${HOLDER:-} ]] || host=held-here
	[[ -z ${V2:-} ]] && cgroup_v1_dir pids >/dev/null || v1=false
	there=$(printf '%s\n' /proc/[!0-9]* /sys/* /sys/*/*)
	jq -r --arg what "$what" --arg hostname "$host" --argjson v1 $v1 --arg there "$there" \
		--argjson have "$((16#$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)))" \
		--arg seccomp "$(sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status)" \
		-f "$TOP/tests/helpers/facts.jq" "$file" --args -- "$@"
}

# fact NAME COMMAND WANT: one more
fact() {
	ROWS+=("$@")
}

# ask WHAT FILE: $SCRATCH/script asks for the facts and ROWS; $SCRATCH/want is what it prints.
ask() {
	facts "$@" "${ROWS[@]}" >"$SCRATCH/facts"
	sed -n 's/^want //p' "$SCRATCH/facts" >"$SCRATCH/want"
	{
		cat "$TOP/tests/helpers/facts.sh"
		grep '^say ' "$SCRATCH/facts"
	} >"$SCRATCH/script"
}

# answered: the facts are the wanted ones.
answered() {
	diff "$SCRATCH/want" <(tr -d '\r' <"$SCRATCH/output") >&2
}

# carried_out [CREATE-OPTION...]: $B is created, started and deleted, and its process finds all that the
# document asks for; then `run` with the document's own program ends well.
carried_out() {
	ask inside "$B/config.json"
	cp "$B/config.json" "$SCRATCH/own.json"
	config "$B" '.process.args = ["sh", "-c", $script]' --rawfile script "$SCRATCH/script"
	detached engine create --bundle "$B" --pid-file "$SCRATCH/pid" "$@" "$TAG"
	# What the machine cannot do is said in a line that the test expects, and nothing else is said.
	output+=$(<"$SCRATCH/log")
	assert_status 0
	if [[ -n $WARNING ]]; then
		one_line && assert_output_has level=warning && assert_output_has "$WARNING"
	else
		assert_equal "$output" ""
	fi
	state_as_asked
	namespaces_as_asked
	[[ -n ${V2:-} ]] || cgroup_as_asked
	engine start "$TAG"
	wait_until 10 process_is_gone "$(<"$SCRATCH/pid")"
	answered
	engine delete "$TAG"
}

# own_program [STATUS]: `run` of the document as it came, of which the last stage said all but this.
own_program() {
	cp "$SCRATCH/own.json" "$B/config.json"
	run engine run --bundle "$B" "$TAG"
	assert_status "${1:-0}"
	assert_nothing_left
}

namespaces_as_asked() {
	local pid name path here
	pid=$(<"$SCRATCH/pid")
	while read -r name path; do
		here=$(readlink "/proc/$pid/ns/$name")
		case $path in
		new) [[ $here != "$(readlink "/proc/$ENGINE/ns/$name")" ]] ;;
		ours) assert_equal "$here" "$(readlink "/proc/$ENGINE/ns/$name")" ;;
		*) assert_equal "$here" "$(readlink "$path")" ;;
		esac || {
			echo "namespace $name: $here" >&2
			return 1
		}
	done < <(jq -r '(.linux.namespaces | map({(.type): (.path // "new")}) | add) as $asked |
		{network: "net", mount: "mnt", pid: "pid", ipc: "ipc", uts: "uts", user: "user", cgroup: "cgroup", time: "time"} |
		to_entries[] | "\(.value) \($asked[.key] // "ours")"' "$B/config.json")
}

state_as_asked() {
	hull state "$TAG" >"$SCRATCH/state.json"
	jq -e --argjson pid "$(<"$SCRATCH/pid")" --slurpfile asked "$B/config.json" '.status == "created" and .pid == $pid and
		(.annotations // {}) == ($asked[0].annotations // {})' "$SCRATCH/state.json" >/dev/null || {
		cat "$SCRATCH/state.json" >&2
		return 1
	}
}

cgroup_as_asked() {
	local controller file want top
	while IFS=$'\t' read -r controller file want; do
		top=$(cgroup_v1_dir "$controller") || continue
		grep -qxF -- "$want" "$top/$TAG-b/$file" || {
			echo "$file has no \"$want\": $(<"$top/$TAG-b/$file")" >&2
			return 1
		}
	done < <(facts cgroup "$B/config.json")
}

# exec_carried_out NAME FILTER EXEC-OPTION...: in the container $TAG, which waits, a process as this document,
# edited by FILTER, has it.
exec_carried_out() {
	put_right "$1" | jq "$2" >"$SCRATCH/wanted.json"
	ask process "$SCRATCH/wanted.json"
	jq --rawfile script "$SCRATCH/script" '.args = ["sh", "-c", $script]' "$SCRATCH/wanted.json" >"$SCRATCH/process.json"
	shift 2
	rm -f "$SCRATCH/pid"
	detached engine exec --process "$SCRATCH/process.json" --detach --pid-file "$SCRATCH/pid" "$@" "$TAG"
	assert_status 0
	wait_until 10 process_is_gone "$(<"$SCRATCH/pid")"
	answered
}

# gone, or a zombie that the machine's first process has not fetched yet
process_is_gone() {
	! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}
