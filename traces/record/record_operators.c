/*
 * record_operators.c - C++ operators new and delete, recorded as what they are. In a program
 * without a C++ library they are malloc and free.
 *
 * A throwing new is served by the real nothrow one: an exception that passes through a recorded
 * call would leave the thread inside it for ever. Only when that fails, the exception is thrown,
 * outside the call. With a new_handler the real throwing one does it, since what the handler throws
 * is the program's: that vain attempt then stands in the trace as a malloc of its own.
 */
#include "traces/record/record_operators.h"
#include "traces/record/record_lane.h"
#include "traces/record/record_preload.h"
#include "traces/record/record_real.h"

#include <dlfcn.h>
#include <stdlib.h>

struct operators {
    void *(*new)(size_t size);
    void *(*new_nothrow)(size_t size, const void *nothrow);
    void *(*new_aligned)(size_t size, size_t alignment);
    void *(*new_aligned_nothrow)(size_t size, size_t alignment, const void *nothrow);
    void (*delete)(void *block);
    void (*delete_nothrow)(void *block, const void *nothrow);
    void (*delete_sized)(void *block, size_t size);
    void (*delete_aligned)(void *block, size_t alignment);
    void (*delete_aligned_nothrow)(void *block, size_t alignment, const void *nothrow);
    void (*delete_sized_aligned)(void *block, size_t size, size_t alignment);
};

static struct operators single, array; /* new and delete; new[] and delete[] */
static void (*throw_bad_alloc)(void);  /* NULL where there is no C++ library */
static const char nothrow_object;      /* stands for std::nothrow, which has no state */

/* ---- where there is no C++ library ---- */

static void *own_new_nothrow(size_t size, const void *nothrow)
{
    (void)nothrow;
    return record_real.malloc(size != 0 ? size : 1);
}

static void *own_new_aligned_nothrow(size_t size, size_t alignment, const void *nothrow)
{
    (void)nothrow;
    return record_real.memalign(alignment, size != 0 ? size : 1);
}

/* A C++ library may have come later, by dlopen: it alone can throw. */
static void *find_late(const char *name)
{
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
    void *found = library != NULL ? dlsym(library, name) : NULL;
    if (found == NULL)
        abort();
    return found;
}

static void *own_new(size_t size)
{
    void *block = own_new_nothrow(size, NULL);
    if (block != NULL)
        return block;
    void *(*throwing)(size_t) = (void *(*)(size_t))find_late("_Znwm");
    return throwing(size);
}

static void *own_new_aligned(size_t size, size_t alignment)
{
    void *block = own_new_aligned_nothrow(size, alignment, NULL);
    if (block != NULL)
        return block;
    void *(*throwing)(size_t, size_t) =
        (void *(*)(size_t, size_t))find_late("_ZnwmSt11align_val_t");
    return throwing(size, alignment);
}

static void own_delete(void *block)
{
    record_real.free(block);
}

static void own_delete_nothrow(void *block, const void *nothrow)
{
    (void)nothrow;
    record_real.free(block);
}

static void own_delete_number(void *block, size_t number)
{
    (void)number;
    record_real.free(block);
}

static void own_delete_aligned_nothrow(void *block, size_t alignment, const void *nothrow)
{
    (void)alignment;
    own_delete_nothrow(block, nothrow);
}

static void own_delete_sized_aligned(void *block, size_t size, size_t alignment)
{
    (void)size;
    own_delete_number(block, alignment);
}

static const struct operators own = {
    .new = own_new,
    .new_nothrow = own_new_nothrow,
    .new_aligned = own_new_aligned,
    .new_aligned_nothrow = own_new_aligned_nothrow,
    .delete = own_delete,
    .delete_nothrow = own_delete_nothrow,
    .delete_sized = own_delete_number,
    .delete_aligned = own_delete_number,
    .delete_aligned_nothrow = own_delete_aligned_nothrow,
    .delete_sized_aligned = own_delete_sized_aligned,
};

