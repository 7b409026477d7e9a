#!/usr/bin/env bats
# The program replay, as a user calls it.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    misbehaving="$BUILD_DIR/libmisbehaving_allocator.so"
}

# A trace of N rounds of: allocate, grow, ask, free; one block of every ten is left over.
make_trace() { # FILE ROUNDS [THREADS]
    {
        echo "# heapreel trace as text, version 1"
        echo "# program=made"
        echo "# recorder=made"
        awk -v rounds="$2" -v threads="${3:-1}" 'BEGIN {
            object = 0; index_ = 0
            for (i = 0; i < rounds; i++) {
                thread = i < threads ? i : i % threads
                time = i * 10
                print index_++, time, thread, "malloc", 16 + i % 1000, "= #" ++object
                print index_++, time, thread, "realloc #" object, 100 + i % 3000, "= #" (object + 1); object++
                print index_++, time, thread, "malloc_usable_size #" object " = 1"
                if (i % 10) print index_++, time, thread, "free #" object
            }
        }'
    } > made.txt
    trace convert made.txt "$1"
}

rows() { # PATTERN... : how many rows of runs.csv in the folder `out` have all of them, up to `ops`
    local found; found=$(cut -d, -f-18 out/runs.csv)
    for pattern in "$@"; do found=$(grep -F "\"$pattern\"" <<<"$found" || true); done
    if [ -z "$found" ]; then echo 0; else wc -l <<<"$found"; fi
}

@test "a trace is replayed and three files are written" {
    make_trace a.trace 500
    run replay -r 2 -o out a.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"heap"*"glibc"* ]]
    [ "$(head -n 1 out/runs.csv | tr -d '"')" = "schema,run_id,round,order,started_utc,trace,trace_sha256,allocator,pass,status,loop,loops,clock,touch,threads,sync,seed,ops,wall_ns,cpu_ns,wall_ns_per_op,cpu_ns_per_op,net_ns_per_op,minflt,nivcsw,wait_ns,peak_live_bytes,peak_heap_bytes,mean_heap_bytes,end_heap_bytes,load_heap_bytes,hwm_heap_bytes,waits,sleeps,replayed_peak_live_bytes,frag_peak_ratio,frag_mean_event_ratio,frag_mean_time_ratio,frag_at_peak_live_ratio,frag_at_peak_heap_ratio,returned_share,lazyfree_peak_bytes,lazyfree_end_bytes,hugepage_peak_bytes,hugepage_end_bytes,clock_reads,thp,feed_wait_ns,thread_ns,load_cpu_ns,file_bytes,message,environment_padding_bytes,cpu,aslr,deterministic,machine,acquire_p99_9_ns,release_p99_9_ns,program_cpu_us,program_rss_bytes,program_cpu_source,recorded_threads,redirected,partial,allocator_spec,allocator_place,baseline,noise_floor_allocator" ]
    # 2 rounds of 4 rows (null and loop too) of 3 loops, and 2 rounds of memory of 3 (null too)
    [ "$(rows time ok)" -eq 24 ]
    [ "$(rows memory ok)" -eq 6 ]
    grep -q "^\"trace.a.sha256\",\"$(sha256sum a.trace | cut -d' ' -f1)\"" out/meta.csv
    [ "$(ls out)" = "$(printf 'bounds.csv\nmeta.csv\nruns.csv\nsamples.csv\nsize-lifetime-a.csv\nsummary.csv')" ]
}

@test "results go to results/TRACE by default" {
    make_trace a.trace 10
    run replay -r 1 a.trace
    [ "$status" -eq 0 ]
    [ -s results/a/runs.csv ]
}

@test "the cell calls the allocator for the recorded calls and for nothing else" {
    make_trace a.trace 500
    replay -q -r 1 --loops=1 -p time -o out -a "counted=$misbehaving:COUNT=$PWD/count" a.trace
    calls=$(od -An -t d8 -N 8 count | tr -d ' ')
    # The library has no malloc_usable_size, so these calls do not reach it; the leftovers are freed.
    usable=$(trace print a.trace | grep -c malloc_usable_size)
    ops=$(trace print a.trace | grep -vc '^#')
    leftovers=$(trace info --format=csv a.trace | sed -n 's/^"end_live_objects","\(.*\)"/\1/p')
    echo "calls $calls, ops $ops, usable $usable, leftovers $leftovers"
    [ "$calls" -eq $((ops - usable + leftovers)) ]
}

