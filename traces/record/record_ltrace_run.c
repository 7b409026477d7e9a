#include "traces/record/record_ltrace_run.h"

#include "traces/import/ltrace_line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES = 1024,
    ATTACH_SECONDS = 30,
    LINGER_MS = 2000, /* for what the program has left running; then ltrace is asked to let it go */
    LEAVE_MS = 1000,  /* for ltrace to do so; then all is killed */
};

/*
 * Without these ltrace prints junk for what it does not know, and for posix_memalign the place of
 * the result in place of the result ("+": print after the return).
 */
static const char prototypes[] = "addr malloc(ulong);\n"
                                 "void free(addr);\n"
                                 "addr calloc(ulong, ulong);\n"
                                 "addr realloc(addr, ulong);\n"
                                 "addr reallocarray(addr, ulong, ulong);\n"
                                 "addr memalign(ulong, ulong);\n"
                                 "addr aligned_alloc(ulong, ulong);\n"
                                 "int posix_memalign(+addr*, ulong, ulong);\n"
                                 "addr valloc(ulong);\n"
                                 "addr pvalloc(ulong);\n"
                                 "ulong malloc_usable_size(addr);\n";

/* Entries of libc's functions, by which calls are seen whoever makes them; call tables hide many.
 */
static char functions[] =
    "malloc@libc.so*+free@libc.so*+calloc@libc.so*+realloc@libc.so*+reallocarray@libc.so*+"
    "memalign@libc.so*+aligned_alloc@libc.so*+posix_memalign@libc.so*+valloc@libc.so*+"
    "pvalloc@libc.so*+malloc_usable_size@libc.so*";

/* The descriptors and processes of a run; -1 and 0 for none. */
struct session {
    struct ltrace_run *run;
    int signals;    /* signalfd */
    int gate;       /* a byte into it lets the program begin */
    int exec_errno; /* gives the reason when its exec failed, else ends */
    int log_in;     /* from ltrace */
    int log_out;
    int complaints; /* what ltrace prints on stderr, a file in memory */
    pid_t program, ltrace;
    bool program_ended, ltrace_ended;
    bool was_abandoned;  /* by ltrace, while it ran */
    unsigned endings;    /* signals that ask the program to end, so far */
    int64_t deadline_ms; /* 0: none */
    bool was_asked;      /* ltrace was, to let all processes go */
    size_t line_bytes;
    char line[LINE_BYTES]; /* of the log, incomplete */
};

/* ---- /proc ---- */

static void read_proc(pid_t id, const char *name, char *text, size_t room)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)id, name);
    text[0] = '\0';
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    ssize_t bytes = read(file, text, room - 1);
    close(file);
    text[bytes > 0 ? bytes : 0] = '\0';
}

/* A number from /proc/ID/status, 0 when the process is gone. */
static pid_t status_number(pid_t id, const char *key)
{
    char text[4096];
    read_proc(id, "status", text, sizeof text);
    const char *line = strstr(text, key);
    return line ? (pid_t)strtol(line + strlen(key), NULL, 10) : 0;
}

static void read_program(pid_t id, char program[static 256])
{
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/exe", (int)id);
    ssize_t bytes = readlink(link, target, sizeof target - 1);
    target[bytes > 0 ? bytes : 0] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(program, 256, "%.255s", slash ? slash + 1 : target);
}

static void add_image(struct ltrace_run *run, pid_t process_id, uint32_t execs)
{
    run->images = reallocarray(run->images, run->image_count + 1, sizeof *run->images);
    if (!run->images)
        abort();
    struct ltrace_run_image *image = &run->images[run->image_count++];
    *image = (struct ltrace_run_image){.process_id = (uint64_t)process_id, .execs = execs};
    read_proc(process_id, "comm", image->name, sizeof image->name);
    image->name[strcspn(image->name, "\n")] = '\0';
    read_program(process_id, image->program);
}

/* ---- the log ---- */

static struct ltrace_run_image *latest_image(struct ltrace_run *run, uint64_t process_id)
{
    for (size_t i = run->image_count; i-- > 0;) {
        if (run->images[i].process_id == process_id)
            return &run->images[i];
    }
    return NULL;
}

static void warn_of_threads(struct ltrace_run *run)
{
    if (!run->has_threads)
        fputs("trace record: the program has threads: ltrace misses calls of theirs, and may crash "
              "or "
              "hang the program; --with=preload does not\n",
              stderr);
    run->has_threads = true;
}

