/* One call of a CNI plugin: a program that reads JSON and answers with JSON. */
#ifndef HULL_RUNTIME_NET_PLUGIN_H
#define HULL_RUNTIME_NET_PLUGIN_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/values.h"

struct plugin_call {
	const char *type;    /* the program's name */
	const char *command; /* ADD, DEL, CHECK */
	const char *id, *namespace, *interface, *args;
	const struct strings *directories; /* where programs are looked for */
	const struct json *input;
	unsigned timeout_s;
};

/*
 * @ret: what it answered, in @arena; NULL where it answered nothing. What it writes to its standard error
 * goes to ours. Errors: -ENOENT there is no such program; -ETIMEDOUT; its own words.
 */
must_check int plugin_run(const struct plugin_call *call, struct arena *arena, const struct json **ret,
			  struct error *err);

/*
 * The program of plugins of @type in one of @directories; the path lives in @arena. Errors: -ENOENT; -EINVAL
 * it is no name; -EPERM it, or one of @directories, can be written to by others.
 */
must_check int plugin_find(const char *type, const struct strings *directories, struct arena *arena,
			   const char **ret, struct error *err);

#endif
