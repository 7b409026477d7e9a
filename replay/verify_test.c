/*
 * verify_test.c - broken promises of an allocator that does what it is told, in replays of a few
 * calls: each is found, with the call and the other block.
 */
#include "replay/verify.h"

#include "replay/block_pattern.h"
#include "replay/verify_edges.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCK_BYTES = 1024, BLOCKS = 16, MEMORY_BYTES = BLOCKS * BLOCK_BYTES, SLOTS = 16 };

/* An allocator that gives one block after another, unless it is told what to answer. */
static char memory[MEMORY_BYTES] __attribute__((aligned(MEMORY_BYTES)));
static size_t next_block, freed_blocks;
static void *answer; /* to the next call, once */
static bool keeps_prefix, zeroes, refuses_to_grow;
static size_t usable_bytes;

static void *give(size_t size)
{
    void *given = answer ? answer : memory + BLOCK_BYTES * next_block++;
    assert_true(size <= BLOCK_BYTES);
    answer = NULL;
    return given;
}

static void take_back(void *block)
{
    freed_blocks += block != NULL;
}

static void *give_zeroed(size_t count, size_t size)
{
    char *block = give(count * size);
    memset(block, 0, count * size);
    if (!zeroes)
        block[count * size - 1] = 1;
    return block;
}

static void *give_moved(void *block, size_t size)
{
    if (refuses_to_grow)
        return NULL;
    char *moved = give(size);
    if (block) {
        memcpy(moved, block, BLOCK_BYTES);
        moved[9] ^= (char)!keeps_prefix;
    }
    return moved;
}

static void *give_aligned(size_t alignment, size_t size)
{
    (void)alignment;
    return give(size);
}

static size_t tell_usable(void *block)
{
    (void)block;
    return usable_bytes;
}

static const struct functions functions = {.malloc = give,
                                           .free = take_back,
                                           .calloc = give_zeroed,
                                           .realloc = give_moved,
                                           .memalign = give_aligned,
                                           .usable_size = tell_usable};

/* ---- the replay ---- */

static struct {
    struct plan plan;
    struct plan_stream stream;
    uint32_t leftovers[SLOTS];
} flat;
static void *slots[SLOTS];
static _Alignas(64) char shared[sizeof(struct verify_report) + sizeof(struct verify_place)];
static struct verify_report *const report = (void *)shared;
static struct verify_place *place; /* of the only stream */
static struct verify verify;
static uint64_t event;
static struct verify_finding last; /* found; fault 0: none */

static void found(void *context, const struct verify_finding *finding)
{
    assert_ptr_equal(context, &verify);
    assert_int_equal(last.fault, 0); /* one thing at a time is wrong here */
    last = *finding;
}

static int begin(void **state)
{
    (void)state;
    memset(&flat, 0, sizeof flat);
    memset(slots, 0, sizeof slots);
    memset(shared, 0, sizeof shared);
    place = report->places;
    memset(&last, 0, sizeof last);
    flat.plan.slot_count = SLOTS;
    flat.plan.stream_count = 1;
    flat.plan.streams_offset = offsetof(typeof(flat), stream);
    flat.plan.leftovers_offset = offsetof(typeof(flat), leftovers);
    report->stream_count = 1;
    next_block = freed_blocks = 0;
    event = 100;
    answer = NULL;
    usable_bytes = BLOCK_BYTES;
    keeps_prefix = zeroes = true;
    refuses_to_grow = false;
    uint64_t base = (uintptr_t)memory;
    if (!verify_open(&verify, &flat.plan, &functions, report, base, base + MEMORY_BYTES))
        return -1;
    verify.found = found;
    verify.context = &verify;
    return 0;
}

static int end(void **state)
{
    (void)state;
    verify_close(&verify);
    return 0;
}

