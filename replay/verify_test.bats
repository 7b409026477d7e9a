#!/usr/bin/env bats
# The verify pass of replay: allocators that are broken in a known way are caught, by name and at
# the event; those that are not pass.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    broken="$BUILD_DIR/libbroken_allocator.so"
}

# A trace of these lines, each a call of the thread that stands before it.
make_threads() { # FILE: lines on standard input
    { echo "# heapreel trace as text, version 1"; awk '{ print NR - 1, NR * 10, $0 }'; } > made.txt
    trace convert made.txt "$1"
}

# The calls on standard input begin at event 100. Before them come 99 blocks of 32 to 130 bytes and, at
# event 99, one of 300; behind them go 49 of the 99.
make_special() { # FILE
    {
        awk 'BEGIN { for (i = 1; i < 100; i++) print "0 malloc", 31 + i, "= #" i; print "0 malloc 300 = #100" }'
        sed 's/^/0 /'
        awk 'BEGIN { for (i = 1; i < 50; i++) print "0 free #" i }'
    } | make_threads "$1"
}

# column NAME: of the rows of out/runs.csv whose allocator is `bad`; not of messages, which have commas.
column() {
    tr -d '"' < out/runs.csv |
        awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } $8 == "bad" { print $at }'
}

# message: that of `bad`.
message() {
    local column
    column=$(head -n 1 out/runs.csv | tr -d '"' | tr , '\n' | grep -nx message | cut -d: -f1)
    # It may have commas in it, and what stands before it has none.
    grep '"bad"' out/runs.csv | cut -d, -f"$column"- | sed 's/^"\([^"]*\)".*/\1/'
}

# catch FAULT TRACE STATUS MESSAGE: how the run with that fault must end.
catch() {
    run replay -p verify --bounds=no --timeout=2 -o out -a "bad=$broken:FAULT=$1" "$2"
    echo "$1: status $status, $output"
    message
    [ "$status" -eq 1 ]
    [ "$(column status)" = "$3" ]
    [ "$(message)" = "$4" ]
    [[ "$output" == *"replay: 1 run failed; the first: bad on ${2%.trace}: $3: $4"* ]]
    # In the table too, in lines that fit.
    [[ "$(report summary out | tr -s '\n ' '  ')" == *"! verify: bad: $3: $4"* ]]
    [[ "$(report summary out)" == *"verify: glibc: nothing wrong in "*" calls"* ]]
    [ "$(report summary out | grep verify | wc -L)" -le 100 ]
}

@test "blocks that overlap, or are returned while they live" {
    make_special a.trace <<< "malloc 7777 = #101"
    catch overlap a.trace corrupt "overlap: malloc(7777) at event 100 of thread 0 overlaps a live block, 300 bytes from event 99 of thread 0"
    catch twice a.trace corrupt "live block returned again: malloc(7777) at event 100 of thread 0 returned a live block, 300 bytes from event 99 of thread 0"
    make_special r.trace <<< "realloc #50 7777 = #101"
    catch realloc r.trace corrupt "live block returned again: realloc(7777) at event 100 of thread 0 returned a live block, 300 bytes from event 99 of thread 0"
}

@test "blocks that are misaligned, or nowhere" {
    make_special a.trace <<< "malloc 7777 = #101"
    catch misaligned a.trace corrupt "misaligned: malloc(7777) at event 100 of thread 0 returned a block aligned to 8"
    catch odd a.trace corrupt "misaligned: malloc(7777) at event 100 of thread 0 returned a block aligned to 1"
    catch beyond a.trace corrupt "no address: malloc(7777) at event 100 of thread 0 returned 0x100000000000000"
    catch wild a.trace crash "Segmentation fault, using the block of malloc(7777) at event 100 of thread 0"
    for call in aligned_alloc posix_memalign memalign; do
        make_special m.trace <<< "$call 64 7777 = #101"
        catch unaligned m.trace corrupt "misaligned: $call(64, 7777) at event 100 of thread 0 returned a block aligned to 16"
    done
}

@test "calloc that does not zero, realloc that loses what it should keep" {
    make_special c.trace <<< "calloc 7 1111 = #101"
    catch dirty c.trace corrupt "not zeroed: calloc(7, 1111) at event 100 of thread 0: byte 7776 is 0x01"
    make_special r.trace <<< "realloc #100 7777 = #101"
    catch prefix r.trace corrupt "prefix lost: realloc(7777) at event 100 of thread 0 lost byte 296 of 300 bytes from event 99 of thread 0"
}

