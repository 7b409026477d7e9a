#!/usr/bin/env bats
# report compare: what it reads, refuses, prints, and when its gates fail.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    slow="$BUILD_DIR/libslow_allocator.so"
}

# make_runs FILE [NAME=VALUE...]: 8 rounds of time in two loops, 3 of memory and 3 of latency, of the
# traces t and u on the allocators a, b and null. `only` limits what follows to "TRACE,ALLOCATOR".
make_runs() {
    local file=$1 setting settings=()
    shift
    for setting; do settings+=(-v "$setting"); done
    awk -v cold=100 -v warm=50 -v peak=1000000 -v tail=900 -v sha=aa -v clock=trace -v touch=page \
        -v threads=1 -v sync=serial -v thp=inherit -v loops=2 -v status=ok -v only="" "${settings[@]}" '
        function quote(text) { return "\"" text "\"" }
        function row(pass, round, loop, changed, cpu, heap, p999,    mine, ok) {
            mine = only == "" || only == trace "," allocator
            ok = !(mine && pass == "memory" && status != "ok")
            print quote(1), quote(trace allocator pass round), quote(round), quote(trace),
                quote(mine ? sha : "aa"), quote(allocator), quote(pass), quote(ok ? "ok" : status),
                quote(loop), quote(pass == "time" ? (mine ? loops : 2) : 1),
                quote(pass == "memory" ? (mine ? clock : "trace") : "real"),
                quote(pass == "memory" ? (mine ? touch : "page") : "ends"), quote(mine ? threads : 1),
                quote(mine ? sync : "serial"), 1000, cpu, "", 100, ok ? heap : "", "", "", "",
                quote(mine ? thp : "inherit"), ok ? "" : quote("it ended"), p999, p999
        }
        BEGIN {
            OFS = ","
            print "schema,run_id,round,trace,trace_sha256,allocator,pass,status,loop,loops,clock,touch,threads,sync,ops," \
                "cpu_ns_per_op,net_ns_per_op,peak_live_bytes,peak_heap_bytes,end_heap_bytes,load_heap_bytes," \
                "hwm_heap_bytes,thp,message,acquire_p99_9_ns,release_p99_9_ns"
            split("t u", traces, " "); split("a b null", allocators, " ")
            for (i = 1; i <= 2; i++) for (j = 1; j <= 3; j++) for (round = 1; round <= 8; round++) {
                trace = traces[i]; allocator = allocators[j]
                mine = only == "" || only == trace "," allocator
                noise = 1 + (round * 5 % 8 - 3.5) / 1000
                row("time", round, 1, mine, (mine ? cold : 100) * noise, "", "")
                row("time", round, 2, mine, (mine ? warm : 50) * noise, "", "")
                if (round > 3) continue
                row("memory", round, 1, mine, "", (mine ? peak : 1000000) + 4096 * round, "")
                row("latency", round, 1, mine, "", "", (mine ? tail : 900) + round)
            }
        }' > "$file"
}

# assert_refused MESSAGE WORD...: report compare ends with status 2, one line, and that in it.
assert_refused() {
    local message=$1
    shift
    run bash -c 'report compare "$@" 2>&1 >stdout | grep -v "is not known: no meta.csv"; exit "${PIPESTATUS[0]}"' - "$@"
    echo "$output"
    [ "$status" -eq 2 ]
    [ ! -s stdout ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == "report: "*"$message"* ]]
}

# assert_regression COUNT WORD...: status 1 and so many regressions on stderr, which are in `found`.
assert_regression() {
    local count=$1
    shift
    run bash -c 'report compare "$@" 2>&1 >table' - "$@"
    echo "$output"
    [ "$status" -eq 1 ]
    grep '^report: regression: ' <<< "$output" > found
    [ "$(wc -l < found)" -eq "$count" ]
}

