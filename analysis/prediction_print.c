#include "analysis/prediction_print.h"

#include "analysis/effect_print.h"
#include "analysis/fact.h"
#include "analysis/line.h"
#include "analysis/prediction.h"
#include "analysis/units.h"

#include <math.h>
#include <string.h>

/* The effects of all allocators on one trace, or over all. */
struct effect_list {
    struct effect (*effect)(const void *rows, size_t index);
    const void *rows;
    size_t count;
    const char *baseline;
    double program_rss_bytes; /* NaN over several traces */
};

static struct effect effect_on_trace(const void *rows, size_t index)
{
    const struct allocator_summary *allocator = (const struct allocator_summary *)rows + index;
    const struct metric_summary *metrics = allocator->metrics;
    return (struct effect){
        .allocator = allocator->allocator,
        .cpu = metrics[METRIC_PREDICTED_CPU].to_baseline,
        .rss = metrics[METRIC_PREDICTED_RSS].to_baseline,
        .rss_bytes = metrics[METRIC_PREDICTED_RSS].difference,
    };
}

static struct effect effect_overall(const void *rows, size_t index)
{
    const struct overall_summary *overall = (const struct overall_summary *)rows + index;
    return (struct effect){
        .allocator = overall->allocator,
        .cpu = overall->to_baseline[METRIC_PREDICTED_CPU],
        .rss = overall->to_baseline[METRIC_PREDICTED_RSS],
        .rss_bytes = {NAN, {NAN, NAN}},
    };
}

static struct effect_list effects_on_trace(const struct summary *summary,
                                           const struct trace_summary *trace)
{
    return (struct effect_list){effect_on_trace, trace->allocators, trace->allocator_count,
                                summary->baseline, trace->program_rss_bytes};
}

/* The baseline has no effect against itself. */
static bool is_shown(const struct effect_list *list, const struct effect *effect)
{
    return strcmp(effect->allocator, list->baseline) != 0 &&
           (!isnan(effect->cpu.value) || !isnan(effect->rss.value));
}

static bool has_shown(const struct effect_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct effect effect = list->effect(list->rows, i);
        if (is_shown(list, &effect))
            return true;
    }
    return false;
}

static void print_effects(const struct effect_list *list, FILE *stream)
{
    size_t label_width = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t width = units_text_width(list->effect(list->rows, i).allocator);
        label_width = width > label_width ? width : label_width;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct effect effect = list->effect(list->rows, i);
        effect.cpu_limit = prediction_limit(METRIC_PREDICTED_CPU, NAN);
        effect.rss_limit = prediction_limit(METRIC_PREDICTED_RSS, list->program_rss_bytes);
        if (is_shown(list, &effect))
            effect_print(&effect, label_width, stream);
    }
}

/* What the program itself took, which the effects are shares of. */
static void write_program(const struct trace_summary *trace, FILE *text)
{
    char cpu[UNITS_TEXT_SIZE], rss[UNITS_TEXT_SIZE];
    bool has_both = trace->program_cpu_us > 0 && trace->program_rss_bytes > 0;
    units_write_ns(cpu, trace->program_cpu_us * 1e3);
    units_write_bytes(rss, trace->program_rss_bytes);
    fputs(" (it took ", text);
    if (trace->program_cpu_us > 0)
        fprintf(text, "%s of CPU time%s", cpu, has_both ? ", " : "");
    if (trace->program_rss_bytes > 0)
        fprintf(text, "%s at its peak", rss);
    fputs("):", text);
}

static void print_reason(const char *what, const char *reason, FILE *stream)
{
    fputc('\n', stream);
    line_print(stream, "  ", "  ", "%s: %s", what, reason);
}

static void print_missing(const struct summary *summary, const struct trace_summary *trace,
                          FILE *stream)
{
    const char *no_cpu = prediction_missing(summary, trace, PASS_TIME);
    const char *no_rss = prediction_missing(summary, trace, PASS_MEMORY);
    if (no_cpu != NULL && no_rss != NULL && strcmp(no_cpu, no_rss) == 0) {
        print_reason("nothing is predicted for the program", no_cpu, stream);
        return;
    }
    if (no_cpu != NULL)
        print_reason("no CPU time is predicted for the program", no_cpu, stream);
    if (no_rss != NULL)
        print_reason("no peak RSS is predicted for the program", no_rss, stream);
}

void prediction_print(const struct summary *summary, const struct trace_summary *trace,
                      FILE *stream)
{
    struct effect_list list = effects_on_trace(summary, trace);
    struct line_text text;
    if (has_shown(&list) && line_text_begin(&text)) {
        fprintf(text.stream, "predicted for this program, against %s", summary->baseline);
        write_program(trace, text.stream);
        fputc('\n', stream);
        line_text_print(&text, stream, "  ", "    ");
        print_effects(&list, stream);
    }
    print_missing(summary, trace, stream);
}

void prediction_print_overall(const struct summary *summary, FILE *stream)
{
    struct effect_list list = {effect_overall, summary->overall, summary->overall_count,
                               summary->baseline, NAN};
    if (!has_shown(&list))
        return;
    fputc('\n', stream);
    line_print(stream, "  ", "    ",
               "predicted for these programs, against %s:", summary->baseline);
    print_effects(&list, stream);
}

/* ---- notes ---- */

static bool has_effects(const struct summary *summary, const struct trace_summary *trace)
{
    struct effect_list list = effects_on_trace(summary, trace);
    return has_shown(&list);
}

/* What about this program no prediction has been compared with. */
static void print_doubts(const struct summary *summary, const struct trace_summary *trace,
                         FILE *stream)
{
    const struct cell *cell = fact_find_cell(summary, trace->trace, NULL);
    const char *source = fact_text(summary, cell, FACT_PROGRAM_CPU_SOURCE);
    const char *redirected = fact_text(summary, cell, FACT_REDIRECTED);
    if (trace->threads > 1)
        line_print(stream, "", "",
                   "%s: waiting of its threads for each other is CPU time; no such program was "
                   "compared.",
                   trace->trace);
    if (summary_trace_number(summary, trace->trace, ".forks") > 0)
        line_print(stream, "", "",
                   "%s: forks, and what that costs with another heap is not predicted.",
                   trace->trace);
    if (redirected != NULL && strcmp(redirected, "1") == 0)
        line_print(stream, "", "",
                   "%s: ran on a malloc of its own, and not on glibc, when it was recorded.",
                   trace->trace);
    if (source != NULL && strcmp(source, "recorded_run") == 0)
        line_print(stream, "", "",
                   "%s: its own CPU time and peak RSS have the recorder's cost in them.",
                   trace->trace);
}

void prediction_print_note(const struct summary *summary, FILE *stream)
{
    bool has_any = false;
    for (size_t i = 0; i < summary->trace_count; i++)
        has_any = has_any || has_effects(summary, &summary->traces[i]);
    if (!has_any)
        return;
    line_print(
        stream, "", "",
        "Predicted: what the program took by itself, and the difference of the replays. On "
        "real programs of one thread peak RSS was 3 %% off on average, or 0.7 MB; CPU time "
        "correlated 0.7 to 0.85, had the right sign in 9 of 10 effects above 4 %%, and was 1 "
        "to 2 %% too good. Under 3 %% nothing is claimed.");
    if (!prediction_has_glibc(summary))
        line_print(stream, "", "",
                   "glibc was not replayed: predicted as if the program had run on %s when it was "
                   "recorded.",
                   prediction_reference(summary));
    for (size_t i = 0; i < summary->trace_count; i++)
        if (has_effects(summary, &summary->traces[i]))
            print_doubts(summary, &summary->traces[i], stream);
}
