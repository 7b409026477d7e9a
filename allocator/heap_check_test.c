/* Each test damages one thing; the checker must name the invariant that it breaks, and where. */
#include "allocator/heap_list.h"
#include "allocator/heap_test_support.h"

/* A heap with, from below: a live chunk, a free one, a live one, a free one, a live one. */
struct bench {
    struct heap *heap;
    struct chunk *live[3];
    struct chunk *hole[2];
};

static int set_up_bench(struct bench *bench, const char *spec)
{
    struct heap *heap = heap_test_new(spec, 0);
    bench->heap = heap;
    for (size_t i = 0; i < 3; i++) {
        bench->live[i] = chunk_from_payload(heap_alloc(heap, 40));
        if (i < 2)
            bench->hole[i] = chunk_from_payload(heap_alloc(heap, 200));
    }
    heap_free(heap, chunk_payload(bench->hole[0]));
    heap_free(heap, chunk_payload(bench->hole[1]));
    assert_heap_sound(heap, spec);
    return 0;
}

static int set_up(void **state)
{
    static struct bench bench;
    *state = &bench;
    return set_up_bench(&bench, "segregated");
}

static int set_up_by_address(void **state)
{
    static struct bench bench;
    *state = &bench;
    return set_up_bench(&bench, "best+address");
}

static int set_up_uncoalesced(void **state)
{
    static struct bench bench;
    *state = &bench;
    return set_up_bench(&bench, "segregated+nocoalesce");
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    heap_destroy(bench->heap);
    return 0;
}

static void expect_broken(const struct heap *heap, int invariant, const void *address)
{
    struct heap_violation violation = {0};
    assert_false(heap_check(heap, &violation));
    if (violation.invariant != invariant)
        fail_msg("I%d expected, I%d named: %s", invariant, violation.invariant, violation.text);
    assert_ptr_equal(violation.address, address);
    assert_non_null(violation.text);
}

static void a_size_beyond_the_region_breaks_I1(void **state)
{
    struct bench *bench = *state;
    chunk_set(bench->live[1], (size_t)1 << 40, CHUNK_IN_USE);
    expect_broken(bench->heap, 1, chunk_payload(bench->live[1]));
}

static void a_size_below_the_smallest_breaks_I1(void **state)
{
    struct bench *bench = *state;
    chunk_set(bench->live[1], 16, CHUNK_IN_USE);
    expect_broken(bench->heap, 1, chunk_payload(bench->live[1]));
}

static void stray_bits_in_a_head_break_I1(void **state)
{
    struct bench *bench = *state;
    chunk_set_bits(bench->live[1], 8);
    expect_broken(bench->heap, 1, chunk_payload(bench->live[1]));
}

static void an_overwritten_end_marker_breaks_I1(void **state)
{
    struct bench *bench = *state;
    chunk_set(bench->heap->top, 64, CHUNK_IN_USE | CHUNK_PREV_IN_USE);
    expect_broken(bench->heap, 1, chunk_payload(bench->heap->top));
}

static void a_wrong_prev_in_use_bit_breaks_I2(void **state)
{
    struct bench *bench = *state;
    chunk_set_bits(bench->live[2], CHUNK_PREV_IN_USE);
    expect_broken(bench->heap, 2, chunk_payload(bench->live[2]));
}

static void a_clear_prev_in_use_bit_of_the_first_chunk_breaks_I2(void **state)
{
    struct bench *bench = *state;
    chunk_clear_bits(bench->live[0], CHUNK_PREV_IN_USE);
    expect_broken(bench->heap, 2, chunk_payload(bench->live[0]));
}

static void a_wrong_prev_size_breaks_I3(void **state)
{
    struct bench *bench = *state;
    bench->live[1]->prev_size += 16;
    expect_broken(bench->heap, 3, chunk_payload(bench->hole[0]));
}

static void two_free_neighbours_break_I4(void **state)
{
    struct bench *bench = *state;
    heap_free(bench->heap, chunk_payload(bench->live[1]));
    assert_heap_sound(bench->heap, "without coalescing");
    bench->heap->coalesce = true;
    expect_broken(bench->heap, 4, chunk_payload(bench->live[1]));
}

static void a_free_chunk_below_top_breaks_I4(void **state)
{
    struct bench *bench = *state;
    heap_free(bench->heap, chunk_payload(bench->live[2]));
    heap_list_remove(bench->heap, bench->hole[1]);
    chunk_set_in_use(bench->hole[1], chunk_size(bench->hole[1]));
    chunk_set_bits(bench->live[2], CHUNK_PREV_IN_USE);
    assert_heap_sound(bench->heap, "without coalescing");
    bench->heap->coalesce = true;
    expect_broken(bench->heap, 4, chunk_payload(bench->live[2]));
}

static void an_unaligned_first_chunk_breaks_I5(void **state)
{
    struct bench *bench = *state;
    bench->heap->newest->first = chunk_at(bench->live[0], 8);
    expect_broken(bench->heap, 5, chunk_payload(bench->heap->newest->first));
}

static void a_link_out_of_the_heap_breaks_I6(void **state)
{
    struct bench *bench = *state;
    struct free_link elsewhere;
    bench->hole[1]->link.next = &elsewhere;
    expect_broken(bench->heap, 6, &bench->hole[1]->link);
}

static void a_one_way_link_breaks_I6(void **state)
{
    struct bench *bench = *state;
    bench->hole[0]->link.prev = &bench->hole[0]->link;
    expect_broken(bench->heap, 6, &bench->hole[0]->link);
}

