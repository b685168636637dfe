/* Records on disk; see record.h. Knows nothing of what they say. */
#include "shim/store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/number.h"

#include "base/banned.h"

int record_write(int dir, const char *name, struct text *text, bool sync, struct error *err)
{
	char temporary[96];
	int result = text_done(text, err);

	if (result < 0)
		return result;
	/* Two writers of one record would take each other's file: the pid keeps them apart. */
	(void)snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid());
	{
		autoclose int fd =
			openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return error_set(err, errno, "make \"%s\"", name);
		result = fd_write_all(fd, text->data, text->length, name, err);
		if (result == 0 && sync && fsync(fd) < 0)
			result = error_set(err, errno, "sync \"%s\"", name);
	}
	if (result == 0 && renameat(dir, temporary, dir, name) < 0)
		result = error_set(err, errno, "rename \"%s\"", name);
	if (result < 0) {
		(void)unlinkat(dir, temporary, 0); /* the error is told already */
		return result;
	}
	if (sync && fsync(dir) < 0)
		return error_set(err, errno, "sync the directory of \"%s\"", name);
	return 0;
}

int record_read(int dir, const char *name, struct arena *arena, const struct json **ret, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	int result = fd_read_file_at(dir, name, RECORD_MAX_BYTES, &text, err);

	if (result < 0)
		return result;
	result = json_parse(arena, name, text.data, text.length, ret, err);
	if (result < 0)
		return result;
	if ((*ret)->type != JSON_OBJECT)
		return json_error(*ret, err, "is no object");
	return 0;
}

static int member(const struct json *object, const char *name, enum json_type type, const struct json **ret,
		  struct error *err)
{
	const struct json *value = json_get(object, name);

	if (value == NULL)
		return json_error(object, err, "%s is missing", name);
	if (value->type != type)
		return json_error(value, err, "is %s, not %s", json_type_name(value->type),
				  json_type_name(type));
	*ret = value;
	return 0;
}

int record_string(const struct json *object, const char *name, const char **ret, struct error *err)
{
	const struct json *value;
	int result = member(object, name, JSON_STRING, &value, err);

	if (result == 0)
		*ret = value->text;
	return result;
}

int record_strings(const struct json *object, const char *name, struct arena *arena, struct strings *ret,
		   struct error *err)
{
	const struct json *array;
	const char **items;
	size_t count = 0;
	int result = member(object, name, JSON_ARRAY, &array, err);

	if (result < 0)
		return result;
	items = arena_alloc(arena, sizeof(*items) * (array->count + 1));
	if (items == NULL)
		return error_set(err, ENOMEM, "read %s", name);
	for (const struct json *item = array->first; item != NULL; item = item->next) {
		if (item->type != JSON_STRING)
			return json_error(item, err, "is no string");
		items[count++] = item->text;
	}
	*ret = (struct strings){ .count = count, .items = items };
	return 0;
}

int record_bool(const struct json *object, const char *name, bool *ret, struct error *err)
{
	const struct json *value;
	int result = member(object, name, JSON_BOOL, &value, err);

	if (result == 0)
		*ret = value->truth;
	return result;
}

int record_i64(const struct json *object, const char *name, int64_t min, int64_t max, int64_t *ret,
	       struct error *err)
{
	const struct json *value;
	int result = member(object, name, JSON_NUMBER, &value, err);

	if (result == 0 && number_parse_i64(value->text, min, max, ret, err) < 0)
		return json_error(value, err, "is out of range");
	return result;
}

int record_u64(const struct json *object, const char *name, uint64_t max, uint64_t *ret, struct error *err)
{
	const struct json *value;
	int result = member(object, name, JSON_NUMBER, &value, err);

	if (result == 0 && number_parse_u64(value->text, max, ret, err) < 0)
		return json_error(value, err, "is out of range");
	return result;
}

int record_choice(const struct json *object, const char *name, const char *const *names, size_t count,
		  unsigned *ret, struct error *err)
{
	const char *word;
	int result = record_string(object, name, &word, err);

	if (result < 0)
		return result;
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, names[i]) == 0) {
			*ret = (unsigned)i;
			return 0;
		}
	return json_error(json_get(object, name), err, "unknown word \"%s\"", word);
}

int record_process(const struct json *object, const char *name, struct process_id *ret, struct error *err)
{
	const struct json *value;
	const char *boot_id;
	int64_t pid;
	struct process_id id = { 0 };
	int result = member(object, name, JSON_OBJECT, &value, err);

	if (result == 0)
		result = record_i64(value, "pid", 0, INT32_MAX, &pid, err);
	if (result == 0)
		result = record_u64(value, "startTime", UINT64_MAX, &id.start_time, err);
	if (result == 0)
		result = record_u64(value, "pidfdInode", UINT64_MAX, &id.pidfd_inode, err);
	if (result == 0)
		result = record_string(value, "bootId", &boot_id, err);
	if (result < 0)
		return result;
	if (strlen(boot_id) >= sizeof(id.boot_id))
		return json_error(json_get(value, "bootId"), err, "is too long");
	id.pid = (int32_t)pid;
	memcpy(id.boot_id, boot_id, strlen(boot_id) + 1);
	*ret = id;
	return 0;
}

void record_append_process(struct text *text, const char *name, const struct process_id *id)
{
	text_format(text,
		    "\"%s\": {\"pid\": %d, \"startTime\": %" PRIu64 ", \"pidfdInode\": %" PRIu64
		    ", \"bootId\": ",
		    name, (int)id->pid, id->start_time, id->pidfd_inode);
	text_append_json(text, id->boot_id);
	text_append(text, "}");
}
