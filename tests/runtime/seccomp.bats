#!/usr/bin/env bats
# Seccomp filters: actions, arguments, flags, and that no container gets another's.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
	[[ $(uname -m) == x86_64 ]] || skip "needs the system call numbers of x86_64"
	probe
	unconfined
}

teardown() {
	teardown_scratch
}

readonly GETPGID=121 SETHOSTNAME=170 PERSONALITY=135 GETPRIORITY=140

# profile JSON: all is allowed but what this list of rules says.
profile() {
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], syscalls: $rules}' \
		--argjson rules "$1"
}

# makes WANT NUMBER [ARG...]: this system call inside ends so: ok, or the error's name.
makes() {
	local want=$1
	shift
	bundle_args "$B" probe syscall "$@"
	run hull run -b "$B" "$TAG"
	[[ $status -eq 0 && $output == "$want" ]] || {
		printf '%s\n' "syscall $*: status $status, $output; want $want" >&2
		return 1
	}
}

@test "R-204 sc.errno.def: ERRNO without a number is EPERM" {
	makes ok $GETPGID 0
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO"}]'
	makes EPERM $GETPGID 0
	makes ok $GETPRIORITY 0 0
}

@test "errnoRet: any number, also 0" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}, {"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]'
	makes ENOSYS $GETPGID 0
	makes EACCES $GETPRIORITY 0 0
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0}]'
	makes ok $GETPGID 99999999
}

@test "defaultAction and defaultErrnoRet" {
	names=$(jq -c '[.. | .names? // empty] | add' "$TOP/config.json.example")
	[[ $names != null ]]
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 11, syscalls: [{action: "SCMP_ACT_ALLOW",
		names: ["read", "write", "writev", "open", "openat", "close", "fstat", "newfstatat", "mmap", "mprotect", "munmap", "brk",
		"execve", "exit", "exit_group", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom",
		"readlink", "readlinkat", "ioctl", "capset", "prctl", "seccomp", "futex"]}]}'
	makes EAGAIN $GETPGID 0
}

@test "KILL_PROCESS, KILL and TRAP end it with SIGSYS" {
	for action in KILL_PROCESS KILL KILL_THREAD TRAP; do
		profile "[{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_$action\"}]"
		bundle_args "$B" probe syscall $GETPGID 0
		detached hull run -b "$B" "$TAG"
		assert_status $((128 + 31))
	done
	assert_nothing_left
}

@test "LOG lets it pass" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_LOG"}]'
	makes ok $GETPGID 0
}

@test "TRACE without a tracer is ENOSYS" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_TRACE", "errnoRet": 5}]'
	makes ENOSYS $GETPGID 0
}

@test "args: each operator" {
	while read -r op value two blocked passed; do
		profile "[{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38,
			\"args\": [{\"index\": 1, \"value\": $value, \"valueTwo\": $two, \"op\": \"SCMP_CMP_$op\"}]}]"
		makes ENOSYS $GETPGID 0 "$blocked"
		makes ok $GETPGID 0 "$passed"
	done <<'END'
EQ 5 0 5 6
NE 5 0 6 5
LT 5 0 4 5
LE 5 0 5 6
GE 5 0 5 4
GT 5 0 6 5
MASKED_EQ 240 16 31 32
EQ 4503599627370497 0 4503599627370497 1
GT 4294967296 0 4294967297 4294967295
END
}

@test "args: all of a rule must match, one of several rules" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [
		{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 2, "op": "SCMP_CMP_EQ"}]}]'
	makes ENOSYS $GETPGID 0 1 2
	makes ok $GETPGID 0 1 3
	makes ok $GETPGID 0 2 2
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}]},
		{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [{"index": 2, "value": 2, "op": "SCMP_CMP_EQ"}]}]'
	makes ENOSYS $GETPGID 0 1 3
	makes ENOSYS $GETPGID 0 9 2
	makes ok $GETPGID 0 9 9
}

@test "R-214 sc.dupidx: one argument twice in a rule is either" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [
		{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}]}]'
	makes ENOSYS $GETPGID 0 1
	makes ENOSYS $GETPGID 0 2
	makes ok $GETPGID 0 3
}

