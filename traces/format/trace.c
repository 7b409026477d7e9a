#include "traces/format/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT    TRACE_HAS_RESULT
#define ARGUMENT  TRACE_HAS_ARGUMENT
#define RELEASE   (TRACE_HAS_ARGUMENT | TRACE_RELEASES)
#define SIZE      TRACE_HAS_SIZE
#define COUNT     TRACE_HAS_COUNT
#define ALIGNMENT TRACE_HAS_ALIGNMENT
#define ARENA     TRACE_HAS_ARENA

static const struct {
    const char *name;
    unsigned fields;
} operations[TRACE_OP_COUNT] = {
    [TRACE_MALLOC] = {"malloc", RESULT | SIZE},
    [TRACE_FREE] = {"free", RELEASE},
    [TRACE_CALLOC] = {"calloc", RESULT | COUNT | SIZE},
    [TRACE_REALLOC] = {"realloc", RESULT | RELEASE | SIZE},
    [TRACE_REALLOCARRAY] = {"reallocarray", RESULT | RELEASE | COUNT | SIZE},
    [TRACE_MEMALIGN] = {"memalign", RESULT | ALIGNMENT | SIZE},
    [TRACE_ALIGNED_ALLOC] = {"aligned_alloc", RESULT | ALIGNMENT | SIZE},
    [TRACE_POSIX_MEMALIGN] = {"posix_memalign", RESULT | ALIGNMENT | SIZE},
    [TRACE_VALLOC] = {"valloc", RESULT | SIZE},
    [TRACE_PVALLOC] = {"pvalloc", RESULT | SIZE},
    [TRACE_USABLE_SIZE] = {"malloc_usable_size", ARGUMENT | SIZE},
    [TRACE_NEW] = {"new", RESULT | SIZE},
    [TRACE_NEW_ARRAY] = {"new_array", RESULT | SIZE},
    [TRACE_NEW_ALIGNED] = {"new_aligned", RESULT | ALIGNMENT | SIZE},
    [TRACE_NEW_ARRAY_ALIGNED] = {"new_array_aligned", RESULT | ALIGNMENT | SIZE},
    [TRACE_DELETE] = {"delete", RELEASE},
    [TRACE_DELETE_ARRAY] = {"delete_array", RELEASE},
    [TRACE_DELETE_SIZED] = {"delete_sized", RELEASE | SIZE},
    [TRACE_DELETE_ARRAY_SIZED] = {"delete_array_sized", RELEASE | SIZE},
    [TRACE_DELETE_ALIGNED] = {"delete_aligned", RELEASE | ALIGNMENT | SIZE},
    [TRACE_DELETE_ARRAY_ALIGNED] = {"delete_array_aligned", RELEASE | ALIGNMENT | SIZE},
    [TRACE_ARENA_MALLOC] = {"arena_malloc", RESULT | ARENA | SIZE},
    [TRACE_ARENA_CALLOC] = {"arena_calloc", RESULT | ARENA | COUNT | SIZE},
    [TRACE_ARENA_REALLOC] = {"arena_realloc", RESULT | RELEASE | ARENA | SIZE},
    [TRACE_ARENA_FREE] = {"arena_free", RELEASE | ARENA},
    [TRACE_ARENA_MEMALIGN] = {"arena_memalign", RESULT | ARENA | ALIGNMENT | SIZE},
    [TRACE_THREAD_START] = {"thread_start", 0},
    [TRACE_THREAD_EXIT] = {"thread_exit", 0},
};

const char *trace_op_name(enum trace_op op)
{
    return (unsigned)op < TRACE_OP_COUNT ? operations[op].name : NULL;
}

enum trace_op trace_op_by_name(const char *name)
{
    for (int op = 1; op < TRACE_OP_COUNT; op++)
        if (strcmp(operations[op].name, name) == 0)
            return (enum trace_op)op;
    return (enum trace_op)0;
}

unsigned trace_op_fields(enum trace_op op)
{
    return (unsigned)op < TRACE_OP_COUNT ? operations[op].fields : 0;
}

bool trace_event_releases(const struct trace_event *event)
{
    unsigned fields = trace_op_fields(event->op);
    if (!(fields & TRACE_RELEASES) || event->argument == 0)
        return false;
    if (!(fields & TRACE_HAS_RESULT))
        return true;
    return event->object != 0 || trace_event_bytes(event) == 0;
}

uint64_t trace_event_bytes(const struct trace_event *event)
{
    uint64_t bytes = event->size;
    if (trace_op_fields(event->op) & TRACE_HAS_COUNT &&
        __builtin_mul_overflow(event->size, event->count, &bytes))
        return UINT64_MAX;
    return bytes;
}

static struct trace_meta_entry *find_entry(const struct trace_meta *meta, const char *key)
{
    for (size_t i = 0; i < meta->count; i++)
        if (strcmp(meta->entries[i].key, key) == 0)
            return &meta->entries[i];
    return NULL;
}

/* A trace without its metadata is worthless, and the texts are tiny: running out of memory here
 * ends. */
static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void trace_meta_set(struct trace_meta *meta, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *value = NULL;
    if (vasprintf(&value, format, arguments) < 0)
        abort();
    va_end(arguments);
    for (char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';

    struct trace_meta_entry *entry = find_entry(meta, key);
    if (entry) {
        free(entry->value);
    } else {
        meta->entries = must(reallocarray(meta->entries, meta->count + 1, sizeof *meta->entries));
        entry = &meta->entries[meta->count++];
        entry->key = must(strdup(key));
    }
    entry->value = value;
}

bool trace_meta_key_is_valid(const char *key)
{
    return *key && key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.")] == '\0';
}

const char *trace_meta_get(const struct trace_meta *meta, const char *key)
{
    const struct trace_meta_entry *entry = find_entry(meta, key);
    return entry ? entry->value : NULL;
}

uint64_t trace_meta_number(const struct trace_meta *meta, const char *key, uint64_t otherwise)
{
    const char *value = trace_meta_get(meta, key);
    if (!value || value[0] < '0' || value[0] > '9')
        return otherwise;
    char *end;
    uint64_t number = strtoull(value, &end, 10);
    return *end == '\0' ? number : otherwise;
}

void trace_meta_copy(struct trace_meta *meta, const struct trace_meta *from)
{
    for (size_t i = 0; i < from->count; i++)
        trace_meta_set(meta, from->entries[i].key, "%s", from->entries[i].value);
}

void trace_meta_free(struct trace_meta *meta)
{
    for (size_t i = 0; i < meta->count; i++) {
        free(meta->entries[i].key);
        free(meta->entries[i].value);
    }
    free(meta->entries);
    *meta = (struct trace_meta){0};
}
