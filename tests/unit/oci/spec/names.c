/* The tables of names, both ways. */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "oci/spec/parts.h"
#include "tests/unit/check.h"

static void test_capabilities(void)
{
	unsigned count = 0;

	for (const char *name; (name = spec_capability_name(count)) != NULL; count++)
		CHECK_INT(spec_capability_number(name), count);
	CHECK_INT(count, 41);
	CHECK_INT(spec_capability_number("CAP_CHOWN"), 0);
	CHECK_INT(spec_capability_number("CAP_SYS_ADMIN"), 21);
	CHECK_INT(spec_capability_number("sys_admin"), 21);
	CHECK_INT(spec_capability_number("cap_checkpoint_restore"), 40);
	CHECK_INT(spec_capability_number("CAP_FOO"), -1);
	CHECK_INT(spec_capability_number("CAP_"), -1);
	CHECK_INT(spec_capability_number(""), -1);
	CHECK(spec_capability_name(~0U) == NULL);
}

static void test_rlimits(void)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		const char *name = spec_rlimit_name(i);

		CHECK(name != NULL);
		CHECK_INT(name == NULL ? -1 : spec_rlimit_number(name), i);
	}
	CHECK(spec_rlimit_name(RLIM_NLIMITS) == NULL);
	CHECK_STR(spec_rlimit_name(RLIMIT_NOFILE), "RLIMIT_NOFILE");
	CHECK_INT(spec_rlimit_number("RLIMIT_OFILE"), RLIMIT_NOFILE);
	CHECK_INT(spec_rlimit_number("NOFILE"), -1);
	CHECK_INT(spec_rlimit_number("rlimit_nofile"), -1);
}

static void test_signals(void)
{
	CHECK_INT(spec_signal_number("SIGTERM"), SIGTERM);
	CHECK_INT(spec_signal_number("TERM"), SIGTERM);
	CHECK_INT(spec_signal_number("term"), SIGTERM);
	CHECK_INT(spec_signal_number("sigkill"), SIGKILL);
	CHECK_INT(spec_signal_number("15"), SIGTERM);
	CHECK_INT(spec_signal_number("0"), 0);
	CHECK_INT(spec_signal_number("64"), 64);
	CHECK_INT(spec_signal_number("65"), -1);
	CHECK_INT(spec_signal_number("-1"), -1);
	CHECK_INT(spec_signal_number("IOT"), SIGABRT);
	CHECK_INT(spec_signal_number("SIGRTMIN"), 34);
	CHECK_INT(spec_signal_number("SIGRTMIN+3"), 37); /* what stops a systemd in a container */
	CHECK_INT(spec_signal_number("rtmin+30"), 64);
	CHECK_INT(spec_signal_number("RTMAX"), 64);
	CHECK_INT(spec_signal_number("SIGRTMAX-30"), 34);
	CHECK_INT(spec_signal_number("RTMIN+31"), -1);
	CHECK_INT(spec_signal_number("RTMIN-1"), -1);
	CHECK_INT(spec_signal_number("RTMAX+1"), -1);
	CHECK_INT(spec_signal_number("RTMIN+"), -1);
	CHECK_INT(spec_signal_number("RTMIN+x"), -1);
	CHECK_INT(spec_signal_number("RTM"), -1);
	CHECK_INT(spec_signal_number("SIG"), -1);
	CHECK_INT(spec_signal_number(""), -1);
	/* Every signal of the kernel that has a name. */
	for (int i = 1; i < 32; i++) {
		const char *name = sigabbrev_np(i);

		CHECK(name != NULL);
		CHECK_INT(name == NULL ? -1 : spec_signal_number(name), i);
	}
}

static void test_namespaces(void)
{
	uint64_t all = 0;

	for (int i = 0; i < NS_COUNT; i++) {
		CHECK(spec_namespace_table[i].name != NULL && spec_namespace_table[i].proc_name != NULL);
		all |= spec_namespace_table[i].clone_flag;
	}
	CHECK(all == (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
		      CLONE_NEWUSER | CLONE_NEWCGROUP | 0x80));
	CHECK_STR(spec_namespace_table[NS_NETWORK].name, "network");
	CHECK_STR(spec_namespace_table[NS_NETWORK].proc_name, "net");
	CHECK_STR(spec_namespace_table[NS_MOUNT].proc_name, "mnt");
}

static void test_hooks(void)
{
	for (int i = 0; i < HOOK_KIND_COUNT; i++)
		CHECK(spec_hook_names[i] != NULL);
	CHECK_STR(spec_hook_names[HOOK_CREATE_RUNTIME], "createRuntime");
	CHECK_STR(spec_hook_names[HOOK_POSTSTOP], "poststop");
}

static size_t table_count(const struct field_name *names)
{
	size_t count = 0;

	while (names[count].name != NULL)
		count++;
	return count;
}

static void test_seccomp(void)
{
	size_t archs = 0;
	int value = -1;

	CHECK_INT(table_count(seccomp_action_names), 9);
	CHECK_INT(table_count(seccomp_op_names), 7);
	CHECK_INT(table_count(seccomp_flag_names), 4);
	while (seccomp_arch_names[archs] != NULL)
		archs++;
	CHECK_INT(archs, 23);
	CHECK(field_name_find(seccomp_action_names, "SCMP_ACT_KILL", &value));
	CHECK_INT(value, SC_KILL_THREAD);
	CHECK(!field_name_find(seccomp_action_names, "SCMP_ACT", &value));
	/* Every action and operator has a name. */
	for (int i = 0; i < SC_ACTION_COUNT; i++) {
		bool found = false;

		for (size_t k = 0; seccomp_action_names[k].name != NULL; k++)
			found = found || seccomp_action_names[k].value == i;
		CHECK(found);
	}
	for (int i = 0; i < SC_OP_COUNT; i++)
		CHECK_INT(seccomp_op_names[i].value, i);
}

static const struct test tests[] = {
	{ "capabilities", test_capabilities },
	{ "resource limits", test_rlimits },
	{ "signals", test_signals },
	{ "namespaces", test_namespaces },
	{ "hooks", test_hooks },
	{ "seccomp", test_seccomp },
};
TEST_MAIN(tests)
