/* What `prune --filter` chooses by; see filter.h. */
#include "oci/spec/filter.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "base/words.h"

#include "base/banned.h"

#define UNTIL "until="
#define LABEL "label="
#define NO_LABEL "label!="

int filter_prune_parse(const struct flag_list *all, int64_t now_ns, struct filter_prune *ret,
		       struct error *err)
{
	struct filter_prune filter = { .all = all };

	for (size_t i = 0; i < all->count; i++) {
		const char *text = all->items[i], *value = strchr(text, '=');

		if (text_starts(text, UNTIL)) {
			if (filter.until_ns.set)
				return error_set(err, 0, "more than one until filter specified");
			filter.until_ns.set = true;
			int result = words_parse_moment(value + 1, now_ns, &filter.until_ns.value, err);
			if (result < 0)
				return error_add(err, "invalid filter '%s'", text);
		} else if (!text_starts(text, LABEL) && !text_starts(text, NO_LABEL)) {
			return error_set(err, 0, "invalid filter '%.*s'", (int)strcspn(text, "="), text);
		} else if (value[1] == '\0' || value[1] == '=') {
			return error_set(err, 0, "invalid filter '%s'", text);
		} else {
			filter.by_label = true;
		}
	}
	*ret = filter;
	return 0;
}

bool filter_prune_passes(const struct filter_prune *filter, int64_t created_ns, const struct spec_kvs *labels)
{
	if (filter->until_ns.set && (created_ns == FILTER_UNKNOWN || created_ns >= filter->until_ns.value))
		return false;
	if (filter->by_label && labels == NULL)
		return false;
	for (size_t i = 0; filter->by_label && i < filter->all->count; i++) {
		const char *text = filter->all->items[i];

		if (text_starts(text, LABEL) && !filter_has_label(labels, text + strlen(LABEL)))
			return false;
		if (text_starts(text, NO_LABEL) && filter_has_label(labels, text + strlen(NO_LABEL)))
			return false;
	}
	return true;
}

bool filter_has_label(const struct spec_kvs *labels, const char *wanted)
{
	size_t length = strcspn(wanted, "=");

	for (size_t i = 0; i < labels->count; i++) {
		const struct spec_kv *label = &labels->items[i];

		if (strlen(label->key) == length && strncmp(label->key, wanted, length) == 0 &&
		    (wanted[length] == '\0' || text_equal(wanted + length + 1, label->value)))
			return true;
	}
	return false;
}