/* Makes one call as the next event. */
static void call(enum plan_code code, uint32_t slot, uint64_t size, uint64_t number, bool to_null)
{
    const struct plan_call made = {
        .code = code, .to_null = to_null, .slot = slot, .size = size, .number = number};
    const struct engine_watch *watch = &verify.watch;
    struct engine_seen seen = {.call = &made, .event = event++, .old = slots[slot]};
    watch->before(watch->context, &seen);
    if (to_null)
        seen.block = engine_call_to_null(&functions, &made, seen.old);
    else if (engine_call_acquires(code))
        seen.block = engine_call_acquire(&functions, &made, seen.old);
    else if (code == PLAN_USABLE_SIZE)
        functions.usable_size(seen.old);
    else
        engine_call_release(&functions, &made, seen.old);
    watch->after(watch->context, &seen);
    if (engine_call_acquires(code) && slot != PLAN_NULL_SLOT)
        slots[slot] = seen.block;
}

static void plain(enum plan_code code, uint32_t slot, uint64_t size)
{
    call(code, slot, size, 1, false);
}

static void expect_text(const char *expected)
{
    char text[300];
    report->finding = last;
    verify_report_write_finding(report, text, sizeof text);
    assert_string_equal(text, expected);
}

/* ---- what is right ---- */

static void nothing_is_found_where_nothing_is_wrong(void **state)
{
    (void)state;
    verify.has_usable_size = true;
    plain(PLAN_MALLOC, 1, 1000);
    call(PLAN_CALLOC, 2, 8, 12, false);
    call(PLAN_MEMALIGN, 3, 100, 1024, false);
    plain(PLAN_MALLOC, 4, 0);
    plain(PLAN_REALLOC, 1, 500);
    plain(PLAN_REALLOC_NEW, 5, 1);
    plain(PLAN_USABLE_SIZE, 5, 0);
    plain(PLAN_FREE, 5, 1);
    plain(PLAN_FREE, PLAN_NULL_SLOT, 0);
    plain(PLAN_REALLOC, 1, 600);
    answer = memory + 3 * BLOCK_BYTES; /* of 0 bytes, and free again */
    plain(PLAN_FREE, 4, 0);
    plain(PLAN_MALLOC, 6, 20);
    flat.plan.leftover_count = 4;
    memcpy(flat.leftovers, (uint32_t[]){2, 3, 1, 6}, 4 * sizeof(uint32_t));
    verify_finish(&verify);
    assert_int_equal(last.fault, 0);
    assert_int_equal(freed_blocks, 6);
}

/* As jemalloc, mimalloc and tcmalloc have it: nothing of 16 bytes fits in. */
static void eight_bytes_may_be_aligned_to_eight(void **state)
{
    (void)state;
    answer = memory + 8;
    plain(PLAN_MALLOC, 1, 8);
    answer = memory + 24;
    plain(PLAN_MALLOC, 2, 15);
    assert_int_equal(last.fault, 0);
    answer = memory + 40;
    plain(PLAN_MALLOC, 3, 16);
    expect_text("misaligned: malloc(16) at event 102 of thread 0 returned a block aligned to 8");
}

/* Here they succeed, or fail again. */
static void calls_that_failed_in_the_program_keep_their_blocks(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 50);
    call(PLAN_MALLOC, PLAN_NULL_SLOT, 1000, 1, true);
    call(PLAN_REALLOC, 1, 1000, 1, true); /* moves it */
    assert_ptr_equal(slots[1], memory + 2 * BLOCK_BYTES);
    answer = memory; /* where it was */
    plain(PLAN_MALLOC, 2, 50);
    refuses_to_grow = true;
    call(PLAN_REALLOC, 1, 1000, 1, true);
    refuses_to_grow = false;
    call(PLAN_REALLOC, 1, 20, 1, true); /* moves it, to no more than that */
    plain(PLAN_FREE, 1, 50);
    assert_int_equal(last.fault, 0);
    call(PLAN_REALLOC, 2, 0, 1, true); /* frees it */
    answer = memory;
    plain(PLAN_MALLOC, 1, 50);
    assert_int_equal(last.fault, 0);
}

/* ---- what is wrong ---- */

