/*
 * allocator_spec_test.c - what users write for an allocator, and what it means.
 */
#include "replay/allocator_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void names_options_and_labels_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *item, *label, *spec, *environment;
        enum allocator_kind kind;
    } cases[] = {
        {"glibc", "glibc", "glibc", "", ALLOCATOR_SYSTEM},
        {"again=glibc", "again", "glibc", "", ALLOCATOR_SYSTEM},
        {"glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
         "glibc-GLIBC_TUNABLES.glibc.malloc.tcache_count.0",
         "glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
         "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", ALLOCATOR_SYSTEM},
        {"no-tcache=glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0", "no-tcache",
         "glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
         "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", ALLOCATOR_SYSTEM},
        {"glibc-notcache", "glibc-notcache", "glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
         "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", ALLOCATOR_SYSTEM},
        {"slow=glibc-notcache", "slow", "glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
         "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", ALLOCATOR_SYSTEM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct allocator_spec spec;
        struct error error = {0};
        assert_true(allocator_parse(cases[i].item, &spec, &error));
        assert_string_equal(spec.label, cases[i].label);
        assert_string_equal(spec.spec, cases[i].spec);
        assert_string_equal(spec.environment, cases[i].environment);
        assert_int_equal(spec.kind, cases[i].kind);
    }
}

static void a_library_is_found_by_its_path(void **state)
{
    (void)state;
    struct allocator_spec spec;
    struct error error;
    char path[] = "libmy_alloc-1.so";
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_true(allocator_parse("./libmy_alloc-1.so", &spec, &error));
    assert_int_equal(spec.kind, ALLOCATOR_PRELOAD);
    assert_string_equal(spec.label, "my_alloc-1");
    assert_int_equal(spec.path[0], '/');
    assert_true(allocator_parse("old=libmy_alloc-1.so:A=b", &spec, &error));
    assert_string_equal(spec.label, "old");
    assert_string_equal(spec.environment, "A=b");
    assert_true(allocator_parse("./libmy_alloc-1.so:LD_LIBRARY_PATH=/a:/b", &spec, &error));
    assert_string_equal(spec.environment, "LD_LIBRARY_PATH=/a:/b");
    unlink(path);
}

static void what_cannot_be_meant_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *item, *reason;
    } cases[] = {
        {"nosuch", "no allocator is named 'nosuch'; there are heap, glibc, glibc-notcache, "
                   "jemalloc, mimalloc, tcmalloc, tbbmalloc, scudo, and any"},
        {"", "no allocator is named ''"},
        {"./nosuch.so", "./nosuch.so: No such file"},
        {"a b=glibc", "a label has only letters"},
        {"=glibc", "a label has 1 to"},
        {"glibc:LD_PRELOAD=x.so", "what is preloaded is the allocator's to say"},
        {"glibc:LD_AUDIT=x.so", "what is preloaded is the allocator's to say"},
        {"glibc-notcache:A=b", "glibc-notcache is glibc:GLIBC_TUNABLES=glibc.malloc."
                               "tcache_count=0, and takes no other option"},
        {"glibc:fast", "options of glibc are an environment assignment"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct allocator_spec spec;
        struct error error;
        assert_false(allocator_parse(cases[i].item, &spec, &error));
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_non_null(strstr(error.text, cases[i].reason));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_options_and_labels_are_told_apart),
        cmocka_unit_test(a_library_is_found_by_its_path),
        cmocka_unit_test(what_cannot_be_meant_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
