#!/bin/sh
# The commands of facts.jq, for the shell of the container.

# say FACT COMMAND: one line with what COMMAND prints
say() {
	printf '%s: %s\n' "$1" "$(eval "$2" 2>&1 | tr -s ' \t\n' ' ' | sed 's/^ //; s/ $//')"
}

# status FIELD: of /proc/self/status
status() {
	sed -n "s/^$1:[[:space:]]*//p" /proc/self/status
}

# limit RLIMIT_NAME: soft and hard
limit() {
	case $1 in
	RLIMIT_NOFILE) sed -n 's/^Max open files *\([^ ]*\) *\([^ ]*\).*/\1 \2/p' /proc/self/limits ;;
	RLIMIT_NPROC) sed -n 's/^Max processes *\([^ ]*\) *\([^ ]*\).*/\1 \2/p' /proc/self/limits ;;
	*) echo "limit: unknown $1" ;;
	esac
}

# flags PATH WORD...: those of the words that the topmost mount at PATH has
flags() {
	path=$1
	shift
	have=$(awk -v path="$path" '$5 == path { have = $6 } END { print have }' /proc/self/mountinfo)
	for word in "$@"; do
		case ,$have, in *,$word,*) echo "$word" ;; esac
	done
}

# propagation PATH: shared, slave or private
propagation() {
	awk -v path="$1" '$5 == path { sub(/ - .*/, ""); have = $0 } END {
		if (have ~ / shared:/) print "shared"
		else if (have ~ / master:/) print "slave"
		else if (have != "") print "private" }' /proc/self/mountinfo
}

# type PATH
type() {
	awk -v path="$1" '$5 == path { sub(/.* - /, ""); have = $1 } END { print have }' /proc/self/mountinfo
}

# data PATH KEY: what the file system's options have for KEY, a mode without its leading zero
data() {
	awk -v path="$1" '$5 == path { have = $NF } END { print have }' /proc/self/mountinfo | tr , '\n' |
		sed -n "s/^$2=0*//p"
}

# content PATH: what the test wrote to the source of a bind: its own path
content() {
	if [ -d "$1" ]; then cat "$1/mark"; else sed -n 's/^# //p' "$1"; fi
}

# masked PATH: an empty directory or a file that has nothing
masked() {
	if [ -d "$1" ]; then
		[ -z "$(ls -A "$1")" ] && echo masked
	else
		[ "$(wc -c <"$1")" -eq 0 ] && echo masked
	fi
}

# device PATH [numbers]: type, major, minor, then mode, uid and gid
device() {
	kind=c
	[ -b "$1" ] && kind=b
	[ -p "$1" ] && kind=p
	# shellcheck disable=SC2046 # two words
	printf '%s %d %d' $kind $(stat -c '0x%t 0x%T' "$1")
	[ -n "${2-}" ] || stat -c ' %a %u %g' "$1"
}
