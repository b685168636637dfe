/*
 * hull spec: a config.json to start from.
 */
#include "runtime/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "oci/make/config.h"

#include "base/banned.h"

struct spec_values {
	const char *bundle;
	struct opt_bool rootless;
};

static const struct option_row spec_rows[] = {
	OPTION(struct spec_values, bundle, TEXT, "bundle", 'b', "DIR",
	       "where to write it (default: the current directory)"),
	OPTION(struct spec_values, rootless, BOOL, "rootless", 0, NULL,
	       "one that a caller without privileges can run"),
	{ 0 },
};

static bool host_has_cgroup_v2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int write_config(int bundle, const struct text *document, struct error *err)
{
	autoclose int fd =
		openat(bundle, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0 && errno == EEXIST)
		return error_set(err, 0, "File config.json exists. Remove it first");
	if (fd < 0)
		return error_set(err, errno, "open config.json");
	int result = fd_write_all(fd, document->data, document->length, "config.json", err);
	if (result < 0)
		(void)unlinkat(bundle, "config.json", 0); /* half a document is worse than none */
	return result;
}

static int spec_run(const struct command_call *call, struct error *err)
{
	const struct spec_values *values = call->values;
	const char *directory = values->bundle == NULL || values->bundle[0] == '\0' ? "." : values->bundle;
	autotext struct text document = TEXT_EMPTY;
	struct config_options options = {
		.rootless = values->rootless.value,
		.cgroup_v2 = host_has_cgroup_v2(),
		.uid = geteuid(),
		.gid = getegid(),
	};

	autoclose int bundle = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle < 0)
		return error_set(err, errno, "open %s", directory);
	int result = config_default(&options, &document, err);
	if (result < 0)
		return result;
	return write_config(bundle, &document, err);
}

const struct command cmd_spec = {
	.name = "spec",
	.usage = "",
	.summary = "write a config.json to start from",
	.description = "   An existing config.json is not touched. The root file system is expected in the\n"
		       "   directory rootfs beside it.\n",
	.options = spec_rows,
	.values_size = COMMAND_VALUES(struct spec_values),
	.run = spec_run,
};
