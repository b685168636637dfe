#!/usr/bin/env bats
# The documents that commands print or write without a container: spec, features, plan.

load ../helpers/common

setup() {
	setup_scratch
	requires_command jq
	B=$SCRATCH/b
	mkdir -p "$B/rootfs"
}

teardown() {
	teardown_scratch
}

@test "spec: writes config.json, in the current directory or in the bundle" {
	run --separate-stderr hull spec --bundle "$B"
	[[ $status -eq 0 && -z $output && -z $stderr ]]
	[[ $(jq -r .ociVersion "$B/config.json") == 1.* ]]
	[[ $(jq -r .root.path "$B/config.json") == rootfs ]]
	[[ $(jq -r '.process.args | join(" ")' "$B/config.json") == sh ]]
	mkdir "$SCRATCH/c"
	(cd "$SCRATCH/c" && "$HULL" spec)
	cmp "$SCRATCH/c/config.json" "$B/config.json"
	mkdir "$SCRATCH/d"
	(umask 027 && hull spec -b "$SCRATCH/d")
	assert_equal "$(stat -c %a "$SCRATCH/d/config.json")" 640
}

@test "spec: an existing config.json stays as it is" {
	echo mine >"$B/config.json"
	run hull spec -b "$B"
	assert_status 1
	assert_output_has "File config.json exists. Remove it first"
	assert_equal "$(cat "$B/config.json")" mine
	rm "$B/config.json"
	ln -s "$SCRATCH/elsewhere" "$B/config.json"
	run hull spec -b "$B"
	assert_status 1
	[[ ! -e $SCRATCH/elsewhere ]]
	run hull spec -b "$SCRATCH/none"
	assert_status 1
	assert_output_has "no such file or directory"
}

@test "spec --rootless: a user namespace with the caller in it" {
	hull spec --rootless -b "$B"
	jq -e '[.linux.namespaces[].type] | index("user") and (index("network") | not)' "$B/config.json"
	assert_equal "$(jq -c '.linux.uidMappings' "$B/config.json")" \
		"[{\"containerID\":0,\"hostID\":$(id -u),\"size\":1}]"
	assert_equal "$(jq -c '.linux.gidMappings' "$B/config.json")" \
		"[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]"
	jq -e '.linux.resources | not' "$B/config.json"
}

@test "spec: the document runs, on a terminal as it is, and with its terminal taken out" {
	requires_root
	requires_command script
	rootfs "$B/rootfs"
	hull spec -b "$B"
	run timeout 20 script --quiet --return --command "'$HULL' --root '$STATE' run -b '$B' '$TAG'" /dev/null < <(
		wait_until 10 has_status "$TAG" running
		sleep 0.3
		echo 'echo $((6 * 7)); exit 7'
		sleep 1
	)
	assert_status 7
	assert_output_has $'\n42\r'
	config "$B" '.process.terminal = false | .process.args = ["sh", "-c", "hostname; id -u; touch /file 2>&1"] | .hostname = "mine"'
	run hull run -b "$B" "$TAG"
	assert_status 1
	assert_equal "$output" $'mine\n0\ntouch: /file: Read-only file system'
	assert_nothing_left
}

@test "spec --rootless: the document runs" {
	requires_root
	requires_user_namespaces
	rootfs "$B/rootfs"
	hull spec --rootless -b "$B"
	config "$B" '.process.terminal = false | .process.args = ["cat", "/proc/self/uid_map"]'
	run hull run -b "$B" "$TAG"
	assert_status 0
	assert_equal "$(tr -s ' ' <<<"$output")" " 0 0 1"
	assert_nothing_left
}

@test "features: what engines ask for" {
	run --separate-stderr hull features
	[[ $status -eq 0 && -z $stderr ]]
	jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0"' <<<"$output"
	assert_equal "$(jq -c .hooks <<<"$output")" \
		'["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]'
	# containerd and Docker look for recursive read-only mounts
	jq -e '.mountOptions | index("rro") and index("rbind") and (. == sort) and (. == unique)' <<<"$output"
	jq -e '.linux.namespaces | index("pid") and index("user") and index("cgroup")' <<<"$output"
	jq -e '.linux.capabilities | index("CAP_SYS_ADMIN") and index("CAP_CHOWN")' <<<"$output"
	jq -e '.linux.seccomp | .enabled and (.actions | index("SCMP_ACT_ERRNO")) and (.archs | index("SCMP_ARCH_X86_64"))' \
		<<<"$output"
	jq -e '.linux.cgroup | .v1 and .v2' <<<"$output"
	jq -e '.linux.mountExtensions.idmap | has("enabled")' <<<"$output"
}

@test "plan: shows what create would do, changes nothing, needs no state" {
	hull spec -b "$B"
	config "$B" '.process.terminal = false | .process.args = ["/bin/some-program", "an argument"] | .hostname = "some-host"'
	find "$B" "$SCRATCH" -printf '%p %y %T@\n' | sort >"$SCRATCH.before"
	run --separate-stderr hull plan --bundle "$B" "$TAG"
	find "$B" "$SCRATCH" -printf '%p %y %T@\n' | sort >"$SCRATCH.after"
	diff "$SCRATCH.before" "$SCRATCH.after"
	rm "$SCRATCH.before" "$SCRATCH.after"
	assert_status 0
	assert_output_has /bin/some-program
	assert_output_has "an argument"
	assert_output_has some-host
	[[ ! -e $STATE ]]
	# the same from within the bundle, and without a name
	(cd "$B" && "$HULL" plan) | grep -q some-host
}

@test "plan: nobody may ask for it too" {
	requires_root
	hull spec -b "$B"
	config "$B" '.process.terminal = false | .process.args = ["/bin/some-program"]'
	chmod 755 "$SCRATCH" "$B"
	cp "$HULL" "$SCRATCH/hull"
	chmod 755 "$SCRATCH/hull"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$SCRATCH/hull" plan -b "$B"
	assert_status 0
	assert_output_has /bin/some-program
}

@test "plan: what create would refuse, plan refuses" {
	hull spec -b "$B"
	run hull plan -b "$B" ../x
	assert_status 1
	assert_output_has "invalid container ID format"
	config "$B" '.process.cwd = "relative"'
	run hull plan -b "$B"
	assert_status 1
	assert_output_has cwd
	echo '{' >"$B/config.json"
	run hull plan -b "$B"
	assert_status 1
	assert_output_has config.json
}
