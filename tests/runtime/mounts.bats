#!/usr/bin/env bats
# The document's mounts: types, options, where they land, and what they may not cover.

load ../helpers/common
load ../helpers/runtime

setup() {
	setup_bundle
}

teardown() {
	teardown_scratch
}

# The mount at $1 inside, as mountinfo has it: its options, its type and its super block's options.
mount_line() {
	printf '%s' "awk '\$5 == \"$1\" { split(\$0, half, \" - \"); split(half[2], fs, \" \"); print \$6, fs[1], fs[3] }' /proc/self/mountinfo"
}

# flags OPTIONS WANT: a bind of $SCRATCH/source to /mnt with these has these mount options.
bind_flags() {
	mkdir -p "$SCRATCH/source"
	config "$B" '.mounts |= map(select(.destination != "/mnt")) +
		[{destination: "/mnt", type: "bind", source: $source, options: ($options | split(","))}]' \
		--arg source "$SCRATCH/source" --arg options "$1"
	inside "$(mount_line /mnt)"
	assert_status 0
	assert_equal "${output%% *}" "$2"
}

@test "R-025 mnt.bind.src: absolute, and relative to the bundle" {
	mkdir "$SCRATCH/source" "$B/beside"
	echo one >"$SCRATCH/source/file"
	echo two >"$B/beside/file"
	add_mount "{\"destination\": \"/mnt\", \"type\": \"bind\", \"source\": \"$SCRATCH/source\", \"options\": [\"bind\"]}"
	add_mount '{"destination": "/usr/lib", "type": "none", "source": "beside", "options": ["rbind"]}'
	cd /
	shows $'one\ntwo' 'cat /mnt/file /usr/lib/file'
	assert_nothing_left
}

@test "R-024 mnt.bind.def: the option makes it a bind, the type does not" {
	mkdir "$SCRATCH/source"
	touch "$SCRATCH/source/there"
	add_mount "{\"destination\": \"/mnt\", \"source\": \"$SCRATCH/source\", \"options\": [\"bind\"]}"
	shows there 'ls /mnt'
	config "$B" '.mounts[-1] |= (.type = "bind" | .options = [])'
	refuses '"bind"' create -b "$B" "$TAG"
}

@test "bind: a file over a file that is missing, and over one that is there" {
	echo outside >"$SCRATCH/file"
	config "$B" '.root.readonly = false'
	add_mount "{\"destination\": \"/etc/hosts\", \"source\": \"$SCRATCH/file\", \"options\": [\"bind\", \"ro\"]}"
	add_mount "{\"destination\": \"/var/new/deep/file\", \"source\": \"$SCRATCH/file\", \"options\": [\"bind\"]}"
	shows $'outside\noutside\n1' 'cat /etc/hosts /var/new/deep/file; echo x 2>/dev/null >/etc/hosts; echo $?'
	# a mount point was made, nothing was written into it
	[[ -f $B/rootfs/var/new/deep/file && ! -s $B/rootfs/var/new/deep/file ]]
}

@test "bind: a socket, a FIFO and a device" {
	mkfifo "$SCRATCH/fifo"
	probe
	"$PROBE" deaf "$SCRATCH/socket"
	for kind in fifo socket; do
		add_mount "{\"destination\": \"/run/$kind\", \"source\": \"$SCRATCH/$kind\", \"options\": [\"bind\"]}"
	done
	add_mount '{"destination": "/run/zero", "source": "/dev/zero", "options": ["bind"]}'
	inside 'test -p /run/fifo && test -S /run/socket && test -c /run/zero'
	assert_status 0
}

@test "bind: a source that does not exist is refused" {
	add_mount '{"destination": "/mnt", "source": "/nowhere/at/all", "options": ["bind"]}'
	refuses '"/nowhere/at/all"' create -b "$B" "$TAG"
	refuses 'No such file or directory' create -b "$B" "$TAG" || refuses 'no such file or directory' create -b "$B" "$TAG"
}

