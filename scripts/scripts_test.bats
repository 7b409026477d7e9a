#!/usr/bin/env bats
# The scripts, as far as they can be tested without installing anything.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    scripts=$SOURCE_DIR/scripts
}

# A folder of programs in place of PATH: those of the system that scripts need, and no installer.
make_bare_path() {
    local program
    mkdir -p bare
    for program in bash env dirname readlink sed tail mktemp rm; do
        ln -sf "$(command -v "$program")" bare/
    done
}

# stub NAME BODY: a program in the folder bare.
stub() {
    printf '#!/bin/bash\n%s\n' "$2" >"bare/$1"
    chmod +x "bare/$1"
}

need() { # PACKAGE...: what need_packages makes of these
    # shellcheck disable=SC2016
    PATH=$PWD/bare run -"${expected:-0}" bash -c 'source "$0"; need_packages "$@"; echo went on' "$scripts/lib.sh" "$@"
}

# A tree with our scripts whose build/ is the build folder under test.
make_tree() {
    mkdir tree
    cp -r "$scripts" tree/scripts
    ln -s "$BUILD_DIR" tree/build
}

make_trace() {
    {
        echo "# heapreel trace as text, version 1"
        echo "# program=made"
        echo "# recorder=made"
        awk 'BEGIN {
            for (i = 0; i < 20000; i++) {
                print 2 * i, i, 0, "malloc", 16 + i * 37 % 3000, "= #" i + 1
                print 2 * i + 1, i, 0, "free #" i + 1
            }
        }'
    } >made.txt
    "$BUILD_DIR/trace" convert made.txt made.trace
}

