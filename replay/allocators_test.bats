#!/usr/bin/env bats
# Allocators that are awkward to drive, and what could be measured in their place: each must be measured as
# itself, or refused with the reason.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    awkward="$BUILD_DIR/libawkward_allocator.so"
    misbehaving="$BUILD_DIR/libmisbehaving_allocator.so"
}

# A trace of these lines, each a call of thread 0.
make_lines() { # FILE: lines on standard input
    { echo "# heapreel trace as text, version 1"; awk '{ print NR - 1, NR * 10, 0, $0 }'; } > made.txt
    trace convert made.txt "$1"
}

# Every kind of call on blocks of up to 3000 bytes.
make_family() { # FILE
    awk 'BEGIN { for (i = 1; i <= 100; i++) {
        print "malloc", i * 30, "= #" ++n; print "realloc #" n, i * 20, "= #" ++n; print "free #" n
        print "calloc", i, 7, "= #" ++n; print "malloc_usable_size #" n, "= 8"; print "free #" n
        print "memalign 64", i, "= #" ++n; print "free #" n; print "new", i, "= #" ++n
    } }' | make_lines "$1"
}

column() { # NAME: its number in runs.csv in the folder `out`
    head -n 1 out/runs.csv | tr -d '"' | tr , '\n' | grep -nx "$1" | cut -d: -f1
}

values() { # COLUMN PATTERN: of the rows that match
    grep -E "$2" out/runs.csv | cut -d, -f"$(column "$1")" | tr -d '"'
}

statuses() { # ALLOCATOR: of all its rows, each once
    values status "\"$1\",\"(time|memory)\"" | sort -u | paste -sd' '
}

meta() { # KEY
    sed -n "s/^\"$1\",\"\(.*\)\"$/\1/p" out/meta.csv
}

known_names() {
    echo heap glibc glibc-notcache jemalloc mimalloc tcmalloc tbbmalloc scudo
}

@test "every known name is listed, with what it stands for or with the reason why it is not here" {
    run replay --list-allocators
    [ "$status" -eq 0 ]
    [ "$(cut -d' ' -f1 <<<"$output" | paste -sd' ')" = "$(known_names)" ]
    for line in "${lines[@]}"; do
        echo "$line"
        [[ "$line" =~ \ /.*\.so[.0-9]*$|"the system's own"|"not here: "[a-z]+" is not installed: no lib".*"; Debian has it in the package lib" ]]
    done
}

@test "what a Debian package has installed is found, wherever it has put it" {
    replay --list-allocators > list
    while read -r name package file; do
        installed=$(dpkg -L "$package" 2> /dev/null | grep "/$file\$" || true)
        [ -n "$installed" ] || continue
        echo "$name: $installed"
        grep -qE "^$name .* $(realpath "$installed")\$" list
    done <<END
jemalloc libjemalloc2 libjemalloc.so.2
mimalloc libmimalloc2.0 libmimalloc.so.2.0
tcmalloc libtcmalloc-minimal4 libtcmalloc_minimal.so.4
tbbmalloc libtbbmalloc2 libtbbmalloc_proxy.so.2
scudo libclang-rt-14-dev libclang_rt.scudo_standalone-x86_64.so
END
}

@test "all that are here run, in time and in memory" {
    make_family a.trace
    run replay -q -a all -r 1 -p time,memory -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    for name in $(replay --list-allocators | grep -v 'not here' | cut -d' ' -f1); do
        echo "$name: $(statuses "$name")"
        [ "$(statuses "$name")" = ok ]
    done
}

