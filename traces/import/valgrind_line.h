/*
 * valgrind_line.h - one line of valgrind's log, taken apart.
 *
 *     ==4711== Command: ./prog                          valgrind speaks
 *     --4711-- malloc(10) = 0x4D6FC80                   --trace-malloc=yes
 *     --00:00:00:01.250 4711-- free(0x4D6FC80)          with --time-stamp=yes too
 *     --4711-- realloc(0x0,15)malloc(15) = 0x4D88450    a call inside a call
 *     --4711-- realloc(0x4D883B0,0)free(0x4D883B0)      whose result comes on the next line
 *     --4711--  = 0
 */
#ifndef TRACES_IMPORT_VALGRIND_LINE_H
#define TRACES_IMPORT_VALGRIND_LINE_H

#include "traces/format/trace.h"

#include <stdbool.h>
#include <stdint.h>

struct valgrind_prefix {
    uint64_t process_id;
    bool is_trace; /* "--", not "==" */
    bool has_time;
    uint64_t time_us;
};

/* A call as it is printed before its result. */
struct valgrind_call {
    enum trace_op op;
    bool is_sized; /* a delete that is given the size, which is not printed */
    uint64_t argument, size, count, alignment;
};

/* Takes the prefix and the blank behind it; false on a line that is not valgrind's. */
bool valgrind_scan_prefix(const char **at, struct valgrind_prefix *prefix);

/* Takes "malloc(10)" and the like. */
bool valgrind_scan_call(const char **at, struct valgrind_call *call);

/* Takes " = 0x4D6FC80", or for malloc_usable_size " = 77". */
bool valgrind_scan_result(const char **at, uint64_t *result);

#endif
