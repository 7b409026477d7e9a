#include "replay/feed_source.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

bool feed_source_open(struct feed_source *source, struct plan_spool *spool, uint32_t loops,
                      struct error *error)
{
    uint64_t ahead_bytes = PLAN_AHEAD_WORDS * sizeof(uint64_t);
    uint64_t buffer_bytes = whole_pages(plan_spool_window_bytes(spool) + ahead_bytes);
    uint64_t header_bytes = whole_pages(sizeof(struct feed));
    uint64_t bytes = header_bytes + FEED_BUFFERS * buffer_bytes;
    *source = (struct feed_source){.fd = memfd_create("feed", MFD_CLOEXEC),
                                   .spool = spool,
                                   .total = plan_spool_windows(spool) * loops};
    void *feed = MAP_FAILED;
    if (source->fd >= 0 && ftruncate(source->fd, (off_t)bytes) == 0)
        feed = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, source->fd, 0);
    if (feed == MAP_FAILED)
        return error_set(error, ERROR_MEMORY, "no memory to feed a large plan: %s",
                         strerror(errno));
    source->feed = feed;
    *source->feed = (struct feed){.total_bytes = bytes,
                                  .buffer_bytes = buffer_bytes,
                                  .buffers_offset = header_bytes,
                                  .window_count = plan_spool_windows(spool)};
    return feed_source_fill(source, error);
}

static bool is_free(const struct feed_source *source)
{
    struct feed *feed = source->feed;
    return atomic_load(&feed->buffers[source->next % FEED_BUFFERS].streams) == 0;
}

bool feed_source_fill(struct feed_source *source, struct error *error)
{
    struct feed *feed = source->feed;
    while (source->next < source->total && is_free(source)) {
        uint32_t streams = plan_spool_read(source->spool, source->next % feed->window_count,
                                           feed_buffer(feed, source->next), error);
        if (!streams)
            return false;
        atomic_store(&feed->buffers[source->next % FEED_BUFFERS].streams, streams);
        atomic_store(&feed->loaded, ++source->next);
        if (atomic_load(&feed->sleepers))
            syscall(SYS_futex, &feed->loaded, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    }
    return true;
}

double feed_source_progress(const struct feed_source *source)
{
    return (double)source->next / (double)source->total;
}

void feed_source_close(struct feed_source *source)
{
    if (source->feed)
        munmap(source->feed, source->feed->total_bytes);
    if (source->fd >= 0)
        close(source->fd);
    *source = (struct feed_source){.fd = -1};
}
