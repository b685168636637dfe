/* Users of a container by name; see users.h. */
#include "oci/make/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/text.h"

#include "base/banned.h"

#define MAX_FILE_BYTES ((size_t)4 << 20)
#define MAX_FIELDS 7
#define NAME_BYTES 256

/* A file that is missing, or no regular file, is an empty one. */
static int read_file(const struct rootdir *root, const char *path, struct text *ret, struct error *err)
{
	autoclose int found = -1, fd = -1;
	char name[40];
	struct statfs fs;
	struct stat st;
	int result = path_open_in_root(root, path, O_PATH, &found, err);

	if (result == -ENOENT || result == -ENOTDIR || result == -ELOOP) {
		text_append(ret, "");
		return text_done(ret, err);
	}
	if (result < 0)
		return result;
	if (fstat(found, &st) < 0 || fstatfs(found, &fs) < 0)
		return error_set(err, errno, "stat \"%s\" of the container", path);
	/* what the kernel makes up may wait, and reading some of it takes it away: /proc/kmsg */
	if (!S_ISREG(st.st_mode) || fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return error_set(err, 0, "\"%s\" of the container is no regular file", path);
	/* only now: opening a device would already do something */
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open \"%s\" of the container", path);
	result = fd_read_all(fd, MAX_FILE_BYTES, path, ret, err);
	if (result == 0)
		text_append(ret, "");
	return result < 0 ? result : text_done(ret, err);
}

/* The fields of the line at @line, which is cut at the colons, and the next line. False: no more lines. */
static bool next_line(char **line, char *end, const char *fields[MAX_FIELDS], size_t *ret_count)
{
	char *s = *line;
	size_t count = 0;

	if (s >= end)
		return false;
	char *stop = memchr(s, '\n', (size_t)(end - s));
	*line = stop == NULL ? end : stop + 1;
	*(stop == NULL ? end : stop) = '\0';
	while (s != NULL && count < MAX_FIELDS) {
		char *colon = strchr(s, ':');

		fields[count++] = s;
		if (colon != NULL)
			*colon++ = '\0';
		s = colon;
	}
	*ret_count = count;
	return true;
}

static bool read_number(const char *text, uint32_t *ret)
{
	uint64_t number;
	struct error ignored;

	if (number_parse_u64(text, INT32_MAX, &number, &ignored) < 0)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/*
 * What looks like a number must be one that can be (CVE-2024-40635, CVE-2026-46680): a line of the image's
 * passwd or group with that name would make it anybody, root as well.
 */
static int check_number(const char *what, const char *word, struct error *err)
{
	const char *digits = word + (*word == '+' || *word == '-');
	uint32_t ignored;

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0' || read_number(word, &ignored))
		return 0;
	return error_set(err, 0, "unable to find %s %s: no number of a %s", what, word, what);
}

/* The first line of passwd for @user; its name goes to @ret_name. False: there is none. */
static bool find_user(struct text *passwd, const char *user, struct users_found *ret,
		      char ret_name[NAME_BYTES])
{
	const char *fields[MAX_FIELDS];
	size_t count;
	uint32_t number = 0;
	bool numeric = read_number(user, &number);
	char *line = passwd->data, *end = passwd->data + passwd->length;

	while (next_line(&line, end, fields, &count)) {
		uint32_t uid, gid;

		if (count < 4 || fields[0][0] == '\0' || !read_number(fields[2], &uid) ||
		    !read_number(fields[3], &gid))
			continue; /* a line that is none names nobody */
		if (numeric ? uid != number : !text_equal(fields[0], user))
			continue;
		ret->uid = uid;
		ret->gid = gid;
		(void)snprintf(ret_name, NAME_BYTES, "%s", fields[0]); /* a longer one is in no group */
		return true;
	}
	ret->uid = number;
	ret->gid = 0;
	return false;
}

static bool is_member(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (*list != '\0') {
		size_t here = strcspn(list, ",");

		if (here == length && strncmp(list, name, length) == 0)
			return true;
		list += here + (list[here] == ',');
	}
	return false;
}

/* The supplementary groups of @name: those whose line has it. */
static int collect_groups(struct text *group, const char *name, struct users_found *ret, struct error *err)
{
	const char *fields[MAX_FIELDS];
	size_t count;
	char *line = group->data, *end = group->data + group->length;

	while (next_line(&line, end, fields, &count)) {
		uint32_t gid;

		if (count < 4 || !read_number(fields[2], &gid) || !is_member(fields[3], name))
			continue;
		if (ret->group_count == USERS_MAX_GROUPS)
			return error_set(err, 0, "user %s is in more than %d groups", name, USERS_MAX_GROUPS);
		ret->groups[ret->group_count++] = gid;
	}
	return 0;
}

static int find_group(struct text *group, const char *word, uint32_t *ret, struct error *err)
{
	const char *fields[MAX_FIELDS];
	size_t count;
	char *line = group->data, *end = group->data + group->length;

	if (read_number(word, ret))
		return 0;
	while (next_line(&line, end, fields, &count))
		if (count >= 3 && text_equal(fields[0], word) && read_number(fields[2], ret))
			return 0;
	return error_set(err, 0, "unable to find group %s: no matching entries in group file", word);
}

int users_find(const struct rootdir *root, const char *word, struct users_found *ret, struct error *err)
{
	autotext struct text passwd = TEXT_EMPTY, group = TEXT_EMPTY;
	struct users_found found = { .group_count = 0 };
	char user[NAME_BYTES], name[NAME_BYTES] = "";
	const char *colon = strchr(word, ':');
	size_t length = colon == NULL ? strlen(word) : (size_t)(colon - word);
	uint32_t ignored;

	if (length >= sizeof(user))
		return error_set(err, 0, "unable to find user: the name is too long");
	memcpy(user, word, length);
	user[length] = '\0';
	if (length == 0)
		memcpy(user, "0", 2);
	int result = check_number("user", user, err);
	if (result == 0 && colon != NULL)
		result = check_number("group", colon + 1, err);
	if (result == 0)
		result = read_file(root, "/etc/passwd", &passwd, err);
	if (result == 0)
		result = read_file(root, "/etc/group", &group, err);
	if (result < 0)
		return result;
	bool known = find_user(&passwd, user, &found, name);
	if (!known && !read_number(user, &ignored))
		return error_set(err, 0, "unable to find user %s: no matching entries in passwd file", user);
	if (colon != NULL && colon[1] != '\0')
		result = find_group(&group, colon + 1, &found.gid, err);
	else if (known)
		result = collect_groups(&group, name, &found, err);
	if (result == 0)
		*ret = found;
	return result;
}