@test "bind: a file over a directory and a directory over a file are refused" {
	mkdir "$SCRATCH/dir"
	touch "$SCRATCH/file"
	add_mount "{\"destination\": \"/mnt\", \"source\": \"$SCRATCH/file\", \"options\": [\"bind\"]}"
	refuses '"/mnt"' create -b "$B" "$TAG"
	config "$B" '.mounts[-1] = {destination: "/etc/passwd", source: $dir, options: ["bind"]}' --arg dir "$SCRATCH/dir"
	refuses '"/etc/passwd"' create -b "$B" "$TAG"
}

@test "R-043 mnt.super: file system data on a bind is refused" {
	add_mount "{\"destination\": \"/mnt\", \"source\": \"$SCRATCH\", \"options\": [\"bind\", \"size=1m\"]}"
	refuses 'size=1m' create -b "$B" "$TAG"
}

@test "R-043 mnt.super: flags of the super block are accepted on a bind" {
	bind_flags bind,sync,dirsync,lazytime,iversion,silent,mand rw,relatime
}

@test "bind takes one file system, rbind what is below too" {
	# In a mount namespace of our own: a source with a mount below it.
	for option in bind rbind; do
		mkdir -p "$SCRATCH/source/below"
		config "$B" '.mounts |= map(select(.destination != "/mnt")) +
			[{destination: "/mnt", source: $source, options: [$option]}]' \
			--arg source "$SCRATCH/source" --arg option $option
		bundle_args "$B" sh -c 'ls /mnt/below'
		# shellcheck disable=SC2016
		run unshare -m --propagation private sh -c '
			mount -t tmpfs none "$1/below" && : >"$1/below/file" && shift && exec "$@"' sh \
			"$SCRATCH/source" "$HULL" --root "$STATE" run -b "$B" "$TAG"
		assert_status 0
		if [[ $option == bind ]]; then assert_equal "$output" ""; else assert_equal "$output" file; fi
	done
	assert_nothing_left
}

@test "R-033 mnt.must: flags of a bind" {
	bind_flags bind rw,relatime
	bind_flags rbind,ro ro,relatime
	bind_flags bind,nosuid,nodev,noexec rw,nosuid,nodev,noexec,relatime
	bind_flags bind,noatime rw,noatime
	bind_flags bind,nodiratime rw,nodiratime,relatime
	bind_flags bind,strictatime rw
	bind_flags bind,defaults,rw,suid,dev,exec,async rw,relatime
}

@test "R-034 mnt.should: nosymfollow" {
	bind_flags bind,nosymfollow rw,relatime,nosymfollow
	bind_flags bind,nosymfollow,symfollow rw,relatime
}

@test "R-037 mnt.lastwins: the later of a pair" {
	bind_flags bind,ro,rw rw,relatime
	bind_flags bind,rw,ro ro,relatime
	bind_flags bind,nosuid,suid,exec,noexec rw,noexec,relatime
	add_mount '{"destination": "/usr/lib", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "rw", "noexec", "exec"]}'
	inside "$(mount_line /usr/lib)"
	assert_equal "${output%% *}" rw,relatime
}

@test "R-034 mnt.should: rro makes the whole tree read-only, ro the top alone" {
	for option in ro rro; do
		mkdir -p "$SCRATCH/source/below"
		config "$B" '.mounts |= map(select(.destination != "/mnt")) +
			[{destination: "/mnt", source: $source, options: ["rbind", $option]}]' \
			--arg source "$SCRATCH/source" --arg option $option
		bundle_args "$B" sh -c 'touch /mnt/x 2>/dev/null; echo $?; touch /mnt/below/x 2>/dev/null; echo $?'
		# shellcheck disable=SC2016
		run unshare -m --propagation private sh -c '
			mount -t tmpfs none "$1/below" && shift && exec "$@"' sh \
			"$SCRATCH/source" "$HULL" --root "$STATE" run -b "$B" "$TAG"
		assert_status 0
		if [[ $option == ro ]]; then assert_equal "$output" $'1\n0'; else assert_equal "$output" $'1\n1'; fi
	done
}

