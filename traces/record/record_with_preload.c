#include "traces/record/record_with_preload.h"
#include "traces/record/record_check.h"
#include "traces/record/record_collect.h"
#include "traces/record/record_file.h"
#include "traces/record/record_folder.h"
#include "traces/record/record_run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beside the program `trace` when it was built, in ../lib/heapreel when it is installed. */
static bool find_library(char path[static PATH_MAX], struct error *error)
{
    static const char *const places[] = {"librecord.so", "../lib/heapreel/librecord.so"};
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return error_set(error, ERROR_RUN, "cannot find myself: %s", strerror(errno));
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char candidate[PATH_MAX + 64];
        snprintf(candidate, sizeof candidate, "%s/%s", program, places[i]);
        if (realpath(candidate, path) == NULL)
            continue;
        if (strpbrk(path, " :") == NULL)
            return true;
        return error_set(error, ERROR_USAGE,
                         "%s: a library with a space or a colon in its path cannot be preloaded; "
                         "move the build folder",
                         path);
    }
    return error_set(error, ERROR_USAGE,
                     "librecord.so is neither in %1$s nor in %1$s/../lib/heapreel; "
                     "build it",
                     program);
}

/* The folder of the output, in which it must be possible to make a file. */
static bool output_folder(const char *output, char folder[static PATH_MAX], struct error *error)
{
    const char *slash = strrchr(output, '/');
    char given[PATH_MAX];
    snprintf(given, sizeof given, "%.*s", slash != NULL ? (int)(slash - output + 1) : 1,
             slash != NULL ? output : ".");
    if (realpath(given, folder) == NULL || access(folder, W_OK | X_OK) != 0)
        return error_set(error, ERROR_OUTPUT, "cannot write %s: %s", output, strerror(errno));
    struct stat status;
    if (stat(output, &status) == 0 && S_ISDIR(status.st_mode))
        return error_set(error, ERROR_OUTPUT, "cannot write %s: it is a folder", output);
    return true;
}

static bool make_raw_folder(const struct record_options *options, char folder[static PATH_MAX],
                            struct error *error)
{
    char place[PATH_MAX];
    if (!output_folder(options->output, place, error))
        return false;
    const char *temporary = getenv("TMPDIR");
    if (temporary != NULL && *temporary != '\0' && realpath(temporary, place) == NULL)
        return error_set(error, ERROR_OUTPUT, "$TMPDIR, %s: %s", temporary, strerror(errno));
    return record_folder_make(place, folder, error);
}

static bool run_and_collect(const struct record_options *options, const char *library,
                            const char *folder, int *status, struct error *error)
{
    const char *before = getenv("LD_PRELOAD");
    char preload[2 * PATH_MAX];
    bool others = before != NULL && *before != '\0';
    int length = snprintf(preload, sizeof preload, "%s%s%s", library, others ? ":" : "",
                          others ? before : "");
    if (length < 0 || (size_t)length >= sizeof preload)
        return error_set(error, ERROR_USAGE, "LD_PRELOAD is too long");
    const struct record_variable variables[] = {{"LD_PRELOAD", preload},
                                                {RECORD_DIRECTORY_VARIABLE, folder}};
    const struct record_program program = {
        .argv = options->argv, .variables = variables, .variable_count = 2};
    const struct record_input input = record_input_now();
    struct record_result result = {0};
    if (!record_run(&program, &result.run, error))
        return false;
    *status = result.run.status;
    if (options->plain > 0)
        record_plain_run(options, &input, *status, &result.plain);
    result.cost_is_known = record_cost_measure(library, folder, &result.cost);
    bool done = record_collect(folder, options, &result, error);
    record_plain_free(&result.plain);
    return done;
}

bool record_with_preload(const struct record_options *options, int *status, struct error *error)
{
    char library[PATH_MAX], folder[PATH_MAX];
    if (!record_check(options->argv[0], error) || !find_library(library, error) ||
        !make_raw_folder(options, folder, error))
        return false;
    bool done = run_and_collect(options, library, folder, status, error);
    record_folder_remove(folder);
    return done;
}
