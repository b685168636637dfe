#!/usr/bin/env bats
# hull image ls, inspect, history, tree, tag, rm, prune, df, check, repair: what people ask of a store.

load ../helpers/common
load image

setup() {
	requires_root
	setup_image
}
teardown() { teardown_scratch; }

two_images() {
	simple_layout "$WORK/l" app:1 3
	# shares the two lower layers of app:1
	tree "$WORK/t" new=1
	layer_tar "$WORK/t" "$WORK/new.tar"
	add_manifest "$WORK/l" '.created = "2024-05-05T00:00:00Z" | .config.Labels = {who: "me"}' gzip "$WORK/0.tar" "$WORK/1.tar" "$WORK/new.tar"
	name_manifest "$WORK/l" quay.io/team/app:2
	image import -q "$WORK/l"
}

@test "ls: columns, order, formats, filters" {
	run image ls
	assert_equal "$output" "REPOSITORY   TAG       IMAGE ID   CREATED   SIZE"
	two_images
	run image ls
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ ${lines[1]} =~ ^quay.io/team/app\ +2\ +[0-9a-f]{12}\ +.*ago\ +[0-9.]+kB$ ]]
	[[ ${lines[2]} =~ ^app\ +1\ +[0-9a-f]{12} ]]
	run image images --digests --no-trunc
	[[ ${lines[0]} =~ TAG\ +DIGEST\ +IMAGE ]]
	[[ ${lines[2]} == *sha256:????????????????????????????????????????????????????????????????*sha256:* ]]
	image ls -q | grep -qE '^[0-9a-f]{12}$'
	image ls --format json | jq -es 'length == 2 and .[0].Repository == "quay.io/team/app" and .[1].CreatedAt == "2024-01-02 03:04:05 +0000 UTC"'
	assert_equal "$(image ls --format '{{.Repository}}:{{.Tag}}' app)" app:1
	assert_equal "$(image ls --format '{{.Tag}}' 'quay.io/*/*')" 2
	assert_equal "$(image ls -q --filter reference='app:*' | wc -l)" 1
	assert_equal "$(image ls --format '{{.Tag}}' --filter label=who)" 2
	assert_equal "$(image ls --format '{{.Tag}}' --filter label=who=you)" ""
	assert_equal "$(image ls --format '{{.Tag}}' --filter before=quay.io/team/app:2)" 1
	assert_equal "$(image ls --format '{{.Tag}}' --filter since=app:1)" 2
	assert_equal "$(image ls -q --filter dangling=true)" ""
	run image ls --filter nonsense=1
	assert_status 1
	assert_output_has "invalid filter 'nonsense'"
	run image ls --format '{{.Nope}}'
	assert_status 1
	run image ls --format 'table {{.Repository}}\t{{.Tag}}'
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG$ ]]
}

@test "an image is found by its name, its id, the beginning of it, its digest" {
	two_images
	id=$(image ls -q --no-trunc app:1)
	digest=$(image ls --format '{{.Digest}}' app:1)
	for word in app:1 docker.io/library/app:1 library/app:1 "$id" "${id#*:}" "${id:7:12}" "${id:7:4}" "app@$digest" "app:9@$digest" "$digest"; do
		assert_equal "$(image inspect --format '{{.Id}}' "$word")" "$id"
	done
	for word in app app:2 nothing "sha256:$(printf 'f%.0s' {1..64})" zzzz "other@$digest"; do
		run image inspect "$word"
		assert_status 3
		assert_output_has "No such image: "
	done
	run image inspect 'A B'
	assert_status 1
	assert_output_has "invalid reference format"
}