@test "writes into live blocks are found when these are freed, or at the end" {
    make_special n.trace << END
malloc 7777 = #101
free #101
free #100
END
    catch neighbour n.trace corrupt "block changed: free at event 102 of thread 0 found byte 5 changed of 300 bytes from event 99 of thread 0"
    make_special a.trace <<< "malloc 7777 = #101"
    catch late a.trace corrupt "block changed: free after the last event found byte 3 changed of 300 bytes from event 99 of thread 0"
    make_special r.trace << END
malloc 7777 = #101
realloc #100 400 = #102
END
    catch late r.trace corrupt "block changed: realloc(400) at event 101 of thread 0 found byte 3 changed of 300 bytes from event 99 of thread 0"
}

@test "a usable size below what was asked for" {
    make_special a.trace <<< "malloc 7777 = #101"
    catch usable a.trace corrupt "usable size too small: malloc(7777) at event 100 of thread 0: malloc_usable_size is 1 of a block of 7777 bytes"
}

@test "failures: at one call, and at random" {
    make_special a.trace <<< "malloc 7777 = #101"
    catch null a.trace oom "malloc(7777) at event 100 of thread 0 got NULL"
    awk 'BEGIN { for (i = 1; i <= 3000; i++) print 0, "malloc", i, "= #" i }' | make_threads m.trace
    run replay -q -p verify --bounds=no -o out -a "bad=$broken:FAULT=random" m.trace
    [ "$status" -eq 1 ]
    [ "$(column status)" = oom ]
    # The event is the one that asked for so much.
    [[ "$(message)" =~ ^malloc\(([0-9]+)\)\ at\ event\ ([0-9]+)\ of\ thread\ 0\ got\ NULL$ ]]
    [ "${BASH_REMATCH[1]}" -eq $((BASH_REMATCH[2] + 1)) ]
}

@test "a crash and a hang are told by the call in which they happened" {
    make_special a.trace <<< "malloc 7777 = #101"
    catch crash a.trace crash "Segmentation fault, in malloc(7777) at event 100 of thread 0"
    catch abort a.trace crash "Aborted, in malloc(7777) at event 100 of thread 0"
    catch hang a.trace timeout "not finished after 2 s, in malloc(7777) at event 100 of thread 0"
}

@test "of several threads, the one that it happened in is told" {
    {
        for thread in 0 1 2; do echo "$thread malloc 300 = #$((thread + 1))"; done
        for i in {4..20}; do echo "$((i % 3)) malloc 100 = #$i"; done
        echo "2 malloc 7777 = #21"
        for i in {4..20}; do echo "$((i % 2)) free #$i"; done
    } | make_threads t.trace
    event=$(trace print t.trace | awk '/malloc 7777/ { print $1 }')
    catch crash t.trace crash "Segmentation fault, in malloc(7777) at event $event of thread 2"
    catch hang t.trace timeout "not finished after 2 s, in malloc(7777) at event $event of thread 2"
    catch null t.trace oom "malloc(7777) at event $event of thread 2 got NULL"
    catch misaligned t.trace corrupt "misaligned: malloc(7777) at event $event of thread 2 returned a block aligned to 8"
    # On one thread it is not known whose the calls were.
    replay -q -p verify --bounds=no --threads=serial -o out -a "bad=$broken:FAULT=null" t.trace || [ $? -eq 1 ]
    [ "$(message)" = "malloc(7777) at event $event got NULL" ]
}

@test "address space that is leaked" {
    awk 'BEGIN { for (i = 1; i <= 3000; i++) print 0, "malloc 64 = #" i; for (i = 1; i <= 3000; i++) print 0, "free #" i }' | make_threads f.trace
    replay -q -p verify --bounds=no -o out -a "bad=$broken:FAULT=leak" f.trace # it comes to an end
    awk 'BEGIN { for (i = 1; i <= 3000; i++) { print 0, "malloc 64 = #" i; print 0, "free #" i } }' | make_threads l.trace
    # A MiB a malloc; 4 * 64 bytes, 64 MiB and 128 MiB are exceeded at the 193rd, and seen at the next step.
    catch leak l.trace corrupt "address space leak: grew by 3000 MiB, and grows on, with at most 0 KiB live; out of bounds since event 469"
}

