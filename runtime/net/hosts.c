/* Names of containers and name servers; see hosts.h. */
#include "runtime/net/hosts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/commands.h"
#include "base/fd.h"
#include "runtime/net/address.h"

#include "base/banned.h"

#define MAX_FILE ((size_t)1 << 20)
#define MAX_NAME 253
#define MARK "# hull-net: "

static const char usual_lines[] = "127.0.0.1\tlocalhost\n"
				  "::1\tlocalhost ip6-localhost ip6-loopback\n"
				  "fe00::0\tip6-localnet\n"
				  "ff00::0\tip6-mcastprefix\n"
				  "ff02::1\tip6-allnodes\n"
				  "ff02::2\tip6-allrouters\n";

int hosts_check_name(const char *what, const char *name, struct error *err)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && (i == 0 || strchr("_.-", name[i]) == NULL))
			return error_set(err, 0, "invalid %s: \"%.100s\"", what, name);
	return length > 0 && length <= MAX_NAME ? 0 : error_set(err, 0, "invalid %s: \"%.100s\"", what, name);
}

/* --- hosts ------------------------------------------------------------------------------------------- */

static bool same_network(const struct claim *a, const struct claim *b)
{
	return a->driver == b->driver && text_equal(a->network, b->network);
}

static void add_name(const char *name, const char **separator, struct text *ret)
{
	if (name == NULL)
		return;
	text_format(ret, "%s%s", *separator, name);
	*separator = " ";
}

/* What @claim's container is called: by itself with its host name first, by others without. */
static void add_line(const struct claim *claim, const char *address, bool own, struct text *ret)
{
	const char *hostname = own ? claim->hostname : NULL, *separator = "\t";

	if (hostname == NULL && claim->name == NULL && claim->aliases.count == 0)
		return;
	text_append(ret, address);
	add_name(hostname, &separator, ret);
	if (claim->name != NULL && (hostname == NULL || !text_equal(claim->name, hostname)))
		add_name(claim->name, &separator, ret);
	for (size_t i = 0; i < claim->aliases.count; i++)
		add_name(claim->aliases.items[i], &separator, ret);
	text_append(ret, "\n");
}

/* A line for each of its addresses. */
static void add_lines(const struct claim *claim, bool own, struct text *ret)
{
	char address[ADDRESS_TEXT_BYTES], address6[ADDRESS6_TEXT_BYTES];

	address_format(claim->address, address);
	address6_format(&claim->address6, address6);
	if (claim->address != 0)
		add_line(claim, address, own, ret);
	if (!address6_is_none(&claim->address6))
		add_line(claim, address6, own, ret);
}

/* Where the block of @begin to @end is in @old. NULL: nowhere. */
static const char *find_block(const char *old, const char *begin, const char *end, const char **ret_after)
{
	const char *from = strstr(old, begin);
	const char *to = from == NULL ? NULL : strstr(from, end);

	if (to == NULL || (from != old && from[-1] != '\n'))
		return NULL;
	*ret_after = to + strlen(end);
	return from;
}

void hosts_format(const char *old, const struct claim_list *claims, const struct claim *claim,
		  struct text *ret)
{
	autotext struct text begin = TEXT_EMPTY, end = TEXT_EMPTY;
	const char *after = NULL, *driver = claim_driver_names[claim->driver];

	text_format(&begin, MARK "%s:%s, written anew whenever it changes\n", driver, claim->network);
	text_format(&end, MARK "end of %s:%s\n", driver, claim->network);
	if (begin.failed || end.failed) {
		ret->failed = true;
		return;
	}
	const char *before = find_block(old, begin.data, end.data, &after);
	size_t length = before == NULL ? strlen(old) : (size_t)(before - old);
	if (length == 0 && before == NULL)
		text_append(ret, usual_lines);
	text_append_bytes(ret, old, length);
	if (length > 0 && old[length - 1] != '\n')
		text_append(ret, "\n");
	text_append(ret, begin.data);
	add_lines(claim, true, ret);
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *other = &claims->items[i];

		if (other->alive && same_network(other, claim) && !text_equal(other->id, claim->id))
			add_lines(other, false, ret);
	}
	text_append(ret, end.data);
	if (after != NULL)
		text_append(ret, after);
}

/*
 * The file @path itself: no link, nothing that waits when it is opened. Its directory is the bundle's, which
 * the container does not see.
 */
static int open_file(const char *path, int *ret, struct stat *ret_stat, struct error *err)
{
	autoclose int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return error_set(err, errno, "open \"%s\"", path);
	if (!S_ISREG(ret_stat->st_mode))
		return error_set(err, EINVAL, "\"%s\" is no regular file", path);
	*ret = take_fd(&fd);
	return 0;
}

