/*
 * fuzz_target.h - what is done with a file that may be anything, to see that it does no harm.
 */
#ifndef TRACES_FUZZ_FUZZ_TARGET_H
#define TRACES_FUZZ_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/*
 * Opens `count` bytes as a file of that format ("trace", "raw" or the name of an importer) and
 * reads it to its end. Aborts, after a line on stderr, when something does not hold: an error
 * without a place in the file, an import that makes a trace which breaks the rules, totals that are
 * not those of the events.
 */
void fuzz_one(const char *format, const uint8_t *bytes, size_t count);

#endif
