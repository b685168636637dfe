/*
 * hull-init's half of base/error.h: the same functions without a libc. Formats: %s %d %u %o, and
 * %% for a percent sign.
 */
#ifdef HULL_INIT_HOSTED
/* The hosted build links base/error.c too; tests compare the two. */
#define error_set init_error_set
#define error_add init_error_add
#define error_clear init_error_clear
#endif

#include <stdarg.h>

#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

static size_t error_format(char *buffer, size_t room, const char *format, va_list args)
{
	size_t length = 0;

	for (; *format != '\0' && length + 1 < room; format++) {
		char number[24];
		const char *piece = number;

		if (*format != '%') {
			buffer[length++] = *format;
			continue;
		}
		switch (*++format) {
		case 's':
			piece = va_arg(args, const char *);
			break;
		case 'd': {
			int value = va_arg(args, int);

			if (value < 0)
				buffer[length++] = '-';
			string_number(number, (unsigned long long)(value < 0 ? -(long long)value : value),
				      10);
			break;
		}
		case 'u':
			string_number(number, va_arg(args, unsigned), 10);
			break;
		case 'o':
			string_number(number, va_arg(args, unsigned), 8);
			break;
		case '%':
			piece = "%";
			break;
		default:
			piece = "?";
			break;
		}
		while (*piece != '\0' && length + 1 < room)
			buffer[length++] = *piece++;
	}
	buffer[length] = '\0';
	return length;
}

static int error_result(const struct error *err)
{
	return err->number != 0 ? -err->number : -EINVAL;
}

int error_set(struct error *err, int number, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	err->length = (int32_t)error_format(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->number = number < 0 ? -number : number;
	return error_result(err);
}

int error_add(struct error *err, const char *format, ...)
{
	char context[ERROR_TEXT_SIZE];
	va_list args;

	va_start(args, format);
	size_t length = error_format(context, sizeof(context) - 2, format, args);
	va_end(args);
	context[length++] = ':';
	context[length++] = ' ';
	if (length + (size_t)err->length >= sizeof(err->text))
		return error_result(err); /* keep the cause, drop the context */
	__builtin_memmove(err->text + length, err->text, (size_t)err->length + 1);
	__builtin_memcpy(err->text, context, length);
	err->length += (int32_t)length;
	return error_result(err);
}

void error_clear(struct error *err)
{
	err->number = 0;
	err->length = 0;
	err->text[0] = '\0';
}
