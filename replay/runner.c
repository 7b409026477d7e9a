#include "replay/runner.h"

#include "replay/heap_map.h"
#include "replay/latency_table.h"
#include "replay/machine.h"
#include "replay/real_clock.h"
#include "replay/verify_report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TICK_MS = 50,
    FEED_MS = 1, /* a window lasts many of these, and there are FEED_BUFFERS of them */
    ENVIRONMENT_MAX = 8,
};

struct environment {
    char texts[ENVIRONMENT_MAX][PATH_MAX + 32];
    char *pointers[ENVIRONMENT_MAX + 1];
    size_t count;
};

static void add_variable(struct environment *environment, const char *name, const char *value)
{
    char *text = environment->texts[environment->count];
    snprintf(text, sizeof environment->texts[0], "%s%s", name, value);
    environment->pointers[environment->count++] = text;
    environment->pointers[environment->count] = NULL;
}

/*
 * Where the stack begins depends on what stands above it, and can make a program some percent
 * slower or faster (Mytkowicz and others: Producing wrong data without doing anything obviously
 * wrong, ASPLOS 2009): with lengths that vary it is noise and no bias.
 */
static void add_padding(struct environment *environment, uint32_t bytes)
{
    char padding[PADDING_MAX_BYTES + 1];
    if (bytes == 0)
        return;
    memset(padding, 'x', bytes);
    padding[bytes] = '\0';
    add_variable(environment, "HEAPREEL_PADDING=", padding);
}

static void make_environment(struct environment *environment, const struct cell_request *request)
{
    const struct allocator_spec *allocator = request->allocator;
    environment->count = 0;
    add_variable(environment, "PATH=", "/usr/bin:/bin");
    add_variable(environment, "LC_ALL=", "C");
    if (allocator->kind == ALLOCATOR_PRELOAD)
        add_variable(environment, "LD_PRELOAD=", allocator->path);
    if (*allocator->environment)
        add_variable(environment, "", allocator->environment);
    add_padding(environment, request->padding_bytes);
}

/* ---- the shared memory ---- */

static size_t round_up(size_t bytes, size_t step)
{
    return (bytes + step - 1) / step * step;
}

static struct cell_channel *new_cell(const struct cell_request *request, int *fd)
{
    size_t loops_bytes = request->loops * sizeof(struct cell_loop);
    size_t looks_bytes = request->pass == CELL_MEMORY || request->pass == CELL_CLOCK
                             ? request->plan->sample_count * sizeof(struct cell_look)
                         : request->pass == CELL_MAP ? sizeof(struct heap_map)
                                                     : 0;
    size_t latency_bytes = request->pass == CELL_LATENCY ? sizeof(struct latency_table) : 0;
    size_t verify_bytes = request->pass == CELL_VERIFY ? verify_report_bytes(request->plan) : 0;
    size_t verify_offset =
        round_up(sizeof(struct cell_channel) + loops_bytes + looks_bytes + latency_bytes,
                 _Alignof(struct verify_report));
    size_t bytes = verify_offset + verify_bytes;
    *fd = memfd_create("cell", MFD_CLOEXEC);
    if (*fd < 0)
        return NULL;
    struct cell_channel *cell = MAP_FAILED;
    if (ftruncate(*fd, (off_t)bytes) == 0)
        cell = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (cell == MAP_FAILED) {
        close(*fd);
        return NULL;
    }
    *cell = (struct cell_channel){
        .total_bytes = bytes,
        .pass = request->pass,
        .engine = request->allocator->kind == ALLOCATOR_NULL   ? CELL_NULL
                  : request->allocator->kind == ALLOCATOR_LOOP ? CELL_LOOP
                                                               : CELL_ALLOCATOR,
        .touch = request->touch,
        .loops = request->loops,
        .defined = request->allocator->defined,
        .group_fd = request->group_fd,
        .clock = request->clock,
        .looks_offset = sizeof(struct cell_channel) + loops_bytes,
        .latency_offset = sizeof(struct cell_channel) + loops_bytes + looks_bytes,
        .verify_offset = verify_offset,
    };
    return cell;
}

/* ---- the child ---- */

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0) {
        /* Nothing hangs on it: the kernel then chooses its victim without our advice. */
    }
    close(fd);
}

int runner_cpu(const struct runner *runner, const struct cell_request *request)
{
    if (request->plan && request->plan->stream_count > 1)
        return -1;
    return request->cpu >= 0 ? request->cpu : runner->cpu;
}

static void pin(int cpu)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET((size_t)cpu, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
}

