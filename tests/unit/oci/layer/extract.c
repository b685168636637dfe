/*
 * Hostile archives, and what they are made of each: refused or made harmless, twice: by hull-unpack, and by
 * the same code in this process, which nothing confines. Nothing outside of the target is touched either way.
 */
#include "oci/layer/extract.h"

#include "tests/unit/oci/layer/support.h"

#define OUT "../outside"
#define DEEP_OUT "../../../../../../../../../../../../tmp"

struct attack {
	const char *name;
	void (*make)(struct text *tar, const char *outside); /* @outside: absolute */
	const char *refused;          /* words of the error; NULL: it is made harmless … */
	bool (*harmless)(int target); /* … and this is what is left */
};

/* --- links that lead out, and paths through them --- */

static void through_absolute(struct text *tar, const char *outside)
{
	add(tar, TAR_SYMLINK, "link", 0777, outside);
	add_file(tar, "link/planted", "x");
}

static void through_relative(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_SYMLINK, "link", 0777, OUT);
	add_file(tar, "link/planted", "x");
}

static bool outside_is_inside(int target)
{
	/* "..", at the root, is the root; and an absolute path begins there. */
	return S_ISLNK(mode_of(target, "link")) && content_of(target, "outside/planted")[0] == 'x';
}

static bool absolute_is_inside(int target)
{
	return S_ISLNK(mode_of(target, "link")) && S_ISDIR(mode_of(target, "tmp"));
}

static bool link_is_left(int target)
{
	return S_ISLNK(mode_of(target, "link"));
}

static void overwrite_through(struct text *tar, const char *outside)
{
	autotext struct text secret = TEXT_EMPTY;

	text_format(&secret, "%s/secret", outside);
	add(tar, TAR_SYMLINK, "file", 0777, secret.data);
	add_file(tar, "file", "overwritten");
}

static bool file_is_plain(int target)
{
	return S_ISREG(mode_of(target, "file")) && strcmp(content_of(target, "file"), "overwritten") == 0;
}

static void chmod_through(struct text *tar, const char *outside)
{
	add(tar, TAR_SYMLINK, "dir", 0777, outside);
	add(tar, TAR_DIRECTORY, "dir", 0777, NULL);
	add_file(tar, "dir/planted", "x");
}

static bool dir_is_plain(int target)
{
	return S_ISDIR(mode_of(target, "dir")) && content_of(target, "dir/planted")[0] == 'x';
}

static void directory_becomes_link(struct text *tar, const char *outside)
{
	add_directory(tar, "dir");
	add_file(tar, "dir/first", "1");
	add(tar, TAR_SYMLINK, "dir", 0777, outside);
	add_file(tar, "dir/planted", "x");
}

static bool link_won(int target)
{
	return S_ISLNK(mode_of(target, "dir")) && S_ISDIR(mode_of(target, "tmp"));
}

static void chain_of_links(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_SYMLINK, "a", 0777, "..");
	add(tar, TAR_SYMLINK, "b", 0777, "a/..");
	add(tar, TAR_SYMLINK, "c", 0777, "b/../../outside");
	add_file(tar, "c/planted", "x");
}

static bool chain_is_inside(int target)
{
	return content_of(target, "outside/planted")[0] == 'x';
}

static void circle_of_links(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_SYMLINK, "a", 0777, "b");
	add(tar, TAR_SYMLINK, "b", 0777, "a");
	add_file(tar, "a/planted", "x");
}

static void link_to_itself(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_SYMLINK, "a", 0777, "a/a/a/a");
	add_file(tar, "a/planted", "x");
}

static void link_to_proc(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_SYMLINK, "p", 0777, "/proc/self/root");
	add_file(tar, "p/planted", "x");
}

static bool proc_is_a_directory(int target)
{
	return content_of(target, "proc/self/root/planted")[0] == 'x';
}

/* --- the root --- */

static void root_is_link(struct text *tar, const char *outside)
{
	add(tar, TAR_SYMLINK, ".", 0777, outside);
	add_file(tar, "planted", "x");
}

