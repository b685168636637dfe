#!/usr/bin/env bats
# The manual page of hull-image and its help say the same: they share no text, only the tables of oci/image.

load ../helpers/common
load image

PAGE=$TOP/docs/hull-image.8

setup() {
	setup_image
}
teardown() { teardown_scratch; }

# The section of command $1 in the page.
section() {
	awk -v name="$1" '/^\.S[sh] / { inside = ($0 == ".Ss " name) } inside' "$PAGE"
}

commands() {
	image --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# The long options in the help of command $1; those of a container belong to hull-container's page.
options_of() {
	image "$1" --help | sed -n 's/^  *\(-[a-zA-Z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p' | while read -r option; do
		case $1 in bundle | unpack) grep -qE "\"$option\"" "$TOP/oci/make/choices.h" && continue ;; esac
		[[ $option == help ]] || echo "$option"
	done
}

@test "every command is in the page and the other way round" {
	names=$(commands)
	[[ $(wc -w <<<"$names") -ge 17 ]]
	for name in $names; do
		[[ -n $(section "$name") ]] || {
			echo "not in the page: $name" >&2
			false
		}
	done
	mapfile -t paged < <(awk '/^\.Sh COMMANDS/ { inside = 1; next } /^\.Sh/ { inside = 0 }
		inside && /^\.Ss [a-z]+$/ { print $2 }' "$PAGE")
	assert_equal "$(printf '%s\n' "${paged[@]}" | sort)" "$(sort <<<"$names")"
}

@test "every option that help shows is in the page, and the other way round" {
	count=0
	for name in $(commands); do
		text=$(section "$name")
		for option in $(options_of "$name"); do
			count=$((count + 1))
			grep -qE -- "^\.It .*(Fl|,) -$option( |\$)" <<<"$text" || {
				echo "not in the page: $name --$option" >&2
				false
			}
		done
		mapfile -t paged < <(grep '^\.It ' <<<"$text" | grep -oE '(Fl|,) -[a-z0-9-]+' | sed 's|.* -||')
		for option in "${paged[@]}"; do
			run image "$name" --help "--$option=x"
			[[ $output != *"unknown flag"* ]] || {
				echo "$name --$option: $output" >&2
				false
			}
		done
	done
	[[ $count -ge 35 ]]
}

@test "every global option is in the page" {
	text=$(section "Global options")
	for option in root version; do
		image --help | grep -q -- "--$option"
		grep -qE -- "^\.It .*Fl -$option" <<<"$text"
	done
}

@test "every exit status of the page is one that there is" {
	assert_equal "$(awk '/^\.Sh EXIT STATUS/ { inside = 1 } /^\.Sh EXAMPLES/ { inside = 0 } inside && /^\.It/ { print $2 }' "$PAGE" | tr '\n' ' ')" \
		"0 $(sed -n 's/^\tFAIL_[A-Z]* = \([0-9]\).*/\1/p' "$TOP/oci/image/fail.h" | tr '\n' ' ')"
}

@test "the labels that are never taken from an image are those of the page" {
	code=$(sed -n '/^static const char \*const reserved/,/^}/s/^\t"\(.*\)",$/\1/p' "$TOP/oci/make/document.c" | sort)
	[[ $(wc -w <<<"$code") -ge 15 ]]
	assert_equal "$(sed -n '/^Labels of the image become/,/^An image cannot/s/^\.Ql \([^ ]*\).*/\1/p' "$PAGE" | sort)" "$code"
}
