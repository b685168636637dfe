/* The process: program, environment, user, rights; see draft.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/number.h"
#include "base/tree.h"
#include "oci/make/draft.h"
#include "oci/make/profile.h"
#include "oci/make/seccomp.h"
#include "oci/make/users.h"

#include "base/banned.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INIT_DESTINATION "/dev/init"

#define BIT(capability) (UINT64_C(1) << (capability))
#define DEFAULT_CAPABILITIES                                                                                 \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) | BIT(CAP_MKNOD) |       \
	 BIT(CAP_NET_RAW) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) |        \
	 BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE))

extern char **environ;

/* --- program ---------------------------------------------------------------------------------------- */

static size_t add_words(const struct strings *words, const char **to)
{
	for (size_t i = 0; i < words->count; i++)
		to[i] = words->items[i];
	return words->count;
}

static int put_program(struct draft *draft, struct error *err)
{
	static const char *const init[] = { INIT_DESTINATION, "--" };
	static const struct strings none = { 0 };
	const struct choices *choices = draft->choices;
	const struct strings *command = &draft->request->command;
	/* another entry point makes the image's command meaningless */
	const struct strings *entrypoint = choices->entrypoint == NULL ? &draft->image->entrypoint : &none;
	size_t count = 0, own = choices->init.value ? ARRAY_LEN(init) : 0;

	if (command->count == 0 && choices->entrypoint == NULL)
		command = &draft->image->cmd;
	const char **words =
		arena_alloc(draft->arena, (own + 1 + entrypoint->count + command->count) * sizeof(*words));
	if (words == NULL)
		return error_set(err, ENOMEM, "make config.json");
	if (own > 0)
		count += add_words(&(struct strings){ own, init }, words);
	if (choices->entrypoint != NULL && choices->entrypoint[0] != '\0')
		words[count++] = choices->entrypoint;
	count += add_words(entrypoint, words + count);
	count += add_words(command, words + count);
	if (count == own)
		return error_set(err, 0, "no command specified");
	draft_put(draft, "process.args", tree_strings(draft->arena, words, count));
	return 0;
}

/* --- environment ------------------------------------------------------------------------------------ */

/* Set @variable, "NAME=VALUE", in place of an earlier one of that name. */
static void set_variable(struct draft *draft, const char *variable)
{
	const char *value;

	draft_set(draft, &draft->environment, draft_split(draft, variable, '=', &value), variable);
}

/* "NAME" alone stands for what the caller has by this name; nothing where it has none. */
static void set_or_inherit(struct draft *draft, const char *word)
{
	size_t length = strlen(word);

	if (strchr(word, '=') != NULL) {
		set_variable(draft, word);
		return;
	}
	for (char **own = environ; *own != NULL; own++)
		if (strncmp(*own, word, length) == 0 && (*own)[length] == '=')
			set_variable(draft, *own);
}

/* Lines of @path, without comments and empty ones, to @act. */
static int each_line(struct draft *draft, const char *path,
		     void (*act)(struct draft *draft, const char *line), struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	int result = fd_read_all(fd, MAX_FILE_BYTES, path, &text, err);
	if (result < 0)
		return result;
	for (size_t at = 0; at < text.length;) {
		const char *line = text.data + at;
		size_t length = strcspn(line, "\n"), blanks = strspn(line, " \t");

		at += length + 1;
		while (length > 0 && line[length - 1] == '\r')
			length--;
		if (blanks >= length || line[blanks] == '#')
			continue;
		act(draft, draft_format(draft, "%.*s", (int)(length - blanks), line + blanks));
	}
	return 0;
}

