#include "replay/verify_report.h"

#include "replay/verify_edges.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Text that grows; what finds no room is cut off. */
struct line {
    char *text;
    size_t room, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line->text + line->used, line->room - line->used, format, arguments);
    va_end(arguments);
    line->used += count > 0 ? (size_t)count : 0;
    if (line->used >= line->room)
        line->used = line->room - 1;
}

static struct line begin(char *text, size_t room)
{
    text[0] = '\0';
    return (struct line){text, room, 0};
}

/* ---- calls ---- */

static const char *const names[PLAN_CALL_CODES] = {
    [PLAN_MALLOC] = "malloc",
    [PLAN_NEW] = "new",
    [PLAN_NEW_ARRAY] = "new[]",
    [PLAN_REALLOC] = "realloc",
    [PLAN_REALLOC_NEW] = "realloc of NULL",
    [PLAN_VALLOC] = "valloc",
    [PLAN_PVALLOC] = "pvalloc",
    [PLAN_CALLOC] = "calloc",
    [PLAN_REALLOCARRAY] = "reallocarray",
    [PLAN_REALLOCARRAY_NEW] = "reallocarray of NULL",
    [PLAN_MEMALIGN] = "memalign",
    [PLAN_ALIGNED_ALLOC] = "aligned_alloc",
    [PLAN_POSIX_MEMALIGN] = "posix_memalign",
    [PLAN_NEW_ALIGNED] = "aligned new",
    [PLAN_NEW_ARRAY_ALIGNED] = "aligned new[]",
    [PLAN_FREE] = "free",
    [PLAN_DELETE] = "delete",
    [PLAN_DELETE_ARRAY] = "delete[]",
    [PLAN_DELETE_SIZED] = "sized delete",
    [PLAN_DELETE_ARRAY_SIZED] = "sized delete[]",
    [PLAN_DELETE_ALIGNED] = "aligned delete",
    [PLAN_DELETE_ARRAY_ALIGNED] = "aligned delete[]",
    [PLAN_USABLE_SIZE] = "malloc_usable_size",
};

static void add_event(struct line *line, const struct verify_report *report, uint64_t event,
                      uint32_t stream)
{
    add(line, "event %" PRIu64, event);
    if (!report->names_no_thread)
        add(line, " of thread %" PRIu32, stream);
}

/* As "malloc(48) at event 123 of thread 0". */
static void add_call(struct line *line, const struct verify_report *report,
                     const struct verify_call *call)
{
    if (call->event == VERIFY_AT_END) {
        add(line, "free after the last event");
        return;
    }
    add(line, "%s", names[call->code % PLAN_CALL_CODES]);
    if (call->code >= PLAN_CALLOC && call->code < PLAN_FREE)
        add(line, "(%" PRIu64 ", %" PRIu64 ")", call->number, call->size);
    else if (call->code < PLAN_FREE)
        add(line, "(%" PRIu64 ")", call->size);
    add(line, " at ");
    add_event(line, report, call->event, call->stream);
}

void verify_report_write_call(const struct verify_report *report, uint32_t stream, char *text,
                              size_t room)
{
    struct line line = begin(text, room);
    if (stream < report->stream_count)
        add_call(&line, report, &report->places[stream].call);
}

/* ---- findings ---- */

static void add_block(struct line *line, const struct verify_report *report,
                      const struct verify_origin *block)
{
    if (block->event == VERIFY_GONE) {
        add(line, "which another thread has released since");
        return;
    }
    add(line, "%" PRIu64 " byte%s from ", block->bytes, block->bytes == 1 ? "" : "s");
    add_event(line, report, block->event, block->stream);
}

static void add_edges(struct line *line, const struct verify_report *report)
{
    const char *name;
    const char *before = "edge case: ";
    for (size_t i = 0; (name = verify_edge_name(i)); i++) {
        const struct verify_edge_call *call = &report->edge_calls[i];
        if (!(report->failed_edges >> i & 1))
            continue;
        add(line, "%s%s", before, name);
        if (call->numbers == 2)
            add(line, " (%" PRIu64 ", %" PRIu64 ")", call->alignment, call->size);
        else if (call->numbers == 1)
            add(line, " (%" PRIu64 ")", call->size);
        before = "; ";
    }
}

