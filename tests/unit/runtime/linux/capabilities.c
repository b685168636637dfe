/* Capability masks: decisions for given hosts, and the own sets of the process that runs the test. */
#include "runtime/linux/capabilities.h"

#include <linux/capability.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/check.h"

#define MASK(number) ((uint64_t)1 << (number))
#define SET(...)                                                                                             \
	{                                                                                                    \
		.count = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),                           \
		.items = (const char *const[])                                                               \
		{                                                                                            \
			__VA_ARGS__                                                                          \
		}                                                                                            \
	}

static const struct capability_host everything = { .known = ~0ULL >> 23,
						   .bounding = ~0ULL >> 23,
						   .permitted = ~0ULL >> 23 };

static size_t lines(const struct text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->length; i++)
		count += text->data[i] == '\n';
	return count;
}

static void absent_is_empty(void)
{
	struct capability_masks masks = { 1, 1, 1, 1, 1 };
	autotext struct text warnings = TEXT_EMPTY;
	struct error err;

	CHECK_INT(capabilities_decide(NULL, &everything, &masks, &warnings, &err), 0);
	CHECK_INT(masks.bounding | masks.effective | masks.inheritable | masks.permitted | masks.ambient, 0);
	CHECK_INT(warnings.length, 0);
}

static void names_become_bits(void)
{
	const struct spec_capabilities caps = { .sets = {
							[CAPSET_BOUNDING] = SET("CAP_CHOWN", "CAP_SYS_ADMIN",
										"CAP_CHECKPOINT_RESTORE"),
							[CAPSET_PERMITTED] =
								SET("CAP_CHOWN", "CAP_SYS_ADMIN"),
							[CAPSET_EFFECTIVE] = SET("CAP_SYS_ADMIN"),
							[CAPSET_INHERITABLE] = SET("CAP_CHOWN"),
							[CAPSET_AMBIENT] = SET("CAP_CHOWN"),
						} };
	struct capability_masks masks;
	autotext struct text warnings = TEXT_EMPTY;
	struct error err;

	CHECK_INT(capabilities_decide(&caps, &everything, &masks, &warnings, &err), 0);
	CHECK_INT(masks.bounding, MASK(CAP_CHOWN) | MASK(CAP_SYS_ADMIN) | MASK(CAP_CHECKPOINT_RESTORE));
	CHECK_INT(masks.permitted, MASK(CAP_CHOWN) | MASK(CAP_SYS_ADMIN));
	CHECK_INT(masks.effective, MASK(CAP_SYS_ADMIN));
	CHECK_INT(masks.inheritable, MASK(CAP_CHOWN));
	CHECK_INT(masks.ambient, MASK(CAP_CHOWN));
	CHECK_INT(warnings.length, 0);
}

static void unknown_names_are_told_once(void)
{
	const struct spec_capabilities caps = { .sets = {
							[CAPSET_BOUNDING] =
								SET("CAP_FLY", "CAP_KILL", "CAP_FLY"),
							[CAPSET_PERMITTED] =
								SET("CAP_FLY", "CAP_SWIM", "CAP_KILL"),
						} };
	struct capability_masks masks;
	autotext struct text warnings = TEXT_EMPTY;
	struct error err;

	CHECK_INT(capabilities_decide(&caps, &everything, &masks, &warnings, &err), 0);
	CHECK_INT(masks.bounding, MASK(CAP_KILL));
	CHECK_INT(masks.permitted, MASK(CAP_KILL));
	CHECK_INT(lines(&warnings), 2);
	CHECK_HAS(warnings.data, "\"CAP_FLY\" is unknown");
	CHECK_HAS(warnings.data, "\"CAP_SWIM\" is unknown");
}

static void a_host_without_them(void)
{
	const struct spec_capabilities
		caps = { .sets = {
				 [CAPSET_BOUNDING] =
					 SET("CAP_KILL", "CAP_SYS_RESOURCE", "CAP_CHECKPOINT_RESTORE"),
				 [CAPSET_PERMITTED] = SET("CAP_KILL", "CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"),
				 [CAPSET_EFFECTIVE] = SET("CAP_KILL", "CAP_SYS_RESOURCE", "CAP_SYS_ADMIN"),
				 [CAPSET_INHERITABLE] = SET("CAP_KILL", "CAP_SYS_RESOURCE"),
				 [CAPSET_AMBIENT] = SET("CAP_KILL", "CAP_SYS_RESOURCE"),
			 } };
	/* A kernel older than CAP_CHECKPOINT_RESTORE; no CAP_SYS_RESOURCE; CAP_SYS_ADMIN only bounding. */
	const uint64_t known = MASK(CAP_CHECKPOINT_RESTORE) - 1;
	const struct capability_host host = {
		.known = known,
		.bounding = known & ~MASK(CAP_SYS_RESOURCE),
		.permitted = known & ~MASK(CAP_SYS_RESOURCE) & ~MASK(CAP_SYS_ADMIN),
	};
	struct capability_masks masks;
	autotext struct text warnings = TEXT_EMPTY;
	struct error err;

	CHECK_INT(capabilities_decide(&caps, &host, &masks, &warnings, &err), 0);
	CHECK_INT(masks.bounding, MASK(CAP_KILL));
	CHECK_INT(masks.permitted, MASK(CAP_KILL));
	CHECK_INT(masks.effective, MASK(CAP_KILL));
	CHECK_INT(masks.inheritable, MASK(CAP_KILL));
	CHECK_INT(masks.ambient, MASK(CAP_KILL));
	CHECK_INT(lines(&warnings), 2);
	CHECK_HAS(warnings.data, "CAP_CHECKPOINT_RESTORE: not known to this kernel");
	CHECK_HAS(warnings.data, "CAP_SYS_RESOURCE: hull does not have them itself");
	CHECK_HAS(warnings.data, "CAP_SYS_ADMIN");
}

