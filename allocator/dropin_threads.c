/*
 * Threads that end in awkward ways, with libheap.so preloaded: destructors that free and allocate
 * after the thread's cache was closed, blocks that outlive their thread, threads that are cancelled
 * or detached, libraries that are loaded and unloaded meanwhile. dropin_threads PLUGIN; prints
 * "ok".
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS = 40, THREADS = 200, BLOCKS = 50, LOADS = 50 };

static pthread_key_t keys[KEYS];
static atomic_uint destroyed;
static const char *plugin;

static void fail(const char *what)
{
    fprintf(stderr, "dropin_threads: %s\n", what);
    _exit(1);
}

/* Some keys are older than the one that closes the cache, some younger; each comes back twice. */
static void destroy(void *value)
{
    unsigned char *block = value;
    unsigned round = block[0];
    for (size_t i = 1; i < 64; i++)
        if (block[i] != round)
            fail("a block lost its contents before its destructor ran");
    free(block);
    atomic_fetch_add(&destroyed, 1);
    if (round == 2)
        return;
    for (size_t k = 0; k < KEYS; k++)
        if (!pthread_getspecific(keys[k])) {
            block = calloc(1, 64 + 100 * k);
            if (!block)
                fail("no block in a destructor");
            memset(block, (int)round + 1, 64);
            pthread_setspecific(keys[k], block);
            return;
        }
}

static void *live_and_die(void *unused)
{
    void *blocks[BLOCKS];
    (void)unused;
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(i * 37);
    for (size_t k = 0; k < KEYS; k++) {
        void *block = malloc(64);
        if (!block)
            fail("no block");
        memset(block, 0, 64);
        pthread_setspecific(keys[k], block);
    }
    for (size_t i = 0; i < BLOCKS; i += 2)
        free(blocks[i]);
    for (size_t i = 1; i < BLOCKS; i += 2)
        if (i % 4 == 1)
            free(blocks[i]);
    return blocks[3]; /* freed by who joins; of the others 11 are left behind */
}

static void *wait_for_cancel(void *unused)
{
    (void)unused;
    free(malloc(100));
    for (;;)
        pause();
    return NULL;
}

static void *load_and_unload(void *unused)
{
    (void)unused;
    for (int i = 0; i < LOADS; i++) {
        void *library = dlopen(plugin, RTLD_NOW);
        char *(*text_of)(const char *) = NULL;
        if (library)
            *(void **)(void *)&text_of = dlsym(library, "plugin_text");
        if (!text_of)
            fail("no plugin");
        char *text = text_of("what a library allocates outlives it");
        dlclose(library);
        if (strcmp(text, "what a library allocates outlives it") != 0)
            fail("the block of a library lost its contents");
        free(text);
    }
    return NULL;
}

static pthread_t start(void *(*run)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) != 0)
        fail("no thread");
    return thread;
}

int main(int argc, char **argv)
{
    plugin = argc > 1 ? argv[1] : "";
    for (size_t k = 0; k < KEYS; k++)
        if (pthread_key_create(&keys[k], destroy) != 0)
            fail("no key");
    pthread_t loader = start(load_and_unload);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread = start(live_and_die), cancelled = start(wait_for_cancel);
        void *left;
        pthread_detach(start(wait_for_cancel));
        pthread_cancel(cancelled);
        pthread_join(cancelled, NULL);
        pthread_join(thread, &left);
        free(left);
    }
    pthread_join(loader, NULL);
    if (atomic_load(&destroyed) < THREADS * KEYS)
        fail("destructors did not run");
    puts("ok");
    return 0;
}
