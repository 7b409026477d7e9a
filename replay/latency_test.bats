#!/usr/bin/env bats
# The latency pass of replay: what it counts, and that it finds what is slow and why.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    slow="$BUILD_DIR/libslow_allocator.so"
    grep -m1 '^flags' /proc/cpuinfo | grep -w constant_tsc | grep -qw nonstop_tsc ||
        skip "the processor has no steady time stamp counter"
}

# 20000 mallocs and frees; every thousandth malloc, event 1000 + 2000 * N, has 7777 bytes.
make_slow_trace() { # FILE
    awk 'BEGIN {
        print "# heapreel trace as text, version 1"
        for (i = 0; i < 20000; i++) {
            print 2 * i, i, 0, "malloc", i % 1000 == 500 ? 7777 : 16 + i % 300, "= #" i + 1
            print 2 * i + 1, i, 0, "free #" i + 1
        }
    }' > made.txt
    trace convert made.txt "$1"
}

# column NAME FILE: its fields, without quotes.
column() {
    awk -F, -v name="\"$1\"" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { gsub(/"/, "", $at); print $at }' "$2"
}

# The slow calls of the library labelled `slow` as "EVENT CAUSE", by event, of the one round.
slow_calls() {
    tr -d '"' < out/tails.csv | awk -F, '$2 == "slow" && $5 == 7777 && $3 == "malloc" { print $4, $7 }' | sort -n
}

# find_cause WAY CAUSE: all 20 calls, each for that cause; except the first, whose memory libc has not
# touched before, and where the processor was taken away, as others may want it.
find_cause() {
    replay -q -p latency -r 1 -o out -a "slow=$slow:SLOW=$1" slow.trace
    slow_calls > found
    cat found
    [ "$(cut -d' ' -f1 found | paste -sd' ')" = "$(seq 1000 2000 39000 | paste -sd' ')" ]
    [ "$(tail -n +2 found | grep -v ' preempt$' | cut -d' ' -f2 | sort -u)" = "$2" ]
}

@test "every call is counted once, by operation and size, and the files have their columns" {
    awk 'BEGIN {
        print "# heapreel trace as text, version 1"
        for (i = 0; i < 500; i++) {
            n = 10 * i
            print n, i, 0, "malloc 64 = #" ++o
            print n + 1, i, 0, "realloc #" o, "65 = #" o + 1; o++
            print n + 2, i, 0, "malloc_usable_size #" o, "= 80"
            print n + 3, i, 0, "free #" o
            print n + 4, i, 0, "calloc 8 4096 = #" ++o
            print n + 5, i, 0, "free #" o
            print n + 6, i, 0, "posix_memalign 64 32769 = #" ++o
            print n + 7, i, 0, "free #" o
            print n + 8, i, 0, "free NULL"
            print n + 9, i, 0, "malloc 1024 = #" ++o
        }
    }' > made.txt
    trace convert made.txt a.trace
    replay -q -p latency -r 2 -a glibc -o out a.trace
    [ "$(ls out)" = "$(printf 'bounds.csv\nlatency.csv\nmeta.csv\nruns.csv\nsamples.csv\nsize-lifetime-a.csv\nsummary.csv\ntails.csv')" ]
    [ "$(head -n 1 out/latency.csv | tr -d '"')" = "trace,allocator,op,size_class,latency_ns,count,percentile,round,run_id,fault_count,syscall_count,preempt_count,other_count" ]
    [ "$(head -n 1 out/tails.csv | tr -d '"')" = "trace,allocator,op,event,size_bytes,latency_ns,cause,round,run_id,thread,minflt,majflt,syscalls,nvcsw,nivcsw" ]
    # Two rounds of glibc and null, each a row that has no time to be compared.
    [ "$(grep -c '"latency","ok"' out/runs.csv)" -eq 4 ]
    [ "$(column pass out/runs.csv | sort -u)" = latency ]
    [ -z "$(column wall_ns out/runs.csv | tr -d '\n')" ]
    # Realloc may stay or move: together they are all of them.
    tr -d '"' < out/latency.csv | sed 's/realloc_in_place\|realloc_moved/realloc/' |
        awk -F, '$2 == "glibc" && $8 == 2 { n[$3 " " $4] += $6 } END { for (k in n) print k, n[k] }' | LC_ALL=C sort > counts
    cat counts
    diff counts - <<'END'
aligned >32768 500
calloc <=32768 500
free <=1024 500
free <=32768 500
free >32768 500
free_null <=64 500
malloc <=1024 500
malloc <=64 500
realloc <=1024 500
END
    grep -qE '"timer","(rdtscp|lfence\+rdtsc)"' out/meta.csv
    for key in timer_mhz timer_step_ns timer_overhead_ns; do grep -qE "^\"$key\",\"[0-9.]+\"" out/meta.csv; done
    # Percentiles rise to 100 in each histogram; causes are told of slow calls only, and of all.
    tr -d '"' < out/latency.csv | awk -F, 'NR > 1 {
        key = $2 $3 $4 $9
        if (key == last && ($5 <= ns || $7 < percentile)) exit 1
        if (key != last && NR > 2 && percentile != 100) exit 1
        if ($5 < 999 && $10 $11 $12 $13 != "") exit 1
        if ($5 > 1010 && $10 + $11 + $12 + $13 != $6) exit 1
        last = key; ns = $5; percentile = $7
    }'
}

@test "a sleep, a system call, page faults, and what cannot be told are found, each at its event" {
    make_slow_trace slow.trace
    find_cause sleep syscall
    [ "$(tr -d '"' < out/tails.csv | awk -F, '$2 == "slow" && $5 == 7777 && $6 >= 1000000' | wc -l)" -eq 20 ]
    find_cause map syscall
    # Seen by their names, one by one.
    [ "$(tr -d '"' < out/tails.csv | awk -F, '$2 == "slow" && $5 == 7777 && $13 == 40' | wc -l)" -eq 20 ]
    find_cause hidden-map syscall
    find_cause fault fault
    [ "$(tr -d '"' < out/tails.csv | awk -F, '$2 == "slow" && $5 == 7777 && $11 >= 20' | wc -l)" -eq 20 ]
    find_cause spin other
}

@test "a call that lost its processor is told as preempted" {
    make_slow_trace slow.trace
    cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
    taskset -c "$cpu" bash -c 'while :; do :; done' 3>&- &
    rival=$!
    replay -q -p latency -r 1 --cpu="$cpu" -o out -a "slow=$slow:SLOW=yield" slow.trace
    kill "$rival"
    slow_calls > found
    cat found
    grep -q ' preempt$' found
    if tail -n +2 found | grep -q ' fault$\| syscall$'; then false; fi
}

@test "the slowest calls stand first, and no more than 1000 of a run" {
    trace generate churn --events=100000 --seed=5 a.trace
    replay -q -p latency -r 1 -a glibc -o out a.trace
    tr -d '"' < out/tails.csv | awk -F, '$2 == "glibc" { print $6 }' > ns
    [ "$(wc -l < ns)" -le 1000 ]
    sort -rnc ns
    # The longest of all is the last bucket of its histogram.
    most=$(tr -d '"' < out/latency.csv | awk -F, '$2 == "glibc" && $5 > m { m = $5 } END { print m }')
    [ "$(head -n 1 ns)" -eq "$most" ]
}

@test "the calls of many threads are counted in bounded memory" {
    awk 'BEGIN {
        print "# heapreel trace as text, version 1"
        for (i = 0; i < 10000; i++) {
            print 2 * i, i, i % 100, "malloc", 16 + i % 300, "= #" i + 1
            print 2 * i + 1, i, i % 100, "free #" i + 1
        }
    }' > made.txt
    trace convert made.txt many.trace
    replay -q -p latency -r 1 -a glibc -o out many.trace
    [ "$(column threads out/runs.csv | sort -u)" = 100 ]
    [ "$(column sync out/runs.csv | sort -u)" = edges ]
    [ "$(tr -d '"' < out/latency.csv | awk -F, '$2 == "glibc" { n += $6 } END { print n }')" -eq 20000 ]
}

@test "the table shows percentiles that have enough calls, and the timer's limits" {
    make_slow_trace slow.trace
    run replay -p latency -r 2 -o out -a "slow=$slow:SLOW=sleep" slow.trace
    echo "$output"
    [ "$status" -eq 0 ]
    # Of 40,000 calls there are 4 beyond p99.99, and 40 slept.
    [[ "$output" =~ malloc,\ new\ +calls\ +p50\ +p99\ +p99\.9\ +p99\.99\ +max\ +over\ 1\ µs\ +fault\ +syscall\ +preempt\ +other ]]
    [[ "$output" =~ slow\ +40,000\ +\<?[0-9]+\ ns\ +[0-9.]+\ (ns|µs)\ +[0-9.]+\ (ns|µs|ms)\ +-\ +[0-9.]+\ ms\  ]]
    [[ "$output" == *"free, delete"* ]]
    [[ "$output" == *"less the timer's "*" ns; its step is "*" ns."* ]]
    [ "$(report summary out)" = "$(sed '/^wrote /d' <<<"$output")" ]
}

@test "a latency.csv that an earlier run left says nothing about this one" {
    make_slow_trace slow.trace
    replay -q -p latency -r 1 -a glibc -o out slow.trace
    run replay -p time -r 1 --loops=1 -a glibc -o out slow.trace
    [ "$status" -eq 0 ]
    [ -s out/latency.csv ]
    [[ "$output" != *"malloc, new"* ]]
}

# percentile OPS: the p99.9 in latency.csv of the one round of glibc.
percentile() {
    tr -d '"' < out/latency.csv | grep -E "^slow,glibc,($1)," | sort -t, -n -k5,5 |
        awk -F, '{ ns[NR] = $5; n += count[NR] = $6 }
            END { for (i = 1; i <= NR; i++) if ((below += count[i]) * 1000 >= n * 999) { print ns[i]; exit } }'
}

# Of the rows of runs.csv that a pattern is in; counted from their end, as messages may have commas.
tail_of() { # acquire|release PATTERN
    { head -n 1 out/runs.csv; grep -F "$2" out/runs.csv; } | tr -d '"' | awk -F, -v name="$1_p99_9_ns" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) back = NF - i; next }
        { print $(NF - back) }'
}

@test "runs.csv has the p99.9 of calls that acquire and that release, of the latency pass alone" {
    make_slow_trace slow.trace
    replay -q -p time,latency -r 1 -a glibc -o out slow.trace
    for kind in "acquire malloc" "release free"; do
        read -r group op <<< "$kind"
        found=$(tail_of "$group" '"glibc","latency"')
        # A bucket is 1/128 wide, and latency.csv has the longest call of each size class exactly.
        awk -v found="$found" -v expected="$(percentile "$op")" \
            'BEGIN { exit !(expected > 0 && found >= expected * 127 / 128 && found <= expected * 129 / 128) }'
        [ "$(tail_of "$group" '"time"' | sort | uniq -c | sed 's/ //g')" = 9 ] # no number in any row
    done
}
