/*
 * program_name.h - what a program of this repository was called: NAME as it is built, heapreel-NAME
 * as it is installed. What it tells the user to run must bear the names that are there.
 */
#ifndef TRACES_FORMAT_PROGRAM_NAME_H
#define TRACES_FORMAT_PROGRAM_NAME_H

/* "heapreel-" if the program was called by a name that begins so, else "": goes before the names of
 * all of them. */
const char *program_name_prefix(void);

/*
 * For argp's help_filter. Puts the prefix before replay, trace and report where a command line
 * begins: after two blanks at the beginning of a line, or a quote (' or `), and before one blank.
 * Returns `text` itself where there is nothing to do, else what the caller frees; NULL stays NULL.
 */
char *program_name_help_filter(int key, const char *text, void *input);

#endif
