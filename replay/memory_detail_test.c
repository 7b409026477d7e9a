/*
 * memory_detail_test.c - what the kernel tells beside resident memory, and when it is asked.
 */
#include "replay/memory_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { BYTES = 8 << 20, HUGE_BYTES = 2 << 20 };

static struct memory_detail detail;

static int begin(void **state)
{
    (void)state;
    memory_detail_open(&detail, 1000);
    return detail.fd >= 0 ? 0 : -1;
}

static struct cell_look read_last(void)
{
    struct cell_look look = {0};
    memory_detail_read(&detail, 999, &look);
    return look;
}

static char *map_pages(int advice)
{
    char *pages = mmap(NULL, 2 * BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    pages += -(uintptr_t)pages % HUGE_BYTES;
    assert_int_equal(madvise(pages, BYTES, advice), 0);
    memset(pages, 1, BYTES);
    return pages;
}

static void memory_that_the_kernel_may_take_is_told(void **state)
{
    (void)state;
    char *pages = map_pages(MADV_NOHUGEPAGE);
    uint64_t before = read_last().lazyfree_bytes;
    assert_int_equal(madvise(pages, BYTES, MADV_FREE), 0);
    assert_in_range(read_last().lazyfree_bytes - before, 1 << 20, BYTES);
}

/* The system's setting may forbid them. */
static bool gives_huge_pages(void)
{
    char text[64] = "";
    FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
    bool allowed = file && fgets(text, sizeof text, file) && !strstr(text, "[never]");
    if (file)
        fclose(file);
    return allowed;
}

static void huge_pages_are_told(void **state)
{
    (void)state;
    uint64_t before = read_last().hugepage_bytes;
    map_pages(MADV_NOHUGEPAGE);
    assert_int_equal(read_last().hugepage_bytes, before);
    if (!gives_huge_pages())
        skip();
    map_pages(MADV_HUGEPAGE);
    assert_in_range(read_last().hugepage_bytes - before, HUGE_BYTES, BYTES);
}

static bool is_read(uint64_t sample, uint64_t private_bytes)
{
    struct cell_look look = {.private_bytes = private_bytes};
    memory_detail_read(&detail, sample, &look);
    assert_true((look.lazyfree_bytes == CELL_UNKNOWN) == (look.hugepage_bytes == CELL_UNKNOWN));
    return look.lazyfree_bytes != CELL_UNKNOWN;
}

static void it_is_read_at_peaks_at_even_steps_and_at_the_end(void **state)
{
    (void)state;
    assert_true(is_read(1, 1000000));
    assert_false(is_read(2, 1000000));
    assert_false(is_read(3, 1010000));
    assert_true(is_read(4, 1010001));
    assert_false(is_read(5, 1015000));
    assert_false(is_read(6, 500));
    assert_true(is_read(11, 500));
    assert_true(is_read(999, 500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(memory_that_the_kernel_may_take_is_told, begin),
        cmocka_unit_test_setup(huge_pages_are_told, begin),
        cmocka_unit_test_setup(it_is_read_at_peaks_at_even_steps_and_at_the_end, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