@test "R-034 mnt.should, R-039 mnt.rec.atime, R-036 mnt.rnodev: the recursive options" {
	bind_flags bind,rnosuid,rnodev,rnoexec rw,nosuid,nodev,noexec,relatime
	bind_flags bind,nosuid,nodev,noexec,rsuid,rdev,rexec rw,relatime
	bind_flags bind,rnoatime rw,noatime
	bind_flags bind,noatime,ratime rw,relatime
	bind_flags bind,rstrictatime rw
	bind_flags bind,noatime,rrelatime rw,relatime
	bind_flags bind,rnodiratime rw,nodiratime,relatime
	bind_flags bind,rnosymfollow rw,relatime,nosymfollow
	bind_flags bind,rro,rrw rw,relatime
}

@test "R-040 mnt.rec.any: recursive options on a file system of its own" {
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["rro", "rnoexec"]}'
	inside "$(mount_line /mnt)"
	assert_equal "${output%% *}" ro,noexec,relatime
}

@test "tmpfs: size, mode, and data that the kernel knows" {
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs",
		"options": ["nosuid", "noexec", "size=1m", "mode=0750", "uid=7", "gid=8", "nr_inodes=99"]}'
	inside "$(mount_line /mnt); stat -c '%a %u %g' /mnt"
	assert_status 0
	assert_equal "${lines[0]}" "rw,nosuid,noexec,relatime tmpfs rw,size=1024k,nr_inodes=99,mode=750,uid=7,gid=8"
	assert_equal "${lines[1]}" "750 7 8"
}

@test "R-029 mnt.unknown: what the file system does not know is refused by it" {
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["nonsense=1"]}'
	refuses 'nonsense' create -b "$B" "$TAG"
	config "$B" '.mounts[-1] = {destination: "/mnt", type: "nosuchfs", source: "x"}'
	refuses '"nosuchfs"' create -b "$B" "$TAG"
	config "$B" '.mounts[-1] = {destination: "/mnt", source: "x"}'
	refuses '"/mnt"' create -b "$B" "$TAG"
}

@test "R-033 mnt.must: flags of a file system of its own" {
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs",
		"options": ["defaults", "nosuid", "nodev", "noatime", "nodiratime", "sync", "dirsync", "lazytime", "silent", "loud", "iversion", "noiversion"]}'
	inside "$(mount_line /mnt)"
	assert_status 0
	assert_equal "${output%% *}" rw,nosuid,nodev,noatime,nodiratime
	[[ $output == *" tmpfs "*sync*dirsync* && $output == *lazytime* ]]
}

@test "tmpfs: without a mode it has that of the directory it covers" {
	mkdir -m 2751 "$B/rootfs/odd"
	chmod 2751 "$B/rootfs/odd"
	add_mount '{"destination": "/odd", "type": "tmpfs", "source": "tmpfs"}'
	shows 2751 'stat -c %a /odd'
	config "$B" '.mounts[-1].options = ["mode=700"]'
	shows 700 'stat -c %a /odd'
}

@test "R-035 mnt.may: tmpcopyup" {
	mkdir -p "$B/rootfs/up/dir/sub"
	echo text >"$B/rootfs/up/dir/sub/file"
	ln -s dir/sub/file "$B/rootfs/up/link"
	ln "$B/rootfs/up/dir/sub/file" "$B/rootfs/up/hard"
	chmod 640 "$B/rootfs/up/dir/sub/file"
	chown 1000:5 "$B/rootfs/up/dir/sub/file"
	chmod 1733 "$B/rootfs/up/dir"
	add_mount '{"destination": "/up", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}'
	unconfined
	shows $'text\n640 1000 5\n1733\ndir/sub/file\nmore' \
		'cat /up/hard; stat -c "%a %u %g" /up/dir/sub/file; stat -c %a /up/dir; readlink /up/link
		echo more >/up/new; cat /up/new'
	[[ ! -e $B/rootfs/up/new ]]
}

