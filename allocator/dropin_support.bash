# shellcheck shell=bash
# What the tests of preloaded programs share; to be called in setup.

drop_in_setup() {
    libheap=$BUILD_DIR/libheap.so
    export LC_ALL=C PYTHONMALLOC=malloc PYTHONHASHSEED=0 PERL_HASH_SEED=0
    unset HEAP_OPTIONS
    cd "$BATS_TEST_TMPDIR" || return
}

preloaded() {
    env LD_PRELOAD="$libheap" "$@"
}

# The same command must print the same, plainly and preloaded, and end with status 0 both times.
same_as_plain() {
    "$@" >plain.out 2>plain.err
    preloaded "$@" >heap.out 2>heap.err
    [ -s plain.out ]
    diff plain.out heap.out
    diff plain.err heap.err
}

# need PROGRAM PACKAGE: scripts/test installs the package.
need() {
    command -v "$1" >/dev/null || skip "$1 is missing: it is in the package $2"
}
