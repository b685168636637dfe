/* Any bytes as a name of an image: what is accepted is, written out, the same name again. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/image/reference.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct reference reference, again;
	autotext struct text text = TEXT_EMPTY, second = TEXT_EMPTY;
	struct arena arena;
	struct error err;

	arena_init(&arena, 0);
	const char *name = arena_copy(&arena, (const char *)bytes, length);
	if (name != NULL && reference_parse(name, &arena, &reference, &err) == 0) {
		reference = reference_or_latest(&reference);
		reference_format(&reference, &text);
		reference_familiar(&reference, &second);
		/* both forms mean it */
		if (reference_parse(text.data, &arena, &again, &err) < 0 ||
		    !reference_same_repository(&reference, &again) ||
		    reference_parse(second.data, &arena, &again, &err) < 0 ||
		    !reference_same_repository(&reference, &again))
			abort();
	}
	arena_release(&arena);
	return 0;
}
