#include "traces/import/text_scan.h"

#include <string.h>

bool scan_text(const char **at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return 16;
}

static bool scan_digits(const char **at, uint64_t base, uint64_t *value)
{
    const char *end = *at;
    uint64_t number = 0;
    for (uint64_t digit; (digit = (uint64_t)digit_value(*end)) < base; end++) {
        if (__builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return false;
    }
    if (end == *at)
        return false;
    *value = number;
    *at = end;
    return true;
}

bool scan_decimal(const char **at, uint64_t *value)
{
    return scan_digits(at, 10, value);
}

bool scan_address(const char **at, uint64_t *value)
{
    const char *from = *at;
    if (scan_text(at, "0x") || scan_text(at, "0X")) {
        if (scan_digits(at, 16, value))
            return true;
        *at = from;
        return false;
    }
    *value = 0;
    return scan_text(at, "(nil)") || scan_text(at, "0");
}

bool scan_blanks(const char **at)
{
    *at += strspn(*at, " \t");
    return true;
}