static void root_is_slash_dot(struct text *tar, const char *outside)
{
	add_header(tar, header("/.", '2', "00000000000", outside));
	add_file(tar, "planted", "x");
}

static void root_is_file(struct text *tar, const char *outside)
{
	(void)outside;
	add_header(tar, header(".", '0', "00000000000", NULL));
}

static void root_is_hardlink(struct text *tar, const char *outside)
{
	(void)outside;
	add_header(tar, header("./", '1', "00000000000", "x"));
}

static void names_up(struct text *tar, const char *outside)
{
	(void)outside;
	add_header(tar, header("a/../../outside/planted", '0', "00000000000", NULL));
}

static void absolute_name(struct text *tar, const char *outside)
{
	autotext struct text path = TEXT_EMPTY;

	text_format(&path, "%s/planted", outside);
	add_file(tar, path.data, "x");
}

static bool tmp_is_inside(int target)
{
	return S_ISDIR(mode_of(target, "tmp"));
}

/* --- hard links --- */

static void hardlink_out(struct text *tar, const char *outside)
{
	autotext struct text secret = TEXT_EMPTY;

	text_format(&secret, "%s/secret", outside);
	add(tar, TAR_HARDLINK, "stolen", 0644, secret.data);
	add_file(tar, "stolen2", "x");
}

static bool nothing_stolen(int target)
{
	return mode_of(target, "stolen") == 0;
}

static void hardlink_up(struct text *tar, const char *outside)
{
	(void)outside;
	add_header(tar, header("stolen", '1', "00000000000", "../outside/secret"));
}

static void hardlink_through(struct text *tar, const char *outside)
{
	add(tar, TAR_SYMLINK, "dir", 0777, outside);
	add(tar, TAR_HARDLINK, "stolen", 0644, "dir/secret");
}

static void hardlink_to_symlink(struct text *tar, const char *outside)
{
	autotext struct text secret = TEXT_EMPTY;

	text_format(&secret, "%s/secret", outside);
	add(tar, TAR_SYMLINK, "sym", 0777, secret.data);
	add(tar, TAR_HARDLINK, "file", 0644, "sym");
	add_file(tar, "file", "overwritten");
}

static void hardlink_to_directory(struct text *tar, const char *outside)
{
	(void)outside;
	add_directory(tar, "dir");
	add(tar, TAR_HARDLINK, "again", 0644, "dir");
}

static void hardlink_to_itself(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, "file", "overwritten");
	add(tar, TAR_HARDLINK, "file", 0644, "file");
	add(tar, TAR_HARDLINK, "other", 0644, "file");
	add(tar, TAR_HARDLINK, "file", 0644, "other");
}

static void hardlink_circle(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_HARDLINK, "a", 0644, "b");
	add(tar, TAR_HARDLINK, "b", 0644, "a");
}

static bool nothing_there(int target)
{
	return mode_of(target, "a") == 0 && mode_of(target, "b") == 0;
}

/* --- devices, xattrs, whiteouts --- */

static void smuggled_whiteout(struct text *tar, const char *outside)
{
	const struct tar_entry entry = { .type = TAR_CHARACTER, .path = "hidden" };

	(void)outside;
	tar_write_header(&entry, tar);
}

static void injected_xattrs(struct text *tar, const char *outside)
{
	const struct tar_xattr xattrs[] = {
		{ "trusted.overlay.opaque", "y", 1 },
		{ "user.overlay.opaque", "y", 1 },
		{ "trusted.overlay.redirect", "/x", 2 },
		{ "user.overlay.redirect", "/x", 2 },
		{ "security.selinux", "x", 1 },
		{ "user.fuseoverlayfs.opaque", "y", 1 },
		{ "security.evm", "x", 1 },
		{ "system.nfs4_acl", "x", 1 },
		{ "user.kept", "1", 1 },
	};
	const struct tar_entry entry = { .type = TAR_DIRECTORY,
					 .path = "dir",
					 .mode = 0755,
					 .xattrs = xattrs,
					 .xattr_count = ARRAY_LEN(xattrs) };
	const struct tar_entry file = { .type = TAR_FILE,
					.path = "file",
					.mode = 0755,
					.xattrs = xattrs,
					.xattr_count = ARRAY_LEN(xattrs) };

	(void)outside;
	tar_write_header(&entry, tar);
	tar_write_header(&file, tar);
}

