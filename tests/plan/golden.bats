#!/usr/bin/env bats
# The plans of config.json.example and of documents that engines send, compared with the reviewed ones beside
# this file: NAME.plan is what hull has decided for NAME on a machine with cgroup v2 only. After a change that
# is meant to change plans, `make plans` writes them anew: read the difference before it is committed.

load ../helpers/common

documents=(example podman-01 podman-05 docker-02 docker-03 containerd-01 buildah-01)

setup() {
	setup_scratch
	chmod 755 "$SCRATCH"
	for name in "${documents[@]}"; do
		mkdir -m 755 "$SCRATCH/$name"
		if [[ $name == example ]]; then
			cp "$TOP/config.json.example" "$SCRATCH/$name/config.json"
		else
			cp "$TOP/tests/data/engines/$name.json" "$SCRATCH/$name/config.json"
		fi
		chmod 644 "$SCRATCH/$name/config.json"
	done
	cp "$HULL" "$SCRATCH/hull"
	chmod 755 "$SCRATCH/hull"
}

teardown() {
	teardown_scratch
}

# plan NAME COMMAND...: the plan of NAME by `COMMAND... hull`, with /bundle in the place of the scratch directory.
plan() {
	local name=$1
	shift
	"$@" "$SCRATCH/hull" plan --bundle "$SCRATCH/$name" container >"$SCRATCH/output" 2>&1 || {
		cat "$SCRATCH/output" >&2
		return 1
	}
	sed "s|$SCRATCH/$name|/bundle|g" "$SCRATCH/output"
}

# matches NAME FILTER COMMAND...: the plan by COMMAND is the reviewed one, both seen through FILTER.
matches() {
	local name=$1 filter=$2
	shift 2
	plan "$name" "$@" >"$SCRATCH/plan"
	"$filter" <"$SCRATCH/plan" >"$SCRATCH/got"
	"$filter" <"$TOP/tests/plan/$name.plan" | diff -u --label "$name.plan" --label "hull plan" - "$SCRATCH/got" || {
		echo "if this is meant: make plans" >&2
		return 1
	}
}

# What does not depend on how the machine's cgroups are laid out.
without_cgroups() {
	sed -e '/^  controller /d' -e '/^mount [^ ]* "\/sys\/fs\/cgroup"/d' -e '/^flags /s/ wait-go//' \
		-e '/^init unshares cgroup$/d' -e '/^clone with new /s/ cgroup$//'
}

has_pure_v2() {
	[[ $(stat -f -c %T /sys/fs/cgroup 2>/dev/null) == cgroup2fs ]]
}

# How to see cgroup v2 only: as it is, or in a mount namespace.
choose_v2() {
	v2=(env)
	has_pure_v2 || {
		requires_on_v2
		v2=(on_v2)
	}
}

@test "plan: the reviewed plans, on cgroup v2" {
	choose_v2
	for name in "${documents[@]}"; do
		[[ -z ${UPDATE:-} ]] || plan "$name" "${v2[@]}" >"$TOP/tests/plan/$name.plan"
		matches "$name" cat "${v2[@]}"
	done
}

@test "plan: the reviewed plans, but for the cgroups of this machine" {
	for name in "${documents[@]}"; do
		matches "$name" without_cgroups env
	done
}

@test "plan: who asks makes no difference" {
	requires_root
	for name in "${documents[@]}"; do
		matches "$name" without_cgroups setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all
	done
}
