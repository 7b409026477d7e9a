#include "analysis/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FILES = 8 };

extern char **environ;

void gnuplot_escape(char *marked, size_t size, const char *text)
{
    size_t used = 0;
    for (; *text != '\0' && used + 3 < size; text++) {
        unsigned char character = (unsigned char)*text;
        if (strchr("_^{}@&~\\", character) != NULL)
            marked[used++] = '\\';
        marked[used++] = character < ' ' || character == '\'' ? ' ' : *text;
    }
    marked[used] = '\0';
}

static void write_escaped(FILE *settings, const char *text)
{
    char marked[1024];
    gnuplot_escape(marked, sizeof marked, text);
    fprintf(settings, "'%s'\n", marked);
}

static void write_number(FILE *settings, double number)
{
    if (isnan(number))
        fputs("NaN\n", settings);
    else
        fprintf(settings, "%.10e\n", number); /* without a point gnuplot would divide as integers */
}

void gnuplot_set_text(FILE *settings, const char *name, const char *text)
{
    fprintf(settings, "%s = ", name);
    write_escaped(settings, text);
}

void gnuplot_set_lines(FILE *settings, const char *name, const char *first, const char *second)
{
    gnuplot_set_text(settings, name, first);
    fprintf(settings, "%s = %s.\"\\n\".", name, name);
    write_escaped(settings, second);
}

void gnuplot_set_number(FILE *settings, const char *name, double number)
{
    fprintf(settings, "%s = ", name);
    write_number(settings, number);
}

void gnuplot_set_raw(FILE *settings, const char *name, const char *text)
{
    fprintf(settings, "%s = '%s'\n", name, text);
}

void gnuplot_set_array(FILE *settings, const char *name, size_t count)
{
    fprintf(settings, "array %s[%zu]\n", name, count);
}

void gnuplot_set_text_element(FILE *settings, const char *name, size_t index, const char *text)
{
    fprintf(settings, "%s[%zu] = ", name, index);
    write_escaped(settings, text);
}

void gnuplot_set_number_element(FILE *settings, const char *name, size_t index, double number)
{
    fprintf(settings, "%s[%zu] = ", name, index);
    write_number(settings, number);
}

static int spawn(const char *dir, char *const *arguments, int messages, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int status = posix_spawn_file_actions_init(&actions);
    if (status != 0)
        return status;
    status = posix_spawn_file_actions_addchdir_np(&actions, dir);
    if (status == 0)
        status = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (status == 0)
        status = posix_spawn_file_actions_adddup2(&actions, messages, STDOUT_FILENO);
    if (status == 0)
        status = posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    if (status == 0)
        status = posix_spawnp(pid, "gnuplot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

/*
 * gnuplot shows the line with a caret below it before it says what is wrong: that is on the line
 * that names a place or an error.
 */
static void first_message(FILE *messages, struct analysis_error *error)
{
    char line[400];
    analysis_fail(error, "gnuplot failed without a message");
    rewind(messages);
    while (fgets(line, sizeof line, messages) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *text = line + strspn(line, " \t^");
        if (*text != '\0')
            analysis_fail(error, "gnuplot: %s", text);
        if (strstr(line, "line ") != NULL)
            return;
    }
}

static enum gnuplot_result run(const char *dir, char *const *arguments, FILE *messages,
                               struct analysis_error *error)
{
    pid_t pid;
    int status = spawn(dir, arguments, fileno(messages), &pid);
    if (status != 0) {
        analysis_fail(error, "gnuplot cannot be run: %s", strerror(status));
        return status == ENOENT ? GNUPLOT_MISSING : GNUPLOT_FAILED;
    }
    int wait_status = 0;
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
        return GNUPLOT_OK;
    first_message(messages, error);
    return GNUPLOT_FAILED;
}

enum gnuplot_result gnuplot_run(const char *dir, const char *statement, const char *const *files,
                                struct analysis_error *error)
{
    char *arguments[MAX_FILES + 4] = {strdup("gnuplot"), strdup("-e"), strdup(statement)};
    size_t count = 3;
    for (size_t i = 0; files[i] != NULL && i < MAX_FILES; i++)
        arguments[count++] = strdup(files[i]);
    bool complete = true;
    for (size_t i = 0; i < count; i++)
        complete = complete && arguments[i] != NULL;
    FILE *messages = tmpfile();
    enum gnuplot_result result = GNUPLOT_FAILED;
    if (!complete || messages == NULL)
        analysis_fail(error, "gnuplot cannot be run: %s", strerror(errno));
    else
        result = run(dir, arguments, messages, error);
    if (messages != NULL)
        fclose(messages);
    for (size_t i = 0; i < count; i++)
        free(arguments[i]);
    return result;
}
