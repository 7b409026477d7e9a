/*
 * generate_test.c - every kind of generated trace is valid, the same each time, and what it says it
 * is.
 */
#include "traces/format/trace_profile.h"
#include "traces/format/trace_reader.h"
#include "traces/format/trace_tally.h"
#include "traces/generate/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char test_path[64], other_path[64];

static int make_paths(void **state)
{
    (void)state;
    snprintf(test_path, sizeof test_path, "generate_test.%d.trace", (int)getpid());
    snprintf(other_path, sizeof other_path, "generate_test.%d.other.trace", (int)getpid());
    return 0;
}

static int remove_paths(void **state)
{
    (void)state;
    unlink(test_path);
    unlink(other_path);
    return 0;
}

static void generate(const char *kind, struct generate_options options, const char *path)
{
    struct error error = {.text = ""};
    bool ok = generate_trace(generate_kind_by_name(kind), &options, path, &error);
    if (!ok)
        print_error("%s: %s\n", kind, error.text);
    assert_true(ok);
}

/* ---- what is true of every kind ---- */

/* What one reading of a trace finds. */
struct story {
    struct trace_tally tally;
    struct trace_profile profile;
    uint64_t exits;
    uint64_t longest_gap_us;
};

static void check_event(struct story *story, const struct trace_event *event)
{
    bool is_new = event->thread == story->tally.threads;
    uint64_t gap_us = event->time_us - story->tally.duration_us;
    assert_int_equal(event->op == TRACE_THREAD_START, is_new && event->thread != 0);
    assert_null(trace_tally_add(&story->tally, event));
    trace_profile_add(&story->profile, event);
    story->exits += event->op == TRACE_THREAD_EXIT;
    if (gap_us > story->longest_gap_us)
        story->longest_gap_us = gap_us;
}

static struct story read_story(const char *path)
{
    struct story story = {0};
    struct error error;
    struct trace_event event;
    enum trace_next next;
    struct trace_reader *reader = trace_reader_open(path, &error);
    assert_non_null(reader);
    assert_string_equal(trace_meta_get(trace_reader_meta(reader), "recorder"), "generated");
    while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT)
        check_event(&story, &event);
    assert_int_equal(next, TRACE_NEXT_END);
    trace_reader_close(reader);
    return story;
}

static void free_story(struct story *story)
{
    trace_tally_free(&story->tally);
    trace_profile_free(&story->profile);
}

static bool same_files(const char *a, const char *b)
{
    FILE *left = fopen(a, "rb"), *right = fopen(b, "rb");
    assert_non_null(left);
    assert_non_null(right);
    int byte;
    bool same = true;
    while (same && (byte = getc(left)) != EOF)
        same = byte == getc(right);
    same = same && getc(right) == EOF;
    fclose(left);
    fclose(right);
    return same;
}

static void check_kind(const struct generate_kind *kind, struct generate_options options)
{
    generate(kind->name, options, test_path);
    struct story story = read_story(test_path);
    uint64_t objects = options.objects ? options.objects : kind->objects;
    uint64_t threads = options.threads ? options.threads : kind->threads;
    /* Requests of the server and temporary objects of the ramp come on top. */
    uint64_t most = (objects + 32) * threads;
    assert_int_equal(story.tally.events, options.events);
    assert_true(story.tally.peak_live_objects <= most);
    assert_true(story.tally.threads - story.exits <= threads + 1);
    free_story(&story);

    generate(kind->name, options, other_path);
    assert_true(same_files(test_path, other_path));
    options.seed++;
    generate(kind->name, options, other_path);
    assert_false(same_files(test_path, other_path));
}

static void every_kind_is_valid_and_the_same_each_time(void **state)
{
    (void)state;
    const struct generate_kind *kind;
    static const uint64_t events[] = {1, 17, 1000, 15000};
    static const uint32_t threads[] = {0, 1, 7};
    for (size_t k = 0; (kind = generate_kind_at(k)); k++)
        for (size_t e = 0; e < sizeof events / sizeof *events; e++)
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                struct generate_options options = {
                    .events = events[e], .threads = threads[t], .objects = t * 111, .seed = e * 5};
                if (!threads[t] ||
                    (threads[t] >= kind->threads_min && threads[t] <= kind->threads_max))
                    check_kind(kind, options);
            }
}

