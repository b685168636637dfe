/* See document.h. Printing walks by parents and siblings: the depth of a document costs no stack. */
#include "shim/document.h"

#include <string.h>

#include "base/banned.h"

bool document_wants_notify(const struct json *config)
{
	const struct json *annotations = json_get(config, "annotations");
	const struct json *value = annotations == NULL || annotations->type != JSON_OBJECT
					   ? NULL
					   : json_get(annotations, DOCUMENT_NOTIFY_ANNOTATION);

	return value != NULL && value->type == JSON_STRING && text_equal(value->text, "container");
}

/* Whether @value is member @name of the object that is member @parent of the document (NULL: the document).
 */
static bool is_at(const struct json *value, const char *parent, const char *name)
{
	const struct json *above = value->parent;

	if (above == NULL || !text_equal(value->name, name))
		return false;
	return parent == NULL ? above->parent == NULL
			      : text_equal(above->name, parent) && above->parent != NULL &&
					above->parent->parent == NULL;
}

static bool is_replaced(const struct json *value, const struct document_changes *changes)
{
	return changes->cgroups_path != NULL && is_at(value, "linux", "cgroupsPath");
}

static void separate(struct text *text, bool *first)
{
	if (!*first)
		text_append(text, ",");
	*first = false;
}

/* What is new at the end of @value, an object or an array. */
static void print_additions(const struct json *value, const struct document_changes *changes, bool first,
			    struct text *text)
{
	if (changes->cgroups_path != NULL && is_at(value, NULL, "linux")) {
		separate(text, &first);
		text_append(text, "\"cgroupsPath\":");
		text_append_json(text, changes->cgroups_path);
	}
	if (changes->notify_source != NULL && is_at(value, NULL, "mounts")) {
		separate(text, &first);
		text_append(text,
			    "{\"destination\":\"" DOCUMENT_NOTIFY_MOUNT "\",\"type\":\"bind\",\"source\":");
		text_append_json(text, changes->notify_source);
		text_append(text, ",\"options\":[\"bind\",\"nosuid\",\"nodev\",\"noexec\"]}");
	}
	if (changes->notify_source != NULL && is_at(value, "process", "env")) {
		separate(text, &first);
		text_append(text, "\"NOTIFY_SOCKET=" DOCUMENT_NOTIFY_MOUNT "/notify.sock\"");
	}
}

static void print_scalar(const struct json *value, struct text *text)
{
	if (value->type == JSON_STRING)
		text_append_json(text, value->text);
	else if (value->type == JSON_NUMBER)
		text_append(text, value->text);
	else if (value->type == JSON_BOOL)
		text_append(text, value->truth ? "true" : "false");
	else
		text_append(text, "null");
}

/* The first of @value and those after it that stays. */
static const struct json *kept(const struct json *value, const struct document_changes *changes)
{
	while (value != NULL && is_replaced(value, changes))
		value = value->next;
	return value;
}

int document_print(const struct json *config, const struct document_changes *changes, struct text *ret,
		   struct error *err)
{
	const struct json *at = config;

	if (config->type != JSON_OBJECT)
		return json_error(config, err, "is no object");
	while (at != NULL) {
		if (at->name != NULL) {
			text_append_json(ret, at->name);
			text_append(ret, ":");
		}
		bool nested = at->type == JSON_OBJECT || at->type == JSON_ARRAY;
		const struct json *inside = nested ? kept(at->first, changes) : NULL;
		if (nested)
			text_append(ret, at->type == JSON_OBJECT ? "{" : "[");
		else
			print_scalar(at, ret);
		if (inside != NULL) {
			at = inside;
			continue;
		}
		if (nested) {
			print_additions(at, changes, true, ret);
			text_append(ret, at->type == JSON_OBJECT ? "}" : "]");
		}
		/* Up, as long as there is nothing beside. */
		while (at != NULL && at != config && kept(at->next, changes) == NULL) {
			at = at->parent;
			print_additions(at, changes, false, ret);
			text_append(ret, at->type == JSON_OBJECT ? "}" : "]");
		}
		if (at == config)
			break;
		at = kept(at->next, changes);
		text_append(ret, ",");
	}
	return text_done(ret, err);
}
