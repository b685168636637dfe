/* The reader: dialects, and archives that are not what they should be. No effects, so no root is needed. */
#include "oci/layer/tar.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/oci/layer/support.h"

/* All entries as lines: "type path -> link mode uid:gid size mtime.ns xattrs sparse data". */
static int list(const struct text *archive, size_t piece, struct text *ret, struct error *err)
{
	struct memory_source memory = { (const uint8_t *)archive->data, archive->length, piece };
	const struct tar_source source = { memory_next, &memory };
	const struct tar_entry *entry;
	struct tar *tar;
	int result = tar_open(&source, &tar, err);

	ret->length = 0;
	text_append(ret, "");
	while (result >= 0 && (result = tar_next(tar, &entry, err)) > 0) {
		const uint8_t *bytes;
		size_t length;

		text_format(ret, "%d %s%s%s %o %u:%u %llu %lld.%u", entry->type, entry->path,
			    entry->link != NULL ? " -> " : "", entry->link != NULL ? entry->link : "",
			    entry->mode, entry->uid, entry->gid, (unsigned long long)entry->size,
			    (long long)entry->mtime, entry->mtime_ns);
		for (size_t i = 0; i < entry->xattr_count; i++) {
			text_format(ret, " %s=", entry->xattrs[i].name);
			for (size_t at = 0; at < entry->xattrs[i].length; at++)
				text_format(ret, "%02x", ((const uint8_t *)entry->xattrs[i].value)[at]);
		}
		for (size_t i = 0; i < entry->sparse_count; i++)
			text_format(ret, " [%llu+%llu]", (unsigned long long)entry->sparse[i].offset,
				    (unsigned long long)entry->sparse[i].length);
		text_append(ret, " ");
		while ((result = tar_data(tar, &bytes, &length, err)) == 0 && length > 0)
			text_append_bytes(ret, bytes,
					  strnlen((const char *)bytes, length < 20 ? length : 20));
		text_append(ret, "\n");
	}
	if (result == 0)
		result = tar_drain(tar, err);
	tar_close(tar);
	return result;
}

/* In pieces of several sizes: where a piece ends is of no consequence. */
static int list_all(const struct text *archive, struct text *ret, struct error *err)
{
	autotext struct text other = TEXT_EMPTY;
	struct error ignored;
	int result = list(archive, (size_t)1 << 20, ret, err);

	CHECK_INT(list(archive, TAR_BLOCK, &other, &ignored), result);
	if (result == 0)
		CHECK_STR(other.data, ret->data);
	return result;
}

static void expect(const struct text *archive, const char *want)
{
	autotext struct text got = TEXT_EMPTY;
	struct error err = { 0 };

	CHECK_INT(list_all(archive, &got, &err), 0);
	if (err.length > 0)
		printf("# %s\n", err.text);
	CHECK_STR(got.data, want);
}

static void refuse(const struct text *archive, int number, const char *words)
{
	autotext struct text got = TEXT_EMPTY;
	struct error err = { 0 };

	CHECK_INT(list_all(archive, &got, &err), number);
	CHECK_HAS(err.text, words);
}

