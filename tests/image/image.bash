# shellcheck shell=bash
#
# What the tests of hull-image share. In a test file:
#
#	load ../helpers/common
#	load image
#	setup() { setup_image; }
#	teardown() { teardown_scratch; }
#
# After setup_image:
#	IMAGE    the program under test
#	STORE    a store of this test's own, not there yet; `image …` works on it
#	WORK     a directory for sources

IMAGE=${IMAGE:-${HULL%/*}/hull-image}
FAULTY=${FAULTY:-$TOP/build/faults/hull-image}

setup_image() {
	setup_scratch
	STORE=$SCRATCH/store
	WORK=$SCRATCH/work
	mkdir "$WORK"
}

image() {
	"$IMAGE" --root "$STORE" "$@"
}

# --- images made by hand: nothing but tar, sha256sum and jq ---------------------------------------------

# tree DIR [PATH=CONTENT...]: files with their parents.
tree() {
	local dir=$1 item
	shift
	mkdir -p "$dir"
	for item; do
		mkdir -p "$dir/$(dirname "${item%%=*}")"
		printf %s "${item#*=}" >"$dir/${item%%=*}"
	done
}

# layer_tar DIR FILE: a plain tar of DIR that is the same each time.
layer_tar() {
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf "$2" .
}

digest_of() {
	echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"
}

# layout DIR: an empty image layout.
layout() {
	mkdir -p "$1/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	echo '{"schemaVersion":2,"manifests":[]}' >"$1/index.json"
}

# add_blob DIR FILE: FILE as a blob of the layout; its digest.
add_blob() {
	local digest
	digest=$(digest_of "$2")
	cp "$2" "$1/blobs/sha256/${digest#*:}"
	echo "$digest"
}

# descriptor MEDIATYPE FILE [FILTER]: a descriptor of FILE, edited by a jq filter.
descriptor() {
	jq -nc --arg type "$1" --arg digest "$(digest_of "$2")" --argjson size "$(stat -c %s "$2")" \
		"{mediaType: \$type, digest: \$digest, size: \$size} ${3:+| $3}"
}

OCI=application/vnd.oci.image

# add_manifest DIR CONFIGFILTER COMPRESS TAR...: blobs of an image in the layout, not named yet. Sets MANIFEST
# to the file of its manifest. COMPRESS is none, gzip or zstd.
add_manifest() {
	local dir=$1 filter=$2 compress=$3 tar layers='[]' ids='[]' suffix='' blob
	shift 3
	for tar; do
		blob=$WORK/blob
		case $compress in
		none) cp "$tar" "$blob" ;;
		gzip) gzip -nc "$tar" >"$blob" ;;
		zstd) zstd -qc "$tar" >"$blob" ;;
		esac
		[[ $compress == none ]] || suffix=+$compress
		add_blob "$dir" "$blob" >/dev/null
		layers=$(jq -c ". + [$(descriptor "$OCI.layer.v1.tar$suffix" "$blob")]" <<<"$layers")
		ids=$(jq -c --arg id "$(digest_of "$tar")" '. + [$id]' <<<"$ids")
	done
	jq -nc --argjson ids "$ids" "{architecture: \"amd64\", os: \"linux\", created: \"2024-01-02T03:04:05Z\",
		config: {Cmd: [\"sh\"]}, rootfs: {type: \"layers\", diff_ids: \$ids},
		history: [\$ids[] | {created: \"2024-01-02T03:04:05Z\", created_by: \"COPY . /\"}]} ${filter:+| $filter}" >"$WORK/config"
	add_blob "$dir" "$WORK/config" >/dev/null
	MANIFEST=$WORK/manifest
	jq -nc --argjson config "$(descriptor "$OCI.config.v1+json" "$WORK/config")" --argjson layers "$layers" \
		"{schemaVersion: 2, mediaType: \"$OCI.manifest.v1+json\", config: \$config, layers: \$layers}" >"$MANIFEST"
	add_blob "$dir" "$MANIFEST" >/dev/null
}

# name_manifest DIR NAME [FILTER]: MANIFEST as an entry of the layout's index; NAME "": without a name.
name_manifest() {
	local entry
	entry=$(descriptor "$OCI.manifest.v1+json" "$MANIFEST" \
		"(if \"$2\" == \"\" then . else .annotations = {\"org.opencontainers.image.ref.name\": \"$2\"} end) ${3:+| $3}")
	jq -c ".manifests += [$entry]" "$1/index.json" >"$1/index.json.new" && mv "$1/index.json.new" "$1/index.json"
}

# simple_layout DIR NAME [COUNT [COMPRESS]]: an image of COUNT layers (1) that differ by NAME and place.
simple_layout() {
	local dir=$1 name=$2 count=${3:-1} compress=${4:-gzip} i tars=()
	[[ -d $dir ]] || layout "$dir"
	for ((i = 0; i < count; i++)); do
		rm -rf "$WORK/tree"
		tree "$WORK/tree" "etc/$i=$name $i" "etc/name=$name $i"
		layer_tar "$WORK/tree" "$WORK/$i.tar"
		tars+=("$WORK/$i.tar")
	done
	add_manifest "$dir" "" "$compress" "${tars[@]}"
	name_manifest "$dir" "$name"
}

# busybox_layout DIR NAME [FILTER]: an image that can run, its configuration edited.
busybox_layout() {
	[[ -d $1 ]] || layout "$1"
	rm -rf "$WORK/busybox"
	rootfs "$WORK/busybox"
	layer_tar "$WORK/busybox" "$WORK/busybox.tar"
	add_manifest "$1" "${3:-}" gzip "$WORK/busybox.tar"
	name_manifest "$1" "$2"
}

# docker_archive FILE NAME TAR...: as `docker save` of before 25 wrote it; NAME "": untagged.
docker_archive() {
	local file=$1 name=$2 dir=$WORK/docker ids='[]' paths='[]' tar hex
	shift 2
	rm -rf "$dir" && mkdir "$dir"
	for tar; do
		hex=$(digest_of "$tar")
		ids=$(jq -c --arg id "$hex" '. + [$id]' <<<"$ids")
		hex=${hex#*:}
		mkdir -p "$dir/$hex"
		cp "$tar" "$dir/$hex/layer.tar"
		paths=$(jq -c --arg path "$hex/layer.tar" '. + [$path]' <<<"$paths")
	done
	jq -nc --argjson ids "$ids" '{architecture: "amd64", os: "linux", config: {Cmd: ["sh"], Volumes: null},
		rootfs: {type: "layers", diff_ids: $ids}}' >"$dir/config"
	hex=$(digest_of "$dir/config")
	mv "$dir/config" "$dir/${hex#*:}.json"
	jq -nc --arg config "${hex#*:}.json" --arg name "$name" --argjson paths "$paths" \
		'[{Config: $config, RepoTags: (if $name == "" then null else [$name] end), Layers: $paths}]' >"$dir/manifest.json"
	tar -C "$dir" -cf "$file" .
}

# --- what must hold ------------------------------------------------------------------------------------

# Nothing in the store but what images need.
assert_no_garbage() {
	image check --quiet || return
	[[ $(image df --format '{{.Type}} {{.TotalCount}}' | sed -n 's/^Garbage //p') == 0 ]] || {
		image df >&2
		find "$STORE" -path '*/diff' -prune -o -print >&2
		return 1
	}
}

# Paths of the unpacked layers.
layers() {
	find "$STORE/layers" -mindepth 2 -maxdepth 2 -type d | sort
}

# A program that ended by a signal is no failure of the tests that send it.
killed() {
	"$@" >/dev/null 2>&1 || true
}

# costs_at_most MICROSECONDS COMMAND…: some run of it costs no more processor time than that (which unlike the
# clock does not count what the machine does besides). A machine has slow spells: it is tried for half a minute.
costs_at_most() {
	local limit=$1 used best=1000000000 end=$((SECONDS + 30))
	shift
	while ((best > limit && SECONDS < end)); do
		used=$(
			TIMEFORMAT='%3U %3S'
			{ time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ printf "%d", ($1 + $2) * 1000000 }'
		)
		((used >= best)) || best=$used
	done
	echo "$best microseconds at best" >&2
	((best <= limit))
}