@test "R-035 mnt.may: tmpcopyup of a read-only tmpfs, and of more than fits" {
	mkdir "$B/rootfs/up"
	echo text >"$B/rootfs/up/file"
	add_mount '{"destination": "/up", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}'
	shows $'text\n1' 'cat /up/file; touch /up/x 2>/dev/null; echo $?'
	head -c 300000 /dev/zero >"$B/rootfs/up/big"
	config "$B" '.mounts[-1].options = ["tmpcopyup", "size=64k"]'
	refuses '/up' create -b "$B" "$TAG"
}

@test "devpts: a new instance of the container's own" {
	inside "$(mount_line /dev/pts); ls /dev/pts; stat -c '%a %t:%T' /dev/pts/ptmx"
	assert_status 0
	assert_equal "${lines[0]}" "rw,nosuid,noexec,relatime devpts rw,gid=5,mode=620,ptmxmode=666"
	assert_equal "${lines[1]}" ptmx
	assert_equal "${lines[2]}" "666 5:2"
}

@test "proc, sysfs, mqueue and shm are mounted as asked" {
	for path in /proc /sys /dev/mqueue /dev/shm; do
		inside "$(mount_line $path)"
		assert_status 0
		case $path in
		/proc) assert_equal "$output" "rw,nosuid,nodev,noexec,relatime proc rw" ;;
		/sys) [[ $output == "ro,nosuid,nodev,noexec,relatime sysfs "* ]] ;;
		/dev/mqueue) assert_equal "$output" "rw,nosuid,nodev,noexec,relatime mqueue rw" ;;
		/dev/shm) [[ $output == "rw,nosuid,nodev,noexec,relatime tmpfs "*size=65536k* ]] ;;
		esac
	done
}

@test "proc is that of the container's pid namespace" {
	shows $'1\nsh' 'ls /proc | grep -c "^[0-9]*$" >/run/n; test $(cat /run/n) -le 4 && echo 1; cat /proc/1/comm; true'
}

@test "cgroup: each v1 controller is the container's own directory" {
	requires_cgroup_v1 memory
	inside "$(mount_line /sys/fs/cgroup/memory); cat /sys/fs/cgroup/memory/memory.limit_in_bytes; ls -d /sys/fs/cgroup/cpu"
	assert_status 0
	[[ ${lines[0]} == "ro,nosuid,nodev,noexec,relatime cgroup "*memory* ]]
	assert_equal "${lines[1]}" 67108864
	assert_equal "${lines[2]}" /sys/fs/cgroup/cpu
	# and the tmpfs above them is read-only too
	inside 'mkdir /sys/fs/cgroup/x 2>/dev/null || echo refused'
	assert_equal "$output" refused
}

@test "cgroup: without a cgroup namespace too, and writable when asked" {
	requires_cgroup_v1 memory
	without_namespace cgroup
	config "$B" '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
	shows $'67108864\n33554432' 'cd /sys/fs/cgroup/memory; cat memory.limit_in_bytes
		echo 33554432 >memory.limit_in_bytes; cat memory.limit_in_bytes'
	assert_nothing_left
}

@test "cgroup on bare v2: one cgroup2" {
	requires_on_v2
	without_controllers "$B"
	bundle_args "$B" sh -c "$(mount_line /sys/fs/cgroup); ls -d /sys/fs/cgroup/cgroup.procs; cat /sys/fs/cgroup/cgroup.events"
	run on_v2 hull run -b "$B" "$TAG"
	assert_status 0
	[[ ${lines[0]} == "ro,nosuid,nodev,noexec,relatime cgroup2 "* ]]
	assert_equal "${lines[2]}" "populated 1"
	assert_nothing_left
}

# overlay_dirs COUNT LENGTH: so many layers with such long names; their list in LOWER.
overlay_dirs() {
	local i name
	LOWER=
	for ((i = 1; i <= $1; i++)); do
		name=$SCRATCH/$(printf "%0$2d" $i)
		mkdir -p "$name"
		echo "$i" >"$name/file$i"
		echo "$i" >"$name/same"
		LOWER+=${LOWER:+:}$name
	done
	mkdir -p "$SCRATCH/upper" "$SCRATCH/work"
}

