/*
 * Standard output; see output.h.
 */
#include "runtime/cli/output.h"

#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

int output_write(struct text *text, struct error *err)
{
	int result = text_done(text, err);

	if (result < 0)
		return result;
	return fd_write_all(STDOUT_FILENO, text->data, text->length, "standard output", err);
}
