/*
 * The help texts, made from the command table. @name is what the program calls itself.
 */
#ifndef HULL_RUNTIME_CLI_HELP_H
#define HULL_RUNTIME_CLI_HELP_H

#include "base/text.h"
#include "runtime/cli/command.h"

/* What the program is, its commands and its global options. */
void help_program(const char *name, struct text *ret);
/* One command: how it is called, what it does, its options. */
void help_command(const char *name, const struct command *command, struct text *ret);
/* help_program, then help_command of every command. */
void help_all(const char *name, struct text *ret);
/* "hull version 0.1.0" and what it is made of, a line each. */
void help_version(const char *name, struct text *ret);

#endif
