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
#include <sys/auxv.h>
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
    int status; /* /proc/self/status, opened before a sandbox can refuse it */
    dev_t status_device;
    ino_t status_inode;
    uint64_t start_cpu_us; /* used before the recording: by the program that exec'ed this one */
} file = {.descriptor = -1, .status = -1, .allocating = ATOMIC_FLAG_INIT};

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

/* Which file a descriptor is for: programs close those that they do not know, and reuse their
 * numbers. */
static bool is_same(int descriptor, dev_t device, ino_t inode, struct stat *status)
{
    return descriptor >= 0 && fstat(descriptor, status) == 0 && status->st_dev == device &&
           status->st_ino == inode;
}

/* A file that has no name any more is nobody's: the recording is over, and the process outlives it.
 */
static bool descriptor_is_ours(void)
{
    struct stat status;
    if (is_same(file.descriptor, file.device, file.inode, &status)) {
        errno = ENOENT;
        return status.st_nlink > 0;
    }
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

/* The name by which the executable was called, when that is a name of it: a link may tell more. Of
 * a script it is the interpreter's. */
static void read_program(char *name, size_t room)
{
    char link[PATH_MAX];
    const char *called = (const char *)getauxval(AT_EXECFN);
    struct stat own, named;
    ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);
    link[length > 0 ? length : 0] = '\0';
    if (called == NULL || stat("/proc/self/exe", &own) != 0 || stat(called, &named) != 0 ||
        own.st_dev != named.st_dev || own.st_ino != named.st_ino)
        called = link;
    const char *slash = strrchr(called, '/');
    snprintf(name, room, "%s", slash != NULL ? slash + 1 : called);
}

static void fill_header(struct raw_header *header, uint32_t forked_from)
{
    read_program(header->program, sizeof header->program);
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

/* The kernel's own maximum of a process keeps that of the program before exec, this one does not.
 */
static uint64_t peak_rss_bytes(void)
{
    enum { LINE_BYTES = 64 }; /* of the line that is looked for, at most */
    char text[512];           /* the stack may be that of a coroutine */
    struct stat status;
    if (!is_same(file.status, file.status_device, file.status_inode, &status))
        return 0;
    for (off_t at = 0;; at += (off_t)sizeof text - LINE_BYTES) {
        ssize_t bytes = pread(file.status, text, sizeof text - 1, at);
        text[bytes > 0 ? bytes : 0] = '\0';
        const char *found = strstr(text, "VmHWM:");
        if (found != NULL && found - text < (ssize_t)sizeof text - LINE_BYTES)
            return strtoull(found + strlen("VmHWM:"), NULL, 10) * 1024;
        if (bytes < (ssize_t)sizeof text - 1)
            return 0;
    }
}

static uint64_t cpu_us_now(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* A forked child has a status of its own, under the same name. */
static void open_status(void)
{
    struct stat status;
    if (is_same(file.status, file.status_device, file.status_inode, &status))
        close(file.status);
    int low = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    file.status = low >= 0 ? fcntl(low, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR) : -1;
    if (low >= 0)
        close(low);
    if (file.status >= 0 && fstat(file.status, &status) == 0) {
        file.status_device = status.st_dev;
        file.status_inode = status.st_ino;
    }
}

/* Where to record, as the program was started with: it may clear its environment. */
static const char *record_directory(void)
{
    static char directory[PATH_MAX];
    const char *given = directory[0] == '\0' ? getenv(RECORD_DIRECTORY_VARIABLE) : NULL;
    if (given != NULL)
        snprintf(directory, sizeof directory, "%s", given);
    return directory;
}

bool record_file_open(uint32_t forked_from)
{
    if (record_directory()[0] == '\0' || !create(record_directory()))
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
    open_status();
    file.start_cpu_us = cpu_us_now();
    record_header = pages;
    return true;
}

struct raw_header *record_file_leave(void)
{
    struct raw_header *parent = record_header;
    record_header = NULL;
    struct stat status;
    if (is_same(file.descriptor, file.device, file.inode, &status))
        close(file.descriptor);
    file.descriptor = -1;
    atomic_flag_clear(&file.allocating);
    return parent;
}

void record_file_forget(struct raw_header *parent, bool recorded)
{
    if (parent == NULL)
        return;
    if (!recorded)
        __atomic_fetch_add(&parent->unrecorded_children, 1, __ATOMIC_RELAXED);
    munmap(parent, RAW_HEADER_BYTES);
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
    if (!descriptor_is_ours())
        return NULL;
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
    if (header == NULL)
        return;
    header->cpu_us = cpu_us_now() - file.start_cpu_us;
    header->peak_rss_bytes = peak_rss_bytes();
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
