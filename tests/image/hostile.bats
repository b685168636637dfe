#!/usr/bin/env bats
# Images made to harm, and such as are merely broken: one clear line, nothing half-published, the next import
# works.

load ../helpers/common
load image

setup() {
	requires_root
	setup_image
	simple_layout "$WORK/good" good:1 2
}
teardown() { teardown_scratch; }

# refused STATUS WORDS SOURCE [OPTIONS...]: importing ends so, in one line, and leaves nothing.
refused() {
	local want=$1 words=$2 source=$3
	shift 3
	run image import --quiet "$@" "$source"
	assert_status "$want" || return
	assert_output_has "$words" || return
	[[ $(wc -l <<<"$output") -eq 1 && $output == Error:\ * ]] || {
		echo "not one line: $output" >&2
		return 1
	}
	assert_equal "$(image ls -q)" "" || return
	assert_equal "$(layers)" "" || return
	assert_no_garbage
}

# works: a good image still does.
works() {
	image import -q "$WORK/good"
	image check --deep
	image rm good:1
	assert_no_garbage
}

# with_manifest FILTER: the good layout with its manifest edited; its digest is right.
with_manifest() {
	rm -rf "$WORK/bad"
	cp -r "$WORK/good" "$WORK/bad"
	jq -c "$1" "$MANIFEST" >"$WORK/edited"
	add_blob "$WORK/bad" "$WORK/edited" >/dev/null
	jq -c ".manifests[0] |= (.digest = \"$(digest_of "$WORK/edited")\" | .size = $(stat -c %s "$WORK/edited"))" \
		"$WORK/good/index.json" >"$WORK/bad/index.json"
}

# with_config FILTER
with_config() {
	jq -c "$1" "$WORK/config" >"$WORK/edited-config"
	with_manifest ".config.digest = \"$(digest_of "$WORK/edited-config")\" | .config.size = $(stat -c %s "$WORK/edited-config")"
	add_blob "$WORK/bad" "$WORK/edited-config" >/dev/null
}

# with_index FILTER
with_index() {
	rm -rf "$WORK/bad"
	cp -r "$WORK/good" "$WORK/bad"
	jq -c "$1" "$WORK/good/index.json" >"$WORK/bad/index.json"
}

@test "bytes that are not what the digest says" {
	for which in manifest config layer; do
		rm -rf "$WORK/bad"
		cp -r "$WORK/good" "$WORK/bad"
		case $which in
		manifest) hex=$(digest_of "$MANIFEST") ;;
		config) hex=$(jq -r .config.digest "$MANIFEST") ;;
		layer) hex=$(jq -r '.layers[1].digest' "$MANIFEST") ;;
		esac
		file=$WORK/bad/blobs/sha256/${hex#*:}
		# the last byte but some: gzip's own sum stands there
		printf '\x5a' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 12)) conv=notrunc status=none
		refused 6 "${hex#*:}" "$WORK/bad"
		truncate -s -1 "$file"
		refused 6 "bytes, not" "$WORK/bad"
		rm "$file"
		refused 3 "${hex#*:}" "$WORK/bad"
	done
	works
}

@test "a layer that is not the one of the configuration" {
	with_config '.rootfs.diff_ids = (.rootfs.diff_ids | reverse)'
	refused 6 "sha256:" "$WORK/bad"
	with_config '.rootfs.diff_ids |= .[1:]'
	refused 1 "2 layers, the configuration 1 diff_ids" "$WORK/bad"
	with_config '.rootfs.type = "tree"'
	refused 1 'not "layers"' "$WORK/bad"
	with_config '.rootfs.diff_ids[0] = "sha256:../../../../etc/passwd"'
	refused 1 "no digest" "$WORK/bad"
	works
}

@test "manifests that are none, or two things at once" {
	with_manifest '.manifests = []'
	refused 1 "read as an index" "$WORK/bad"
	with_manifest '.mediaType = "application/vnd.oci.image.index.v1+json"'
	refused 1 "mediaType" "$WORK/bad"
	with_manifest '.layers[0].size = -1'
	refused 1 "size" "$WORK/bad"
	with_manifest '.layers[0].size = 9007199254740992'
	refused 6 "bytes, not" "$WORK/bad"
	with_manifest '.layers[0].digest = "sha256:/../../x"'
	refused 1 "no digest" "$WORK/bad"
	with_manifest '.layers[0].digest = "sha256:" + ("A" * 64)'
	refused 1 "no digest" "$WORK/bad"
	with_manifest '.layers = [range(501) as $i | .layers[0]]'
	refused 1 "more than 500" "$WORK/bad"
	with_manifest '.layers[0].mediaType += "+encrypted"'
	refused 1 "encrypted" "$WORK/bad"
	with_manifest '.layers[0].mediaType = "text/plain"'
	refused 1 "unknown type" "$WORK/bad"
	with_manifest '.config.mediaType = "application/vnd.cncf.helm.config.v1+json"'
	refused 1 "artifact" "$WORK/bad"
	with_manifest 'del(.layers)'
	refused 1 "layers" "$WORK/bad"
	with_manifest '[.]'
	refused 1 "must be an object" "$WORK/bad"
	works
}

