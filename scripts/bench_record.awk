# Makes bench_record.csv of bench_record's events.csv (command,input,events,lost) and runs.csv: a row per command
# and recorder. Needs statistics.awk and rounds.awk.
BEGIN {
    FS = ","
    OFS = ","
    split("program_cpu program_wall whole_cpu whole_wall", measures, " ")
    line = "command,recorder,input,status,rounds,events,lost,plain_cpu_ns,plain_wall_ns"
    for (m = 1; m <= 4; m++)
        line = line spread(measures[m] "_added_ns_per_event")
    for (m = 1; m <= 4; m++)
        line = line spread(measures[m] "_ratio")
    print line
}

function spread(name) {
    return "," name "," name "_low," name "_high"
}

FNR == 1 {
    files++
}

# Without a single recording there are no events, and this is the first file.
FILENAME ~ /events\.csv$/ {
    events[$1, $2] = $3
    lost[$1, $2] = $4
    next
}

FNR == 1 {
    next
}

{
    row = $1 SUBSEP $2 SUBSEP $3
    if (!($1 in seen)) {
        seen[$1]
        commands[++command_count] = $1
    }
    if (!(row in status) || $5 != "ok")
        status[row] = $5
    if ($5 != "ok")
        next
    ran[row, $4]
    last_round = $4 + 0 > last_round ? $4 + 0 : last_round
    taken[row, "program_wall", $4] = $6
    taken[row, "program_cpu", $4] = $7
    taken[row, "whole_wall", $4] = $8
    taken[row, "whole_cpu", $4] = $9
}

# "median,low,high" of what the recorder took beyond the plain run of the same round, per event; or, without
# events, of its ratio.
function compared(row, plain, measure, events,    r, values, count) {
    for (r = 1; r <= last_round; r++)
        if ((row, r) in ran && (plain, r) in ran)
            values[++count] = events ? (taken[row, measure, r] - taken[plain, measure, r]) / events \
                : taken[row, measure, r] / taken[plain, measure, r]
    return median_and_interval(values, count, events ? "%.1f" : "%.4f")
}

# The row of a recorder, when it has one; of the plain run only what kept it from running.
function print_row(command, recorder, input,    row, plain, calls, count, line, m) {
    row = command SUBSEP recorder SUBSEP input
    plain = command SUBSEP "plain" SUBSEP input
    if (!(row in status) || (recorder == "plain" && status[row] == "ok"))
        return
    calls = events[command, input]
    count = rounds_of(row, plain)
    line = command OFS recorder OFS input OFS
    if (!count || !calls) {
        print line (status[row] == "ok" ? "no recording tells its events" : status[row]) OFS count \
            ",,,,,,,,,,,,,,,,,,,,,,,,,,,,"
        return
    }
    line = line status[row] OFS count OFS calls OFS lost[command, input] OFS median_taken(plain, "program_cpu") OFS \
        median_taken(plain, "program_wall")
    for (m = 1; m <= 4; m++)
        line = line OFS compared(row, plain, measures[m], calls)
    for (m = 1; m <= 4; m++)
        line = line OFS compared(row, plain, measures[m], 0)
    print line
}

END {
    recorder_count = split("plain preload heaptrack ltrace", recorders, " ")
    for (c = 1; c <= command_count; c++)
        for (n = 1; n <= recorder_count; n++) {
            print_row(commands[c], recorders[n], "large")
            print_row(commands[c], recorders[n], "small")
        }
}
