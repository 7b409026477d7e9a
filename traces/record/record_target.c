/*
 * record_target.c - a program with a known sequence of calls, for the tests of the recorder.
 *
 *     record_target family | threads | names | fork | vfork | _exit | kill | exec | dlopen LIBRARY
 * | late THREADS | fill MEGABYTES | exchange COUNT
 *
 * It allocates nothing besides what the mode says: output goes by write.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* C++ operators, as a C++ compiler calls them: new, new[], delete of known size, delete[]. */
void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void _ZdlPv(void *block);
void _ZdlPvm(void *block, size_t size);
void _ZdaPv(void *block);
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment);
#pragma weak _Znwm
#pragma weak _Znam
#pragma weak _ZnwmSt11align_val_t
#pragma weak _ZdlPv
#pragma weak _ZdlPvm
#pragma weak _ZdaPv
#pragma weak _ZdlPvmSt11align_val_t

/* Keeps the compiler from knowing what a block is, and so from leaving a call out. */
static void *volatile hidden;
static volatile size_t huge = SIZE_MAX / 2;
static volatile size_t zero = 0;

static void *hide(void *block)
{
    hidden = block;
    return hidden;
}

static void acquire_in_every_way(void)
{
    void *block = NULL;
    free(hide(malloc(101)));
    free(hide(calloc(7, 103)));
    free(hide(reallocarray(NULL, 3, 105)));
    free(hide(memalign(64, 106)));
    free(hide(aligned_alloc(128, 256)));
    if (posix_memalign(&block, 32, 107) == 0)
        free(hide(block));
    free(hide(valloc(108)));
    free(hide(pvalloc(109)));
}

static void reallocate(void)
{
    void *block = hide(realloc(NULL, 201));
    block = hide(realloc(block, 20002));
    void *failed = realloc(block, huge);
    block = hide(reallocarray(failed != NULL ? failed : block, 2, 203));
    hide(realloc(block, zero));
}

static void fail(void)
{
    void *block = NULL;
    free(hide(malloc(huge)));
    free(hide(calloc(huge, 4)));
    free(hide(reallocarray(NULL, huge, 4)));
    if (posix_memalign(&block, 3, 301) == 0)
        free(block);
    free(hide(malloc(zero)));
    free(hide(NULL));
}

static void operate(void)
{
    if (_Znwm == NULL)
        return;
    _ZdlPv(_Znwm(401));
    _ZdlPvm(_Znwm(402), 402);
    _ZdaPv(_Znam(403));
    _ZdlPvmSt11align_val_t(_ZnwmSt11align_val_t(404, 256), 404, 256);
}

static void family(void)
{
    acquire_in_every_way();
    reallocate();
    fail();
    void *block = hide(malloc(501));
    huge = malloc_usable_size(block);
    free(block);
    operate();
}

static void *worker(void *block)
{
    pthread_setname_np(pthread_self(), "worker");
    free(block);
    return malloc(602);
}

static void threads(void)
{
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        void *block;
        if (pthread_create(&thread, NULL, worker, malloc(601)) != 0)
            exit(1);
        pthread_join(thread, &block);
        free(block);
    }
}

/* One thread is given its name before its first call, one after it. */
static void *allocate_in_between(void *barrier)
{
    pthread_barrier_wait(barrier);
    free(hide(malloc(603)));
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

static void names(void)
{
    pthread_t first, second;
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 3);
    if (pthread_create(&first, NULL, allocate_in_between, &barrier) != 0 ||
        pthread_create(&second, NULL, allocate_in_between, &barrier) != 0)
        exit(1);
    pthread_setname_np(first, "early");
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    pthread_setname_np(second, "late");
    pthread_barrier_wait(&barrier);
    pthread_join(first, NULL);
    pthread_join(second, NULL);
}

/* Threads whose only calls come in the last round of destructors, the recorder's own has run. */
static pthread_key_t late_key;

