/* Users looked up in files that a container wrote: what they may hold, and what they may be instead of files.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/make/users.h"

static char top[] = "/tmp/hull-users.XXXXXX";
static struct rootdir root;
static struct users_found found;
static struct error err;

static void write_file(const char *name, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/etc/%s", top, name);
	(void)unlink(path);
	FILE *file = fopen(path, "we");
	CHECK(file != NULL);
	if (file == NULL)
		return;
	fputs(text, file);
	fclose(file);
}

static int find(const char *word)
{
	error_clear(&err);
	return users_find(&root, word, &found, &err);
}

static void test_names(void)
{
	write_file("passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/:/bin/sh\n1000:x:7:8::/:/bin/"
			     "sh\nlast:x:9:10::/:");
	write_file("group", "root:x:0:\nwww:x:34:web\nextra:x:50:root,web\nnone:x:51:webb,we\n77:x:5:\n");
	CHECK_INT(find("web"), 0);
	CHECK_INT(found.uid, 33);
	CHECK_INT(found.gid, 34);
	CHECK_INT(found.group_count, 2);
	CHECK_INT(found.groups[0], 34);
	CHECK_INT(found.groups[1], 50);
	CHECK_INT(find("web:extra"), 0);
	CHECK_INT(found.gid, 50);
	CHECK_INT(found.group_count, 0);
	CHECK_INT(find("last"), 0);
	CHECK_INT(found.uid, 9);
	CHECK_INT(find(":extra"), 0);
	CHECK_INT(found.uid, 0);
	CHECK_INT(found.gid, 50);
}

/* What looks like a number is one, whatever a line's name says. */
static void test_numbers(void)
{
	CHECK_INT(find("1000"), 0);
	CHECK_INT(found.uid, 1000);
	CHECK_INT(found.gid, 0);
	CHECK_INT(find("33"), 0);
	CHECK_INT(found.gid, 34);
	CHECK_INT(found.group_count, 2);
	CHECK_INT(find("33:77"), 0);
	CHECK_INT(found.gid, 77);
	CHECK(find("nobody") < 0);
	CHECK_STR(err.text, "unable to find user nobody: no matching entries in passwd file");
	CHECK(find("web:nobody") < 0);
	CHECK_STR(err.text, "unable to find group nobody: no matching entries in group file");
	CHECK(find("4294967295") < 0);
	CHECK(find("2147483648") < 0);
	CHECK_INT(find("2147483647"), 0);
	CHECK(find("-1") < 0);
}

/* Numbers that cannot be are not names, though the image says so. */
static void test_numbers_as_names(void)
{
	static const char *const words[] = { "99999999999",   "4294967295",     "-1", "+0", "1:99999999999",
					     "99999999999:0", "web:99999999999" };

	write_file(
		"passwd",
		"99999999999:x:0:0::/:\n4294967295:x:0:0::/:\n-1:x:0:0::/:\n+0:x:0:0::/:\nweb:x:1:1::/:\n");
	write_file("group", "99999999999:x:0:\n");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		CHECK(find(words[i]) < 0);
		CHECK_HAS(err.text, "no number of a");
	}
	CHECK_INT(find("web"), 0);
}

static void test_hostile(void)
{
	char long_line[2000], path[128];

	memset(long_line, 'a', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	CHECK(find(long_line) < 0);
	write_file("passwd",
		   "::0:0::/:\n:::\nbad:x:-1:0::/:\nbad:x:99999999999:0::/:\nbad:x:5\n\n:\nbad:x:6:7::/:\n");
	CHECK_INT(find("bad"), 0);
	CHECK_INT(found.uid, 6);
	write_file("passwd", long_line);
	CHECK(find("web") < 0);
	(void)snprintf(path, sizeof(path), "%s/etc/passwd", top);
	/* a FIFO would block whoever opens it */
	(void)unlink(path);
	CHECK(mkfifo(path, 0600) == 0);
	CHECK(find("web") < 0);
	CHECK_HAS(err.text, "is no regular file");
	(void)unlink(path);
	/* a link to the host's file ends beneath the root, where it is not */
	CHECK(symlink("/../../../../etc/passwd", path) == 0);
	CHECK(find("root") < 0);
	(void)unlink(path);
	CHECK(mkdir(path, 0700) == 0);
	CHECK(find("root") < 0);
	CHECK(rmdir(path) == 0);
	CHECK(find("web") < 0);
	CHECK_INT(find("5:6"), 0);
	CHECK_INT(found.uid, 5);
	CHECK_INT(found.gid, 6);
	/* five megabytes are no passwd file */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(ftruncate(fd, 5 << 20) == 0);
	close(fd);
	CHECK(find("web") < 0);
}

static const struct test tests[] = {
	{ "names, groups, supplementary groups", test_names },
	{ "numbers come first", test_numbers },
	{ "a number that cannot be is no name", test_numbers_as_names },
	{ "hostile files", test_hostile },
};

static int tests_main(void);
#define main tests_main
TEST_MAIN(tests)
#undef main

int main(void)
{
	char path[128];

	if (mkdtemp(top) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/etc", top);
	(void)mkdir(path, 0700);
	root.fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int status = tests_main();
	close(root.fd);
	(void)snprintf(path, sizeof(path), "%s/etc/passwd", top);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/etc/group", top);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/etc", top);
	(void)rmdir(path);
	(void)rmdir(top);
	return status;
}
