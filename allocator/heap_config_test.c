#include "allocator/heap_test_support.h"

#include <string.h>

static struct heap_config parsed(const char *words)
{
    struct heap_config config;
    char error[512] = "";
    if (!heap_config_parse(words, &config, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(config.fixed_bytes, 0);
    assert_int_equal(config.region_bytes, 0);
    return config;
}

static void assert_config(const char *words, enum heap_fit fit, enum heap_order order, bool split,
                          bool coalesce)
{
    struct heap_config config = parsed(words);
    assert_int_equal(config.fit, fit);
    assert_int_equal(config.order, order);
    assert_int_equal(config.split, split);
    assert_int_equal(config.coalesce, coalesce);
}

static void each_word_of_the_ladder_is_a_configuration(void **state)
{
    (void)state;
    assert_config("whole", HEAP_FIT_FIRST, HEAP_ORDER_LIFO, false, false);
    assert_config("split", HEAP_FIT_FIRST, HEAP_ORDER_LIFO, true, false);
    assert_config("coalesce", HEAP_FIT_FIRST, HEAP_ORDER_LIFO, true, true);
    assert_config("first", HEAP_FIT_FIRST, HEAP_ORDER_LIFO, true, true);
    assert_config("next", HEAP_FIT_NEXT, HEAP_ORDER_LIFO, true, true);
    assert_config("best", HEAP_FIT_BEST, HEAP_ORDER_LIFO, true, true);
    assert_config("segregated", HEAP_FIT_SEGREGATED, HEAP_ORDER_LIFO, true, true);
}

static void no_words_are_the_default(void **state)
{
    (void)state;
    assert_config("", HEAP_FIT_SEGREGATED, HEAP_ORDER_LIFO, true, true);
}

static void words_are_joined_by_plus_in_any_order(void **state)
{
    (void)state;
    assert_config("best+address", HEAP_FIT_BEST, HEAP_ORDER_ADDRESS, true, true);
    assert_config("address+best", HEAP_FIT_BEST, HEAP_ORDER_ADDRESS, true, true);
    assert_config("nocoalesce+next+fifo", HEAP_FIT_NEXT, HEAP_ORDER_FIFO, true, false);
    assert_config("first+lifo", HEAP_FIT_FIRST, HEAP_ORDER_LIFO, true, true); /* is coalesce */
    assert_config("first+fifo", HEAP_FIT_FIRST, HEAP_ORDER_FIFO, true, true);
    assert_config("first+address", HEAP_FIT_FIRST, HEAP_ORDER_ADDRESS, true, true);
    assert_config("fifo", HEAP_FIT_SEGREGATED, HEAP_ORDER_FIFO, true, true);
    assert_config("whole+lifo", HEAP_FIT_FIRST, HEAP_ORDER_LIFO, false, false);
}

static void assert_fixed(const char *words, enum heap_fit fit, size_t fixed_bytes)
{
    struct heap_config config;
    char error[512] = "";
    if (!heap_config_parse(words, &config, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(config.fit, fit);
    assert_int_equal(config.fixed_bytes, fixed_bytes);
}

static void a_size_makes_the_heap_fixed(void **state)
{
    (void)state;
    assert_fixed("fixed=1000000", HEAP_FIT_SEGREGATED, 1000000);
    assert_fixed("best+fixed=64K", HEAP_FIT_BEST, 64 << 10);
    assert_fixed("fixed=3M+first+address", HEAP_FIT_FIRST, 3 << 20);
    assert_fixed("fixed=2G", HEAP_FIT_SEGREGATED, (size_t)2 << 30);
}

static void assert_refused(const char *words, const char *part_of_error)
{
    struct heap_config config = {.fixed_bytes = 77};
    char error[512] = "";
    assert_false(heap_config_parse(words, &config, error, sizeof error));
    assert_int_equal(config.fixed_bytes, 77);
    if (!strstr(error, part_of_error) || strchr(error, '\n'))
        fail_msg("\"%s\" gave the error: %s", words, error);
}

static void bad_words_are_refused_with_the_words_there_are(void **state)
{
    (void)state;
    assert_refused("bst", "the word \"bst\" is unknown; use whole, split, coalesce, first, next, ");
    assert_refused("best+", "the word \"\" is unknown");
    assert_refused("+best", "the word \"\" is unknown");
    assert_refused("best,address", "the word \"best,address\" is unknown");
    assert_refused("BEST", "the word \"BEST\" is unknown");
    assert_refused("best+first", "the word \"first\" is a second policy");
    assert_refused("lifo+best+address", "the word \"address\" is a second order");
    assert_refused("fixed=", "the word \"fixed=\" is no size; give bytes above 0");
    assert_refused("fixed=0", "is no size");
    assert_refused("fixed=K", "is no size");
    assert_refused("fixed=-1", "is no size");
    assert_refused("fixed=12x", "is no size");
    assert_refused("fixed=99999999999999999999", "is no size");
    assert_refused("fixed=99999999999G", "is no size");
    assert_refused("fixed=1M+best+fixed=2M", "the word \"fixed=2M\" is a second size");
    char endless[4000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_refused(endless, "is unknown; use whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_of_the_ladder_is_a_configuration),
        cmocka_unit_test(no_words_are_the_default),
        cmocka_unit_test(words_are_joined_by_plus_in_any_order),
        cmocka_unit_test(a_size_makes_the_heap_fixed),
        cmocka_unit_test(bad_words_are_refused_with_the_words_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
