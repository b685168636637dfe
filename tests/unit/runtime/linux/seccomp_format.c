/* The canonical bytes of a profile: no two profiles share them, and only they are read back. */
#include "runtime/linux/seccomp_format.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/linux/podman_profile.h"

static const struct seccomp_format_maker maker = { "1.2.3", "2.5.4", "x86_64" };

static void encode(const struct spec_seccomp *profile, struct text *ret)
{
	struct error err;

	CHECK_INT(seccomp_format_encode(profile, &maker, ret, &err), 0);
}

static bool same_key(const struct spec_seccomp *a, const struct spec_seccomp *b)
{
	autotext struct text x = TEXT_EMPTY, y = TEXT_EMPTY;

	encode(a, &x);
	encode(b, &y);
	return x.length == y.length && memcmp(x.data, y.data, x.length) == 0;
}

static void round_trip(void)
{
	autotext struct text key = TEXT_EMPTY, again = TEXT_EMPTY;
	const struct spec_seccomp *profile;
	struct seccomp_format_maker who;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	encode(&podman_profile, &key);
	int result = seccomp_format_decode(key.data, key.length, &arena, &profile, &who, &err);
	CHECK_INT(result, 0);
	if (result == 0) {
		CHECK_STR(who.hull_version, "1.2.3");
		CHECK_STR(who.library_version, "2.5.4");
		CHECK_STR(who.architecture, "x86_64");
		CHECK_INT(profile->rule_count, podman_profile.rule_count);
		CHECK_STR(profile->rules[18].names.items[0], "socket");
		CHECK_INT(profile->rules[18].args[1].value, 9);
		CHECK(!profile->uses_notify);
		encode(profile, &again);
		CHECK(key.length == again.length && memcmp(key.data, again.data, key.length) == 0);
	}
	arena_release(&arena);
}

/* A small profile with something in every member, and one changed member each. */
static void each_member_counts(void)
{
	static const char *const names[] = { "read", "write" }, *const swapped[] = { "write", "read" };
	static const char *const joined[] = { "readwrite", "" }, *const archs[] = { "SCMP_ARCH_X86",
										    "SCMP_ARCH_X32" };
	static const struct spec_seccomp_arg arg = { 1, 2, 3, SC_EQ }, other_index = { 2, 2, 3, SC_EQ },
					     other_value = { 1, 3, 3, SC_EQ }, other_two = { 1, 2, 4, SC_EQ },
					     other_op = { 1, 2, 3, SC_NE };
	const struct spec_seccomp_rule rule = { { 2, names }, SC_ERRNO, { true, 1 }, 1, &arg };
	const struct spec_seccomp base = { .default_action = SC_ERRNO,
					   .default_errno_ret = { true, 1 },
					   .architectures = { 2, archs },
					   .rule_count = 1,
					   .rules = &rule };
	struct spec_seccomp p[24];
	struct spec_seccomp_rule r[24];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(p); i++) {
		p[i] = base;
		r[i] = rule;
		p[i].rules = &r[i];
	}
	n++; /* the unchanged one */
	p[n++].default_action = SC_KILL_PROCESS;
	p[n++].default_errno_ret.value = 2;
	p[n++].default_errno_ret = (struct opt_u32){ 0 };
	p[n++].default_errno_ret = (struct opt_u32){ .set = true, .value = 0 };
	p[n++].flags_set = true;
	p[n].flags_set = true;
	p[n++].flags = 2;
	p[n++].architectures.count = 1;
	p[n++].architectures.count = 0;
	p[n++].rule_count = 0;
	r[n++].action = SC_TRACE;
	r[n++].errno_ret.value = 2;
	r[n++].errno_ret = (struct opt_u32){ 0 };
	r[n++].arg_count = 0;
	r[n++].args = &other_index;
	r[n++].args = &other_value;
	r[n++].args = &other_two;
	r[n++].args = &other_op;
	r[n++].names.items = swapped;
	r[n++].names.items = joined;
	r[n++].names.count = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			CHECK_INT(same_key(&p[i], &p[j]), i == j);
}

static void order_of_rules_counts(void)
{
	static const char *const a[] = { "read" }, *const b[] = { "write" };
	const struct spec_seccomp_rule ab[] = { { .names = { 1, a }, .action = SC_ALLOW },
						{ .names = { 1, b }, .action = SC_ALLOW } };
	const struct spec_seccomp_rule ba[] = { ab[1], ab[0] };
	const struct spec_seccomp x = { .rule_count = 2, .rules = ab }, y = { .rule_count = 2, .rules = ba };

	CHECK(!same_key(&x, &y));
}

