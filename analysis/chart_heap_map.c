#include "analysis/chart.h"

#include "analysis/gnuplot.h"
#include "analysis/heap_map_file.h"
#include "analysis/palette.h"
#include "analysis/units.h"

#include <math.h>
#include <string.h>

/*
 * Heaps that differ by more than this have axes of their own: on a common one the smallest would be
 * a line.
 */
static const double COMMON_AXIS = 4;

/* An empty chunk has a colour of its own, below that of one in which a few bytes are live. */
static const double EMPTY_VALUE = -0.04;

struct map_panel {
    const char *allocator;
    const char *failure; /* status of the run, or NULL */
    double bytes;        /* of all chunks together; 0 when it failed */
    double chunk_bytes;
    size_t rows, columns;
    size_t gaps; /* in the addresses, that are not drawn */
};

struct map_panels {
    struct map_panel panels[CHART_MAX_ALLOCATORS];
    size_t count;
    double end_event, most_bytes, least_bytes;
    bool common_axis;
};

/* The status of a run of the pass map that failed, or NULL. */
static const char *failure_of(const struct chart *chart, const char *allocator)
{
    const struct csv_table *runs = &chart->summary->runs.table;
    size_t trace = csv_table_find(runs, "trace"), label = csv_table_find(runs, "allocator");
    size_t pass = csv_table_find(runs, "pass"), status = csv_table_find(runs, "status");
    for (size_t row = 0; row < runs->row_count; row++) {
        if (strcmp(csv_table_text(runs, row, pass), "map") == 0 &&
            strcmp(csv_table_text(runs, row, trace), chart->trace->trace) == 0 &&
            strcmp(csv_table_text(runs, row, label), allocator) == 0 &&
            strcmp(csv_table_text(runs, row, status), "ok") != 0)
            return csv_table_text(runs, row, status);
    }
    return NULL;
}

static size_t count_gaps(const struct heap_map_file *map)
{
    size_t gaps = 0;
    for (size_t i = 1; i < map->row_count; i++)
        gaps += map->row_addresses[i] - map->row_addresses[i - 1] > map->chunk_bytes;
    return gaps;
}

/* Where nothing was live yet the field is empty, and stays white. */
static bool write_matrix(const struct chart *chart, const struct heap_map_file *map, size_t number,
                         struct analysis_error *error)
{
    char name[32];
    snprintf(name, sizeof name, "heap-map-%zu.csv", number);
    FILE *data = chart_open_data(chart, name, error);
    if (data == NULL)
        return false;
    for (size_t i = 0; i < map->row_count * map->column_count; i++) {
        double share = map->live_shares[i];
        if (!isnan(share))
            fprintf(data, "%.3g", share > 0 ? share : EMPTY_VALUE);
        fputc((i + 1) % map->column_count == 0 ? '\n' : ',', data);
    }
    return chart_close_data(data, name, error);
}

static bool add_map(const struct chart *chart, struct map_panels *panels, const char *allocator,
                    const struct heap_map_file *map, struct analysis_error *error)
{
    struct map_panel *panel = &panels->panels[panels->count++];
    *panel = (struct map_panel){
        .allocator = allocator,
        .bytes = (double)map->row_count * map->chunk_bytes,
        .chunk_bytes = map->chunk_bytes,
        .rows = map->row_count,
        .columns = map->column_count,
        .gaps = count_gaps(map),
    };
    panels->end_event = fmax(panels->end_event, map->end_event);
    panels->most_bytes = fmax(panels->most_bytes, panel->bytes);
    panels->least_bytes = fmin(panels->least_bytes, panel->bytes);
    return write_matrix(chart, map, panels->count, error);
}

static bool add_panel(const struct chart *chart, struct map_panels *panels, const char *allocator,
                      struct analysis_error *error)
{
    struct heap_map_file map;
    const char *failure;
    switch (heap_map_file_read(&map, chart->summary, chart->trace->trace, allocator, error)) {
    case HEAP_MAP_READ: {
        bool ok = add_map(chart, panels, allocator, &map, error);
        heap_map_file_free(&map);
        return ok;
    }
    case HEAP_MAP_BAD:
        return false;
    default:
        failure = failure_of(chart, allocator);
        if (failure != NULL)
            panels->panels[panels->count++] = (struct map_panel){allocator, .failure = failure};
        return true;
    }
}

static bool collect_panels(const struct chart *chart, struct map_panels *panels,
                           struct analysis_error *error)
{
    *panels = (struct map_panels){.least_bytes = INFINITY};
    for (size_t i = 0; i < chart->trace->allocator_count; i++) {
        if (panels->count < CHART_MAX_ALLOCATORS &&
            !add_panel(chart, panels, chart->trace->allocators[i].allocator, error))
            return false;
    }
    panels->common_axis = panels->most_bytes <= COMMON_AXIS * panels->least_bytes;
    return true;
}

