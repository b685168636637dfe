/* See log_json.h. Bytes that are no UTF-8 become U+FFFD: JSON has no other way. */
#include "shim/log_json.h"

#include <string.h>

#include "base/text.h"

#include "base/banned.h"

static char *put(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

/* The length of the UTF-8 sequence at @text, of which @left bytes are there. */
static size_t sequence(const char *text, size_t left)
{
	char padded[5] = { 0 };

	if ((unsigned char)text[0] < 0x80)
		return 1;
	memcpy(padded, text, left < 4 ? left : 4);
	return text_utf8_length(padded);
}

static char *put_byte(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c == '"' || c == '\\') {
		*to++ = '\\';
		*to++ = (char)c;
	} else if (c == '\n' || c == '\r' || c == '\t') {
		*to++ = '\\';
		*to++ = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
	} else if (c < 0x20 || c == 0x7f) {
		to = put(to, "\\u00");
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	} else {
		*to++ = (char)c;
	}
	return to;
}

size_t log_json_format(const struct log_entry *entry, char *ret)
{
	char *to = put(ret, "{\"log\":\"");

	for (size_t i = 0; i < entry->length;) {
		size_t n = sequence(entry->text + i, entry->length - i);

		if (n == 0) {
			to = put(to, "\\ufffd");
			n = 1;
		} else if (n == 1) {
			to = put_byte(to, (unsigned char)entry->text[i]);
		} else {
			memcpy(to, entry->text + i, n);
			to += n;
		}
		i += n;
	}
	to = put(to, entry->partial ? "" : "\\n");
	to = put(to, entry->stream == 1 ? "\",\"stream\":\"stdout\",\"time\":\""
					: "\",\"stream\":\"stderr\",\"time\":\"");
	to = put(to, entry->time);
	to = put(to, "\"}\n");
	return (size_t)(to - ret);
}
