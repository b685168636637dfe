/* What a container uses; see stats.h. */
#include "shim/container/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

#define MAX_FILE_BYTES ((size_t)4 << 20)

/* --- where ---------------------------------------------------------------------------------------- */

static bool in_list(const char *list, size_t length, const char *word)
{
	size_t wanted = strlen(word);

	for (const char *end = list + length; list < end;) {
		size_t here = 0;

		while (list + here < end && list[here] != ',')
			here++;
		if (here == wanted && strncmp(list, word, here) == 0)
			return true;
		list += here + 1;
	}
	return false;
}

bool stats_find_path(const char *cgroup, const char *controller, char *ret, size_t room)
{
	/* "4:cpu,cpuacct:/path", "0::/path" */
	for (const char *line = cgroup; line != NULL && *line != '\0';) {
		const char *list = strchr(line, ':'), *end = strchr(line, '\n');
		const char *path = list == NULL ? NULL : strchr(list + 1, ':');
		size_t length = path == NULL ? 0 : (size_t)(path - list) - 1;

		if (path != NULL &&
		    (controller[0] == '\0' ? length == 0 : in_list(list + 1, length, controller))) {
			size_t size = strcspn(path + 1, "\n");

			if (size >= room)
				return false;
			memcpy(ret, path + 1, size);
			ret[size] = '\0';
			return true;
		}
		line = end == NULL ? NULL : end + 1;
	}
	return false;
}

/* Field @number (from 1) of a line of mountinfo; false where it is longer than @room. */
static bool copy_field(const char *line, int number, char *ret, size_t room)
{
	while (--number > 0) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return false;
		line++;
	}
	size_t length = strcspn(line, " \n");
	if (length >= room)
		return false;
	memcpy(ret, line, length);
	ret[length] = '\0';
	return true;
}

bool stats_find_mount(const char *mountinfo, const char *controller, char *ret_mount, char *ret_root,
		      size_t room)
{
	for (const char *line = mountinfo; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n'), *dash = strstr(line, " - ");
		char type[32], options[512];

		if (dash != NULL && (end == NULL || dash < end) &&
		    copy_field(dash + 3, 1, type, sizeof(type)) &&
		    copy_field(dash + 3, 3, options, sizeof(options))) {
			bool found = controller[0] == '\0'
					     ? text_equal(type, "cgroup2")
					     : text_equal(type, "cgroup") &&
						       in_list(options, strlen(options), controller);

			if (found)
				return copy_field(line, 4, ret_root, room) &&
				       copy_field(line, 5, ret_mount, room);
		}
		line = end == NULL ? NULL : end + 1;
	}
	return false;
}

/* What is known of a process's cgroups. */
struct places {
	struct text cgroup, mountinfo;
};

/* The cgroup directory for @controller; -1: there is none. */
static int open_place(const struct places *places, const char *controller)
{
	char path[PATH_MAX], mount[PATH_MAX], root[PATH_MAX], whole[2 * PATH_MAX];

	if (!stats_find_path(places->cgroup.data, controller, path, sizeof(path)) ||
	    !stats_find_mount(places->mountinfo.data, controller, mount, root, sizeof(mount)))
		return -1;
	/* a mount that shows only a part of the hierarchy: /docker/x of a container */
	size_t cut = text_equal(root, "/") || !text_starts(path, root) ? 0 : strlen(root);
	(void)snprintf(whole, sizeof(whole), "%s%s", mount, path + cut); /* the parts fit */
	return open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* --- numbers -------------------------------------------------------------------------------------- */

static int64_t parse(const char *text)
{
	char digits[24];
	size_t length = strspn(text, "0123456789");
	uint64_t number;
	struct error ignored;

	if (length == 0 || length >= sizeof(digits))
		return STATS_UNKNOWN;
	memcpy(digits, text, length);
	digits[length] = '\0';
	/* version 1 writes nearly 2^63 for no limit */
	return number_parse_u64(digits, INT64_MAX, &number, &ignored) < 0 ? STATS_UNKNOWN : (int64_t)number;
}

static int64_t read_number(int dir, const char *name)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	if (fd_read_file_at(dir, name, MAX_FILE_BYTES, &text, &ignored) < 0 || text.length == 0)
		return STATS_UNKNOWN;
	return parse(text.data);
}