@test "the ladder is every rung of the heap, right and measured, and drawn in its order" {
    rungs="heap-whole heap-split heap-coalesce heap-first+fifo heap-first+address heap-next heap-best heap-segregated heap-segregated+cache heap"
    make_family a.trace
    run replay -q -a ladder -r 1 -p time,memory,verify -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    for name in $rungs; do
        echo "$name"
        [ "$(statuses "${name//+/.}")" = ok ]
        [ "$(values status "\"${name//+/.}\",\"verify\"")" = ok ]
    done
    report out
    sed -e 's/<[^>]*>//g' out/charts/ladder.svg | tr -d '\t' > texts
    [ "$(grep -xE '(heap|glibc|heap-[a-z+]+)' texts | paste -sd' ')" = "$rungs glibc" ]
    grep -qx 'heap at end' texts
}

@test "an allocator that may not be opened by dlopen, with internal calls by name and thread-local storage" {
    readelf -d "$awkward" | grep -q NOOPEN
    readelf -d "$awkward" | grep -q STATIC_TLS
    readelf -r "$awkward" | grep -q ' malloc'
    make_family a.trace
    replay -q -a "$awkward" -r 2 -p time,memory -o out a.trace
    [ "$(statuses awkward_allocator)" = ok ]
}

@test "cells open no library by themselves" {
    [ -n "$(nm -D --undefined-only "$BUILD_DIR/replay-cell" | grep -w dlsym)" ]
    [ -z "$(nm -D --undefined-only "$BUILD_DIR/replay-cell" | grep -w 'dlopen\|dlmopen')" ]
}

@test "address space that is reserved is no memory" {
    make_lines a.trace <<< "malloc 100 = #1"
    replay -q -a "$awkward" -r 1 -p memory -o out a.trace
    [ "$(statuses awkward_allocator)" = ok ]
    [ "$(values peak_heap_bytes '"awkward_allocator","memory"')" -lt $((8 << 20)) ]
}

@test "a calloc that calls itself is a crash of its cell" {
    make_family a.trace
    run replay -q -a "bad=$awkward:AWKWARD=recurse" -r 1 -p time -o out a.trace
    [ "$status" -eq 1 ]
    [ "$(statuses bad)" = crash ]
    [ "$(statuses glibc)" = ok ]
}

@test "a library that never gets loaded is an error, in time" {
    make_lines a.trace <<< "malloc 100 = #1"
    run replay -a "bad=$awkward:AWKWARD=stuck" --timeout=0.5 -o out a.trace
    [ "$status" -eq 2 ]
    [ "$output" = "replay: bad cannot be loaded: not finished after 0.5 s" ]
}

@test "a library whose own libraries are missing is an error that names them" {
    make_lines a.trace <<< "malloc 100 = #1"
    mkdir other
    echo 'int gone;' | cc -shared -fPIC -x c -o other/libgone.so -Wl,-soname,libgone.so -
    echo 'extern int gone; int *use = &gone;' |
        cc -shared -fPIC -x c -o libneedy.so - -Wl,--no-as-needed -Lother -lgone
    run replay -a ./libneedy.so -o out a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == "replay: needy cannot be loaded: "*"libgone.so: cannot open shared object file"* ]]
    # It may be told where they are; this one then has no malloc.
    run replay -a "./libneedy.so:LD_LIBRARY_PATH=$PWD/other" -o out a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"libneedy.so: defines no malloc of its own"* ]]
}

@test "tbbmalloc is its proxy, and the library behind it is refused" {
    library=/usr/lib/x86_64-linux-gnu/libtbbmalloc.so.2
    [ -e "$library" ] || skip "libtbbmalloc2 is not installed"
    make_family a.trace
    run replay -a "$library" -o out a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"/libtbbmalloc.so."*": defines no malloc of its own: with it preloaded, malloc is that of "*"/libc.so.6" ]]
    replay -q -a tbbmalloc -r 1 -p time -o out a.trace
    [[ "$(meta allocator.tbbmalloc.path)" == */libtbbmalloc_proxy.so.2* ]]
}

@test "glibc-notcache keeps no freed blocks back from merging" {
    # Blocks of 60 sizes, seven of each, freed: what the cache holds cannot become the large block.
    awk 'BEGIN {
        for (s = 100; s < 1000; s += 16) for (i = 0; i < 7; i++) print "malloc", s, "= #" ++n
        for (i = 1; i <= n; i++) print "free #" i
        for (i = 0; i < 4; i++) print "malloc 60000 = #" ++n
    }' | make_lines a.trace
    replay -q -a glibc,glibc-notcache -r 1 -p memory -o out a.trace
    [ "$(meta allocator.glibc-notcache.spec)" = "glibc:GLIBC_TUNABLES=glibc.malloc.tcache_count=0" ]
    with=$(values peak_heap_bytes '"glibc","memory"') without=$(values peak_heap_bytes '"glibc-notcache","memory"')
    echo "$with $without"
    [ "$without" -lt $((with - 100000)) ]
}

