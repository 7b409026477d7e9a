#include "replay/session.h"

#include "replay/machine.h"
#include "replay/real_clock.h"
#include "traces/format/memory.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXPECTED_PRECISION_ROUNDS = 20 }; /* before any trace has told how many it takes */

/* ---- allocators ---- */

static struct allocator_spec *add_allocator(struct session *session,
                                            const struct allocator_spec *allocator)
{
    session->allocators = reallocarray(session->allocators, session->allocator_count + 1,
                                       sizeof *session->allocators);
    if (!session->allocators)
        abort();
    session->allocators[session->allocator_count] = *allocator;
    return &session->allocators[session->allocator_count++];
}

static const struct allocator_spec *find_label(const struct session *session, const char *label)
{
    for (size_t i = 0; i < session->allocator_count; i++)
        if (strcmp(session->allocators[i].label, label) == 0)
            return &session->allocators[i];
    return NULL;
}

/* The floor runs in every session; to name it alone is to ask for nothing else. */
static bool is_floor_name(const char *name)
{
    return strcmp(name, "null") == 0 || strcmp(name, "loop") == 0;
}

static bool add_item(struct session *session, const char *item, struct error *error)
{
    struct allocator_spec allocator;
    if (is_floor_name(item))
        return true;
    if (!allocator_parse(item, &allocator, error) ||
        !runner_probe(&session->runner, &allocator, error))
        return false;
    if (find_label(session, allocator.label) || is_floor_name(allocator.label))
        return error_set(error, ERROR_USAGE,
                         "two rows would be called '%s'; give one another label: LABEL=%s",
                         allocator.label, item);
    add_allocator(session, &allocator);
    return true;
}

/* All names that are found here and load; the others are passed over. */
static void add_all(struct session *session)
{
    const char *name;
    for (size_t i = 0; (name = allocator_name(i)); i++)
        if (!find_label(session, name))
            add_item(session, name, NULL);
}

/* The same once more, under another name. */
static bool add_again(struct session *session, struct error *error)
{
    const char *baseline = session->options->baseline;
    const struct allocator_spec *first = find_label(session, baseline);
    if (!first)
        return error_set(error, ERROR_USAGE,
                         "--aa: '%s' is there in every session, and not run a second time",
                         baseline);
    struct allocator_spec again = *first;
    int length = snprintf(again.label, sizeof again.label, "%s-again", baseline);
    if (length < 0 || (size_t)length >= sizeof again.label)
        return error_set(error, ERROR_USAGE, "--aa: '%s-again' is too long; LABEL=ITEM labels it",
                         baseline);
    if (find_label(session, again.label))
        return error_set(error, ERROR_USAGE,
                         "--aa: '%s' would be the baseline, and is an allocator already",
                         again.label);
    add_allocator(session, &again);
    memcpy(session->noise_floor, again.label, sizeof session->noise_floor);
    return true;
}

static bool add_allocators(struct session *session, struct error *error)
{
    const struct replay_options *options = session->options;
    for (size_t i = 0; i < options->item_count; i++)
        if (!add_item(session, options->items[i], error))
            return false;
    if (options->has_all)
        add_all(session);
    if (!options->smallest && !find_label(session, options->baseline) &&
        !add_item(session, options->baseline, error))
        return false;
    if (options->aa && !add_again(session, error))
        return false;
    if (options->precision > 0 && session->allocator_count < 2)
        return error_set(error, ERROR_USAGE,
                         "--precision: there is only '%s', and nothing to compare with it",
                         options->baseline);
    struct allocator_spec null = allocator_null(), loop = allocator_loop();
    add_allocator(session, &null);
    add_allocator(session, &loop);
    session->given_up = calloc(session->allocator_count, sizeof *session->given_up);
    if (!session->given_up)
        abort();
    return true;
}

void session_close(struct session *session)
{
    free(session->allocators);
    free(session->given_up);
    session->allocators = NULL;
    session->given_up = NULL;
    session->allocator_count = 0;
}

/* Nobody but the kernel's administrator can turn them on for all of an allocator's memory. */
static bool check_huge_pages(const struct replay_options *options, struct error *error)
{
    char word[64];
    machine_huge_pages(word, sizeof word);
    return options->thp != CELL_THP_ALWAYS || strcmp(word, "always") == 0 ||
           error_set(error, ERROR_USAGE,
                     "--thp=always: the kernel gives them by '%s'; as root, write always into "
                     "/sys/kernel/mm/transparent_hugepage/enabled, or use --thp=inherit",
                     *word ? word : "never");
}

static bool check_addresses(const struct replay_options *options, struct error *error)
{
    return !options->deterministic || machine_may_fix_addresses() ||
           error_set(error, ERROR_RUN,
                     "--deterministic: addresses cannot be kept from being randomised: %s",
                     strerror(errno));
}

/* Beside the program as it is built, in ../lib/heapreel as it is installed. */
static void find_cell_program(char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/replay-cell", program_folder());
    if (access(path, X_OK) != 0)
        snprintf(path, PATH_MAX, "%s/../lib/heapreel/replay-cell", program_folder());
}

bool session_open(struct session *session, const struct replay_options *options,
                  const struct session_host *host, volatile const sig_atomic_t *interrupted,
                  struct error *error)
{
    static char cell_program[PATH_MAX];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    find_cell_program(cell_program);
    *session = (struct session){
        .options = options,
        .runner =
            {
                .cell_program = cell_program,
                .cpu = options->cpu >= 0 ? options->cpu : machine_last_cpu(),
                .timeout_s = options->timeout_s,
                .timeout_call_s = options->has_timeout ? 0 : 1e-6,
                .memory_limit_bytes = memory_available_bytes() / 4 * 3,
                .interrupted = interrupted,
                .fixed_addresses = options->deterministic,
            },
        .seed = options->seed,
        .random_state = options->seed,
        .started_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
        .host = *host,
        .begun_s = real_clock_s(),
        .ticks = machine_read_ticks(),
        .rounds_expected =
            options->precision > 0 ? EXPECTED_PRECISION_ROUNDS : options_rounds(options),
        .line = {.is_shown = !options->quiet && isatty(STDERR_FILENO),
                 .tells_traces = !options->quiet && !isatty(STDERR_FILENO),
                 .interrupted = interrupted,
                 .end_s = INFINITY},
    };
    machine_write_name(session->machine, sizeof session->machine);
    machine_aslr(session->aslr, sizeof session->aslr);
    if (options->deterministic)
        snprintf(session->aslr, sizeof session->aslr, "0");
    if (!machine_leave_cpu(session->runner.cpu))
        return error_set(error, ERROR_USAGE, "--cpu=%d: this process may not run on that CPU",
                         session->runner.cpu);
    if (!check_huge_pages(options, error) || !check_addresses(options, error))
        return false;
    if (access(cell_program, X_OK) != 0)
        return error_set(error, ERROR_RUN, "%s: %s; it belongs beside replay", cell_program,
                         strerror(errno));
    if (add_allocators(session, error))
        return true;
    session_close(session);
    return false;
}

void session_note_failure(struct session *session, const char *text)
{
    if (session->failed_cells++ == 0)
        snprintf(session->first_failure, sizeof session->first_failure, "%s", text);
}
