/* Documents made of defaults, an image's configuration and choices: read back by hull's own reader. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/tree.h"
#include "oci/make/document.h"

struct values {
	struct choices choices;
};
static const struct flag_row rows[] = { CHOICE_ROWS(struct values), { 0 } };

static char scratch[] = "/tmp/hull-document.XXXXXX";
static struct arena arena;
static struct error err;
static struct document_image image;
static struct spec *spec;
static const char *id;

static void put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK_INT(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

/* The document for the command line @line (options, then the command), loaded into spec. */
static int make(const char *line)
{
	static char words[2048];
	static char *argv[64];
	struct values values = { 0 };
	size_t argc = 0, count = 0;
	bool help = false;
	autotext struct text text = TEXT_EMPTY;
	autoclose int bundle = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int root_fd = openat(bundle, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rootdir root = { root_fd };
	char volumes[64];

	spec_free(spec);
	spec = NULL;
	error_clear(&err);
	snprintf(volumes, sizeof(volumes), "%s/named", scratch);
	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	int result = flags_parse(rows, &values, FLAGS_FIRST, argv, argc, &arena, &count, &help, &err);
	struct document_request request = {
		.image = &image,
		.choices = &values.choices,
		.command = { count, (const char *const *)argv },
		.root = &root,
		.bundle = scratch,
		.bundle_dir = bundle,
		.volumes_root = volumes,
		.id = id,
		.name = "web",
		.net_program = "/libexec/hull-net",
		.init_program = "/libexec/hull-reaper",
		.cgroup_v2 = true,
	};
	if (result == 0)
		result = document_make(&request, &arena, &text, &err);
	if (result == 0)
		result = spec_parse("config.json", text.data, text.length, &spec, &err);
	return result;
}

static void check_made(const char *line)
{
	int result = make(line);

	if (result < 0)
		printf("# %s: %s\n", line, err.text);
	CHECK_INT(result, 0);
}

static const char *joined(const struct strings *list)
{
	static char room[4][1024];
	static int next;
	char *to = room[next++ % 4];

	to[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		strncat(to, i == 0 ? "" : " ", 1000 - strlen(to));
		strncat(to, list->items[i], 1000 - strlen(to));
	}
	return to;
}

static const struct spec_mount *mount_at(const char *destination)
{
	for (size_t i = 0; spec != NULL && i < spec->mounts.count; i++)
		if (strcmp(spec->mounts.items[i].destination, destination) == 0)
			return &spec->mounts.items[i];
	return NULL;
}

static void start(void)
{
	CHECK(mkdtemp(scratch) != NULL);
	int dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(mkdirat(dir, "root", 0755) | mkdirat(dir, "root/etc", 0755) |
			  mkdirat(dir, "root/data", 0700),
		  0);
	put_file(dir, "root/etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/web:/bin/sh\n");
	put_file(dir, "root/etc/group", "root:x:0:\nwebs:x:34:\nlogs:x:40:web\nusers:x:100:\n");
	put_file(dir, "root/data/seed", "seeded");
	put_file(dir, "root/data/holes", "one");
	int holes = openat(dir, "root/data/holes", O_WRONLY | O_CLOEXEC);
	CHECK_INT(ftruncate(holes, (off_t)1 << 40), 0);
	CHECK_INT(pwrite(holes, "two", 3, (off_t)1 << 30), 3);
	close(holes);
	CHECK_INT(symlinkat("/nowhere", dir, "root/data/link"), 0);
	close(dir);
}

static const char *const entry[] = { "/entry", "-x" }, *const cmd[] = { "serve" },
			 *const image_env[] = { "PATH=/image/bin", "A=1" };

static void test_program(void)
{
	CHECK(make("") < 0);
	CHECK_HAS(err.text, "no command specified");
	check_made("true");
	CHECK_STR(joined(&spec->process->args), "true");
	CHECK_STR(joined(&spec->process->env),
		  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=hull");
	CHECK_STR(spec->process->cwd, "/");
	image = (struct document_image){
		.entrypoint = { 2, entry }, .cmd = { 1, cmd }, .env = { 2, image_env }, .working_dir = "/srv"
	};
	check_made("");
	CHECK_STR(joined(&spec->process->args), "/entry -x serve");
	CHECK_STR(joined(&spec->process->env), "PATH=/image/bin HOSTNAME=hull A=1");
	CHECK_STR(spec->process->cwd, "/srv");
	check_made("other words");
	CHECK_STR(joined(&spec->process->args), "/entry -x other words");
	check_made("--entrypoint /bin/sh");
	CHECK_STR(joined(&spec->process->args), "/bin/sh");
	check_made("--entrypoint= one");
	CHECK_STR(joined(&spec->process->args), "one");
	check_made("--init one");
	CHECK_STR(joined(&spec->process->args), "/dev/init -- /entry -x one");
	CHECK_STR(mount_at("/dev/init")->source, "/libexec/hull-reaper");
	setenv("INHERITED", "yes", 1);
	unsetenv("MISSING");
	check_made("-e A=2 -e B=3 -e B=4 -e INHERITED -e MISSING -w /tmp one");
	CHECK_STR(joined(&spec->process->env), "PATH=/image/bin HOSTNAME=hull A=2 B=4 INHERITED=yes");
	CHECK_STR(spec->process->cwd, "/tmp");
	CHECK(make("-e =x one") < 0);
	CHECK(make("-w relative one") < 0);
	CHECK_HAS(err.text, "needs to be an absolute path");
	image = (struct document_image){ 0 };
}

static void test_env_file(void)
{
	int dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char line[128];

	put_file(dir, "env", "# comment\n\n  X=a b c\nY=\nINHERITED\r\nX=last");
	close(dir);
	snprintf(line, sizeof(line), "--env-file %s/env -e Y=1 one", scratch);
	check_made(line);
	CHECK_STR(joined(&spec->process->env),
		  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
		  "HOSTNAME=hull X=last Y=1 INHERITED=yes");
	CHECK(make("--env-file /nowhere/x one") < 0);
	CHECK_HAS(err.text, "/nowhere/x");
}

static void test_user(void)
{
	check_made("-u web one");
	CHECK_INT(spec->process->user.uid, 33);
	CHECK_INT(spec->process->user.gid, 34);
	CHECK_INT(spec->process->user.additional_gid_count, 2);
	CHECK_INT(spec->process->user.additional_gids[0], 34);
	CHECK_INT(spec->process->user.additional_gids[1], 40);
	check_made("-u 33:users --group-add logs --group-add 77 one");
	CHECK_INT(spec->process->user.gid, 100);
	CHECK_INT(spec->process->user.additional_gid_count, 3);
	CHECK_INT(spec->process->user.additional_gids[2], 77);
	image.user = "web";
	check_made("one");
	CHECK_INT(spec->process->user.uid, 33);
	image.user = NULL;
	CHECK(make("-u nobody one") < 0);
	CHECK_HAS(err.text, "unable to find user nobody");
	CHECK(make("-u 4294967296 one") < 0);
}

static bool has_capability(unsigned number)
{
	const struct strings *set = &spec->process->capabilities->sets[CAPSET_BOUNDING];

	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i], spec_capability_name(number)) == 0)
			return true;
	return false;
}

