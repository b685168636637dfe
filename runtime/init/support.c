/*
 * What a libc would give: memory functions that the compiler calls, a few on strings, pages.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22

#ifndef HULL_INIT_HOSTED
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	char *t = to;
	const char *f = from;

	while (size-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *t = to;
	const char *f = from;

	if ((uintptr_t)t < (uintptr_t)f)
		return memcpy(to, from, size);
	while (size-- > 0)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	char *t = to;

	while (size-- > 0)
		*t++ = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
#endif

void *memory_take(size_t size)
{
	long pages = sys_mmap(size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1);

	return pages < 0 && pages > -4096 ? NULL : (void *)(uintptr_t)pages;
}

size_t string_length(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

bool string_starts(const char *text, const char *prefix)
{
	while (*prefix != '\0')
		if (*text++ != *prefix++)
			return false;
	return true;
}

bool string_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool string_join(char *buffer, size_t room, const char *a, const char *b)
{
	size_t first = string_length(a), second = string_length(b);

	if (first + second >= room)
		return false;
	__builtin_memmove(buffer, a, first);
	__builtin_memmove(buffer + first, b, second + 1);
	return true;
}

char *string_number(char *buffer, unsigned long long value, unsigned base)
{
	char digits[24];
	size_t count = 0, i = 0;

	do {
		digits[count++] = (char)('0' + value % base);
		value /= base;
	} while (value > 0);
	while (count > 0)
		buffer[i++] = digits[--count];
	buffer[i] = '\0';
	return buffer;
}
