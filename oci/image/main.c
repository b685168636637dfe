/* The entry of hull-image. */
#include "base/entry.h"
#include "oci/image/front.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
	return entry_begin("hull-image") < 0 ? 1 : front_main(argc, argv);
}