static void resolve(void *field, const char *name)
{
    void *found = record_real_find(name);
    if (found != NULL)
        *(void **)field = found;
}

#define RESOLVE_ALL(set, n, d)                                                                     \
    do {                                                                                           \
        resolve(&(set)->new, "_Zn" n "m");                                                         \
        resolve(&(set)->new_nothrow, "_Zn" n "mRKSt9nothrow_t");                                   \
        resolve(&(set)->new_aligned, "_Zn" n "mSt11align_val_t");                                  \
        resolve(&(set)->new_aligned_nothrow, "_Zn" n "mSt11align_val_tRKSt9nothrow_t");            \
        resolve(&(set)->delete, "_Zd" d "Pv");                                                     \
        resolve(&(set)->delete_nothrow, "_Zd" d "PvRKSt9nothrow_t");                               \
        resolve(&(set)->delete_sized, "_Zd" d "Pvm");                                              \
        resolve(&(set)->delete_aligned, "_Zd" d "PvSt11align_val_t");                              \
        resolve(&(set)->delete_aligned_nothrow, "_Zd" d "PvSt11align_val_tRKSt9nothrow_t");        \
        resolve(&(set)->delete_sized_aligned, "_Zd" d "PvmSt11align_val_t");                       \
    } while (0)

void record_operators_resolve(void)
{
    single = array = own;
    RESOLVE_ALL(&single, "w", "l");
    RESOLVE_ALL(&array, "a", "a");
    resolve(&throw_bad_alloc, "_ZSt17__throw_bad_allocv");
}

/* ---- new ---- */

static inline void *recorded_new(struct record_thread *thread, const struct operators *real,
                                 unsigned op, size_t size)
{
    void *block = real->new_nothrow(size, &nothrow_object);
    record_2(thread, op, (uint64_t)block, size);
    record_end(thread);
    return block;
}

static inline void *new_nothrow(const struct operators *real, unsigned op, size_t size)
{
    struct record_thread *thread = record_begin();
    return thread != NULL ? recorded_new(thread, real, op, size)
                          : real->new_nothrow(size, &nothrow_object);
}

static void throw_if_simple(void)
{
    if (throw_bad_alloc != NULL && !record_has_new_handler())
        throw_bad_alloc();
}

/* Inside a recorded nothrow new, the C++ library comes by here: it must reach the real throwing
 * one. */
static inline void *new_throwing(const struct operators *real, unsigned op, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return real->new (size);
    void *block = recorded_new(thread, real, op, size);
    if (block != NULL)
        return block;
    throw_if_simple();
    return real->new (size);
}

static inline void *recorded_new_aligned(struct record_thread *thread, const struct operators *real,
                                         unsigned op, size_t size, size_t alignment)
{
    void *block = real->new_aligned_nothrow(size, alignment, &nothrow_object);
    record_3(thread, op, (uint64_t)block, size, alignment);
    record_end(thread);
    return block;
}

static inline void *new_aligned_nothrow(const struct operators *real, unsigned op, size_t size,
                                        size_t alignment)
{
    struct record_thread *thread = record_begin();
    return thread != NULL ? recorded_new_aligned(thread, real, op, size, alignment)
                          : real->new_aligned_nothrow(size, alignment, &nothrow_object);
}

static inline void *new_aligned_throwing(const struct operators *real, unsigned op, size_t size,
                                         size_t alignment)
{
    struct record_thread *thread = record_begin();
    if (thread == NULL)
        return real->new_aligned(size, alignment);
    void *block = recorded_new_aligned(thread, real, op, size, alignment);
    if (block != NULL)
        return block;
    throw_if_simple();
    return real->new_aligned(size, alignment);
}

/* ---- delete ---- */

static inline struct record_thread *delete_begins(unsigned op, const void *block)
{
    struct record_thread *thread = record_begin();
    if (thread != NULL)
        record_1(thread, op, (uint64_t)block);
    return thread;
}

