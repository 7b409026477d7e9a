/* report real: predicted against real, as a table or CSV. */
#ifndef ANALYSIS_WITNESS_COMMAND_H
#define ANALYSIS_WITNESS_COMMAND_H

/* `argv[0]` is the subcommand. Returns the exit status of the program. */
int witness_command(int argc, char **argv);

#endif
