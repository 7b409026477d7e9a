#include "traces/format/trace_block.h"

#include "traces/format/varint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Bits of the op column beside the operation. */
enum {
    OP_MASK = 0x1f,
    OP_NULL_RESULT = 0x20,
    OP_NULL_ARGUMENT = 0x40,
    OP_RELEASED_BEFORE = 0x80,
};
static_assert(TRACE_OP_COUNT <= OP_MASK + 1, "an operation fits in the bits of the op column");

enum column_kind {
    COLUMN_OP,        /* operation and bits */
    COLUMN_THREAD,    /* thread number */
    COLUMN_TIME,      /* microseconds since the event before */
    COLUMN_SIZE,      /* where the operation has a size */
    COLUMN_REFERENCE, /* next object's number less the argument's, where there is an argument */
    COLUMN_OTHER,     /* count, alignment, arena, released_before: in this order, as present */
    COLUMN_COUNT
};

enum encoding {
    ENCODING_VALUES = 0,      /* every value */
    ENCODING_DIFFERENCES = 1, /* zigzag of each value less the one before, the first less 0 */
    ENCODING_CONSTANT = 2,    /* one value, which stands for all */
    ENCODING_COUNT
};

enum {
    LEVEL_TRIAL = 3,   /* tells which encoding suits a column */
    LEVEL_STORED = 19, /* a trace is written once and read often */
    VALUES_PER_EVENT_MAX = 4,
    HEADER_BYTES_MAX = (4 + 2 * COLUMN_COUNT) * VARINT_MAX_BYTES,
};

/* ---- encoding ---- */

struct values {
    size_t count;
    uint64_t *value; /* room for VALUES_PER_EVENT_MAX a event */
};

static void add_value(struct values *values, uint64_t value)
{
    values->value[values->count++] = value;
}

static void split_event(struct values columns[COLUMN_COUNT], const struct trace_event *event,
                        struct trace_position *at)
{
    unsigned fields = trace_op_fields(event->op);
    unsigned bits = event->op;
    if (fields & TRACE_HAS_RESULT && !event->object)
        bits |= OP_NULL_RESULT;
    if (fields & TRACE_HAS_ARGUMENT && !event->argument)
        bits |= OP_NULL_ARGUMENT;
    if (event->released_before)
        bits |= OP_RELEASED_BEFORE;

    add_value(&columns[COLUMN_OP], bits);
    add_value(&columns[COLUMN_THREAD], event->thread);
    add_value(&columns[COLUMN_TIME], event->time_us - at->time_us);
    if (fields & TRACE_HAS_SIZE)
        add_value(&columns[COLUMN_SIZE], event->size);
    if (fields & TRACE_HAS_ARGUMENT && event->argument)
        add_value(&columns[COLUMN_REFERENCE], at->object - event->argument);
    if (fields & TRACE_HAS_COUNT)
        add_value(&columns[COLUMN_OTHER], event->count);
    if (fields & TRACE_HAS_ALIGNMENT)
        add_value(&columns[COLUMN_OTHER], event->alignment);
    if (fields & TRACE_HAS_ARENA)
        add_value(&columns[COLUMN_OTHER], event->arena);
    if (event->released_before)
        add_value(&columns[COLUMN_OTHER], event->released_before);

    at->time_us = event->time_us;
    at->object += event->object != 0;
}

static void encode_values(struct buffer *out, const struct values *values, enum encoding encoding)
{
    uint64_t before = 0;
    size_t count = encoding == ENCODING_CONSTANT ? 1 : values->count;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = values->value[i];
        if (encoding == ENCODING_DIFFERENCES) {
            value = zigzag(value - before);
            before = values->value[i];
        }
        buffer_append_varint(out, value);
    }
}

static bool is_constant(const struct values *values)
{
    for (size_t i = 1; i < values->count; i++)
        if (values->value[i] != values->value[0])
            return false;
    return values->count > 0;
}

static size_t trial_bytes(const struct values *values, enum encoding encoding)
{
    struct buffer plain = {0}, stored = {0};
    encode_values(&plain, values, encoding);
    size_t bytes = buffer_append_frame(&stored, plain.bytes, plain.count, LEVEL_TRIAL);
    buffer_free(&plain);
    buffer_free(&stored);
    return bytes;
}

static enum encoding choose_encoding(const struct values *values)
{
    if (is_constant(values))
        return ENCODING_CONSTANT;
    return trial_bytes(values, ENCODING_DIFFERENCES) < trial_bytes(values, ENCODING_VALUES)
               ? ENCODING_DIFFERENCES
               : ENCODING_VALUES;
}

