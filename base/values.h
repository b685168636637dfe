/*
 * Small values that documents and command lines share: ones that may be absent, and lists of strings.
 */
#ifndef HULL_BASE_VALUES_H
#define HULL_BASE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
struct opt_bool { bool set, value; };
struct opt_u16 { bool set; uint16_t value; };
struct opt_u32 { bool set; uint32_t value; };
struct opt_u64 { bool set; uint64_t value; };
struct opt_i64 { bool set; int64_t value; };

struct strings { size_t count; const char *const *items; };
/* clang-format on */

#endif