@test "a file against itself has no regression, with any gate" {
    make_runs base.csv
    run report compare --fail-if-slower=0 --fail-if-bigger=0% --fail-if-tail=0 base.csv base.csv
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"cold CPU time per op"*"warm CPU time per op"*"peak heap"*"p99.9 of acquiring"*"p99.9 of releasing"* ]]
    [[ "$output" != *faster* && "$output" != *slower* && "$output" != *bigger* && "$output" != *null* ]]
}

@test "each row has base, new, change, interval and verdict, and allocators a geometric mean" {
    make_runs base.csv
    make_runs new.csv cold=150 peak=900000 only=t,a
    report compare base.csv new.csv > table
    cat table
    grep -Eq '^  t +a +100 ns -> 150 ns +\+50.00 % +\[\+50.00 \+50.00\] +slower$' table
    grep -Eq '^  u +a +100 ns -> 100 ns +0.0 % +\[0.0 0.0\] +~$' table
    grep -Eq '^  geometric mean +a +\+22.* % +\[\+2.*\] +slower$' table
    grep -Eq '^  t +a +985 KiB -> 887 KiB +-9.9[0-9]* % +\[.*\]\* +smaller$' table
    grep -q '^\* fewer than 6 runs on a side' table
}

@test "the table has at most 100 columns, whatever the names and numbers are" {
    local long; long=$(printf 'n%.0s' {1..60})
    make_runs base.csv
    make_runs new.csv cold=1e9 warm=123456 peak=9e12 tail=99999999
    sed -i "s/\"t\"/\"$long\"/; s/\"a\"/\"$long.$long\"/" base.csv new.csv
    report compare base.csv new.csv > table
    cat table
    # In characters, of which ÷, µ and … are one.
    [ "$(sed 's/[÷µ…]/x/g' table | awk '{ if (length($0) > most) most = length($0) } END { print most }')" -le 100 ]
    grep -q 'nnn…' table
}

@test "what only one of the results has is listed, a line each" {
    make_runs base.csv
    grep -v '"b"' base.csv > new.csv
    sed 's/"u"/"v"/' base.csv > other.csv
    run report compare base.csv new.csv
    [ "$status" -eq 0 ]
    [ "$(grep '^only in' <<< "$output")" = "$(printf 'only in BASE: t, b\nonly in BASE: u, b')" ]
    run report compare base.csv other.csv
    [ "$(grep -c '^only in BASE: u, ' <<< "$output")" -eq 2 ]
    [ "$(grep -c '^only in NEW: v, ' <<< "$output")" -eq 2 ]
    sed 's/"\(t\|u\)"/"x\1"/' base.csv > strange.csv
    assert_refused "no trace and allocator is in both" base.csv strange.csv
}

@test "runs.csv may be unquoted, with CRLF, in another order, with more columns and a byte order mark" {
    make_runs base.csv
    make_runs new.csv cold=110
    report compare base.csv new.csv 2> /dev/null | tail -n +3 > expected
    tr -d '"' < new.csv > unquoted.csv
    sed 's/$/\r/' new.csv > crlf.csv
    { printf '\xef\xbb\xbf'; tr -d '"' < crlf.csv; } > marked.csv
    awk -F, '{ line = "future" NR; for (i = NF; i > 0; i--) line = line "," $i; print line }' new.csv > reversed.csv
    awk 'NR % 7 == 0 { print "" } { print }' new.csv > gaps.csv
    for file in unquoted crlf marked reversed gaps; do
        report compare base.csv "$file.csv" 2> /dev/null | tail -n +3 > "$file"
        diff expected "$file"
        report compare "$file.csv" base.csv 2> /dev/null | grep -q faster
    done
}

@test "a file of an earlier version, with fewer columns at the end, is read; its tails are refused" {
    make_runs base.csv
    cut -d, -f1-22 base.csv > old.csv # no thp, message nor tails
    run report compare --fail-if-slower=5% --fail-if-bigger=2% old.csv base.csv
    echo "$output"
    [ "$status" -eq 0 ]
    assert_refused "old.csv: there is no column acquire_p99_9_ns: it was written by an earlier version" \
        --fail-if-tail=20% old.csv base.csv
    assert_refused "old.csv: there is no column acquire_p99_9_ns" --fail-if-tail=20% base.csv old.csv
}

