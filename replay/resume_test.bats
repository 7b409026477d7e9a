#!/usr/bin/env bats
# Campaigns that do not come to their end: what is left of them, and how they go on.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    misbehaving="$BUILD_DIR/libmisbehaving_allocator.so"
    trace generate churn --events=5000 --seed=3 a.trace > log
    trace generate churn --events=2000 --seed=4 b.trace >> log
}

teardown() {
    [ -z "${pid-}" ] || kill -KILL "$pid" 2> /dev/null || true
}

# Starts replay in a session of its own, so that its processes can be found; `pid` is set.
# bats ignores SIGINT in background jobs, and what is ignored stays so.
start() { # OPTION...
    setsid env --default-signal=INT "$BUILD_DIR/replay" "$@" > log 2>&1 3>&- &
    pid=$!
}

wait_until() { # COMMAND... : is true, within a minute
    local tries=0
    until "$@"; do
        [ $((++tries)) -le 3000 ] || return 1
        sleep 0.02
    done
}

kill_replay() {
    kill -KILL "$pid"
    status=0; wait "$pid" || status=$?
    [ "$status" -eq 137 ]
}

# A round of FOLDER has been written.
has_round() { grep -qs "^\"checkpoint.$2\"" "$1/meta.csv.part"; } # FOLDER TRACE.ROUND

# No process of its session lives.
none_left() {
    cat /proc/[0-9]*/stat 2> /dev/null | sed 's/.*) //' | awk -v session="$pid" '$4 == session && $1 != "Z" { exit 1 }'
}

# The rows without what is measured or is another in each run.
rows() { cut -d, -f3,4,6-18,27 "$1/runs.csv"; } # FOLDER

is_csv() { # FILE... : each line of it has as many fields as the first, and the last one an end
    for file in "$@"; do
        sed 's/"[^"]*"/x/g' "$file" | awk -F, 'NR == 1 { fields = NF } NF != fields { exit 1 }'
        [ -z "$(tail -c 1 "$file" | tr -d '\n')" ]
    done
}

# Every run that the other files tell of stands in runs.csv, and the other way round.
is_consistent() { # FOLDER
    is_csv "$1/runs.csv" "$1/samples.csv" "$1/bounds.csv"
    diff <(grep '"memory","ok"' "$1/runs.csv" | grep -v '"null"' | cut -d, -f2 | sort -u) \
        <(tail -n +2 "$1/samples.csv" | cut -d, -f1 | sort -u)
    for map in "$1"/heapmap-*.meta.csv; do
        [ ! -e "$map" ] || grep -qF "$(sed -n 's/^"run_id",,//p' "$map")" "$1/runs.csv"
    done
    [ -z "$(find "$1" -name '*.part')" ]
    report summary "$1" > summary.txt
}

