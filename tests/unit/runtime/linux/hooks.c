/* Hooks: into the plan, and run in the runtime's namespaces by real programs of this machine. */
#include "runtime/linux/hooks.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/runtime/linux/planned.h"

#define HOOKS(members)                                                                                       \
	DOCUMENT("'annotations':{'k':'v \\\" "                                                               \
		 "w'},'process':{'cwd':'/','args':['sh'],'env':['P=1']},'hooks':{" members "}")
/* One poststop hook: a shell with this script. */
#define SHELL(script, more) "{'path':'/bin/sh','args':['sh','-c','" script "']" more "}"

static char directory[64]; /* the bundle of the tests */

static struct hooks_state state_of(const struct spec *spec)
{
	struct hooks_state state;
	struct error err;

	CHECK_INT(hooks_state_make("id", "/bundle", &spec->annotations, &state, &err), 0);
	return state;
}

static int make(const struct spec *spec, struct plan_builder *builder, struct error *err)
{
	struct hooks_state state = state_of(spec);
	int result = hooks_plan(spec, &state, "/bundle", builder, err);

	hooks_state_release(&state);
	return result;
}

static void planned_hooks(void)
{
	CHECK_STR(planned(make, HOOKS("'createContainer':[{'path':'/"
				      "a','args':['x','y'],'env':['E=1'],'timeout':3},{'path':'/b'}],"
				      "'startContainer':[{'path':'/c'},{'path':'/"
				      "d','env':[]}],'poststop':[{'path':'/e'}]")),
		  "createContainer hook \"/a\"\n  arg \"x\"\n  arg \"y\"\n  env \"E=1\"\n  timeout 3 s\n"
		  "createContainer hook \"/b\"\n"
		  "startContainer hook \"/c\"\n  env \"P=1\"\n"
		  "startContainer hook \"/d\"\n");
	CHECK_STR(planned(make, HOOKS("'poststop':[{'path':'/e'}]")), "");
}

static void runtime_hooks_are_waited_for(void)
{
	static const struct {
		const char *document;
		uint32_t flags;
	} rows[] = {
		{ HOOKS("'prestart':[{'path':'/a'}]"), PLAN_RUNTIME_HOOKS },
		{ HOOKS("'createRuntime':[{'path':'/a'}]"), PLAN_RUNTIME_HOOKS },
		{ HOOKS("'createContainer':[{'path':'/a'}],'poststart':[{'path':'/b'}]"), 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec *spec = planned_spec(rows[i].document);
		struct plan_builder builder;
		struct error err;

		build_init(&builder);
		CHECK_INT(make(spec, &builder, &err), 0);
		CHECK_INT(builder.head.flags, rows[i].flags);
		build_release(&builder);
		spec_free(spec);
	}
}

/* Both halves around the status and the pid make one document. */
static void state_document(void)
{
	struct spec *spec = planned_spec(HOOKS("'poststop':[{'path':'/e'}]"));
	struct hooks_state state = state_of(spec);
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "%screating\",\"pid\":7%s", state.head.data, state.tail.data);
	CHECK_STR(whole, "{\"ociVersion\":\"1.3.0\",\"id\":\"id\",\"status\":\"creating\",\"pid\":7,"
			 "\"bundle\":\"/bundle\","
			 "\"annotations\":{\"k\":\"v \\\" w\"}}");
	hooks_state_release(&state);
	spec_free(spec);
}

/* Run the poststop hooks of @document for process 7; the error's text is kept in @text. */
static int run(const char *document, struct text *warnings, char *text)
{
	struct spec *spec = planned_spec(document);
	struct hooks_state state = state_of(spec);
	struct error err = { 0 };
	int result = hooks_run(&spec->hooks.kinds[HOOK_POSTSTOP], HOOK_POSTSTOP, &state, "stopped", 7,
			       directory, warnings, &err);

	(void)snprintf(text, ERROR_TEXT_SIZE, "%s", result < 0 ? err.text : "");
	hooks_state_release(&state);
	spec_free(spec);
	return result;
}

/* The content of @name in the bundle. */
static const char *content(const char *name)
{
	static char text[8192];
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		(void)close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got < 0 ? NULL : text;
}

static int occurrences(const char *text, const char *word)
{
	int count = 0;

	for (; text != NULL && (text = strstr(text, word)) != NULL; text++)
		count++;
	return count;
}

static void what_a_hook_gets(void)
{
	char text[ERROR_TEXT_SIZE];

	(void)setenv("HULL_TEST_INHERITED", "yes", 1);
	CHECK_INT(run(HOOKS("'poststop':[" SHELL("cat >in; echo $0 $HULL_TEST_INHERITED $A >env; ls -l "
						 "/proc/self/fd >fds; pwd >pwd",
						 "") "]"),
		      NULL, text),
		  0);
	CHECK_STR(text, "");
	CHECK_HAS(content("in"), "\"status\":\"stopped\",\"pid\":7,");
	CHECK_STR(content("env"), "sh yes\n");
	CHECK_STR(content("pwd"), strcat(strcpy(text, directory), "\n"));
	/* The document is standard input, the pipe standard error, each no second time. */
	CHECK_INT(occurrences(content("fds"), "memfd:state"), 1);
	CHECK_INT(occurrences(content("fds"), "pipe:"), 1);
	CHECK_INT(run(HOOKS("'poststop':[" SHELL("echo $HULL_TEST_INHERITED $A >env", ",'env':['A=1']") "]"),
		      NULL, text),
		  0);
	CHECK_STR(content("env"), "1\n");
}

