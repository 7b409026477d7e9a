/*
 * text_scan.h - takes words and numbers off the front of a line.
 *
 * Each function moves `*at` behind what it took and returns true, or leaves it where it was.
 */
#ifndef TRACES_IMPORT_TEXT_SCAN_H
#define TRACES_IMPORT_TEXT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* The text itself. */
bool scan_text(const char **at, const char *text);

/* Digits, of a number that fits in 64 bits. */
bool scan_decimal(const char **at, uint64_t *value);

/* 0x and hexadecimal digits, of a number that fits in 64 bits; "(nil)", which printf's %p makes of
 * NULL in glibc, and a bare "0" are 0. */
bool scan_address(const char **at, uint64_t *value);

/* Any number of blanks and tabs; always true. */
bool scan_blanks(const char **at);

#endif
