/*
 * Growing text. A failed allocation is remembered and reported once, by text_done: callers append
 * without checks and check at the end.
 */
#ifndef HULL_BASE_TEXT_H
#define HULL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct text {
	char *data; /* NUL-terminated once something was appended */
	size_t length, room;
	bool failed;
};

#define TEXT_EMPTY ((struct text){ 0 })

void text_release(struct text *text);
#define autotext __attribute__((cleanup(text_release)))

void text_append(struct text *text, const char *more);
void text_append_bytes(struct text *text, const void *bytes, size_t length);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes of the valid UTF-8 sequence at @text, 0 where there is none. */
size_t text_utf8_length(const char *text);
/* @value as a JSON string with its quotes; control characters and invalid UTF-8 are escaped. */
void text_append_json(struct text *text, const char *value);
/*
 * @words with control characters and invalid UTF-8 as \n, \t, \xNN: nothing of a container's moves a
 * terminal's cursor. @quotes: a backslash before " and \ too.
 */
void text_append_escaped(struct text *text, const char *words, bool quotes);
/* 0, or -ENOMEM where an append failed. After 0, text->data is never NULL. */
must_check int text_done(struct text *text, struct error *err);

bool text_equal(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

#endif
