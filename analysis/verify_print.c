#include "analysis/verify_print.h"

#include "analysis/units.h"

#include <string.h>

enum { LINE_COLUMNS = 100, CONTINUED_INDENT = 6 };

/* A paragraph that is broken between words. */
struct paragraph {
    FILE *stream;
    size_t columns; /* used of the present line */
};

/* Indented by two, as all that belongs to a trace. */
static struct paragraph begin_paragraph(FILE *stream)
{
    fputc(' ', stream);
    return (struct paragraph){stream, 1};
}

static void add_word(struct paragraph *paragraph, const char *word, size_t length)
{
    char text[LINE_COLUMNS * 4];
    snprintf(text, sizeof text, "%.*s", (int)length, word);
    size_t width = units_text_width(text);
    if (paragraph->columns + 1 + width > LINE_COLUMNS) {
        fprintf(paragraph->stream, "\n%*s", CONTINUED_INDENT - 1, "");
        paragraph->columns = CONTINUED_INDENT - 1;
    }
    fprintf(paragraph->stream, " %s", text);
    paragraph->columns += 1 + width;
}

/* Each word after a blank. */
static void add_words(struct paragraph *paragraph, const char *words)
{
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (length > 0)
            add_word(paragraph, words, length);
        words += length + (words[length] == ' ');
    }
}

static unsigned runs_of(const struct allocator_summary *allocator)
{
    unsigned total = 0;
    for (int status = 0; status < RUN_STATUS_COUNT; status++)
        total += allocator->cells[PASS_VERIFY][status];
    return total;
}

static bool is_clean(const struct allocator_summary *allocator)
{
    unsigned total = runs_of(allocator);
    return total > 0 && allocator->cells[PASS_VERIFY][RUN_OK] == total;
}

static void print_clean(const struct trace_summary *trace, FILE *stream)
{
    char ops[UNITS_TEXT_SIZE];
    const struct allocator_summary *last = NULL;
    for (size_t i = 0; i < trace->allocator_count; i++)
        if (is_clean(&trace->allocators[i]))
            last = &trace->allocators[i];
    if (last == NULL)
        return;
    struct paragraph paragraph = begin_paragraph(stream);
    add_words(&paragraph, "verify:");
    for (const struct allocator_summary *allocator = trace->allocators; allocator <= last;
         allocator++) {
        char name[LINE_COLUMNS * 2];
        if (!is_clean(allocator))
            continue;
        snprintf(name, sizeof name, "%s%s", allocator->allocator, allocator == last ? ":" : ",");
        add_words(&paragraph, name);
    }
    units_write_count(ops, trace->ops);
    add_words(&paragraph, "nothing wrong in");
    add_words(&paragraph, ops);
    add_words(&paragraph, "calls");
    fputc('\n', stream);
}

/* The first run of it that did not end well. */
static const struct cell *first_failure(const struct summary *summary, const char *trace,
                                        const char *allocator)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (cell->pass == PASS_VERIFY && cell->status != RUN_OK &&
            strcmp(cell->trace, trace) == 0 && strcmp(cell->allocator, allocator) == 0)
            return cell;
    }
    return NULL;
}

static void print_failure(const struct summary *summary, const struct trace_summary *trace,
                          const struct allocator_summary *allocator, FILE *stream)
{
    const struct cell *cell = first_failure(summary, trace->trace, allocator->allocator);
    char text[LINE_COLUMNS * 2];
    unsigned runs = runs_of(allocator), clean = allocator->cells[PASS_VERIFY][RUN_OK];
    if (cell == NULL)
        return;
    snprintf(text, sizeof text, "! verify: %s: %s:", allocator->allocator,
             run_status_name(cell->status));
    struct paragraph paragraph = begin_paragraph(stream);
    add_words(&paragraph, text);
    add_words(&paragraph, cell->message);
    if (runs > 1) {
        snprintf(text, sizeof text, "(%u of %u runs)", runs - clean, runs);
        add_words(&paragraph, text);
    }
    fputc('\n', stream);
}

void verify_print(const struct summary *summary, const struct trace_summary *trace, FILE *stream)
{
    bool was_run = false;
    for (size_t i = 0; i < trace->allocator_count; i++)
        was_run = was_run || runs_of(&trace->allocators[i]) > 0;
    if (!was_run)
        return;
    fputc('\n', stream);
    print_clean(trace, stream);
    for (size_t i = 0; i < trace->allocator_count; i++)
        print_failure(summary, trace, &trace->allocators[i], stream);
}
