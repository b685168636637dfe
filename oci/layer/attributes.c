/* What files have besides their data; see attributes.h. */
#include "oci/layer/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/layer/acl.h"
#include "oci/layer/index.h"

#include "base/banned.h"

#define ACCESS_ACL "system.posix_acl_access"

bool attributes_xattr_allowed(const char *name)
{
	if (text_starts(name, "user."))
		return !text_starts(name, "user.overlay.") && !text_starts(name, "user.fuseoverlayfs.");
	return text_equal(name, "security.capability") || text_equal(name, ACCESS_ACL) ||
	       text_equal(name, ATTRIBUTES_DEFAULT_ACL);
}

static int set_xattr(int fd, const char *name, const void *value, size_t length, uint64_t *dropped,
		     struct error *err)
{
	if (fsetxattr(fd, name, value, length, 0) == 0)
		return 0;
	/* The file system has none, or this value means nothing to this kernel. */
	if (errno == EOPNOTSUPP || errno == EINVAL || errno == EPERM) {
		++*dropped;
		return 0;
	}
	return error_set(err, errno, "set the xattr \"%s\"", name);
}

static int keep_acl(struct notes_directory *note, const void *value, size_t length, struct error *err)
{
	uint8_t *copy = length == 0 ? NULL : malloc(length);

	if (copy == NULL && length > 0)
		return error_set(err, ENOMEM, "unpack");
	if (copy != NULL)
		memcpy(copy, value, length);
	free(note->acl);
	note->acl = copy;
	note->acl_length = (uint32_t)length;
	return 0;
}

static int set_acl(int fd, const char *name, const char *text, struct notes_directory *note,
		   uint64_t *dropped, struct error *err)
{
	uint8_t value[ACL_MAX_BYTES];
	size_t length;

	if (text == NULL)
		return 0;
	length = acl_parse(text, value);
	if (length == 0) {
		++*dropped;
		return 0;
	}
	if (!text_equal(name, ATTRIBUTES_DEFAULT_ACL))
		return set_xattr(fd, name, value, length, dropped, err);
	return note == NULL ? 0 : keep_acl(note, value, length, err);
}

static int set_xattrs(int fd, const struct tar_entry *entry, struct notes_directory *note, uint64_t *dropped,
		      struct error *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		int result = 0;

		if (!attributes_xattr_allowed(xattr->name))
			++*dropped;
		else if (note != NULL && text_equal(xattr->name, ATTRIBUTES_DEFAULT_ACL))
			result = keep_acl(note, xattr->value, xattr->length, err);
		else
			result = set_xattr(fd, xattr->name, xattr->value, xattr->length, dropped, err);
		if (result < 0)
			return result;
	}
	int result = set_acl(fd, ACCESS_ACL, entry->acl_access, note, dropped, err);
	return result < 0 ? result
			  : set_acl(fd, ATTRIBUTES_DEFAULT_ACL, entry->acl_default, note, dropped, err);
}

int attributes_set(int fd, const struct tar_entry *entry, bool made, struct notes_directory *note,
		   uint64_t *dropped, struct error *err)
{
	/* The owner first: a change takes the set-user-ID bits and file capabilities away. */
	if (!made && (fchown(fd, entry->uid, entry->gid) < 0 || fchmod(fd, entry->mode) < 0))
		return error_set(err, errno, "set owner and mode");
	int result = set_xattrs(fd, entry, note, dropped, err);
	if (result < 0 || note == NULL)
		return result < 0 ? result : attributes_set_time(fd, entry->mtime, entry->mtime_ns, err);
	note->flags &= ~(uint32_t)INDEX_IMPLIED;
	if (entry->xattr_count > 0 || entry->acl_access != NULL || entry->acl_default != NULL)
		note->flags |= INDEX_XATTRS;
	note->mtime = entry->mtime;
	note->mtime_ns = entry->mtime_ns;
	return 0;
}

static void times_of(int64_t mtime, uint32_t mtime_ns, struct timespec ret[2])
{
	ret[0] = (struct timespec){ .tv_sec = mtime, .tv_nsec = mtime_ns };
	ret[1] = ret[0];
}

int attributes_set_time(int fd, int64_t mtime, uint32_t mtime_ns, struct error *err)
{
	struct timespec times[2];

	times_of(mtime, mtime_ns, times);
	if (futimens(fd, times) < 0)
		return error_set(err, errno, "set the time");
	return 0;
}

int attributes_set_at(int parent, const char *name, const struct tar_entry *entry, uint64_t *dropped,
		      struct error *err)
{
	struct timespec times[2];

	/* user.* is for files and directories only, and nothing else that is allowed fits these. */
	*dropped += entry->xattr_count;
	times_of(entry->mtime, entry->mtime_ns, times);
	if (fchownat(parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "set the owner");
	if (entry->type != TAR_SYMLINK && fchmodat(parent, name, entry->mode, 0) < 0)
		return error_set(err, errno, "set the mode");
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "set the time");
	return 0;
}