/* The setting is kept across exec. */
static bool set_huge_pages(enum cell_thp thp)
{
    return thp == CELL_THP_INHERIT ||
           prctl(PR_SET_THP_DISABLE, (unsigned long)(thp == CELL_THP_NEVER), 0, 0, 0) == 0;
}

/* The cell inherits the descriptor under its own number. */
static bool pass_on(int fd)
{
    return fd < 0 || fcntl(fd, F_SETFD, 0) == 0;
}

/* Of the parent, that the cell inherits. */
struct cell_files {
    int cell_fd, feed_fd, stderr_fd; /* feed_fd -1: none */
};

static void exec_cell(const struct runner *runner, const struct cell_request *request,
                      struct cell_channel *cell, const struct cell_files *files, pid_t parent,
                      struct environment *environment)
{
    char program[] = "replay-cell", cell_number[16], plan_number[16], feed_number[16];
    char *arguments[] = {program, cell_number, plan_number, feed_number, NULL};
    snprintf(cell_number, sizeof cell_number, "%d", files->cell_fd);
    snprintf(plan_number, sizeof plan_number, "%d", request->plan_fd);
    snprintf(feed_number, sizeof feed_number, "%d", files->feed_fd);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126); /* it had ended before */
    signal(SIGXFSZ, SIG_DFL);
    if (runner_cpu(runner, request) >= 0)
        pin(runner_cpu(runner, request));
    write_text("/proc/self/oom_score_adj", "1000");
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (dup2(null_fd, 0) < 0 || dup2(files->stderr_fd, 1) < 0 || dup2(files->stderr_fd, 2) < 0 ||
        !pass_on(files->cell_fd) || !pass_on(request->plan_fd) || !pass_on(files->feed_fd) ||
        (request->group_fd && !pass_on(request->group_fd)) || !set_huge_pages(request->thp) ||
        (runner->fixed_addresses && !machine_fix_addresses()))
        _exit(126);
    /* The terminal's Ctrl-C is the parent's to act upon. */
    setpgid(0, 0);
    cell->load_cpu_ns = real_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    execve(runner->cell_program, arguments, environment->pointers);
    _exit(127);
}

/* ---- waiting ---- */

