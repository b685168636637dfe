# Puts right the paths of a document of tests/data/engines, for documents.bash: of a container or a process.
#
# Arguments: bundle, scratch, tag, disk ("MAJOR:MINOR" of a disk that is here, or empty), hard (the limit of
# open files that may be set, or "unlimited"), holder (the pid whose namespaces are joined), exe (what a
# hook of Docker runs).

def is_bind: (.options // []) | index("bind") != null or index("rbind") != null;
def in_proc: {network: "net"}[.type] // .type;

def put_mount($at): if is_bind and (.source | startswith("/sys/") | not) then .source = "\($scratch)/source/\($at)"
	elif .type == "overlay" then
		.source = "\($scratch)/overlay" |
		.options |= map(sub("^lowerdir=.*"; "lowerdir=\($scratch)/\("l" * 200)/\("o" * 100)") |
			sub("^upperdir=.*"; "upperdir=\($scratch)/upper") | sub("^workdir=.*"; "workdir=\($scratch)/work"))
	else . end;

# Each hook writes what it reads to a file, with the variable that it was given.
def put_hook($kind):
	if .path | startswith("/proc/") then
		.path = $exe | .args = ["dd", "of=\($scratch)/hooks/\($kind)", "status=none"]
	else
		.path = "/bin/sh" | .args = ["sh", "-c", "{ cat && echo && echo \"$A\"; } >\"$1\"", "sh",
			if $kind == "startContainer" then "/hook" else "\($scratch)/hooks/\($kind)" end]
	end;

def put_limits: if $hard != "unlimited" and .rlimits then
		(.rlimits[] | select(.type == "RLIMIT_NOFILE") | .hard, .soft) |= ([., ($hard | tonumber)] | min)
	else . end;

def put_disk: if .throttleReadBpsDevice == null then . elif $disk == "" then del(.throttleReadBpsDevice)
	else ($disk | split(":") | map(tonumber)) as [$major, $minor] |
		.throttleReadBpsDevice[] |= (.major = $major | .minor = $minor)
	end;

if .process == null then put_limits else
	if .root.path | startswith("/") then .root.path = "\($bundle)/rootfs" else . end |
	if .linux.cgroupsPath then .linux.cgroupsPath = "/\($tag)-b" else . end |
	.mounts |= [to_entries[] | .key as $at | .value | put_mount($at)] |
	.linux.namespaces |= map(if .path then .path = "/proc/\($holder)/ns/\(in_proc)" else . end) |
	if .hooks then .hooks |= with_entries(.key as $kind | .value |= map(put_hook($kind))) else . end |
	.process |= put_limits |
	if .linux.resources.blockIO then .linux.resources.blockIO |= put_disk else . end
end
