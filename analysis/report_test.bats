# The command line of report: its charts, its table, and what it says to bad input.

setup() {
    report="$BUILD_DIR/report"
    results="$BATS_TEST_TMPDIR/results"
    cp -r "$SOURCE_DIR/analysis/testdata/ladder" "$results"
}

# A PNG that ends as one: not empty, not cut.
assert_png() {
    [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ]
    [ "$(tail -c 8 "$1" | head -c 4)" = IEND ]
}

assert_svg() {
    head -n 5 "$1" | grep -q '<svg'
    tail -n 3 "$1" | grep -q '</svg>'
}

# The texts of an SVG, without markup, a line each.
svg_texts() {
    sed -e 's/<[^>]*>//g' -e 's/&gt;/>/g' "$1" | grep -v '^[[:space:]]*$'
}

# What is in the folder of charts beside pictures; nothing may be left there.
leftovers() {
    find "$1" -mindepth 1 -not -name '*.png' -not -name '*.svg'
}

@test "report draws every chart as PNG and SVG and says what it wrote" {
    run "$report" "$results"
    [ "$status" -eq 0 ]
    for name in footprint fragmentation speed time-memory ladder run-order; do
        assert_png "$results/charts/$name.png"
        assert_svg "$results/charts/$name.svg"
        [[ "$output" == *"wrote $results/charts/$name.png and .svg"* ]]
    done
    [ -z "$(leftovers "$results/charts")" ]
}

@test "--charts is the same, and --out names another folder" {
    run "$report" --charts --out="$BATS_TEST_TMPDIR/pictures" "$results"
    [ "$status" -eq 0 ]
    assert_png "$BATS_TEST_TMPDIR/pictures/ladder.png"
    [ ! -e "$results/charts" ]
}

@test "a rung without a number is drawn with the reason" {
    "$report" "$results"
    svg_texts "$results/charts/ladder.svg" > "$BATS_TEST_TMPDIR/texts"
    grep -q 'heap-whole' "$BATS_TEST_TMPDIR/texts"
    grep -q 'timeout > 60 s' "$BATS_TEST_TMPDIR/texts"
    grep -q 'out of memory' "$BATS_TEST_TMPDIR/texts"
    grep -q '308 ns' "$BATS_TEST_TMPDIR/texts"
    svg_texts "$results/charts/time-memory.svg" | grep -q 'Not drawn: heap-whole: timeout > 60 s'
}

# toy, and the same as `other`, but that heap-split takes four times as long there: 3 and 12, whose geometric mean is 6.
with_other_trace() {
    for file in runs samples; do
        sed '1d; s/"toy"/"other"/' "$results/$file.csv" > "$BATS_TEST_TMPDIR/$file"
    done
    awk -F, -v OFS=, '$8 == "\"heap-split\"" && $9 == "\"time\"" {
            for (i = 19; i <= 22; i++) { gsub(/"/, "", $i); $i = "\"" $i * 4 "\"" } } { print }' \
        "$BATS_TEST_TMPDIR/runs" >> "$results/runs.csv"
    cat "$BATS_TEST_TMPDIR/samples" >> "$results/samples.csv"
}

@test "the ladder over several traces has means over those that are finished" {
    with_other_trace
    run "$report" "$results"
    [ "$status" -eq 0 ]
    assert_png "$results/charts/ladder-corpus.png"
    svg_texts "$results/charts/ladder-corpus.svg" > "$BATS_TEST_TMPDIR/texts"
    grep -q 'geometric mean of the 2 traces' "$BATS_TEST_TMPDIR/texts"
    grep -q '[[:space:]]6.00×' "$BATS_TEST_TMPDIR/texts"
    [ "$(grep -c '[[:space:]]2 of 2' "$BATS_TEST_TMPDIR/texts")" -eq 3 ]
    [ "$(grep -c '[[:space:]]0 of 2' "$BATS_TEST_TMPDIR/texts")" -eq 1 ] # heap-whole
}

@test "the charts show the numbers of the table" {
    "$report" "$results"
    svg_texts "$results/charts/speed.svg" > "$BATS_TEST_TMPDIR/texts"
    grep -q '0.33' "$BATS_TEST_TMPDIR/texts" # heap-split takes 3 times as long
    grep -q '0.50' "$BATS_TEST_TMPDIR/texts" # heap-best twice
    svg_texts "$results/charts/footprint.svg" | grep -q '2.29 MiB'
    "$report" summary "$results" | grep -q '2.29 MiB'
}

