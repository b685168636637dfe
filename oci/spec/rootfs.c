/* hull-rootfs.json; see rootfs.h. */
#include "oci/spec/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "oci/spec/field.h"

#include "base/banned.h"

#define ROOTFS_MAX_BYTES ((size_t)1 << 20)
#define ROOTFS_VERSION 1

/* With what only the file needs. */
struct rootfs_document {
	struct rootfs rootfs;
	struct opt_u32 version;
};

static int check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct rootfs_document *document = into;
	const struct rootfs *rootfs = &document->rootfs;

	(void)reader;
	if (document->version.value != ROOTFS_VERSION)
		return json_error(value, err, "version %u is not one that this hull knows",
				  document->version.value);
	if ((rootfs->upper == NULL) != (rootfs->work == NULL))
		return json_error(value, err, "upper and work belong together");
	return 0;
}

static const struct field fields[] = {
	FIELD(struct rootfs_document, version, "version", .required = true),
	FIELD(struct rootfs_document, rootfs.image, "image"),
	FIELD(struct rootfs_document, rootfs.reference, "reference"),
	FIELD(struct rootfs_document, rootfs.pin, "pin"),
	FIELD(struct rootfs_document, rootfs.lower, "lower", .required = true, .non_empty = true,
	      .absolute = true),
	FIELD(struct rootfs_document, rootfs.upper, "upper", .absolute = true),
	FIELD(struct rootfs_document, rootfs.work, "work", .absolute = true),
	FIELD(struct rootfs_document, rootfs.userxattr, "userxattr"),
	{ 0 },
};
static const struct field_object object = { sizeof(struct rootfs_document), fields, check };

static int read_file(int bundle, struct text *ret, bool *ret_found, struct error *err)
{
	autoclose int fd =
		openat(bundle, ROOTFS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	*ret_found = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "open \"%s\"", ROOTFS_FILE);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat \"%s\"", ROOTFS_FILE);
	if (!S_ISREG(st.st_mode))
		return error_set(err, 0, "\"%s\" is not a regular file", ROOTFS_FILE);
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, EPERM, "\"%s\" can be written by another user", ROOTFS_FILE);
	return fd_read_all(fd, ROOTFS_MAX_BYTES, ROOTFS_FILE, ret, err);
}

int rootfs_load(int bundle, struct arena *arena, struct rootfs *ret, bool *ret_found, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct field_reader reader = { .arena = arena };
	struct rootfs_document document = { 0 };
	const struct json *json;
	int result = read_file(bundle, &text, ret_found, err);

	if (result < 0 || !*ret_found)
		return result;
	result = json_parse(arena, ROOTFS_FILE, text.data, text.length, &json, err);
	if (result < 0)
		return result;
	result = field_read_object(&reader, json, &object, &document, err);
	if (result < 0)
		return error_add(err, "%s", ROOTFS_FILE);
	*ret = document.rootfs;
	return 0;
}

static void append_text(struct text *ret, const char *name, const char *value)
{
	if (value == NULL)
		return;
	text_format(ret, ",\n \"%s\": ", name);
	text_append_json(ret, value);
}

int rootfs_format(const struct rootfs *rootfs, struct text *ret, struct error *err)
{
	text_format(ret, "{\"version\": %d", ROOTFS_VERSION);
	append_text(ret, "image", rootfs->image);
	append_text(ret, "reference", rootfs->reference);
	append_text(ret, "pin", rootfs->pin);
	text_append(ret, ",\n \"lower\": [");
	for (size_t i = 0; i < rootfs->lower.count; i++) {
		text_append(ret, i == 0 ? "\n  " : ",\n  ");
		text_append_json(ret, rootfs->lower.items[i]);
	}
	text_append(ret, "]");
	append_text(ret, "upper", rootfs->upper);
	append_text(ret, "work", rootfs->work);
	if (rootfs->userxattr)
		text_append(ret, ",\n \"userxattr\": true");
	text_append(ret, "}\n");
	return text_done(ret, err);
}
