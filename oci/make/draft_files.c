/* Mounts: the usual ones, and what a person wants mounted; see draft.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/path.h"
#include "base/tree.h"
#include "oci/make/draft.h"
#include "oci/make/volumes.h"

#include "base/banned.h"

#define MAX_IMAGE_VOLUMES 256
#define DEFAULT_SHM_BYTES ((int64_t)64 << 20)

/* One mount that is wanted. */
struct wanted {
	const char *type, *source, *destination; /* "bind", "volume", "tmpfs" */
	const char *options;                     /* of tmpfs, by commas */
	const char *propagation;
	bool read_only, no_copy, from_volume_option;
	bool only_top;       /* mounts below the source stay away */
	bool writable_below; /* read-only is what is at the source itself, not what is mounted below */
};

static const struct json *make_mount(struct draft *draft, const char *type, const char *source,
				     const char *destination, const char *options)
{
	const struct json *mount = tree_object(draft->arena), *list = tree_strings(draft->arena, NULL, 0);

	for (const char *rest = options; rest != NULL && rest[0] != '\0' && list != NULL;) {
		const char *option = draft_split(draft, rest, ',', &rest);

		if (option[0] != '\0')
			list = tree_append(draft->arena, list, tree_string(draft->arena, option));
	}
	mount = tree_with(draft->arena, mount, "destination", tree_string(draft->arena, destination));
	if (mount != NULL)
		mount = tree_with(draft->arena, mount, "type", tree_string(draft->arena, type));
	if (mount != NULL)
		mount = tree_with(draft->arena, mount, "source", tree_string(draft->arena, source));
	return mount == NULL ? NULL : tree_with(draft->arena, mount, "options", list);
}

/* A later mount on the same destination takes the place of an earlier one. */
static void put_mount(struct draft *draft, const char *type, const char *source, const char *destination,
		      const char *options)
{
	const struct json *mounts = draft->top == NULL ? NULL : tree_at(draft->top, "mounts");
	const struct json *mount = make_mount(draft, type, source, destination, options);
	size_t index = 0;

	for (const struct json *item = mounts == NULL ? NULL : mounts->first; item != NULL;
	     item = item->next, index++)
		if (text_equal(json_get(item, "destination")->text, destination)) {
			draft_put(draft, "mounts", tree_with_item(draft->arena, mounts, index, mount));
			return;
		}
	draft_append(draft, "mounts", mount);
}

static int put_usual(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	bool privileged = choices->privileged.value;
	const char *ro = privileged ? "rw" : "ro";
	int64_t shm = DEFAULT_SHM_BYTES;

	if (choices->shm_size != NULL) {
		if (number_parse_bytes(choices->shm_size, &shm, err) < 0)
			return error_add(err, "invalid argument \"%s\" for \"--shm-size\" flag",
					 choices->shm_size);
		if (shm <= 0)
			return error_set(err, 0, "SHM size can not be less than 0");
	}
	put_mount(draft, "proc", "proc", "/proc", "nosuid,noexec,nodev");
	put_mount(draft, "tmpfs", "tmpfs", "/dev", "nosuid,strictatime,mode=755,size=65536k");
	put_mount(draft, "devpts", "devpts", "/dev/pts",
		  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	put_mount(draft, "sysfs", "sysfs", "/sys", draft_format(draft, "nosuid,noexec,nodev,%s", ro));
	put_mount(draft, "cgroup", "cgroup", "/sys/fs/cgroup",
		  draft_format(draft, "nosuid,noexec,nodev,relatime,%s", ro));
	put_mount(draft, "mqueue", "mqueue", "/dev/mqueue", "nosuid,noexec,nodev");
	if (choices->ipc != NULL && text_equal(choices->ipc, "host"))
		put_mount(draft, "bind", "/dev/shm", "/dev/shm", "rbind,nosuid,noexec,nodev");
	else if (choices->ipc == NULL || !text_equal(choices->ipc, "none"))
		put_mount(draft, "tmpfs", "shm", "/dev/shm",
			  draft_format(draft, "nosuid,noexec,nodev,mode=1777,size=%lld", (long long)shm));
	return 0;
}

/* --- hostname, hosts, resolv.conf -------------------------------------------------------------------- */

static int write_beside(struct draft *draft, const char *name, const char *text, struct error *err)
{
	int dir = draft->request->bundle_dir;

	/* whatever has the name is not written into: it may be another name of somebody's file */
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "write \"%s/%s\"", draft->request->bundle, name);
	autoclose int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set(err, errno, "write \"%s/%s\"", draft->request->bundle, name);
	if (fchmod(fd, 0644) < 0)
		return error_set(err, errno, "write \"%s/%s\"", draft->request->bundle, name);
	return fd_write_all(fd, text, strlen(text), name, err);
}

