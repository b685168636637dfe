/*
 * What a person chooses for a container on the command line, in docker's words: `hull image bundle` and
 * `hull container run` have the same options, and one room carries them out (document.h).
 */
#ifndef HULL_OCI_MAKE_CHOICES_H
#define HULL_OCI_MAKE_CHOICES_H

#include <stdbool.h>

#include "base/flags.h"
#include "base/values.h"

struct choices {
	/* the process */
	const char *user, *workdir, *entrypoint, *hostname, *domainname;
	struct flag_list env, env_files, group_add, ulimits;
	struct opt_bool init;
	/* files */
	struct flag_list volumes, mounts, tmpfs;
	struct opt_bool read_only;
	const char *shm_size;
	/* rights */
	struct flag_list cap_add, cap_drop, security_opts, devices, device_rules;
	struct opt_bool privileged;
	/* limits */
	const char *memory, *memory_reservation, *memory_swap, *cpus, *cpuset_cpus, *cpuset_mems,
		*cgroup_parent;
	struct opt_i64 cpu_shares, cpu_period, cpu_quota, pids_limit, oom_score_adj, blkio_weight;
	struct opt_bool oom_kill_disable;
	/* namespaces and the network */
	const char *pid, *ipc, *uts, *cgroupns, *network, *mac_address, *ip;
	struct flag_list publish, dns, dns_search, dns_options, add_hosts, network_aliases;
	/* words about it */
	struct flag_list labels, label_files, annotations, sysctls;
};

/* Rows for a command's table over @type, whose member `struct choices @member` holds the values. */
#define CHOICE(type, m, kind, name, letter, value, help)                                                     \
	FLAG(type, choices.m, kind, name, letter, value, help)
