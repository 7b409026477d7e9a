/* How the functions of analysis/ say what went wrong. */
#ifndef ANALYSIS_ANALYSIS_ERROR_H
#define ANALYSIS_ANALYSIS_ERROR_H

#include <stdbool.h>

/*
 * Owned by the caller and empty at first. After a function has failed, `text` is one line without a
 * newline: the file, the place in it where there is one, the reason, and what to do.
 */
struct analysis_error {
    char text[1024];
};

/*
 * Sets the text of `error`. Always returns false, so that a function can end with
 * `return analysis_fail(error, ...)`.
 */
bool analysis_fail(struct analysis_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