static void test_rights(void)
{
	check_made("one");
	CHECK_INT(spec->process->capabilities->sets[CAPSET_BOUNDING].count, 14);
	CHECK_INT(spec->process->capabilities->sets[CAPSET_INHERITABLE].count, 0);
	CHECK(spec->linux->seccomp != NULL);
	CHECK_INT(spec->linux->seccomp->default_action, SC_ERRNO);
	CHECK(spec->linux->masked_paths.count > 5);
	check_made("--cap-drop all --cap-add net_admin one");
	CHECK_STR(joined(&spec->process->capabilities->sets[CAPSET_EFFECTIVE]), "CAP_NET_ADMIN");
	check_made("--cap-add ALL --cap-drop CAP_SYS_ADMIN one");
	CHECK(!has_capability(CAP_SYS_ADMIN));
	CHECK(has_capability(CAP_SYS_MODULE));
	CHECK(make("--cap-add FLY one") < 0);
	CHECK_HAS(err.text, "CAP_FLY");
	check_made("--security-opt seccomp=unconfined --security-opt no-new-privileges --security-opt "
		   "systempaths=unconfined one");
	CHECK(spec->linux->seccomp == NULL);
	CHECK(spec->process->no_new_privileges);
	CHECK_INT(spec->linux->masked_paths.count, 0);
	check_made("--privileged one");
	CHECK(spec->linux->seccomp == NULL);
	CHECK(has_capability(CAP_SYS_ADMIN));
	CHECK(make("--security-opt what=ever one") < 0);
	check_made("--ulimit nofile=100:200 --ulimit core=-1 one");
	CHECK_INT(spec->process->rlimits.count, 2);
	CHECK_INT(spec->process->rlimits.items[0].soft, 100);
	CHECK_INT(spec->process->rlimits.items[0].hard, 200);
	CHECK(spec->process->rlimits.items[1].hard == UINT64_MAX);
	check_made("--ulimit nofile=5 --ulimit core=0 --ulimit nofile=7 one");
	CHECK_INT(spec->process->rlimits.count, 2);
	CHECK_INT(spec->process->rlimits.items[0].soft, 7);
	CHECK(make("--ulimit nofile=200:100 one") < 0);
	CHECK(make("--ulimit nothing=1 one") < 0);
}

