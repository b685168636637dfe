/* What a fuzzer is: any bytes, and abort() when what must hold does not. Called by libFuzzer or by replay.c.
 */
#ifndef HULL_TESTS_FUZZ_FUZZ_H
#define HULL_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