@test "what loading an allocator costs stands in its rows" {
    make_trace a.trace 500
    replay -q -r 1 -a glibc -o out a.trace
    columns() { grep "\"$1\",\"$2\"" out/runs.csv | cut -d, -f50,51 | tr -d '"' | sort -u; }
    [[ "$(columns glibc time)" =~ ^[1-9][0-9]*,$ ]] # CPU time of one process, in each of its rows
    [[ "$(columns null memory)" =~ ^,[1-9][0-9]*$ ]] # pages of files: of the null cell all that it has,
    [[ "$(columns glibc memory)" =~ ^,[0-9]+$ ]] # of others what they have beyond it
    [ "$(columns glibc memory | tr -d ,)" -lt "$(columns null memory | tr -d ,)" ]
}

@test "memory under two names of one allocator is the same to a few pages" {
    make_trace a.trace 20000
    replay -q -r 3 -p memory -o out -a glibc,again=glibc a.trace
    peaks() { grep -F "\"$1\",\"memory\"" out/runs.csv | cut -d, -f28 | tr -d '"' | sort -n | sed -n 2p; }
    difference=$(($(peaks glibc) - $(peaks again)))
    [ "${difference#-}" -le 16384 ]
}

@test "a trace of several threads is replayed on as many, and the files say how" {
    make_trace a.trace 100 3
    run replay -r 1 -o out a.trace
    [ "$status" -eq 0 ]
    [[ "${output//$'\n'/ }" == *"a: on 3 threads, of which one makes "*" % of the calls; time in the order of "*" hand-overs, memory in "* ]]
    grep -q '"threads","recorded"' out/meta.csv
    grep -q '"trace.a.sync_time","edges"' out/meta.csv
    grep -qE '"trace.a.edges","[0-9]' out/meta.csv
    # Threads and order of each row.
    [ "$(grep '"glibc","time"' out/runs.csv | cut -d, -f15,16 | sort -u)" = '"3","edges"' ]
    [[ "$(grep '"glibc","memory"' out/runs.csv | cut -d, -f15,16)" == '"3","e'* ]]
    run replay -r 1 --threads=serial -o serial a.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"a: the calls of its 3 threads were replayed in recorded order on one thread"* ]]
    [ "$(grep '"glibc"' serial/runs.csv | cut -d, -f15,16 | sort -u)" = '"1","serial"' ]
    grep -q '"clock","trace"' out/meta.csv
}

@test "how blocks are touched is chosen for time and memory, and stands in each row" {
    make_trace a.trace 500
    touches() { grep -F "\"$1\"" out/runs.csv | cut -d, -f14 | tr -d '"' | sort -u; }
    replay -q -r 1 -a glibc -o out a.trace
    [ "$(touches time)" = ends ] && [ "$(touches memory)" = page ]
    for touch in none ends page use; do
        replay -q -r 1 -a glibc --touch="$touch" -o out a.trace
        [ "$(touches time)" = "$touch" ] && [ "$(touches memory)" = "$touch" ]
        grep -q "^\"touch_time\",\"$touch\"" out/meta.csv
        grep -q "^\"touch_memory\",\"$touch\"" out/meta.csv
    done
    [ "$(rows use time ok)" -eq 9 ]
    [ "$(rows use memory ok)" -eq 2 ]
    # Memory that was not touched is not resident: nothing is divided by it.
    run replay -r 1 -p memory -a glibc --touch=none -o none a.trace
    [[ "$output" == *"no ratios to live bytes"* && "$output" != *"against best fit"* ]]
}

@test "what is predicted for the program comes from what its trace tells of it" {
    make_trace a.trace 500
    run replay -r 1 -o out a.trace
    [[ "$output" == *"  no CPU time is predicted for the program: the trace does not tell the program's own CPU time"* ]]
    [[ "$output" != *"predicted for this program"* ]]
    sed -i '2i # program_cpu_us=200000\n# program_rss_bytes=50000000\n# program_cpu_source=plain_run' made.txt
    trace convert made.txt known.trace
    run replay -r 1 -o out known.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"  predicted for this program, against glibc (it took 200 ms of CPU time, 47.7 MiB at its peak):"* ]]
    [[ "$output" =~ \ heap\ +CPU\ time\ [-+][0-9.]+\ %:\ too\ few\ rounds\ to\ claim\ it, ]]
    [[ "$output" =~ memory\ at\ the\ peak\ [-+][0-9.]+\ [KM]?i?B:\ too\ few\ rounds\ to\ claim\ it ]]
    grep -q '^"trace.known.program_cpu_source","plain_run"$' out/meta.csv
    report summary --format=csv out > summary.csv
    grep -qE '^"known","heap","predicted_cpu_us","us","1","[0-9.]+"' summary.csv
    grep -qE '^"known","heap","predicted_rss_bytes","bytes","1","[0-9.]+"' summary.csv
}

