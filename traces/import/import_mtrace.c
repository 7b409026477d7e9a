#include "traces/import/import_mtrace.h"

#include "traces/import/text_scan.h"

#include <string.h>

static const char first_line[] = "= Start";

bool import_mtrace_probe(const char *bytes, size_t count)
{
    size_t length = sizeof first_line - 1;
    return count >= length && memcmp(bytes, first_line, length) == 0;
}

/* Behind the caller, whose program may have any name: what follows the last "] ". */
static const char *skip_caller(const char *line)
{
    if (line[0] != '@')
        return line;
    const char *end = NULL;
    for (const char *at = line; (at = strstr(at, "] ")); at++)
        end = at + 2;
    return end ? end : line;
}

struct mtrace_line {
    char kind; /* + - < > ! */
    uint64_t address, size;
};

static bool parse_line(const char *line, struct mtrace_line *parsed)
{
    const char *at = skip_caller(line);
    *parsed = (struct mtrace_line){.kind = *at};
    if (*at == '\0' || !strchr("+-<>!", *at) || at[1] != ' ')
        return false;
    at += 2;
    if (!scan_address(&at, &parsed->address))
        return false;
    if (strchr("+>!", parsed->kind) && !(scan_text(&at, " ") && scan_address(&at, &parsed->size)))
        return false;
    return *at == '\0';
}

/* A realloc is two lines; the first waits for the second in `old`. */
static bool add_line(struct import_job *job, const struct mtrace_line *line, uint64_t *old,
                     struct error *error)
{
    struct trace_call call = {.op = TRACE_MALLOC, .size = line->size};
    switch (line->kind) {
    case '<':
        job->lost += *old != 0;
        *old = line->address;
        return true;
    case '>':
        call.op = TRACE_REALLOC;
        call.result = line->address;
        call.argument = *old;
        *old = 0;
        break;
    case '!':
        call.op = TRACE_REALLOC;
        call.argument = line->address;
        break;
    case '-':
        call.op = TRACE_FREE;
        call.argument = line->address;
        break;
    default:
        call.result = line->address;
        break;
    }
    return import_job_add(job, &call, error);
}

bool import_mtrace(struct import_job *job, struct error *error)
{
    uint64_t old = 0;
    bool has_end = false;
    while (import_job_whole_line(job)) {
        struct mtrace_line line;
        if (job->line[0] == '=' || job->line[0] == '\0') {
            has_end |= strcmp(job->line, "= End") == 0;
            continue;
        }
        if (job->line_is_long || !parse_line(job->line, &line))
            return import_job_error(job, error, "'%.40s' is nothing that mtrace writes", job->line);
        if (!add_line(job, &line, &old, error))
            return false;
    }
    job->lost += old != 0;
    if (!has_end)
        import_job_warn(job, "the program ended without muntrace");
    return true;
}