static void test_limits(void)
{
	const struct spec_resources *r;

	check_made("-m 64m --cpus 1.5 --pids-limit 10 --cpu-shares 512 --cpuset-cpus 0-1 --blkio-weight 300 "
		   "one");
	r = spec->linux->resources;
	CHECK_INT(r->memory.limit.value, 64 << 20);
	CHECK_INT(r->memory.swap.value, 128 << 20);
	CHECK_INT(r->cpu.quota.value, 150000);
	CHECK_INT(r->cpu.period.value, 100000);
	CHECK_INT(r->cpu.shares.value, 512);
	CHECK_STR(r->cpu.cpus, "0-1");
	CHECK_INT(r->pids_limit.value, 10);
	CHECK_INT(r->block_io.weight.value, 300);
	CHECK_INT(r->device_rule_count, 1);
	CHECK(make("-m 1m one") < 0);
	CHECK_HAS(err.text, "Minimum memory limit allowed is 6MB");
	CHECK(make("-m 64x one") < 0);
	CHECK(make("--memory-swap 1g one") < 0);
	CHECK(make("--cpus x one") < 0);
	CHECK(make("--cpus . one") < 0);
	CHECK(make("--cpus 0.000001 one") < 0);
	check_made("--cpus 0.0 -m 64m --memory-swap 0 one"); /* 0: as if it were not given */
	CHECK(!spec->linux->resources->cpu.quota.set);
	CHECK_INT(spec->linux->resources->memory.swap.value, 128 << 20);
	CHECK(make("--cpus 1 --cpu-quota 5 one") < 0);
}

static void test_devices(void)
{
	check_made("--device /dev/null:/dev/nothing:rw one");
	CHECK_INT(spec->linux->devices.count, 1);
	CHECK_STR(spec->linux->devices.items[0].path, "/dev/nothing");
	CHECK_INT(spec->linux->resources->device_rule_count, 2);
	CHECK(make("--device /nowhere one") < 0);
	CHECK(make("--device /etc one") < 0);
	CHECK_HAS(err.text, "not a device node");
	CHECK(make("--device /dev/null:/dev/x:q one") < 0);
	CHECK(make("--device-cgroup-rule q one") < 0);
}

