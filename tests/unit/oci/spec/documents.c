/*
 * Whole documents: those that engines send, and the good and bad ones of the specification's own
 * schema tests. Reads tests/data, so it runs in the root of the repository.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "oci/spec/spec.h"
#include "tests/unit/check.h"

static struct error err;

static bool read_file(const char *path, struct text *ret)
{
	int result = fd_read_file_at(AT_FDCWD, path, (size_t)1 << 20, ret, &err);

	CHECK_INT(result, 0);
	return result == 0;
}

/* NULL where it is refused; the caller frees. */
static struct spec *parse_file(const char *path)
{
	autotext struct text text = TEXT_EMPTY;
	struct spec *spec = NULL;

	error_clear(&err);
	if (read_file(path, &text) && spec_parse(path, text.data, text.length, &spec, &err) < 0)
		return NULL;
	return spec;
}

static struct spec *engine(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "tests/data/engines/%s.json", name);
	struct spec *spec = parse_file(path);
	CHECK_STR(err.text, "");
	return spec;
}

/* Each must be read; what a document asks for beyond what hull does is named, and is only this. */
static void test_engines(void)
{
	DIR *dir = opendir("tests/data/engines");
	int count = 0, processes = 0;

	CHECK(dir != NULL);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		char path[512];

		if (!text_ends(entry->d_name, ".json"))
			continue;
		(void)snprintf(path, sizeof(path), "tests/data/engines/%s", entry->d_name);
		if (text_starts(entry->d_name, "exec-")) {
			autotext struct text text = TEXT_EMPTY;
			const struct spec_process *process = NULL;
			struct arena arena;

			arena_init(&arena, 0);
			CHECK(read_file(path, &text));
			CHECK_INT(spec_parse_process(path, text.data, text.length, &arena, &process, &err),
				  0);
			CHECK(process != NULL && process->args.count > 0 && process->cwd[0] == '/');
			arena_release(&arena);
			processes++;
			continue;
		}
		struct spec *spec = parse_file(path);
		CHECK(spec != NULL);
		if (spec == NULL)
			printf("# %s\n", err.text);
		CHECK(spec == NULL || spec->unsupported.count == 0);
		CHECK(spec == NULL || spec->warnings.count == 0);
		spec_free(spec);
		count++;
	}
	if (dir != NULL)
		(void)closedir(dir);
	CHECK_INT(count, 25);
	CHECK_INT(processes, 6);
}

static void test_schema(void)
{
	static const struct {
		const char *file, *error; /* NULL: accepted */
		const char *unsupported;
	} documents[] = {
		{ "good/minimal", NULL, NULL },
		{ "good/minimal-for-start", NULL, NULL },
		{ "good/linux-rdma", NULL, NULL },
		{ "good/linux-netdevice", NULL, "linux.netDevices" },
		{ "good/freebsd-minimal", NULL, NULL },
		{ "good/zos-minimal", NULL, NULL },
		/* Valid, but for a version and for a platform that hull does not have. */
		{ "good/spec-example", "version 0.5.0-dev is not supported", NULL },
		{ "good/zos-example", "version 0.5.0-dev is not supported", NULL },
		{ "good/freebsd-example", "without a private UTS namespace", NULL },
		{ "bad/invalid-json", "line 1: ", NULL },
		{ "bad/linux-hugepage", "hugepageLimits[0]: pageSize", NULL },
		{ "bad/linux-netdevice", "netDevices: eth0: name: must be a string", NULL },
		{ "bad/linux-rdma", "rdma: mlx5_1: hcaHandles: must be a number", NULL },
		/* what is wrong with it is in another platform's object. */
		{ "bad/freebsd-vnet-disable", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "tests/data/schema/%s.json", documents[i].file);
		struct spec *spec = parse_file(path);
		if (documents[i].error != NULL) {
			CHECK(spec == NULL);
			CHECK_HAS(err.text, documents[i].error);
			CHECK_HAS(err.text, path);
		} else {
			CHECK(spec != NULL);
			CHECK_STR(err.text, "");
		}
		if (documents[i].unsupported != NULL)
			CHECK_STR(spec == NULL ? NULL : spec->unsupported.items[0], documents[i].unsupported);
		else if (spec != NULL)
			CHECK_INT(spec->unsupported.count, 0);
		spec_free(spec);
	}
}

