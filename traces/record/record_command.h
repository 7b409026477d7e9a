/*
 * record_command.h - `trace record`: the command line.
 */
#ifndef TRACES_RECORD_COMMAND_H
#define TRACES_RECORD_COMMAND_H

/* argv[0] is "record". Returns the exit status: the recorded program's own, or 2 when there is no
 * trace. */
int record_command(int argc, char **argv);

#endif