/* A caller that ignores SIGPIPE, as conmon does, hands that down to nobody. */
static void default_signals(void)
{
	char text[ERROR_TEXT_SIZE];

	(void)signal(SIGPIPE, SIG_IGN);
	CHECK_INT(run(HOOKS("'poststop':[" SHELL("grep SigIgn /proc/self/status >signals", "") "]"), NULL,
		      text),
		  0);
	CHECK_HAS(content("signals"), "0000000000000000");
	(void)signal(SIGPIPE, SIG_DFL);
}

static void failures(void)
{
	char text[ERROR_TEXT_SIZE];

	CHECK(run(HOOKS("'poststop':[" SHELL("exit 0", "") "," SHELL("echo why; exit 3",
								     "") "," SHELL("echo no >third", "") "]"),
		  NULL, text) < 0);
	CHECK_STR(text, "error running poststop hook #1: exit status 3, stdout: , stderr: why");
	CHECK(content("third") == NULL);
	CHECK(run(HOOKS("'poststop':[{'path':'/does/not/exist'}]"), NULL, text) < 0);
	CHECK_STR(text, "error running poststop hook #0: exec \"/does/not/exist\"");
	CHECK(run(HOOKS("'poststop':[" SHELL("kill -TERM $$", "") "]"), NULL, text) < 0);
	CHECK_HAS(text, "error running poststop hook #0: signal: 15");
}

/* What a hook writes is shown, but never without end. */
static void long_output(void)
{
	char text[ERROR_TEXT_SIZE];

	CHECK(run(HOOKS("'poststop':[" SHELL(
			  "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; "
			  "i=$((i+1)); done; exit 1",
			  "") "]"),
		  NULL, text) < 0);
	CHECK_HAS(text, "exit status 1");
	CHECK_HAS(text, "0123456789");
}

static void going_on(void)
{
	autotext struct text warnings = TEXT_EMPTY;
	char text[ERROR_TEXT_SIZE];

	CHECK_INT(run(HOOKS("'poststop':[" SHELL("exit 3", "") "," SHELL("echo yes >went",
									 "") "," SHELL("exit 4", "") "]"),
		      &warnings, text),
		  0);
	CHECK_STR(content("went"), "yes\n");
	CHECK_STR(warnings.data, "error running poststop hook #0: exit status 3, stdout: , stderr: \n"
				 "error running poststop hook #2: exit status 4, stdout: , stderr: \n");
}

static void deadline(void)
{
	struct timespec begin, end;
	char text[ERROR_TEXT_SIZE];

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	CHECK(run(HOOKS("'poststop':[" SHELL("echo $$ >pid; exec sleep 30", ",'timeout':1") "]"), NULL,
		  text) < 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK_HAS(text, "hook ran past specified timeout of 1.0s");
	CHECK(end.tv_sec - begin.tv_sec < 10);
	/* And it is gone. */
	CHECK(content("pid") != NULL && kill((pid_t)atoi(content("pid")), 0) < 0);
}

/* What a hook leaves behind may hold its pipe: nobody waits for that. */
static void a_child_that_stays(void)
{
	struct timespec begin, end;
	char text[ERROR_TEXT_SIZE];

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	CHECK_INT(run(HOOKS("'poststop':[" SHELL("sleep 30 & echo $! >child", "") "]"), NULL, text), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	CHECK(end.tv_sec - begin.tv_sec < 10);
	CHECK(content("child") != NULL && kill((pid_t)atoi(content("child")), SIGKILL) == 0);
}

static const struct test tests[] = {
	{ "those of the container's namespaces are in the plan", planned_hooks },
	{ "those of the runtime's make hull-init wait", runtime_hooks_are_waited_for },
	{ "the state document", state_document },
	{ "stdin, environment, descriptors, directory", what_a_hook_gets },
	{ "default signals", default_signals },
	{ "R-096 hook.fail.early: the first failure ends it", failures },
	{ "long output is cut", long_output },
	{ "R-097: poststop hooks all run", going_on },
	{ "timeout", deadline },
	{ "a child that stays is not waited for", a_child_that_stays },
};

int main(void)
{
	char template[] = "/tmp/hull-unit-hooks.XXXXXX", command[128];
	size_t count = ARRAY_LEN(tests);
	int bad = 0;
	struct error err;

	/* As hull's own first act: what the caller left open is nobody's here. */
	if (mkdtemp(template) == NULL || fd_cloexec_from(3, &err) < 0)
		return 1;
	(void)snprintf(directory, sizeof(directory), "%s", template);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		check_failures = 0;
		tests[i].run();
		printf("%s %zu %s\n", check_failures ? "not ok" : "ok", i + 1, tests[i].name);
		bad += check_failures != 0;
	}
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command) != 0 || bad != 0;
}
