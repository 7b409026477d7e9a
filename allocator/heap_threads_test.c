/*
 * The drop-in with threads, on every rung: each thread keeps a shadow of its blocks, which bear
 * patterns, and hands some of them to others. Between rounds all wait while the heap and every
 * cache is checked; threads end with blocks left, which others free. Each rung runs in a child of
 * its own, since a process has one heap.
 *
 * HEAP_TEST_SEED=N repeats a run as far as threads can be repeated, HEAP_TEST_OPS=N sets its
 * length, HEAP_TEST_RUNG=WORDS leaves out the other rungs.
 */
#include "allocator/dropin_support.h"
#include "allocator/heap_cache.h"
#include "allocator/heap_test_support.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, GENERATIONS = 3, ROUNDS = 5, SLOTS = 100, MAILBOXES = 32, FILL_BYTES = 3000 };

struct letter {
    unsigned char *block;
    size_t bytes;
    unsigned char pattern;
};

struct worker {
    pthread_t thread;
    uint64_t random;
    struct letter slots[SLOTS];
};

static struct worker workers[THREADS];
static struct letter mailboxes[MAILBOXES];
static pthread_mutex_t mailbox_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static struct heap *the_heap;
static unsigned refusals; /* of memory for a heap, that are still to come */
static const char *the_spec;

struct heap *__real_heap_init(const struct heap_config *config);
struct heap *__wrap_heap_init(const struct heap_config *config);

struct heap *__wrap_heap_init(const struct heap_config *config)
{
    the_heap = refusals > 0 ? NULL : __real_heap_init(config);
    if (refusals > 0) {
        refusals--;
        errno = ENOMEM;
    }
    return the_heap;
}

/* In a child of fork, or a thread, cmocka's assertions have nowhere to go. */
static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "\"%s\": %s\n", the_spec, what);
        _exit(1);
    }
}

/* ---- blocks and their patterns ---- */

static size_t random_bytes(struct worker *worker)
{
    size_t kind = heap_test_below(&worker->random, 1000);
    size_t most = kind < 700 ? 150 : kind < 930 ? 2500 : kind < 998 ? 40000 : MIB;
    return heap_test_below(&worker->random, most);
}

static size_t filled_bytes(const struct letter *letter)
{
    return letter->bytes < FILL_BYTES ? letter->bytes : FILL_BYTES;
}

static void fill(struct worker *worker, struct letter *letter)
{
    letter->pattern = (unsigned char)heap_test_random(&worker->random);
    memset(letter->block, letter->pattern, filled_bytes(letter));
    if (letter->bytes > 0)
        letter->block[letter->bytes - 1] = letter->pattern;
}

static void verify(const struct letter *letter, size_t bytes)
{
    for (size_t i = 0; i < bytes && i < FILL_BYTES; i++)
        require(letter->block[i] == letter->pattern, "a block lost its contents");
}

static void fill_slot(struct worker *worker, struct letter *letter)
{
    size_t kind = heap_test_below(&worker->random, 8), alignment = 16;
    letter->bytes = random_bytes(worker);
    if (kind == 0) {
        letter->block = dropin_calloc(letter->bytes, 1);
        letter->pattern = 0;
        verify(letter, letter->bytes);
    } else if (kind == 1) {
        alignment = (size_t)32 << heap_test_below(&worker->random, 8);
        letter->block = dropin_memalign(alignment, letter->bytes);
    } else {
        letter->block = dropin_malloc(letter->bytes);
    }
    require(letter->block && (uintptr_t)letter->block % alignment == 0, "no aligned block");
    require(dropin_malloc_usable_size(letter->block) >= letter->bytes, "a block is too small");
    fill(worker, letter);
}

static void release(struct letter *letter)
{
    verify(letter, letter->bytes);
    errno = EDOM;
    dropin_free(letter->block);
    require(errno == EDOM, "free changed errno");
    letter->block = NULL;
}

static void resize(struct worker *worker, struct letter *letter)
{
    size_t bytes = 1 + random_bytes(worker);
    verify(letter, letter->bytes);
    letter->block = dropin_realloc(letter->block, bytes);
    require(letter->block, "no block from realloc");
    verify(letter, bytes < letter->bytes ? bytes : letter->bytes);
    letter->bytes = bytes;
    fill(worker, letter);
}

/* Hands a block over, and takes whatever was in the mailbox before. */
static void exchange(struct worker *worker, struct letter *letter)
{
    struct letter *mailbox = &mailboxes[heap_test_below(&worker->random, MAILBOXES)];
    pthread_mutex_lock(&mailbox_lock);
    struct letter taken = *mailbox;
    *mailbox = *letter;
    *letter = taken;
    pthread_mutex_unlock(&mailbox_lock);
}

static void step(struct worker *worker)
{
    struct letter *letter = &worker->slots[heap_test_below(&worker->random, SLOTS)];
    size_t kind = heap_test_below(&worker->random, 10);
    if (kind < 3)
        exchange(worker, letter);
    else if (!letter->block)
        fill_slot(worker, letter);
    else if (kind == 3)
        resize(worker, letter);
    else
        release(letter);
}

/* ---- rounds ---- */