static void call_late(void *rounds)
{
    if ((intptr_t)rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
        pthread_setspecific(late_key, (void *)((intptr_t)rounds + 1));
    else
        free(hide(malloc(604)));
}

static void *end_late(void *unused)
{
    (void)unused;
    pthread_setspecific(late_key, (void *)1);
    return NULL;
}

static void late(long count)
{
    pthread_key_create(&late_key, call_late);
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, end_late, NULL) != 0)
            exit(1);
        pthread_join(thread, NULL);
    }
}

static void load(const char *library)
{
    void *loaded = dlopen(library, RTLD_NOW);
    void (*call)(void) = NULL;
    if (loaded != NULL)
        *(void **)(void *)&call = dlsym(loaded, "call");
    if (call == NULL)
        exit(1);
    call();
    dlclose(loaded);
}

static void fork_and_free(void)
{
    void *inherited = hide(malloc(701));
    pid_t child = fork();
    if (child == 0) {
        free(hide(malloc(702)));
        free(inherited);
        exit(0);
    }
    waitpid(child, NULL, 0);
    free(hide(malloc(703)));
    free(inherited);
}

static void vfork_and_exec(char *program)
{
    free(hide(malloc(801)));
    char mode[] = "_exit";
    pid_t child = vfork();
    if (child == 0) {
        execl(program, program, mode, (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    free(hide(malloc(802)));
}

static void allocate_and(const char *how, char *program)
{
    hide(malloc(901));
    char mode[] = "family";
    if (strcmp(how, "_exit") == 0)
        _exit(5);
    if (strcmp(how, "kill") == 0)
        kill(getpid(), SIGKILL);
    execl(program, program, mode, (char *)NULL);
}

/* Enough calls to fill so many megabytes of recording. */
static void fill(long megabytes)
{
    long calls = megabytes * 1024 * 1024 / 40; /* of malloc and free together */
    for (long i = 0; i < calls; i++)
        free(hide(malloc(16)));
    static const char done[] = "went on to its end\n";
    if (write(STDOUT_FILENO, done, sizeof done - 1) < 0)
        exit(1);
}

/*
 * Threads pass blocks on through a few places that all of them fight for, so that an address goes
 * from thread to thread within nanoseconds; half of the calls are reallocs.
 */
enum { PLACES = 4, EXCHANGERS = 4 };
static _Atomic(void *) places[PLACES];

struct exchanger {
    pthread_t id;
    unsigned state; /* of its random numbers */
    long count;
};

static void *exchange_blocks(void *argument)
{
    struct exchanger *self = argument;
    for (long i = 0; i < self->count; i++) {
        unsigned state = self->state = self->state * 1664525 + 1013904223;
        size_t size = 16 + (state >> 16) % 3 * 600;
        void *block = atomic_exchange(&places[(state >> 24) % PLACES], NULL);
        block = (state >> 28) % 2 ? realloc(block, size) : (free(block), malloc(size));
        free(atomic_exchange(&places[(state >> 20) % PLACES], block));
    }
    return NULL;
}

static void exchange(long count)
{
    mallopt(M_ARENA_MAX, 1);
    struct exchanger exchangers[EXCHANGERS];
    for (unsigned i = 0; i < EXCHANGERS; i++) {
        exchangers[i] = (struct exchanger){.state = i, .count = count};
        if (pthread_create(&exchangers[i].id, NULL, exchange_blocks, &exchangers[i]) != 0)
            exit(1);
    }
    for (int i = 0; i < EXCHANGERS; i++)
        pthread_join(exchangers[i].id, NULL);
    for (int i = 0; i < PLACES; i++)
        free(atomic_load(&places[i]));
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    long number = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (strcmp(mode, "family") == 0)
        family();
    else if (strcmp(mode, "threads") == 0)
        threads();
    else if (strcmp(mode, "names") == 0)
        names();
    else if (strcmp(mode, "late") == 0)
        late(number);
    else if (strcmp(mode, "dlopen") == 0)
        load(argv[2]);
    else if (strcmp(mode, "fork") == 0)
        fork_and_free();
    else if (strcmp(mode, "vfork") == 0)
        vfork_and_exec(argv[0]);
    else if (strcmp(mode, "fill") == 0)
        fill(number);
    else if (strcmp(mode, "exchange") == 0)
        exchange(number);
    else
        allocate_and(mode, argv[0]);
    return 0;
}
