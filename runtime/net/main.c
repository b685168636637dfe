/* The entry of hull-net. */
#include "base/entry.h"
#include "runtime/net/front.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	return entry_begin("hull-net") < 0 ? 1 : front_main(argc, argv);
}