static void note_thread(struct ltrace_run *run, uint64_t thread_id)
{
    uint64_t process_id = (uint64_t)status_number((pid_t)thread_id, "\nTgid:");
    if (process_id == 0) {
        process_id = thread_id;
        run->strangers++;
    }
    if (process_id != thread_id)
        warn_of_threads(run);
    map64_put(&run->process_of, thread_id, process_id);
    if (!latest_image(run, process_id))
        add_image(run, (pid_t)process_id, 0);
}

static void note_line(struct ltrace_run *run, const char *text)
{
    struct ltrace_line line;
    uint64_t process_id;
    ltrace_line_parse(text, &line);
    if (line.kind == LTRACE_BAD || line.thread_id == 0)
        return;
    if (!map64_get(&run->process_of, line.thread_id, &process_id)) {
        note_thread(run, line.thread_id);
        map64_get(&run->process_of, line.thread_id, &process_id);
    }
    if (line.kind == LTRACE_EXEC)
        add_image(run, (pid_t)process_id, latest_image(run, process_id)->execs + 1);
    if (line.op && line.kind != LTRACE_RESUMED) {
        run->calls++;
        run->unwritten += run->log_errno != 0;
    }
}

static void note_lines(struct session *session, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            session->line[session->line_bytes] = '\0';
            note_line(session->run, session->line);
            session->line_bytes = 0;
        } else if (session->line_bytes < sizeof session->line - 1) {
            session->line[session->line_bytes++] = bytes[i];
        }
    }
}

static void write_log(struct session *session, const char *bytes, size_t count)
{
    while (count > 0 && session->run->log_errno == 0) {
        ssize_t written = write(session->log_out, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            session->run->log_errno = errno;
            return;
        }
        bytes += written;
        count -= (size_t)written;
    }
}

/* False at the end of the log. */
static bool copy_log(struct session *session)
{
    char bytes[65536];
    ssize_t count = read(session->log_in, bytes, sizeof bytes);
    if (count < 0)
        return errno == EINTR || errno == EAGAIN;
    write_log(session, bytes, (size_t)count);
    note_lines(session, bytes, (size_t)count);
    return count > 0;
}

/* A file that nobody else sees and that is gone with its descriptor, whatever happens to us. */
static int open_nameless(const char *folder)
{
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return file;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/ltrace.XXXXXX", folder);
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    return file;
}

static bool open_log(struct session *session, const char *folder, struct error *error)
{
    session->log_out = open_nameless(folder);
    if (session->log_out >= 0)
        session->run->log = fdopen(session->log_out, "r");
    if (!session->run->log)
        return error_set(error, ERROR_OUTPUT, "%s: no log of ltrace can be written there: %s",
                         folder, strerror(errno));
    return true;
}

/* ---- starting ---- */

