/*
 * Names for containers that nobody named: adjective_noun.
 */
#ifndef HULL_SHIM_CONTAINER_NAMES_H
#define HULL_SHIM_CONTAINER_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* The name that @number stands for, with a digit behind it where @attempt is above 0. */
void names_make(uint64_t number, unsigned attempt, char *ret, size_t room);

#endif
