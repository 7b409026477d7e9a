#include "replay/options.h"

#include "traces/format/program_name.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    DEFAULT_TIME_ROUNDS = 10,
    DEFAULT_MEMORY_ROUNDS = 3,
    DEFAULT_LATENCY_ROUNDS = 3,
    DEFAULT_LOOPS = 3,
    DEFAULT_TIMEOUT_S = 60,
    DEFAULT_PLAN_MEMORY_MIB = 256,
    PRECISION_ROUNDS = 200, /* at the most, where a precision is asked for */
    QUICK_ROUNDS = 10,
    QUICK_TIME_S = 110, /* with the last cell and the table it is two minutes */
    ROUNDS_MAX = 100000,
    LOOPS_MAX = 10000,
};

enum option_key {
    KEY_CLOCK = 256,
    KEY_TOUCH,
    KEY_THREADS,
    KEY_LOOPS,
    KEY_SEED,
    KEY_CPU,
    KEY_TIMEOUT,
    KEY_LIST,
    KEY_FORMAT,
    KEY_PARTIAL,
    KEY_BOUNDS,
    KEY_SMALLEST,
    KEY_THP,
    KEY_PLAN_MEMORY,
    KEY_RESUME,
    KEY_PRECISION,
    KEY_MAX_TIME,
    KEY_QUICK,
    KEY_AA,
    KEY_DETERMINISTIC
};

