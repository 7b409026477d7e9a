#include "analysis/chart.h"

#include "analysis/csv_table.h"
#include "analysis/gnuplot.h"
#include "analysis/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The classes of size and lifetime lie on a grid: SIZE_STEPS cells from a power of two to the next,
 * LIFETIME_STEPS from a power of ten. What was never released has rows of its own above.
 */
enum {
    SIZE_STEPS = 4,
    LIFETIME_STEPS = 5,
    FIRST_COLUMN = -2 * SIZE_STEPS, /* 0 bytes lie from -2 to -1, 1 byte from there to 0 */
    COLUMNS = (64 + 2) * SIZE_STEPS,
    FIRST_ROW = -1, /* a lifetime of 1 lies below 10^0 */
    NEVER_GAP = 1,
    NEVER_ROWS = 2,
    ROWS = 1 + 20 * LIFETIME_STEPS,
    MAX_DECADES = 16,
};

struct grid {
    double objects[ROWS][COLUMNS]; /* of the class that the cell is of */
    double never[COLUMNS];
    double size_objects[COLUMNS]; /* marginal sums: of the class, whatever the lifetime */
    double lifetime_objects[ROWS];
    double all, all_never, most;
    int left, right; /* columns that are used, from and up to */
    int top;         /* rows that are used, up to */
};

/* Between powers of two in a line, as the classes are. */
static int column_of(double limit)
{
    int power = 0;
    if (limit < 1)
        return (int)lround(SIZE_STEPS * (limit - 1)) - FIRST_COLUMN;
    for (; limit >= 2 && power < 62; power++)
        limit /= 2;
    int column = (int)lround(SIZE_STEPS * (power + limit - 1)) - FIRST_COLUMN;
    return column < COLUMNS ? column : COLUMNS;
}

static int row_of(double limit)
{
    if (limit < 1)
        return 0;
    int row = (int)ceil(LIFETIME_STEPS * log10(limit) - 1e-9) - FIRST_ROW;
    return row < ROWS ? row : ROWS;
}

/* From one column and row up to another one. */
struct area {
    int left, right, bottom, top;
};

static void add_class(struct grid *grid, const struct area *area, double objects)
{
    grid->all += objects;
    grid->most = fmax(grid->most, objects);
    grid->left = area->left < grid->left ? area->left : grid->left;
    grid->right = area->right > grid->right ? area->right : grid->right;
    grid->top = area->top > grid->top ? area->top : grid->top;
    for (int column = area->left; column < area->right; column++) {
        grid->size_objects[column] += objects;
        for (int row = area->bottom; row < area->top; row++)
            grid->objects[row][column] += objects;
        if (area->top == 0)
            grid->never[column] += objects;
    }
    for (int row = area->bottom; row < area->top; row++)
        grid->lifetime_objects[row] += objects;
    if (area->top == 0)
        grid->all_never += objects;
}

static bool read_class(struct grid *grid, const struct csv_table *table, size_t row,
                       struct analysis_error *error)
{
    enum { SIZE_FROM, SIZE_TO, LIFETIME_FROM, LIFETIME_TO, OBJECTS, COUNT };
    static const char *const names[COUNT] = {"size_from", "size_to", "lifetime_from", "lifetime_to",
                                             "objects"};
    double values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        size_t column;
        if (!csv_table_column(table, names[i], &column, error) ||
            !csv_table_number(table, row, column, &values[i], error))
            return false;
    }
    bool never = isnan(values[LIFETIME_TO]);
    if (!(values[SIZE_FROM] >= 0 && values[SIZE_TO] >= values[SIZE_FROM] && values[OBJECTS] > 0) ||
        (!never && !(values[LIFETIME_FROM] >= 1 && values[LIFETIME_TO] >= values[LIFETIME_FROM])))
        return csv_table_fail(table, row, error, "no class of sizes and lifetimes");
    struct area area = {column_of(values[SIZE_FROM] - 1), column_of(values[SIZE_TO]),
                        never ? 0 : row_of(values[LIFETIME_FROM] - 1),
                        never ? 0 : row_of(values[LIFETIME_TO])};
    add_class(grid, &area, values[OBJECTS]);
    return true;
}

static bool read_grid(struct grid *grid, const char *path, struct analysis_error *error)
{
    struct csv_table table;
    grid->left = COLUMNS;
    if (!csv_table_read(&table, path, error))
        return false;
    bool ok = true;
    for (size_t row = 0; ok && row < table.row_count; row++)
        ok = read_class(grid, &table, row, error);
    csv_table_free(&table);
    return ok;
}

