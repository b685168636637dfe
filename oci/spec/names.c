/*
 * The tables of names that documents and command lines use for kernel numbers: namespaces, hooks,
 * capabilities, resource limits, signals.
 */
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "oci/spec/spec.h"

#include "base/banned.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* clang-format off */
const struct spec_namespace_row spec_namespace_table[NS_COUNT] = {
	[NS_PID]     = { "pid",     "pid",    CLONE_NEWPID },
	[NS_NETWORK] = { "network", "net",    CLONE_NEWNET },
	[NS_MOUNT]   = { "mount",   "mnt",    CLONE_NEWNS },
	[NS_IPC]     = { "ipc",     "ipc",    CLONE_NEWIPC },
	[NS_UTS]     = { "uts",     "uts",    CLONE_NEWUTS },
	[NS_USER]    = { "user",    "user",   CLONE_NEWUSER },
	[NS_CGROUP]  = { "cgroup",  "cgroup", CLONE_NEWCGROUP },
	[NS_TIME]    = { "time",    "time",   CLONE_NEWTIME },
};

const char *const spec_hook_names[HOOK_KIND_COUNT] = {
	[HOOK_PRESTART]         = "prestart",
	[HOOK_CREATE_RUNTIME]   = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER]  = "startContainer",
	[HOOK_POSTSTART]        = "poststart",
	[HOOK_POSTSTOP]         = "poststop",
};

static const char *const capability_table[] = {
	[CAP_CHOWN]              = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE]       = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH]    = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER]             = "CAP_FOWNER",
	[CAP_FSETID]             = "CAP_FSETID",
	[CAP_KILL]               = "CAP_KILL",
	[CAP_SETGID]             = "CAP_SETGID",
	[CAP_SETUID]             = "CAP_SETUID",
	[CAP_SETPCAP]            = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE]    = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE]   = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST]      = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN]          = "CAP_NET_ADMIN",
	[CAP_NET_RAW]            = "CAP_NET_RAW",
	[CAP_IPC_LOCK]           = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER]          = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE]         = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO]          = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT]         = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE]         = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT]          = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN]          = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT]           = "CAP_SYS_BOOT",
	[CAP_SYS_NICE]           = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE]       = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME]           = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG]     = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD]              = "CAP_MKNOD",
	[CAP_LEASE]              = "CAP_LEASE",
	[CAP_AUDIT_WRITE]        = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL]      = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP]            = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE]       = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN]          = "CAP_MAC_ADMIN",
	[CAP_SYSLOG]             = "CAP_SYSLOG",
	[CAP_WAKE_ALARM]         = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND]      = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ]         = "CAP_AUDIT_READ",
	[CAP_PERFMON]            = "CAP_PERFMON",
	[CAP_BPF]                = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

/* The first name of a number is the one that is printed. */
static const struct {
	const char *name;
	int resource;
} rlimit_table[] = {
	{ "RLIMIT_AS", RLIMIT_AS },           { "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },         { "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },     { "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK }, { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },       { "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },     { "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },   { "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING }, { "RLIMIT_STACK", RLIMIT_STACK },
	{ "RLIMIT_OFILE", RLIMIT_NOFILE },
};

static const struct {
	const char *name; /* without "SIG" */
	int number;
} signal_table[] = {
	{ "HUP", SIGHUP },       { "INT", SIGINT },       { "QUIT", SIGQUIT },   { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },     { "ABRT", SIGABRT },     { "IOT", SIGIOT },     { "BUS", SIGBUS },
	{ "FPE", SIGFPE },       { "KILL", SIGKILL },     { "USR1", SIGUSR1 },   { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },     { "PIPE", SIGPIPE },     { "ALRM", SIGALRM },   { "TERM", SIGTERM },
	{ "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },     { "CLD", SIGCHLD },    { "CONT", SIGCONT },
	{ "STOP", SIGSTOP },     { "TSTP", SIGTSTP },     { "TTIN", SIGTTIN },   { "TTOU", SIGTTOU },
	{ "URG", SIGURG },       { "XCPU", SIGXCPU },     { "XFSZ", SIGXFSZ },   { "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF },     { "WINCH", SIGWINCH },   { "IO", SIGIO },       { "POLL", SIGPOLL },
	{ "PWR", SIGPWR },       { "SYS", SIGSYS },
};

/* clang-format on */

/* The kernel's _NSIG: the last real-time signal. */
#define LAST_SIGNAL 64
#define FIRST_REALTIME 34 /* what programs call SIGRTMIN: two are the C library's */

int spec_capability_number(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(capability_table); i++)
		if (strcasecmp(capability_table[i] + 4, name) == 0)
			return (int)i;
	return -1;
}

const char *spec_capability_name(unsigned number)
{
	return number < ARRAY_LEN(capability_table) ? capability_table[number] : NULL;
}

int spec_rlimit_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rlimit_table); i++)
		if (strcmp(rlimit_table[i].name, name) == 0)
			return rlimit_table[i].resource;
	return -1;
}

const char *spec_rlimit_name(unsigned number)
{
	for (size_t i = 0; i < ARRAY_LEN(rlimit_table); i++)
		if (rlimit_table[i].resource == (int)number)
			return rlimit_table[i].name;
	return NULL;
}

/* "RTMIN", "RTMIN+3", "RTMAX-3", "RTMAX"; -1: none of them. */
static int realtime_number(const char *name)
{
	bool from_first = strncasecmp(name, "RTMIN", 5) == 0;
	struct error ignored; /* the caller says what was not a signal */
	uint64_t distance = 0;

	if (!from_first && strncasecmp(name, "RTMAX", 5) != 0)
		return -1;
	name += 5;
	if (*name != '\0' &&
	    (*name != (from_first ? '+' : '-') ||
	     number_parse_u64(name + 1, LAST_SIGNAL - FIRST_REALTIME, &distance, &ignored) < 0))
		return -1;
	return from_first ? FIRST_REALTIME + (int)distance : LAST_SIGNAL - (int)distance;
}

int spec_signal_number(const char *name)
{
	struct error ignored; /* the caller says what was not a signal */
	uint64_t number;

	if (number_parse_u64(name, LAST_SIGNAL, &number, &ignored) == 0)
		return (int)number;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ARRAY_LEN(signal_table); i++)
		if (strcasecmp(signal_table[i].name, name) == 0)
			return signal_table[i].number;
	return realtime_number(name);
}
