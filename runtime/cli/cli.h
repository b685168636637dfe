/*
 * From argv to an exit status.
 */
#ifndef HULL_RUNTIME_CLI_CLI_H
#define HULL_RUNTIME_CLI_CLI_H

/*
 * Carry out the command line; reorders @argv. Returns the exit status: that of the command, or 1 for
 * an error (255 from `exec`), 3 for an unknown command.
 */
int cli_main(int argc, char **argv);

#endif
