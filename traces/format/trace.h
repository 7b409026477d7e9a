/*
 * trace.h - the words of a trace: operations, events, metadata.
 *
 * A trace is the ordered story of a process's heap. Order is the position in the file, never the
 * time. Objects are numbered from 1 in the order in which they were acquired; 0 stands for NULL.
 * Each event that acquires memory, realloc included, makes a new object.
 */
#ifndef TRACES_FORMAT_TRACE_H
#define TRACES_FORMAT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values are part of the file format: never renumber, add at the end. */
enum trace_op {
    TRACE_MALLOC = 1,
    TRACE_FREE = 2,
    TRACE_CALLOC = 3,         /* count, size */
    TRACE_REALLOC = 4,        /* argument, size */
    TRACE_REALLOCARRAY = 5,   /* argument, count, size */
    TRACE_MEMALIGN = 6,       /* alignment, size */
    TRACE_ALIGNED_ALLOC = 7,  /* alignment, size */
    TRACE_POSIX_MEMALIGN = 8, /* alignment, size */
    TRACE_VALLOC = 9,
    TRACE_PVALLOC = 10,
    TRACE_USABLE_SIZE = 11, /* argument; size is the answer */
    TRACE_NEW = 12,         /* operator new(size), throwing or not */
    TRACE_NEW_ARRAY = 13,
    TRACE_NEW_ALIGNED = 14, /* alignment, size */
    TRACE_NEW_ARRAY_ALIGNED = 15,
    TRACE_DELETE = 16,
    TRACE_DELETE_ARRAY = 17,
    TRACE_DELETE_SIZED = 18, /* argument, size */
    TRACE_DELETE_ARRAY_SIZED = 19,
    TRACE_DELETE_ALIGNED = 20, /* argument, alignment; size where it was given, else 0 */
    TRACE_DELETE_ARRAY_ALIGNED = 21,
    TRACE_ARENA_MALLOC = 22,   /* arena, size */
    TRACE_ARENA_CALLOC = 23,   /* arena, count, size */
    TRACE_ARENA_REALLOC = 24,  /* arena, argument, size */
    TRACE_ARENA_FREE = 25,     /* arena, argument */
    TRACE_ARENA_MEMALIGN = 26, /* arena, alignment, size */
    TRACE_THREAD_START = 27,   /* the first event of every thread but the first */
    TRACE_THREAD_EXIT = 28,
    TRACE_OP_COUNT
};

/* What an operation has besides thread and time; a set of these describes each operation. */
enum trace_field {
    TRACE_HAS_RESULT = 1,   /* acquires `object` (0: the call returned NULL) */
    TRACE_HAS_ARGUMENT = 2, /* `argument` is an object (0: NULL was passed) */
    TRACE_RELEASES = 4,     /* the argument is released */
    TRACE_HAS_SIZE = 8,
    TRACE_HAS_COUNT = 16,
    TRACE_HAS_ALIGNMENT = 32,
    TRACE_HAS_ARENA = 64,
};

struct trace_event {
    enum trace_op op;
    uint32_t thread;  /* numbered from 0 by first appearance */
    uint64_t time_us; /* since the first event; allocations after the call returned, frees before */
    uint64_t object;  /* acquired here; the next number in order, or 0 for NULL */
    uint64_t argument; /* passed in: a number acquired earlier, or 0 for NULL */
    uint64_t size;     /* bytes asked for (of one element where there is a count) */
    uint64_t count;
    uint64_t alignment;       /* bytes */
    uint64_t arena;           /* the program's own number of the arena */
    uint32_t released_before; /* realloc only: the old block was released this many events before
                                 this one, because events of other threads fell between; else 0 */
};

/* The operation's name in text ("malloc", "new_aligned", ...), NULL when there is no such
 * operation. */
const char *trace_op_name(enum trace_op op);

/* The operation with that name, or 0. */
enum trace_op trace_op_by_name(const char *name);

/* The set of enum trace_field of an operation; 0 for THREAD_START, THREAD_EXIT and unknown ones. */
unsigned trace_op_fields(enum trace_op op);

/*
 * True when the event really releases its argument: a free of something, or a realloc that did not
 * fail. A realloc of size 0 that returned NULL has freed its argument; of another size, it has
 * failed and the argument lives on.
 */
bool trace_event_releases(const struct trace_event *event);

/* Bytes that an acquiring event asks for: size times count where there is one (saturating). */
uint64_t trace_event_bytes(const struct trace_event *event);

enum {
    TRACE_META_BYTES_MAX = 1 << 20, /* of all lines key=value of a section with their newlines */
    TRACE_META_KEYS_MAX = 4096,     /* of a section */
};

/*
 * Metadata: an ordered list of key=value texts. Keys are [a-z0-9_.]+, values have no newline.
 * FORMAT.md lists the keys that are used. Zero-initialise; free with trace_meta_free.
 */
struct trace_meta {
    size_t count;
    struct trace_meta_entry {
        char *key, *value;
    } * entries;
};

/* Sets or replaces; the value is formatted as by printf, control characters in it become blanks. */
void trace_meta_set(struct trace_meta *meta, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* True when a key is as it must be. */
bool trace_meta_key_is_valid(const char *key);

/* The value, or NULL. It lives until the key is set again or the list is freed. */
const char *trace_meta_get(const struct trace_meta *meta, const char *key);

/* The value as a number, or `otherwise` when it is missing or no number. */
uint64_t trace_meta_number(const struct trace_meta *meta, const char *key, uint64_t otherwise);

/* Sets in `meta` all that `from` has. */
void trace_meta_copy(struct trace_meta *meta, const struct trace_meta *from);

void trace_meta_free(struct trace_meta *meta);

#endif
