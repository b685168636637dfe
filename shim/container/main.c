/* The entry of hull-container. */
#include "base/entry.h"
#include "shim/container/front.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	return entry_begin("hull-container") < 0 ? 1 : front_main(argc, argv);
}