@test "a folder stands for its runs.csv, and nothing else is needed of it" {
    mkdir base new
    make_runs base/runs.csv
    make_runs new/runs.csv
    run report compare base new
    [ "$status" -eq 0 ]
    [[ "$output" == *"BASE base/runs.csv"*"NEW  new/runs.csv"* ]]
    [ "$(grep -c 'whether BASE and NEW are of one machine is not known' <<< "$output")" -eq 1 ]
}

@test "a machine that differs is warned of, when a meta.csv beside both tells" {
    mkdir base new
    make_runs base/runs.csv
    make_runs new/runs.csv
    printf 'key,value\ncpu,One\nkernel,Linux 1\nthp,always\nhost,x\n' > base/meta.csv
    printf '"key","value"\r\n"cpu","Two"\r\n"kernel","Linux 1"\r\n"thp","never"\r\n"host","y"\r\n' > new/meta.csv
    run report compare base new/runs.csv
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep '^report: warning' <<< "$output")" = "report: warning: another machine or setting: cpu is One in BASE, Two in NEW
report: warning: another machine or setting: thp is always in BASE, never in NEW" ]
    [[ "$output" != *"is not known"* ]]
    cp base/meta.csv new
    run report compare base new
    [[ "$output" != *report:* ]]
}

@test "what was not run in the same way is refused, with the first setting that differs" {
    make_runs base.csv
    for setting in sha=bb:trace_sha256:time clock=real:clock:memory touch=use:touch:memory threads=2:threads:time \
        sync=edges:sync:time thp=never:thp:time loops=3:loops:time; do
        IFS=: read -r change column pass <<< "$setting"
        make_runs new.csv "$change" only=u,b
        assert_refused "u, b: cannot be compared: $column of the pass $pass is " base.csv new.csv
        assert_refused "u, b: cannot be compared: $column of the pass $pass is " new.csv base.csv
    done
    make_runs new.csv clock=real touch=use only=u,b
    assert_refused "clock of the pass memory is trace in base.csv and real in new.csv" base.csv new.csv
    # Also within one file, and not where an allocator is in one of them only.
    { cat base.csv; tail -n +2 new.csv | sed 's/"ub/"other/'; } > mixed.csv
    assert_refused "clock of the pass memory is trace in base.csv and real in mixed.csv" base.csv mixed.csv
    assert_refused "clock of the pass memory is trace in mixed.csv and real in mixed.csv" mixed.csv base.csv
    sed -i 's/"b"/"c"/' new.csv
    report compare base.csv new.csv
}

@test "a column that the check of settings needs is asked for" {
    make_runs base.csv
    sed '1s/trace_sha256/checksum/' base.csv > new.csv
    assert_refused "new.csv: there is no column 'trace_sha256'" base.csv new.csv
}

@test "gates fail on what is beyond them, each named with its numbers" {
    make_runs base.csv
    make_runs new.csv cold=110 warm=60 peak=1100000 tail=1800 only=u,b
    assert_regression 2 --fail-if-slower=5% base.csv new.csv
    grep -Eq '^report: regression: u, b: cold CPU time per op 100 ns -> 110 ns, \+10.00 % \[\+10.00 \+10.00\]: all of it above the 5 % of --fail-if-slower$' found
    grep -q 'u, b: warm CPU time per op 50.0 ns -> 60.0 ns' found
    assert_regression 1 --fail-if-bigger=2 base.csv new.csv
    grep -q 'u, b: peak heap .* above the 2 % of --fail-if-bigger' found
    assert_regression 2 --fail-if-tail=20% base.csv new.csv
    grep -q 'u, b: p99.9 of acquiring a block 902 ns -> 1.80 µs' found
    assert_regression 5 --fail-if-slower=5% --fail-if-bigger=2% --fail-if-tail=20% base.csv new.csv
    run report compare --fail-if-slower=25% --fail-if-bigger=11% --fail-if-tail=120% base.csv new.csv
    [ "$status" -eq 0 ]
    [[ "$output" != *regression* ]]
    run report compare base.csv new.csv # without a gate
    [ "$status" -eq 0 ]
    run report compare --fail-if-slower=0 --fail-if-bigger=0 --fail-if-tail=0 new.csv base.csv # better
    [ "$status" -eq 0 ]
}