static void blocks_that_overlap_are_found(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 100);
    verify.watch.moved(&verify, 1, 7);
    answer = memory + 96;
    plain(PLAN_MALLOC, 2, 200);
    expect_text("overlap: malloc(200) at event 101 of thread 0 overlaps a live block, 100 bytes "
                "from event 100 of thread 0");
}

static void a_live_block_that_is_returned_again_is_found(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 0);
    answer = memory;
    call(PLAN_CALLOC, 2, 8, 2, false);
    expect_text("live block returned again: calloc(2, 8) at event 101 of thread 0 returned a live "
                "block, 0 bytes from event 100 of thread 0");
}

static void a_realloc_into_another_block_is_found(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 100);
    plain(PLAN_MALLOC, 2, 100);
    answer = memory;
    plain(PLAN_REALLOC, 2, 300);
    assert_int_equal(last.fault, VERIFY_TWICE);
    assert_int_equal(last.block.event, 100);
}

static void alignment_that_was_asked_for_is_checked(void **state)
{
    (void)state;
    answer = memory + 64;
    call(PLAN_MEMALIGN, 1, 10, 64, false);
    answer = memory + 128;
    call(PLAN_MEMALIGN, 2, 10, 24, false); /* no power of two: whatever it means */
    assert_int_equal(last.fault, 0);
    answer = memory + 192;
    call(PLAN_MEMALIGN, 3, 10, 128, false);
    expect_text("misaligned: memalign(128, 10) at event 102 of thread 0 returned a block aligned "
                "to 64");
}

static void what_is_no_address_is_not_touched(void **state)
{
    (void)state;
    answer = memory + MEMORY_BYTES - 16;
    plain(PLAN_MALLOC, 1, 17);
    assert_int_equal(last.fault, VERIFY_NO_ADDRESS);
    last.fault = 0;
    answer = (void *)(uintptr_t)16;
    plain(PLAN_MALLOC, 2, 17);
    expect_text("no address: malloc(17) at event 101 of thread 0 returned 0x10");
}

static void memory_that_is_not_zeroed_is_found(void **state)
{
    (void)state;
    zeroes = false;
    call(PLAN_CALLOC, 1, 100, 3, false);
    expect_text("not zeroed: calloc(3, 100) at event 100 of thread 0: byte 299 is 0x01");
}

static void a_lost_prefix_is_found(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 100);
    keeps_prefix = false;
    plain(PLAN_REALLOC, 1, 9); /* what is lost is beyond */
    assert_int_equal(last.fault, 0);
    plain(PLAN_MALLOC, 2, 100);
    plain(PLAN_REALLOC, 2, 10);
    expect_text("prefix lost: realloc(10) at event 103 of thread 0 lost byte 9 of 100 bytes from "
                "event 102 of thread 0");
}

static void a_block_that_changed_is_found_when_it_goes(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 999);
    plain(PLAN_MALLOC, 2, 8);
    memory[998] ^= 64;
    plain(PLAN_FREE, 2, 8);
    assert_int_equal(last.fault, 0);
    plain(PLAN_FREE, PLAN_NULL_SLOT, 0);
    plain(PLAN_FREE, 1, 999);
    expect_text("block changed: free at event 104 of thread 0 found byte 998 changed of 999 bytes "
                "from event 100 of thread 0");
}

static void a_block_that_changed_is_found_at_the_end(void **state)
{
    (void)state;
    plain(PLAN_MALLOC, 1, 30);
    memory[0] ^= 1;
    flat.plan.leftover_count = 1;
    flat.leftovers[0] = 1;
    verify_finish(&verify);
    expect_text("block changed: free after the last event found byte 0 changed of 30 bytes from "
                "event 100 of thread 0");
}

static void usable_sizes_are_checked_where_there_are_some(void **state)
{
    (void)state;
    usable_bytes = 99;
    plain(PLAN_MALLOC, 1, 100);
    assert_int_equal(last.fault, 0);
    verify.has_usable_size = true;
    plain(PLAN_USABLE_SIZE, 1, 0);
    expect_text("usable size too small: malloc_usable_size at event 101 of thread 0: "
                "malloc_usable_size is 99 of a block of 100 bytes");
}