/* The specification's example with the version put right: every Linux property is in it. */
static void test_example(void)
{
	autotext struct text text = TEXT_EMPTY;
	struct spec *spec = NULL;

	CHECK(read_file("tests/data/schema/good/spec-example.json", &text));
	char *version = text.data == NULL ? NULL : strstr(text.data, "0.5.0-dev");
	CHECK(version != NULL);
	if (version == NULL)
		return;
	memcpy(version, "1.3.0+dev", strlen("1.3.0+dev"));
	CHECK_INT(spec_parse("example", text.data, text.length, &spec, &err), 0);
	if (spec == NULL)
		return;
	const struct spec_linux *linux = spec->linux;
	const struct spec_resources *resources = linux->resources;
	CHECK_STR(spec->domainname, "foobarbaz.test");
	CHECK_INT(spec->hooks.kinds[HOOK_POSTSTART].items[0].timeout.value, 5);
	CHECK_STR(spec->hooks.kinds[HOOK_POSTSTOP].items[0].args.items[1], "-f");
	CHECK(spec->hooks.kinds[HOOK_PRESTART].items[0].env_set);
	CHECK(!spec->hooks.kinds[HOOK_PRESTART].items[1].env_set);
	CHECK_STR(spec->process->selinux_label, "system_u:system_r:svirt_lxc_net_t:s0:c124,c675");
	CHECK_STR(spec->process->capabilities->sets[CAPSET_AMBIENT].items[0], "CAP_NET_BIND_SERVICE");
	CHECK_INT(spec->process->user.additional_gids[1], 6);
	CHECK_INT(linux->devices.items[1].type, 'b');
	CHECK_INT(linux->devices.items[0].file_mode.value, 0666);
	CHECK_INT(resources->hugepages[0].limit, 9223372036854772000);
	CHECK_STR(resources->hugepages[1].page_size, "64KB");
	CHECK_INT(resources->memory.kernel_tcp.value, -1);
	CHECK(resources->memory.disable_oom_killer.set && !resources->memory.disable_oom_killer.value);
	CHECK_INT(resources->cpu.burst.value, 1000000);
	CHECK_STR(resources->cpu.cpus, "2-3");
	CHECK_INT(resources->net_class_id.value, 1048577);
	CHECK_STR(resources->net_priorities[1].name, "eth1");
	CHECK_INT(resources->pids_limit.value, 32771);
	CHECK_INT(resources->device_rules[0].type, 'a');
	CHECK(!resources->device_rules[0].major.set && resources->device_rules[0].mknod);
	CHECK(resources->device_rules[1].read && resources->device_rules[1].write &&
	      !resources->device_rules[1].mknod);
	CHECK_INT(resources->block_io.weight_devices[0].leaf_weight.value, 300);
	CHECK(!resources->block_io.weight_devices[1].leaf_weight.set);
	CHECK_INT(resources->block_io.write_iops.items[0].rate, 300);
	CHECK_INT(resources->block_io.write_bps.count, 0);
	CHECK_INT(linux->rootfs_propagation, PROPAGATION_SLAVE);
	CHECK(!linux->rootfs_propagation_recursive);
	CHECK_INT(linux->time_boottime.secs, 604800);
	CHECK(linux->time_monotonic.set && linux->namespaces.listed[NS_TIME]);
	CHECK_INT(linux->uid_mappings.items[0].size, 32000);
	CHECK_STR(linux->sysctl.items[1].key, "net/core/somaxconn");
	CHECK_STR(linux->seccomp->architectures.items[1], "SCMP_ARCH_X32");
	CHECK_INT(linux->seccomp->default_action, SC_ALLOW);
	CHECK(!linux->seccomp->flags_set);
	CHECK_STR(linux->readonly_paths.items[5], "/proc/sysrq-trigger");
	static const char *const unsupported[] = { "process.selinuxLabel", "linux.timeOffsets",
						   "linux.namespaces[7]: time", "linux.mountLabel" };
	for (size_t i = 0; i < ARRAY_LEN(unsupported); i++) {
		bool found = false;

		for (size_t k = 0; k < spec->unsupported.count; k++)
			found = found || text_equal(spec->unsupported.items[k], unsupported[i]);
		CHECK(found);
	}
	CHECK_INT(spec->unsupported.count, ARRAY_LEN(unsupported));
	spec_free(spec);
}

