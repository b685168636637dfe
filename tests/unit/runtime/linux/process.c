/* The process: from a document to the plan. */
#include "runtime/linux/process.h"

#include <sys/prctl.h>

#include "base/cleanup.h"
#include "tests/unit/runtime/linux/planned.h"

#define PROCESS(members) DOCUMENT("'process':{'cwd':'/','args':['sh']," members "}")
#define ENV(list) PROCESS("'env':[" list "]")
#define NO_CAPABILITIES                                                                                      \
	"capabilities bounding none\ncapabilities permitted none\ncapabilities effective none\n"             \
	"capabilities inheritable none\ncapabilities ambient none\n"
#define USER "cwd \"/\"\nuser 0:0 umask 0022\n"
#define REST USER NO_CAPABILITIES

static struct process_extra extra;

static int make(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	autotext struct text warnings = TEXT_EMPTY;

	extra.cache_dir = -1;
	extra.for_print = true;
	return process_plan(spec->process, spec->linux, &extra, builder, &warnings, err);
}

/* The head of the plan for @document. */
static struct plan head_of(const char *document)
{
	struct spec *spec = planned_spec(document);
	struct plan_builder builder;
	struct error err;

	build_init(&builder);
	CHECK_INT(make(spec, &builder, &err), 0);
	struct plan head = builder.head;
	build_release(&builder);
	spec_free(spec);
	return head;
}

static void least(void)
{
	CHECK_STR(planned(make, DOCUMENT("'process':{'cwd':'/','args':['/bin/true']}")),
		  "arg \"/bin/true\"\nprogram candidate \"/bin/true\"\n" REST);
}

static void arguments(void)
{
	CHECK_STR(planned(make, DOCUMENT("'process':{'cwd':'/w','args':['a b','','\\n']}")),
		  "arg \"a b\"\narg \"\"\narg \"\\n\"\ncwd \"/w\"\nuser 0:0 umask 0022\n" NO_CAPABILITIES);
}

/* The PATH of the document, never hull's own. */
static void search(void)
{
	CHECK_STR(planned(make, ENV("'PATH=/bin:/usr/bin'")),
		  "arg \"sh\"\nprogram candidate \"/bin/sh\"\nprogram candidate \"/usr/bin/sh\"\n"
		  "env \"PATH=/bin:/usr/bin\"\n" REST);
	CHECK_STR(planned(make, ENV("'PATH=:/x'")), "arg \"sh\"\nprogram candidate \"./sh\"\nprogram "
						    "candidate \"/x/sh\"\nenv \"PATH=:/x\"\n" REST);
	CHECK_STR(planned(make, ENV("")), "arg \"sh\"\n" REST);
	CHECK_STR(planned(make, DOCUMENT("'process':{'cwd':'/','args':['d/sh'],'env':['PATH=/bin']}")),
		  "arg \"d/sh\"\nprogram candidate \"d/sh\"\nenv \"PATH=/bin\"\n" REST);
	/* The last PATH counts. */
	CHECK_STR(planned(make, ENV("'PATH=/a','PATH=/b'")),
		  "arg \"sh\"\nprogram candidate \"/b/sh\"\nenv \"PATH=/b\"\n" REST);
}

static void environment(void)
{
	CHECK_STR(planned(make, ENV("'A=1','B=2','A=3','AB=4','B='")),
		  "arg \"sh\"\nenv \"A=3\"\nenv \"AB=4\"\nenv \"B=\"\n" REST);
	CHECK((head_of(ENV("'HOME=/h'")).flags & PLAN_HOME_FROM_PASSWD) == 0);
	CHECK((head_of(ENV("")).flags & PLAN_HOME_FROM_PASSWD) != 0);
	CHECK((head_of(ENV("'HOME=/a','HOME='")).flags & PLAN_HOME_FROM_PASSWD) != 0);
	/* An empty one is not there twice. */
	CHECK_STR(planned(make, ENV("'HOME='")), "arg \"sh\"\n" REST);
}

static void socket_activation(void)
{
	extra = (struct process_extra){
		.listen_fds = 2, .listen_fdnames = "a:b", .preserve_fds = 3, .notify_socket = "/run/n"
	};
	CHECK_STR(planned(make, ENV("'A=1'")), "arg \"sh\"\nenv \"A=1\"\nenv \"LISTEN_FDS=2\"\nenv "
					       "\"LISTEN_PID=1\"\nenv \"LISTEN_FDNAMES=a:b\"\n"
					       "env \"NOTIFY_SOCKET=/run/n\"\n" REST "descriptors kept 3\n");
	extra = (struct process_extra){ 0 };
}

static void user(void)
{
	CHECK_STR(planned(make, PROCESS("'user':{'uid':1000,'gid':100,'umask':63,'additionalGids':[5,0]}")),
		  "arg \"sh\"\ncwd \"/\"\nuser 1000:100 umask 0077\ngroup 5\ngroup 0\n" NO_CAPABILITIES);
}

