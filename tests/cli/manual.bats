#!/usr/bin/env bats
# The manual page, the help texts and the parser say the same. They share no text, only the tables
# of runtime/cli; so each name that help shows is looked for in the page.

setup() {
	HULL=${HULL:-build/hull}
	PAGE=docs/hull.8
}

# The section of command $1 in the page.
section() {
	awk -v name="$1" '/^\.S[sh] / { inside = ($0 == ".Ss " name) } inside' "$PAGE"
}

# The long options in the help text of command $1.
options_of() {
	"$HULL" help "$1" | sed -n '/^OPTIONS:/,$s/^   --\([a-z0-9-]*\).*/\1/p'
}

commands() {
	"$HULL" help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\) .*/\1/p'
}

# The pages of the other programs are checked by tests/lint/manual.
@test "the manual pages of the runtime and of its unit are clean" {
	command -v mandoc >/dev/null || skip "no mandoc"
	run mandoc -Tlint -W style "$PAGE" "docs/hull@.service.8"
	left=$(grep -v 'referenced manual not found\|outdated mandoc.db' <<<"$output" || true)
	[ -z "$left" ] || {
		echo "$left"
		false
	}
}

@test "every command is in the page and the other way round" {
	for name in $(commands); do
		[ "$name" = help ] || [ -n "$(section "$name")" ] || {
			echo "not in the page: $name"
			false
		}
	done
	mapfile -t names < <(awk '/^\.Sh COMMANDS/ { inside = 1; next } /^\.Sh/ { inside = 0 }
		inside && /^\.Ss [a-z]+$/ { print $2 }' "$PAGE")
	[ "${#names[@]}" -ge 15 ]
	for name in "${names[@]}"; do
		"$HULL" help "$name"
	done
}

@test "every option that help shows is in the page" {
	count=0
	for name in $(commands); do
		[ "$name" != help ] || continue
		text=$(section "$name")
		case $name in run | plan) text+=$(section create) ;; esac
		for option in $(options_of "$name"); do
			count=$((count + 1))
			grep -qE -- "^\.It .*(Fl|,) -$option( |\$)" <<<"$text" || {
				echo "not in the page: $name --$option"
				false
			}
		done
	done
	[ "$count" -ge 60 ]
}

@test "every global option is in the page" {
	text=$(section "Global options")
	options=$("$HULL" help | sed -n '/^GLOBAL OPTIONS:/,$s/^   --\([a-z0-9-]*\).*/\1/p')
	[ -n "$options" ]
	for option in $options; do
		grep -qE -- "^\.It .*(Fl|,) -$option( |\$)" <<<"$text" || {
			echo "not in the page: --$option"
			false
		}
	done
}

@test "every option in the page is accepted" {
	for name in $(commands); do
		[ "$name" != help ] || continue
		for option in $(section "$name" | grep '^\.It ' | grep -oE '(Fl|,) -[a-z0-9-]+' | sed 's|.* -||'); do
			# a value is given to all: those that take none say so in words of their own
			run "$HULL" "$name" "--$option=x" --help
			[[ "$output" != *"flag provided but not defined"* ]] || {
				echo "$name --$option: $output"
				false
			}
		done
	done
}

@test "help --all holds the help of every command" {
	run "$HULL" help --all
	[ "$status" -eq 0 ]
	for name in $(commands); do
		[ "$name" = help ] || [[ "$output" == *"   hull $name - "* ]] || {
			echo "$name"
			false
		}
	done
}