static void a_free_chunk_on_no_list_breaks_I7(void **state)
{
    struct bench *bench = *state;
    heap_list_remove(bench->heap, bench->hole[0]);
    expect_broken(bench->heap, 7, chunk_payload(bench->hole[0]));
}

static void a_listed_chunk_in_use_breaks_I7(void **state)
{
    struct bench *bench = *state;
    chunk_set_bits(bench->hole[0], CHUNK_IN_USE);
    chunk_set_bits(bench->live[1], CHUNK_PREV_IN_USE);
    expect_broken(bench->heap, 7, &bench->hole[0]->link);
}

static void a_listed_address_that_is_no_chunk_breaks_I7(void **state)
{
    struct bench *bench = *state;
    struct chunk *forged = chunk_at(bench->hole[0], 64);
    size_t size = chunk_size(bench->hole[0]);
    heap_list_remove(bench->heap, bench->hole[0]);
    chunk_set(forged, size, CHUNK_PREV_IN_USE);
    heap_list_insert(bench->heap, forged, size);
    heap_list_insert(bench->heap, bench->hole[0], size);
    expect_broken(bench->heap, 7, bench->heap);
}

static void a_chunk_on_the_list_of_another_size_breaks_I8(void **state)
{
    struct bench *bench = *state;
    heap_list_remove(bench->heap, bench->hole[0]);
    heap_list_insert(bench->heap, bench->hole[0], chunk_size(bench->hole[0]) + 16);
    expect_broken(bench->heap, 8, &bench->hole[0]->link);
}

static void a_descending_list_by_address_breaks_I8(void **state)
{
    struct bench *bench = *state;
    heap_list_remove(bench->heap, bench->hole[0]);
    heap_link_after(&bench->hole[1]->link, &bench->hole[0]->link);
    expect_broken(bench->heap, 8, &bench->hole[0]->link);
}

static void the_bit_of_an_empty_list_breaks_I9(void **state)
{
    struct bench *bench = *state;
    struct free_link *head = heap_list_open(bench->heap, 30);
    expect_broken(bench->heap, 9, head);
}

static void a_missing_bit_of_a_word_breaks_I9(void **state)
{
    struct bench *bench = *state;
    bench->heap->bin_words = 0;
    expect_broken(bench->heap, 9, &bench->heap->bin_map[0]);
}

static void a_missing_bit_of_a_list_leaves_its_chunks_unlisted(void **state)
{
    struct bench *bench = *state;
    heap_bin_unmark(bench->heap, heap_bin_of(chunk_size(bench->hole[0])));
    expect_broken(bench->heap, 7, chunk_payload(bench->hole[0]));
}

static void a_high_water_mark_below_top_breaks_I10(void **state)
{
    struct bench *bench = *state;
    bench->heap->high = (uintptr_t)bench->heap->top;
    expect_broken(bench->heap, 10, bench->heap->top);
}

static void huge_blocks_linked_one_way_break_I11(void **state)
{
    struct bench *bench = *state;
    assert_non_null(heap_alloc(bench->heap, 16 * MIB));
    assert_non_null(heap_alloc(bench->heap, 16 * MIB));
    assert_heap_sound(bench->heap, "with huge blocks");
    struct huge_block *older = bench->heap->huge->next;
    older->prev = NULL;
    expect_broken(bench->heap, 11, older);
    older->prev = bench->heap->huge;
}

static void a_flipped_bit_of_a_head_breaks_I12(void **state)
{
    struct bench *bench = *state;
    for (unsigned bit = 0; bit < 64; bit++) {
        bench->live[1]->head ^= (size_t)1 << bit;
        expect_broken(bench->heap, 12, chunk_payload(bench->live[1]));
        bench->live[1]->head ^= (size_t)1 << bit;
    }
    assert_heap_sound(bench->heap, "repaired");
}

#define damage_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        damage_test(a_size_beyond_the_region_breaks_I1),
        damage_test(a_size_below_the_smallest_breaks_I1),
        damage_test(stray_bits_in_a_head_break_I1),
        damage_test(an_overwritten_end_marker_breaks_I1),
        damage_test(a_wrong_prev_in_use_bit_breaks_I2),
        damage_test(a_clear_prev_in_use_bit_of_the_first_chunk_breaks_I2),
        damage_test(a_wrong_prev_size_breaks_I3),
        cmocka_unit_test_setup_teardown(two_free_neighbours_break_I4, set_up_uncoalesced,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_free_chunk_below_top_breaks_I4, set_up_uncoalesced,
                                        tear_down),
        damage_test(an_unaligned_first_chunk_breaks_I5),
        damage_test(a_link_out_of_the_heap_breaks_I6),
        damage_test(a_one_way_link_breaks_I6),
        damage_test(a_free_chunk_on_no_list_breaks_I7),
        damage_test(a_listed_chunk_in_use_breaks_I7),
        damage_test(a_listed_address_that_is_no_chunk_breaks_I7),
        damage_test(a_chunk_on_the_list_of_another_size_breaks_I8),
        cmocka_unit_test_setup_teardown(a_descending_list_by_address_breaks_I8, set_up_by_address,
                                        tear_down),
        damage_test(the_bit_of_an_empty_list_breaks_I9),
        damage_test(a_missing_bit_of_a_word_breaks_I9),
        damage_test(a_missing_bit_of_a_list_leaves_its_chunks_unlisted),
        damage_test(a_high_water_mark_below_top_breaks_I10),
        damage_test(huge_blocks_linked_one_way_break_I11),
        damage_test(a_flipped_bit_of_a_head_breaks_I12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
