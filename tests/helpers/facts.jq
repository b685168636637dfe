# What a container's own processes must find when its document was carried out: from a config.json, lines of
# "say FACT COMMAND" for the shell inside, and of "want FACT: what COMMAND prints". The commands are those of
# facts.sh and busybox. Further facts are arguments, three words each.
#
# what: "inside"; "process", where the document is that of an exec; "cgroup", for lines of controller, file and
# a line that this file of cgroup v1 has. hostname: where the document gives none. have: our own bounding
# set, a number. there: the paths of /proc and /sys that this kernel has, one a line. v1: whether
# controllers are in cgroup v1 hierarchies. seccomp: our own mode.

def capabilities: "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
	NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
	SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
	AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
	PERFMON BPF CHECKPOINT_RESTORE" | [splits("\\s+")];

def power: . as $n | reduce range($n) as $_ (1; . * 2);
def has_bit($n): (. / ($n | power) | floor) % 2 == 1;
# As /proc/PID/status has a set: names to 16 hexadecimal digits.
def mask: (. // []) as $names | capabilities as $all |
	reduce range($all | length) as $n ([range(64) | false];
		.[$n] = (($names | index("CAP_" + $all[$n])) != null and ($have | has_bit($n)))) |
	[range(60; -1; -4) as $n | [range(4) as $i | if .[$n + $i] then ($i | power) else 0 end] | add |
		"0123456789abcdef"[.:. + 1]] | join("");

# octal digits of the last 12 bits
def octal: [512, 64, 8, 1] as $places | . as $n | [$places[] as $p | ($n / $p | floor) % 8 | tostring] |
	join("") | sub("^0+(?=.)"; "");
# a tmpfs size in KiB, whole pages
def kib: (capture("^(?<n>[0-9]+)(?<unit>[kmg]?)$") |
	(.n | tonumber) * {"": 1, k: 1024, m: 1048576, g: 1073741824}[.unit]) / 4096 | ceil | . * 4;

# An empty HOME is replaced with what the container's passwd has.
def process_facts: .process |
	["working directory", "pwd", .cwd],
	["uid", "status Uid", ([range(4) as $_ | .user.uid | tostring] | join(" "))],
	["gid", "status Gid", ([range(4) as $_ | .user.gid | tostring] | join(" "))],
	["additional gids", "status Groups", (.user.additionalGids // [] | sort | join(" "))],
	(.user.umask | values | ["umask", "umask", "0" + ("00" + octal)[-3:]]),
	["no new privileges", "status NoNewPrivs", (if .noNewPrivileges then "1" else "0" end)],
	(.oomScoreAdj | values | ["oom score", "cat /proc/self/oom_score_adj", tostring]),
	(.rlimits[]? | [.type, "limit \(.type)", "\(.soft) \(.hard)"]),
	(.env[]? | capture("^(?<k>[^=]*)=(?<v>.*)$") | select(. != {k: "HOME", v: ""}) | ["variable \(.k)", "env | sed -n s/^\(.k)=//p", .v]),
	(.terminal | values | ["terminal", "for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done", "/dev/pts/0 /dev/pts/0 /dev/pts/0"]);

# After execve: root gets what its bounding set has, another user its ambient set. Ambient capabilities have
# to be inheritable.
def capability_facts: .process.user.uid as $uid | .process.capabilities |
	(.inheritable // []) as $inheritable | .ambient |= ((. // []) | map(select(IN($inheritable[])))) |
	["bounding set", "status CapBnd", (.bounding | mask)],
	["inheritable set", "status CapInh", (.inheritable | mask)],
	["ambient set", "status CapAmb", (.ambient | mask)],
	["effective set", "status CapEff", (if $uid == 0 then .bounding else .ambient end | mask)],
	["permitted set", "status CapPrm", (if $uid == 0 then .bounding else .ambient end | mask)];

def shown_type: if .type == "cgroup" then if $v1 then "tmpfs" else "cgroup2" end else .type end;
def flags: ["nosuid", "nodev", "noexec"];

def mount_facts: .mounts[] |
	(.options // []) as $o | .destination as $at | (($o | index("bind")) // ($o | index("rbind")) != null) as $bind |
	["flags of \($at)", "flags \($at) \(flags | map(select(. as $f | $o | index($f))) | join(" "))",
		(flags | map(select(. as $f | $o | index($f))) | join(" "))],
	["access of \($at)", "flags \($at) ro rw", (if $o | index("ro") then "ro" else "rw" end)],
	($o[] | select(test("^r?(private|slave|shared)$")) | ltrimstr("r") | ["propagation of \($at)", "propagation \($at)", .]),
	($o[] | select(. == "strictatime") | ["access times of \($at)", "flags \($at) relatime noatime", ""]),
	if $bind then
		(.source | select(contains("/source/") and ($at | IN("/etc/passwd", "/etc/group") | not)) |
			["content of \($at)", "content \($at)", .])
	else
		["type of \($at)", "type \($at)", shown_type],
		($o[] | select(startswith("size=")) | ltrimstr("size=") | ["size of \($at)", "data \($at) size", "\(kib)k"]),
		($o[] | select(startswith("mode=")) | ltrimstr("mode=") | ltrimstr("0") |
			["mode of \($at)", (if $at == "/dev/pts" then "data /dev/pts mode" else "stat -c %a \($at)" end), .])
	end;

def kernel_facts:
	["host name", "hostname", (.hostname // $hostname)],
	(.linux.sysctl // {} | to_entries[] | ["sysctl \(.key)", "cat /proc/sys/\(.key | gsub("\\."; "/"))", .value]),
	["seccomp", "status Seccomp", (if .linux.seccomp then "2" else $seccomp end)],
	(.linux.personality | values | ["personality", "cat /proc/self/personality", {LINUX: "00000000", LINUX32: "00000008"}[.domain]]),
	(.linux.uidMappings | values | ["uid map", "cat /proc/self/uid_map", (map("\(.containerID) \(.hostID) \(.size)") | join(" "))]),
	(.linux.gidMappings | values | ["gid map", "cat /proc/self/gid_map", (map("\(.containerID) \(.hostID) \(.size)") | join(" "))]);

def path_facts:
	["access of /", "flags / ro rw", (if .root.readonly then "ro" else "rw" end)],
	(.linux.maskedPaths // [] | .[] | select(IN($there | split("\n")[])) | ["masked \(.)", "masked \(.)", "masked"]),
	(.linux.readonlyPaths // [] | .[] | select(IN($there | split("\n")[])) | ["read-only \(.)", "flags \(.) ro rw", "ro"]);

def device_facts:
	# /dev/ptmx stays the link to that of the container's own devpts.
	(.linux.devices // [] | .[] | select(.path != "/dev/ptmx") | ["device \(.path)", "device \(.path)",
		"\(.type) \(.major) \(.minor) \(.fileMode // 438 | octal) \(.uid // 0) \(.gid // 0)"]),
	({null: 3, zero: 5, full: 7, random: 8, urandom: 9} | to_entries[] |
		["device /dev/\(.key)", "device /dev/\(.key) numbers", "c 1 \(.value)"]),
	["device /dev/tty", "device /dev/tty numbers", "c 5 0"],
	(["fd", "/proc/self/fd"], ["stdin", "/proc/self/fd/0"], ["ptmx", "pts/ptmx"] |
		["link /dev/\(.[0])", "readlink /dev/\(.[0])", .[1]]);

# Of cgroup v1: [controller, file, a line that it has].
def cgroup_facts: .linux.resources // {} |
	(.memory // {} | (.limit | values | ["memory", "memory.limit_in_bytes", tostring]),
		(.reservation | values | ["memory", "memory.soft_limit_in_bytes", tostring]),
		(.swap | values | ["memory", "memory.memsw.limit_in_bytes", tostring]),
		(.swappiness | values | ["memory", "memory.swappiness", tostring]),
		(select(.disableOOMKiller) | ["memory", "memory.oom_control", "oom_kill_disable 1"])),
	(.cpu // {} | (.shares | select(. != null and . != 0) | ["cpu", "cpu.shares", tostring]),
		(.quota | values | ["cpu", "cpu.cfs_quota_us", tostring]),
		(.period | values | ["cpu", "cpu.cfs_period_us", tostring]),
		(.realtimeRuntime | values | ["cpu", "cpu.rt_runtime_us", tostring]),
		(.cpus | values | ["cpuset", "cpuset.cpus", .]),
		(.mems | values | ["cpuset", "cpuset.mems", .])),
	(.pids.limit | values | ["pids", "pids.max", tostring]),
	(.blockIO.throttleReadBpsDevice[]? | ["blkio", "blkio.throttle.read_bps_device", "\(.major):\(.minor) \(.rate)"]),
	# After a rule that denies all, the kernel's list is that of what is allowed.
	(.devices // [] | select(length > 0 and (.[0] | .allow == false and .major == null)) | map(select(.allow)) |
		group_by([.type, .major, .minor])[] | (map(.access) | add) as $access |
		["devices", "devices.list", "\(.[0].type) \(.[0].major // "*"):\(.[0].minor // "*") " +
			(["r", "w", "m"] | map(select(. as $a | $access | contains($a))) | join(""))]);

def lines: .[], ($ARGS.positional | range(0; length; 3) as $n | .[$n:$n + 3]) |
	"want \(.[0]): \(.[2])", "say \(.[0] | @sh) \(.[1] | @sh)";

if $what == "cgroup" then cgroup_facts | @tsv
elif $what == "process" then {process: .} | [process_facts, capability_facts] | lines
else [kernel_facts, process_facts, capability_facts, mount_facts, path_facts, device_facts] | lines
end
