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
    [[ "$output" == *'"null_releases","1"'* ]]
    [[ "$output" == *'"null_reallocs","0"'* ]]
    run trace info a.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"demo"*"arena_malloc"* ]]
}

@test "info tells size and lifetime together" {
    trace convert a.txt a.trace
    # Counted by hand, in events: #1 lives 2, #2 2, #3 8, #6 1, and #4 and #5, of 100 bytes each, to the end.
    diff - <(trace info --format=histogram a.trace) <<'END'
size_from,size_to,lifetime_from,lifetime_to,objects
57,64,2,2,1
97,112,,,2
897,1024,2,2,1
1793,2048,7,10,1
3585,4096,1,1,1
END
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

data="$SOURCE_DIR/traces/import/testdata"

@test "files of other tools are found by their content, and what they lack is said" {
    for file in lab-2002.rep:rep mtrace-family.txt:mtrace android-times.txt:android logalloc-raw.txt:logalloc \
        valgrind-family.txt:valgrind ltrace-family.txt:ltrace; do
        format=${file#*:} name=${file%:*}
        run trace convert "$data/$name" "$format.trace"
        echo "$output"
        [ "$status" -eq 0 ]
        [[ "$output" == "trace convert: $data/$name: read as $format: "*" events, lost "*", repaired "*"; the format does not tell "* ]]
        trace print "$format.trace" | grep -v '^#' | diff "$data/${name%.*}.events" -
        run trace validate "$format.trace"
        [ "$status" -eq 0 ]
        [[ "$(trace info "$format.trace")" == *"$format"* ]]
        trace print "$format.trace" | grep -q '^# warning=the format does not tell'
    done
}

@test "--from names the format, help lists those there are" {
    trace convert --from=valgrind "$data/valgrind-family.txt" a.trace
    run trace convert --from=rep "$data/valgrind-family.txt" b.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"valgrind-family.txt: line 1: "*"is no request"* ]]
    [ ! -e b.trace ]
    run trace convert --from=nosuch "$data/valgrind-family.txt" b.trace
    [ "$status" -eq 2 ]
    run trace convert --help
    for format in trace text mtrace rep android logalloc valgrind ltrace; do
        [[ "$output" == *"  $format "* ]]
    done
}

@test "a trace becomes .rep as far as that goes, which is said, and a trace again" {
    run trace convert a.txt a.rep
    [ "$status" -eq 0 ]
    [[ "$output" == *"a.rep: rep tells no times and threads; 3 calls became plain"*"1 alignments were lost"* ]]
    diff a.rep - <<'END'
1
4
8
4296
a 0 1024
a 1 64
r 0 2048
f 1
a 2 100
a 3 100
r 0 4096
f 0
END
    trace convert a.rep again.trace
    trace convert again.trace again.rep
    diff a.rep again.rep
    trace convert --to=rep "$data/lab-2002.rep" same.txt
    [ "$(sed -n 5,7p same.txt)" = "$(printf 'a 0 512\na 1 128\nr 0 640')" ]
    trace convert --to=text "$data/lab-2002.rep" lab
    grep -v '^#' lab | diff "$data/lab-2002.events" -
}

@test "valgrind, mtrace and a .rep made of that agree on a program" {
    type valgrind gcc > /dev/null || skip "valgrind or gcc is missing"
    cat > program.c <<'END'
#include <mcheck.h>
#include <stdlib.h>
int main(void)
{
    void *blocks[100] = {0};
    mtrace();
    for (unsigned i = 0; i < 3000; i++) {
        unsigned slot = i * 2654435761u >> 16;
        void **block = &blocks[slot % 100];
        if (!*block)
            *block = malloc(1 + i % 777);
        else if (i % 3)
            *block = realloc(*block, 1 + i);
        else
            free(*block), *block = 0;
    }
    muntrace();
    return 0;
}
END
    gcc -O0 -fno-builtin -o program program.c
    calls() { trace print "$1" | grep -v '^#' | cut -d' ' -f4- | grep -E '^(malloc|realloc|free) ' | grep -v 'free NULL'; }
    MALLOC_TRACE=mtrace.txt LD_PRELOAD=libc_malloc_debug.so.0 ./program ||
        skip "libc_malloc_debug is missing"
    [ -s mtrace.txt ] || skip "libc_malloc_debug is missing"
    valgrind --run-libc-freeres=no --trace-malloc=yes ./program 2> valgrind.txt
    trace convert mtrace.txt mtrace.trace
    trace convert valgrind.txt valgrind.trace
    trace convert mtrace.trace lab.rep
    trace convert lab.rep lab.trace
    calls mtrace.trace > mtrace.calls
    [ "$(wc -l < mtrace.calls)" -eq 3000 ]
    diff mtrace.calls <(calls valgrind.trace)
    diff mtrace.calls <(calls lab.trace)
}

# A small file can keep a great many objects live: 650 bytes for the 400,000 of this one.
@test "memory that is refused is an error that names the place, at any limit" {
    (ulimit -v 40000; trace --version) || skip "a sanitizer needs more address space than can be limited"
    awk 'BEGIN {
        print "# heapreel trace as text, version 1"
        for (i = 0; i < 400000; i++) print i, i, 0, "malloc 8 = #" i + 1
    }' > live.txt
    trace convert live.txt live.trace
    [ "$(stat -c %s live.trace)" -lt 2000 ]
    refused=0
    for limit in 8000 12000 20000 30000 40000 60000; do
        for words in "validate live.trace" "info live.trace" "convert live.txt a.trace" \
            "convert live.trace a.rep" "cut --events=350000: live.trace a.trace"; do
            # shellcheck disable=SC2086
            run bash -c "ulimit -v $limit; exec trace $words 2>&1 >/dev/null"
            echo "$limit $words: $status $output"
            if [ "$status" -eq 0 ]; then continue; fi
            [ "$status" -eq 2 ]
            [ "${#lines[@]}" -eq 1 ]
            [[ "$output" =~ ^trace:\ [a-z.]+:\ .*(event|line|request)\ [0-9]+.*memory ]]
            refused=$((refused + 1))
        done
    done
    [ "$refused" -gt 15 ]
    [ -z "$(find . -name '*.part')" ]
}