@test "edge cases that no trace is sure to have" {
    make_special a.trace <<< "malloc 10 = #101"
    catch zero a.trace corrupt "edge case: malloc(0) returns a block that is in use"
    catch huge a.trace corrupt "edge case: malloc of PTRDIFF_MAX or more does not return NULL (9223372036854775808)"
    catch errno a.trace corrupt "edge case: malloc of PTRDIFF_MAX or more does not set ENOMEM (9223372036854775807)"
    catch overflow a.trace corrupt "edge case: calloc that overflows does not return NULL"
    catch invalid a.trace corrupt "edge case: posix_memalign does not return EINVAL for an invalid alignment (0, 64)"
    catch generous a.trace corrupt "edge case: malloc_usable_size counts bytes that are another's (1)"
    catch sticky a.trace corrupt "edge case: calloc that overflows does not return NULL; calloc does not zero reused memory (1)"
}

@test "the same in what was recorded of a program" {
    trace cut "$SOURCE_DIR/traces/perl.trace" a.trace --events=300000:320000
    # The last malloc of a size that comes once, while the block of the malloc before it lives.
    read -r event size before before_size < <(trace print a.trace | awk '
        ($4 == "free" || $4 == "realloc") && $5 == object { object = "" }
        $4 == "malloc" { count[$5]++; if (object != "") { found[$5] = $1 " " $5 " " from; order[++n] = $5 }
                         object = $7; from = $1 " " $5 }
        END { while (n > 0 && (count[order[n]] > 1 || order[n] < 200)) n--; print found[order[n]] }')
    echo "malloc($size) at event $event behind malloc($before_size) at event $before"
    for fault in twice misaligned null crash; do
        run replay -q -p verify --bounds=no -o out -a "bad=$broken:FAULT=$fault:$size" a.trace
        echo "$output"
        [ "$status" -eq 1 ]
        message >> messages
    done
    diff messages - << END
live block returned again: malloc($size) at event $event of thread 0 returned a live block, $before_size bytes from event $before of thread 0
misaligned: malloc($size) at event $event of thread 0 returned a block aligned to 8
malloc($size) at event $event of thread 0 got NULL
Segmentation fault, in malloc($size) at event $event of thread 0
END
}

@test "heap, glibc, jemalloc, mimalloc and tcmalloc stand the test, with one thread and with several" {
    trace cut "$SOURCE_DIR/traces/sqlite.trace" one.trace --events=0:300000
    cp "$SOURCE_DIR/traces/firefox.trace" many.trace
    run replay -p verify --bounds=no -a all -o out one.trace many.trace
    echo "$output"
    grep '"verify"' out/runs.csv > rows
    allocators=$(replay --list-allocators | grep -vc 'not installed')
    [ "$(wc -l < rows)" -eq $((2 * allocators)) ]
    # mimalloc 2.0.9 is wrong in edge cases, which it can only be behind the last event.
    [ -z "$(grep -v '"mimalloc"' rows | grep -v '"ok"')" ]
    [ -z "$(grep '"mimalloc"' rows | grep -v '"ok"' | grep -v ',"edge case: [^"]*"')" ]
    [ "$(grep -c '"exact"' rows)" -eq "$allocators" ]
}

@test "the pass runs once, without the null allocator, and writes no numbers" {
    make_special a.trace <<< "malloc 10 = #101"
    run replay -p verify --bounds=no -a bad=glibc -b bad -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"1 round of verify, interleaved"* ]]
    [[ "$output" == *"  verify: bad: nothing wrong in 150 calls"* ]]
    [ "$(wc -l < out/runs.csv)" -eq 2 ]
    [ "$(column touch)" = "" ]
    [ "$(column clock)" = trace ]
    [ "$(column clock_reads)" = 0 ]
    [ -z "$(message)" ]
    grep -q '"rounds_verify","1"' out/meta.csv
    replay -q -p verify -r 3 -o out a.trace
    [ "$(grep -c '"verify","ok"' out/runs.csv)" -eq 6 ]
    # Beside the others it is one pass more.
    run replay -p time,memory,verify -r 2 -o out a.trace
    [ "$status" -eq 0 ]
    [ "$(grep -c '"verify","ok"' out/runs.csv)" -eq 2 ]
    [[ "$output" == *"  verify: heap, glibc: nothing wrong in 150 calls"* ]]
}

@test "a failed run of any pass has its message in runs.csv" {
    make_special a.trace <<< "malloc 7777 = #101"
    run replay -q -p time -r 1 --bounds=no -o out -a "bad=$broken:FAULT=crash" a.trace
    [ "$status" -eq 1 ]
    [ "$(message)" = "Segmentation fault" ]
}