static void written(void)
{
	struct text tar = TEXT_EMPTY;
	char longname[600];
	const struct tar_xattr xattrs[] = { { "security.capability", "\1\0\n\2", 4 },
					    { "user.empty", "", 0 } };
	struct tar_entry entry = { .type = TAR_FILE,
				   .path = "bin/ping",
				   .mode = 04755,
				   .uid = 3000000000,
				   .gid = 12,
				   .size = 5,
				   .mtime = -13,
				   .mtime_ns = 500000000,
				   .xattrs = xattrs,
				   .xattr_count = 2 };

	add_directory(&tar, ".");
	add_directory(&tar, "bin");
	tar_write_header(&entry, &tar);
	add_content(&tar, "hello");
	entry = (struct tar_entry){ .type = TAR_FILE, .path = "half", .mtime = -1, .mtime_ns = 500000000 };
	tar_write_header(&entry, &tar);
	entry = (struct tar_entry){ .type = TAR_FILE, .path = "late", .mtime = INT64_C(1) << 40 };
	tar_write_header(&entry, &tar);
	memset(longname, 'n', sizeof(longname));
	for (size_t i = 150; i < sizeof(longname); i += 150)
		longname[i] = '/';
	longname[sizeof(longname) - 1] = '\0';
	add(&tar, TAR_SYMLINK, longname, 0777, longname);
	add(&tar, TAR_HARDLINK, "bin/pong", 0644, "bin/ping");
	entry = (struct tar_entry){
		.type = TAR_CHARACTER, .path = "null", .major = 1, .minor = 3, .mode = 0666
	};
	tar_write_header(&entry, &tar);
	tar_write_end(&tar);

	autotext struct text want = TEXT_EMPTY;
	text_append(&want,
		    "5 . 755 0:0 0 1000000000.0 \n5 bin 755 0:0 0 1000000000.0 \n"
		    "0 bin/ping 4755 3000000000:12 5 -13.500000000 security.capability=01000a02 user.empty= "
		    "hello\n0 half 0 0:0 0 -1.500000000 \n0 late 0 0:0 0 1099511627776.0 \n");
	text_format(&want, "2 %s -> %s 777 0:0 0 1000000000.0 \n", longname, longname);
	text_append(&want, "1 bin/pong -> bin/ping 644 0:0 0 1000000000.0 \n3 null 666 0:0 0 0.0 \n");
	expect(&tar, want.data);
	text_release(&tar);
}

static void names(void)
{
	static const struct {
		const char *name, *got;
	} rows[] = { { "/etc/passwd", "etc/passwd" },
		     { "./a//b/./c", "a/b/c" },
		     { "././.", "." },
		     { "a...b", "a...b" },
		     { "..a/b..", "..a/b.." },
		     { "///", "." } };
	static const char *const bad[] = { "../x", "a/../b", "..", "a/..", "/..", "./.." };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autotext struct text tar = TEXT_EMPTY;
		autotext struct text want = TEXT_EMPTY;

		add_header(&tar, header(rows[i].name, '5', "00000000000", NULL));
		text_format(&want, "5 %s 644 0:0 0 1000000000.0 \n", rows[i].got);
		expect(&tar, want.data);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autotext struct text tar = TEXT_EMPTY;
		autotext struct text link = TEXT_EMPTY;
		autotext struct text pax = TEXT_EMPTY;

		add_header(&tar, header(bad[i], '0', "00000000000", NULL));
		refuse(&tar, -EBADMSG, "\"..\"");
		add_header(&link, header("x", '1', "00000000000", bad[i]));
		refuse(&link, -EBADMSG, "\"..\"");
		add_pax(&pax, "path", bad[i]);
		add_file(&pax, "x", "");
		refuse(&pax, -EBADMSG, "\"..\"");
	}
	autotext struct text slash = TEXT_EMPTY;
	add_header(&slash, header("old/", '\0', "00000000000", NULL)); /* V7: a file by type */
	expect(&slash, "5 old 644 0:0 0 1000000000.0 \n");
	autotext struct text empty = TEXT_EMPTY;
	add_header(&empty, header("", '0', "00000000000", NULL));
	refuse(&empty, -EBADMSG, "empty name");
}

static void name_limits(void)
{
	char name[6000];
	autotext struct text part = TEXT_EMPTY;
	autotext struct text deep = TEXT_EMPTY;
	autotext struct text path = TEXT_EMPTY;

	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	add_pax(&part, "path", name);
	add_file(&part, "x", "");
	refuse(&part, -EBADMSG, "too long");
	for (size_t i = 0; i < 2 * 257; i += 2)
		memcpy(name + i, "d/", 2);
	name[2 * 257] = '\0';
	add_pax(&deep, "path", name);
	add_file(&deep, "x", "");
	refuse(&deep, -EBADMSG, "too long");
	memset(name, 'x', sizeof(name));
	for (size_t i = 200; i < 4200; i += 200)
		name[i] = '/';
	name[4200] = '\0';
	add_extended(&path, 'L', name, 4201);
	add_file(&path, "x", "");
	refuse(&path, -EBADMSG, "too long");
}

