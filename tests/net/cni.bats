#!/usr/bin/env bats
# Networks of CNI: the plugins of the distribution, and plugins that do not behave.

load ../helpers/common
load ../helpers/runtime
load net

setup() {
	setup_host
	LISTS=$SCRATCH/lists
	PLUGINS=$SCRATCH/plugins
	mkdir "$LISTS" "$PLUGINS"
	settings "{\"cni\": {\"lists\": [\"$LISTS\"], \"plugins\": [\"$PLUGINS\", \"/opt/cni/bin\", \"/usr/lib/cni\", \"/usr/libexec/cni\"], \"timeout\": 20}}"
}

teardown() {
	teardown_host
}

# The list `lan` of real plugins.
real_list() {
	[[ -x /usr/lib/cni/bridge || -x /opt/cni/bin/bridge || -x /usr/libexec/cni/bridge ]] ||
		skip "needs the plugins of CNI (containernetworking-plugins)"
	requires_command iptables
	on_host iptables -t nat -L -n >/dev/null 2>&1 || skip "iptables does not work on this machine"
	jq -n --arg dir "$SCRATCH/ipam" '{cniVersion: "1.0.0", name: "lan", plugins: [
		{type: "bridge", bridge: "cni-lan", isGateway: true, ipMasq: true, hairpinMode: true,
			ipam: {type: "host-local", dataDir: $dir, routes: [{dst: "0.0.0.0/0"}], ranges: [[{subnet: "10.99.7.0/24"}]]}},
		{type: "portmap", capabilities: {portMappings: true}}, {type: "firewall"}]}' >"$LISTS/50-lan.conflist"
}

# plugin NAME SCRIPT: one that is a shell script; it logs each call, and what it read, in $SCRATCH/calls.
plugin() {
	printf '#!/bin/sh\necho "%s $CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME ${CNI_NETNS:-none} $CNI_ARGS" >>%s\ncat >%s.$CNI_COMMAND\n%s\n' \
		"$1" "$SCRATCH/calls" "$SCRATCH/$1" "$2" >"$PLUGINS/$1"
	chmod 755 "$PLUGINS/$1"
}

# list NAME TYPE...: a list of plugins that want every capability.
list() {
	local name=$1
	shift
	jq -n --arg name "$name" '{cniVersion: "1.0.0", name: $name, unknown: {kept: [1, 2.50, null]}, plugins: ($ARGS.positional |
		map({type: ., mine: {"a\u0001": "NUMBER"}, capabilities: {portMappings: true, ips: true, mac: true, nothing: true}}))}' \
		--args "$@" | sed 's/"NUMBER"/18446744073709551615/' >"$LISTS/$name.conflist"
}

readonly GOOD='[ $CNI_COMMAND != ADD ] || echo "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:09\",
	\"sandbox\":\"x\"}],\"ips\":[{\"address\":\"fd00::2/64\"},{\"address\":\"10.5.0.2/24\",\"gateway\":\"10.5.0.1\"}],\"from\":\"$0\"}"'

@test "the plugins of the distribution: address, published port, names, and all of it undone" {
	real_list
	networked web --network cni:lan -p 8080:80
	networked db --network cni:lan
	up web db
	assert_equal "$(address web) $(address db)" "10.99.7.2 10.99.7.3"
	assert_equal "$(net inspect --format '{{.Driver}} {{.Network}} {{.IPPrefixLen}} {{.Gateway}} {{.PortsText}}' web)" \
		"cni lan 24 10.99.7.1 0.0.0.0:8080->80/tcp"
	fetches inside_of db http://web/ "page of web"
	fetches on_host http://127.0.0.1:8080/ "page of web"
	fetches on_host http://10.99.7.1:8080/ "page of web"
	down web
	refuses_fetch on_host http://127.0.0.1:8080/
	assert_equal "$(grep -c web "$SCRATCH/db/hosts" || true)" 0
	down db
	assert_equal "$(find "$SCRATCH/ipam" -name '10.*')" ""
	assert_equal "$(net ls --format '{{.ID}}')" ""
	assert_nothing_left
}

@test "a port is had once, also between CNI and bridges" {
	real_list
	holder A
	holder B
	net add --id a --pid "$A" --network cni:lan -p 8080:80
	run net add --id b --pid "$B" -p 8080:80
	assert_status 1
	assert_output_has "Bind for 0.0.0.0:8080 failed: port is already allocated"
	run net add --id b --pid "$B" --network cni:lan -p 8080:80
	assert_status 1
	assert_output_has "port is already allocated"
}

