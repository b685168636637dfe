/* The table of mount options (SPEC 1.3): every name, and what a list of them says. */
#include "runtime/linux/mount_options.h"

#include <linux/mount.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/check.h"

#define NOSYMFOLLOW 0x200000

/* The words of @line, separated by commas, parsed. Strings of the result are gone: counts and flags stay. */
static struct mount_options parse(const char *line)
{
	char *copy = strdup(line), *rest = copy, *word;
	const char *words[32];
	struct strings list = { 0, words };
	struct mount_options options = { 0 };
	struct arena arena;
	struct error err;

	while ((word = strsep(&rest, ",")) != NULL && list.count < ARRAY_LEN(words))
		words[list.count++] = word;
	arena_init(&arena, 0);
	CHECK_INT(mount_options_parse(&list, &arena, &options, &err), 0);
	arena_release(&arena);
	free(copy);
	return options;
}

struct pair {
	const char *on, *off;
	uint64_t attr;
};

/* What the option that comes last says is true, in both orders. */
static void check_pairs(const struct pair *pairs, size_t count, bool tree)
{
	for (size_t i = 0; i < count; i++) {
		char line[64];
		struct mount_options alone = parse(pairs[i].on), off = parse(pairs[i].off), last;

		(void)snprintf(line, sizeof(line), "%s,%s", pairs[i].off, pairs[i].on);
		last = parse(line);
		CHECK_INT(tree ? alone.tree_set : alone.attr_set, pairs[i].attr);
		CHECK_INT(tree ? last.tree_set : last.attr_set, pairs[i].attr);
		CHECK_INT((tree ? off.tree_clr : off.attr_clr) & pairs[i].attr, pairs[i].attr);
		(void)snprintf(line, sizeof(line), "%s,%s", pairs[i].on, pairs[i].off);
		last = parse(line);
		CHECK_INT(tree ? last.tree_set : last.attr_set, 0);
		CHECK_INT((tree ? last.tree_clr : last.attr_clr) & pairs[i].attr, pairs[i].attr);
		/* The other kind is untouched, and nothing of it is data. */
		CHECK_INT(tree ? last.attr_set | last.attr_clr : last.tree_set | last.tree_clr, 0);
		CHECK_INT(last.data.count, 0);
	}
}