static void gnu_long_names(void)
{
	char name[301];
	autotext struct text tar = TEXT_EMPTY;
	autotext struct text want = TEXT_EMPTY;
	autotext struct text broken = TEXT_EMPTY;
	autotext struct text both = TEXT_EMPTY;
	autotext struct text twice = TEXT_EMPTY;
	autotext struct text alone = TEXT_EMPTY;

	memset(name, 'l', sizeof(name));
	name[100] = name[200] = '/';
	name[300] = '\0';
	add_extended(&tar, 'L', name, 301);
	add_extended(&tar, 'K', name, 301);
	add_header(&tar, header("cut", '2', "00000000000", "cut"));
	text_format(&want, "2 %s -> %s 644 0:0 0 1000000000.0 \n", name, name);
	expect(&tar, want.data);
	add_extended(&broken, 'L', "a\0b", 4);
	add_file(&broken, "x", "");
	refuse(&broken, -EBADMSG, "NUL");
	add_pax(&both, "path", "one");
	add_extended(&both, 'L', "two", 4);
	add_file(&both, "x", "");
	refuse(&both, -EBADMSG, "two long names");
	add_extended(&twice, 'L', "one", 4);
	add_extended(&twice, 'L', "two", 4);
	add_file(&twice, "x", "");
	refuse(&twice, -EBADMSG, "two extended headers");
	add_extended(&alone, 'L', "one", 4);
	tar_write_end(&alone);
	refuse(&alone, -EBADMSG, "without its file");
}

