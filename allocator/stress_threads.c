/*
 * Three classic loops of threads that do nothing but allocate and free, to be run on any malloc:
 *
 *   larson   servers: a thread replaces random blocks of an array, hands the array on to a new
 *            thread and ends (after Larson and Krishnan, ISMM 1998)
 *   queue    producers allocate blocks, consumers free them, a bounded queue between them (after
 *            Berger et al., Hoard, ASPLOS 2000); one thread alone does both in turn
 *   churn    threads that live for a thousand blocks each, one after another
 *
 * An operation is one block allocated, written at both ends, and freed. Sizes and places are the
 * same in every run with the same seed; how threads meet is not. Prints CSV.
 */
#include <argp.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_THREADS = 256,
    LARSON_BLOCKS = 1000,    /* in a thread's array */
    LARSON_LIFETIME = 20000, /* operations until the array is handed on */
    BATCH_BLOCKS = 64,       /* that pass through the queue at once */
    QUEUE_BATCHES = 64,
    CHURN_BLOCKS = 100, /* live in a thread */
    CHURN_LIFETIME = 1000,
};

struct stress {
    const char *pattern;
    unsigned threads;
    uint64_t operations, seed;
};

/* What one thread works on; of larson what its heirs go on with. */
struct work {
    uint64_t operations; /* still to do */
    uint64_t random;
    void *blocks[LARSON_BLOCKS];
};

static struct work works[MAX_THREADS];
static pthread_t threads[MAX_THREADS];

static void fail(const char *what, int reason)
{
    fprintf(stderr, "stress_threads: %s: %s\n", what, strerror(reason));
    _exit(1);
}

/* D. E. Knuth's MMIX generator, of which the upper bits are good. */
static uint32_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*random >> 33);
}

/* 10 to 500 bytes as Larson has it, and one block in 32 up to 8 KiB. */
static size_t random_bytes(uint64_t *random)
{
    uint32_t number = next_random(random);
    size_t most = number % 32 == 0 ? 8192 : 500;
    return 10 + (number >> 5) % (most - 9);
}

static void *new_block(uint64_t *random)
{
    size_t bytes = random_bytes(random);
    char *block = malloc(bytes);
    if (!block)
        fail("no block", ENOMEM);
    block[0] = block[bytes - 1] = 1;
    return block;
}

static void replace_blocks(void **blocks, uint32_t count, uint64_t *random, uint64_t operations)
{
    for (; operations > 0; operations--) {
        void **block = &blocks[next_random(random) % count];
        free(*block);
        *block = new_block(random);
    }
}

static void free_blocks(void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
}

static void start(pthread_t *thread, void *(*run)(void *), struct work *work)
{
    int reason = pthread_create(thread, NULL, run, work);
    if (reason != 0)
        fail("no thread", reason);
}

static void start_each(void *(*run)(void *), unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        start(&threads[i], run, &works[i]);
}

static void join_each(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* ---- larson ---- */

static sem_t arrays_done;

static void *serve(void *argument)
{
    struct work *work = argument;
    uint64_t now = work->operations < LARSON_LIFETIME ? work->operations : LARSON_LIFETIME;
    pthread_t heir;
    pthread_detach(pthread_self());
    replace_blocks(work->blocks, LARSON_BLOCKS, &work->random, now);
    work->operations -= now;
    if (work->operations > 0) {
        start(&heir, serve, work);
        return NULL;
    }
    free_blocks(work->blocks, LARSON_BLOCKS);
    sem_post(&arrays_done);
    return NULL;
}

static void run_larson(const struct stress *stress)
{
    sem_init(&arrays_done, 0, 0);
    start_each(serve, 0, stress->threads);
    for (unsigned i = 0; i < stress->threads; i++)
        sem_wait(&arrays_done);
}

/* ---- queue ---- */

struct batch {
    void *blocks[BATCH_BLOCKS];
    size_t count;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    struct batch batches[QUEUE_BATCHES];
    size_t first, count;
    unsigned producers; /* that have not ended */
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .filled = PTHREAD_COND_INITIALIZER,
           .emptied = PTHREAD_COND_INITIALIZER};

static void put_batch(const struct batch *batch)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == QUEUE_BATCHES)
        pthread_cond_wait(&queue.emptied, &queue.lock);
    queue.batches[(queue.first + queue.count++) % QUEUE_BATCHES] = *batch;
    pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
}

