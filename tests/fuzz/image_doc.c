/* Any bytes as an index, a manifest, a configuration: one of them at most, and nothing in it that is a path.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "oci/spec/image.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	struct image_index index;
	struct image_manifest manifest;
	struct image_config config;
	struct arena arena;
	struct error err;

	arena_init(&arena, (size_t)256 << 20);
	bool is_index = image_parse_index(&arena, "x", text, length, NULL, &index, &err) == 0;
	bool is_manifest = image_parse_manifest(&arena, "x", text, length, NULL, &manifest, &err) == 0;
	if (is_index && is_manifest)
		abort();
	for (size_t i = 0; is_index && i < index.manifests.count; i++)
		if (image_check_digest(index.manifests.items[i].digest, "x", &err) < 0 ||
		    index.manifests.items[i].size < 0)
			abort();
	for (size_t i = 0; is_manifest && i < manifest.layers.count; i++)
		if (image_check_digest(manifest.layers.items[i].digest, "x", &err) < 0)
			abort();
	if (image_parse_config(&arena, "x", text, length, &config, &err) == 0)
		for (size_t i = 0; i < config.diff_ids.count; i++)
			if (image_check_digest(config.diff_ids.items[i], "x", &err) < 0)
				abort();
	arena_release(&arena);
	return 0;
}