static void one_object_is_enough_for_every_kind(void **state)
{
    (void)state;
    const struct generate_kind *kind;
    for (size_t k = 0; (kind = generate_kind_at(k)); k++)
        check_kind(kind, (struct generate_options){.events = 3000, .objects = 1});
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    struct error error;
    struct generate_options threads = {.threads = 2};
    assert_false(generate_trace(generate_kind_by_name("robson"), &threads, test_path, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    struct generate_options objects = {.threads = 4, .objects = GENERATE_OBJECTS_MAX};
    assert_false(generate_trace(generate_kind_by_name("churn"), &objects, test_path, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_null(generate_kind_by_name("nosuch"));
    assert_int_equal(access(test_path, F_OK), -1);
}

/* ---- what is true of one ---- */

static void handover_releases_all_in_other_threads(void **state)
{
    (void)state;
    generate("handover", (struct generate_options){.events = 50000, .threads = 5}, test_path);
    struct story story = read_story(test_path);
    assert_true(story.profile.releases > 15000);
    assert_int_equal(story.profile.cross_thread_releases, story.profile.releases);
    free_story(&story);
}

static void larson_threads_come_and_go_and_leave_their_objects(void **state)
{
    (void)state;
    struct generate_options options = {.events = 50000, .threads = 3, .objects = 100};
    generate("larson", options, test_path);
    struct story story = read_story(test_path);
    /* A worker lives for 10 x 100 replacements: 50000 events are 25 lives, some of them unfinished.
     */
    assert_in_range(story.exits, 20, 25);
    assert_int_equal(story.tally.threads, 1 + 3 + story.exits);
    assert_in_range(story.tally.live_objects, 299, 300); /* one may be being replaced */
    assert_true(story.profile.cross_thread_releases > story.profile.releases / 20);
    free_story(&story);
}

static void server_is_idle_between_its_phases_and_shares_its_cache(void **state)
{
    (void)state;
    generate("server", (struct generate_options){.events = 100000, .objects = 200}, test_path);
    struct story story = read_story(test_path);
    assert_in_range(story.longest_gap_us, 10000000, 31000000);
    assert_true(story.profile.cross_thread_releases > 100);
    free_story(&story);
}

static void ramp_goes_up_and_all_the_way_down(void **state)
{
    (void)state;
    struct generate_options options = {.events = 20000, .objects = 500};
    generate("ramp", options, test_path);
    struct error error;
    struct trace_event event;
    struct trace_tally tally = {0};
    struct trace_reader *reader = trace_reader_open(test_path, &error);
    unsigned peaks = 0, grounds = 0;
    bool up = true;
    while (trace_reader_next(reader, &event, &error) == TRACE_NEXT_EVENT) {
        trace_tally_add(&tally, &event);
        if (up && tally.live_objects == options.objects && event.op == TRACE_MALLOC) {
            peaks++;
            up = false;
        } else if (!up && tally.live_objects == 0) {
            grounds++;
            up = true;
        }
    }
    /* Up takes 500 kept and 125 temporary objects: about 750 events; down 500. */
    assert_in_range(grounds, 12, 18);
    assert_true(peaks == grounds || peaks == grounds + 1);
    trace_tally_free(&tally);
    trace_reader_close(reader);
}

/*
 * An allocator for tests: first fit in units of 32 bytes, each chunk with a header of 8, found by
 * looking at every unit. It knows nothing of how the generators place.
 */
enum { STORE_UNITS = 1 << 15, UNIT_BYTES = 32, HEADER_BYTES = 8, STORE_OBJECTS = 1 << 16 };

struct first_fit {
    bool used[STORE_UNITS];
    uint32_t at[STORE_OBJECTS], units[STORE_OBJECTS]; /* by object number */
    uint32_t top;                                     /* units that were ever used */
};

static void fit(struct first_fit *store, const struct trace_event *event)
{
    uint32_t units = (uint32_t)((event->size + HEADER_BYTES + UNIT_BYTES - 1) / UNIT_BYTES);
    uint32_t at = 0, gap = 0;
    while (gap < units) {
        assert_true(at < STORE_UNITS);
        gap = store->used[at++] ? 0 : gap + 1;
    }
    assert_true(event->object < STORE_OBJECTS);
    store->at[event->object] = at - units;
    store->units[event->object] = units;
    memset(store->used + at - units, true, units);
    if (at > store->top)
        store->top = at;
}

static uint32_t units_of_first_fit(const char *path)
{
    struct error error;
    struct trace_event event;
    struct first_fit *store = calloc(1, sizeof *store);
    struct trace_reader *reader = trace_reader_open(path, &error);
    assert_non_null(reader);
    while (trace_reader_next(reader, &event, &error) == TRACE_NEXT_EVENT) {
        if (event.op == TRACE_MALLOC)
            fit(store, &event);
        else
            memset(store->used + store->at[event.argument], false, store->units[event.argument]);
    }
    uint32_t top = store->top;
    trace_reader_close(reader);
    free(store);
    return top;
}

/* Robson (1971): M + (M - n + 1) / 2 log2 n for M live and sizes up to n, here n = M / 16. */
static void robson_drives_first_fit_to_the_bound(void **state)
{
    (void)state;
    enum { LIVE = 1024, LARGEST = 64, LARGEST_LOG = 6 };
    generate("robson", (struct generate_options){.events = 5000, .objects = LIVE}, test_path);
    struct story story = read_story(test_path);
    assert_true(story.tally.peak_live_bytes <= LIVE * UNIT_BYTES);
    free_story(&story);
    uint32_t units = units_of_first_fit(test_path);
    print_message("robson: first fit needs %u units for %d live\n", units, LIVE);
    assert_true(units >= LIVE + (LIVE - LARGEST + 1) * LARGEST_LOG / 2);
}

static void no_large_request_of_the_comb_fits_between_its_teeth(void **state)
{
    (void)state;
    enum { TEETH = 800, LARGE = TEETH / 8, EVENTS = TEETH + TEETH / 2 + LARGE };
    generate("comb", (struct generate_options){.events = EVENTS, .objects = TEETH}, test_path);
    struct error error;
    struct trace_event event, first;
    struct trace_reader *reader = trace_reader_open(test_path, &error);
    assert_int_equal(trace_reader_next(reader, &first, &error), TRACE_NEXT_EVENT);
    uint32_t tooth = (uint32_t)(first.size + HEADER_BYTES + UNIT_BYTES - 1) / UNIT_BYTES;
    while (trace_reader_next(reader, &event, &error) == TRACE_NEXT_EVENT)
        first = event;
    uint32_t large = (uint32_t)(first.size + HEADER_BYTES + UNIT_BYTES - 1) / UNIT_BYTES;
    trace_reader_close(reader);
    assert_true(large > tooth);
    /* The last gap is open to the top, so that one request may begin in it. */
    assert_in_range(units_of_first_fit(test_path), TEETH * tooth + LARGE * large - large,
                    TEETH * tooth + LARGE * large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_kind_is_valid_and_the_same_each_time, remove_paths),
        cmocka_unit_test_teardown(one_object_is_enough_for_every_kind, remove_paths),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test_teardown(handover_releases_all_in_other_threads, remove_paths),
        cmocka_unit_test_teardown(larson_threads_come_and_go_and_leave_their_objects, remove_paths),
        cmocka_unit_test_teardown(server_is_idle_between_its_phases_and_shares_its_cache,
                                  remove_paths),
        cmocka_unit_test_teardown(ramp_goes_up_and_all_the_way_down, remove_paths),
        cmocka_unit_test_teardown(robson_drives_first_fit_to_the_bound, remove_paths),
        cmocka_unit_test_teardown(no_large_request_of_the_comb_fits_between_its_teeth,
                                  remove_paths),
    };
    return cmocka_run_group_tests(tests, make_paths, remove_paths);
}
