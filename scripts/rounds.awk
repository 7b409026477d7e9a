# What the scripts take in interleaved rounds: ran[row, round] is there where a row ran well, taken[row, measure, round] is
# what it took, and last_round is the last. Needs statistics.awk.

function median_taken(row, measure,    r, values, count) {
    for (r = 1; r <= last_round; r++)
        if ((row, r) in ran)
            values[++count] = taken[row, measure, r]
    sorted(values, count)
    return sprintf("%.0f", quantile(values, count, 0.5))
}

# The rounds in which both ran, and can be compared.
function rounds_of(row, base,    r, count) {
    for (r = 1; r <= last_round; r++)
        count += (row, r) in ran && (base, r) in ran
    return count + 0
}
