#!/usr/bin/env bats
# The program trace, as a user calls it, but for recording.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    cat > a.txt <<'END'
# heapreel trace as text, version 1
# program=demo
# recorder=made
0 0 0 malloc 1024 = #1
1 3 0 calloc 4 16 = #2
2 4 0 realloc #1 2048 = #3
3 5 0 free #2
4 5 0 free NULL
5 6 0 malloc 99999999999 = NULL
6 7 0 posix_memalign 64 100 = #4
7 8 0 malloc_usable_size #4 = 104
8 9 1 thread_start
9 9 1 arena_malloc @3 100 = #5
10 9 0 realloc #3 4096 = #6 released_before 2
11 10 0 realloc #6 0 = NULL
END
}

@test "text becomes a trace and the same text again" {
    trace convert a.txt a.trace
    trace print a.trace > again.txt
    diff <(grep -v '^#' a.txt) <(grep -v '^#' again.txt)
    trace convert a.trace b.txt
    diff again.txt b.txt
    trace convert b.txt b.trace
    cmp <(trace print a.trace | grep -v '^#') <(trace print b.trace | grep -v '^#')
}

@test "info tells the keys that scripts rely on" {
    trace convert a.txt a.trace
    run trace info --format=csv a.trace
    [ "$status" -eq 0 ]
    [ "$(head -n 12 <<<"$output" | cut -d, -f1 | tr -d '"' | tr '\n' ' ')" = "key events threads peak_live_bytes duration_us recorder program command lost repaired program_cpu_us program_rss_bytes " ]
    [[ "$output" == *'"events","12"'* ]]
    [[ "$output" == *'"threads","2"'* ]]
    [[ "$output" == *'"peak_live_bytes","4296"'* ]]
    run trace info a.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"demo"*"arena_malloc"* ]]
}

@test "a good trace is valid" {
    trace convert a.txt a.trace
    run trace validate a.trace
    [ "$status" -eq 0 ]
    [[ "$output" == "a.trace: 12 events, 0 violations" ]]
}

@test "the worked example of FORMAT.md is what it says" {
    document="$SOURCE_DIR/traces/FORMAT.md"
    sed -n '/^<!-- example: bytes -->/,/^<!-- end -->/p' "$document" | grep -E '^[0-9a-f]{4}  ' |
        sed -E 's/^[0-9a-f]{4}  //; s/  .*//' | tr -d ' \n' |
        sed 's/../\\x&/g' > escaped
    # shellcheck disable=SC2059
    printf "$(cat escaped)" > example.trace
    sed -n '/^<!-- example: text -->/,/^<!-- end -->/p' "$document" | sed -n '/^```/,/^```/p' |
        grep -v '^```' > example.txt
    trace print example.trace | diff example.txt -
    trace validate example.trace
}

@test "a text that breaks a rule is refused with its line, and nothing is left" {
    sed -i 's/^3 5 0 free #2/3 5 0 free #9/' a.txt
    run trace convert a.txt a.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"a.txt: line 7: "*"releases an object that is not live"* ]]
    [ ! -e a.trace ]
    [ -z "$(find . -name '*.part')" ]
    sed -i 's/free #9/explode #2/' a.txt
    run trace convert a.txt a.trace
    [[ "$output" == *"a.txt: line 7: no operation is named 'explode'"* ]]
}

@test "missing, empty, foreign and cut files are told apart" {
    trace convert a.txt a.trace
    for command in info print validate; do
        run trace $command nosuch.trace
        [ "$status" -eq 1 ]; [[ "$output" == *"nosuch.trace: cannot open: No such file"* ]]
        : > empty.trace
        run trace $command empty.trace
        [ "$status" -eq 1 ]; [[ "$output" == *"empty.trace: the file is empty"* ]]
        run trace $command a.txt
        [ "$status" -eq 1 ]; [[ "$output" == *"a.txt: byte 0: this is no trace of heapreel"* ]]
        head -c 150 a.trace > cut.trace
        run trace $command cut.trace
        [ "$status" -eq 1 ]; [[ "$output" == *"cut.trace: byte "*"cut short"* ]]
    done
    echo nonsense > x
    run trace convert x y
    [ "$status" -eq 1 ]; [[ "$output" == *"x: is in no known format"* ]]
}

@test "usage errors are status 2, help is not" {
    for words in "" "nosuch" "info" "info a b" "print --nosuch" "convert a" "info --format=xml a"; do
        # shellcheck disable=SC2086
        run trace $words
        echo "'$words': $status"
        [ "$status" -eq 2 ]
    done
    for words in "--help" "info --help" "print --help" "validate --help" "convert --help" "record --help"; do
        # shellcheck disable=SC2086
        run trace $words
        [ "$status" -eq 0 ]
    done
}

@test "an output that cannot be written is told, status 2" {
    run trace convert a.txt nosuch/a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"nosuch/a.trace: cannot write"* ]]
    trace convert a.txt a.trace
    [ -w /dev/full ] || skip "no /dev/full"
    run bash -c 'trace print a.trace > /dev/full'
    [ "$status" -eq 2 ]
}