static int put_environment(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	int result = 0;

	if (draft->image->env.count > DRAFT_MAX_PAIRS)
		return error_set(err, 0, "image: more than %d environment variables", DRAFT_MAX_PAIRS);
	set_variable(draft, "PATH=" DEFAULT_PATH);
	if (draft->hostname != NULL && !draft->host_uts)
		set_variable(draft, draft_format(draft, "HOSTNAME=%s", draft->hostname));
	if (draft->request->terminal)
		set_variable(draft, "TERM=xterm");
	for (size_t i = 0; i < draft->image->env.count; i++) {
		const char *variable = draft->image->env.items[i];

		if (variable[0] == '=' || strchr(variable, '=') == NULL)
			return error_set(err, 0, "image: invalid environment variable: %s", variable);
		set_variable(draft, variable);
	}
	for (size_t i = 0; i < choices->env_files.count && result == 0; i++)
		result = each_line(draft, choices->env_files.items[i], set_or_inherit, err);
	for (size_t i = 0; i < choices->env.count && result == 0; i++) {
		if (choices->env.items[i][0] == '=' || choices->env.items[i][0] == '\0')
			return error_set(err, 0, "invalid environment variable: %s", choices->env.items[i]);
		set_or_inherit(draft, choices->env.items[i]);
	}
	draft_put(draft, "process.env",
		  tree_strings(draft->arena, draft->environment.values, draft->environment.count));
	return result;
}

/* --- user ------------------------------------------------------------------------------------------- */

static int put_user(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	const char *word = choices->user != NULL ? choices->user : draft->image->user;
	struct users_found found = { 0 };
	int result =
		users_find(draft->request->root, word == NULL || word[0] == '\0' ? "0" : word, &found, err);

	if (result < 0)
		return result;
	draft_put_i64(draft, "process.user.uid", found.uid);
	draft_put_i64(draft, "process.user.gid", found.gid);
	/* the primary group too: else a file's "not this group" could be got around */
	draft_append(draft, "process.user.additionalGids", tree_i64(draft->arena, found.gid));
	for (size_t i = 0; i < found.group_count; i++)
		if (found.groups[i] != found.gid)
			draft_append(draft, "process.user.additionalGids",
				     tree_i64(draft->arena, found.groups[i]));
	for (size_t i = 0; i < choices->group_add.count; i++) {
		struct users_found group = { 0 };
		const char *pair = draft_format(draft, "0:%s", choices->group_add.items[i]);

		result = users_find(draft->request->root, pair, &group, err);
		if (result < 0)
			return result;
		draft_append(draft, "process.user.additionalGids", tree_i64(draft->arena, group.gid));
	}
	return 0;
}

/* --- rights ----------------------------------------------------------------------------------------- */

static uint64_t all_capabilities(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; spec_capability_name(i) != NULL; i++)
		all |= BIT(i);
	return all;
}

static int read_capability(const char *word, uint64_t *ret, struct error *err)
{
	char name[40];

	if (strcasecmp(word, "ALL") == 0) {
		*ret = all_capabilities();
		return 0;
	}
	(void)snprintf(name, sizeof(name), "%s%s", strncasecmp(word, "CAP_", 4) == 0 ? "" : "CAP_", word);
	for (char *s = name; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	int number = spec_capability_number(name);
	if (number < 0)
		return error_set(err, 0, "invalid capability: unknown capability: \"%s\"", name);
	*ret = BIT((unsigned)number);
	return 0;
}

static int put_capabilities(struct draft *draft, struct error *err)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	const struct choices *choices = draft->choices;
	uint64_t set = choices->privileged.value ? all_capabilities() : DEFAULT_CAPABILITIES, one;
	const struct json *names = tree_strings(draft->arena, NULL, 0);

	/* drops of everything come before adds of single ones, others after */
	for (int pass = 0; pass < 2; pass++) {
		const struct flag_list *list = pass == 0 ? &choices->cap_drop : &choices->cap_add;

		for (size_t i = 0; i < list->count; i++) {
			int result = read_capability(list->items[i], &one, err);

			if (result < 0)
				return result;
			set = pass == 0 ? set & ~one : set | one;
		}
	}
	for (size_t i = 0; i < choices->cap_drop.count; i++)
		if (strcasecmp(choices->cap_drop.items[i], "ALL") != 0 &&
		    read_capability(choices->cap_drop.items[i], &one, err) == 0)
			set &= ~one;
	for (unsigned i = 0; spec_capability_name(i) != NULL; i++)
		if ((set & BIT(i)) != 0 && names != NULL)
			names = tree_append(draft->arena, names,
					    tree_string(draft->arena, spec_capability_name(i)));
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		draft_put(draft, draft_format(draft, "process.capabilities.%s", sets[i]), names);
	draft->capabilities = set;
	return 0;
}