@test "an index in a circle, too deep, or of nothing" {
	# an index that names itself cannot be made; one chain that is too long can
	with_index '.'
	for depth in 1 2 3 4 5 6; do
		cp "$WORK/bad/index.json" "$WORK/inner"
		add_blob "$WORK/bad" "$WORK/inner" >/dev/null
		jq -nc --argjson d "$(descriptor "$OCI.index.v1+json" "$WORK/inner")" '{schemaVersion: 2, manifests: [$d]}' >"$WORK/bad/index.json"
	done
	refused 1 "too many indexes" "$WORK/bad"
	with_index '.manifests = []'
	refused 3 "has no image" "$WORK/bad"
	with_index '.manifests[0].mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws"'
	refused 1 "schema 1" "$WORK/bad"
	with_index '.layers = []'
	refused 1 "read as a manifest" "$WORK/bad"
	with_index '.manifests[0].platform = {os: "windows", architecture: "amd64"} | .manifests += [.manifests[0]]'
	refused 3 "no image for linux" "$WORK/bad"
	works
}

@test "documents that are no JSON, too large, or nested too deeply" {
	with_index '.'
	echo '{"manifests": [' >"$WORK/bad/index.json"
	refused 1 "index.json" "$WORK/bad"
	printf '{"manifests":%s%s}' "$(printf '[%.0s' {1..2000})" "$(printf ']%.0s' {1..2000})" >"$WORK/bad/index.json"
	refused 1 "index.json" "$WORK/bad"
	truncate -s 5M "$WORK/bad/index.json"
	refused 1 "more than" "$WORK/bad"
	printf '{"manifests":[],"manifests":[]}' >"$WORK/bad/index.json"
	refused 1 "index.json" "$WORK/bad"
	: >"$WORK/bad/index.json"
	refused 1 "index.json" "$WORK/bad"
	works
}

@test "a layer elsewhere is not fetched" {
	with_manifest '.layers[0] |= (.digest = "sha256:" + ("0" * 64) | .urls = ["https://example.com/x"])'
	refused 3 "which hull does not follow" "$WORK/bad"
	works
}

@test "a layer that leaves its root, and archives that do" {
	mkdir "$WORK/evil"
	echo x >"$WORK/evil/x"
	tar -C "$WORK/evil" --transform 's,x,../../../escaped,' -P -cf "$WORK/evil.tar" x
	layout "$WORK/bad"
	add_manifest "$WORK/bad" "" gzip "$WORK/evil.tar"
	name_manifest "$WORK/bad" evil:1
	run image import -q "$WORK/bad"
	assert_status 6
	refused 6 "" "$WORK/evil.tar"
	[[ ! -e $SCRATCH/escaped ]]
	works
}

@test "what is no image at all" {
	refused 3 "no such file" "$WORK/nothing"
	: >"$WORK/empty"
	refused 1 "empty" "$WORK/empty"
	head -c 100000 /dev/urandom >"$WORK/noise"
	refused 6 "noise" "$WORK/noise"
	echo "just a line of text" >"$WORK/text"
	refused 6 "text" "$WORK/text"
	printf '\x1f\x8b\x08\x00garbage' >"$WORK/gz"
	refused 6 "gz" "$WORK/gz"
	tar -C "$WORK/good" -cf "$WORK/cut.tar" .
	truncate -s -3000 "$WORK/cut.tar"
	run image import -q "$WORK/cut.tar"
	[[ $status -ne 0 ]]
	run image import -q - </dev/null
	assert_status 1
	image prune -f
	works
}

@test "no digest of a document becomes a path" {
	tree "$WORK/t" a=1
	layer_tar "$WORK/t" "$WORK/a.tar"
	docker_archive "$WORK/d.tar" x:1 "$WORK/a.tar"
	for config in ../../../../etc/passwd /etc/passwd "" .; do
		jq -c --arg c "$config" '.[0].Config = $c' "$WORK/docker/manifest.json" >"$WORK/m"
		cp "$WORK/m" "$WORK/docker/manifest.json"
		run image import -q "$WORK/docker"
		[[ $status -ne 0 ]]
		[[ $output != *root:x* ]]
	done
	assert_equal "$(image ls -q)" ""
}

