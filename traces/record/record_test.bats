#!/usr/bin/env bats
# trace record --with=preload: what it records of the program record_target, what it refuses.
# shellcheck disable=SC2154,SC2164 # bats sets stderr and stderr_lines, and ends a test when cd fails

bats_require_minimum_version 1.5.0

setup() {
    TRACE="$BUILD_DIR/trace"
    TARGET="$BUILD_DIR/record_target"
    cd "$BATS_TEST_TMPDIR"
}

teardown() {
    ! mountpoint -q disk || umount disk
}

# Operations and arguments of a trace, without number, time and thread.
calls() {
    "$TRACE" print "$1" | grep -v '^#' | cut -d' ' -f4-
}

# meta FILE KEY
meta() {
    "$TRACE" info --format=csv "$1" | sed -n "s/^\"$2\",\"\(.*\)\"\$/\1/p"
}

no_leftovers() {
    [ -z "$(find . -name 'trace-record-*')" ]
}

@test "the whole family is recorded as it was called" {
    "$TRACE" record -o family.trace -- "$TARGET" family
    calls family.trace > calls.txt
    diff - calls.txt <<'END'
malloc 101 = #1
free #1
calloc 7 103 = #2
free #2
reallocarray NULL 3 105 = #3
free #3
memalign 64 106 = #4
free #4
aligned_alloc 128 256 = #5
free #5
posix_memalign 32 107 = #6
free #6
valloc 108 = #7
free #7
pvalloc 109 = #8
free #8
realloc NULL 201 = #9
realloc #9 20002 = #10
realloc #10 9223372036854775807 = NULL
reallocarray #10 2 203 = #11
realloc #11 0 = NULL
malloc 9223372036854775807 = NULL
free NULL
calloc 9223372036854775807 4 = NULL
free NULL
reallocarray NULL 9223372036854775807 4 = NULL
free NULL
posix_memalign 3 301 = NULL
malloc 0 = #12
free #12
free NULL
malloc 501 = #13
malloc_usable_size #13 = 504
free #13
new 401 = #14
delete #14
new 402 = #15
delete_sized #15 402
new_array 403 = #16
delete_array #16
new_aligned 256 404 = #17
delete_aligned #17 256 404
END
    "$TRACE" validate family.trace
    [ "$(meta family.trace lost)" = 0 ]
    [ "$(meta family.trace repaired)" = 0 ]
    no_leftovers
}