@test "an allocator that asks for huge pages is measured without them on request" {
    awk 'BEGIN { for (i = 1; i <= 100; i++) print "malloc 100000 = #" i }' | make_lines a.trace
    replay -q -a "$awkward" -r 1 -p memory --thp=never -o out a.trace
    [ "$(values hugepage_peak_bytes '"awkward_allocator","memory"')" -eq 0 ]
    [ "$(values peak_heap_bytes '"awkward_allocator","memory"')" -lt 11000000 ]
    replay -q -a "$awkward" -r 1 -p memory --thp=inherit -o out a.trace
    huge=$(values hugepage_peak_bytes '"awkward_allocator","memory"')
    [ "$huge" -gt 0 ] || skip "the kernel gives no huge pages here"
    [ $((huge % (2 << 20))) -eq 0 ]
}

@test "what is given back and taken again costs each replay its page faults" {
    # glibc returns the top of its heap when all is freed: its warm replays are as cold as the first.
    awk 'BEGIN { for (i = 1; i <= 100; i++) print "malloc 65536 = #" i; for (i = 1; i <= 100; i++) print "free #" i }' |
        make_lines a.trace
    replay -q -a glibc -r 1 -p time --touch=page -o out a.trace
    values minflt '"glibc","time"' > faults
    [ "$(wc -l < faults)" -eq 3 ]
    while read -r count; do [ "$count" -ge 1500 ]; done < faults
}

@test "leftovers are freed between replays in order of allocation" {
    make_trace() { # FILE FREED...: of a hundred blocks
        {
            seq 100 | awk '{ print "malloc", $1 * 30, "= #" $1 }'
            printf 'free #%s\n' "${@:2}"
        } | make_lines "$1"
    }
    make_trace order.trace 1
    make_trace disorder.trace 2 1
    replay -q -a "strict=$awkward:AWKWARD=ordered" -r 1 -p time --loops=3 -o out order.trace
    [ "$(values status '"strict","time"' | paste -sd' ')" = "ok ok ok" ]
    [ "$(meta leftovers)" = "freed in order of allocation between loops, untimed" ]
    run replay -q -a "strict=$awkward:AWKWARD=ordered" -r 1 -p time -o out disorder.trace
    [ "$status" -eq 1 ]
    [ "$(statuses strict)" = crash ]
}

@test "two builds of one library run side by side under labels of their own" {
    # The same file name in two folders; their versions tell which of them ran.
    make_family a.trace
    mkdir old new
    cp "$BUILD_DIR/libheap.so" old/libheap.so
    version=$(replay --list-allocators | awk '$1 == "heap" { print $2 }')
    other=${version%?}X
    LC_ALL=C sed "s/\x00$version\x00/\x00$other\x00/" old/libheap.so > new/libheap.so
    run cmp -s old/libheap.so new/libheap.so
    [ "$status" -eq 1 ]
    run replay -a old=old/libheap.so,new=./new/libheap.so -b old -r 2 -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"cold ÷"* && "$output" == *" old "* && "$output" == *" new "* ]]
    [ "$(statuses old)" = ok ] && [ "$(statuses new)" = ok ]
    [ "$(values allocator '"time"' | sort -u | paste -sd' ')" = "loop new null old" ]
    [ "$(meta allocator.old.path)" = "$PWD/old/libheap.so" ]
    [ "$(meta allocator.new.path)" = "$PWD/new/libheap.so" ]
    [ "$(meta allocator.old.version)" = "$version" ]
    [ "$(meta allocator.new.version)" = "$other" ]
}

@test "one file name in two folders is two allocators, in every cell" {
    make_family a.trace
    mkdir old new
    cp "$misbehaving" old/libsame.so
    cp "$awkward" new/libsame.so
    run replay -q -a "old=old/libsame.so:MISBEHAVE=crash" -a new=new/libsame.so -r 2 -o out a.trace
    [ "$status" -eq 1 ]
    [ "$(statuses old)" = crash ]
    [ "$(statuses new)" = ok ]
    # Without labels they would have one name.
    run replay -q -a old/libsame.so,new/libsame.so -r 1 -o out a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"two rows would be called 'same'; give one another label: LABEL=new/libsame.so" ]]
}
