/*
 * linux.seccomp: names into numbers, and the rules of the specification about error numbers,
 * names and the listener. Compiling the filter is runtime/linux's.
 * Source: runtime-spec config-linux.md "Seccomp".
 */
#include <linux/seccomp.h>
#include <string.h>

#include "oci/spec/parts.h"

#include "base/banned.h"

/* SECCOMP_RET_DATA: what fits beside an action. */
#define MAX_ERRNO_RET 0xffff
/* Arguments of a system call. */
#define LAST_ARG 5

/* clang-format off */
const struct field_name seccomp_action_names[] = {
	{ "SCMP_ACT_KILL", SC_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", SC_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SC_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", SC_TRAP },
	{ "SCMP_ACT_ERRNO", SC_ERRNO },
	{ "SCMP_ACT_TRACE", SC_TRACE },
	{ "SCMP_ACT_ALLOW", SC_ALLOW },
	{ "SCMP_ACT_LOG", SC_LOG },
	{ "SCMP_ACT_NOTIFY", SC_NOTIFY },
	{ 0 },
};
const struct field_name seccomp_op_names[] = {
	{ "SCMP_CMP_NE", SC_NE }, { "SCMP_CMP_LT", SC_LT }, { "SCMP_CMP_LE", SC_LE },
	{ "SCMP_CMP_EQ", SC_EQ }, { "SCMP_CMP_GE", SC_GE }, { "SCMP_CMP_GT", SC_GT },
	{ "SCMP_CMP_MASKED_EQ", SC_MASKED_EQ },
	{ 0 },
};
/* TSYNC is accepted and dropped: the filter is installed by a single thread. */
const struct field_name seccomp_flag_names[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_WAIT_KILLABLE },
	{ 0 },
};
const char *const seccomp_arch_names[] = {
	"SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",      "SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64",     "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",   "SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL",      "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",       "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",     "SCMP_ARCH_S390X",
	"SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",  "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",        "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",     NULL,
};
/* clang-format on */

static int read_architectures(struct field_reader *reader, const struct json *value, void *place,
			      struct error *err)
{
	int result = field_read_strings(reader, value, place, err);

	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next) {
		const char *const *name = seccomp_arch_names;

		while (*name != NULL && strcmp(*name, item->text) != 0)
			name++;
		if (*name == NULL)
			result = json_error(item, err, "\"%s\" is not a known architecture", item->text);
	}
	return result;
}

static int read_filter_flags(struct field_reader *reader, const struct json *value, void *whole,
			     struct error *err)
{
	struct spec_seccomp *seccomp = whole;
	int result = field_expect(value, JSON_ARRAY, err), flag;

	(void)reader;
	for (const struct json *item = value->first; result == 0 && item != NULL; item = item->next) {
		result = field_read_enum(item, seccomp_flag_names, &flag, err);
		if (result == 0)
			seccomp->flags |= (uint32_t)flag;
	}
	seccomp->flags_set = true;
	return result;
}

/* */
static int check_errno(const struct json *value, const struct opt_u32 *number,
		       enum spec_seccomp_action action, const char *key, struct error *err)
{
	if (!number->set || action == SC_ERRNO || action == SC_TRACE)
		return 0;
	return json_error(value, err, "%s: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a number", key);
}

static const struct field arg_fields[] = {
	FIELD(struct spec_seccomp_arg, index, "index", .required = true, .max = LAST_ARG),
	FIELD(struct spec_seccomp_arg, value, "value", .required = true),
	FIELD(struct spec_seccomp_arg, value_two, "valueTwo"),
	FIELD_AS(struct spec_seccomp_arg, op, "op", FIELD_ENUM, .names = seccomp_op_names, .required = true),
	{ 0 },
};
static const struct field_object arg_object = { sizeof(struct spec_seccomp_arg), arg_fields, NULL };

