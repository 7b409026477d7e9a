#include "replay/memory_probe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, TEST_PAGES = 64 };

static size_t read_start(int fd, char *text, size_t room)
{
    ssize_t count = pread(fd, text, room - 1, 0);
    text[count > 0 ? count : 0] = '\0';
    return count > 0 ? (size_t)count : 0;
}

/* The second and third number of statm: resident and shared pages. */
static bool read_statm(int fd, uint64_t *resident, uint64_t *shared)
{
    char text[128], *next = text;
    if (!read_start(fd, text, sizeof text))
        return false;
    strtoull(next, &next, 10);
    *resident = strtoull(next, &next, 10) * PAGE_BYTES;
    *shared = strtoull(next, &next, 10) * PAGE_BYTES;
    return true;
}

/* The number of kibibytes behind `label`, in bytes, where it is there. */
static void find_labelled(const char *text, const char *label, uint64_t *bytes)
{
    const char *found = strstr(text, label);
    if (found)
        *bytes = strtoull(found + strlen(label), NULL, 10) * 1024;
}

/* 0 when it is not there. */
static uint64_t read_labelled(int fd, const char *label)
{
    char text[8192];
    uint64_t bytes = 0;
    if (read_start(fd, text, sizeof text))
        find_labelled(text, label, &bytes);
    return bytes;
}

uint64_t memory_read_mapped(int statm_fd)
{
    char text[128];
    return statm_fd >= 0 && read_start(statm_fd, text, sizeof text)
               ? strtoull(text, NULL, 10) * PAGE_BYTES
               : 0;
}

uint64_t memory_probe_read(const struct memory_probe *probe)
{
    uint64_t resident, shared;
    if (probe->kind == CELL_SMAPS_ROLLUP)
        return read_labelled(probe->fd, "Anonymous:");
    return read_statm(probe->fd, &resident, &shared) ? resident - shared : 0;
}

/* Kernels before 6.2 and some after it keep the counters behind statm per CPU and add them up late.
 */
static bool counts_single_pages(const struct memory_probe *probe)
{
    char *pages = mmap(NULL, TEST_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return false;
    madvise(pages, TEST_PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
    uint64_t before = memory_probe_read(probe);
    bool exact = before > 0;
    for (uint64_t i = 0; exact && i < TEST_PAGES; i++) {
        pages[i * PAGE_BYTES] = 1;
        exact = memory_probe_read(probe) == before + (i + 1) * PAGE_BYTES;
    }
    munmap(pages, TEST_PAGES * PAGE_BYTES);
    return exact;
}

bool memory_probe_open(struct memory_probe *probe)
{
    *probe = (struct memory_probe){CELL_STATM, open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
    if (probe->fd >= 0 && counts_single_pages(probe))
        return true;
    if (probe->fd >= 0)
        close(probe->fd);
    probe->kind = CELL_SMAPS_ROLLUP;
    probe->fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    return probe->fd >= 0;
}

/* ---- what is rarely read ---- */

enum { DETAIL_STEPS = 100, DETAIL_PEAK_PERCENT = 101 };

void memory_detail_open(struct memory_detail *detail, uint64_t sample_count)
{
    detail->fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    detail->sample_count = sample_count;
    atomic_store(&detail->peak_bytes, 0);
}

static bool is_new_peak(struct memory_detail *detail, uint64_t private_bytes)
{
    if (private_bytes * 100 <= atomic_load(&detail->peak_bytes) * DETAIL_PEAK_PERCENT)
        return false;
    atomic_store(&detail->peak_bytes, private_bytes);
    return true;
}

void memory_detail_read(struct memory_detail *detail, uint64_t sample, struct cell_look *look)
{
    char text[4096];
    uint64_t step = detail->sample_count / DETAIL_STEPS + 1;
    bool due = is_new_peak(detail, look->private_bytes) || sample % step == 0 ||
               sample + 1 == detail->sample_count;
    look->lazyfree_bytes = look->hugepage_bytes = CELL_UNKNOWN;
    if (!due || detail->fd < 0 || !read_start(detail->fd, text, sizeof text))
        return;
    find_labelled(text, "LazyFree:", &look->lazyfree_bytes);
    find_labelled(text, "AnonHugePages:", &look->hugepage_bytes);
}

/* ---- the kernel's own peak ---- */

bool memory_peak_reset(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, "5", 1) == 1;
    if (fd >= 0)
        close(fd);
    return ok;
}

uint64_t memory_file_read(void)
{
    int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    uint64_t bytes = status >= 0 ? read_labelled(status, "RssFile:") : 0;
    if (status >= 0)
        close(status);
    return bytes;
}

uint64_t memory_peak_read(void)
{
    uint64_t resident, shared;
    int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    uint64_t peak = status >= 0 ? read_labelled(status, "VmHWM:") : 0;
    bool ok = peak && statm >= 0 && read_statm(statm, &resident, &shared);
    if (status >= 0)
        close(status);
    if (statm >= 0)
        close(statm);
    return ok && peak > shared ? peak - shared : 0;
}
