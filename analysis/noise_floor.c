#include "analysis/noise_floor.h"

#include <math.h>

static void print_ratio(const char *name, const struct ratio *ratio, FILE *stream)
{
    const struct interval *interval = &ratio->interval;
    fprintf(stream, " %s %.3fx", name, ratio->value);
    if (isnan(interval->low))
        fprintf(stream, " (%zu round%s)", ratio->rounds, ratio->rounds == 1 ? "" : "s");
    else
        fprintf(stream, " [%.3f %.3f]", interval->low, interval->high);
}

static bool is_off(const struct ratio *ratio)
{
    return ratio->interval.low > 1 || ratio->interval.high < 1;
}

void noise_floor_print(const struct summary *summary, const struct trace_summary *trace,
                       FILE *stream)
{
    if (trace != NULL ? trace->noise_floor.allocator == NULL
                      : summary->noise_floor.allocator == NULL)
        return;
    const struct ratio *cold = trace != NULL ? &trace->noise_floor.metrics[METRIC_COLD].to_baseline
                                             : &summary->noise_floor.to_baseline[METRIC_COLD];
    const struct ratio *warm = trace != NULL ? &trace->noise_floor.metrics[METRIC_WARM].to_baseline
                                             : &summary->noise_floor.to_baseline[METRIC_WARM];
    if (isnan(cold->value))
        return;
    fprintf(stream, "\n  noise floor (A/A): %s against itself", summary->baseline);
    print_ratio("cold", cold, stream);
    if (!isnan(warm->value)) {
        fputc(',', stream);
        print_ratio("warm", warm, stream);
    }
    fputc('\n', stream);
    if (is_off(cold) || is_off(warm))
        fprintf(stream,
                "  ! %s differs from itself: take no difference of this size for one of "
                "the allocators\n",
                summary->baseline);
}