@test "what dead containers had of CNI is undone by the next one, and by prune" {
	real_list
	holder A
	holder B
	net add --id a --pid "$A" --network cni:lan -p 8080:80
	kill -KILL "$A"
	wait_until 5 gone "$A"
	net add --id b --pid "$B" --network cni:lan -p 8080:80
	assert_equal "$(net ls --format '{{.ID}}')" b
	assert_equal "$(find "$SCRATCH/ipam" -name '10.*' | wc -l)" 1
	# one on a bridge is the next one too
	kill -KILL "$B"
	wait_until 5 gone "$B"
	holder C
	net add --id c --pid "$C" -p 8080:80
	assert_equal "$(find "$SCRATCH/ipam" -name '10.*')" ""
	net del --id c
	holder B
	net add --id b --pid "$B" --network cni:lan -p 8080:80
	# the list may be gone by then
	rm "$LISTS/50-lan.conflist"
	kill -KILL "$B"
	wait_until 5 gone "$B"
	run net prune
	assert_equal "$output" "Removed: b of cni:lan
Removed: network bridge:hull0
Removed: network cni:lan"
	assert_equal "$(find "$SCRATCH/ipam" -name '10.*')" ""
}

gone() {
	! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}

@test "the protocol: order, names, capabilities, previous results, arguments" {
	plugin one "$GOOD"
	plugin two "$GOOD"
	list made one two
	holder A
	net add --id a --pid "$A" --network cni:made -p 127.0.0.1:8080:80/udp --ip 10.5.0.2 --mac 02:00:00:00:00:09
	net check --id a
	net del --id a
	assert_equal "$(cat "$SCRATCH/calls")" "$(
		sed "s/NS/\/proc\/$A\/ns\/net IgnoreUnknown=1;IP=10.5.0.2;MAC=02:00:00:00:00:09/" <<-END
			one ADD a eth0 NS
			two ADD a eth0 NS
			one CHECK a eth0 NS
			two CHECK a eth0 NS
			two DEL a eth0 NS
			one DEL a eth0 NS
		END
	)"
	assert_equal "$(jq -c 'keys, .name, .cniVersion, .runtimeConfig' "$SCRATCH/one.ADD" | tr '\n' ' ')" \
		'["capabilities","cniVersion","mine","name","runtimeConfig","type"] "made" "1.0.0" {"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"udp","hostIP":"127.0.0.1"}],"ips":["10.5.0.2"],"mac":"02:00:00:00:00:09"} '
	# what hull-net does not know goes through as it was
	grep -q '"mine":{"a\\u0001":18446744073709551615}' "$SCRATCH/one.ADD"
	assert_equal "$(jq -r .prevResult.from "$SCRATCH/two.ADD" "$SCRATCH/one.CHECK" "$SCRATCH/one.DEL" | tr '\n' ' ')" \
		"$PLUGINS/one $PLUGINS/two $PLUGINS/two "
}

@test "an ADD that fails is undone by all, and its words are told" {
	plugin one "$GOOD"
	plugin two '[ $CNI_COMMAND = DEL ] || { echo "{\"code\": 100, \"msg\": \"no luck\", \"details\": \"at all\"}"; exit 1; }'
	plugin three "$GOOD"
	list made one two three
	holder A
	run net add --id a --pid "$A" --network cni:made -p 8080:80
	assert_status 1
	assert_equal "$output" 'Error: plugin "two": ADD: no luck; at all: protocol error'
	assert_equal "$(cut -d' ' -f1,2 "$SCRATCH/calls" | tr '\n' ' ')" "one ADD two ADD three DEL two DEL one DEL "
	assert_equal "$(net ls --format '{{.ID}}')" ""
	holder B
	net add --id b --pid "$B" -p 8080:80
}

@test "a DEL that fails keeps the claim: prune tries again" {
	plugin one '[ $CNI_COMMAND = ADD ] && echo "{\"cniVersion\":\"1.0.0\",\"ips\":[]}" || [ -e '"$SCRATCH/mended"' ] || { echo broken; exit 7; }'
	list made one
	holder A
	net add --id a --pid "$A" --network cni:made
	run net del --id a
	assert_status 1
	assert_output_has '"a" in the network "cni:made": plugin "one": DEL: it failed with status 7: broken'
	kill -KILL "$A"
	wait_until 5 gone "$A"
	run net prune
	assert_output_has broken
	touch "$SCRATCH/mended"
	run net prune
	assert_output_has "Removed: a of cni:made"
	assert_equal "$(find "$NETROOT" -type f ! -name lock)" ""
	# the namespace was gone by then
	assert_equal "$(tail -n 1 "$SCRATCH/calls")" "one DEL a eth0 none IgnoreUnknown=1"
}

