/* `report compare`: its options, and what it prints. */
#ifndef ANALYSIS_COMPARE_COMMAND_H
#define ANALYSIS_COMPARE_COMMAND_H

/* `argv[0]` is the subcommand. Returns the exit status, that of diff: 0, 1 a regression, 2 trouble.
 */
int compare_command(int argc, char **argv);

#endif
