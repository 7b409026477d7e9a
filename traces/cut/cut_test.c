/*
 * cut_test.c - random stories, cut at random: each cut is valid, and is the part of the story that
 * was asked for, as a simple model has it.
 */
#include "traces/cut/cut.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"
#include "traces/format/trace_text.h"
#include "traces/format/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { EVENTS_MAX = 400, CUT_EVENTS_MAX = 2 * EVENTS_MAX, THREADS = 5, STORIES = 150 };

static char in_path[64], out_path[64];
static uint64_t random_state;

/* xorshift64* (Vigna, 2016): a seed means the same everywhere. */
static uint64_t random_below(uint64_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1du % bound;
}

static int make_paths(void **state)
{
    (void)state;
    snprintf(in_path, sizeof in_path, "cut_test.%d.in.trace", (int)getpid());
    snprintf(out_path, sizeof out_path, "cut_test.%d.out.trace", (int)getpid());
    return 0;
}

static int remove_paths(void **state)
{
    (void)state;
    unlink(in_path);
    unlink(out_path);
    return 0;
}

/* ---- stories ---- */

struct story {
    struct trace_event events[CUT_EVENTS_MAX];
    size_t count;
    uint64_t live_bytes[CUT_EVENTS_MAX]; /* behind each event */
};

struct writing {
    struct story *story;
    uint64_t live[EVENTS_MAX], objects;
    size_t live_count;
    uint32_t thread_of[THREADS]; /* numbers by first appearance; UINT32_MAX: not yet */
    uint32_t threads;
    uint64_t time_us;
};

static struct trace_event *add(struct writing *writing, uint32_t number, enum trace_op op)
{
    struct trace_event *event = &writing->story->events[writing->story->count++];
    if (random_below(3) == 0)
        writing->time_us += random_below(50);
    *event = (struct trace_event){.op = op, .thread = number, .time_us = writing->time_us};
    return event;
}

static uint32_t number_of(struct writing *writing, uint32_t thread)
{
    if (writing->thread_of[thread] == UINT32_MAX) {
        writing->thread_of[thread] = writing->threads++;
        if (writing->thread_of[thread])
            add(writing, writing->thread_of[thread], TRACE_THREAD_START);
    }
    return writing->thread_of[thread];
}

static enum trace_op random_op(bool has_live)
{
    static const enum trace_op with_live[] = {TRACE_FREE,        TRACE_FREE,   TRACE_REALLOC,
                                              TRACE_USABLE_SIZE, TRACE_DELETE, TRACE_ARENA_REALLOC,
                                              TRACE_REALLOCARRAY};
    static const enum trace_op without[] = {TRACE_MALLOC, TRACE_CALLOC, TRACE_MEMALIGN, TRACE_NEW,
                                            TRACE_ARENA_MALLOC};
    if (has_live && random_below(2))
        return with_live[random_below(sizeof with_live / sizeof *with_live)];
    return without[random_below(sizeof without / sizeof *without)];
}

static void add_call(struct writing *writing)
{
    uint32_t thread = number_of(writing, (uint32_t)random_below(THREADS));
    struct trace_event *event = add(writing, thread, random_op(writing->live_count > 0));
    unsigned fields = trace_op_fields(event->op);
    size_t place = writing->live_count ? random_below(writing->live_count) : 0;
    if (fields & TRACE_HAS_SIZE)
        event->size = random_below(12) ? 1 + random_below(1000) : 0;
    if (fields & TRACE_HAS_COUNT)
        event->count = 1 + random_below(9);
    if (fields & TRACE_HAS_ALIGNMENT)
        event->alignment = UINT64_C(16) << random_below(5);
    if (fields & TRACE_HAS_ARENA)
        event->arena = random_below(4);
    if (fields & TRACE_HAS_ARGUMENT && random_below(10))
        event->argument = writing->live[place];
    if (fields & TRACE_HAS_RESULT && random_below(10))
        event->object = ++writing->objects;
    if (event->object && event->argument && random_below(3) == 0)
        event->released_before = (uint32_t)random_below(writing->story->count);
    if (trace_event_releases(event))
        writing->live[place] = writing->live[--writing->live_count];
    if (event->object)
        writing->live[writing->live_count++] = event->object;
}

