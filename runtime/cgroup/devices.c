/*
 * Device rules: the document's in their order, then hull's default list, made into one list whose
 * last matching item decides, without items that can never matter; and version 1's way of holding
 * it. The eBPF program for version 2 is made from the same list in devices_bpf.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "runtime/cgroup/cgroup_private.h"

#include "base/banned.h"

#define ANY CGROUP_DEVICE_ANY
#define RWM CGROUP_DEVICE_ALL

/* SPEC 5.3: what a container needs in any case. mknod alone opens nothing. */
static const struct cgroup_device default_devices[] = {
	{ true, true, 'c', ANY, ANY, CGROUP_DEVICE_MKNOD },
	{ true, true, 'b', ANY, ANY, CGROUP_DEVICE_MKNOD },
	{ true, true, 'c', 1, 3, RWM },     /* null */
	{ true, true, 'c', 1, 5, RWM },     /* zero */
	{ true, true, 'c', 1, 7, RWM },     /* full */
	{ true, true, 'c', 1, 8, RWM },     /* random */
	{ true, true, 'c', 1, 9, RWM },     /* urandom */
	{ true, true, 'c', 5, 0, RWM },     /* tty */
	{ true, true, 'c', 5, 2, RWM },     /* ptmx */
	{ true, true, 'c', 136, ANY, RWM }, /* pts */
	{ true, true, 'c', 10, 200, RWM },  /* net/tun */
};

static struct cgroup_device from_rule(const struct spec_device_rule *rule)
{
	return (struct cgroup_device){
		.allow = rule->allow,
		.type = rule->type,
		.major = rule->major.set ? rule->major.value : ANY,
		.minor = rule->minor.set ? rule->minor.value : ANY,
		.access = (rule->read ? CGROUP_DEVICE_READ : 0u) | (rule->write ? CGROUP_DEVICE_WRITE : 0u) |
			  (rule->mknod ? CGROUP_DEVICE_MKNOD : 0u),
	};
}

/* True for the rule that says something about everything: what came before it is forgotten. */
static bool is_reset(const struct cgroup_device *item)
{
	return item->type == 'a' && item->major == ANY && item->minor == ANY && item->access == RWM;
}

static bool covers_number(uint32_t wide, uint32_t narrow)
{
	return wide == ANY || wide == narrow;
}

/* Every device of @narrow is one of @wide. */
static bool covers_devices(const struct cgroup_device *wide, const struct cgroup_device *narrow)
{
	return (wide->type == 'a' || wide->type == narrow->type) &&
	       covers_number(wide->major, narrow->major) && covers_number(wide->minor, narrow->minor);
}

/* Some device with some kind of access is in both. */
static bool overlaps(const struct cgroup_device *a, const struct cgroup_device *b)
{
	return (a->type == 'a' || b->type == 'a' || a->type == b->type) &&
	       (covers_number(a->major, b->major) || b->major == ANY) &&
	       (covers_number(a->minor, b->minor) || b->minor == ANY) && (a->access & b->access) != 0;
}

/* A numbered denial of the document outlasts the default list, unless the document itself takes it
 * back later. */
static bool is_lasting_denial(const struct cgroup_device *items, size_t count, size_t at)
{
	if (items[at].allow || items[at].type == 'a' || items[at].major == ANY || items[at].minor == ANY)
		return false;
	for (size_t i = at + 1; i < count; i++)
		if (items[i].allow && overlaps(&items[i], &items[at]))
			return false;
	return true;
}

/* Drop what later items decide anyway, then what says no more than the default does. */
static void simplify(struct cgroup_device_list *list)
{
	struct cgroup_device *items = list->items;
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		bool decided = false;

		for (size_t later = i + 1; later < list->count && !decided; later++)
			decided = covers_devices(&items[later], &items[i]) &&
				  (items[i].access & ~items[later].access) == 0;
		if (!decided && items[i].access != 0)
			items[kept++] = items[i];
	}
	list->count = kept;
	kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		bool needed = items[i].allow != list->allow;

		for (size_t earlier = 0; earlier < kept && !needed; earlier++)
			needed = items[earlier].allow != items[i].allow &&
				 overlaps(&items[earlier], &items[i]);
		if (needed)
			items[kept++] = items[i];
	}
	list->count = kept;
}

int cgroup_devices_make(const struct spec_device_rule *rules, size_t count, struct cgroup_device_list *ret,
			struct error *err)
{
	struct cgroup_device_list list = { .allow = false };
	size_t users;

	list.items = calloc(count * 2 + ARRAY_LEN(default_devices), sizeof(*list.items));
	if (list.items == NULL)
		return error_set(err, ENOMEM, "device rules");
	for (size_t i = 0; i < count; i++) {
		struct cgroup_device item = from_rule(&rules[i]);

		if (is_reset(&item)) {
			list.allow = item.allow;
			list.count = 0;
		} else {
			list.items[list.count++] = item;
		}
	}
	users = list.count;
	memcpy(list.items + list.count, default_devices, sizeof(default_devices));
	list.count += ARRAY_LEN(default_devices);
	for (size_t i = 0; i < users; i++)
		if (is_lasting_denial(list.items, users, i))
			list.items[list.count++] = list.items[i];
	simplify(&list);
	*ret = list;
	return 0;
}

void cgroup_devices_release(struct cgroup_device_list *list)
{
	free(list->items);
	*list = (struct cgroup_device_list){ 0 };
}

