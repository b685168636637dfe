/* HOME from the container's passwd: a text that nobody may trust. */
#include <stdlib.h>

#include "runtime/init/init.h"
#include "tests/unit/check.h"

/* HOME of @uid in @text, which ends with a newline as find_home leaves it; "none" where there is none. */
static const char *home(const char *text, unsigned uid)
{
	static char result[64];
	size_t length = strlen(text);
	char *copy = malloc(length + 1); /* exactly: a sanitizer sees one byte too many */

	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\n';
	bool found = passwd_find_home(copy, length + 1, uid, result, sizeof(result));
	free(copy);
	return found ? result : "none";
}

#define PASSWD "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:\n"

static void found(void)
{
	CHECK_STR(home(PASSWD, 0), "/root");
	CHECK_STR(home(PASSWD, 1000), "/home/user");
	CHECK_STR(home(PASSWD, 1), "none");
	CHECK_STR(home(PASSWD "last:x:7:7::/last:/bin/sh", 7), "/last");
	CHECK_STR(home("", 0), "none");
	CHECK_STR(home("big:x:4294967295:0::/big:/x", 4294967295U), "/big");
}

/* The first that has a home counts. */
static void several(void)
{
	CHECK_STR(home("a:x:5:5:::/bin/sh\nb:x:5:5::/b:/bin/sh\nc:x:5:5::/c:/bin/sh", 5), "/b");
}

static void numbers_only(void)
{
	CHECK_STR(home("1000:x:5:5::/wrong:/bin/sh\n", 1000), "none");
	CHECK_STR(home("a:x:01000:5::/wrong:/x\na:x: "
		       "1000:5::/wrong:/x\na:x:1000x:5::/wrong:/x\na:x:+1000:5::/wrong:/x\n",
		       1000),
		  "none");
	/* What 32 bits make of it is another. */
	CHECK_STR(home("a:x:4294967296:0::/wrong:/x\n", 0), "none");
}

static void damaged(void)
{
	CHECK_STR(home("root\nroot:x\n::::::\n\n\n:x:0:0:::\nroot:x:0:0:root:/root\n", 0), "none");
	CHECK_STR(home("root:x:0:0:root:/root\nb:x:0:0:b:/b:/bin/sh", 0), "/b");
	/* More than seven fields: the rest belongs to the shell. */
	CHECK_STR(home("a:x:0:0:a:/a:/bin/sh:more:fields", 0), "/a");
}

static void too_long(void)
{
	char text[256];

	memset(text, '/', sizeof(text));
	memcpy(text, "a:x:0:0::", 9);
	text[200] = ':';
	text[201] = '\0';
	CHECK_STR(home(text, 0), "none");
}

/* Zeros in the text end nothing but what they stand in. */
static void zeros(void)
{
	char text[] = "a:x:0\0:0::/wrong:/x\nb:x:0:0::/b:/x\n", result[64];

	CHECK(passwd_find_home(text, sizeof(text) - 1, 0, result, sizeof(result)));
	CHECK(strcmp(result, "/wrong") == 0 || strcmp(result, "/b") == 0);
}

static const struct test tests[] = {
	{ "R-055 proc.env: the home of a uid", found },
	{ "the first that has one", several },
	{ "only numbers are compared (CVE-2016-3697)", numbers_only },
	{ "damaged lines", damaged },
	{ "a home that does not fit", too_long },
	{ "zeros", zeros },
};

TEST_MAIN(tests)