static const struct spec_device *find_device(const char *path)
{
	const struct spec_devices *devices = &spec->linux->devices;

	for (size_t i = 0; i < devices->count; i++)
		if (strcmp(devices->items[i].path, path) == 0)
			return &devices->items[i];
	return NULL;
}

static void test_host_devices(void)
{
	struct stat st;

	check_made("--privileged one");
	const struct spec_resources *r = spec->linux->resources;
	CHECK_INT(r->device_rule_count, 1);
	CHECK(r->device_rules[0].allow);
	CHECK(find_device("/dev/null") != NULL);
	CHECK(find_device("/dev/console") == NULL);
	CHECK(find_device("/dev/stdin") == NULL);
	for (size_t i = 0; i < spec->linux->devices.count; i++) {
		const struct spec_device *device = &spec->linux->devices.items[i];

		/* some may be gone by now */
		if (lstat(device->path, &st) == 0) {
			CHECK_INT(device->major, major(st.st_rdev));
			CHECK_INT(device->minor, minor(st.st_rdev));
			CHECK_INT(device->file_mode.value, st.st_mode & 07777);
		}
		CHECK(strncmp(device->path, "/dev/pts/", 9) != 0);
		CHECK(find_device(device->path) == device); /* each once */
	}
	bool has_console = find_device("/dev/tty1") != NULL;
	CHECK(has_console == (lstat("/dev/tty1", &st) == 0));
	/* what was asked for by name has the place */
	check_made("--privileged --device /dev/zero:/dev/null one");
	CHECK_INT(find_device("/dev/null")->minor, 5);
	check_made("--privileged /usr/lib/systemd/systemd");
	CHECK(find_device("/dev/null") != NULL);
	CHECK(find_device("/dev/tty1") == NULL);
}

static void test_mounts(void)
{
	char line[512];

	snprintf(line, sizeof(line), "-v %s/made/new:/mnt/a:ro --tmpfs /run:size=1m --shm-size 1m one",
		 scratch);
	check_made(line);
	CHECK_STR(joined(&mount_at("/mnt/a")->options), "rbind rprivate rro");
	snprintf(line, sizeof(line), "%s/made/new", scratch);
	CHECK_INT(access(line, F_OK), 0);
	CHECK_STR(mount_at("/run")->type, "tmpfs");
	CHECK_HAS(joined(&mount_at("/run")->options), "size=1m");
	CHECK_HAS(joined(&mount_at("/dev/shm")->options), "size=1048576");
	snprintf(line, sizeof(line),
		 "--mount type=bind,src=%s,dst=/b,readonly --mount type=tmpfs,dst=/t,tmpfs-size=2m one",
		 scratch);
	check_made(line);
	CHECK_STR(mount_at("/b")->source, scratch);
	CHECK_HAS(joined(&mount_at("/t")->options), "size=2m");
	CHECK_HAS(joined(&mount_at("/b")->options), "rbind rprivate rro");
	CHECK(make("--mount type=bind,src=/nowhere/at/all,dst=/b one") < 0);
	CHECK_HAS(err.text, "/nowhere/at/all");
	snprintf(line, sizeof(line),
		 "--mount type=bind,src=%s,dst=/b,ro=false --mount "
		 "type=bind,src=%s,dst=/c,ro,bind-recursive=disabled "
		 "--mount type=bind,src=%s,dst=/d,readonly=True,bind-recursive=writable one",
		 scratch, scratch, scratch);
	check_made(line);
	CHECK_STR(joined(&mount_at("/b")->options), "rbind rprivate rw");
	CHECK_STR(joined(&mount_at("/c")->options), "bind rprivate ro");
	CHECK_STR(joined(&mount_at("/d")->options), "rbind rprivate ro");
	/* what is not understood is never taken for "may be written" */
	CHECK(make("--mount type=bind,src=/,dst=/b,readonly=yes one") < 0);
	CHECK_HAS(err.text, "invalid value for readonly: yes");
	CHECK(make("--mount type=bind,src=/,dst=/b,ro,bind-recursive=no one") < 0);
	CHECK(make("--mount dst=/b,volume-nocopy=on one") < 0);
	/* nor passed over where it means nothing */
	CHECK(make("--mount type=tmpfs,src=/,dst=/b one") < 0);
	CHECK(make("--mount type=bind,src=/,dst=/b,tmpfs-size=1m one") < 0);
	CHECK(make("--mount type=volume,dst=/b,bind-propagation=shared one") < 0);
	CHECK_HAS(err.text, "cannot mix bind-* options with mount type 'volume'");
	CHECK(make("--mount type=odd,dst=/b one") < 0);
	CHECK(make("--mount dst=/b,color=red one") < 0);
	CHECK(make("-v /a:/ one") < 0);
	CHECK(make("-v /a:relative one") < 0);
	CHECK(make("-v /a:/b:odd one") < 0);
	CHECK(make("-v a/b:/c one") < 0);
	CHECK_HAS(err.text, "includes invalid characters for a local volume name");
}