static size_t columns_of(const struct map_panels *panels)
{
    return panels->count <= 1 ? 1 : panels->count <= 4 ? 2 : 3;
}

static struct axis bytes_axis(double bytes, struct unit unit)
{
    char suffix[16];
    snprintf(suffix, sizeof suffix, " %s", unit.symbol);
    return axis_from_zero(bytes / unit.size, 4, suffix, false);
}

/* What fits beside the label. */
static void write_note(const struct map_panel *panel, size_t columns, char *note, size_t size)
{
    char all[UNITS_TEXT_SIZE], chunk[UNITS_TEXT_SIZE];
    units_write_bytes(all, panel->bytes);
    units_write_bytes(chunk, panel->chunk_bytes);
    if (columns > 2)
        snprintf(note, size, "%s", all);
    else
        snprintf(note, size, "%s in chunks of %s, %zu gap%s", all, chunk, panel->gaps,
                 panel->gaps == 1 ? "" : "s");
}

static void set_panel(const struct chart *chart, const struct map_panels *panels, size_t index)
{
    FILE *settings = chart->settings;
    const struct map_panel *panel = &panels->panels[index];
    double bytes =
        panels->common_axis || panel->failure != NULL ? panels->most_bytes : panel->bytes;
    struct unit unit = units_for_bytes(bytes);
    struct axis y = bytes_axis(bytes, unit);
    char note[128] = "", failure[64] = "";
    if (panel->failure != NULL)
        chart_write_failure(chart, panel->failure, failure, sizeof failure);
    else
        write_note(panel, columns_of(panels), note, sizeof note);
    gnuplot_set_text_element(settings, "LABEL", index + 1, panel->allocator);
    gnuplot_set_text_element(settings, "COLOR", index + 1, palette_color(panel->allocator));
    gnuplot_set_text_element(settings, "NOTE", index + 1, note);
    gnuplot_set_text_element(settings, "FAILURE", index + 1, failure);
    gnuplot_set_text_element(settings, "TICKS", index + 1, y.ticks);
    gnuplot_set_text_element(settings, "BLANK", index + 1, y.blank);
    gnuplot_set_number_element(settings, "HIGH_Y", index + 1, y.high);
    gnuplot_set_number_element(settings, "STEP_Y", index + 1, panel->chunk_bytes / unit.size);
    gnuplot_set_number_element(settings, "COLUMNS_X", index + 1, (double)panel->columns);
}

static void set_panels(const struct chart *chart, const struct map_panels *panels)
{
    static const char *const arrays[] = {"LABEL", "COLOR",  "NOTE",   "FAILURE",  "TICKS",
                                         "BLANK", "HIGH_Y", "STEP_Y", "COLUMNS_X"};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        gnuplot_set_array(chart->settings, arrays[i], panels->count);
    for (size_t i = 0; i < panels->count; i++)
        set_panel(chart, panels, i);
}

static void set_frame(const struct chart *chart, const struct map_panels *panels)
{
    bool many = panels->end_event >= 2e6;
    double events = panels->end_event / (many ? 1e6 : 1e3);
    size_t columns = columns_of(panels);
    size_t rows = (panels->count + columns - 1) / columns;
    double panel_height = columns == 1 ? 440 : rows == 1 ? 380 : columns == 2 ? 260 : 220;
    struct axis x = axis_from_zero(events, columns == 1 ? 10 : columns == 2 ? 5 : 3, "", false);
    chart_set_axis(chart, "X", &x);
    gnuplot_set_text(chart->settings, "XLABEL",
                     many ? "trace event (millions)" : "trace event (thousands)");
    gnuplot_set_number(chart->settings, "COUNT", (double)panels->count);
    gnuplot_set_number(chart->settings, "COLUMNS", (double)columns);
    gnuplot_set_number(chart->settings, "ROWS", (double)rows);
    gnuplot_set_number(chart->settings, "COMMON", panels->common_axis);
    gnuplot_set_number(chart->settings, "EMPTY", EMPTY_VALUE);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H",
                       128 + 104 + (double)rows * panel_height + 74 * (double)(rows - 1));
}

enum chart_result chart_heap_map(struct chart *chart, struct analysis_error *error)
{
    struct map_panels panels;
    if (!collect_panels(chart, &panels, error))
        return CHART_FAILED;
    if (!(panels.most_bytes > 0))
        return chart_leave_out(error, "needs the pass map (replay -p time,memory,map)");
    chart_set_footer(chart, PASS_MEMORY);
    set_frame(chart, &panels);
    set_panels(chart, &panels);
    return CHART_READY;
}
