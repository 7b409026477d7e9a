#include "analysis/report_html_data.h"

#include "analysis/html.h"
#include "analysis/units.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LARGEST_INSIDE = 48 * 1024, /* bytes of a file */
    ROOM_INSIDE = 128 * 1024,   /* of all of them */
};

static int is_csv(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending != NULL && strcmp(ending, ".csv") == 0 && entry->d_name[0] != '.';
}

static unsigned char *read_whole(const char *path, size_t size)
{
    FILE *file = fopen(path, "re");
    unsigned char *bytes = file != NULL ? malloc(size + 1) : NULL;
    if (bytes != NULL && fread(bytes, 1, size, file) != size) {
        free(bytes);
        bytes = NULL;
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

static void write_inside(const char *name, const unsigned char *bytes, size_t size, FILE *html)
{
    fputs("<a download=\"", html);
    html_write_text(html, name);
    fputs("\" href=\"data:text/csv;base64,", html);
    html_write_base64(html, bytes, size);
    fputs("\">", html);
    html_write_text(html, name);
    fputs("</a>", html);
}

static void write_beside(const char *name, bool is_beside, FILE *html)
{
    if (is_beside) {
        fputs("<a href=\"./", html);
        html_write_text(html, name);
        fputs("\">", html);
    }
    html_write_text(html, name);
    if (is_beside)
        fputs("</a>", html);
}

static void write_file(const struct report_page *page, const char *name, size_t *room, FILE *html)
{
    char path[PATH_MAX], size[UNITS_TEXT_SIZE];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", page->results_dir, name);
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    size_t bytes = (size_t)status.st_size;
    bool is_small = bytes <= LARGEST_INSIDE && bytes <= *room;
    unsigned char *content = is_small ? read_whole(path, bytes) : NULL;
    units_write_bytes(size, (double)bytes);
    fputs("<li>", html);
    if (content != NULL)
        write_inside(name, content, bytes, html);
    else
        write_beside(name, page->is_beside_results, html);
    fprintf(html, ", %s%s</li>\n", size,
            content != NULL           ? ", in this page"
            : page->is_beside_results ? ", beside this page"
                                      : ", in the folder of the result");
    *room -= content != NULL ? bytes : 0;
    free(content);
}

void report_html_write_data(const struct report_page *page, FILE *html)
{
    struct dirent **entries = NULL;
    size_t room = ROOM_INSIDE;
    int count = scandir(page->results_dir, &entries, is_csv, alphasort);
    fputs("<section id=\"data\">\n<h2>The data</h2>\n<ul>\n", html);
    for (int i = 0; i < count; i++) {
        write_file(page, entries[i]->d_name, &room, html);
        free(entries[i]);
    }
    free(entries);
    fputs("</ul>\n</section>\n", html);
}
