#include "traces/format/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_file_error(const struct output_file *output, struct error *error)
{
    return error_set(error, ERROR_OUTPUT, "%s: cannot write: %s", output->path, strerror(errno));
}

bool output_file_open(struct output_file *output, const char *path, struct error *error)
{
    output->path = strdup(path);
    if (!output->path || asprintf(&output->temporary, "%s.%d.part", path, (int)getpid()) < 0)
        abort();
    output->file = fopen(output->temporary, "wbe");
    if (output->file)
        return true;
    output_file_error(output, error);
    output_file_abort(output);
    return false;
}

static void forget(struct output_file *output)
{
    free(output->path);
    free(output->temporary);
    *output = (struct output_file){0};
}

static FILE *open_behind(const char *path, uint64_t kept_bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return NULL;
    FILE *file = NULL;
    if (ftruncate(fd, (off_t)kept_bytes) == 0 && lseek(fd, 0, SEEK_END) >= 0)
        file = fdopen(fd, "r+b");
    if (!file)
        close(fd);
    return file;
}

bool output_file_resume(struct output_file *output, const char *path, uint64_t kept_bytes,
                        struct error *error)
{
    output->path = strdup(path);
    if (!output->path || asprintf(&output->temporary, "%s.part", path) < 0)
        abort();
    output->file = open_behind(output->temporary, kept_bytes);
    if (output->file)
        return true;
    output_file_error(output, error);
    forget(output);
    return false;
}

void output_file_adopt(struct output_file *output, FILE *file, const char *name)
{
    *output = (struct output_file){.file = file, .path = strdup(name)};
    if (!output->path)
        abort();
}

bool output_file_finish(struct output_file *output, struct error *error)
{
    bool failed = ferror(output->file) != 0;
    failed |= (output->temporary ? fclose(output->file) : fflush(output->file)) != 0;
    output->file = NULL;
    return !failed || output_file_error(output, error);
}

bool output_file_cut(struct output_file *output, uint64_t bytes, struct error *error)
{
    return truncate(output->temporary, (off_t)bytes) == 0 || output_file_error(output, error);
}

bool output_file_rename(struct output_file *output, struct error *error)
{
    if (output->temporary && rename(output->temporary, output->path) != 0) {
        output_file_error(output, error);
        output_file_abort(output);
        return false;
    }
    forget(output);
    return true;
}

bool output_file_commit(struct output_file *output, struct error *error)
{
    if (output_file_finish(output, error))
        return output_file_rename(output, error);
    output_file_abort(output);
    return false;
}

void output_file_abort(struct output_file *output)
{
    if (output->file && output->temporary)
        fclose(output->file);
    if (output->temporary)
        unlink(output->temporary);
    forget(output);
}

void output_file_let_go(struct output_file *output)
{
    if (output->file && output->temporary)
        fclose(output->file);
    forget(output);
}
