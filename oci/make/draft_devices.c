/* Devices, by name or all of the host's, and the rules of the device cgroup; see draft.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/path.h"
#include "base/tree.h"
#include "oci/make/draft.h"

#include "base/banned.h"

#define RESOURCES "linux.resources."
#define HOST_DEV "/dev"
#define MAX_HOST_DIRECTORIES 1024
#define MAX_HOST_DEVICES 16384

static bool is_access(const char *word)
{
	return word[0] != '\0' && strlen(word) <= 3 && word[strspn(word, "rwm")] == '\0';
}

static void add_rule(struct draft *draft, bool allow, const char *type, const char *numbers,
		     const char *access)
{
	draft_append(draft, RESOURCES "devices",
		     draft_parse(draft, draft_format(draft, "{\"allow\": %s%s%s%s%s, \"access\": \"%s\"}",
						     allow ? "true" : "false",
						     type[0] == '\0' ? "" : ", \"type\": \"", type,
						     type[0] == '\0' ? "" : "\"", numbers, access)));
}

static const char *device_type(const struct stat *st)
{
	return S_ISCHR(st->st_mode) ? "c" : "b";
}

/* The node @st as a device of the document, at @path in the container. */
static void append_device(const struct stat *st, const char *path, struct text *ret)
{
	text_format(ret,
		    "{\"type\": \"%s\", \"major\": %u, \"minor\": %u, \"fileMode\": %u, \"uid\": %u, "
		    "\"gid\": %u, \"path\": ",
		    device_type(st), major(st->st_rdev), minor(st->st_rdev), st->st_mode & 07777U, st->st_uid,
		    st->st_gid);
	text_append_json(ret, path);
	text_append(ret, "}");
}

/* "/dev/fuse[:/dev/other[:rwm]]" */
static int put_device(struct draft *draft, const char *word, struct error *err)
{
	const char *rest, *more;
	const char *host = draft_split(draft, word, ':', &rest), *inside = host, *access = "rwm";
	struct stat st;

	if (rest != NULL) {
		const char *second = draft_split(draft, rest, ':', &more);

		if (more != NULL) {
			inside = second;
			access = more;
		} else if (second[0] == '/') {
			inside = second;
		} else {
			access = second;
		}
	}
	if (!is_access(access))
		return error_set(err, 0, "invalid device mode: %s", access);
	if (inside[0] != '/')
		return error_set(err, 0, "%s is not an absolute path", inside);
	if (stat(host, &st) < 0)
		return error_set(err, errno,
				 "error gathering device information while adding custom device \"%s\"",
				 host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_set(
			err, 0,
			"error gathering device information while adding custom device \"%s\": not a "
			"device node",
			host);
	autotext struct text text = TEXT_EMPTY;
	append_device(&st, inside, &text);
	int result = text_done(&text, err);
	if (result < 0)
		return result;
	draft_append(draft, "linux.devices", draft_parse(draft, text.data));
	add_rule(draft, true, device_type(&st),
		 draft_format(draft, ", \"major\": %u, \"minor\": %u", major(st.st_rdev), minor(st.st_rdev)),
		 access);
	return 0;
}

/* "c 10:200 rwm", "b *:* m", "a *:* rwm" */
static int put_rule(struct draft *draft, const char *word, struct error *err)
{
	char type, major_text[12], minor_text[12], access[8];
	autotext struct text numbers = TEXT_EMPTY;
	const char *const texts[] = { major_text, minor_text };
	uint64_t number;
	int end = 0;

	/* each conversion has its bound */
	if (sscanf(word, "%c %11[0-9*]:%11[0-9*] %7[rwm]%n", &type, major_text, minor_text, access, &end) !=
		    4 ||
	    word[end] != '\0' || strchr("abc", type) == NULL || !is_access(access))
		return error_set(err, 0, "invalid device cgroup format '%s'", word);
	for (int i = 0; i < 2; i++) {
		if (text_equal(texts[i], "*"))
			continue;
		if (number_parse_u64(texts[i], UINT32_MAX, &number, err) < 0)
			return error_set(err, 0, "invalid device cgroup format '%s'", word);
		text_format(&numbers, ", \"%s\": %" PRIu64, i == 0 ? "major" : "minor", number);
	}
	int result = text_done(&numbers, err);
	if (result == 0)
		add_rule(draft, true, type == 'a' ? "a" : type == 'b' ? "b" : "c", numbers.data, access);
	return result;
}

/* --- all of the host's ------------------------------------------------------------------------------- */

/* The host's devices while they are collected: directories below its /dev still to be read, and nodes. */
struct host_devices {
	int dev;
	const char *directories[MAX_HOST_DIRECTORIES]; /* beneath dev, "." first */
	size_t directory_count, count;
	const struct json *given; /* devices that were asked for by name; NULL: none */
	bool systemd;             /* inside: it starts a getty on each terminal of the host that it finds */
	struct text text;
};

static bool is_given(const struct host_devices *host, const char *path)
{
	for (const struct json *item = host->given == NULL ? NULL : host->given->first; item != NULL;
	     item = item->next)
		if (text_equal(json_get(item, "path")->text, path))
			return true;
	return false;
}

/* What belongs to a container itself, or is another thing in each; as docker has it. */
static bool is_own(const char *name)
{
	static const char *const names[] = { "pts",     "shm",  "fd",          "mqueue",
					     "console", ".lxc", ".lxd-mounts", ".udev" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_equal(names[i], name))
			return true;
	return false;
}

/* The host's virtual consoles: podman's rule where systemd is what runs inside. */
static bool is_console(const char *path)
{
	const char *digits = path + strlen(HOST_DEV "/tty");

	return text_starts(path, HOST_DEV "/tty") && digits[0] != '\0' &&
	       digits[strspn(digits, "0123456789")] == '\0';
}

/* A document is UTF-8: what is called otherwise cannot stand in one. */
static bool is_text(const char *name)
{
	for (size_t length; *name != '\0'; name += length) {
		length = text_utf8_length(name);
		if (length == 0)
			return false;
	}
	return true;
}

static int take_host_entry(struct draft *draft, struct host_devices *host, const char *directory,
			   const struct stat *st, const char *name, struct error *err)
{
	bool top = text_equal(directory, ".");
	const char *below =
		top ? draft_format(draft, "%s", name) : draft_format(draft, "%s/%s", directory, name);
	const char *path = draft_format(draft, HOST_DEV "/%s", below);

	if (S_ISDIR(st->st_mode)) {
		if (host->directory_count == MAX_HOST_DIRECTORIES)
			return error_set(err, E2BIG, "more than %d directories in " HOST_DEV,
					 MAX_HOST_DIRECTORIES);
		host->directories[host->directory_count++] = below;
		return 0;
	}
	if ((!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode)) || !is_text(path) || is_given(host, path) ||
	    (host->systemd && is_console(path)))
		return 0;
	if (host->count++ == MAX_HOST_DEVICES)
		return error_set(err, E2BIG, "more than %d devices in " HOST_DEV, MAX_HOST_DEVICES);
	text_append(&host->text, ",");
	append_device(st, path, &host->text);
	return 0;
}