@test "overlay: lower, upper and work" {
	overlay_dirs 2 8
	add_mount "{\"destination\": \"/mnt\", \"type\": \"overlay\", \"source\": \"overlay\",
		\"options\": [\"lowerdir=$LOWER\", \"upperdir=$SCRATCH/upper\", \"workdir=$SCRATCH/work\"]}"
	shows $'1\n2\n1' 'cat /mnt/same /mnt/file2; echo new >/mnt/file1; rm /mnt/file2; ls /mnt | grep -c file'
	assert_equal "$(cat "$SCRATCH/upper/file1")" new
	assert_nothing_left
}

@test "overlay: a lowerdir far longer than fsconfig's values" {
	overlay_dirs 30 100
	add_mount "{\"destination\": \"/mnt\", \"type\": \"overlay\", \"source\": \"overlay\",
		\"options\": [\"lowerdir=$LOWER\", \"nosuid\", \"nodev\", \"noexec\"]}"
	inside "ls /mnt | grep -c file; cat /mnt/same; $(mount_line /mnt)"
	assert_status 0
	assert_equal "${lines[0]}" 30
	assert_equal "${lines[1]}" 1
	[[ ${lines[2]} == *nosuid,nodev,noexec*" overlay "* ]]
}

@test "R-021 mnt.order: in the document's order, the later covers the earlier" {
	for i in 1 2; do
		mkdir -p "$SCRATCH/$i/below"
		echo $i >"$SCRATCH/$i/file"
		echo $i >"$SCRATCH/$i/below/file"
	done
	add_mount "{\"destination\": \"/mnt\", \"source\": \"$SCRATCH/1\", \"options\": [\"bind\"]}"
	add_mount "{\"destination\": \"/mnt/below\", \"source\": \"$SCRATCH/2\", \"options\": [\"bind\"]}"
	shows $'1\n2' 'cat /mnt/file /mnt/below/file'
	config "$B" '.mounts |= (.[:-2] + [.[-1], .[-2]])'
	shows $'1\n1' 'cat /mnt/file /mnt/below/file'
}

@test "R-023 mnt.dest.rel: a relative destination begins at the root" {
	add_mount '{"destination": "mnt/./x/../y", "type": "tmpfs", "source": "tmpfs"}'
	inside 'grep -c " /mnt/y " /proc/self/mountinfo'
	assert_equal "${lines[-1]}" 1
	[[ -d $B/rootfs/mnt/y && ! -e $B/rootfs/mnt/x ]]
}

@test "the root itself is no destination" {
	add_mount '{"destination": "/", "type": "tmpfs", "source": "tmpfs"}'
	refuses '"/"' create -b "$B" "$TAG"
	config "$B" '.mounts[-1].destination = "/../."'
	refuses '"/"' create -b "$B" "$TAG"
}

@test "destinations: symbolic links stay inside the root" {
	mkdir "$SCRATCH/source" "$SCRATCH/outside"
	touch "$SCRATCH/source/mine"
	ln -s "$SCRATCH/outside" "$B/rootfs/absolute"
	ln -s ../../../../../../../../etc "$B/rootfs/relative"
	ln -s /mnt "$B/rootfs/inner"
	before=$(wc -l </proc/self/mountinfo)
	add_mount "{\"destination\": \"/absolute\", \"source\": \"$SCRATCH/source\", \"options\": [\"bind\"]}"
	add_mount "{\"destination\": \"/relative/sub\", \"source\": \"$SCRATCH/source\", \"options\": [\"bind\"]}"
	add_mount "{\"destination\": \"/inner/new\", \"source\": \"$SCRATCH/source\", \"options\": [\"bind\"]}"
	shows $'mine\nmine\nmine' "ls $SCRATCH/outside /etc/sub /mnt/new | grep mine"
	[[ -z $(ls "$SCRATCH/outside") && ! -e /etc/sub ]]
	assert_equal "$(wc -l </proc/self/mountinfo)" "$before"
}