static bool only_kept(int target)
{
	static const char *const names[] = { "dir", "file" };
	char list[1024];

	for (size_t i = 0; i < 2; i++) {
		int fd = openat(target, names[i], O_RDONLY | O_CLOEXEC);
		ssize_t length = flistxattr(fd, list, sizeof(list));
		close(fd);
		if (length != sizeof("user.kept") || strcmp(list, "user.kept") != 0)
			return false;
	}
	return true;
}

static void bare_whiteout(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, ".wh.", "");
}

static void whiteout_of_dot(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, "dir/.wh..", "");
}

static void whiteout_of_up(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, "dir/.wh...", "");
}

static void below_whiteout(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, ".wh.dir/file", "");
}

static void aufs_leftovers(struct text *tar, const char *outside)
{
	(void)outside;
	add_directory(tar, ".wh..wh.plnk");
	add_file(tar, ".wh..wh.plnk/12.34", "");
	add_file(tar, ".wh..wh.aufs", "");
	add_file(tar, "file", "overwritten");
}

static bool only_file(int target)
{
	return file_is_plain(target) && mode_of(target, ".wh..wh.plnk") == 0 &&
	       mode_of(target, ".wh..wh.aufs") == 0;
}

static void whiteout_through(struct text *tar, const char *outside)
{
	add(tar, TAR_SYMLINK, "link", 0777, outside);
	add_file(tar, "link/.wh.secret", "");
	add_file(tar, "link/.wh..wh..opq", "");
}

/* --- what is in the way --- */

static void duplicates(struct text *tar, const char *outside)
{
	(void)outside;
	add_directory(tar, "file");
	add_file(tar, "file/below", "x");
	add(tar, TAR_FIFO, "file", 0644, NULL);
	add(tar, TAR_SYMLINK, "file", 0777, "x");
	add_file(tar, "file", "first");
	add_file(tar, "file", "overwritten");
}

static void file_in_the_way(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, "dir", "file");
	add_file(tar, "dir/planted", "x");
}

static void fifo_as_file(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_FIFO, "file", 0644, NULL);
	add_file(tar, "file", "overwritten"); /* opening the FIFO would wait for ever */
}

static void dangling(struct text *tar, const char *outside)
{
	(void)outside;
	add(tar, TAR_SYMLINK, "link", 0777, "/usr/lib");
	add_file(tar, "link/x/planted", "x");
}

static bool dangling_is_made(int target)
{
	return S_ISLNK(mode_of(target, "link")) && content_of(target, "usr/lib/x/planted")[0] == 'x';
}

/* Each round begins where a symlink leads, as deep as the last one came: no path is long, but the tree is
 * deep. */
static void abyss(struct text *tar, const char *outside)
{
	(void)outside;
	for (int i = 0; i < 4; i++) {
		autotext struct text path = TEXT_EMPTY;
		char link[32];

		(void)snprintf(link, sizeof(link), "l%d", i);
		if (i > 0)
			text_format(&path, "l%d/", i - 1);
		for (int j = 0; j < 200; j++) {
			text_append(&path, j == 0 ? "d" : "/d");
			add_directory(tar, path.data);
		}
		add(tar, TAR_SYMLINK, link, 0777, path.data);
	}
}

static void sparse_bomb(struct text *tar, const char *outside)
{
	autotext struct text records = TEXT_EMPTY;

	(void)outside;
	add_record(&records, "GNU.sparse.size", "9000000000000000000");
	add_record(&records, "GNU.sparse.map", "0,1");
	add_extended(tar, 'x', records.data, records.length);
	add_file(tar, "bomb", "x");
}

static void sparse_file(struct text *tar, const char *outside)
{
	autotext struct text records = TEXT_EMPTY;

	(void)outside;
	add_record(&records, "GNU.sparse.size", "1000000");
	add_record(&records, "GNU.sparse.map", "500000,4,999999,1");
	add_extended(tar, 'x', records.data, records.length);
	add_file(tar, "sparse", "here!");
}