/* The number behind @key and a blank, at the begin of a line. */
static int64_t find_number(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return parse(line + length + 1);
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return STATS_UNKNOWN;
}

static int64_t read_key(int dir, const char *name, const char *key)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	if (fd_read_file_at(dir, name, MAX_FILE_BYTES, &text, &ignored) < 0 || text.length == 0)
		return STATS_UNKNOWN;
	return find_number(text.data, key);
}

/* The sum of all numbers that stand behind @mark: " Read " of version 1, "rbytes=" of version 2. */
static int64_t read_sum(int dir, const char *name, const char *mark)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;
	int64_t sum = 0;

	if (fd_read_file_at(dir, name, MAX_FILE_BYTES, &text, &ignored) < 0)
		return STATS_UNKNOWN;
	for (const char *s = text.length == 0 ? NULL : strstr(text.data, mark); s != NULL;
	     s = strstr(s, mark)) {
		int64_t number = parse(s += strlen(mark));

		sum += number > 0 ? number : 0;
	}
	return sum;
}

static int64_t machine_memory(void)
{
	autoclose int dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	if (dir < 0 || fd_read_file_at(dir, "meminfo", MAX_FILE_BYTES, &text, &ignored) < 0 ||
	    text.length == 0 || !text_starts(text.data, "MemTotal:"))
		return STATS_UNKNOWN;
	const char *s = text.data + strlen("MemTotal:");
	int64_t kib = parse(s + strspn(s, " "));

	return kib < 0 ? STATS_UNKNOWN : kib * 1024;
}

/* --- the parts ------------------------------------------------------------------------------------ */

static void read_cpu(const struct places *places, struct stats_sample *ret)
{
	autoclose int v1 = open_place(places, "cpuacct"), v2 = v1 >= 0 ? -1 : open_place(places, "");

	if (v1 >= 0)
		ret->cpu_ns = read_number(v1, "cpuacct.usage");
	else if (v2 >= 0) {
		int64_t usec = read_key(v2, "cpu.stat", "usage_usec");

		ret->cpu_ns = usec < 0 ? STATS_UNKNOWN : usec * 1000;
	}
}

static void read_memory(const struct places *places, struct stats_sample *ret)
{
	autoclose int v1 = open_place(places, "memory"), v2 = v1 >= 0 ? -1 : open_place(places, "");
	int dir = v1 >= 0 ? v1 : v2;
	int64_t machine = machine_memory();

	if (dir < 0)
		return;
	ret->memory_bytes = read_number(dir, v1 >= 0 ? "memory.usage_in_bytes" : "memory.current");
	ret->memory_limit_bytes = read_number(dir, v1 >= 0 ? "memory.limit_in_bytes" : "memory.max");
	int64_t cache = read_key(dir, "memory.stat", v1 >= 0 ? "total_inactive_file" : "inactive_file");
	if (ret->memory_bytes >= 0 && cache > 0 && cache <= ret->memory_bytes)
		ret->memory_bytes -= cache; /* the kernel gives it up at once */
	if (ret->memory_limit_bytes < 0 || (machine > 0 && ret->memory_limit_bytes > machine))
		ret->memory_limit_bytes = machine;
}

static void read_pids(const struct places *places, struct stats_sample *ret)
{
	autoclose int v1 = open_place(places, "pids"), v2 = v1 >= 0 ? -1 : open_place(places, "");

	if (v1 >= 0 || v2 >= 0)
		ret->pids = read_number(v1 >= 0 ? v1 : v2, "pids.current");
}