/* False when the queue is empty and nobody fills it any more. */
static bool take_batch(struct batch *batch)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0 && queue.producers > 0)
        pthread_cond_wait(&queue.filled, &queue.lock);
    bool taken = queue.count > 0;
    if (taken) {
        *batch = queue.batches[queue.first];
        queue.first = (queue.first + 1) % QUEUE_BATCHES;
        queue.count--;
        pthread_cond_signal(&queue.emptied);
    }
    pthread_mutex_unlock(&queue.lock);
    return taken;
}

/* At most so many batches as the queue takes. */
static void produce_batches(struct work *work, uint64_t batches)
{
    struct batch batch;
    for (; work->operations > 0 && batches > 0; batches--) {
        batch.count = work->operations < BATCH_BLOCKS ? (size_t)work->operations : BATCH_BLOCKS;
        for (size_t i = 0; i < batch.count; i++)
            batch.blocks[i] = new_block(&work->random);
        work->operations -= batch.count;
        put_batch(&batch);
    }
}

static void *produce(void *work)
{
    produce_batches(work, UINT64_MAX);
    pthread_mutex_lock(&queue.lock);
    queue.producers--;
    pthread_cond_broadcast(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
    return NULL;
}

static void *consume(void *nothing)
{
    struct batch batch;
    (void)nothing;
    while (take_batch(&batch))
        free_blocks(batch.blocks, batch.count);
    return NULL;
}

static void *produce_and_consume(void *argument)
{
    struct work *work = argument;
    while (work->operations > 0) {
        produce_batches(work, QUEUE_BATCHES);
        consume(NULL);
    }
    return NULL;
}

static void run_queue(const struct stress *stress)
{
    queue.producers = stress->threads / 2;
    if (queue.producers == 0) {
        start_each(produce_and_consume, 0, 1);
    } else {
        start_each(produce, 0, queue.producers);
        start_each(consume, queue.producers, stress->threads);
    }
    join_each(stress->threads);
}

/* ---- churn ---- */

static void *live_briefly(void *argument)
{
    struct work *work = argument;
    void *blocks[CHURN_BLOCKS] = {0};
    replace_blocks(blocks, CHURN_BLOCKS, &work->random, work->operations);
    free_blocks(blocks, CHURN_BLOCKS);
    return NULL;
}

static void run_churn(const struct stress *stress)
{
    uint64_t left = stress->operations;
    unsigned alive = 0;
    for (unsigned place = 0; left > 0; place = (place + 1) % stress->threads) {
        if (alive == stress->threads)
            pthread_join(threads[place], NULL);
        else
            alive++;
        works[place].operations = left < CHURN_LIFETIME ? left : CHURN_LIFETIME;
        left -= works[place].operations;
        start(&threads[place], live_briefly, &works[place]);
    }
    join_each(alive);
}

/* ---- the run ---- */

static const struct {
    const char *name;
    void (*run)(const struct stress *stress);
} patterns[] = {{"larson", run_larson}, {"queue", run_queue}, {"churn", run_churn}};

enum { PATTERNS = sizeof patterns / sizeof patterns[0] };

/* Who works is given an even share; the consumers of queue are given nothing. */
static void share_work(const struct stress *stress)
{
    bool is_queue = strcmp(stress->pattern, "queue") == 0;
    unsigned workers = is_queue && stress->threads > 1 ? stress->threads / 2 : stress->threads;
    for (unsigned i = 0; i < stress->threads; i++) {
        works[i].random = stress->seed * MAX_THREADS + i;
        if (i < workers)
            works[i].operations = stress->operations / workers + (i < stress->operations % workers);
    }
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Of this program alone; that of getrusage is also of the shell it was started from. */
static uint64_t peak_rss_bytes(void)
{
    char line[256];
    uint64_t kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status)
        fail("/proc/self/status", errno);
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
            break;
    fclose(status);
    return kib * 1024;
}

/* Where malloc comes from: ld.so goes on without what it cannot preload. */
static const char *malloc_file(void)
{
    Dl_info info;
    void *function = dlsym(RTLD_DEFAULT, "malloc");
    return function && dladdr(function, &info) ? info.dli_fname : "";
}

static void run_and_print(const struct stress *stress)
{
    share_work(stress);
    int64_t wall_ns = clock_ns(CLOCK_MONOTONIC), cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < PATTERNS; i++)
        if (strcmp(patterns[i].name, stress->pattern) == 0)
            patterns[i].run(stress);
    cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    wall_ns = clock_ns(CLOCK_MONOTONIC) - wall_ns;
    uint64_t rss_bytes = peak_rss_bytes();
    double second = 1e9 * (double)stress->operations;
    printf("pattern,threads,seed,operations,wall_ns,cpu_ns,operations_per_wall_s,"
           "operations_per_cpu_s,peak_rss_bytes,malloc_file\n");
    printf("%s,%u,%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%" PRId64 ",%.0f,%.0f,%" PRIu64 ",\"%s\"\n",
           stress->pattern, stress->threads, stress->seed, stress->operations, wall_ns, cpu_ns,
           second / (double)wall_ns, second / (double)cpu_ns, rss_bytes, malloc_file());
}