@test "history and tree" {
	two_images
	run image history app:1
	[[ ${lines[0]} =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	assert_equal "${#lines[@]}" 4
	[[ ${lines[1]} =~ ^[0-9a-f]{12}\ .*ago\ +COPY\ .\ / ]]
	[[ ${lines[2]} == "<missing>"* ]]
	run image tree
	assert_output_has "shared with quay.io/team/app:2"
	assert_output_has "shared with app:1"
	assert_equal "$(image tree app:1 | grep -c shared)" 2
	assert_equal "$(layers | wc -l)" 4
}

@test "tag: a further name; it moves" {
	two_images
	image tag app:1 app:latest
	image tag app localhost/x/y:z
	assert_equal "$(image ls -q --no-trunc app:latest)" "$(image ls -q --no-trunc app:1)"
	image tag quay.io/team/app:2 app:latest
	assert_equal "$(image ls -q app:latest)" "$(image ls -q quay.io/team/app:2)"
	run image tag nothing x
	assert_status 3
	run image tag app:1 'UP'
	assert_status 1
	run image tag app:1 "x@sha256:$(printf 'f%.0s' {1..64})"
	assert_status 1
	image check
}

@test "rm: names, then the image; docker's words" {
	two_images
	image tag app:1 other:1
	id=$(image ls -q app:1)
	run image rm "$id"
	assert_status 4
	assert_equal "$output" "Error: conflict: unable to delete $id (must be forced) - image is referenced in multiple repositories"
	run image rm app:1
	assert_status 0
	[[ ${lines[0]} == "Untagged: app:1" ]]
	assert_equal "${#lines[@]}" 2
	run image rm other:1
	assert_output_has "Deleted: sha256:$id"
	# the two lower layers are the other image's, too
	assert_equal "$(grep -c Deleted: <<<"$output")" 2
	assert_equal "$(layers | wc -l)" 3
	run image rm nothing quay.io/team/app:2 nothing2
	assert_status 3
	assert_output_has "Untagged: quay.io/team/app:2"
	assert_output_has "No such image: nothing2:latest"
	assert_equal "$(layers)" ""
	assert_no_garbage
}

@test "rm -f of an id takes all names" {
	two_images
	image tag app:1 other:1
	run image rmi -f "$(image ls -q app:1)"
	assert_status 0
	assert_output_has "Untagged: app:1"
	assert_output_has "Untagged: other:1"
	assert_equal "$(image ls -q | wc -l)" 1
	assert_no_garbage
}

@test "rm is refused while a container is there, which is named; nothing breaks with force" {
	two_images
	id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	image bundle --network none --id "$id" app:1 "$SCRATCH/b"
	image_id=$(image ls -q app:1)
	run image rm app:1
	assert_status 4
	assert_equal "$output" "Error: conflict: unable to remove repository reference \"app:1\" (must force) - container 0123456789ab is using its referenced image $image_id"
	run image rm "$image_id"
	assert_status 4
	assert_equal "$output" "Error: conflict: unable to delete $image_id (must be forced) - image is being used by container 0123456789ab"
	image tag app:1 more:1
	image rm more:1
	image prune -a -f
	assert_equal "$(image ls -q)" "$image_id"
	image rm -f app:1
	while read -r lower; do [[ -d $lower ]]; done < <(jq -r '.lower[]' "$SCRATCH/b/hull-rootfs.json")
	image prune -a -f
	while read -r lower; do [[ -d $lower ]]; done < <(jq -r '.lower[]' "$SCRATCH/b/hull-rootfs.json")
	rm -rf "$SCRATCH/b"
	image prune -f
	assert_equal "$(layers)" ""
	assert_no_garbage
}

@test "prune asks; df tells what there is" {
	two_images
	image df --format json | jq -es '.[0].TotalCount == "2" and .[0].Type == "Images"'
	image df -v | grep -qE '^app:1 .*[0-9a-f]{12} '
	tree "$WORK/t2" x=1
	layer_tar "$WORK/t2" "$WORK/x.tar"
	image import -q -t app:1 "$WORK/x.tar"
	run image prune <<<"n"
	assert_status 0
	assert_output_has "remove all dangling images"
	assert_equal "$(image ls -q | wc -l)" 3
	run image prune <<<"y"
	assert_output_has "deleted: sha256:"
	assert_output_has "Total reclaimed space: "
	assert_equal "$(image ls -q | wc -l)" 2
	image prune -a -f
	assert_equal "$(image ls -q)" ""
	assert_equal "$(layers)" ""
}

@test "prune --filter: of those that would go, only the ones it names" {
	names() { image ls --format '{{.Repository}}:{{.Tag}}' | sort | paste -sd ,; }
	# app:1 of January 2024 without a label, quay.io/team/app:2 of May 2024 with who=me
	two_images
	image prune -f --filter until=1s
	image prune -a -f --filter until=2024-01-02T03:04:05Z
	image prune -a -f --filter label=who=you
	image prune -a -f --filter label=who --filter label!=who=me
	image prune -a -f --filter label=who --filter until=2024-02-01
	for filter in until=never dangling=true label!=; do
		run image prune -a -f --filter "$filter"
		assert_status 1
		assert_output_has "invalid filter '${filter%%=*}"
	done
	assert_equal "$(names)" app:1,quay.io/team/app:2
	run image prune -a --filter label!=who <<<"y"
	assert_output_has "untagged: app:1"
	assert_equal "$(names)" quay.io/team/app:2
	image check --deep
	image prune -a -f --filter label=who=me --filter until=24h
	assert_equal "$(names)" ""
	assert_equal "$(layers)" ""
}

@test "prune --filter: what a damaged image has is not known, and it stays" {
	two_images
	config=$(image inspect --format '{{.Id}}' app:1)
	rm "$STORE/blobs/sha256/${config#*:}"
	image prune -a -f --filter label!=who
	assert_equal "$(image ls --format '{{.Repository}}' | sort | paste -sd ,)" app,quay.io/team/app
	image prune -a -f --filter label=who
	assert_equal "$(image ls --format '{{.Repository}}')" app
	image prune -a -f --filter until=24h
	assert_equal "$(image ls -q)" ""
}

@test "check finds what is damaged, repair mends it, and the other image is untouched" {
	two_images
	image check --deep
	mapfile -t all < <(layers)
	# a file is cut, another is gone, an index is damaged, a directory is missing
	damage() { # FIND-ARGS... -- COMMAND...
		rm -rf "$SCRATCH/saved"
		cp -a "$STORE" "$SCRATCH/saved"
		eval "$1"
		run image check --deep
		assert_status 6 || return
		assert_output_has "$2" || return
		run image repair --deep
		assert_status 0 || return
		assert_output_has "unpacked again" || return
		image check --deep || return
		rm -rf "$STORE"
		mv "$SCRATCH/saved" "$STORE"
	}
	file=$(find "${all[0]}/diff" -type f | head -1)
	damage ": >'$file'; touch -d @0 '$file'" "has another size"
	damage "rm '$file'" "is not there"
	damage "touch '$file'" "has another time"
	damage "chmod 777 '$file'" "has another mode"
	damage "touch '${all[0]}/diff/more'" "files, not"
	damage "rm '${all[1]}/meta.json'" "is damaged"
	damage "echo x >'${all[1]}/index'" ""
	damage "rm -r '${all[1]}'" "is not unpacked"
	assert_equal "$(image ls -q | wc -l)" 2
}

@test "a damaged blob: the image runs, an import heals it" {
	two_images
	hex=$(jq -r '.layers[2].digest' "$MANIFEST")
	blob=$STORE/blobs/sha256/${hex#*:}
	chmod u+w "$blob"
	printf x | dd of="$blob" bs=1 seek=5 conv=notrunc status=none
	image check
	run image check --deep
	assert_status 6
	assert_output_has "quay.io/team/app:2: blob $hex"
	run image repair --deep
	assert_status 6
	assert_output_has "import the image again"
	image bundle --network none quay.io/team/app:2 "$SCRATCH/b"
	run image export quay.io/team/app:2 "$WORK/out"
	assert_status 3
	image import -q "$WORK/l"
	image check --deep
	image export quay.io/team/app:2 "$WORK/out"
}

@test "a damaged document harms its image and no other; it can be removed" {
	two_images
	hex=$(digest_of "$MANIFEST")
	echo '{' >"$STORE/blobs/sha256/${hex#*:}"
	run image check
	assert_status 6
	assert_output_has "quay.io/team/app:2: document"
	image inspect app:1 >/dev/null
	image bundle --network none app:1 "$SCRATCH/b"
	run image bundle --network none quay.io/team/app:2 "$SCRATCH/c"
	assert_status 6
	[[ ! -e $SCRATCH/c ]]
	image ls
	image history app:1
	image tree
	image df
	image import -q "$WORK/l"
	image check --deep
	echo '{' >"$STORE/blobs/sha256/${hex#*:}"
	image rm quay.io/team/app:2
	image prune -f
	image check --deep
	assert_no_garbage
}

@test "a damaged index.json is made anew out of the blobs" {
	two_images
	ids=$(image ls -q --no-trunc | sort)
	truncate -s 100 "$STORE/index.json"
	run image ls
	assert_status 6
	assert_output_has "hull image repair"
	run image prune -f
	assert_status 6
	run image repair
	assert_status 0
	assert_equal "$(image ls -q --no-trunc | sort)" "$ids"
	assert_equal "$(image ls --format '{{.Repository}}' | sort -u)" "<none>"
	image tag "${ids:7:12}" found:1
	image import -q "$WORK/l"
	image check --deep
	rm "$STORE/index.json"
	image repair
	assert_equal "$(image ls -q --no-trunc | sort)" "$ids"
}

@test "a store that others can write to is refused" {
	image ls
	chmod 777 "$STORE"
	run image ls
	assert_status 1
	assert_output_has "can be written by another user"
}

@test "statuses: usage 2, missing 3; --help and --version" {
	run image
	assert_status 0
	run image nonsense
	assert_status 2
	run image rm
	assert_status 2
	run image ls --nonsense
	assert_status 2
	run image import a b c
	assert_status 2
	run image --version
	assert_output_has "hull-image version"
	run "$HULL" image --root "$STORE" ls
	assert_status 0
}

@test "ls of 100 images takes at most 5 milliseconds" {
	[[ $IMAGE != */asan/* ]] || skip "sanitizers are slow"
	simple_layout "$WORK/l" app:1 10
	image import -q "$WORK/l"
	index=$STORE/index.json
	jq -c '.manifests[0] as $m | .manifests = [range(100) as $i | $m | (.annotations["org.opencontainers.image.ref.name"], .annotations["io.containerd.image.name"]) = "docker.io/library/app:\($i)"]' "$index" >"$index.new"
	mv "$index.new" "$index"
	assert_equal "$(image ls -q | wc -l)" 100
	costs_at_most 5000 "$IMAGE" --root "$STORE" ls
}

@test "a store that nobody can write to is read all the same; a caller that ignores SIGCHLD is served" {
	requires_root
	simple_layout "$WORK/l" app:1 2
	env --ignore-signal=CHLD "$IMAGE" --root "$STORE" import -q "$WORK/l"
	mount --bind "$STORE" "$STORE"
	mount -o remount,bind,ro "$STORE"
	run image ls --format '{{.Repository}}:{{.Tag}}'
	assert_equal "$output" app:1
	image export app:1 "$SCRATCH/out.tar"
	run image tag app:1 app:2
	umount "$STORE"
	assert_status 1
	assert_output_has 'read-only file system'
}
