/*
 * record_operators.h - what the recorded C++ operators need to know of the program's new_handler.
 */
#ifndef TRACES_RECORD_OPERATORS_H
#define TRACES_RECORD_OPERATORS_H

#include <stdbool.h>

/* Whether the program has set one. */
bool record_has_new_handler(void);

#endif
