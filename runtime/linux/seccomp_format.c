/*
 * Writing and reading a seccomp profile's canonical bytes, and the check that a program is one the
 * kernel would take. Used by hull (key, cache) and by hull-seccomp; knows no library.
 */
#include "runtime/linux/seccomp_format.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "base/banned.h"

#define KEY_MAGIC 0x4b435348U /* "HSCK" */

static void put_u32(struct text *to, uint32_t value)
{
	text_append_bytes(to, &value, sizeof(value));
}

static void put_text(struct text *to, const char *value)
{
	size_t length = strlen(value);

	/* Lengths above 4 GiB cannot be told apart by 32 bits, but are refused by the size of the whole. */
	put_u32(to, (uint32_t)length);
	text_append_bytes(to, value, length);
}

static void put_strings(struct text *to, const struct strings *list)
{
	put_u32(to, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		put_text(to, list->items[i]);
}

static void put_opt_u32(struct text *to, const struct opt_u32 *value)
{
	put_u32(to, value->set);
	put_u32(to, value->set ? value->value : 0);
}

static void put_rule(struct text *to, const struct spec_seccomp_rule *rule)
{
	put_u32(to, (uint32_t)rule->action);
	put_opt_u32(to, &rule->errno_ret);
	put_u32(to, (uint32_t)rule->arg_count);
	for (size_t i = 0; i < rule->arg_count; i++) {
		const struct spec_seccomp_arg *arg = &rule->args[i];

		put_u32(to, arg->index);
		put_u32(to, (uint32_t)arg->op);
		text_append_bytes(to, &arg->value, sizeof(arg->value));
		text_append_bytes(to, &arg->value_two, sizeof(arg->value_two));
	}
	put_strings(to, &rule->names);
}

int seccomp_format_encode(const struct spec_seccomp *profile, const struct seccomp_format_maker *maker,
			  struct text *ret, struct error *err)
{
	size_t before = ret->length;

	put_u32(ret, KEY_MAGIC);
	put_u32(ret, SECCOMP_FORMAT_VERSION);
	put_text(ret, maker->hull_version);
	put_text(ret, maker->library_version);
	put_text(ret, maker->architecture);
	put_u32(ret, (uint32_t)profile->default_action);
	put_opt_u32(ret, &profile->default_errno_ret);
	put_u32(ret, profile->flags_set);
	put_u32(ret, profile->flags_set ? profile->flags : 0);
	put_strings(ret, &profile->architectures);
	put_u32(ret, (uint32_t)profile->rule_count);
	for (size_t i = 0; i < profile->rule_count; i++)
		put_rule(ret, &profile->rules[i]);
	if (text_done(ret, err) < 0)
		return error_add(err, "seccomp profile");
	if (ret->length - before > SECCOMP_FORMAT_MAX_KEY)
		return error_set(err, E2BIG, "seccomp profile of %zu bytes", ret->length - before);
	return 0;
}

/* What is left to read. A read past the end sets bad and gives zeros; callers look once. */
struct reader {
	const unsigned char *at;
	size_t left;
	struct arena *arena;
	bool bad, no_memory;
};

static void take_bytes(struct reader *from, void *ret, size_t length)
{
	memset(ret, 0, length);
	if (from->bad || length > from->left) {
		from->bad = true;
		return;
	}
	memcpy(ret, from->at, length);
	from->at += length;
	from->left -= length;
}

static uint32_t take_u32(struct reader *from)
{
	uint32_t value;

	take_bytes(from, &value, sizeof(value));
	return value;
}

static uint64_t take_u64(struct reader *from)
{
	uint64_t value;

	take_bytes(from, &value, sizeof(value));
	return value;
}

/* A number below @limit. */
static uint32_t take_below(struct reader *from, uint32_t limit)
{
	uint32_t value = take_u32(from);

	if (value >= limit) {
		from->bad = true;
		return 0;
	}
	return value;
}

/* A count of things that take at least @least bytes each, so that a damaged one reserves nothing. */
static size_t take_count(struct reader *from, size_t least)
{
	uint32_t count = take_u32(from);

	if (count > from->left / least) {
		from->bad = true;
		return 0;
	}
	return count;
}

static void *take_room(struct reader *from, size_t count, size_t size)
{
	void *room = arena_alloc(from->arena, (count > 0 ? count : 1) * size);

	if (room == NULL)
		from->bad = from->no_memory = true;
	return room;
}

static const char *take_text(struct reader *from)
{
	size_t length = take_count(from, 1);
	char *copy = from->bad ? NULL : take_room(from, length + 1, 1);

	if (copy == NULL)
		return "";
	take_bytes(from, copy, length);
	if (memchr(copy, '\0', length) != NULL)
		from->bad = true;
	return copy;
}

static void take_strings(struct reader *from, struct strings *ret)
{
	size_t count = take_count(from, sizeof(uint32_t));
	const char **items = from->bad ? NULL : take_room(from, count, sizeof(*items));

	if (items == NULL)
		return;
	for (size_t i = 0; i < count && !from->bad; i++)
		items[i] = take_text(from);
	*ret = (struct strings){ .count = count, .items = items };
}

static void take_opt_u32(struct reader *from, struct opt_u32 *ret)
{
	ret->set = take_below(from, 2) != 0;
	ret->value = take_u32(from);
	if (!ret->set && ret->value != 0)
		from->bad = true;
}

#define RULE_LEAST_BYTES (5 * sizeof(uint32_t))
#define ARG_BYTES (2 * sizeof(uint32_t) + 2 * sizeof(uint64_t))

static void take_rule(struct reader *from, struct spec_seccomp_rule *ret)
{
	ret->action = (enum spec_seccomp_action)take_below(from, SC_ACTION_COUNT);
	take_opt_u32(from, &ret->errno_ret);
	ret->arg_count = take_count(from, ARG_BYTES);
	struct spec_seccomp_arg *args = from->bad ? NULL : take_room(from, ret->arg_count, sizeof(*args));
	if (args == NULL)
		return;
	for (size_t i = 0; i < ret->arg_count; i++) {
		args[i].index = take_below(from, 6);
		args[i].op = (enum spec_seccomp_op)take_below(from, SC_OP_COUNT);
		args[i].value = take_u64(from);
		args[i].value_two = take_u64(from);
	}
	ret->args = args;
	take_strings(from, &ret->names);
}

static void take_profile(struct reader *from, struct spec_seccomp *ret)
{
	ret->default_action = (enum spec_seccomp_action)take_below(from, SC_ACTION_COUNT);
	take_opt_u32(from, &ret->default_errno_ret);
	ret->flags_set = take_below(from, 2) != 0;
	ret->flags = take_u32(from);
	take_strings(from, &ret->architectures);
	ret->rule_count = take_count(from, RULE_LEAST_BYTES);
	struct spec_seccomp_rule *rules = from->bad ? NULL : take_room(from, ret->rule_count, sizeof(*rules));
	if (rules == NULL)
		return;
	ret->rules = rules;
	ret->uses_notify = ret->default_action == SC_NOTIFY;
	for (size_t i = 0; i < ret->rule_count && !from->bad; i++) {
		take_rule(from, &rules[i]);
		ret->uses_notify = ret->uses_notify || rules[i].action == SC_NOTIFY;
	}
}

int seccomp_format_decode(const void *bytes, size_t length, struct arena *arena,
			  const struct spec_seccomp **ret, struct seccomp_format_maker *ret_maker,
			  struct error *err)
{
	struct reader from = { .at = bytes, .left = length, .arena = arena };
	struct seccomp_format_maker maker;
	struct spec_seccomp *profile = take_room(&from, 1, sizeof(*profile));

	if (take_u32(&from) != KEY_MAGIC || take_u32(&from) != SECCOMP_FORMAT_VERSION)
		from.bad = true;
	maker.hull_version = take_text(&from);
	maker.library_version = take_text(&from);
	maker.architecture = take_text(&from);
	if (profile != NULL)
		take_profile(&from, profile);
	if (from.no_memory)
		return error_set(err, ENOMEM, "read seccomp profile");
	if (from.bad || from.left != 0)
		return error_set(err, EINVAL, "the bytes are not a seccomp profile of this version");
	*ret = profile;
	*ret_maker = maker;
	return 0;
}

/* Instructions that seccomp(2) takes and libseccomp or hull-seccomp ever write. */
static bool instruction_sane(const struct sock_filter *at, size_t behind)
{
	switch (at->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return at->k % 4 == 0 && at->k < sizeof(struct seccomp_data);
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_RET | BPF_K:
		return true;
	case BPF_JMP | BPF_JA:
		return at->k < behind;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		return at->jt < behind && at->jf < behind;
	default:
		return false;
	}
}

bool seccomp_format_sane(const struct sock_filter *instructions, size_t count)
{
	if (count == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!instruction_sane(&instructions[i], count - i - 1))
			return false;
	return instructions[count - 1].code == (BPF_RET | BPF_K);
}

uint64_t seccomp_format_hash(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = 0x9e3779b97f4a7c15U ^ length;

	for (;;) {
		uint64_t word = 0;
		size_t step = length < sizeof(word) ? length : sizeof(word);

		memcpy(&word, at, step);
		hash = (hash ^ word) * 0xff51afd7ed558ccdU;
		hash ^= hash >> 32;
		at += step;
		length -= step;
		if (length == 0)
			return hash;
	}
}