@test "several traces have a footprint each and common charts" {
    run "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/traces"
    [ "$status" -eq 0 ]
    for name in footprint-one_a footprint-two fragmentation-one_a fragmentation-two speed \
        time-memory run-order; do
        assert_png "$BATS_TEST_TMPDIR/pictures/$name.png"
        assert_svg "$BATS_TEST_TMPDIR/pictures/$name.svg"
    done
    svg_texts "$BATS_TEST_TMPDIR/pictures/speed.svg" > "$BATS_TEST_TMPDIR/texts"
    for text in 'geometric mean' '1.58×' 'each trace' one_a 'jemalloc: crash' 'no mean: it failed on two' 'whiskers: 95 % bootstrap interval'; do
        grep -q "$text" "$BATS_TEST_TMPDIR/texts" || { echo "no $text"; false; }
    done
    svg_texts "$BATS_TEST_TMPDIR/pictures/run-order.svg" | grep -q 'one_a'
}

@test "a chart that the data do not make is left out with a reason" {
    run "$report" --charts --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/bare"
    [ "$status" -eq 0 ]
    [[ "$output" == *"footprint is left out: no samples of the heap over time"* ]]
    [[ "$output" == *"speed is left out: no times that could be compared with those of glibc"* ]]
    [[ "$output" == *"anatomy is left out: no samples of the heap over time"* ]]
    [[ "$output" == *"run-order is left out: no allocator has 3 runs with a time"* ]]
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/pictures")" ]
}

# Of an allocator: the largest heap of samples.csv, and what percent of it each part was.
parts_at_peak() { # FOLDER ALLOCATOR
    python3 - "$@" <<'END'
import csv, sys
rows = [row for row in csv.DictReader(open(sys.argv[1] + "/samples.csv")) if row["allocator"] == sys.argv[2]]
heap, live, usable, page = max(
    ([int(row[key + "_bytes"]) for key in ("heap", "live", "usable", "live_page")] for row in rows), key=lambda row: row[0]
)
percents = [100 * part / heap for part in (live, usable - live, page - usable, heap - page)]
print(f"peak {heap / 1024:.0f} KiB: " + " + ".join(f"{percent:.0f}" for percent in percents) + " %")
END
}

@test "the anatomy names what the peak was made of, as samples.csv has it" {
    "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/anatomy"
    assert_png "$BATS_TEST_TMPDIR/pictures/anatomy.png"
    svg_texts "$BATS_TEST_TMPDIR/pictures/anatomy.svg" > "$BATS_TEST_TMPDIR/texts"
    for allocator in glibc heap jemalloc; do
        words=$(parts_at_peak "$SOURCE_DIR/analysis/testdata/anatomy" "$allocator")
        grep -qF "$words" "$BATS_TEST_TMPDIR/texts" || { echo "no $words"; false; }
    done
}

@test "what the anatomy needs is said when it is missing" {
    run "$report" --out="$BATS_TEST_TMPDIR/pictures" "$results"
    [ "$status" -eq 0 ]
    [[ "$output" == *"anatomy is left out: samples.csv has no live_page_bytes: it is of an earlier version"* ]]
    cp -r "$SOURCE_DIR/analysis/testdata/anatomy" "$BATS_TEST_TMPDIR/untouched"
    sed -i 's/"page"/"none"/' "$BATS_TEST_TMPDIR/untouched/runs.csv"
    run "$report" --out="$BATS_TEST_TMPDIR/pictures" "$BATS_TEST_TMPDIR/untouched"
    [ "$status" -eq 0 ]
    [[ "$output" == *"anatomy is left out: blocks were not written into (--touch=none)"* ]]
    [ ! -e "$BATS_TEST_TMPDIR/pictures/anatomy.svg" ]
}

@test "the order of runs has the medians of the table, and needs its column" {
    cp -r "$SOURCE_DIR/analysis/testdata/anatomy" "$BATS_TEST_TMPDIR/ordered"
    "$report" --out="$BATS_TEST_TMPDIR/pictures" "$BATS_TEST_TMPDIR/ordered"
    svg_texts "$BATS_TEST_TMPDIR/pictures/run-order.svg" > "$BATS_TEST_TMPDIR/texts"
    "$report" summary --format=csv "$BATS_TEST_TMPDIR/ordered" > "$BATS_TEST_TMPDIR/summary.csv"
    for allocator in glibc heap jemalloc; do
        median=$(grep "\"$allocator\",\"cold_cpu_ns_per_op\"" "$BATS_TEST_TMPDIR/summary.csv" | cut -d, -f7 | tr -d '"')
        grep -q "$allocator  $(printf '%.1f' "$median") ns  ±" "$BATS_TEST_TMPDIR/texts"
    done
    sed -i '1s/"order"/"place"/' "$BATS_TEST_TMPDIR/ordered/runs.csv"
    run "$report" --out="$BATS_TEST_TMPDIR/pictures" "$BATS_TEST_TMPDIR/ordered"
    [[ "$output" == *"run-order is left out: runs.csv has no column order"* ]]
}

