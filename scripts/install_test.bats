#!/usr/bin/env bats
# What `cmake --install` puts somewhere works there, and after it was moved, without the sources and the build folder.

bats_require_minimum_version 1.5.0

# Staged as a package is, for a prefix that is not there, and then moved.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    DESTDIR=$PWD/stage cmake --install "$BUILD_DIR" --prefix /opt/heapreel
    mv stage/opt/heapreel moved
    [ -z "$(find stage -type f)" ]
    [ ! -e /opt/heapreel ]
}

setup() {
    installed=$BATS_FILE_TMPDIR/moved
    cd "$BATS_TEST_TMPDIR"
    PATH=$installed/bin:$PATH
}

record() { # FILE [OPTION...]
    heapreel-trace record "${@:2}" -o "$1" -- perl -e 'print join ",", map { "x" x $_ } 1 .. 30'
}

@test "it is these files, under names that clash with no others" {
    cd "$installed"
    run -0 find . -type f -not -name '*.gp' -printf '%P\n'
    [ "$(sort <<<"$output" | tr '\n' ' ')" = "bin/heapreel-replay bin/heapreel-report bin/heapreel-trace \
lib/heapreel/libheap.so lib/heapreel/librecord.so lib/heapreel/replay-cell share/heapreel/how_to_read.html \
share/heapreel/report.css share/man/man1/heapreel-replay.1 share/man/man1/heapreel-report.1 share/man/man1/heapreel-trace.1 " ]
    for script in "$SOURCE_DIR"/analysis/*.gp; do
        [ -s "share/heapreel/${script##*/}" ]
    done
}

@test "the corpus is installed when it is asked for" {
    cmake --install "$BUILD_DIR" --prefix "$PWD/here" --component corpus
    cmp here/share/heapreel/traces/jq.trace "$SOURCE_DIR/traces/jq.trace"
    [ ! -e here/bin ]
}

@test "record, replay, report" {
    record perl.trace --plain=1
    heapreel-trace validate perl.trace
    run -0 --separate-stderr heapreel-replay -a heap,glibc,jemalloc -r 2 --loops=1 perl.trace
    for allocator in heap glibc jemalloc; do
        grep -q "^\"1\",.*\"perl\",.*,\"$allocator\",\"memory\",\"ok\"" results/perl/runs.csv
    done
    [[ $stderr == *"charts: heapreel-report results/perl" ]]
    grep -q "\"allocator.heap.path\",\"$installed/lib/heapreel/libheap.so\"" results/perl/meta.csv
    run -0 heapreel-report results/perl
    [ -s results/perl/charts/speed.svg ] && [ -s results/perl/charts/footprint.png ]
    heapreel-report summary results/perl
    heapreel-report compare results/perl results/perl
}

@test "nothing of the sources or the build folder is looked at" {
    command -v strace || skip "there is no strace"
    for command in "heapreel-trace record -o perl.trace -- perl -e 1" "heapreel-replay -q -r 1 --loops=1 -a heap perl.trace" \
        "heapreel-report results/perl"; do
        # shellcheck disable=SC2086
        strace -f -qq -e trace=%file -o calls $command
        [ -s calls ]
        run -1 grep -F -e "$BUILD_DIR/" -e "$SOURCE_DIR/" calls
    done
    [ -s results/perl/charts/speed.png ]
}

@test "a link to a program works" {
    ln -s "$installed/bin/heapreel-replay" compare-allocators
    record perl.trace
    ./compare-allocators -q -r 1 --loops=1 perl.trace
    run -0 ./compare-allocators --help
    [[ $output == "Usage: compare-allocators [OPTION...] TRACE..."* ]]
}

@test "programs are called in their help what they are called here" {
    for program in replay trace report; do
        run -0 "heapreel-$program" --help
        [[ $output == "Usage: heapreel-$program "* ]]
        [ -z "$(grep -E "(^  |['\`])(replay|trace|report) [^ ]" <<<"$output")" ]
        grep -qE "^  heapreel-$program " <<<"$output"
        run -0 "$BUILD_DIR/$program" --help
        [[ $output == "Usage: $program "* && $output != *heapreel-* ]]
    done
    for command in record info print validate convert cut generate; do
        run -0 heapreel-trace "$command" --help
        [[ $output == "Usage: heapreel-trace $command "* && $output == *"  heapreel-trace $command "* ]]
        [ -z "$(grep -E "(^  |['\`])(replay|trace|report) [^ ]" <<<"$output")" ]
    done
    run -0 heapreel-report compare --help
    [[ $output == "Usage: heapreel-report compare "*"  heapreel-report compare --fail-if"* ]]
    run -2 heapreel-trace info
    [[ $output == "heapreel-trace info: which file?"* ]]
}
