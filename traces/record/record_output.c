#include "traces/record/record_output.h"

#include "traces/format/trace_reader.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void record_output_numbered(char path[static PATH_MAX], const char *output, size_t number,
                            const char *name)
{
    static const char suffix[] = ".trace";
    char clean[32];
    snprintf(clean, sizeof clean, "%s", name);
    for (char *c = clean; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
            *c = '_';
    }
    size_t stem = strlen(output);
    if (stem > strlen(suffix) && strcmp(output + stem - strlen(suffix), suffix) == 0)
        stem -= strlen(suffix);
    snprintf(path, PATH_MAX, "%.*s.%zu.%s%s", (int)stem, output, number, clean, suffix);
}

static bool is_plain(const char *word)
{
    for (const char *c = word; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("./_+-:=@%,", *c))
            return false;
    return *word != '\0';
}

/* As a shell would want it: in single quotes where it is not plain. */
static void append_word(char *text, size_t room, const char *word)
{
    size_t used = strlen(text);
    if (is_plain(word)) {
        snprintf(text + used, room - used, "%s", word);
        return;
    }
    snprintf(text + used, room - used, "'");
    for (used = strlen(text); *word && used + 4 < room; word++, used = strlen(text))
        snprintf(text + used, room - used, *word == '\'' ? "'\\''" : "%c", *word);
    snprintf(text + used, room - used, "'");
}

void record_output_command(char *const argv[], char *text, size_t room)
{
    text[0] = '\0';
    for (; *argv; argv++) {
        append_word(text, room, *argv);
        size_t used = strlen(text);
        if (argv[1])
            snprintf(text + used, room - used, " ");
    }
}

void record_output_tell(const char *path, const char *name)
{
    struct stat file;
    struct trace_reader *reader = trace_reader_open(path, NULL);
    if (!reader || stat(path, &file) != 0) {
        trace_reader_close(reader);
        return;
    }
    const struct trace_meta *meta = trace_reader_meta(reader);
    fprintf(stderr,
            "trace record: %s: %s, %" PRIu64 " events, threads: %" PRIu64
            ", peak live: %.1f MB; %.2f MB\n",
            path, name, trace_meta_number(meta, "events", 0), trace_meta_number(meta, "threads", 1),
            (double)trace_meta_number(meta, "peak_live_bytes", 0) / 1e6,
            (double)file.st_size / 1e6);
    trace_reader_close(reader);
}