@test "speed has a panel for cold and one for warm replays, where there are any" {
    "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/anatomy"
    svg_texts "$BATS_TEST_TMPDIR/pictures/speed.svg" > "$BATS_TEST_TMPDIR/texts"
    "$report" summary --format=csv "$SOURCE_DIR/analysis/testdata/anatomy" > "$BATS_TEST_TMPDIR/summary.csv"
    grep -q 'cold: the first replay' "$BATS_TEST_TMPDIR/texts"
    grep -q 'warm: the later ones' "$BATS_TEST_TMPDIR/texts"
    for metric in cold warm; do
        ratio=$(grep "\"heap\",\"${metric}_cpu_ns_per_op\"" "$BATS_TEST_TMPDIR/summary.csv" | cut -d, -f14 | tr -d '"')
        grep -q "$(awk "BEGIN { printf \"%.2f\", 1 / $ratio }")×" "$BATS_TEST_TMPDIR/texts"
    done
    "$report" "$results" # one loop only
    run grep -c 'warm: the later ones' "$results/charts/speed.svg"
    [ "$output" = 0 ]
}

@test "thirty traces have a row each in the chart of speed, a line of text apart" {
    mkdir "$BATS_TEST_TMPDIR/many"
    head -n 1 "$SOURCE_DIR/analysis/testdata/anatomy/runs.csv" > "$BATS_TEST_TMPDIR/many/runs.csv"
    for number in {1..30}; do
        sed -e 1d -e "s/\"ramp\"/\"trace-$number\"/" -e "s/^\(\"1\",\"\)/\1$number-/" "$SOURCE_DIR/analysis/testdata/anatomy/runs.csv"
    done >> "$BATS_TEST_TMPDIR/many/runs.csv"
    "$report" --out="$BATS_TEST_TMPDIR/pictures" "$BATS_TEST_TMPDIR/many" 2> "$BATS_TEST_TMPDIR/said"
    python3 - "$BATS_TEST_TMPDIR/pictures/speed.svg" <<'END'
import re, sys
texts = re.findall(r'translate\([\d.]+,([\d.]+)\)"[^>]*>\s*<text><tspan[^>]*>\s*(trace-\d+)<', open(sys.argv[1]).read())
heights = sorted({float(height) for height, _ in texts})
assert len({name for _, name in texts}) == 30, texts
assert len(heights) == 30, heights
assert min(b - a for a, b in zip(heights, heights[1:])) >= 16, heights
END
}

@test "every chart names versions, machine and clock" {
    "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/anatomy"
    for name in footprint fragmentation speed time-memory anatomy run-order; do
        svg_texts "$BATS_TEST_TMPDIR/pictures/$name.svg" > "$BATS_TEST_TMPDIR/texts"
        grep -q 'Test CPU, Linux 6.1.0' "$BATS_TEST_TMPDIR/texts"
        grep -q 'clock' "$BATS_TEST_TMPDIR/texts"
        grep -q 'glibc 2.36, heap 0.1.0, jemalloc 5.3.0$' "$BATS_TEST_TMPDIR/texts"
    done
}