@test "every script explains itself" {
    for script in quickstart test plot redraw bench bench_record bench_decode bench_threads check_layers check_format check_shell \
        fuzz corpus_picture corpus_table campaign campaign_job; do
        run -0 "$scripts/$script" --help
        [[ $output == "$script"* ]]
        ((${#lines[@]} > 0))
        [[ $output != *"source "* ]]
    done
    for recipe in $("$SOURCE_DIR/traces/recipes/all" --list) manifest; do
        run -0 "$SOURCE_DIR/traces/recipes/$recipe" --help
        [[ $output == "$recipe [FOLDER]"* ]]
    done
}

@test "corpus_picture draws any traces" {
    make_trace
    run -0 "$scripts/corpus_picture" -o picture.png made.trace made.trace
    [ "$(head -c 4 picture.png | tail -c 3)" = PNG ]
}

@test "quickstart and test refuse arguments" {
    run -2 "$scripts/quickstart" now
    [[ $output == "scripts/quickstart: takes no arguments"* ]]
    run -2 "$scripts/test" now
    [[ $output == "scripts/test: takes no arguments"* ]]
}

@test "CI runs scripts/test and nothing else" {
    make_bare_path
    PATH=$PWD/bare run -2 "$SOURCE_DIR/.ci/run"
    [[ $output == "scripts/test: missing packages: "* ]]
    [ "$(grep -vc '^#' "$SOURCE_DIR/.ci/run")" -eq 1 ]
}

@test "without an installer the missing packages are named, and nothing else is done" {
    make_bare_path
    for script in quickstart test; do
        PATH=$PWD/bare run -2 "$scripts/$script"
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "scripts/$script: missing packages: gcc "*" libcsv-dev "*"there is no apt-get here" ]]
    done
}

@test "only missing packages are named" {
    make_bare_path
    stub dpkg-query '[[ $4 != absent ]] && echo installed || exit 1'
    need present
    [ "$output" = "went on" ]
    expected=2 need present absent
    [[ $output == *": missing packages: absent; install them by hand"* ]]
}

@test "packages that were removed, but not purged, are missing" {
    make_bare_path
    stub dpkg-query 'echo config-files'
    expected=2 need removed
    [[ $output == *"missing packages: removed;"* ]]
}

@test "missing packages are installed once apt-get has been updated" {
    [ "$EUID" -eq 0 ] || skip "sudo would be asked"
    make_bare_path
    stub dpkg-query '[[ $4 == present ]] && echo installed'
    stub apt-get '[[ $1 == update ]] || { [[ $DEBIAN_FRONTEND == noninteractive ]] || exit 1; set -- "$1" "${@: -2}"; }; echo "$*" >>calls'
    need one present two
    [[ $output == *"installing one two"*"went on" ]]
    [ "$(cat calls)" = $'update\ninstall one two' ]
}

@test "when apt-get fails, its words and the missing packages are shown" {
    [ "$EUID" -eq 0 ] || skip "sudo would be asked"
    make_bare_path
    stub dpkg-query 'exit 1'
    stub apt-get 'echo "E: no network" >&2; exit 100'
    expected=2 need one two
    [[ ${lines[-2]} == "E: no network" ]]
    [[ ${lines[-1]} == *": missing packages: one two; apt-get could not install them" ]]
}

@test "a script that needs a build says so" {
    cp -r "$scripts" .
    for script in record plot redraw "bench made.trace" bench_record bench_decode bench_threads; do
        # shellcheck disable=SC2086
        run -2 scripts/$script
        [[ $output == *"is not built: run scripts/quickstart"* ]]
    done
}

@test "a link to a script works" {
    ln -s "$scripts/plot" elsewhere
    run -0 ./elsewhere --help
    [[ $output == "plot RESULTS_DIR"* ]]
}

@test "record is trace record" {
    make_tree
    run -0 tree/scripts/record -o perl.trace -- perl -e 'print join ",", map { "x" x $_ } 1 .. 3'
    [[ $output == "x,xx,xxx"* ]]
    "$BUILD_DIR/trace" validate perl.trace
}

@test "plot draws charts, and a folder without results is an error" {
    make_tree
    make_trace
    "$BUILD_DIR/replay" -q -r 2 -o out made.trace
    run -0 tree/scripts/plot out
    [ -s out/charts/speed.png ]
    run -2 tree/scripts/plot nowhere
    [[ $output == "report: nowhere"* ]]
}

@test "redraw draws each result anew from its tables" {
    make_tree
    make_trace
    for result in one two; do
        "$BUILD_DIR/replay" -q -r 2 -o "tree/analysis/runs/day/$result" made.trace
    done
    run -0 tree/scripts/redraw
    [[ $output == "== drawing "*"/runs/day/one"$'\n'"== drawing "*"/runs/day/two" ]]
    for result in one two; do
        [ -s "tree/analysis/runs/day/$result/charts/footprint.png" ]
        [ -s "tree/analysis/runs/day/$result/report.html" ]
    done
    echo cut >tree/analysis/runs/day/one/runs.csv
    run -1 tree/scripts/redraw
    [[ $output == *"one/runs.csv"*"== drawing "*"/two" ]]
    run -2 tree/scripts/redraw tree/scripts
    [[ $output == *"no result"* ]]
}

@test "bench holds hyperfine against replay" {
    command -v hyperfine || skip "there is no hyperfine"
    make_tree
    make_trace
    run -0 tree/scripts/bench -a heap,glibc,best=heap:best -r 3 -l 100 -o out made.trace
    [ "$(wc -l <out/bench.csv)" -eq 4 ]
    for label in heap glibc best; do
        # trace, allocator, rounds, and three of positive time: hyperfine's wall, our wall, hyperfine's CPU
        grep -E "^made,$label,3,[0-9]+\.[0-9]+,[0-9]+\.[0-9]+,[0-9.]+,[0-9.]+," out/bench.csv
    done
    grep -qE '^made,glibc,.*,1\.0000,1\.0000,1\.0000,1\.0000,1\.0000,1\.0000,baseline$' out/bench.csv
    for round in 1 2 3; do
        [ "$(wc -l <out/round-$round.csv)" -eq 5 ] # the header, null and three allocators
        [ -s out/round-$round.json ]
    done
    [ -s out/runs.csv ] && [ -s out/meta.csv ]
}

@test "bench --real runs a program under each allocator, beside what its replay predicts" {
    command -v hyperfine || skip "hyperfine is not installed"
    command -v jq || skip "jq is not installed"
    command -v gnuplot || skip "gnuplot is not installed"
    make_tree
    ln -s "$SOURCE_DIR/traces" tree/traces
    run -0 tree/scripts/bench --real -a heap,glibc -r 2 -o out jq
    [[ $output == *"error"*"jq (jq "*"heap "*"glibc again"*"wrote out/real.csv"* ]]
    [ "$(cut -d, -f 2-4,7 out/real.csv | LC_ALL=C sort | tr -d '"')" = "jq,glibc,1,ok
jq,glibc,2,ok
jq,glibc-again,1,ok
jq,glibc-again,2,ok
jq,heap,1,ok
jq,heap,2,ok
trace,allocator,round,status" ]
    [ "$(wc -l <out/prediction.csv)" -eq 2 ]
    [ ! -e out/real.csv.part ]
    # What hyperfine saw is that of all processes, and more than the one's.
    awk -F'"?,"?' 'NR > 1 && ($8 < 1e6 || $9 < 1e7 || $10 < $8 || $13 < $8) { wrong++ } END { exit wrong > 0 }' out/real.csv
}

@test "a recipe measures each planned run, and goes on after one that fails" {
    command -v hyperfine || skip "hyperfine is not installed"
    command -v jq || skip "jq is not installed"
    make_tree
    mkdir tree/traces measured
    cp -r "$SOURCE_DIR/traces/recipes" tree/traces/
    printf '1\t1\tglibc\t-\n1\t2\tnone\t/missing.so\n1\t3\tbroken\t-\tLD_LIBRARY_PATH=%s\n' "$PWD/bad" >measured/plan
    mkdir bad
    echo broken >bad/libjq.so.1
    run -0 tree/traces/recipes/jq --measure=measured
    [ "$(cut -f 1-3,5 measured/runs)" = $'1\t1\tglibc\tok\n1\t2\tnone\trefused\n1\t3\tbroken\tcrash' ]
    [ "$(tail -n 1 measured/runs | cut -f 12)" = 127 ]
    [[ $(tail -n 1 measured/runs | cut -f 14) == "exit status 127: "*libjq* ]]
}

@test "bench --real refuses what it does not know" {
    make_tree
    ln -s "$SOURCE_DIR/traces" tree/traces
    run -0 tree/scripts/bench --real --help
    [[ $output == "bench --real [-a ITEM"* && $output != *"source "* ]]
    run -2 tree/scripts/bench --real nosuch
    [[ $output == "scripts/bench_real: no program 'nosuch'; there are: "* ]]
    run -2 tree/scripts/bench --real -r 0 jq
    [ "$output" = "scripts/bench_real: -r takes a number from 1" ]
    run -2 tree/scripts/bench --real -k -o nothing jq
    [[ $output == *"-k: nothing has no replays" ]]
}

@test "bench passes on what replay says of a bad trace or allocator" {
    command -v hyperfine || skip "there is no hyperfine"
    make_tree
    make_trace
    run -3 tree/scripts/bench -r 1 -o out missing.trace
    [[ $output == *missing.trace* ]]
    run -2 tree/scripts/bench -a nosuch -r 1 -o out made.trace
    [[ $output == *"no allocator is named 'nosuch'"* ]]
    run -2 tree/scripts/bench -r 0 made.trace
    [[ $output == *"-r and -l take a number from 1"* ]]
    run -2 tree/scripts/bench
    [[ $output == *"which trace?"* ]]
}

@test "bench joins the two measurements as they should be" {
    {
        echo '"trace","allocator","round","status","ops","wall_ns","cpu_ns"'
        for round in 1 2 3; do
            echo "\"t\",\"glibc\",\"$round\",\"ok\",\"100\",\"$((1000 + round))\",\"900\""
            echo "\"t\",\"glibc\",\"$round\",\"ok\",\"100\",\"$((1000 + round))\",\"900\""
            echo "\"t\",\"x\",\"$round\",\"ok\",\"200\",\"$((1000 + round))\",\"900\""
            echo "\"t\",\"broken\",\"$round\",\"crash\",\"\",\"\",\"\""
            echo "\"t\",\"null\",\"$round\",\"ok\",\"200\",\"100\",\"100\""
        done
    } >runs.csv
    for round in 1 2 3; do
        {
            echo command,mean,stddev,median,user,system,min,max
            # The floor takes 5 us, in one round more: its median counts.
            echo "t null,5e-6,,$((round == 3 ? 9 : 5))e-6,$((round == 2 ? 9 : 4))e-6,1e-6,5e-6,5e-6"
            echo "t glibc,7e-6,,7e-6,6e-6,1e-6,7e-6,7e-6"
            echo "t x,9e-6,,9e-6,8e-6,2e-6,9e-6,9e-6"
        } >round-$round.csv
    done
    awk -f "$scripts/statistics.awk" -f "$scripts/bench.awk" runs.csv round-?.csv >bench.csv
    cat bench.csv
    # glibc: wall (7000 - 5000) ns / 200 ops, CPU (7000 - 5000) / 200; its own 2 loops of 1002 ns / 200, 2 of 900.
    grep -qE '^t,glibc,3,10\.000,10\.020,10\.000,9\.000,1\.0000,.*,baseline$' bench.csv
    # x: wall (9000 - 5000) / 200, CPU (10000 - 5000) / 200, 2.5 of glibc's; its own 1002 / 200 and 900 / 200, half of it.
    grep -qE '^t,x,3,20\.000,5\.010,25\.000,4\.500,2\.5000,2\.5000,2\.5000,0\.5000,0\.5000,0\.5000,differ by \+400\.0 %$' bench.csv
    [ "$(wc -l <bench.csv)" -eq 3 ]
}

@test "fuzz refuses what it does not know, before it builds anything" {
    make_tree
    rm tree/build
    run -2 tree/scripts/fuzz --seconds=x
    [[ $output == "scripts/fuzz: --seconds takes a number from 1" ]]
    run -2 tree/scripts/fuzz --hours=1
    run -2 tree/scripts/fuzz trace nosuch
    [[ $output == "scripts/fuzz: no target 'nosuch'; there are trace raw text "* ]]
    [ ! -e tree/build-fuzz ]
}

# The formats that are fuzzed are all that are read.
@test "every importer is fuzzed" {
    targets=$(sed -n 's/^all=(\(.*\))$/\1/p' "$scripts/fuzz")
    [ "$targets" = "$(sed -n 's/^set(FUZZ_FORMATS \(.*\))$/\1/p' "$SOURCE_DIR/CMakeLists.txt")" ]
    importers=$("$BUILD_DIR/trace" convert --help | sed -n '/Formats of IN/,/^ *$/s/^  \([a-z]*\)  *[^ ].*/\1/p')
    [ "$(wc -w <<<"$importers")" -ge 8 ]
    for format in $importers; do
        [[ " $targets " == *" $format "* ]]
    done
}

@test "bench_threads runs every allocator in every round, and holds it against glibc" {
    make_tree
    run -0 tree/scripts/bench_threads -a heap,again="$BUILD_DIR/libheap.so" -t 1,2 -r 2 -n 2000 -o out larson queue
    [ "$(wc -l <out/runs.csv)" -eq 25 ] # the header, and 2 rounds of 2 patterns at 2 numbers of threads on 3
    [ "$(wc -l <out/bench_threads.csv)" -eq 13 ]
    for row in larson,1 larson,2 queue,1 queue,2; do
        for label in heap again glibc; do
            grep -qE "^$row,$label,ok,2,[1-9][0-9]*,[0-9.]+,[0-9.]+,[0-9.]+,[1-9]" out/bench_threads.csv
        done
    done
    [[ $output == *"wrote out/bench_threads.csv"* ]]
}

@test "bench_threads says what it cannot run, and counts what failed" {
    make_tree
    run -2 tree/scripts/bench_threads -a nosuch
    [[ $output == *"'nosuch' cannot be preloaded"* ]]
    run -2 tree/scripts/bench_threads -a new=missing.so
    [[ $output == *"missing.so: no such file"* ]]
    run -2 tree/scripts/bench_threads -a heap,heap
    [[ $output == *"heap: twice the same label"* ]]
    run -2 tree/scripts/bench_threads -t 0
    [[ $output == *"-t takes numbers from 1"* ]]
    run -2 tree/scripts/bench_threads nosuch
    [[ $output == *"no pattern 'nosuch'"* ]]
    # A library without malloc would be glibc under another name.
    run -1 tree/scripts/bench_threads -a none=/usr/lib/x86_64-linux-gnu/libzstd.so.1 -t 1 -r 1 -n 100 -o out queue
    [[ $output == *"queue, threads: 1, on none failed"*"malloc came from"* ]]
    grep -q '^queue,1,none,failed' out/bench_threads.csv
}

@test "bench_threads takes medians over the rounds, and ratios within them" {
    {
        echo "round,allocator,status,pattern,threads,operations_per_wall_s,operations_per_cpu_s,peak_rss_bytes"
        for round in 1 2 3; do
            echo "$round,heap,ok,queue,2,$((round * 3000)),900,100"
            echo "$round,glibc,ok,queue,2,$((round * 1000)),1000,$((round * 100))"
        done
        echo "1,bad,failed with status 1,queue,2,,,"
    } >runs.csv
    run -0 awk -v allocators="heap bad glibc" -f "$scripts/statistics.awk" -f "$scripts/rounds.awk" \
        -f "$scripts/bench_threads.awk" runs.csv
    [ "${#lines[@]}" -eq 4 ]
    [ "${lines[1]}" = "queue,2,heap,ok,3,6000,3.0000,3.0000,3.0000,900,0.9000,0.9000,0.9000,100,0.5000,0.3333,1.0000" ]
    [ "${lines[2]}" = "queue,2,bad,failed with status 1,0,,,,,,,,,,,," ]
    [ "${lines[3]}" = "queue,2,glibc,ok,3,2000,1.0000,1.0000,1.0000,1000,1.0000,1.0000,1.0000,200,1.0000,1.0000,1.0000" ]
    run -0 awk -F, -f "$scripts/bench_threads_table.awk" <<<"$output"
    [[ $output == *"queue "*" 2 heap "*" 3.00 [3.00 3.00] > "*" 0.90 [0.90 0.90] < "*" 0.50 [0.33 1.00]"* ]]
    [[ $output == *" 2 bad "*"failed with status 1"* ]]
}

@test "bench_record measures what each recorder costs" {
    command -v sqlite3 || skip "there is no sqlite3"
    command -v ltrace || skip "there is no ltrace"
    make_tree
    run -0 tree/scripts/bench_record -r 2 -s 1 -o out --without=heaptrack sqlite threads
    [[ $output == *"the program itself"*"the whole command"* ]]
    [[ $output == *"ltrace had a smaller input"* ]]
    [ "$(cut -d, -f1-5 out/bench_record.csv)" = "command,recorder,input,status,rounds
sqlite,preload,large,ok,2
sqlite,ltrace,small,ok,2
threads,preload,large,ok,2
threads,ltrace,large,not run: ltrace misses calls of threads and may crash the program,0" ]
    [ "$(awk -F, '{ print NF }' out/bench_record.csv | sort -u)" = 33 ]
    # Runs of sqlite: a header, then four kinds in two rounds; of threads two kinds and why there is no third.
    [ "$(wc -l <out/runs.csv)" -eq $((1 + 8 + 4 + 1)) ]
    # The command has the program in it; ltrace costs microseconds an event, and the recorder's conversion shows.
    awk -F, '
        NR > 1 && $5 == "ok" { wrong += !($8 >= $6 && $9 >= $7 && $7 > 0); runs++ }
        END { exit wrong > 0 || runs != 12 }' out/runs.csv
    awk -F, '
        $2 == "ltrace" && $5 == 2 { wrong += $13 < 5000; rows++ }
        $2 == "preload" { wrong += $6 < 1000 || $7 != 0 || $13 > 5000 || $19 <= 0; rows++ }
        END { exit wrong > 0 || rows != 3 }' out/bench_record.csv
}

@test "bench_record says what is missing, and goes on" {
    make_tree
    cp -rs /usr/bin bare
    rm -f bare/heaptrack bare/ltrace bare/lua5.4
    PATH=$PWD/bare run -0 tree/scripts/bench_record -r 1 -s 1 -o out lua threads
    [ "$(cut -d, -f1-5 out/bench_record.csv | tail -n +2)" = "lua,plain,large,missing: apt-get install lua5.4,0
threads,preload,large,ok,1
threads,heaptrack,large,missing: apt-get install heaptrack,0
threads,ltrace,large,not run: ltrace misses calls of threads and may crash the program,0" ]
    [[ $output == *"lua "*"missing: apt-get install lua5.4"* ]]
    [[ $output == *"threads "*"missing: apt-get install heaptrack"* ]]
}

@test "bench_record refuses what it does not know" {
    make_tree
    run -2 tree/scripts/bench_record firefox
    [ "$output" = "scripts/bench_record: no command 'firefox'; there are: sqlite cc1 lua threads" ]
    run -2 tree/scripts/bench_record --without=preload
    [[ $output == *"--without takes heaptrack, ltrace or both"* ]]
    run -2 tree/scripts/bench_record -r 0
    [[ $output == *"-r and -s take a number from 1"* ]]
    run -2 tree/scripts/bench_record -q
    [[ $output == *"see --help" ]]
}

@test "bench_record's numbers are those of its runs" {
    printf '%s\n' t,large,1000,0 t,small,10,2 >events.csv
    {
        echo command,recorder,input,round,status,program_wall_ns,program_cpu_ns,whole_wall_ns,whole_cpu_ns
        echo t,heaptrack,large,,missing,,,,
        for round in 1 2 3; do
            echo "t,preload,large,$round,ok,$((250000 + round * 1000)),150000,900000,1000000"
            echo "t,plain,large,$round,ok,200000,$((100000 - round * 2000)),300000,100000"
            echo "t,plain,small,$round,ok,1000,1000,2000,1000"
        done
        echo t,ltrace,small,1,ok,101000,51000,202000,101000
        echo t,ltrace,small,2,failed with status 2,,,,
    } >runs.csv
    awk -f "$scripts/statistics.awk" -f "$scripts/rounds.awk" -f "$scripts/bench_record.awk" events.csv runs.csv >out.csv
    cat out.csv
    # CPU: 52, 54, 56 ns an event more; the plain run's median is 96 us. Wall: 51, 52, 53.
    grep -qx 't,preload,large,ok,3,1000,0,96000,200000,54.0,52.0,56.0,52.0,51.0,53.0,900.0,900.0,900.0,600.0,600.0,600.0,1.5625,1.5306,1.5957,1.2600,1.2550,1.2650,10.0000,10.0000,10.0000,3.0000,3.0000,3.0000' out.csv
    grep -qE '^t,heaptrack,large,missing,0,{28}$' out.csv
    # What ran counts, and what failed is said.
    grep -qE '^t,ltrace,small,failed with status 2,1,10,2,1000,1000,5000.0,5000.0,5000.0,10000.0,.*,101.0000$' out.csv
    [ "$(wc -l <out.csv)" -eq 4 ]
    run -0 awk -F, -f "$scripts/bench_record_table.awk" out.csv
    [[ $output == *"t "*"preload "*"1000 "*"54.0 [52.0 56.0] "*"1.56 [1.53 1.60] "*"3.00 [3.00 3.00]"* ]]
    [[ $output == *"failed with status 2"*"2 events were lost"* ]]
}

@test "the interval of the median has the places that tables of order statistics give" {
    run -0 awk -f "$scripts/statistics.awk" -f <(echo 'BEGIN {
        for (count = 1; count <= 30; count++) print count, median_place(count)
    }') /dev/null
    # Conover, Practical Nonparametric Statistics, 3.2: the sign test at 5 %, two-sided.
    for pair in "1 1" "5 1" "6 1" "8 1" "9 2" "10 2" "11 2" "12 3" "15 4" "20 6" "25 8" "30 10"; do
        grep -qx "$pair" <<<"$output"
    done
}

@test "bench_decode takes the corpus, or the traces given" {
    make_tree
    make_trace
    mkdir tree/traces
    cp made.trace tree/traces/corpus.trace
    run -0 tree/scripts/bench_decode -r 1 --format=csv
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[1]} == '"corpus.trace",40000,'* ]]
    run -0 tree/scripts/bench_decode --rounds 2 made.trace
    [[ ${lines[1]} == made.trace* ]]
    run -2 tree/scripts/bench_decode --nonsense
    [[ $output == *"--nonsense"* ]]
}

@test "check_layers finds what it is there to find" {
    mkdir rooms
    (cd "$SOURCE_DIR" && find allocator traces replay analysis scripts -name '*.[ch]' -print0 |
        tar -c --null -T -) | tar -x -C rooms
    mkdir -p rooms/scripts
    export CHECK_LAYERS_ROOT=$PWD/rooms
    run -0 "$scripts/check_layers"

    echo '#include "allocator/heap.h"' >>rooms/replay/plan.c
    run -1 "$scripts/check_layers"
    [ "$output" = 'check_layers: replay/plan.c: replay may not include "allocator/heap.h"' ]
    sed -i '$d' rooms/replay/plan.c

    echo '#include "analysis/summary.h"' >>rooms/replay/plan.c
    run -1 "$scripts/check_layers"
    sed -i '$d' rooms/replay/plan.c

    echo '#include "traces/import/import_text.h"' >>rooms/traces/format/trace.c
    run -1 "$scripts/check_layers"
    sed -i '$d' rooms/traces/format/trace.c

    echo '#include <zstd.h>' >>rooms/allocator/heap.c
    run -1 "$scripts/check_layers"
    [ "$output" = 'check_layers: allocator/heap.c: allocator may not use <zstd.h>' ]
    sed -i '$d' rooms/allocator/heap.c

    cp rooms/allocator/heap.c rooms/replay/heap.c
    run -1 "$scripts/check_layers"
    [[ $output == *"heap.c: the name stands more than once"* ]]
    rm rooms/replay/heap.c

    echo '#include "traces/format/trace_writer.h"' >>rooms/traces/record/record_lane.h
    run -1 "$scripts/check_layers" "$BUILD_DIR" traces/record/record_lane.c
    [[ $output == *"record_lane.h: is preloaded into programs"* ]]
    sed -i '$d' rooms/traces/record/record_lane.h
    run -0 "$scripts/check_layers" "$BUILD_DIR" traces/record/record_lane.c
}
