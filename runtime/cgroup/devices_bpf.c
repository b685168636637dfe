/*
 * Device rules as an eBPF program on a version 2 cgroup, with bpf(2) itself. Loading costs most of
 * a millisecond, so a program is pinned where a bpffs that only root can change is mounted. Its
 * name there is the whole list of rules, so no two lists can share a program and there is no hash
 * to collide.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

_Static_assert(CGROUP_DEVICE_MKNOD == BPF_DEVCG_ACC_MKNOD && CGROUP_DEVICE_READ == BPF_DEVCG_ACC_READ &&
		       CGROUP_DEVICE_WRITE == BPF_DEVCG_ACC_WRITE,
	       "access is written into the program as it is");

#define PROGRAM_NAME "hull_devices"
#define BPFFS "/sys/fs/bpf"
#define PIN_DIR BPFFS "/hull"
/* Raise it with every change to what make_program writes: pins outlive the program that made them. */
#define PIN_VERSION "d1"
#define PIN_NAME_MAX 255
#define PINS_MAX 64
#define PROGRAMS_MAX 64
/* Instructions per item at most, and around the items. */
#define ITEM_INSNS 7
#define FRAME_INSNS 12

/* --- the program -------------------------------------------------------------------------------- */

enum {
	R_RESULT = BPF_REG_0,
	R_CONTEXT = BPF_REG_1,
	R_TYPE = BPF_REG_2,
	R_ACCESS = BPF_REG_3,
	R_MAJOR = BPF_REG_4,
	R_MINOR = BPF_REG_5
};

static struct bpf_insn insn(int code, int dst, int src, int offset, uint32_t immediate)
{
	struct bpf_insn result = { .code = (__u8)code, .off = (__s16)offset, .imm = (__s32)immediate };

	result.dst_reg = (__u8)(dst & 0xf);
	result.src_reg = (__u8)(src & 0xf);
	return result;
}

static struct bpf_insn load_field(int reg, size_t offset)
{
	return insn(BPF_LDX | BPF_MEM | BPF_W, reg, R_CONTEXT, (int)offset, 0);
}

/* A 32-bit comparison with @value (Linux 5.1); a jump of @skip instructions. */
static struct bpf_insn jump_if(int condition, int reg, uint32_t value, size_t skip)
{
	return insn(BPF_JMP32 | condition | BPF_K, reg, 0, (int)skip, value);
}

static size_t put_return(struct bpf_insn *to, bool allow)
{
	to[0] = insn(BPF_ALU64 | BPF_MOV | BPF_K, R_RESULT, 0, 0, allow);
	to[1] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return 2;
}

/*
 * One item; where it does not match, the next begins. A denial of any access that is still asked
 * for ends the program. An allowance takes its access off, and nothing left to ask for ends it.
 */
static size_t put_item(struct bpf_insn *to, const struct cgroup_device *item)
{
	struct bpf_insn body[4];
	size_t length = 0, matches = 0;

	if (item->access == CGROUP_DEVICE_ALL) {
		length = put_return(body, item->allow);
	} else if (item->allow) {
		body[0] = insn(BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0, CGROUP_DEVICE_ALL & ~item->access);
		body[1] = jump_if(BPF_JNE, R_ACCESS, 0, 2);
		length = 2 + put_return(body + 2, true);
	} else {
		body[0] = jump_if(BPF_JSET, R_ACCESS, item->access, 1);
		body[1] = insn(BPF_JMP | BPF_JA, 0, 0, 2, 0);
		length = 2 + put_return(body + 2, false);
	}
	size_t total = length + (item->type != 'a' ? 1u : 0u) + (item->major != CGROUP_DEVICE_ANY ? 1u : 0u) +
		       (item->minor != CGROUP_DEVICE_ANY ? 1u : 0u);

	if (item->type != 'a') {
		uint32_t type = item->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;

		to[matches] = jump_if(BPF_JNE, R_TYPE, type, total - matches - 1);
		matches++;
	}
	if (item->major != CGROUP_DEVICE_ANY) {
		to[matches] = jump_if(BPF_JNE, R_MAJOR, item->major, total - matches - 1);
		matches++;
	}
	if (item->minor != CGROUP_DEVICE_ANY) {
		to[matches] = jump_if(BPF_JNE, R_MINOR, item->minor, total - matches - 1);
		matches++;
	}
	memcpy(to + matches, body, length * sizeof(*body));
	return total;
}

int cgroup_devices_bpf_make(const struct cgroup_device_list *list, struct bpf_insn **ret, size_t *ret_count,
			    struct error *err)
{
	struct bpf_insn *program = calloc(FRAME_INSNS + list->count * ITEM_INSNS, sizeof(*program));
	size_t at = 0;

