#include "traces/import/import_ltrace.h"

#include "traces/format/trace_reader.h"
#include "traces/format/trace_text.h"
#include "traces/import/ltrace_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The outcome of an import: events as text, or the error. */
struct outcome {
    bool ok;
    char *events;
    struct import_ltrace_report report;
    struct trace_builder_counts counts;
    struct error error;
};

static char *print_events(const char *path)
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    struct error error;
    struct trace_reader *reader = trace_reader_open(path, &error);
    assert_non_null(reader);
    struct trace_event event;
    uint64_t index = 0;
    enum trace_next next;
    while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT)
        trace_text_print_event(out, index++, &event);
    assert_int_equal(next, TRACE_NEXT_END);
    trace_reader_close(reader);
    fclose(out);
    return text;
}

/* Imports the image (-1: the busiest) into a trace and reads that back. */
static struct outcome import_image(FILE *file, const char *name, ptrdiff_t image,
                                   const struct ltrace_processes *processes)
{
    struct outcome outcome = {0};
    char path[] = "import_ltrace_test.XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    struct trace_meta meta = {0};
    struct trace_writer *writer = trace_writer_open(path, &meta, &outcome.error);
    assert_non_null(writer);
    struct trace_builder *builder = trace_builder_new(writer);
    if (image < 0 && !processes) {
        outcome.ok = import_ltrace(file, name, builder, &outcome.report, &outcome.error);
    } else {
        struct ltrace_log log;
        assert_true(ltrace_log_open(&log, file, name, processes, &outcome.error));
        size_t chosen = image < 0 ? ltrace_log_busiest(&log) : (size_t)image;
        outcome.ok = ltrace_log_import(&log, chosen, builder, &outcome.report, &outcome.error);
        ltrace_log_close(&log);
    }
    outcome.counts = trace_builder_counts(builder);
    trace_builder_free(builder);
    if (outcome.ok) {
        assert_true(trace_writer_close(writer, NULL, &outcome.error));
        outcome.events = print_events(path);
    } else {
        trace_writer_abort(writer);
    }
    unlink(path);
    fclose(file);
    return outcome;
}

static FILE *open_test_data(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s cannot be opened", path);
    return file;
}

static struct outcome import_file(const char *name)
{
    return import_image(open_test_data(name), name, -1, NULL);
}

static struct outcome import_text(const char *text)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs(text, file);
    return import_image(file, "text", -1, NULL);
}

static void assert_events(const struct outcome *outcome, const char *expected)
{
    if (!outcome->ok)
        fail_msg("%s", outcome->error.text);
    assert_string_equal(outcome->events, expected);
}

static void assert_golden(const struct outcome *outcome, const char *name)
{
    char expected[16384];
    FILE *file = open_test_data(name);
    size_t bytes = fread(expected, 1, sizeof expected - 1, file);
    expected[bytes] = '\0';
    fclose(file);
    assert_events(outcome, expected);
}

/* ---- whole logs ---- */

static void every_function_of_the_family(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-family.txt");
    assert_golden(&outcome, "ltrace-family.events");
    assert_int_equal(outcome.report.nested, 5);
    assert_int_equal(outcome.report.lost, 0);
    assert_int_equal(outcome.report.bad_lines, 0);
    assert_int_equal(outcome.report.threads, 1);
    assert_int_equal(outcome.counts.unknown_releases, 0);
    assert_false(outcome.report.is_cut);
    free(outcome.events);
}

/* The same calls seen where they are called: strdup's malloc is mislabelled, so its free is of
 * nothing. */
static void calls_named_by_caller(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-callers.txt");
    assert_golden(&outcome, "ltrace-callers.events");
    assert_int_equal(outcome.report.bad_lines, 0);
    assert_int_equal(outcome.report.lost, 0);
    free(outcome.events);
}

static void without_any_column(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-bare.txt");
    assert_golden(&outcome, "ltrace-bare.events");
    assert_int_equal(outcome.report.bad_lines, 0);
    free(outcome.events);
}

static void as_printed_on_stderr(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-stderr.txt");
    assert_golden(&outcome, "ltrace-stderr.events");
    assert_int_equal(outcome.report.bad_lines, 0);
    free(outcome.events);
}