static const struct pair mount_pairs[] = {
	{ "ro", "rw", MOUNT_ATTR_RDONLY },
	{ "nosuid", "suid", MOUNT_ATTR_NOSUID },
	{ "nodev", "dev", MOUNT_ATTR_NODEV },
	{ "noexec", "exec", MOUNT_ATTR_NOEXEC },
	{ "noatime", "atime", MOUNT_ATTR_NOATIME },
	{ "strictatime", "nostrictatime", MOUNT_ATTR_STRICTATIME },
	{ "noatime", "relatime", MOUNT_ATTR_NOATIME },
	{ "strictatime", "norelatime", MOUNT_ATTR_STRICTATIME },
	{ "nodiratime", "diratime", MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", "symfollow", NOSYMFOLLOW },
};

static const struct pair tree_pairs[] = {
	{ "rro", "rrw", MOUNT_ATTR_RDONLY },
	{ "rnosuid", "rsuid", MOUNT_ATTR_NOSUID },
	{ "rnodev", "rdev", MOUNT_ATTR_NODEV },
	{ "rnoexec", "rexec", MOUNT_ATTR_NOEXEC },
	{ "rnoatime", "ratime", MOUNT_ATTR_NOATIME },
	{ "rstrictatime", "rnostrictatime", MOUNT_ATTR_STRICTATIME },
	{ "rnoatime", "rrelatime", MOUNT_ATTR_NOATIME },
	{ "rstrictatime", "rnorelatime", MOUNT_ATTR_STRICTATIME },
	{ "rnodiratime", "rdiratime", MOUNT_ATTR_NODIRATIME },
	{ "rnosymfollow", "rsymfollow", NOSYMFOLLOW },
};

static void attributes(void)
{
	check_pairs(mount_pairs, ARRAY_LEN(mount_pairs), false);
}

static void tree_attributes(void)
{
	check_pairs(tree_pairs, ARRAY_LEN(tree_pairs), true);
}

/* mount_setattr(2) wants all of MOUNT_ATTR__ATIME cleared wherever one mode is set. */
static void atime_is_one_field(void)
{
	static const char *const modes[] = { "noatime", "strictatime",   "relatime",
					     "atime",   "nostrictatime", "norelatime" };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		char tree[32];
		struct mount_options options = parse(modes[i]);

		CHECK_INT(options.attr_clr & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
		(void)snprintf(tree, sizeof(tree), "r%s", modes[i]);
		options = parse(tree);
		CHECK_INT(options.tree_clr & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
	}
	CHECK_INT(parse("noatime,strictatime").attr_set, MOUNT_ATTR_STRICTATIME);
	CHECK_INT(parse("strictatime,noatime").attr_set, MOUNT_ATTR_NOATIME);
	CHECK_INT(parse("nodev,noatime,ro").attr_set,
		  MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME | MOUNT_ATTR_RDONLY);
}

static void propagation_in_order(void)
{
	struct mount_options options =
		parse("rslave,shared,rprivate,private,slave,rshared,unbindable,runbindable");

	CHECK_INT(options.propagation_count, 8);
	CHECK_INT(options.propagation[0], MS_SLAVE | MS_REC);
	CHECK_INT(options.propagation[1], MS_SHARED);
	CHECK_INT(options.propagation[2], MS_PRIVATE | MS_REC);
	CHECK_INT(options.propagation[3], MS_PRIVATE);
	CHECK_INT(options.propagation[4], MS_SLAVE);
	CHECK_INT(options.propagation[5], MS_SHARED | MS_REC);
	CHECK_INT(options.propagation[6], MS_UNBINDABLE);
	CHECK_INT(options.propagation[7], MS_UNBINDABLE | MS_REC);
	CHECK_INT(options.data.count, 0);
}

static void too_much_propagation(void)
{
	static const char *const words[] = { "private", "private", "private", "private", "private",
					     "private", "private", "private", "private" };
	const struct strings list = { ARRAY_LEN(words), words };
	struct mount_options options;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	CHECK(mount_options_parse(&list, &arena, &options, &err) < 0);
	CHECK_HAS(err.text, "propagation");
	arena_release(&arena);
}

static void binds(void)
{
	CHECK(parse("bind").bind && !parse("bind").recursive);
	CHECK(parse("rbind").bind && parse("rbind").recursive);
	CHECK(!parse("ro").bind);
	CHECK(parse("remount,ro").remount);
	CHECK(parse("tmpcopyup").copy_up);
	CHECK(parse("idmap").idmap && !parse("idmap").idmap_tree);
	CHECK(parse("ridmap").idmap && parse("ridmap").idmap_tree);
}

/* For mount(2), where a value is too long for fsconfig(2). */
static void old_flags(void)
{
	CHECK_INT(parse("ro,nosuid,nodev,noexec").ms_flags, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
	CHECK_INT(parse("ro,nosuid,rw,suid").ms_flags, 0);
	CHECK_INT(parse("sync,dirsync,mand").ms_flags, MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK);
	CHECK_INT(parse("sync,async,mand,nomand").ms_flags, 0);
	CHECK_INT(parse("silent").ms_flags, MS_SILENT);
	CHECK_INT(parse("silent,loud").ms_flags, 0);
	CHECK_INT(parse("iversion").ms_flags, MS_I_VERSION);
	CHECK_INT(parse("iversion,noiversion").ms_flags, 0);
	CHECK_INT(parse("noatime,relatime").ms_flags, MS_RELATIME);
	CHECK_INT(parse("defaults").ms_flags, 0);
}

static void the_rest_is_data(void)
{
	static const char *const words[] = { "defaults", "mode=755", "ro", "gid=5", "Ro", "" };
	const struct strings list = { ARRAY_LEN(words), words };
	struct mount_options options;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	CHECK_INT(mount_options_parse(&list, &arena, &options, &err), 0);
	CHECK_INT(options.data.count, 4);
	CHECK_STR(options.data.items[0], "mode=755");
	CHECK_STR(options.data.items[1], "gid=5");
	CHECK_STR(options.data.items[2], "Ro");
	CHECK_INT(options.attr_set, MOUNT_ATTR_RDONLY);
	arena_release(&arena);
}

/* Every name of the specification's table, and rnodev. */
static const char *const specified[] = {
	"async",         "atime",        "bind",
	"defaults",      "dev",          "diratime",
	"dirsync",       "exec",         "idmap",
	"iversion",      "lazytime",     "loud",
	"mand",          "noatime",      "nodev",
	"nodiratime",    "noexec",       "noiversion",
	"nolazytime",    "nomand",       "norelatime",
	"nostrictatime", "nosuid",       "nosymfollow",
	"private",       "ratime",       "rbind",
	"rdev",          "rdiratime",    "relatime",
	"remount",       "rexec",        "ridmap",
	"rnoatime",      "rnodev",       "rnodiratime",
	"rnoexec",       "rnorelatime",  "rnostrictatime",
	"rnosuid",       "rnosymfollow", "ro",
	"rprivate",      "rrelatime",    "rro",
	"rrw",           "rshared",      "rslave",
	"rstrictatime",  "rsuid",        "rsymfollow",
	"runbindable",   "rw",           "shared",
	"silent",        "slave",        "strictatime",
	"suid",          "symfollow",    "sync",
	"tmpcopyup",     "unbindable",
};

static void names_are_complete(void)
{
	struct strings names = mount_options_names();

	CHECK_INT(names.count, ARRAY_LEN(specified));
	for (size_t i = 0; i < names.count && i < ARRAY_LEN(specified); i++) {
		CHECK_STR(names.items[i], specified[i]);
		CHECK_INT(parse(specified[i]).data.count, 0);
	}
}

static const struct test tests[] = {
	{ "R-033 mnt.must, R-037 mnt.lastwins: attributes of the mount", attributes },
	{ "R-034 mnt.should, R-037 mnt.lastwins: attributes of the tree", tree_attributes },
	{ "R-039 mnt.rec.atime: one field", atime_is_one_field },
	{ "R-041 mnt.prop: in order", propagation_in_order },
	{ "R-041 mnt.prop: not without end", too_much_propagation },
	{ "bind, remount, tmpcopyup, idmap", binds },
	{ "R-033 mnt.must: the same for mount(2)", old_flags },
	{ "R-029 mnt.unknown: data", the_rest_is_data },
	{ "R-033, R-034, R-036 mnt.rnodev: every name, sorted", names_are_complete },
};

TEST_MAIN(tests)