@test "destinations: a dangling link is followed inside the root and its target made" {
	ln -s /made/by/link "$B/rootfs/dangling"
	ln -s up/../../../../other "$B/rootfs/var/dots"
	mkdir "$B/rootfs/var/up"
	touch "$SCRATCH/file"
	add_mount '{"destination": "/dangling", "type": "tmpfs", "source": "tmpfs"}'
	add_mount "{\"destination\": \"/var/dots\", \"source\": \"$SCRATCH/file\", \"options\": [\"bind\"]}"
	inside 'grep -c -e " /made/by/link " -e " /other " /proc/self/mountinfo'
	assert_equal "$output" 2
	[[ -d $B/rootfs/made/by/link && -f $B/rootfs/other && ! -e /made && ! -e /other ]]
}

@test "destinations: a loop of links and a file as a directory are refused" {
	ln -s loop "$B/rootfs/loop"
	add_mount '{"destination": "/loop", "type": "tmpfs", "source": "tmpfs"}'
	refuses '"/loop"' create -b "$B" "$TAG"
	config "$B" '.mounts[-1].destination = "/etc/passwd/x"'
	refuses '"/etc/passwd/x"' create -b "$B" "$TAG"
}

@test "destinations: proc and sys must not be links" {
	for name in proc sys; do
		rmdir "$B/rootfs/$name"
		ln -s mnt "$B/rootfs/$name"
		refuses "\"/$name\"" create -b "$B" "$TAG"
		rm "$B/rootfs/$name"
		mkdir "$B/rootfs/$name"
	done
}

@test "destinations: a missing /proc and /sys are made" {
	rmdir "$B/rootfs/proc" "$B/rootfs/sys"
	shows $'1' 'test -d /sys/kernel && cat /proc/1/stat | cut -d" " -f1'
}

@test "over /proc: nothing but the files that lxcfs replaces" {
	echo replaced >"$SCRATCH/file"
	for path in /proc/sys/kernel/hostname /proc/1/cmdline /proc/self/environ /proc/version; do
		config "$B" '.mounts |= map(select(.source != $file)) + [{destination: $path, source: $file, options: ["bind"]}]' \
			--arg file "$SCRATCH/file" --arg path $path
		refuses 'inside /proc' create -b "$B" "$TAG"
	done
	add_mount '{"destination": "/proc/tty", "type": "tmpfs", "source": "tmpfs"}'
	config "$B" '.mounts |= map(select(.source != $file))' --arg file "$SCRATCH/file"
	refuses 'inside /proc' create -b "$B" "$TAG"
	config "$B" 'del(.mounts[-1])'
	for path in /proc/cpuinfo /proc/meminfo /proc/uptime; do
		add_mount "{\"destination\": \"$path\", \"source\": \"$SCRATCH/file\", \"options\": [\"bind\", \"ro\"]}"
	done
	shows $'replaced\nreplaced\nreplaced' 'cat /proc/cpuinfo /proc/meminfo /proc/uptime'
}

@test "over /proc: a link in the root does not lead around the rule" {
	ln -s /proc/sys "$B/rootfs/elsewhere"
	add_mount '{"destination": "/elsewhere", "type": "tmpfs", "source": "tmpfs"}'
	refuses 'inside /proc' create -b "$B" "$TAG"
}

@test "over /proc: the whole of it only by a procfs" {
	add_mount '{"destination": "/proc", "type": "tmpfs", "source": "tmpfs"}'
	refuses 'inside /proc' create -b "$B" "$TAG"
	config "$B" '.mounts[-1] = {destination: "/proc", source: "/proc", options: ["rbind"]}'
	without_namespace pid
	config "$B" '.mounts |= map(select(.type != "proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	inside 'test -d /proc/self'
	assert_status 0
}