	if (program == NULL)
		return error_set(err, ENOMEM, "device program");
	program[at++] = load_field(R_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	program[at++] = insn(BPF_ALU | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
	program[at++] = insn(BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	program[at++] = insn(BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	program[at++] = load_field(R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	program[at++] = load_field(R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* The last item that matches decides, so ask from the last to the first. */
	for (size_t i = list->count; i-- > 0;)
		at += put_item(program + at, &list->items[i]);
	at += put_return(program + at, list->allow);
	*ret = program;
	*ret_count = at;
	return 0;
}

bool cgroup_devices_bpf_name(const struct cgroup_device_list *list, char *ret, size_t room)
{
	size_t length = (size_t)snprintf(ret, room, PIN_VERSION "%c", list->allow ? '+' : '-');

	for (size_t i = 0; i < list->count; i++) {
		const struct cgroup_device *item = &list->items[i];
		char major[16] = "", minor[16] = "";

		if (item->major != CGROUP_DEVICE_ANY)
			(void)snprintf(major, sizeof(major), "%u", item->major);
		if (item->minor != CGROUP_DEVICE_ANY)
			(void)snprintf(minor, sizeof(minor), "%u", item->minor);
		length += (size_t)snprintf(ret + length, room - length, "%c%c%s:%s:%u",
					   item->allow ? '+' : '-', item->type, major, minor, item->access);
		if (length >= room || length > PIN_NAME_MAX)
			return false;
	}
	return true;
}

/* --- bpf(2) -------------------------------------------------------------------------------------- */

static int bpf(int command, union bpf_attr *attr)
{
	long result;

	do {
		result = syscall(SYS_bpf, command, attr, sizeof(*attr));
	} while (result < 0 && errno == EAGAIN &&
		 command == BPF_PROG_LOAD); /* a signal came while it was verified */
	return (int)result;
}

static __u64 address(const void *pointer)
{
	return (__u64)(uintptr_t)pointer;
}

static int load_program(const struct cgroup_device_list *list, int *ret_fd, struct error *err)
{
	autofree struct bpf_insn *program = NULL;
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE };
	size_t count;
	int result = cgroup_devices_bpf_make(list, &program, &count, err);

	if (result < 0)
		return result;
	attr.insns = address(program);
	attr.insn_cnt = (__u32)count;
	attr.license = address("Apache");
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	int fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return error_set(err, errno, "bpf: load the device program");
	*ret_fd = fd;
	return 0;
}

static int program_info(int fd, struct bpf_prog_info *ret)
{
	union bpf_attr attr = { 0 };

	memset(ret, 0, sizeof(*ret));
	attr.info.bpf_fd = (__u32)fd;
	attr.info.info = address(ret);
	attr.info.info_len = sizeof(*ret);
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static bool is_ours(int fd)
{
	struct bpf_prog_info info;

	return program_info(fd, &info) == 0 && info.type == BPF_PROG_TYPE_CGROUP_DEVICE &&
	       text_equal(info.name, PROGRAM_NAME);
}

/* A bpffs in which nobody but root can have made or replaced PIN_DIR. */
static bool bpffs_is_safe(void)
{
	struct statfs fs;
	struct stat st;

	return geteuid() == 0 && statfs(BPFFS, &fs) == 0 && fs.f_type == BPF_FS_MAGIC &&
	       lstat(BPFFS, &st) == 0 && st.st_uid == 0 &&
	       ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

static bool pins_are_safe(void)
{
	struct stat st;

	return lstat(PIN_DIR, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0 && (st.st_mode & 077) == 0;
}

static size_t count_pins(void)
{
	DIR *stream = opendir(PIN_DIR);
	size_t count = 0;

	if (stream == NULL)
		return PINS_MAX;
	while (readdir(stream) != NULL)
		count++;
	(void)closedir(stream); /* read only */
	return count;
}

/* Leave the program for the next container; that it does not work costs only time. */
static void pin(int fd, const char *path)
{
	union bpf_attr attr = { .pathname = address(path) };

	if ((mkdir(PIN_DIR, 0700) < 0 && errno != EEXIST) || !pins_are_safe() || count_pins() >= PINS_MAX)
		return;
	attr.bpf_fd = (__u32)fd;
	(void)bpf(BPF_OBJ_PIN, &attr); /* EEXIST: another container was faster, with the same program */
}

static int get_program(const struct cgroup_device_list *list, int *ret_fd, struct error *err)
{
	char path[sizeof(PIN_DIR) + 1 + PIN_NAME_MAX + 64] = PIN_DIR "/";
	size_t prefix = strlen(path);
	bool pinned = bpffs_is_safe() && cgroup_devices_bpf_name(list, path + prefix, sizeof(path) - prefix);

	if (pinned && pins_are_safe()) {
		union bpf_attr attr = { .pathname = address(path) };
		autoclose int fd = bpf(BPF_OBJ_GET, &attr);

		if (fd >= 0 && is_ours(fd)) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
	}
	int result = load_program(list, ret_fd, err);
	if (result == 0 && pinned)
		pin(*ret_fd, path);
	return result;
}

/* hull's own program that is attached already, -1 where there is none. Others' are left alone:
 * the kernel asks all of them. */
static int attached_program(int dir)
{
	__u32 ids[PROGRAMS_MAX];
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (__u32)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = address(ids);
	attr.query.prog_cnt = PROGRAMS_MAX;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -1;
	for (__u32 i = 0; i < attr.query.prog_cnt; i++) {
		union bpf_attr get = { .prog_id = ids[i] };
		autoclose int fd = bpf(BPF_PROG_GET_FD_BY_ID, &get);

		if (fd >= 0 && is_ours(fd))
			return take_fd(&fd);
	}
	return -1;
}

int cgroup_devices_bpf_set(const struct cgroup_dir *dir, const struct cgroup_device_list *list,
			   struct error *err)
{
	autoclose int program = -1, old = -1;
	union bpf_attr attr = { 0 };
	int result = get_program(list, &program, err);

	if (result < 0)
		return result;
	if (!dir->made)
		old = attached_program(dir->fd);
	attr.target_fd = (__u32)dir->fd;
	attr.attach_bpf_fd = (__u32)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (__u32)old;
	}
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return error_set(err, errno, "bpf: attach the device program to cgroup \"%s%s\"",
				 dir->mount_point, dir->path);
	return 0;
}