static void check_all(void)
{
    struct heap_violation violation;
    char text[200];
    bool sound = heap_check(the_heap, &violation);
    for (const struct heap_cache *each = the_heap->caches; sound && each; each = each->next)
        sound = heap_cache_check(each, &violation);
    if (!sound)
        snprintf(text, sizeof text, "I%d broken: %s", violation.invariant, violation.text);
    require(sound, text);
}

static void *work(void *context)
{
    struct worker *worker = context;
    uint64_t steps = heap_test_number("HEAP_TEST_OPS", 400);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0; i < steps; i++)
            step(worker);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            check_all();
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void run_generation(void)
{
    for (size_t i = 0; i < THREADS; i++)
        require(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0, "no thread");
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    check_all();
}

static void release_all(struct letter *letters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (letters[i].block)
            release(&letters[i]);
}

/* ---- requests near the largest size ---- */

static void require_no_memory(const void *block, const char *what)
{
    require(!block && errno == ENOMEM, what);
    errno = 0;
}

static void refuse(size_t bytes, void *old)
{
    void *result = old;
    require_no_memory(dropin_malloc(bytes), "malloc gave too much");
    require_no_memory(dropin_calloc(1, bytes), "calloc gave too much");
    require_no_memory(dropin_calloc(bytes, 3), "calloc gave too many");
    require_no_memory(dropin_realloc(NULL, bytes), "realloc of NULL gave too much");
    require_no_memory(dropin_realloc(old, bytes), "realloc gave too much");
    require_no_memory(dropin_reallocarray(old, bytes, 1), "reallocarray gave too much");
    require_no_memory(dropin_reallocarray(old, 5, bytes), "reallocarray gave too many");
    for (size_t alignment = 8; alignment <= MIB; alignment *= 8) {
        require_no_memory(dropin_memalign(alignment, bytes), "memalign gave too much");
        require_no_memory(dropin_aligned_alloc(alignment, bytes), "aligned_alloc gave too much");
        require(dropin_posix_memalign(&result, alignment, bytes) == ENOMEM && result == old,
                "posix_memalign gave too much");
    }
    require_no_memory(dropin_valloc(bytes), "valloc gave too much");
    require_no_memory(dropin_pvalloc(bytes), "pvalloc gave too much");
}

static void refuse_what_is_too_much(void)
{
    char *small = dropin_malloc(100), *huge = dropin_malloc(20 * MIB);
    memset(small, 7, 100);
    huge[0] = huge[20 * MIB - 1] = 7;
    errno = 0;
    for (size_t less = 0; less < 9000; less += less < 70 ? 1 : 509) {
        refuse(SIZE_MAX - less, less % 2 ? small : huge);
        refuse(SIZE_MAX / 2 + 1 - less, small);
        refuse(SIZE_MAX / 2 + 1 + less, huge);
        refuse(((size_t)1 << 47) + less, small);
    }
    require(small[0] == 7 && small[99] == 7, "a refused realloc changed its block");
    require(huge[0] == 7 && huge[20 * MIB - 1] == 7, "a refused realloc changed its block");
    dropin_free(small);
    dropin_free(huge);
}

/* A process that has no memory at first has as many keys and caches as any other later. */
static void begin_without_memory(void)
{
    pthread_key_t key;
    for (refusals = PTHREAD_KEYS_MAX + 1; refusals > 0;)
        require_no_memory(dropin_malloc(10), "a block without a heap");
    require(pthread_key_create(&key, NULL) == 0, "no key is left");
}

static noreturn void run_child(void)
{
    setenv("HEAP_OPTIONS", the_spec, 1);
    begin_without_memory();
    refuse_what_is_too_much();
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        workers[i].random = heap_test_number("HEAP_TEST_SEED", 20250301) * 8 + i + 1;
    for (size_t i = 0; i < GENERATIONS; i++)
        run_generation();
    for (size_t i = 0; i < THREADS; i++)
        release_all(workers[i].slots, SLOTS);
    release_all(mailboxes, MAILBOXES);
    struct heap_stats stats;
    require(!the_heap->caches || !the_heap->caches->next, "a thread that ended left its cache");
    if (the_heap->caches)
        heap_cache_flush(the_heap->caches);
    check_all();
    heap_stats(the_heap, &stats);
    require(stats.in_use_chunks + stats.huge_blocks == 0, "blocks were lost");
    _exit(0);
}

static void run_rung(const char *spec)
{
    const char *wanted = getenv("HEAP_TEST_RUNG");
    int status;
    if (wanted && strcmp(wanted, spec) != 0)
        return;
    the_spec = spec;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child();
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0)
        fail_msg("\"%s\": status %#x", spec, (unsigned)status);
}

static void threads_agree_with_their_shadows_by_default(void **state)
{
    (void)state;
    run_rung("");
}

static void threads_agree_with_their_shadows_on_every_rung(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++)
        run_rung(heap_test_specs[i]);
}

static void threads_with_caches_agree_with_their_shadows_on_every_rung(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++) {
        char spec[64];
        snprintf(spec, sizeof spec, "%s+cache", heap_test_specs[i]);
        run_rung(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_agree_with_their_shadows_by_default),
        cmocka_unit_test(threads_agree_with_their_shadows_on_every_rung),
        cmocka_unit_test(threads_with_caches_agree_with_their_shadows_on_every_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