/* Our own signals are read from a descriptor while the program runs; it gets them as they were. */
static int take_signals(sigset_t *before)
{
    static const int taken[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaddset(&set, taken[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    signal(SIGCHLD, SIG_DFL); /* were it ignored, there would be no status to wait for */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The child's part: waits for ltrace and becomes the program. */
__attribute__((noreturn)) static void become_program(char *const *argv, const sigset_t *signals,
                                                     int gate, int exec_errno)
{
    char go;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    ssize_t bytes;
    do
        bytes = read(gate, &go, 1);
    while (bytes < 0 && errno == EINTR);
    if (bytes == 1) {
        sigprocmask(SIG_SETMASK, signals, NULL);
        execvp(argv[0], argv);
        int reason = errno;
        bytes = write(exec_errno, &reason, sizeof reason);
    }
    _exit(127);
}

static bool start_program(struct session *session, char *const *argv, const sigset_t *signals,
                          struct error *error)
{
    int gate[2], reason[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) != 0)
        return error_set(error, ERROR_RUN, "%s cannot be started: %s", argv[0], strerror(errno));
    if (pipe2(reason, O_CLOEXEC) != 0) {
        close(gate[0]);
        close(gate[1]);
        return error_set(error, ERROR_RUN, "%s cannot be started: %s", argv[0], strerror(errno));
    }
    session->program = fork();
    if (session->program == 0) {
        close(gate[1]);
        become_program(argv, signals, gate[0], reason[1]);
    }
    close(gate[0]);
    close(reason[1]);
    session->gate = gate[1];
    session->exec_errno = reason[0];
    if (session->program < 0)
        return error_set(error, ERROR_RUN, "%s cannot be started: %s", argv[0], strerror(errno));
    return true;
}

/* In a session of its own, so that signals of the terminal reach the program alone. */
static int spawn_ltrace(struct session *session, int prototype_file, int log,
                        const sigset_t *signals)
{
    enum { PROTOTYPES = 3 };
    char process_id[16], prototype_path[] = "/dev/fd/3";
    snprintf(process_id, sizeof process_id, "%d", (int)session->program);
    char *argv[] = {(char[]){"ltrace"},
                    (char[]){"-F"},
                    prototype_path,
                    (char[]){"-f"},
                    (char[]){"-i"},
                    (char[]){"-ttt"},
                    (char[]){"-L"},
                    (char[]){"-o"},
                    (char[]){"/dev/stdout"},
                    (char[]){"-x"},
                    functions,
                    (char[]){"-p"},
                    process_id,
                    NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, log, 1);
    posix_spawn_file_actions_adddup2(&actions, session->complaints, 2);
    posix_spawn_file_actions_adddup2(&actions, prototype_file, PROTOTYPES);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    int reason = posix_spawnp(&session->ltrace, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return reason;
}

static int open_prototypes(void)
{
    int file = memfd_create("prototypes", MFD_CLOEXEC);
    if (file >= 0 && write(file, prototypes, sizeof prototypes - 1) != sizeof prototypes - 1) {
        close(file);
        return -1;
    }
    return file;
}

static bool start_ltrace(struct session *session, const sigset_t *signals, struct error *error)
{
    int log[2] = {-1, -1};
    int prototype_file = open_prototypes();
    session->complaints = memfd_create("complaints", MFD_CLOEXEC);
    int reason = 0;
    if (prototype_file < 0 || session->complaints < 0 || pipe2(log, O_CLOEXEC) != 0)
        reason = errno;
    else
        reason = spawn_ltrace(session, prototype_file, log[1], signals);
    if (prototype_file >= 0)
        close(prototype_file);
    if (log[1] >= 0)
        close(log[1]);
    session->log_in = log[0];
    if (reason == 0)
        return true;
    session->ltrace = 0;
    return error_set(error, ERROR_RUN, "ltrace cannot be started: %s", strerror(reason));
}

static void read_complaint(struct session *session)
{
    char *text = session->run->complaint;
    size_t room = sizeof session->run->complaint;
    ssize_t bytes = session->complaints < 0 ? 0 : pread(session->complaints, text, room - 1, 0);
    text[bytes > 0 ? bytes : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static bool ltrace_is_gone(struct session *session)
{
    if (!session->ltrace_ended && waitpid(session->ltrace, NULL, WNOHANG) == session->ltrace)
        session->ltrace_ended = true;
    return session->ltrace_ended;
}

/* ltrace has stopped the program when it shows as its tracer, and lets it go on when it is
 * prepared. */
static bool await_attachment(struct session *session, struct error *error)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < ATTACH_SECONDS * 1000; i++) {
        if (status_number(session->program, "\nTracerPid:") == session->ltrace)
            return true;
        if (ltrace_is_gone(session))
            break;
        nanosleep(&pause, NULL);
    }
    read_complaint(session);
    const char *complaint = session->run->complaint;
    return error_set(error, ERROR_RUN,
                     "ltrace cannot attach to the program (%s): tracing needs ptrace; "
                     "use --with=preload",
                     *complaint ? complaint : "no reason given");
}

static bool open_gate(struct session *session, const char *program, struct error *error)
{
    int reason;
    ssize_t bytes;
    if (send(session->gate, "", 1, MSG_NOSIGNAL) != 1)
        return error_set(error, ERROR_RUN, "%s ended before it began", program);
    do
        bytes = read(session->exec_errno, &reason, sizeof reason);
    while (bytes < 0 && errno == EINTR);
    if (bytes == sizeof reason)
        return error_set(error, ERROR_USAGE, "%s: %s", program, strerror(reason));
    return true;
}

/* ---- ending ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Breakpoints are left in processes that ltrace had no time to let go; they must not go on. */
static void kill_all(struct session *session)
{
    pid_t traced[256];
    size_t count = 0;
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc && count < sizeof traced / sizeof *traced && (entry = readdir(proc))) {
        pid_t id = (pid_t)strtol(entry->d_name, NULL, 10);
        if (id > 0 && status_number(id, "\nTracerPid:") == session->ltrace)
            traced[count++] = id;
    }
    if (proc)
        closedir(proc);
    kill(session->ltrace, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        kill(traced[i], SIGKILL);
        session->run->killed += traced[i] != session->program;
    }
}

static void look_at_program(struct session *session)
{
    int status;
    if (session->program_ended || waitpid(session->program, &status, WNOHANG) != session->program)
        return;
    session->program_ended = true;
    session->run->status = status;
    session->deadline_ms = now_ms() + LINGER_MS;
}

/* Without ltrace the program runs into the breakpoints that it has left there. */
static void stop_abandoned_program(struct session *session)
{
    look_at_program(session);
    if (session->program_ended || session->was_abandoned)
        return;
    session->was_abandoned = true;
    kill(session->program, SIGKILL);
}

/* What the terminal sends, the program has got itself. */
static void pass_signals(struct session *session)
{
    struct signalfd_siginfo signal;
    while (read(session->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
        int number = (int)signal.ssi_signo;
        if (number == SIGCHLD)
            continue;
        if (signal.ssi_code <= 0 && !session->program_ended)
            kill(session->program, number);
        if (number != SIGUSR1 && number != SIGUSR2 && ++session->endings > 1)
            kill_all(session);
    }
}

static void on_deadline(struct session *session)
{
    if (session->deadline_ms == 0 || now_ms() < session->deadline_ms)
        return;
    session->deadline_ms = now_ms() + LEAVE_MS;
    if (session->was_asked) {
        kill_all(session);
    } else {
        kill(session->ltrace, SIGTERM);
        session->was_asked = true;
    }
}

static void follow(struct session *session)
{
    struct pollfd polled[] = {{.fd = session->log_in, .events = POLLIN},
                              {.fd = session->signals, .events = POLLIN}};
    while (!session->program_ended || !session->ltrace_ended) {
        /* A signal may have come before it was waited for, as that of a program already ended. */
        poll(polled, 2, 100);
        if ((polled[0].revents & (POLLIN | POLLHUP)) && !copy_log(session))
            polled[0].fd = -1;
        pass_signals(session);
        look_at_program(session);
        if (ltrace_is_gone(session))
            stop_abandoned_program(session);
        else
            on_deadline(session);
    }
    while (polled[0].fd >= 0 && copy_log(session)) {}
}

static bool run_to_end(struct session *session, char *const *argv, struct error *error)
{
    if (!await_attachment(session, error) || !open_gate(session, argv[0], error))
        return false;
    follow(session);
    read_complaint(session);
    const char *complaint = session->run->complaint;
    if (session->was_abandoned && session->endings < 2)
        return error_set(error, ERROR_RUN,
                         "ltrace ended in the middle of %s (%s), which was stopped then; "
                         "use --with=preload",
                         argv[0], *complaint ? complaint : "no reason given");
    return true;
}

static void end_session(struct session *session)
{
    int *const descriptors[] = {&session->signals, &session->gate, &session->exec_errno,
                                &session->log_in, &session->complaints};
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        if (*descriptors[i] >= 0)
            close(*descriptors[i]);
    }
    if (session->ltrace > 0 && !session->ltrace_ended) {
        kill_all(session);
        waitpid(session->ltrace, NULL, 0);
    }
    if (session->program > 0 && !session->program_ended) {
        kill(session->program, SIGKILL);
        waitpid(session->program, NULL, 0);
    }
}

bool ltrace_run(struct ltrace_run *run, char *const *argv, const char *folder, struct error *error)
{
    struct session session = {
        .run = run, .signals = -1, .gate = -1, .exec_errno = -1, .log_in = -1, .complaints = -1};
    *run = (struct ltrace_run){0};
    session.signals = take_signals(&run->signals);
    if (!open_log(&session, folder, error)) {
        close(session.signals);
        return false;
    }
    bool ok = start_program(&session, argv, &run->signals, error) &&
              start_ltrace(&session, &run->signals, error) && run_to_end(&session, argv, error);
    end_session(&session);
    return ok;
}

const struct ltrace_run_image *ltrace_run_image(const struct ltrace_run *run, uint64_t process_id,
                                                uint32_t execs)
{
    for (size_t i = 0; i < run->image_count; i++) {
        const struct ltrace_run_image *image = &run->images[i];
        if (image->process_id == process_id && image->execs == execs)
            return image;
    }
    return NULL;
}

void ltrace_run_free(struct ltrace_run *run)
{
    if (run->log)
        fclose(run->log);
    free(run->images);
    map64_free(&run->process_of);
    sigprocmask(SIG_SETMASK, &run->signals, NULL);
    *run = (struct ltrace_run){0};
}
