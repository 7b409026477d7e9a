#include "traces/record/record_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* A thread that is being watched. */
struct task {
    pid_t thread, process;
    uint64_t counted_ns; /* of its CPU time, what an earlier image of the process has used */
};

struct watch {
    struct task *tasks;
    size_t task_count;
    struct record_images *images;
    bool out_of_memory;
};

/* ---- what the kernel tells of a process ---- */

static size_t read_file(char *text, size_t room, pid_t thread, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)thread, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = descriptor >= 0 ? read(descriptor, text, room - 1) : -1;
    if (descriptor >= 0)
        close(descriptor);
    text[bytes > 0 ? bytes : 0] = '\0';
    return bytes > 0 ? (size_t)bytes : 0;
}

static uint64_t cpu_ns(pid_t thread)
{
    char text[128];
    read_file(text, sizeof text, thread, "schedstat");
    return strtoull(text, NULL, 10);
}

/* The number after `key`, 0 when it is not there. */
static uint64_t status_number(pid_t thread, const char *key)
{
    char text[4096];
    read_file(text, sizeof text, thread, "status");
    const char *found = strstr(text, key);
    return found != NULL ? strtoull(found + strlen(key), NULL, 10) : 0;
}

static void read_name(struct record_image *image)
{
    char name[32];
    read_file(name, sizeof name, image->process, "comm");
    name[strcspn(name, "\n")] = '\0';
    if (name[0] != '\0')
        snprintf(image->name, sizeof image->name, "%.15s", name);
}

/* ---- images and their threads ---- */

/* The last one is the present one. */
static struct record_image *image_of(struct watch *watch, pid_t process)
{
    for (size_t i = watch->images->count; i-- > 0;)
        if (watch->images->list[i].process == process)
            return &watch->images->list[i];
    return NULL;
}

static struct task *task_of(struct watch *watch, pid_t thread)
{
    for (size_t i = 0; i < watch->task_count; i++)
        if (watch->tasks[i].thread == thread)
            return &watch->tasks[i];
    return NULL;
}

static void begin_image(struct watch *watch, pid_t process)
{
    struct record_images *images = watch->images;
    void *list = reallocarray(images->list, images->count + 1, sizeof *images->list);
    if (list == NULL) {
        watch->out_of_memory = true;
        return;
    }
    images->list = list;
    struct record_image *image = &images->list[images->count++];
    *image = (struct record_image){.process = process};
    image->command_bytes = read_file(image->command, sizeof image->command, process, "cmdline");
    read_name(image);
}

static struct task *begin_task(struct watch *watch, pid_t thread)
{
    void *tasks = reallocarray(watch->tasks, watch->task_count + 1, sizeof *watch->tasks);
    if (tasks == NULL) {
        watch->out_of_memory = true;
        return NULL;
    }
    watch->tasks = tasks;
    pid_t process = (pid_t)status_number(thread, "\nTgid:");
    struct task *task = &watch->tasks[watch->task_count++];
    *task = (struct task){.thread = thread, .process = process};
    if (image_of(watch, process) == NULL)
        begin_image(watch, process);
    return task;
}

static void end_task(struct watch *watch, pid_t thread)
{
    struct task *task = task_of(watch, thread);
    if (task != NULL)
        *task = watch->tasks[--watch->task_count];
}

/* Adds what the thread used in the present image. */
static void count_task(struct watch *watch, struct task *task)
{
    struct record_image *image = image_of(watch, task->process);
    if (image == NULL)
        return;
    uint64_t now_ns = cpu_ns(task->thread);
    if (now_ns > task->counted_ns)
        image->cpu_ns += now_ns - task->counted_ns;
    task->counted_ns = now_ns;
    uint64_t rss_bytes = status_number(task->thread, "\nVmHWM:") * 1024;
    if (rss_bytes > image->peak_rss_bytes)
        image->peak_rss_bytes = rss_bytes;
    read_name(image);
}

/*
 * The thread that called exec goes on under the number of the process, with the CPU time that it
 * had. The old image's memory is gone by now; so is its name.
 */
static void exec_task(struct watch *watch, pid_t process)
{
    unsigned long message = 0;
    ptrace(PTRACE_GETEVENTMSG, process, 0, &message);
    const struct task *former = task_of(watch, (pid_t)message);
    struct task *task = task_of(watch, process);
    struct record_image *image = image_of(watch, process);
    uint64_t now_ns = cpu_ns(process), before_ns = former != NULL ? former->counted_ns : 0;
    if (image != NULL && now_ns > before_ns)
        image->cpu_ns += now_ns - before_ns;
    task->counted_ns = now_ns;
    if ((pid_t)message != process)
        end_task(watch, (pid_t)message);
    begin_image(watch, process);
}

/* ---- the kernel's stops ---- */

static void go_on(struct watch *watch, pid_t thread, int status)
{
    int event = status >> 16, number = WSTOPSIG(status);
    struct task *task = task_of(watch, thread);
    if (task == NULL)
        task = begin_task(watch, thread);
    if (task != NULL && event == PTRACE_EVENT_EXEC)
        exec_task(watch, thread);
    if (task != NULL && event == PTRACE_EVENT_EXIT)
        count_task(watch, task);
    bool stays_stopped = event == PTRACE_EVENT_STOP && number != SIGTRAP;
    if (stays_stopped)
        ptrace(PTRACE_LISTEN, thread, 0, 0);
    else
        ptrace(PTRACE_CONT, thread, 0, event == 0 ? number : 0);
}

/* Waits until the program itself has ended; its status. */
static int watch_to_end(struct watch *watch, pid_t program)
{
    for (;;) {
        int status = 0;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0 && errno != EINTR)
            return 0;
        if (thread > 0 && WIFSTOPPED(status)) {
            go_on(watch, thread, status);
        } else if (thread > 0) {
            end_task(watch, thread);
            if (thread == program)
                return status;
        }
    }
}

/*
 * What outlives the program goes on unwatched. Only a stopped thread can be let go, and one that
 * waits for a vforked child stops when the child, which stopped as it began, has gone on.
 */
static void let_go(struct watch *watch)
{
    for (size_t i = 0; i < watch->task_count; i++) {
        count_task(watch, &watch->tasks[i]);
        ptrace(PTRACE_INTERRUPT, watch->tasks[i].thread, 0, 0);
    }
    for (;;) {
        int status = 0;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0 && errno != EINTR)
            return;
        if (thread > 0 && WIFSTOPPED(status))
            ptrace(PTRACE_DETACH, thread, 0, status >> 16 == 0 ? WSTOPSIG(status) : 0);
    }
}

bool record_watch(const struct record_program *program, struct record_images *images,
                  struct record_exit *result, struct error *error)
{
    static const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
    struct watch watch = {.images = images};
    struct record_hold hold;
    pid_t process = record_start(program, &hold, error);
    if (process < 0)
        return false;
    bool seized = ptrace(PTRACE_SEIZE, process, 0, options) == 0;
    int reason = errno;
    /* While it is still a copy of this program, whose CPU time is not taken for the other's. */
    if (seized)
        begin_task(&watch, process);
    record_release(&hold);
    int status = watch_to_end(&watch, process);
    record_ended(process, status, result);
    let_go(&watch);
    free(watch.tasks);
    if (!record_has_run(&hold, program, error))
        return false;
    if (!seized)
        return error_set(error, ERROR_RUN, "cannot watch %s: %s", program->argv[0],
                         strerror(reason));
    return !watch.out_of_memory || error_set(error, ERROR_RUN, "out of memory");
}

void record_images_free(struct record_images *images)
{
    free(images->list);
    *images = (struct record_images){0};
}