static void note_live_bytes(struct story *story)
{
    struct trace_tally tally = {0};
    for (size_t i = 0; i < story->count; i++) {
        assert_null(trace_tally_add(&tally, &story->events[i]));
        story->live_bytes[i] = tally.live_bytes;
    }
    trace_tally_free(&tally);
}

static void write_story(struct story *story)
{
    struct writing writing = {.story = story};
    story->count = 0;
    memset(writing.thread_of, 0xff, sizeof writing.thread_of);
    size_t wanted = 20 + random_below(EVENTS_MAX - 40);
    while (story->count < wanted)
        add_call(&writing);
    note_live_bytes(story);
    struct error error;
    struct trace_meta meta = {0};
    struct trace_writer *writer = trace_writer_open(in_path, &meta, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < story->count; i++)
        assert_true(trace_writer_add(writer, &story->events[i], &error));
    assert_true(trace_writer_close(writer, NULL, &error));
}

static void read_story(struct story *story)
{
    struct error error;
    struct trace_reader *reader = trace_reader_open(out_path, &error);
    assert_non_null(reader);
    story->count = 0;
    while (trace_reader_next(reader, &story->events[story->count], &error) == TRACE_NEXT_EVENT)
        assert_true(++story->count < CUT_EVENTS_MAX);
    trace_reader_close(reader);
    note_live_bytes(story);
}

static struct story whole, piece;

/* Cuts the trace and reads the cut into `piece`; where nothing is left, there is no cut to read. */
static struct cut_counts cut(const struct cut_options *options)
{
    struct cut_counts counts;
    struct error error = {.text = ""};
    piece.count = 0;
    unlink(out_path);
    if (cut_trace(in_path, out_path, options, &counts, &error)) {
        read_story(&piece);
        assert_int_equal(counts.events, piece.count);
        assert_true(piece.count > 0);
        return counts;
    }
    if (!strstr(error.text, "nothing of that part"))
        fail_msg("%s", error.text);
    assert_int_equal(access(out_path, F_OK), -1);
    return counts;
}

/* ---- the model ---- */

/* Pairs of numbers that stand for each other: of the source, of the cut. */
struct pairs {
    uint64_t cut_of[EVENTS_MAX + 1], source_of[CUT_EVENTS_MAX + 1];
};

static void assert_pair(struct pairs *pairs, uint64_t source, uint64_t in_cut)
{
    if (!pairs->cut_of[source] && !pairs->source_of[in_cut]) {
        pairs->cut_of[source] = in_cut;
        pairs->source_of[in_cut] = source;
    }
    assert_int_equal(pairs->cut_of[source], in_cut);
    assert_int_equal(pairs->source_of[in_cut], source);
}

static void assert_same_object(struct pairs *objects, uint64_t source, uint64_t in_cut)
{
    assert_int_equal(source != 0, in_cut != 0);
    if (source)
        assert_pair(objects, source, in_cut);
}

/* Numbers of threads begin with 0. */
static void assert_same_call(struct pairs *objects, struct pairs *threads,
                             const struct trace_event *source, const struct trace_event *in_cut,
                             uint64_t begin_us)
{
    assert_int_equal(in_cut->op, source->op);
    assert_int_equal(in_cut->size, source->size);
    assert_int_equal(in_cut->count, source->count);
    assert_int_equal(in_cut->alignment, source->alignment);
    assert_int_equal(in_cut->arena, source->arena);
    assert_int_equal(in_cut->time_us, source->time_us - begin_us);
    assert_pair(threads, source->thread + 1, in_cut->thread + 1);
    assert_same_object(objects, source->argument, in_cut->argument);
    assert_same_object(objects, source->object, in_cut->object);
}

/* The event of the source whose allocation made `object`. */
static const struct trace_event *acquisition(const struct story *story, uint64_t object)
{
    size_t i = 0;
    while (story->events[i].object != object)
        i++;
    return &story->events[i];
}

/* Every thread but the first begins with its start, and has no other. */
static void assert_starts(const struct story *story)
{
    bool seen[THREADS] = {false};
    for (size_t i = 0; i < story->count; i++) {
        const struct trace_event *event = &story->events[i];
        assert_int_equal(event->op == TRACE_THREAD_START, event->thread && !seen[event->thread]);
        seen[event->thread] = true;
    }
}

