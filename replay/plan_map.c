#include "replay/plan.h"

#include <sys/mman.h>
#include <sys/stat.h>

const struct plan *plan_map(int plan_fd)
{
    struct stat status;
    if (fstat(plan_fd, &status) != 0)
        return NULL;
    void *plan =
        mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, plan_fd, 0);
    return plan == MAP_FAILED ? NULL : plan;
}

void memory_warm(const void *memory, uint64_t bytes)
{
    enum { PAGE_BYTES = 4096 };
    const volatile char *next = memory;
    for (uint64_t at = 0; at < bytes; at += PAGE_BYTES)
        (void)next[at];
}

void plan_unmap(const struct plan *plan)
{
    munmap((void *)(uintptr_t)plan, plan->total_bytes);
}
