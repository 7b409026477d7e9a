#include "traces/record/record_check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An interpreter may be a script itself; the kernel follows four. */
enum { MAX_INTERPRETERS = 4 };

static bool is_program(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && access(path, X_OK) == 0;
}

/* Looks the name up in PATH as execvp does. */
static bool find_program(const char *name, char path[static PATH_MAX])
{
    if (*name == '\0')
        return false;
    if (strchr(name, '/')) {
        snprintf(path, PATH_MAX, "%s", name);
        return is_program(path);
    }
    const char *folders = getenv("PATH");
    if (!folders)
        folders = "/bin:/usr/bin";
    for (;;) {
        size_t length = strcspn(folders, ":");
        snprintf(path, PATH_MAX, "%.*s/%s", length ? (int)length : 1, length ? folders : ".", name);
        if (is_program(path))
            return true;
        if (folders[length] == '\0')
            break;
        folders += length + 1;
    }
    return false;
}

bool record_find_ltrace(char version[static LTRACE_VERSION_BYTES], struct error *error)
{
    char path[PATH_MAX];
    if (!find_program("ltrace", path))
        return error_set(
            error, ERROR_USAGE,
            "ltrace is not installed: install the package ltrace, or use --with=preload");
    snprintf(version, LTRACE_VERSION_BYTES, "unknown");
    FILE *output = popen("ltrace --version 2>/dev/null </dev/null", "re");
    if (!output)
        return true;
    char line[128];
    if (fgets(line, sizeof line, output) && sscanf(line, "ltrace version %31s", version) == 1) {
        size_t length = strlen(version);
        if (version[length - 1] == '.')
            version[length - 1] = '\0';
    }
    pclose(output);
    return true;
}

static bool check_user(int file, const char *path, struct error *error)
{
    struct stat info;
    if (fstat(file, &info) != 0)
        return error_set(error, ERROR_USAGE, "%s: %s", path, strerror(errno));
    bool sets_user = (info.st_mode & S_ISUID) && info.st_uid != geteuid();
    bool sets_group = (info.st_mode & S_ISGID) && info.st_gid != getegid();
    if (sets_user || sets_group)
        return error_set(error, ERROR_USAGE,
                         "%s runs under its owner's name (set-user-ID), which the kernel grants no "
                         "program that is traced or preloaded: record it as its owner",
                         path);
    return true;
}

static bool is_dynamic(int file, const Elf64_Ehdr *header)
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        off_t offset = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);
        if (pread(file, &segment, sizeof segment, offset) != (ssize_t)sizeof segment)
            return false;
        if (segment.p_type == PT_INTERP)
            return true;
    }
    return false;
}

static bool check_elf(int file, const char *path, struct error *error)
{
    Elf64_Ehdr header;
    if (pread(file, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
        return error_set(error, ERROR_USAGE, "%s is no program for x86-64, it cannot be recorded",
                         path);
    if (!is_dynamic(file, &header))
        return error_set(
            error, ERROR_USAGE,
            "%s is a static program: its malloc is inside it, where neither ltrace nor "
            "--with=preload can see it; link it dynamically to record it",
            path);
    return check_user(file, path, error);
}

/* The interpreter in "#! /bin/sh -e"; the rest of the line is cut off. */
static char *interpreter_of(char *line)
{
    char *name = line + 2 + strspn(line + 2, " \t");
    name[strcspn(name, " \t\n")] = '\0';
    return name;
}

/* Replaces `path` by its interpreter and sets `again` when the file is a script. */
static bool check_file(char path[static PATH_MAX], bool *again, struct error *error)
{
    char start[256] = {0};
    *again = false;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, start, sizeof start - 1, 0) < 0) {
        int reason = errno;
        if (file >= 0)
            close(file);
        return error_set(error, ERROR_USAGE, "%s: %s", path, strerror(reason));
    }
    bool ok = true;
    if (strncmp(start, "#!", 2) == 0) {
        *again = true;
        snprintf(path, PATH_MAX, "%s", interpreter_of(start));
    } else if (memcmp(start, ELFMAG, SELFMAG) == 0) {
        ok = check_elf(file, path, error);
    } else {
        ok = error_set(error, ERROR_USAGE, "%s is neither a program nor a script with a #! line",
                       path);
    }
    close(file);
    return ok;
}

bool record_check_executable(const char *program, char path[static PATH_MAX], struct error *error)
{
    if (!find_program(program, path))
        return error_set(error, ERROR_USAGE, "%s: there is no such program", program);
    bool again = true;
    for (int i = 0; again && i <= MAX_INTERPRETERS; i++) {
        if (!check_file(path, &again, error))
            return false;
    }
    return true;
}

bool record_check(const char *program, struct error *error)
{
    char path[PATH_MAX];
    return record_check_executable(program, path, error);
}
