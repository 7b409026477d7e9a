#include "analysis/summary_warnings.h"

#include "analysis/line.h"
#include "analysis/ratio_text.h"
#include "analysis/summary_threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char first[] = "  ! ", indent[] = "    ";

/* The one with the least cold time, or NULL. */
static const struct allocator_summary *fastest(const struct trace_summary *trace)
{
    const struct allocator_summary *best = NULL;
    for (size_t i = 0; i < trace->allocator_count; i++) {
        double ns = trace->allocators[i].metrics[METRIC_COLD].median;
        if (!isnan(ns) && (best == NULL || ns < best->metrics[METRIC_COLD].median))
            best = &trace->allocators[i];
    }
    return best;
}

/* ---- what was not run, or did not end well ---- */

/* One line per allocator and pass; the verify pass tells its own. */
static void print_failures(const struct trace_summary *trace, FILE *stream)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const struct allocator_summary *allocator = &trace->allocators[i];
        for (int pass = 0; pass < PASS_VERIFY; pass++) {
            const unsigned *cells = allocator->cells[pass];
            unsigned total = 0;
            for (int status = 0; status < RUN_STATUS_COUNT; status++)
                total += cells[status];
            for (int status = RUN_OK + 1; status < RUN_STATUS_COUNT; status++)
                if (cells[status] > 0)
                    line_print(stream, first, indent, "%s: %u of %u %s run%s ended with %s",
                               allocator->allocator, cells[status], total,
                               pass_name((enum pass)pass), total == 1 ? "" : "s",
                               run_status_name((enum run_status)status));
        }
    }
}

static void print_missing_baseline(const struct summary *summary, const struct trace_summary *trace,
                                   FILE *stream)
{
    for (size_t i = 0; i < trace->allocator_count; i++) {
        if (strcmp(trace->allocators[i].allocator, summary->baseline) == 0)
            return;
    }
    line_print(stream, first, indent, "the baseline %s was not run: no ratios to it",
               summary->baseline);
}

/* ---- time ---- */

/* Short replays are mostly what a process does at its start. */
static void print_too_short(const struct trace_summary *trace, FILE *stream)
{
    static const double least_ns = 1e6, least_ops = 1000;
    const struct allocator_summary *best = fastest(trace);
    if (best == NULL)
        return;
    double ns = best->metrics[METRIC_COLD].median * trace->ops;
    char ops[UNITS_TEXT_SIZE], time[UNITS_TEXT_SIZE];
    units_write_count(ops, trace->ops);
    units_write_measured_ns(time, ns, NAN);
    if (ns < least_ns || trace->ops < least_ops)
        line_print(stream, first, indent,
                   "%s call%s in %s: too short to time; use a longer trace, or --loops=N for the "
                   "warm time",
                   ops, trace->ops == 1 ? "" : "s", time);
}

static void print_noise(const struct summary *summary, const struct trace_summary *trace,
                        FILE *stream)
{
    static const double wanted = 0.05;
    struct precision precision = summary_precision(summary, trace->trace, wanted);
    double more = precision.rounds_needed - (double)precision.rounds;
    if (!(precision.half_width > wanted))
        return;
    if (more >= 1 && precision.rounds_needed <= 200)
        line_print(
            stream, first, indent,
            "noisy: ratios are known to ±%.0f %% only; run %.0f round%s more (--rounds=%.0f) "
            "to tell %.0f %%",
            precision.half_width * 100, more, more == 1 ? "" : "s", precision.rounds_needed,
            wanted * 100);
    else
        line_print(stream, first, indent,
                   "noisy: ratios are known to ±%.0f %% only; run again when the machine is quiet",
                   precision.half_width * 100);
}

static void print_floor_share(const struct summary *summary, const struct trace_summary *trace,
                              FILE *stream)
{
    static const double most_share = 0.3;
    const struct allocator_summary *best = fastest(trace);
    if (best == NULL || !(trace->null_ns_per_op > most_share * best->metrics[METRIC_COLD].median))
        return;
    const struct ratio *net = &best->metrics[METRIC_COLD_NET].to_baseline;
    struct ratio times = net->value < 1 ? ratio_inverse(net) : *net;
    char value[UNITS_TEXT_SIZE];
    struct line_text text;
    if (!line_text_begin(&text))
        return;
    fprintf(text.stream, "the harness's floor is %.0f %% of the time of %s",
            100 * trace->null_ns_per_op / best->metrics[METRIC_COLD].median, best->allocator);
    ratio_write(value, &times);
    if (ratio_is_different(net))
        fprintf(text.stream, "; net of the floor it is %s %s than %s (cold_net_ns_per_op)", value,
                net->value < 1 ? "faster" : "slower", summary->baseline);
    line_text_print(&text, stream, first, indent);
}