int hosts_identify(const char *path, struct claim_file *ret, struct error *err)
{
	autoclose int fd = -1;
	struct stat st;
	int result = open_file(path, &fd, &st, err);

	if (result == 0)
		*ret = (struct claim_file){ path, st.st_dev, st.st_ino };
	return result;
}

/* The whole of the file becomes @text. Shorter ones are cut after the writing: a reader never finds it empty.
 */
static int rewrite(int fd, const struct text *text, const char *path, struct error *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "write \"%s\"", path);
	int result = fd_write_all(fd, text->data, text->length, path, err);
	if (result == 0 && ftruncate(fd, (off_t)text->length) < 0)
		result = error_set(err, errno, "write \"%s\"", path);
	return result;
}

static int update(const struct claim_list *claims, const struct claim *claim, struct error *err)
{
	autotext struct text old = TEXT_EMPTY, new = TEXT_EMPTY;
	autoclose int fd = -1;
	struct stat st;
	int result = open_file(claim->hosts.path, &fd, &st, err);

	if (result < 0)
		return result;
	if (st.st_dev != claim->hosts.device || st.st_ino != claim->hosts.inode)
		return error_set(err, EINVAL, "\"%s\" is another file than before", claim->hosts.path);
	result = fd_read_all(fd, MAX_FILE, claim->hosts.path, &old, err);
	if (result < 0)
		return result;
	hosts_format(old.data == NULL ? "" : old.data, claims, claim, &new);
	result = text_done(&new, err);
	if (result == 0 && !text_equal(new.data, old.data == NULL ? "" : old.data))
		result = rewrite(fd, &new, claim->hosts.path, err);
	return result;
}

void hosts_sync(const struct claim_list *claims, const struct claim *of)
{
	struct error err;

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if (claim->alive && claim->hosts.path != NULL && same_network(claim, of) &&
		    update(claims, claim, &err) < 0)
			commands_fail(&err);
	}
}

/* --- resolv.conf -------------------------------------------------------------------------------------- */

/* A line "nameserver 127.…" or "nameserver ::1". */
static bool is_local_server(const char *line, size_t length)
{
	static const char word[] = "nameserver";
	size_t at = sizeof(word) - 1;

	if (length <= at || strncmp(line, word, at) != 0)
		return false;
	while (at < length && (line[at] == ' ' || line[at] == '\t'))
		at++;
	return strncmp(line + at, "127.", 4) == 0 || strncmp(line + at, "::1", 3) == 0;
}

static bool line_is(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\t');
}

static void add_words(const char *keyword, const struct strings *words, struct text *ret)
{
	if (words->count == 0)
		return;
	text_append(ret, keyword);
	for (size_t i = 0; i < words->count; i++)
		text_format(ret, " %s", words->items[i]);
	text_append(ret, "\n");
}

void hosts_format_resolver(const char *host, const struct hosts_resolver *resolver, struct text *ret)
{
	for (size_t i = 0; i < resolver->servers.count; i++)
		text_format(ret, "nameserver %s\n", resolver->servers.items[i]);
	for (const char *line = host; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		bool search = line_is(line, "search") || line_is(line, "domain");
		bool given = (line_is(line, "nameserver") && resolver->servers.count > 0) ||
			     (search && resolver->searches.count > 0) ||
			     (line_is(line, "options") && resolver->options.count > 0);

		if (!given && !is_local_server(line, length) && line[0] != '#' && line[0] != ';' &&
		    length > 0) {
			text_append_bytes(ret, line, length);
			text_append(ret, "\n");
		}
		line += length + (line[length] == '\n');
	}
	add_words("search", &resolver->searches, ret);
	add_words("options", &resolver->options, ret);
}

/* With systemd-resolved /etc/resolv.conf has only 127.0.0.53; what it asks itself is in a file of its own. */
static void read_host(struct text *ret)
{
	static const char *const files[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" };
	struct error ignored; /* a host without one has no name servers */

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		autotext struct text text = TEXT_EMPTY;
		autoclose int fd = open(files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0 || fd_read_all(fd, MAX_FILE, files[i], &text, &ignored) < 0 || text.data == NULL)
			continue;
		bool stub = strstr(text.data, "nameserver 127.0.0.53") != NULL && i + 1 < ARRAY_LEN(files) &&
			    access(files[i + 1], R_OK) == 0;
		if (!stub) {
			text_append(ret, text.data);
			return;
		}
	}
}

int hosts_write_resolver(const char *path, const struct hosts_resolver *resolver, struct error *err)
{
	autotext struct text host = TEXT_EMPTY, text = TEXT_EMPTY;
	autoclose int fd = -1;
	struct stat st;
	int result = open_file(path, &fd, &st, err);

	if (result < 0)
		return result;
	read_host(&host);
	hosts_format_resolver(host.data == NULL ? "" : host.data, resolver, &text);
	result = text_done(&text, err);
	return result < 0 ? result : rewrite(fd, &text, path, err);
}