static void test_docker(void)
{
	struct spec *spec = engine("docker-01");

	if (spec == NULL)
		return;
	const struct spec_resources *resources = spec->linux->resources;
	CHECK(resources->block_io.weight.set);
	CHECK(resources->block_io.read_bps.count == 1 && resources->block_io.read_bps.items[0].rate > 0);
	CHECK(resources->memory.disable_oom_killer.set);
	CHECK(resources->memory.limit.value > 0 &&
	      resources->memory.swap.value >= resources->memory.limit.value);
	CHECK(resources->cpu.shares.set && resources->cpu.period.set && resources->cpu.quota.set);
	CHECK(spec->process->oom_score_adj.set);
	CHECK(spec->process->user.additional_gid_count > 0);
	CHECK_INT(spec->hooks.kinds[HOOK_PRESTART].count, 1);
	CHECK(spec->process->console_size == NULL);
	CHECK(spec->linux->namespaces.listed[NS_UTS] && !spec->linux->namespaces.listed[NS_USER]);
	spec_free(spec);
}

static void test_podman(void)
{
	struct spec *spec = engine("podman-03");

	if (spec == NULL)
		return;
	CHECK(spec->linux->namespaces.listed[NS_USER]);
	CHECK_INT(spec->linux->uid_mappings.items[0].host_id, 100000);
	CHECK_INT(spec->linux->gid_mappings.items[0].size, 5000);
	CHECK_INT(spec->linux->seccomp->default_errno_ret.value, 38);
	CHECK_INT(spec->linux->seccomp->default_action, SC_ERRNO);
	CHECK(spec->process->user.umask.set && spec->process->user.umask.value == 022);
	CHECK_INT(spec->process->rlimits.items[0].hard, 20000);
	CHECK_STR(spec->linux->sysctl.items[0].key, "net/ipv4/ping_group_range");
	CHECK_STR(spec->linux->sysctl.items[0].value, "0 0");
	CHECK_INT(spec->annotations.count, 8);
	spec_free(spec);

	spec = engine("podman-05");
	CHECK(spec == NULL || spec->linux->namespaces.path[NS_NETWORK][0] == '/');
	CHECK(spec == NULL || spec->linux->namespaces.path[NS_MOUNT] == NULL);
	spec_free(spec);
	spec = engine("podman-13");
	CHECK(spec == NULL || spec->linux->personality_set);
	spec_free(spec);
	spec = engine("containerd-02");
	CHECK(spec == NULL || (spec->process->apparmor_profile != NULL && spec->process->no_new_privileges));
	spec_free(spec);
}

/* --- spec_load ------------------------------------------------------------------------------------ */

static void load_fails(int dir, const char *why, int number)
{
	struct spec *spec = NULL;

	CHECK_INT(spec_load(dir, &spec, NULL, NULL, &err), number);
	CHECK_HAS(err.text, why);
	CHECK(spec == NULL);
}

