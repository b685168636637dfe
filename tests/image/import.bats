#!/usr/bin/env bats
# hull image import and export: every form that images come in, and what may be wrong with them.

load ../helpers/common
load image

setup() {
	requires_root
	setup_image
}
teardown() { teardown_scratch; }

# content NAME PATH: of a file of the image, through a bundle's layers.
content() {
	local lower
	rm -rf "$SCRATCH/look"
	image bundle --network none "$1" "$SCRATCH/look" true >/dev/null || return
	while read -r lower; do
		[[ ! -e $lower/$2 ]] || {
			cat "$lower/$2"
			break
		}
	done < <(jq -r '.lower[]' "$SCRATCH/look/hull-rootfs.json")
	rm -rf "$SCRATCH/look"
}

@test "an OCI layout directory" {
	simple_layout "$WORK/l" app:1 3
	run image import "$WORK/l"
	assert_status 0
	assert_output_has "Loaded image: app:1"
	run image ls --format '{{.Repository}} {{.Tag}}'
	assert_equal "$output" "app 1"
	assert_equal "$(content app:1 etc/name)" "app:1 2"
	assert_equal "$(layers | wc -l)" 3
	assert_no_garbage
}

@test "compression: none, gzip, zstd; the media type does not matter" {
	requires_command zstd
	simple_layout "$WORK/none" none:1 2 none
	simple_layout "$WORK/gzip" gzip:1 2 gzip
	simple_layout "$WORK/zstd" zstd:1 2 zstd
	for kind in none gzip zstd; do
		image import -q "$WORK/$kind"
		assert_equal "$(content $kind:1 etc/0)" "$kind:1 0"
	done
	# said to be gzip, is none
	sed -i 's/+zstd//g' "$WORK/manifest"
	layout "$WORK/lie"
	cp "$WORK"/zstd/blobs/sha256/* "$WORK/lie/blobs/sha256/"
	add_blob "$WORK/lie" "$WORK/manifest"
	name_manifest "$WORK/lie" lie:1
	image import -q "$WORK/lie"
	assert_equal "$(content lie:1 etc/0)" "zstd:1 0"
}

@test "an OCI archive: plain, gzip, zstd, from standard input" {
	simple_layout "$WORK/l" app:1 2
	tar -C "$WORK/l" -cf "$WORK/a.tar" .
	# blobs before the documents that name them, and the other way round
	tar -C "$WORK/l" -cf "$WORK/b.tar" blobs index.json oci-layout
	for file in a b; do
		image import -q -t "$file:1" "$WORK/$file.tar"
		gzip -c "$WORK/$file.tar" | image import -q -t "$file:gz" -
		image import -q -t "$file:pipe" - <"$WORK/$file.tar"
		image import -q -t "$file:cat" - < <(cat "$WORK/$file.tar")
	done
	assert_equal "$(image ls -q | sort -u | wc -l)" 1
	assert_equal "$(image ls -q | wc -l)" 8
	assert_no_garbage
}

@test "an archive of docker save, its duplicates as links" {
	tree "$WORK/t" a=1
	layer_tar "$WORK/t" "$WORK/a.tar"
	docker_archive "$WORK/d.tar" some/app:2 "$WORK/a.tar"
	run image import "$WORK/d.tar"
	assert_output_has "Loaded image: some/app:2"
	assert_equal "$(content some/app:2 a)" 1

	# the same layer twice: the second is a symlink to the first
	docker_archive "$WORK/d.tar" twice:1 "$WORK/a.tar"
	dir=$WORK/docker
	hex=$(digest_of "$WORK/a.tar")
	mkdir "$dir/other"
	ln -s "../${hex#*:}/layer.tar" "$dir/other/layer.tar"
	config=$(jq -r '.[0].Config' "$dir/manifest.json")
	jq '.rootfs.diff_ids += .rootfs.diff_ids' "$dir/$config" >"$dir/new.json"
	jq -c '.[0].Config = "new.json" | .[0].Layers += ["other/layer.tar"]' "$dir/manifest.json" >"$dir/m" && mv "$dir/m" "$dir/manifest.json"
	for source in "$dir" "$WORK/d2.tar"; do
		tar -C "$dir" -cf "$WORK/d2.tar" .
		image import -q "$source"
		assert_equal "$(content twice:1 a)" 1
		image rm twice:1
	done
	image rm some/app:2
	assert_no_garbage
}

@test "links of an archive lead nowhere but into it" {
	tree "$WORK/t" a=1
	layer_tar "$WORK/t" "$WORK/a.tar"
	docker_archive "$WORK/d.tar" x:1 "$WORK/a.tar"
	dir=$WORK/docker
	path=$(jq -r '.[0].Layers[0]' "$dir/manifest.json")
	cp "$WORK/a.tar" "$SCRATCH/outside.tar"
	for target in "$SCRATCH/outside.tar" "../../../..$SCRATCH/outside.tar" loop; do
		rm "$dir/$path"
		[[ $target == loop ]] && target=layer.tar
		ln -s "$target" "$dir/$path"
		tar -C "$dir" -cf "$WORK/d.tar" .
		for source in "$dir" "$WORK/d.tar"; do
			run image import "$source"
			[[ $status -ne 0 ]]
		done
	done
	mkfifo "$WORK/fifo"
	rm "$dir/$path"
	mkfifo "$dir/$path"
	run timeout 10 "$IMAGE" --root "$STORE" import "$dir"
	[[ $status -ne 0 && $status -ne 124 ]]
	image prune -f
	assert_no_garbage
}

@test "a root file system: tar, compressed tar, directory, standard input" {
	tree "$WORK/t" bin/prog=x etc/passwd=root:x:0:0::/root:/bin/sh
	layer_tar "$WORK/t" "$WORK/a.tar"
	gzip -k "$WORK/a.tar"
	image import -q -t root:tar -c 'CMD ["/bin/prog"]' -c 'ENV A=1 B=2' -c "WORKDIR /etc" -m words "$WORK/a.tar"
	image import -q -t root:gz "$WORK/a.tar.gz"
	image import -q -t root:dir "$WORK/t"
	image import -q -t root:pipe - < <(cat "$WORK/a.tar.gz")
	run image inspect --format '{{json .Config}}' root:tar
	assert_equal "$output" '{"Cmd":["/bin/prog"],"Env":["A=1","B=2"],"WorkingDir":"/etc"}'
	run image history --format '{{.Comment}}' root:tar
	assert_equal "$output" words
	for tag in tar gz dir pipe; do
		assert_equal "$(content root:$tag bin/prog)" x
	done
	run image import -c 'RUN rm' "$WORK/a.tar"
	assert_status 1
	assert_output_has "RUN is not a valid change command"
	assert_no_garbage
}

@test "the best image for a platform is taken" {
	layout "$WORK/l"
	for platform in linux/arm64 linux/amd64 linux/arm/v7 linux/arm/v6; do
		IFS=/ read -r os arch variant <<<"$platform"
		tree "$WORK/t-$arch$variant" "is=$platform"
		layer_tar "$WORK/t-$arch$variant" "$WORK/x.tar"
		filter=".os = \"$os\" | .architecture = \"$arch\""
		entry=".platform = {os: \"$os\", architecture: \"$arch\"}"
		[[ -z $variant ]] || {
			filter+=" | .variant = \"$variant\""
			entry+=" | .platform.variant = \"$variant\""
		}
		add_manifest "$WORK/l" "$filter" gzip "$WORK/x.tar"
		name_manifest "$WORK/l" "" "$entry"
	done
	cp "$WORK/l/index.json" "$WORK/index"
	add_blob "$WORK/l" "$WORK/index"
	jq -nc --argjson d "$(descriptor "$OCI.index.v1+json" "$WORK/index")" \
		'{schemaVersion: 2, manifests: [$d + {annotations: {"org.opencontainers.image.ref.name": "multi:1"}}]}' >"$WORK/l/index.json"
	for wanted in arm64=linux/arm64 linux/arm=linux/arm/v7 linux/arm/v6=linux/arm/v6 linux/amd64/v3=linux/amd64 \
		linux/arm64/v9=linux/arm64; do
		image import -q --platform "${wanted%%=*}" "$WORK/l"
		assert_equal "$(content multi:1 is)" "${wanted#*=}"
		image inspect multi:1 | jq -e --arg d "multi@$(digest_of "$WORK/index")" '.[0].RepoDigests == [$d]'
	done
	run image import --platform linux/s390x "$WORK/l"
	assert_status 3
	assert_output_has "no image for linux/s390x (only linux/arm64"
	# the entries themselves in index.json, without a name: one image for several
	cp "$WORK/index" "$WORK/l/index.json"
	image import -q -t flat:1 --platform arm64 "$WORK/l"
	assert_equal "$(content flat:1 is)" linux/arm64
}

@test "names: of the source, of --tag, of containerd's annotation" {
	simple_layout "$WORK/l" 1.0
	run image import "$WORK/l"
	assert_output_has "Loaded image ID: sha256:" # a tag alone is no name
	image import -q -t quay.io/x/y "$WORK/l"
	name_manifest "$WORK/l" 2.0
	run image import -t a:b "$WORK/l"
	assert_status 1
	assert_output_has "has several images"
	image import -q -t several "$WORK/l"
	run image ls --format '{{.Repository}}:{{.Tag}}' 'several'
	assert_equal "$(sort <<<"$output" | tr '\n' ' ')" "several:1.0 several:2.0 "
	layout "$WORK/c"
	cp "$WORK"/l/blobs/sha256/* "$WORK/c/blobs/sha256/"
	name_manifest "$WORK/c" 3 '.annotations["io.containerd.image.name"] = "docker.io/library/named:3"'
	run image import "$WORK/c"
	assert_output_has "Loaded image: named:3"
	run image import -t 'UPPER' "$WORK/c"
	assert_status 1
	assert_output_has "must be lowercase"
}

@test "the same name for another image: the old one stays, without it" {
	simple_layout "$WORK/a" app:1
	image import -q "$WORK/a"
	old=$(image ls -q --no-trunc)
	tree "$WORK/t" other=2
	layer_tar "$WORK/t" "$WORK/x.tar"
	run image import -t app:1 "$WORK/x.tar"
	assert_status 0
	assert_output_has "app:1 before has none now"
	run image ls --no-trunc --filter dangling=true --format '{{.Repository}} {{.Tag}} {{.ID}}'
	assert_equal "$output" "<none> <none> $old"
	image prune -f
	assert_equal "$(image ls -q | wc -l)" 1
	assert_no_garbage
}

@test "the same image in another compression takes the place of the old one" {
	simple_layout "$WORK/a" app:1 2 gzip
	simple_layout "$WORK/b" app:1 2 none
	image import -q "$WORK/a"
	image import -q "$WORK/b"
	assert_equal "$(image ls -q | wc -l)" 1
	assert_equal "$(image ls --format '{{.Digest}}')" "$(digest_of "$MANIFEST")"
	image check --deep
	image prune -f
	assert_equal "$(content app:1 etc/0)" "app:1 0"
	assert_no_garbage
}

@test "what is exported is imported as the same, and is the same each time" {
	simple_layout "$WORK/l" app:1 2
	simple_layout "$WORK/l" app:2 1
	image import -q "$WORK/l"
	image tag app:1 localhost:5000/more:x
	image export app:1 localhost:5000/more:x app:2 "$WORK/out.tar"
	image export app:1 localhost:5000/more:x app:2 - >"$WORK/out2.tar"
	cmp "$WORK/out.tar" "$WORK/out2.tar"
	tar -xOf "$WORK/out.tar" manifest.json | jq -e '[.[].RepoTags] == [["app:1", "localhost:5000/more:x"], ["app:2"]]'
	before=$(image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Digest}}' | sort)
	STORE=$SCRATCH/second
	image import "$WORK/out.tar"
	assert_equal "$(image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Digest}}' | sort)" "$before"
	# by what docker reads of it, too
	mkdir "$WORK/x"
	tar -C "$WORK/x" -xf "$WORK/out.tar" --exclude oci-layout --exclude index.json
	STORE=$SCRATCH/third
	image import -q "$WORK/x"
	assert_equal "$(image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort)" "$(cut -d' ' -f1,2 <<<"$before")"
	run image export nothing:1 "$WORK/none.tar"
	assert_status 3
	[[ ! -e $WORK/none.tar ]]
}

@test "progress: bars on a terminal, lines elsewhere, nothing with --quiet" {
	simple_layout "$WORK/l" app:1 2
	run image import "$WORK/l"
	assert_output_has ": Unpacking"
	[[ $output != *$'\033'* ]]
	STORE=$SCRATCH/two
	run on_terminal "$IMAGE" --root "$STORE" import "$WORK/l"
	assert_output_has $'\033['
	assert_output_has "Loaded image: app:1"
	run on_terminal "$IMAGE" --root "$STORE" import -
	assert_output_has "not read from a terminal"
	STORE=$SCRATCH/three
	run image import --quiet "$WORK/l"
	assert_equal "$output" "$(image ls -q --no-trunc)"
}

@test "a second import of the same copies nothing and changes nothing" {
	simple_layout "$WORK/l" app:1 3
	image import -q "$WORK/l"
	before=$(find "$STORE/blobs" "$STORE/layers" -printf '%p %i %T@\n' | grep -v 'tmp\|sha256 \|lock\|blobs \|layers ' | sort)
	run image import "$WORK/l"
	assert_output_has "Already exists"
	assert_equal "$(find "$STORE/blobs" "$STORE/layers" -printf '%p %i %T@\n' | grep -v 'tmp\|sha256 \|lock\|blobs \|layers ' | sort)" "$before"
	assert_no_garbage
}