@test "3 % does not fail a gate of 5 %, 50 % does" {
    make_runs base.csv
    make_runs new.csv cold=103 warm=51.5
    report compare --fail-if-slower=5% base.csv new.csv
    make_runs new.csv cold=150 warm=75
    assert_regression 8 --fail-if-slower=5% base.csv new.csv
}

@test "runs that were ok and are not any more are a regression without any gate" {
    make_runs base.csv
    make_runs new.csv status=crash only=t,b
    assert_regression 1 base.csv new.csv
    [ "$(cat found)" = "report: regression: t, b: the pass memory was ok in BASE and is not in NEW: 3 of 3 runs crash: it ended" ]
    grep -Eq '^  t +b +985 KiB -> +crash +failed$' table
    assert_regression 1 --fail-if-slower=5% --fail-if-bigger=2% base.csv new.csv
    run report compare --fail-if-bigger=2% new.csv base.csv # repaired
    [ "$status" -eq 0 ]
    run report compare --fail-if-bigger=2% new.csv new.csv # as before
    [ "$status" -eq 0 ]
}

@test "a gate that cannot be judged is refused" {
    make_runs base.csv
    grep -v '"memory"' base.csv > time.csv
    grep -v '"latency"' base.csv > untimed.csv
    awk -F, 'NR == 1 || $3 < "\"3\""' base.csv > short.csv
    assert_refused "--fail-if-bigger: t, a: only BASE has the peak heap" --fail-if-bigger=2% base.csv time.csv
    assert_refused "--fail-if-bigger: nothing has the peak heap" --fail-if-bigger=2% time.csv time.csv
    assert_refused "--fail-if-tail: nothing has the p99.9" --fail-if-tail=2% untimed.csv untimed.csv
    assert_refused "--fail-if-slower: t, a: the cold time was measured 8 times in BASE and 2 times in NEW" \
        --fail-if-slower=5% base.csv short.csv
}

@test "--format=csv has a row per trace, allocator and metric, with the numbers of the table" {
    make_runs base.csv
    make_runs new.csv cold=150 only=t,a
    grep -v '"b"' new.csv > one.csv
    run report compare --format=csv --fail-if-slower=5% base.csv one.csv
    [ "$status" -eq 1 ]
    grep '^"' <<< "$output" | tr -d '"' > rows
    [ "$(head -n 1 rows)" = "trace,base_allocator,new_allocator,metric,unit,base_n,new_n,base_median,new_median,ratio,ratio_ci_low,ratio_ci_high,interval,verdict,limit,gate,base_status,new_status,gate_bound" ]
    [ "$(wc -l < rows)" -eq 18 ] # 2 rows and a mean of 5 metrics, and 2 that NEW lacks
    [ "$(awk -F, '{ print NF }' rows | sort -u)" = 19 ]
    grep -q '^t,a,a,cold_cpu_ns_per_op,ns,8,8,100,150,1.5,1.49.*,1.50.*,bootstrap,worse,0.05,fail,ok,ok,1.4[0-9]*$' rows
    grep -q '^u,a,a,peak_heap_bytes,bytes,3,3,1008192,1008192,1,0.99.*,1.00.*,range,same,,,ok,ok,$' rows
    grep -q '^geomean,a,a,cold_cpu_ns_per_op,ns,,,,,1.22' rows
    [ "$(tail -n 1 rows)" = "u,b,,,,,,,,,,,,,,,,missing," ]
}

