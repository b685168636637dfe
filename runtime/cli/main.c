/* The entry of hull. */
#include <malloc.h>

#include "base/entry.h"
#include "runtime/cli/cli.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	if (entry_begin("hull") < 0)
		return 1;
#ifdef __GLIBC__
	/* One growth of the heap, and none given back: hull ends soon. Both are hints. */
	(void)mallopt(M_TOP_PAD, 512 << 10);
	(void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
	return cli_main(argc, argv);
}
