#!/usr/bin/env bats
# docs/guide-image.md: its blocks, as they stand, with hull installed.

load ../helpers/common
load place

setup_file() {
	place_setup
}

teardown_file() {
	place_teardown
}

@test "From an image to a service: every block of the guide" {
	requires_root
	make -s -C "$TOP" install DESTDIR="$SCRATCH/installed" PREFIX=/usr >&2
	sed -n '/^```sh$/,/^```$/p' "$TOP/docs/guide-image.md" | sed '/^```/d' >"$SCRATCH/blocks"
	[[ $(grep -c . "$SCRATCH/blocks") -gt 40 ]]
	# Its stores are the default ones: in the place, they are on its tmpfs.
	cat >"$SCRATCH/script" <<-END
		set -e
		export PATH=$SCRATCH/installed/usr/bin:\$PATH
		mkdir -p /var/lib/hull /run/hull-container
		mount --bind "$PLACE/var" /var/lib/hull
		mount -t tmpfs tmpfs /run/hull-container
		cd "$PLACE/guide"
		curl() { # as far as the guide needs it: some tries, the address as the last word
			local rest=\${*: -1}
			rest=\${rest#http://}
			local address=\${rest%%/*} i
			for ((i = 0; i < 100; i++)); do
				timeout 5 bash -c 'exec 3<>"/dev/tcp/\$1/\$2" && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && sed "1,/^\\r\\\$/d" <&3' \
					curl "\${address%:*}" "\${address#*:}" 2>/dev/null && return
				sleep 0.1
			done
			return 7
		}
		set -x
	END
	cat "$SCRATCH/blocks" >>"$SCRATCH/script"
	in_place mkdir -p "$PLACE/guide" "$PLACE/var"
	made=
	[[ -d /var/lib/hull ]] || made=/var/lib/hull
	run in_place timeout 120 bash "$SCRATCH/script"
	[[ -z $made ]] || rmdir "$made" 2>/dev/null || true
	assert_status 0
	assert_output_has 'web'
}
