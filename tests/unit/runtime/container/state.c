/* The state directory: what is written is read back, and nothing else is believed. */
#include "runtime/container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/check.h"

static char top[64];
static int directory; /* of the container */
static struct container_context context = { .root = top, .runtime_name = "hull" };

static void setup(void)
{
	struct error err;
	int root = -1;

	(void)snprintf(top, sizeof(top), "/tmp/hull-unit-state.XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	CHECK_INT(state_open_root(&context, false, &root, &err), 0);
	CHECK_INT(state_claim(root, "web", &directory, &err), 0);
	(void)close(root);
}

static void teardown(void)
{
	char command[128];

	(void)close(directory);
	(void)snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_INT(system(command), 0);
}

static struct state example(void)
{
	static char bundle[] = "/bundle with \"x\"", rootfs[] = "/rootfs",
		    created[] = "2024-01-01T00:00:00.000000001Z", annotations[] = "{\"a\":\"b\"}",
		    controllers[] = "cpu,cpuacct", mount_point[] = "/sys/fs/cgroup/cpu", path[] = "/hull/web";

	return (struct state){
		.flags = STATE_PUBLISHED | STATE_POSTSTOP,
		.init = { .pid = 4711, .start_time = 12345678901, .pidfd_inode = 99, .boot_id = "boot" },
		.namespaces = 0x7c020000,
		.bundle = bundle,
		.rootfs = rootfs,
		.created = created,
		.annotations = annotations,
		.cgroups = { .count = 1, .items = { { controllers, mount_point, path } } },
	};
}

static void round_trip(void)
{
	struct state state = example(), got;
	struct stat st;
	struct error err;

	setup();
	CHECK_INT(state_save(directory, &state, &err), 0);
	CHECK_INT(fstatat(directory, "state", &st, 0), 0);
	CHECK_INT(st.st_mode, S_IFREG | 0600);
	CHECK_INT(state_load(directory, &got, &err), 0);
	CHECK_INT(got.flags, state.flags);
	CHECK_INT(got.init.pid, 4711);
	CHECK_INT(got.init.start_time, 12345678901);
	CHECK_INT(got.init.pidfd_inode, 99);
	CHECK_STR(got.init.boot_id, "boot");
	CHECK_INT(got.namespaces, 0x7c020000);
	CHECK_STR(got.bundle, state.bundle);
	CHECK_STR(got.rootfs, state.rootfs);
	CHECK_STR(got.created, state.created);
	CHECK_STR(got.annotations, state.annotations);
	CHECK_INT(got.cgroups.count, 1);
	CHECK_STR(got.cgroups.items[0].path, "/hull/web");
	state_release(&got);
	/* The next one replaces it whole, and nothing stays beside it. */
	state.annotations = NULL;
	state.cgroups.count = 0;
	CHECK_INT(state_save(directory, &state, &err), 0);
	CHECK_INT(state_load(directory, &got, &err), 0);
	CHECK_STR(got.annotations, "");
	CHECK_INT(got.cgroups.count, 0);
	CHECK(faccessat(directory, "state.new", F_OK, 0) < 0);
	state_release(&got);
	teardown();
}

/* The bytes of a good state file. */
static size_t good_bytes(char *bytes, size_t room)
{
	struct state state = example();
	struct error err;

	CHECK_INT(state_save(directory, &state, &err), 0);
	int fd = openat(directory, "state", O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, bytes, room);
	(void)close(fd);
	CHECK(got > 0 && (size_t)got < room);
	return got > 0 ? (size_t)got : 0;
}

/* state_load of a file with these bytes. */
static int load_bytes(const char *bytes, size_t length, struct error *err)
{
	struct state state;
	int fd = openat(directory, "state", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(fd_write_all(fd, bytes, length, "state", err), 0);
	(void)close(fd);
	int result = state_load(directory, &state, err);
	if (result == 0)
		state_release(&state);
	return result;
}

static void truncated(void)
{
	char bytes[4096];
	struct error err;

	setup();
	size_t length = good_bytes(bytes, sizeof(bytes));
	CHECK_INT(load_bytes(bytes, length, &err), 0);
	for (size_t cut = 0; cut < length; cut++)
		CHECK(load_bytes(bytes, cut, &err) < 0 && err.length > 0);
	teardown();
}

/* The same with a head that knows the size it has: every string may be missing. */
static void strings_missing(void)
{
	char bytes[4096];
	struct error err;

	setup();
	size_t length = good_bytes(bytes, sizeof(bytes));
	size_t head = 8 + 4 + 4 + sizeof(struct process_id) + 8;
	for (size_t cut = head; cut < length; cut++) {
		uint32_t size = (uint32_t)cut;

		memcpy(bytes + 8, &size, sizeof(size));
		CHECK(load_bytes(bytes, cut, &err) < 0);
	}
	CHECK_HAS(err.text, "damaged");
	teardown();
}

/* Any byte of the file may be wrong: it is an error or another state, but never memory that is not the file's
 * (which a sanitizer sees). */
static void every_byte(void)
{
	char bytes[4096], changed[4096];
	struct error err;

	setup();
	size_t length = good_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < length; i++) {
		for (int value = 0; value < 256; value += 51) {
			memcpy(changed, bytes, length);
			changed[i] = (char)value;
			int result = load_bytes(changed, length, &err);
			if (i < 12 && changed[i] != bytes[i]) /* magic and size */
				CHECK(result < 0);
		}
	}
	teardown();
}

static void foreign(void)
{
	/* As crun and runc keep it, and longer than the head of ours. */
	static const char json[] =
		"{\"ociVersion\": \"1.0.0\", \"id\": \"web\", \"pid\": 4711, \"bundle\": "
		"\"/a/bundle/directory\", "
		"\"rootfs\": \"/a/bundle/directory/rootfs\", \"created\": \"2024-01-01T00:00:00Z\"}";
	struct error err;
	char bytes[4096];

	setup();
	CHECK(load_bytes(json, sizeof(json) - 1, &err) < 0);
	CHECK_HAS(err.text, "not one of hull's");
	size_t length = good_bytes(bytes, sizeof(bytes));
	memcpy(bytes, "HULLST2", 8);
	CHECK(load_bytes(bytes, length, &err) < 0);
	CHECK_HAS(err.text, "not one of hull's");
	/* A boot id without an end. */
	length = good_bytes(bytes, sizeof(bytes));
	memset(bytes + 16 + offsetof(struct process_id, boot_id), 'b', 40);
	CHECK(load_bytes(bytes, length, &err) < 0);
	CHECK_HAS(err.text, "not one of hull's");
	teardown();
}

/* What somebody else can write decides nothing. */
static void not_ours(void)
{
	struct state state = example();
	struct error err;

	setup();
	CHECK_INT(state_save(directory, &state, &err), 0);
	CHECK_INT(fchmodat(directory, "state", 0620, 0), 0);
	CHECK(state_load(directory, &state, &err) < 0);
	CHECK_HAS(err.text, "does not belong to this user alone");
	CHECK_INT(fchmodat(directory, "state", 0602, 0), 0);
	CHECK(state_load(directory, &state, &err) < 0);
	CHECK_INT(fchmodat(directory, "state", 0600, 0), 0);
	if (geteuid() == 0) { /* only root can give a file away */
		CHECK_INT(fchownat(directory, "state", 65534, 65534, 0), 0);
		CHECK(state_load(directory, &state, &err) < 0);
		CHECK_HAS(err.text, "does not belong to this user alone");
	}
	CHECK_INT(unlinkat(directory, "state", 0), 0);
	CHECK_INT(symlinkat("/proc/self/environ", directory, "state"), 0);
	CHECK_INT(state_load(directory, &state, &err), -ELOOP);
	CHECK_INT(unlinkat(directory, "state", 0), 0);
	CHECK_INT(mkfifoat(directory, "state", 0600), 0); /* must not block */
	CHECK(state_load(directory, &state, &err) < 0);
	CHECK_INT(unlinkat(directory, "state", 0), 0);
	CHECK_INT(state_load(directory, &state, &err), -ENOENT);
	teardown();
}

static void ids(void)
{
	char longest[300];
	struct error err;

	CHECK_INT(container_check_id("A-z_0.9+", &err), 0);
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	CHECK_INT(container_check_id(longest, &err), 0);
	longest[255] = 'a';
	longest[256] = '\0';
	CHECK(container_check_id(longest, &err) < 0);
	CHECK_STR(err.text, "invalid container ID format");
	static const char *const bad[] = { ".", "..", "a/b", "/", "a b", "a\n", "\xc3\xa4", "a:b", "a%" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK(container_check_id(bad[i], &err) < 0);
		CHECK_STR(err.text, "invalid container ID format");
	}
	CHECK(container_check_id("", &err) < 0);
	CHECK_STR(err.text, "container id cannot be empty");
}

static void claiming(void)
{
	struct error err;
	struct stat st;
	int root = -1, second = -1;

	setup();
	CHECK_INT(fstat(directory, &st), 0);
	CHECK_INT(st.st_mode, S_IFDIR | 0700);
	CHECK_INT(state_open_root(&context, false, &root, &err), 0);
	CHECK_INT(state_claim(root, "web", &second, &err), -EEXIST);
	CHECK_STR(err.text, "container with given ID already exists");
	CHECK_INT(second, -1);
	/* With all that a container has in it. */
	CHECK_INT(mkdirat(directory, "notify", 0700), 0);
	CHECK_INT(mkfifoat(directory, "notify/file", 0600), 0);
	CHECK_INT(symlinkat("/etc/passwd", directory, "link"), 0);
	CHECK_INT(state_drop(root, "web", &err), 0);
	CHECK_INT(state_drop(root, "web", &err), 0);
	CHECK_INT(access("/etc/passwd", F_OK), 0);
	CHECK_INT(state_claim(root, "web", &second, &err), 0);
	(void)close(second);
	/* A link in the place of a directory is nobody's state. */
	CHECK_INT(symlinkat("web", root, "other"), 0);
	CHECK_INT(state_open_directory(&context, "other", &second, &err), -ENOTDIR);
	CHECK_INT(state_open_directory(&context, "none", &second, &err), -ENOENT);
	CHECK_STR(err.text, "container does not exist");
	CHECK(state_open_directory(&context, "../web", &second, &err) < 0);
	(void)close(root);
	teardown();
}

static void a_root_that_is_not_there(void)
{
	char path[128], command[128];
	struct container_context deep = { .root = path, .runtime_name = "hull" };
	struct stat st;
	struct error err;
	int root = -1;

	(void)snprintf(top, sizeof(top), "/tmp/hull-unit-state.XXXXXX");
	CHECK(mkdtemp(top) != NULL);
	(void)snprintf(path, sizeof(path), "%s/a/b", top);
	CHECK_INT(state_open_root(&deep, false, &root, &err), -ENOENT);
	CHECK_INT(state_open_root(&deep, true, &root, &err), 0);
	CHECK_INT(fstat(root, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0700);
	(void)close(root);
	(void)snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_INT(system(command), 0);
}

static enum container_status status_of(const struct state *state)
{
	enum container_status status = STATUS_COUNT;
	struct pidfd pidfd;
	struct error err;

	CHECK_INT(state_status(directory, state, &status, &pidfd, &err), 0);
	CHECK_INT(pidfd.fd >= 0, status == STATUS_CREATED || status == STATUS_RUNNING ||
					 (status == STATUS_CREATING && state->init.pid != 0));
	if (pidfd.fd >= 0)
		(void)close(pidfd.fd);
	return status;
}

/* From kernel facts only: a child that holds the lock, lets it go, ends. */
static void status(void)
{
	struct state state = { .flags = STATE_PUBLISHED };
	struct pidfd pidfd = { -1 };
	struct error err;
	int lock = -1, gate[2], ready[2];
	char byte = 0;

	setup();
	CHECK_INT(state_lock_init(directory, &lock, &err), 0);
	CHECK_INT(pipe2(gate, O_CLOEXEC), 0);
	CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) { /* hull-init: the copy of the description is all it needs */
		(void)close(gate[1]);
		(void)!read(gate[0], &byte, 1);
		(void)close(lock);
		(void)!write(ready[1], "x", 1);
		(void)!read(gate[0], &byte, 1);
		_exit(0);
	}
	(void)close(lock);
	CHECK_INT(process_open(child, &pidfd, &err), 0);
	CHECK_INT(process_identify(child, &pidfd, &state.init, &err), 0);
	CHECK_INT(status_of(&state), STATUS_CREATED);
	CHECK_INT(write(gate[1], "x", 1), 1);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	CHECK_INT(status_of(&state), STATUS_RUNNING);
	state.flags = 0;
	CHECK_INT(status_of(&state), STATUS_CREATING);
	state.flags = STATE_PUBLISHED;
	/* Another process that got the number is not it. */
	struct process_id id = state.init;
	state.init.start_time++;
	state.init.pidfd_inode++;
	CHECK_INT(status_of(&state), STATUS_STOPPED);
	state.init = id;
	/* Nor is one of before a reboot. */
	(void)snprintf(state.init.boot_id, sizeof(state.init.boot_id), "another");
	CHECK_INT(status_of(&state), STATUS_STOPPED);
	state.init = id;
	(void)close(gate[1]);
	CHECK_INT(process_wait_ended(&pidfd, 5000, &err), 0);
	CHECK_INT(status_of(&state), STATUS_STOPPED); /* not reaped yet: a zombie is gone too */
	CHECK_INT(waitpid(child, NULL, 0), child);
	CHECK_INT(status_of(&state), STATUS_STOPPED);
	state = (struct state){ .flags = 0 };
	CHECK_INT(status_of(&state), STATUS_CREATING);
	(void)close(pidfd.fd);
	(void)close(gate[0]);
	(void)close(ready[0]);
	(void)close(ready[1]);
	teardown();
}

static const struct test tests[] = {
	{ "saved and loaded", round_trip },
	{ "a file that is cut short", truncated },
	{ "strings that are missing", strings_missing },
	{ "every byte may be wrong", every_byte },
	{ "a file of somebody else's program", foreign },
	{ "a file that somebody else can write", not_ours },
	{ "ids", ids },
	{ "claimed once, dropped whole", claiming },
	{ "the root is made for one user", a_root_that_is_not_there },
	{ "R-220 st.status: from kernel facts", status },
};

TEST_MAIN(tests)
