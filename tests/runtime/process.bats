#!/usr/bin/env bats
# The process: program, arguments, environment, working directory, user, capabilities, limits, descriptors.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

# status_of NAMES: these lines of the process's /proc/self/status, without names.
status_of() {
	inside "grep -E '^($1):' /proc/self/status | cut -f2-"
	assert_status 0
}

# capability NAME...: the mask of these as status prints it.
mask() {
	local mask=0 name number
	for name; do
		case $name in
		CHOWN) number=0 ;; DAC_OVERRIDE) number=1 ;; KILL) number=5 ;; SETUID) number=7 ;;
		NET_BIND_SERVICE) number=10 ;; NET_RAW) number=13 ;; SYS_ADMIN) number=21 ;; AUDIT_WRITE) number=29 ;;
		esac
		mask=$((mask | 1 << number))
	done
	printf '%016x' "$mask"
}

# capabilities SET NAME...: this one of the five sets.
capabilities() {
	local set=$1
	shift
	config "$B" '.process.capabilities[$set] = ($names | split(" ") | map("CAP_" + .))' --arg set "$set" --arg names "$*"
}

# --- program and arguments ----------------------------------------------------------------------------

@test "R-056 proc.args: the program by a path, and by PATH of the document" {
	printf '#!/bin/sh\necho by $0\n' >"$B/rootfs/usr/lib/tool"
	chmod 755 "$B/rootfs/usr/lib/tool"
	bundle_args "$B" /usr/lib/tool
	run hull run -b "$B" "$TAG"
	assert_equal "$output" "by /usr/lib/tool"
	config "$B" '.process.env = ["PATH=/nowhere:/usr/lib"]'
	bundle_args "$B" tool
	run hull run -b "$B" "$TAG"
	assert_equal "$output" "by /usr/lib/tool"
	config "$B" '.process.cwd = "/usr" | .process.args = ["./lib/tool"]'
	run hull run -b "$B" "$TAG"
	assert_equal "$output" "by ./lib/tool"
}