const char *argp_program_version = "replay (heapreel) " HEAPREEL_VERSION;

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Allocators:", 1},
    {"allocators", 'a', "ITEM[,ITEM...]", 0,
     "whom to measure (default heap,glibc; may be repeated). ITEM is NAME, NAME:OPTIONS, PATH.so, "
     "or "
     "LABEL=ITEM (old=./a.so,new=./b.so); all means all that are found here, ladder the rungs of "
     "heap from heap:whole to heap; null is always there, "
     "and alone with -b null "
     "it is the "
     "harness's own cost",
     1},
    {"baseline", 'b', "LABEL", 0, "whom to compare with (default glibc; added if missing)", 1},
    {"aa", KEY_AA, NULL, 0,
     "run the baseline a second time, as LABEL-again: how far two runs of the same thing differ is "
     "the noise of this machine, and no smaller difference means anything",
     1},
    {"list-allocators", KEY_LIST, NULL, 0, "print the names that can be used here, and exit", 1},
    {NULL, 0, NULL, 0, "Measurement:", 2},
    {"passes", 'p', "LIST", 0,
     "time, memory, map, latency, verify, clock (default time,memory): map shows once which "
     "addresses are live over time, latency times every call, verify checks once that blocks are "
     "aligned, do not overlap, keep what was written into them, and more, clock is memory once "
     "more "
     "under the clock that it has not (see --clock), for the chart of both",
     2},
    {"rounds", 'r', "N", 0,
     "rounds, each with every allocator once in random order (default 10 of time, 3 of memory and "
     "latency, 1 of map, verify and clock; where there is time, the others get no more than these)",
     2},
    {"precision", KEY_PRECISION, "P%", 0,
     "go on until the time of every allocator against the baseline is known to P % or better (the "
     "half of its 95 % interval, cold and warm): never fewer than 6 rounds, and at most those of "
     "--rounds, or 200",
     2},
    {"max-time", KEY_MAX_TIME, "TIME", 0,
     "begin no new round after this time (90 or 90s, 5m, 2h), which the traces share by the work "
     "that they are; each gets one round at least",
     2},
    {"quick", KEY_QUICK, NULL, 0,
     "a first answer: --loops=1 --bounds=no --max-time=2m, 1 round of memory and 1 to 10 of time; "
     "short traces come first, and those that there is no time for are left out. What is given "
     "beside it counts more",
     2},
    {"loops", KEY_LOOPS, "N", 0,
     "replays in each process of the time pass: the first is cold, the others warm (default 3)", 2},
    {"touch", KEY_TOUCH, "HOW", 0,
     "what is written into blocks: none, ends, page or use (default ends for time: first and last "
     "byte; page for memory: a byte in every page). use is as a program does: small blocks are "
     "written whole and read before they are freed, of large ones a byte in every page",
     2},
    {"clock", KEY_CLOCK, "CLOCK", 0,
     "what time the allocator sees in the memory pass: trace, the recorded one, so that it gives "
     "memory "
     "back when it would in the program (the default); or real. Other passes have the real time",
     2},
    {"thp", KEY_THP, "HOW", 0,
     "transparent huge pages: inherit (the default, but never for a program that had switched them "
     "off), never, or always, which needs a kernel that is set to it",
     2},
    {"threads", KEY_THREADS, "HOW", 0,
     "recorded: a thread for each recorded one, in an order that is exact where blocks pass from "
     "thread to thread and in the memory pass nearly everywhere (the default); serial: all calls "
     "on "
     "one thread, whose memory is not that of the program",
     2},
    {"seed", KEY_SEED, "N", 0, "of the random order (default: random, printed in meta.csv)", 2},
    {"cpu", KEY_CPU, "N", 0, "run on this CPU (default: the last one)", 2},
    {"deterministic", KEY_DETERMINISTIC, NULL, 0,
     "for debugging: addresses are not randomised, the environment not padded, cells run in the "
     "order of the command line, and threads keep the recorded order in every pass, call by call, "
     "exits too. So maps repeat to the address, but not those of allocators that draw random "
     "numbers (mimalloc, scudo), run threads of their own, or reckon with the real time at which "
     "they were loaded (jemalloc gives back a little sooner or later). Layout is no part of the "
     "interval then, and taking turns is in the times: not for comparing them",
     2},
    {"partial", KEY_PARTIAL, NULL, 0,
     "replay a trace that was cut short (killed while it was written, a full disk) up to its last "
     "whole block; what is live there stays so, as at the end of a program",
     2},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0,
     "end a process that takes longer (default 60, and a microsecond for each call it makes); that "
     "allocator has no further rounds of the pass on the trace then",
     2},
    {"plan-memory", KEY_PLAN_MEMORY, "MIB", 0,
     "what is prepared of a trace may take so much memory; of a larger one it goes into a file "
     "without a name in TMPDIR (or /var/tmp) and is fed to each process while it replays (default "
     "256, which is 22 million calls)",
     2},
    {"bounds", KEY_BOUNDS, "yes|no", 0,
     "whether the trace by itself is looked at: ideal placement for bounds.csv, sizes and "
     "lifetimes "
     "for size-lifetime-TRACE.csv (default yes)",
     2},
    {"smallest", KEY_SMALLEST, NULL, 0,
     "in place of the passes: find the least memory under which the trace completes, to 1 % or a "
     "page; of heap the smallest fixed size, of others the smallest limit of a cgroup",
     2},
    {NULL, 0, NULL, 0, "Output:", 3},
    {"out", 'o', "DIR", 0,
     "write one set of CSV files for all traces into DIR (default results/TRACE for each)", 3},
    {"resume", KEY_RESUME, NULL, 0,
     "go on with a campaign that was interrupted or killed, given as it was then: whole "
     "rounds in the results are kept, with their seed, and the rest is run",
     3},
    {"format", KEY_FORMAT, "FORMAT", 0, "what is printed at the end: table or csv (default table)",
     3},
    {"quiet", 'q', NULL, 0, "no progress, no table", 3},
    {NULL, 0, NULL, 0, "Other:", -1},
    {0},
};

