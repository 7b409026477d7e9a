/* For tests of crimes: each must end in the fault that is expected. */
#ifndef ALLOCATOR_HEAP_FAULT_SUPPORT_H
#define ALLOCATOR_HEAP_FAULT_SUPPORT_H

#include "allocator/heap_test_support.h"

static jmp_buf after_fault;
static enum heap_fault_kind fault_kind;
static const void *fault_address;

static void catch_fault(enum heap_fault_kind kind, const void *address, const char *text)
{
    assert_non_null(text);
    fault_kind = kind;
    fault_address = address;
    longjmp(after_fault, 1);
}

/* Runs `action` and requires that it ends in this fault. */
#define expect_fault(kind, address, action)                                                        \
    do {                                                                                           \
        heap_fault_handler *old_ = heap_set_fault_handler(catch_fault);                            \
        if (setjmp(after_fault) == 0) {                                                            \
            action;                                                                                \
            fail_msg("no fault: %s", #action);                                                     \
        }                                                                                          \
        heap_set_fault_handler(old_);                                                              \
        assert_int_equal(fault_kind, (kind));                                                      \
        assert_ptr_equal(fault_address, (address));                                                \
    } while (0)

#endif
