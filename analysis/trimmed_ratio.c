#include "analysis/trimmed_ratio.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { TRIMMED_OF = 10 }; /* one value at either end of so many */

struct trimmed_mean {
    double mean, variance; /* of the mean */
    double degrees;
};

/* Sorts the values, and puts the nearest that are left in the place of those that are cut off. */
static struct trimmed_mean trim(double *values, size_t count)
{
    size_t cut = count / TRIMMED_OF, left = count - 2 * cut;
    statistics_sort(values, count);
    double mean = statistics_mean(values + cut, left);
    for (size_t i = 0; i < cut; i++) {
        values[i] = values[cut];
        values[count - 1 - i] = values[count - 1 - cut];
    }
    double sd = statistics_sd(values, count), degrees = (double)left - 1;
    double variance = sd * sd * (double)(count - 1) / ((double)left * degrees);
    return (struct trimmed_mean){mean, variance, degrees};
}

/* Degrees of freedom are 0 when there is no mean. */
static struct trimmed_mean trim_logarithms(const struct sample_group *group)
{
    struct trimmed_mean result = {0};
    if (group->count < STATISTICS_MIN_ROUNDS)
        return result;
    double *logarithms = calloc(group->count, sizeof *logarithms);
    if (logarithms == NULL)
        return result;
    for (size_t i = 0; i < group->count; i++)
        logarithms[i] = log(group->values[i]);
    result = trim(logarithms, group->count);
    free(logarithms);
    return result;
}

static const struct trimmed_ratio no_ratio = {NAN, NAN, 0};

struct trimmed_ratio trimmed_ratio(const struct sample_group *base, const struct sample_group *new)
{
    struct trimmed_mean bases = trim_logarithms(base), news = trim_logarithms(new);
    if (!(bases.degrees > 0 && news.degrees > 0))
        return no_ratio;
    double variance = bases.variance + news.variance;
    double uncertainty = bases.variance * bases.variance / bases.degrees +
                         news.variance * news.variance / news.degrees;
    double degrees = uncertainty > 0 ? variance * variance / uncertainty : 1;
    return (struct trimmed_ratio){news.mean - bases.mean, sqrt(variance), (unsigned)degrees};
}

struct trimmed_ratio trimmed_ratio_of_rounds(const struct sample_group *ratios)
{
    struct trimmed_mean mean = trim_logarithms(ratios);
    if (!(mean.degrees > 0))
        return no_ratio;
    return (struct trimmed_ratio){mean.mean, sqrt(mean.variance), (unsigned)mean.degrees};
}

double student_tail(double t, unsigned degrees)
{
    double angle = atan(t / sqrt(degrees)), cosine = cos(angle), sum = 0;
    bool is_odd = degrees % 2 == 1;
    double term = is_odd ? cosine : 1;
    for (unsigned i = is_odd ? 3 : 2; i <= degrees; i += 2) {
        sum += term;
        term *= cosine * cosine * (i - 1) / i;
    }
    static const double half_turn = 3.14159265358979323846;
    return is_odd ? 0.5 - (angle + sin(angle) * sum) / half_turn : 0.5 - sin(angle) * sum / 2;
}

/* The t that is exceeded with that chance. */
static double student_upper_quantile(double chance, unsigned degrees)
{
    double low = 0, high = 1;
    while (student_tail(high, degrees) > chance)
        high *= 2;
    while (high - low > high * 1e-12) {
        double middle = low + (high - low) / 2;
        if (student_tail(middle, degrees) > chance)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double trimmed_ratio_bound(const struct trimmed_ratio *ratio, double chance)
{
    if (!(ratio->error > 0))
        return exp(ratio->log_ratio);
    return exp(ratio->log_ratio - student_upper_quantile(chance, ratio->degrees) * ratio->error);
}
