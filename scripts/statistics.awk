# Order statistics for the scripts in awk. Values are in an array from 1 to count.

function sorted(values, count,    i, j, value) {
    for (i = 2; i <= count; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--)
            values[j + 1] = values[j]
        values[j + 1] = value
    }
}

# The quantile q of sorted values, interpolated as R's type 7.
function quantile(values, count, q,    place, below) {
    place = 1 + q * (count - 1)
    below = int(place)
    return below >= count ? values[count] : values[below] + (place - below) * (values[below + 1] - values[below])
}

# The place k for which the interval from the k-th smallest to the k-th largest of the values has the median
# in it with at least 95 %, whatever their distribution (David and Nagaraja, Order Statistics, 2003, 7.1); 1,
# the whole range, below 6 values, of which not even that is as sure.
function median_place(count,    k, term, tail) {
    term = 2 ^ -count # the probability of exactly k of the values below the median
    for (k = 0; k < count / 2; k++) {
        tail += term
        if (2 * tail > 0.05)
            break
        term *= (count - k) / (k + 1)
    }
    return k < 1 ? 1 : k
}

# "median,low,high" of the values, each as `format` has it, with the interval of median_place. Sorts the values.
function median_and_interval(values, count, format,    place) {
    sorted(values, count)
    place = median_place(count)
    return sprintf(format "," format "," format, quantile(values, count, 0.5), values[place],
        values[count + 1 - place])
}
