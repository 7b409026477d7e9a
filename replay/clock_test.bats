#!/usr/bin/env bats
# What time it is for the allocator, and whether it has huge pages.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    reader="$BUILD_DIR/libclock_reading_allocator.so"
}

convert() { # FILE [METADATA...] : a trace of the events on stdin
    local file="$1"
    shift
    { echo "# heapreel trace as text, version 1"; printf '# %s\n' recorder=made "$@"; cat; } > made.txt
    trace convert made.txt "$file"
}

# Microseconds that are no round numbers, two events at once, and a minute without any.
times=(0 7 7 1234 60001234 60001235 61500000 61500001)

make_trace() { # FILE [METADATA...]
    convert "$@" <<END
0 ${times[0]} 0 malloc 100 = #1
1 ${times[1]} 0 malloc 200 = #2
2 ${times[2]} 0 free #1
3 ${times[3]} 0 realloc #2 5000 = #3
4 ${times[4]} 0 calloc 3 100 = #4
5 ${times[5]} 0 free #3
6 ${times[6]} 0 free #4
7 ${times[7]} 0 malloc 1 = #5
END
}

read_clocks() { # OPTION... : the readings of a memory pass, those of the replay alone
    rm -f readings
    replay -q -p memory -r 1 -o out -b reader -a "reader=$reader:READINGS=$PWD/readings" "$@"
    tail -n ${#times[@]} readings > replayed
}

# A real reading lies between the kernel's of the call before and of its own.
expect_real_times() { # FILE
    local seen before=0 lines=0
    while read -r -a seen; do
        [ "$before" -le "${seen[0]}" ] && [ "${seen[0]}" -le "${seen[8]}" ] || return 1
        before="${seen[8]}"
        lines=$((lines + 1))
    done < "$1"
    [ "$lines" -gt 0 ]
}

cell() { # ALLOCATOR COLUMN : of runs.csv
    awk -F, -v allocator="\"$1\"" -v name="\"$2\"" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i }
        $8 == allocator { gsub(/"/, "", $column); print $column }' out/runs.csv
}

@test "the allocator sees the microseconds of the trace exactly, from all wall clocks" {
    make_trace a.trace
    read_clocks a.trace
    i=0
    while read -r -a seen; do
        [ "$i" -gt 0 ] || first=("${seen[@]}")
        for clock in 0 1 2 3 4 5; do # in nanoseconds
            [ $((seen[clock] - first[clock])) -eq $((times[i] * 1000)) ]
        done
        [ "${seen[6]}" -eq $((seen[4] / 1000)) ]
        [ $((seen[7] - first[7])) -ge $((times[i] / 1000000)) ]
        [ $((seen[7] - first[7])) -le $((times[i] / 1000000 + 1)) ]
        i=$((i + 1))
    done < replayed
    [ "$i" -eq ${#times[@]} ]
    [ "$(cell reader clock)" = trace ]
    [ "$(cell reader clock_reads)" -eq $((8 * ${#times[@]})) ]
    grep -q '^"clock","trace"$' out/meta.csv
}

@test "the time of the trace begins where the real time is, and CPU time stays the kernel's" {
    make_trace a.trace
    read_clocks a.trace
    read -r -a first < replayed
    [ "${first[0]}" -le "${first[8]}" ]
    [ $((first[8] - first[0])) -lt 1000000000 ]
    now=$(date +%s)
    [ $((now - first[7])) -ge 0 ]
    [ $((now - first[7])) -lt 10 ]
    [ "$(cut -d' ' -f10 replayed | sort -u)" = 1 ]
    # Before the replay, while the library is loaded, time is real.
    head -n -${#times[@]} readings > loading
    expect_real_times loading
}

@test "with --clock=real the allocator sees the real time" {
    make_trace a.trace
    read_clocks --clock=real a.trace
    expect_real_times replayed
    [ "$(cell reader clock)" = real ]
    [ "$(cell reader clock_reads)" -eq $((8 * ${#times[@]})) ]
    grep -q '^"clock","real"$' out/meta.csv
    report summary out | grep -q "The allocators saw the real clock"
}

@test "the time pass has the real time, and does not count" {
    make_trace a.trace
    read_clocks -p time --loops=1 a.trace
    expect_real_times readings
    [ "$(cell reader clock)" = real ]
    [ "$(cell reader clock_reads)" = "" ]
}

@test "threads that take turns see one time" {
    awk 'BEGIN { for (i = 0; i < 800; i++) print i, i * 13, int(i / 200), "malloc 16 = #" i + 1 }' |
        convert threads.trace
    read_clocks threads.trace
    [ "$(cell reader sync)" = exact ]
    tail -n 800 readings | awk '
        NR == 1 { first = $1 }
        $1 - first != (NR - 1) * 13000 { print; exit 1 }'
}

@test "threads that run at once see time go forward only" {
    awk 'BEGIN { for (i = 0; i < 800; i++) print i, i * 13, i % 3, "malloc 16 = #" i + 1 }' |
        convert threads.trace
    read_clocks threads.trace
    [ "$(cell reader sync)" = epochs ]
    [ "$(cell reader clock_reads)" -eq 6400 ]
    tail -n 800 readings | sort -n -k 12,12 -s | awk '
        $12 != thread { thread = $12; last = 0; threads++ }
        $1 < last { print "back:", $0; failed = 1 }
        { last = $1 }
        NR == 1 || $1 < least { least = $1 }
        $1 > most { most = $1 }
        END { exit failed || threads != 3 || most - least > 799 * 13000 }'
}

@test "a trace without times has the real time, and the table says so" {
    printf '%s\n' "0 0 0 malloc 100 = #1" "1 0 0 free #1" | convert timeless.trace
    run replay -p memory -r 1 -o out -a glibc timeless.trace
    [ "$status" -eq 0 ]
    [ "$(cell glibc clock)" = real ]
    [[ "$output" == *"timeless: has no times, so that its allocators saw the real clock"* ]]
}

@test "the table says who never asked for the time" {
    make_trace a.trace
    run replay -p memory -r 1 -o out -a glibc,heap -a "reader=$reader:READINGS=$PWD/readings" a.trace
    [ "$status" -eq 0 ]
    [ "$(cell glibc clock_reads)" = 0 ]
    [[ "$output" == *"recorded clock"*"Time policy: none seen of glibc and heap, which never asked for the time."* ]]
    [ "$(report summary out | grep -c 'Time policy')" -eq 1 ]
}

# 64 MiB that are freed at once, then a hundred minutes with a little work in each second, in blocks that
# no cache of a thread keeps from the allocator proper.
make_idle_trace() { # FILE
    awk 'BEGIN {
        for (i = 1; i <= 4096; i++) print event++, i, 0, "malloc 16384 = #" i
        for (i = 1; i <= 4096; i++) print event++, 5000 + i, 0, "free #" i
        for (i = 0; i < 6000; i++) {
            printf "%d %.0f 0 malloc 40000 = #%d\n", event++, 10000 + i * 1e6, 4097 + i
            printf "%d %.0f 0 free #%d\n", event++, 10001 + i * 1e6, 4097 + i
        }
    }' | convert "$1"
}

@test "jemalloc gives memory back in the recorded time, and not in the real one" {
    replay --list-allocators | grep -q '^jemalloc' || skip "jemalloc is not installed"
    make_idle_trace idle.trace
    # A quarter of an hour, of which no machine is so busy that it would take even a tenth.
    slow="jemalloc=jemalloc:MALLOC_CONF=dirty_decay_ms:1000000"
    replay -q -p memory -r 1 -o out -a "$slow" idle.trace
    [ "$(cell jemalloc clock_reads)" -gt 0 ]
    [ "$(cell jemalloc peak_heap_bytes)" -gt $((64 << 20)) ]
    [ "$(cell jemalloc end_heap_bytes)" -lt $((8 << 20)) ]
    replay -q -p memory -r 1 -o out -a "$slow" --clock=real idle.trace
    [ "$(cell jemalloc end_heap_bytes)" -gt $((56 << 20)) ]
}

@test "huge pages are switched off on request, and for a program that had none" {
    make_trace a.trace
    make_trace off.trace thp_disabled=1
    read_clocks a.trace
    [ "$(cell reader thp)" = inherit ]
    [ "$(cut -d' ' -f11 replayed | sort -u)" = 0 ]
    grep -q '^"thp_cells","recorded"$' out/meta.csv

    read_clocks --thp=never a.trace
    [ "$(cell reader thp)" = never ]
    [ "$(cut -d' ' -f11 replayed | sort -u)" = 1 ]
    grep -q '^"thp_cells","never"$' out/meta.csv
    report summary out | grep -q "^Huge pages were switched off."

    read_clocks off.trace
    [ "$(cell reader thp)" = never ]
    [ "$(cut -d' ' -f11 replayed | sort -u)" = 1 ]
    report summary out | grep -q "^off: huge pages were switched off, as the program had done."

    read_clocks --thp=inherit off.trace
    [ "$(cell reader thp)" = inherit ]
    [ "$(cut -d' ' -f11 replayed | sort -u)" = 0 ]
    report summary out | grep -q "^off: the program had switched huge pages off, but they were left as they are here."
}

@test "--thp=always is refused where the kernel does not give them always" {
    make_trace a.trace
    setting=/sys/kernel/mm/transparent_hugepage/enabled
    run replay -p memory -r 1 -o out --thp=always a.trace
    if grep -qF '[always]' "$setting"; then
        [ "$status" -eq 0 ]
        [ "$(cell glibc thp)" = always ]
    else
        [ "$status" -eq 2 ]
        [[ "$output" == *"--thp=always: "*"$setting"*"--thp=inherit"* ]]
        [ ! -e out ]
    fi
}

@test "the pass clock is memory once more under the other clock, and changes no number of the table" {
    make_trace a.trace
    replay -q -p memory,clock -r 2 -o out -b reader -a "reader=$reader" a.trace
    report summary --format=csv out > both.csv
    [ "$(grep -c '^"1","[^"]*","[12]",.*"clock","ok","1","1","real",' out/runs.csv)" -eq 2 ] # reader and null, in one round
    [ "$(cut -d, -f3,4 out/samples.csv | sort | uniq -c | wc -l)" -eq 3 ] # a header and two clocks
    grep -q '^"rounds_clock","1"$' out/meta.csv
    grep -v '"clock","ok"' out/runs.csv > rows
    mv rows out/runs.csv
    report summary --format=csv out | diff both.csv -
    replay -q -p memory,clock --clock=real -r 1 -o other -b reader -a "reader=$reader" a.trace
    [ "$(grep -c '"clock","ok","1","1","trace",' other/runs.csv)" -eq 2 ]
}

@test "sizes and lifetimes are those of trace info, and left out with the bounds" {
    make_trace a.trace
    replay -q -p memory -r 1 -o out -a glibc a.trace
    trace info --format=histogram a.trace | diff - out/size-lifetime-a.csv
    replay -q -p memory -r 1 --bounds=no -o none -a glibc a.trace
    [ ! -e none/size-lifetime-a.csv ]
}