static void two_threads_interleaved(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-threads.txt");
    assert_golden(&outcome, "ltrace-threads.events");
    assert_int_equal(outcome.report.threads, 2);
    assert_int_equal(outcome.report.allocating_threads, 2);
    assert_int_equal(outcome.report.nested, 2);
    assert_int_equal(outcome.counts.double_acquired, 0);
    /* glibc gives back what the thread's cache held. */
    assert_int_equal(outcome.counts.unknown_releases, 1);

    struct trace_meta meta = {0};
    import_ltrace_describe(&outcome.report, &meta);
    assert_non_null(trace_meta_get(&meta, "warning"));
    assert_string_equal(trace_meta_get(&meta, "lost"), "0");
    trace_meta_free(&meta);
    free(outcome.events);
}

/* The child's second image, after its exec, has the most calls. */
static void the_busiest_image_of_a_forking_program(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-fork.txt");
    assert_golden(&outcome, "ltrace-fork.events");
    assert_int_equal(outcome.report.processes, 2);
    assert_int_equal(outcome.report.threads, 1);
    free(outcome.events);
}

static void any_image_of_a_forking_program(void **state)
{
    (void)state;
    struct outcome parent = import_image(open_test_data("ltrace-fork.txt"), "parent", 0, NULL);
    assert_int_equal(parent.report.calls, 3);
    assert_int_equal(parent.counts.unknown_releases, 0);
    free(parent.events);

    struct outcome child = import_image(open_test_data("ltrace-fork.txt"), "child", 1, NULL);
    assert_int_equal(child.report.calls, 3);
    assert_int_equal(child.counts.unknown_releases, 1); /* of the parent's block */
    free(child.events);
}

static uint64_t one_process(const void *context, uint64_t thread_id)
{
    (void)thread_id;
    return *(const uint64_t *)context;
}

static void processes_as_the_caller_knows_them(void **state)
{
    (void)state;
    const uint64_t id = 4711;
    const struct ltrace_processes processes = {one_process, &id};
    struct error error;
    struct ltrace_log log;
    FILE *file = open_test_data("ltrace-fork.txt");
    assert_true(ltrace_log_open(&log, file, "fork", &processes, &error));
    assert_int_equal(log.image_count, 2);
    assert_int_equal(log.images[0].process_id, id);
    assert_int_equal(log.images[0].execs, 0);
    assert_int_equal(log.images[0].calls, 4);
    assert_int_equal(log.images[1].execs, 1);
    assert_int_equal(log.images[1].calls, 10);
    ltrace_log_close(&log);
    fclose(file);
}

static void a_log_cut_inside_an_address(void **state)
{
    (void)state;
    struct outcome outcome = import_file("ltrace-cut.txt");
    assert_golden(&outcome, "ltrace-cut.events");
    assert_true(outcome.report.is_cut);
    free(outcome.events);
}

static void a_letter_is_no_log(void **state)
{
    (void)state;
    struct outcome outcome = import_file("not-ltrace.txt");
    assert_false(outcome.ok);
    assert_int_equal(outcome.error.kind, ERROR_INPUT);
    assert_string_equal(outcome.error.text, "not-ltrace.txt: line 1: this is not output of ltrace");
}

/* ---- single lines ---- */

static void bad_lines_are_counted_and_passed_over(void **state)
{
    (void)state;
    struct outcome outcome = import_text("1 malloc@libc.so.6(8) = 0x10\n"
                                         "what the program itself printed\n"
                                         "1 malloc@libc.so.6(8) = \n"
                                         "1 malloc@libc.so.6() = 0x20\n"
                                         "1 free@libc.so.6(0x10) = <void>\n"
                                         "1 free@libc.so.6(0) = <void>\n"
                                         "1 +++ exited (status 0) +++\n");
    assert_events(&outcome, "0 0 0 malloc 8 = #1\n1 0 0 free #1\n2 0 0 free NULL\n");
    assert_int_equal(outcome.report.bad_lines, 3);
    assert_int_equal(outcome.report.first_bad_line, 2);
    free(outcome.events);
}

static void an_empty_file_and_one_without_calls(void **state)
{
    (void)state;
    struct outcome empty = import_text("");
    assert_false(empty.ok);
    assert_string_equal(empty.error.text, "text: line 1: the file is empty");
    struct outcome other = import_text("1 strlen(\"malloc(1) = 0\") = 13\n1 getpid() = 4\n");
    assert_false(other.ok);
    assert_non_null(
        strstr(other.error.text, "text: line 2: the log ends without a call of malloc"));
}