static int row_count(const struct grid *grid)
{
    return grid->top + NEVER_GAP + NEVER_ROWS;
}

/* Logarithms of objects; empty where there are none. */
static bool write_matrix(const struct chart *chart, const struct grid *grid,
                         struct analysis_error *error)
{
    FILE *data = chart_open_data(chart, "size-lifetime.csv", error);
    if (data == NULL)
        return false;
    for (int row = 0; row < row_count(grid); row++) {
        for (int column = grid->left; column < grid->right; column++) {
            double objects = row < grid->top               ? grid->objects[row][column]
                             : row < grid->top + NEVER_GAP ? 0
                                                           : grid->never[column];
            if (objects > 0)
                fprintf(data, "%.4g", log10(objects));
            fputc(column + 1 < grid->right ? ',' : '\n', data);
        }
    }
    return chart_close_data(data, "size-lifetime.csv", error);
}

static bool write_sizes(const struct chart *chart, const struct grid *grid,
                        struct analysis_error *error)
{
    FILE *data = chart_open_data(chart, "sizes.csv", error);
    if (data == NULL)
        return false;
    fputs("left,objects\n", data);
    for (int column = grid->left; column < grid->right; column++)
        fprintf(data, "%.6g,%.9g\n", (double)(column + FIRST_COLUMN) / SIZE_STEPS,
                grid->size_objects[column]);
    return chart_close_data(data, "sizes.csv", error);
}

static bool write_lifetimes(const struct chart *chart, const struct grid *grid,
                            struct analysis_error *error)
{
    FILE *data = chart_open_data(chart, "lifetimes.csv", error);
    if (data == NULL)
        return false;
    fputs("bottom,objects\n", data);
    for (int row = 0; row < row_count(grid); row++)
        fprintf(data, "%.6g,%.9g\n", (double)(row + FIRST_ROW) / LIFETIME_STEPS,
                row < grid->top               ? grid->lifetime_objects[row]
                : row < grid->top + NEVER_GAP ? 0
                                              : grid->all_never);
    return chart_close_data(data, "lifetimes.csv", error);
}

static void add_tick(char *list, size_t size, const char *text, double place)
{
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s\"%s\" %.6g", used > 1 ? ", " : "", text, place);
}

/* A tick at each fourth power of two, or each second where there are few. */
static struct axis size_axis(const struct grid *grid)
{
    struct axis axis = {.low = (double)(grid->left + FIRST_COLUMN) / SIZE_STEPS,
                        .high = (double)(grid->right + FIRST_COLUMN) / SIZE_STEPS,
                        .ticks = "("};
    int step = axis.high - axis.low > 14 ? 4 : 2;
    for (int power = 0; power <= axis.high + 1e-9; power += step) {
        char text[UNITS_TEXT_SIZE];
        double bytes = pow(2, power);
        struct unit unit = units_for_bytes(bytes);
        snprintf(text, sizeof text, "%.0f %s", bytes / unit.size, unit.symbol);
        if (power >= axis.low)
            add_tick(axis.ticks, sizeof axis.ticks - 1, text, power);
    }
    strcat(axis.ticks, ")");
    strcpy(axis.blank, "()");
    return axis;
}

/* 1, 10, 100, 1 k, and so on. */
static void write_power_of_ten(char *text, size_t size, int power)
{
    static const char *const suffixes[] = {"", " k", " M", " G", " T", " P", " E"};
    size_t thousands = (size_t)power / 3;
    snprintf(text, size, "%.0f%s", pow(10, power % 3),
             thousands < sizeof suffixes / sizeof *suffixes ? suffixes[thousands] : "");
}

static struct axis lifetime_axis(const struct grid *grid)
{
    struct axis axis = {.low = (double)FIRST_ROW / LIFETIME_STEPS,
                        .high = (double)(row_count(grid) + FIRST_ROW) / LIFETIME_STEPS,
                        .ticks = "("};
    double top = (double)(grid->top + FIRST_ROW) / LIFETIME_STEPS;
    for (int power = 0; power <= top + 1e-9; power++) {
        char text[UNITS_TEXT_SIZE];
        write_power_of_ten(text, sizeof text, power);
        add_tick(axis.ticks, sizeof axis.ticks - 1, text, power);
    }
    add_tick(axis.ticks, sizeof axis.ticks - 1, "never",
             axis.high - (double)NEVER_ROWS / 2 / LIFETIME_STEPS);
    strcat(axis.ticks, ")");
    strcpy(axis.blank, "()");
    return axis;
}

