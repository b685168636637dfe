/* The document in brief; see brief.h. */
#include "runtime/container/brief.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

#include "base/banned.h"

#define DOCUMENT_FILE "brief.json"
#define FILTER_FILE "filter"
#define FILTER_MAGIC 0x544c4648U /* "HFLT" */
#define FILTER_MAX 65535         /* instructions: a filter's length has 16 bits */

struct filter_head {
	uint32_t magic, flags, count;
};

static int write_file(int dir, const char *name, const void *bytes, size_t length, struct error *err)
{
	autoclose int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? error_set(err, errno, "write %s", name) : fd_write_all(fd, bytes, length, name, err);
}

int brief_save(int dir, const struct spec *spec, const char *document, size_t length, const struct plan *plan,
	       struct error *err)
{
	const struct json *linux = json_get(spec->json, "linux");
	const struct json *profile = linux == NULL ? NULL : json_get(linux, "seccomp");
	struct filter_head head = { FILTER_MAGIC, plan->seccomp_flags, plan->seccomp.count };
	autotext struct text text = TEXT_EMPTY;

	if (profile == NULL || plan->seccomp.count == 0 || profile->end <= profile->begin ||
	    profile->end > length)
		return 0;
	text_append_bytes(&text, &head, sizeof(head));
	text_append_bytes(&text, plan_items(plan, plan->seccomp), head.count * sizeof(struct sock_filter));
	int result = text_done(&text, err);
	if (result == 0)
		result = write_file(dir, FILTER_FILE, text.data, text.length, err);
	if (result < 0)
		return result;
	text.length = 0;
	text_append_bytes(&text, document, profile->begin);
	text_append(&text, "null"); /* as good as absent */
	text_append_bytes(&text, document + profile->end, length - profile->end);
	result = text_done(&text, err);
	/* Last: where it is, the filter is. */
	return result < 0 ? result : write_file(dir, DOCUMENT_FILE, text.data, text.length, err);
}

/* Errors: -ENOENT there is none; -EINVAL it is not as written. */
static int read_file(int dir, const char *name, struct text *ret, struct error *err)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_set(err, errno, "open %s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return error_set(err, 0, "%s does not belong to this user alone", name);
	return fd_read_all(fd, JSON_MAX_BYTES, name, ret, err);
}

static int load_filter(int dir, struct process_filter *ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	struct filter_head head = { 0 };
	int result = read_file(dir, FILTER_FILE, &text, err);

	if (result < 0)
		return result;
	if (text.length >= sizeof(head))
		memcpy(&head, text.data, sizeof(head));
	if (head.magic != FILTER_MAGIC || head.count == 0 || head.count > FILTER_MAX ||
	    text.length != sizeof(head) + head.count * sizeof(struct sock_filter))
		return error_set(err, 0, "%s is damaged", FILTER_FILE);
	struct sock_filter *instructions = malloc(head.count * sizeof(*instructions));
	if (instructions == NULL)
		return error_set(err, ENOMEM, "seccomp filter");
	memcpy(instructions, text.data + sizeof(head), head.count * sizeof(*instructions));
	*ret = (struct process_filter){ head.count, head.flags, instructions };
	return 0;
}

int brief_load(int dir, struct spec **ret_spec, struct process_filter *ret_filter, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = read_file(dir, DOCUMENT_FILE, &text, err);

	if (result == -ENOENT)
		return spec_load(dir, ret_spec, NULL, NULL, err);
	if (result == 0)
		result = load_filter(dir, ret_filter, err);
	if (result == 0)
		result = spec_parse("config.json", text.data, text.length, ret_spec, err);
	return result;
}