static bool encode_columns(struct buffer *out, const struct trace_position *start,
                           const struct values columns[COLUMN_COUNT], size_t count)
{
    struct buffer header = {0}, frames = {0}, plain = {0};
    buffer_append_varint(&header, start->event);
    buffer_append_varint(&header, start->object);
    buffer_append_varint(&header, start->time_us);
    buffer_append_varint(&header, count);
    for (int c = 0; c < COLUMN_COUNT; c++) {
        enum encoding encoding = choose_encoding(&columns[c]);
        plain.count = 0;
        encode_values(&plain, &columns[c], encoding);
        buffer_append_varint(&header, encoding);
        buffer_append_varint(&header, columns[c].count);
        buffer_append_frame(&frames, plain.bytes, plain.count, LEVEL_STORED);
    }
    buffer_append_frame(out, header.bytes, header.count, LEVEL_STORED);
    buffer_append(out, frames.bytes, frames.count);
    bool ok = !header.failed && !frames.failed && !plain.failed && !out->failed;
    buffer_free(&header);
    buffer_free(&frames);
    buffer_free(&plain);
    return ok;
}

bool trace_block_encode(struct buffer *out, const struct trace_position *start,
                        const struct trace_event *events, size_t count)
{
    struct values columns[COLUMN_COUNT] = {0};
    uint64_t *values = calloc(count * COLUMN_COUNT, VALUES_PER_EVENT_MAX * sizeof *values);
    if (!values)
        return false;
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        columns[c].value = values + c * count * VALUES_PER_EVENT_MAX;
    struct trace_position at = *start;
    for (size_t i = 0; i < count; i++)
        split_event(columns, &events[i], &at);
    bool ok = encode_columns(out, start, columns, count);
    free(values);
    return ok;
}

/* ---- decoding ---- */

struct column {
    enum encoding encoding;
    uint64_t left;   /* values not yet taken */
    uint64_t before; /* the value before, where differences are stored */
    struct buffer plain;
    const uint8_t *next, *end;
};

struct trace_block {
    size_t left;
    struct column columns[COLUMN_COUNT];
};

struct trace_block *trace_block_new(void)
{
    struct trace_block *block = calloc(1, sizeof *block);
    if (!block)
        abort();
    return block;
}

void trace_block_free(struct trace_block *block)
{
    if (!block)
        return;
    for (int c = 0; c < COLUMN_COUNT; c++)
        buffer_free(&block->columns[c].plain);
    free(block);
}

void trace_block_clear(struct trace_block *block)
{
    block->left = 0;
}

size_t trace_block_left(const struct trace_block *block)
{
    return block->left;
}

/* One number of the block's header. */
static uint64_t header_number(const struct buffer *header, size_t *at, bool *ok)
{
    uint64_t value = 0;
    size_t bytes = varint_get(header->bytes + *at, header->bytes + header->count, &value);
    *ok &= bytes > 0;
    *at += bytes;
    return value;
}

static bool read_header(struct trace_block *block, const struct buffer *header,
                        const struct trace_position *position, struct error *error)
{
    bool ok = true;
    size_t at = 0;
    uint64_t event = header_number(header, &at, &ok);
    uint64_t object = header_number(header, &at, &ok);
    uint64_t time_us = header_number(header, &at, &ok);
    uint64_t count = header_number(header, &at, &ok);
    if (!ok || count == 0 || count > TRACE_BLOCK_EVENTS)
        return error_set(error, ERROR_INPUT, "damaged header of a block");
    if (event != position->event || object != position->object || time_us != position->time_us)
        return error_set(error, ERROR_INPUT, "a block does not go on where the last one ended");

    block->left = (size_t)count;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        struct column *column = &block->columns[c];
        uint64_t encoding = header_number(header, &at, &ok);
        column->left = header_number(header, &at, &ok);
        column->before = 0;
        if (!ok || encoding >= ENCODING_COUNT || column->left > count * VALUES_PER_EVENT_MAX)
            return error_set(error, ERROR_INPUT, "damaged header of a block");
        column->encoding = (enum encoding)encoding;
    }
    return at == header->count ||
           error_set(error, ERROR_INPUT, "the header of a block is too long");
}

/* Decompresses the column at the start of `bytes`; returns the bytes that it takes there, or 0. A
 * column that holds more than its values may take is not even decompressed. */
static size_t read_column(struct trace_block *block, int number, const uint8_t *bytes, size_t count,
                          struct error *error)
{
    struct column *column = &block->columns[number];
    size_t values = column->encoding == ENCODING_CONSTANT ? 1 : (size_t)column->left;
    size_t frame = buffer_read_frame(&column->plain, bytes, count, values * VARINT_MAX_BYTES);
    if (frame) {
        column->next = column->plain.bytes;
        column->end = column->plain.bytes + column->plain.count;
    } else if (column->plain.failed) {
        error_set(error, ERROR_MEMORY, "not enough memory for column %d of a block", number);
    } else {
        error_set(error, ERROR_INPUT, "damaged column %d of a block", number);
    }
    return frame;
}