static inline struct record_thread *sized_delete_begins(unsigned op, const void *block, size_t size)
{
    struct record_thread *thread = record_begin();
    if (thread != NULL)
        record_2(thread, op, (uint64_t)block, size);
    return thread;
}

static inline struct record_thread *aligned_delete_begins(unsigned op, const void *block,
                                                          size_t size, size_t alignment)
{
    struct record_thread *thread = record_begin();
    if (thread != NULL)
        record_3(thread, op, (uint64_t)block, size, alignment);
    return thread;
}

static inline void delete_ends(struct record_thread *thread)
{
    if (thread != NULL)
        record_end(thread);
}

/* ---- the symbols: n and d are what the mangled names of single and array operators differ in ----
 */

#define DEFINE_OPERATORS(real, n, d, array)                                                        \
    void *_Zn##n##m(size_t size)                                                                   \
    {                                                                                              \
        return new_throwing(&real, TRACE_NEW##array, size);                                        \
    }                                                                                              \
    void *_Zn##n##mRKSt9nothrow_t(size_t size, const void *nothrow)                                \
    {                                                                                              \
        (void)nothrow;                                                                             \
        return new_nothrow(&real, TRACE_NEW##array, size);                                         \
    }                                                                                              \
    void *_Zn##n##mSt11align_val_t(size_t size, size_t alignment)                                  \
    {                                                                                              \
        return new_aligned_throwing(&real, TRACE_NEW##array##_ALIGNED, size, alignment);           \
    }                                                                                              \
    void *_Zn##n##mSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment,                    \
                                                 const void *nothrow)                              \
    {                                                                                              \
        (void)nothrow;                                                                             \
        return new_aligned_nothrow(&real, TRACE_NEW##array##_ALIGNED, size, alignment);            \
    }                                                                                              \
    void _Zd##d##Pv(void *block)                                                                   \
    {                                                                                              \
        struct record_thread *thread = delete_begins(TRACE_DELETE##array, block);                  \
        real.delete(block);                                                                        \
        delete_ends(thread);                                                                       \
    }                                                                                              \
    void _Zd##d##PvRKSt9nothrow_t(void *block, const void *nothrow)                                \
    {                                                                                              \
        struct record_thread *thread = delete_begins(TRACE_DELETE##array, block);                  \
        real.delete_nothrow(block, nothrow);                                                       \
        delete_ends(thread);                                                                       \
    }                                                                                              \
    void _Zd##d##Pvm(void *block, size_t size)                                                     \
    {                                                                                              \
        struct record_thread *thread =                                                             \
            sized_delete_begins(TRACE_DELETE##array##_SIZED, block, size);                         \
        real.delete_sized(block, size);                                                            \
        delete_ends(thread);                                                                       \
    }                                                                                              \
    void _Zd##d##PvSt11align_val_t(void *block, size_t alignment)                                  \
    {                                                                                              \
        struct record_thread *thread =                                                             \
            aligned_delete_begins(TRACE_DELETE##array##_ALIGNED, block, 0, alignment);             \
        real.delete_aligned(block, alignment);                                                     \
        delete_ends(thread);                                                                       \
    }                                                                                              \
    void _Zd##d##PvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment,                    \
                                                 const void *nothrow)                              \
    {                                                                                              \
        struct record_thread *thread =                                                             \
            aligned_delete_begins(TRACE_DELETE##array##_ALIGNED, block, 0, alignment);             \
        real.delete_aligned_nothrow(block, alignment, nothrow);                                    \
        delete_ends(thread);                                                                       \
    }                                                                                              \
    void _Zd##d##PvmSt11align_val_t(void *block, size_t size, size_t alignment)                    \
    {                                                                                              \
        struct record_thread *thread =                                                             \
            aligned_delete_begins(TRACE_DELETE##array##_ALIGNED, block, size, alignment);          \
        real.delete_sized_aligned(block, size, alignment);                                         \
        delete_ends(thread);                                                                       \
    }

DEFINE_OPERATORS(single, w, l, )
DEFINE_OPERATORS(array, a, a, _ARRAY)
