#include "analysis/charts.h"

#include "analysis/chart.h"
#include "analysis/gnuplot.h"
#include "analysis/svg_theme.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct chart_kind {
    const char *name;
    enum chart_result (*prepare)(struct chart *chart, struct analysis_error *error);
    bool per_trace;
    bool optional; /* its absence is no news: most results are not made for it */
};

static const struct chart_kind kinds[] = {
    {"footprint", chart_footprint, true, false},
    {"fragmentation", chart_fragmentation, true, false},
    {"anatomy", chart_anatomy, true, false},
    {"speed", chart_speed, false, false},
    {"latency", chart_latency, true, false},
    {"heap-map", chart_heap_map, true, false},
    {"size-lifetime", chart_size_lifetime, true, false},
    {"trace-clock", chart_trace_clock, true, false},
    {"time-memory", chart_time_memory, false, false},
    {"run-order", chart_run_order, false, false},
    {"ladder", chart_ladder, true, true},
    {"ladder-corpus", chart_ladder_corpus, false, true},
    {"prediction", chart_prediction, false, true},
};

struct drawing {
    const struct summary *summary;
    const char *script_dir, *out_dir;
    char work_dir[PATH_MAX];
    char script[32]; /* of the chart that is drawn, without ending */
    struct chart_list *list;
    struct analysis_error *error;
};

static const char *const formats[] = {"png", "svg"};

/* A trace's name becomes part of a file name. */
static void write_name(const struct drawing *drawing, const struct chart_kind *kind,
                       const struct trace_summary *trace, char *name, size_t size)
{
    bool with_trace = trace != NULL && drawing->summary->trace_count > 1;
    snprintf(name, size, "%s%s%s", kind->name, with_trace ? "-" : "",
             with_trace ? trace->trace : "");
    for (char *place = name; *place != '\0'; place++) {
        if (!isalnum((unsigned char)*place) && strchr("._+-", *place) == NULL)
            *place = '_';
    }
}

/* What gnuplot takes for a script's or a picture's name. */
static void write_identifier(char *identifier, size_t size, const char *name)
{
    snprintf(identifier, size, "%s", name);
    for (; *identifier != '\0'; identifier++)
        *identifier = isalnum((unsigned char)*identifier) ? *identifier : '_';
}

static bool join(char *path, const char *dir, const char *name, const char *suffix,
                 struct analysis_error *error)
{
    if (snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix) >= PATH_MAX)
        return analysis_fail(error, "%s/%s%s: the name is too long", dir, name, suffix);
    return true;
}

/* gnuplot leaves an empty file when it fails, so it never writes to the final place. */
static enum charts_result draw_format(struct drawing *drawing, const char *name, const char *format)
{
    char style[PATH_MAX], script[PATH_MAX], drawn[PATH_MAX], final[PATH_MAX];
    char statement[256], ending[8], picture[16], identifier[128];
    snprintf(picture, sizeof picture, "picture.%s", format);
    snprintf(ending, sizeof ending, ".%s", format);
    write_identifier(identifier, sizeof identifier, name);
    snprintf(statement, sizeof statement, "TERM = '%s'; OUT = '%s'; NAME = '%s'", format, picture,
             identifier);
    if (!join(style, drawing->script_dir, "style", ".gp", drawing->error) ||
        !join(script, drawing->script_dir, drawing->script, ".gp", drawing->error) ||
        !join(drawn, drawing->work_dir, picture, "", drawing->error) ||
        !join(final, drawing->out_dir, name, ending, drawing->error))
        return CHARTS_CANNOT_WRITE;
    const char *const files[] = {"settings.gp", style, script, NULL};
    enum gnuplot_result result = gnuplot_run(drawing->work_dir, statement, files, drawing->error);
    if (result == GNUPLOT_MISSING)
        return CHARTS_NO_GNUPLOT;
    struct stat status;
    if (result == GNUPLOT_OK && (stat(drawn, &status) != 0 || status.st_size == 0)) {
        analysis_fail(drawing->error, "%s%s: gnuplot wrote nothing: is the disk full?", name,
                      ending);
        result = GNUPLOT_FAILED;
    }
    if (result != GNUPLOT_OK)
        return CHARTS_GNUPLOT_FAILED;
    if (strcmp(format, "svg") == 0 && !svg_theme_apply(drawn, drawing->error))
        return CHARTS_CANNOT_WRITE;
    if (rename(drawn, final) != 0) {
        analysis_fail(drawing->error, "%s: cannot be written: %s", final, strerror(errno));
        return CHARTS_CANNOT_WRITE;
    }
    return CHARTS_OK;
}

