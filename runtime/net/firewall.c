/* The rules of all containers; see firewall.h. */
#include "runtime/net/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/net/netlink.h"
#include "runtime/net/rules.h"

#include "base/banned.h"

#define FILE_NAME "firewall"
#define MAX_FILE ((size_t)16 << 20)

/* --- what was put into it last ------------------------------------------------------------------------ */

/*
 * Connections to nftables stay open until the process ends: closing one waits for whatever was deleted, 10 to
 * 20 milliseconds, and a process that bridge_remove_links leaves behind can do that waiting.
 */
static int find_table(uint64_t *ret_handle, struct error *err)
{
	static struct netlink connection;
	int result = connection.socket == NULL ? netlink_open_nftables(&connection, err) : 0;

	return result < 0 ? result : netlink_table_handle(&connection, RULES_TABLE, ret_handle, err);
}

/* "table 17 in 4026531840": another table, or that of another network namespace, is not ours. */
static int identify(struct text *ret, struct error *err)
{
	struct stat st;
	uint64_t handle;

	if (stat("/proc/self/ns/net", &st) < 0)
		return error_set(err, errno, "open /proc/self/ns/net");
	int result = find_table(&handle, err);
	if (result == 0)
		text_format(ret, "table %" PRIu64 " in %" PRIu64 "\n", handle, (uint64_t)st.st_ino);
	return result;
}

static int write_note(const struct state *state, const char *facts, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = identify(&text, err);

	text_append(&text, facts);
	if (result == 0)
		result = text_done(&text, err);
	if (result < 0)
		return result;
	autoclose int fd = openat(state->root, FILE_NAME ".new",
				  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(err, errno, "make \"" FILE_NAME "\"");
	result = fd_write_all(fd, text.data, text.length, FILE_NAME, err);
	if (result == 0 && renameat(state->root, FILE_NAME ".new", state->root, FILE_NAME) < 0)
		result = error_set(err, errno, "rename \"" FILE_NAME "\"");
	return result;
}

/* The facts that the table holds, if it is the one that is noted. Errors: -ENOENT. */
static int read_note(const struct state *state, struct text *ret, struct error *err)
{
	autotext struct text now = TEXT_EMPTY, noted = TEXT_EMPTY;
	int result = fd_read_file_at(state->root, FILE_NAME, MAX_FILE, &noted, err);

	if (result == 0)
		result = identify(&now, err);
	if (result == 0)
		result = text_done(&now, err);
	if (result < 0)
		return result;
	if (noted.length < now.length || memcmp(noted.data, now.data, now.length) != 0)
		return error_set(err, ENOENT, "the nftables table \"" RULES_TABLE "\" is another");
	text_append(ret, noted.data + now.length);
	return text_done(ret, err);
}

/* --- changing it --------------------------------------------------------------------------------------- */

static void add_change(const char *verb, const char *line, struct text *ret)
{
	const char *map = line + strlen("port ");
	size_t length = strcspn(map, " ");

	text_format(ret, "%s element inet " RULES_TABLE " %.*s {%s }\n", verb, (int)length, map,
		    map + length);
}

/*
 * The commands that lead from facts @old to @new, both sorted, where only ports differ. Returns false where
 * more does.
 */
static bool add_changes(char **old, size_t old_count, char **new, size_t new_count, struct text *ret)
{
	autotext struct text added = TEXT_EMPTY; /* after the deletions: an address may pass to another */
	size_t a = 0, b = 0;

	while (a < old_count || b < new_count) {
		int order = a == old_count ? 1 : b == new_count ? -1 : strcmp(old[a], new[b]);
		const char *line = order <= 0 ? old[a] : new[b];

		if (order != 0 && !text_starts(line, "port "))
			return false;
		if (order < 0)
			add_change("delete", line, ret);
		else if (order > 0)
			add_change("add", line, &added);
		a += order <= 0;
		b += order >= 0;
	}
	if (added.length > 0)
		text_append(ret, added.data);
	ret->failed |= added.failed;
	return true;
}

/* One for all commands of this process, see find_table. */
static int open_context(struct nft_ctx **ret, struct error *err)
{
	static struct nft_ctx *context;

	if (context == NULL) {
		context = nft_ctx_new(NFT_CTX_DEFAULT);
		if (context == NULL || nft_ctx_buffer_output(context) != 0 ||
		    nft_ctx_buffer_error(context) != 0)
			return error_set(err, ENOMEM, "nftables");
	}
	*ret = context;
	return 0;
}

static int run(const char *commands, struct error *err)
{
	struct nft_ctx *context;
	int result = open_context(&context, err);

	if (result == 0 && nft_run_cmd_from_buffer(context, commands) != 0) {
		const char *words = nft_ctx_get_error_buffer(context);
		int length = words == NULL ? 0 : (int)strcspn(words, "\n");

		result = error_set(err, EIO, "nftables: %.*s", length, words == NULL ? "" : words);
	}
	return result;
}

/* Only what is different, where that can be told. Errors: whatever goes wrong. */
static int change(const char *facts, struct text *had, struct error *err)
{
	autotext struct text commands = TEXT_EMPTY, wanted = TEXT_EMPTY;
	size_t old_count = 0, new_count = 0;

	text_append(&wanted, facts);
	int result = text_done(&wanted, err);
	if (result < 0)
		return result;
	autofree char **old = rules_split(had->data, &old_count);
	autofree char **new = rules_split(wanted.data, &new_count);
	if (old == NULL || new == NULL)
		return error_set(err, ENOMEM, "compare rules");
	if (!add_changes(old, old_count, new, new_count, &commands))
		return error_set(err, EINVAL, "more than ports differ");
	result = text_done(&commands, err);
	return result < 0 ? result : run(commands.data, err);
}

static int replace(const char *facts, struct error *err)
{
	autotext struct text commands = TEXT_EMPTY;

	rules_table(facts, &commands);
	int result = text_done(&commands, err);
	return result < 0 ? result : run(commands.data, err);
}

int firewall_sync(const struct state *state, const struct state_view *view, bool anew, struct error *err)
{
	autotext struct text facts = TEXT_EMPTY, had = TEXT_EMPTY;
	struct error ignored; /* what is not there or not known is made anew */

	rules_facts(view, &facts);
	int result = text_done(&facts, err);
	if (result < 0)
		return result;
	bool known = !anew && read_note(state, &had, &ignored) == 0;
	if (known && text_equal(had.data, facts.data))
		return 0;
	/* until all is done nothing is known of the table */
	if ((unlinkat(state->root, FILE_NAME, 0) < 0 && errno != ENOENT) ||
	    (unlinkat(state->root, FILE_NAME ".new", 0) < 0 && errno != ENOENT))
		return error_set(err, errno, "remove \"" FILE_NAME "\"");
	if (!known || change(facts.data, &had, &ignored) < 0)
		result = replace(facts.data, err);
	if (result == 0 && facts.length > 0)
		result = write_note(state, facts.data, err);
	return result;
}

int firewall_check(const struct state *state, const struct state_view *view, struct error *err)
{
	autotext struct text facts = TEXT_EMPTY, had = TEXT_EMPTY;

	rules_facts(view, &facts);
	int result = text_done(&facts, err);
	if (result == 0)
		result = read_note(state, &had, err);
	if (result == 0 && !text_equal(had.data, facts.data))
		result = error_set(err, ENOENT,
				   "the nftables table \"" RULES_TABLE "\" is not as it was left");
	return result;
}

bool firewall_exists(void)
{
	struct error ignored; /* without nftables there is none either */
	uint64_t handle;

	return find_table(&handle, &ignored) == 0;
}
