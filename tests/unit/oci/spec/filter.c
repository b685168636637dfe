/* What prune --filter takes, leaves and refuses. */
#include "oci/spec/filter.h"

#include "base/words.h"
#include "tests/unit/check.h"

#define MAX_FILTERS 4
#define NOW (INT64_C(2000000000) * WORDS_SECOND_NS)

static const struct spec_kv label_items[] = { { "stage", "build" }, { "empty", "" }, { "a.b", "c=d" } };
static const struct spec_kvs labels = { 3, label_items }, none = { 0, NULL };

static const char *items[MAX_FILTERS];
static struct flag_list list = { 0, items };
static struct filter_prune filter;
static struct error err;

static int parse(const char *first, const char *second)
{
	list.count = 0;
	if (first != NULL)
		items[list.count++] = first;
	if (second != NULL)
		items[list.count++] = second;
	return filter_prune_parse(&list, NOW, &filter, &err);
}

static bool passes(const char *first, const char *second, int64_t created_ns, const struct spec_kvs *of)
{
	CHECK_INT(parse(first, second), 0);
	return filter_prune_passes(&filter, created_ns, of);
}

static void test_labels(void)
{
	CHECK(passes("label=stage", NULL, 0, &labels));
	CHECK(passes("label=stage=build", NULL, 0, &labels));
	CHECK(!passes("label=stage=other", NULL, 0, &labels));
	CHECK(!passes("label=stag", NULL, 0, &labels));
	CHECK(!passes("label=stages", NULL, 0, &labels));
	CHECK(passes("label=empty=", NULL, 0, &labels));
	CHECK(!passes("label=stage=", NULL, 0, &labels));
	CHECK(passes("label=a.b=c=d", NULL, 0, &labels));
	CHECK(!passes("label=stage", NULL, 0, &none));
	CHECK(passes("label!=keep", NULL, 0, &labels));
	CHECK(passes("label!=keep", NULL, 0, &none));
	CHECK(!passes("label!=stage", NULL, 0, &labels));
	CHECK(passes("label!=stage=other", NULL, 0, &labels));
}

static void test_all_must_hold(void)
{
	CHECK(passes("label=stage", "label=empty", 0, &labels));
	CHECK(!passes("label=stage", "label=missing", 0, &labels));
	/* one label is enough to stay */
	CHECK(!passes("label!=missing", "label!=stage", 0, &labels));
	CHECK(!passes("label!=stage", "label!=missing", 0, &labels));
	CHECK(!passes("label=stage", "until=10m", NOW, &labels));
	CHECK(passes("label=stage", "until=10m", 0, &labels));
}

static void test_until(void)
{
	const int64_t minute = 60 * WORDS_SECOND_NS;

	CHECK(passes(NULL, NULL, NOW, &none));
	CHECK(passes("until=10m", NULL, NOW - 11 * minute, &none));
	CHECK(!passes("until=10m", NULL, NOW - 10 * minute, &none));
	CHECK(!passes("until=10m", NULL, NOW - 9 * minute, &none));
	CHECK(passes("until=1000000000", NULL, INT64_C(999999999) * WORDS_SECOND_NS, &none));
	CHECK(!passes("until=2001-09-09", NULL, INT64_C(1000000000) * WORDS_SECOND_NS, &none));
	CHECK(passes("until=2001-09-10T00:00:00Z", NULL, INT64_C(1000000000) * WORDS_SECOND_NS, &none));
}

static void test_unknown(void)
{
	CHECK(passes(NULL, NULL, FILTER_UNKNOWN, NULL));
	CHECK(!passes("until=1s", NULL, FILTER_UNKNOWN, &labels));
	CHECK(passes("until=1s", NULL, 0, NULL));
	CHECK(!passes("label!=keep", NULL, 0, NULL));
	CHECK(!passes("label=stage", NULL, 0, NULL));
	CHECK(passes("label=stage", NULL, FILTER_UNKNOWN, &labels));
}

static void test_refused(void)
{
	static const struct {
		const char *first, *second, *message;
	} rows[] = {
		{ "until=1h", "until=2h", "more than one until filter specified" },
		{ "until=soon", NULL, "invalid filter 'until=soon'" },
		{ "until=", NULL, "invalid filter 'until='" },
		{ "until", NULL, "invalid filter 'until'" },
		{ "name=x", NULL, "invalid filter 'name'" },
		{ "label", NULL, "invalid filter 'label'" },
		{ "label!", NULL, "invalid filter 'label!'" },
		{ "labels=x", NULL, "invalid filter 'labels'" },
		{ "label=", NULL, "invalid filter 'label='" },
		{ "label==x", NULL, "invalid filter 'label==x'" },
		{ "label!=", NULL, "invalid filter 'label!='" },
		{ "", NULL, "invalid filter ''" },
		{ "label=good", "dangling=true", "invalid filter 'dangling'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(parse(rows[i].first, rows[i].second) < 0);
		CHECK_HAS(err.text, rows[i].message);
	}
}

static const struct test tests[] = {
	{ "labels that one must have, labels that one must not have", test_labels },
	{ "several filters: all must hold", test_all_must_hold },
	{ "until: what was made before, by duration and by time", test_until },
	{ "what is not known stays", test_unknown },
	{ "filters that are none", test_refused },
};
TEST_MAIN(tests)
