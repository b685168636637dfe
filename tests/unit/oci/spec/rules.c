/*
 * What a document may say and what it may not: one row per case, named after the rule of the
 * specification digest. Quotes in the documents are single ones and turned into double ones.
 */
#include <stdlib.h>

#include "oci/spec/spec.h"
#include "tests/unit/check.h"

#define HEAD "{'ociVersion':'1.3.0','root':{'path':'rootfs'}"
#define TOP(members) HEAD "," members "}"
#define PROCESS(members) HEAD ",'process':{'cwd':'/','args':['sh']," members "}}"
#define BARE_PROCESS(members) HEAD ",'process':{" members "}}"
#define MOUNT(members) HEAD ",'mounts':[{" members "}]}"
#define LINUX(members) HEAD ",'linux':{" members "}}"
#define NAMESPACES                                                                                           \
	"'namespaces':[{'type':'pid'},{'type':'network'},{'type':'ipc'},{'type':'uts'},{'type':'mount'}]"
#define ALL(members) HEAD ",'linux':{" NAMESPACES "," members "}}"
#define USER(members) HEAD ",'linux':{'namespaces':[{'type':'user'}]," members "}}"
#define TIME(members) HEAD ",'linux':{'namespaces':[{'type':'time'}]," members "}}"
#define RESOURCES(members) LINUX("'resources':{" members "}")
#define SECCOMP(members) LINUX("'seccomp':{" members "}")
#define RULE(members) SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{" members "}]")
#define HOOK(members) TOP("'hooks':{'poststop':[{" members "}]}")
#define DEVICE(members) LINUX("'devices':[{" members "}]")
#define SYSCTL(key) ALL("'sysctl':{'" key "':'1'}")
#define HOST_SYSCTL(key) LINUX("'sysctl':{'" key "':'1'}")

struct rule {
	const char *name;
	const char *document;
	const char *error;       /* part of the message; NULL: accepted */
	const char *unsupported; /* part of the first note; NULL: none */
	const char *warning;     /* part of the first warning; NULL: none */
};

