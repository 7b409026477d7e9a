#include "analysis/heap_map_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A result whose only run is "r1", and a map that a run made. */
struct fixture {
    char dir[64];
    struct summary summary;
};

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char good_meta[] = "key,index,value\nrun_id,,r1\nchunk_bytes,,4096\n"
                                "row_address,0,8192\nrow_address,1,40960\n"
                                "column_event,0,10\ncolumn_event,1,20\n";

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct analysis_error error;
    char path[128];
    strcpy(fixture->dir, "/tmp/heap_map_file_test-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    write_file(fixture, "runs.csv", "run_id\nr1\n");
    snprintf(path, sizeof path, "%s/runs.csv", fixture->dir);
    assert_true(csv_table_read(&fixture->summary.runs.table, path, &error));
    fixture->summary.dir = fixture->dir;
    write_file(fixture, "heapmap-t-a.csv", ",0.5\n1,0\n");
    write_file(fixture, "heapmap-t-a.meta.csv", good_meta);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"runs.csv", "heapmap-t-a.csv", "heapmap-t-a.meta.csv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", fixture->dir, names[i]);
        unlink(path);
    }
    rmdir(fixture->dir);
    csv_table_free(&fixture->summary.runs.table);
    free(fixture);
    return 0;
}

static enum heap_map_state read_map(const struct fixture *fixture, struct heap_map_file *map,
                                    struct analysis_error *error)
{
    return heap_map_file_read(map, &fixture->summary, "t", "a", error);
}

static void reads_shares_addresses_and_the_end(void **state)
{
    struct heap_map_file map;
    struct analysis_error error;
    assert_int_equal(read_map(*state, &map, &error), HEAP_MAP_READ);
    assert_int_equal(map.row_count, 2);
    assert_int_equal(map.column_count, 2);
    assert_true(isnan(map.live_shares[0]));
    assert_true(map.live_shares[1] == 0.5 && map.live_shares[2] == 1 && map.live_shares[3] == 0);
    assert_true(map.row_addresses[0] == 8192 && map.row_addresses[1] == 40960);
    assert_true(map.chunk_bytes == 4096 && map.end_event == 20);
    heap_map_file_free(&map);
}

static void a_map_of_an_earlier_run_is_absent(void **state)
{
    struct heap_map_file map;
    struct analysis_error error;
    write_file(*state, "heapmap-t-a.meta.csv",
               "key,index,value\nrun_id,,r0\nchunk_bytes,,4096\ncolumn_event,0,10\n");
    assert_int_equal(read_map(*state, &map, &error), HEAP_MAP_ABSENT);
}

static void what_is_no_share_is_refused_with_its_line(void **state)
{
    static const char *const bad[] = {"0.5,1\n1,1.5\n", "0,1\n0,-1\n", "0,1\n0,x\n",
                                      "0,1\n0,nan\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct heap_map_file map;
        struct analysis_error error;
        write_file(*state, "heapmap-t-a.csv", bad[i]);
        assert_int_equal(read_map(*state, &map, &error), HEAP_MAP_BAD);
        assert_non_null(strstr(error.text, "heapmap-t-a.csv:2: "));
    }
}

static void a_sidecar_that_lacks_the_scale_is_refused(void **state)
{
    struct heap_map_file map;
    struct analysis_error error;
    write_file(*state, "heapmap-t-a.meta.csv", "key,index,value\nrun_id,,r1\nchunk_bytes,,4096\n");
    assert_int_equal(read_map(*state, &map, &error), HEAP_MAP_BAD);
    assert_non_null(strstr(error.text, "column_event"));
}

static void addresses_of_rows_that_are_not_there_are_passed_over(void **state)
{
    struct heap_map_file map;
    struct analysis_error error;
    char text[512];
    snprintf(text, sizeof text, "%srow_address,7,1\nrow_address,-1,1\nrow_address,,1\n", good_meta);
    write_file(*state, "heapmap-t-a.meta.csv", text);
    assert_int_equal(read_map(*state, &map, &error), HEAP_MAP_READ);
    assert_true(map.row_addresses[1] == 40960);
    heap_map_file_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_shares_addresses_and_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_of_an_earlier_run_is_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_share_is_refused_with_its_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sidecar_that_lacks_the_scale_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(addresses_of_rows_that_are_not_there_are_passed_over,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
