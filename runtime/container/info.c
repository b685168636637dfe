/* What state and list show: read from state files and the kernel, without any lock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runtime/container/container.h"
#include "runtime/container/state.h"
#include "runtime/container/steps.h"
#include "runtime/linux/mount_options.h"

#include "base/banned.h"

void container_info_release(struct container_info *info)
{
	free(info->id);
	free(info->bundle);
	free(info->rootfs);
	free(info->created);
	free(info->owner);
	free(info->annotations_json);
	memset(info, 0, sizeof(*info));
}

/* The name of the user who owns the directory; getpwuid would open nsswitch. NULL where unknown. */
static char *find_owner(int dir)
{
	autotext struct text passwd = TEXT_EMPTY;
	struct error ignored;
	struct stat st;
	char *line, *rest;

	if (fstat(dir, &st) < 0)
		return NULL;
	if (st.st_uid == 0)
		return strdup("root");
	if (fd_read_file_at(AT_FDCWD, "/etc/passwd", (size_t)4 << 20, &passwd, &ignored) < 0)
		return NULL;
	for (line = strtok_r(passwd.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char number[32], *uid = strchr(line, ':');

		uid = uid == NULL ? NULL : strchr(uid + 1, ':');
		(void)snprintf(number, sizeof(number), ":%u:", st.st_uid);
		if (uid != NULL && text_starts(uid, number))
			return strndup(line, strcspn(line, ":"));
	}
	return NULL;
}

static int fill_info(const char *id, struct opened *opened, struct container_info *ret, struct error *err)
{
	struct container_info info = { 0 };
	struct state *state = &opened->state;
	int result = state_status(opened->dir, state, &info.status, NULL, err);

	if (result < 0)
		return result;
	info.pid = info.status == STATUS_STOPPED ? 0 : state->init.pid;
	info.id = strdup(id);
	info.owner = find_owner(opened->dir);
	info.bundle = take_ptr(&state->bundle);
	info.rootfs = take_ptr(&state->rootfs);
	info.created = take_ptr(&state->created);
	if (state->annotations != NULL && state->annotations[0] != '\0')
		info.annotations_json = take_ptr(&state->annotations);
	if (info.id == NULL || info.bundle == NULL || info.rootfs == NULL || info.created == NULL) {
		container_info_release(&info);
		return error_set(err, ENOMEM, "container \"%s\"", id);
	}
	*ret = info;
	return 0;
}

int container_info_load(const struct container_context *context, const char *id, struct container_info *ret,
			struct error *err)
{
	auto_opened struct opened opened = OPENED_EMPTY;
	int result = state_open(context, id, &opened, err);

	return result < 0 ? result : fill_info(id, &opened, ret, err);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct container_info *)a)->id, ((const struct container_info *)b)->id);
}

int container_list(const struct container_context *context, struct container_info **ret, size_t *ret_count,
		   struct error *err)
{
	struct container_info *infos = NULL;
	size_t count = 0, room = 0;
	struct dirent *entry;
	struct error entry_error;
	DIR *list = opendir(context->root);
	int result = 0;

	if (list == NULL)
		return error_set(err, errno, "open the state root \"%s\"", context->root);
	while ((entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		if (count == room) {
			size_t more = room * 2 + 16;
			struct container_info *bigger = realloc(infos, more * sizeof(*infos));

			if (bigger == NULL) {
				result = error_set(err, ENOMEM, "list");
				break;
			}
			infos = bigger;
			room = more;
		}
		int loaded = container_info_load(context, entry->d_name, &infos[count], &entry_error);
		if (loaded == 0)
			count++;
		else if (loaded != -ENOENT) /* removed this moment: not there any more */
			steps_log(context, LOG_ERROR, "%s", entry_error.text);
	}
	(void)closedir(list);
	if (result < 0) {
		for (size_t i = 0; i < count; i++)
			container_info_release(&infos[i]);
		free(infos);
		return result;
	}
	if (count > 0)
		qsort(infos, count, sizeof(*infos), compare_ids);
	*ret = infos;
	*ret_count = count;
	return 0;
}

struct strings container_mount_options(void)
{
	return mount_options_names();
}
