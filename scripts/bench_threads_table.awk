# Prints bench_threads.csv for the terminal.
function value(name) {
    return $column[name]
}

# The ratio, its interval, and on which side of 1 that is.
function ratio(name,    low, high) {
    low = value(name "_ratio_low")
    high = value(name "_ratio_high")
    return sprintf("%.2f [%.2f %.2f]%s", value(name "_ratio"), low, high, low > 1 ? " >" : high < 1 ? " <" : "  ")
}

NR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    printf "\n%-17s %-9s  %-27s  %-27s  %s\n", "", "", "operations per second", "per second of CPU", "peak memory"
    printf "%-7s %9s %-9s  %5s %-21s  %5s %-21s  %5s %s\n", "pattern", "threads", "allocator", "M/s", "/ glibc",
        "M/s", "/ glibc", "MiB", "/ glibc"
    next
}

value("threads") != last_threads || $1 != last_pattern {
    if (NR > 2)
        print ""
    last_threads = value("threads")
    last_pattern = $1
}

value("rounds") + 0 == 0 {
    printf "%-7s %9s %-9s  %s\n", $1, $2, $3, value("status") == "ok" ? "glibc has no run" : value("status")
    next
}

{
    printf "%-7s %9s %-9s  %5.2f %-21s  %5.2f %-21s  %5.1f %s%s\n", $1, $2, $3,
        value("operations_per_wall_s") / 1e6, ratio("operations_per_wall_s"),
        value("operations_per_cpu_s") / 1e6, ratio("operations_per_cpu_s"),
        value("peak_rss_bytes") / 2 ^ 20, ratio("peak_rss_bytes"), value("status") == "ok" ? "" : "  " value("status")
    if (value("rounds") > rounds)
        rounds = value("rounds") + 0
}

END {
    print "\nmore operations are better, less memory is; / glibc: of the same round, median, in brackets " \
        (rounds < 6 ? "the range." : "its 95 % interval.")
}