@test "an ADD that fails and cannot be undone keeps the claim: prune tries again" {
	plugin one '[ $CNI_COMMAND = DEL ] && [ -e '"$SCRATCH/mended"' ] || { echo broken; exit 7; }'
	list made one
	holder A
	run net add --id a --pid "$A" --network cni:made
	assert_status 1
	assert_output_has 'plugin "one": ADD: it failed with status 7: broken'
	kill -KILL "$A"
	wait_until 5 gone "$A"
	touch "$SCRATCH/mended"
	run net prune
	assert_output_has "Removed: a of cni:made"
	assert_equal "$(find "$NETROOT" -type f ! -name lock)" ""
}

@test "a check by plugins that take long keeps nobody waiting" {
	plugin one '[ $CNI_COMMAND = CHECK ] && { touch '"$SCRATCH/asked"'; sleep 15; }; '"$GOOD"
	list made one
	holder A
	holder B
	net add --id a --pid "$A" --network cni:made
	on_host "$NET" --root "$NETROOT" --config "$SETTINGS" check --id a 3>&- &
	wait_until 10 test -e "$SCRATCH/asked"
	local before=$SECONDS
	net add --id b --pid "$B"
	[[ $((SECONDS - before)) -lt 10 ]]
	wait
}

@test "a DEL that hangs keeps the next container waiting for seconds, and those after it not at all" {
	plugin one '[ $CNI_COMMAND = DEL ] && [ $CNI_CONTAINERID = a ] && sleep 100; '"$GOOD"
	list made one
	settings "$(jq '.cni.timeout = 12' "$SETTINGS")"
	holder A
	holder B
	holder C
	net add --id a --pid "$A" --network cni:made -p 8080:80
	kill -KILL "$A"
	wait_until 5 gone "$A"
	local before=$SECONDS
	net add --id b --pid "$B"
	[[ $((SECONDS - before)) -lt 9 ]]
	# another process has it now: it counts as alive
	before=$SECONDS
	net add --id c --pid "$C" --network cni:made
	[[ $((SECONDS - before)) -lt 3 ]]
	assert_equal "$(grep -c DEL "$SCRATCH/calls")" 1
	holder A
	run net add --id a --pid "$A" --network cni:made
	assert_status 1
	assert_output_has 'another hull-net works on "a" in the network "made"'
	run net add --id d --pid "$A" -p 8080:80
	assert_status 1
	assert_output_has "port is already allocated"
	# in the end it is given up, and stays to be tried again
	plugin one "$GOOD"
	wait_until 20 prunes a
	assert_equal "$(net ls --format '{{.ID}}' | sort | tr '\n' ' ')" "b c "
}

prunes() {
	net prune | grep "Removed: $1 of cni:made"
}

@test "a DEL that fails for the next container is told by it, and does not fail it" {
	plugin one '[ $CNI_COMMAND != DEL ] || { echo "{\"msg\": \"no luck\"}"; exit 1; }; '"$GOOD"
	list made one
	holder A
	holder B
	net add --id a --pid "$A" --network cni:made
	kill -KILL "$A"
	wait_until 5 gone "$A"
	run net add --id b --pid "$B"
	assert_status 0
	assert_equal "$output" 'Error: "a" in the network "cni:made": plugin "one": DEL: no luck: protocol error'
}

@test "plugins that do not behave: too much, no JSON, nothing, no end, a name that is a path" {
	holder A
	refused() {
		run timeout 30 nsenter -t "$HOST" -n -m -- "$NET" --root "$NETROOT" --config "$SETTINGS" add --id a --pid "$A" \
			--network cni:made
		assert_status 1
		assert_output_has "$1"
		assert_equal "$(net ls --format '{{.ID}}')" ""
	}
	list made one
	plugin one '[ $CNI_COMMAND != ADD ] || yes'
	refused "it answers more than 1048576 bytes"
	plugin one '[ $CNI_COMMAND != ADD ] || echo "{\"ips\": ["'
	refused "its answer"
	plugin one '[ $CNI_COMMAND != ADD ] || echo "[]"'
	refused "its answer is no object"
	plugin one true
	refused "it answered nothing"
	plugin one '[ $CNI_COMMAND != ADD ] || { printf "\033[2J\377 bad"; exit 3; }'
	refused 'it failed with status 3: \x1b[2J\xff bad'
	plugin one '[ $CNI_COMMAND != ADD ] || kill -SEGV $$'
	refused "it failed with status 139"
	plugin one '[ $CNI_COMMAND != ADD ] || { exec >&-; sleep 100; }'
	settings "$(jq '.cni.timeout = 1' "$SETTINGS")"
	refused "it has not ended after 1 seconds"
	plugin one '[ $CNI_COMMAND != ADD ] || sleep 100 & wait'
	refused "it has not ended after 1 seconds"
	# one that ends, and leaves a child that keeps its output open
	plugin one "sleep 100 & $GOOD"
	net add --id a --pid "$A" --network cni:made
	assert_equal "$(address a)" 10.5.0.2
	net del --id a
	for type in ../plugins/one /bin/sh "" .; do
		jq -n --arg type "$type" '{name: "made", cniVersion: "1.0.0", plugins: [{type: $type}]}' >"$LISTS/made.conflist"
		refused "invalid plugin name"
	done
	list made missing
	refused 'plugin "missing": no such file'
}