static int put_beside(struct draft *draft, const char *name, const char *destination, const struct text *text,
		      struct error *err)
{
	int result = write_beside(draft, name, text->length == 0 ? "" : text->data, err);

	if (result == 0)
		put_mount(draft, "bind", draft_format(draft, "%s/%s", draft->request->bundle, name),
			  destination, "rbind,rprivate");
	return result;
}

/* "HOST:IP" */
static int append_host(struct draft *draft, const char *word, struct text *ret, struct error *err)
{
	const char *address;
	const char *host = draft_split(draft, word, ':', &address);

	if (address == NULL || host[0] == '\0' || address[0] == '\0' || word[strcspn(word, " \t\n#")] != '\0')
		return error_set(err, 0, "bad format for add-host: \"%s\"", word);
	text_format(ret, "%s\t%s\n", address, host);
	return 0;
}

static int put_hosts(struct draft *draft, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	const struct flag_list *hosts = &draft->choices->add_hosts;
	int result = 0;

	text_append(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
			   "fe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\n"
			   "ff02::2\tip6-allrouters\n");
	for (size_t i = 0; i < hosts->count && result == 0; i++)
		result = append_host(draft, hosts->items[i], &text, err);
	if (result == 0)
		result = text_done(&text, err);
	return result < 0 ? result : put_beside(draft, "hosts", "/etc/hosts", &text, err);
}

/* The host's lines of @word ("search", "options"), and its name servers but those that only it can reach. */
static void copy_resolv(const struct text *host, const char *word, bool remote_only, struct text *ret)
{
	size_t length = strlen(word);

	for (size_t at = 0; at < host->length;) {
		const char *line = host->data + at;
		size_t here = strcspn(line, "\n");
		size_t blanks = strncmp(line, word, length) == 0 ? strspn(line + length, " \t") : 0;
		const char *value = line + length + blanks;

		at += here + 1;
		if (blanks == 0 ||
		    (remote_only && (strncmp(value, "127.", 4) == 0 || strncmp(value, "::1", 3) == 0)))
			continue;
		text_format(ret, "%.*s\n", (int)here, line);
	}
}

static void append_resolv_list(const char *word, const struct flag_list *list, struct text *ret)
{
	if (list->count == 0)
		return;
	text_append(ret, word);
	for (size_t i = 0; i < list->count; i++)
		text_format(ret, " %s", list->items[i]);
	text_append(ret, "\n");
}

