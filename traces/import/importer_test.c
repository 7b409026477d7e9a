#include "traces/import/importer.h"

#include "traces/format/trace_text.h"
#include "traces/import/export_rep.h"
#include "traces/import/import_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void files_are_told_by_their_content(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"lab-2002.rep", "rep"},           {"lab-headless.rep", "rep"},
        {"mtrace-family.txt", "mtrace"},   {"mtrace-unended.txt", "mtrace"},
        {"android-times.txt", "android"},  {"android-plain.txt", "android"},
        {"logalloc-raw.txt", "logalloc"},  {"logalloc-munged.txt", "logalloc"},
        {"valgrind-fork.txt", "valgrind"}, {"valgrind-family.txt", "valgrind"},
        {"ltrace-family.txt", "ltrace"},   {"ltrace-bare.txt", "ltrace"},
        {"ltrace-stderr.txt", "ltrace"},   {"ltrace-callers.txt", "ltrace"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        struct error error;
        const struct importer *importer;
        snprintf(path, sizeof path, "%s/%s", TEST_DATA, files[i][0]);
        if (!importer_by_content(path, &importer, &error))
            fail_msg("%s", error.text);
        assert_non_null(importer);
        assert_string_equal(importer->name, files[i][1]);
    }
}

static void what_is_unknown_is_refused(void **state)
{
    (void)state;
    struct error error;
    const struct importer *importer;
    char path[512];
    snprintf(path, sizeof path, "%s/not-ltrace.txt", TEST_DATA);
    assert_false(importer_by_content(path, &importer, &error));
    assert_non_null(strstr(error.text, "is in no known format"));
    assert_null(importer_by_name("nosuch"));
    assert_null(import_open("nosuch.file", &error));
    assert_non_null(strstr(error.text, "nosuch.file: cannot open"));
}

static void every_importer_says_what_it_lacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < importer_count; i++)
        assert_true(!importers[i].import || importers[i].lacks);
    struct imported imported = import_test_data("ltrace", "ltrace-threads.txt");
    assert_true(imported_warns_of(&imported, "does not tell C++ operators"));
    assert_true(imported_warns_of(&imported, "2 threads of this one allocated"));
    char summary[1024];
    assert_true(import_summary(&imported.meta, summary, sizeof summary));
    assert_non_null(strstr(summary, "read as ltrace: "));
    imported_free(&imported);
    struct trace_meta none = {0};
    assert_false(import_summary(&none, summary, sizeof summary));
}

static void a_text_is_imported_with_its_metadata(void **state)
{
    (void)state;
    struct imported imported =
        import_test_text("text", TRACE_TEXT_FIRST_LINE "\n# program=x\n0 5 0 malloc 7 = #1\n");
    assert_imported(&imported, "0 5 0 malloc 7 = #1\n");
    assert_string_equal(trace_meta_get(&imported.meta, "program"), "x");
    assert_null(trace_meta_get(&imported.meta, "imported_from"));
    imported_free(&imported);
}

static void a_line_of_text_without_an_end_is_left_out(void **state)
{
    (void)state;
    struct imported imported =
        import_test_text("text", TRACE_TEXT_FIRST_LINE "\n# warning=old\n0 5 0 malloc 7 = #1\n"
                                                       "1 5 0 malloc 8 = #2\n2 5 0 free #2");
    assert_imported(&imported, "0 5 0 malloc 7 = #1\n1 5 0 malloc 8 = #2\n");
    assert_true(imported_warns_of(&imported, "old; the file is cut in its last line"));
    char summary[1024];
    assert_true(import_summary(&imported.meta, summary, sizeof summary));
    assert_non_null(strstr(summary, "read as text: 2 events"));
    imported_free(&imported);
}

/* Two lines of metadata that are too long together, and many that are too many. */
static void metadata_of_a_text_is_bounded(void **state)
{
    (void)state;
    char *text = calloc(4, 1 << 20), *end = text;
    assert_non_null(text);
    end += sprintf(end, "%s\n# a=", TRACE_TEXT_FIRST_LINE);
    memset(end, 'x', 600000);
    end += 600000;
    end += sprintf(end, "\n# b=");
    memset(end, 'y', 600000);
    strcpy(end + 600000, "\n0 5 0 malloc 7 = #1\n");
    assert_refused("text", text, "line 3: this is more metadata than a trace can have");

    end = text + sprintf(text, "%s\n", TRACE_TEXT_FIRST_LINE);
    for (int i = 0; i <= 4096; i++)
        end += sprintf(end, "# k%d=\n", i);
    strcpy(end, "0 5 0 malloc 7 = #1\n");
    assert_refused("text", text, "line 4098: this is more metadata than a trace can have");
    free(text);
}

static char *exported(const char *text, struct export_rep_report *report)
{
    char path[] = "importer_test.XXXXXX", *rep;
    size_t bytes;
    struct error error;
    int descriptor = mkstemp(path);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
    struct trace_reader *reader = import_open(path, &error);
    unlink(path);
    if (!reader)
        fail_msg("%s", error.text);
    FILE *out = open_memstream(&rep, &bytes);
    assert_true(export_rep(reader, out, report, &error));
    fclose(out);
    trace_reader_close(reader);
    return rep;
}

static void a_trace_is_exported_as_far_as_rep_goes(void **state)
{
    (void)state;
    struct export_rep_report report;
    char *rep = exported(TRACE_TEXT_FIRST_LINE "\n"
                                               "0 0 0 malloc 10 = #1\n"
                                               "1 0 0 calloc 3 4 = #2\n"
                                               "2 1 0 realloc #1 20 = #3\n"
                                               "3 1 0 free NULL\n"
                                               "4 1 0 posix_memalign 64 100 = #4\n"
                                               "5 2 1 thread_start\n"
                                               "6 2 1 realloc #2 99 = NULL\n"
                                               "7 2 1 realloc #2 0 = NULL\n"
                                               "8 2 1 malloc 99999999999999 = NULL\n"
                                               "9 2 1 malloc_usable_size #3 = 24\n"
                                               "10 2 1 new 8 = #5\n"
                                               "11 2 1 delete #5\n"
                                               "12 3 0 free #3\n",
                         &report);
    assert_string_equal(rep, "1\n4\n8\n132\n"
                             "a 0 10\na 1 12\nr 0 20\na 2 100\nf 1\na 3 8\nf 3\nf 0\n");
    free(rep);
    assert_int_equal(report.turned_plain, 4);
    assert_int_equal(report.alignments, 1);
    assert_int_equal(report.failed, 2);
    assert_int_equal(report.nothing, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_told_by_their_content),
        cmocka_unit_test(what_is_unknown_is_refused),
        cmocka_unit_test(every_importer_says_what_it_lacks),
        cmocka_unit_test(a_text_is_imported_with_its_metadata),
        cmocka_unit_test(a_line_of_text_without_an_end_is_left_out),
        cmocka_unit_test(metadata_of_a_text_is_bounded),
        cmocka_unit_test(a_trace_is_exported_as_far_as_rep_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
