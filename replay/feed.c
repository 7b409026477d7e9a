#include "replay/feed.h"

#include "replay/real_clock.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct feed *feed_map(int feed_fd)
{
    struct stat status;
    if (fstat(feed_fd, &status) != 0)
        return NULL;
    void *feed = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_POPULATE, feed_fd, 0);
    if (feed == MAP_FAILED)
        return NULL;
    memory_warm(feed, (uint64_t)status.st_size);
    return feed;
}

/* Another process wakes the sleeper, so the futex is not a private one. */
static void wait_for(struct feed *feed, uint32_t number)
{
    enum { YIELDS = 5 };
    for (int i = 0; i < YIELDS && atomic_load(&feed->loaded) <= number; i++)
        sched_yield();
    atomic_fetch_add(&feed->sleepers, 1);
    for (unsigned loaded; (loaded = atomic_load(&feed->loaded)) <= number;)
        syscall(SYS_futex, &feed->loaded, FUTEX_WAIT, loaded, NULL, NULL, 0);
    atomic_fetch_sub(&feed->sleepers, 1);
}

const uint64_t *feed_enter(const struct feed_reader *reader, uint64_t word, uint64_t *wait_ns)
{
    struct feed *feed = reader->feed;
    uint32_t number = reader->first + plan_slot(word);
    if (atomic_load_explicit(&feed->loaded, memory_order_acquire) <= number) {
        uint64_t began_ns = real_clock_ns(CLOCK_MONOTONIC);
        wait_for(feed, number);
        *wait_ns += real_clock_ns(CLOCK_MONOTONIC) - began_ns;
    }
    return feed_buffer(feed, number) + plan_size(word);
}

void feed_leave(const struct feed_reader *reader, uint32_t window)
{
    uint32_t number = reader->first + window;
    atomic_fetch_sub(&reader->feed->buffers[number % FEED_BUFFERS].streams, 1);
}
