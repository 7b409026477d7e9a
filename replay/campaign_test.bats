#!/usr/bin/env bats
# How many rounds a campaign has, what it leaves to chance, and what its files say of both.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    misbehaving="$BUILD_DIR/libmisbehaving_allocator.so"
    trace generate churn --events=5000 --seed=3 a.trace > log
    trace generate churn --events=2000 --seed=4 b.trace >> log
}

teardown() {
    [ -z "${pid-}" ] || kill -KILL "$pid" 2> /dev/null || true
}

meta() { sed -n "s/^\"$2\",\"\(.*\)\"$/\1/p" "$1/meta.csv"; } # FOLDER KEY

# The values of a column that stands before `message`, in rows of a pass.
column() { # FOLDER PASS COLUMN
    tr -d '"' < "$1/runs.csv" | awk -F, -v pass="$2" -v name="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next }
        $9 == pass { print $at }'
}

# The same of one behind it: rows are read from their end, whose only commas stand between columns.
last_column() { # FOLDER PASS COLUMN
    grep -E "\"(pass|$2)\"" "$1/runs.csv" | tr -d '"' | awk -F, -v name="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) back = NF - i; next }
        { print $(NF - back) }'
}

last_round() { column "$1" "$2" round | sort -n | tail -n 1; } # FOLDER PASS

refused() { # WORDS OPTION... : status 2, and told of
    local words=$1
    shift
    run replay -q -o refused "$@"
    echo "$output"
    [ "$status" -eq 2 ]
    [[ "$output" == *"$words"* ]]
    [ ! -e refused ]
}

@test "rounds go on until the precision is reached, not before six" {
    replay -q --precision=90% --loops=1 -o out a.trace b.trace > log 2>&1
    for name in a b; do
        rounds=$(meta out "trace.$name.rounds_time")
        [ "$(meta out "trace.$name.stopped_by")" = precision ]
        [ "$rounds" -ge 6 ]
        [ "$rounds" -lt 200 ]
        [ "$(grep "\"$name\"" out/runs.csv | grep '"time"' | cut -d, -f3 | tr -d '"' | sort -n | tail -n 1)" -eq "$rounds" ]
        awk -v reached="$(meta out "trace.$name.precision_percent")" 'BEGIN { exit !(reached > 0 && reached <= 90) }'
    done
    [ "$(last_round out memory)" -eq 3 ]
    [ "$(meta out precision_percent)" = 90 ]
    [ "$(meta out rounds_time)" = 200 ]
}

@test "a precision that is out of reach ends with the rounds, and it is said how many more it would take" {
    run replay --precision=0.001% -r 7 --loops=1 -o out a.trace
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(meta out trace.a.stopped_by)" = rounds ]
    [ "$(meta out trace.a.rounds_time)" = 7 ]
    [[ "$output" =~ "replay: a: ±"[0-9.]+" % after 7 rounds; about "[0-9]+" more would give ±0.001 %" ]]
    run replay -q --precision=0.001% -r 7 --loops=1 -o out a.trace
    [ -z "$output" ]
}

@test "when the time is up no round begins, and every trace has one" {
    run replay --max-time=0.001s -o out a.trace b.trace
    [ "$status" -eq 0 ]
    for name in a b; do
        [ "$(meta out "trace.$name.stopped_by")" = time ]
        [ "$(meta out "trace.$name.rounds_time")" = 1 ]
    done
    [ "$(last_round out time)" -eq 1 ]
    [ "$(last_round out memory)" -eq 1 ]
    replay -q --max-time=1h -r 2 -o out a.trace
    [ "$(meta out trace.a.stopped_by)" = rounds ]
    [ "$(meta out max_time_s)" = 3600 ]
    replay -q -r 1 -o out a.trace
    [ "$(meta out trace.a.stopped_by)" = rounds ]
    grep -q '^"max_time_s",""' out/meta.csv
}

