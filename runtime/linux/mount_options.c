/* The table of mount options (SPEC 1.3) and its reading; see mount_options.h. */
#include "runtime/linux/mount_options.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>

#include "base/cleanup.h"

#include "base/banned.h"

#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum option_kind {
	OPTION_NOTHING, /* accepted, without effect */
	OPTION_ATTR,    /* set or clear attributes of the mount */
	OPTION_TREE,    /* of the whole tree */
	OPTION_SUPER,   /* a flag of the file system */
	OPTION_PROPAGATION,
	OPTION_BIND,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_IDMAP, /* tree: set */
};

struct option_row {
	const char *name;
	enum option_kind kind;
	uint64_t set, clr;       /* MOUNT_ATTR_*; PROPAGATION and BIND: MS_* in set */
	uint64_t ms_set, ms_clr; /* for mount(2) */
};

#define ATIME MOUNT_ATTR__ATIME
#define MS_ATIME (MS_NOATIME | MS_STRICTATIME | MS_RELATIME)

/* Sorted by name: `features` prints it as it stands, and a test checks the order. */
static const struct option_row option_table[] = {
	{ "async", OPTION_SUPER, 0, 0, 0, MS_SYNCHRONOUS },
	{ "atime", OPTION_ATTR, 0, ATIME, 0, MS_ATIME },
	{ "bind", OPTION_BIND, MS_BIND, 0, MS_BIND, 0 },
	{ "defaults", OPTION_NOTHING, 0, 0, 0, 0 },
	{ "dev", OPTION_ATTR, 0, MOUNT_ATTR_NODEV, 0, MS_NODEV },
	{ "diratime", OPTION_ATTR, 0, MOUNT_ATTR_NODIRATIME, 0, MS_NODIRATIME },
	{ "dirsync", OPTION_SUPER, 0, 0, MS_DIRSYNC, 0 },
	{ "exec", OPTION_ATTR, 0, MOUNT_ATTR_NOEXEC, 0, MS_NOEXEC },
	{ "idmap", OPTION_IDMAP, 0, 0, 0, 0 },
	{ "iversion", OPTION_NOTHING, 0, 0, MS_I_VERSION, 0 },
	{ "lazytime", OPTION_SUPER, 0, 0, MS_LAZYTIME, 0 },
	{ "loud", OPTION_NOTHING, 0, 0, 0, MS_SILENT },
	{ "mand", OPTION_SUPER, 0, 0, MS_MANDLOCK, 0 },
	{ "noatime", OPTION_ATTR, MOUNT_ATTR_NOATIME, ATIME, MS_NOATIME, MS_ATIME },
	{ "nodev", OPTION_ATTR, MOUNT_ATTR_NODEV, 0, MS_NODEV, 0 },
	{ "nodiratime", OPTION_ATTR, MOUNT_ATTR_NODIRATIME, 0, MS_NODIRATIME, 0 },
	{ "noexec", OPTION_ATTR, MOUNT_ATTR_NOEXEC, 0, MS_NOEXEC, 0 },
	{ "noiversion", OPTION_NOTHING, 0, 0, 0, MS_I_VERSION },
	{ "nolazytime", OPTION_SUPER, 0, 0, 0, MS_LAZYTIME },
	{ "nomand", OPTION_SUPER, 0, 0, 0, MS_MANDLOCK },
	{ "norelatime", OPTION_ATTR, 0, ATIME, 0, MS_ATIME },
	{ "nostrictatime", OPTION_ATTR, 0, ATIME, 0, MS_ATIME },
	{ "nosuid", OPTION_ATTR, MOUNT_ATTR_NOSUID, 0, MS_NOSUID, 0 },
	{ "nosymfollow", OPTION_ATTR, MOUNT_ATTR_NOSYMFOLLOW, 0, MS_NOSYMFOLLOW, 0 },
	{ "private", OPTION_PROPAGATION, MS_PRIVATE, 0, 0, 0 },
	{ "ratime", OPTION_TREE, 0, ATIME, 0, 0 },
	{ "rbind", OPTION_BIND, MS_BIND | MS_REC, 0, MS_BIND | MS_REC, 0 },
	{ "rdev", OPTION_TREE, 0, MOUNT_ATTR_NODEV, 0, 0 },
	{ "rdiratime", OPTION_TREE, 0, MOUNT_ATTR_NODIRATIME, 0, 0 },
	{ "relatime", OPTION_ATTR, MOUNT_ATTR_RELATIME, ATIME, MS_RELATIME, MS_ATIME },
	{ "remount", OPTION_REMOUNT, 0, 0, 0, 0 },
	{ "rexec", OPTION_TREE, 0, MOUNT_ATTR_NOEXEC, 0, 0 },
	{ "ridmap", OPTION_IDMAP, 1, 0, 0, 0 },
	{ "rnoatime", OPTION_TREE, MOUNT_ATTR_NOATIME, ATIME, 0, 0 },
	{ "rnodev", OPTION_TREE, MOUNT_ATTR_NODEV, 0, 0, 0 },
	{ "rnodiratime", OPTION_TREE, MOUNT_ATTR_NODIRATIME, 0, 0, 0 },
	{ "rnoexec", OPTION_TREE, MOUNT_ATTR_NOEXEC, 0, 0, 0 },
	{ "rnorelatime", OPTION_TREE, 0, ATIME, 0, 0 },
	{ "rnostrictatime", OPTION_TREE, 0, ATIME, 0, 0 },
	{ "rnosuid", OPTION_TREE, MOUNT_ATTR_NOSUID, 0, 0, 0 },
	{ "rnosymfollow", OPTION_TREE, MOUNT_ATTR_NOSYMFOLLOW, 0, 0, 0 },
	{ "ro", OPTION_ATTR, MOUNT_ATTR_RDONLY, 0, MS_RDONLY, 0 },
	{ "rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC, 0, 0, 0 },
	{ "rrelatime", OPTION_TREE, MOUNT_ATTR_RELATIME, ATIME, 0, 0 },
	{ "rro", OPTION_TREE, MOUNT_ATTR_RDONLY, 0, 0, 0 },
	{ "rrw", OPTION_TREE, 0, MOUNT_ATTR_RDONLY, 0, 0 },
	{ "rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC, 0, 0, 0 },
	{ "rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC, 0, 0, 0 },
	{ "rstrictatime", OPTION_TREE, MOUNT_ATTR_STRICTATIME, ATIME, 0, 0 },
	{ "rsuid", OPTION_TREE, 0, MOUNT_ATTR_NOSUID, 0, 0 },
	{ "rsymfollow", OPTION_TREE, 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0 },
	{ "runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, 0, 0, 0 },
	{ "rw", OPTION_ATTR, 0, MOUNT_ATTR_RDONLY, 0, MS_RDONLY },
	{ "shared", OPTION_PROPAGATION, MS_SHARED, 0, 0, 0 },
	{ "silent", OPTION_NOTHING, 0, 0, MS_SILENT, 0 },
	{ "slave", OPTION_PROPAGATION, MS_SLAVE, 0, 0, 0 },
	{ "strictatime", OPTION_ATTR, MOUNT_ATTR_STRICTATIME, ATIME, MS_STRICTATIME, MS_ATIME },
	{ "suid", OPTION_ATTR, 0, MOUNT_ATTR_NOSUID, 0, MS_NOSUID },
	{ "symfollow", OPTION_ATTR, 0, MOUNT_ATTR_NOSYMFOLLOW, 0, MS_NOSYMFOLLOW },
	{ "sync", OPTION_SUPER, 0, 0, MS_SYNCHRONOUS, 0 },
	{ "tmpcopyup", OPTION_COPY_UP, 0, 0, 0, 0 },
	{ "unbindable", OPTION_PROPAGATION, MS_UNBINDABLE, 0, 0, 0 },
};

static const struct option_row *find_option(const char *name)
{
	size_t low = 0, high = ARRAY_LEN(option_table);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, option_table[middle].name);

		if (order == 0)
			return &option_table[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void change(uint64_t *set, uint64_t *clr, const struct option_row *row)
{
	*set = (*set & ~row->clr) | row->set;
	*clr = (*clr & ~row->set) | row->clr;
}

static int apply_option(const struct option_row *row, struct mount_options *options, struct error *err)
{
	switch (row->kind) {
	case OPTION_ATTR:
		change(&options->attr_set, &options->attr_clr, row);
		break;
	case OPTION_TREE:
		change(&options->tree_set, &options->tree_clr, row);
		break;
	case OPTION_BIND:
		options->bind = true;
		options->recursive = options->recursive || (row->set & MS_REC) != 0;
		break;
	case OPTION_REMOUNT:
		options->remount = true;
		break;
	case OPTION_COPY_UP:
		options->copy_up = true;
		break;
	case OPTION_IDMAP:
		options->idmap = true;
		options->idmap_tree = options->idmap_tree || row->set != 0;
		break;
	case OPTION_PROPAGATION:
		if (options->propagation_count == MOUNT_OPTIONS_MAX_PROPAGATION)
			return error_set(err, 0, "more than %d propagation options",
					 MOUNT_OPTIONS_MAX_PROPAGATION);
		options->propagation[options->propagation_count++] = row->set;
		break;
	case OPTION_SUPER:
	case OPTION_NOTHING:
		break;
	}
	options->ms_flags = (options->ms_flags & ~row->ms_clr) | row->ms_set;
	return 0;
}

int mount_options_parse(const struct strings *options, struct arena *arena, struct mount_options *ret,
			struct error *err)
{
	const char **super = arena_alloc(arena, sizeof(*super) * (options->count + 1));
	const char **data = arena_alloc(arena, sizeof(*data) * (options->count + 1));

	*ret = (struct mount_options){ 0 };
	if (super == NULL || data == NULL)
		return error_set(err, ENOMEM, "mount options");
	ret->super.items = super;
	ret->data.items = data;
	for (size_t i = 0; i < options->count; i++) {
		const struct option_row *row = find_option(options->items[i]);

		if (row == NULL) {
			data[ret->data.count++] = options->items[i];
			continue;
		}
		if (row->kind == OPTION_SUPER)
			super[ret->super.count++] = row->name;
		int result = apply_option(row, ret, err);
		if (result < 0)
			return result;
	}
	return 0;
}

struct strings mount_options_names(void)
{
	static const char *names[ARRAY_LEN(option_table)];

	for (size_t i = 0; i < ARRAY_LEN(option_table); i++)
		names[i] = option_table[i].name;
	return (struct strings){ ARRAY_LEN(option_table), names };
}
