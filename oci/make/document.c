/* config.json of a container; see document.h. The order here is the order in the document. */
#include "oci/make/document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/tree.h"
#include "oci/make/draft.h"

#include "base/banned.h"

#define ID_SHOWN 12
#define MAX_HOSTNAME 63
#define MAX_LABEL_FILE ((size_t)1 << 20)
#define IMAGE_ANNOTATION "org.opencontainers.image."
/*
 * Keys that runtimes and engines act upon: never taken from an image, which could choose hooks, devices or
 * files of the host by them. With a dot at its end a key is a prefix. The list is in hull-image(8), too.
 */
static const char *const reserved[] = {
	"hull.",
	"org.hull.",
	"bundle",
	"org.systemd.",
	"org.criu.",
	"run.oci.",
	"krun.",
	"module.wasm.",
	"dev.gvisor.",
	"io.katacontainers.",
	"io.kubernetes.",
	"io.containerd.",
	"io.podman.",
	"com.docker.",
	"com.github.containers.virtcontainers.",
};

static void put_hostname(struct draft *draft)
{
	const struct document_request *request = draft->request;
	const char *given = draft->choices->hostname;

	draft->host_uts = draft->choices->uts != NULL && text_equal(draft->choices->uts, "host");
	if (given != NULL && given[0] != '\0')
		draft->hostname = given;
	else if (request->hostname_default != NULL)
		draft->hostname = request->hostname_default;
	else if (request->id != NULL)
		draft->hostname = draft_format(draft, "%.*s", ID_SHOWN, request->id);
	else
		draft->hostname = "hull";
}

static int check_hostname(const struct draft *draft, struct error *err)
{
	const char *name = draft->hostname;
	size_t length = strlen(name);

	if (draft->host_uts && draft->choices->hostname != NULL)
		return error_set(err, 0, "conflicting options: hostname and the UTS mode");
	if (length > MAX_HOSTNAME ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] != '\0')
		return error_set(err, 0, "invalid hostname format: %s", name);
	return 0;
}

/* --- annotations ------------------------------------------------------------------------------------- */

static bool is_reserved(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		bool prefix = reserved[i][strlen(reserved[i]) - 1] == '.';

		if (prefix ? text_starts(key, reserved[i]) : text_equal(key, reserved[i]))
			return true;
	}
	return key[0] == '\0';
}

/* What image-spec's conversion derives; labels of the same key win. */
static int set_image_annotations(struct draft *draft, struct error *err)
{
	const struct document_image *image = draft->image;
	autotext struct text ports = TEXT_EMPTY;
	const struct {
		const char *key, *value;
	} rows[] = {
		{ IMAGE_ANNOTATION "os", image->os },
		{ IMAGE_ANNOTATION "architecture", image->architecture },
		{ IMAGE_ANNOTATION "variant", image->variant },
		{ IMAGE_ANNOTATION "os.version", image->os_version },
		{ IMAGE_ANNOTATION "author", image->author },
		{ IMAGE_ANNOTATION "created", image->created },
		{ IMAGE_ANNOTATION "stopSignal", image->stop_signal },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].value != NULL && rows[i].value[0] != '\0')
			draft_set(draft, &draft->annotations, rows[i].key, rows[i].value);
	for (size_t i = 0; i < image->exposed_ports.count; i++)
		text_format(&ports, "%s%s", i == 0 ? "" : ",", image->exposed_ports.items[i]);
	int result = text_done(&ports, err);
	if (result == 0 && image->labels.count > DRAFT_MAX_PAIRS)
		result = error_set(err, 0, "image: more than %d labels", DRAFT_MAX_PAIRS);
	if (result < 0)
		return result;
	if (ports.length > 0)
		draft_set(draft, &draft->annotations, IMAGE_ANNOTATION "exposedPorts",
			  draft_format(draft, "%s", ports.data));
	for (size_t i = 0; i < image->labels.count; i++)
		if (!is_reserved(image->labels.items[i].key))
			draft_set(draft, &draft->annotations, image->labels.items[i].key,
				  image->labels.items[i].value);
	return 0;
}

static void put_label(struct draft *draft, const char *word)
{
	const char *value;
	const char *key = draft_split(draft, word, '=', &value);

	draft_set(draft, &draft->annotations, key, value == NULL ? "" : value);
}

static int read_labels(struct draft *draft, const char *path, struct error *err)
{
	autotext struct text text = TEXT_EMPTY;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "open %s", path);
	int result = fd_read_all(fd, MAX_LABEL_FILE, path, &text, err);
	for (size_t at = 0; result == 0 && at < text.length;) {
		const char *line = text.data + at;
		size_t length = strcspn(line, "\n");

		at += length + 1;
		if (length > 0 && line[0] != '#')
			put_label(draft, draft_format(draft, "%.*s", (int)length, line));
	}
	return result;
}

static int put_annotations(struct draft *draft, struct error *err)
{
	const struct draft_pairs *all = &draft->annotations;
	autotext struct text text = TEXT_EMPTY;
	const struct choices *choices = draft->choices;
	const struct flag_list *lists[] = { &choices->labels, &choices->annotations };
	int result = set_image_annotations(draft, err);

	for (size_t i = 0; i < choices->label_files.count && result == 0; i++)
		result = read_labels(draft, choices->label_files.items[i], err);
	for (size_t i = 0; i < ARRAY_LEN(lists) && result == 0; i++)
		for (size_t j = 0; j < lists[i]->count; j++) {
			if (lists[i]->items[j][0] == '=' || lists[i]->items[j][0] == '\0')
				return error_set(err, 0, "invalid label '%s': empty name",
						 lists[i]->items[j]);
			put_label(draft, lists[i]->items[j]);
		}
	if (result < 0 || all->count == 0)
		return result;
	for (size_t i = 0; i < all->count; i++) {
		text_append(&text, i == 0 ? "{" : ",");
		text_append_json(&text, all->names[i]);
		text_append(&text, ":");
		text_append_json(&text, all->values[i]);
	}
	text_append(&text, "}");
	result = text_done(&text, err);
	if (result == 0)
		draft_put(draft, "annotations", draft_parse(draft, text.data));
	return result;
}

/* --- all of it --------------------------------------------------------------------------------------- */

int document_make(const struct document_request *request, struct arena *arena, struct text *ret,
		  struct error *err)
{
	static const struct document_image nothing = { 0 };
	struct draft draft = { .arena = arena,
			       .request = request,
			       .choices = request->choices,
			       .image = request->image == NULL ? &nothing : request->image,
			       .top = tree_object(arena) };
	const char *network = draft.choices->network;

	draft.host_network = network != NULL && text_equal(network, "host");
	put_hostname(&draft);
	int result = check_hostname(&draft, err);
	draft_put_text(&draft, "ociVersion", SPEC_VERSION);
	if (result == 0)
		result = draft_process(&draft, err);
	draft_put_text(&draft, "root.path", "rootfs");
	if (draft.choices->read_only.value)
		draft_put_bool(&draft, "root.readonly", true);
	if (result == 0)
		result = draft_files(&draft, err);
	if (result == 0)
		result = draft_limits(&draft, err);
	if (result == 0)
		result = draft_devices(&draft, err);
	if (result == 0)
		result = draft_network(&draft, err);
	if (result == 0)
		result = put_annotations(&draft, err);
	if (result < 0)
		return result;
	if (draft.top == NULL)
		return error_set(err, ENOMEM, "make config.json");
	tree_write(draft.top, "\t", ret);
	text_append(ret, "\n");
	return text_done(ret, err);
}