static const char documentation[] =
    "Replays recorded traces of malloc and free on several allocators and measures time, memory "
    "and "
    "fragmentation.\v"
    "Examples:\n"
    "  replay traces/firefox.trace\n"
    "  replay -a all traces/*.trace\n"
    "  replay --quick -a all traces/*.trace\n"
    "  replay --precision=1% --max-time=10m traces/jq.trace\n"
    "  replay --aa traces/jq.trace\n"
    "  replay -a heap,heap:best+address,jemalloc -o out traces/jq.trace\n"
    "  replay -a old=./a.so,new=./b.so -b old --rounds=30 traces/perl.trace\n"
    "  replay -a jemalloc:MALLOC_CONF=narenas:1 traces/sqlite.trace\n"
    "  replay -a ladder --timeout=20 -o ladder traces/sqlite.trace\n\n"
    "Files of valgrind, mtrace, ltrace, malloc lab and others are traces too: 'trace convert "
    "--help' lists them.\n"
    "Charts of the results: 'report DIR'. Options of heap are words joined by +: see its "
    "README.\n\n"
    "Exit status: 0 ok, 1 a run failed (crash, hang, corruption, out of memory), 2 usage, 3 a "
    "trace is "
    "unreadable "
    "or invalid, 4 cannot write, 130 interrupted.";

static uint64_t parse_number(const char *text, const char *name, uint64_t least, uint64_t most,
                             struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || number < least || number > most)
        argp_error(state, "--%s=%s: expected a number from %llu to %llu", name, text,
                   (unsigned long long)least, (unsigned long long)most);
    return number;
}

static double parse_seconds(const char *text, struct argp_state *state)
{
    char *end;
    double seconds = strtod(text, &end);
    if (*end || end == text || !(seconds > 0 && seconds <= 1e6))
        argp_error(state, "--timeout=%s: expected seconds", text);
    return seconds;
}

/* With the % written, so that nobody takes a share for percent. */
static double parse_percent(const char *text, const char *name, struct argp_state *state)
{
    char *end;
    double percent = strtod(text, &end);
    if (end == text || strcmp(end, "%") != 0 || !(percent > 0 && percent <= 100))
        argp_error(state, "--%s=%s: expected percent, such as 2%%", name, text);
    return percent / 100;
}

static double parse_duration(const char *text, const char *name, struct argp_state *state)
{
    char *end;
    double number = strtod(text, &end);
    double unit_s = !*end || strcmp(end, "s") == 0 ? 1
                    : strcmp(end, "m") == 0        ? 60
                    : strcmp(end, "h") == 0        ? 3600
                                                   : 0;
    if (end == text || !(number * unit_s > 0 && number * unit_s <= 1e7))
        argp_error(state, "--%s=%s: expected a time, such as 90, 90s, 5m or 2h", name, text);
    return number * unit_s;
}

static const char *const touch_names[] = {"none", "ends", "page", "use"};

const char *touch_name(enum cell_touch touch)
{
    return touch_names[touch];
}

static enum cell_touch parse_touch(const char *text, struct argp_state *state)
{
    for (int i = 0; i <= CELL_TOUCH_USE; i++)
        if (strcmp(text, touch_names[i]) == 0)
            return (enum cell_touch)i;
    argp_error(state, "--touch=%s: there are none, ends, page and use", text);
    return CELL_TOUCH_NONE;
}

static const char *const clock_names[] = {"real", "trace"};

const char *clock_name(enum cell_clock clock)
{
    return clock_names[clock];
}

static enum cell_clock parse_clock(const char *text, struct argp_state *state)
{
    for (int i = 0; i <= CELL_CLOCK_TRACE; i++)
        if (strcmp(text, clock_names[i]) == 0)
            return (enum cell_clock)i;
    argp_error(state, "--clock=%s: there are trace and real", text);
    return CELL_CLOCK_REAL;
}

static const char *const thp_names[] = {"inherit", "never", "always"};

const char *thp_name(enum cell_thp thp)
{
    return thp_names[thp];
}

static enum cell_thp parse_thp(const char *text, struct argp_state *state)
{
    for (int i = 0; i <= CELL_THP_ALWAYS; i++)
        if (strcmp(text, thp_names[i]) == 0)
            return (enum cell_thp)i;
    argp_error(state, "--thp=%s: there are inherit, never and always", text);
    return CELL_THP_INHERIT;
}

