#include "traces/generate/generate.h"

#include "traces/generate/generator.h"

#include <inttypes.h>
#include <string.h>

enum { EVENTS_DEFAULT = 1000000 };

static const struct generate_kind kinds[] = {
    {"churn", "random objects are replaced", generator_churn, 10000, 1, 1, GENERATE_THREADS_MAX},
    {"ramp", "memory grows to a peak and is given back", generator_ramp, 50000, 1, 1,
     GENERATE_THREADS_MAX},
    {"server", "requests over a cache, in phases with idle gaps", generator_server, 20000, 4, 1,
     GENERATE_THREADS_MAX},
    {"handover", "producers allocate, consumers free in other threads", generator_handover, 1000, 2,
     2, GENERATE_THREADS_MAX},
    {"larson", "threads replace objects and hand their arrays on", generator_larson, 1000, 4, 1,
     GENERATE_THREADS_MAX},
    {"robson", "worst case for first fit: sizes that fit no hole", generator_robson, 65536, 1, 1,
     1},
    {"comb", "every other small chunk is freed, then larger requests", generator_comb, 20000, 1, 1,
     1},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

const struct generate_kind *generate_kind_at(size_t index)
{
    return index < KINDS ? &kinds[index] : NULL;
}

const struct generate_kind *generate_kind_by_name(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool complete_options(const struct generate_kind *kind, struct generate_options *options,
                             struct error *error)
{
    if (!options->events)
        options->events = EVENTS_DEFAULT;
    if (!options->objects)
        options->objects = kind->objects;
    if (!options->threads)
        options->threads = kind->threads;
    if (options->threads < kind->threads_min || options->threads > kind->threads_max)
        return error_set(error, ERROR_USAGE,
                         "%s has %" PRIu32 " to %" PRIu32 " threads, not %" PRIu32, kind->name,
                         kind->threads_min, kind->threads_max, options->threads);
    if (options->objects > GENERATE_OBJECTS_MAX / options->threads)
        return error_set(error, ERROR_USAGE,
                         "%" PRIu64 " objects in each of %" PRIu32
                         " threads are too many: %d in all are the most",
                         options->objects, options->threads, GENERATE_OBJECTS_MAX);
    return true;
}

static void describe(const struct generate_kind *kind, const struct generate_options *options,
                     struct trace_meta *meta)
{
    trace_meta_set(meta, "program", "generated");
    trace_meta_set(meta, "command",
                   "trace generate %s --events=%" PRIu64 " --seed=%" PRIu64 " --threads=%" PRIu32
                   " --objects=%" PRIu64,
                   kind->name, options->events, options->seed, options->threads, options->objects);
    trace_meta_set(meta, "recorder", "generated");
    trace_meta_set(meta, "recorder_version", "%s", HEAPREEL_VERSION);
    trace_meta_set(meta, "generator", "%s", kind->name);
    trace_meta_set(meta, "generator_seed", "%" PRIu64, options->seed);
    trace_meta_set(meta, "generator_threads", "%" PRIu32, options->threads);
    trace_meta_set(meta, "generator_objects", "%" PRIu64, options->objects);
}

bool generate_trace(const struct generate_kind *kind, struct generate_options *options,
                    const char *path, struct error *error)
{
    if (!complete_options(kind, options, error))
        return false;
    struct trace_meta meta = {0};
    describe(kind, options, &meta);
    struct trace_writer *writer = trace_writer_open(path, &meta, error);
    trace_meta_free(&meta);
    if (!writer)
        return false;
    struct generator generator;
    generator_begin(&generator, options, writer, error);
    kind->run(&generator);
    if (!generator.failed)
        return trace_writer_close(writer, NULL, error);
    trace_writer_abort(writer);
    return false;
}
