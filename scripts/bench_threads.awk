# Makes bench_threads.csv of bench_threads's runs.csv: a row per pattern, number of threads and allocator, in the order
# of `allocators`. Needs statistics.awk and rounds.awk.
BEGIN {
    FS = ","
    OFS = ","
    name_count = split(allocators, names, " ")
    measure_count = split("operations_per_wall_s operations_per_cpu_s peak_rss_bytes", measures, " ")
    line = "pattern,threads,allocator,status,rounds"
    for (m = 1; m <= measure_count; m++)
        line = line OFS measures[m] OFS measures[m] "_ratio" OFS measures[m] "_ratio_low" OFS measures[m] "_ratio_high"
    print line
}

FNR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    next
}

{
    place = $column["pattern"] SUBSEP $column["threads"]
    row = place SUBSEP $column["allocator"]
    round = $column["round"] + 0
    last_round = round > last_round ? round : last_round
    if (!(place in places)) {
        places[place]
        order[++place_count] = place
    }
    if (!(row in status) || $column["status"] != "ok")
        status[row] = $column["status"]
    if ($column["status"] != "ok")
        next
    ran[row, round]
    for (m = 1; m <= measure_count; m++)
        taken[row, measures[m], round] = $column[measures[m]]
}

function ratio_of(row, base, measure,    r, values, count) {
    for (r = 1; r <= last_round; r++)
        if ((row, r) in ran && (base, r) in ran)
            values[++count] = taken[row, measure, r] / taken[base, measure, r]
    return median_and_interval(values, count, "%.4f")
}

function print_row(place, name,    row, base, part, line, m) {
    row = place SUBSEP name
    base = place SUBSEP "glibc"
    split(place, part, SUBSEP)
    line = part[1] OFS part[2] OFS name OFS status[row] OFS rounds_of(row, base)
    for (m = 1; m <= measure_count; m++)
        line = line OFS (rounds_of(row, base) \
            ? median_taken(row, measures[m]) OFS ratio_of(row, base, measures[m]) : ",,,")
    print line
}

END {
    for (p = 1; p <= place_count; p++)
        for (n = 1; n <= name_count; n++)
            if ((order[p], names[n]) in status)
                print_row(order[p], names[n])
}
