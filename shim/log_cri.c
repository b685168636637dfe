/* See log_cri.h. Bytes are written as they are. */
#include "shim/log_cri.h"

#include <string.h>

#include "base/banned.h"

size_t log_cri_format(const struct log_entry *entry, char *ret)
{
	size_t length = strlen(entry->time);

	memcpy(ret, entry->time, length);
	memcpy(ret + length, entry->stream == 1 ? " stdout " : " stderr ", 8);
	length += 8;
	ret[length++] = entry->partial ? 'P' : 'F';
	ret[length++] = ' ';
	memcpy(ret + length, entry->text, entry->length);
	length += entry->length;
	ret[length++] = '\n';
	return length;
}
