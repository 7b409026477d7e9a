/*
 * record_preload.h - every function that librecord.so puts in front of another one.
 *
 * Declared here and not by malloc.h, whose attributes let the compiler reason about what malloc
 * does.
 */
#ifndef TRACES_RECORD_PRELOAD_H
#define TRACES_RECORD_PRELOAD_H

#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>

#pragma GCC visibility push(default)

void *malloc(size_t size);
void free(void *block);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *reallocarray(void *block, size_t count, size_t size);
void *memalign(size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **block, size_t alignment, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *block);

/* operator new: (size), (size, nothrow), (size, align), (size, align, nothrow); then of arrays. */
void *_Znwm(size_t size);
void *_ZnwmRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *nothrow);
void *_Znam(size_t size);
void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnamSt11align_val_t(size_t size, size_t alignment);
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *nothrow);

/* operator delete: plain, nothrow, sized, aligned, aligned and nothrow, sized and aligned; arrays.
 */
void _ZdlPv(void *block);
void _ZdlPvRKSt9nothrow_t(void *block, const void *nothrow);
void _ZdlPvm(void *block, size_t size);
void _ZdlPvSt11align_val_t(void *block, size_t alignment);
void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const void *nothrow);
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment);
void _ZdaPv(void *block);
void _ZdaPvRKSt9nothrow_t(void *block, const void *nothrow);
void _ZdaPvm(void *block, size_t size);
void _ZdaPvSt11align_val_t(void *block, size_t alignment);
void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const void *nothrow);
void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t alignment);

/* Ways in which a thread names itself. */
int prctl(int option, ...);
int pthread_setname_np(pthread_t thread, const char *name);

/* Ways out of a call that a signal's handler interrupted. */
_Noreturn void longjmp(struct __jmp_buf_tag place[1], int value);
_Noreturn void _longjmp(struct __jmp_buf_tag place[1], int value);
_Noreturn void siglongjmp(struct __jmp_buf_tag place[1], int value);
_Noreturn void __longjmp_chk(struct __jmp_buf_tag place[1], int value);

/* Ways out of the process. */
_Noreturn void _exit(int status);
_Noreturn void _Exit(int status);

/* std::set_new_handler and std::get_new_handler. */
typedef void record_new_handler(void);
record_new_handler *_ZSt15set_new_handlerPFvvE(record_new_handler *handler);
record_new_handler *_ZSt15get_new_handlerv(void);

#pragma GCC visibility pop

/* Looks up the real C++ operators; the real jumps. */
void record_operators_resolve(void);
void record_jumps_resolve(void);

#endif