/* ---- the command line ---- */

static uint64_t parse_number(const char *text, const char *name, uint64_t most,
                             struct argp_state *state)
{
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || number < 1 || number > most)
        argp_error(state, "--%s=%s: expected a number from 1 to %" PRIu64, name, text, most);
    return number;
}

static void take_pattern(struct stress *stress, const char *name, struct argp_state *state)
{
    if (stress->pattern)
        argp_error(state, "'%s': one pattern at a time", name);
    for (size_t i = 0; i < PATTERNS; i++)
        if (strcmp(patterns[i].name, name) == 0)
            stress->pattern = patterns[i].name;
    if (!stress->pattern)
        argp_error(state, "no pattern '%s'; there are larson, queue and churn", name);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct stress *stress = state->input;
    switch (key) {
    case 't':
        stress->threads = (unsigned)parse_number(argument, "threads", MAX_THREADS, state);
        return 0;
    case 'n':
        stress->operations = parse_number(argument, "operations", UINT64_C(1) << 40, state);
        return 0;
    case 's':
        stress->seed = parse_number(argument, "seed", UINT32_MAX, state);
        return 0;
    case ARGP_KEY_ARG:
        take_pattern(stress, argument, state);
        return 0;
    case ARGP_KEY_END:
        if (!stress->pattern)
            argp_error(state, "which pattern? There are larson, queue and churn");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"threads", 't', "N", 0, "threads at a time (default 2)", 0},
        {"operations", 'n', "N", 0, "of all threads together (default 1000000)", 0},
        {"seed", 's', "N", 0, "of sizes and places (default 1)", 0},
        {0},
    };
    static const struct argp parser = {
        .options = options,
        .parser = parse_option,
        .args_doc = "larson|queue|churn",
        .doc = "Threads that do nothing but allocate and free, on whatever malloc is preloaded; "
               "prints a header and a row of CSV.\v"
               "larson: a thread replaces random blocks of its array and hands it on to a new "
               "thread. queue: half of the threads allocate, the others free what they are sent. "
               "churn: threads that live for a thousand operations. An operation is one block "
               "allocated, written at both ends and freed. scripts/bench_threads compares "
               "allocators.\n\n"
               "Exit status: 0 ok, 1 no memory or no thread, 2 usage."};
    struct stress stress = {.threads = 2, .operations = 1000000, .seed = 1};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &stress);
    run_and_print(&stress);
    return fflush(stdout) == 0 ? 0 : 1;
}
