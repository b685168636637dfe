/*
 * Namespaces, and what belongs to one of them: joins and unshares, loopback, host name, session
 * keyring. Host file systems are still in sight, full capabilities.
 */
#include <net/if.h>
#include <linux/keyctl.h>
#include <linux/sockios.h>

#include "runtime/init/calls.h"
#include "runtime/init/init.h"

#include "base/banned.h"

#define AF_INET_FAMILY 2
#define SOCK_DGRAM_CLOEXEC (2 | 02000000)

/* By enum spec_namespace; the order in which they are entered, the mount namespace last because it
 * replaces the root that names are resolved in. */
static const struct {
	uint64_t flag;
	int index;
	const char *name;
} join_order[PLAN_NS_MAX] = {
	{ CLONE_NEWUSER, 5, "user" },     { CLONE_NEWPID, 0, "pid" },  { CLONE_NEWNET, 1, "network" },
	{ CLONE_NEWIPC, 3, "ipc" },       { CLONE_NEWUTS, 4, "uts" },  { CLONE_NEWTIME, 7, "time" },
	{ CLONE_NEWCGROUP, 6, "cgroup" }, { CLONE_NEWNS, 2, "mount" },
};

int namespaces_join(const struct plan *plan, uint64_t which, struct error *err)
{
	if (which == 0)
		return 0;
	if (plan->kind == PLAN_EXEC) { /* one call, exactly the ones that differ */
		long result = sys_setns(plan->fds.target, which);

		return result < 0 ? error_set(err, (int)-result, "setns to the container") : 0;
	}
	for (int i = 0; i < PLAN_NS_MAX; i++) {
		if ((which & join_order[i].flag) == 0)
			continue;
		long result = sys_setns(plan->fds.namespaces[join_order[i].index], join_order[i].flag);
		if (result < 0)
			return error_set(err, (int)-result, "setns to the %s namespace", join_order[i].name);
	}
	return 0;
}

int init_wait_go(struct init *init, struct error *err)
{
	if ((init->plan->flags & PLAN_WAIT_GO) == 0)
		return 0;
	return sync_expect(init, SYNC_GO, err);
}

/*
 * Born in a new user namespace whose maps hull has written: from the overflow uid to its root, so
 * that what is made next belongs to the container.
 */
int init_become_user(struct init *init, struct error *err)
{
	if ((init->plan->flags & PLAN_NEW_USER) == 0 && (init->plan->joiner_flags & CLONE_NEWUSER) == 0)
		return 0;
	if ((init->plan->flags & PLAN_SETGROUPS) != 0)
		(void)sys_call6(__NR_setgroups, 0, 0, 0, 0, 0,
				0); /* the step "groups" checks the final list */
	long result = sys_call6(__NR_setresgid, 0, 0, 0, 0, 0, 0);
	if (result == 0)
		result = sys_call6(__NR_setresuid, 0, 0, 0, 0, 0, 0);
	if (result < 0)
		return error_set(err, (int)-result, "become root of the user namespace");
	result = sys_prctl(PR_SET_DUMPABLE, 0, 0, 0); /* the change of uid has set it again */
	return result < 0 ? error_set(err, (int)-result, "prctl(PR_SET_DUMPABLE)") : 0;
}

int init_join_namespaces(struct init *init, struct error *err)
{
	return namespaces_join(init->plan, init->plan->join_flags, err);
}

/*
 * Each process moves itself: as hull-init has one thread, `tasks` takes all of it. Before a cgroup
 * namespace is made or entered.
 */
int init_join_cgroups(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	const struct plan_text *names = plan_items(plan, plan->join_names);

	for (uint32_t i = 0; i < plan->join_names.count; i++) {
		long result = sys_write(plan->fds.joins[i], "0", 1);

		if (result < 0)
			return error_set(err, (int)-result, "join cgroup %s", plan_text(plan, names[i]));
		(void)sys_close(plan->fds.joins[i]); /* nothing is left to be written */
	}
	return 0;
}

int init_join_target(struct init *init, struct error *err)
{
	int result = namespaces_join(init->plan, init->plan->target_flags, err);

	if (result < 0 || init->plan->fds.root < 0)
		return result;
	/* No mount namespace brings the container's root along: into it as init_enter_root did. */
	long entered = sys_fchdir(init->plan->fds.root);
	if (entered == 0)
		entered = sys_chroot(".");
	return entered < 0 ? error_set(err, (int)-entered, "chroot") : 0;
}

int init_unshare_namespaces(struct init *init, struct error *err)
{
	if (init->plan->unshare_flags == 0)
		return 0;
	long result = sys_unshare(init->plan->unshare_flags);

	return result < 0 ? error_set(err, (int)-result, "unshare") : 0;
}

/* A session keyring of the container's own, so that it cannot search ours. */
int init_keyring(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	char name[INIT_PATH_MAX];

	if ((plan->flags & PLAN_NEW_KEYRING) == 0)
		return 0;
	if (!string_join(name, sizeof(name), "_ses.", plan_text(plan, plan->id)))
		return error_set(err, ENAMETOOLONG, "keyring name");
	long result = sys_call6(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, SYS_PTR(name), 0, 0, 0, 0);
	if (result < 0 && result != -ENOSYS) /* a kernel without keys has none to share */
		return error_set(err, (int)-result, "keyctl(KEYCTL_JOIN_SESSION_KEYRING, \"%s\")", name);
	return 0;
}

int init_loopback(struct init *init, struct error *err)
{
	struct ifreq request = { .ifr_ifrn.ifrn_name = "lo", .ifr_ifru.ifru_flags = IFF_UP };

	if ((init->plan->flags & PLAN_LOOPBACK) == 0)
		return 0;
	long fd = sys_call6(__NR_socket, AF_INET_FAMILY, SOCK_DGRAM_CLOEXEC, 0, 0, 0, 0);
	if (fd < 0)
		return error_set(err, (int)-fd, "socket");
	long result = sys_ioctl((int)fd, SIOCSIFFLAGS, &request);
	(void)sys_close((int)fd);
	return result < 0 ? error_set(err, (int)-result, "bring \"lo\" up") : 0;
}

int init_hostname(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	const char *host = plan_text(plan, plan->hostname), *domain = plan_text(plan, plan->domainname);

	if (host != NULL) {
		long result =
			sys_call6(__NR_sethostname, SYS_PTR(host), (long)string_length(host), 0, 0, 0, 0);

		if (result < 0)
			return error_set(err, (int)-result, "sethostname \"%s\"", host);
	}
	if (domain != NULL) {
		long result = sys_call6(__NR_setdomainname, SYS_PTR(domain), (long)string_length(domain), 0,
					0, 0, 0);

		if (result < 0)
			return error_set(err, (int)-result, "setdomainname \"%s\"", domain);
	}
	return 0;
}