/* ---- where a process died ---- */

static void the_place_of_death_is_told(void **state)
{
    (void)state;
    char text[200];
    verify_report_write_place(report, text, sizeof text);
    assert_string_equal(text, "");
    plain(PLAN_MALLOC, 1, 48);
    verify_report_write_place(report, text, sizeof text);
    assert_string_equal(text, "");
    atomic_store(&place->phase, VERIFY_IN_CALL);
    verify_report_write_place(report, text, sizeof text);
    assert_string_equal(text, "in malloc(48) at event 100 of thread 0");
    report->names_no_thread = 1;
    atomic_store(&place->phase, VERIFY_IN_BLOCK);
    verify_report_write_place(report, text, sizeof text);
    assert_string_equal(text, "using the block of malloc(48) at event 100");
    verify_report_write_place(report, text, 10);
    assert_string_equal(text, "using the");
    plain(PLAN_FREE, 1, 48);
    atomic_store(&place->phase, VERIFY_IN_CALL);
    verify_report_write_place(report, text, sizeof text);
    assert_string_equal(text, "in free at event 101, of 48 bytes");
    atomic_store(&place->phase, VERIFY_IN_EDGE);
    place->edge = 2;
    verify_report_write_place(report, text, sizeof text);
    assert_string_equal(text, "in the edge case: free(NULL) does something");
}

/* ---- pattern and shadow ---- */

static void every_byte_of_the_pattern_counts(void **state)
{
    (void)state;
    static uint8_t block[2100];
    for (uint64_t bytes = 0; bytes < sizeof block; bytes += 1 + bytes / 7) {
        block[bytes] = 0;
        block_pattern_fill(block, bytes, 7);
        assert_int_equal(block[bytes], 0);
        assert_int_equal(block_pattern_check(block, bytes, 7), bytes);
        assert_true(bytes == 0 || block_pattern_check(block, bytes, 8) < 4);
        assert_int_equal(block_pattern_check_zeros(block, bytes), 0);
        for (uint64_t at = 0; at < bytes; at += 1 + at / 3) {
            block[at] ^= 128;
            assert_int_equal(block_pattern_check(block, bytes, 7), at);
            block[at] ^= 128;
        }
    }
}

static void zeros_are_checked_to_the_last_byte(void **state)
{
    (void)state;
    static uint8_t block[3000];
    assert_int_equal(block_pattern_check_zeros(block, sizeof block), sizeof block);
    block[2999] = 1;
    assert_int_equal(block_pattern_check_zeros(block, sizeof block), 2999);
    assert_int_equal(block_pattern_check_zeros(block, 2999), 2999);
}

/* Against a model that keeps each grain. */
static void the_shadow_knows_every_grain(void **state)
{
    (void)state;
    enum { GRAINS = 512, STEPS = 20000 };
    static bool is_live[GRAINS];
    struct block_shadow shadow;
    uint64_t random = 1, base = UINT64_C(0x7ffff0000000);
    assert_true(block_shadow_open(&shadow, base, base + GRAINS * 8));
    for (int i = 0; i < STEPS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t first = (random >> 33) % GRAINS, most = (random >> 50) % 8 ? 4 : GRAINS;
        uint64_t count = (random >> 20) % most, bytes = count * 8 - (count ? random >> 61 : 0);
        uint64_t taken = count ? count : 1;
        if (first + taken > GRAINS)
            continue;
        bool is_free = !memchr(is_live + first, true, taken);
        if (random >> 40 & 1) {
            assert_int_equal(block_shadow_add(&shadow, base + first * 8, bytes), is_free);
            memset(is_live + first, true, taken);
        } else {
            block_shadow_remove(&shadow, base + first * 8, bytes);
            memset(is_live + first, false, taken);
        }
    }
    assert_true(block_shadow_covers(&shadow, base + GRAINS * 8 - 1, 1));
    assert_false(block_shadow_covers(&shadow, base + GRAINS * 8 - 1, 2));
    assert_false(block_shadow_covers(&shadow, base - 1, 1));
    assert_false(block_shadow_covers(&shadow, base, UINT64_MAX));
    block_shadow_close(&shadow);
}