@test "what is beyond a limit, but not beyond doubt, passes with a line that says so" {
    make_runs base.csv
    # The rounds of NEW differ by up to 7 %.
    awk -F, -v OFS=, 'NR > 1 && $6 == "\"a\"" && $4 == "\"t\"" && $16 != "" { gsub(/"/, "", $3); $16 *= 1.10 + 0.01 * $3 } { print }' \
        base.csv > new.csv
    run report compare --fail-if-slower=11% base.csv new.csv
    echo "$output"
    [ "$status" -eq 0 ]
    grep -Eq '^report: t, a: cold CPU time per op 100 ns -> [0-9]+ ns, \+14[0-9.]* % \[\+1[0-9.]+ \+1[0-9.]+\]: passes the 11 % of --fail-if-slower, as beyond doubt is only \+[0-9.]+ %: more rounds tell$' <<< "$output"
    assert_regression 2 --fail-if-slower=2% base.csv new.csv
}

@test "a change of 50 % fails a gate however noisy its rounds are, one of 3 % does not" {
    make_runs base.csv
    # Rounds differ by up to 45 %, which leaves a 95 % interval of more than 30 points.
    noisy() {
        awk -F, -v OFS=, -v factor="$1" -v shift="$2" 'NR > 1 && $6 == "\"a\"" && $4 == "\"t\"" && $16 != "" {
            gsub(/"/, "", $3); $16 *= factor * (1 + 0.05 * (($3 * 7 + shift) % 10)) } { print }' base.csv
    }
    noisy 1 0 > before.csv
    noisy 1.5 3 > after.csv
    run report compare --fail-if-slower=5% before.csv after.csv
    echo "$output"
    [ "$status" -eq 1 ]
    noisy 1.03 3 > after.csv
    run report compare --fail-if-slower=5% before.csv after.csv
    [ "$status" -eq 0 ]
}

@test "two allocators of one result are compared in pairs of rounds" {
    make_runs base.csv
    # Round 8 disturbs both of its runs.
    awk -F, -v OFS=, 'NR > 1 && $6 == "\"b\"" && $16 != "" { $16 *= 1.5 } $3 == "\"8\"" && $16 != "" { $16 *= 3 } { print }' base.csv > runs.csv
    assert_regression 4 --allocators=a,b --fail-if-slower=5% runs.csv
    grep -Eq '^report: regression: t, b: cold CPU time per op 100 ns -> 150 ns, \+50.00 % \[\+50.00 \+50.00\]' found
    head -n 1 table | grep -q 'BASE is a, NEW is b in runs.csv: ratios are paired by round'
    run report compare --allocators=b,a --fail-if-slower=5% runs.csv
    [ "$status" -eq 0 ]
    [[ "$output" == *"-33.33 %"* && "$output" != *report:* ]]
    assert_refused "runs.csv: there is no allocator c" --allocators=a,c runs.csv
    assert_refused "runs.csv: there is no allocator null" --allocators=a,null runs.csv
    assert_refused "compared with itself" --allocators=a,a runs.csv
}

@test "usage errors and unreadable files end with status 2" {
    make_runs base.csv
    for arguments in "" "base.csv" "base.csv base.csv base.csv" "--allocators=a,b base.csv base.csv" \
        "--allocators=a base.csv" "--allocators=a,b,c base.csv" "--format=html base.csv base.csv" \
        "--fail-if-slower=x base.csv base.csv" "--fail-if-slower=-5% base.csv base.csv" \
        "--fail-if-slower= base.csv base.csv" "--fail-if-slower=5%% base.csv base.csv" \
        "--fail-if-slower=inf base.csv base.csv" "--fail-if-slower=5%5 base.csv base.csv"; do
        run report compare $arguments
        [ "$status" -eq 2 ]
        [ -n "$output" ]
    done
    run report --format=csv compare base.csv base.csv
    [ "$status" -eq 2 ]
    [[ "$output" == *"compare comes before its options"* ]]
    assert_refused "none.csv: cannot be read: No such file" base.csv none.csv
    mkdir empty
    assert_refused "empty/runs.csv: cannot be read: No such file" empty base.csv
    head -c -30 base.csv > cut.csv
    assert_refused "cut.csv:" base.csv cut.csv
    run bash -c 'report compare base.csv base.csv 2>&1 > /dev/full'
    [ "$status" -eq 2 ]
    [[ "$output" == *"report: standard output: No space left on device" ]]
}

@test "--help teaches" {
    run report compare --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"Usage: report compare"*"BASE NEW"*"--fail-if-slower=P%"*"old=./a.so,new=./b.so"*"Exit status"* ]]
}

