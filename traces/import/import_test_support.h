/*
 * import_test_support.h - imports a file or a text and looks at what became of it.
 */
#ifndef TRACES_IMPORT_IMPORT_TEST_SUPPORT_H
#define TRACES_IMPORT_IMPORT_TEST_SUPPORT_H

#include "traces/format/error.h"
#include "traces/format/trace.h"

#include <stdbool.h>
#include <stdint.h>

struct imported {
    bool ok;
    char *events; /* as text */
    struct trace_meta meta;
    struct error error;
};

/* Of a file in testdata. */
struct imported import_test_data(const char *format, const char *name);

/* Of a text, which is to be as long as `strlen` finds. */
struct imported import_test_text(const char *format, const char *text);

void imported_free(struct imported *imported);

/* Fails the test unless the import gave these events. */
void assert_imported(const struct imported *imported, const char *events);

/* The same with the file NAME.events of testdata. */
void assert_imported_golden(const struct imported *imported, const char *name);

/* Imports the text; fails the test unless that is refused for a reason that contains `reason`. */
void assert_refused(const char *format, const char *text, const char *reason);

uint64_t imported_number(const struct imported *imported, const char *key);

bool imported_warns_of(const struct imported *imported, const char *remark);

/*
 * Imports the file of testdata cut at every byte, and with every byte replaced by each of a few
 * that are likely to hurt: whatever comes of it is either a trace that can be read to its end, or
 * an error in one line.
 */
void assert_survives_damage(const char *format, const char *name);

#endif
