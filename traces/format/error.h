/*
 * error.h - what went wrong, told where it is known and printed by main.
 *
 * Library functions that can fail on input or files return false (or NULL) and fill a struct error
 * that the caller owns. Libraries never print and never exit.
 */
#ifndef TRACES_FORMAT_ERROR_H
#define TRACES_FORMAT_ERROR_H

#include <stdbool.h>

enum error_kind {
    ERROR_NONE,
    ERROR_USAGE,  /* the caller asked for something that cannot be */
    ERROR_INPUT,  /* a file cannot be read, or is not what it should be */
    ERROR_OUTPUT, /* a file cannot be written */
    ERROR_RUN,    /* a program that was started failed */
    ERROR_MEMORY, /* there is not enough memory */
};

struct error {
    enum error_kind kind;
    char text[512]; /* one line without a newline: "FILE: byte 4711: reason; what to do" */
};

/* Fills `error` (which may be NULL) as printf does, and returns false, so that a caller can return
 * it. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
