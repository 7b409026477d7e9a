#!/usr/bin/env bats
# How little memory a trace can need: bounds.csv, and the search of replay --smallest.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    misbehaving="$BUILD_DIR/libmisbehaving_allocator.so"
}

teardown() {
    [ -z "${open_folder-}" ] || rm -r -- "$open_folder"
}

# A trace of these lines, each a call of thread 0.
make_lines() { # FILE: lines on standard input
    { echo "# heapreel trace as text, version 1"; awk '{ print NR - 1, NR * 10, 0, $0 }'; } > made.txt
    trace convert made.txt "$1"
}

# Blocks of 1000 bytes, all live: with a header of 8 and rounded to 16 they take 1008 each.
make_thousand() { # FILE
    awk 'BEGIN { for (i = 1; i <= 1000; i++) print "malloc 1000 = #" i }' | make_lines "$1"
}

field() { # ALLOCATOR COLUMN : of smallest.csv in the folder `out`
    local column
    column=$(head -n 1 out/smallest.csv | tr -d '"' | tr , '\n' | grep -nx "$2" | cut -d: -f1)
    grep -F "\"$1\"" out/smallest.csv | cut -d, -f"$column" | tr -d '"'
}

groups_left() {
    find /sys/fs/cgroup -maxdepth 8 -type d -name 'heapreel.*' 2> /dev/null
}

# A cgroup for the tests of limits, as replay itself would make it.
need_groups() {
    make_lines probe.trace <<< "malloc 100 = #1"
    replay --smallest -q -a glibc -o probe probe.trace || skip "no memory cgroup can be made here"
}

@test "bounds.csv of a trace whose layout can be worked out by hand" {
    make_lines a.trace << END
malloc 40960 = #1
malloc 100 = #2
free #1
malloc 45056 = #3
END
    run replay -r 1 -o out a.trace
    [ "$status" -eq 0 ]
    cat out/bounds.csv
    # A hole of ten pages below a block of 112 bytes, in which 11 pages have no room.
    diff - out/bounds.csv << END
"trace","bound","bytes","ratio"
"a","load","45156","1.0000"
"a","load16","45168","1.0003"
"a","load16_header8","45184","1.0006"
"a","best_fit","49152","1.0885"
"a","first_fit","49152","1.0885"
"a","best_fit_extent","86128","1.9073"
"a","first_fit_extent","86128","1.9073"
END
    [[ "$output" == *"best fit "*"48.0 KiB   1.09x"* ]]
    [[ "$output" == *"peak heap against best fit: heap "*" %, glibc "*" %"* ]]
}

@test "--bounds=no leaves the bounds out" {
    make_lines a.trace <<< "malloc 100 = #1"
    run replay --bounds=no -r 1 -o out a.trace
    [ "$status" -eq 0 ]
    [ "$(cat out/bounds.csv)" = '"trace","bound","bytes","ratio"' ]
    [[ "$output" != *"best fit"* ]]
    run replay --bounds=maybe a.trace
    [ "$status" -eq 2 ]
}

@test "each trace has its bounds" {
    make_lines a.trace <<< "malloc 100 = #1"
    make_lines b.trace <<< "malloc 5000 = #1"
    replay -q -r 1 -p memory -o out a.trace b.trace
    grep -qx '"a","best_fit","4096","40.9600"' out/bounds.csv
    grep -qx '"b","best_fit","8192","1.6384"' out/bounds.csv
    [ "$(wc -l < out/bounds.csv)" -eq 15 ]
}

@test "the smallest size of heap is that of its chunks" {
    make_thousand a.trace
    run replay --smallest -a heap,heap:best+address,heap:split -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"heap-best+address "*"KiB   1.0"*"its own size"* ]]
    cat out/smallest.csv
    for label in heap heap-best+address heap-split; do
        [ "$(field "$label" status)" = ok ]
        [ "$(field "$label" method)" = fixed ]
        [ "$(field "$label" bytes)" -ge 1008000 ]
        [ "$(field "$label" too_few_bytes)" -lt 1008000 ]
        [ $(($(field "$label" bytes) - $(field "$label" too_few_bytes))) -le 10240 ]
        [ "$(field "$label" runs)" -lt 20 ]
        [ "$(field "$label" peak_live_bytes)" -eq 1000000 ]
    done
    [ "$(ls out)" = "$(printf 'smallest-meta.csv\nsmallest.csv')" ]
    [ "$(report summary out)" = "$(grep -v '^wrote' <<< "$output")" ]
}

@test "a fixed heap without coalescing needs more once the sizes change" {
    # 100 small blocks go, and a block as large as all of them comes: only merged they have room for it.
    awk 'BEGIN {
        for (i = 1; i <= 100; i++) print "malloc 1000 = #" i
        for (i = 1; i <= 100; i++) print "free #" i
        print "malloc 100000 = #101"
    }' | make_lines a.trace
    replay --smallest -q -a heap:coalesce,heap:split -o out a.trace
    cat out/smallest.csv
    [ "$(field heap-coalesce bytes)" -lt 105000 ]
    [ "$(field heap-split bytes)" -gt 200000 ]
    [ "$(field heap-split bytes)" -lt 210000 ]
}

