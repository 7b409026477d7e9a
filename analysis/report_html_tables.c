#include "analysis/report_html_tables.h"

#include "analysis/html.h"
#include "analysis/latency_print.h"
#include "analysis/overall_table.h"
#include "analysis/summary_table.h"
#include "analysis/trace_table.h"
#include "analysis/units.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static void write_lines(const struct summary *summary, const struct trace_summary *trace,
                        void (*print)(const struct summary *, const struct trace_summary *, FILE *),
                        FILE *html)
{
    struct line_text lines;
    if (!line_text_begin(&lines))
        return;
    print(summary, trace, lines.stream);
    html_write_lines(html, &lines);
}

static void write_table(struct table_layout *table, const char *what, const char *trace, FILE *html)
{
    char *caption = NULL;
    if (asprintf(&caption, "%s%s%s", what, *trace ? ", " : "", trace) >= 0)
        html_write_table(html, table, caption);
    free(caption);
    free(table->rows);
}

/* Of all traces with NULL. */
static void write_numbers(const struct summary *summary, const struct trace_summary *trace,
                          FILE *html)
{
    struct table_layout table;
    if (trace == NULL ? overall_table_make(summary, &table)
                      : trace_table_make(summary, trace, &table))
        write_table(&table, trace == NULL ? "Geometric means over all traces" : "Time and memory",
                    trace == NULL ? "" : trace->trace, html);
    write_lines(summary, trace, summary_table_print_findings, html);
    write_lines(summary, trace, summary_table_print_details, html);
}

static void print_environment(const struct summary *summary, const struct trace_summary *trace,
                              FILE *stream)
{
    (void)trace;
    summary_table_print_environment(summary, stream);
}

static void print_notes(const struct summary *summary, const struct trace_summary *trace,
                        FILE *stream)
{
    (void)trace;
    summary_table_print_notes(summary, TABLE_MARK_BOLD, stream);
}

void report_html_write_key_table(const struct summary *summary, FILE *html)
{
    fputs("<section id=\"numbers\">\n<h2>The numbers</h2>\n", html);
    write_numbers(summary, summary->trace_count == 1 ? &summary->traces[0] : NULL, html);
    bool folds = summary->trace_count > 1;
    fputs(folds ? "<details class=\"notes\">\n<summary>How it was run, and notes</summary>\n"
                : "<div class=\"notes\">\n",
          html);
    write_lines(summary, NULL, print_environment, html);
    write_lines(summary, NULL, print_notes, html);
    fputs(folds ? "</details>\n</section>\n" : "</div>\n</section>\n", html);
}

bool report_html_write_latencies(const struct summary *summary, FILE *html)
{
    static const char *const kinds[LATENCY_KIND_COUNT] = {"Latency of allocations",
                                                          "Latency of releases"};
    bool has_any = false;
    for (size_t i = 0; i < summary->trace_count; i++)
        for (int kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
            struct table_layout table;
            const struct trace_summary *trace = &summary->traces[i];
            if (!latency_table_make(summary, trace, (enum latency_kind)kind, &table))
                continue;
            write_table(&table, kinds[kind], trace->trace, html);
            has_any = true;
        }
    return has_any;
}

/* ---- the corpus ---- */

static const char *meta(const struct summary *summary, const char *prefix, const char *name,
                        const char *suffix)
{
    const char *value = summary_meta(summary, prefix, name, suffix);
    return value != NULL ? value : "";
}

static void write_trace_row(const struct trace_summary *trace, struct table_row *row)
{
    row->label = trace->trace;
    units_write_count(row->cells[0].text, trace->ops);
    units_write_count(row->cells[1].text, trace->threads);
    units_write_bytes(row->cells[2].text, trace->peak_live_bytes);
    units_write_ns(row->cells[3].text, trace->duration_us * 1e3);
    units_write_ns(row->cells[4].text, trace->program_cpu_us * 1e3);
    units_write_bytes(row->cells[5].text, trace->program_rss_bytes);
}

static void write_corpus_table(const struct summary *summary, FILE *html)
{
    static const struct table_row header = {.label = "trace",
                                            .cells = {{.text = "calls"},
                                                      {.text = "threads"},
                                                      {.text = "peak live"},
                                                      {.text = "recorded"},
                                                      {.text = "program's CPU time"},
                                                      {.text = "program's peak RSS"}}};
    struct table_row *rows = calloc(summary->trace_count + 1, sizeof *rows);
    if (rows == NULL)
        return;
    rows[0] = header;
    for (size_t i = 0; i < summary->trace_count; i++)
        write_trace_row(&summary->traces[i], &rows[i + 1]);
    struct table_layout table = {
        .rows = rows, .row_count = summary->trace_count + 1, .header_rows = 1, .column_count = 6};
    write_table(&table, "What was replayed", "", html);
}

static void write_fact(FILE *html, const char *name, const char *value)
{
    if (*value == '\0')
        return;
    html_write_element(html, "dt", NULL, name);
    html_write_element(html, "dd", NULL, value);
}

