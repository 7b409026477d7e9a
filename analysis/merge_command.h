/* `report merge`: its options, and what it says. */
#ifndef ANALYSIS_MERGE_COMMAND_H
#define ANALYSIS_MERGE_COMMAND_H

/* `argv[0]` is the subcommand. Returns the exit status: 0, or 2 trouble. */
int merge_command(int argc, char **argv);

#endif