static bool sparse_is_right(int target)
{
	struct stat status;
	char bytes[6] = "";
	int fd = openat(target, "sparse", O_RDONLY | O_CLOEXEC);
	bool right = fstat(fd, &status) == 0 && status.st_size == 1000000 && status.st_blocks < 100 &&
		     pread(fd, bytes, 4, 500000) == 4 && pread(fd, bytes + 4, 1, 999999) == 1 &&
		     strcmp(bytes, "here!") == 0;

	close(fd);
	return right;
}

static void truncated(struct text *tar, const char *outside)
{
	(void)outside;
	add_file(tar, "file", "overwritten");
	tar->length -= 500;
}

static const struct attack attacks[] = {
	{ "a path through an absolute symlink", through_absolute, NULL, absolute_is_inside },
	{ "a path through a symlink with \"..\"", through_relative, NULL, outside_is_inside },
	{ "a file over a symlink that leads out", overwrite_through, NULL, file_is_plain },
	{ "a directory over a symlink that leads out", chmod_through, NULL, dir_is_plain },
	{ "a directory that becomes a symlink", directory_becomes_link, NULL, link_won },
	{ "symlinks through symlinks", chain_of_links, NULL, chain_is_inside },
	{ "symlinks in a circle", circle_of_links, "circle", NULL },
	{ "a symlink through itself", link_to_itself, "circle", NULL },
	{ "a symlink to /proc/self/root", link_to_proc, NULL, proc_is_a_directory },
	{ "a symlink as the root", root_is_link, "root can only be a directory", NULL },
	{ "a symlink \"/.\" as the root", root_is_slash_dot, "root can only be a directory", NULL },
	{ "a file as the root", root_is_file, "root can only be a directory", NULL },
	{ "a hard link as the root", root_is_hardlink, "root can only be a directory", NULL },
	{ "a name with \"..\"", names_up, "\"..\"", NULL },
	{ "an absolute name", absolute_name, NULL, tmp_is_inside },
	{ "a hard link to a file outside", hardlink_out, NULL, nothing_stolen },
	{ "a hard link with \"..\"", hardlink_up, "\"..\"", NULL },
	{ "a hard link through a symlink", hardlink_through, NULL, nothing_stolen },
	{ "a file over a hard link to a symlink", hardlink_to_symlink, NULL, file_is_plain },
	{ "a hard link to a directory", hardlink_to_directory, "hard link to a directory", NULL },
	{ "a hard link to itself", hardlink_to_itself, NULL, file_is_plain },
	{ "hard links in a circle", hardlink_circle, NULL, nothing_there },
	{ "a whiteout as a device", smuggled_whiteout, "0:0", NULL },
	{ "xattrs of overlayfs and others", injected_xattrs, NULL, only_kept },
	{ "a whiteout of nothing", bare_whiteout, "whiteout of nothing", NULL },
	{ "a whiteout of \".\"", whiteout_of_dot, "whiteout of nothing", NULL },
	{ "a whiteout of \"..\"", whiteout_of_up, "whiteout of nothing", NULL },
	{ "a file below a whiteout", below_whiteout, "begins with \".wh.\"", NULL },
	{ "what AUFS left", aufs_leftovers, NULL, only_file },
	{ "whiteouts through a symlink", whiteout_through, NULL, link_is_left },
	{ "one name many times", duplicates, NULL, file_is_plain },
	{ "a file where a directory has to be", file_in_the_way, NULL, dir_is_plain },
	{ "a FIFO where a file comes", fifo_as_file, NULL, file_is_plain },
	{ "a path through a symlink to nothing", dangling, NULL, dangling_is_made },
	{ "a tree without a bottom", abyss, "deep", NULL },
	{ "a sparse file larger than any disk", sparse_bomb, "larger than", NULL },
	{ "a sparse file", sparse_file, NULL, sparse_is_right },
	{ "an archive that ends early", truncated, "ends within", NULL },
};

