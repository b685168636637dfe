/* What belongs to a unit: what a container may tell the manager, and the changed document. */
#include <stdlib.h>

#include "base/arena.h"
#include "shim/document.h"
#include "shim/ending.h"
#include "shim/notify.h"
#include "tests/unit/check.h"

static void filtered(const char *datagram, size_t length, const char *want)
{
	char passed[512];

	notify_filter(datagram, length, passed);
	CHECK_STR(passed, want);
}

#define FILTERED(datagram, want) filtered(datagram, sizeof(datagram) - 1, want)

static void test_filter(void)
{
	FILTERED("READY=1", "READY=1");
	FILTERED("READY=1\nSTATUS=up and running\n", "READY=1\nSTATUS=up and running");
	FILTERED("MAINPID=1\nREADY=1\nFDSTORE=1\nFDNAME=x\nNOTIFYACCESS=all\nBARRIER=1", "READY=1");
	FILTERED("RELOADING=1\nMONOTONIC_USEC=5\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=1\nERRNO=2\nEXIT_STATUS="
		 "3\nSTOPPING=1",
		 "RELOADING=1\nMONOTONIC_USEC=5\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=1\nERRNO=2\nEXIT_STATUS="
		 "3\nSTOPPING=1");
	FILTERED("XREADY=1\nready=1", "");
	FILTERED("", "");
	FILTERED("\n\n\n", "");
	FILTERED("STATUS=\xff\nREADY=1", "READY=1");
	FILTERED("STATUS=a\0b\nREADY=1", "READY=1");
	FILTERED("STATUS=\033[31m\nREADY=1", "READY=1");
	FILTERED("STATUS=\xc3\xa4", "STATUS=\xc3\xa4");
}

static void printed(const char *document, const struct document_changes *changes, const char *want)
{
	const struct json *config;
	struct arena arena;
	struct error err;
	autotext struct text text = TEXT_EMPTY;

	arena_init(&arena, 0);
	CHECK_INT(json_parse(&arena, "config.json", document, strlen(document), &config, &err), 0);
	CHECK_INT(document_print(config, changes, &text, &err), 0);
	CHECK_STR(text.data, want);
	arena_release(&arena);
}

static void test_document(void)
{
	static const char document[] =
		"{\"a\":[],\"b\":{},\"c\":[1,-2.5e3,\"x\\\"\\n\",true,null,[[{}]]],"
		"\"process\":{\"env\":[\"A=1\"],\"mounts\":[]},\"mounts\":[],"
		"\"linux\":{\"cgroupsPath\":\"/old\",\"x\":{\"cgroupsPath\":\"/kept\"}}}";
	const struct document_changes none = { 0 };
	const struct document_changes all = { .cgroups_path = "/d/payload", .notify_source = "/run/n" };

	printed(document, &none, document);
	printed(document, &all,
		"{\"a\":[],\"b\":{},\"c\":[1,-2.5e3,\"x\\\"\\n\",true,null,[[{}]]],"
		"\"process\":{\"env\":[\"A=1\",\"NOTIFY_SOCKET=/run/notify/notify.sock\"],\"mounts\":[]},"
		"\"mounts\":[{\"destination\":\"/run/notify\",\"type\":\"bind\",\"source\":\"/run/n\","
		"\"options\":[\"bind\",\"nosuid\",\"nodev\",\"noexec\"]}],"
		"\"linux\":{\"x\":{\"cgroupsPath\":\"/kept\"},\"cgroupsPath\":\"/d/payload\"}}");
	printed("{\"linux\":{\"cgroupsPath\":\"/old\"}}", &all,
		"{\"linux\":{\"cgroupsPath\":\"/d/payload\"}}");
	printed("{\"linux\":{}}", &all, "{\"linux\":{\"cgroupsPath\":\"/d/payload\"}}");
	printed("{}", &all, "{}");
}

static void test_annotation(void)
{
	static const struct {
		const char *document;
		bool wants;
	} cases[] = {
		{ "{}", false },
		{ "{\"annotations\":[]}", false },
		{ "{\"annotations\":{\"hull.notify\":\"shim\"}}", false },
		{ "{\"annotations\":{\"hull.notify\":\"container\"}}", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct json *config;
		struct arena arena;
		struct error err;

		arena_init(&arena, 0);
		CHECK_INT(json_parse(&arena, "c", cases[i].document, strlen(cases[i].document), &config,
				     &err),
			  0);
		CHECK_INT(document_wants_notify(config), cases[i].wants);
		arena_release(&arena);
	}
}

static void test_failure_codes(void)
{
	CHECK_INT(ending_failure_code("exec: \"x\": executable file not found in $PATH"), 127);
	CHECK_INT(ending_failure_code("exec /x: no such file or directory"), 127);
	CHECK_INT(ending_failure_code("exec /x: permission denied"), 126);
	CHECK_INT(ending_failure_code("exec /x: exec format error"), 126);
	CHECK_INT(ending_failure_code("no more cgroups"), 128);
}

static const struct test tests[] = {
	{ "what passes to the service manager", test_filter },
	{ "a document with changes", test_document },
	{ "the annotation", test_annotation },
	{ "exit codes of what could not start", test_failure_codes },
};
TEST_MAIN(tests)
