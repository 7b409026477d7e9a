#!/usr/bin/env bats
# Every command in the documents works: it is run here as it stands, on a small trace and with one round, or
# by a test that the table below names.

bats_require_minimum_version 1.5.0

# What a command begins with, the file that runs it, and what stands in there.
elsewhere() {
    cat <<'END'
scripts/test|.ci/run|scripts/test
scripts/bench_record|scripts/scripts_test.bats|tree/scripts/bench_record -r 2
scripts/bench_threads|scripts/scripts_test.bats|tree/scripts/bench_threads -a heap
scripts/bench --real|scripts/scripts_test.bats|tree/scripts/bench --real -a
scripts/campaign -o big -a|scripts/campaign_machines_test.bats|--sshloginfile
scripts/campaign -o big --slurm|scripts/campaign_machines_test.bats|--slurm
scripts/campaign --resume|scripts/campaign_machines_test.bats|--resume
scripts/bench |scripts/scripts_test.bats|tree/scripts/bench -a heap
scripts/redraw|scripts/scripts_test.bats|tree/scripts/redraw
scripts/corpus_picture|scripts/scripts_test.bats|/corpus_picture" -o
scripts/corpus_table|traces/corpus_test.bats|/scripts/corpus_table
traces/recipes/manifest|traces/corpus_test.bats|/traces/recipes/manifest" folder
traces/recipes/all|traces/corpus_test.bats|traces/recipes/all --list
traces/recipes/NAME|traces/corpus_test.bats|traces/recipes/all
HEAP_TEST_OPS=100|CMakeLists.txt|unit_test(heap_fuzz_test
cmake --preset release|scripts/lib.sh|cmake --preset release
ctest --preset release|scripts/test|ctest --preset release
cmake --install build|scripts/install_test.bats|cmake --install "$BUILD_DIR" --prefix
END
}

# is_elsewhere COMMAND: whether the table has it; fails when what the table says is not so.
is_elsewhere() {
    local start file words
    while IFS='|' read -r start file words; do
        [[ $1 == "$start"* ]] || continue
        grep -qF -e "$words" "$SOURCE_DIR/$file" || fail_with "$file does not run: $1"
        return 0
    done < <(elsewhere)
    return 1
}

fail_with() {
    echo "$1" >&2
    exit 1
}

# commands_of FILE: those in its code blocks, indented or between fences, without the prose behind two blanks;
# and those in its text that have a path or a change of folder before them. One a line.
commands_of() {
    awk '
        /^```/ { fence = !fence; next }
        fence || /^    / {
            line = $0
            sub(/^ *(\$ )?/, "", line)
            sub(/  .*/, "", line)
            if (line ~ /^([A-Z_]+=[^ ]* )*(\.\.?\/|build\/|scripts\/|traces\/recipes\/|(cmake|ctest|cd|heapreel-[a-z]+) |(replay|report|trace) [^ ])/)
                print line
            next
        }
        {
            for (rest = $0; match(rest, /`(LD_PRELOAD=build\/|\.\/|build\/|scripts\/|cmake |ctest |cd )[^`]*`/); rest = substr(rest, RSTART + RLENGTH)) {
                line = substr(rest, RSTART + 1, RLENGTH - 2)
                if (line ~ / /)
                    print line
            }
        }' "$1"
}

# A program of the build folder, with options behind those that are given, and by both of its names.
wrap() { # NAME OPTIONS
    printf '#!/bin/sh\nexec "%s" "$@" %s\n' "$BUILD_DIR/$1" "$2" >"build/$1"
    chmod +x "build/$1"
    ln -sf "$1" "build/heapreel-$1"
}

add_traces() { # NAME...
    for name in "$@"; do
        ln traces/firefox.trace "traces/$name.trace"
    done
}

# A tree in which commands may write: all programs, our scripts, and one small trace by the names of some.
make_tree() {
    mkdir -p build traces
    cp -r "$SOURCE_DIR/scripts" .
    ln -s ../traces build/traces
    wrap replay "-r 1 --loops=1"
    wrap report ""
    wrap trace ""
    ln -s "$BUILD_DIR"/lib*.so build/
    ln -s "$BUILD_DIR/CTestTestfile.cmake" build/
    cp "$BUILD_DIR/libheap.so" build/a.so
    cp "$BUILD_DIR/libheap.so" build/b.so
    build/trace record -o traces/firefox.trace -- perl -e 'print map { "x" x $_ } 1 .. 300' >printed
    add_traces jq perl sqlite
    cp traces/perl.trace PROGRAM.trace
    cp traces/perl.trace FILE
}

