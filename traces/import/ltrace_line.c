#include "traces/import/ltrace_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_S UINT64_C(1000000)

/* A time above this (1973, in seconds) is one since the epoch; below, it is one since the line
 * before. */
#define EPOCH_SECONDS UINT64_C(100000000)

static bool skip(const char **at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

static bool skip_digits(const char **at, uint64_t *value)
{
    if (!isdigit((unsigned char)**at))
        return false;
    char *end;
    *value = strtoull(*at, &end, 10);
    *at = end;
    return true;
}

static void parse_thread(const char **at, struct ltrace_line *line)
{
    const char *start = *at;
    uint64_t id;
    bool bracketed = skip(at, "[pid ");
    if (skip_digits(at, &id) && skip(at, bracketed ? "] " : " "))
        line->thread_id = id;
    else
        *at = start;
}

/* What follows the seconds: ".000123 " or " ". */
static bool parse_fraction(const char **at, uint64_t *us)
{
    *us = 0;
    if (!skip(at, "."))
        return skip(at, " ");
    const char *start = *at;
    return skip_digits(at, us) && *at - start == 6 && skip(at, " ");
}

static bool parse_time_of_day(const char **at, uint64_t hours, uint64_t *us)
{
    uint64_t minutes, seconds, fraction;
    if (!skip_digits(at, &minutes) || !skip(at, ":") || !skip_digits(at, &seconds) ||
        !parse_fraction(at, &fraction))
        return false;
    *us = ((hours * 60 + minutes) * 60 + seconds) * US_PER_S + fraction;
    return true;
}

static void parse_time(const char **at, struct ltrace_line *line)
{
    const char *start = *at;
    uint64_t value, us = 0;
    skip_blanks(at);
    if (skip_digits(at, &value)) {
        if (skip(at, ":") && parse_time_of_day(at, value, &us)) {
            line->clock = LTRACE_ABSOLUTE;
            line->time_us = us;
            return;
        }
        if (parse_fraction(at, &us)) {
            line->clock = value < EPOCH_SECONDS ? LTRACE_RELATIVE : LTRACE_ABSOLUTE;
            line->time_us = value * US_PER_S + us;
            return;
        }
    }
    *at = start;
}

static void skip_return_address(const char **at)
{
    const char *end = strchr(*at, ']');
    if (strncmp(*at, "[0x", 3) == 0 && end) {
        *at = end + 1;
        skip_blanks(at);
    }
}

/* A number as ltrace prints one: decimal, hexadecimal, or one of the names of the null pointer. */
static bool parse_number(const char **at, uint64_t *value)
{
    *value = 0;
    if (skip(at, "(nil)") || skip(at, "nil") || skip(at, "NULL"))
        return true;
    if (!isdigit((unsigned char)**at) && **at != '-')
        return false;
    char *end;
    *value = strtoull(*at, &end, 0);
    if (end == *at)
        return false;
    *at = end;
    return true;
}

/* Reads "1, 0x2, 3" up to what is no number; `at` then stands there. */
static void parse_arguments(const char **at, struct ltrace_line *line)
{
    uint64_t value;
    for (;;) {
        skip_blanks(at);
        if (!parse_number(at, &value))
            return;
        if (line->argument_count < LTRACE_MAX_ARGUMENTS)
            line->arguments[line->argument_count] = value;
        line->argument_count++;
        if (!skip(at, ","))
            return;
    }
}

/* " = 0x55ce2a0", with -T followed by " <0.000012>". */
static bool parse_result(const char **at, struct ltrace_line *line)
{
    skip_blanks(at);
    if (!skip(at, "= "))
        return false;
    if (skip(at, "<void>"))
        return true;
    line->has_result = parse_number(at, &line->result);
    return line->has_result && (**at == '\0' || **at == ' ');
}

static enum ltrace_line_kind parse_end_of_call(const char **at, struct ltrace_line *line)
{
    skip_blanks(at);
    if (skip(at, "<unfinished ...>"))
        return LTRACE_UNFINISHED;
    if (skip(at, "<no return ...>"))
        return LTRACE_NO_RETURN;
    return skip(at, ")") && parse_result(at, line) ? LTRACE_CALL : LTRACE_BAD;
}

/* The kind of a call of any other function: its arguments may be anything, so its end tells. */
static enum ltrace_line_kind kind_of_other_call(const char *arguments)
{
    if (strstr(arguments, "<unfinished ...>"))
        return LTRACE_UNFINISHED;
    if (strstr(arguments, "<no return ...>"))
        return LTRACE_NO_RETURN;
    for (const char *end = arguments; (end = strchr(end, ')')); end++) {
        if (strncmp(end + 1 + strspn(end + 1, " "), "= ", 2) == 0)
            return LTRACE_CALL;
    }
    return LTRACE_BAD;
}

/*
 * The end of a function's name, as of C or mangled C++. Demangled names and symbol versions carry
 * more, but none that could be taken for one of the malloc family.
 */
static size_t name_length(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return length;
}

static enum trace_op op_of_name(const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum trace_op op;
    } family[] = {
        {"malloc", TRACE_MALLOC},
        {"free", TRACE_FREE},
        {"calloc", TRACE_CALLOC},
        {"realloc", TRACE_REALLOC},
        {"reallocarray", TRACE_REALLOCARRAY},
        {"memalign", TRACE_MEMALIGN},
        {"aligned_alloc", TRACE_ALIGNED_ALLOC},
        {"posix_memalign", TRACE_POSIX_MEMALIGN},
        {"valloc", TRACE_VALLOC},
        {"pvalloc", TRACE_PVALLOC},
        {"malloc_usable_size", TRACE_USABLE_SIZE},
    };
    for (size_t i = 0; i < sizeof family / sizeof *family; i++) {
        if (strlen(family[i].name) == length && strncmp(family[i].name, name, length) == 0)
            return family[i].op;
    }
    return 0;
}

