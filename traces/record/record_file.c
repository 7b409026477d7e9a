#include "traces/record/record_file.h"
#include "traces/record/record_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FIRST_BYTES = RAW_HEADER_BYTES + RAW_CHUNK_BYTES,
    STEP_BYTES =
        1 << 20, /* disk space is allocated in steps of this size by all but small processes */
    FIRST_DESCRIPTOR = 700, /* out of the way of programs that count on low numbers */
    MAX_NAMES = 10000,
};

struct raw_header *record_header;

static struct {
    char path[PATH_MAX];
    int descriptor;
    dev_t device;
    ino_t inode;
    atomic_uint_fast64_t taken;     /* bytes of the file given to chunks */
    atomic_uint_fast64_t allocated; /* bytes of the file that are on disk */
    atomic_flag allocating;
} file = {.descriptor = -1, .allocating = ATOMIC_FLAG_INIT};

/* For file systems without fallocate. Slower, but it reserves the space as well. */
static int write_zeros(uint64_t from, uint64_t bytes)
{
    static const char zeros[4096];
    for (uint64_t done = 0; done < bytes; done += sizeof zeros)
        if (pwrite(file.descriptor, zeros, sizeof zeros, (off_t)(from + done)) !=
            (ssize_t)sizeof zeros)
            return errno != 0 ? errno : ENOSPC;
    return 0;
}

/*
 * Exceeding the program's own limit on file sizes (RLIMIT_FSIZE) is answered with SIGXFSZ, which
 * would end the program: it is held back and taken away.
 */
static int allocate(uint64_t from, uint64_t bytes)
{
    sigset_t too_large, before;
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &too_large, &before);
    int error = fallocate(file.descriptor, 0, (off_t)from, (off_t)bytes) == 0 ? 0 : errno;
    if (error == EOPNOTSUPP)
        error = write_zeros(from, bytes);
    if (error == EFBIG)
        sigtimedwait(&too_large, NULL, &(struct timespec){0, 0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Programs close descriptors that they do not know, and reuse their numbers. */
static bool descriptor_is_ours(void)
{
    struct stat status;
    if (fstat(file.descriptor, &status) == 0 && status.st_dev == file.device &&
        status.st_ino == file.inode)
        return true;
    int again = open(file.path, O_RDWR | O_CLOEXEC);
    if (again < 0)
        return false;
    file.descriptor = fcntl(again, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    if (file.descriptor < 0)
        file.descriptor = again;
    else
        close(again);
    return true;
}

static bool create(const char *directory)
{
    int low = -1;
    for (int number = 0; low < 0 && number < MAX_NAMES; number++) {
        int length =
            snprintf(file.path, sizeof file.path, "%s/%d.%d.raw", directory, (int)getpid(), number);
        if (length < 0 || (size_t)length >= sizeof file.path)
            return false;
        low = open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (low < 0 && errno != EEXIST)
            return false;
    }
    if (low < 0)
        return false;
    file.descriptor = fcntl(low, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    if (file.descriptor < 0)
        file.descriptor = low;
    else
        close(low);
    struct stat status;
    if (fstat(file.descriptor, &status) != 0)
        return false;
    file.device = status.st_dev;
    file.inode = status.st_ino;
    return true;
}

static uint32_t read_file(const char *path, char *text, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    ssize_t bytes = read(descriptor, text, size);
    close(descriptor);
    return bytes > 0 ? (uint32_t)bytes : 0;
}

static void fill_header(struct raw_header *header, uint32_t forked_from)
{
    char link[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);
    if (length > 0) {
        link[length] = '\0';
        const char *slash = strrchr(link, '/');
        snprintf(header->program, sizeof header->program, "%s", slash != NULL ? slash + 1 : link);
    }
    header->command_bytes =
        read_file("/proc/self/cmdline", header->command, sizeof header->command);
    prctl(PR_GET_NAME, header->name);
    header->thp_disabled = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1;
    header->process_id = (uint32_t)getpid();
    header->forked_from = forked_from;
    header->version = RAW_VERSION;
    header->start = header->latest = record_clock_now();
    header->started_ns = record_clock_ns(CLOCK_REALTIME);
    header->magic = RAW_MAGIC;
}

bool record_file_open(uint32_t forked_from)
{
    const char *directory = getenv(RECORD_DIRECTORY_VARIABLE);
    if (directory == NULL || !create(directory))
        return false;
    int error = allocate(0, FIRST_BYTES);
    if (error != 0) {
        unlink(file.path);
        errno = error;
        return false;
    }
    void *pages =
        mmap(NULL, RAW_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0);
    if (pages == MAP_FAILED)
        return false;
    file.taken = RAW_HEADER_BYTES;
    file.allocated = FIRST_BYTES;
    fill_header(pages, forked_from);
    record_header = pages;
    return true;
}

void record_file_leave(void)
{
    if (record_header != NULL)
        munmap(record_header, RAW_HEADER_BYTES);
    record_header = NULL;
    struct stat status;
    if (fstat(file.descriptor, &status) == 0 && status.st_dev == file.device &&
        status.st_ino == file.inode)
        close(file.descriptor);
    file.descriptor = -1;
    atomic_flag_clear(&file.allocating);
}

/* Makes sure that the file is on disk up to `end`. 0 or the errno. */
static int reach(uint64_t end)
{
    if (end <= file.allocated)
        return 0;
    while (atomic_flag_test_and_set(&file.allocating))
        _mm_pause();
    int error = 0;
    while (error == 0 && end > file.allocated) {
        uint64_t step = file.allocated < STEP_BYTES ? RAW_CHUNK_BYTES : STEP_BYTES;
        error = allocate(file.allocated, step);
        if (error == 0)
            file.allocated += step;
    }
    atomic_flag_clear(&file.allocating);
    return error;
}

uint64_t *record_file_chunk(uint32_t lane, uint64_t sequence, uint64_t **end)
{
    if (!descriptor_is_ours()) {
        errno = EBADF;
        return NULL;
    }
    uint64_t offset = atomic_fetch_add(&file.taken, RAW_CHUNK_BYTES);
    int error = reach(offset + RAW_CHUNK_BYTES);
    if (error != 0) {
        errno = error;
        return NULL;
    }
    struct raw_chunk *chunk = mmap(NULL, RAW_CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                                   file.descriptor, (off_t)offset);
    if (chunk == MAP_FAILED)
        return NULL;
    chunk->lane = lane;
    chunk->sequence = sequence;
    chunk->magic = RAW_CHUNK_MAGIC;
    *end = (uint64_t *)chunk + RAW_CHUNK_BYTES / sizeof **end;
    return (uint64_t *)(chunk + 1);
}

void record_file_unmap(uint64_t *end)
{
    munmap(end - RAW_CHUNK_BYTES / sizeof *end, RAW_CHUNK_BYTES);
}

void record_file_note_usage(bool ended)
{
    struct raw_header *header = record_header;
    struct rusage usage;
    if (header == NULL || getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    header->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                     (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    header->peak_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    header->latest = record_clock_now();
    if (ended)
        header->ended = 1;
}

void record_file_lost(uintptr_t slot)
{
    if (record_header == NULL)
        return;
    char *counters = (char *)record_header + RAW_LOST_OFFSET;
    struct raw_lost *lost = (struct raw_lost *)(void *)counters + slot % RAW_LOST_SLOTS;
    __atomic_fetch_add(&lost->calls, 1, __ATOMIC_RELAXED);
}
