/*
 * The process object of config.json and of `exec --process`: program, credentials, limits.
 * Source: runtime-spec config.md "Process", "POSIX process", "Linux Process".
 */
#include <linux/ioprio.h>
#include <string.h>

#include "oci/spec/parts.h"

#include "base/banned.h"

/* sched.h of the C library lacks the newer ones; the numbers are the kernel's (uapi/linux/sched.h). */
enum {
	POLICY_OTHER = 0,
	POLICY_FIFO = 1,
	POLICY_RR = 2,
	POLICY_BATCH = 3,
	POLICY_ISO = 4,
	POLICY_IDLE = 5,
	POLICY_DEADLINE = 6
};

int process_check_id(const struct json *value, uint32_t id, struct error *err)
{
	if (id == UINT32_MAX)
		return json_error(value, err,
				  "number 4294967295: is not an id, to the kernel it means \"unchanged\"");
	return 0;
}

static int user_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct spec_user *user = into;
	int result = process_check_id(json_get(value, "uid"), user->uid, err);

	(void)reader;
	if (result == 0)
		result = process_check_id(json_get(value, "gid"), user->gid, err);
	for (size_t i = 0; result == 0 && i < user->additional_gid_count; i++)
		if (user->additional_gids[i] == UINT32_MAX)
			result = process_check_id(json_get(value, "additionalGids"), UINT32_MAX, err);
	return result;
}

/* uid and gid are required by the text but not by the schema, and engines leave them out: then 0. */
static const struct field user_fields[] = {
	FIELD(struct spec_user, uid, "uid"),
	FIELD(struct spec_user, gid, "gid"),
	FIELD(struct spec_user, umask, "umask", .max = 0777),
	FIELD_COUNTED(struct spec_user, additional_gid_count, additional_gids, "additionalGids", FIELD_U32S),
	{ 0 },
};
static const struct field_object user_object = { sizeof(struct spec_user), user_fields, user_check };

static const struct field console_size_fields[] = {
	FIELD(struct spec_console_size, height, "height", .required = true),
	FIELD(struct spec_console_size, width, "width", .required = true),
	{ 0 },
};
static const struct field_object console_size_object = { sizeof(struct spec_console_size),
							 console_size_fields, NULL };

static int read_rlimit_type(struct field_reader *reader, const struct json *value, void *place,
			    struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0)
		return result;
	int number = spec_rlimit_number(value->text);
	if (number < 0)
		return json_error(value, err, "wrong rlimit value: %s", value->text);
	*(int *)place = number;
	return 0;
}

static int rlimit_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	const struct spec_rlimit *limit = into;

	(void)reader;
	if (limit->soft > limit->hard)
		return json_error(value, err, "soft limit %llu is above the hard limit %llu",
				  (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	return 0;
}

static const struct field rlimit_fields[] = {
	FIELD_AS(struct spec_rlimit, resource, "type", FIELD_READ, .read = read_rlimit_type,
		 .required = true),
	FIELD(struct spec_rlimit, soft, "soft", .required = true),
	FIELD(struct spec_rlimit, hard, "hard", .required = true),
	{ 0 },
};
static const struct field_object rlimit_object = { sizeof(struct spec_rlimit), rlimit_fields, rlimit_check };

/* Names stay as they are: whoever grants them warns about those that cannot be. */
static const struct field capabilities_fields[] = {
	FIELD(struct spec_capabilities, sets[CAPSET_BOUNDING], "bounding"),
	FIELD(struct spec_capabilities, sets[CAPSET_EFFECTIVE], "effective"),
	FIELD(struct spec_capabilities, sets[CAPSET_INHERITABLE], "inheritable"),
	FIELD(struct spec_capabilities, sets[CAPSET_PERMITTED], "permitted"),
	FIELD(struct spec_capabilities, sets[CAPSET_AMBIENT], "ambient"),
	{ 0 },
};
static const struct field_object capabilities_object = { sizeof(struct spec_capabilities),
							 capabilities_fields, NULL };

static const struct field_name policy_names[] = {
	{ "SCHED_OTHER", POLICY_OTHER },
	{ "SCHED_FIFO", POLICY_FIFO },
	{ "SCHED_RR", POLICY_RR },
	{ "SCHED_BATCH", POLICY_BATCH },
	{ "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", POLICY_IDLE },
	{ "SCHED_DEADLINE", POLICY_DEADLINE },
	{ 0 },
};
static const struct field_name sched_flag_names[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { 0 },
};

/* The kernel would silently ignore members that do not belong to the policy. */
static int scheduler_check(struct field_reader *reader, const struct json *value, void *into,
			   struct error *err)
{
	const struct spec_scheduler *scheduler = into;
	const char *policy = json_get(value, "policy")->text;
	bool real_time = scheduler->policy == POLICY_FIFO || scheduler->policy == POLICY_RR;

	(void)reader;
	if (scheduler->nice < -20 || scheduler->nice > 19)
		return json_error(value, err, "invalid scheduler.nice: %d when scheduler.policy is %s",
				  scheduler->nice, policy);
	if (scheduler->priority != 0 && !real_time)
		return json_error(value, err,
				  "scheduler.priority can only be specified for SchedFIFO or SchedRR policy");
	if (real_time && (scheduler->priority < 1 || scheduler->priority > 99))
		return json_error(value, err, "scheduler.priority %d: must be 1 to 99 for %s",
				  scheduler->priority, policy);
	if (scheduler->policy != POLICY_DEADLINE &&
	    (scheduler->runtime != 0 || scheduler->deadline != 0 || scheduler->period != 0))
		return json_error(
			value, err,
			"scheduler runtime/deadline/period can only be specified for SchedDeadline policy");
	return 0;
}

static const struct field scheduler_fields[] = {
	FIELD_AS(struct spec_scheduler, policy, "policy", FIELD_ENUM, .names = policy_names, .required = true,
		 .wrong = "scheduler policy is required"),
	FIELD(struct spec_scheduler, nice, "nice"),
	FIELD(struct spec_scheduler, priority, "priority"),
	FIELD_AS(struct spec_scheduler, flags, "flags", FIELD_FLAGS, .names = sched_flag_names),
	FIELD(struct spec_scheduler, runtime, "runtime"),
	FIELD(struct spec_scheduler, deadline, "deadline"),
	FIELD(struct spec_scheduler, period, "period"),
	{ 0 },
};
static const struct field_object scheduler_object = { sizeof(struct spec_scheduler), scheduler_fields,
						      scheduler_check };

static const struct field_name io_class_names[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ 0 },
};
/* Kernels since 6.5 read more than three bits as hints, so a priority over 7 would not be refused. */
static const struct field io_priority_fields[] = {
	FIELD_AS(struct spec_io_priority, class, "class", FIELD_ENUM, .names = io_class_names,
		 .required = true),
	FIELD(struct spec_io_priority, priority, "priority", .min = 0, .max = 7),
	{ 0 },
};
static const struct field_object io_priority_object = { sizeof(struct spec_io_priority), io_priority_fields,
							NULL };