static void sets_fit_each_other(void)
{
	const struct spec_capabilities caps = { .sets = {
							[CAPSET_BOUNDING] = SET("CAP_KILL", "CAP_CHOWN"),
							[CAPSET_PERMITTED] = SET("CAP_KILL", "CAP_FOWNER"),
							[CAPSET_EFFECTIVE] = SET("CAP_KILL", "CAP_CHOWN"),
							[CAPSET_INHERITABLE] = SET("CAP_CHOWN", "CAP_FSETID"),
							[CAPSET_AMBIENT] = SET("CAP_KILL", "CAP_CHOWN"),
						} };
	struct capability_host host = everything;
	struct capability_masks masks;
	autotext struct text warnings = TEXT_EMPTY;
	struct error err;

	CHECK_INT(capabilities_decide(&caps, &host, &masks, &warnings, &err), 0);
	CHECK_INT(masks.permitted, MASK(CAP_KILL) | MASK(CAP_FOWNER));
	CHECK_INT(masks.effective, MASK(CAP_KILL));
	CHECK_INT(masks.inheritable, MASK(CAP_CHOWN));
	CHECK_INT(masks.ambient, 0);
	CHECK_INT(lines(&warnings), 3);
	CHECK_HAS(warnings.data, "CAP_CHOWN: effective ones have to be permitted");
	CHECK_HAS(warnings.data, "CAP_FSETID: inheritable ones");
	CHECK_HAS(warnings.data, "CAP_CHOWN CAP_KILL: ambient ones");

	/* What was inherited already may stay so outside of the bounding set. */
	host.inheritable = MASK(CAP_FSETID);
	CHECK_INT(capabilities_decide(&caps, &host, &masks, &warnings, &err), 0);
	CHECK_INT(masks.inheritable, MASK(CAP_CHOWN) | MASK(CAP_FSETID));
}

/* The kernel takes what capabilities_make says: every set is within this process's own. */
static void own_sets(void)
{
	const char *names[64];
	size_t count = 0;
	struct spec_capabilities caps;
	struct capability_masks masks;
	autotext struct text warnings = TEXT_EMPTY;
	struct error err;

	while (spec_capability_name((unsigned)count) != NULL) {
		names[count] = spec_capability_name((unsigned)count);
		count++;
	}
	for (int set = 0; set < CAPSET_COUNT; set++)
		caps.sets[set] = (struct strings){ .count = count, .items = names };
	CHECK_INT(capabilities_make(&caps, &masks, &warnings, &err), 0);

	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long long permitted = 1, bounding = 1;
	CHECK(file != NULL);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		(void)sscanf(line, "CapPrm: %llx", &permitted);
		(void)sscanf(line, "CapBnd: %llx", &bounding);
	}
	if (file != NULL)
		(void)fclose(file);
	CHECK_INT(masks.permitted, permitted);
	CHECK_INT(masks.bounding, bounding);
}

static void last(void)
{
	FILE *file = fopen("/proc/sys/kernel/cap_last_cap", "re");
	unsigned want = 0;

	CHECK(file != NULL && fscanf(file, "%u", &want) == 1);
	if (file != NULL)
		(void)fclose(file);
	CHECK_INT(capabilities_last(), want);
	CHECK_INT(capabilities_host_all().known, (MASK(want) << 1) - 1);
}

static const struct test tests[] = {
	{ "an absent object is five empty sets", absent_is_empty },
	{ "names become bits", names_become_bits },
	{ "an unknown name is told once (R-065)", unknown_names_are_told_once },
	{ "what the host lacks is dropped (R-066)", a_host_without_them },
	{ "the sets fit each other", sets_fit_each_other },
	{ "the own sets are the limit", own_sets },
	{ "the kernel's newest capability", last },
};
TEST_MAIN(tests)