static void add_leak(struct line *line, const struct verify_finding *finding)
{
    add(line,
        "address space leak: grew by %" PRIu64 " MiB, and grows on, with at most %" PRIu64
        " KiB live; out of bounds since event %" PRIu64,
        finding->bytes >> 20, finding->block.bytes >> 10, finding->call.event);
}

/* What is wrong, by the name that comes first. */
static const char *const titles[] = {
    [VERIFY_OVERLAP] = "overlap",       [VERIFY_TWICE] = "live block returned again",
    [VERIFY_MISALIGNED] = "misaligned", [VERIFY_NO_ADDRESS] = "no address",
    [VERIFY_NOT_ZEROED] = "not zeroed", [VERIFY_PREFIX_LOST] = "prefix lost",
    [VERIFY_CHANGED] = "block changed", [VERIFY_USABLE_SIZE] = "usable size too small",
};

static void add_detail(struct line *line, const struct verify_report *report)
{
    const struct verify_finding *finding = &report->finding;
    switch (finding->fault) {
    case VERIFY_OVERLAP:
        add(line, " overlaps a live block, ");
        add_block(line, report, &finding->block);
        break;
    case VERIFY_TWICE:
        add(line, " returned a live block, ");
        add_block(line, report, &finding->block);
        break;
    case VERIFY_MISALIGNED:
        add(line, " returned a block aligned to %" PRIu64, finding->address & -finding->address);
        break;
    case VERIFY_NO_ADDRESS:
        add(line, " returned 0x%" PRIx64, finding->address);
        break;
    case VERIFY_NOT_ZEROED:
        add(line, ": byte %" PRIu64 " is 0x%02x", finding->offset, finding->value);
        break;
    case VERIFY_PREFIX_LOST:
        add(line, " lost byte %" PRIu64 " of ", finding->offset);
        add_block(line, report, &finding->block);
        break;
    case VERIFY_CHANGED:
        add(line, " found byte %" PRIu64 " changed of ", finding->offset);
        add_block(line, report, &finding->block);
        break;
    default:
        add(line, ": malloc_usable_size is %" PRIu64 " of a block of %" PRIu64 " bytes",
            finding->bytes, finding->block.bytes);
        break;
    }
}

void verify_report_write_finding(const struct verify_report *report, char *text, size_t room)
{
    struct line line = begin(text, room);
    const struct verify_finding *finding = &report->finding;
    if (finding->fault == VERIFY_EDGE_CASES) {
        add_edges(&line, report);
    } else if (finding->fault == VERIFY_ADDRESS_SPACE) {
        add_leak(&line, finding);
    } else if (finding->fault >= VERIFY_OVERLAP && finding->fault <= VERIFY_USABLE_SIZE) {
        add(&line, "%s: ", titles[finding->fault]);
        add_call(&line, report, &finding->call);
        add_detail(&line, report);
    }
}

/* ---- places ---- */

static void add_place(struct line *line, const struct verify_report *report,
                      const struct verify_place *place)
{
    uint32_t phase = atomic_load(&place->phase);
    const char *edge = phase == VERIFY_IN_EDGE ? verify_edge_name(place->edge) : NULL;
    if (edge) {
        add(line, "in the edge case: %s", edge);
        return;
    }
    add(line, "%s",
        phase == VERIFY_IN_BLOCK  ? "using the block of "
        : phase == VERIFY_IN_CALL ? "in "
                                  : "after ");
    add_call(line, report, &place->call);
    if (place->call.code >= PLAN_FREE && place->call.code < PLAN_USABLE_SIZE &&
        place->call.event != VERIFY_AT_END)
        add(line, ", of %" PRIu64 " bytes", place->call.size);
}

void verify_report_write_place(const struct verify_report *report, char *text, size_t room)
{
    struct line line = begin(text, room);
    const struct verify_place *found = NULL;
    uint32_t others = 0;
    if (atomic_load(&report->died) && report->died_stream < report->stream_count) {
        add_place(&line, report, &report->places[report->died_stream]);
        return;
    }
    for (uint32_t i = 0; i < report->stream_count; i++) {
        if (atomic_load(&report->places[i].phase) == VERIFY_ELSEWHERE)
            continue;
        others += found != NULL;
        found = found ? found : &report->places[i];
    }
    if (found)
        add_place(&line, report, found);
    if (others)
        add(&line, ", or in one of %" PRIu32 " other threads' calls", others);
}