/* Objects that are live before event `first`, in ascending order. */
static size_t live_before(const struct story *story, size_t first, uint64_t *objects)
{
    bool live[EVENTS_MAX + 1] = {false};
    size_t count = 0;
    for (size_t i = 0; i < first; i++) {
        if (trace_event_releases(&story->events[i]))
            live[story->events[i].argument] = false;
        live[story->events[i].object] = true;
    }
    for (uint64_t object = 1; object <= EVENTS_MAX; object++)
        if (live[object])
            objects[count++] = object;
    return count;
}

/* The cut's next event that is no start of a thread made for the cut. */
static size_t skip_start(const struct story *story, size_t i, const struct trace_event *expected)
{
    return i + (story->events[i].op == TRACE_THREAD_START && expected->op != TRACE_THREAD_START);
}

/* The prologue: what was live, by the thread and operation that acquired it. */
static size_t check_prologue(const struct story *source, const struct story *part, size_t first,
                             struct pairs *objects, struct pairs *threads)
{
    uint64_t live[EVENTS_MAX];
    size_t count = live_before(source, first, live), at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct trace_event *acquired = acquisition(source, live[i]);
        at = skip_start(part, at, acquired);
        const struct trace_event *event = &part->events[at++];
        assert_int_equal(event->time_us, 0);
        assert_int_equal(event->argument, 0);
        assert_int_equal(event->alignment, acquired->alignment);
        assert_int_equal(trace_event_bytes(event), trace_event_bytes(acquired));
        if (!(trace_op_fields(acquired->op) & TRACE_RELEASES))
            assert_int_equal(event->op, acquired->op);
        assert_pair(threads, acquired->thread + 1, event->thread + 1);
        assert_pair(objects, live[i], event->object);
    }
    return at;
}

/* Where the cut's events stand in the source: at the prologue, `first`. */
static void check_release_place(const struct story *source, const size_t *cut_index, size_t i,
                                size_t first, const struct trace_event *event)
{
    if (!source->events[i].released_before) {
        assert_int_equal(event->released_before, 0);
        return;
    }
    size_t place = i - source->events[i].released_before;
    if (place < first)
        place = first;
    size_t place_in_cut = cut_index[i] - event->released_before;
    /* A thread's start that was made for the cut may stand between the two. */
    assert_in_range(cut_index[place] - place_in_cut, 0, 1);
}

static void check_range(const struct story *source, const struct story *part, size_t first,
                        size_t end, uint64_t begin_us)
{
    static struct pairs objects, threads;
    static size_t cut_index[EVENTS_MAX];
    memset(&objects, 0, sizeof objects);
    memset(&threads, 0, sizeof threads);
    size_t at = check_prologue(source, part, first, &objects, &threads);
    for (size_t i = first; i < end; i++) {
        if (at == 0 && source->events[i].op == TRACE_THREAD_START) {
            cut_index[i] = at; /* it has become the first thread, which is not started */
            continue;
        }
        at = skip_start(part, at, &source->events[i]);
        const struct trace_event *event = &part->events[at];
        cut_index[i] = at;
        assert_same_call(&objects, &threads, &source->events[i], event, begin_us);
        assert_int_equal(part->live_bytes[at], source->live_bytes[i]);
        check_release_place(source, cut_index, i, first, event);
        at++;
    }
    assert_int_equal(at, part->count);
    assert_starts(part);
}

/* ---- tests ---- */

static void begin_stories(uint64_t seed)
{
    random_state = seed;
    print_message("seed %llu\n", (unsigned long long)seed);
}

static void any_range_of_events_is_that_part_of_the_story(void **state)
{
    (void)state;
    begin_stories(20261123);
    for (int i = 0; i < STORIES; i++) {
        write_story(&whole);
        size_t first = random_below(whole.count);
        size_t end = first + 1 + random_below(whole.count - first);
        struct cut_options options = {.range = CUT_EVENTS, .begin = first, .end = end};
        struct cut_counts counts = cut(&options);
        check_range(&whole, &piece, first, end, first ? whole.events[first - 1].time_us : 0);
        assert_int_equal(counts.acquired_bytes, first ? whole.live_bytes[first - 1] : 0);
        assert_int_equal(counts.dropped + counts.changed, 0);
    }
}