@test "R-056 proc.args: arguments arrive as they are" {
	config "$B" '.process.args = ["sh", "-c", "printf \"<%s>\" \"$@\"", "sh", "", "a b", "*", "ü\n", "-x", ("y" * 5000)]'
	run hull run -b "$B" "$TAG"
	assert_status 0
	[[ $output == $'<><a b><*><ü\n><-x><yyyy'*'y>' && ${#output} -gt 5000 ]]
}

@test "R-056 proc.args: the host's PATH means nothing" {
	config "$B" '.process.env = []'
	bundle_args "$B" true
	refuses 'exec: "true": executable file not found in $PATH' run -b "$B" "$TAG"
}

@test "create says in runc's words that the program cannot be run" {
	while IFS='|' read -r program message; do
		bundle_args "$B" "$program"
		refuses "$message" create -b "$B" "$TAG"
		refuses "$message" run -b "$B" "$TAG"
	done <<'END'
nosuch|exec: "nosuch": executable file not found in $PATH
/bin/nosuch|exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory
/etc/passwd|exec: "/etc/passwd": permission denied
/etc|exec: "/etc": is a directory
/etc/passwd/x|exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory
END
}

@test "R-241 op.start.exec: start says what only execve can tell" {
	echo 'no program' >"$B/rootfs/usr/lib/bad"
	printf '#!/no/such/interpreter\n' >"$B/rootfs/usr/lib/script"
	chmod 755 "$B/rootfs/usr/lib/bad" "$B/rootfs/usr/lib/script"
	for pair in "bad:exec format error" "script:no such file or directory"; do
		bundle_args "$B" "/usr/lib/${pair%%:*}"
		created
		run hull start "$TAG"
		assert_status 1
		assert_output_has "${pair#*:}"
		wait_until 2 has_status "$TAG" stopped
		hull delete "$TAG"
		refuses "${pair#*:}" run -b "$B" "$TAG"
	done
}

@test "R-055 proc.env: the document's, nothing of ours, the last of a name" {
	export SECRET=ours
	config "$B" '.process.env = ["PATH=/bin", "A=1", "B=x=y", "A=2", "EMPTY=", "HOME=/h"]'
	inside env
	[[ $'\n'$output$'\n' == *$'\nA=2\n'* && $output == *"B=x=y"* && $'\n'$output$'\n' == *$'\nEMPTY=\n'* ]]
	[[ $output != *SECRET* && $output != *"A=1"* ]]
}

@test "R-055 proc.env: HOME from the container's passwd" {
	config "$B" '.process.env |= map(select(startswith("HOME=") | not))'
	shows /root 'echo $HOME'
	config "$B" '.process.user.uid = 1000'
	shows /home/user 'echo $HOME'
	config "$B" '.process.user.uid = 4242'
	shows / 'echo $HOME'
	config "$B" '.process.user.uid = 1000 | .process.env += ["HOME="]'
	shows /home/user 'echo $HOME'
	rm "$B/rootfs/etc/passwd"
	shows / 'echo $HOME'
	mkfifo "$B/rootfs/etc/passwd"
	shows / 'echo $HOME'
}

@test "R-054 proc.cwd: entered, made when missing, and absolute" {
	config "$B" '.process.cwd = "/home/user"'
	shows /home/user pwd
	config "$B" '.process.cwd = "/new/deep" | .root.readonly = false'
	shows /new/deep pwd
	config "$B" '.process.cwd = "tmp"'
	refuses 'wd' create -b "$B" "$TAG"
	config "$B" '.process.cwd = ""'
	refuses 'wd' create -b "$B" "$TAG"
	config "$B" '.process.cwd = "/etc/passwd"'
	refuses '/etc/passwd' create -b "$B" "$TAG"
}

@test "R-054 proc.cwd: not through a descriptor of ours" {
	for n in 3 4 5 6 7 8 9 10 11 12; do
		config "$B" '.process.cwd = $cwd' --arg cwd "/proc/self/fd/$n"
		inside 'pwd; ls /'
		[[ $status -ne 0 && $output != *bin* ]]
	done
	assert_nothing_left
}

@test "R-051 proc.req: created without a process, start refuses it" {
	config "$B" 'del(.process)'
	created
	has_status "$TAG" created
	run hull start "$TAG"
	assert_status 1
	assert_output_has 'process property must not be empty'
	hull delete --force "$TAG"
	assert_nothing_left
	refuses 'process property must not be empty' run -b "$B" "$TAG"
}

# --- user ---------------------------------------------------------------------------------------------

@test "R-082 user.ns, R-084 user.gids: ids and groups, exactly" {
	config "$B" '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 10, 70000]}'
	status_of 'Uid|Gid|Groups'
	assert_equal "$output" "1000	1000	1000	1000
1001	1001	1001	1001
5 10 70000 "
	config "$B" '.process.user = {uid: 1, gid: 2}'
	status_of Groups
	assert_equal "$output" " "
}

@test "R-007 val.invalid: ids that are none" {
	for user in '{"uid": 4294967295, "gid": 0}' '{"uid": -1, "gid": 0}' '{"uid": 0, "gid": 4294967295}' \
		'{"uid": 0, "gid": 0, "additionalGids": [4294967295]}' '{"uid": 0, "gid": 0, "umask": 512}' '{"uid": "root", "gid": 0}'; do
		config "$B" '.process.user = $user' --argjson user "$user"
		refuses 'process' create -b "$B" "$TAG"
	done
}

@test "R-083 user.umask: the document's, else 0022, never the caller's" {
	probe
	config "$B" '.process.user.umask = 63'
	shows 0077 'probe umask'
	config "$B" 'del(.process.user.umask)'
	umask 0007
	shows 0022 'probe umask'
}

@test "a user without rights cannot run what only root may" {
	chmod 700 "$B/rootfs/root"
	cp "$B/rootfs/bin/busybox" "$B/rootfs/root/echo"
	config "$B" '.process.user.uid = 1000 | .process.user.gid = 1000'
	bundle_args "$B" /root/echo x
	config "$B" '.process.capabilities = {}'
	refuses 'exec: "/root/echo"' create -b "$B" "$TAG"
	assert_output_has 'permission denied'
}

@test "a working directory that only the user may enter, and one that only root may" {
	mkdir -m 700 "$B/rootfs/home/private"
	chown 1000 "$B/rootfs/home/private"
	config "$B" '.process.user.uid = 1000 | .process.cwd = "/home/private" | .process.capabilities = {}'
	shows /home/private pwd
	# as runc: entered with root's rights
	config "$B" '.process.cwd = "/root"'
	shows /root pwd
}

# --- capabilities and no_new_privs ---------------------------------------------------------------------

@test "R-067 cap.sets: five sets, each its own" {
	capabilities bounding CHOWN KILL SETUID NET_RAW
	capabilities permitted CHOWN KILL NET_RAW
	capabilities effective CHOWN KILL
	capabilities inheritable NET_RAW CHOWN
	capabilities ambient NET_RAW
	config "$B" '.process.user.uid = 1000 | .process.noNewPrivileges = true'
	status_of 'CapInh|CapPrm|CapEff|CapBnd|CapAmb'
	# a program without capabilities of its own, run by a user, has what is ambient
	assert_equal "$output" "$(mask NET_RAW CHOWN)
$(mask NET_RAW)
$(mask NET_RAW)
$(mask CHOWN KILL SETUID NET_RAW)
$(mask NET_RAW)"
}

@test "R-067 cap.sets: root has what is in the bounding set" {
	for set in bounding permitted effective; do
		capabilities $set CHOWN KILL
	done
	status_of 'CapInh|CapPrm|CapEff|CapBnd|CapAmb'
	assert_equal "$output" "$(mask)
$(mask CHOWN KILL)
$(mask CHOWN KILL)
$(mask CHOWN KILL)
$(mask)"
}

@test "R-067 cap.sets: absent is empty" {
	config "$B" 'del(.process.capabilities)'
	status_of 'CapInh|CapPrm|CapEff|CapBnd|CapAmb'
	assert_equal "$output" "$(mask)
$(mask)
$(mask)
$(mask)
$(mask)"
}

@test "R-066 cap.nofail: unknown names and what we do not have, a warning each" {
	for set in bounding permitted effective; do
		capabilities $set CHOWN NO_SUCH_THING KILL
	done
	status_of 'CapEff'
	assert_output_has CAP_NO_SUCH_THING
	assert_equal "${lines[-1]}" "$(mask CHOWN KILL)"
	[[ $(grep -c . <<<"$output") -eq 2 ]]
}

@test "R-066 cap.nofail: a capability that this machine does not give" {
	[[ $(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) =~ ([0-9a-f]+) ]]
	! ((16#${BASH_REMATCH[1]} >> 24 & 1)) || skip "this machine gives CAP_SYS_RESOURCE"
	for set in bounding permitted effective; do
		capabilities $set CHOWN SYS_RESOURCE
	done
	status_of 'CapEff'
	assert_output_has CAP_SYS_RESOURCE
	assert_equal "${lines[-1]}" "$(mask CHOWN)"
}

@test "R-068 nnp: true sets it, false and absent do not" {
	config "$B" '.process.noNewPrivileges = true'
	status_of NoNewPrivs
	assert_equal "$output" 1
	config "$B" '.process.noNewPrivileges = false'
	status_of NoNewPrivs
	assert_equal "$output" 0
	config "$B" 'del(.process.noNewPrivileges)'
	status_of NoNewPrivs
	assert_equal "$output" 0
}

# --- limits -------------------------------------------------------------------------------------------

@test "R-061 rlim.soft, R-062 rlim.hard: as written, for each name" {
	config "$B" '.process.rlimits = ([["NOFILE", 100, 200], ["CORE", 0, 4096], ["NPROC", 50, 60], ["STACK", 65536000, 65536000],
		["FSIZE", 1000000, 2000000], ["CPU", 30, 40], ["AS", 1000000000, 2000000000], ["DATA", 500000000, 600000000], ["RSS", 7, 8],
		["MEMLOCK", 4096, 8192], ["LOCKS", 9, 10], ["SIGPENDING", 11, 12], ["MSGQUEUE", 1000, 2000],
		["NICE", 0, 0], ["RTPRIO", 0, 0], ["RTTIME", 13, 14]] | map({type: "RLIMIT_\(.[0])", soft: .[1], hard: .[2]}))'
	inside "tail -n +2 /proc/self/limits | sed 's/  */ /g' | cut -c1-60"
	assert_status 0
	for want in "Max open files 100 200" "Max core file size 0 4096" "Max processes 50 60" "Max stack size 65536000 65536000" \
		"Max file size 1000000 2000000" "Max cpu time 30 40" "Max address space 1000000000 2000000000" \
		"Max data size 500000000 600000000" "Max resident set 7 8" "Max locked memory 4096 8192" "Max file locks 9 10" \
		"Max pending signals 11 12" "Max msgqueue size 1000 2000" "Max nice priority 0 0" \
		"Max realtime priority 0 0" "Max realtime timeout 13 14"; do
		assert_output_has "$want"
	done
}

@test "R-061 rlim.soft: 18446744073709551615 is infinity" {
	# jq's numbers would round it
	sed -i 's/"soft": 0,/"soft": 18446744073709551615,/; s/"hard": 0 *$/"hard": 18446744073709551615/' "$B/config.json"
	sed -i -z 's/"RLIMIT_CORE",\n *"soft": [0-9]*,\n *"hard": [0-9]*/"RLIMIT_CORE", "soft": 18446744073709551615, "hard": 18446744073709551615/' "$B/config.json"
	sed -i -z 's/"args": \[[^]]*\]/"args": ["sh", "-c", "grep core \/proc\/self\/limits"]/' "$B/config.json"
	run hull run -b "$B" "$TAG"
	[[ $output =~ unlimited\ +unlimited ]]
}

@test "R-059 rlim.map, R-063 rlim.dup: unknown, twice, soft above hard" {
	for limits in '[{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]' '[{"type": "NOFILE", "soft": 1, "hard": 1}]' \
		'[{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}, {"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]' \
		'[{"type": "RLIMIT_CORE", "soft": 1}]' '[{"type": "RLIMIT_CORE", "soft": -1, "hard": 1}]'; do
		config "$B" '.process.rlimits = $limits' --argjson limits "$limits"
		refuses 'rlimit' create -b "$B" "$TAG"
	done
	config "$B" '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]'
	refuses 'rlimit' run -b "$B" "$TAG"
}

@test "R-062 rlim.hard: a limit that we may not raise is an error" {
	hard=$(ulimit -H -n)
	[[ $hard != unlimited && $hard -lt 1000000 ]] || skip "this machine's hard limit of open files is high already"
	[[ $(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) =~ ([0-9a-f]+) ]]
	! ((16#${BASH_REMATCH[1]} >> 24 & 1)) || skip "this machine gives CAP_SYS_RESOURCE"
	config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1000000, hard: 1000000}]'
	refuses 'rlimit' run -b "$B" "$TAG"
}

@test "a very low limit of open files does not stop us" {
	config "$B" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}]'
	shows 3 'ulimit -n'
}

# --- descriptors and signals -----------------------------------------------------------------------------

@test "R-260 fd.three: nothing but the three streams" {
	probe
	bundle_args "$B" probe fds
	run bash -c 'exec 3</ 4</etc/passwd 7</dev/null 50</etc; exec "$@"' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" "0 1 2"
	created
	hull start "$TAG"
	wait_until 5 has_status "$TAG" stopped
	assert_equal "$(cat "$SCRATCH/output")" "0 1 2"
}

@test "R-260 fd.three: in a process that exec adds" {
	probe
	started
	run bash -c 'exec 3</ 9</etc; exec "$@"' sh "$HULL" --root "$STATE" exec "$TAG" probe fds
	assert_equal "$output" "0 1 2"
}

@test "a created container holds nothing of the caller's open, nor a file system of the host's" {
	mkfifo "$SCRATCH/pipe"
	exec 8<>"$SCRATCH/pipe"
	created
	pid=$(pid_of "$TAG")
	exec 8>&-
	run ls -l "/proc/$pid/fd"
	[[ $output != *pipe* ]]
	# the streams, the gate, the lock: no directory and no namespace
	for link in /proc/"$pid"/fd/*; do
		case $(readlink "$link") in
		socket:* | /dev/null | "$SCRATCH/output" | "$STATE"/* | /memfd:* | /"$TAG"/* | /state/*) ;;
		*)
			ls -l "/proc/$pid/fd" >&2
			false
			;;
		esac
		[[ ! -d $link/. ]]
	done
	assert_equal "$(readlink "/proc/$pid/cwd")" /
}

@test "closed streams of the caller" {
	probe
	bundle_args "$B" sh -c 'exit 7'
	run bash -c 'exec <&-; exec "$@"' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 7
	run bash -c 'exec <&- >&- 2>&-; exec "$@"' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 7
	assert_nothing_left
}

@test "--preserve-fds: 3 and on, with their numbers" {
	probe
	echo three >"$SCRATCH/3"
	echo four >"$SCRATCH/4"
	bundle_args "$B" sh -c 'probe fds; cat <&3; cat <&4'
	run bash -c 'exec 3<"$1" 4<"$2" 5</etc; shift 2; exec "$@"' sh "$SCRATCH/3" "$SCRATCH/4" \
		"$HULL" --root "$STATE" run --preserve-fds 2 -b "$B" "$TAG"
	assert_equal "$output" $'0 1 2 3 4\nthree\nfour'
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
	started
	run bash -c 'exec 3<"$1"; shift; exec "$@"' sh "$SCRATCH/3" \
		"$HULL" --root "$STATE" exec --preserve-fds 1 "$TAG" probe read 3
	assert_equal "$output" three
}

@test "--preserve-fds: one that is not open is refused" {
	run bash -c 'exec 3</dev/null 4>&- 5>&-; exec "$@"' sh "$HULL" --root "$STATE" create --preserve-fds 2 -b "$B" "$TAG"
	assert_status 1
	assert_output_has 'unable to stat preserved-fd 4 (of 2)'
	assert_nothing_left
}

@test "R-263 fd.listen: LISTEN_FDS for us are passed on" {
	probe
	echo three >"$SCRATCH/3"
	bundle_args "$B" sh -c 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; probe fds; cat <&3'
	run bash -c 'exec 3<"$1"; shift; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=name; exec "$@"' sh "$SCRATCH/3" \
		"$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" $'1 1 name\n0 1 2 3\nthree'
	# meant for somebody else
	bundle_args "$B" sh -c 'echo "<$LISTEN_FDS>"; probe fds'
	run bash -c 'exec 3<"$1"; shift; export LISTEN_FDS=1 LISTEN_PID=1; exec "$@"' sh "$SCRATCH/3" \
		"$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" $'<>\n0 1 2'
}

@test "signals are as by default, whatever the caller ignores" {
	probe
	bundle_args "$B" probe signals
	run bash -c 'trap "" PIPE TERM USR1 INT QUIT; exec "$@"' sh "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_equal "$output" ""
	assert_status 0
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
	started
	run bash -c 'trap "" PIPE TERM USR1 INT QUIT; exec "$@"' sh "$HULL" --root "$STATE" exec "$TAG" probe signals
	assert_equal "$output" ""
}

@test "the process leads its own session" {
	shows $'1 1' "cut -d' ' -f1,6 /proc/1/stat"
	bundle_args "$B" sh -c 'while :; do sleep 0.1; done'
	started
	run hull exec "$TAG" sh -c 'test $(cut -d" " -f6 /proc/$$/stat) = $$ && echo own'
	assert_equal "$output" own
}

@test "exit statuses: the program's, and 128 with the signal" {
	for code in 0 1 2 125 126 127 254 255; do
		bundle_args "$B" sh -c "exit $code"
		detached hull run -b "$B" "$TAG"
		assert_status $code
	done
	unconfined
	without_namespace pid
	for signal in TERM KILL SEGV; do
		inside "kill -$signal \$\$"
		assert_status $((128 + $(kill -l $signal)))
	done
	assert_nothing_left
}
