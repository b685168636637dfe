#!/usr/bin/env bats
# hull-image killed at every step, cut off from the power at every step, and many of it at once: a store is
# clean afterwards, or has garbage that `prune` collects, and the next import works.

load ../helpers/common
load image

setup() {
	requires_root
	setup_image
	[[ -x $FAULTY ]] || skip "needs the build with FAULTS=1"
}
teardown() {
	umount "$SCRATCH/crashed" 2>/dev/null || true
	umount "$SCRATCH/disk" 2>/dev/null || true
	rm -f "/dev/shm/$TAG".*
	teardown_scratch
}

# faulty N WORDS...: dies at the Nth point. Status 137 when it did, else that of its end.
faulty() {
	local at=$1
	shift
	HULL_FAULT=any:$at "$FAULTY" --root "$STORE" "$@" >"$SCRATCH/said" 2>&1
}

sources() {
	simple_layout "$WORK/one" one:1 2
	# shares its lower layer with one:1
	layout "$WORK/two"
	tree "$WORK/t" more=2
	layer_tar "$WORK/t" "$WORK/more.tar"
	add_manifest "$WORK/two" "" gzip "$WORK/0.tar" "$WORK/more.tar"
	name_manifest "$WORK/two" two:1
}

# at_every_step PREPARE AFTER WORDS...: PREPARE, then WORDS dies at its first point, and again until it does not
# die; AFTER each time.
at_every_step() {
	local prepare=$1 after=$2 at=1 status
	shift 2
	while :; do
		rm -rf "$STORE" "$SCRATCH/bundle"
		$prepare
		status=0
		faulty $at "$@" || status=$?
		if [[ $status -ne 137 ]]; then
			[[ $status -eq 0 ]] || {
				cat "$SCRATCH/said" >&2
				return 1
			}
			break
		fi
		$after || {
			echo "after a kill at point $at of: $*" >&2
			return 1
		}
		at=$((at + 1))
	done
	echo "$((at - 1)) points of: $*" >&2
	((at > 3))
}

one_there() { image import -q "$WORK/one" >/dev/null; }
both_there() { one_there && image import -q "$WORK/two" >/dev/null; }

# Nothing is broken; what was there is there; the same again works; garbage goes.
is_sound() {
	image check --deep >&2 || return
	image inspect one:1 >/dev/null || return
	image import -q "$WORK/two" >/dev/null || return
	image check --deep >&2 || return
	image prune -f >/dev/null || return
	assert_no_garbage || return
	image bundle --network none two:1 "$SCRATCH/bundle" || return
	rm -rf "$SCRATCH/bundle"
	image prune -a -f >/dev/null || return
	assert_equal "$(layers)" "" && assert_no_garbage
}

@test "import killed at every step" {
	sources
	at_every_step one_there is_sound import "$WORK/two"
	tar -C "$WORK/two" -czf "$WORK/two.tgz" .
	at_every_step one_there is_sound import "$WORK/two.tgz"
	at_every_step one_there is_sound import -t two:1 "$WORK/more.tar"
}

@test "rm, prune and tag killed at every step" {
	sources
	at_every_step both_there is_sound rm two:1
	at_every_step both_there is_sound tag two:1 three:1
	dangling() { both_there && image tag one:1 two:1; }
	at_every_step dangling is_sound prune -f
}

@test "bundle killed at every step" {
	sources
	half_a_bundle() {
		image check --deep >&2 || return
		rm -rf "$SCRATCH/bundle"
		is_sound
	}
	at_every_step both_there half_a_bundle bundle --network none two:1 "$SCRATCH/bundle"
}

# --- power ---------------------------------------------------------------------------------------------------

# A disk of this test's own. What its file holds when it is copied is what the disk would hold, if the power
# went: nothing is written back that the program did not sync, for a long time.
new_disk() {
	local place=/dev/shm
	[[ -d $place ]] || place=$SCRATCH
	umount "$SCRATCH/disk" 2>/dev/null || true
	mkdir -p "$SCRATCH/disk" "$SCRATCH/crashed"
	rm -f "$DISK"
	DISK=$(mktemp "$place/$TAG.XXXXXX")
	truncate -s 24M "$DISK"
	mkfs.ext4 -q -O has_journal "$DISK" || return
	mount -o loop,commit=900 "$DISK" "$SCRATCH/disk" || skip "this machine mounts no files"
	STORE=$SCRATCH/disk/store
}

# without_power AT WORDS...: WORDS dies at point AT together with the power; STORE is what is on the disk.
without_power() {
	local status=0
	faulty "$@" || status=$?
	cp --sparse=always "$DISK" "$DISK.crashed"
	umount -l "$SCRATCH/disk"
	mount -o loop "$DISK.crashed" "$SCRATCH/crashed" || return
	STORE=$SCRATCH/crashed/store
	return $status
}

# at_every_step, with the power.
power_lost_at_every_step() {
	local prepare=$1 after=$2 at=1 status
	shift 2
	while :; do
		new_disk
		$prepare && sync -f "$STORE" || return
		status=0
		without_power $at "$@" || status=$?
		# also where it came to its end: what it said to have done is on the disk
		$after $status || {
			echo "the power went at point $at of: $*" >&2
			umount "$SCRATCH/crashed"
			rm -f "$DISK" "$DISK.crashed"
			return 1
		}
		umount "$SCRATCH/crashed"
		rm -f "$DISK" "$DISK.crashed"
		[[ $status -eq 137 ]] || break
		at=$((at + 1))
	done
	echo "$((at - 1)) points of: $*" >&2
	((at > 3))
}

requires_disk() {
	requires_command mkfs.ext4
	[[ -e /dev/loop-control ]] || skip "needs loop devices"
}