static int rule_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct spec_seccomp_rule *rule = into;

	(void)reader;
	for (size_t i = 0; i < rule->names.count; i++) {
		if (rule->names.items[i][0] == '\0')
			return json_error(value, err, "names[%zu]: must not be empty", i);
		/* hull-init reports through write(2): nobody would answer the notification. */
		if (rule->action == SC_NOTIFY && strcmp(rule->names.items[i], "write") == 0)
			return json_error(value, err, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	}
	return check_errno(value, &rule->errno_ret, rule->action, "errnoRet", err);
}

static const struct field rule_fields[] = {
	FIELD(struct spec_seccomp_rule, names, "names", .required = true, .non_empty = true),
	FIELD_AS(struct spec_seccomp_rule, action, "action", FIELD_ENUM, .names = seccomp_action_names,
		 .required = true),
	FIELD(struct spec_seccomp_rule, errno_ret, "errnoRet", .max = MAX_ERRNO_RET),
	FIELD_COUNTED(struct spec_seccomp_rule, arg_count, args, "args", FIELD_ARRAY, .of = &arg_object),
	{ 0 },
};
static const struct field_object rule_object = { sizeof(struct spec_seccomp_rule), rule_fields, rule_check };

static int check_listener(struct field_reader *reader, const struct json *value, struct spec_seccomp *seccomp,
			  struct error *err)
{
	for (size_t i = 0; i < seccomp->rule_count && !seccomp->uses_notify; i++)
		seccomp->uses_notify = seccomp->rules[i].action == SC_NOTIFY;
	if (seccomp->default_action == SC_NOTIFY)
		return json_error(value, err, "SCMP_ACT_NOTIFY cannot be used as default action");
	if (seccomp->listener_metadata != NULL && seccomp->listener_path == NULL)
		return json_error(value, err, "listenerMetadata: must not be set without listenerPath");
	if (!seccomp->uses_notify)
		return 0;
	if (seccomp->listener_path == NULL)
		return json_error(value, err, "SCMP_ACT_NOTIFY needs listenerPath");
	return field_note_unsupported(reader, value, "SCMP_ACT_NOTIFY", err);
}

static int seccomp_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec_seccomp *seccomp = into;
	int result = check_errno(value, &seccomp->default_errno_ret, seccomp->default_action,
				 "defaultErrnoRet", err);

	return result < 0 ? result : check_listener(reader, value, seccomp, err);
}

static const struct field seccomp_fields[] = {
	FIELD_AS(struct spec_seccomp, default_action, "defaultAction", FIELD_ENUM,
		 .names = seccomp_action_names, .required = true),
	FIELD(struct spec_seccomp, default_errno_ret, "defaultErrnoRet", .max = MAX_ERRNO_RET),
	FIELD_AS(struct spec_seccomp, architectures, "architectures", FIELD_READ, .read = read_architectures),
	FIELD_WHOLE("flags", read_filter_flags),
	FIELD(struct spec_seccomp, listener_path, "listenerPath", .empty_is_absent = true),
	FIELD(struct spec_seccomp, listener_metadata, "listenerMetadata", .empty_is_absent = true),
	FIELD_COUNTED(struct spec_seccomp, rule_count, rules, "syscalls", FIELD_ARRAY, .of = &rule_object),
	{ 0 },
};
static const struct field_object seccomp_object = { sizeof(struct spec_seccomp), seccomp_fields,
						    seccomp_check };

int seccomp_read(struct field_reader *reader, const struct json *value, void *place, struct error *err)
{
	int result = field_expect(value, JSON_OBJECT, err);

	if (result < 0)
		return result;
	/* As runc: neither a default nor a rule is no filter at all. */
	const struct json *action = json_get(value, "defaultAction"), *rules = json_get(value, "syscalls");
	bool no_action = action == NULL || (action->type == JSON_STRING && action->text[0] == '\0');
	if (no_action && (rules == NULL || rules->count == 0))
		return 0;
	struct spec_seccomp *seccomp = field_alloc(reader, 1, sizeof(*seccomp), err);
	if (seccomp == NULL)
		return -err->number;
	result = field_read_object(reader, value, &seccomp_object, seccomp, err);
	if (result == 0)
		*(const struct spec_seccomp **)place = seccomp;
	return result;
}