static void parse_passes(struct replay_options *options, char *list, struct argp_state *state)
{
    char *rest = list, *pass;
    options->time_rounds = options->memory_rounds = 0;
    options->map_rounds = options->latency_rounds = options->verify_rounds = 0;
    options->clock_rounds = 0;
    while ((pass = strsep(&rest, ","))) {
        if (strcmp(pass, "time") == 0)
            options->time_rounds = DEFAULT_TIME_ROUNDS;
        else if (strcmp(pass, "memory") == 0)
            options->memory_rounds = DEFAULT_MEMORY_ROUNDS;
        else if (strcmp(pass, "map") == 0)
            options->map_rounds = 1;
        else if (strcmp(pass, "latency") == 0)
            options->latency_rounds = DEFAULT_LATENCY_ROUNDS;
        else if (strcmp(pass, "verify") == 0)
            options->verify_rounds = 1;
        else if (strcmp(pass, "clock") == 0)
            options->clock_rounds = 1;
        else
            argp_error(
                state,
                "--passes: no pass '%s'; there are time, memory, map, latency, verify and clock",
                pass);
    }
}

static void add_item(struct replay_options *options, const char *item)
{
    const char *rung;
    if (strcmp(item, "all") == 0) {
        options->has_all = true;
        return;
    }
    if (strcmp(item, "ladder") == 0) {
        for (size_t i = 0; (rung = allocator_rung(i)); i++)
            add_item(options, rung);
        return;
    }
    options->items = reallocarray(options->items, options->item_count + 1, sizeof *options->items);
    if (!options->items)
        abort();
    options->items[options->item_count++] = item;
}

/* An environment assignment may have commas in it, so it stands in an -a of its own. */
static void add_items(struct replay_options *options, char *list)
{
    const char *colon = strchr(list, ':');
    if (colon && colon[strcspn(colon, ",=")] == '=') {
        add_item(options, list);
        return;
    }
    char *rest = list, *item;
    while ((item = strsep(&rest, ",")))
        if (*item)
            add_item(options, item);
}