@test "where every run fails, no precision is waited for" {
    run replay --precision=1% --loops=1 -p time -a "bad=$misbehaving:MISBEHAVE=crash" -o out a.trace
    echo "$output"
    [ "$status" -eq 1 ]
    [ "$(meta out trace.a.stopped_by)" = failures ]
    [ "$(meta out trace.a.rounds_time)" = 6 ]
    [[ "$output" == *"replay: a: after 6 rounds there is nothing to compare"* ]]
}

@test "a quick run leaves out what takes long, but for what is asked for" {
    replay -q --quick -o out a.trace
    [ "$(column out time loops | sort -u)" = 1 ]
    [ "$(last_round out time)" -le 10 ]
    [ "$(last_round out memory)" -eq 1 ]
    [ "$(meta out max_time_s)" = 110 ]
    [ "$(wc -l < out/bounds.csv)" -eq 1 ]
    replay -q --loops=2 --quick --bounds=yes --rounds=2 --max-time=1h -o out a.trace
    [ "$(column out time loops | sort -u)" = 2 ]
    [ "$(last_round out time)" -eq 2 ]
    [ "$(meta out max_time_s)" = 3600 ]
    [ "$(wc -l < out/bounds.csv)" -gt 1 ]
    replay -q --quick --precision=90% -o out a.trace
    [ "$(meta out trace.a.stopped_by)" = precision ]
}

@test "a quick run takes short traces first and leaves out those that there is no time for" {
    trace generate churn --events=3000000 long.trace >> log
    trace generate churn --events=1000 short.trace >> log
    run replay --quick --max-time=1s -a glibc -o out long.trace short.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"replay: left out for lack of time: long"* ]]
    [[ "$output" == *$'\n'"left out for lack of time: long"* ]]
    [ "$(column out time trace | sort -u)" = short ]
    [ "$(meta out left_out)" = long ]
}

@test "the baseline runs a second time under a name of its own" {
    replay -q --aa -r 2 --loops=1 -a heap -o out a.trace
    [ "$(meta out noise_floor_allocator)" = glibc-again ]
    [ "$(meta out allocators)" = heap,glibc,glibc-again ]
    [ "$(meta out allocator.glibc-again.spec)" = glibc ]
    [ "$(column out time allocator | grep -c '^glibc-again$')" -eq 2 ]
    [ "$(column out memory allocator | grep -c '^glibc-again$')" -eq 2 ]
    replay -q --aa -r 1 --loops=1 -a old=heap -b old -o out a.trace
    [ "$(meta out noise_floor_allocator)" = old-again ]
    replay -q -r 1 --loops=1 -o out a.trace
    [ -z "$(meta out noise_floor_allocator)" ]
    refused "'glibc-again' would be the baseline, and is an allocator already" --aa -a glibc-again=heap a.trace
    refused "'null' is there in every session" --aa -a heap -b null a.trace
}

@test "the environment is padded by chance, the same with the same seed, and the rows tell" {
    for out in one two other; do
        seed=7; [ $out != other ] || seed=8
        replay -q -r 3 --loops=1 --seed=$seed -o $out a.trace
    done
    last_column one '[a-z]*' environment_padding_bytes > bytes
    [ "$(sort -n bytes | tail -n 1)" -le 4095 ]
    [ "$(sort -u bytes | wc -l)" -gt 10 ]
    diff bytes <(last_column two '[a-z]*' environment_padding_bytes)
    run diff -q bytes <(last_column other '[a-z]*' environment_padding_bytes)
    [ "$status" -eq 1 ]
}

@test "one thread is pinned to the CPU that the rows tell, several are not" {
    cpu=$(awk -F'[-,\t]' '/^Cpus_allowed_list/ { print $NF }' /proc/self/status)
    trace generate handover --events=2000 --threads=3 threads.trace
    replay -q -r 1 --loops=1 --cpu="$cpu" -o out a.trace
    [ "$(last_column out time cpu | sort -u)" = "$cpu" ]
    # What is resident does not depend on who runs beside it: there one more CPU is used, if any.
    [[ -n "$(last_column out memory cpu)" && "$(last_column out memory cpu)" != *$'\n\n'* ]]
    replay -q -r 1 --loops=1 --cpu="$cpu" -o out threads.trace
    [ "$(column out time threads | sort -u)" = 3 ]
    [ -z "$(last_column out time cpu | sort -u)" ]
}

