#include "analysis/label_layout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void labels_far_apart_stay(void **state)
{
    (void)state;
    double places[] = {0.9, 0.1, 0.5};
    label_layout_spread(places, 3, 0.1, 0, 1);
    assert_float_equal(places[0], 0.9, 0);
    assert_float_equal(places[1], 0.1, 0);
    assert_float_equal(places[2], 0.5, 0);
}

static void labels_that_meet_stand_around_their_middle(void **state)
{
    (void)state;
    double places[] = {0.5, 0.5, 0.5};
    label_layout_spread(places, 3, 0.1, 0, 1);
    assert_float_equal(places[0], 0.4, 1e-12);
    assert_float_equal(places[1], 0.5, 1e-12);
    assert_float_equal(places[2], 0.6, 1e-12);
}

static void labels_stay_within_the_range(void **state)
{
    (void)state;
    double high[] = {1.0, 0.99, 0.98};
    double low[] = {0, 0.01};
    label_layout_spread(high, 3, 0.1, 0, 1);
    assert_float_equal(high[0], 1, 1e-12);
    assert_float_equal(high[1], 0.9, 1e-12);
    assert_float_equal(high[2], 0.8, 1e-12);
    label_layout_spread(low, 2, 0.1, 0, 1);
    assert_float_equal(low[0], 0, 1e-12);
    assert_float_equal(low[1], 0.1, 1e-12);
}

/* Whatever the wishes: the gap is kept, and so is the order. */
static void random_labels_keep_gap_and_order(void **state)
{
    (void)state;
    enum { COUNT = 12, TRIALS = 500 };
    uint64_t seed = 42;
    print_message("seed 42\n");
    for (int trial = 0; trial < TRIALS; trial++) {
        double wanted[COUNT], places[COUNT];
        for (int i = 0; i < COUNT; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            wanted[i] = places[i] = (double)(seed >> 40) / 16777216.0;
        }
        label_layout_spread(places, COUNT, 0.05, 0, 1);
        for (int i = 0; i < COUNT; i++) {
            assert_true(places[i] >= -1e-9 && places[i] <= 1 + 1e-9);
            for (int j = 0; j < COUNT; j++) {
                if (i != j)
                    assert_true(fabs(places[i] - places[j]) > 0.05 - 1e-9);
                if (wanted[i] < wanted[j])
                    assert_true(places[i] < places[j]);
            }
        }
    }
}

static void a_free_label_stands_above_its_point(void **state)
{
    (void)state;
    struct label_box frame = {500, 300, 500, 300};
    struct label_box label = {0, 0, 30, 10};
    label_layout_place(&label, 200, 200, 10, NULL, 0, &frame);
    assert_float_equal(label.x, 200, 0);
    assert_float_equal(label.y, 220, 0);
}

static void labels_avoid_obstacles_and_the_frame(void **state)
{
    (void)state;
    struct label_box frame = {500, 300, 500, 300};
    struct label_box above = {200, 220, 30, 10};
    struct label_box label = {0, 0, 30, 10};
    label_layout_place(&label, 200, 200, 10, &above, 1, &frame);
    assert_float_equal(label.y, 180, 0); /* below */
    label_layout_place(&label, 200, 595, 10, NULL, 0, &frame);
    assert_float_equal(label.y, 575, 0); /* below, at the upper edge */
    label_layout_place(&label, 995, 595, 10, NULL, 0, &frame);
    assert_true(label.x + 30 <= 1000 && label.y + 10 <= 600); /* in the corner */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_far_apart_stay),
        cmocka_unit_test(labels_that_meet_stand_around_their_middle),
        cmocka_unit_test(labels_stay_within_the_range),
        cmocka_unit_test(random_labels_keep_gap_and_order),
        cmocka_unit_test(a_free_label_stands_above_its_point),
        cmocka_unit_test(labels_avoid_obstacles_and_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
