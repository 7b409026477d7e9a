#!/usr/bin/env bats
# Parts of traces of real programs on the heap: every block is verified, on every rung, and the checker
# runs after each thousand calls. allocator/README.md has the commands for the whole corpus.

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    checked=$BUILD_DIR/libheap-checked.so
}

# The first calls of some programs, one of them with threads.
cut_corpus() {
    for name in sqlite cc1 pyqueue; do
        "$BUILD_DIR/trace" cut --events=0:20000 "$SOURCE_DIR/traces/$name.trace" "$name.trace" 2>/dev/null
    done
}

@test "the checker notices what a program overwrites" {
    HEAP_CHECK_EVERY=1 LD_PRELOAD="$checked" run "$BUILD_DIR/dropin_crimes" overflow-by-one 40
    echo "$output"
    [ "$status" -eq 134 ]
    [[ "${lines[0]}" == "heap-checked: after "*" calls: I12 broken at "* ]]
}

@test "blocks of real programs keep their contents on every rung" {
    cut_corpus
    "$BUILD_DIR/replay" -q -p verify --bounds=no --timeout=60 -b heap -o out -a heap \
        -a heap:whole,heap:split,heap:coalesce,heap:first+address,heap:next,heap:best,heap:best+fifo \
        -a heap:segregated,heap:segregated+fifo,heap:segregated+address,heap:segregated+nocoalesce ./*.trace
    [ "$(grep -c '"verify","ok"' out/runs.csv)" -eq $((12 * 3)) ]
}

@test "the invariants hold after each thousand calls of real programs" {
    cut_corpus
    "$BUILD_DIR/replay" -q -p verify --bounds=no --timeout=60 -b checked -o out -a "checked=$checked" \
        -a "best=$checked:HEAP_OPTIONS=best" -a "address=$checked:HEAP_OPTIONS=segregated+address" ./*.trace
    [ "$(grep -c '"verify","ok"' out/runs.csv)" -eq $((3 * 3)) ]
}