@test "nothing is left to chance with --deterministic: addresses, order and environment" {
    setarch -R true || skip "addresses are randomised here in any case"
    settings=(--deterministic -r 2 --loops=1 -p time,map -a glibc,heap)
    for out in one two; do replay -q "${settings[@]}" -o $out a.trace; done
    for name in heap glibc; do
        cmp {one,two}/heapmap-a-$name.csv
        diff <(grep -v run_id one/heapmap-a-$name.meta.csv) <(grep -v run_id two/heapmap-a-$name.meta.csv)
    done
    [ "$(column one time allocator | tr '\n' ' ')" = "glibc heap null loop glibc heap null loop " ]
    [ "$(last_column one '[a-z]*' environment_padding_bytes | sort -u)" = 0 ]
    [ "$(last_column one '[a-z]*' aslr | sort -u)" = 0 ]
    [ "$(last_column one '[a-z]*' deterministic | sort -u)" = yes ]
    [ "$(meta one deterministic)" = yes ]
    # Else they differ.
    [ "$(cat /proc/sys/kernel/randomize_va_space)" != 0 ] || return 0
    replay -q -r 1 -p map -a glibc -o chance a.trace
    run cmp -s <(grep row_address one/heapmap-a-glibc.meta.csv) <(grep row_address chance/heapmap-a-glibc.meta.csv)
    [ "$status" -eq 1 ]
    [ "$(last_column chance map aslr | sort -u)" = "$(cat /proc/sys/kernel/randomize_va_space)" ]
    [ "$(last_column chance map deterministic | sort -u)" = no ]
}

# Threads that take turns with the first at every call, and exit before it takes blocks of the same size.
short_threads() {
    awk 'function call(thread, what) { print event++, event, thread, what }
        BEGIN {
            print "# heapreel trace as text, version 1"
            for (thread = 1; thread <= 12; thread++) {
                call(thread == 1 ? 0 : thread - 1, "malloc 24 = #" ++object)
                call(thread, "thread_start")
                for (first = object + 1; object < first + 200; ) {
                    call(thread, "malloc 80 = #" ++object)
                    call(0, "malloc 80 = #" ++object)
                }
                for (; first <= object; first += 2) call(thread, "free #" first)
                call(thread, "thread_exit")
                for (i = 0; i < 50; i++) call(0, "malloc 80 = #" ++object)
            }
        }'
}

@test "nor is the order of threads" {
    setarch -R true || skip "addresses are randomised here in any case"
    short_threads > short.txt
    trace convert short.txt short.trace
    for out in 1 2 3 4; do replay -q --deterministic -p map -a heap,glibc -o $out short.trace; done
    for out in 2 3 4; do
        for name in heap glibc; do
            cmp {1,$out}/heapmap-short-$name.csv
            diff <(grep -v run_id 1/heapmap-short-$name.meta.csv) <(grep -v run_id $out/heapmap-short-$name.meta.csv)
        done
    done
    # In the other passes, too; by themselves threads that alternate this often would keep no such order.
    replay -q --deterministic -r 1 --loops=1 -p time,memory,latency -a heap,glibc -o out short.trace
    for pass in time memory latency; do
        [ "$(column out $pass status | sort -u) $(column out $pass sync | sort -u)" = "ok exact" ]
    done
    [[ "$(report summary out | tr '\n' ' ')" == *"; time in recorded order, memory in recorded order;"* ]]
    replay -q -r 1 --loops=1 -p time,memory -a glibc -o chance short.trace
    [ "$(column chance time sync | sort -u) $(column chance memory sync | sort -u)" = "edges epochs" ]
}

