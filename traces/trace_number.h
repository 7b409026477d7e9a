/*
 * trace_number.h - numbers on the command line of `trace`.
 */
#ifndef TRACES_TRACE_NUMBER_H
#define TRACES_TRACE_NUMBER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A whole number of decimal digits and nothing else. */
static inline bool trace_number_parse(const char *text, uint64_t *number)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

#endif
