/*
 * From the options of create, run and plan to struct create_options.
 */
#include "runtime/cli/create_values.h"

#include <limits.h>

#include "base/banned.h"

int create_values_preserve_fds(const struct opt_u64 *value, unsigned *ret, struct error *err)
{
	if (value->value > INT_MAX - 3)
		return error_set(err, 0, "invalid value \"%llu\" for flag -preserve-fds: too many",
				 (unsigned long long)value->value);
	*ret = (unsigned)value->value;
	return 0;
}

int create_values_options(const struct create_values *values, const char *id, struct create_options *ret,
			  struct error *err)
{
	struct create_options options = {
		.id = id,
		.bundle = values->bundle != NULL && values->bundle[0] != '\0' ? values->bundle : ".",
		.console_socket = values->console_socket,
		.pidfd_socket = values->pidfd_socket,
		.pid_file = values->pid_file,
		.no_pivot = values->no_pivot.value,
		.no_new_keyring = values->no_new_keyring.value,
	};
	int result = create_values_preserve_fds(&values->preserve_fds, &options.preserve_fds, err);

	if (result < 0)
		return result;
	*ret = options;
	return 0;
}