@test "a crash is the row's status and the rest goes on" {
    make_trace a.trace 500
    run replay -r 1 -o out -a "bad=$misbehaving:MISBEHAVE=crash" a.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"bad on a: crash: Segmentation fault"* ]]
    [ "$(rows bad crash)" -eq 2 ]
    [ "$(rows glibc ok)" -eq 4 ]
}

@test "a hang ends at the timeout" {
    make_trace a.trace 500
    run replay -r 1 -p time --timeout=0.5 -o out -a "bad=$misbehaving:MISBEHAVE=hang" a.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"bad on a: timeout: not finished after 0.5 s"* ]]
    [ "$(rows bad timeout)" -eq 1 ]
}

@test "what timed out is not tried again on that trace" {
    make_trace a.trace 500
    make_trace b.trace 500
    run replay -r 3 -p time --loops=1 --timeout=0.5 -o out -a "bad=$misbehaving:MISBEHAVE=hang" a.trace b.trace
    [ "$status" -eq 1 ]
    [ "$(rows bad timeout)" -eq 2 ]
    [ "$(rows glibc ok)" -eq 6 ]
    [[ "$output" == *"bad: 1 of 1 time run ended with timeout"* ]]
}

@test "a NULL that the program did not see is out of memory" {
    make_trace a.trace 500
    run replay -r 1 -p time -o out -a "bad=$misbehaving:MISBEHAVE=null" a.trace
    [ "$status" -eq 1 ]
    [[ "$output" == *"bad on a: oom: call "*" of thread 0 got NULL"* ]]
    [ "$(rows bad oom)" -eq 1 ]
}

@test "an interruption keeps what was finished" {
    make_trace a.trace 500
    # bats ignores SIGINT in background jobs; a fresh session does not.
    setsid "$BUILD_DIR/replay" -r 10000 -o out a.trace > log 2>&1 &
    pid=$!
    sleep 1
    kill -TERM "$pid"
    status=0; wait "$pid" || status=$?
    [ "$status" -eq 130 ]
    [ "$(rows glibc ok)" -gt 1 ]
    [ "$(ls out)" = "$(printf 'bounds.csv\nmeta.csv\nruns.csv\nsamples.csv\nsize-lifetime-a.csv\nsummary.csv')" ]
}

@test "missing, empty, foreign, cut and damaged traces are told apart, status 3" {
    make_trace a.trace 500
    run replay -o out nosuch.trace
    [ "$status" -eq 3 ]; [[ "$output" == *"nosuch.trace: cannot open: No such file"* ]]
    : > empty.trace
    run replay -o out empty.trace
    [ "$status" -eq 3 ]; [[ "$output" == *"empty.trace: the file is empty"* ]]
    echo "just some words" > text.trace
    run replay -o out text.trace
    [ "$status" -eq 3 ]; [[ "$output" == *"text.trace: is in no known format: no trace of heapreel, nor text, "* ]]
    head -c 400 a.trace > cut.trace
    run replay -o out cut.trace
    [ "$status" -eq 3 ]; [[ "$output" == *"cut.trace: byte "*"cut short"* ]]
    cp a.trace damaged.trace
    printf 'XXXX' | dd of=damaged.trace bs=1 seek=500 conv=notrunc status=none
    run replay -o out damaged.trace
    [ "$status" -eq 3 ]; [[ "$output" == *"damaged.trace: "*"byte "* ]]
    [ ! -e out/runs.csv ]
    [ -z "$(find . -name '*.part')" ]
}

