/*
 * Capability names to masks, and what of them can be granted; see capabilities.h. The sets are
 * applied by hull-init. libcap is not needed for it: capget(2) and prctl(2) are the whole interface.
 */
#include "runtime/linux/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "base/banned.h"

#define CAPABILITIES_MAX 64

static uint64_t bit(unsigned number)
{
	return (uint64_t)1 << number;
}

/* One line for all that are dropped for one reason. */
static void warn(struct text *warnings, uint64_t dropped, const char *why)
{
	if (dropped == 0)
		return;
	text_append(warnings, "capabilities left out:");
	for (unsigned number = 0; number < CAPABILITIES_MAX; number++) {
		const char *name = spec_capability_name(number);

		if ((dropped & bit(number)) != 0)
			text_format(warnings, " %s", name != NULL ? name : "?");
	}
	text_format(warnings, ": %s\n", why);
}

/* Was @name met before place @index of set @set? */
static bool met_before(const struct spec_capabilities *caps, unsigned set, size_t index, const char *name)
{
	for (unsigned s = 0; s <= set; s++) {
		size_t end = s == set ? index : caps->sets[s].count;

		for (size_t i = 0; i < end; i++)
			if (text_equal(caps->sets[s].items[i], name))
				return true;
	}
	return false;
}

static uint64_t read_set(const struct spec_capabilities *caps, unsigned set, struct text *warnings)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < caps->sets[set].count; i++) {
		const char *name = caps->sets[set].items[i];
		int number = spec_capability_number(name);

		if (number >= 0 && number < CAPABILITIES_MAX)
			mask |= bit((unsigned)number);
		else if (!met_before(caps, set, i, name))
			text_format(warnings, "capability \"%s\" is unknown\n", name);
	}
	return mask;
}

/* Take from *@mask what is not in @allowed; returns it. */
static uint64_t restrict_to(uint64_t *mask, uint64_t allowed)
{
	uint64_t dropped = *mask & ~allowed;

	*mask &= allowed;
	return dropped;
}

static void decide(struct capability_masks *masks, const struct capability_host *host, struct text *warnings)
{
	uint64_t *const sets[] = { &masks->bounding, &masks->effective, &masks->inheritable,
				   &masks->permitted, &masks->ambient };
	uint64_t unknown = 0, missing = 0;

	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		unknown |= restrict_to(sets[i], host->known);
	warn(warnings, unknown, "not known to this kernel");

	missing |= restrict_to(&masks->bounding, host->bounding);
	missing |= restrict_to(&masks->permitted, host->permitted);
	/* The others lose with these; that is one reason, and is told once. */
	missing |= restrict_to(&masks->inheritable, host->permitted | host->inheritable);
	missing |= restrict_to(&masks->effective, host->permitted);
	missing |= restrict_to(&masks->ambient, host->permitted);
	warn(warnings, missing, "hull does not have them itself");

	/* The rules of capset(2) and PR_CAP_AMBIENT_RAISE. */
	warn(warnings, restrict_to(&masks->inheritable, masks->bounding | host->inheritable) & ~missing,
	     "inheritable ones have to be in the bounding set");
	warn(warnings, restrict_to(&masks->effective, masks->permitted) & ~missing,
	     "effective ones have to be permitted");
	warn(warnings, restrict_to(&masks->ambient, masks->permitted & masks->inheritable) & ~missing,
	     "ambient ones have to be permitted and inheritable");
}

int capabilities_decide(const struct spec_capabilities *caps, const struct capability_host *host,
			struct capability_masks *ret, struct text *warnings, struct error *err)
{
	struct capability_masks masks = { 0 };

	if (caps != NULL) {
		masks = (struct capability_masks){
			.bounding = read_set(caps, CAPSET_BOUNDING, warnings),
			.effective = read_set(caps, CAPSET_EFFECTIVE, warnings),
			.inheritable = read_set(caps, CAPSET_INHERITABLE, warnings),
			.permitted = read_set(caps, CAPSET_PERMITTED, warnings),
			.ambient = read_set(caps, CAPSET_AMBIENT, warnings),
		};
		decide(&masks, host, warnings);
	}
	int result = text_done(warnings, err);
	if (result < 0)
		return result;
	*ret = masks;
	return 0;
}

/* --- the running kernel, this process ------------------------------------------------------------------ */

/* 1: in this thread's bounding set, 0: not, -1: the kernel does not know @number. */
static int bounding_has(unsigned number)
{
	return prctl(PR_CAPBSET_READ, number, 0, 0, 0);
}

unsigned capabilities_last(void)
{
	unsigned low = 0, high = CAPABILITIES_MAX; /* low is known, high is not */

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (bounding_has(middle) >= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct capability_host capabilities_host_all(void)
{
	uint64_t all = (bit(capabilities_last()) << 1) - 1;

	return (struct capability_host){ .known = all, .bounding = all, .permitted = all, .inheritable = 0 };
}

static int read_own_sets(struct capability_host *ret, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* glibc has no wrapper of its own. */
	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "capget");
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

/* The bounding set can only be read bit by bit; the few that @caps names will do. */
static void read_bounding(const struct spec_capabilities *caps, struct capability_host *ret)
{
	uint64_t asked = 0;

	for (unsigned set = 0; set < CAPSET_COUNT; set++) {
		for (size_t i = 0; i < caps->sets[set].count; i++) {
			int number = spec_capability_number(caps->sets[set].items[i]);

			uint64_t mask = number >= 0 && number < CAPABILITIES_MAX ? bit((unsigned)number) : 0;

			if ((mask & ~asked) == 0)
				continue;
			int has = bounding_has((unsigned)number);
			asked |= mask;
			ret->known |= has >= 0 ? mask : 0;
			ret->bounding |= has > 0 ? mask : 0;
		}
	}
}

int capabilities_make(const struct spec_capabilities *caps, struct capability_masks *ret,
		      struct text *warnings, struct error *err)
{
	struct capability_host host = { 0 };

	if (caps != NULL) {
		int result = read_own_sets(&host, err);
		if (result < 0)
			return result;
		read_bounding(caps, &host);
	}
	return capabilities_decide(caps, &host, ret, warnings, err);
}
