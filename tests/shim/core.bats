#!/usr/bin/env bats
# hull-shim by itself: the exit record, streams, logs, clients, restarts, and what happens when something dies.

load ../helpers/common
load shim

setup() {
	setup_shim
}

teardown() {
	[[ -z ${SHIM:-} ]] || kill -KILL "$SHIM" 2>/dev/null || true
	[[ -z ${LISTENER:-} ]] || kill -KILL "$LISTENER" 2>/dev/null || true
	teardown_scratch
}

# --- the record --------------------------------------------------------------------------------------

@test "exit: the code is in the record, both streams are in the log, nothing is left" {
	container sh -c 'echo out; echo err >&2; exit 7'
	keep
	assert_status 7
	assert_equal "$(record exit '"\(.code) \(.signal) \(.oomKilled) \(.error)"')" "7 0 false null"
	[[ $(record exit .container.pid) -gt 0 && $(record exit .started) -gt 0 ]]
	[[ $(record exit .finished) -ge $(record exit .started) ]]
	assert_equal "$(logged stdout)" out
	assert_equal "$(logged stderr)" err
	[[ ! -e $STORE/$ID/run.json && ! -e $RUN/$ID/control ]]
	assert_nothing_left
}

@test "exit: death by a signal" {
	container sh -c 'kill -SEGV $$'
	shim_config 'del(.linux.namespaces[] | select(.type == "pid"))'
	keep
	assert_status 139
	assert_equal "$(record exit '"\(.code) \(.signal)"')" "139 11"
	assert_nothing_left
}

@test "exit: killed from outside" {
	container sleep 60
	keep_in_background
	kill -KILL "$(container_pid)"
	shim_ended
	assert_status 137
	assert_equal "$(record exit '"\(.code) \(.signal)"')" "137 9"
	assert_nothing_left
}

@test "exit: killed for want of memory" {
	requires_controller memory
	container sh -c 'x=x; while :; do x=$x$x; done'
	shim_config '.linux.resources.memory = {limit: 16777216}'
	keep
	assert_equal "$(record exit .oomKilled)" true
	assert_nothing_left
}

@test "start: what cannot be started says why, in hull's words, with docker's code" {
	container no-such-program
	shim_command --ready-fd 4
	run -127 timeout 20 "${COMMAND[@]}" 4>"$SCRATCH/ready"
	assert_status 127
	[[ $(<"$SCRATCH/ready") == "error "*'executable file not found in $PATH' ]]
	[[ $(record exit .error) == *'"no-such-program": executable file not found in $PATH' ]]
	assert_equal "$(record exit .code)" 127
	assert_equal "$(logged)" ""
	assert_nothing_left
}

@test "start: a program that exec refuses is an error of start" {
	printf '#!/nonexistent\n' >"$ROOTFS/bin/script"
	chmod 755 "$ROOTFS/bin/script"
	container script
	keep
	assert_status 127
	[[ $(record exit .error) == *"no such file or directory"* ]]
	assert_nothing_left
}

@test "ready: who waits is told when it runs" {
	container sleep 60
	keep_in_background --ready-fd 4 4>"$SCRATCH/ready"
	wait_until 5 test -s "$SCRATCH/ready"
	assert_equal "$(<"$SCRATCH/ready")" "running $(container_pid)"
	kill "$SHIM"
	shim_ended
	assert_nothing_left
}

@test "names: a unique beginning of the id will do; an unknown word is an error" {
	container true
	whole=$ID
	ID=${ID:0:12}
	keep
	assert_status 0
	[[ -s $STORE/$whole/exit.json ]]
	ID=nobody
	keep
	assert_status 1
	assert_output_has "No such container: nobody"
}

@test "two shims: the second is refused" {
	container sleep 60
	keep_in_background
	keep
	assert_status 1
	assert_output_has "is kept by another hull-shim already"
	kill "$SHIM"
	shim_ended
	assert_nothing_left
}

@test "damaged: a container.json that is none is an error that says where" {
	container true
	echo '{"id": 3}' >"$STORE/$ID/container.json"
	keep
	assert_status 1
	assert_output_has "container.json"
	assert_output_has "id: is number, not string"
}

# --- logs ---------------------------------------------------------------------------------------------

@test "log: k8s-file" {
	FIELDS='.logDriver = "k8s-file"' container sh -c 'echo out; echo err >&2; printf end'
	keep
	run sed 's/^[0-9T:.-]*Z //' "$STORE/$ID/log/container.log"
	assert_output_has "stdout F out"
	assert_output_has "stderr F err"
	assert_output_has "stdout P end"
	assert_equal "${#lines[@]}" 3
}

@test "log: none" {
	FIELDS='.logDriver = "none"' container sh -c 'echo out'
	keep
	assert_status 0
	[[ ! -e $STORE/$ID/log ]]
}

