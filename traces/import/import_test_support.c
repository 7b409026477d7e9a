#include "traces/import/import_test_support.h"

#include "traces/format/trace_reader.h"
#include "traces/format/trace_text.h"
#include "traces/import/importer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *print_events(struct trace_reader *reader)
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    struct trace_event event;
    struct error error;
    uint64_t index = 0;
    enum trace_next next;
    while ((next = trace_reader_next(reader, &event, &error)) == TRACE_NEXT_EVENT)
        trace_text_print_event(out, index++, &event);
    fclose(out);
    assert_int_equal(next, TRACE_NEXT_END);
    return text;
}

static struct imported import_path(const char *format, const char *path)
{
    struct imported imported = {0};
    const struct importer *importer = importer_by_name(format);
    assert_non_null(importer);
    struct trace_reader *reader = import_open_as(importer, path, &imported.error);
    imported.ok = reader;
    if (reader) {
        imported.events = print_events(reader);
        trace_meta_copy(&imported.meta, trace_reader_meta(reader));
        trace_reader_close(reader);
    }
    return imported;
}

static void test_data_path(const char *name, char *path, size_t room)
{
    snprintf(path, room, "%s/%s", TEST_DATA, name);
}

static char *read_test_data(const char *name, size_t *count)
{
    char path[512];
    test_data_path(name, path, sizeof path);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    char *bytes = calloc(1, 64 * 1024);
    assert_non_null(bytes);
    *count = fread(bytes, 1, 64 * 1024 - 1, file);
    fclose(file);
    return bytes;
}

static struct imported import_bytes(const char *format, const char *bytes, size_t count)
{
    char path[] = "import_test.XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, count), count);
    close(descriptor);
    struct imported imported = import_path(format, path);
    unlink(path);
    return imported;
}

struct imported import_test_data(const char *format, const char *name)
{
    char path[512];
    test_data_path(name, path, sizeof path);
    return import_path(format, path);
}

struct imported import_test_text(const char *format, const char *text)
{
    return import_bytes(format, text, strlen(text));
}

void imported_free(struct imported *imported)
{
    free(imported->events);
    trace_meta_free(&imported->meta);
}

void assert_imported(const struct imported *imported, const char *events)
{
    if (!imported->ok)
        fail_msg("%s", imported->error.text);
    assert_string_equal(imported->events, events);
}

void assert_imported_golden(const struct imported *imported, const char *name)
{
    char file[256];
    size_t count;
    snprintf(file, sizeof file, "%s.events", name);
    char *events = read_test_data(file, &count);
    assert_imported(imported, events);
    free(events);
}

void assert_refused(const char *format, const char *text, const char *reason)
{
    struct imported imported = import_test_text(format, text);
    if (imported.ok)
        fail_msg("not refused: %s", text);
    if (!strstr(imported.error.text, reason))
        fail_msg("'%s' does not say '%s'", imported.error.text, reason);
    assert_int_equal(imported.error.kind, ERROR_INPUT);
    imported_free(&imported);
}

uint64_t imported_number(const struct imported *imported, const char *key)
{
    return trace_meta_number(&imported->meta, key, UINT64_MAX);
}

bool imported_warns_of(const struct imported *imported, const char *remark)
{
    const char *warning = trace_meta_get(&imported->meta, "warning");
    return warning && strstr(warning, remark);
}

static void assert_survives(const char *format, const char *bytes, size_t count)
{
    struct imported imported = import_bytes(format, bytes, count);
    if (!imported.ok) {
        assert_int_equal(imported.error.kind, ERROR_INPUT);
        assert_null(strchr(imported.error.text, '\n'));
        assert_non_null(strstr(imported.error.text, ": line "));
    }
    imported_free(&imported);
}

void assert_survives_damage(const char *format, const char *name)
{
    static const char bad[] = {'\0', '\n', '9', ' ', '(', (char)0xff};
    size_t count;
    char *bytes = read_test_data(name, &count);
    if (count > 1500)
        count = 1500;
    for (size_t i = 0; i < count; i++) {
        assert_survives(format, bytes, i);
        char good = bytes[i];
        bytes[i] = bad[i % sizeof bad];
        assert_survives(format, bytes, count);
        bytes[i] = good;
    }
    free(bytes);
}