static int read_profile(struct draft *draft, const char *path, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const struct json *profile = NULL;

	if (fd < 0)
		return error_set(err, errno, "opening seccomp profile (%s) failed", path);
	int result = fd_read_all(fd, MAX_FILE_BYTES, path, &text, err);
	if (result == 0)
		result = json_parse(draft->arena, path, text.length == 0 ? "" : text.data, text.length,
				    &profile, err);
	if (result == 0)
		result = profile_make(profile, draft->capabilities, draft->arena, &profile, err);
	if (result < 0)
		return error_add(err, "seccomp profile");
	draft_put(draft, "linux.seccomp", profile);
	return 0;
}

static void put_default_profile(struct draft *draft)
{
	autotext struct text text = TEXT_EMPTY;
	struct error ignored;

	seccomp_default(draft->capabilities, &text);
	if (text_done(&text, &ignored) < 0)
		draft->top = NULL;
	else
		draft_put(draft, "linux.seccomp", draft_parse(draft, text.data));
}

static void hide_paths(struct draft *draft)
{
	static const char *const masked[] = { "/proc/acpi",
					      "/proc/asound",
					      "/proc/interrupts",
					      "/proc/kcore",
					      "/proc/keys",
					      "/proc/latency_stats",
					      "/proc/sched_debug",
					      "/proc/scsi",
					      "/proc/timer_list",
					      "/proc/timer_stats",
					      "/sys/devices/virtual/powercap",
					      "/sys/firmware" };
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
						"/proc/sysrq-trigger" };

	draft_put(draft, "linux.maskedPaths", tree_strings(draft->arena, masked, ARRAY_LEN(masked)));
	draft_put(draft, "linux.readonlyPaths", tree_strings(draft->arena, readonly, ARRAY_LEN(readonly)));
}

/* One --security-opt. */
static int read_security_option(struct draft *draft, const char *option, bool *filtered, bool *hidden,
				struct error *err)
{
	const char *value = strpbrk(option, "=:");
	size_t length = value == NULL ? strlen(option) : (size_t)(value - option);

	value = value == NULL ? "true" : value + 1;
	if (length == 17 && strncmp(option, "no-new-privileges", length) == 0) {
		if (!text_equal(value, "true") && !text_equal(value, "false"))
			return error_set(err, 0, "invalid --security-opt 2: \"%s\"", option);
		draft_put_bool(draft, "process.noNewPrivileges", text_equal(value, "true"));
		return 0;
	}
	if (length == 7 && strncmp(option, "seccomp", length) == 0) {
		*filtered = false;
		return text_equal(value, "unconfined") ? 0 : read_profile(draft, value, err);
	}
	if (length == 11 && strncmp(option, "systempaths", length) == 0 && text_equal(value, "unconfined")) {
		*hidden = false;
		return 0;
	}
	if (length == 8 && strncmp(option, "apparmor", length) == 0) {
		if (!text_equal(value, "unconfined"))
			draft_put_text(draft, "process.apparmorProfile", value);
		return 0;
	}
	if (length == 5 && strncmp(option, "label", length) == 0 && text_equal(value, "disable"))
		return 0; /* nothing is labelled unless a document asks for it */
	return error_set(err, 0, "invalid --security-opt 2: \"%s\"", option);
}

static int put_rights(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;
	bool filtered = !choices->privileged.value, hidden = !choices->privileged.value;
	int result = put_capabilities(draft, err);

	for (size_t i = 0; i < choices->security_opts.count && result == 0; i++)
		result =
			read_security_option(draft, choices->security_opts.items[i], &filtered, &hidden, err);
	if (result < 0)
		return result;
	if (filtered)
		put_default_profile(draft);
	if (hidden)
		hide_paths(draft);
	return 0;
}