static uint64_t resident_bytes(pid_t pid)
{
    char path[48], text[128] = "";
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    unsigned long long total = 0, resident = 0, shared = 0;
    if (count <= 0 || sscanf(text, "%llu %llu %llu", &total, &resident, &shared) != 3)
        return 0;
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* OUTCOME_OK while the cell may go on. */
static enum outcome_status reason_to_stop(const struct runner *runner, pid_t pid, double deadline_s)
{
    if (*runner->interrupted)
        return OUTCOME_INTERRUPTED;
    if (real_clock_s() > deadline_s)
        return OUTCOME_TIMEOUT;
    return resident_bytes(pid) > runner->memory_limit_bytes ? OUTCOME_OOM : OUTCOME_OK;
}

/* A cell that runs. */
struct watch {
    const struct runner *runner;
    pid_t pid;
    int pid_fd;
    int stderr_fd;
    double timeout_s;
    struct feed_source *feed; /* NULL where the plan is whole */
    bool is_starved;          /* the plan could not be fed; `error` says why */
    struct error *error;
};

/* True when the cell has ended before some time has passed, in which its plan is fed. */
static bool has_ended(struct watch *watch)
{
    struct pollfd poll_fd = {.fd = watch->pid_fd, .events = POLLIN};
    if (!watch->feed)
        return poll(&poll_fd, 1, TICK_MS) > 0;
    for (int ms = 0; ms < TICK_MS && !watch->is_starved; ms += FEED_MS) {
        watch->is_starved = !feed_source_fill(watch->feed, watch->error);
        if (poll(&poll_fd, 1, FEED_MS) > 0)
            return true;
    }
    if (watch->runner->tell)
        watch->runner->tell(watch->runner->context, feed_source_progress(watch->feed));
    return false;
}

/* Waits for the end of the cell, or brings it about. */
static enum outcome_status wait_for(struct watch *watch, int *wait_status)
{
    double deadline_s = real_clock_s() + watch->timeout_s;
    enum outcome_status stop = OUTCOME_OK;
    while (stop == OUTCOME_OK && !watch->is_starved && !has_ended(watch))
        stop = reason_to_stop(watch->runner, watch->pid, deadline_s);
    if (stop != OUTCOME_OK || watch->is_starved)
        kill(watch->pid, SIGKILL);
    while (waitpid(watch->pid, wait_status, 0) < 0 && errno == EINTR)
        continue;
    return stop;
}

/* ---- what it means ---- */

/* The first line that the cell wrote, which is mostly why it died. */
static void first_line(int fd, char *line, size_t room)
{
    ssize_t count = pread(fd, line, room - 1, 0);
    line[count > 0 ? count : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

static enum outcome_status judge_death(int wait_status, int stderr_fd, char *message, size_t room)
{
    char line[160];
    first_line(stderr_fd, line, sizeof line);
    const char *colon = *line ? ": " : "";
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL) {
        snprintf(message, room, "killed, as the system does when it is out of memory%s%s", colon,
                 line);
        return OUTCOME_OOM;
    }
    if (WIFSIGNALED(wait_status))
        snprintf(message, room, "%s%s%s", strsignal(WTERMSIG(wait_status)), colon, line);
    else
        snprintf(message, room, "exit status %d%s%s", WEXITSTATUS(wait_status), colon, line);
    return OUTCOME_CRASH;
}

static void judge(const struct watch *watch, enum outcome_status stopped, int wait_status,
                  struct cell_outcome *outcome)
{
    char *message = outcome->message;
    size_t room = sizeof outcome->message;
    const struct cell_channel *cell = outcome->cell;
    message[0] = '\0';
    outcome->status = stopped;
    if (stopped == OUTCOME_TIMEOUT) {
        snprintf(message, room, "not finished after %.4g s", watch->timeout_s);
    } else if (stopped == OUTCOME_OOM) {
        snprintf(message, room, "more than %" PRIu64 " MiB resident",
                 watch->runner->memory_limit_bytes >> 20);
    } else if (stopped == OUTCOME_OK && cell->status == CELL_UNFINISHED) {
        outcome->status = judge_death(wait_status, watch->stderr_fd, message, room);
    } else if (stopped == OUTCOME_OK && cell->status == CELL_OOM) {
        outcome->status = OUTCOME_OOM;
        snprintf(message, room, "call %" PRIu64 " of thread %" PRIu32 " got NULL",
                 cell->failed_call, cell->failed_stream);
    } else if (stopped == OUTCOME_OK && cell->status == CELL_REFUSED) {
        outcome->status = OUTCOME_REFUSED;
        snprintf(message, room, "%s", cell->message);
    }
}

/* In the verify pass the cell also says where it was, and what it found. */
static void judge_verification(struct cell_outcome *outcome)
{
    const struct verify_report *report = cell_verify_report(outcome->cell);
    char call[160], place[160];
    size_t used = strlen(outcome->message), room = sizeof outcome->message - used;
    if (outcome->cell->status == CELL_CORRUPT) {
        outcome->status = OUTCOME_CORRUPT;
        verify_report_write_finding(report, outcome->message, sizeof outcome->message);
    } else if (outcome->cell->status == CELL_OOM) {
        verify_report_write_call(report, outcome->cell->failed_stream, call, sizeof call);
        snprintf(outcome->message, sizeof outcome->message, "%s got NULL", call);
    } else if (outcome->status != OUTCOME_OK && outcome->status != OUTCOME_REFUSED) {
        verify_report_write_place(report, place, sizeof place);
        snprintf(outcome->message + used, room, "%s%s", *place ? ", " : "", place);
    }
}

const char *outcome_status_name(enum outcome_status status)
{
    static const char *const names[] = {"ok",      "oom",     "crash",      "timeout",
                                        "corrupt", "refused", "interrupted"};
    return names[status];
}

/* Waits for a cell that was started; a cell that cannot be watched is ended. */
static bool finish_run(struct watch *watch, struct cell_outcome *outcome)
{
    int wait_status;
    watch->pid_fd = (int)syscall(SYS_pidfd_open, watch->pid, 0);
    if (watch->pid_fd < 0) {
        error_set(watch->error, ERROR_RUN, "cannot watch a cell: %s", strerror(errno));
        kill(watch->pid, SIGKILL);
        waitpid(watch->pid, &wait_status, 0);
        return false;
    }
    enum outcome_status stopped = wait_for(watch, &wait_status);
    close(watch->pid_fd);
    judge(watch, stopped, wait_status, outcome);
    if (outcome->cell->pass == CELL_VERIFY && stopped != OUTCOME_INTERRUPTED)
        judge_verification(outcome);
    return !watch->is_starved;
}

/* The longest that a cell may take. Where all calls keep their order, threads sleep and wake. */
static double timeout_of(const struct runner *runner, const struct cell_request *request)
{
    enum { TURN_CALLS = 100 }; /* so many calls take as long as passing the turn */
    const struct plan *plan = request->plan;
    double calls = plan ? (double)plan->call_count * request->loops : 0;
    if (plan && plan->sync == PLAN_EXACT)
        calls += (double)plan->stretch_count * request->loops * TURN_CALLS;
    return runner->timeout_s + calls * runner->timeout_call_s;
}

static bool run_fed(const struct runner *runner, const struct cell_request *request,
                    struct feed_source *feed, struct cell_outcome *outcome, struct error *error)
{
    int cell_fd = -1;
    outcome->cell = new_cell(request, &cell_fd);
    struct watch watch = {.runner = runner,
                          .stderr_fd = memfd_create("stderr", MFD_CLOEXEC),
                          .timeout_s = timeout_of(runner, request),
                          .feed = feed,
                          .error = error};
    struct environment environment;
    make_environment(&environment, request);
    pid_t parent = getpid();
    watch.pid = outcome->cell && watch.stderr_fd >= 0 ? fork() : -1;
    const struct cell_files files = {cell_fd, feed ? feed->fd : -1, watch.stderr_fd};
    if (watch.pid == 0)
        exec_cell(runner, request, outcome->cell, &files, parent, &environment);
    bool ok = watch.pid > 0
                  ? finish_run(&watch, outcome)
                  : error_set(error, ERROR_RUN, "cannot start a cell: %s", strerror(errno));
    if (cell_fd >= 0)
        close(cell_fd);
    if (watch.stderr_fd >= 0)
        close(watch.stderr_fd);
    return ok;
}

bool runner_run(const struct runner *runner, const struct cell_request *request,
                struct cell_outcome *outcome, struct error *error)
{
    struct feed_source feed;
    *outcome = (struct cell_outcome){0};
    if (!request->spool)
        return run_fed(runner, request, NULL, outcome, error);
    bool ok = feed_source_open(&feed, request->spool, request->loops, error) &&
              run_fed(runner, request, &feed, outcome, error);
    feed_source_close(&feed);
    return ok;
}

void runner_release(struct cell_outcome *outcome)
{
    if (outcome->cell)
        munmap(outcome->cell, outcome->cell->total_bytes);
    outcome->cell = NULL;
}

static bool is_libc(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, "libc.so", 7) == 0;
}

/* The loader warns and goes on without a library that it cannot preload: malloc is then libc's. */
static bool check_origin(const struct allocator_spec *allocator, const struct cell_channel *cell,
                         struct error *error)
{
    static const uint32_t needed =
        1u << CELL_FN_MALLOC | 1u << CELL_FN_FREE | 1u << CELL_FN_CALLOC | 1u << CELL_FN_REALLOC;
    char origin[PATH_MAX];
    if (allocator->kind != ALLOCATOR_PRELOAD)
        return is_libc(cell->malloc_path) ||
               error_set(error, ERROR_USAGE,
                         "%s: malloc is that of %s, which is preloaded into every process here",
                         allocator->label, cell->malloc_path);
    if (!realpath(cell->malloc_path, origin) || strcmp(origin, allocator->path) != 0)
        return error_set(
            error, ERROR_USAGE,
            "%s: defines no malloc of its own: with it preloaded, malloc is that of %s",
            allocator->path, cell->malloc_path);
    return (cell->defined & needed) == needed ||
           error_set(error, ERROR_USAGE,
                     "%s: defines malloc, but not all of free, calloc and realloc",
                     allocator->path);
}

bool runner_probe(const struct runner *runner, struct allocator_spec *allocator,
                  struct error *error)
{
    struct cell_request request = {
        .allocator = allocator, .pass = CELL_PROBE, .plan_fd = -1, .cpu = -1};
    struct cell_outcome outcome;
    bool ok = runner_run(runner, &request, &outcome, error);
    if (ok && outcome.status == OUTCOME_INTERRUPTED)
        ok = error_set(error, ERROR_RUN, "interrupted");
    else if (ok && outcome.status != OUTCOME_OK)
        ok = error_set(error, ERROR_USAGE, "%s cannot be loaded: %s", allocator->label,
                       outcome.message);
    if (ok && check_origin(allocator, outcome.cell, error)) {
        allocator->defined = outcome.cell->defined;
        memcpy(allocator->version, outcome.cell->version, sizeof allocator->version);
    } else {
        ok = false;
    }
    runner_release(&outcome);
    return ok;
}