@test "a campaign that was killed goes on behind its last round, with the same rows as a whole one" {
    settings=(-r 3 --loops=1 -p time,memory,map)
    replay -q "${settings[@]}" --seed=7 -o whole a.trace b.trace
    for round in a.0 a.2 b.1; do
        rm -rf out
        start "${settings[@]}" --seed=7 -o out a.trace b.trace
        wait_until has_round out $round
        kill_replay
        wait_until none_left
        [ ! -e out/runs.csv ]
        kept=$(grep -c '^"checkpoint' out/meta.csv.part)
        head -n 2 out/runs.csv.part > first_row
        run replay -q --resume "${settings[@]}" -o out a.trace b.trace
        echo "$output"
        [ "$status" -eq 0 ]
        diff <(rows whole) <(rows out)
        is_consistent out
        [ "$(ls out)" = "$(ls whole)" ]
        # What was there is there still; a run that was done again has another name.
        if [ $round != a.0 ]; then head -n 2 out/runs.csv | cmp - first_row; fi
        [ "$(tail -n +2 out/runs.csv | cut -d, -f2 | cut -d- -f1 | sort -u | wc -l)" -le 2 ]
        [ "$(grep -c '^"checkpoint' out/meta.csv)" -gt "$kept" ]
        [ "$(grep -c '^"checkpoint' out/meta.csv)" -eq "$(grep -c '^"checkpoint' whole/meta.csv)" ]
    done
}

@test "Ctrl-C, to replay or to its group, keeps whole CSV files, leaves no process, and says how to go on" {
    replay -q -r 12 -p time --seed=7 -o whole a.trace
    before=$(ls /dev/shm | wc -l)
    for target in alone group; do
        rm -rf "a b"
        start -r 12 -p time --seed=7 -o "a b" a.trace
        wait_until has_round "a b" a.2
        if [ $target = group ]; then kill -INT -- "-$pid"; else kill -INT "$pid"; fi
        status=0; wait "$pid" || status=$?
        cat log
        [ "$status" -eq 130 ]
        none_left
        grep -qF "replay: interrupted; what was finished is written" log
        command=$(sed -n 's/^replay: to go on: //p' log)
        [[ "$command" == *"/replay --resume -r 12 -p time --seed=7 -o 'a b' a.trace" ]]
        is_consistent "a b"
        [ "$(wc -l < "a b/runs.csv")" -lt "$(wc -l < whole/runs.csv)" ]
        eval "$command -q"
        diff <(rows whole) <(rows "a b")
        is_consistent "a b"
    done
    [ "$(ls /dev/shm | wc -l)" -le "$before" ]
    [ -z "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -newer a.trace -name '*.part' 2> /dev/null)" ]
}

@test "lines that a power cut has shortened are done again" {
    settings=(-r 2 --loops=1 -a glibc)
    replay -q "${settings[@]}" --seed=7 -o whole a.trace
    for file in runs.csv samples.csv bounds.csv meta.csv; do
        rm -rf out
        cp -r whole out
        truncate -s -7 out/$file
        run replay -q --resume "${settings[@]}" -o out a.trace
        echo "$file: $output"
        [ "$status" -eq 0 ]
        diff <(rows whole) <(rows out)
        is_consistent out
        grep -q '^"finished_utc","20' out/meta.csv
    done
    # So of a process that was killed.
    rm -rf out
    mkdir out
    for file in runs.csv samples.csv bounds.csv meta.csv; do cp whole/$file out/$file.part; done
    truncate -s -7 out/runs.csv.part
    replay -q --resume "${settings[@]}" -o out a.trace
    diff <(rows whole) <(rows out)
    is_consistent out
}

@test "a campaign that is whole is left as it is, and its failures are told again" {
    replay -q -r 2 -p time -a glibc -o out a.trace b.trace
    cp -r out before
    run replay --resume -r 2 -p time -a glibc -o out a.trace b.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"replay: out: all of it is there already"* ]]
    diff -r before out
    run replay -q -r 2 -p time -a "bad=$misbehaving:MISBEHAVE=crash" -o bad a.trace
    [ "$status" -eq 1 ]
    said=$output
    grep -q '^"failure.*","bad on a: crash: Segmentation fault"' bad/meta.csv
    cp -r bad before_bad
    run replay -q --resume -r 2 -p time -a "bad=$misbehaving:MISBEHAVE=crash" -o bad a.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"$said"* ]]
    diff -r before_bad bad
}

@test "a campaign does not go on with other settings, status 2" {
    cp "$(realpath "$misbehaving")" other.so
    settings=(-r 2 -p time,memory -a other=./other.so)
    replay -q "${settings[@]}" --seed=7 -o out a.trace b.trace
    cp -r out before
    refused() { # WORDS OPTION... : are told of
        local words=$1
        shift
        run replay -q --resume "$@"
        echo "$output"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ "$output" == "replay: --resume: $words"* ]]
        diff -r before out
    }
    refused "rounds_time is '3' now, but '2' in out/meta.csv; a campaign goes on as it was begun" "${settings[@]}" -r 3 -o out a.trace b.trace
    refused "loops is '7' now, but '3' in" "${settings[@]}" --loops=7 -o out a.trace b.trace
    refused "touch_time is 'page' now, but 'ends' in" "${settings[@]}" --touch=page -o out a.trace b.trace
    refused "clock is 'real' now, but 'trace' in" "${settings[@]}" --clock=real -o out a.trace b.trace
    refused "threads is 'serial' now, but 'recorded' in" "${settings[@]}" --threads=serial -o out a.trace b.trace
    refused "thp_cells is 'never' now, but 'recorded' in" "${settings[@]}" --thp=never -o out a.trace b.trace
    refused "bounds is 'no' now, but 'yes' in" "${settings[@]}" --bounds=no -o out a.trace b.trace
    refused "baseline is 'other' now, but 'glibc' in" "${settings[@]}" -b other -o out a.trace b.trace
    refused "timeout_s is '9' now, but '60' in" "${settings[@]}" --timeout=9 -o out a.trace b.trace
    refused "allocators is 'other,heap,glibc' now, but 'other,glibc' in" "${settings[@]}" -a heap -o out a.trace b.trace
    refused "allocator.other.spec is './other.so:X=1' now, but './other.so' in" -r 2 -p time,memory -a other=./other.so:X=1 -o out a.trace b.trace
    refused "traces is 'b,a' now, but 'a,b' in" "${settings[@]}" -o out b.trace a.trace
    refused "seed is '8' now, but '7' in" "${settings[@]}" --seed=8 -o out a.trace b.trace
    printf x >> other.so
    refused "allocator.other.sha256 is '" "${settings[@]}" -o out a.trace b.trace
    cp "$(realpath "$misbehaving")" other.so
    trace generate churn --events=5000 --seed=5 a.trace
    refused "trace.a.sha256 is '" "${settings[@]}" -o out a.trace b.trace
}