@test "labels and annotations of an image steer nothing" {
	with_config '.config.Labels = {"org.hull.rootfs": "/", "run.oci.handler": "x", "mine": "y"}'
	jq -c '.manifests[0].annotations += {"org.hull.image.id": "sha256:'"$(printf '0%.0s' {1..64})"'", "org.hull.image.size": "1"}' \
		"$WORK/bad/index.json" >"$WORK/i" && mv "$WORK/i" "$WORK/bad/index.json"
	image import -q "$WORK/bad"
	assert_equal "$(image ls -q --no-trunc)" "$(digest_of "$WORK/edited-config")"
	image bundle --network none good:1 "$SCRATCH/b"
	jq -e '.annotations | (.mine == "y") and (has("org.hull.rootfs") or has("run.oci.handler") | not)' "$SCRATCH/b/config.json"
}

@test "a terminal's control characters are not passed on" {
	with_config '.history[0].created_by = "a\u001b[2Jb" | .config.Labels = {"x": "\u001b]0;t\u0007"}'
	image import -q "$WORK/bad"
	image tag good:1 other
	for command in "history good:1" "ls" "inspect good:1" "tree" "history --format {{.CreatedBy}} good:1"; do
		# shellcheck disable=SC2086 # words
		run image $command
		assert_status 0
		[[ $command == *format* || $output != *$'\033'* ]]
	done
}

@test "one image does not fill the table of all" {
	with_config '.created = ("2" * 3000000) | .history = []'
	image import -q "$WORK/bad"
	with_config '.created = ("3" * 3000000) | .history = []'
	image import -q --tag good:2 "$WORK/bad"
	assert_equal "$(image ls -q | wc -l)" 2
	[[ $(stat -c %s "$STORE/index.json") -lt 10000 ]]
	with_config '.os = ("x" * 3000000)'
	run image import -q "$WORK/bad"
	assert_status 1
	assert_output_has "platform"
	image rm good:1 good:2
	tree "$WORK/t" a=1
	layer_tar "$WORK/t" "$WORK/a.tar"
	docker_archive "$WORK/d.tar" x:1 "$WORK/a.tar"
	jq -c '.[0].RepoTags = [range(2000) | "x:\(.)"]' "$WORK/docker/manifest.json" >"$WORK/m"
	cp "$WORK/m" "$WORK/docker/manifest.json"
	run image import -q "$WORK/docker"
	assert_status 1
	assert_output_has "2000 names"
	image prune -f
	works
}

@test "an archive that says to be larger than it is" {
	printf 'oci-layout' >"$WORK/head"
	truncate -s 512 "$WORK/head"
	# mode, owners, a size of 2^62 in base 256, time, checksum, type
	python3 - "$WORK/head" <<-'END'
		import sys
		head = bytearray(open(sys.argv[1], "rb").read())
		for at in 100, 108, 116: head[at:at + 8] = b"0000644\0"
		head[124:136] = b"\x80" + (2**62).to_bytes(11, "big")
		head[136:148] = b"00000000000\0"
		head[156:157] = b"0"
		head[257:265] = b"ustar\x0000"
		head[148:156] = b" " * 8
		head[148:156] = b"%06o\0 " % sum(head)
		open(sys.argv[1], "wb").write(head)
	END
	run timeout 10 "$IMAGE" --root "$STORE" import -q "$WORK/head"
	assert_status 6
	assert_output_has "the archive ends within"
	# a file with holes is one of a root file system, whose size is another
	mkdir "$WORK/holes"
	truncate -s 10M "$WORK/holes/big"
	echo end >>"$WORK/holes/big"
	tar -C "$WORK/holes" -S -cf "$WORK/holes.tar" .
	image import -q -t holes "$WORK/holes.tar"
	image rm holes
	works
}

@test "names that an archive takes from another image are told" {
	simple_layout "$WORK/other" good:1
	image import -q "$WORK/good"
	run image import -q "$WORK/other"
	assert_status 0
	assert_output_has "had the name docker.io/library/good:1 before has none now"
	with_config '.os = "li\u001b[2Jnux" | .history = []'
	run image import --tag odd "$WORK/bad"
	assert_status 0
	[[ $output != *$'\033'* ]]
	assert_output_has "Warning: the image is for li\\x1b[2Jnux"
}
