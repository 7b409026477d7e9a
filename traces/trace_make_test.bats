#!/usr/bin/env bats
# trace generate and trace cut, as a user calls them, and what trace info tells of the results.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    kinds=(churn ramp server handover larson robson comb)
}

info() { # FILE KEY: the value
    trace info --format=csv "$1" | sed -n "s/^\"$2\",\"\(.*\)\"$/\1/p"
}

events() { # FILE: its events without index
    trace print "$1" | grep -v '^#' | cut -d' ' -f2-
}

@test "small generated traces are the same on every machine" {
    for kind in "${kinds[@]}"; do
        trace generate "$kind" --events=60 --objects=8 --seed=7 a.trace
        trace print a.trace | grep -v '^# recorder_version=' |
            diff "$SOURCE_DIR/traces/generate/testdata/$kind.txt" -
    done
}

@test "generate prints its seed and notes how the trace was made" {
    run trace generate larson --events=500 --threads=3 --objects=20 --seed=42 a.trace
    [ "$status" -eq 0 ]
    [ "$output" = "a.trace: larson, 500 events, seed 42" ]
    [ "$(info a.trace program)" = generated ]
    [ "$(info a.trace recorder)" = generated ]
    [ "$(info a.trace generator)" = larson ]
    [ "$(info a.trace generator_seed)" = 42 ]
    [ "$(info a.trace generator_threads)" = 3 ]
    [ "$(info a.trace generator_objects)" = 20 ]
    [ "$(info a.trace events)" = 500 ]
    # What it noted makes it again.
    # shellcheck disable=SC2046
    $(info a.trace command) b.trace
    cmp a.trace b.trace
    trace generate larson --events=500 --threads=3 --objects=20 --seed=43 b.trace
    run ! cmp -s a.trace b.trace
}

@test "every kind can be replayed" {
    for kind in "${kinds[@]}"; do
        trace generate "$kind" --events=5000 --objects=100 "$kind.trace"
        trace validate "$kind.trace"
        replay -q -r 1 -o "out-$kind" "$kind.trace"
        run ! grep -vE '"(status|ok)"' "out-$kind/runs.csv"
    done
}

@test "robson's worst case costs first fit more than its live bytes several times over" {
    trace generate robson --events=150000 --objects=32768 a.trace
    replay -q -r 1 -p memory -a heap:first+address -o out a.trace
    live=$(info a.trace peak_live_bytes)
    peak=$(sqlite3 :memory: ".import --csv out/runs.csv runs" \
        "SELECT peak_heap_bytes FROM runs WHERE allocator LIKE 'heap%'")
    echo "live $live, heap $peak"
    [ "$peak" -gt $((live * 4)) ]
}

@test "generate refuses what it cannot do, status 2" {
    for words in "" "churn" "nosuch a.trace" "churn a.trace b" "robson --threads=2 a.trace" \
        "handover --threads=1 a.trace" "churn --events=0 a.trace" "churn --events=1x a.trace" \
        "churn --threads=1025 a.trace" "churn --objects=-1 a.trace"; do
        # shellcheck disable=SC2086
        run trace generate $words
        echo "'$words': $status $output"
        [ "$status" -eq 2 ]
        [ ! -e a.trace ]
    done
    run trace generate --help
    [ "$status" -eq 0 ]
    for kind in "${kinds[@]}"; do [[ "$output" == *"  $kind "* ]]; done
}

@test "pieces of a trace are valid and can be replayed" {
    trace generate server --events=20000 --objects=300 whole.trace
    trace cut --events=:7000 whole.trace 1.trace
    trace cut --events=7000:14000 whole.trace 2.trace
    trace cut --events=14000: whole.trace 3.trace
    trace cut --time=0.001:0.003 whole.trace time.trace
    trace cut --thread=2 whole.trace thread.trace
    trace cut --live=drop --events=7000:14000 whole.trace drop.trace
    for file in 1 2 3 time thread drop; do
        trace validate $file.trace
        replay -q -r 1 -p time -a glibc -o out-$file $file.trace
    done
    # What one piece leaves, the next one begins with.
    [ "$(info 1.trace end_live_bytes)" = "$(info 2.trace cut_acquired_bytes)" ]
    [ "$(info 2.trace end_live_objects)" = "$(info 3.trace cut_acquired_objects)" ]
    [ "$(info 3.trace end_live_bytes)" = "$(info whole.trace end_live_bytes)" ]
    [ "$(info 2.trace cut)" = "events 7000:14000" ]
    [ "$(info 2.trace generator)" = server ]
    [ "$(info drop.trace cut_acquired_objects)" = 0 ]
    [ "$(info thread.trace threads)" = 1 ]
}

