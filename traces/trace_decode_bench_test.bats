#!/usr/bin/env bats
# trace_decode_bench: that it measures what it says; not how fast that is.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    trace generate churn --events=3000 churn.trace 2>log
    trace generate ramp --events=2000 ramp.trace 2>log
}

@test "a row for each trace, and their geometric means" {
    trace_decode_bench --rounds=3 --format=csv churn.trace ./ramp.trace >out.csv
    cat out.csv
    [ "$(wc -l <out.csv)" -eq 4 ]
    [ "$(head -n 1 out.csv)" = trace,events,bytes,bytes_per_event,rounds,million_events_per_s,million_events_per_s_min,million_events_per_s_max ]
    grep -qE "^\"churn.trace\",3000,$(stat -c %s churn.trace),[0-9.]+,3,[0-9.]+,[0-9.]+,[0-9.]+$" out.csv
    grep -qE "^\"ramp.trace\",2000,$(stat -c %s ramp.trace),[0-9.]+,3,[0-9.]+,[0-9.]+,[0-9.]+$" out.csv
    awk -F, '
        NR > 1 && NR < 4 {
            wrong += $4 < $3 / $2 - 0.001 || $4 > $3 / $2 + 0.001 # bytes per event
            wrong += $6 <= 0 || $7 > $6 || $6 > $8
            bytes += log($4)
            rate += log($6)
        }
        NR == 4 {
            wrong += $4 / exp(bytes / 2) < 0.99 || $4 / exp(bytes / 2) > 1.01
            wrong += $6 / exp(rate / 2) < 0.99 || $6 / exp(rate / 2) > 1.01
        }
        END { exit wrong > 0 }' out.csv
}

@test "a table for the terminal" {
    run -0 trace_decode_bench --rounds=2 churn.trace
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == trace*events*bytes*"M ev/s"* ]]
    [[ ${lines[1]} == churn.trace*3000* ]]
    [[ ${lines[2]} == "geometric mean"* ]]
}

@test "what cannot be decoded is an error of one line" {
    run -1 trace_decode_bench churn.trace missing.trace
    [ "$output" = "trace_decode_bench: missing.trace: cannot open: No such file or directory" ]
    head -c 200 churn.trace >short.trace
    run -1 trace_decode_bench short.trace
    [[ $output == "trace_decode_bench: short.trace: byte "*"cut short"* ]]
    printf '# heapreel trace as text, version 1\n' >none.txt
    trace convert none.txt none.trace
    run -1 trace_decode_bench none.trace
    [[ $output == *"none.trace: has no events"* ]]
    run -2 trace_decode_bench
    [[ $output == *"which traces?"* ]]
    run -2 trace_decode_bench --rounds=0 churn.trace
    [[ $output == *"--rounds is a number from 1"* ]]
}
