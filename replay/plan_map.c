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

void plan_warm(const struct plan *plan)
{
    enum { PAGE_BYTES = 4096 };
    const volatile char *bytes = (const volatile char *)plan;
    for (uint64_t at = 0; at < plan->total_bytes; at += PAGE_BYTES)
        (void)bytes[at];
}

void plan_unmap(const struct plan *plan)
{
    munmap((void *)(uintptr_t)plan, plan->total_bytes);
}
