#include "allocator/heap_state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static heap_fault_handler *current_handler = heap_fault_print;

heap_fault_handler *heap_set_fault_handler(heap_fault_handler *handler)
{
    heap_fault_handler *old = current_handler;
    current_handler = handler ? handler : heap_fault_print;
    return old;
}

noreturn void heap_fault(enum heap_fault_kind kind, const void *address, const char *text)
{
    current_handler(kind, address, text);
    abort();
}

noreturn void heap_fault_freed(const void *address)
{
    heap_fault(HEAP_FAULT_OVERWRITTEN_LINKS, address,
               "the block was written to after it was freed");
}

static const char *kind_name(enum heap_fault_kind kind)
{
    switch (kind) {
    case HEAP_FAULT_MISALIGNED:
        return "misaligned pointer";
    case HEAP_FAULT_FOREIGN:
        return "foreign pointer";
    case HEAP_FAULT_DOUBLE_FREE:
        return "double free";
    case HEAP_FAULT_OVERWRITTEN_HEADER:
        return "overwritten header";
    case HEAP_FAULT_OVERWRITTEN_LINKS:
        return "overwritten links";
    }
    return "fault";
}

static char *append_text(char *end, const char *text)
{
    size_t length = strlen(text);
    memcpy(end, text, length);
    return end + length;
}

static char *append_hex(char *end, uintptr_t value)
{
    unsigned digits = 1;
    while (digits < 16 && value >> (4 * digits))
        digits++;
    for (unsigned i = digits; i-- > 0;)
        *end++ = "0123456789abcdef"[value >> (4 * i) & 15];
    return end;
}

/* printf may allocate, and the heap is not to be entered again while it is broken. */
void heap_fault_print(enum heap_fault_kind kind, const void *address, const char *text)
{
    char line[256];
    const char *name = kind_name(kind);
    if (strlen(name) + strlen(text) > sizeof line - 64)
        text = "";
    char *end = append_text(line, "heap: ");
    end = append_text(end, name);
    end = append_text(end, ": 0x");
    end = append_hex(end, (uintptr_t)address);
    end = append_text(end, ": ");
    end = append_text(end, text);
    *end++ = '\n';
    ssize_t written = write(STDERR_FILENO, line, (size_t)(end - line));
    (void)written;
}
