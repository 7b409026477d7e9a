#include "analysis/report_html.h"

#include "analysis/findings.h"
#include "analysis/html.h"
#include "analysis/report_html_data.h"
#include "analysis/report_html_pictures.h"
#include "analysis/report_html_tables.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tables and data take the rest of 2 MB. */
enum { PICTURES_ROOM = 1400 * 1024 };

static const struct picture_section time_memory = {
    "time-memory",
    "Time against memory",
    NULL,
    {"time-memory", "speed", "ladder-corpus", "ladder"},
};
static const struct picture_section footprint = {
    "footprint",
    "Footprint and anatomy",
    NULL,
    {"footprint", "anatomy", "fragmentation", "size-lifetime"},
};
static const struct picture_section heap_maps = {"maps", "Heap maps", NULL, {"heap-map"}};
static const struct picture_section latency = {"latency", "Latency", NULL, {"latency"}};
static const struct picture_section doubts = {
    "doubts",
    "Can the numbers be trusted?",
    NULL,
    {"run-order", "trace-clock", "prediction"},
};

/* ---- parts ---- */

/* Copies a file that belongs to the program. */
static bool copy_part(const struct report_page *page, const char *name, FILE *html,
                      struct analysis_error *error)
{
    char path[PATH_MAX], part[4096];
    size_t count;
    snprintf(path, sizeof path, "%s/%s", page->script_dir, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return analysis_fail(error, "%s: %s; it is a part of the report", path, strerror(errno));
    while ((count = fread(part, 1, sizeof part, file)) > 0)
        fwrite(part, 1, count, html);
    fclose(file);
    return true;
}

static char *make_title(const struct summary *summary)
{
    char *title = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&title, &size);
    if (stream == NULL)
        return NULL;
    findings_write_title(summary, stream);
    fclose(stream);
    return title;
}

static bool write_head(const struct report_page *page, const char *title, FILE *html,
                       struct analysis_error *error)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n",
          html);
    html_write_element(html, "title", NULL, title);
    fputs("<style>\n", html);
    if (!copy_part(page, "report.css", html, error))
        return false;
    fputs("</style>\n</head>\n<body>\n<main>\n", html);
    return true;
}

static void write_top(const struct summary *summary, const char *title, FILE *html)
{
    const char *started = summary_meta(summary, "", "started_utc", "");
    const char *version = summary_meta(summary, "", "version", "");
    fputs("<header>\n<p class=\"kicker\">", html);
    html_print(html, "heapreel%s%s%s%.10s", version != NULL ? " " : "",
               version != NULL ? version : "", started != NULL ? " · " : "",
               started != NULL ? started : "");
    fputs("</p>\n", html);
    html_write_element(html, "h1", NULL, title);
    fputs("</header>\n", html);
}

static void write_latency(const struct pictures *pictures, FILE *html)
{
    const struct summary *summary = pictures->page->summary;
    pictures_write_section(pictures, &latency, html);
    if (summary->latencies.series_count == 0)
        return;
    fputs("<section id=\"latency-tables\">\n<h2>Latency in numbers</h2>\n", html);
    if (summary->trace_count > 1)
        fputs("<details>\n<summary>Tables of each trace</summary>\n", html);
    report_html_write_latencies(summary, html);
    if (summary->trace_count > 1)
        fputs("</details>\n", html);
    fputs("</section>\n", html);
}

static bool write_page(const struct report_page *page, const struct pictures *pictures,
                       const char *title, FILE *html, struct analysis_error *error)
{
    if (!write_head(page, title, html, error))
        return false;
    write_top(page->summary, title, html);
    report_html_write_key_table(page->summary, html);
    pictures_write_section(pictures, &time_memory, html);
    pictures_write_section(pictures, &footprint, html);
    pictures_write_section(pictures, &heap_maps, html);
    write_latency(pictures, html);
    report_html_write_corpus(page->summary, html);
    report_html_write_environment(page->summary, html);
    pictures_write_section(pictures, &doubts, html);
    report_html_write_data(page, html);
    if (!copy_part(page, "how_to_read.html", html, error))
        return false;
    fputs("</main>\n</body>\n</html>\n", html);
    return true;
}

/* ---- the file ---- */

static bool write_file(const struct report_page *page, const struct pictures *pictures,
                       const char *path, int file, struct analysis_error *error)
{
    char *title = make_title(page->summary);
    FILE *html = title != NULL ? fdopen(file, "w") : NULL;
    if (html == NULL) {
        close(file);
        free(title);
        return analysis_fail(error, "%s: not enough memory", path);
    }
    bool is_written = write_page(page, pictures, title, html, error);
    if (fflush(html) != 0 || ferror(html))
        is_written = analysis_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    fclose(html);
    free(title);
    return is_written;
}

/* As other files are made, whom the mask allows. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static bool replace(const struct report_page *page, const struct pictures *pictures,
                    const char *path, struct analysis_error *error)
{
    char written[PATH_MAX];
    if (snprintf(written, sizeof written, "%s.XXXXXX", path) >= (int)sizeof written)
        return analysis_fail(error, "%s: the name is too long", path);
    int file = mkstemp(written);
    if (file < 0)
        return analysis_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    fchmod(file, usual_mode());
    bool is_done = write_file(page, pictures, path, file, error);
    if (is_done && rename(written, path) != 0)
        is_done = analysis_fail(error, "%s: cannot be written: %s", path, strerror(errno));
    if (!is_done)
        unlink(written);
    return is_done;
}

bool report_html_write(const struct report_page *page, const char *path,
                       struct analysis_error *error)
{
    struct pictures pictures;
    line_set_unbroken(true);
    bool is_written = pictures_read(&pictures, page, PICTURES_ROOM, error) &&
                      replace(page, &pictures, path, error);
    line_set_unbroken(false);
    pictures_free(&pictures);
    return is_written;
}
