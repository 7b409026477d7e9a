/*
 * memory_group_test.c - where groups are made, by what the files of a process say.
 */
#include "replay/memory_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "memory_group_test.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r -- '%s'", folder);
    return system(command);
}

static void write_text(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void assert_place(int version, const char *expected)
{
    struct memory_place place;
    struct error error;
    if (!memory_place_find(&place, folder, &error))
        fail_msg("%s", error.text);
    assert_int_equal(place.version, version);
    assert_string_equal(place.folder, expected);
}

static void version_1_is_below_its_own_cgroup(void **state)
{
    (void)state;
    write_text("cgroup", "5:cpu,cpuacct:/a\n4:memory:/job/7\n0::/\n");
    write_text("mountinfo", "30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
                            "31 23 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup "
                            "rw,memory\n32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n");
    assert_place(1, "/sys/fs/cgroup/memory/job/7");
    /* A container sees a part of the hierarchy only. */
    write_text("mountinfo", "31 23 0:27 /job /mnt/memory rw - cgroup cgroup rw,memory\n");
    assert_place(1, "/mnt/memory/7");
    write_text("cgroup", "4:memory:/\n");
    write_text("mountinfo", "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    assert_place(1, "/sys/fs/cgroup/memory");
}

/* The group is made where the memory controller is handed on: beside the own cgroup mostly. */
static void version_2_is_beside_its_own_cgroup(void **state)
{
    (void)state;
    char mounts[512], expected[256];
    struct memory_place place;
    struct error error;
    make("slice");
    make("slice/scope");
    write_text("cgroup", "0::/slice/scope\n");
    snprintf(mounts, sizeof mounts, "32 23 0:28 / %s rw - cgroup2 cgroup2 rw\n", folder);
    write_text("mountinfo", mounts);
    write_text("slice/scope/cgroup.subtree_control", "\n");
    write_text("slice/cgroup.subtree_control", "cpu pids\n");
    assert_false(memory_place_find(&place, folder, &error));
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, "hands no memory controller on"));
    write_text("slice/cgroup.subtree_control", "cpu memory pids\n");
    snprintf(expected, sizeof expected, "%s/slice", folder);
    assert_place(2, expected);
    write_text("slice/scope/cgroup.subtree_control", "memory\n");
    snprintf(expected, sizeof expected, "%s/slice/scope", folder);
    assert_place(2, expected);
}

/* What is above the mounted hierarchy is no cgroup. */
static void version_2_has_nothing_above_its_root(void **state)
{
    (void)state;
    char mounts[512], expected[256];
    struct memory_place place;
    struct error error;
    write_text("cgroup", "0::/\n");
    snprintf(mounts, sizeof mounts, "32 23 0:28 / %s rw - cgroup2 cgroup2 rw\n", folder);
    write_text("mountinfo", mounts);
    write_text("cgroup.subtree_control", "\n");
    assert_false(memory_place_find(&place, folder, &error));
    snprintf(expected, sizeof expected, "%s/cgroup.subtree_control: the cgroup hands", folder);
    assert_non_null(strstr(error.text, expected));
}

static void no_hierarchy_is_a_reason(void **state)
{
    (void)state;
    struct memory_place place;
    struct error error;
    write_text("cgroup", "");
    write_text("mountinfo", "22 1 8:1 / / rw - ext4 /dev/vda rw\n");
    assert_false(memory_place_find(&place, folder, &error));
    assert_string_equal(error.text, "no cgroup hierarchy is mounted here");
}

/* A folder that is no cgroup has none of its files. */
static void a_group_that_cannot_be_made_leaves_nothing(void **state)
{
    (void)state;
    struct memory_group group;
    struct error error;
    for (int version = 1; version <= 2; version++) {
        struct memory_place place = {.version = version};
        make("place");
        snprintf(place.folder, sizeof place.folder, "%s/place", folder);
        assert_false(memory_group_open(&group, &place, 1 << 20, &error));
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_int_equal(rmdir(place.folder), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_is_below_its_own_cgroup),
        cmocka_unit_test(version_2_is_beside_its_own_cgroup),
        cmocka_unit_test(version_2_has_nothing_above_its_root),
        cmocka_unit_test(no_hierarchy_is_a_reason),
        cmocka_unit_test(a_group_that_cannot_be_made_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
