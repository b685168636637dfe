/* Growing text, and the few comparisons that every room needs. */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool text_reserve(struct text *text, size_t more)
{
	if (text->failed)
		return false;
	if (text->room - text->length > more)
		return true;
	size_t room = text->room + more + (text->room > 64 ? text->room : 64);
	char *data = realloc(text->data, room);
	if (data == NULL) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->room = room;
	return true;
}

void text_release(struct text *text)
{
	free(text->data);
	*text = TEXT_EMPTY;
}

void text_append_bytes(struct text *text, const void *bytes, size_t length)
{
	if (!text_reserve(text, length + 1))
		return;
	if (length > 0)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_append(struct text *text, const char *more)
{
	text_append_bytes(text, more, strlen(more));
}

void text_format(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0 || !text_reserve(text, (size_t)length + 1)) {
		text->failed = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
	va_end(args);
	text->length += (size_t)length;
}

size_t text_utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80                   ? 1
		   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
		   : s[0] >= 0xe0                ? 3
		   : s[0] >= 0xc2                ? 2
						 : 0;

	if (n == 0 || s[0] >= 0xf5)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void text_append_json(struct text *text, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	text_append(text, "\"");
	while (*s != '\0') {
		size_t n = text_utf8_length((const char *)s);

		if (*s == '"' || *s == '\\')
			text_format(text, "\\%c", *s);
		else if (*s == '\n')
			text_append(text, "\\n");
		else if (*s == '\t')
			text_append(text, "\\t");
		else if (*s == '\r')
			text_append(text, "\\r");
		else if (*s < 0x20 || *s == 0x7f)
			text_format(text, "\\u%04x", *s);
		else if (n == 0)
			text_append(text, "\\ufffd");
		else
			text_append_bytes(text, s, n);
		s += n == 0 ? 1 : n;
	}
	text_append(text, "\"");
}

void text_append_escaped(struct text *text, const char *words, bool quotes)
{
	const unsigned char *s = (const unsigned char *)words;

	while (*s != '\0') {
		size_t length = text_utf8_length((const char *)s);
		/* C1 controls, U+0080 to U+009F, move a terminal's cursor just as ESC does */
		bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && length == 2 && s[1] < 0xa0);

		if (*s == '\n')
			text_append(text, "\\n");
		else if (*s == '\t')
			text_append(text, "\\t");
		else if (quotes && (*s == '"' || *s == '\\'))
			text_format(text, "\\%c", *s);
		else if (control || length == 0)
			for (size_t i = 0; i < (length == 0 ? 1 : length); i++)
				text_format(text, "\\x%02x", s[i]);
		else
			text_append_bytes(text, s, length);
		s += length == 0 ? 1 : length;
	}
}

int text_done(struct text *text, struct error *err)
{
	text_append_bytes(text, "", 0);
	if (text->failed)
		return error_set(err, ENOMEM, "build text");
	return 0;
}

bool text_equal(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t a = strlen(text), b = strlen(suffix);

	return a >= b && strcmp(text + a - b, suffix) == 0;
}
