# shellcheck shell=bash
# shellcheck disable=SC2154 # status, output: of bats; SCRATCH, TOP, HULL: of common.bash
#
# A place of a test file's own for containers of images with networks: a network namespace with lo, and a mount
# namespace with an empty /run/hull, held by a sleeping process. Stores are in it too, on a tmpfs, because a
# writable layer needs a file system that can carry one, whatever the scratch directory is on.
#
#	setup_file() { place_setup; image import --quiet --tag web:1 "$PLACE/root"; }
#	teardown_file() { place_teardown; }

place_setup() {
	setup_scratch
	[[ $EUID -eq 0 ]] || return 0
	PLACE=$SCRATCH/place
	mkdir "$PLACE"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m -n --propagation private sh -c '
		set -e
		mount -t tmpfs place "$1"
		mkdir -p /run/hull
		mount -t tmpfs -o mode=700 place /run/hull
		ip link set lo up
		touch "$1/ready"
		exec sleep infinity' place "$PLACE" </dev/null >"$SCRATCH/place.log" 2>&1 3>&- &
	PLACE_PID=$!
	disown
	export PLACE PLACE_PID
	wait_until 10 test -e "/proc/$PLACE_PID/root$PLACE/ready" || {
		cat "$SCRATCH/place.log" >&2
		return 1
	}
	in_place "$TOP/tests/helpers/rootfs" "$PLACE/root"
	in_place sh -c "mkdir -p '$PLACE/root/srv' '$PLACE/root/data' &&
		echo 'from the image' >'$PLACE/root/srv/index.html' && echo seed >'$PLACE/root/data/seed'"
}

in_place() {
	nsenter -t "$PLACE_PID" -m -n -- "$@" 3>&-
}

image() {
	in_place "$HULL" image --root "$PLACE/images" "$@"
}

container() {
	in_place "$HULL" container --store "$PLACE/containers" --run "$PLACE/run" --root "$PLACE/state" \
		--images "$PLACE/images" --volumes "$PLACE/volumes" "$@"
}

# Every container of the file's store.
place_empty() {
	local ids
	mapfile -t ids < <(container ps -aq 2>/dev/null)
	[[ ${#ids[@]} -eq 0 ]] || container rm -f "${ids[@]}" >/dev/null 2>&1 || true
}

place_teardown() {
	if [[ -n ${PLACE_PID:-} ]]; then
		place_empty
		kill -KILL "$PLACE_PID" 2>/dev/null || true
	fi
	teardown_scratch
}

# page PORT: what a visitor of the place gets there, empty when nobody answers. By bash: a static busybox of the host
# cannot be trusted with the host's name service.
page() {
	# shellcheck disable=SC2016 # for the inner shell
	in_place timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET / HTTP/1.0\r\n\r\n" >&3 &&
		sed "1,/^\r\$/d" <&3' page "$1" 2>/dev/null || true
}

page_is() {
	[[ $(page "$1") == "$2" ]]
}