# The words in capitals are the reader's to put in; brackets hold what may be left out.
with_words() { # COMMAND
    local command=$1
    command=${command/PROGRAM ARGUMENTS/perl -e 1}
    command=${command/PROGRAM ARG.../perl -e 1}
    command=${command/PROGRAM .../perl -e 1}
    command=${command/% PROGRAM/ perl -e 1}
    command=${command/IN.trace/traces/jq.trace}
    command=${command/RESULTS.../results/firefox}
    command=${command/--time=1.5:2.5/--time=0:2.5}
    [[ $command != ctest* ]] || command+=" -N"
    echo "$command"
}

# Runs it where a reader would be: in build/ when it begins with ./, else at the top.
run_command() { # COMMAND
    local command folder=. out=0
    command=$(with_words "$1")
    [[ $command != ./* && $command != heapreel-* ]] || folder=build
    (cd "$folder" && PATH=$PWD:$PATH timeout 60 bash -c "$command") >out 2>&1 </dev/null || out=$?
    # An allocator of this machine may break a promise.
    ((out != 1)) || [[ $command != *"-p verify -a all"* ]] || out=0
    ((out == 0)) || { tail -n 20 out >&2; fail_with "ended with status $out: $command"; }
}

run_commands_of() { # FILE
    local command count=0
    while read -r command; do
        [[ $command != "cd build" ]] || continue
        count=$((count + 1))
        if is_elsewhere "$command"; then
            continue
        elif [[ $command == *--with=ltrace* ]] && ! command -v ltrace; then
            continue
        fi
        run_command "$command"
    done < <(commands_of "$SOURCE_DIR/$1")
    ((count > 0))
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    make_tree
    # What quickstart would install and build is there.
    mkdir stubs
    printf '#!/bin/sh\necho installed\n' >stubs/dpkg-query
    printf '#!/bin/sh\n' >stubs/cmake
    chmod +x stubs/*
    PATH=$PWD/stubs:$PATH
}

@test "commands are found in documents" {
    printf '%s\n' 'Run `./replay -r 1 a`, not `replay` or `b/c`.' '' '    $ scripts/quickstart' '    == building' \
        '    build/trace info FILE     what it is' '        X=1 ./replay x  # so' '```sh' 'set -e' 'report compare a b' '```' \
        'cd build' >text.md
    run -0 commands_of text.md
    [ "$output" = "./replay -r 1 a
scripts/quickstart
build/trace info FILE
X=1 ./replay x
report compare a b" ]
}

@test "a command that does not work fails, and so does one that no test runs" {
    run -0 run_command "build/trace info FILE"
    run -1 run_command "build/trace inform FILE"
    [[ $output == *"no command 'inform'"*"ended with status 2: build/trace inform FILE" ]]
    run -1 run_command "scripts/nosuch"
    run -0 is_elsewhere "scripts/bench_threads -t 8"
    run -1 is_elsewhere "scripts/nosuch"
    elsewhere() { echo "scripts/x|scripts/lib.sh|nobody runs it"; }
    run -1 is_elsewhere "scripts/x"
    [ "$output" = "scripts/lib.sh does not run: scripts/x" ]
}

@test "README.md" {
    mkdir -p build/base
    build/replay -q -o build/base traces/firefox.trace
    run_commands_of README.md
}

@test "replay/README.md" {
    run_commands_of replay/README.md
}

@test "traces/README.md" {
    run_commands_of traces/README.md
}

@test "allocator/README.md" {
    add_traces cc1 lua nginx python vim
    run_commands_of allocator/README.md
}

@test "analysis/runs/README.md, and the results are there that it names" {
    mkdir analysis
    cp -r "$SOURCE_DIR/analysis/runs" analysis/
    build/replay -q -o results/firefox traces/firefox.trace
    run_commands_of analysis/runs/README.md
}

@test "analysis/README.md, whose recipe for CI is run as a whole" {
    awk '/^```sh/ { inside = 1; next } /^```/ { inside = 0 } inside' "$SOURCE_DIR/analysis/README.md" >recipe
    grep -q '^replay ' recipe && grep -q '^report compare ' recipe
    cd build
    build() { cp a.so "$2"; }
    export -f build
    (cd .. && wrap replay "-r 3 --loops=1")
    sed -i 's/--fail-if-slower=5% //' ../recipe # three rounds judge no time
    PATH=$PWD:$PATH BASE_COMMIT=a NEW_COMMIT=b run -0 bash ../recipe
    [[ $output == *"BASE is old, NEW is new in results/runs.csv"* ]]
}