@test "answers that make no sense as addresses are kept for the plugins, and shown as none" {
	plugin one '[ $CNI_COMMAND != ADD ] || echo "{\"ips\":[{\"address\":1},{\"address\":\"10.0.0.1\"},3,{\"address\":\"a/b\"}],\"interfaces\":[4,{\"name\":\"eth0\",\"mac\":\"xx\",\"sandbox\":\"x\"}]}"'
	list made one
	holder A
	net add --id a --pid "$A" --network cni:made
	assert_equal "$(net inspect --format '{{.IPAddress}}|{{.MacAddress}}' a)" "|"
}

@test "lists: the first of the name, single plugins, damaged files, none" {
	plugin one "$GOOD"
	plugin two "$GOOD"
	echo '{"name": "made"' >"$LISTS/10-bad.conflist"
	echo '{"name": "made", "cniVersion": "0.3.1", "type": "one"}' >"$LISTS/20-single.conf"
	list made two
	mv "$LISTS/made.conflist" "$LISTS/30-made.conflist"
	holder A
	net add --id a --pid "$A" --network cni:made
	assert_equal "$(cut -d' ' -f1 "$SCRATCH/calls")" one
	net del --id a
	for text in '{"name": "made", "plugins": []}' '{"name": "made", "plugins": [1]}' '{"name": "made", "plugins": [{}]}'; do
		echo "$text" >"$LISTS/05-made.conflist"
		run net add --id a --pid "$A" --network cni:made
		assert_status 1
		assert_output_has "05-made.conflist"
	done
	run net add --id a --pid "$A" --network cni:nothing
	assert_status 1
	assert_output_has 'network "cni:nothing": no list "nothing"'
}

@test "lists and plugins that others than root can write to are refused" {
	plugin one "$GOOD"
	list made one
	list other one
	mkdir "$SCRATCH/more"
	settings "$(jq --arg more "$SCRATCH/more" '.cni.plugins += [$more]' "$SETTINGS")"
	holder A
	for each in "$LISTS" "$LISTS/made.conflist" "$PLUGINS" "$PLUGINS/one" "$SCRATCH/more"; do
		mode=$(stat -c %a "$each")
		for change in "chmod o+w" "chmod g+w" "chown 1000"; do
			# shellcheck disable=SC2086 # two words
			$change "$each"
			run net add --id a --pid "$A" --network cni:made
			assert_status 1
			assert_output_has "\"$each\" can be written to by others than root (owner $(stat -c %u "$each"), mode 0$(stat -c %a "$each"))"
			assert_equal "${#lines[@]}" 1
			chown 0 "$each"
			chmod "$mode" "$each"
		done
	done
	[[ ! -e $SCRATCH/calls ]]
	# a list of another name is nobody's concern
	chmod 666 "$LISTS/other.conflist"
	net add --id a --pid "$A" --network cni:made
	chmod 777 "$PLUGINS"
	run net del --id a
	assert_status 1
	assert_output_has "can be written to by others"
	chmod 755 "$PLUGINS"
	net del --id a
}

@test "hull-net killed while plugins work: prune undoes it" {
	plugin one '[ $CNI_COMMAND != ADD ] || sleep 100'
	list made one
	holder A
	on_host "$NET" --root "$NETROOT" --config "$SETTINGS" add --id a --pid "$A" --network cni:made -p 8080:80 3>&- &
	wait_until 5 grep -qs ADD "$SCRATCH/calls"
	# while it works, nobody touches its claim
	net prune
	assert_equal "$(cut -d' ' -f2 "$SCRATCH/calls")" ADD
	pid=$(pgrep -f -- "--root $NETROOT .* add --id a" | while read -r each; do
		[[ $(cat "/proc/$each/comm") == hull-net ]] && echo "$each"
	done)
	kill -KILL "$pid" "$A"
	wait_until 5 gone "$A"
	run net prune
	assert_output_has "Removed: a of cni:made"
	assert_equal "$(find "$NETROOT" -type f ! -name lock)" ""
}