/* strdup is none of the family: the malloc inside it is the program's. */
static void a_call_inside_another_function_counts(void **state)
{
    (void)state;
    struct outcome outcome = import_text("1 p->strdup(\"= 0x1)\" <unfinished ...>\n"
                                         "1 malloc@libc.so.6(7) = 0x10\n"
                                         "1 <... strdup resumed> ) = 0x10\n");
    assert_events(&outcome, "0 0 0 malloc 7 = #1\n");
    assert_int_equal(outcome.report.bad_lines, 0);
    free(outcome.events);
}

/* Thread 2 gets the block that thread 1 is still giving back, and 1 the one that 2 has left. */
static void split_lines_take_effect_in_their_place(void **state)
{
    (void)state;
    struct outcome outcome = import_text("1 malloc@libc.so.6(8) = 0x10\n"
                                         "2 malloc@libc.so.6(9) = 0x20\n"
                                         "1 free@libc.so.6(0x10 <unfinished ...>\n"
                                         "2 realloc@libc.so.6(0x20, 99 <unfinished ...>\n"
                                         "1 <... free resumed> ) = <void>\n"
                                         "1 malloc@libc.so.6(7) = 0x20\n"
                                         "2 <... realloc resumed> ) = 0x10\n");
    assert_events(&outcome, "0 0 0 malloc 8 = #1\n"
                            "1 0 1 thread_start\n"
                            "2 0 1 malloc 9 = #2\n"
                            "3 0 0 free #1\n"
                            "4 0 0 malloc 7 = #3\n"
                            "5 0 1 realloc #2 99 = #4 released_before 1\n");
    assert_int_equal(outcome.counts.double_acquired, 0);
    free(outcome.events);
}

/* Left out as an inner call of a malloc whose return was missed, the second would take all others
 * along. */
static void a_missed_return_does_not_swallow_what_follows(void **state)
{
    (void)state;
    struct outcome outcome = import_text("1 malloc@libc.so.6(8 <unfinished ...>\n"
                                         "1 unexpected breakpoint at 0x7fd4ea6e6052\n"
                                         "1 malloc@libc.so.6(9) = 0x10\n"
                                         "1 realloc@libc.so.6(0x10, 30 <unfinished ...>\n"
                                         "1 free@libc.so.6(0x90) = <void>\n"
                                         "1 free@libc.so.6(0) = <void>\n");
    assert_events(&outcome, "0 0 0 malloc 9 = #1\n1 0 0 free NULL\n");
    assert_int_equal(outcome.report.lost, 2);
    assert_int_equal(outcome.report.breakpoints, 1);
    free(outcome.events);
}

static void calls_that_never_return(void **state)
{
    (void)state;
    struct outcome outcome = import_text("1 malloc@libc.so.6(8) = 0x10\n"
                                         "1 malloc@libc.so.6(9) = 0x20\n"
                                         "1 <... calloc resumed> ) = 0x30\n"
                                         "1 malloc@libc.so.6(7 <no return ...>\n"
                                         "1 free@libc.so.6(0x10 <no return ...>\n"
                                         "1 free@libc.so.6(0x20 <unfinished ...>\n"
                                         "1 --- SIGSEGV (Segmentation fault) ---\n"
                                         "1 +++ killed by SIGSEGV +++\n");
    assert_events(&outcome, "0 0 0 malloc 8 = #1\n1 0 0 malloc 9 = #2\n2 0 0 free #1\n"
                            "3 0 0 free #2\n");
    assert_int_equal(outcome.report.lost, 2);
    free(outcome.events);
}

/* Where to store the block is not the block. */
static void posix_memalign_without_a_prototype_is_lost(void **state)
{
    (void)state;
    struct outcome outcome =
        import_text("1 posix_memalign@libc.so.6(0x7ffc0008, 64, 100, 0x1) = 0\n"
                    "1 posix_memalign@libc.so.6(0x7ffc0008, 64, 100) = 0\n"
                    "1 posix_memalign@libc.so.6(0x55500040, 64, 100) = 0\n");
    assert_events(&outcome, "0 0 0 posix_memalign 64 100 = #1\n");
    assert_int_equal(outcome.report.lost, 2);
    free(outcome.events);
}

static void relative_times_add_up(void **state)
{
    (void)state;
    struct outcome outcome = import_text("  0.000000 malloc@libc.so.6(8) = 0x10\n"
                                         "  1.000300 getpid() = 4\n"
                                         "  0.000500 free@libc.so.6(0x10) = <void>\n");
    assert_events(&outcome, "0 0 0 malloc 8 = #1\n1 1000800 0 free #1\n");
    free(outcome.events);
}

