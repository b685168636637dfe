/* Digests: their one form, and the hashes behind them. */
#include "oci/layer/digest.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define EMPTY_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_512                                                                                            \
	"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"                                   \
	"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void parses(void)
{
	struct digest digest;
	struct error err;
	char text[DIGEST_TEXT_BYTES];

	CHECK_INT(digest_parse("sha256:" EMPTY_256, &digest, &err), 0);
	CHECK_INT(digest.algorithm, DIGEST_SHA256);
	digest_format(&digest, text);
	CHECK_STR(text, "sha256:" EMPTY_256);
	CHECK_INT(digest_parse("sha512:" EMPTY_512, &digest, &err), 0);
	digest_format(&digest, text);
	CHECK_STR(text, "sha512:" EMPTY_512);
	digest_format_hex(&digest, text);
	CHECK_STR(text, EMPTY_512);
}

static void refuses(void)
{
	static const char *const bad[] = {
		"",
		":",
		"sha256",
		"sha256:",
		"sha256:" EMPTY_256 "0",
		"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"sha256:../../../../../../../../../../../../../../../../etc/passwd000000",
		"sha256:" EMPTY_512,
		"sha512:" EMPTY_256,
		" sha256:" EMPTY_256,
		"sha256:" EMPTY_256 " ",
		"sha256 " EMPTY_256,
	};
	struct digest digest;
	struct error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(digest_parse(bad[i], &digest, &err), -EINVAL);
	CHECK_INT(digest_parse("blake3:" EMPTY_256, &digest, &err), -ENOTSUP);
	CHECK_INT(digest_parse("sha256+b64u:LCa0a2j", &digest, &err), -ENOTSUP);
	CHECK_INT(digest_parse("Sha256:" EMPTY_256, &digest, &err), -EINVAL);
}

static void hashes(void)
{
	struct digest digest, same;
	struct digest_state state, copy;
	char text[DIGEST_TEXT_BYTES];

	digest_of(DIGEST_SHA256, "abc", 3, &digest);
	digest_format(&digest, text);
	CHECK_STR(text, "sha256:" ABC_256);
	digest_of(DIGEST_SHA512, "", 0, &same);
	digest_format_hex(&same, text);
	CHECK_STR(text, EMPTY_512);
	CHECK(!digest_equal(&digest, &same));
	/* A copy goes on by itself. */
	digest_begin(&state, DIGEST_SHA256);
	digest_update(&state, "a", 1);
	copy = state;
	digest_update(&state, "xx", 2);
	digest_update(&copy, "bc", 2);
	digest_end(&copy, &same);
	CHECK(digest_equal(&digest, &same));
	digest_end(&state, &same);
	CHECK(!digest_equal(&digest, &same));
}

static const struct test tests[] = {
	{ "what is a digest is read and written back", parses },
	{ "what is none is refused", refuses },
	{ "hashes are those of the algorithms", hashes },
};
TEST_MAIN(tests)