# 20000 mallocs and frees, every hundredth of 7777 bytes, for which the slow allocator takes its time;
# 200 of them are live at the end, so that the peak is more than a few pages.
make_trace() { # FILE
    awk 'BEGIN {
        print "# heapreel trace as text, version 1"
        for (i = 0; i < 20000; i++) {
            print n++, i, 0, "malloc", i % 100 == 50 ? 7777 : 16 + i % 300, "= #" i + 1
            if (i % 100 != 50) print n++, i, 0, "free #" i + 1
        }
    }' > made.txt
    trace convert made.txt "$1"
}

@test "a slow build fails the gate of a real run, and the same build twice passes" {
    make_trace a.trace
    replay -q -p time,memory -r 6 -b old -a old=glibc -a "new=$slow:SLOW=spin" -o slow a.trace
    assert_regression 2 --allocators=old,new --fail-if-slower=5% --fail-if-bigger=50% slow
    grep -q '^report: regression: a, new: cold CPU time per op ' found
    replay -q -p time,memory -r 6 -b old -a "old=$slow" -a "new=$slow" -o same a.trace
    run report compare --allocators=old,new --fail-if-slower=50% --fail-if-bigger=50% same
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a build with a tail fails the gate of a real run" {
    grep -m1 '^flags' /proc/cpuinfo | grep -w constant_tsc | grep -qw nonstop_tsc ||
        skip "the processor has no steady time stamp counter"
    make_trace a.trace
    replay -q -p latency -r 3 -b old -a old=glibc -o base a.trace
    replay -q -p latency -r 3 -b old -a "old=$slow:SLOW=sleep" -o new a.trace
    run report compare --fail-if-tail=50% base new
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^report: regression: a, old: p99.9 of acquiring a block ' <<< "$output"
}

# run_recipe OLD NEW [FAULT]: the recipe of analysis/README.md, to which these two libraries are built; the new
# one with that fault.
run_recipe() {
    mkdir -p traces
    make_trace traces/a.trace
    {
        echo 'build() { cp "$1" "$2"; }'
        sed -n '/^### In CI/,$ { /^```sh/,/^```$/p }' "$SOURCE_DIR/analysis/README.md" | grep -v '^```' |
            sed "${3:+s|,\(new=[^ ]*\)| -a \1:FAULT=$3|}"
    } > recipe
    [ "$(wc -l < recipe)" -gt 5 ]
    run env BASE_COMMIT="$BUILD_DIR/$1" NEW_COMMIT="$BUILD_DIR/$2" sh recipe
    echo "$output"
}

@test "the recipe for CI fails a build that got slower and passes one that got faster" {
    run_recipe libslow_allocator.so libslower_allocator.so
    [ "$status" -eq 1 ]
    [[ "$output" == *"report: regression: a, new: cold CPU time per op "* ]]
    run_recipe libslower_allocator.so libslow_allocator.so
    [ "$status" -eq 0 ]
    [[ "$output" == *"faster"* ]]
}

@test "the recipe for CI goes on to tell of a build that crashes" {
    run_recipe libslow_allocator.so libbroken_allocator.so crash
    [ "$status" -eq 1 ]
    [[ "$output" == *"report: regression: a, new: the pass time was ok in BASE and is not in NEW: 15 of 15 runs crash"* ]]
}
