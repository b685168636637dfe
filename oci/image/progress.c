/* Bars and lines; see progress.h. Bars stand below the lines that are said, and are drawn anew with each. */
#include "oci/image/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "base/words.h"

#include "base/banned.h"

#define BAR 30
#define INTERVAL_MS 100

void progress_open(struct progress *progress, bool quiet)
{
	struct winsize size = { 0 };

	*progress = (struct progress){ .quiet = quiet, .columns = 80 };
	progress->terminal = !quiet && isatty(STDERR_FILENO) == 1;
	if (progress->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		progress->columns = size.ws_col;
}

static void append_bar(const struct progress_item *item, struct text *ret)
{
	uint64_t total = item->total > 0 ? item->total : 1, done = item->done < total ? item->done : total;
	int full = (int)((double)done * BAR / (double)total);

	text_format(ret, "%s: %s [", item->label, item->what);
	for (int i = 0; i < BAR; i++)
		text_append(ret, i < full ? "=" : i == full ? ">" : " ");
	text_append(ret, "] ");
	words_size((double)done, 1000, ret);
	text_append(ret, "/");
	words_size((double)item->total, 1000, ret);
}

static void append_erase(struct progress *progress, struct text *ret)
{
	if (progress->drawn > 0)
		text_format(ret, "\033[%zuA\r\033[J", progress->drawn);
	progress->drawn = 0;
}

static void append_bars(struct progress *progress, struct text *ret)
{
	for (size_t i = 0; i < PROGRESS_MAX_ACTIVE; i++) {
		autotext struct text line = TEXT_EMPTY;

		if (!progress->items[i].used)
			continue;
		append_bar(&progress->items[i], &line);
		text_append_bytes(ret, line.data,
				  line.length < progress->columns ? line.length : progress->columns - 1);
		text_append(ret, "\n");
		progress->drawn++;
	}
}

/* Nobody is harmed where nothing can be shown. */
static void show(struct text *text)
{
	struct error ignored;

	if (text->length > 0 && text_done(text, &ignored) == 0)
		ignore_failure(
			fd_write_all(STDERR_FILENO, text->data, text->length, "standard error", &ignored));
}

static void draw(struct progress *progress, const char *line)
{
	autotext struct text text = TEXT_EMPTY;

	if (progress->quiet)
		return;
	if (progress->terminal)
		append_erase(progress, &text);
	if (line != NULL)
		text_format(&text, "%s\n", line);
	if (progress->terminal)
		append_bars(progress, &text);
	progress->last_ms = process_now_ms();
	show(&text);
}

static void make_label(const char *digest, char ret[PROGRESS_LABEL_BYTES])
{
	const char *colon = strchr(digest, ':');

	(void)snprintf(ret, PROGRESS_LABEL_BYTES, "%s", colon == NULL ? digest : colon + 1);
}

void progress_say(struct progress *progress, const char *digest, const char *word)
{
	char label[PROGRESS_LABEL_BYTES], line[128];

	make_label(digest, label);
	(void)snprintf(line, sizeof(line), "%s: %s", label, word);
	draw(progress, line);
}

int progress_begin(struct progress *progress, const char *digest, const char *what, uint64_t total)
{
	for (int i = 0; i < PROGRESS_MAX_ACTIVE; i++) {
		struct progress_item *item = &progress->items[i];

		if (item->used)
			continue;
		*item = (struct progress_item){ .used = true, .what = what, .total = total };
		make_label(digest, item->label);
		if (progress->terminal)
			draw(progress, NULL);
		else
			progress_say(progress, digest, what);
		return i;
	}
	return -1;
}

void progress_set(struct progress *progress, int item, uint64_t done)
{
	if (item < 0)
		return;
	progress->items[item].done = done;
	if (progress->terminal && process_now_ms() - progress->last_ms >= INTERVAL_MS)
		draw(progress, NULL);
}

void progress_end(struct progress *progress, int item, const char *word)
{
	if (item < 0)
		return;
	progress->items[item].used = false;
	if (word != NULL)
		progress_say(progress, progress->items[item].label, word);
}

void progress_close(struct progress *progress)
{
	autotext struct text text = TEXT_EMPTY;

	append_erase(progress, &text);
	show(&text);
}