static void any_range_of_time_is_that_part_of_the_story(void **state)
{
    (void)state;
    begin_stories(7);
    for (int i = 0; i < STORIES; i++) {
        write_story(&whole);
        size_t event = random_below(whole.count), first = 0, end = 0;
        uint64_t time_us = whole.events[event].time_us;
        struct cut_options options = {
            .range = CUT_TIME, .begin = time_us, .end = time_us + 1 + random_below(1000)};
        while (whole.events[first].time_us < options.begin)
            first++;
        for (end = first; end < whole.count && whole.events[end].time_us < options.end;)
            end++;
        cut(&options);
        check_range(&whole, &piece, first, end, options.begin);
    }
}

static void all_of_a_trace_is_the_same_events(void **state)
{
    (void)state;
    begin_stories(3);
    for (int i = 0; i < STORIES; i++) {
        write_story(&whole);
        cut(&(struct cut_options){.range = CUT_EVENTS, .end = UINT64_MAX});
        assert_int_equal(piece.count, whole.count);
        assert_memory_equal(piece.events, whole.events, whole.count * sizeof *whole.events);
    }
}

/* What drop_live leaves of the source: the model keeps track of objects that are in the cut. */
static void dropped_objects_leave_all_else(void **state)
{
    (void)state;
    begin_stories(11);
    for (int i = 0; i < STORIES; i++) {
        static bool in_cut[EVENTS_MAX + 1];
        memset(in_cut, 0, sizeof in_cut);
        write_story(&whole);
        size_t first = random_below(whole.count), at = 0;
        uint64_t dropped = 0, changed = 0;
        struct cut_options options = {
            .range = CUT_EVENTS, .begin = first, .end = whole.count, .drop_live = true};
        struct cut_counts counts = cut(&options);
        for (size_t k = first; k < whole.count; k++) {
            const struct trace_event *event = &whole.events[k];
            bool unknown = event->argument && !in_cut[event->argument];
            in_cut[event->object] = true;
            dropped += unknown && !event->object;
            changed += unknown && event->object;
            if ((unknown && !event->object) || event->op == TRACE_THREAD_START)
                continue;
            while (piece.events[at].op == TRACE_THREAD_START)
                at++;
            assert_int_equal(piece.events[at].op, event->op);
            assert_int_equal(piece.events[at].size, event->size);
            assert_int_equal(piece.events[at].argument != 0, event->argument && !unknown);
            assert_int_equal(piece.events[at].object != 0, event->object != 0);
            at++;
        }
        assert_int_equal(counts.dropped, dropped);
        assert_int_equal(counts.changed, changed);
        assert_int_equal(counts.acquired_objects, 0);
        assert_starts(&piece);
    }
}

/* Memory of one thread: what it acquired, until anyone releases it. */
static void a_thread_keeps_what_it_acquired_until_anyone_releases_it(void **state)
{
    (void)state;
    begin_stories(13);
    for (int i = 0; i < STORIES; i++) {
        static uint64_t bytes_of[EVENTS_MAX + 1];
        memset(bytes_of, 0, sizeof bytes_of);
        write_story(&whole);
        uint32_t thread = (uint32_t)random_below(3);
        uint64_t live_bytes = 0, acquired = 0;
        cut(&(struct cut_options){.one_thread = true, .thread = thread});
        for (size_t k = 0; k < whole.count; k++) {
            const struct trace_event *event = &whole.events[k];
            if (trace_event_releases(event))
                live_bytes -= bytes_of[event->argument];
            if (event->object && event->thread == thread) {
                bytes_of[event->object] = trace_event_bytes(event);
                live_bytes += bytes_of[event->object];
                acquired++;
            }
        }
        for (size_t k = 0; k < piece.count; k++) {
            assert_int_equal(piece.events[k].thread, 0);
            assert_int_not_equal(piece.events[k].op, TRACE_THREAD_START);
            acquired -= piece.events[k].object != 0;
        }
        assert_int_equal(acquired, 0);
        assert_int_equal(piece.count ? piece.live_bytes[piece.count - 1] : 0, live_bytes);
    }
}

/* ---- single cases ---- */

static void write_text(const char *text)
{
    struct error error;
    struct trace_meta meta = {0};
    struct trace_writer *writer = NULL;
    char *copy = strdup(text), *rest = copy, *line;
    while ((line = strsep(&rest, "\n")) && *line) {
        struct trace_event event;
        if (*line == '#') {
            trace_text_parse_meta(line, &meta);
            continue;
        }
        if (!writer)
            writer = trace_writer_open(in_path, &meta, &error);
        assert_true(trace_text_parse_event(line, &event, &error));
        assert_true(trace_writer_add(writer, &event, &error));
    }
    assert_true(trace_writer_close(writer, NULL, &error));
    trace_meta_free(&meta);
    free(copy);
}

