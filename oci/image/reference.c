/*
 * Names of images: docker's grammar and its two forms; see reference.h. What is accepted here becomes an
 * annotation and a word on the screen, never part of a path.
 */
#include "oci/image/reference.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "oci/spec/image.h"

#include "base/banned.h"

#define DOCKER "docker.io"
#define OFFICIAL "library/"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_word(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

bool reference_is_tag(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > REFERENCE_MAX_TAG || !is_word(text[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_word(text[i]) && text[i] != '.' && text[i] != '-')
			return false;
	return true;
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* between @text and @end. */
static bool is_component(const char *text, const char *end)
{
	const char *s = text;

	while (s < end) {
		if (!is_lower_or_digit(*s))
			return false;
		while (s < end && is_lower_or_digit(*s))
			s++;
		if (s == end)
			return true;
		if (*s == '.')
			s++;
		else if (*s == '_')
			s += s + 1 < end && s[1] == '_' ? 2 : 1;
		else if (*s == '-')
			while (s < end && *s == '-')
				s++;
		else
			return false;
	}
	return false; /* empty, or a separator at its end */
}

static bool is_repository(const char *text)
{
	for (const char *s = text;; s++) {
		const char *end = s + strcspn(s, "/");

		if (!is_component(s, end))
			return false;
		if (*end == '\0')
			return true;
		s = end;
	}
}

/* host, host:port, [v6]:port. */
static bool is_registry(const char *text)
{
	const char *s = text;

	if (*s == '[') {
		size_t length = strspn(++s, "0123456789abcdefABCDEF:");

		if (length == 0 || s[length] != ']')
			return false;
		s += length + 1;
	} else {
		for (;;) {
			size_t length = 0;

			while (is_word(s[length]) || s[length] == '-')
				length++;
			/* no underscore in a host; a part neither begins nor ends with a dash */
			if (length == 0 || s[0] == '-' || s[length - 1] == '-' ||
			    memchr(s, '_', length) != NULL)
				return false;
			s += length;
			if (*s != '.')
				break;
			s++;
		}
	}
	if (*s == '\0')
		return true;
	size_t digits = *s == ':' ? strspn(s + 1, "0123456789") : 0;

	return digits > 0 && digits <= 5 && s[1 + digits] == '\0';
}

static int invalid(struct error *err)
{
	return error_set(err, 0, "invalid reference format");
}

/* The first part is a registry when nothing else could be meant. */
static bool begins_with_registry(const char *name, size_t length)
{
	return memchr(name, '.', length) != NULL || memchr(name, ':', length) != NULL ||
	       (length == strlen("localhost") && strncmp(name, "localhost", length) == 0);
}

/* Splits "registry/repository". */
static int take_name(char *name, struct arena *arena, struct reference *ret, struct error *err)
{
	char *slash = strchr(name, '/');

	ret->registry = DOCKER;
	if (slash != NULL && begins_with_registry(name, (size_t)(slash - name))) {
		*slash = '\0';
		ret->registry = text_equal(name, "index.docker.io") ? DOCKER : name;
		name = slash + 1;
	}
	if (!is_registry(ret->registry))
		return invalid(err);
	if (!is_repository(name)) {
		for (const char *s = name; *s != '\0'; s++)
			if (isupper((unsigned char)*s))
				return error_set(err, 0,
						 "invalid reference format: repository name (%.200s) must be "
						 "lowercase",
						 name);
		return invalid(err);
	}
	bool official = text_equal(ret->registry, DOCKER) && strchr(name, '/') == NULL;

	if (official && strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64)
		return error_set(err, 0,
				 "invalid repository name (%s), cannot specify 64-byte hexadecimal strings",
				 name);
	ret->repository = official ? arena_format(arena, OFFICIAL "%s", name) : name;
	if (ret->repository == NULL)
		return error_set(err, ENOMEM, "read a reference");
	if (strlen(ret->registry) + 1 + strlen(ret->repository) > REFERENCE_MAX_NAME)
		return error_set(err, 0, "repository name must not be more than %d characters",
				 REFERENCE_MAX_NAME);
	return 0;
}

int reference_parse(const char *text, struct arena *arena, struct reference *ret, struct error *err)
{
	struct reference reference = { 0 };
	char *copy = arena_copy(arena, text, strlen(text));

	if (copy == NULL)
		return error_set(err, ENOMEM, "read a reference");
	char *at = strchr(copy, '@');

	if (at != NULL) {
		struct error ignored;

		*at = '\0';
		reference.digest = at + 1;
		if (image_check_digest(reference.digest, "reference", &ignored) < 0)
			return invalid(err);
	}
	/* a colon after the last slash begins the tag; before it there is a port */
	char *slash = strrchr(copy, '/'), *colon = strrchr(copy, ':');

	if (colon != NULL && (slash == NULL || colon > slash)) {
		*colon = '\0';
		reference.tag = colon + 1;
		if (!reference_is_tag(reference.tag))
			return invalid(err);
	}
	int result = take_name(copy, arena, &reference, err);

	if (result == 0)
		*ret = reference;
	return result;
}

struct reference reference_or_latest(const struct reference *reference)
{
	struct reference complete = *reference;

	if (complete.tag == NULL && complete.digest == NULL)
		complete.tag = REFERENCE_LATEST;
	return complete;
}

static void append_rest(const struct reference *reference, struct text *ret)
{
	if (reference->tag != NULL)
		text_format(ret, ":%s", reference->tag);
	if (reference->digest != NULL)
		text_format(ret, "@%s", reference->digest);
}

void reference_format(const struct reference *reference, struct text *ret)
{
	text_format(ret, "%s/%s", reference->registry, reference->repository);
	append_rest(reference, ret);
}

void reference_familiar_name(const struct reference *reference, struct text *ret)
{
	const char *repository = reference->repository, *slash = strchr(repository, '/');

	/* "docker.io/a.b/c" without its registry would be read as another's */
	if (!text_equal(reference->registry, DOCKER) ||
	    (slash != NULL && begins_with_registry(repository, (size_t)(slash - repository))))
		text_format(ret, "%s/", reference->registry);
	else if (text_starts(repository, OFFICIAL) && strchr(repository + strlen(OFFICIAL), '/') == NULL)
		repository += strlen(OFFICIAL);
	text_append(ret, repository);
}

void reference_familiar(const struct reference *reference, struct text *ret)
{
	reference_familiar_name(reference, ret);
	append_rest(reference, ret);
}

bool reference_same_repository(const struct reference *a, const struct reference *b)
{
	return text_equal(a->registry, b->registry) && text_equal(a->repository, b->repository);
}