@test "R-213 sc.unknown: names that are unknown are passed over" {
	profile '[{"names": ["no_such_call", "getpgid", "another_none"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]'
	makes ENOSYS $GETPGID 0
}

@test "R-215 sc.arch.le: architectures that cannot run here are passed over" {
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_S390X", "SCMP_ARCH_MIPS", "SCMP_ARCH_ARM"],
		syscalls: [{names: ["getpgid"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}'
	makes ENOSYS $GETPGID 0
}

@test "flags: LOG, SPEC_ALLOW, TSYNC, and none" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]'
	for flags in '["SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' '["SECCOMP_FILTER_FLAG_TSYNC"]' '[]'; do
		config "$B" '.linux.seccomp.flags = $flags' --argjson flags "$flags"
		makes ENOSYS $GETPGID 0
	done
}

@test "with no_new_privs and without, as root and as a user without capabilities" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]'
	for nnp in true false; do
		for uid in 0 1000; do
			config "$B" '.process.noNewPrivileges = $nnp | .process.user.uid = $uid | .process.capabilities = {}' \
				--argjson nnp $nnp --argjson uid $uid
			makes ENOSYS $GETPGID 0
		done
	done
}

@test "R-216 sc.order: a filter that forbids what only we still need does not stop us" {
	profile '[{"names": ["capset", "setresuid", "setgroups", "close_range", "pivot_root", "mount", "prctl", "seccomp", "umask", "prlimit64"],
		"action": "SCMP_ACT_ERRNO", "errnoRet": 38}]'
	config "$B" '.process.noNewPrivileges = true'
	makes ok $GETPGID 0
}

@test "two profiles never share a filter, one profile keeps its own" {
	for number in 1 2 11 13 38 22 38 1; do
		profile "[{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": $number}]"
		bundle_args "$B" probe syscall $GETPGID 0
		run hull run -b "$B" "$TAG"
		case $number in
		1) want=EPERM ;; 2) want=ENOENT ;; 11) want=EAGAIN ;; 13) want=EACCES ;; 22) want=EINVAL ;; 38) want=ENOSYS ;;
		esac
		assert_equal "$output" "$want"
	done
	# the difference may be anywhere
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"}]}]'
	makes EPERM $GETPGID 0 1
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_NE"}]}]'
	makes ok $GETPGID 0 1
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 2, "value": 1, "op": "SCMP_CMP_EQ"}]}]'
	makes ok $GETPGID 0 1
}

@test "a cache that was written by others is not believed" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]'
	makes ENOSYS $GETPGID 0
	files=$(find "$STATE" -path '*/.*' -type f)
	[[ -n $files ]]
	for file in $files; do
		[[ $(stat -c '%u %a' "$file") == "0 600" ]]
		cp "$file" "$SCRATCH/good"
		# cut off, filled with something else, somebody else's, writable by others, a link
		truncate -s 20 "$file"
		makes ENOSYS $GETPGID 0
		head -c 4000 /dev/urandom >"$file"
		makes ENOSYS $GETPGID 0
		cp "$SCRATCH/good" "$file"
		chown 1000 "$file"
		makes ENOSYS $GETPGID 0
		chown 0 "$file"
		chmod 666 "$file"
		makes ENOSYS $GETPGID 0
	done
}

@test "the filter holds for hull exec as well" {
	profile '[{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]'
	started
	run hull exec "$TAG" probe syscall $GETPGID 0
	assert_equal "$output" ENOSYS
	run hull exec --user 1000 "$TAG" probe syscall $GETPGID 0
	assert_equal "$output" ENOSYS
}

@test "calls that are newer than a profile with an ERRNO default get ENOSYS" {
	config "$B" '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", syscalls: [{action: "SCMP_ACT_ALLOW",
		names: ["read", "write", "writev", "open", "openat", "close", "fstat", "newfstatat", "mmap", "mprotect", "munmap", "brk",
		"execve", "exit", "exit_group", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom",
		"readlink", "readlinkat", "ioctl", "capset", "prctl", "seccomp", "futex", "clone3"]}]}'
	makes ENOSYS 1999
	makes EPERM $GETPGID 0
	makes EPERM $SETHOSTNAME 0 0
	makes EPERM $PERSONALITY 8
}