@test "threads start, have names, and end" {
    "$TRACE" record -o threads.trace -- "$TARGET" threads
    "$TRACE" print threads.trace | grep -v '^#' | grep -E 'thread_|60[12]|free #' |
        grep -v calloc | cut -d' ' -f3- > calls.txt
    [ "$(grep -c thread_start calls.txt)" = 3 ]
    [ "$(grep -c thread_exit calls.txt)" = 3 ]
    # A block comes from the main thread, another one goes back.
    for thread in 1 2 3; do
        [ "$(grep -c "^$thread malloc 602" calls.txt)" = 1 ]
        [ "$(grep -c "^$thread free #" calls.txt)" = 1 ]
        [ "$(grep "^$thread " calls.txt | head -n 1)" = "$thread thread_start" ]
        [ "$(grep "^$thread " calls.txt | tail -n 1)" = "$thread thread_exit" ]
    done
    [ "$("$TRACE" print threads.trace | grep -c '^# thread_name.*=worker$')" = 3 ]
    "$TRACE" validate threads.trace
}

@test "threads are named by others, before their first call and after" {
    "$TRACE" record -o names.trace -- "$TARGET" names
    [ "$("$TRACE" print names.trace | grep -o '^# thread_name.*' | cut -d= -f2 | sort | xargs)" = "early late" ]
}

@test "threads that only call at their very end share a lane" {
    "$TRACE" record -o late.trace -- "$TARGET" late 300 2> err.txt
    [ "$(calls late.trace | grep -c 'malloc 604')" = 300 ]
    [ "$(meta late.trace threads)" = 301 ]
    grep -qE 'took 0\.[0-4] MB of disk' err.txt
    "$TRACE" validate late.trace
}

@test "a library that is loaded later is recorded, its constructor too" {
    cc -shared -fPIC -O1 -x c -o library.so - <<'END'
#include <stdlib.h>
static void *volatile block;
__attribute__((constructor)) static void begin(void) { block = malloc(611); }
__attribute__((destructor)) static void end(void) { free(block); }
void call(void) { block = realloc(block, 612); }
END
    "$TRACE" record -o dlopen.trace -- "$TARGET" dlopen ./library.so
    calls dlopen.trace > calls.txt
    first=$(sed -n 's/^malloc 611 = //p' calls.txt)
    second=$(sed -n "s/^realloc $first 612 = //p" calls.txt)
    [ "$(grep -c "^free $second\$" calls.txt)" = 1 ]
    [ "$(meta dlopen.trace repaired)" = 0 ]
}

@test "a program linked to another allocator keeps it" {
    cat > usable.c <<'END'
#include <malloc.h>
#include <stdlib.h>
int main(void)
{
    void *volatile block = malloc(5000);
    size_t size = malloc_usable_size(block);
    free(block);
    return size == 5000 + 8; /* as glibc has it */
}
END
    for library in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
        cc -O1 -fno-builtin -o usable usable.c -Wl,--no-as-needed -l:$library ||
            skip "$library is not installed"
        "$TRACE" record -o usable.trace -- ./usable
        size=$(calls usable.trace | sed -n 's/malloc_usable_size #.* = //p')
        [ "$size" -gt 5008 ]
        [ "$(meta usable.trace repaired)" = 0 ]
    done
}

@test "new that fails stands once, and a new_handler's calls are its own" {
    c++ -O1 -o handler -x c++ - <<'END' || skip "no C++ compiler"
#include <csetjmp>
#include <cstdlib>
#include <new>
static void *hoard, *volatile hidden;
static jmp_buf place;
static volatile size_t huge = size_t(1) << 60;
static void keep(size_t size) { hidden = malloc(size); free(hidden); }
static void release() { free(hoard); std::set_new_handler(nullptr); }
static void fail() { throw 7; }
static void jump() { longjmp(place, 1); }
static int attempt()
{
    try { free(operator new(huge)); } catch (std::bad_alloc &) { return 1; } catch (int) { return 2; }
    return 0;
}
int main()
{
    int got = attempt();
    keep(1001);
    hoard = malloc(1002);
    std::set_new_handler(release);
    got = got * 10 + attempt();
    std::set_new_handler(fail);
    got = got * 10 + attempt();
    keep(1003);
    std::set_new_handler(jump);
    if (setjmp(place) == 0)
        attempt();
    keep(1004);
    return got != 112;
}
END
    "$TRACE" record -o handler.trace -- ./handler
    calls handler.trace | grep -v -e 'malloc 1[0-9][0-9] ' -e 'malloc 72704' | sed 's/#[0-9]*/#/' > calls.txt
    [ "$(grep -c '^new' calls.txt)" = 3 ]
    [ "$(grep -A1 'malloc 100' calls.txt | xargs)" = \
        "malloc 1001 = # free # malloc 1002 = # free # -- malloc 1003 = # free # malloc 1004 = # free #" ]
    [ "$(meta handler.trace repaired)" = 0 ]
}

@test "a forked child has a trace of its own" {
    "$TRACE" record --all -o fork.trace -- "$TARGET" fork
    [ "$(calls fork.1.record_target.trace | grep -c 'malloc 703')" = 1 ]
    [ "$(calls fork.1.record_target.trace | grep -c 'malloc 702')" = 0 ]
    [ "$(calls fork.2.record_target.trace | head -n 2)" = "$(printf 'malloc 702 = #1\nfree #1')" ]
    [ "$(meta fork.1.record_target.trace repaired)" = 0 ]
    [ "$(meta fork.1.record_target.trace forks)" = 1 ]
    [ "$(meta fork.2.record_target.trace repaired)" = 1 ]
}

@test "vfork and exec, exec, _exit and SIGKILL lose nothing" {
    "$TRACE" record --all -o vfork.trace -- "$TARGET" vfork
    [ "$(calls vfork.1.record_target.trace)" = "$(printf '%s\n' 'malloc 801 = #1' 'free #1' 'malloc 802 = #2' 'free #2')" ]
    [ "$(calls vfork.2.record_target.trace)" = 'malloc 901 = #1' ]
    "$TRACE" record --all -o exec.trace -- "$TARGET" exec
    [ "$(calls exec.1.record_target.trace)" = 'malloc 901 = #1' ]
    [ "$(calls exec.2.record_target.trace | wc -l)" = 42 ]
    run -5 "$TRACE" record -o exit.trace -- "$TARGET" _exit
    [ "$(calls exit.trace)" = 'malloc 901 = #1' ]
    run -137 "$TRACE" record -o kill.trace -- "$TARGET" kill
    [ "$(calls kill.trace)" = 'malloc 901 = #1' ]
    no_leftovers
}

@test "the order across threads is exact: blocks passed on at once" {
    # A sanitized `trace` is slow, and the recorder in the program is the same.
    exchanges=${EXCHANGES:-1100000}
    GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "$TRACE" record -o exchange.trace -- "$TARGET" exchange "$exchanges"
    [ "$(meta exchange.trace threads)" = 5 ]
    [ "$(meta exchange.trace events)" -ge $((exchanges * 10)) ]
    for key in lost repaired order_inversions; do
        [ "$("$TRACE" print exchange.trace | sed -n "s/^# $key=//p;/^0 /q")" = 0 ]
    done
    "$TRACE" validate exchange.trace
}

@test "an executable that defines malloc itself is recorded" {
    "$TRACE" record -o own.trace -- "$BUILD_DIR/record_own_malloc" 2> err.txt
    [ "$(calls own.trace)" = "$(printf '%s\n' 'malloc 777 = #1' 'malloc 666 = #2')" ]
    grep -q "defines malloc itself" err.txt
}

@test "the process with most calls is kept, or the one that is named" {
    "$TRACE" record -o most.trace -- sh -c "'$TARGET' _exit; '$TARGET' family"
    [ "$(calls most.trace | wc -l)" -ge 42 ]
    "$TRACE" record --process=date -o named.trace -- sh -c "env date; '$TARGET' family"
    [ "$(meta named.trace program)" = date ]
    run ! --separate-stderr "$TRACE" record --process=nobody -o none.trace -- sh -c "env date"
    [[ $stderr == *"no process named nobody; there were: "*date* ]]
    [ ! -e none.trace ]
    no_leftovers
}

@test "metadata tells program, command, its CPU time and memory, and no folder of the machine" {
    cp "$TARGET" target
    "$TRACE" record -o meta.trace -- ./target fill 4
    [ "$(meta meta.trace program)" = target ]
    [ "$(meta meta.trace command)" = "./target fill 4" ]
    [ "$(meta meta.trace recorder)" = preload ]
    [ "$(meta meta.trace program_cpu_us)" -ge 0 ] # hardly anything but calls: less the recorder's, little is left
    [ "$(meta meta.trace program_rss_bytes)" -gt 500000 ]
    "$TRACE" print meta.trace | grep '^#' > meta.txt
    [ -s meta.txt ]
    run -1 grep -F -e "$PWD" -e "$(hostname)" meta.txt
}

# used FILE KEY: what is said of the program's CPU time and memory
used() {
    "$TRACE" print "$1" | sed -n "s/^# $2=//p"
}

@test "a recorded run's CPU time and memory are given less the recorder's" {
    "$TRACE" record -o cost.trace -- "$TARGET" fill 4
    if [ "$(used cost.trace program_cpu_source)" = recorded_run ]; then
        skip "the cost can't be measured with a sanitized trace program"
    fi
    [ "$(used cost.trace program_cpu_source)" = recorded_run_less_recorder ]
    [ "$(used cost.trace recorder_cpu_us)" -gt 0 ]
    [ "$(used cost.trace recorder_rss_bytes)" -gt 65536 ]
    [ "$(meta cost.trace program_rss_bytes)" -gt 500000 ]
    no_leftovers
}

@test "plain runs give the program's own CPU time and memory, whatever ends it" {
    echo again > input
    "$TRACE" record --plain=3 -o plain.trace -- "$TARGET" fill 4 < input > output
    [ "$(cat output)" = "went on to its end" ]
    [ "$(used plain.trace program_cpu_source)" = plain_run ]
    [ "$(used plain.trace program_plain_runs)" = 3 ]
    [ "$(meta plain.trace program_cpu_us)" -gt 0 ]
    [ "$(meta plain.trace program_rss_bytes)" -gt 500000 ]
    run -137 "$TRACE" record --plain=1 -o kill.trace -- "$TARGET" kill
    [ "$(used kill.trace program_cpu_source)" = plain_run ]
    # Threads, a child that execs, and one of several processes of the same name.
    "$TRACE" record --plain=1 -o threads.trace -- "$TARGET" threads
    [ "$(used threads.trace program_cpu_source)" = plain_run ]
    "$TRACE" record --plain=1 --all -o all.trace -- sh -c "'$TARGET' fill 1; '$TARGET' fill 16; '$TARGET' vfork"
    small=$(meta all.1.record_target.trace program_cpu_us)
    large=$(meta all.2.record_target.trace program_cpu_us)
    [ "$large" -gt $((2 * small)) ]
    for trace in all.*.trace; do
        [ "$(used "$trace" program_cpu_source)" = plain_run ]
    done
    no_leftovers
}

@test "a plain run that ends otherwise is left out, and said so" {
    cat > once <<'END'
[ ! -e done ] || exit 3
echo > done
exec "$@"
END
    run -0 --separate-stderr "$TRACE" record --plain=2 -o once.trace -- sh once "$TARGET" family
    [[ $stderr == *"the plain run ended with status 3, the recorded one with 0"* ]]
    [ "$(used once.trace program_cpu_source)" != plain_run ]
    run -2 --separate-stderr "$TRACE" record --plain=2x -- true
    [[ $stderr == *"--plain=2x: a number"* ]]
}

@test "the program's own limit on file sizes stops the recording, not the program" {
    cat > limited <<'END'
ulimit -f 2000
exec "$@"
END
    run --separate-stderr "$TRACE" record -o limited.trace -- bash limited "$TARGET" fill 8
    [ "$status" = 0 ]
    [ "$output" = "went on to its end" ]
    [[ $stderr == *"calls were not recorded"*"File too large"* ]]
    "$TRACE" validate limited.trace
    # Nothing is lost without being counted.
    [ $(($(meta limited.trace events) + $(meta limited.trace lost))) -ge $((8 * 1024 * 1024 * 2 / 40 - 1)) ]
}

@test "a full disk stops the recording, not the program" {
    mkdir disk
    mount -t tmpfs -o size=2m none disk 2>/dev/null || skip "mounting a small disk needs root"
    TMPDIR=$PWD/disk run --separate-stderr "$TRACE" record -o full.trace -- "$TARGET" fill 8
    [ "$status" = 0 ]
    [ "$output" = "went on to its end" ]
    [[ $stderr == *"calls were not recorded"*"No space left on device"* ]]
    "$TRACE" validate full.trace
    [ "$(meta full.trace lost)" -gt 100000 ]
    [ "$(meta full.trace events)" -gt 50000 ]
}

@test "the trace finds room on the disk that the recording filled" {
    mkdir disk
    mount -t tmpfs -o size=2m none disk 2>/dev/null || skip "mounting a small disk needs root"
    unset TMPDIR
    run --separate-stderr "$TRACE" record -o disk/full.trace -- "$TARGET" fill 8
    [ "$status" = 0 ]
    "$TRACE" validate disk/full.trace
    [ "$(meta disk/full.trace events)" -gt 50000 ]
    [ "$(ls disk)" = full.trace ]
}

@test "Ctrl-C and SIGTERM end the program, and the trace is made" {
    "$TRACE" record -o term.trace -- sh -c 'echo started; exec sleep 60' > out.txt &
    recorder=$!
    for _ in $(seq 100); do grep -q started out.txt && break; sleep 0.05; done
    kill -TERM $recorder
    status=0
    wait $recorder || status=$?
    [ "$status" = 143 ]
    "$TRACE" validate term.trace
    no_leftovers
}

@test "what cannot be recorded is refused with the reason" {
    run -2 --separate-stderr "$TRACE" record -- ./missing
    [[ $stderr == *"./missing: there is no such program"* ]]
    echo 'int main(void) { return 0; }' | cc -static -x c -o static - || skip "no static libc"
    run -2 --separate-stderr "$TRACE" record -- ./static
    [[ $stderr == *"static program"* ]]
    if [ "$(id -u)" = 0 ]; then
        cp "$TARGET" setuid && chown nobody setuid && chmod u+s setuid
        run -2 --separate-stderr "$TRACE" record -- ./setuid family
        [[ $stderr == *"set-user-ID"*"record it as its owner"* ]]
    fi
    run -2 --separate-stderr "$TRACE" record -o /nonexistent/a.trace -- true
    [[ $stderr == *"cannot write /nonexistent/a.trace: No such file or directory"* ]]
    run -2 --separate-stderr "$TRACE" record
    [[ $stderr == *"no program to record"* ]]
    [ "${#stderr_lines[@]}" -le 2 ]
    [ -z "$(ls ./*.trace 2>/dev/null)" ]
}

@test "a program whose calls cannot be seen is said to be one" {
    echo 'int main(void) { return 0; }' | cc -x c -o silent -
    run -2 --separate-stderr "$TRACE" record -- ./silent
    [[ $stderr == *"made no call that could be seen"* ]]
    [ ! -e silent.trace ]
    run -2 --separate-stderr "$TRACE" record --process=silent -- sh -c './silent; date'
    [[ $stderr == *"silent made no call that could be seen"* ]]
    no_leftovers
}

@test "help teaches" {
    run -0 "$TRACE" record --help
    [[ $output == *"Examples:"* ]]
}