@test "every colour of an SVG has another in the dark" {
    "$report" "$results"
    "$report" --out="$results/charts/more" "$SOURCE_DIR/analysis/testdata/anatomy"
    for picture in "$results"/charts/*.svg "$results"/charts/more/*.svg; do
        grep -q 'prefers-color-scheme: dark' "$picture"
        grep -o ' \(fill\|stroke\|color\)="#[0-9a-f]*"' "$picture" | tr -d ' ' | sort -u > "$BATS_TEST_TMPDIR/used"
        [ -s "$BATS_TEST_TMPDIR/used" ]
        while read -r attribute; do
            grep -qF "svg [$attribute] {" "$picture" || { echo "$picture: $attribute"; false; }
        done < "$BATS_TEST_TMPDIR/used"
        run grep -c "[=] *['\"]rgb(" "$picture"
        [ "$output" = 0 ]
    done
}

# A replay of 3000 generated events with the passes latency, map and clock, thinned: of samples and columns each 80th and 20th.
@test "latency, heap map, size and lifetime, and both clocks are drawn of what the passes wrote" {
    run "$report" --charts --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/pictures"
    [ "$status" -eq 0 ]
    for name in latency heap-map size-lifetime trace-clock; do
        [[ "$output" != *"$name is left out"* ]]
        assert_png "$BATS_TEST_TMPDIR/pictures/$name.png"
        assert_svg "$BATS_TEST_TMPDIR/pictures/$name.svg"
        svg_texts "$BATS_TEST_TMPDIR/pictures/$name.svg" > "$BATS_TEST_TMPDIR/$name"
    done
    [ -z "$(leftovers "$BATS_TEST_TMPDIR/pictures")" ]
    grep -q 'timer step: 10 ns' "$BATS_TEST_TMPDIR/latency"
    grep -qx '[[:space:]]*glibc' "$BATS_TEST_TMPDIR/latency"
    grep -qx '[[:space:]]*floor' "$BATS_TEST_TMPDIR/latency"
    grep -q '236 KiB in chunks of 4.00 KiB, 1 gap$' "$BATS_TEST_TMPDIR/heap-map"
    grep -q '1,627 objects, 2.83 % of them never released' "$BATS_TEST_TMPDIR/size-lifetime"
    grep -q 'Never asked for the time: glibc' "$BATS_TEST_TMPDIR/trace-clock"
    grep -q 'real clock: 184 KiB left' "$BATS_TEST_TMPDIR/trace-clock"
}

@test "a map or histogram that another run left in the folder is not drawn" {
    cp -r "$SOURCE_DIR/analysis/testdata/pictures" "$BATS_TEST_TMPDIR/stale"
    sed -i '/^"file.size-lifetime/d' "$BATS_TEST_TMPDIR/stale/meta.csv"
    sed -i 's/^"run_id","",".*"/"run_id","","another"/' "$BATS_TEST_TMPDIR"/stale/heapmap-*.meta.csv
    run "$report" "$BATS_TEST_TMPDIR/stale"
    [ "$status" -eq 0 ]
    [[ "$output" == *"heap-map is left out: needs the pass map"* ]]
    [[ "$output" == *"size-lifetime is left out: needs size-lifetime-TRACE.csv"* ]]
    [[ "$output" == *"latency.png"* ]]
}

@test "a damaged map or histogram is refused with file and line" {
    cp -r "$SOURCE_DIR/analysis/testdata/pictures" "$BATS_TEST_TMPDIR/bad"
    sed -i '3s/.*/16,8,1,1,5/' "$BATS_TEST_TMPDIR/bad/size-lifetime-toy.csv"
    run "$report" "$BATS_TEST_TMPDIR/bad"
    [ "$status" -eq 2 ]
    [[ "$output" == *"size-lifetime-toy.csv:3: no class of sizes and lifetimes"* ]]
    sed -i '2s/^[^,]*/7/' "$BATS_TEST_TMPDIR/bad/heapmap-toy-heap.csv"
    run "$report" "$BATS_TEST_TMPDIR/bad"
    [ "$status" -eq 2 ]
    [[ "$output" == *"heapmap-toy-heap.csv:2: '7' is no share from 0 to 1"* ]]
}

@test "what every trace lacks is left out in one line" {
    run "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/traces"
    [ "$status" -eq 0 ]
    [ "$(grep -c 'left out: needs the pass map' <<< "$output")" -eq 1 ]
    [[ "$output" == *"report: heap-map is left out"* ]]
}

# The table of a folder, beside its CSV.
print_summary() {
    "$report" summary "$1" > "$BATS_TEST_TMPDIR/table.txt"
    "$report" summary --format=csv "$1" > "$BATS_TEST_TMPDIR/summary.csv"
}

# The widest line of a file, in characters.
width_of() {
    python3 -c 'import sys; print(max(len(line.rstrip("\n")) for line in open(sys.argv[1], encoding="utf-8")))' "$1"
}

@test "summary prints the table of testdata, to the letter" {
    for folder in basic ladder bare traces limits labels warnings; do
        "$report" summary "$SOURCE_DIR/analysis/testdata/$folder" > "$BATS_TEST_TMPDIR/table.txt"
        diff "$SOURCE_DIR/analysis/testdata/$folder/table.txt" "$BATS_TEST_TMPDIR/table.txt"
        [ "$(width_of "$BATS_TEST_TMPDIR/table.txt")" -le 100 ]
    done
}

