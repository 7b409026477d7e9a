# Prints bench_record.csv for the terminal.
function value(name) {
    return $column[name]
}

function with_interval(name, format) {
    return sprintf(format " [" format " " format "]", value(name), value(name "_low"), value(name "_high"))
}

NR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    printf "\n%-9s %-9s %9s %6s  %-55s  %s\n", "", "", "", "", "the program itself", "the whole command"
    printf "%-9s %-9s %9s %6s  %-24s %10s  %-18s  %10s  %s\n", "command", "recorder", "events", "rounds",
        "CPU ns/event added", "wall ns/ev", "CPU ratio", "wall ns/ev", "wall ratio"
    next
}

!value("events") {
    printf "%-9s %-9s %s\n", $1, $2, value("status")
    next
}

{
    ratio = value("program_cpu_ratio") < 10 ? "%.2f" : "%.0f"
    added = value("program_cpu_added_ns_per_event") < 1000 ? "%.1f" : "%.0f"
    printf "%-9s %-9s %9d %6d  %-24s %10.0f  %-18s  %10.0f  %s%s\n", $1, $2, value("events"), value("rounds"),
        with_interval("program_cpu_added_ns_per_event", added), value("program_wall_added_ns_per_event"),
        with_interval("program_cpu_ratio", ratio), value("whole_wall_added_ns_per_event"),
        with_interval("whole_wall_ratio", ratio), value("status") == "ok" ? "" : "  " value("status")
    if (value("lost") > 0)
        printf "%-9s %-9s %d events were lost\n", "", "", value("lost")
    small = small || value("input") == "small"
    if (value("rounds") > rounds)
        rounds = value("rounds")
}

END {
    print ""
    print "added and ratio: to the plain run of the same round; median, in brackets " \
        (rounds < 6 ? "the range." : "its 95 % interval (below 6 rounds the range).")
    if (small)
        print "ltrace had a smaller input of the same command: compare its ns/event, not its events."
}