static void calls_nested_without_end(void **state)
{
    (void)state;
    char text[4096] = "1 malloc@libc.so.6(8) = 0x10\n";
    for (int i = 0; i < 30; i++)
        strcat(text, "1 realloc@libc.so.6(0x10, 9 <unfinished ...>\n");
    struct outcome outcome = import_text(text);
    assert_events(&outcome, "0 0 0 malloc 8 = #1\n");
    assert_true(outcome.report.bad_lines > 0);
    free(outcome.events);
}

static void long_lines_and_zero_bytes(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs("1 malloc@libc.so.6(8) = 0x10\n1 free@libc.so.6(0) = <void>\n1 free@libc.so.6(0x10",
          file);
    for (int i = 0; i < 3000; i++)
        fputc('0', file);
    fputs(") = <void>\n1 free@libc.so.6(0x1", file);
    fputc('\0', file);
    fputs("0) = <void>\n", file);
    struct outcome outcome = import_image(file, "long", -1, NULL);
    assert_events(&outcome, "0 0 0 malloc 8 = #1\n1 0 0 free NULL\n");
    assert_int_equal(outcome.report.bad_lines, 2);
    free(outcome.events);
}

static void columns_of_a_line(void **state)
{
    (void)state;
    struct ltrace_line line;
    ltrace_line_parse("[pid 77] 12:34:56.000789 [0x55ab] lib.so.1->calloc(nil, -1, 0x7, 8, 9)   = "
                      "0x10 <0.000004>",
                      &line);
    assert_int_equal(line.kind, LTRACE_CALL);
    assert_int_equal(line.thread_id, 77);
    assert_int_equal(line.clock, LTRACE_ABSOLUTE);
    assert_int_equal(line.time_us, UINT64_C(45296000789));
    assert_int_equal(line.op, TRACE_CALLOC);
    assert_true(line.has_caller);
    assert_false(line.is_mislabelled);
    assert_int_equal(line.argument_count, 5);
    assert_int_equal(line.arguments[0], 0);
    assert_int_equal(line.arguments[1], UINT64_MAX);
    assert_int_equal(line.arguments[2], 7);
    assert_int_equal(line.result, 16);
}

/* ---- telling a log by its content ---- */

static void logs_are_told_by_their_content(void **state)
{
    (void)state;
    static const char *const logs[] = {"ltrace-family.txt", "ltrace-callers.txt", "ltrace-bare.txt",
                                       "ltrace-stderr.txt", "ltrace-threads.txt", "ltrace-cut.txt"};
    char bytes[2048];
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        FILE *file = open_test_data(logs[i]);
        assert_true(import_ltrace_probe(bytes, fread(bytes, 1, sizeof bytes, file)));
        fclose(file);
    }
    FILE *file = open_test_data("not-ltrace.txt");
    assert_false(import_ltrace_probe(bytes, fread(bytes, 1, sizeof bytes, file)));
    fclose(file);
    static const char text_trace[] = TRACE_TEXT_FIRST_LINE "\n# program=a\n0 0 0 malloc 8 = #1\n";
    assert_false(import_ltrace_probe(text_trace, sizeof text_trace - 1));
    assert_false(import_ltrace_probe("1 malloc(8) = 0x10\n\0", 20));
    assert_false(import_ltrace_probe("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_of_the_family),
        cmocka_unit_test(calls_named_by_caller),
        cmocka_unit_test(without_any_column),
        cmocka_unit_test(as_printed_on_stderr),
        cmocka_unit_test(two_threads_interleaved),
        cmocka_unit_test(the_busiest_image_of_a_forking_program),
        cmocka_unit_test(any_image_of_a_forking_program),
        cmocka_unit_test(processes_as_the_caller_knows_them),
        cmocka_unit_test(a_log_cut_inside_an_address),
        cmocka_unit_test(a_letter_is_no_log),
        cmocka_unit_test(bad_lines_are_counted_and_passed_over),
        cmocka_unit_test(an_empty_file_and_one_without_calls),
        cmocka_unit_test(a_call_inside_another_function_counts),
        cmocka_unit_test(split_lines_take_effect_in_their_place),
        cmocka_unit_test(a_missed_return_does_not_swallow_what_follows),
        cmocka_unit_test(calls_that_never_return),
        cmocka_unit_test(posix_memalign_without_a_prototype_is_lost),
        cmocka_unit_test(relative_times_add_up),
        cmocka_unit_test(calls_nested_without_end),
        cmocka_unit_test(long_lines_and_zero_bytes),
        cmocka_unit_test(columns_of_a_line),
        cmocka_unit_test(logs_are_told_by_their_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
