#include "analysis/ratio.h"

#include <math.h>

struct ratio ratio_of_rounds(double *ratios, size_t count)
{
    struct ratio result = {.value = statistics_median(ratios, count), .rounds = count};
    result.interval = statistics_bootstrap(&(struct sample_group){ratios, count}, 1);
    return result;
}

struct difference difference_of_rounds(double *differences, size_t count)
{
    struct ratio result = ratio_of_rounds(differences, count);
    return (struct difference){result.value, result.interval};
}

enum verdict ratio_verdict(const struct ratio *ratio, bool more_is_better, double limit)
{
    const struct interval *interval = &ratio->interval;
    if (isnan(ratio->value))
        return VERDICT_NONE;
    if (isnan(interval->low))
        return VERDICT_INCONCLUSIVE;
    if (interval->high < 1 - limit)
        return more_is_better ? VERDICT_WORSE : VERDICT_BETTER;
    if (interval->low > 1 + limit)
        return more_is_better ? VERDICT_BETTER : VERDICT_WORSE;
    bool is_within = interval->low >= 1 - limit && interval->high <= 1 + limit;
    return limit > 0 && !is_within ? VERDICT_INCONCLUSIVE : VERDICT_SAME;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_NONE] = "",
        [VERDICT_BETTER] = "better",
        [VERDICT_WORSE] = "worse",
        [VERDICT_SAME] = "same",
        [VERDICT_INCONCLUSIVE] = "inconclusive",
    };
    return names[verdict];
}
