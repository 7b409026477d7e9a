#include "analysis/bootstrap_median.h"

#include <math.h>
#include <stdlib.h>

/*
 * How far apart the two values in the middle of the draws may be: each value between them that no
 * draw took makes it e times less likely.
 */
enum { MOST_APART = 64 };

static const double least_weight = 1e-13;

static double log_binomial(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

static double binomial_term(double n, double k, double p)
{
    return exp(log_binomial(n, k) + k * log(p) + (n - k) * log1p(-p));
}

/* How likely `k` or more of `n` draws, each with a probability of `p`, are. */
static double binomial_at_least(double n, double k, double p)
{
    double sum = 0;
    if (p >= 1)
        return 1;
    if (k < n * p) { /* sum away from the largest term, so that the first is not lost */
        for (double i = k - 1, term = binomial_term(n, i, p); i >= 0 && term > sum * 1e-17; i--) {
            sum += term;
            term *= i / (n - i + 1) * (1 - p) / p;
        }
        return 1 - sum;
    }
    for (double i = k, term = binomial_term(n, i, p); i <= n && term > sum * 1e-17; i++) {
        sum += term;
        term *= (n - i) / (i + 1) * p / (1 - p);
    }
    return sum;
}

struct values {
    struct weighted *items;
    size_t count;
};

static void add(struct values *values, double value, double weight)
{
    if (weight > least_weight)
        values->items[values->count++] = (struct weighted){value, weight};
}

/*
 * How likely it is that the lower of the two in the middle is the i-th value and the upper a later
 * one, j: half of the draws are up to i, but not all up to i - 1, and half from j on, but not all
 * from j + 1. The first factor of it is exp of this, and by symmetry so is the second, of n - j
 * + 1.
 */
static double log_half(double half, double i)
{
    return half * log(i / half) + log1p(-pow((i - 1) / i, half));
}

/* The lower and the upper of the two in the middle differ. */
static double add_apart(struct values *values, const double *sorted, size_t n, size_t i,
                        double log_ways)
{
    double half = (double)n / 2, log_lower = log_half(half, (double)i), sum = 0;
    for (size_t j = i + 1; j <= n && j <= i + MOST_APART; j++) {
        double weight = exp(log_ways + log_lower + log_half(half, (double)(n - j + 1)));
        if (!(weight > least_weight / 100))
            break; /* it only falls with j */
        add(values, (sorted[i - 1] + sorted[j - 1]) / 2, weight);
        sum += weight;
    }
    return sum;
}

struct weighted *bootstrap_median(const double *sorted, size_t count, size_t *value_count)
{
    size_t apart = count % 2 == 1 ? 0 : count < MOST_APART ? count : MOST_APART;
    struct values values = {.items = calloc(count * (apart + 1), sizeof *values.items)};
    double n = (double)count, lower_rank = ceil(n / 2), before = 0;
    double log_ways = log_binomial(n, n / 2) - n * log(2);
    for (size_t i = 1; values.items != NULL && i <= count; i++) {
        double up_to = binomial_at_least(n, lower_rank, (double)i / n), weight = up_to - before;
        if (apart > 0 && weight > least_weight)
            weight -= add_apart(&values, sorted, count, i, log_ways);
        add(&values, sorted[i - 1], weight);
        before = up_to;
    }
    *value_count = values.count;
    return values.items;
}
