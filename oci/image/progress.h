/*
 * How far an import is: bars on a terminal, a line for each thing that begins or ends elsewhere, nothing
 * where quiet was asked for. All of it on standard error.
 */
#ifndef HULL_OCI_IMAGE_PROGRESS_H
#define HULL_OCI_IMAGE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_MAX_ACTIVE 16
#define PROGRESS_LABEL_BYTES 13

struct progress {
	bool quiet, terminal;
	unsigned columns;
	size_t drawn; /* lines of bars that stand on the screen */
	int64_t last_ms;
	struct progress_item {
		bool used;
		char label[PROGRESS_LABEL_BYTES];
		const char *what; /* "Unpacking" */
		uint64_t done, total;
	} items[PROGRESS_MAX_ACTIVE];
};

/* What may be shown; @quiet: nothing. */
void progress_open(struct progress *progress, bool quiet);
/* Take the bars off the screen, whatever state they are in. */
void progress_close(struct progress *progress);
/*
 * Something begins: @digest names it, @total is its size in bytes. Returns its number; -1 where there is no
 * place for a bar.
 */
int progress_begin(struct progress *progress, const char *digest, const char *what, uint64_t total);
void progress_set(struct progress *progress, int item, uint64_t done);
/* @word: "done", "already there"; NULL: it did not come to an end. */
void progress_end(struct progress *progress, int item, const char *word);
/* A line of words about @digest. */
void progress_say(struct progress *progress, const char *digest, const char *word);

#endif