static char *meta_of_cut(const char *key)
{
    struct error error;
    struct trace_reader *reader = trace_reader_open(out_path, &error);
    assert_non_null(reader);
    const char *value = trace_meta_get(trace_reader_meta(reader), key);
    char *copy = value ? strdup(value) : NULL;
    trace_reader_close(reader);
    return copy;
}

static void assert_meta(const char *key, const char *want)
{
    char *got = meta_of_cut(key);
    if (want) {
        assert_non_null(got);
        assert_string_equal(got, want);
    } else {
        assert_null(got);
    }
    free(got);
}

static void metadata_says_that_it_is_a_cut_and_nothing_of_the_whole(void **state)
{
    (void)state;
    write_text(
        "# program=demo\n# lost=3\n# repaired_double=1\n# program_cpu_us=77\n# page_bytes=4096\n"
        "# thread_name.1=worker\n# program_rss_bytes=1\n"
        "0 0 0 malloc 10 = #1\n1 5 1 thread_start\n2 6 1 malloc 20 = #2\n3 9 1 free #2\n");
    cut(&(struct cut_options){
        .range = CUT_TIME, .begin = 6, .end = 9, .one_thread = true, .thread = 1});
    assert_meta("program", "demo");
    assert_meta("page_bytes", "4096");
    assert_meta("cut", "time 0.000006:0.000009 thread 1");
    assert_meta("cut_from_events", "4");
    assert_meta("cut_acquired_objects", "0");
    assert_meta("events", "1");
    assert_meta("thread_name.0", "worker");
    assert_meta("thread_name.1", NULL);
    assert_meta("lost", NULL);
    assert_meta("repaired_double", NULL);
    assert_meta("program_cpu_us", NULL);
    assert_meta("program_rss_bytes", NULL);
    assert_int_equal(rename(out_path, in_path), 0);
    cut(&(struct cut_options){.range = CUT_EVENTS, .end = UINT64_MAX});
    assert_meta("cut", "events 0: of time 0.000006:0.000009 thread 1");
}

static void what_a_thread_that_exited_has_left_is_acquired_by_the_first(void **state)
{
    (void)state;
    write_text(
        "0 0 0 malloc 1 = #1\n1 0 1 thread_start\n2 0 1 realloc NULL 20 = #2\n3 1 1 thread_exit\n"
        "4 2 0 free #2\n");
    struct cut_counts counts =
        cut(&(struct cut_options){.range = CUT_EVENTS, .begin = 4, .end = 5});
    assert_int_equal(counts.acquired_objects, 2);
    assert_int_equal(counts.acquired_bytes, 21);
    assert_int_equal(piece.count, 3);
    for (size_t i = 0; i < piece.count; i++)
        assert_int_equal(piece.events[i].thread, 0);
}

static void a_part_without_events_is_refused(void **state)
{
    (void)state;
    struct error error;
    struct cut_counts counts;
    write_text("0 0 0 malloc 1 = #1\n");
    unlink(out_path);
    struct cut_options behind = {.range = CUT_EVENTS, .begin = 1, .end = 2};
    assert_false(cut_trace(in_path, out_path, &behind, &counts, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    struct cut_options thread = {.one_thread = true, .thread = 1};
    assert_false(cut_trace(in_path, out_path, &thread, &counts, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_int_equal(access(out_path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_range_of_events_is_that_part_of_the_story),
        cmocka_unit_test(any_range_of_time_is_that_part_of_the_story),
        cmocka_unit_test(all_of_a_trace_is_the_same_events),
        cmocka_unit_test(dropped_objects_leave_all_else),
        cmocka_unit_test(a_thread_keeps_what_it_acquired_until_anyone_releases_it),
        cmocka_unit_test(metadata_says_that_it_is_a_cut_and_nothing_of_the_whole),
        cmocka_unit_test(what_a_thread_that_exited_has_left_is_acquired_by_the_first),
        cmocka_unit_test(a_part_without_events_is_refused),
    };
    return cmocka_run_group_tests(tests, make_paths, remove_paths);
}
