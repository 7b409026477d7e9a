#!/usr/bin/env bats
# The loops of threads, and that the heap does not grow with the work that producers and consumers do.

bats_require_minimum_version 1.5.0

setup() {
    libheap="$BUILD_DIR/libheap.so"
    stress="$BUILD_DIR/stress_threads"
}

on_heap() { # ARG...
    env LD_PRELOAD="$libheap" "$stress" "$@"
}

# field NAME: of the CSV on standard input, in its only row.
field() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) place = i } NR == 2 { print $place }'
}

@test "each loop ends with any number of threads and tells what it did" {
    for pattern in larson queue churn; do
        for threads in 1 2 3 8; do
            run -0 on_heap --threads=$threads --operations=50001 $pattern
            [ "${#lines[@]}" -eq 2 ]
            [[ ${lines[1]} == "$pattern,$threads,1,50001,"*",\"$libheap\"" ]]
            for name in wall_ns cpu_ns operations_per_wall_s operations_per_cpu_s peak_rss_bytes; do
                [ "$(field $name <<<"$output")" -gt 0 ]
            done
        done
    done
}

@test "a single operation, and fewer than there are threads, are no special case" {
    for pattern in larson queue churn; do
        for operations in 1 5; do
            run -0 on_heap --threads=8 --operations=$operations $pattern
            [ "$(field operations <<<"$output")" -eq $operations ]
        done
    done
}

# glibc frees the stacks of other threads at the very end of one.
@test "threads that begin to free when nothing of theirs is left to run leave a sound heap" {
    for _ in {1..100}; do
        run -0 on_heap --threads=8 --operations=1 larson
    done
}

@test "every rung that has a lock of its own takes the loops" {
    for options in coalesce first+address next segregated; do
        for pattern in larson queue churn; do
            HEAP_OPTIONS=$options run -0 on_heap --threads=3 --operations=5000 $pattern
        done
    done
}

@test "four times the work of producers and consumers takes no more memory" {
    for threads in 2 8; do
        once=$(on_heap --threads=$threads --operations=400000 queue | field peak_rss_bytes)
        four_times=$(on_heap --threads=$threads --operations=1600000 queue | field peak_rss_bytes)
        echo "$threads threads: $once, then $four_times bytes"
        [ "$once" -gt 0 ]
        # How far producers run ahead is the scheduler's: without any free it would be 145, then 577 MB.
        [ "$four_times" -le $((once * 2 + (4 << 20))) ]
    done
}

@test "what the loops cannot do is refused with a reason" {
    run -2 "$stress"
    [[ ${lines[0]} == *"which pattern? There are larson, queue and churn" ]]
    run -2 "$stress" nosuch
    [[ ${lines[0]} == *"no pattern 'nosuch'; there are larson, queue and churn" ]]
    run -2 "$stress" larson queue
    [[ ${lines[0]} == *"'queue': one pattern at a time" ]]
    run -2 "$stress" --threads=0 queue
    [[ ${lines[0]} == *"--threads=0: expected a number from 1 to 256" ]]
    run -2 "$stress" --operations=many queue
    [[ ${lines[0]} == *"--operations=many: expected a number"* ]]
}
