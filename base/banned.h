/*
 * Functions that a careful code base does without. Included last by every .c file outside tests;
 * a use is a compile error. Numbers are read by base/number.h, paths by base/path.h.
 */
#ifndef HULL_BASE_BANNED_H
#define HULL_BASE_BANNED_H

/* Fortified headers make macros of these for clang. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol strtol strtoul strtoll strtoull
#pragma GCC poison system popen mktemp tmpnam tempnam perror

#endif