static int read_cpu_list(struct field_reader *reader, const struct json *value, void *place,
			 struct error *err)
{
	int result = field_expect(value, JSON_STRING, err);

	(void)reader;
	if (result < 0)
		return result;
	if (value->text[strspn(value->text, "0123456789, -")] != '\0')
		return json_error(value, err, "\"%s\" is not a list of CPUs", value->text);
	*(const char **)place = value->text[0] != '\0' ? value->text : NULL;
	return 0;
}

static const struct field affinity_fields[] = {
	FIELD_AS(struct spec_affinity, initial, "initial", FIELD_READ, .read = read_cpu_list,
		 .unsupported = true),
	FIELD_AS(struct spec_affinity, final, "final", FIELD_READ, .read = read_cpu_list,
		 .unsupported = true),
	{ 0 },
};
static const struct field_object affinity_object = { sizeof(struct spec_affinity), affinity_fields, NULL };

static int check_env(const struct json *env, struct error *err)
{
	for (const struct json *entry = env == NULL ? NULL : env->first; entry != NULL; entry = entry->next) {
		if (entry->text[0] == '=')
			return json_error(entry, err, "invalid environment variable: name cannot be empty");
		if (strchr(entry->text, '=') == NULL)
			return json_error(entry, err, "invalid environment variable: missing '='");
	}
	return 0;
}

static int check_rlimits(const struct json *value, const struct spec_rlimits *rlimits, struct error *err)
{
	const struct json *item = json_get(value, "rlimits");
	uint64_t seen = 0;

	item = item == NULL ? NULL : item->first;
	for (size_t i = 0; i < rlimits->count && item != NULL; i++, item = item->next) {
		uint64_t bit = UINT64_C(1) << rlimits->items[i].resource;

		if ((seen & bit) != 0)
			return json_error(item, err, "duplicate rlimit type %s",
					  json_get(item, "type")->text);
		seen |= bit;
	}
	return 0;
}

static int process_check(struct field_reader *reader, const struct json *value, void *into, struct error *err)
{
	struct spec_process *process = into;
	const struct json *size = json_get(value, "consoleSize");
	int result = check_env(json_get(value, "env"), err);

	if (result == 0)
		result = check_rlimits(value, &process->rlimits, err);
	/* whatever it holds, it is ignored without a terminal. */
	if (result == 0 && process->terminal && size != NULL) {
		struct spec_console_size *into_size = field_alloc(reader, 1, sizeof(*into_size), err);

		if (into_size == NULL)
			return -err->number;
		result = field_read_object(reader, size, &console_size_object, into_size, err);
		process->console_size = into_size;
	}
	return result;
}

static const struct field process_fields[] = {
	FIELD(struct spec_process, terminal, "terminal"),
	FIELD(struct spec_process, cwd, "cwd", .required = true, .non_empty = true, .absolute = true,
	      .wrong = "Cwd property must not be empty", .relative = "Cwd must be an absolute path"),
	FIELD(struct spec_process, env, "env"),
	FIELD(struct spec_process, args, "args", .required = true, .non_empty = true,
	      .wrong = "args must not be empty"),
	FIELD_AS(struct spec_process, rlimits, "rlimits", FIELD_ARRAY, .of = &rlimit_object),
	FIELD(struct spec_process, apparmor_profile, "apparmorProfile", .empty_is_absent = true),
	FIELD(struct spec_process, selinux_label, "selinuxLabel", .empty_is_absent = true,
	      .unsupported = true),
	FIELD_AS(struct spec_process, capabilities, "capabilities", FIELD_POINTER,
		 .of = &capabilities_object),
	FIELD(struct spec_process, no_new_privileges, "noNewPrivileges"),
	FIELD(struct spec_process, oom_score_adj, "oomScoreAdj", .min = -1000, .max = 1000),
	FIELD_AS(struct spec_process, scheduler, "scheduler", FIELD_POINTER, .of = &scheduler_object,
		 .unsupported = true),
	FIELD_AS(struct spec_process, io_priority, "ioPriority", FIELD_POINTER, .of = &io_priority_object,
		 .unsupported = true),
	FIELD_AS(struct spec_process, exec_cpu_affinity, "execCPUAffinity", FIELD_OBJECT,
		 .of = &affinity_object),
	FIELD_AS(struct spec_process, user, "user", FIELD_OBJECT, .of = &user_object),
	{ 0 },
};
const struct field_object process_object = { sizeof(struct spec_process), process_fields, process_check };
