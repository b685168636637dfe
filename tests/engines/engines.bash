# shellcheck shell=bash
#
# What the files of this folder share. Each drives one engine of the distribution with $HULL as its runtime, in
# a place of its own:
#
#	a network namespace with lo, and a mount namespace with an empty /run, /opt and /etc/cni, both held by
#	one sleeping process: whatever an engine mounts or configures there ends with it;
#	images, state and sockets below $SCRATCH; cgroups below /$TAG in each hierarchy.
#
# in_engine COMMAND… runs a command there. An engine's file has
#	setup_file() { engine_setup; … }
#	teardown_file() { engine_teardown; }

# shellcheck source=tests/helpers/common.bash
source "${BASH_SOURCE[0]%/*}/../helpers/common.bash"

# The distribution's programs, not newer ones that somebody put into /usr/local.
PATH=/usr/sbin:/usr/bin:/sbin:/bin

# The command that makes the place; with `v2` as its argument /sys/fs/cgroup is bare cgroup v2 in it.
engine_place() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m -n --propagation private sh -c '
		set -e
		for dir in /run /opt; do mount -t tmpfs -o mode=755 tmpfs $dir; done
		mkdir -p /run/lock /opt/cni /etc/cni
		mount -t tmpfs tmpfs /etc/cni
		mkdir -p /etc/cni/net.d
		ln -s /usr/lib/cni /opt/cni/bin
		if [ "$1" = v2 ]; then umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; fi
		ip link set lo up
		touch "$2"
		exec sleep infinity' engine_place "${1:-}" "$SCRATCH/place" </dev/null >"$SCRATCH/place.log" 2>&1 3>&- &
	ENGINE_PID=$!
	disown
	export ENGINE_PID
	wait_until 10 test -e "$SCRATCH/place" || {
		cat "$SCRATCH/place.log" >&2
		return 1
	}
}

in_engine() {
	nsenter -t "$ENGINE_PID" -m -n -- "$@" 3>&-
}

# engine_setup [v2]: the place, the image's files in $SCRATCH/image and $SCRATCH/image.tar, and $RUNC, a link
# named runc to the runtime.
engine_setup() {
	setup_scratch
	[[ $EUID -eq 0 ]] || return 0
	engine_place "${1:-}" || return
	rootfs "$SCRATCH/image"
	tar -C "$SCRATCH/image" -cf "$SCRATCH/image.tar" .
	mkdir "$SCRATCH/bin"
	ln -s "$HULL" "$SCRATCH/bin/runc"
	RUNC=$SCRATCH/bin/runc
	export RUNC
}

engine_teardown() {
	local pid place
	[[ -n ${ENGINE_PID:-} ]] && place=$(readlink "/proc/$ENGINE_PID/ns/mnt") &&
		for pid in $(cd /proc && echo [0-9]*); do
			[[ $(readlink "/proc/$pid/ns/mnt" 2>/dev/null) == "$place" ]] && kill -KILL "$pid" 2>/dev/null
		done
	teardown_scratch
}

# Skips when an engine or root is missing; each test of an engine begins with it.
requires_engine() {
	requires_root
	requires_command unshare nsenter ip script "$@"
}

# start_daemon NAME COMMAND…: in the place; its log is $SCRATCH/NAME.log.
start_daemon() {
	local name=$1
	shift
	in_engine "$@" </dev/null >"$SCRATCH/$name.log" 2>&1 &
	disown
}

# A CNI network NAME with a bridge and addresses out of 10.88.7.0/24, in /etc/cni/net.d of the place. No
# firewall and no ports: they would need more of the kernel than an address does.
cni_network() {
	jq -n --arg name "$1" --arg data "$SCRATCH/cni" '{
		cniVersion: "0.4.0", name: $name,
		plugins: [{
			type: "bridge", bridge: "cni-test", isGateway: true, ipMasq: false,
			ipam: { type: "host-local", dataDir: $data,
				ranges: [[{ subnet: "10.88.7.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] }
		}]
	}' | in_engine sh -c 'cat >"/etc/cni/net.d/$1.conflist"' sh "$1"
}

# The image as an OCI archive in $SCRATCH/image.oci, named as $1 for containerd.
oci_archive() {
	local dir=$SCRATCH/layout layer config manifest
	mkdir -p "$dir/blobs/sha256"
	layer=$(oci_blob "$dir" <"$SCRATCH/image.tar")
	config=$(jq -nc --arg layer "$layer" '{
		architecture: (if env.ENGINE_ARCH == "aarch64" then "arm64" else "amd64" end), os: "linux",
		config: { Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["sh"] },
		rootfs: { type: "layers", diff_ids: ["sha256:" + $layer] }
	}' | oci_blob "$dir")
	manifest=$(jq -nc --arg layer "$layer" --argjson layer_size "$(stat -c %s "$dir/blobs/sha256/$layer")" \
		--arg config "$config" --argjson config_size "$(stat -c %s "$dir/blobs/sha256/$config")" '{
		schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: { mediaType: "application/vnd.oci.image.config.v1+json",
			digest: ("sha256:" + $config), size: $config_size },
		layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar",
			digest: ("sha256:" + $layer), size: $layer_size }]
	}' | oci_blob "$dir")
	jq -nc --arg name "$1" --arg manifest "$manifest" \
		--argjson size "$(stat -c %s "$dir/blobs/sha256/$manifest")" '{
		schemaVersion: 2,
		manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json",
			digest: ("sha256:" + $manifest), size: $size,
			annotations: { "io.containerd.image.name": $name, "org.opencontainers.image.ref.name": "latest" } }]
	}' >"$dir/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
	tar -C "$dir" -cf "$SCRATCH/image.oci" .
}

# stdin as a blob of the layout $1; prints its digest.
oci_blob() {
	local digest
	cat >"$1/blob" && digest=$(sha256sum <"$1/blob" | cut -d' ' -f1) && mv "$1/blob" "$1/blobs/sha256/$digest"
	echo "$digest"
}

# assert_no_containers: of this file's engine nothing is left but its own parent directories: no cgroup with a
# process in it, and no runtime state.
assert_no_containers() {
	local cgroup
	for cgroup in $(leftover_cgroups); do
		wait_until 5 cgroup_is_empty "$cgroup" || {
			echo "left in $cgroup: $(cat "$cgroup/cgroup.procs")" >&2
			return 1
		}
	done
}

cgroup_is_empty() {
	[[ ! -e $1/cgroup.procs || -z $(cat "$1/cgroup.procs" 2>/dev/null) ]]
}

# assert_nothing_remains DIR…: after all of a file's containers were removed: no entry in the runtime's state
# directories DIR, no process in a cgroup of ours, no process of the runtime's in the place.
assert_nothing_remains() {
	local dir left
	for dir in "$@"; do
		left=$(in_engine find "$dir" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null || true)
		[[ -z $left ]] || {
			echo "left in the state directory: $left" >&2
			return 1
		}
	done
	assert_no_containers
	# shellcheck disable=SC2009 # pgrep does not show the whole line
	left=$(ps -eo pid,args | grep -E "hull-init|^ *[0-9]+ $HULL " | grep -v grep | while read -r pid rest; do
		[[ $(readlink "/proc/$pid/ns/net" 2>/dev/null) != $(readlink "/proc/$ENGINE_PID/ns/net") ]] || echo "$pid $rest"
	done)
	[[ -z $left ]] || {
		echo "left of the runtime: $left" >&2
		return 1
	}
}
