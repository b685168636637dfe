/* hull's helper programs; see program.h. */
#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "base/banned.h"

int program_directory(struct text *ret, struct error *err)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self));

	if (length <= 0 || length == (ssize_t)sizeof(self))
		return error_set(err, length < 0 ? errno : ENAMETOOLONG, "readlink /proc/self/exe");
	while (length > 1 && self[length - 1] != '/')
		length--;
	text_append_bytes(ret, self, length > 1 ? (size_t)length - 1 : 1);
	return text_done(ret, err);
}

int program_find(const char *directory, const char *name, struct text *ret, struct error *err)
{
	static const char *const places[] = { "", "../libexec/hull/" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		autotext struct text path = TEXT_EMPTY;

		text_format(&path, "%s/%s%s", directory, places[i], name);
		int result = text_done(&path, err);
		if (result < 0)
			return result;
		if (access(path.data, X_OK) == 0) {
			text_append(ret, path.data);
			return text_done(ret, err);
		}
	}
	return error_set(err, ENOENT, "find %s in \"%s\" or \"%s/../libexec/hull\"", name, directory,
			 directory);
}