@test "a trace that was cut short is replayed with --partial up to its last whole block" {
    trace generate churn --events=150000 --seed=3 whole.trace
    bytes=$(stat -c %s whole.trace)
    head -c $((bytes - 1000)) whole.trace > short.trace
    run replay -o out short.trace
    [ "$status" -eq 3 ]
    [[ "$output" =~ ^replay:\ short.trace:\ byte\ [0-9]+:\ the\ trace\ is\ cut\ short\ here\;\ --partial\ replays\ the\ 131072\ events\ of\ its\ 1\ whole\ block$ ]]
    [ ! -e out ]

    run replay -q --partial -r 1 -a glibc -o out short.trace
    [ "$status" -eq 0 ]
    [[ "$output" == "replay: short.trace: cut short at byte "*": only the 131072 events of its 1 whole block are replayed" ]]
    grep -q '^"trace.short.partial","cut short at byte [0-9]*: only the 131072 events of its 1 whole block are replayed"$' out/meta.csv
    grep -q '^"trace.short.events","131072"$' out/meta.csv
    [ "$(rows glibc time ok 131072)" -eq 3 ]

    # What is live at the cut is what a trace that ends there leaves.
    trace cut --events=:131072 whole.trace first.trace
    replay -q --partial -r 1 -p memory -a glibc -o first first.trace
    if grep partial first/meta.csv | grep -v '"command"'; then false; fi
    at_the_end() { # live_bytes and live_objects of the last sample
        head -n 1 "$1/samples.csv" | tr -d '"' | tr , '\n' | grep -nx 'live_bytes\|live_objects' | cut -d: -f1 | paste -sd, > columns
        grep '"glibc"' "$1/samples.csv" | tail -n 1 | cut -d, -f"$(cat columns)"
    }
    [ -n "$(at_the_end out)" ]
    [ "$(at_the_end out)" = "$(at_the_end first)" ]

    # Damage is no cut, and without a whole block there is nothing to replay.
    printf 'XXXX' | dd of=short.trace bs=1 seek=5000 conv=notrunc status=none
    run replay --partial -o bad short.trace
    [ "$status" -eq 3 ]
    [[ "$output" == *"short.trace: "*"byte "* ]]
    head -c 5000 whole.trace > none.trace
    run replay --partial -o bad none.trace
    [ "$status" -eq 3 ]
    [[ "$output" == *"none.trace: byte "*"cut short before its first whole block"* ]]
    [ ! -e bad ]
}

@test "a last line without an end is left out, with or without --partial, and said" {
    make_trace a.trace 20
    events=$(grep -vc '^#' made.txt)
    printf '%s' "$(cat made.txt)" > cut.txt
    for option in "" --partial; do
        # shellcheck disable=SC2086
        run replay -q $option -r 1 -p time -a glibc -o out cut.txt
        [ "$status" -eq 0 ]
        [[ "$output" == "replay: cut.txt: read as text: $((events - 1)) events, "*"the file is cut in its last line, which was left out" ]]
        grep -q '^"trace.cut.txt.warning","the file is cut in its last line' out/meta.csv
    done
}

@test "memory that is refused to replay is an error that names the place" {
    (ulimit -v 60000; replay --version) || skip "a sanitizer needs more address space than can be limited"
    awk 'BEGIN {
        print "# heapreel trace as text, version 1"
        for (i = 0; i < 400000; i++) print i, i, 0, "malloc 8 = #" i + 1
    }' > live.txt
    trace convert live.txt live.trace
    for limit in 15000 22000 30000; do
        run bash -c "ulimit -v $limit; exec replay -q -r 1 -p time -a glibc -o out live.trace"
        echo "$limit: $status $output"
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ "$output" =~ ^replay:\ live.trace:\ (event|byte)\ [0-9]+:?\ .*memory ]]
    done
}