static enum ltrace_line_kind parse_resumed(const char *at, struct ltrace_line *line)
{
    const char *end = strstr(at, " resumed> ");
    if (!end)
        return LTRACE_BAD;
    line->op = op_of_name(at, (size_t)(end - at));
    if (!line->op)
        return LTRACE_RESUMED;
    at = end + strlen(" resumed> ");
    parse_arguments(&at, line);
    return parse_end_of_call(&at, line) == LTRACE_CALL ? LTRACE_RESUMED : LTRACE_BAD;
}

static enum ltrace_line_kind parse_call(const char *at, struct ltrace_line *line)
{
    const char *open = strchr(at, '(');
    if (!open)
        return LTRACE_BAD;
    const char *arrow = strstr(at, "->");
    if (arrow > open)
        arrow = NULL;
    const char *name = arrow ? arrow + strlen("->") : at;
    size_t length = name_length(name);
    if (length == 0)
        return LTRACE_BAD;
    if (name + length == open || name[length] == '@')
        line->op = op_of_name(name, length);
    if (!line->op)
        return kind_of_other_call(open + 1);
    line->has_caller = arrow;
    line->is_mislabelled = arrow && strncmp(at, "libc.so", strlen("libc.so")) == 0;
    at = open + 1;
    parse_arguments(&at, line);
    return parse_end_of_call(&at, line);
}

static enum ltrace_line_kind parse_signal(const char *at)
{
    if (!strstr(at, " ---"))
        return LTRACE_BAD;
    if (skip(&at, "Called exec()"))
        return LTRACE_EXEC;
    return skip(&at, "SIGCHLD ") ? LTRACE_CHILD_EXITED : LTRACE_SIGNAL;
}

static enum ltrace_line_kind parse_what(const char *at, struct ltrace_line *line)
{
    if (skip(&at, "<... "))
        return parse_resumed(at, line);
    if (skip(&at, "+++ exited (status "))
        return strstr(at, ") +++") ? LTRACE_EXITED : LTRACE_BAD;
    if (skip(&at, "+++ killed by "))
        return strstr(at, " +++") ? LTRACE_KILLED : LTRACE_BAD;
    if (skip(&at, "--- "))
        return parse_signal(at);
    if (skip(&at, "unexpected breakpoint at 0x"))
        return LTRACE_BREAKPOINT;
    return parse_call(at, line);
}

void ltrace_line_parse(const char *text, struct ltrace_line *line)
{
    *line = (struct ltrace_line){0};
    parse_thread(&text, line);
    parse_time(&text, line);
    skip_return_address(&text);
    line->kind = parse_what(text, line);
}