/* clang-format off */
static const struct rule rules[] = {
	/* the document */
	{ "R-003 json: not an object", "[]", "doc: must be an object, not array (line 1)", NULL, NULL },
	{ "R-004 json.dup", TOP("'hostname':'a','hostname':'b'"), "the name \"hostname\" appears twice", NULL, NULL },
	{ "R-004 json.dup: in what is otherwise ignored", TOP("'vm':{'a':1,'a':2}"), "appears twice", NULL, NULL },
	{ "R-006 ext.ignore", TOP("'unknown':{'a':[1]},'process':{'cwd':'/','args':['a'],'x':1}"), NULL, NULL, NULL },
	{ "R-007 val.invalid: wrong type", TOP("'hostname':7"), "hostname: must be a string, not number (line 1)", NULL, NULL },
	{ "R-009 plat.other: skipped without type checks", TOP("'windows':7,'solaris':[],'vm':'x','zos':1,'freebsd':2"), NULL, NULL, NULL },
	{ "R-010 plat.mixed", PROCESS("'commandLine':7,'user':{'uid':0,'gid':0,'username':8}"), NULL, NULL, NULL },
	{ "R-011 json.null", TOP("'process':null,'mounts':null,'hooks':null,'linux':null,'hostname':null,'annotations':null"), NULL, NULL, NULL },
	{ "R-011 json.null: required members are missing", "{'ociVersion':null,'root':{'path':'r'}}", "ociVersion: is required", NULL, NULL },
	{ "R-011 json.null: deep", PROCESS("'env':null,'rlimits':null,'user':null,'capabilities':{'bounding':null}"), NULL, NULL, NULL },
	{ "R-012 json.trailing", HEAD "}}", "text after the end of the document", NULL, NULL },

	/* ociVersion */
	{ "ociVersion is required", "{'root':{'path':'r'}}", "ociVersion: is required", NULL, NULL },
	{ "R-013 ver.semver: two parts", "{'ociVersion':'1.0','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: v", "{'ociVersion':'v1.0.0','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: leading zero", "{'ociVersion':'01.0.0','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: prerelease 01", "{'ociVersion':'1.0.0-01','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: empty identifier", "{'ociVersion':'1.0.0-a..b','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: trailing text", "{'ociVersion':'1.0.0 ','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: empty", "{'ociVersion':'','root':{'path':'r'}}", "SemVer", NULL, NULL },
	{ "R-013 ver.semver: valid forms", "{'ociVersion':'1.1.0-rc.3+build.01','root':{'path':'r'}}", NULL, NULL, NULL },
	{ "R-013 ver.semver: prerelease 0a", "{'ociVersion':'1.0.0-0a.0','root':{'path':'r'}}", NULL, NULL, NULL },
	{ "R-014 ver.compat: newer minor", "{'ociVersion':'1.4.0','root':{'path':'r'}}", NULL, NULL, "version 1.4.0 is newer" },
	{ "R-014 ver.compat: much newer minor", "{'ociVersion':'1.10.0','root':{'path':'r'}}", NULL, NULL, "version 1.10.0 is newer" },
	{ "R-014 ver.compat: 1.3.9+dev", "{'ociVersion':'1.3.9+dev','root':{'path':'r'}}", NULL, NULL, NULL },
	{ "R-014 ver.compat: 2.0.0", "{'ociVersion':'2.0.0','root':{'path':'r'}}", "version 2.0.0 is not supported", NULL, NULL },
	{ "R-014 ver.compat: 10.0.0", "{'ociVersion':'10.0.0','root':{'path':'r'}}", "not supported", NULL, NULL },
	{ "R-014 ver.compat: 0.5.0", "{'ociVersion':'0.5.0-dev','root':{'path':'r'}}", "not supported", NULL, NULL },

	/* root, mounts */
	{ "R-016 root.req", "{'ociVersion':'1.0.0'}", "root must be specified", NULL, NULL },
	{ "root.path is required", "{'ociVersion':'1.0.0','root':{}}", "root: path: is required", NULL, NULL },
	{ "root.path is not empty", "{'ociVersion':'1.0.0','root':{'path':''}}", "root: path: must not be empty", NULL, NULL },
	{ "root.readonly is a boolean", "{'ociVersion':'1.0.0','root':{'path':'r','readonly':'yes'}}", "root: readonly: must be a boolean, not string", NULL, NULL },
	{ "mounts is an array", TOP("'mounts':{}"), "mounts: must be an array, not object", NULL, NULL },
	{ "mounts[].destination is required", MOUNT("'source':'a'"), "mounts[0]: destination: is required", NULL, NULL },
	{ "R-023 mnt.dest.rel", MOUNT("'destination':'proc','type':'proc','source':'proc'"), NULL, NULL, "mounts[0]: mount destination \"proc\" is not absolute" },
	{ "mounts[].options are strings", MOUNT("'destination':'/a','options':['ro',1]"), "mounts[0]: options[1]: must be a string", NULL, NULL },
	{ "R-026 mnt.map.both", MOUNT("'destination':'/a','uidMappings':[{'containerID':0,'hostID':1,'size':1}]"), "must have both uid and gid mappings", NULL, NULL },
	{ "R-026 mnt.map.both: two empty ones", MOUNT("'destination':'/a','uidMappings':[],'gidMappings':[]"), NULL, NULL, NULL },
	{ "R-027 mnt.map.opt", MOUNT("'destination':'/a','uidMappings':[{'containerID':0,'hostID':1,'size':1}],'gidMappings':[{'containerID':0,'hostID':1,'size':1}]"), NULL, NULL, NULL },
	{ "R-048 mnt.idmap.nons", MOUNT("'destination':'/a','options':['bind','idmap']"), "idmap needs uidMappings", NULL, NULL },
	{ "R-048 mnt.idmap.nons: ridmap", MOUNT("'destination':'/a','options':['ridmap'],'uidMappings':[],'gidMappings':[]"), "ridmap needs uidMappings", NULL, NULL },

	/* process */
	{ "R-051 proc.req: absent is legal", HEAD "}", NULL, NULL, NULL },
	{ "R-053 proc.csize: ignored without a terminal", PROCESS("'consoleSize':{'height':'x'}"), NULL, NULL, NULL },
	{ "R-053 proc.csize: over 65535", PROCESS("'terminal':true,'consoleSize':{'height':65536,'width':1}"), "process: consoleSize: height: number 65536: must be at most 65535", NULL, NULL },
	{ "R-053 proc.csize: both members", PROCESS("'terminal':true,'consoleSize':{'height':1}"), "consoleSize: width: is required", NULL, NULL },
	{ "R-054 proc.cwd: required", BARE_PROCESS("'args':['sh']"), "Cwd property must not be empty", NULL, NULL },
	{ "R-054 proc.cwd: empty", BARE_PROCESS("'args':['sh'],'cwd':''"), "Cwd property must not be empty", NULL, NULL },
	{ "R-054 proc.cwd: relative", BARE_PROCESS("'args':['sh'],'cwd':'tmp'"), "Cwd must be an absolute path", NULL, NULL },
	{ "R-055 proc.env: no =", PROCESS("'env':['A=b','C']"), "process: env[1]: invalid environment variable: missing '='", NULL, NULL },
	{ "R-055 proc.env: no name", PROCESS("'env':['=b']"), "invalid environment variable: name cannot be empty", NULL, NULL },
	{ "R-055 proc.env: empty value", PROCESS("'env':['A=','B==']"), NULL, NULL, NULL },
	{ "R-055 proc.env: NUL", PROCESS("'env':['A=\\u0000']"), "a NUL character in a string", NULL, NULL },
	{ "R-056 proc.args: absent", BARE_PROCESS("'cwd':'/'"), "args must not be empty", NULL, NULL },
	{ "R-056 proc.args: empty", BARE_PROCESS("'cwd':'/','args':[]"), "args must not be empty", NULL, NULL },
	{ "R-059 rlim.map", PROCESS("'rlimits':[{'type':'RLIMIT_FOO','soft':1,'hard':1}]"), "process: rlimits[0]: type: wrong rlimit value: RLIMIT_FOO", NULL, NULL },
	{ "R-063 rlim.dup", PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':1},{'type':'RLIMIT_NOFILE','soft':1,'hard':1}]"), "process: rlimits[1]: duplicate rlimit type RLIMIT_NOFILE", NULL, NULL },
	{ "R-063 rlim.dup: by its other name", PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':1},{'type':'RLIMIT_OFILE','soft':1,'hard':1}]"), "duplicate rlimit type RLIMIT_OFILE", NULL, NULL },
	{ "R-062 rlim.hard: required", PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':1}]"), "rlimits[0]: hard: is required", NULL, NULL },
	{ "R-062 rlim.hard: below soft", PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':2,'hard':1}]"), "soft limit 2 is above the hard limit 1", NULL, NULL },
	{ "R-062 rlim.hard: infinity", PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':18446744073709551615,'hard':18446744073709551615}]"), NULL, NULL, NULL },
	{ "R-062 rlim.hard: 2^64", PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551616}]"), "hard: number 18446744073709551616: must be at most", NULL, NULL },
	{ "numbers: fraction", PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':1.0,'hard':2}]"), "\"1.0\" is not a whole number", NULL, NULL },
	{ "numbers: exponent", PROCESS("'rlimits':[{'type':'RLIMIT_CORE','soft':1e3,'hard':2000}]"), "\"1e3\" is not a whole number", NULL, NULL },
	{ "numbers: negative", PROCESS("'user':{'uid':-1,'gid':0}"), "process: user: uid: number -1: must not be negative", NULL, NULL },
	{ "R-066 cap.nofail: unknown names pass", PROCESS("'capabilities':{'bounding':['CAP_KILL','CAP_FOO'],'ambient':['CAP_FOO']}"), NULL, NULL, NULL },
	{ "capabilities: not a string", PROCESS("'capabilities':{'bounding':[1]}"), "bounding[0]: must be a string", NULL, NULL },
	{ "R-069 oom.set: range", PROCESS("'oomScoreAdj':1001"), "process: oomScoreAdj: number 1001: must be -1000 to 1000", NULL, NULL },
	{ "R-069 oom.set: -1000", PROCESS("'oomScoreAdj':-1000"), NULL, NULL, NULL },
	{ "R-071 aa: empty is none", PROCESS("'apparmorProfile':'','selinuxLabel':''"), NULL, NULL, NULL },
	{ "R-071 aa: carried out", PROCESS("'apparmorProfile':'default'"), NULL, NULL, NULL },
	{ "R-072 se", PROCESS("'selinuxLabel':'a:b:c'"), NULL, "process.selinuxLabel", NULL },
	{ "R-073 sched.zero: policy is required", PROCESS("'scheduler':{'nice':1}"), "scheduler policy is required", NULL, NULL },
	{ "R-073 sched.zero", PROCESS("'scheduler':{'policy':'SCHED_BATCH','flags':['SCHED_FLAG_RESET_ON_FORK']}"), NULL, "process.scheduler", NULL },
	{ "R-075 sched.valid: unknown policy", PROCESS("'scheduler':{'policy':'SCHED_FOO'}"), "policy: \"SCHED_FOO\" is not a known value", NULL, NULL },
	{ "R-075 sched.valid: priority", PROCESS("'scheduler':{'policy':'SCHED_OTHER','priority':1}"), "scheduler.priority can only be specified for SchedFIFO or SchedRR policy", NULL, NULL },
	{ "R-075 sched.valid: priority range", PROCESS("'scheduler':{'policy':'SCHED_FIFO','priority':100}"), "must be 1 to 99", NULL, NULL },
	{ "R-075 sched.valid: nice", PROCESS("'scheduler':{'policy':'SCHED_OTHER','nice':20}"), "invalid scheduler.nice: 20 when scheduler.policy is SCHED_OTHER", NULL, NULL },
	{ "R-075 sched.valid: deadline", PROCESS("'scheduler':{'policy':'SCHED_RR','priority':1,'runtime':1}"), "runtime/deadline/period can only be specified for SchedDeadline", NULL, NULL },
	{ "R-075 sched.valid: flag", PROCESS("'scheduler':{'policy':'SCHED_OTHER','flags':['X']}"), "flags[0]: \"X\" is not a known value", NULL, NULL },
	{ "R-076 iop.class", PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_NONE','priority':1}"), "class: \"IOPRIO_CLASS_NONE\" is not a known value", NULL, NULL },
	{ "R-077 iop.prio", PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}"), "priority: number 8: must be 0 to 7", NULL, NULL },
	{ "R-078 iop.group", PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_IDLE','priority':0}"), NULL, "process.ioPriority", NULL },
	{ "R-080 aff.initial", PROCESS("'execCPUAffinity':{'initial':'0-3,7'}"), NULL, "process.execCPUAffinity.initial", NULL },
	{ "R-080 aff.initial: syntax", PROCESS("'execCPUAffinity':{'initial':'a'}"), "\"a\" is not a list of CPUs", NULL, NULL },
	{ "R-081 aff.final: empty", PROCESS("'execCPUAffinity':{'initial':'','final':''}"), NULL, NULL, NULL },
	{ "R-082 user.ns: 2^32", PROCESS("'user':{'uid':4294967296,'gid':0}"), "doc: process: user: uid: number 4294967296: must be at most 4294967295 (line 1)", NULL, NULL },
	{ "R-082 user.ns: 2^32-1", PROCESS("'user':{'uid':4294967295,'gid':0}"), "process: user: uid: number 4294967295: is not an id", NULL, NULL },
	{ "R-082 user.ns: gid 2^32-1", PROCESS("'user':{'uid':0,'gid':4294967295}"), "process: user: gid: number 4294967295", NULL, NULL },
	{ "R-082 user.ns: largest", PROCESS("'user':{'uid':4294967294,'gid':4294967294}"), NULL, NULL, NULL },
	{ "R-083 user.umask", PROCESS("'user':{'uid':0,'gid':0,'umask':512}"), "umask: number 512: must be at most 511", NULL, NULL },
	{ "R-084 user.gids", PROCESS("'user':{'uid':0,'gid':0,'additionalGids':[1,4294967295]}"), "additionalGids: number 4294967295", NULL, NULL },

	/* host name, hooks, annotations */
	{ "R-085 host.uts: hostname", TOP("'hostname':'a'"), "unable to set hostname/domainname without a private UTS namespace", NULL, NULL },
	{ "R-085 host.uts: domainname", TOP("'domainname':'a'"), "unable to set hostname/domainname without a private UTS namespace", NULL, NULL },
	{ "R-085 host.uts: with it", TOP("'hostname':'a','domainname':'b','linux':{" NAMESPACES "}"), NULL, NULL, NULL },
	{ "R-085 host.uts: empty", TOP("'hostname':''"), NULL, NULL, NULL },
	{ "R-085 host.uts: 65 bytes", TOP("'hostname':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','linux':{" NAMESPACES "}"), "must not be longer than 64 bytes", NULL, NULL },
	{ "R-086 hook.abs", HOOK("'path':'bin/x'"), "hooks: poststop[0]: path: must be an absolute path: \"bin/x\"", NULL, NULL },
	{ "R-086 hook.abs: required", HOOK("'args':['x']"), "hooks: poststop[0]: path: is required", NULL, NULL },
	{ "R-087 hook.to: 0", HOOK("'path':'/x','timeout':0"), "hooks: poststop[0]: timeout: must be greater than 0", NULL, NULL },
	{ "R-087 hook.to: negative", HOOK("'path':'/x','timeout':-1"), "timeout: number -1: must not be negative", NULL, NULL },
	{ "R-087 hook.to: null", HOOK("'path':'/x','timeout':null"), NULL, NULL, NULL },
	{ "R-103 ann.empty", TOP("'annotations':{'':'x'}"), "annotations: a key must not be empty", NULL, NULL },
	{ "R-105 ann.val", TOP("'annotations':{'a':1}"), "annotations: a: must be a string, not number", NULL, NULL },
	{ "R-105 ann.val: empty", TOP("'annotations':{'a':''}"), NULL, NULL, NULL },

	/* namespaces, mappings, time */
	{ "R-109 ns.types", LINUX("'namespaces':[{'type':'pid'},{'type':'network'},{'type':'mount'},{'type':'ipc'},{'type':'uts'},{'type':'cgroup'}]"), NULL, NULL, NULL },
	{ "R-109 ns.types: time", LINUX("'namespaces':[{'type':'time'}]"), NULL, "linux.namespaces[0]: time", NULL },
	{ "R-109 ns.types: unknown", LINUX("'namespaces':[{'type':'net'}]"), "namespace \"net\" does not exist", NULL, NULL },
	{ "R-110 ns.abs", LINUX("'namespaces':[{'type':'network','path':'ns/x'}]"), "linux: namespaces[0]: path: must be an absolute path", NULL, NULL },
	{ "R-115 ns.dup", LINUX("'namespaces':[{'type':'uts'},{'type':'uts','path':'/x'}]"), "malformed spec file: duplicated ns \"uts\"", NULL, NULL },
	{ "R-115 ns.dup: empty path is absent", LINUX("'namespaces':[{'type':'uts','path':''}]"), NULL, NULL, NULL },
	{ "R-116 ns.dep: mappings without user", LINUX("'uidMappings':[{'containerID':0,'hostID':1,'size':1}]"), "user namespace mappings specified, but user namespace isn't enabled in the config", NULL, NULL },
	{ "R-116 ns.dep: user without mappings", LINUX("'namespaces':[{'type':'user'}]"), "user namespaces enabled, but no namespace path to join nor mappings to apply specified", NULL, NULL },
	{ "R-116 ns.dep: user by path", LINUX("'namespaces':[{'type':'user','path':'/proc/1/ns/user'}]"), NULL, NULL, NULL },
	{ "R-116 ns.dep: user with mappings", USER("'uidMappings':[{'containerID':0,'hostID':1,'size':1}],'gidMappings':[{'containerID':0,'hostID':1,'size':1}]"), NULL, NULL, NULL },
	{ "R-116 ns.dep: masked paths without mount", LINUX("'maskedPaths':['/a']"), "unable to restrict sys entries without a private MNT namespace", NULL, NULL },
	{ "R-116 ns.dep: readonly paths without mount", LINUX("'readonlyPaths':['/a']"), "unable to restrict sys entries without a private MNT namespace", NULL, NULL },
	{ "R-118 map.count: size 0", USER("'uidMappings':[{'containerID':0,'hostID':1,'size':0}]"), "uidMappings[0]: size: must not be 0", NULL, NULL },
	{ "R-118 map: beyond the last id", USER("'uidMappings':[{'containerID':0,'hostID':4294967290,'size':6}]"), "uidMappings[0]: the mapping goes beyond id 4294967294", NULL, NULL },
	{ "R-118 map: up to the last id", USER("'uidMappings':[{'containerID':0,'hostID':4294967290,'size':5}]"), NULL, NULL, NULL },
	{ "R-118 map: the whole range", USER("'uidMappings':[{'containerID':0,'hostID':0,'size':4294967295}]"), NULL, NULL, NULL },
	{ "R-118 map: overlap inside", USER("'uidMappings':[{'containerID':0,'hostID':0,'size':10},{'containerID':9,'hostID':100,'size':1}]"), "uidMappings[1]: overlaps with mapping 0", NULL, NULL },
	{ "R-118 map: overlap outside", USER("'gidMappings':[{'containerID':0,'hostID':5,'size':10},{'containerID':10,'hostID':0,'size':6}]"), "gidMappings[1]: overlaps with mapping 0", NULL, NULL },
	{ "R-118 map: neighbours", USER("'gidMappings':[{'containerID':0,'hostID':5,'size':10},{'containerID':10,'hostID':0,'size':5}]"), NULL, NULL, NULL },
	{ "R-118 map: members are required", USER("'uidMappings':[{'containerID':0,'size':1}]"), "hostID: is required", NULL, NULL },
	{ "R-120 time.set", TIME("'timeOffsets':{'monotonic':{'secs':-5,'nanosecs':999999999},'boottime':{}}"), NULL, "linux.namespaces[0]: time", NULL },
	{ "R-120 time.set: unknown clock", TIME("'timeOffsets':{'realtime':{'secs':1}}"), "timeOffsets: realtime: is not a clock that can be offset", NULL, NULL },
	{ "R-120 time.set: nanoseconds", TIME("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"), "nanosecs: number 1000000000: must be at most 999999999", NULL, NULL },
	{ "R-116 ns.dep: offsets without time", LINUX("'timeOffsets':{'boottime':{'secs':1}}"), "time namespace offsets specified, but time namespace isn't enabled in the config", NULL, NULL },
	{ "R-116 ns.dep: offsets with a time path", LINUX("'namespaces':[{'type':'time','path':'/x'}],'timeOffsets':{'boottime':{'secs':1}}"), "both namespace path and time offsets specified", NULL, NULL },

	/* devices, net devices */
	{ "R-123 dev.majmin", DEVICE("'type':'c','path':'/dev/x','major':1"), "linux: devices[0]: major and minor are required", NULL, NULL },
	{ "R-123 dev.majmin: fifo", DEVICE("'type':'p','path':'/dev/x'"), NULL, NULL, NULL },
	{ "dev: type", DEVICE("'type':'a','path':'/dev/x','major':1,'minor':1"), "invalid device type \"a\"", NULL, NULL },
	{ "dev: type is required", DEVICE("'path':'/dev/x','major':1,'minor':1"), "devices[0]: type: is required", NULL, NULL },
	{ "dev: path is absolute", DEVICE("'type':'c','path':'dev/x','major':1,'minor':1"), "path: must be an absolute path", NULL, NULL },
	{ "dev: negative major", DEVICE("'type':'c','path':'/dev/x','major':-1,'minor':1"), "major: number -1: must not be negative", NULL, NULL },
	{ "dev: uid 2^32-1", DEVICE("'type':'c','path':'/dev/x','major':1,'minor':1,'uid':4294967295"), "uid: number 4294967295: is not an id", NULL, NULL },
	{ "dev: mode with a file type", DEVICE("'type':'c','path':'/dev/x','major':1,'minor':1,'fileMode':8630"), NULL, NULL, NULL },
	{ "dev: mode", DEVICE("'type':'c','path':'/dev/x','major':1,'minor':1,'fileMode':1000000"), "number 1000000: is not a file mode", NULL, NULL },
	{ "R-130 nd.move", ALL("'netDevices':{'eth0':{'name':'c%d'},'ens4':{}}"), NULL, "linux.netDevices", NULL },
	{ "R-137 nd.how: bad name", ALL("'netDevices':{'eth0':{'name':'a/b'}}"), "invalid network device name \"a/b\"", NULL, NULL },
	{ "R-137 nd.how: 16 bytes", ALL("'netDevices':{'abcdefghijklmnop':{}}"), "invalid network device name \"abcdefghijklmnop\"", NULL, NULL },
	{ "R-137 nd.how: ..", ALL("'netDevices':{'..':{}}"), "invalid network device name", NULL, NULL },

	/* cgroups */
	{ "R-143 cg.bad", LINUX("'cgroupsPath':'/a/../b'"), "cgroupsPath: \"/a/../b\" must not contain \"..\"", NULL, NULL },
	{ "R-143 cg.bad: at the start", LINUX("'cgroupsPath':'..'"), "must not contain \"..\"", NULL, NULL },
	{ "R-143 cg.bad: dots in names", LINUX("'cgroupsPath':'/a..b/..c'"), NULL, NULL, NULL },
	{ "R-154 dc.order: allow is required", RESOURCES("'devices':[{'access':'rwm'}]"), "devices[0]: allow: is required", NULL, NULL },
	{ "R-154 dc.order: type", RESOURCES("'devices':[{'allow':true,'type':'p'}]"), "invalid device type \"p\"", NULL, NULL },
	{ "R-154 dc.order: empty access", RESOURCES("'devices':[{'allow':true},{'allow':true,'access':''}]"), "device access at 1 field cannot be empty", NULL, NULL },
	{ "R-154 dc.order: access", RESOURCES("'devices':[{'allow':true,'access':'rx'}]"), "invalid device access \"rx\"", NULL, NULL },
	{ "R-154 dc.order: -1 is every", RESOURCES("'devices':[{'allow':true,'type':'c','major':-1,'minor':-1,'access':'m'}]"), NULL, NULL, NULL },
	{ "R-154 dc.order: -2", RESOURCES("'devices':[{'allow':true,'major':-2}]"), "major: number -2: must be -1 to 4294967295", NULL, NULL },
	{ "R-155 mem.unlim", RESOURCES("'memory':{'limit':-1,'swap':-1,'reservation':-1,'kernel':-1,'kernelTCP':-1}"), NULL, NULL, NULL },
	{ "R-155 mem.unlim: -2", RESOURCES("'memory':{'limit':-2}"), "limit: number -2: must be -1 to", NULL, NULL },
	{ "mem: swappiness", RESOURCES("'memory':{'swappiness':101}"), "invalid memory swappiness value: 101 (valid range is 0-100)", NULL, NULL },
	{ "mem: swappiness -1 as unsigned", RESOURCES("'memory':{'swappiness':18446744073709551615}"), NULL, NULL, NULL },
	{ "R-158 mem.v1order: swap without limit", RESOURCES("'memory':{'swap':1000}"), "unable to set swap limit without memory limit", NULL, NULL },
	{ "R-158 mem.v1order: swap below limit", RESOURCES("'memory':{'swap':1000,'limit':2000}"), "memory+swap limit should be >= memory limit", NULL, NULL },
	{ "R-158 mem.v1order: equal", RESOURCES("'memory':{'swap':2000,'limit':2000}"), NULL, NULL, NULL },
	{ "R-159 cpu.burst", RESOURCES("'cpu':{'quota':1000,'burst':1001}"), "burst: number 1001: must not be above the quota 1000", NULL, NULL },
	{ "R-159 cpu.burst: no quota", RESOURCES("'cpu':{'quota':-1,'burst':1001}"), NULL, NULL, NULL },
	{ "R-160 cpu.idle", RESOURCES("'cpu':{'idle':2}"), "idle: number 2: must be 0 to 1", NULL, NULL },
	{ "R-167 pids.zero", RESOURCES("'pids':{'limit':0}"), NULL, NULL, NULL },
	{ "R-162 blk.one", RESOURCES("'blockIO':{'weightDevice':[{'major':8,'minor':0}]}"), "weight or leafWeight is required", NULL, NULL },
	{ "blk: weight range", RESOURCES("'blockIO':{'weight':65536}"), "weight: number 65536: must be at most 65535", NULL, NULL },
	{ "blk: throttle", RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0}]}"), "throttleReadBpsDevice[0]: rate: is required", NULL, NULL },
	{ "R-165 huge.rsvd: page size", RESOURCES("'hugepageLimits':[{'pageSize':'2M','limit':1}]"), "\"2M\" is not a page size", NULL, NULL },
	{ "R-165 huge.rsvd: zero", RESOURCES("'hugepageLimits':[{'pageSize':'0KB','limit':1}]"), "\"0KB\" is not a page size", NULL, NULL },
	{ "R-165 huge.rsvd: limit", RESOURCES("'hugepageLimits':[{'pageSize':'2MB','limit':18446744073709551615}]"), NULL, NULL, NULL },
	{ "R-166 net.name", RESOURCES("'network':{'classID':1,'priorities':[{'priority':1}]}"), "priorities[0]: name: is required", NULL, NULL },
	{ "R-168 rdma.one", RESOURCES("'rdma':{'mlx5_1':{}}"), "rdma: mlx5_1: hcaHandles or hcaObjects is required", NULL, NULL },
	{ "R-173 uni.file: slash", RESOURCES("'unified':{'../x':'1'}"), "\"../x\" is not the name of a cgroup file", NULL, NULL },
	{ "R-173 uni.file: empty", RESOURCES("'unified':{'':'1'}"), "is not the name of a cgroup file", NULL, NULL },
	{ "R-173 uni.file: ..", RESOURCES("'unified':{'..':'1'}"), "is not the name of a cgroup file", NULL, NULL },

	/* RDT, memory policy */
	{ "R-174 rdt", LINUX("'intelRdt':{'closID':'a','l3CacheSchema':'L3:0=f'}"), NULL, "linux.intelRdt", NULL },
	{ "R-177 rdt.root", LINUX("'intelRdt':{'closID':'/'}"), NULL, "linux.intelRdt", NULL },
	{ "R-181 rdt.noclos", LINUX("'intelRdt':{}"), NULL, "linux.intelRdt", NULL },
	{ "R-178 rdt.lines: MB", LINUX("'intelRdt':{'memBwSchema':'L3:0=f'}"), "memBwSchema must be one line that begins with \"MB:\"", NULL, NULL },
	{ "R-178 rdt.lines: newline", LINUX("'intelRdt':{'schemata':['a','b\\nc']}"), "schemata[1] must be one line", NULL, NULL },
	{ "R-188 rdt.id", LINUX("'intelRdt':{'closID':'../x'}"), "invalid intelRdt.ClosID \"../x\"", NULL, NULL },
	{ "R-188 rdt.id: info", LINUX("'intelRdt':{'closID':'info'}"), "invalid intelRdt.ClosID \"info\"", NULL, NULL },
	{ "R-190 mpol.set", LINUX("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0-1','flags':['MPOL_F_STATIC_NODES']}"), NULL, "linux.memoryPolicy", NULL },
	{ "R-189 mpol.nodes: mode", LINUX("'memoryPolicy':{'mode':'X'}"), "mode: \"X\" is not a known value", NULL, NULL },
	{ "R-189 mpol.nodes: none", LINUX("'memoryPolicy':{'mode':'MPOL_BIND'}"), "memory policy mode requires at least one node but got 0", NULL, NULL },
	{ "R-189 mpol.nodes: some", LINUX("'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}"), "memory policy mode requires 0 nodes", NULL, NULL },
	{ "R-189 mpol.nodes: syntax", LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'x'}"), "invalid memory policy nodes \"x\"", NULL, NULL },
	{ "R-190 mpol.set: flags", LINUX("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_NODES']}"), "exclude each other", NULL, NULL },

	/* sysctl, propagation, paths, label, personality */
	{ "R-191 sys.set: net", SYSCTL("net.ipv4.ip_forward"), NULL, NULL, NULL },
	{ "R-191 sys.set: net of the host", HOST_SYSCTL("net.ipv4.ip_forward"), "sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace", NULL, NULL },
	{ "R-191 sys.set: ipc", SYSCTL("kernel.shm_rmid_forced"), NULL, NULL, NULL },
	{ "R-191 sys.set: mqueue", SYSCTL("fs.mqueue.msg_max"), NULL, NULL, NULL },
	{ "R-191 sys.set: ipc of the host", HOST_SYSCTL("fs.mqueue.msg_max"), "is not allowed in the hosts ipc namespace", NULL, NULL },
	{ "R-191 sys.set: domainname", SYSCTL("kernel.domainname"), NULL, NULL, NULL },
	{ "R-191 sys.set: domainname of the host", HOST_SYSCTL("kernel.domainname"), "is not allowed in the hosts uts namespace", NULL, NULL },
	{ "R-191 sys.set: hostname", SYSCTL("kernel.hostname"), "is not allowed as it conflicts with the OCI \"hostname\" field", NULL, NULL },
	{ "R-191 sys.set: user", SYSCTL("user.max_user_namespaces"), "setting ucounts without a user namespace not allowed: user.max_user_namespaces", NULL, NULL },
	{ "R-191 sys.set: the host's", SYSCTL("kernel.core_pattern"), "sysctl \"kernel.core_pattern\" is not in a separate kernel namespace", NULL, NULL },
	{ "R-191 sys.set: not shmmaxx", SYSCTL("kernel.shmmaxx"), "is not in a separate kernel namespace", NULL, NULL },
	{ "R-191 sys.set: vm", SYSCTL("vm/swappiness"), "is not in a separate kernel namespace", NULL, NULL },
	{ "R-191 sys.set: ..", SYSCTL("net/../kernel/core_pattern"), "is not a name below /proc/sys", NULL, NULL },
	{ "R-191 sys.set: .. by dots", SYSCTL("net.//.kernel.core_pattern"), "is not a name below /proc/sys", NULL, NULL },
	{ "R-191 sys.set: empty part", SYSCTL("net..ipv4"), "is not a name below /proc/sys", NULL, NULL },
	{ "R-191 sys.set: empty", SYSCTL(""), "is not a name below /proc/sys", NULL, NULL },
	{ "R-191 sys.set: leading slash", SYSCTL("/net/ipv4/ip_forward"), "is not a name below /proc/sys", NULL, NULL },
	{ "R-192 sys.sep", SYSCTL("net/ipv4/conf/eth0.100/rp_filter"), NULL, NULL, NULL },
	{ "R-194 prop.enum", LINUX("'rootfsPropagation':'rslave'"), NULL, NULL, NULL },
	{ "R-194 prop.enum: unknown", LINUX("'rootfsPropagation':'foo'"), "rootfsPropagation=foo is not supported", NULL, NULL },
	{ "R-194 prop.enum: r", LINUX("'rootfsPropagation':'r'"), "rootfsPropagation=r is not supported", NULL, NULL },
	{ "R-195 mask.abs", ALL("'maskedPaths':['/a','b']"), "linux: maskedPaths[1]: must be an absolute path: \"b\"", NULL, NULL },
	{ "R-197 ro.abs", ALL("'readonlyPaths':['']"), "linux: readonlyPaths[0]: must be an absolute path", NULL, NULL },
	{ "R-199 label", LINUX("'mountLabel':'a:b'"), NULL, "linux.mountLabel", NULL },
	{ "R-199 label: empty", LINUX("'mountLabel':''"), NULL, NULL, NULL },
	{ "R-200 pers", LINUX("'personality':{'domain':'LINUX32'}"), NULL, NULL, NULL },
	{ "R-200 pers: unknown", LINUX("'personality':{'domain':'BSD'}"), "invalid personality domain BSD", NULL, NULL },
	{ "R-200 pers: domain is required", LINUX("'personality':{}"), "personality: domain: is required", NULL, NULL },
	{ "R-201 pers.flags", LINUX("'personality':{'domain':'LINUX','flags':['X']}"), "personality flag \"X\" is not supported", NULL, NULL },

	/* seccomp */
	{ "sc: default action is required", SECCOMP("'syscalls':[{'names':['a'],'action':'SCMP_ACT_ALLOW'}]"), "seccomp: defaultAction: is required", NULL, NULL },
	{ "sc: asks for nothing", SECCOMP("'defaultAction':''"), NULL, NULL, NULL },
	{ "sc: unknown action", SECCOMP("'defaultAction':'SCMP_ACT_FOO'"), "\"SCMP_ACT_FOO\" is not a known value", NULL, NULL },
	{ "sc: unknown architecture", SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','X']"), "architectures[1]: \"X\" is not a known architecture", NULL, NULL },
	{ "sc: unknown flag", SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','flags':['X']"), "flags[0]: \"X\" is not a known value", NULL, NULL },
	{ "R-202 sc.names: empty", RULE("'names':[],'action':'SCMP_ACT_ALLOW'"), "syscalls[0]: names: must not be empty", NULL, NULL },
	{ "R-202 sc.names: absent", RULE("'action':'SCMP_ACT_ALLOW'"), "syscalls[0]: names: is required", NULL, NULL },
	{ "R-202 sc.names: empty name", RULE("'names':['a',''],'action':'SCMP_ACT_ALLOW'"), "names[1]: must not be empty", NULL, NULL },
	{ "R-203 sc.errno: ALLOW", RULE("'names':['a'],'action':'SCMP_ACT_ALLOW','errnoRet':1"), "errnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a number", NULL, NULL },
	{ "R-203 sc.errno: default", SECCOMP("'defaultAction':'SCMP_ACT_KILL','defaultErrnoRet':1"), "defaultErrnoRet: only SCMP_ACT_ERRNO", NULL, NULL },
	{ "R-203 sc.errno: TRACE", RULE("'names':['a'],'action':'SCMP_ACT_TRACE','errnoRet':7"), NULL, NULL, NULL },
	{ "R-203 sc.errno: null", RULE("'names':['a'],'action':'SCMP_ACT_ALLOW','errnoRet':null"), NULL, NULL, NULL },
	{ "R-204 sc.errno.def: range", RULE("'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':65536"), "errnoRet: number 65536", NULL, NULL },
	{ "sc: argument index", RULE("'names':['a'],'action':'SCMP_ACT_ALLOW','args':[{'index':6,'value':1,'op':'SCMP_CMP_EQ'}]"), "args[0]: index: number 6: must be at most 5", NULL, NULL },
	{ "sc: argument operator", RULE("'names':['a'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':1,'op':'EQ'}]"), "op: \"EQ\" is not a known value", NULL, NULL },
	{ "sc: argument value", RULE("'names':['a'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'op':'SCMP_CMP_EQ'}]"), "args[0]: value: is required", NULL, NULL },
	{ "R-205 sc.meta", SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','listenerMetadata':'x'"), "listenerMetadata: must not be set without listenerPath", NULL, NULL },
	{ "R-206 sc.ign", SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/x','listenerMetadata':'x'"), NULL, NULL, NULL },
	{ "R-207 sc.sock: NOTIFY", SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/x','syscalls':[{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}]"), NULL, "linux.seccomp: SCMP_ACT_NOTIFY", NULL },
	{ "R-207 sc.sock: NOTIFY without a listener", RULE("'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'"), "SCMP_ACT_NOTIFY needs listenerPath", NULL, NULL },
	{ "R-216 sc.order: NOTIFY by default", SECCOMP("'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/x'"), "SCMP_ACT_NOTIFY cannot be used as default action", NULL, NULL },
	{ "R-216 sc.order: NOTIFY on write", RULE("'names':['write'],'action':'SCMP_ACT_NOTIFY'"), "SCMP_ACT_NOTIFY cannot be used for the write syscall", NULL, NULL },
};

/* clang-format on */

/* @notes has exactly one kind of note: the first holds @want; none where @want is NULL. */
static void check_notes(const struct strings *notes, const char *want)
{
	if (want == NULL)
		CHECK_INT(notes->count, 0);
	else
		CHECK_HAS(notes->count > 0 ? notes->items[0] : NULL, want);
}

static void check_rule(const struct rule *rule)
{
	struct spec *spec = NULL;
	struct error err;
	char *text = strdup(rule->document);

	for (char *s = text; *s != '\0'; s++)
		if (*s == '\'')
			*s = '"';
	error_clear(&err);
	int result = spec_parse("doc", text, strlen(text), &spec, &err);
	if (rule->error != NULL) {
		CHECK(result < 0);
		CHECK(spec == NULL);
		CHECK_HAS(err.text, rule->error);
		CHECK_HAS(err.text, "doc: ");
		CHECK_HAS(err.text, "line ");
	} else {
		CHECK_INT(result, 0);
		CHECK_STR(err.text, "");
		if (spec != NULL) {
			check_notes(&spec->unsupported, rule->unsupported);
			check_notes(&spec->warnings, rule->warning);
		}
	}
	spec_free(spec);
	free(text);
}

int main(void)
{
	size_t count = sizeof(rules) / sizeof(rules[0]), bad = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		check_failures = 0;
		check_rule(&rules[i]);
		printf("%s %zu %s\n", check_failures ? "not ok" : "ok", i + 1, rules[i].name);
		bad += check_failures != 0;
	}
	return bad != 0;
}