static void test_volumes(void)
{
	static const char *const declared[] = { "/data" };
	char path[256];

	image.volumes = (struct strings){ 1, declared };
	check_made("one");
	snprintf(path, sizeof(path), "%s/seed", mount_at("/data")->source);
	CHECK_INT(access(path, F_OK), 0);
	CHECK_HAS(path, "/volumes/");
	struct stat st = { .st_size = 0 };

	snprintf(path, sizeof(path), "%s/holes", mount_at("/data")->source);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_size, (off_t)1 << 40);
	CHECK(st.st_blocks < 1000);
	int holes = open(path, O_RDONLY | O_CLOEXEC);
	char word[4] = "";
	CHECK_INT(pread(holes, word, 3, (off_t)1 << 30), 3);
	CHECK_STR(word, "two");
	close(holes);
	check_made("-v keep:/data one");
	snprintf(path, sizeof(path), "%s/named/keep", scratch);
	CHECK_STR(mount_at("/data")->source, path);
	snprintf(path, sizeof(path), "%s/named/keep/seed", scratch);
	CHECK_INT(unlink(path), 0);
	check_made("-v keep:/data one");
	CHECK_INT(access(path, F_OK), -1); /* filled once */
	check_made("-v other:/data:nocopy one");
	snprintf(path, sizeof(path), "%s/named/other/seed", scratch);
	CHECK_INT(access(path, F_OK), -1);
	static const char *const odd[] = { "/", "//proc/.", "/dev/../dev", "/etc/hosts/", "data/../new" };

	image.volumes = (struct strings){ ARRAY_LEN(odd), odd };
	check_made("one");
	CHECK_STR(mount_at("/proc")->type, "proc");
	CHECK_STR(mount_at("/dev")->type, "tmpfs");
	CHECK_HAS(mount_at("/etc/hosts")->source, "/hosts");
	CHECK(mount_at("/new") != NULL);
	CHECK(mount_at("//proc/.") == NULL);
	image.volumes = (struct strings){ 0 };
}

static size_t place_of(const char *destination)
{
	const struct spec_mount *mount = mount_at(destination);

	return mount == NULL ? 0 : (size_t)(mount - spec->mounts.items);
}