static void numbers(void)
{
	struct tar_header block = header("big", '0', "00000000000", NULL);
	autotext struct text tar = TEXT_EMPTY;
	autotext struct text negative = TEXT_EMPTY;
	autotext struct text huge = TEXT_EMPTY;
	autotext struct text odd = TEXT_EMPTY;
	autotext struct text spaces = TEXT_EMPTY;
	autotext struct text device = TEXT_EMPTY;

	memcpy(block.uid, "\x80\0\0\0\xb2\xd0\x5e\0", 8); /* 3000000000 */
	memcpy(block.mtime, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
	add_header(&tar, block);
	expect(&tar, "0 big 644 3000000000:0 0 -2.0 \n");
	memcpy(block.size, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
	add_header(&negative, block);
	refuse(&negative, -EBADMSG, "size is out of range");
	memcpy(block.size, "\x80\0\0\0\x80\0\0\0\0\0\0\0", 12);
	add_header(&huge, block);
	refuse(&huge, -EBADMSG, "size is out of range");
	memcpy(block.size, "0000000000x", 12);
	add_header(&odd, block);
	refuse(&odd, -EBADMSG, "size is not a number");
	memcpy(block.size, "        0  \0", 12);
	memcpy(block.uid, "\0\0\0\0\0\0\0", 8);
	memcpy(block.gid, "  17 \0 9", 8);
	add_header(&spaces, block);
	expect(&spaces, "0 big 644 0:15 0 -2.0 \n");
	block = header("dev", '3', "00000000000", NULL);
	memcpy(block.major, "\x80\0\0\0\0\0\x10\0", 8); /* 4096: would wrap to 0 */
	add_header(&device, block);
	refuse(&device, -EBADMSG, "device number");
}

static void headers(void)
{
	autotext struct text sum = TEXT_EMPTY;
	autotext struct text type = TEXT_EMPTY;
	autotext struct text global = TEXT_EMPTY;
	autotext struct text hole = TEXT_EMPTY;
	autotext struct text slash = TEXT_EMPTY;
	autotext struct text extended = TEXT_EMPTY;
	autotext struct text cut = TEXT_EMPTY;
	autotext struct text tail = TEXT_EMPTY;
	autotext struct text sizes = TEXT_EMPTY;

	add_file(&sum, "x", "");
	sum.data[0] = 'y';
	refuse(&sum, -EBADMSG, "checksum");
	add_header(&type, header("x", 'V', "00000000000", NULL));
	refuse(&type, -EBADMSG, "type 'V'");
	/* Some readers would pass over the data, others find members in it. */
	add_header(&slash, header("x/", '0', "00000001000", NULL));
	add_file(&slash, "smuggled", "");
	refuse(&slash, -EBADMSG, "data of what is no file");
	add_pax(&extended, "size", "512");
	add(&extended, TAR_HARDLINK, "x", 0644, "y");
	add_file(&extended, "smuggled", "");
	refuse(&extended, -EBADMSG, "data of what is no file");
	add_extended(&global, 'g', "11 path=no\n", 11);
	add_file(&global, "yes", "1");
	expect(&global, "0 yes 644 0:0 1 1000000000.0 1\n");
	add_file(&hole, "x", "");
	tar_write_padding(1, &hole);
	hole.length++;
	hole.data[hole.length - 1] = 0;
	add_file(&hole, "y", "");
	refuse(&hole, -EBADMSG, "empty block");
	add_file(&cut, "x", "content");
	cut.length -= 200;
	refuse(&cut, -EBADMSG, "ends within a file");
	cut.length = 300;
	refuse(&cut, -EBADMSG, "ends within a header");
	add_file(&tail, "x", "1");
	tar_write_end(&tail);
	text_append_bytes(&tail, "garbage", 7);
	expect(&tail, "0 x 644 0:0 1 1000000000.0 1\n");
	/* Only files have data, whatever the field of the others says. */
	add_header(&sizes, header("d", '5', "00000001000", NULL));
	add_header(&sizes, header("l", '1', "00000001000", "x"));
	add_file(&sizes, "f", "data");
	expect(&sizes, "5 d 644 0:0 0 1000000000.0 \n1 l -> x 644 0:0 0 1000000000.0 \n0 f 644 0:0 4 "
		       "1000000000.0 data\n");
}

static void desync(void)
{
	autotext struct text tar = TEXT_EMPTY;
	autotext struct text inner = TEXT_EMPTY;
	autotext struct text onto_long = TEXT_EMPTY;

	/* The size of the PAX record counts: the smuggled header in the data is data. */
	add_file(&inner, "smuggled", "");
	add_pax(&tar, "size", "512");
	add_header(&tar, header("real", '0', "00000000000", NULL));
	text_append_bytes(&tar, inner.data, inner.length);
	add_file(&tar, "next", "n");
	expect(&tar, "0 real 644 0:0 512 1000000000.0 smuggled\n0 next 644 0:0 1 1000000000.0 n\n");
	/* A PAX header before a long name is about the file, not about the long name's own header. */
	add_pax(&onto_long, "size", "3");
	add_extended(&onto_long, 'L', "renamed", 8);
	add_header(&onto_long, header("real", '0', "00000000000", NULL));
	add_content(&onto_long, "abc");
	expect(&onto_long, "0 renamed 644 0:0 3 1000000000.0 abc\n");
}

static void pax_strict(void)
{
	static const struct {
		const char *records;
		size_t length;
	} bad[] = {
		{ "path=x\n", 7 },
		{ "9 path=x", 8 },
		{ "8 path=x\n", 9 },
		{ "99 path=x\n", 10 },
		{ "0 path=x\n", 9 },

		{ "9 =xxxxx\n", 9 },
		{ "9 pathxx\n", 9 },
		{ "-9 path=x\n", 10 },
		{ " 9 path=\n", 9 },
		{ "9 path=x\nx", 10 },
		{ "9 path=x\n\0", 10 },
		{ "9 path=\0\n", 9 },
		{ "9 pa\0h=x\n", 9 },
		{ "9 size=x\n", 9 },
		{ "10 size=-1\n", 11 },
		{ "8 uid=x\n", 8 },
		{ "18 uid=4294967295\n", 18 },
		{ "12 mtime=1x\n", 12 },
		{ "29 size=99999999999999999999\n", 29 },
		{ "99999999999999999999 path=x\n", 28 },
		{ "31 LIBARCHIVE.xattr.user.a=\?\?\?\?\n", 32 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autotext struct text tar = TEXT_EMPTY;
		autotext struct text got = TEXT_EMPTY;
		struct error err = { 0 };

		add_extended(&tar, 'x', bad[i].records, bad[i].length);
		add_file(&tar, "x", "");
		CHECK_INT(list_all(&tar, &got, &err), -EBADMSG);
		if (err.number != EBADMSG)
			printf("# %zu: %s\n", i, bad[i].records);
	}
	autotext struct text twice = TEXT_EMPTY;
	add_pax(&twice, "path", "a");
	add_pax(&twice, "path", "b");
	add_file(&twice, "x", "");
	refuse(&twice, -EBADMSG, "two extended headers");
	autotext struct text giant = TEXT_EMPTY;
	add_header(&giant, header("h", 'x', "00100000000", NULL)); /* 16 MiB */
	refuse(&giant, -EFBIG, "extended header");
}

static void pax_values(void)
{
	autotext struct text tar = TEXT_EMPTY;
	autotext struct text records = TEXT_EMPTY;

	add_record(&records, "path", "from/pax");
	add_record(&records, "size", "99");
	add_record(&records, "size", ""); /* taken back */
	add_record(&records, "uid", "7");
	add_record(&records, "mtime", "12.0000000019");
	add_record(&records, "comment", "anything");
	add_record(&records, "VENDOR.key", "anything");
	add_record(&records, "SCHILY.xattr.user.overlay.origin", "");
	add_record(&records, "LIBARCHIVE.xattr.user.a%20b", "aGk");
	add_record(&records, "SCHILY.acl.access", "user::rwx");
	add_extended(&tar, 'x', records.data, records.length);
	add_file(&tar, "x", "data");
	add_file(&tar, "y", "");
	expect(&tar, "0 from/pax 644 7:0 4 12.1 user.overlay.origin= user.a b=6869 data\n"
		     "0 y 644 0:0 0 1000000000.0 \n");
}

static void pax_limits(void)
{
	autotext struct text many = TEXT_EMPTY;
	autotext struct text records = TEXT_EMPTY;
	autotext struct text large = TEXT_EMPTY;
	char key[64];
	char *value = malloc(65538);

	for (int i = 0; i < 257; i++) {
		(void)snprintf(key, sizeof(key), "SCHILY.xattr.user.%d", i);
		add_record(&records, key, "v");
	}
	add_extended(&many, 'x', records.data, records.length);
	add_file(&many, "x", "");
	refuse(&many, -EFBIG, "more than 256 xattrs");
	memset(value, 'v', 65537);
	value[65537] = '\0';
	add_pax(&large, "SCHILY.xattr.user.large", value);
	add_file(&large, "x", "");
	refuse(&large, -EFBIG, "larger than");
	free(value);
}

static void sparse_forms(void)
{
	autotext struct text old = TEXT_EMPTY;
	autotext struct text map = TEXT_EMPTY;
	autotext struct text pairs = TEXT_EMPTY;
	autotext struct text text_map = TEXT_EMPTY;
	autotext struct text records = TEXT_EMPTY;
	struct tar_header block = header("old", 'S', "00000000010", NULL); /* 8 bytes stored */
	uint8_t *raw = (uint8_t *)&block;

	memcpy(raw + 386,
	       "00000000000\0"
	       "00000000004\0"
	       "00000010000\0"
	       "00000000004\0",
	       48);
	memset(raw + 257, 0, 8);
	memcpy(raw + 257, "ustar  ", 8);
	memset(raw + 345, 0, 41);
	memcpy(raw + 483, "00000020000\0", 12);
	add_header(&old, block);
	add_content(&old, "headtail");
	expect(&old, "0 old 644 0:0 8192 1000000000.0 [0+4] [4096+4] headtail\n");

	add_record(&records, "GNU.sparse.size", "8192");
	add_record(&records, "GNU.sparse.numblocks", "2");
	add_record(&records, "GNU.sparse.name", "real/name");
	add_record(&records, "GNU.sparse.map", "0,4,4096,4");
	add_extended(&map, 'x', records.data, records.length);
	add_file(&map, "GNUSparseFile.0/name", "headtail");
	expect(&map, "0 real/name 644 0:0 8192 1000000000.0 [0+4] [4096+4] headtail\n");

	records.length = 0;
	add_record(&records, "GNU.sparse.size", "8192");
	add_record(&records, "GNU.sparse.offset", "0");
	add_record(&records, "GNU.sparse.numbytes", "4");
	add_record(&records, "GNU.sparse.offset", "4096");
	add_record(&records, "GNU.sparse.numbytes", "4");
	add_extended(&pairs, 'x', records.data, records.length);
	add_file(&pairs, "name", "headtail");
	expect(&pairs, "0 name 644 0:0 8192 1000000000.0 [0+4] [4096+4] headtail\n");

	records.length = 0;
	add_record(&records, "GNU.sparse.major", "1");
	add_record(&records, "GNU.sparse.minor", "0");
	add_record(&records, "GNU.sparse.name", "real");
	add_record(&records, "GNU.sparse.realsize", "8192");
	add_extended(&text_map, 'x', records.data, records.length);
	add_header(&text_map, header("GNUSparseFile.0/real", '0', "00000001010", NULL)); /* 512 + 8 */
	add_content(&text_map, "2\n0\n4\n4096\n4\n");
	add_content(&text_map, "headtail");
	expect(&text_map, "0 real 644 0:0 8192 1000000000.0 [0+4] [4096+4] headtail\n");
}

static void sparse_broken(void)
{
	static const struct {
		const char *size, *map;
	} bad[] = {
		{ "8192", "4096,4,0,4" },
		{ "8192", "0,4,2,4" },
		{ "8192", "8190,8" },
		{ "8192", "0,4" },
		{ "8192", "0,4,4096" },
		{ "8192", "0,4,4096,5" },
		{ "4", "0,8" },
		{ "8192", "0,x,4096,4" },
		{ "8192", "-1,4,4096,4" },
		{ "8192", "9223372036854775807,9223372036854775807" },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autotext struct text tar = TEXT_EMPTY;
		autotext struct text records = TEXT_EMPTY;

		add_record(&records, "GNU.sparse.size", bad[i].size);
		add_record(&records, "GNU.sparse.map", bad[i].map);
		add_extended(&tar, 'x', records.data, records.length);
		add_file(&tar, "name", "headtail");
		refuse(&tar, -EBADMSG, "");
	}
	/* A million parts in a map that the data holds. */
	autotext struct text bomb = TEXT_EMPTY;
	autotext struct text records = TEXT_EMPTY;
	add_record(&records, "GNU.sparse.major", "1");
	add_record(&records, "GNU.sparse.realsize", "8192");
	add_extended(&bomb, 'x', records.data, records.length);
	add_header(&bomb, header("bomb", '0', "77777777777", NULL));
	add_content(&bomb, "1000000\n");
	refuse(&bomb, -EFBIG, "65536 parts");
	autotext struct text unsized = TEXT_EMPTY;
	add_pax(&unsized, "GNU.sparse.map", "0,1");
	add_file(&unsized, "x", "1");
	refuse(&unsized, -EBADMSG, "no form");
	/* A name that only readers of sparse files see. */
	autotext struct text named = TEXT_EMPTY;
	add_pax(&named, "GNU.sparse.name", "other");
	add_file(&named, "x", "1");
	refuse(&named, -EBADMSG, "without a map");
}

static const struct test tests[] = {
	{ "what is written is read", written },
	{ "names have one form, and none leads up", names },
	{ "names have limits", name_limits },
	{ "long names of GNU", gnu_long_names },
	{ "numbers in every form, within their ranges", numbers },
	{ "headers that are none, and the end", headers },
	{ "one cursor: the size that counts is the PAX record's", desync },
	{ "extended headers are read strictly", pax_strict },
	{ "extended headers say everything", pax_values },
	{ "extended headers have limits", pax_limits },
	{ "sparse files in four forms", sparse_forms },
	{ "sparse maps that cannot be", sparse_broken },
};
TEST_MAIN(tests)
