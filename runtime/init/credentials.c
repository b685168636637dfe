/*
 * Who the program is: bounding set, ids, no_new_privs, the five capability sets. From here on this
 * process has no more rights than it is meant to have, but for the capability that a filter still needs.
 */
#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

static long set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};

	return sys_call6(__NR_capset, SYS_PTR(&header), SYS_PTR(data), 0, 0, 0, 0);
}

static long get_permitted(uint64_t *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	long result = sys_call6(__NR_capget, SYS_PTR(&header), SYS_PTR(data), 0, 0, 0, 0);

	if (result == 0)
		*ret = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return result;
}

int credentials_set_capabilities(const struct plan *plan, struct error *err)
{
	const struct plan_capabilities *sets = &plan->capabilities;
	long result = set_capabilities(sets->effective, sets->permitted, sets->inheritable);

	if (result < 0)
		return error_set(err, (int)-result, "set capabilities");
	for (unsigned cap = 0; cap < 64; cap++) {
		if ((sets->ambient >> cap & 1) == 0)
			continue;
		result = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0);
		if (result < 0)
			return error_set(err, (int)-result, "raise ambient capability %u", cap);
	}
	return 0;
}

static int drop_bounding_set(uint64_t keep, struct error *err)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if ((keep >> cap & 1) != 0)
			continue;
		long result = sys_prctl(PR_CAPBSET_DROP, cap, 0, 0);

		if (result == -EINVAL)
			break; /* past the kernel's last capability */
		if (result < 0)
			return error_set(err, (int)-result, "drop capability %u from the bounding set", cap);
	}
	return 0;
}

/*
 * What is left until the last capset: the process's own, and what a filter needs where no_new_privs does not
 * do. The inheritable set is the last one already: it gives nothing by itself, and may be more than what is
 * permitted.
 */
static long narrow_capabilities(const struct plan *plan)
{
	uint64_t keep = plan->capabilities.permitted, permitted = 0;
	long result = get_permitted(&permitted);

	if (plan->seccomp.count > 0 && (plan->flags & PLAN_NO_NEW_PRIVS) == 0)
		keep |= 1ULL << CAP_SYS_ADMIN;
	return result < 0
		       ? result
		       : set_capabilities(permitted & keep, permitted & keep, plan->capabilities.inheritable);
}

/*
 * Before the gate: who shares the waiting container's pid namespace, or may trace it, gains no more than its
 * program will have.
 */
int init_credentials(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	int dropped = drop_bounding_set(plan->capabilities.bounding, err);

	if (dropped < 0)
		return dropped;
	long result = sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0); /* until the last capset; exec clears it */
	if (result == 0)
		result = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
	if (result == 0)
		result = sys_call6(__NR_setresgid, plan->gid, plan->gid, plan->gid, 0, 0, 0);
	if (result == 0)
		result = sys_call6(__NR_setresuid, plan->uid, plan->uid, plan->uid, 0, 0, 0);
	if (result < 0)
		return error_set(err, (int)-result, "become user %u:%u", plan->uid, plan->gid);
	result = sys_prctl(PR_SET_DUMPABLE, 0, 0, 0); /* the change of uid has set it again */
	if (result == 0) /* leaving uid 0 has emptied the effective set; the filter needs it */
		result = narrow_capabilities(plan);
	if (result == 0 && (plan->flags & PLAN_NO_NEW_PRIVS) != 0)
		result = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0);
	return result < 0 ? error_set(err, (int)-result, "drop privileges") : 0;
}