/* Each thread has every second grain, so that all write the same words. */
static void *add_and_remove(void *argument)
{
    static atomic_uint numbers;
    uint64_t first = atomic_fetch_add(&numbers, 1) & 1;
    struct block_shadow *shadow = argument;
    uintptr_t failures = 0;
    for (int round = 0; round < 2000; round++) {
        for (uint64_t i = first; i < 64; i += 2)
            failures += !block_shadow_add(shadow, i * 8, 8);
        for (uint64_t i = first; i < 64; i += 2)
            block_shadow_remove(shadow, i * 8, 8);
    }
    return (void *)failures;
}

static void threads_share_the_shadow(void **state)
{
    (void)state;
    struct block_shadow shadow;
    pthread_t threads[2];
    assert_true(block_shadow_open(&shadow, 0, 512));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_remove, &shadow), 0);
    for (int i = 0; i < 2; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_true(block_shadow_add(&shadow, 0, 512));
    block_shadow_close(&shadow);
}

/* ---- edge cases ---- */

/* As they should be; the sanitizers' own end the process where too much is asked for. */
static void *allocate(size_t size)
{
    errno = ENOMEM;
    return size > UINT32_MAX ? NULL : malloc(size);
}

static void *allocate_zeroed(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) || bytes > UINT32_MAX ? NULL
                                                                             : calloc(1, bytes);
}

static void *reallocate(void *block, size_t size)
{
    return size > UINT32_MAX ? NULL : realloc(block, size);
}

static const struct functions right = {
    .malloc = allocate, .free = free, .calloc = allocate_zeroed, .realloc = reallocate};

static void *fail_silently(size_t size)
{
    void *block = allocate(size);
    errno = 0;
    return block;
}

static void *multiply(size_t count, size_t size)
{
    return allocate_zeroed(1, count * size);
}

static void edge_cases_are_told_by_their_names(void **state)
{
    (void)state;
    char text[300];
    struct functions wrong = right;
    verify_edges_run(&right, 0, report);
    assert_int_equal(report->failed_edges, 0);
    assert_int_equal(place->phase, VERIFY_ELSEWHERE);
    wrong.malloc = fail_silently;
    wrong.calloc = multiply;
    verify_edges_run(&wrong, 0, report);
    report->finding.fault = VERIFY_EDGE_CASES;
    verify_report_write_finding(report, text, sizeof text);
    assert_string_equal(text, "edge case: malloc of PTRDIFF_MAX or more does not set ENOMEM "
                              "(9223372036854775807); calloc that overflows does not return NULL");
}

#define VERIFY_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFY_TEST(nothing_is_found_where_nothing_is_wrong),
        VERIFY_TEST(eight_bytes_may_be_aligned_to_eight),
        VERIFY_TEST(calls_that_failed_in_the_program_keep_their_blocks),
        VERIFY_TEST(blocks_that_overlap_are_found),
        VERIFY_TEST(a_live_block_that_is_returned_again_is_found),
        VERIFY_TEST(a_realloc_into_another_block_is_found),
        VERIFY_TEST(alignment_that_was_asked_for_is_checked),
        VERIFY_TEST(what_is_no_address_is_not_touched),
        VERIFY_TEST(memory_that_is_not_zeroed_is_found),
        VERIFY_TEST(a_lost_prefix_is_found),
        VERIFY_TEST(a_block_that_changed_is_found_when_it_goes),
        VERIFY_TEST(a_block_that_changed_is_found_at_the_end),
        VERIFY_TEST(usable_sizes_are_checked_where_there_are_some),
        VERIFY_TEST(the_place_of_death_is_told),
        cmocka_unit_test(every_byte_of_the_pattern_counts),
        cmocka_unit_test(zeros_are_checked_to_the_last_byte),
        cmocka_unit_test(the_shadow_knows_every_grain),
        cmocka_unit_test(threads_share_the_shadow),
        VERIFY_TEST(edge_cases_are_told_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