@test "of traces with folders of their own those that are done are passed over" {
    settings=(-r 4 --loops=1 -p time)
    replay -q "${settings[@]}" --seed=7 a.trace b.trace
    mv results whole
    # Results of an earlier campaign are no part of this one.
    replay -q "${settings[@]}" --seed=8 b.trace
    start "${settings[@]}" --seed=7 a.trace b.trace
    wait_until has_round results/b b.1
    kill_replay
    cp -r results/a before
    run replay -q --resume "${settings[@]}" a.trace b.trace
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"replay: results/a: all of it is there already"* ]]
    diff -r before results/a
    for name in a b; do
        diff <(rows whole/$name) <(rows results/$name)
        is_consistent results/$name
    done
}

@test "with nothing to go on with a campaign is begun, and a new one replaces what was left" {
    run replay -q --resume -r 1 -p time -o out a.trace
    [ "$status" -eq 0 ]
    is_consistent out
    start -r 1000 -p time,map -o killed a.trace
    wait_until has_round killed a.1
    kill_replay
    [ -e killed/heapmap-a-heap.csv.part ]
    replay -q -r 1 -p time -o killed a.trace
    [ "$(ls killed)" = "$(printf 'bounds.csv\nmeta.csv\nruns.csv\nsamples.csv\nsize-lifetime-a.csv\nsummary.csv')" ]
    [ "$(rows killed | wc -l)" -eq 13 ]
}

@test "two processes do not write into one folder" {
    start -r 1000 -p time -o out a.trace
    wait_until has_round out a.1
    for option in --quiet --resume; do
        run replay $option -r 1000 -p time -o out a.trace
        [ "$status" -eq 4 ]
        [[ "$output" == *"out: cannot write: another replay writes there now" ]]
    done
    kill -TERM "$pid"
    status=0; wait "$pid" || status=$?
    [ "$status" -eq 130 ]
    is_consistent out
}

@test "where files may not grow the rounds before stand, status 4, and the rest can be run later" {
    settings=(-r 16 -p memory -a glibc --bounds=no)
    replay -q "${settings[@]}" --seed=7 -o whole a.trace
    # The tables of the cells, which are in memory, have the same limit.
    limit_kib=3200
    [ "$(stat -c %s whole/samples.csv)" -gt $((limit_kib * 1024)) ]
    (ulimit -f $limit_kib; replay -q -r 1 -p memory -a glibc -o one a.trace) || skip "files of this size are needed here"
    run bash -c 'ulimit -f "$1"; shift; exec replay -q "$@"' bash $limit_kib "${settings[@]}" --seed=7 -o out a.trace
    echo "$output"
    [ "$status" -eq 4 ]
    [[ "${lines[0]}" == "replay: out/samples.csv: cannot write: File too large" ]]
    [[ "${lines[1]}" == "replay: to go on: replay --resume -q -r 16 "*" -o out a.trace" ]]
    is_consistent out
    whole_rounds=$((($(wc -l < out/runs.csv) - 1) / 2))
    [ "$whole_rounds" -ge 1 ]
    [ "$whole_rounds" -lt 16 ]
    diff <(rows out) <(rows whole | head -n $((1 + 2 * whole_rounds)))
    replay -q --resume "${settings[@]}" -o out a.trace
    diff <(rows whole) <(rows out)
    is_consistent out
}

@test "a cell that is killed from outside is a row with its status, and the rest goes on" {
    cell_hangs() { # in the system call pause
        cell=$(pgrep -P "$pid" -x replay-cell) && grep -qs '^34 ' "/proc/$cell/syscall"
    }
    for signal in TERM:crash KILL:oom; do
        rm -rf out
        start -r 1 -p memory -a "hang=$misbehaving:MISBEHAVE=hang" -o out a.trace
        wait_until cell_hangs
        kill "-${signal%:*}" "$cell"
        status=0; wait "$pid" || status=$?
        cat log
        [ "$status" -eq 1 ]
        grep '"hang","memory"' out/runs.csv | grep -qF "\"${signal#*:}\""
        grep '"glibc","memory"' out/runs.csv | grep -qF '"ok"'
        is_consistent out
    done
}

@test "a search for the smallest memory cannot go on, status 2" {
    run replay --resume --smallest a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"--smallest cannot --resume: a search that was interrupted has no rounds to keep"* ]]
}
