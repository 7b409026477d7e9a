#include "traces/format/program_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "heapreel-";

const char *program_name_prefix(void)
{
    return strncmp(program_invocation_short_name, prefix, sizeof prefix - 1) == 0 ? prefix : "";
}

static bool begins_command(const char *text, const char *at)
{
    static const char *const names[] = {"replay ", "trace ", "report "};
    bool is_quoted = at > text && (at[-1] == '\'' || at[-1] == '`');
    bool is_example =
        at >= text + 2 && at[-1] == ' ' && at[-2] == ' ' && (at == text + 2 || at[-3] == '\n');
    if (!is_quoted && !is_example)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(at, names[i], strlen(names[i])) == 0)
            return at[strlen(names[i])] != ' '; /* of a list, that is */
    return false;
}

char *program_name_help_filter(int key, const char *text, void *input)
{
    (void)key, (void)input;
    if (text == NULL || *program_name_prefix() == '\0')
        return (char *)(uintptr_t)text;
    char *help = NULL;
    size_t bytes;
    FILE *out = open_memstream(&help, &bytes);
    if (out == NULL)
        abort();
    for (const char *at = text; *at != '\0'; at++) {
        if (begins_command(text, at))
            fputs(prefix, out);
        fputc(*at, out);
    }
    fclose(out);
    return help;
}