# Whether each number of the table that print_summary printed is what the CSV files give.
check_table() { # FOLDER
    run python3 -B "$SOURCE_DIR/analysis/table_check.py" "$BATS_TEST_TMPDIR/table.txt" "$BATS_TEST_TMPDIR/summary.csv" "$1"
}

@test "the numbers of the table are those of the CSV, to the digit" {
    for folder in basic ladder bare traces limits labels again warnings; do
        print_summary "$SOURCE_DIR/analysis/testdata/$folder"
        check_table "$SOURCE_DIR/analysis/testdata/$folder"
        echo "$output"
        [ "$status" -eq 0 ]
    done
    # One digit that is not the CSV's is found.
    print_summary "$results"
    sed -i 's/2\.29 MiB   2\.40x/2.29 MiB   2.41x/' "$BATS_TEST_TMPDIR/table.txt"
    check_table "$results"
    [ "$status" -eq 1 ]
    [[ "$output" == *"toy heap-split peak_heap_ratio: '2.41x', from the CSV '2.40x'"* ]]
}

@test "each number of the table that is another one is found, in the table and in every sentence" {
    for folder in traces limits warnings; do
        print_summary "$SOURCE_DIR/analysis/testdata/$folder"
        run python3 -B "$SOURCE_DIR/analysis/table_check_test.py" "$BATS_TEST_TMPDIR/table.txt" "$BATS_TEST_TMPDIR/summary.csv" \
            "$SOURCE_DIR/analysis/testdata/$folder"
        echo "$output"
        [ "$status" -eq 0 ]
    done
    [ "${output% changed}" -ge 500 ]
    # All that can be said with a number is said there.
    text=$(tr -s ' \n' ' ' < "$BATS_TEST_TMPDIR/table.txt")
    for words in "(steal)" "gives back" "run 20 rounds more" "took the processor" "harness's floor is" "net of the floor" "inside of a call" \
        "against best fit" "noise floor (A/A)" "less CPU time\|inconclusive" "more memory at the peak [" "no difference claimed" "too few rounds" \
        "memory runs ended with" "off the recorded one" "waited for each other" "verify: fast: corrupt" "nothing wrong in" "p99.99" "the plan allows"; do
        grep -q -- "$(sed 's/\[/\\[/g' <<< "$words")" <<< "$text" || { echo "$words"; false; }
    done
    # So is a sentence with a number that is not known here.
    echo "and 7 more" >> "$BATS_TEST_TMPDIR/table.txt"
    check_table "$SOURCE_DIR/analysis/testdata/warnings"
    [ "$status" -eq 1 ]
    [[ "$output" == *"and 7 more' is not what the CSV files give"* ]]
}

@test "so are those of a replay" {
    cd "$BATS_TEST_TMPDIR"
    "$BUILD_DIR/trace" generate --events=20000 churn churn.trace
    "$BUILD_DIR/trace" generate --events=6000 --threads=2 handover threads.trace
    tell_program churn.trace program_cpu_us=90000 program_rss_bytes=9000000 program_cpu_source=plain_run
    "$BUILD_DIR/replay" -q -r 6 --aa -p time,memory,latency,verify -a heap,glibc,again=glibc -o out churn.trace threads.trace
    print_summary out
    check_table out
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(tail -n 1 <<< "$output" | cut -d' ' -f1)" -ge 150 ]
    grep -q '█' table.txt
}

# Adds what a recorder would have put into a trace.
tell_program() { # TRACE KEY=VALUE...
    "$BUILD_DIR/trace" print "$1" > made.txt
    sed -i "1r /dev/stdin" made.txt <<< "$(printf '# %s\n' "${@:2}")"
    "$BUILD_DIR/trace" convert made.txt "$1"
}

# A campaign of two traces, of which all that changes a number of the summary is said.
run_campaign() { # OPTION...
    "$BUILD_DIR/replay" -q -r 6 --loops=2 --aa -b plain -a heap,plain=glibc-notcache,glibc -o out "$@" a.trace b.trace
}

make_campaign_traces() {
    "$BUILD_DIR/trace" generate --events=3000 churn a.trace
    "$BUILD_DIR/trace" generate --events=3000 --threads=2 handover b.trace
    tell_program a.trace program_cpu_us=90000 program_rss_bytes=9000000 program_cpu_source=plain_run
    tell_program b.trace program_cpu_us=80000 program_rss_bytes=900000000 redirected=1
}