/* --- resource limits of the process ----------------------------------------------------------------- */

/* The last of several for one resource counts. */
static void put_rlimit(struct draft *draft, const struct json *limit)
{
	const struct json *limits = draft->top == NULL ? NULL : tree_at(draft->top, "process.rlimits");
	size_t index = 0;

	for (const struct json *item = limits == NULL || limit == NULL ? NULL : limits->first; item != NULL;
	     item = item->next, index++)
		if (text_equal(json_get(item, "type")->text, json_get(limit, "type")->text)) {
			draft_put(draft, "process.rlimits",
				  tree_with_item(draft->arena, limits, index, limit));
			return;
		}
	draft_append(draft, "process.rlimits", limit);
}

/* "nofile=1024:2048"; -1 is no limit. */
static int put_ulimit(struct draft *draft, const char *word, struct error *err)
{
	const char *rest, *hard;
	const char *name = draft_split(draft, word, '=', &rest);
	uint64_t values[2];
	char upper[40];

	if (rest == NULL)
		return error_set(err, 0, "invalid ulimit argument: %s", word);
	(void)snprintf(upper, sizeof(upper), "RLIMIT_%s", name);
	for (char *s = upper; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	if (spec_rlimit_number(upper) < 0)
		return error_set(err, 0, "invalid ulimit type: %s", name);
	const char *texts[2] = { draft_split(draft, rest, ':', &hard), hard };
	for (int i = 0; i < 2; i++) {
		if (texts[i] == NULL)
			values[i] = values[0];
		else if (text_equal(texts[i], "-1"))
			values[i] = UINT64_MAX;
		else if (number_parse_u64(texts[i], UINT64_MAX, &values[i], err) < 0)
			return error_add(err, "invalid ulimit argument: %s", word);
	}
	if (values[0] > values[1])
		return error_set(err, 0,
				 "ulimit soft limit must be less than or equal to hard limit: %llu > %llu",
				 (unsigned long long)values[0], (unsigned long long)values[1]);
	put_rlimit(draft,
		   draft_parse(draft,
			       draft_format(draft, "{\"type\": \"%s\", \"soft\": %llu, \"hard\": %llu}",
					    upper, (unsigned long long)values[0],
					    (unsigned long long)values[1])));
	return 0;
}

/* --- all of it -------------------------------------------------------------------------------------- */

static int put_cwd(struct draft *draft, struct error *err)
{
	const char *cwd =
		draft->choices->workdir != NULL ? draft->choices->workdir : draft->image->working_dir;

	if (cwd == NULL || cwd[0] == '\0')
		cwd = "/";
	if (cwd[0] != '/') {
		if (draft->choices->workdir != NULL)
			return error_set(
				err, 0,
				"the working directory '%s' is invalid, it needs to be an absolute path",
				cwd);
		cwd = draft_format(draft, "/%s", cwd);
	}
	draft_put_text(draft, "process.cwd", cwd);
	return 0;
}

int draft_process(struct draft *draft, struct error *err)
{
	const struct choices *choices = draft->choices;

	draft_put_bool(draft, "process.terminal", draft->request->terminal);
	int result = put_program(draft, err);
	if (result == 0)
		result = put_environment(draft, err);
	if (result == 0)
		result = put_cwd(draft, err);
	if (result == 0)
		result = put_user(draft, err);
	if (result == 0)
		result = put_rights(draft, err);
	for (size_t i = 0; i < choices->ulimits.count && result == 0; i++)
		result = put_ulimit(draft, choices->ulimits.items[i], err);
	if (result == 0 && choices->oom_score_adj.set) {
		if (choices->oom_score_adj.value < -1000 || choices->oom_score_adj.value > 1000)
			return error_set(err, 0,
					 "invalid value %lld, range for oom score adj is [-1000, 1000]",
					 (long long)choices->oom_score_adj.value);
		draft_put_i64(draft, "process.oomScoreAdj", choices->oom_score_adj.value);
	}
	return result;
}
