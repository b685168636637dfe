/* Names for containers: ships and how they are; see names.h. */
#include "shim/container/names.h"

#include <stdio.h>

#include "base/cleanup.h"

#include "base/banned.h"

static const char *const adjectives[] = {
	"able",    "agile",  "amber",  "ample", "blithe", "bold",   "brave",  "bright", "brisk",  "calm",
	"candid",  "clever", "coral",  "crisp", "daring", "deft",   "eager",  "early",  "fair",   "fleet",
	"frank",   "fresh",  "gentle", "glad",  "golden", "grand",  "hardy",  "hearty", "humble", "jolly",
	"keen",    "kind",   "lively", "lucid", "mellow", "merry",  "mighty", "modest", "nimble", "noble",
	"patient", "placid", "plucky", "proud", "quick",  "quiet",  "ready",  "rustic", "sage",   "serene",
	"silent",  "silver", "sleek",  "spry",  "stable", "steady", "stout",  "sturdy", "sunny",  "swift",
	"tidy",    "trim",   "trusty", "vivid", "warm",   "wise",
};
static const char *const nouns[] = {
	"anchor",  "ballast", "barge",    "bark",    "beacon", "bight",   "bollard", "boom",    "bosun",
	"bow",     "bowline", "brig",     "buoy",    "canoe",  "capstan", "caravel", "clipper", "cog",
	"compass", "coracle", "cutter",   "davit",   "deck",   "dhow",    "dinghy",  "dory",    "ferry",
	"frigate", "galley",  "gangway",  "halyard", "harbor", "hatch",   "helm",    "jetty",   "jib",
	"junk",    "kayak",   "keel",     "ketch",   "lagoon", "lantern", "lighter", "lugger",  "mast",
	"mizzen",  "oar",     "packet",   "pier",    "pilot",  "prow",    "pump",    "quay",    "rigging",
	"rudder",  "sail",    "schooner", "sextant", "skiff",  "sloop",   "spar",    "stern",   "tackle",
	"tender",  "tiller",  "trawler",  "tug",     "wharf",  "winch",   "yawl",
};

void names_make(uint64_t number, unsigned attempt, char *ret, size_t room)
{
	const char *adjective = adjectives[number % ARRAY_LEN(adjectives)];
	const char *noun = nouns[number / ARRAY_LEN(adjectives) % ARRAY_LEN(nouns)];

	/* the longest word of each list and a number: fits into any room that a caller has */
	if (attempt > 0)
		(void)snprintf(ret, room, "%s_%s%u", adjective, noun, attempt);
	else
		(void)snprintf(ret, room, "%s_%s", adjective, noun);
}