static void rlimits(void)
{
	CHECK_STR(planned(make, PROCESS("'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':"
					"18446744073709551615},{'type':'RLIMIT_CPU','soft':0,'hard':2}]")),
		  "arg \"sh\"\n" USER "rlimit RLIMIT_NOFILE soft 1 hard 18446744073709551615\n"
		  "rlimit RLIMIT_CPU soft 0 hard 2\n" NO_CAPABILITIES);
}

#define CAPS                                                                                                 \
	"'capabilities':{'bounding':['CAP_KILL','CAP_SYS_ADMIN'],'permitted':['CAP_KILL','CAP_SYS_ADMIN'],'" \
	"effective':['CAP_KILL']}"

static void capabilities(void)
{
	CHECK_STR(planned(make, PROCESS(CAPS)),
		  "arg \"sh\"\n" USER "capabilities bounding CAP_KILL CAP_SYS_ADMIN\n"
		  "capabilities permitted CAP_KILL CAP_SYS_ADMIN\ncapabilities effective CAP_KILL\n"
		  "capabilities inheritable none\ncapabilities ambient none\n");
}

/* Where it is not for printing, hull's own sets are the limit, but for a new user namespace. */
static void who_grants(void)
{
	static const struct process_extra own = { .cache_dir = -1 };
	struct spec *spec = planned_spec(PROCESS(CAPS));
	uint64_t admin = (uint64_t)1 << 21, kill = (uint64_t)1 << 5;

	for (int new_user = 0; new_user < 2; new_user++) {
		autotext struct text warnings = TEXT_EMPTY;
		struct plan_builder builder;
		struct error err;

		build_init(&builder);
		builder.head.flags = new_user ? PLAN_NEW_USER : 0;
		CHECK_INT(process_plan(spec->process, spec->linux, &own, &builder, &warnings, &err), 0);
		uint64_t bounding = builder.head.capabilities.bounding;
		if (new_user)
			CHECK_INT(bounding, admin | kill);
		else
			CHECK_INT(bounding & admin, prctl(PR_CAPBSET_READ, 21, 0, 0, 0) > 0 ? admin : 0);
		CHECK_INT(bounding & ~(admin | kill), 0);
		if (bounding != (admin | kill))
			CHECK_HAS(warnings.data, "cannot be granted");
		build_release(&builder);
	}
	spec_free(spec);
}

static void terminal(void)
{
	struct plan head = head_of(PROCESS("'terminal':true,'consoleSize':{'height':24,'width':80}"));

	CHECK_INT(head.flags & (PLAN_TERMINAL | PLAN_CONSOLE_SIZE), PLAN_TERMINAL | PLAN_CONSOLE_SIZE);
	CHECK_INT(head.console_rows, 24);
	CHECK_INT(head.console_columns, 80);
	head = head_of(PROCESS("'terminal':false,'consoleSize':{'height':24,'width':80}"));
	CHECK_INT(head.flags & (PLAN_TERMINAL | PLAN_CONSOLE_SIZE), 0);
}

static void single_values(void)
{
	CHECK((head_of(PROCESS("'noNewPrivileges':true")).flags & PLAN_NO_NEW_PRIVS) != 0);
	CHECK((head_of(PROCESS("'noNewPrivileges':false")).flags & PLAN_NO_NEW_PRIVS) == 0);
	CHECK_HAS(planned(make, PROCESS("'oomScoreAdj':-1000")), "oom score adjustment \"-1000\"\n");
	CHECK_HAS(planned(make, PROCESS("'oomScoreAdj':0")), "oom score adjustment \"0\"\n");
	CHECK(strstr(planned(make, PROCESS("'env':[]")), "oom score") == NULL);
	CHECK_HAS(planned(make, DOCUMENT("'process':{'cwd':'/"
					 "','args':['sh']},'linux':{'personality':{'domain':'LINUX32'}}")),
		  "personality 0x8\n");
}

static const struct test tests[] = {
	{ "the least that a process says", least },
	{ "R-056 proc.args: as they are", arguments },
	{ "R-056 proc.args: searched along PATH of the document", search },
	{ "R-055 proc.env: the last of a name wins, HOME is looked up", environment },
	{ "LISTEN_FDS, NOTIFY_SOCKET", socket_activation },
	{ "user, umask, groups", user },
	{ "R-059 rlim.map", rlimits },
	{ "capabilities", capabilities },
	{ "R-065, R-066: what the caller may grant", who_grants },
	{ "R-052 proc.term, R-053 proc.csize", terminal },
	{ "noNewPrivileges, oomScoreAdj, personality", single_values },
};

TEST_MAIN(tests)