bool trace_block_open(struct trace_block *block, const uint8_t *bytes, size_t count,
                      const struct trace_position *position, struct error *error)
{
    block->left = 0;
    struct buffer header = {0};
    size_t at = buffer_read_frame(&header, bytes, count, HEADER_BYTES_MAX);
    bool ok = at ? read_header(block, &header, position, error)
              : header.failed
                  ? error_set(error, ERROR_MEMORY, "not enough memory for the header of a block")
                  : error_set(error, ERROR_INPUT, "damaged header of a block");
    buffer_free(&header);
    for (int c = 0; ok && c < COLUMN_COUNT; c++) {
        size_t frame = read_column(block, c, bytes + at, count - at, error);
        ok = frame != 0;
        at += frame;
    }
    if (ok && at != count)
        return error_set(error, ERROR_INPUT, "%zu bytes too many in a block", count - at);
    return ok;
}

/* The column's next value; false when there is none. */
static inline bool take(struct column *column, uint64_t *value)
{
    if (column->left == 0)
        return false;
    column->left--;
    if (column->encoding == ENCODING_CONSTANT) {
        if (column->next == column->end) {
            *value = column->before;
            return true;
        }
    }
    size_t bytes = varint_get(column->next, column->end, value);
    if (bytes == 0)
        return false;
    column->next += bytes;
    if (column->encoding == ENCODING_DIFFERENCES)
        *value = unzigzag(*value) + column->before;
    column->before = *value;
    return true;
}

static bool take_op(struct column *column, struct trace_event *event, unsigned *bits)
{
    uint64_t value;
    if (!take(column, &value) || value > 0xff)
        return false;
    *bits = (unsigned)value & ~(unsigned)OP_MASK;
    event->op = (enum trace_op)(value & OP_MASK);
    if (!trace_op_name(event->op))
        return false;
    unsigned fields = trace_op_fields(event->op);
    unsigned realloc_fields = TRACE_HAS_RESULT | TRACE_RELEASES;
    return (!(*bits & OP_NULL_RESULT) || fields & TRACE_HAS_RESULT) &&
           (!(*bits & OP_NULL_ARGUMENT) || fields & TRACE_HAS_ARGUMENT) &&
           (!(*bits & OP_RELEASED_BEFORE) || (fields & realloc_fields) == realloc_fields);
}

static bool take_reference(struct column *column, const struct trace_position *position,
                           uint64_t *argument)
{
    uint64_t distance;
    if (!take(column, &distance) || distance == 0 || distance >= position->object)
        return false;
    *argument = position->object - distance;
    return true;
}

static bool take_others(struct column *column, unsigned fields, unsigned bits,
                        struct trace_event *event)
{
    uint64_t before = 0;
    bool ok = (!(fields & TRACE_HAS_COUNT) || take(column, &event->count)) &&
              (!(fields & TRACE_HAS_ALIGNMENT) || take(column, &event->alignment)) &&
              (!(fields & TRACE_HAS_ARENA) || take(column, &event->arena)) &&
              (!(bits & OP_RELEASED_BEFORE) || take(column, &before));
    event->released_before = (uint32_t)before;
    return ok && before <= UINT32_MAX;
}

static bool columns_finished(const struct trace_block *block)
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (block->columns[c].left || block->columns[c].next != block->columns[c].end)
            return false;
    return true;
}

bool trace_block_next(struct trace_block *block, struct trace_position *position,
                      struct trace_event *event, struct error *error)
{
    struct column *columns = block->columns;
    *event = (struct trace_event){0};
    unsigned bits;
    if (!take_op(&columns[COLUMN_OP], event, &bits))
        return error_set(error, ERROR_INPUT, "no valid operation");
    unsigned fields = trace_op_fields(event->op);

    uint64_t thread, delta_us;
    if (!take(&columns[COLUMN_THREAD], &thread) || thread > position->threads)
        return error_set(error, ERROR_INPUT, "no valid thread");
    if (!take(&columns[COLUMN_TIME], &delta_us) ||
        __builtin_add_overflow(position->time_us, delta_us, &event->time_us))
        return error_set(error, ERROR_INPUT, "no valid time");
    if (fields & TRACE_HAS_SIZE && !take(&columns[COLUMN_SIZE], &event->size))
        return error_set(error, ERROR_INPUT, "no size");
    if (fields & TRACE_HAS_ARGUMENT && !(bits & OP_NULL_ARGUMENT) &&
        !take_reference(&columns[COLUMN_REFERENCE], position, &event->argument))
        return error_set(error, ERROR_INPUT, "no valid reference to an object");
    if (!take_others(&columns[COLUMN_OTHER], fields, bits, event))
        return error_set(error, ERROR_INPUT, "no count, alignment, arena or place of release");
    if (event->released_before > position->event)
        return error_set(error, ERROR_INPUT, "released before the first event");

    event->thread = (uint32_t)thread;
    if (fields & TRACE_HAS_RESULT && !(bits & OP_NULL_RESULT))
        event->object = position->object++;
    position->event++;
    position->time_us = event->time_us;
    position->threads += thread == position->threads;
    if (--block->left == 0 && !columns_finished(block))
        return error_set(error, ERROR_INPUT, "values left over in a block");
    return true;
}
