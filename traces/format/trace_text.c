#include "traces/format/trace_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void trace_text_print_meta(FILE *out, const struct trace_meta *meta)
{
    fprintf(out, "%s\n", TRACE_TEXT_FIRST_LINE);
    for (size_t i = 0; i < meta->count; i++)
        fprintf(out, "# %s=%s\n", meta->entries[i].key, meta->entries[i].value);
}

static void print_object(FILE *out, uint64_t object)
{
    if (object)
        fprintf(out, " #%" PRIu64, object);
    else
        fputs(" NULL", out);
}

void trace_text_print_event(FILE *out, uint64_t index, const struct trace_event *event)
{
    unsigned fields = trace_op_fields(event->op);
    fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu32 " %s", index, event->time_us, event->thread,
            trace_op_name(event->op));
    if (fields & TRACE_HAS_ARENA)
        fprintf(out, " @%" PRIu64, event->arena);
    if (fields & TRACE_HAS_ARGUMENT)
        print_object(out, event->argument);
    if (fields & TRACE_HAS_ALIGNMENT)
        fprintf(out, " %" PRIu64, event->alignment);
    if (fields & TRACE_HAS_COUNT)
        fprintf(out, " %" PRIu64, event->count);
    if (event->op == TRACE_USABLE_SIZE)
        fputs(" =", out);
    if (fields & TRACE_HAS_SIZE)
        fprintf(out, " %" PRIu64, event->size);
    if (fields & TRACE_HAS_RESULT) {
        fputs(" =", out);
        print_object(out, event->object);
    }
    if (event->released_before)
        fprintf(out, " released_before %" PRIu32, event->released_before);
    fputc('\n', out);
}

void trace_text_parse_meta(char *line, struct trace_meta *meta)
{
    char *equals = strchr(line, '=');
    if (strncmp(line, "# ", 2) != 0 || !equals ||
        memchr(line + 2, ' ', (size_t)(equals - line - 2)))
        return;
    *equals = '\0';
    if (trace_meta_key_is_valid(line + 2))
        trace_meta_set(meta, line + 2, "%s", equals + 1);
}

/* The next word as a number after `prefix` (which may be empty). */
static bool take_number(char **rest, const char *prefix, uint64_t *number)
{
    char *word = strsep(rest, " ");
    size_t skip = strlen(prefix);
    if (!word || strncmp(word, prefix, skip) != 0 || word[skip] < '0' || word[skip] > '9')
        return false;
    char *end;
    errno = 0;
    *number = strtoull(word + skip, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool take_object(char **rest, uint64_t *object)
{
    if (*rest && strncmp(*rest, "NULL", 4) == 0 && ((*rest)[4] == ' ' || (*rest)[4] == '\0')) {
        strsep(rest, " ");
        *object = 0;
        return true;
    }
    return take_number(rest, "#", object) && *object;
}

static bool take_word(char **rest, const char *word)
{
    char *got = strsep(rest, " ");
    return got && strcmp(got, word) == 0;
}

static bool take_arguments(char **rest, struct trace_event *event)
{
    unsigned fields = trace_op_fields(event->op);
    return (!(fields & TRACE_HAS_ARENA) || take_number(rest, "@", &event->arena)) &&
           (!(fields & TRACE_HAS_ARGUMENT) || take_object(rest, &event->argument)) &&
           (!(fields & TRACE_HAS_ALIGNMENT) || take_number(rest, "", &event->alignment)) &&
           (!(fields & TRACE_HAS_COUNT) || take_number(rest, "", &event->count)) &&
           (event->op != TRACE_USABLE_SIZE || take_word(rest, "=")) &&
           (!(fields & TRACE_HAS_SIZE) || take_number(rest, "", &event->size)) &&
           (!(fields & TRACE_HAS_RESULT) ||
            (take_word(rest, "=") && take_object(rest, &event->object)));
}

static bool take_released_before(char **rest, struct trace_event *event)
{
    uint64_t number;
    if (!*rest)
        return true;
    if (!take_word(rest, "released_before") || !take_number(rest, "", &number) ||
        number > UINT32_MAX)
        return false;
    event->released_before = (uint32_t)number;
    return *rest == NULL;
}

bool trace_text_parse_event(char *line, struct trace_event *event, struct error *error)
{
    uint64_t index, thread;
    char *rest = line;
    *event = (struct trace_event){0};
    if (!take_number(&rest, "", &index) || !take_number(&rest, "", &event->time_us) ||
        !take_number(&rest, "", &thread) || thread > UINT32_MAX)
        return error_set(error, ERROR_INPUT, "expected an index, a time and a thread");
    event->thread = (uint32_t)thread;
    char *name = strsep(&rest, " ");
    event->op = name ? trace_op_by_name(name) : (enum trace_op)0;
    if (!event->op)
        return error_set(error, ERROR_INPUT, "no operation is named '%s'", name ? name : "");
    if (!take_arguments(&rest, event) || !take_released_before(&rest, event))
        return error_set(error, ERROR_INPUT, "the arguments of %s are not as they should be", name);
    return true;
}