static void test_mount_order(void)
{
	static const char *const declared[] = { "/data", "/srv/deep" };
	char line[256];

	image.volumes = (struct strings){ ARRAY_LEN(declared), declared };
	snprintf(line, sizeof(line), "-v %s:/data/below -v %s:/srv//deep/./ --tmpfs /etc/ one", scratch,
		 scratch);
	check_made(line);
	/* the image's volume neither covers a person's below it nor one that is spelt otherwise */
	CHECK(place_of("/data") > 0 && place_of("/data") < place_of("/data/below"));
	CHECK_STR(mount_at("/srv/deep")->source, scratch);
	CHECK(place_of("/etc") > 0 && place_of("/etc") < place_of("/etc/hosts"));
	CHECK_INT(place_of("/proc"), 0);
	CHECK(place_of("/dev") < place_of("/dev/pts"));
	/* two that take the place of usual ones are two */
	check_made("-v /dev/shm -v /dev/mqueue one");
	CHECK(strcmp(mount_at("/dev/shm")->source, mount_at("/dev/mqueue")->source) != 0);
	image.volumes = (struct strings){ 0 };
	static const char *many[300];

	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = "/x";
	image.volumes = (struct strings){ ARRAY_LEN(many), many };
	CHECK(make("one") < 0);
	CHECK_HAS(err.text, "volumes");
	image.volumes = (struct strings){ 0 };
}

/* Of an image of a few hundred KiB nobody needs gigabytes. */
static void test_large_image(void)
{
	enum { COUNT = 8000 };
	static const char *words[COUNT];
	static struct spec_kv labels[COUNT];
	static char room[COUNT][16];
	size_t before = arena.used_bytes;

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(room[i], sizeof(room[i]), "N%zu=x", i);
		words[i] = room[i];
		labels[i] = (struct spec_kv){ room[i], "x" };
	}
	image = (struct document_image){ .cmd = { COUNT, words },
					 .env = { COUNT, words },
					 .exposed_ports = { COUNT, words },
					 .labels = { COUNT, labels } };
	check_made("");
	CHECK_INT(spec->process->env.count, COUNT + 2);
	CHECK_INT(spec->process->args.count, COUNT);
	CHECK_INT(spec->annotations.count, COUNT + 1);
	CHECK(arena.used_bytes - before < 32 << 20);
	image.env.count = image.labels.count = 100000;
	CHECK(make("") < 0);
	image = (struct document_image){ 0 };
}

/* docker's own form: rules with conditions, which a reader of the specification's form would pass over. */
static void test_profile(void)
{
	int dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct spec_seccomp *filter;
	char line[256];

	put_file(dir, "profile",
		 "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"archMap\": [{\"architecture\":"
		 "\"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]}], \"syscalls\": ["
		 "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [], \"comment\": \"\","
		 " \"includes\": {}, \"excludes\": {}},"
		 "{\"names\": [\"mount\"], \"action\": \"SCMP_ACT_ALLOW\","
		 " \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}},"
		 "{\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\","
		 " \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}},"
		 "{\"name\": \"ptrace\", \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"minKernel\": "
		 "\"4.8\"}},"
		 "{\"names\": [\"bpf\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"minKernel\": "
		 "\"99.0\"}},"
		 "{\"names\": [\"swapon\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"arches\": "
		 "[\"mips\"]}}]}");
	put_file(dir, "odd",
		 "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"mount\"],"
		 "\"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"weekdays\": [\"monday\"]}}]}");
	close(dir);
	snprintf(line, sizeof(line), "--security-opt seccomp=%s/profile one", scratch);
	check_made(line);
	filter = spec->linux->seccomp;
	CHECK_INT(filter->rule_count, 3);
	CHECK_STR(joined(&filter->rules[0].names), "read");
	CHECK_STR(joined(&filter->rules[1].names), "clone");
	CHECK_STR(joined(&filter->rules[2].names), "ptrace");
	snprintf(line, sizeof(line), "--cap-add SYS_ADMIN --security-opt seccomp=%s/profile one", scratch);
	check_made(line);
	CHECK_STR(joined(&spec->linux->seccomp->rules[1].names), "mount");
	snprintf(line, sizeof(line), "--security-opt seccomp=%s/odd one", scratch);
	CHECK(make(line) < 0);
	CHECK_HAS(err.text, "weekdays");
}

