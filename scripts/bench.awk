# Joins replay's runs.csv with hyperfine's round-N.csv into bench.csv: a row per trace and allocator. Needs
# statistics.awk.
# All values of a round are kept in strings of numbers, in order of rounds.
BEGIN {
    FS = ","
    OFS = ","
    print "trace,allocator,rounds,hyperfine_wall_ns_per_op,own_wall_ns_per_op,hyperfine_cpu_ns_per_op," \
        "own_cpu_ns_per_op,hyperfine_cpu_ratio,hyperfine_cpu_ratio_low,hyperfine_cpu_ratio_high," \
        "own_cpu_ratio,own_cpu_ratio_low,own_cpu_ratio_high,verdict"
}

FNR == 1 {
    files++
    split("", column)
    for (i = 1; i <= NF; i++)
        column[unquoted($i)] = i
    next
}

function unquoted(text) {
    gsub(/"/, "", text)
    return text
}

function field(name) {
    return unquoted($column[name])
}

# replay: what the loops of a process took together.
files == 1 {
    pair = field("trace") SUBSEP field("allocator")
    round = field("round") + 0 # a number: as text, 10 comes before 9
    if (field("status") != "ok")
        failed[pair] = field("status")
    if (!(pair in seen) && field("allocator") != "loop") {
        seen[pair]
        order[++pairs] = pair
    }
    ops[pair, round] += field("ops")
    own_wall[pair, round] += field("wall_ns")
    own_cpu[pair, round] += field("cpu_ns")
    rounds = round > rounds ? round : rounds
}

# hyperfine: one run of each process; seconds.
files > 1 {
    name = field("command")
    pair = substr(name, 1, index(name, " ") - 1) SUBSEP substr(name, index(name, " ") + 1)
    whole_wall[pair, files - 1] = 1e9 * field("median")
    whole_cpu[pair, files - 1] = 1e9 * (field("user") + field("system"))
}

# Sets median, low and high.
function summarize(values,    spread) {
    sorted(values, rounds)
    median = quantile(values, rounds, 0.5)
    spread = 1.57 * (quantile(values, rounds, 0.75) - quantile(values, rounds, 0.25)) / sqrt(rounds)
    low = median - spread
    high = median + spread
}

# The median of a total per op, less the floor.
function median_of(total, pair, floor,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = (total[pair, r] - floor) / ops[pair, r]
    summarize(values)
    return sprintf("%.3f", median)
}

# Ratios are taken within a round, of processes that ran close to each other.
function ratio_of(total, pair, base, floor,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = (total[pair, r] - floor) / (total[base, r] - floor)
    summarize(values)
    return sprintf("%.4f,%.4f,%.4f", median, low, high)
}

# What the floor takes, the same for all rounds: the noise of one run of it would be in every allocator.
function floor_of(total, pair,    r, values) {
    for (r = 1; r <= rounds; r++)
        values[r] = total[pair, r]
    summarize(values)
    return median
}

function verdict(theirs, ours,    a, b) {
    split(theirs, a, ",")
    split(ours, b, ",")
    if (a[2] <= b[3] && b[2] <= a[3])
        return "agree"
    return sprintf("differ by %+.1f %%", 100 * (a[1] / b[1] - 1))
}

END {
    for (i = 1; i <= pairs; i++) {
        pair = order[i]
        split(pair, part, SUBSEP)
        null = part[1] SUBSEP "null"
        glibc = part[1] SUBSEP "glibc"
        if (part[2] == "null" || pair in failed || glibc in failed)
            continue
        wall_floor = floor_of(whole_wall, null)
        cpu_floor = floor_of(whole_cpu, null)
        theirs = ratio_of(whole_cpu, pair, glibc, cpu_floor)
        ours = ratio_of(own_cpu, pair, glibc, 0)
        print part[1], part[2], rounds, median_of(whole_wall, pair, wall_floor), median_of(own_wall, pair, 0),
            median_of(whole_cpu, pair, cpu_floor), median_of(own_cpu, pair, 0), theirs, ours,
            (part[2] == "glibc" ? "baseline" : verdict(theirs, ours))
    }
}