static void write_provenance(const struct summary *summary, const char *trace, FILE *html)
{
    fputs("<dl>\n", html);
    write_fact(html, "Recorded command", meta(summary, "trace.", trace, ".command"));
    write_fact(html, "Recorder", meta(summary, "trace.", trace, ".recorder"));
    write_fact(html, "SHA-256 of the trace", meta(summary, "trace.", trace, ".sha256"));
    fputs("</dl>\n", html);
}

void report_html_write_corpus(const struct summary *summary, FILE *html)
{
    bool is_one = summary->trace_count == 1;
    fprintf(html, "<section id=\"corpus\">\n<h2>The %s</h2>\n", is_one ? "trace" : "corpus");
    write_corpus_table(summary, html);
    for (size_t i = 0; i < summary->trace_count; i++) {
        const struct trace_summary *trace = &summary->traces[i];
        if (is_one) {
            write_provenance(summary, trace->trace, html);
            continue;
        }
        fputs("<details>\n", html);
        html_write_element(html, "summary", NULL, trace->trace);
        write_numbers(summary, trace, html);
        write_provenance(summary, trace->trace, html);
        fputs("</details>\n", html);
    }
    fputs("</section>\n", html);
}

/* ---- the environment ---- */

static const struct {
    const char *key, *name;
} facts[] = {
    {"cpu", "Processor"},
    {"microcode", "Microcode"},
    {"cores", "Cores"},
    {"kernel", "Kernel"},
    {"host", "Host"},
    {"governor", "Frequency governor"},
    {"thp", "Transparent huge pages"},
    {"aslr", "Address randomization"},
    {"load_average", "Load at the start"},
    {"started_utc", "Started (UTC)"},
    {"version", "heapreel"},
    {"seed", "Seed of the order"},
    {"rounds_time", "Rounds of time"},
    {"rounds_memory", "Rounds of memory"},
    {"rounds_latency", "Rounds of latency"},
    {"rounds_map", "Rounds of map"},
    {"rounds_verify", "Rounds of verify"},
    {"loops", "Loops in a process"},
    {"baseline", "Baseline"},
    {"clock", "Clock of the memory pass"},
    {"touch_time", "Touched, time"},
    {"touch_memory", "Touched, memory"},
    {"threads", "Threads"},
    {"cpu_pinned", "Pinned to core"},
    {"timeout_s", "Timeout in seconds"},
};

static void write_allocator_row(const struct summary *summary, const char *allocator, FILE *html)
{
    static const char *const suffixes[] = {".version", ".spec", ".path", ".sha256"};
    fputs("<tr><th scope=\"row\">", html);
    html_write_text(html, allocator);
    fputs("</th>", html);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        fputs("<td class=\"left\">", html);
        html_write_text(html, meta(summary, "allocator.", allocator, suffixes[i]));
        fputs("</td>", html);
    }
    fputs("</tr>\n", html);
}

static void write_allocators(const struct summary *summary, FILE *html)
{
    const struct trace_summary *trace = &summary->traces[0];
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Allocators\">\n"
          "<table class=\"words\">\n<caption>Allocators</caption>\n<thead><tr>",
          html);
    static const char *const headers[] = {"allocator", "version", "as asked for", "file",
                                          "SHA-256"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        fprintf(html, "<th scope=\"col\">%s</th>", headers[i]);
    fputs("</tr></thead>\n<tbody>\n", html);
    for (size_t i = 0; i < trace->allocator_count; i++)
        write_allocator_row(summary, trace->allocators[i].allocator, html);
    fputs("</tbody>\n</table>\n</div>\n", html);
}

static void write_command(const struct summary *summary, FILE *html)
{
    const char *command = meta(summary, "", "command", "");
    fputs("<h3>To do it again</h3>\n", html);
    if (*command == '\0') {
        fputs("<p>The command is not known: it is not in meta.csv.</p>\n", html);
        return;
    }
    fputs("<pre><code>", html);
    html_write_text(html, command);
    if (strstr(command, "--seed") == NULL && *meta(summary, "", "seed", "") != '\0')
        html_print(html, "\n# with --seed=%s for the same order of runs",
                   meta(summary, "", "seed", ""));
    fputs("</code></pre>\n", html);
}

void report_html_write_environment(const struct summary *summary, FILE *html)
{
    fputs("<section id=\"environment\">\n<h2>The environment</h2>\n", html);
    if (summary->meta.row_count == 0)
        fputs(
            "<p class=\"warning\">There is no meta.csv: how this was measured is not known.</p>\n",
            html);
    fputs("<dl class=\"facts\">\n", html);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const char *value = meta(summary, "", facts[i].key, "");
        bool is_zero = strncmp(facts[i].key, "rounds_", 7) == 0 && strcmp(value, "0") == 0;
        if (*value != '\0' && !is_zero) {
            fputs("<div>", html);
            write_fact(html, facts[i].name, value);
            fputs("</div>", html);
        }
    }
    fputs("</dl>\n", html);
    if (summary->trace_count > 0)
        write_allocators(summary, html);
    write_command(summary, html);
    fputs("</section>\n", html);
}
