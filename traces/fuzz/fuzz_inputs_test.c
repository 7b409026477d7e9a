/*
 * Every file under testdata/FORMAT/ once did harm: it is read again, and must do none.
 */
#include "traces/fuzz/fuzz_target.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INPUT_BYTES_MAX = 1 << 20 };

static uint8_t bytes[INPUT_BYTES_MAX];

static void read_input(const char *format, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", TEST_DATA, format, name);
    print_message("%s/%s\n", format, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t count = fread(bytes, 1, sizeof bytes, file);
    assert_true(feof(file));
    fclose(file);
    fuzz_one(format, bytes, count);
}

static size_t read_inputs(const char *format)
{
    char path[1024];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, format);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        read_input(format, entry->d_name);
        count++;
    }
    closedir(folder);
    return count;
}

/* Each folder is named after the format of the files in it. */
static void test_inputs_do_no_harm(void **state)
{
    (void)state;
    size_t count = 0;
    DIR *folder = opendir(TEST_DATA);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            count += read_inputs(entry->d_name);
    closedir(folder);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inputs_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