void cgroup_devices_format(const struct cgroup_device *device, char *ret, size_t room)
{
	char major[16] = "*", minor[16] = "*";

	if (device->major != ANY)
		(void)snprintf(major, sizeof(major), "%u", device->major);
	if (device->minor != ANY)
		(void)snprintf(minor, sizeof(minor), "%u", device->minor);
	(void)snprintf(ret, room, "%c %s:%s %s%s%s", device->type, major, minor,
		       (device->access & CGROUP_DEVICE_READ) != 0 ? "r" : "",
		       (device->access & CGROUP_DEVICE_WRITE) != 0 ? "w" : "",
		       (device->access & CGROUP_DEVICE_MKNOD) != 0 ? "m" : "");
}

/* --- version 1 --------------------------------------------------------------------------------- */

/* Add an exception to the default, joined with one for the same devices. */
static void add_exception(struct cgroup_device_list *list, const struct cgroup_device *item, char type)
{
	for (size_t i = 0; i < list->count; i++) {
		struct cgroup_device *old = &list->items[i];

		if (old->type == type && old->major == item->major && old->minor == item->minor) {
			old->access |= item->access;
			return;
		}
	}
	list->items[list->count] = *item;
	list->items[list->count++].type = type;
}

/* Take @item out of the exceptions: those that it covers shrink, a wider one cannot. */
static int remove_exception(struct cgroup_device_list *list, const struct cgroup_device *item, char type,
			    struct error *err)
{
	struct cgroup_device typed = *item;
	size_t kept = 0;

	typed.type = type;
	for (size_t i = 0; i < list->count; i++) {
		struct cgroup_device old = list->items[i];

		if (covers_devices(&typed, &old)) {
			old.access &= ~typed.access;
		} else if (overlaps(&typed, &old) && !old.builtin) {
			char text[64];

			cgroup_devices_format(item, text, sizeof(text));
			return error_set(err, 0,
					 "device rule \"%s\": cannot punch hole in existing wildcard rule",
					 text);
		}
		if (old.access != 0)
			list->items[kept++] = old;
	}
	list->count = kept;
	return 0;
}

int cgroup_devices_fold_v1(const struct cgroup_device_list *list, struct cgroup_device_list *ret,
			   struct error *err)
{
	struct cgroup_device_list folded = { .allow = list->allow };

	folded.items = calloc(list->count * 2 + 1, sizeof(*folded.items));
	if (folded.items == NULL)
		return error_set(err, ENOMEM, "device rules");
	for (size_t i = 0; i < list->count; i++) {
		const struct cgroup_device *item = &list->items[i];

		/* 'a' with a number is no reset; version 1 would read it as one. */
		for (const char *type = "cb"; *type != '\0'; type++) {
			int result = 0;

			if (item->type != 'a' && item->type != *type)
				continue;
			if (item->allow != list->allow)
				add_exception(&folded, item, *type);
			else
				result = remove_exception(&folded, item, *type, err);
			if (result < 0) {
				cgroup_devices_release(&folded);
				return result;
			}
		}
	}
	*ret = folded;
	return 0;
}

/* The whole new state at once: the default empties what was inherited, then the exceptions. */
static int set_v1(const struct cgroup_dir *dir, const struct cgroup_device_list *list, struct error *err)
{
	__attribute__((cleanup(cgroup_devices_release))) struct cgroup_device_list folded = { 0 };
	const char *file = list->allow ? "devices.deny" : "devices.allow";
	autoclose int fd = -1;
	int result = cgroup_devices_fold_v1(list, &folded, err);

	if (result == 0)
		result = cgroup_file_write(dir->fd, list->allow ? "devices.allow" : "devices.deny", "a", err);
	if (result < 0 || folded.count == 0)
		return result;
	result = path_open_beneath(dir->fd, file, O_WRONLY, true, &fd, err);
	for (size_t i = 0; i < folded.count && result == 0; i++) {
		char text[64];

		cgroup_devices_format(&folded.items[i], text, sizeof(text));
		if (write(fd, text, strlen(text)) < 0)
			result = error_set(err, errno, "write \"%s\" to \"%s\"", text, file);
	}
	return result;
}

/* --- the door ---------------------------------------------------------------------------------- */

/* In a user namespace of somebody's the device controller is out of reach, and so are devices. */
static bool in_user_namespace(void)
{
	autotext struct text map = TEXT_EMPTY;
	struct error ignored;
	unsigned inside, outside, size;

	if (fd_read_file_at(AT_FDCWD, "/proc/self/uid_map", 65536, &map, &ignored) < 0)
		return false;
	return sscanf(map.data, "%u %u %u", &inside, &outside, &size) != 3 || inside != 0 || outside != 0 ||
	       size != UINT32_MAX;
}

int cgroup_set_devices(const struct cgroup *cgroup, const struct spec_device_rule *rules, size_t count,
		       struct error *err)
{
	__attribute__((cleanup(cgroup_devices_release))) struct cgroup_device_list list = { 0 };
	const struct cgroup_dir *v1 = cgroup_find_v1(cgroup, "devices"), *v2 = cgroup_find_v2(cgroup);
	int result = cgroup_devices_make(rules, count, &list, err);

	if (result < 0)
		return result;
	if (list.allow && list.count == 0 && v1 == NULL && v2 != NULL && v2->made)
		return 0; /* everything is allowed, and no older program forbids anything */
	if (v1 != NULL)
		result = set_v1(v1, &list, err);
	else if (v2 != NULL)
		result = cgroup_devices_bpf_set(v2, &list, err);
	else
		result = error_set(err, 0,
				   "cannot set devices limit: container could not join or create cgroup");
	if ((result == -EPERM || result == -EACCES) && in_user_namespace())
		return 0;
	return result;
}