/* clang-format off */
#define CHOICE_ROWS(type)                                                                                    \
	CHOICE(type, add_hosts, LIST, "add-host", 0, "HOST:IP", "add a line to /etc/hosts"),                 \
	CHOICE(type, annotations, LIST, "annotation", 0, "KEY=VALUE", "add an annotation"),                  \
	CHOICE(type, blkio_weight, INT, "blkio-weight", 0, "N", "block I/O weight, 10 to 1000"),             \
	CHOICE(type, cap_add, LIST, "cap-add", 0, "CAP", "add a capability, or ALL"),                        \
	CHOICE(type, cap_drop, LIST, "cap-drop", 0, "CAP", "drop a capability, or ALL"),                     \
	CHOICE(type, cgroup_parent, TEXT, "cgroup-parent", 0, "PATH", "cgroup that holds the container's"),  \
	CHOICE(type, cgroupns, TEXT, "cgroupns", 0, "MODE", "cgroup namespace: host or private"),            \
	CHOICE(type, cpu_period, INT, "cpu-period", 0, "US", "period of the CPU limit in microseconds"),     \
	CHOICE(type, cpu_quota, INT, "cpu-quota", 0, "US", "CPU time in each period in microseconds"),       \
	CHOICE(type, cpu_shares, INT, "cpu-shares", 'c', "N", "CPU weight relative to others (1024)"),       \
	CHOICE(type, cpus, TEXT, "cpus", 0, "N", "how many CPUs, 1.5 for example"),                          \
	CHOICE(type, cpuset_cpus, TEXT, "cpuset-cpus", 0, "LIST", "CPUs it may run on: 0-3, 0,1"),           \
	CHOICE(type, cpuset_mems, TEXT, "cpuset-mems", 0, "LIST", "memory nodes it may use: 0-3, 0,1"),      \
	CHOICE(type, devices, LIST, "device", 0, "HOST[:CONTAINER[:rwm]]", "a device of the host"),          \
	CHOICE(type, device_rules, LIST, "device-cgroup-rule", 0, "RULE", "rule for devices: c 13:* rwm"),   \
	CHOICE(type, dns, LIST, "dns", 0, "IP", "name server"),                                              \
	CHOICE(type, dns_options, LIST, "dns-option", 0, "OPTION", "option for resolv.conf"),                \
	CHOICE(type, dns_search, LIST, "dns-search", 0, "DOMAIN", "search domain"),                          \
	CHOICE(type, domainname, TEXT, "domainname", 0, "NAME", "NIS domain name"),                          \
	CHOICE(type, entrypoint, TEXT, "entrypoint", 0, "PROGRAM", "instead of the image's entry point"),    \
	CHOICE(type, env, LIST, "env", 'e', "NAME[=VALUE]", "set an environment variable"),                  \
	CHOICE(type, env_files, LIST, "env-file", 0, "FILE", "read environment variables from FILE"),        \
	CHOICE(type, group_add, LIST, "group-add", 0, "GROUP", "a further group of the process"),            \
	CHOICE(type, hostname, TEXT, "hostname", 'h', "NAME", "host name of the container"),                 \
	CHOICE(type, init, BOOL, "init", 0, NULL, "run an init that reaps and passes signals on"),           \
	CHOICE(type, ip, TEXT, "ip", 0, "IP", "address on the bridge"),                                      \
	CHOICE(type, ipc, TEXT, "ipc", 0, "MODE", "IPC namespace: host, private or none"),                   \
	CHOICE(type, labels, LIST, "label", 'l', "KEY[=VALUE]", "set a label"),                              \
	CHOICE(type, label_files, LIST, "label-file", 0, "FILE", "read labels from FILE"),                   \
	CHOICE(type, mac_address, TEXT, "mac-address", 0, "MAC", "address of the interface"),                \
	CHOICE(type, memory, TEXT, "memory", 'm', "BYTES", "memory limit: 512m, 2g"),                        \
	CHOICE(type, memory_reservation, TEXT, "memory-reservation", 0, "BYTES", "soft memory limit"),       \
	CHOICE(type, memory_swap, TEXT, "memory-swap", 0, "BYTES", "memory and swap together, -1: no limit"),\
	CHOICE(type, mounts, LIST, "mount", 0, "type=T,src=S,dst=D", "mount a directory, volume or tmpfs"),  \
	CHOICE(type, network, TEXT, "network", 0, "NETWORK", "bridge[:NAME], cni:NAME, host, none, container:ID"),  \
	CHOICE(type, network_aliases, LIST, "network-alias", 0, "NAME", "a further name on its bridge"),     \
	CHOICE(type, oom_kill_disable, BOOL, "oom-kill-disable", 0, NULL, "wait at the memory limit (v1)"),  \
	CHOICE(type, oom_score_adj, INT, "oom-score-adj", 0, "N", "how likely it is killed, -1000 to 1000"), \
	CHOICE(type, pid, TEXT, "pid", 0, "MODE", "pid namespace: host or private"),                         \
	CHOICE(type, pids_limit, INT, "pids-limit", 0, "N", "how many processes, -1: no limit"),             \
	CHOICE(type, privileged, BOOL, "privileged", 0, NULL, "all capabilities and devices, no filter, no masks"),      \
	CHOICE(type, publish, LIST, "publish", 'p', "[IP:][PORT:]PORT[/udp]", "publish a port on the host"), \
	CHOICE(type, read_only, BOOL, "read-only", 0, NULL, "the root file system cannot be written"),       \
	CHOICE(type, security_opts, LIST, "security-opt", 0, "OPTION", "seccomp=FILE, no-new-privileges …"), \
	CHOICE(type, shm_size, TEXT, "shm-size", 0, "BYTES", "size of /dev/shm (default: 64m)"),             \
	CHOICE(type, sysctls, LIST, "sysctl", 0, "KEY=VALUE", "a kernel setting of its namespaces"),         \
	CHOICE(type, tmpfs, LIST, "tmpfs", 0, "DIR[:OPTIONS]", "mount a tmpfs"),                             \
	CHOICE(type, ulimits, LIST, "ulimit", 0, "NAME=SOFT[:HARD]", "resource limit"),                      \
	CHOICE(type, user, TEXT, "user", 'u', "USER[:GROUP]", "user of the process, by name or number"),     \
	CHOICE(type, uts, TEXT, "uts", 0, "MODE", "UTS namespace: host or private"),                         \
	CHOICE(type, volumes, LIST, "volume", 'v', "SRC:DIR[:OPTIONS]", "mount a directory or a volume"),    \
	CHOICE(type, workdir, TEXT, "workdir", 'w', "DIR", "working directory")
/* clang-format on */

#endif