static error_t parse_measurement(struct replay_options *options, int key, char *argument,
                                 uint32_t *rounds, struct argp_state *state)
{
    switch (key) {
    case 'p':
        parse_passes(options, argument, state);
        return 0;
    case 'r':
        *rounds = (uint32_t)parse_number(argument, "rounds", 1, ROUNDS_MAX, state);
        return 0;
    case KEY_PRECISION:
        options->precision = parse_percent(argument, "precision", state);
        return 0;
    case KEY_MAX_TIME:
        options->max_time_s = parse_duration(argument, "max-time", state);
        return 0;
    case KEY_LOOPS:
        options->loops = (uint32_t)parse_number(argument, "loops", 1, LOOPS_MAX, state);
        return 0;
    case KEY_TOUCH:
        options->time_touch = options->memory_touch = parse_touch(argument, state);
        return 0;
    case KEY_CLOCK:
        options->memory_clock = parse_clock(argument, state);
        return 0;
    case KEY_THP:
        options->thp = parse_thp(argument, state);
        options->thp_as_recorded = false;
        return 0;
    case KEY_THREADS:
        if (strcmp(argument, "recorded") != 0 && strcmp(argument, "serial") != 0)
            argp_error(state, "--threads=%s: there are recorded and serial", argument);
        options->serial = strcmp(argument, "serial") == 0;
        return 0;
    case KEY_SEED:
        options->seed = parse_number(argument, "seed", 0, UINT64_MAX, state);
        options->has_seed = true;
        return 0;
    case KEY_CPU:
        options->cpu = (int)parse_number(argument, "cpu", 0, 4095, state);
        return 0;
    case KEY_TIMEOUT:
        options->timeout_s = parse_seconds(argument, state);
        options->has_timeout = true;
        return 0;
    case KEY_PLAN_MEMORY:
        options->plan_memory_bytes = parse_number(argument, "plan-memory", 1, 1 << 20, state) << 20;
        return 0;
    case KEY_DETERMINISTIC:
        options->deterministic = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What argp hands from option to option. */
struct parsing {
    struct replay_options *options;
    uint32_t rounds; /* 0: not given */
    bool has_passes; /* given, or what only they have */
    bool has_loops, has_bounds;
    bool quick;
};

/* What was given stays. */
static void take_quick(struct parsing *parsing)
{
    struct replay_options *options = parsing->options;
    options->quick = true;
    if (!parsing->has_loops)
        options->loops = 1;
    if (!parsing->has_bounds)
        options->bounds = false;
    if (options->max_time_s == 0)
        options->max_time_s = QUICK_TIME_S;
    if (!parsing->rounds && options->precision == 0 && options->time_rounds)
        parsing->rounds = QUICK_ROUNDS;
    if (options->memory_rounds)
        options->memory_rounds = 1;
    if (options->latency_rounds)
        options->latency_rounds = 1;
}

static void finish_rounds(struct parsing *parsing, struct argp_state *state)
{
    struct replay_options *options = parsing->options;
    if (parsing->quick)
        take_quick(parsing);
    if (options->precision > 0 && !options->time_rounds)
        argp_error(state, "--precision is of the time pass, which is not among --passes");
    if (options->precision > 0 && !parsing->rounds)
        parsing->rounds = PRECISION_ROUNDS;
    if (parsing->rounds) {
        uint32_t rounds = parsing->rounds;
        if (options->memory_rounds && (!options->time_rounds || rounds < options->memory_rounds))
            options->memory_rounds = rounds;
        if (options->latency_rounds && (!options->time_rounds || rounds < options->latency_rounds))
            options->latency_rounds = rounds;
        if (options->verify_rounds && options_rounds(options) == 1)
            options->verify_rounds = rounds;
        if (options->time_rounds)
            options->time_rounds = rounds;
    }
}

static void finish(struct parsing *parsing, struct argp_state *state)
{
    struct replay_options *options = parsing->options;
    if (options->smallest && parsing->has_passes)
        argp_error(state, "--smallest is a run of its own: without --passes, --rounds, --loops and "
                          "what else is of passes");
    finish_rounds(parsing, state);
    if (options->smallest && options->resume)
        argp_error(state, "--smallest cannot --resume: a search that was interrupted has no rounds "
                          "to keep, only whole rows, and is begun anew");
    if (options->smallest)
        options->time_rounds = options->memory_rounds = 0;
    if (!options->trace_count && !options->list_allocators)
        argp_error(state, "which trace?");
    if (!options->item_count && !options->has_all) {
        add_item(options, "heap");
        add_item(options, "glibc");
    }
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct replay_options *options = parsing->options;
    switch (key) {
    case 'a':
        add_items(options, argument);
        return 0;
    case 'b':
        options->baseline = argument;
        return 0;
    case 'o':
        if (!*argument)
            argp_error(state, "--out: which folder?");
        options->out = argument;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case KEY_BOUNDS:
        if (strcmp(argument, "yes") != 0 && strcmp(argument, "no") != 0)
            argp_error(state, "--bounds=%s: there are yes and no", argument);
        options->bounds = strcmp(argument, "yes") == 0;
        parsing->has_bounds = true;
        return 0;
    case KEY_SMALLEST:
        options->smallest = true;
        return 0;
    case KEY_QUICK:
        parsing->has_passes = parsing->quick = true;
        return 0;
    case KEY_AA:
        parsing->has_passes = options->aa = true;
        return 0;
    case KEY_RESUME:
        options->resume = true;
        return 0;
    case KEY_PARTIAL:
        options->partial = true;
        return 0;
    case KEY_LIST:
        options->list_allocators = true;
        return 0;
    case KEY_FORMAT:
        if (strcmp(argument, "table") != 0 && strcmp(argument, "csv") != 0)
            argp_error(state, "--format=%s: there are table and csv", argument);
        options->csv = strcmp(argument, "csv") == 0;
        return 0;
    case ARGP_KEY_ARGS:
        options->traces = state->argv + state->next;
        options->trace_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        finish(parsing, state);
        return 0;
    default:
        parsing->has_loops |= key == KEY_LOOPS;
        parsing->has_passes |= key == 'p' || key == 'r' || key == KEY_LOOPS ||
                               key == KEY_PRECISION || key == KEY_MAX_TIME ||
                               key == KEY_DETERMINISTIC;
        return parse_measurement(options, key, argument, &parsing->rounds, state);
    }
}

/* In quotes where a shell would take it for something else. */
static char *append_word(char *end, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    if (*word && word[strspn(word, plain)] == '\0')
        return stpcpy(end, word);
    *end++ = '\'';
    for (; *word; word++)
        end = *word == '\'' ? stpcpy(end, "'\\''") : (*end = *word, end + 1);
    return stpcpy(end, "'");
}

static char *join(int argc, char **argv)
{
    size_t bytes = 1;
    for (int i = 0; i < argc; i++)
        bytes += 4 * strlen(argv[i]) + 3;
    char *text = calloc(1, bytes), *end = text;
    if (!text)
        abort();
    for (int i = 0; i < argc; i++)
        end = append_word(stpcpy(end, i ? " " : ""), argv[i]);
    return text;
}

char *options_resume_command(const struct replay_options *options)
{
    char *text;
    if (asprintf(&text, "%.*s%s%s", (int)options->program_bytes, options->command,
                 options->resume ? "" : " --resume", options->command + options->program_bytes) < 0)
        abort();
    return text;
}

void options_parse(struct replay_options *options, int argc, char **argv)
{
    static const struct argp argp = {option_table,  parse_option, "TRACE...",
                                     documentation, NULL,         program_name_help_filter,
                                     NULL};
    *options = (struct replay_options){
        .baseline = "glibc",
        .time_rounds = DEFAULT_TIME_ROUNDS,
        .memory_rounds = DEFAULT_MEMORY_ROUNDS,
        .loops = DEFAULT_LOOPS,
        .time_touch = CELL_TOUCH_ENDS,
        .memory_touch = CELL_TOUCH_PAGE,
        .bounds = true,
        .memory_clock = CELL_CLOCK_TRACE,
        .thp = CELL_THP_INHERIT,
        .thp_as_recorded = true,
        .cpu = -1,
        .timeout_s = DEFAULT_TIMEOUT_S,
        .plan_memory_bytes = (uint64_t)DEFAULT_PLAN_MEMORY_MIB << 20,
        .command = join(argc, argv),
    };
    char *program = join(1, argv);
    options->program_bytes = strlen(program);
    free(program);
    uint32_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = 1;
    options->seed = seed;
    struct parsing parsing = {.options = options};
    argp_err_exit_status = REPLAY_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &parsing);
}

uint32_t options_pass_rounds(const struct replay_options *options, enum cell_pass pass)
{
    switch (pass) {
    case CELL_TIME:
        return options->time_rounds;
    case CELL_MEMORY:
        return options->memory_rounds;
    case CELL_MAP:
        return options->map_rounds;
    case CELL_LATENCY:
        return options->latency_rounds;
    case CELL_VERIFY:
        return options->verify_rounds;
    case CELL_CLOCK:
        return options->clock_rounds;
    default:
        return 0;
    }
}

uint32_t options_rounds(const struct replay_options *options)
{
    uint32_t most = 0;
    for (int pass = 0; pass < CELL_PASSES; pass++) {
        uint32_t rounds = options_pass_rounds(options, (enum cell_pass)pass);
        most = rounds > most ? rounds : most;
    }
    return most;
}

void options_free(struct replay_options *options)
{
    free(options->items);
    free(options->command);
}