static void check_attack(const struct attack *attack, bool confined, bool flat)
{
	struct box box;
	struct unpack_result unpacked;
	struct extract_result extracted;
	struct error err = { 0 };
	autotext struct text tar = TEXT_EMPTY;
	autotext struct text outside = TEXT_EMPTY;
	int before = check_failures;

	box_open(&box);
	text_format(&outside, "%s/outside", box.path);
	attack->make(&tar, outside.data);
	int result = confined ? box_unpack(&box, &tar, &unpacked, &err)
			      : box_extract(&box, &tar, flat, &extracted, &err);
	CHECK(box_untouched(&box));
	if (attack->refused != NULL) {
		CHECK(result < 0);
		CHECK_HAS(err.text, attack->refused);
	} else if (attack->harmless != NULL) {
		/* Flat, a hard link to nothing is an error of its own. */
		CHECK(result == 0 || (flat && strstr(err.text, "which is not there") != NULL));
		CHECK(result < 0 || attack->harmless(box.target));
	}
	if (check_failures > before)
		printf("# %s (%s): %d %s\n", attack->name,
		       confined ? "confined"
		       : flat   ? "flat"
				: "not confined",
		       result, err.text);
	box_close(&box);
}

static void attacks_confined(void)
{
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
		check_attack(&attacks[i], true, false);
}

static void attacks_unconfined(void)
{
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
		check_attack(&attacks[i], false, false);
}

static void attacks_flat(void)
{
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
		check_attack(&attacks[i], false, true);
}

static void devices(void)
{
	const struct tar_entry null = {
		.type = TAR_CHARACTER, .path = "dev/null", .major = 1, .minor = 3, .mode = 0666
	};
	const struct tar_entry zero = { .type = TAR_CHARACTER, .path = "dev/zero", .mode = 0666 };
	struct unpack_result result;
	struct error err = { 0 };
	autotext struct text tar = TEXT_EMPTY;
	struct stat status;
	struct box box;

	box_open(&box);
	tar_write_header(&null, &tar);
	add(&tar, TAR_HARDLINK, "dev/again", 0666, "dev/null");
	int blob = memory_file(tar.data, tar.length);
	struct unpack_request request = request_for(&box, blob);
	CHECK_INT(run_request(&request, &result, &err), 0);
	CHECK_INT(result.devices_skipped, 2);
	CHECK_INT(mode_of(box.target, "dev/null"), 0);
	CHECK_INT(ftruncate(box.index, 0) + lseek(box.index, 0, SEEK_SET) + lseek(blob, 0, SEEK_SET), 0);
	request.keep_devices = true;
	CHECK_INT(run_request(&request, &result, &err), 0);
	CHECK(fstatat(box.target, "dev/null", &status, 0) == 0 && S_ISCHR(status.st_mode) &&
	      status.st_rdev == makedev(1, 3) && status.st_nlink == 2 && (status.st_mode & 07777) == 0666);
	CHECK_INT(result.devices_skipped, 0);
	close(blob);
	/* 0:0 is refused either way. */
	tar.length = 0;
	tar_write_header(&zero, &tar);
	blob = memory_file(tar.data, tar.length);
	request.blob = blob;
	for (int keep = 0; keep < 2; keep++) {
		request.keep_devices = keep;
		CHECK(lseek(blob, 0, SEEK_SET) == 0 && ftruncate(box.index, 0) == 0 &&
		      lseek(box.index, 0, SEEK_SET) == 0);
		CHECK_INT(run_request(&request, &result, &err), -EBADMSG);
		CHECK_HAS(err.text, "0:0");
	}
	close(blob);
	box_close(&box);
}