/*
 * Devices come and go at any time: what is gone when it is looked at is left out. No symlink is followed, and
 * no node is opened: some do something when they are.
 */
static int read_host_directory(struct draft *draft, struct host_devices *host, const char *directory,
			       struct error *err)
{
	autoclose int fd = -1;
	int result =
		path_open_beneath(host->dev, directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK, false, &fd, err);
	struct stat st;

	if (result < 0) /* EACCES: of users without root */
		return result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -EACCES
			       ? 0
			       : result;
	DIR *stream = fdopendir(fd);
	if (stream == NULL)
		return error_set(err, errno, "read \"" HOST_DEV "/%s\"", directory);
	int dir = take_fd(&fd); /* the stream's */
	for (const struct dirent *entry = readdir(stream); entry != NULL && result == 0;
	     entry = readdir(stream))
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, "..") &&
		    !is_own(entry->d_name) && fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			result = take_host_entry(draft, host, directory, &st, entry->d_name, err);
	(void)closedir(stream); /* only read */
	return result;
}

/* Podman's rule: by what the program is called. */
static bool runs_systemd(const struct draft *draft)
{
	static const char *const names[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init" };
	const struct json *args = draft->top == NULL ? NULL : tree_at(draft->top, "process.args");
	const char *program = args == NULL || args->first == NULL ? "" : args->first->text;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_equal(names[i], program))
			return true;
	return text_equal(program, "systemd") || text_ends(program, "/systemd");
}

/* Every device node of the host, besides those that were given by name. */
static int put_host_devices(struct draft *draft, struct error *err)
{
	autoclose int dev = open(HOST_DEV, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct host_devices host = {
		.dev = dev,
		.directories = { "." },
		.directory_count = 1,
		.given = draft->top == NULL ? NULL : tree_at(draft->top, "linux.devices"),
		.systemd = runs_systemd(draft),
	};
	int result = dev < 0 ? error_set(err, errno, "open \"" HOST_DEV "\"") : 0;

	text_append(&host.text, "[");
	for (const struct json *item = host.given == NULL ? NULL : host.given->first; item != NULL;
	     item = item->next) {
		text_append(&host.text, ",");
		tree_write(item, NULL, &host.text);
	}
	for (size_t i = 0; i < host.directory_count && result == 0; i++)
		result = read_host_directory(draft, &host, host.directories[i], err);
	text_append(&host.text, "]");
	if (result == 0)
		result = text_done(&host.text, err);
	if (result == 0 && host.text.length > strlen("[]")) {
		host.text.data[1] = ' '; /* the first comma */
		draft_put(draft, "linux.devices", draft_parse(draft, host.text.data));
	}
	text_release(&host.text);
	return result;
}

int draft_devices(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	int result = 0;

	add_rule(draft, choices->privileged.value, "", "", "rwm");
	for (size_t i = 0; i < choices->devices.count && result == 0; i++)
		result = put_device(draft, choices->devices.items[i], err);
	if (result == 0 && choices->privileged.value)
		result = put_host_devices(draft, err);
	for (size_t i = 0; i < choices->device_rules.count && result == 0; i++)
		result = put_rule(draft, choices->device_rules.items[i], err);
	return result;
}