static enum chart_result prepare(struct drawing *drawing, const struct chart_kind *kind,
                                 const struct trace_summary *trace, struct analysis_error *reason)
{
    struct chart chart = {
        .summary = drawing->summary,
        .trace = trace,
        .work_dir = drawing->work_dir,
    };
    chart.settings = chart_open_data(&chart, "settings.gp", reason);
    if (chart.settings == NULL)
        return CHART_FAILED;
    enum chart_result result = kind->prepare(&chart, reason);
    if (!chart_close_data(chart.settings, "settings.gp", reason))
        result = CHART_FAILED;
    write_identifier(drawing->script, sizeof drawing->script,
                     chart.script != NULL ? chart.script : kind->name);
    return result;
}

static enum charts_result draw(struct drawing *drawing, const struct chart_kind *kind,
                               const struct trace_summary *trace)
{
    struct chart_outcome *outcome = &drawing->list->outcomes[drawing->list->count];
    *outcome =
        (struct chart_outcome){.kind = kind->name, .trace = trace != NULL ? trace->trace : NULL};
    write_name(drawing, kind, trace, outcome->name, sizeof outcome->name);
    enum chart_result prepared = prepare(drawing, kind, trace, &outcome->reason);
    if (prepared == CHART_FAILED) {
        *drawing->error = outcome->reason;
        return CHARTS_CANNOT_WRITE;
    }
    if (prepared == CHART_LEFT_OUT) {
        drawing->list->count += !kind->optional;
        return CHARTS_OK;
    }
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        enum charts_result result = draw_format(drawing, outcome->name, formats[i]);
        if (result != CHARTS_OK)
            return result;
    }
    outcome->drawn = true;
    drawing->list->count++;
    return CHARTS_OK;
}

/*
 * What is left out on every trace for lack of the same pass is told once. The outcomes of the kind
 * are those from `first` on.
 */
static void tell_once(const struct chart_kind *kind, struct chart_list *list, size_t first)
{
    for (size_t i = first; i < list->count; i++)
        if (list->outcomes[i].drawn ||
            strcmp(list->outcomes[i].reason.text, list->outcomes[first].reason.text) != 0)
            return;
    if (list->count < first + 2)
        return;
    snprintf(list->outcomes[first].name, sizeof list->outcomes[first].name, "%s", kind->name);
    list->count = first + 1;
}

static enum charts_result draw_all(struct drawing *drawing)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t count = kinds[i].per_trace ? drawing->summary->trace_count : 1;
        size_t first = drawing->list->count;
        for (size_t j = 0; j < count; j++) {
            enum charts_result result =
                draw(drawing, &kinds[i], kinds[i].per_trace ? &drawing->summary->traces[j] : NULL);
            if (result != CHARTS_OK)
                return result;
        }
        tell_once(&kinds[i], drawing->list, first);
    }
    return CHARTS_OK;
}

static void remove_folder(const char *dir)
{
    DIR *folder = opendir(dir);
    if (folder == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    rmdir(dir);
}

/* Beside the charts, so that a finished one is moved into its place by a rename. */
static bool make_folders(struct drawing *drawing)
{
    if (mkdir(drawing->out_dir, 0777) != 0 && errno != EEXIST)
        return analysis_fail(drawing->error, "%s: the folder cannot be made: %s", drawing->out_dir,
                             strerror(errno));
    if (!join(drawing->work_dir, drawing->out_dir, ".drawing-XXXXXX", "", drawing->error))
        return false;
    if (mkdtemp(drawing->work_dir) == NULL)
        return analysis_fail(drawing->error, "%s: cannot be written to: %s", drawing->out_dir,
                             strerror(errno));
    return true;
}

enum charts_result charts_draw(const struct summary *summary, const char *script_dir,
                               const char *out_dir, struct chart_list *list,
                               struct analysis_error *error)
{
    struct drawing drawing = {summary, script_dir, out_dir, .list = list, .error = error};
    size_t most = sizeof kinds / sizeof kinds[0] * (summary->trace_count + 1);
    *list = (struct chart_list){.outcomes = calloc(most, sizeof *list->outcomes)};
    if (list->outcomes == NULL) {
        analysis_fail(error, "%s: not enough memory", out_dir);
        return CHARTS_CANNOT_WRITE;
    }
    if (!make_folders(&drawing))
        return CHARTS_CANNOT_WRITE;
    enum charts_result result = draw_all(&drawing);
    remove_folder(drawing.work_dir);
    return result;
}

void chart_list_free(struct chart_list *list)
{
    free(list->outcomes);
    *list = (struct chart_list){0};
}