static void attributes(void)
{
	const struct tar_xattr capability = { "security.capability",
					      "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20 };
	const struct tar_entry suid = { .type = TAR_FILE,
					.path = "opt/ping",
					.mode = 06755,
					.uid = 42,
					.gid = 43,
					.size = 2,
					.mtime = 123456789,
					.mtime_ns = 987654321,
					.xattrs = &capability,
					.xattr_count = 1 };
	const struct tar_entry sgid = {
		.type = TAR_DIRECTORY, .path = "opt", .mode = 03777, .gid = 43, .mtime = -5
	};
	const struct tar_entry link = {
		.type = TAR_SYMLINK, .path = "opt/link", .link = "x", .uid = 7, .gid = 8, .mtime = 77
	};
	struct unpack_result result;
	struct error err = { 0 };
	struct stat status;
	struct box box;
	autotext struct text tar = TEXT_EMPTY;
	char value[32];

	box_open(&box);
	tar_write_header(&sgid, &tar);
	tar_write_header(&suid, &tar);
	add_content(&tar, "hi");
	tar_write_header(&link, &tar);
	add_pax(&tar, "SCHILY.acl.default", "user::rwx,user:500:r-x,group::r-x,mask::r-x,other::---");
	add_directory(&tar, "opt/acl");
	add_file(&tar, "opt/acl/plain", "x");
	add_pax(&tar, "SCHILY.acl.access", "user::rw-,user:name:r--:501,group::r--,mask::r--,other::---");
	add_file(&tar, "opt/file", "x");
	add_directory(&tar, "opt/sub");
	CHECK_INT(box_unpack(&box, &tar, &result, &err), 0);
	CHECK_INT(result.xattrs_dropped, 0);
	CHECK(fstatat(box.target, "opt/ping", &status, 0) == 0);
	CHECK_INT(status.st_mode, S_IFREG | 06755);
	CHECK(status.st_uid == 42 && status.st_gid == 43 && status.st_mtim.tv_sec == 123456789 &&
	      status.st_mtim.tv_nsec == 987654321);
	int fd = openat(box.target, "opt/ping", O_RDONLY | O_CLOEXEC);
	CHECK_INT(fgetxattr(fd, "security.capability", value, sizeof(value)), 20);
	close(fd);
	CHECK(fstatat(box.target, "opt", &status, 0) == 0 && status.st_mode == (S_IFDIR | 03777) &&
	      status.st_gid == 43 && status.st_mtim.tv_sec == -5);
	CHECK(fstatat(box.target, "opt/link", &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_uid == 7 &&
	      status.st_gid == 8 && status.st_mtim.tv_sec == 77);
	/* Nothing is inherited: neither the group of a directory with its bit set, nor a default ACL. */
	CHECK(fstatat(box.target, "opt/file", &status, 0) == 0 && status.st_gid == 0);
	CHECK(fstatat(box.target, "opt/sub", &status, 0) == 0 && status.st_gid == 0 &&
	      status.st_mode == (S_IFDIR | 0755));
	fd = openat(box.target, "opt/acl/plain", O_RDONLY | O_CLOEXEC);
	CHECK(fgetxattr(fd, "system.posix_acl_access", value, 0) < 0);
	close(fd);
	fd = openat(box.target, "opt/acl", O_RDONLY | O_CLOEXEC);
	CHECK(fgetxattr(fd, "system.posix_acl_default", value, 0) == 44);
	close(fd);
	fd = openat(box.target, "opt/file", O_RDONLY | O_CLOEXEC);
	CHECK(fgetxattr(fd, "system.posix_acl_access", value, 0) == 44);
	close(fd);
	box_close(&box);
}

static void whiteouts(void)
{
	struct unpack_result result;
	struct error err = { 0 };
	struct box box;
	autotext struct text tar = TEXT_EMPTY;

	box_open(&box);
	add_file(&tar, "etc/.wh.gone", "");
	add_file(&tar, "etc/own", "1");
	add_file(&tar, "etc/.wh.own", ""); /* the layer's own wins */
	add_file(&tar, ".wh.dir", "");
	add_file(&tar, "dir/new", "1"); /* and begins anew: opaque */
	add_file(&tar, "opq/.wh.nothing", "");
	add_file(&tar, "opq/kept", "1");
	add_file(&tar, "opq/.wh..wh..opq", ""); /* wherever it stands */
	add_file(&tar, "opq/deep/.wh.nothing", "");
	add_file(&tar, "file/.wh.x", "");
	add_file(&tar, "file", "takes its place");
	CHECK_INT(box_unpack(&box, &tar, &result, &err), 0);
	CHECK(is_whiteout(box.target, "etc/gone"));
	CHECK_STR(content_of(box.target, "etc/own"), "1");
	CHECK(is_opaque(box.target, "dir") && is_opaque(box.target, "opq") && !is_opaque(box.target, "etc"));
	CHECK_STR(content_of(box.target, "dir/new"), "1");
	CHECK_STR(content_of(box.target, "opq/kept"), "1");
	/* Nothing is left to hide there. */
	CHECK_INT(mode_of(box.target, "opq/nothing"), 0);
	CHECK_INT(mode_of(box.target, "opq/deep/nothing"), 0);
	CHECK(S_ISREG(mode_of(box.target, "file")));
	struct index index;
	CHECK_INT(index_open(box.index, &index, &err), 0);
	int64_t at = index_find(&index, "etc/gone");
	CHECK(at > 0 && index_at(&index, (size_t)at).flags == INDEX_WHITEOUT);
	at = index_find(&index, "dir");
	CHECK(at > 0 && index_at(&index, (size_t)at).flags == INDEX_OPAQUE);
	at = index_find(&index, "opq");
	CHECK(at > 0 && index_at(&index, (size_t)at).flags == (INDEX_OPAQUE | INDEX_IMPLIED));
	CHECK_INT(index_find(&index, "opq/nothing"), -1);
	index_close(&index);
	box_close(&box);
}

static void flat_layers(void)
{
	struct extract_result result;
	struct error err = { 0 };
	struct box box;
	autotext struct text lower = TEXT_EMPTY;
	autotext struct text upper = TEXT_EMPTY;

	box_open(&box);
	add_file(&lower, "etc/gone", "1");
	add_file(&lower, "etc/kept", "1");
	add_file(&lower, "opq/old", "1");
	add_file(&lower, "opq/dir/old", "1");
	add_file(&lower, "dir/old/deep", "1");
	add_file(&lower, "usr/lib/base", "1");
	add(&lower, TAR_SYMLINK, "lib", 0777, "usr/lib");
	add(&lower, TAR_DIRECTORY, "tmp", 01777, NULL);
	CHECK_INT(box_extract(&box, &lower, true, &result, &err), 0);
	add_file(&upper, "etc/.wh.gone", "");
	add_file(&upper, "etc/.wh.never", "");
	add_file(&upper, "opq/dir/new", "2");
	add_file(&upper, "opq/.wh..wh..opq", "");
	add_file(&upper, "dir/new", "2");
	add_file(&upper, ".wh.dir", "");
	add_file(&upper, "tmp/foo", "2");
	add_file(&upper, "lib/extra", "2");
	add(&upper, TAR_HARDLINK, "etc/link", 0644, "etc/kept");
	CHECK_INT(box_extract(&box, &upper, true, &result, &err), 0);
	CHECK_INT(mode_of(box.target, "etc/gone"), 0);
	CHECK_INT(mode_of(box.target, "opq/old"), 0);
	CHECK_INT(mode_of(box.target, "opq/dir/old"), 0);
	CHECK_STR(content_of(box.target, "opq/dir/new"), "2");
	CHECK_INT(mode_of(box.target, "dir/old"), 0);
	CHECK_STR(content_of(box.target, "dir/new"), "2");
	CHECK_INT(mode_of(box.target, "tmp"), S_IFDIR | 01777);
	CHECK_STR(content_of(box.target, "usr/lib/extra"), "2");
	CHECK(S_ISLNK(mode_of(box.target, "lib")));
	CHECK_STR(content_of(box.target, "etc/link"), "1");
	box_close(&box);
}

static const struct test tests[] = {
	{ "hostile archives, by hull-unpack", attacks_confined },
	{ "hostile archives, with nothing that confines", attacks_unconfined },
	{ "hostile archives, flat", attacks_flat },
	{ "device nodes are left out unless asked for", devices },
	{ "owner, mode, times, xattrs, ACLs", attributes },
	{ "whiteouts and opaque directories", whiteouts },
	{ "layers one upon the other, flat", flat_layers },
};
TEST_MAIN(tests)
