#!/usr/bin/env bats
# Traces whose plans are too large for memory, as a user replays them.

# Traces of a little more than a window, or two.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    "$BUILD_DIR/trace" generate ramp --events=1500000 one.trace
    "$BUILD_DIR/trace" generate server --threads=4 --events=1500000 four.trace
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    one="$BATS_FILE_TMPDIR/one.trace"
    four="$BATS_FILE_TMPDIR/four.trace"
    misbehaving="$BUILD_DIR/libmisbehaving_allocator.so"
}

# column NAME FILE: its fields, without quotes.
column() {
    awk -F, -v name="$1" '{ gsub(/"/, "") }
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        { print $at }' "$2"
}

# What must be the same however the plan comes: rows in an order that chance does not choose.
facts() { # FOLDER
    paste -d' ' <(column allocator "$1/runs.csv") <(column pass "$1/runs.csv") \
        <(column status "$1/runs.csv") <(column loop "$1/runs.csv") <(column ops "$1/runs.csv") \
        <(column peak_heap_bytes "$1/runs.csv") <(column end_heap_bytes "$1/runs.csv") \
        <(column replayed_peak_live_bytes "$1/runs.csv") | sort
}

@test "a plan that is fed gives what a whole one gives" {
    local command=(replay -q -r 1 --loops=2 --seed=5 --bounds=no -a glibc -p time,memory)
    "${command[@]}" -o whole "$one"
    "${command[@]}" --plan-memory=1 -o fed "$one"
    [ "$(facts whole)" = "$(facts fed)" ]
    [ "$(column feed_wait_ns whole/runs.csv | sort -u)" = "" ]
    column feed_wait_ns fed/runs.csv | grep -q '[0-9]'
}

@test "threads are fed too, all of them" {
    replay -q -r 1 --loops=1 --bounds=no -a glibc --plan-memory=1 -o fed "$four"
    [ "$(column status fed/runs.csv | sort -u)" = ok ]
    [ "$(column ops fed/runs.csv | sort -u)" -gt 1400000 ]
    [ "$(column threads fed/runs.csv | sort -u)" -eq 4 ]
    grep -q '"edges"' fed/runs.csv
    grep -q '"epochs"' fed/runs.csv
}

@test "a cell that is fed has the threads of the trace and no other" {
    replay -q -p time -r 1 --loops=40 --bounds=no -a glibc --plan-memory=1 -o fed "$one" &
    local main=$! threads="" seen=0
    while kill -0 "$main" 2>/dev/null; do
        for cell in $(pgrep -P "$main" -x replay-cell); do
            threads=$(sed -n 's/^Threads:\t//p' "/proc/$cell/status" 2>/dev/null) || continue
            [ -z "$threads" ] || { [ "$threads" -eq 1 ]; seen=$((seen + 1)); }
        done
        sleep 0.01
    done
    wait "$main"
    [ "$seen" -gt 3 ]
}

@test "a call that fails is named by its number, whatever came before it" {
    local said=() memory
    for memory in 1000 1; do
        run replay -r 1 -p time --loops=1 --bounds=no --plan-memory=$memory -o fed \
            -a "x=$misbehaving:MISBEHAVE=null@750000" "$one"
        echo "$output"
        [ "$status" -eq 1 ]
        said+=("$(grep -o 'call [0-9]* of thread 0 got NULL' <<<"$output" | head -n 1)")
    done
    [ "${said[0]}" = "${said[1]}" ]
    [[ ${said[0]} =~ call\ 1[0-9]{6}\  ]]
}

@test "a folder that cannot hold the plan is named, and nothing is left" {
    trace generate churn --events=1000 small.trace
    trace generate churn --events=200000 a.trace
    touch file
    for folder in "$PWD/missing" "$PWD/file"; do
        TMPDIR=$folder run replay -q -r 1 --plan-memory=1 -o fed small.trace
        [ "$status" -eq 0 ]
        TMPDIR=$folder run replay --plan-memory=1 -o bad a.trace
        [ "$status" -eq 4 ]
        [[ $output == *"$folder: cannot keep a plan"*"TMPDIR names another folder"* ]]
    done
    [ ! -e bad/runs.csv ]
}

@test "planning can be interrupted" {
    # bats ignores SIGINT in background jobs; a fresh session does not.
    setsid "$BUILD_DIR/replay" -q --bounds=no --plan-memory=1 -o fed "$one" &
    local main=$! status=0
    sleep 0.2
    kill -TERM "$main"
    wait "$main" || status=$?
    [ "$status" -eq 130 ]
    [ ! -e fed/runs.csv ]
}