static void set_colours(const struct chart *chart, const struct grid *grid)
{
    int decades = (int)floor(log10(grid->most) + 1e-9);
    decades = decades < MAX_DECADES ? decades : MAX_DECADES;
    gnuplot_set_array(chart->settings, "DECADE", (size_t)decades + 1);
    for (int power = 0; power <= decades; power++) {
        char text[UNITS_TEXT_SIZE];
        write_power_of_ten(text, sizeof text, power);
        gnuplot_set_text_element(chart->settings, "DECADE", (size_t)power + 1, text);
    }
    gnuplot_set_number(chart->settings, "DECADES", decades);
    gnuplot_set_number(chart->settings, "MOST", fmax(log10(grid->most), 0.5));
}

static double highest(const double *values, int from, int to)
{
    double most = 0;
    for (int i = from; i < to; i++)
        most = fmax(most, values[i]);
    return most;
}

/* It is the trace's alone: no allocator, clock or round is in it. */
static void set_texts(const struct chart *chart, const struct grid *grid)
{
    char objects[UNITS_TEXT_SIZE], ops[UNITS_TEXT_SIZE], live[UNITS_TEXT_SIZE], text[320];
    units_write_count(objects, grid->all);
    units_write_count(ops, chart->trace->ops);
    units_write_bytes(live, chart->trace->peak_live_bytes);
    snprintf(text, sizeof text, "%s: %s calls, peak live %s, as recorded: whatever the allocator",
             chart->trace->trace, ops, live);
    gnuplot_set_text(chart->settings, "FOOTER", text);
    snprintf(text, sizeof text, "%s objects, %.3g %% of them never released", objects,
             100 * grid->all_never / grid->all);
    gnuplot_set_text(chart->settings, "NOTE", text);
    gnuplot_set_text(chart->settings, "TRACE", chart->trace->trace);
}

static void set_all(const struct chart *chart, const struct grid *grid)
{
    struct axis x = size_axis(grid), y = lifetime_axis(grid);
    double most_of_rows = fmax(highest(grid->lifetime_objects, 0, grid->top), grid->all_never);
    chart_set_axis(chart, "X", &x);
    chart_set_axis(chart, "Y", &y);
    gnuplot_set_number(chart->settings, "STEP_X", 1.0 / SIZE_STEPS);
    gnuplot_set_number(chart->settings, "STEP_Y", 1.0 / LIFETIME_STEPS);
    gnuplot_set_number(chart->settings, "ALL", grid->all);
    gnuplot_set_number(chart->settings, "MOST_SIZE",
                       highest(grid->size_objects, grid->left, grid->right));
    gnuplot_set_number(chart->settings, "MOST_LIFETIME", most_of_rows);
    gnuplot_set_number(chart->settings, "W", 1200);
    gnuplot_set_number(chart->settings, "H", 691);
    set_colours(chart, grid);
    set_texts(chart, grid);
}

static enum chart_result draw(struct chart *chart, const char *path, struct analysis_error *error)
{
    struct grid *grid = calloc(1, sizeof *grid);
    if (grid == NULL) {
        analysis_fail(error, "%s: not enough memory", path);
        return CHART_FAILED;
    }
    enum chart_result result = CHART_FAILED;
    if (!read_grid(grid, path, error)) {
        result = CHART_FAILED;
    } else if (!(grid->all > 0)) {
        result = chart_leave_out(error, "the trace has no objects");
    } else if (write_matrix(chart, grid, error) && write_sizes(chart, grid, error) &&
               write_lifetimes(chart, grid, error)) {
        set_all(chart, grid);
        result = CHART_READY;
    }
    free(grid);
    return result;
}

enum chart_result chart_size_lifetime(struct chart *chart, struct analysis_error *error)
{
    char *name = NULL, *path = NULL;
    enum chart_result result = CHART_FAILED;
    if (asprintf(&name, "size-lifetime-%s.csv", chart->trace->trace) < 0)
        name = NULL;
    if (asprintf(&path, "%s/%s", chart->summary->dir, name != NULL ? name : "") < 0)
        path = NULL;
    if (name == NULL || path == NULL)
        analysis_fail(error, "size-lifetime: not enough memory");
    else if (summary_meta(chart->summary, "file.", name, "") == NULL || access(path, F_OK) != 0)
        result = chart_leave_out(
            error, "needs size-lifetime-TRACE.csv of the trace, which replay --bounds=yes "
                   "writes");
    else
        result = draw(chart, path, error);
    free(name);
    free(path);
    return result;
}
