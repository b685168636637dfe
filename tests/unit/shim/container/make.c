/* The document that is made of a bundle's. */
#include "tests/unit/check.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "oci/spec/spec.h"
#include "shim/container/make.h"

static struct arena arena;

/* What hull does not know stays; what is relative becomes absolute; the rest is what was wanted. */
static void test_rewrite(void)
{
	static const char config[] =
		"{\"ociVersion\":\"1.0.2\",\"x-unknown\":{\"deep\":[1,2]},\"root\":{\"path\":\"rootfs\","
		"\"readonly\":true},"
		"\"process\":{\"cwd\":\"/"
		"\",\"args\":[\"sh\"],\"terminal\":true,\"user\":{\"uid\":1,\"gid\":2}},"
		"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		"{\"destination\":\"/d\",\"source\":\"data\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"destination\":\"/e\",\"type\":\"bind\",\"source\":\"/abs\"}]}";
	static const char *const items[] = { "sleep", "9" };
	struct make_document wanted = { "/b", { 2, items }, false, "/hull-container/x" };
	autotext struct text text = TEXT_EMPTY;
	struct spec *spec = NULL;
	struct error err;

	CHECK_INT(spec_parse("config.json", config, sizeof(config) - 1, &spec, &err), 0);
	if (spec == NULL)
		return;
	CHECK_INT(make_rewrite(spec, &wanted, &arena, &text, &err), 0);
	CHECK_STR(text.data,
		  "{\"ociVersion\":\"1.0.2\",\"x-unknown\":{\"deep\":[1,2]},\"root\":{\"path\":\"/b/"
		  "rootfs\",\"readonly\":true},"
		  "\"process\":{\"cwd\":\"/"
		  "\",\"args\":[\"sleep\",\"9\"],\"terminal\":false,\"user\":{\"uid\":1,\"gid\":2}},"
		  "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		  "{\"destination\":\"/d\",\"source\":\"/b/data\",\"options\":[\"rbind\",\"ro\"]},"
		  "{\"destination\":\"/e\",\"type\":\"bind\",\"source\":\"/abs\"}],"
		  "\"linux\":{\"cgroupsPath\":\"/hull-container/x\"}}\n");
	spec_free(spec);
	arena_release(&arena);
}

static const struct test tests[] = {
	{ "a bundle's document is rewritten, unknown members stay", test_rewrite },
};
TEST_MAIN(tests)