@test "log: rotation by size and count, and no byte lost in what is kept" {
	FIELDS='.logDriver = "k8s-file" | .logMaxBytes = 10000 | .logMaxFiles = 3' container sh -c 'seq 1 2000'
	keep
	assert_equal "$(cd "$STORE/$ID/log" && echo *)" "container.log container.log.1 container.log.2"
	for file in "$STORE/$ID"/log/*; do
		[[ $(stat -c %s "$file") -le 10000 ]]
	done
	cat "$STORE/$ID"/log/container.log{.2,.1,} | awk '{ n = $4 } NR > 1 && n != last + 1 { exit 1 } { last = n }
		END { exit last != 2000 }'
}

@test "log: a burst is whole" {
	container sh -c 'seq 1 200000'
	keep
	assert_equal "$(logged | md5sum)" "$(seq 1 200000 | md5sum)"
}

@test "log: the journal, by its native protocol" {
	FIELDS='.logDriver = "journald"' container sh -c 'echo hello; echo problem >&2; head -c 16000 /dev/zero | tr "\0" x; echo'
	shim_command
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c '
		mkdir -p /run/systemd/journal && mount -t tmpfs none /run/systemd/journal || exit 99
		client=$1; out=$2; shift 2
		"$client" /run/systemd/journal/socket listen >"$out" & listener=$!
		while [ ! -S /run/systemd/journal/socket ]; do sleep 0.05; done
		"$@"; sleep 0.2; kill $listener' sh "$CLIENT" "$SCRATCH/journal" "${COMMAND[@]}" </dev/null
	run cat "$SCRATCH/journal"
	assert_output_has "PRIORITY=6"$'\n'"SYSLOG_IDENTIFIER=web"$'\n'"CONTAINER_ID=${ID:0:12}"$'\n'"CONTAINER_ID_FULL=$ID"
	assert_output_has "MESSAGE=hello"
	assert_output_has "PRIORITY=3"
	assert_output_has "MESSAGE=problem"
	assert_output_has "MESSAGE=xxxxxxxx"
}

@test "log: a full disk loses lines, says so once, and harms neither the container nor its record" {
	container sh -c 'read x </go1; seq 1 100000; echo done >/go2; read x </go3; sleep 1.5; echo after; exit 9'
	shim_config '.root.readonly = false'
	mkfifo "$ROOTFS/go1" "$ROOTFS/go2" "$ROOTFS/go3"
	shim_command
	# shellcheck disable=SC2016
	run unshare -m --propagation private bash -c '
		store=$1 root=$2 id=$3; shift 3
		cp -a "$store/$id" "$store/../copy" && mount -t tmpfs -o size=512k none "$store" && mv "$store/../copy" "$store/$id"
		"$@" & shim=$!
		head -c 300000 /dev/zero >"$store/filler"
		echo >"$root/go1"; read -r x <"$root/go2"
		df "$store" | tail -1 | grep -q 100% || { echo "not full"; df "$store"; }
		rm "$store/filler"; echo >"$root/go3"
		wait $shim; echo "status $?"
		jq -r .code "$store/$id/exit.json"
		tail -n 3 "$store/$id/log/container.log"; grep -c "were lost here" "$store/$id/log/container.log"' \
		bash "$STORE" "$ROOTFS" "$ID" "${COMMAND[@]}"
	assert_output_has "status 9"$'\n'9$'\n'
	assert_output_has "lines of output were lost here: No space left on device"
	assert_output_has '{"log":"after\n","stream":"stdout"'
	((${lines[-1]} <= 3)) # not for each line
}

@test "record: a disk that stays full still takes the exit record" {
	container sh -c 'read x </go1; seq 1 200000; exit 9'
	shim_config '.root.readonly = false'
	mkfifo "$ROOTFS/go1"
	shim_command
	# shellcheck disable=SC2016
	run unshare -m --propagation private bash -c '
		store=$1 root=$2 id=$3; shift 3
		cp -a "$store/$id" "$store/../copy" && mount -t tmpfs -o size=512k none "$store" && mv "$store/../copy" "$store/$id"
		"$@" & shim=$!
		echo >"$root/go1"
		wait $shim; echo "status $?"
		jq -r .code "$store/$id/exit.json"' bash "$STORE" "$ROOTFS" "$ID" "${COMMAND[@]}"
	assert_output_has "status 9"$'\n'9
}

# --- clients ------------------------------------------------------------------------------------------

@test "client: output, input with an explicit end, and the exit" {
	FIELDS='.openStdin = true' container sh -c 'while read x; do echo "got $x"; done; echo end >&2; exit 5'
	keep_in_background
	run --separate-stderr client output input exit send $'one\n' send $'two\n' close read 3>"$SCRATCH/said"
	assert_status 5
	assert_equal "$output" $'got one\ngot two'
	assert_equal "$stderr" end
	assert_equal "$(<"$SCRATCH/said")" "STATE 1 $(record exit .container.pid) "$'\n'"EXITED 5 0 "
	shim_ended
	assert_status 5
}

@test "client: from birth, it sees the first byte" {
	container sh -c 'echo first; exit 3'
	shim_command --client-fd 9
	run timeout 20 "$CLIENT" birth "${COMMAND[@]}" 3>"$SCRATCH/said"
	assert_status 3
	assert_equal "$output" first
	assert_equal "$(<"$SCRATCH/said")" "STATE 0 0 "$'\n'"EXITED 3 0 "
}

@test "client: a terminal, resized" {
	FIELDS='.terminal = true' container sh -c 'read x; stty size; echo "you said $x"; exit 4'
	shim_config '.process.terminal = true'
	keep_in_background
	run client output input exit resize 33 99 send $'hi\n' read 3>/dev/null
	assert_status 4
	assert_output_has "33 99"
	assert_output_has "you said hi"
	shim_ended
	[[ $(logged) == *"33 99"* ]]
}

@test "client: several at once get the same" {
	container sh -c 'read x </go; seq 1 20000; exit 6'
	shim_config '.root.readonly = false'
	mkfifo "$ROOTFS/go"
	keep_in_background
	for i in 1 2 3 4 5; do
		client output exit read >"$SCRATCH/out.$i" 3>/dev/null &
		clients[i]=$!
	done
	sleep 0.3
	echo >"$ROOTFS/go"
	for i in 1 2 3 4 5; do
		code=0
		wait "${clients[i]}" || code=$?
		assert_equal "$code" 6
		assert_equal "$(md5sum <"$SCRATCH/out.$i")" "$(seq 1 20000 | md5sum)"
	done
}

@test "client: one that never reads is dropped, and nobody waits for it" {
	container sh -c 'read x </go; seq 1 2000000; exit 6'
	shim_config '.root.readonly = false'
	mkfifo "$ROOTFS/go"
	keep_in_background
	client output wait 60000 3>/dev/null &
	slow=$!
	client output exit read >"$SCRATCH/out" 3>/dev/null &
	quick=$!
	sleep 0.3
	echo >"$ROOTFS/go"
	shim_ended
	assert_status 6
	kill "$slow"
	wait "$quick" || true
	assert_equal "$(logged | md5sum)" "$(seq 1 2000000 | md5sum)"
}

@test "client: one with patience loses nothing, however slow" {
	container sh -c 'read x </go; seq 1 1000000; exit 6'
	shim_config '.root.readonly = false'
	mkfifo "$ROOTFS/go"
	keep_in_background
	client output exit patience wait 1500 read >"$SCRATCH/out" 3>/dev/null &
	slow=$!
	sleep 0.3
	echo >"$ROOTFS/go"
	code=0
	wait "$slow" || code=$?
	assert_equal "$code" 6
	assert_equal "$(md5sum <"$SCRATCH/out")" "$(seq 1 1000000 | md5sum)"
}

# A file that has something and has stopped growing.
still() {
	local size
	size=$(stat -c %s "$1") && sleep 0.2 && [[ $size -gt 0 && $size == "$(stat -c %s "$1")" ]]
}

@test "client: one with patience that does not read holds up no end, and has all of it afterwards" {
	container sh -c 'read x </go; exec yes 0123456789'
	shim_config '.root.readonly = false'
	mkfifo "$ROOTFS/go"
	keep_in_background
	mkfifo "$SCRATCH/read"
	# What it gets waits in its socket until it reads at last: after the end.
	client output exit patience hold "$SCRATCH/read" read >"$SCRATCH/out" 3>/dev/null &
	slow=$!
	sleep 0.3
	echo >"$ROOTFS/go"
	wait_until 20 still "$STORE/$ID/log/container.log"
	start=${EPOCHREALTIME/./}
	run client exit stop 0 9 read 3>/dev/null
	assert_status 137
	shim_ended
	echo "took $((${EPOCHREALTIME/./} - start)) us"
	((${EPOCHREALTIME/./} - start < 5000000))
	echo >"$SCRATCH/read"
	code=0
	wait "$slow" || code=$?
	assert_equal "$code" 137
	assert_equal "$(md5sum <"$SCRATCH/out")" "$(logged | md5sum)"
	assert_nothing_left
}

@test "client: what is no message ends the client and nothing else" {
	container sleep 60
	keep_in_background
	for type in 0 2 5 99; do
		run client raw $type read 3>/dev/null
		assert_status 250
	done
	client output exit send x wait 100 read 3>/dev/null || code=$?
	assert_equal "$code" 250
	kill -0 "$(container_pid)"
	kill "$SHIM"
	shim_ended
}

@test "client: comes and goes at any moment" {
	FIELDS='.openStdin = true' container sh -c 'while :; do seq 1 1000; done'
	keep_in_background
	for i in {1..30}; do
		timeout "0.0$((RANDOM % 9 + 1))" "$CLIENT" "$RUN/$ID/control" output input exit send "$(seq 1 500)" read \
			>/dev/null 3>&1 || true
	done
	kill -0 "$(container_pid)"
	run client exit stop 0 9 read 3>/dev/null
	assert_status 137
	shim_ended
	assert_nothing_left
}