@test "the files tell of the machine and of its load" {
    replay -q -r 1 --loops=1 -o out a.trace
    [[ "$(meta out load_average)" =~ ^[0-9]+\.[0-9]{2}$ ]]
    [[ "$(meta out steal_percent)" =~ ^[0-9]+\.[0-9]{2}$ ]]
    [ -n "$(meta out governor)" ]
    grep -q '^"microcode","' out/meta.csv
    [ -n "$(meta out allocator.heap.path)" ]
    [ "$(meta out kernel)" = "$(uname -sr)" ]
    [[ "$(last_column out time machine | sort -u)" == "$(uname -n); $(uname -sr); "*" cores; thp "* ]]
}

@test "wrong words are usage errors, status 2" {
    for words in --precision=0.02 --precision=0% --precision=200% --precision=x% --precision=nan%; do
        refused "expected percent, such as 2%" "$words" a.trace
    done
    for words in --max-time=0 --max-time=5d --max-time=-1s --max-time=m --max-time=inf; do
        refused "expected a time, such as 90, 90s, 5m or 2h" "$words" a.trace
    done
    refused "--precision is of the time pass" --precision=2% -p memory a.trace
    refused "there is only 'glibc', and nothing to compare with it" --precision=2% -a glibc a.trace
    for words in --precision=2% --max-time=5m --quick --aa --deterministic; do
        refused "--smallest is a run of its own" --smallest "$words" a.trace
    done
}

@test "a campaign that was interrupted goes on to its precision, or to the end of its time" {
    setsid env --default-signal=INT "$BUILD_DIR/replay" --precision=0.001% -r 30 --loops=1 -p time --seed=7 -o out a.trace b.trace > log 2>&1 3>&- &
    pid=$!
    tries=0
    until grep -qs '^"checkpoint.a.8"' out/meta.csv.part; do
        [ $((++tries)) -le 3000 ]
        sleep 0.02
    done
    kill -INT "$pid"
    status=0; wait "$pid" || status=$?
    cat log
    [ "$status" -eq 130 ]
    [ -z "$(meta out trace.a.stopped_by)" ]
    refused_here() { # WORDS OPTION...
        run replay -q --resume -r 30 --loops=1 -p time -o out "${@:2}" a.trace b.trace
        [ "$status" -eq 2 ]
        [[ "$output" == "replay: --resume: $1"* ]]
    }
    refused_here "precision_percent is '1' now, but '0.001' in out/meta.csv" --precision=1%
    refused_here "max_time_s is '60' now, but '' in out/meta.csv" --precision=0.001% --max-time=1m
    refused_here "deterministic is 'yes' now, but 'no' in out/meta.csv" --precision=0.001% --deterministic
    eval "$(sed -n 's/^replay: to go on: //p' log) -q"
    replay -q --precision=0.001% -r 30 --loops=1 -p time --seed=7 -o whole a.trace b.trace
    for name in a b; do
        [ "$(meta out "trace.$name.stopped_by")" = rounds ]
        [ "$(meta out "trace.$name.rounds_time")" = 30 ]
    done
    # The same order and padding as if there had been no interruption.
    diff <(last_column whole time environment_padding_bytes) <(last_column out time environment_padding_bytes)
    diff <(column whole time allocator) <(column out time allocator)
    run replay --resume --precision=0.001% -r 30 --loops=1 -p time -o out a.trace b.trace
    [[ "$output" == *"replay: out: all of it is there already"* ]]
}

@test "the time of a campaign is that of all its processes" {
    settings=(--max-time=1h -r 4 --loops=1 -p time -o out a.trace b.trace)
    replay -q "${settings[@]}"
    # As if it had been killed in the second round of b, when the time was up.
    sed -i '/^"checkpoint.b.2"/Q; s/ time=[0-9.]*\/[0-9.]*/ time=9999\/3600/' out/meta.csv
    replay -q --resume "${settings[@]}"
    [ "$(meta out trace.a.stopped_by)" = rounds ]
    [ "$(meta out trace.b.stopped_by)" = time ]
    [ "$(meta out trace.b.rounds_time)" = 2 ]
}