@test "a read-only tmpfs is one only when all is made below it" {
	mkdir "$SCRATCH/source"
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]}'
	add_mount "{\"destination\": \"/mnt/deep/below\", \"source\": \"$SCRATCH/source\", \"options\": [\"bind\"]}"
	shows $'0\n1' 'touch /mnt/deep/below/x; echo $?; touch /mnt/x 2>/dev/null; echo $?'
}

@test "a read-only /dev still has its devices" {
	config "$B" '(.mounts[] | select(.destination == "/dev")).options += ["ro"]'
	shows $'1\ncharacter special file' 'touch /dev/x 2>/dev/null; echo $?; stat -c %F /dev/null; echo x >/dev/null'
}

@test "remount changes what is there" {
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"}'
	add_mount '{"destination": "/mnt", "options": ["remount", "ro", "noexec"]}'
	inside "$(mount_line /mnt)"
	assert_equal "${output%% *}" ro,noexec,relatime
	assert_equal "${#lines[@]}" 1
}

@test "R-041 mnt.prop: propagation of a mount" {
	for pair in private: rprivate: shared:shared rshared:shared slave: rslave: unbindable:unbindable runbindable:unbindable; do
		config "$B" '.mounts |= map(select(.destination != "/mnt")) +
			[{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: [$option]}]' --arg option "${pair%:*}"
		inside "awk '\$5 == \"/mnt\" { print \$7 }' /proc/self/mountinfo"
		assert_status 0
		want=${pair#*:}
		[[ $want == "" && $output == - || $want != "" && $output == "$want"* ]] || {
			echo "$pair: $output" >&2
			false
		}
	done
}

@test "R-041 mnt.prop: slave then shared has both" {
	# A shared mount of ours, in a namespace of our own, is the peer.
	mkdir "$SCRATCH/source"
	add_mount "{\"destination\": \"/mnt\", \"source\": \"$SCRATCH/source\", \"options\": [\"rbind\", \"slave\", \"shared\"]}"
	config "$B" '.linux.rootfsPropagation = "slave"'
	bundle_args "$B" sh -c "awk '\$5 == \"/mnt\" { print \$7, \$8 }' /proc/self/mountinfo"
	# shellcheck disable=SC2016
	run unshare -m --propagation private sh -c '
		mount -t tmpfs none "$1" && mount --make-shared "$1" && shift && exec "$@"' sh \
		"$SCRATCH/source" "$HULL" --root "$STATE" run -b "$B" "$TAG"
	assert_status 0
	[[ $output == *shared:*master:* ]]
}

@test "many mounts" {
	mkdir "$SCRATCH/source"
	config "$B" '.mounts += [range(200) | {destination: "/mnt/\(.)", source: $source, options: ["bind", "ro"]}]' \
		--arg source "$SCRATCH/source"
	config "$B" '.mounts += [range(60) | {destination: "/var/\(.)", type: "tmpfs", source: "tmpfs", options: ["ro", "size=4k"]}]'
	shows $'200\n60' 'grep -c " /mnt/" /proc/self/mountinfo; grep -c " /var/[0-9]* ro," /proc/self/mountinfo'
	assert_nothing_left
}

@test "a mount that fails leaves nothing of those before it" {
	add_mount '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"}'
	add_mount '{"destination": "/var", "type": "nosuchfs", "source": "x"}'
	before=$(wc -l </proc/self/mountinfo)
	refuses 'mount "x" to "/var"' create -b "$B" "$TAG"
	refuses 'mount "x" to "/var"' run -b "$B" "$TAG"
	assert_equal "$(wc -l </proc/self/mountinfo)" "$before"
}

@test "R-026 mnt.map.both: id mappings of one kind only are refused" {
	add_mount "{\"destination\": \"/mnt\", \"source\": \"$SCRATCH\", \"options\": [\"bind\"],
		\"uidMappings\": [{\"containerID\": 0, \"hostID\": 1000, \"size\": 1}]}"
	refuses 'must have both uid and gid mappings' create -b "$B" "$TAG"
}
