#include "replay/allocator_spec.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 3 };

/* Names that stand for a library, and under which file names distributions have it. */
static const struct known {
    const char *name;
    const char *files[FILES_MAX]; /* NULL first: the system's own */
    const char *package;          /* that has it in Debian, or NULL */
    const char *environment;      /* an assignment that belongs to the name, or NULL */
} known_allocators[] = {
    {"heap", {"libheap.so"}, NULL, NULL},
    {"glibc", {NULL}, NULL, NULL},
    {"glibc-notcache", {NULL}, NULL, "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"},
    {"jemalloc", {"libjemalloc.so.2"}, "libjemalloc2", NULL},
    {"mimalloc",
     {"libmimalloc.so.2.0", "libmimalloc.so.2", "libmimalloc.so"},
     "libmimalloc2.0",
     NULL},
    {"tcmalloc", {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4"}, "libtcmalloc-minimal4", NULL},
    /* libtbbmalloc itself defines no malloc. */
    {"tbbmalloc", {"libtbbmalloc_proxy.so.2"}, "libtbbmalloc2", NULL},
    {"scudo",
     {"libclang_rt.scudo_standalone-x86_64.so", "libclang_rt.scudo_standalone.so"},
     "libclang-rt-dev",
     NULL},
};

enum { KNOWN = sizeof known_allocators / sizeof *known_allocators };

/* Each takes one step from the one before. coalesce is first+lifo; next and best are lifo too. */
static const char *const rungs[] = {
    "heap:whole", "heap:split", "heap:coalesce",   "heap:first+fifo",       "heap:first+address",
    "heap:next",  "heap:best",  "heap:segregated", "heap:segregated+cache", "heap",
};

/* Where libraries are installed; of several versions beside each other the newest counts. */
static const char *const library_folders[] = {
    "/usr/local/lib/x86_64-linux-gnu",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/llvm-*/lib/clang/*/lib/linux",
    "/usr/lib/llvm-*/lib/clang/*/lib/x86_64*-linux-gnu",
    "/usr/lib/clang/*/lib/linux",
    "/usr/lib/clang/*/lib/x86_64*-linux-gnu",
};

enum { LIBRARY_FOLDERS = sizeof library_folders / sizeof *library_folders };

const char *allocator_name(size_t index)
{
    return index < KNOWN ? known_allocators[index].name : NULL;
}

const char *allocator_rung(size_t index)
{
    return index < sizeof rungs / sizeof *rungs ? rungs[index] : NULL;
}

const char *program_folder(void)
{
    static char folder[PATH_MAX];
    if (folder[0])
        return folder;
    ssize_t count = readlink("/proc/self/exe", folder, sizeof folder - 1);
    char *slash = count > 0 ? strrchr(folder, '/') : NULL;
    if (slash)
        *slash = '\0';
    else
        snprintf(folder, sizeof folder, ".");
    return folder;
}

/* ---- finding ---- */

static bool set_path(struct allocator_spec *spec, const char *folder, const char *file)
{
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return realpath(path, spec->path) != NULL;
}

/* The newest, as versions are ordered, of the folders that match and have the file. */
static bool set_newest(struct allocator_spec *spec, const char *folders, const char *file)
{
    char pattern[PATH_MAX];
    glob_t found;
    const char *newest = NULL;
    snprintf(pattern, sizeof pattern, "%s/%s", folders, file);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!newest || strverscmp(found.gl_pathv[i], newest) > 0)
            newest = found.gl_pathv[i];
    bool is_there = newest && realpath(newest, spec->path) != NULL;
    globfree(&found);
    return is_there;
}

static bool find_library(const struct known *known, struct allocator_spec *spec)
{
    char installed[PATH_MAX + 32];
    snprintf(installed, sizeof installed, "%s/../lib/heapreel", program_folder());
    for (int f = 0; f < FILES_MAX && known->files[f]; f++) {
        if (set_path(spec, program_folder(), known->files[f]) ||
            set_path(spec, installed, known->files[f]))
            return true;
        for (int i = 0; i < LIBRARY_FOLDERS; i++)
            if (set_newest(spec, library_folders[i], known->files[f]))
                return true;
    }
    return false;
}

static bool unknown_name(const char *name, struct error *error)
{
    char names[256] = "";
    for (int i = 0; i < KNOWN; i++) {
        strcat(names, i ? ", " : "");
        strcat(names, known_allocators[i].name);
    }
    return error_set(error, ERROR_USAGE,
                     "no allocator is named '%s'; there are %s, and any library as PATH.so", name,
                     names);
}

static bool not_installed(const struct known *known, struct error *error)
{
    const char *package = known->package;
    return error_set(error, ERROR_USAGE, "%s is not installed: no %s found%s%s", known->name,
                     known->files[0], package ? "; Debian has it in the package " : "",
                     package ? package : "");
}

/* What belongs to the name leaves no room for an option. */
static bool add_own_environment(const struct known *known, struct allocator_spec *spec,
                                struct error *error)
{
    if (!known->environment)
        return true;
    if (*spec->environment)
        return error_set(error, ERROR_USAGE, "'%s': %s is glibc:%s, and takes no other option",
                         spec->spec, known->name, known->environment);
    snprintf(spec->environment, sizeof spec->environment, "%s", known->environment);
    snprintf(spec->spec, sizeof spec->spec, "glibc:%s", known->environment);
    return true;
}

static bool find_name(const char *name, struct allocator_spec *spec, struct error *error)
{
    for (int i = 0; i < KNOWN; i++) {
        const struct known *known = &known_allocators[i];
        if (strcmp(name, known->name) != 0)
            continue;
        spec->kind = known->files[0] ? ALLOCATOR_PRELOAD : ALLOCATOR_SYSTEM;
        if (spec->kind == ALLOCATOR_PRELOAD && !find_library(known, spec))
            return not_installed(known, error);
        return add_own_environment(known, spec, error);
    }
    return unknown_name(name, error);
}

static bool find_path(const char *path, struct allocator_spec *spec, struct error *error)
{
    spec->kind = ALLOCATOR_PRELOAD;
    if (!realpath(path, spec->path))
        return error_set(error, ERROR_USAGE, "%s: %s", path, strerror(errno));
    if (strpbrk(spec->path, " :"))
        return error_set(error, ERROR_USAGE,
                         "%s: a path with a blank or colon cannot be preloaded; make a link to it",
                         spec->path);
    return true;
}

/* ---- parsing ---- */

static bool is_path(const char *text)
{
    size_t length = strlen(text);
    return strchr(text, '/') || (length > 3 && strcmp(text + length - 3, ".so") == 0);
}

static bool is_label_character(char c)
{
    return isalnum((unsigned char)c) || strchr("._+-", c);
}

static bool set_label(struct allocator_spec *spec, const char *label, struct error *error)
{
    size_t length = strlen(label);
    if (length == 0 || length >= sizeof spec->label)
        return error_set(error, ERROR_USAGE, "'%s': a label has 1 to %zu characters", label,
                         sizeof spec->label - 1);
    for (const char *c = label; *c; c++)
        if (!is_label_character(*c))
            return error_set(error, ERROR_USAGE,
                             "'%s': a label has only letters, digits and . _ + -", label);
    memcpy(spec->label, label, length + 1);
    return true;
}

/* NAME or NAME-OPTIONS; of a path its file name, without "lib" and ".so"; what may not be becomes a
 * dot. */
static void make_label(struct allocator_spec *spec, const char *name, const char *options)
{
    char text[ALLOCATOR_SPEC_BYTES * 2];
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    if (is_path(name) && strncmp(base, "lib", 3) == 0)
        base += 3;
    int length = is_path(name) ? (int)strcspn(base, ".") : (int)strlen(base);
    snprintf(text, sizeof text, "%.*s%s%s", length, base, *options ? "-" : "", options);
    size_t i = 0;
    for (; text[i] && i < sizeof spec->label - 1; i++)
        spec->label[i] = is_label_character(text[i]) ? text[i] : '.';
    spec->label[i] = '\0';
}

/* The heap's own options are words; those of others an environment assignment. */
static bool set_options(struct allocator_spec *spec, const char *name, const char *options,
                        struct error *error)
{
    bool is_heap = strcmp(name, "heap") == 0;
    if (*options && !is_heap && !strchr(options, '='))
        return error_set(error, ERROR_USAGE,
                         "'%s:%s': options of %s are an environment assignment NAME=VALUE", name,
                         options, name);
    if (strncmp(options, "LD_PRELOAD", 10) == 0 || strncmp(options, "LD_AUDIT", 8) == 0)
        return error_set(error, ERROR_USAGE,
                         "'%s:%s': what is preloaded is the allocator's to say; name the library",
                         name, options);
    if (*options)
        snprintf(spec->environment, sizeof spec->environment, "%s%s",
                 is_heap ? "HEAP_OPTIONS=" : "", options);
    return true;
}

bool allocator_parse(const char *item, struct allocator_spec *spec, struct error *error)
{
    *spec = (struct allocator_spec){0};
    char text[ALLOCATOR_SPEC_BYTES];
    if (strlen(item) >= sizeof text)
        return error_set(error, ERROR_USAGE, "'%.40s...': the allocator's name is too long", item);
    strcpy(text, item);

    /* The label's = stands before any colon: those behind it belong to the options. */
    char *name = text;
    size_t before = strcspn(text, "=:");
    bool has_label = text[before] == '=';
    if (has_label) {
        text[before] = '\0';
        name = text + before + 1;
        if (!set_label(spec, text, error))
            return false;
    }
    snprintf(spec->spec, sizeof spec->spec, "%s", name);
    char *colon = strchr(name, ':');
    const char *options = colon ? colon + 1 : "";
    if (colon)
        *colon = '\0';
    if (!set_options(spec, name, options, error))
        return false;
    if (!has_label)
        make_label(spec, name, options);
    return is_path(name) ? find_path(name, spec, error) : find_name(name, spec, error);
}

struct allocator_spec allocator_null(void)
{
    return (struct allocator_spec){.kind = ALLOCATOR_NULL, .label = "null", .spec = "null"};
}

struct allocator_spec allocator_loop(void)
{
    return (struct allocator_spec){.kind = ALLOCATOR_LOOP, .label = "loop", .spec = "loop"};
}
