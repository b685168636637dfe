#!/usr/bin/env bats
# Images between hull and the distribution's tools: what they write hull reads, what hull writes they read, and
# the store itself is a layout that they understand.

load engines

setup_file() {
	engine_setup
	IMAGE=${IMAGE:-${HULL%/*}/hull-image}
	export IMAGE
	[[ $EUID -eq 0 ]] || return 0
	mkdir "$SCRATCH/podman" "$SCRATCH/docker"
	# two layers, so that there is an order
	mkdir -p "$SCRATCH/second/etc"
	echo second >"$SCRATCH/second/etc/second"
	tar -C "$SCRATCH/second" -cf "$SCRATCH/second.tar" .
	"$IMAGE" --root "$SCRATCH/base" import -q -t localhost/bb:1 -c 'CMD ["echo", "it runs"]' -c 'ENV PATH=/bin' -c 'LABEL a=b' \
		"$SCRATCH/image.tar" >/dev/null
	if command -v dockerd >/dev/null; then
		echo '{}' >"$SCRATCH/docker/daemon.json"
		start_daemon dockerd dockerd --config-file "$SCRATCH/docker/daemon.json" --data-root "$SCRATCH/docker/data" \
			--exec-root "$SCRATCH/docker/exec" --pidfile "$SCRATCH/docker/pid" -H "unix://$SCRATCH/docker/sock" \
			--iptables=false --ip-masq=false --ip-forward=false --bridge none --exec-opt native.cgroupdriver=cgroupfs
		wait_until 30 docker info >/dev/null 2>&1 || {
			tail -20 "$SCRATCH/dockerd.log" >&2
			return 1
		}
	fi
	if command -v containerd >/dev/null; then
		printf 'version = 2\nroot = "%s"\nstate = "%s"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "%s"\n' \
			"$SCRATCH/containerd" "$SCRATCH/containerd-state" "$SCRATCH/containerd.sock" >"$SCRATCH/containerd.toml"
		start_daemon containerd containerd --config "$SCRATCH/containerd.toml"
		wait_until 30 ctr version >/dev/null 2>&1 || {
			tail -20 "$SCRATCH/containerd.log" >&2
			return 1
		}
	fi
}

teardown_file() {
	local pid
	if [[ -e ${SCRATCH:-}/docker/pid ]]; then
		pid=$(cat "$SCRATCH/docker/pid")
		kill "$pid"
		wait_until 15 test ! -e "/proc/$pid" || true
	fi
	engine_teardown
}

setup() {
	requires_engine jq
	STORE=$BATS_TEST_TMPDIR/store
	WORK=$BATS_TEST_TMPDIR
}

image() {
	"$IMAGE" --root "$STORE" "$@"
}

docker() {
	in_engine env DOCKER_CONFIG="$SCRATCH/docker" docker -H "unix://$SCRATCH/docker/sock" "$@"
}

podman() {
	in_engine podman --root "$SCRATCH/podman/root" --runroot "$SCRATCH/podman/run" --tmpdir "$SCRATCH/podman/tmp" \
		--events-backend none --cgroup-manager cgroupfs "$@"
}

ctr() {
	in_engine ctr -a "$SCRATCH/containerd.sock" "$@"
}

# exported FILE: the image of setup_file as hull exports it.
exported() {
	"$IMAGE" --root "$SCRATCH/base" export localhost/bb:1 "$1"
}

# runs NAME: a bundle of the image runs, as its configuration says.
runs() {
	image bundle --network none "$1" "$WORK/bundle"
	run "$HULL" --root "$WORK/state" run -b "$WORK/bundle" "$TAG-image"
	assert_status 0
	assert_equal "$output" "it runs"
	rm -rf "$WORK/bundle"
}

@test "skopeo: a layout, an archive, a docker archive, and the store itself" {
	requires_command skopeo
	exported "$WORK/out.tar"
	id=$("$IMAGE" --root "$SCRATCH/base" ls -q --no-trunc)
	for kind in oci: oci-archive: docker-archive:; do
		case $kind in
		oci:) target=oci:$WORK/layout:localhost/bb:2 ;;
		*) target=$kind$WORK/${kind%:}.tar:localhost/bb:2 ;;
		esac
		skopeo copy -q "oci-archive:$WORK/out.tar" "$target"
		rm -rf "$STORE"
		source=${target#"$kind"}
		image import -q "${source%:localhost/bb:2}"
		runs localhost/bb:2
		[[ $kind == docker-archive: ]] || assert_equal "$(image ls -q --no-trunc)" "$id"
	done
	skopeo inspect --config "oci:$SCRATCH/base:localhost/bb:1" | jq -e '.config.Labels.a == "b"'
	skopeo inspect "docker-archive:$WORK/out.tar:localhost/bb:1" | jq -e '.Labels.a == "b"'
	skopeo copy -q "oci:$SCRATCH/base:localhost/bb:1" "dir:$WORK/dir"
}

@test "skopeo: zstd and many compressions of one image share the unpacked layer" {
	requires_command skopeo
	exported "$WORK/out.tar"
	for format in gzip zstd; do
		skopeo copy -q --dest-compress --dest-compress-format "$format" "oci-archive:$WORK/out.tar" "oci:$WORK/$format:x/$format:1"
		image import -q "$WORK/$format"
		runs "x/$format:1"
	done
	assert_equal "$(find "$STORE/layers" -mindepth 2 -maxdepth 2 -type d | wc -l)" 1
	image check --deep
}

@test "umoci: unpacks from the store, and its layouts are imported" {
	requires_command umoci skopeo
	umoci ls --layout "$SCRATCH/base" | grep -q bb
	exported "$WORK/out.tar"
	skopeo copy -q "oci-archive:$WORK/out.tar" "oci:$WORK/layout:bb"
	umoci unpack --image "$WORK/layout:bb" "$WORK/u"
	echo changed >"$WORK/u/rootfs/etc/changed"
	rm "$WORK/u/rootfs/bin/ls"
	umoci repack --image "$WORK/layout:changed" "$WORK/u"
	umoci config --image "$WORK/layout:changed" --config.cmd sh --config.cmd -c --config.cmd 'cat /etc/changed; test -e /bin/ls || echo gone'
	umoci rm --image "$WORK/layout:bb"
	image import -q -t umoci "$WORK/layout"
	image bundle --network none umoci "$WORK/bundle"
	run "$HULL" --root "$WORK/state" run -b "$WORK/bundle" "$TAG-image"
	assert_equal "$output" $'changed\ngone'
	# the same files as umoci's own
	image unpack --network none umoci "$WORK/flat"
	diff -r --no-dereference "$WORK/u/rootfs" "$WORK/flat/rootfs"
}

@test "podman: saves in both formats, loads what hull exports" {
	requires_command podman
	exported "$WORK/out.tar"
	podman load -q -i "$WORK/out.tar"
	podman inspect --format '{{.Id}}' localhost/bb:1
	assert_equal "sha256:$(podman inspect --format '{{.Id}}' localhost/bb:1)" "$("$IMAGE" --root "$SCRATCH/base" ls -q --no-trunc)"
	for format in docker-archive oci-archive oci-dir; do
		rm -rf "$STORE"
		podman save -q --format "$format" -o "$WORK/$format" localhost/bb:1
		image import -q -t again:1 "$WORK/$format"
		runs again:1
	done
}

@test "docker: saves, loads what hull exports" {
	requires_command dockerd docker
	exported "$WORK/out.tar"
	docker load -q -i "$WORK/out.tar" | grep -q 'Loaded image: localhost/bb:1'
	assert_equal "$(docker inspect --format '{{.Id}}' localhost/bb:1)" "$("$IMAGE" --root "$SCRATCH/base" ls -q --no-trunc)"
	docker import "$SCRATCH/second.tar" second:1
	docker save localhost/bb:1 second:1 >"$WORK/saved.tar"
	image import -q "$WORK/saved.tar"
	runs localhost/bb:1
	image inspect second:1 >/dev/null
	docker save localhost/bb:1 | image import -q -
	assert_equal "$(image ls -q | wc -l)" 2
	image check --deep
}

@test "containerd: exports, imports what hull exports" {
	requires_command containerd ctr
	exported "$WORK/out.tar"
	ctr images import "$WORK/out.tar"
	ctr images ls -q | grep -qx localhost/bb:1
	ctr images export "$WORK/ctr.tar" localhost/bb:1
	image import -q "$WORK/ctr.tar"
	runs localhost/bb:1
}