static void read_block(const struct places *places, struct stats_sample *ret)
{
	static const char name_v1[] = "blkio.throttle.io_service_bytes";
	autoclose int v1 = open_place(places, "blkio"), v2 = v1 >= 0 ? -1 : open_place(places, "");

	if (v1 >= 0) {
		ret->read_bytes = read_sum(v1, name_v1, " Read ");
		ret->written_bytes = read_sum(v1, name_v1, " Write ");
	} else if (v2 >= 0) {
		ret->read_bytes = read_sum(v2, "io.stat", "rbytes=");
		ret->written_bytes = read_sum(v2, "io.stat", "wbytes=");
	}
}

static void read_pressure(const struct places *places, struct stats_sample *ret)
{
	static const char *const names[] = { "cpu.pressure", "memory.pressure", "io.pressure" };
	autoclose int v2 = open_place(places, "");

	for (size_t i = 0; v2 >= 0 && i < ARRAY_LEN(names); i++) {
		autotext struct text text = TEXT_EMPTY;
		struct error ignored;
		unsigned whole, hundredth;

		if (fd_read_file_at(v2, names[i], MAX_FILE_BYTES, &text, &ignored) < 0 || text.length == 0 ||
		    sscanf(text.data, "some avg10=%u.%2u", &whole, &hundredth) != 2)
			return;
		ret->pressure[i] = whole + hundredth / 100.0;
		ret->has_pressure = i + 1 == ARRAY_LEN(names);
	}
}

/* /proc/PID/net/dev: "  eth0: RECEIVED … SENT", sent being the ninth number. */
static void read_network(int proc, struct stats_sample *ret)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;
	int64_t received = 0, sent = 0;

	if (fd_read_file_at(proc, "net/dev", MAX_FILE_BYTES, &text, &ignored) < 0 || text.length == 0)
		return;
	for (char *line = text.data; line != NULL; line = strchr(line, '\n')) {
		uint64_t in, out;
		char name[32];

		line += *line == '\n';
		if (sscanf(line, " %31[^: ]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name, &in,
			   &out) != 3 ||
		    text_equal(name, "lo"))
			continue;
		received += (int64_t)in;
		sent += (int64_t)out;
	}
	ret->received_bytes = received;
	ret->sent_bytes = sent;
}

int stats_read(pid_t pid, struct stats_sample *ret, struct error *err)
{
	struct stats_sample sample = { .cpu_ns = STATS_UNKNOWN,
				       .memory_bytes = STATS_UNKNOWN,
				       .memory_limit_bytes = STATS_UNKNOWN,
				       .pids = STATS_UNKNOWN,
				       .read_bytes = STATS_UNKNOWN,
				       .written_bytes = STATS_UNKNOWN,
				       .received_bytes = STATS_UNKNOWN,
				       .sent_bytes = STATS_UNKNOWN };
	struct places places = { TEXT_EMPTY, TEXT_EMPTY };
	struct timespec now;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	autoclose int proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || self < 0)
		return error_set(err, errno, "open \"%s\"", path);
	int result = fd_read_file_at(proc, "cgroup", MAX_FILE_BYTES, &places.cgroup, err);
	if (result == 0)
		result = fd_read_file_at(self, "mountinfo", MAX_FILE_BYTES, &places.mountinfo, err);
	text_append(&places.cgroup, "");
	text_append(&places.mountinfo, "");
	if (result == 0)
		result = text_done(&places.cgroup, err);
	if (result == 0)
		result = text_done(&places.mountinfo, err);
	if (result == 0) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with a valid clock */
		sample.at_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
		read_cpu(&places, &sample);
		read_memory(&places, &sample);
		read_pids(&places, &sample);
		read_block(&places, &sample);
		read_pressure(&places, &sample);
		read_network(proc, &sample);
		*ret = sample;
	}
	text_release(&places.cgroup);
	text_release(&places.mountinfo);
	return result;
}

double stats_cpu_percent(const struct stats_sample *before, const struct stats_sample *now)
{
	if (before->cpu_ns < 0 || now->cpu_ns < before->cpu_ns || now->at_ns <= before->at_ns)
		return STATS_UNKNOWN;
	return (double)(now->cpu_ns - before->cpu_ns) * 100.0 / (double)(now->at_ns - before->at_ns);
}