static void test_network(void)
{
	check_made("one");
	CHECK(spec->linux->namespaces.listed[NS_NETWORK]);
	CHECK_INT(spec->hooks.kinds[HOOK_CREATE_RUNTIME].count, 1);
	CHECK_STR(spec->hooks.kinds[HOOK_CREATE_RUNTIME].items[0].path, "/libexec/hull-net");
	CHECK_HAS(joined(&spec->hooks.kinds[HOOK_CREATE_RUNTIME].items[0].args),
		  "hull-net add --network bridge --name web");
	CHECK_INT(spec->hooks.kinds[HOOK_POSTSTOP].count, 1);
	check_made("-p 8080:80 -p 53:53/udp --ip 10.1.2.3 --network bridge:blue one");
	CHECK_HAS(joined(&spec->hooks.kinds[HOOK_CREATE_RUNTIME].items[0].args),
		  "add --network bridge:blue --publish 8080:80 --publish 53:53/udp --ip 10.1.2.3");
	check_made("--network host one");
	CHECK(!spec->linux->namespaces.listed[NS_NETWORK]);
	CHECK_INT(spec->hooks.kinds[HOOK_CREATE_RUNTIME].count, 0);
	check_made("--network none one");
	CHECK(spec->linux->namespaces.listed[NS_NETWORK]);
	CHECK_INT(spec->hooks.kinds[HOOK_CREATE_RUNTIME].count, 0);
	CHECK(make("--network none -p 80:80 one") < 0);
	CHECK(make("--network nowhere one") < 0);
	CHECK_HAS(err.text, "network nowhere not found");
	check_made("--pid host --uts host --ipc host one");
	CHECK(!spec->linux->namespaces.listed[NS_PID]);
	CHECK(!spec->linux->namespaces.listed[NS_UTS]);
	CHECK(!spec->linux->namespaces.listed[NS_IPC]);
	CHECK(make("--pid odd one") < 0);
	check_made("--sysctl kernel.msgmax=9000 -h box one");
	CHECK_STR(spec->hostname, "box");
	CHECK(make("--network host --sysctl net.core.somaxconn=5 one") < 0);
	CHECK(make("-h no/name one") < 0);
	id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	check_made("one");
	CHECK_STR(spec->hostname, "0123456789ab");
	id = NULL;
}

static const char *annotation(const char *key)
{
	for (size_t i = 0; i < spec->annotations.count; i++)
		if (strcmp(spec->annotations.items[i].key, key) == 0)
			return spec->annotations.items[i].value;
	return "(none)";
}

static void test_annotations(void)
{
	static const struct spec_kv labels[] = { { "maintainer", "me" },
						 { "org.opencontainers.image.author", "label wins" },
						 { "dotted.key.of.three", "v" } };
	static const char *const ports[] = { "80/tcp", "90/udp" };

	image.labels = (struct spec_kvs){ ARRAY_LEN(labels), labels };
	image.author = "somebody";
	image.os = "linux";
	image.stop_signal = "SIGINT";
	image.exposed_ports = (struct strings){ 2, ports };
	check_made("-l mine=1 -l bare --annotation a.b=c one");
	CHECK_STR(annotation("maintainer"), "me");
	CHECK_STR(annotation("org.opencontainers.image.author"), "label wins");
	CHECK_STR(annotation("org.opencontainers.image.os"), "linux");
	CHECK_STR(annotation("org.opencontainers.image.stopSignal"), "SIGINT");
	CHECK_STR(annotation("org.opencontainers.image.exposedPorts"), "80/tcp,90/udp");
	CHECK_STR(annotation("dotted.key.of.three"), "v");
	CHECK_STR(annotation("mine"), "1");
	CHECK_STR(annotation("bare"), "");
	CHECK_STR(annotation("a.b"), "c");
	CHECK(make("-l =x one") < 0);
	image = (struct document_image){ 0 };
}

