/*
 * trace_command.h - the subcommands of the program `trace`.
 *
 * Each takes the arguments that follow `trace`, argv[0] being its own name with that of the
 * program, "trace info", and returns the exit status: TRACE_EXIT_OK, TRACE_EXIT_INVALID or
 * TRACE_EXIT_TROUBLE. They print results to stdout and errors to stderr.
 */
#ifndef TRACES_TRACE_COMMAND_H
#define TRACES_TRACE_COMMAND_H

#include "traces/format/error.h"

enum trace_exit { TRACE_EXIT_OK = 0, TRACE_EXIT_INVALID = 1, TRACE_EXIT_TROUBLE = 2 };

int trace_info_command(int argc, char **argv);
int trace_print_command(int argc, char **argv);
int trace_validate_command(int argc, char **argv);
int trace_convert_command(int argc, char **argv);
int trace_cut_command(int argc, char **argv);
int trace_generate_command(int argc, char **argv);

/* Prints "trace: TEXT" to stderr; returns the exit status that suits the error. */
int trace_command_failed(const struct error *error);

#endif
