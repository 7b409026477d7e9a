#include "traces/import/valgrind_line.h"

#include "traces/import/text_scan.h"

#include <string.h>

/* "00:00:00:01.250 ": days, hours, minutes, seconds, milliseconds. */
static bool scan_time(const char **at, uint64_t *time_us)
{
    static const char separators[] = ":::. ";
    static const uint64_t units_ms[] = {86400000, 3600000, 60000, 1000, 1};
    const char *rest = *at;
    uint64_t time_ms = 0;
    for (size_t i = 0; i < sizeof separators - 1; i++) {
        uint64_t number;
        if (!scan_decimal(&rest, &number) || number > 1000000 || *rest != separators[i])
            return false;
        time_ms += number * units_ms[i];
        rest++;
    }
    *time_us = time_ms * 1000;
    *at = rest;
    return true;
}

bool valgrind_scan_prefix(const char **at, struct valgrind_prefix *prefix)
{
    const char *rest = *at;
    *prefix = (struct valgrind_prefix){.is_trace = rest[0] == '-'};
    const char *mark = prefix->is_trace ? "--" : "==";
    if (!scan_text(&rest, mark))
        return false;
    prefix->has_time = scan_time(&rest, &prefix->time_us);
    if (!scan_decimal(&rest, &prefix->process_id) || prefix->process_id == UINT64_MAX ||
        !scan_text(&rest, mark))
        return false;
    scan_text(&rest, " ");
    *at = rest;
    return true;
}

static const struct {
    const char *name;
    enum trace_op op;
} functions[] = {
    {"malloc", TRACE_MALLOC},
    {"calloc", TRACE_CALLOC},
    {"realloc", TRACE_REALLOC},
    {"free", TRACE_FREE},
    {"cfree", TRACE_FREE},
    {"memalign", TRACE_MEMALIGN},
    {"posix_memalign", TRACE_POSIX_MEMALIGN},
    {"aligned_alloc", TRACE_ALIGNED_ALLOC},
    {"valloc", TRACE_VALLOC},
    {"malloc_usable_size", TRACE_USABLE_SIZE},
    {"malloc_size", TRACE_USABLE_SIZE},
    {"__builtin_new", TRACE_NEW},
    {"builtin_new", TRACE_NEW},
    {"__builtin_vec_new", TRACE_NEW_ARRAY},
    {"builtin_vec_new", TRACE_NEW_ARRAY},
    {"__builtin_delete", TRACE_DELETE},
    {"builtin_delete", TRACE_DELETE},
    {"__builtin_vec_delete", TRACE_DELETE_ARRAY},
    {"builtin_vec_delete", TRACE_DELETE_ARRAY},
};

/*
 * The mangled names of the operators: _Zn (new) or _Zd (delete), w or l (one), a (array), the types
 * of the parameters: m or j a size, Pv a pointer, St11align_val_t, RKSt9nothrow_t.
 */
static enum trace_op operator_by_name(const char *name, bool is_sized)
{
    bool is_aligned = strstr(name, "St11align_val_t");
    if (strncmp(name, "_Znwm", 5) == 0 || strncmp(name, "_Znwj", 5) == 0)
        return is_aligned ? TRACE_NEW_ALIGNED : TRACE_NEW;
    if (strncmp(name, "_Znam", 5) == 0 || strncmp(name, "_Znaj", 5) == 0)
        return is_aligned ? TRACE_NEW_ARRAY_ALIGNED : TRACE_NEW_ARRAY;
    if (strncmp(name, "_ZdlPv", 6) == 0)
        return is_aligned ? TRACE_DELETE_ALIGNED : is_sized ? TRACE_DELETE_SIZED : TRACE_DELETE;
    if (strncmp(name, "_ZdaPv", 6) == 0)
        return is_aligned ? TRACE_DELETE_ARRAY_ALIGNED
               : is_sized ? TRACE_DELETE_ARRAY_SIZED
                          : TRACE_DELETE_ARRAY;
    return (enum trace_op)0;
}

static bool scan_name(const char **at, struct valgrind_call *call)
{
    char name[64];
    size_t length = strcspn(*at, "(");
    if (length >= sizeof name || (*at)[length] != '(')
        return false;
    memcpy(name, *at, length);
    name[length] = '\0';
    call->is_sized = strncmp(name, "_Zd", 3) == 0 && length > 6 && strchr("mj", name[6]);
    call->op = operator_by_name(name, call->is_sized);
    for (size_t i = 0; !call->op && i < sizeof functions / sizeof *functions; i++)
        if (strcmp(name, functions[i].name) == 0)
            call->op = functions[i].op;
    *at += length + 1;
    return call->op;
}

/* "al 64, size 100" of memalign, "size 128, al 64" of the operators. */
static bool scan_aligned(const char **at, struct valgrind_call *call)
{
    if (scan_text(at, "al "))
        return scan_decimal(at, &call->alignment) && scan_text(at, ", size ") &&
               scan_decimal(at, &call->size);
    return scan_text(at, "size ") && scan_decimal(at, &call->size) && scan_text(at, ", al ") &&
           scan_decimal(at, &call->alignment);
}

bool valgrind_scan_call(const char **at, struct valgrind_call *call)
{
    const char *rest = *at;
    *call = (struct valgrind_call){0};
    if (!scan_name(&rest, call))
        return false;
    unsigned fields = trace_op_fields(call->op);
    bool ok;
    if (fields & TRACE_HAS_ARGUMENT)
        ok = scan_address(&rest, &call->argument) &&
             (!(fields & TRACE_HAS_RESULT) ||
              (scan_text(&rest, ",") && scan_decimal(&rest, &call->size)));
    else if (fields & TRACE_HAS_ALIGNMENT)
        ok = scan_aligned(&rest, call);
    else if (fields & TRACE_HAS_COUNT)
        ok = scan_decimal(&rest, &call->count) && scan_text(&rest, ",") &&
             scan_decimal(&rest, &call->size);
    else
        ok = scan_decimal(&rest, &call->size);
    if (!ok || !scan_text(&rest, ")"))
        return false;
    *at = rest;
    return true;
}

bool valgrind_scan_result(const char **at, uint64_t *result)
{
    const char *rest = *at;
    if (!scan_text(&rest, " = "))
        return false;
    bool is_address = rest[0] == '(' || (rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X'));
    if (!(is_address ? scan_address(&rest, result) : scan_decimal(&rest, result)))
        return false;
    *at = rest;
    return true;
}