@test "cutting everything gives the same events" {
    trace generate handover --events=3000 --threads=4 whole.trace
    run trace cut --time=: whole.trace again.trace
    [ "$status" -eq 0 ]
    [ "$output" = "again.trace: 3000 events; 0 objects of 0 bytes live before, 0 uses left out, 0 events changed" ]
    diff <(events whole.trace) <(events again.trace)
}

@test "a recorded trace with threads, arenas and C++ can be cut anywhere" {
    for part in --events=100000:150000 --events=600000: --time=0.5:0.6 --thread=3; do
        trace cut "$part" "$SOURCE_DIR/traces/firefox.trace" a.trace
        trace validate a.trace
        [ -z "$(info a.trace program_cpu_us)" ]
        [ "$(info a.trace program)" = firefox-esr ]
    done
}

@test "cut refuses what it cannot do, status 2, and says what there is" {
    trace generate churn --events=100 whole.trace
    for words in "" "whole.trace" "whole.trace a.trace" "--events=5 whole.trace a.trace" \
        "--events=5:5 whole.trace a.trace" "--events=6:5 whole.trace a.trace" \
        "--events=0:1 --time=0:1 whole.trace a.trace" "--time=x:1 whole.trace a.trace" \
        "--time=-1: whole.trace a.trace" "--thread=x whole.trace a.trace" \
        "--events=:9 --live=keep whole.trace a.trace" "--events=:9 whole.trace a.trace b"; do
        # shellcheck disable=SC2086
        run trace cut $words
        echo "'$words': $status $output"
        [ "$status" -eq 2 ]
        [ ! -e a.trace ]
    done
    run trace cut --events=100: whole.trace a.trace
    [ "$status" -eq 2 ]
    [ "$output" = "trace: whole.trace: no event is in that part; there are 100" ]
    run trace cut --thread=7 whole.trace a.trace
    [ "$status" -eq 2 ]
    [ "$output" = "trace: whole.trace: has no thread 7; its threads are 0 to 0" ]
    run trace cut --events=:9 nosuch.trace a.trace
    [ "$status" -eq 1 ]
    head -c 300 whole.trace > cut-short.trace
    run trace cut --events=:9 cut-short.trace a.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"cut short"* ]]
    [ ! -e a.trace ]
}

@test "info tells sizes, lifetimes and releases across threads" {
    cat > a.txt <<'END'
# heapreel trace as text, version 1
# program=demo
0 0 0 malloc 16 = #1
1 0 1 thread_start
2 0 1 malloc 17 = #2
3 0 1 free #1
4 0 0 malloc 3000 = #3
5 0 1 free #2
6 0 0 malloc 0 = #4
7 0 0 free #4
END
    trace convert a.txt a.trace
    run trace info --format=csv a.trace
    [ "$status" -eq 0 ]
    [ "$(tail -n 16 <<<"$output" | tr -d '"' | tr '\n' ' ')" = "op.thread_start,1 releases,3 cross_thread_releases,1 null_releases,0 null_reallocs,0 size.0.objects,1 size.0.bytes,0 size.16.objects,1 size.16.bytes,16 size.32.objects,1 size.32.bytes,17 size.4096.objects,1 size.4096.bytes,3000 lifetime.1.objects,1 lifetime.10.objects,2 lifetime.never.objects,1 " ]
    run trace info a.trace
    [[ "$output" == *"releases     3, 1 of them (33.3 %) by another thread"* ]]
    [[ "$output" == *"      16 B            2  50.0 % #############"*"0.5 %"* ]]
    [[ "$output" == *"     4 KiB            1  25.0 % ######"*"98.9 % #########################"* ]]
    [[ "$output" == *"     the end            1  25.0 % ######"* ]]
}
