/*
 * hull's half of base/error.h. Libraries fill errors and never print; the program that ends prints
 * the text once and adds the errno's words.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static int error_result(const struct error *err)
{
	return err->number != 0 ? -err->number : -EINVAL;
}

int error_set(struct error *err, int number, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof(err->text))
		length = (int)sizeof(err->text) - 1;
	err->text[length] = '\0';
	err->length = length;
	err->number = number < 0 ? -number : number;
	return error_result(err);
}

int error_add(struct error *err, const char *format, ...)
{
	char context[ERROR_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	int length = vsnprintf(context, sizeof(context) - 2, format, args);
	va_end(args);
	if (length <= 0 || (size_t)length >= sizeof(context) - 2)
		return error_result(err);
	context[length++] = ':';
	context[length++] = ' ';
	if ((size_t)length + (size_t)err->length >= sizeof(err->text))
		return error_result(err); /* keep the cause, drop the context */
	memmove(err->text + length, err->text, (size_t)err->length + 1);
	memcpy(err->text, context, (size_t)length);
	err->length += length;
	return error_result(err);
}

void error_clear(struct error *err)
{
	err->number = 0;
	err->length = 0;
	err->text[0] = '\0';
}