# Of a CSV all columns but some.
without_columns() { # FILE COLUMN...
    python3 - "$@" <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
kept = [i for i, name in enumerate(rows[0]) if name not in sys.argv[2:]]
csv.writer(sys.stdout).writerows([row[i] for i in kept] for row in rows)
END
}

@test "summary.csv is made again from runs.csv alone, byte for byte" {
    cd "$BATS_TEST_TMPDIR"
    make_campaign_traces
    run_campaign
    grep -q '^"a","glibc","predicted_cpu_us","us","6","' out/summary.csv
    grep -q '^"a","heap","predicted_rss_bytes","bytes","3","' out/summary.csv
    grep -q '^"b","heap","predicted_rss_bytes","bytes","0"' out/summary.csv # its memory is not known
    grep -q '^"geomean","plain-again",' out/summary.csv
    mkdir alone
    cp out/runs.csv alone
    "$report" summary --format=csv alone > alone.csv
    cmp out/summary.csv alone.csv
    # A runs.csv of an earlier version leaves that to meta.csv.
    cp -r out earlier
    without_columns out/runs.csv program_cpu_us program_rss_bytes program_cpu_source recorded_threads redirected partial \
        allocator_spec allocator_place baseline noise_floor_allocator > earlier/runs.csv
    "$report" summary --format=csv earlier > earlier.csv
    cmp out/summary.csv earlier.csv
    rm earlier/meta.csv
    "$report" summary --format=csv earlier > earlier.csv
    run cmp -s out/summary.csv earlier.csv
    [ "$status" -eq 1 ]
}

@test "so is that of a campaign that went on, and not one with columns of another version" {
    cd "$BATS_TEST_TMPDIR"
    make_campaign_traces
    run_campaign
    sed -i '/^"checkpoint.b.2"/Q' out/meta.csv # as if it had been killed in the second round of b
    cp -r out earlier
    run_campaign --resume
    [ "$(grep '"b"' out/runs.csv | cut -d, -f3 | sort -u | wc -l)" -eq 6 ]
    mkdir alone
    cp out/runs.csv alone
    "$report" summary --format=csv alone > alone.csv
    cmp out/summary.csv alone.csv
    rm -r out
    mv earlier out
    sed -i '1s/,"noise_floor_allocator"/,"noise_floor"/' out/runs.csv
    cp -r out before
    run run_campaign --resume
    [ "$status" -eq 2 ]
    [ "$output" = "replay: --resume: out/runs.csv has not the columns of this version; without --resume the campaign begins anew" ]
    diff -r before out
}

@test "nothing that is printed is wider than 100 columns, whatever the labels" {
    cd "$BATS_TEST_TMPDIR"
    long=$(printf 'x%.0s' {1..62}) # 63 with a letter before them
    trace_name=$(printf 'trace%.0s' {1..24}) # 120 columns
    "$BUILD_DIR/trace" generate --events=4000 --threads=2 handover "$trace_name.trace"
    "$BUILD_DIR/trace" generate --events=4000 churn churn.trace
    for trace in "$trace_name" churn; do
        tell_program "$trace.trace" program_cpu_us=5000 program_rss_bytes=20000000 program_cpu_source=recorded_run redirected=1
    done
    "$BUILD_DIR/replay" -q -r 1 -p time,memory,latency,verify -a "a$long=heap,b$long=glibc,glibc" -b "b$long" -o out \
        "$trace_name.trace" churn.trace
    print_summary out
    grep -q 'predicted for this program' table.txt
    grep -q 'p99.9' table.txt
    cp "$SOURCE_DIR/analysis/testdata/limits/smallest.csv" out
    sed -i "s/heap-split/heap-split-$long/" out/smallest.csv
    "$report" summary out > table.txt
    grep -q 'Found by bisection' table.txt
    [ "$(width_of table.txt)" -le 100 ]
}

@test "steal of a percent or more is warned of" {
    echo '"steal_percent","0.9"' >> "$results/meta.csv"
    run "$report" summary "$results"
    [[ "$output" != *"(steal)"* ]]
    sed -i 's/"0.9"/"3.25"/' "$results/meta.csv"
    run "$report" summary "$results"
    [[ "$output" == *"! other virtual machines took 3.2 % of the processors' time (steal); run again when they are quiet"* ]]
}

