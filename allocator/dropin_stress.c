/*
 * Threads that allocate, hand blocks to each other and free them, while the main thread forks
 * children that must be able to allocate at once, and start threads of their own. To be run with
 * libheap.so preloaded; prints the file that malloc came from, then "ok".
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, MAILBOXES = 256, FORKS = 100, LEAST_ROUNDS = 20000, CHILD_SECONDS = 20 };

static _Atomic(unsigned char *) mailboxes[MAILBOXES];
static atomic_bool forks_done;

static void fail(const char *what)
{
    fprintf(stderr, "dropin_stress: %s\n", what);
    _exit(1);
}

static unsigned next_random(unsigned *random)
{
    *random = *random * 1103515245 + 12345;
    return *random >> 16;
}

/* A block's first 4 bytes are its size, the others repeat the size's lowest byte. */
static unsigned char *new_block(unsigned *random)
{
    uint32_t bytes = 4 + next_random(random) % 300;
    if (next_random(random) % 100 == 0)
        bytes *= 400;
    unsigned char *block = NULL;
    switch (next_random(random) % 4) {
    case 0:
        block = calloc(1, bytes);
        break;
    case 1:
        if (posix_memalign((void **)&block, 64, bytes) != 0)
            fail("no aligned block");
        break;
    default:
        block = malloc(bytes);
    }
    if (!block)
        fail("no block");
    memset(block, (int)(bytes & 0xff), bytes);
    memcpy(block, &bytes, sizeof bytes);
    return block;
}

static void check_block(const unsigned char *block)
{
    uint32_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    for (uint32_t i = sizeof bytes; i < bytes; i++)
        if (block[i] != (bytes & 0xff))
            fail("a block lost its contents");
}

static void exchange(unsigned *random)
{
    unsigned char *block = new_block(random);
    block = atomic_exchange(&mailboxes[next_random(random) % MAILBOXES], block);
    if (!block)
        return;
    check_block(block);
    if (next_random(random) % 4 == 0) {
        uint32_t bytes;
        memcpy(&bytes, block, sizeof bytes);
        block = realloc(block, bytes + 200);
        check_block(block);
    }
    free(block);
}

static void *work(void *seed)
{
    unsigned random = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < LEAST_ROUNDS || !atomic_load(&forks_done); i++)
        exchange(&random);
    return NULL;
}

static void *work_in_child(void *seed)
{
    unsigned random = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < 100; i++)
        exchange(&random);
    return NULL;
}

/* A lock that the fork left held would stop the child here, until the alarm kills it. */
static void run_child(uintptr_t seed)
{
    pthread_t thread;
    alarm(CHILD_SECONDS);
    work_in_child((void *)seed);
    if (pthread_create(&thread, NULL, work_in_child, (void *)(seed + 1)) != 0)
        fail("no thread in a child");
    work_in_child((void *)(seed + 2));
    pthread_join(thread, NULL);
    _exit(0);
}

static void fork_and_wait(uintptr_t seed)
{
    int status;
    pid_t child = fork();
    if (child < 0)
        fail("no child");
    if (child == 0)
        run_child(seed);
    if (waitpid(child, &status, 0) != child || status != 0)
        fail("a child of fork could not allocate");
}

int main(void)
{
    pthread_t threads[THREADS];
    Dl_info info;
    if (!dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info))
        fail("malloc is nowhere");
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)) != 0)
            fail("no thread");
    for (uintptr_t i = 0; i < FORKS; i++)
        fork_and_wait(1000 + i);
    atomic_store(&forks_done, true);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%s\nok\n", info.dli_fname);
    return 0;
}
