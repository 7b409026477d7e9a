#include "analysis/svg_path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In steps. */
struct point {
    long x, y;
    bool begins; /* a line, rather than going on with one */
    bool closed; /* the line ends here, and goes back to where it began */
};

struct points {
    struct point *items;
    size_t count;
};

/* ---- reading ---- */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t\r\n,");
}

static bool read_number(const char **text, double step, long *number)
{
    char *end = NULL;
    double value = strtod(*text, &end) / step;
    if (end == *text || !(fabs(value) < 1e9))
        return false;
    *number = lround(value);
    *text = skip_blanks(end);
    return true;
}

static bool read_points(struct points *points, const char *data, double step)
{
    bool begins = true;
    for (data = skip_blanks(data); *data != '\0';) {
        if (*data == 'M' || *data == 'L') {
            begins = begins || *data == 'M';
            data = skip_blanks(data + 1);
        } else if ((*data == 'z' || *data == 'Z') && points->count > 0) {
            points->items[points->count - 1].closed = true;
            begins = true;
            data = skip_blanks(data + 1);
            continue;
        }
        struct point point = {.begins = begins};
        if (!read_number(&data, step, &point.x) || !read_number(&data, step, &point.y))
            return false;
        points->items[points->count++] = point;
        begins = false;
    }
    return points->count > 0;
}

/* ---- leaving out ---- */

/* Between `a` and `c`, the line passes `b` anyway. */
static bool is_on_the_way(const struct point *a, const struct point *b, const struct point *c)
{
    long long to_x = b->x - a->x, to_y = b->y - a->y;
    long long on_x = c->x - b->x, on_y = c->y - b->y;
    return to_x * on_y == to_y * on_x && to_x * on_x + to_y * on_y >= 0;
}

static void add(struct points *kept, const struct point *point)
{
    struct point *last = kept->count > 0 ? &kept->items[kept->count - 1] : NULL;
    if (!point->begins && !last->begins && is_on_the_way(last - 1, last, point))
        *last = *point;
    else
        kept->items[kept->count++] = *point;
}

/* How many points of one line follow each other on a vertical. */
static size_t vertical_run(const struct point *points, size_t count)
{
    size_t length = 1;
    while (length < count && !points[length].begins && points[length].x == points[0].x)
        length++;
    return length;
}

static void add_run(struct points *kept, const struct point *run, size_t length)
{
    size_t low = 0, high = 0;
    for (size_t i = 0; i < length; i++) {
        low = run[i].y < run[low].y ? i : low;
        high = run[i].y > run[high].y ? i : high;
    }
    for (size_t i = 0; i < length; i++)
        if (i == 0 || i == low || i == high || i + 1 == length)
            add(kept, &run[i]);
}

/* In place: what is kept never overtakes what is read. */
static void thin(struct points *points)
{
    struct points kept = {.items = points->items};
    for (size_t i = 0; i < points->count;) {
        size_t length = vertical_run(points->items + i, points->count - i);
        add_run(&kept, points->items + i, length);
        i += length;
    }
    points->count = kept.count;
}

/* ---- writing ---- */

/* "-.5" for -0.5; a blank before it where it would run into what stands there. */
static void write_number(FILE *out, double number, bool is_first)
{
    char text[32];
    snprintf(text, sizeof text, "%.8g", number);
    char *digits = text + (text[0] == '-');
    if (digits[0] == '0' && digits[1] == '.')
        memmove(digits, digits + 1, strlen(digits));
    if (!is_first && text[0] != '-')
        fputc(' ', out);
    fputs(text, out);
}

static void write_pair(FILE *out, char command, double x, double y)
{
    fputc(command, out);
    write_number(out, x, true);
    write_number(out, y, false);
}

static void write_points(FILE *out, const struct points *points, double step)
{
    struct point here = {0};
    for (size_t i = 0; i < points->count; i++) {
        const struct point *next = &points->items[i];
        double x = (double)(next->x - here.x) * step, y = (double)(next->y - here.y) * step;
        if (next->begins) {
            write_pair(out, 'M', (double)next->x * step, (double)next->y * step);
        } else if (next->y == here.y) {
            fputc('h', out);
            write_number(out, x, true);
        } else if (next->x == here.x) {
            fputc('v', out);
            write_number(out, y, true);
        } else {
            write_pair(out, 'l', x, y);
        }
        if (next->closed)
            fputc('z', out);
        here = *next;
    }
}

bool svg_path_write(FILE *out, const char *data, double step)
{
    struct points points = {.items = calloc(strlen(data) / 2 + 1, sizeof *points.items)};
    bool is_known = points.items != NULL && read_points(&points, data, step);
    if (is_known) {
        thin(&points);
        write_points(out, &points, step);
    }
    free(points.items);
    return is_known;
}