/* Of the first loops on one thread, the median of how often a second they were preempted. */
static double preemptions_per_second(const struct summary *summary, const char *trace)
{
    const struct csv_table *runs = &summary->runs.table;
    size_t switches = csv_table_find(runs, "nivcsw"), cpu = csv_table_find(runs, "cpu_ns");
    double *rates = calloc(summary->runs.cell_count + 1, sizeof *rates), median = NAN;
    size_t count = 0;
    for (size_t i = 0; rates != NULL && i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        double times = NAN, cpu_ns = NAN;
        if (cell->pass != PASS_TIME || cell->status != RUN_OK || strcmp(cell->threads, "1") != 0 ||
            strcmp(cell->trace, trace) != 0)
            continue;
        if (csv_table_number(runs, cell->row, switches, &times, NULL) &&
            csv_table_number(runs, cell->row, cpu, &cpu_ns, NULL) && cpu_ns > 0 && !isnan(times))
            rates[count++] = times / cpu_ns * 1e9;
    }
    if (rates != NULL)
        median = statistics_median(rates, count);
    free(rates);
    return median;
}

static void print_preemptions(const struct summary *summary, const struct trace_summary *trace,
                              FILE *stream)
{
    static const double most_per_second = 200;
    double rate = preemptions_per_second(summary, trace->trace);
    if (rate > most_per_second)
        line_print(stream, first, indent,
                   "other processes took the processor %.0f times a second; stop them, and run "
                   "again",
                   rate);
}

/* ---- memory ---- */

/*
 * Samples are taken between calls. What is needed only inside of one, as the second block of a
 * realloc that copies, shows in the kernel's own peak, which is never too high.
 */
static void print_peaks_inside_calls(const struct trace_summary *trace, FILE *stream)
{
    enum { PEAK_TOLERANCE_BYTES = 80 * 4096 };
    for (size_t i = 0; i < trace->allocator_count; i++) {
        const struct allocator_summary *allocator = &trace->allocators[i];
        double peak_bytes = allocator->metrics[METRIC_PEAK_HEAP].median;
        double inside_bytes = allocator->metrics[METRIC_HWM_HEAP].median;
        char text[UNITS_TEXT_SIZE];
        if (!(inside_bytes > peak_bytes + PEAK_TOLERANCE_BYTES))
            continue;
        units_write_bytes(text, inside_bytes);
        line_print(stream, first, indent,
                   "%s: its peak is %s inside of a call (a realloc that copies)",
                   allocator->allocator, text);
    }
}

static bool was_left_untouched(const struct summary *summary, const char *trace)
{
    for (size_t i = 0; i < summary->runs.cell_count; i++) {
        const struct cell *cell = &summary->runs.cells[i];
        if (cell->pass == PASS_MEMORY && cell->status == RUN_OK && !cell->was_touched &&
            strcmp(cell->trace, trace) == 0)
            return true;
    }
    return false;
}

static void print_untouched(const struct summary *summary, const struct trace_summary *trace,
                            FILE *stream)
{
    if (was_left_untouched(summary, trace->trace))
        line_print(
            stream, first, indent,
            "no ratios to live bytes: nothing was written into the blocks (--touch=none), so "
            "they are not resident; --touch=page gives them");
}

/* ---- the whole ---- */

void summary_warnings_print(const struct summary *summary, const struct trace_summary *trace,
                            FILE *stream)
{
    print_missing_baseline(summary, trace, stream);
    print_failures(trace, stream);
    print_too_short(trace, stream);
    print_noise(summary, trace, stream);
    print_preemptions(summary, trace, stream);
    print_floor_share(summary, trace, stream);
    print_untouched(summary, trace, stream);
    print_peaks_inside_calls(trace, stream);
    summary_threads_print_warnings(summary, trace, stream);
}

void summary_warnings_print_machine(const struct summary *summary, FILE *stream)
{
    static const double most_percent = 1;
    const char *text = summary_meta(summary, "", "steal_percent", "");
    double percent = text != NULL ? strtod(text, NULL) : 0;
    if (percent >= most_percent)
        line_print(stream, "! ", "  ",
                   "other virtual machines took %.1f %% of the processors' time (steal); run again "
                   "when they are quiet",
                   percent);
}

void summary_warnings_print_overall(const struct summary *summary, FILE *stream)
{
    for (size_t i = 0; i < summary->overall_count; i++) {
        const struct overall_summary *overall = &summary->overall[i];
        for (int pass = 0; pass < PASS_VERIFY; pass++) {
            if (overall->missing_trace[pass] != NULL)
                line_print(stream, first, indent, "%s: no mean of %s, because it has none on %s",
                           overall->allocator, pass_name((enum pass)pass),
                           overall->missing_trace[pass]);
        }
    }
}
