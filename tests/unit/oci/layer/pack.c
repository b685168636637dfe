/* Trees that become tars, and what their readers make of them; what changed between trees. */
#include "oci/layer/pack.h"

#include "oci/layer/diff.h"
#include "tests/unit/oci/layer/support.h"

static void write_file(int directory, const char *path, const char *content, mode_t mode)
{
	int fd = openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content) &&
	      fchmod(fd, mode) == 0);
	CHECK(futimens(fd, (const struct timespec[2]){ { .tv_sec = 7 },
						       { .tv_sec = 12345, .tv_nsec = 678 } }) == 0);
	close(fd);
}

static void make_tree(int directory)
{
	char longname[180], path[600];
	int fd;

	CHECK(mkdirat(directory, "etc", 0755) == 0 && mkdirat(directory, "usr", 0755) == 0);
	write_file(directory, "etc/passwd", "root", 0644);
	write_file(directory, "etc/empty", "", 0400);
	write_file(directory, "usr/suid", "x", 04755);
	CHECK(linkat(directory, "etc/passwd", directory, "usr/linked", 0) == 0);
	CHECK(symlinkat("../etc/passwd", directory, "usr/link") == 0);
	CHECK(mknodat(directory, "usr/fifo", S_IFIFO | 0600, 0) == 0);
	CHECK(mknodat(directory, "usr/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
	memset(longname, 'n', sizeof(longname) - 1);
	longname[sizeof(longname) - 1] = '\0';
	CHECK(mkdirat(directory, longname, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s/%s", longname, longname);
	write_file(directory, path, "long", 0600);
	fd = openat(directory, "usr/suid", O_RDONLY | O_CLOEXEC);
	CHECK(fsetxattr(fd, "user.b", "2", 1, 0) == 0 && fsetxattr(fd, "user.a", "", 0, 0) == 0 &&
	      fsetxattr(fd, "trusted.ours", "x", 1, 0) == 0);
	close(fd);
}

static int pack(int directory, const struct pack_options *options, struct encoder_result *result,
		struct error *err)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	CHECK_INT(pack_tree(directory, fd, options, result, err), 0);
	if (err->length > 0)
		printf("# %s\n", err->text);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void round_trip(void)
{
	struct encoder_result packed, again;
	struct unpack_result result;
	struct error err = { 0 };
	struct stat first, second;
	struct box box;
	char value[8];

	box_open(&box);
	CHECK(mkdirat(box.fd, "tree", 0711) == 0);
	int tree = openat(box.fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_tree(tree);
	int tar = pack(tree, &(struct pack_options){ .codec = CODEC_ZSTD }, &packed, &err);
	struct unpack_request request = request_for(&box, tar);
	request.diff_id = &packed.diff_id;
	request.blob_digest = &packed.digest;
	request.keep_devices = true;
	CHECK_INT(run_request(&request, &result, &err), 0);
	CHECK_INT(result.implied, 0);
	CHECK_INT(result.entries, 12);
	CHECK_STR(content_of(box.target, "usr/linked"), "root");
	CHECK(fstatat(box.target, "usr/linked", &first, 0) == 0 && first.st_nlink == 2 &&
	      first.st_mtim.tv_sec == 12345 && first.st_mtim.tv_nsec == 678);
	CHECK_INT(mode_of(box.target, "usr/suid"), S_IFREG | 04755);
	CHECK(fstatat(box.target, "usr/null", &second, 0) == 0 && second.st_rdev == makedev(1, 3));
	CHECK(fstat(box.target, &second) == 0 && second.st_mode == (S_IFDIR | 0711));
	int fd = openat(box.target, "usr/suid", O_RDONLY | O_CLOEXEC);
	CHECK(fgetxattr(fd, "user.b", value, sizeof(value)) == 1 &&
	      fgetxattr(fd, "user.a", value, sizeof(value)) == 0);
	CHECK(fgetxattr(fd, "trusted.ours", value, sizeof(value)) < 0);
	close(fd);
	close(tar);
	/* What was unpacked gives the same bytes again. */
	tar = pack(box.target, &(struct pack_options){ .codec = CODEC_GZIP }, &again, &err);
	CHECK(digest_equal(&packed.diff_id, &again.diff_id));
	close(tar);
	close(tree);
	box_close(&box);
}

static void upper_directory(void)
{
	struct encoder_result packed;
	struct unpack_result result;
	struct error err = { 0 };
	struct box box;
	const struct pack_options options = { .whiteouts = true };

	box_open(&box);
	CHECK(mkdirat(box.fd, "upper", 0755) == 0);
	int upper = openat(box.fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(upper, "dir", 0755) == 0);
	write_file(upper, "dir/new", "new", 0644);
	CHECK(mknodat(upper, "gone", S_IFCHR, 0) == 0 && linkat(upper, "gone", upper, "dir/gone", 0) == 0);
	CHECK(mkdirat(upper, "opq", 0755) == 0);
	int fd = openat(upper, "opq", O_RDONLY | O_CLOEXEC);
	CHECK(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0 &&
	      fsetxattr(fd, "trusted.overlay.origin", "y", 1, 0) == 0);
	close(fd);
	int tar = pack(upper, &options, &packed, &err);
	struct unpack_request request = request_for(&box, tar);
	CHECK_INT(run_request(&request, &result, &err), 0);
	CHECK_INT(result.xattrs_dropped, 0);
	CHECK(is_whiteout(box.target, "gone") && is_whiteout(box.target, "dir/gone"));
	CHECK(is_opaque(box.target, "opq") && !is_opaque(box.target, "dir"));
	CHECK_STR(content_of(box.target, "dir/new"), "new");
	close(tar);
	/* Taken for a root directory it cannot be a layer. */
	tar = memfd_create("tar", MFD_CLOEXEC);
	CHECK(pack_tree(upper, tar, &(struct pack_options){ 0 }, &packed, &err) < 0);
	CHECK_HAS(err.text, "0:0");
	CHECK(unlinkat(upper, "gone", 0) == 0 && mkdirat(upper, ".wh.x", 0700) == 0);
	CHECK_INT(pack_tree(upper, tar, &options, &packed, &err), -EINVAL);
	CHECK_HAS(err.text, ".wh.");
	close(tar);
	close(upper);
	box_close(&box);
}

static int tell(void *context, enum diff_kind kind, const char *path)
{
	text_format(context, "%c %s\n", kind, path);
	return 0;
}

static int stop(void *context, enum diff_kind kind, const char *path)
{
	(void)context;
	(void)kind;
	(void)path;
	return -ECANCELED;
}

static void differences(void)
{
	autotext struct text got = TEXT_EMPTY;
	struct error err = { 0 };
	struct box box;

	box_open(&box);
	CHECK(mkdirat(box.fd, "upper", 0755) == 0 && mkdirat(box.fd, "lower", 0755) == 0);
	int upper = openat(box.fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int lower = openat(box.fd, "lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(lower, "etc", 0755) == 0 && mkdirat(lower, "opq", 0755) == 0);
	write_file(lower, "etc/changed", "1", 0644);
	write_file(lower, "etc/gone", "1", 0644);
	write_file(lower, "opq/old", "1", 0644);
	write_file(lower, "untouched", "1", 0644);
	CHECK(mkdirat(upper, "etc", 0755) == 0 && mkdirat(upper, "opq", 0755) == 0 &&
	      mkdirat(upper, "new", 0755) == 0);
	write_file(upper, "etc/changed", "2", 0644);
	write_file(upper, "etc/added", "2", 0644);
	CHECK(mknodat(upper, "etc/gone", S_IFCHR, 0) == 0 && mknodat(upper, "etc/never", S_IFCHR, 0) == 0);
	write_file(upper, "new/in", "2", 0644);
	int fd = openat(upper, "opq", O_RDONLY | O_CLOEXEC);
	CHECK(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0);
	close(fd);
	CHECK_INT(diff_tree(upper, lower, false, tell, &got, &err), 0);
	CHECK_STR(
		got.data,
		"C /etc\nA /etc/added\nC /etc/changed\nD /etc/gone\nA /new\nA /new/in\nC /opq\nD /opq/old\n");
	CHECK_INT(diff_tree(upper, lower, false, stop, &got, &err), -ECANCELED);
	close(upper);
	close(lower);
	box_close(&box);
}

static const struct test tests[] = {
	{ "a tree goes into a tar and comes out the same", round_trip },
	{ "an upper directory becomes a layer", upper_directory },
	{ "what changed", differences },
};
TEST_MAIN(tests)