static int put_resolv(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	autotext struct text host = TEXT_EMPTY, text = TEXT_EMPTY;
	autoclose int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const struct flag_list *const lists[] = { &choices->dns, &choices->dns_search,
						  &choices->dns_options };

	if (fd >= 0 && fd_read_all(fd, (size_t)1 << 16, "/etc/resolv.conf", &host, err) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			if (lists[i]->items[j][strcspn(lists[i]->items[j], " \t\n")] != '\0')
				return error_set(err, 0, "\"%s\" is not a valid word of resolv.conf",
						 lists[i]->items[j]);
	for (size_t i = 0; i < choices->dns.count; i++)
		text_format(&text, "nameserver %s\n", choices->dns.items[i]);
	if (choices->dns.count == 0)
		copy_resolv(&host, "nameserver", !draft->host_network, &text);
	append_resolv_list("search", &choices->dns_search, &text);
	if (choices->dns_search.count == 0)
		copy_resolv(&host, "search", false, &text);
	append_resolv_list("options", &choices->dns_options, &text);
	if (choices->dns_options.count == 0)
		copy_resolv(&host, "options", false, &text);
	text_append(&text, "");
	int result = text_done(&text, err);
	return result < 0 ? result : put_beside(draft, "resolv.conf", "/etc/resolv.conf", &text, err);
}

static int put_names(struct draft *draft, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = put_hosts(draft, err);

	if (result == 0)
		result = put_resolv(draft, err);
	if (result < 0 || draft->hostname == NULL)
		return result;
	text_format(&text, "%s\n", draft->hostname);
	result = text_done(&text, err);
	return result < 0 ? result : put_beside(draft, "hostname", "/etc/hostname", &text, err);
}

/* --- what is wanted ----------------------------------------------------------------------------------- */

/* In one spelling, so that two mounts for one place are seen; it is resolved beneath the root at mount time.
 */
static int read_destination(struct draft *draft, const char *word, struct wanted *wanted, struct error *err)
{
	autotext struct text clean = TEXT_EMPTY;

	if (wanted->destination == NULL || wanted->destination[0] != '/')
		return error_set(err, 0, "invalid volume specification: '%s': mount path must be absolute",
				 word);
	int result = path_clean(wanted->destination, &clean, err);
	if (result < 0)
		return result;
	if (text_equal(clean.data, "/"))
		return error_set(err, 0, "invalid volume specification: '%s': destination can't be '/'",
				 word);
	wanted->destination = draft_format(draft, "%s", clean.data);
	return 0;
}

static const char *access_option(const struct wanted *wanted)
{
	if (!wanted->read_only)
		return "rw";
	return wanted->writable_below || wanted->only_top ? "ro" : "rro";
}

static int put_wanted(struct draft *draft, const struct wanted *wanted, struct error *err)
{
	const char *options = "", *source = wanted->source;

	if (text_equal(wanted->type, "tmpfs")) {
		put_mount(draft, "tmpfs", "tmpfs", wanted->destination,
			  draft_format(draft, "noexec,nosuid,nodev%s%s%s", wanted->options != NULL ? "," : "",
				       wanted->options != NULL ? wanted->options : "",
				       wanted->read_only ? ",ro" : ""));
		return 0;
	}
	if (text_equal(wanted->type, "volume")) {
		int result = volumes_open(draft, wanted->source, wanted->destination, !wanted->no_copy,
					  &source, err);

		if (result < 0)
			return result;
	} else {
		struct stat st;

		if (source == NULL || source[0] != '/')
			return error_set(
				err, 0,
				"invalid mount config for type \"bind\": invalid mount path: '%s' mount "
				"path must be absolute",
				source == NULL ? "" : source);
		/* -v makes what is missing, --mount does not, as docker */
		if (stat(source, &st) < 0 && !(wanted->from_volume_option && errno == ENOENT))
			return error_set(err, errno,
					 "invalid mount config for type \"bind\": bind source path %s",
					 source);
		if (wanted->from_volume_option) {
			int result = path_make(source, 0755, err);

			if (result < 0)
				return result;
		}
	}
	options = draft_format(draft, "%s,%s,%s", wanted->only_top ? "bind" : "rbind",
			       wanted->propagation != NULL ? wanted->propagation : "rprivate",
			       access_option(wanted));
	put_mount(draft, "bind", source, wanted->destination, options);
	return 0;
}

static bool is_propagation(const char *word)
{
	static const char *const words[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (text_equal(words[i], word))
			return true;
	return false;
}

/* "/src:/dst[:ro,z]", "name:/dst", "/dst" */
static int read_volume(struct draft *draft, const char *word, struct error *err)
{
	const char *rest = NULL, *more = NULL;
	const char *first = draft_split(draft, word, ':', &rest);
	struct wanted wanted = { .from_volume_option = true };

	if (rest == NULL) {
		wanted.destination = first;
	} else {
		wanted.source = first;
		wanted.destination = draft_split(draft, rest, ':', &more);
	}
	wanted.type = wanted.source == NULL || wanted.source[0] != '/' ? "volume" : "bind";
	while (more != NULL && more[0] != '\0') {
		const char *option = draft_split(draft, more, ',', &more);

		if (text_equal(option, "ro") || text_equal(option, "rw"))
			wanted.read_only = option[1] == 'o';
		else if (text_equal(option, "nocopy"))
			wanted.no_copy = true;
		else if (is_propagation(option))
			wanted.propagation = option;
		else if (!text_equal(option, "z") &&
			 !text_equal(option, "Z")) /* labels: nothing is labelled */
			return error_set(err, 0, "invalid volume specification: '%s': invalid mode: %s", word,
					 option);
	}
	int result = read_destination(draft, word, &wanted, err);
	if (result == 0 && wanted.source != NULL && wanted.source[0] == '\0')
		result = error_set(err, 0, "invalid volume specification: '%s'", word);
	return result < 0 ? result : put_wanted(draft, &wanted, err);
}

/* As Go reads them; NULL, a key without a value, is true. */
static int read_truth(const char *key, const char *value, bool *ret, struct error *err)
{
	static const char *const words[] = { "1", "t", "T", "true",  "TRUE",  "True",
					     "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (value == NULL || text_equal(words[i], value)) {
			*ret = i < ARRAY_LEN(words) / 2;
			return 0;
		}
	return error_set(err, 0, "invalid value for %s: %s", key, value);
}

/* docker's words for what becomes of mounts below the source. */
static int read_recursion(struct wanted *wanted, const char *value, struct error *err)
{
	bool readonly = text_equal(value, "readonly");

	wanted->only_top = text_equal(value, "disabled");
	wanted->writable_below = text_equal(value, "writable");
	return readonly || wanted->only_top || wanted->writable_below || text_equal(value, "enabled")
		       ? 0
		       : error_set(err, 0, "invalid value for bind-recursive: %s", value);
}

static int read_mount_pair(struct wanted *wanted, const char *key, const char *value, const char *word,
			   struct text *tmpfs_options, struct error *err)
{
	if (text_equal(key, "type"))
		wanted->type = value;
	else if (text_equal(key, "src") || text_equal(key, "source"))
		wanted->source = value;
	else if (text_equal(key, "dst") || text_equal(key, "destination") || text_equal(key, "target"))
		wanted->destination = value;
	else if (text_equal(key, "readonly") || text_equal(key, "ro"))
		return read_truth(key, value, &wanted->read_only, err);
	else if (text_equal(key, "bind-propagation") && value != NULL && is_propagation(value))
		wanted->propagation = value;
	else if (text_equal(key, "bind-recursive") && value != NULL)
		return read_recursion(wanted, value, err);
	else if (text_equal(key, "volume-nocopy"))
		return read_truth(key, value, &wanted->no_copy, err);
	else if (text_equal(key, "tmpfs-size") && value != NULL)
		text_format(tmpfs_options, "%ssize=%s", tmpfs_options->length > 0 ? "," : "", value);
	else if (text_equal(key, "tmpfs-mode") && value != NULL)
		text_format(tmpfs_options, "%smode=%s", tmpfs_options->length > 0 ? "," : "", value);
	else
		return error_set(err, 0, "invalid argument \"%s\" for \"--mount\" flag: unexpected key '%s'",
				 word, key);
	return 0;
}

/* Options that mean nothing for the type would be passed over in silence. */
static int check_mix(const struct wanted *wanted, bool has_tmpfs_options, const char *word, struct error *err)
{
	bool bind = wanted->propagation != NULL || wanted->only_top || wanted->writable_below;
	const char *what = NULL;

	if (bind && !text_equal(wanted->type, "bind"))
		what = "bind-*";
	else if (wanted->no_copy && !text_equal(wanted->type, "volume"))
		what = "volume-*";
	else if (has_tmpfs_options && !text_equal(wanted->type, "tmpfs"))
		what = "tmpfs-*";
	else if (wanted->source != NULL && text_equal(wanted->type, "tmpfs"))
		what = "source";
	return what == NULL
		       ? 0
		       : error_set(err, 0,
				   "invalid argument \"%s\" for \"--mount\" flag: cannot mix %s options with "
				   "mount type '%s'",
				   word, what, wanted->type);
}

/* "type=bind,src=/a,dst=/b,readonly" */
static int read_mount(struct draft *draft, const char *word, struct error *err)
{
	autotext struct text tmpfs_options = TEXT_EMPTY;
	struct wanted wanted = { .type = "volume" };
	int result = 0;

	for (const char *rest = word; rest != NULL && rest[0] != '\0' && result == 0;) {
		const char *pair = draft_split(draft, rest, ',', &rest), *value;
		const char *key = draft_split(draft, pair, '=', &value);

		result = read_mount_pair(&wanted, key, value, word, &tmpfs_options, err);
	}
	if (result == 0)
		result = read_destination(draft, word, &wanted, err);
	if (result < 0)
		return result;
	if (wanted.type == NULL || (!text_equal(wanted.type, "bind") && !text_equal(wanted.type, "volume") &&
				    !text_equal(wanted.type, "tmpfs")))
		return error_set(err, 0,
				 "invalid argument \"%s\" for \"--mount\" flag: mount type unknown: \"%s\"",
				 word, wanted.type == NULL ? "" : wanted.type);
	result = check_mix(&wanted, tmpfs_options.length > 0, word, err);
	if (result < 0)
		return result;
	if (tmpfs_options.length > 0)
		wanted.options = draft_format(draft, "%s", tmpfs_options.data);
	return put_wanted(draft, &wanted, err);
}

static int read_tmpfs(struct draft *draft, const char *word, struct error *err)
{
	struct wanted wanted = { .type = "tmpfs" };

	wanted.destination = draft_split(draft, word, ':', &wanted.options);
	int result = read_destination(draft, word, &wanted, err);
	return result < 0 ? result : put_wanted(draft, &wanted, err);
}

static bool is_mounted(const struct draft *draft, const char *destination)
{
	const struct json *mounts = draft->top == NULL ? NULL : tree_at(draft->top, "mounts");

	for (const struct json *item = mounts == NULL ? NULL : mounts->first; item != NULL; item = item->next)
		if (text_equal(json_get(item, "destination")->text, destination))
			return true;
	return false;
}

/* What the image declares and nobody has mounted: a directory of the container's own. */
static int put_image_volumes(struct draft *draft, struct error *err)
{
	const struct strings *volumes = &draft->image->volumes;
	int result = 0;

	if (volumes->count > MAX_IMAGE_VOLUMES)
		return error_set(err, 0, "image: more than %d volumes", MAX_IMAGE_VOLUMES);
	for (size_t i = 0; i < volumes->count && result == 0; i++) {
		autotext struct text clean = TEXT_EMPTY;
		struct wanted wanted = { .type = "volume" };

		/* one spelling, so that nothing of the usual is covered by another one */
		result = path_clean(draft_format(draft, "/%s", volumes->items[i]), &clean, err);
		if (result < 0)
			return result;
		wanted.destination = draft_format(draft, "%s", clean.data);
		if (text_equal(wanted.destination, "/") || is_mounted(draft, wanted.destination))
			continue;
		result = put_wanted(draft, &wanted, err);
	}
	return result;
}

static unsigned depth(const struct json *mount)
{
	unsigned parts = 0;

	for (const char *at = json_get(mount, "destination")->text; *at != '\0'; at++)
		parts += *at == '/';
	return parts;
}

/* What comes after the first @usual mounts, those with shorter paths first: none covers another. */
static int sort_mounts(struct draft *draft, size_t usual, struct error *err)
{
	const struct json *mounts = draft->top == NULL ? NULL : tree_at(draft->top, "mounts");
	autotext struct text text = TEXT_EMPTY;
	unsigned deepest = 0;

	if (mounts == NULL)
		return 0; /* no memory: told later */
	for (const struct json *item = mounts->first; item != NULL; item = item->next)
		deepest = depth(item) > deepest ? depth(item) : deepest;
	for (unsigned now = 0; now <= deepest; now++)
		for (const struct json *item = mounts->first; item != NULL; item = item->next)
			if (now == (item->index < usual ? 0 : depth(item))) {
				text_append(&text, text.length == 0 ? "[" : ",");
				tree_write(item, NULL, &text);
			}
	text_append(&text, "]");
	int result = text_done(&text, err);
	if (result == 0)
		draft_put(draft, "mounts", draft_parse(draft, text.data));
	return result;
}

static void put_init(struct draft *draft)
{
	if (draft->choices->init.value && draft->request->init_program != NULL)
		put_mount(draft, "bind", draft->request->init_program, "/dev/init", "bind,ro");
}

int draft_files(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	int result = put_usual(draft, err);
	const struct json *usual = draft->top == NULL ? NULL : tree_at(draft->top, "mounts");

	if (result == 0 && choices->init.value && draft->request->init_program == NULL)
		result = error_set(err, 0, "--init: hull's own init is not installed");
	if (result == 0)
		result = put_names(draft, err);
	for (size_t i = 0; i < choices->volumes.count && result == 0; i++)
		result = read_volume(draft, choices->volumes.items[i], err);
	for (size_t i = 0; i < choices->mounts.count && result == 0; i++)
		result = read_mount(draft, choices->mounts.items[i], err);
	for (size_t i = 0; i < choices->tmpfs.count && result == 0; i++)
		result = read_tmpfs(draft, choices->tmpfs.items[i], err);
	if (result == 0)
		result = put_image_volumes(draft, err);
	if (result == 0)
		result = sort_mounts(draft, usual == NULL ? 0 : usual->count, err);
	if (result == 0)
		put_init(draft);
	return result;
}