@test "the heap over time is left out, and that is said, where labels leave no room" {
    sed -i 's/heap-segregated/heap-segregated-by-sz/' "$results"/*.csv # 21 columns
    run "$report" summary "$results"
    [[ "$output" == *"  heap-segregated-by-sz "*" ▂▂▂▄▄▄▄"$'\n'* ]]
    sed -i 's/by-sz/by-siz/' "$results"/*.csv
    run "$report" summary "$results"
    [[ "$output" == *"  heap-segregated-by-siz "*" ▂▂▂▄▄▄"$'\n'* ]]
    [[ "$output" != *"No room"* ]]
    sed -i 's/by-siz/by-size/' "$results"/*.csv
    run "$report" summary "$results"
    [[ "$output" == *"No room for the heap over time beside labels this long; the charts show it."* ]]
    [[ "$output" != *"▂"* ]]
}

@test "summary prints no escapes when it is no terminal" {
    run "$report" summary "$results"
    [ "$status" -eq 0 ]
    [[ "$output" == *"heap-whole       timeout"* ]]
    [[ "$output" != *$'\033'* ]]
}

@test "summary marks the best in bold on a terminal, with a star under NO_COLOR and TERM=dumb" {
    script -qec true /dev/null < /dev/null > /dev/null 2>&1 || skip "no terminal can be made here"
    plain="$BATS_TEST_TMPDIR/plain.txt"
    TERM=xterm script -qec "$report summary $results" /dev/null < /dev/null | grep -q $'\033\[1m'
    for setting in NO_COLOR=1 TERM=dumb; do
        env "$setting" script -qec "$report summary $results" /dev/null < /dev/null > "$plain"
        run grep $'\033' "$plain"
        [ "$status" -eq 1 ]
        grep -q '1\.00 MiB\*' "$plain"
    done
}

@test "summary --format=csv prints a row per trace, allocator and metric" {
    run "$report" summary --format=csv "$results"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 76 ] # a header, and 15 metrics of 5 allocators
    [[ "${lines[0]}" == '"trace","allocator","metric","unit","n",'* ]]
}

@test "summary says when its output cannot be written" {
    run bash -c "'$report' summary '$results' > /dev/full"
    [ "$status" -eq 2 ]
    [ "$output" = "report: standard output: No space left on device" ]
}

@test "a folder without runs.csv is refused in one line" {
    rm "$results/runs.csv"
    run "$report" "$results"
    [ "$status" -eq 2 ]
    [ "$output" = "report: $results/runs.csv: No such file or directory; give the folder that replay wrote its results to" ]
    [ ! -e "$results/charts" ]
}

@test "a damaged CSV is refused with file and line" {
    head -c -40 "$results/samples.csv" > "$results/cut.csv"
    mv "$results/cut.csv" "$results/samples.csv"
    run "$report" "$results"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == "report: $results/samples.csv:"*": "* ]]
    [ ! -e "$results/charts" ]
}

@test "a folder that cannot be written to is refused" {
    touch "$results/charts"
    run "$report" "$results"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "$output" == "report: $results/charts: cannot be written to: Not a directory" ]]
    run "$report" --out=/proc/pictures "$results"
    [ "$status" -eq 2 ]
    [[ "$output" == "report: /proc/pictures: the folder cannot be made: "* ]]
}

@test "without gnuplot one line names its package" {
    mkdir "$BATS_TEST_TMPDIR/empty"
    run env PATH="$BATS_TEST_TMPDIR/empty" "$report" "$results"
    [ "$status" -eq 2 ]
    [ "$output" = "report: gnuplot is not installed, and it draws the charts: apt install gnuplot-nox" ]
    [ -z "$(ls -A "$results/charts")" ]
}

@test "when gnuplot fails, its message is shown and no empty picture is left" {
    cp -r "$SOURCE_DIR/analysis" "$BATS_TEST_TMPDIR/scripts"
    echo 'plot no_such_variable' > "$BATS_TEST_TMPDIR/scripts/speed.gp"
    run env HEAPREEL_DATA="$BATS_TEST_TMPDIR/scripts" "$report" "$results"
    [ "$status" -eq 2 ]
    [[ "$output" == *"report: gnuplot: "*"undefined variable: no_such_variable"* ]]
    assert_png "$results/charts/footprint.png"
    [ ! -e "$results/charts/speed.png" ]
    [ ! -e "$results/charts/speed.svg" ]
    [ -z "$(leftovers "$results/charts")" ]
}

@test "HEAPREEL_DATA without scripts is refused" {
    run env HEAPREEL_DATA="$BATS_TEST_TMPDIR" "$report" "$results"
    [ "$status" -eq 2 ]
    [[ "$output" == "report: $BATS_TEST_TMPDIR: holds no style.gp, but HEAPREEL_DATA says"* ]]
}

@test "drawing again gives the same pictures" {
    "$report" "$results"
    cp -r "$results/charts" "$BATS_TEST_TMPDIR/first"
    "$report" "$results"
    for picture in "$results"/charts/*.png; do
        cmp "$picture" "$BATS_TEST_TMPDIR/first/$(basename "$picture")"
    done
}

@test "usage errors end with status 2" {
    for arguments in "" "$results $results" "summary" "--format=html summary $results" \
        "--format=csv $results" "summary --out=x $results" "--nonsense $results"; do
        run "$report" $arguments
        [ "$status" -eq 2 ]
        [ -n "$output" ]
    done
}

@test "--help teaches, --version says the version" {
    run "$report" --help
    [ "$status" -eq 0 ]
    [[ "$output" == *"report summary results/firefox"* ]]
    run "$report" --version
    [ "$status" -eq 0 ]
    [[ "$output" == "report (heapreel) "* ]]
}

@test "summary.csv is computed again from runs.csv alone, but for what is predicted" {
    cp -r "$SOURCE_DIR/analysis/testdata/again" "$BATS_TEST_TMPDIR/whole"
    mkdir "$BATS_TEST_TMPDIR/alone"
    cp "$BATS_TEST_TMPDIR/whole/runs.csv" "$BATS_TEST_TMPDIR/alone"
    for name in whole alone; do
        "$report" summary --format=csv "$BATS_TEST_TMPDIR/$name" | grep -v '"predicted_' | sort \
            > "$BATS_TEST_TMPDIR/$name.csv"
    done
    cmp "$BATS_TEST_TMPDIR/whole.csv" "$BATS_TEST_TMPDIR/alone.csv"
    grep -q '^"a","heap","mean_heap_time_ratio","ratio","6","2.6","2.6"' "$BATS_TEST_TMPDIR/alone.csv"
    grep -q '^"a","glibc-again","cold_cpu_ns_per_op"' "$BATS_TEST_TMPDIR/alone.csv"
}

@test "the charts leave out the second run of the baseline" {
    "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/again"
    svg_texts "$BATS_TEST_TMPDIR/pictures/speed.svg" > "$BATS_TEST_TMPDIR/texts"
    grep -q heap "$BATS_TEST_TMPDIR/texts"
    [ "$(grep -c again "$BATS_TEST_TMPDIR/texts")" -eq 0 ]
}

@test "real prints predicted beside real, to the letter, and as CSV" {
    folder="$SOURCE_DIR/analysis/testdata/real"
    "$report" real "$folder" > "$BATS_TEST_TMPDIR/table.txt"
    diff "$folder/table.txt" "$BATS_TEST_TMPDIR/table.txt"
    "$report" real --format=csv "$folder" > "$BATS_TEST_TMPDIR/prediction.csv"
    diff "$folder/prediction.csv" "$BATS_TEST_TMPDIR/prediction.csv"
}

@test "predicted against real is drawn, with the outliers named" {
    run "$report" --out="$BATS_TEST_TMPDIR/pictures" "$SOURCE_DIR/analysis/testdata/real"
    [ "$status" -eq 0 ]
    assert_png "$BATS_TEST_TMPDIR/pictures/prediction.png"
    svg_texts "$BATS_TEST_TMPDIR/pictures/prediction.svg" > "$BATS_TEST_TMPDIR/texts"
    grep -q 'cache, fast' "$BATS_TEST_TMPDIR/texts"
    grep -q 'tree, lean' "$BATS_TEST_TMPDIR/texts"
    grep -q 'pages, lean' "$BATS_TEST_TMPDIR/texts"
    grep -q 'held out (4): rank correlation 0.93' "$BATS_TEST_TMPDIR/texts"
}

@test "real says what it lacks" {
    run "$report" real "$results"
    [ "$status" -eq 2 ]
    [ "$output" = "report: $results: has no real.csv, which scripts/bench --real writes" ]
    run "$report" real
    [ "$status" -eq 2 ]
    cp -r "$SOURCE_DIR/analysis/testdata/real" "$BATS_TEST_TMPDIR/broken"
    sed -i '3s/,ok,[0-9]*,/,ok,much,/' "$BATS_TEST_TMPDIR/broken/real.csv"
    run "$report" real "$BATS_TEST_TMPDIR/broken"
    [ "$status" -eq 2 ]
    [[ "$output" == *"broken/real.csv:3:"* ]]
}
