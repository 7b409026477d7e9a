#include "traces/import/import_rep.h"

#include "traces/import/text_scan.h"

#include <inttypes.h>
#include <string.h>

enum { HEADER_LINES = 4 };

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

static bool ends_here(const char *at)
{
    return is_blank(at);
}

/* A line of one number, as the header has. */
static bool parse_number(const char *line, uint64_t *number)
{
    return scan_blanks(&line) && scan_decimal(&line, number) && ends_here(line);
}

/* The block's number + 1 stands for its address, which must not be 0. */
static bool scan_block(const char **at, uint64_t *address)
{
    return scan_decimal(at, address) && *address < UINT64_MAX - 1 && ++*address;
}

static bool parse_request(const char *line, struct trace_call *call)
{
    const char *at = line;
    scan_blanks(&at);
    char kind = *at;
    if (kind == '\0' || (at[1] != ' ' && at[1] != '\t'))
        return false;
    at++;
    scan_blanks(&at);
    if (kind == 'f') {
        call->op = TRACE_FREE;
        return (scan_text(&at, "-1") || scan_block(&at, &call->argument)) && ends_here(at);
    }
    call->op = kind == 'a' ? TRACE_MALLOC : TRACE_REALLOC;
    if ((kind != 'a' && kind != 'r') || !scan_block(&at, &call->result) || !scan_blanks(&at) ||
        !scan_decimal(&at, &call->size) || !ends_here(at))
        return false;
    call->argument = kind == 'r' ? call->result : 0;
    if (kind == 'r' && call->size == 0)
        call->result = 0;
    return true;
}

bool import_rep_probe(const char *bytes, size_t count)
{
    char line[80];
    struct trace_call call = {0};
    uint64_t number;
    int numbers = 0;
    for (const char *end; (end = memchr(bytes, '\n', count)); bytes = end + 1) {
        size_t length = (size_t)(end - bytes);
        if (length >= sizeof line)
            return false;
        memcpy(line, bytes, length);
        line[length] = '\0';
        line[strcspn(line, "\r")] = '\0';
        count -= length + 1;
        if (is_blank(line))
            continue;
        if (!parse_number(line, &number))
            return (numbers == 0 || numbers == HEADER_LINES) && parse_request(line, &call);
        numbers++;
    }
    return false;
}

/* The numbers of the header, of which there are four or none. */
static bool read_header(struct import_job *job, uint64_t header[static HEADER_LINES], int *numbers,
                        struct error *error)
{
    *numbers = 0;
    while (import_job_line(job)) {
        uint64_t number;
        if (is_blank(job->line))
            continue;
        if (!parse_number(job->line, &number))
            return *numbers == 0 || *numbers == HEADER_LINES ||
                   import_job_error(job, error, "the header has %d lines, not %d", *numbers,
                                    HEADER_LINES);
        if (*numbers == HEADER_LINES)
            return import_job_error(job, error, "a fifth number, where a request should be");
        header[(*numbers)++] = number;
    }
    return import_job_error(job, error, "the file ends without a request");
}

bool import_rep(struct import_job *job, struct error *error)
{
    uint64_t header[HEADER_LINES];
    int numbers;
    if (!read_header(job, header, &numbers, error))
        return false;
    do {
        struct trace_call call = {0};
        if (is_blank(job->line))
            continue;
        if (job->line_is_long || !parse_request(job->line, &call))
            return import_job_error(job, error,
                                    "'%.40s' is no request; they are a ID SIZE, r ID SIZE, f ID",
                                    job->line);
        if (!import_job_add(job, &call, error))
            return false;
    } while (import_job_line(job));
    if (numbers == HEADER_LINES && job->calls != header[2])
        return import_job_error(job, error,
                                "%" PRIu64 " requests were read, but line 3 promises %" PRIu64,
                                job->calls, header[2]);
    /* The header vouches for the last line; without one, a number may have lost its end. */
    if (job->is_cut && numbers == 0)
        import_job_warn(job, "the last line has no end");
    job->is_cut = false;
    return true;
}
