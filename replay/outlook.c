#include "replay/outlook.h"

#include "replay/real_clock.h"
#include "replay/round.h"

#include <math.h>

enum work outlook_work_of(enum cell_pass pass)
{
    static const enum work works[CELL_PASSES] = {
        [CELL_TIME] = WORK_TIME,       [CELL_MEMORY] = WORK_MEMORY, [CELL_MAP] = WORK_MAP,
        [CELL_LATENCY] = WORK_LATENCY, [CELL_VERIFY] = WORK_VERIFY, [CELL_CLOCK] = WORK_MEMORY,
    };
    return works[pass];
}

static double events_of(const struct trace_input *input)
{
    return (double)trace_meta_number(trace_reader_meta(input->reader), "events", 0);
}

/* All rounds after `rounds_done` of a trace of so many calls. */
static void add_rounds(const struct session *session, double calls, uint32_t rounds_done,
                       uint32_t rounds, struct work_amount *work)
{
    for (int i = 0; i < CELL_PASSES; i++) {
        enum cell_pass pass = (enum cell_pass)i;
        uint32_t most = options_pass_rounds(session->options, pass);
        uint32_t last = most < rounds ? most : rounds;
        if (last > rounds_done)
            work->calls[outlook_work_of(pass)] += (double)(last - rounds_done) *
                                                  (double)round_cells(session, pass) *
                                                  round_cell_calls(session->options, pass, calls);
    }
}

static void add_preparation(const struct session *session, double events, struct work_amount *work)
{
    const struct replay_options *options = session->options;
    int plans = (options->time_rounds > 0) + (options->latency_rounds > 0) +
                (options->memory_rounds || options->map_rounds || options->verify_rounds ||
                 options->clock_rounds);
    work->calls[WORK_READING] += events * (1 + options->bounds);
    work->calls[WORK_PLANNING] += events * plans;
    if (options->bounds)
        work->calls[WORK_BOUNDS] += events;
}

/* Each of them has one round, whatever the time. */
static void expect_later(struct session *session)
{
    struct time_left *left = &session->line.left;
    left->later = (struct work_amount){{0}};
    for (size_t i = session->line.trace_number; i < session->input_count; i++) {
        double events = events_of(&session->inputs[i]);
        add_preparation(session, events, &left->later);
        add_rounds(session, events, 0, session->rounds_expected, &left->later);
        add_preparation(session, events, &left->owed);
        add_rounds(session, events, 0, 1, &left->owed);
    }
}

void outlook_open(struct session *session, const struct trace_input *inputs, size_t count)
{
    session->inputs = inputs;
    session->input_count = session->line.trace_count = count;
    session->line.end_s = session->options->max_time_s > 0
                              ? session->begun_s + session->options->max_time_s
                              : INFINITY;
}

void outlook_begin_trace(struct session *session, const struct trace_input *input)
{
    struct time_left *left = &session->line.left;
    session->line.trace = input->name;
    session->line.trace_number = (size_t)(input - session->inputs) + 1;
    session->line.trace_begun_s = real_clock_s();
    left->trace = (struct work_amount){{0}};
    if (session->options->smallest)
        return;
    add_preparation(session, events_of(input), &left->trace);
    left->owed = left->trace;
    add_rounds(session, events_of(input), 0, session->rounds_expected, &left->trace);
    add_rounds(session, events_of(input), 0, 1, &left->owed);
    expect_later(session);
}

void outlook_expect_rounds(struct session *session, const struct plan *plan, uint32_t rounds_done,
                           uint32_t rounds)
{
    struct time_left *left = &session->line.left;
    double calls = (double)plan->call_count;
    session->rounds_expected = rounds;
    left->trace = left->owed = (struct work_amount){{0}};
    add_rounds(session, calls, rounds_done, rounds, &left->trace);
    add_rounds(session, calls, rounds_done, rounds_done + 1, &left->owed);
    expect_later(session);
}

static double work_of(const struct trace_input *begin, const struct trace_input *end)
{
    double work = 0;
    for (const struct trace_input *input = begin; input < end; input++)
        work += trace_list_work(input);
    return work;
}

double outlook_share(const struct session *session)
{
    const struct trace_input *input = &session->inputs[session->line.trace_number - 1];
    double left = work_of(input, session->inputs + session->input_count);
    return left > 0 ? trace_list_work(input) / left : 1;
}

bool outlook_has_time_for(const struct session *session, const struct trace_input *input)
{
    double now_s = real_clock_s(), done = work_of(session->inputs, input);
    if (done == 0)
        return true;
    double needed_s = (now_s - session->begun_s) / done * trace_list_work(input);
    return now_s + needed_s <= session->line.end_s;
}