static void listener_does_not_count(void)
{
	struct spec_seccomp other = podman_profile;

	other.listener_path = "/run/agent.sock";
	other.listener_metadata = "container 1";
	CHECK(same_key(&podman_profile, &other));
}

static void the_maker_counts(void)
{
	static const struct seccomp_format_maker makers[] = {
		{ "1", "2", "3" }, { "1", "2", "4" }, { "1", "3", "3" }, { "12", "", "3" }, { "", "12", "3" }
	};
	struct text keys[ARRAY_LEN(makers)] = { 0 };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		CHECK_INT(seccomp_format_encode(&podman_profile, &makers[i], &keys[i], &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		for (size_t j = 0; j < i; j++)
			CHECK(keys[i].length != keys[j].length ||
			      memcmp(keys[i].data, keys[j].data, keys[i].length) != 0);
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		text_release(&keys[i]);
}

static int decode(const void *bytes, size_t length)
{
	const struct spec_seccomp *profile;
	struct seccomp_format_maker who;
	struct arena arena;
	struct error err;

	arena_init(&arena, (size_t)16 << 20);
	/* A copy of exactly this size: sanitizers see a read behind it. */
	autofree char *copy = malloc(length > 0 ? length : 1);
	memcpy(copy, bytes, length);
	int result = seccomp_format_decode(copy, length, &arena, &profile, &who, &err);
	arena_release(&arena);
	return result;
}

static void decoding_is_strict(void)
{
	autotext struct text key = TEXT_EMPTY;

	encode(&podman_profile, &key);
	for (size_t length = 0; length < key.length; length += length < 200 ? 1 : 97)
		CHECK_INT(decode(key.data, length), -EINVAL);
	text_append_bytes(&key, "", 1);
	CHECK_INT(decode(key.data, key.length), -EINVAL);
}

/* Whatever one damaged byte makes of a key, it is refused or it is another key that is whole. */
static void damage_does_no_harm(void)
{
	autotext struct text key = TEXT_EMPTY;
	size_t refused = 0, tried = 0;

	encode(&podman_profile, &key);
	for (size_t i = 0; i < key.length; i += 3) {
		char before = key.data[i];

		for (unsigned change = 1; change < 256; change *= 16) {
			key.data[i] = (char)(before ^ (char)change);
			refused += decode(key.data, key.length) < 0;
			tried++;
		}
		key.data[i] = before;
	}
	CHECK(refused > tried / 20);
	CHECK_INT(decode(key.data, key.length), 0);
}

static void too_large_a_profile(void)
{
	const size_t count = 200000;
	const char **names = calloc(count, sizeof(*names));
	struct spec_seccomp_rule rule = { .names = { count, names }, .action = SC_ALLOW };
	struct spec_seccomp profile = { .rule_count = 1, .rules = &rule };
	autotext struct text key = TEXT_EMPTY;
	struct error err;

	for (size_t i = 0; i < count; i++)
		names[i] = "read";
	CHECK_INT(seccomp_format_encode(&profile, &maker, &key, &err), -E2BIG);
	free(names);
}

static void sane_programs(void)
{
	const struct sock_filter good[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60),
					    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0),
					    BPF_STMT(BPF_JMP | BPF_JA, 0), BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_filter bad[ARRAY_LEN(good)];
	const struct {
		size_t at;
		struct sock_filter instruction;
	} damage[] = {
		{ 0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64) },
		{ 0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2) },
		{ 0, BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0) },
		{ 0, BPF_STMT(BPF_ST, 0) },
		{ 1, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 2, 0) },
		{ 1, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2) },
		{ 2, BPF_STMT(BPF_JMP | BPF_JA, 1) },
		{ 2, BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff) },
		{ 3, BPF_STMT(BPF_JMP | BPF_JA, 0) },
		{ 3, BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0) },
	};

	CHECK(seccomp_format_sane(good, ARRAY_LEN(good)));
	CHECK(!seccomp_format_sane(good, ARRAY_LEN(good) - 1));
	CHECK(!seccomp_format_sane(good, 0));
	for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
		memcpy(bad, good, sizeof(bad));
		bad[damage[i].at] = damage[i].instruction;
		CHECK(!seccomp_format_sane(bad, ARRAY_LEN(bad)));
	}
}

static const struct test tests[] = {
	{ "a key is read back whole", round_trip },
	{ "every member changes the key", each_member_counts },
	{ "the order of rules changes the key", order_of_rules_counts },
	{ "the listener does not change the key", listener_does_not_count },
	{ "the maker changes the key", the_maker_counts },
	{ "a cut or longer key is refused", decoding_is_strict },
	{ "a damaged key does no harm", damage_does_no_harm },
	{ "a profile too large is refused", too_large_a_profile },
	{ "sane and insane programs", sane_programs },
};
TEST_MAIN(tests)