/* Keys that some runtime acts upon come from a person or not at all. */
static void test_reserved_annotations(void)
{
	static const char *const bad[] = { "hull.notify",
					   "org.hull.rootfs",
					   "bundle",
					   "org.systemd.property.MemoryMax",
					   "org.criu.config",
					   "run.oci.hooks.stdout",
					   "run.oci.handler",
					   "krun.cpus",
					   "module.wasm.image/variant",
					   "dev.gvisor.spec.mount.a.source",
					   "io.katacontainers.config.hypervisor.path",
					   "io.kubernetes.cri.container-type",
					   "io.kubernetes.cri-o.Devices",
					   "io.containerd.secret",
					   "io.podman.annotations.privileged",
					   "com.docker.secret",
					   "com.github.containers.virtcontainers.x",
					   "" };
	static const char *const good[] = { "bundles",     "bundle.a", "hull",       "hulls.a",
					    "a.run.oci.b", "run.ocix", "org.criusx", "module.wasmer.a",
					    "krun",        "Run.oci.a" };
	struct spec_kv items[ARRAY_LEN(bad) + ARRAY_LEN(good)];

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = (struct spec_kv){ i < ARRAY_LEN(bad) ? bad[i] : good[i - ARRAY_LEN(bad)],
					     "of the image" };
	image.labels = (struct spec_kvs){ ARRAY_LEN(items), items };
	check_made("one");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_STR(annotation(bad[i]), "(none)");
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK_STR(annotation(good[i]), "of the image");
	check_made("--annotation run.oci.handler=mine -l org.criu.config=/etc/mine -l bundle=b one");
	CHECK_STR(annotation("run.oci.handler"), "mine");
	CHECK_STR(annotation("org.criu.config"), "/etc/mine");
	CHECK_STR(annotation("bundle"), "b");
	CHECK_STR(annotation("hull.notify"), "(none)");
	image = (struct document_image){ 0 };
}

static void test_files(void)
{
	char path[128], text[512] = "";

	check_made("--add-host db:10.0.0.5 --dns 1.2.3.4 --dns-search example.org --dns-option ndots:1 -h "
		   "box one");
	snprintf(path, sizeof(path), "%s/hosts", scratch);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	CHECK_HAS(text, "127.0.0.1\tlocalhost\n");
	CHECK_HAS(text, "10.0.0.5\tdb\n");
	memset(text, 0, sizeof(text));
	snprintf(path, sizeof(path), "%s/resolv.conf", scratch);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	CHECK_STR(text, "nameserver 1.2.3.4\nsearch example.org\noptions ndots:1\n");
	CHECK_STR(mount_at("/etc/resolv.conf")->source, path);
	CHECK(make("--add-host db one") < 0);
	CHECK(make("--add-host db:1.2.3.4\nevil one") < 0);
	CHECK(make("--dns 1.2.3.4\nx one") < 0);
}

static void finish(void)
{
	char command[64];

	spec_free(spec);
	arena_release(&arena);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	CHECK_INT(system(command), 0);
}

static const struct test tests[] = {
	{ "a place for it", start },
	{ "entry point, command, environment, working directory", test_program },
	{ "environment files", test_env_file },
	{ "users and groups by name and number", test_user },
	{ "capabilities, filters, masks, limits of the process", test_rights },
	{ "limits of the control group", test_limits },
	{ "devices", test_devices },
	{ "the host\'s devices", test_host_devices },
	{ "mounts as docker writes them", test_mounts },
	{ "volumes are filled once, named ones stay", test_volumes },
	{ "no mount covers another", test_mount_order },
	{ "an image's thousands of variables, labels, ports and words", test_large_image },
	{ "a seccomp profile in docker's form", test_profile },
	{ "namespaces and the hooks of the network", test_network },
	{ "annotations and labels", test_annotations },
	{ "labels of an image that a runtime would act upon", test_reserved_annotations },
	{ "hosts and resolv.conf", test_files },
	{ "nothing stays", finish },
};
TEST_MAIN(tests)