@test "files of other tools are replayed directly, and what they lack is said" {
    data="$SOURCE_DIR/traces/import/testdata"
    make_trace a.trace 10
    for file in lab-2002.rep:rep mtrace-family.txt:mtrace android-times.txt:android logalloc-raw.txt:logalloc \
        valgrind-family.txt:valgrind ltrace-family.txt:ltrace; do
        run replay -r 1 -a glibc -o out "$data/${file%:*}"
        echo "$output"
        [ "$status" -eq 0 ]
        [[ "$output" == *"replay: $data/${file%:*}: read as ${file#*:}: "*"the format does not tell "* ]]
        [ "$(rows time ok glibc)" -gt 0 ]
        [ "$(rows memory ok glibc)" -eq 1 ]
        grep -q "^\"trace.[^\"]*.sha256\",\"$(sha256sum "$data/${file%:*}" | cut -d' ' -f1)\"" out/meta.csv
        grep -q '\.warning","the format does not tell' out/meta.csv
    done
    run replay -q -r 1 -a glibc -o out made.txt
    [ "$status" -eq 0 ]
    [[ "$output" != *"read as"* ]]
    echo "a 0 x" >> bad.rep
    sed -i '1i a 0 8' bad.rep
    run replay -o out bad.rep
    [ "$status" -eq 3 ]
    [[ "$output" == "replay: bad.rep: line 2: 'a 0 x' is no request"* ]]
}

@test "an unknown allocator is a usage error that lists those there are" {
    make_trace a.trace 10
    run replay -a nosuch a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"no allocator is named 'nosuch'; there are heap, glibc,"* ]]
}

@test "a library without malloc is never measured as glibc" {
    make_trace a.trace 10
    library=$(ls /usr/lib/x86_64-linux-gnu/libzstd.so.1)
    run replay -a "$library" a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"defines no malloc of its own"* ]]
}

@test "a file that is no library is a usage error" {
    make_trace a.trace 10
    echo nonsense > fake.so
    run replay -a ./fake.so a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"fake.so"* ]]
}

@test "bad words on the command line are usage errors, status 2" {
    make_trace a.trace 10
    for words in "--rounds=0" "--rounds=x" "--touch=hard" "--passes=speed" "--nosuch" \
                 "--clock=sometimes" "--thp=often" "--timeout=-1" "--cpu=4000" "--out=" "-a heap:nosuchword"; do
        # shellcheck disable=SC2086
        run replay $words a.trace
        echo "$words: $status $output"
        [ "$status" -eq 2 ]
    done
    run replay
    [ "$status" -eq 2 ]
}

@test "two rows of one name are refused" {
    make_trace a.trace 10
    run replay -a glibc,glibc a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"two rows would be called 'glibc'"* ]]
}

@test "two traces of one name are refused" {
    make_trace a.trace 10
    mkdir b
    cp a.trace b/
    run replay -o out a.trace b/a.trace
    [ "$status" -eq 2 ]
    [[ "$output" == *"would both be called 'a'"* ]]
}

@test "a bad trace among good ones is told before anything is measured" {
    make_trace a.trace 10
    run replay -o out a.trace nosuch.trace
    [ "$status" -eq 3 ]
    [ ! -e out ]
}

@test "inherited descriptors do no harm" {
    make_trace a.trace 10
    run bash -c 'exec 3</dev/null 4</dev/null 5</dev/null 9</dev/null 10</dev/null; replay -q -r 1 -o out a.trace'
    [ "$status" -eq 0 ]
}

@test "an output folder that cannot be written is status 4" {
    make_trace a.trace 10
    echo "in the way" > file
    run replay -r 1 -o file/out a.trace
    [ "$status" -eq 4 ]
    [[ "$output" == *"file/out"* || "$output" == *"file: cannot write"* ]]
    [ "$(cat file)" = "in the way" ]
}

@test "a full disk is status 4 and leaves nothing half-written" {
    [ -w /dev/full ] || skip "no /dev/full"
    [ "$(id -u)" -eq 0 ] || skip "needs root to mount a small file system"
    make_trace a.trace 3000
    mkdir small
    mount -t tmpfs -o size=16k tmpfs small || skip "cannot mount a small file system"
    run replay -r 3 -o small/out a.trace
    left=$(find small -type f)
    umount small
    [ "$status" -eq 4 ]
    [[ "$output" == *"cannot write: No space left"* ]]
    [ -z "$left" ]
}

@test "the output that goes nowhere is status 4" {
    [ -w /dev/full ] || skip "no /dev/full"
    make_trace a.trace 10
    run bash -c 'replay -r 1 a.trace > /dev/full'
    [ "$status" -eq 4 ]
}

@test "help teaches, version and list answer" {
    run replay --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"Examples:"*"replay traces/firefox.trace"*"Exit status:"* ]]
    run replay --version
    [ "$status" -eq 0 ]
    run replay --list-allocators
    [ "$status" -eq 0 ]
    [[ "$output" == *"glibc"*"the system's own"* ]]
}