@test "the power goes at every step of an import" {
	requires_disk
	sources
	after_import() {
		[[ $1 -eq 137 ]] || image inspect two:1 >/dev/null || return
		is_sound
	}
	power_lost_at_every_step one_there after_import import "$WORK/two"
}

@test "the power goes at every step of rm" {
	requires_disk
	sources
	after_rm() {
		[[ $1 -eq 137 ]] || ! image inspect two:1 >/dev/null 2>&1 || return
		is_sound
	}
	power_lost_at_every_step both_there after_rm rm two:1
}

# --- no room ---------------------------------------------------------------------------------------------------

# fill: no block of the disk is left.
fill() {
	local n=0
	dd if=/dev/zero of="$(mktemp "$SCRATCH/disk/filler/XXXXXX")" bs=4k status=none || true
	while ((n < 5)); do
		sync -f "$SCRATCH/disk"
		head -c 1 /dev/zero >"$(mktemp "$SCRATCH/disk/filler/XXXXXX")" || n=$((n + 1))
	done 2>/dev/null
}

@test "a full disk: one clear line, nothing half-published, and room again" {
	requires_disk
	sources
	dd if=/dev/urandom of="$WORK/t/large" bs=1M count=40 status=none
	layer_tar "$WORK/t" "$WORK/large.tar"
	layout "$WORK/large"
	add_manifest "$WORK/large" "" none "$WORK/0.tar" "$WORK/large.tar"
	name_manifest "$WORK/large" large:1
	new_disk
	one_there
	for source in "$WORK/large" "$WORK/large.tar" -; do
		run image import -q "$source" <"$WORK/large.tar"
		assert_status 1
		assert_output_has "no space left on device"
		assert_equal "$(wc -l <<<"$output")" 1
		assert_no_garbage
	done
	image import -q "$WORK/two"
	image check --deep
	assert_equal "$(image ls -q | wc -l)" 2
	# so full that nothing fits any more: what was imported can still be removed, and there is room again
	mkdir "$SCRATCH/disk/filler"
	fill
	image ls >/dev/null
	run image tag two:1 three:1
	assert_status 1
	assert_output_has "no space left on device"
	fill
	image rm two:1
	assert_equal "$(image ls -q | wc -l)" 1
	image check --deep
	rm -r "$SCRATCH/disk/filler"
	image import -q "$WORK/two"
	image rm two:1
	image check --deep
	assert_no_garbage
}

@test "what an interrupted import left goes with the next one" {
	sources
	one_there
	faulty 6 import "$WORK/two" || true
	[[ -n $(ls "$STORE/tmp") ]]
	image import -q "$WORK/one"
	assert_equal "$(ls "$STORE/tmp" "$STORE/trash")" "$(printf '%s:\n\n%s:' "$STORE/tmp" "$STORE/trash")"
}

# --- many at once ----------------------------------------------------------------------------------------------

@test "ten imports of the same image at once: each layer once" {
	simple_layout "$WORK/l" app:1 4
	pids=()
	for n in {1..10}; do
		"$IMAGE" --root "$STORE" import -q "$WORK/l" >"$SCRATCH/said.$n" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	assert_equal "$(layers | wc -l)" 4
	assert_equal "$(image ls -q | wc -l)" 1
	image check --deep
	assert_no_garbage
}

@test "imports, removals, bundles and collections at once, any of them killed at any time" {
	sources
	simple_layout "$WORK/three" three:1 3
	end=$((SECONDS + ${CRASH_SECONDS:-12}))
	worker() {
		local n=$1 name word
		RANDOM=$((n * 7919))
		while ((SECONDS < end)); do
			word=$((RANDOM % 3))
			name=$(cut -d' ' -f$((word + 1)) <<<"one two three")
			case $((RANDOM % 8)) in
			0 | 1 | 2) "$IMAGE" --root "$STORE" import -q "$WORK/$name" ;;
			3) "$IMAGE" --root "$STORE" rm "$name:1" ;;
			4) "$IMAGE" --root "$STORE" prune -f ;;
			5) "$IMAGE" --root "$STORE" bundle --network none "$name:1" "$SCRATCH/bundle.$n.$RANDOM" ;;
			6) "$IMAGE" --root "$STORE" tag "$name:1" "other$((RANDOM % 3)):1" ;;
			7) "$IMAGE" --root "$STORE" check ;;
			esac &
			if ((RANDOM % 3 == 0)); then
				sleep "0.0$((RANDOM % 60 + 10))"
				kill -KILL $! 2>/dev/null
			fi
			wait $!
			echo $? >>"$SCRATCH/statuses"
		done
	}
	pids=()
	for n in {1..10}; do
		worker "$n" >>"$SCRATCH/said.$n" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || true; done
	sort "$SCRATCH/statuses" | uniq -c >&2
	# whoever was not killed ended well, or was told of what is not there or in use; never of damage
	assert_equal "$(grep -vxE '0|1?37|3|4' "$SCRATCH/statuses" | sort -u)" ""
	image check --deep
	# every whole bundle has all that it stands on
	for bundle in "$SCRATCH"/bundle.*; do
		[[ -e $bundle/config.json ]] || continue
		while read -r lower; do
			[[ -d $lower ]] || {
				echo "$bundle lost $lower" >&2
				false
			}
		done < <(jq -r '.lower[]' "$bundle/hull-rootfs.json")
	done
	rm -rf "$SCRATCH"/bundle.*
	for name in one two three; do image import -q "$WORK/$name"; done
	image check --deep
	image prune -a -f
	assert_equal "$(image ls -q)" ""
	assert_equal "$(layers)" ""
	assert_no_garbage
	assert_equal "$(find "$STORE/tmp" "$STORE/trash" "$STORE/bundles" -mindepth 1)" ""
}
