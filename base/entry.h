/*
 * How a program that people and engines start begins: in a known state, before anything else runs.
 */
#ifndef HULL_BASE_ENTRY_H
#define HULL_BASE_ENTRY_H

#include "base/error.h"

/*
 * Descriptors that the caller left open never reach a container, a hook or a program that is started later:
 * everything above standard error becomes close-on-exec (CVE-2024-21626). What is opened later never lands on
 * 0 to 2 by accident. How many descriptors were inherited is kept for fd_inherited. A reader that went away
 * is an error of write, and children can be waited for, whatever the caller ignored. To be called first in
 * main. Errors: what it says is told on standard error as @program's; then main returns 1.
 */
must_check int entry_begin(const char *program);

#endif