@test "the smallest limit of others is what they touch, and no cgroup is left" {
    need_groups
    make_thousand a.trace
    run replay --smallest -a glibc,heap -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    cat out/smallest.csv
    [ "$(field glibc method)" = cgroup ]
    # Chunks of 1008 bytes here too; what is no chunk is a few pages.
    [ "$(field glibc bytes)" -ge 1000000 ]
    [ "$(field glibc bytes)" -le 1100000 ]
    [ "$(field glibc floor_bytes)" -le 1048576 ]
    [ -z "$(groups_left)" ]
}

@test "tables of the harness are not counted as the allocator's" {
    need_groups
    # A million calls, one block live at a time: the plan is 16 MB, the heap a page.
    awk 'BEGIN { for (i = 1; i <= 300000; i++) { print "malloc 4000 = #" i; print "free #" i } }' | make_lines a.trace
    run replay --smallest -q -a glibc -o out a.trace
    cat out/smallest.csv
    [ "$status" -eq 0 ]
    [ "$(field glibc bytes)" -le 400000 ]
}

@test "an interruption of the search keeps what was found and leaves no cgroup" {
    need_groups
    make_thousand a.trace
    setsid "$BUILD_DIR/replay" --smallest --timeout=100 -a heap -a hang="$misbehaving:MISBEHAVE=hang" -o out a.trace > log 2>&1 &
    pid=$!
    sleep 2
    groups_left > during
    kill -TERM "$pid"
    status=0; wait "$pid" || status=$?
    cat log during
    [ "$status" -eq 130 ]
    [ -s during ]
    [ -z "$(groups_left)" ]
    [ "$(field heap status)" = ok ]
    [ -z "$(field hang status)" ]
}

@test "the cgroup of a search that was killed is removed by the next one" {
    need_groups
    make_thousand a.trace
    setsid "$BUILD_DIR/replay" --smallest --timeout=100 -a hang="$misbehaving:MISBEHAVE=hang" -o out a.trace > log 2>&1 &
    pid=$!
    for ((tries = 0; tries < 500; tries++)); do
        [ -z "$(groups_left | grep -F "heapreel.$pid.")" ] || break
        sleep 0.02
    done
    kill -KILL "$pid"
    wait "$pid" || true
    sleep 3
    groups_left | grep -F "heapreel.$pid."
    replay --smallest -q -a glibc -o out a.trace
    [ -z "$(groups_left)" ]
    [ -z "$(find out -name '*.part')" ]
}

@test "a trace that fails without a limit has no smallest memory" {
    need_groups
    make_thousand a.trace
    run replay --smallest -a heap -a bad="$misbehaving:MISBEHAVE=crash" -o out a.trace
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"bad on a: crash: Segmentation fault"* ]]
    [ "$(field bad status)" = crash ]
    [ -z "$(field bad bytes)" ]
    [ "$(field heap status)" = ok ]
}

@test "where no cgroup can be made it is said, and heap is found all the same" {
    make_thousand a.trace
    # The folders of bats are closed to other users.
    open_folder=$(mktemp -d "${TMPDIR:-/tmp}/limits_test.XXXXXX")
    cp a.trace "$open_folder"
    cd "$open_folder"
    mkdir out own
    chmod 777 . out own
    as_nobody=()
    if [ "$(id -u)" -eq 0 ]; then as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
    "${as_nobody[@]}" test -r "$PWD/a.trace" -a -x "$BUILD_DIR/replay" || skip "another user cannot read the build folder"
    [ "$(id -u)" -eq 0 ] || ! replay --smallest -q -a glibc -o own a.trace || skip "this user has a cgroup of its own"
    run "${as_nobody[@]}" "$BUILD_DIR/replay" --smallest -a glibc -o own a.trace
    echo "$output"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == "replay: --smallest: the memory of these allocators cannot be limited: no memory cgroup: "*"; run as root or in a cgroup of your own, or try heap"* ]]
    [ -z "$(ls own)" ]
    run "${as_nobody[@]}" "$BUILD_DIR/replay" --smallest -a heap,glibc -o out a.trace
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"glibc on a: refused: no memory cgroup: "* ]]
    [ "$(field glibc status)" = refused ]
    [ "$(field heap status)" = ok ]
}

@test "--smallest is a run of its own, status 2" {
    make_lines a.trace <<< "malloc 100 = #1"
    for words in "--passes=time" "--rounds=3" "--loops=2"; do
        run replay --smallest "$words" a.trace
        [ "$status" -eq 2 ]
        [[ "$output" == *"--smallest is a run of its own"* ]]
    done
}

@test "results of passes and of the search stand side by side in one folder" {
    make_lines a.trace <<< "malloc 100 = #1"
    replay -q -r 1 -p memory -a heap -o out a.trace
    cp out/meta.csv before
    replay -q --smallest -a heap -o out a.trace
    cmp before out/meta.csv
    run report summary out
    [ "$status" -eq 0 ]
    [[ "$output" == *"best fit "*"smallest memory under which it completes"* ]]
}