static void test_load(void)
{
	static const char document[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"}}";
	char directory[] = "/tmp/hull-unit-spec-XXXXXX";
	struct spec *spec = NULL;
	autofree char *bytes = NULL;
	size_t length = 0;

	CHECK(mkdtemp(directory) != NULL);
	autoclose int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	load_fails(dir, "JSON specification file config.json not found", -ENOENT);
	CHECK(mkfifoat(dir, "config.json", 0600) == 0);
	load_fails(dir, "config.json is not a regular file", -EINVAL);
	CHECK(unlinkat(dir, "config.json", 0) == 0 && mkdirat(dir, "config.json", 0700) == 0);
	load_fails(dir, "config.json is not a regular file", -EINVAL);
	CHECK(unlinkat(dir, "config.json", AT_REMOVEDIR) == 0);

	autoclose int file = openat(dir, "other", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	CHECK(write(file, document, strlen(document)) == (ssize_t)strlen(document));
	CHECK(symlinkat("other", dir, "config.json") == 0);
	CHECK_INT(spec_load(dir, &spec, &bytes, &length, &err), 0);
	CHECK_INT(length, strlen(document));
	CHECK_STR(bytes, document);
	CHECK_STR(spec == NULL ? NULL : spec->root->path, "rootfs");
	CHECK(spec != NULL && spec->linux != NULL && spec->linux->resources == NULL && spec->process == NULL);
	spec_free(spec);
	spec = NULL;
	CHECK_INT(spec_load(dir, &spec, NULL, NULL, &err), 0);
	spec_free(spec);
	spec_free(NULL);

	/* A sparse file of 100 MB is refused by its size. */
	CHECK(ftruncate(file, 100 << 20) == 0);
	load_fails(dir, "config.json: 104857600 bytes, at most 16777216 are read", -EFBIG);
	CHECK(ftruncate(file, 0) == 0);
	load_fails(dir, "config.json: line 1: the text is empty", -EINVAL);
	CHECK(unlinkat(dir, "config.json", 0) == 0 && unlinkat(dir, "other", 0) == 0 &&
	      rmdir(directory) == 0);
}

/* --- parts of documents --------------------------------------------------------------------------- */

static void test_parts(void)
{
	static const char process[] = "{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":7,\"gid\":8}}";
	static const char bad_process[] = "{\"cwd\":\"/\",\"args\":[]}";
	static const char label[] = "{\"cwd\":\"/\",\"args\":[\"a\"],\"selinuxLabel\":\"x\"}";
	static const char resources[] =
		"{\"memory\":{\"swap\":100},\"cpu\":{\"shares\":0},\"unified\":{\"a\":\"b\"}}";
	static const char bad_resources[] = "{\"cpu\":{\"shares\":\"x\"}}";
	const struct spec_process *read_process = NULL;
	const struct spec_resources *read_resources = NULL;
	struct arena arena;

	arena_init(&arena, 0);
	CHECK_INT(spec_parse_process("p", process, strlen(process), &arena, &read_process, &err), 0);
	CHECK(read_process != NULL && read_process->user.gid == 8);
	CHECK_INT(spec_parse_process("p", bad_process, strlen(bad_process), &arena, &read_process, &err),
		  -EINVAL);
	CHECK_STR(err.text, "p: args: args must not be empty (line 1)");
	CHECK_INT(spec_parse_process("p", label, strlen(label), &arena, &read_process, &err), -EINVAL);
	CHECK_STR(err.text, "p: process.selinuxLabel is not supported yet");
	/* An update may set the swap of a container whose limit was set before. */
	CHECK_INT(spec_parse_resources("r", resources, strlen(resources), &arena, &read_resources, &err), 0);
	CHECK(read_resources != NULL && read_resources->memory.swap.value == 100);
	CHECK(read_resources != NULL && read_resources->cpu.shares.set &&
	      read_resources->cpu.shares.value == 0);
	CHECK(read_resources != NULL && !read_resources->memory.limit.set &&
	      read_resources->unified.count == 1);
	CHECK_INT(spec_parse_resources("r", bad_resources, strlen(bad_resources), &arena, &read_resources,
				       &err),
		  -EINVAL);
	CHECK_STR(err.text, "r: cpu: shares: must be a number, not string (line 1)");
	arena_release(&arena);
}

/* A document of tiny values needs far more memory than its text: there is a limit. */
static void test_memory(void)
{
	size_t length = (size_t)15 << 20;
	autofree char *text = malloc(length + 1);
	struct spec *spec = NULL;

	memset(text, '0', length);
	text[0] = '[';
	for (size_t i = 2; i < length; i += 2)
		text[i] = ',';
	text[length - 1] = ']';
	CHECK_INT(spec_parse("doc", text, length, &spec, &err), -ENOMEM);
	CHECK_HAS(err.text, "needs too much memory");
	CHECK(spec == NULL);
}

static const struct test tests[] = {
	{ "every document that engines send", test_engines },
	{ "the schema's good and bad documents", test_schema },
	{ "the specification's example", test_example },
	{ "values: Docker", test_docker },
	{ "values: Podman, containerd", test_podman },
	{ "R-001 bundle.name: spec_load", test_load },
	{ "a process, resources", test_parts },
	{ "memory is limited", test_memory },
};
TEST_MAIN(tests)
