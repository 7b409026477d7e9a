#!/usr/bin/env bats
# report merge: one result of several, and what it refuses.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    report=$BUILD_DIR/report
    golden=$SOURCE_DIR/analysis/testdata/traces
    mapfile -t traces < <(awk -F, 'NR > 1 { gsub(/"/, ""); print $6 }' "$golden/runs.csv" | uniq | awk '!seen[$0]++')
}

# One folder for each trace, as replay would have written it.
split_golden() {
    local trace file
    for trace in "${traces[@]}"; do
        mkdir -p "$trace"
        for file in runs.csv samples.csv; do
            python3 - "$golden/$file" "$trace" <<'END' >"$trace/$file"
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8")))
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(rows[0])
out.writerows(row for row in rows[1:] if row[rows[0].index("trace")] == sys.argv[2])
END
        done
        grep -v -e '^"*checkpoint\.' -e '^"*traces"*,' "$golden/meta.csv" |
            awk -v trace="$trace" '!/^"?trace\./ || index($0, "trace." trace ".")' >"$trace/meta.csv"
    done
}

# set_machine FOLDER HOST: as if it had been measured there.
set_machine() {
    grep -vE '^"?(host|cpu|steal_percent)"?,' "$1/meta.csv" >meta
    printf '"host","%s"\n"cpu","CPU of %s"\n"steal_percent","%s"\n' "$2" "$2" "${3-0.10}" >>meta
    mv meta "$1/meta.csv"
    sed -i -e '1s/$/,"machine"/' -e "2,\$s/\$/,\"$2; Linux 6.1; CPU of $2; 8 cores; thp madvise\"/" "$1/runs.csv"
}

@test "a split result gives the same summary and table again" {
    split_golden
    ((${#traces[@]} > 1))
    run -0 "$report" merge out "${traces[@]}"
    [ -z "$output" ]
    "$report" summary --format=csv "$golden" >expected.csv
    cmp expected.csv out/summary.csv
    "$report" summary out | diff "$golden/table.txt" -
    run -0 "$report" compare "$golden" out
    grep -q '^"machines",' out/meta.csv
    [ -z "$(find out -name '*.part')" ]
}

@test "the table tells the machines, and every number of it is the CSV's" {
    split_golden
    for trace in "${traces[@]}"; do
        set_machine "$trace" "host-$trace"
    done
    run -0 "$report" merge out "${traces[@]}"
    "$report" summary out >table.txt
    grep -q "^traces come from ${#traces[@]} machines, all rounds of each from one:" table.txt
    grep -q "^  host-${traces[0]}; Linux 6.1; CPU of host-${traces[0]}; 8 cores; thp madvise: ${traces[0]}\$" table.txt
    grep -q "^geometric means over ${#traces[@]} traces on ${#traces[@]} machines" table.txt
    for trace in "${traces[@]}"; do
        grep -qx "\"machine.host-$trace.cpu\",\"CPU of host-$trace\"" out/meta.csv
        grep -qx "\"trace.$trace.machine\",\"host-$trace\"" out/meta.csv
    done
    run -1 grep '^"cpu"' out/meta.csv
    run -0 python3 -B "$SOURCE_DIR/analysis/table_check.py" table.txt out/summary.csv out
    # The ratios are those of one machine.
    "$report" summary --format=csv "$golden" >expected.csv
    cmp expected.csv out/summary.csv
    run -0 "$report" out
}

@test "two machines of one name are told apart, and the worst steal is warned of" {
    split_golden
    for trace in "${traces[@]}"; do
        set_machine "$trace" node 0.10
    done
    sed -i 's/CPU of node/another CPU/' "${traces[0]}/runs.csv" "${traces[0]}/meta.csv"
    sed -i 's/^"steal_percent",.*/"steal_percent","7.00"/' "${traces[1]}/meta.csv"
    run -0 "$report" merge out "${traces[@]}"
    grep -qx '"machines","node,node-2"' out/meta.csv
    grep -qx '"machine.node.cpu","another CPU"' out/meta.csv
    grep -qx '"machine.node-2.cpu","CPU of node"' out/meta.csv
    run -0 "$report" summary out
    [[ $output == *"took 7.0 % of the processors' time"* ]]
}

@test "a trace in two folders, or from two machines, is refused" {
    split_golden
    cp -r "${traces[0]}" again
    run -2 "$report" merge out "${traces[0]}" again
    [ "$output" = "report: trace ${traces[0]} is both in ${traces[0]} and in again: all rounds of a trace must come from one session on one machine" ]
    set_machine again here
    sed -i '2s/here;/there;/' again/runs.csv
    run -2 "$report" merge out again
    [[ $output == "report: again/runs.csv:"*"trace ${traces[0]} was measured on two machines, 'there; "*"' and 'here; "* ]]
    run -2 "$report" summary again
    [[ $output == *"was measured on two machines"* ]]
    run -2 "$report" compare again again
    [[ $output == *"was measured on two machines"* ]]
    [ ! -e out ]
}

@test "other settings, versions and builds are refused with both values" {
    split_golden
    printf '"loops","3"\n"allocator.x.sha256","aa"\n' >>"${traces[0]}/meta.csv"
    cp "${traces[1]}/meta.csv" meta
    printf '"loops","5"\n' >>"${traces[1]}/meta.csv"
    sed -i '/^"*loops"*,"*3/!{/^"*loops"*,/d}' "${traces[0]}/meta.csv"
    sed -i '/^"*loops"*,"*5/!{/^"*loops"*,/d}' "${traces[1]}/meta.csv"
    run -2 "$report" merge out "${traces[@]}"
    [ "$output" = "report: cannot be merged: loops is '3' in ${traces[0]}, but '5' in ${traces[1]}" ]
    cp meta "${traces[1]}/meta.csv"
    sed -i '/^"*loops"*,/d' "${traces[0]}/meta.csv"
    printf '"allocator.x.sha256","bb"\n' >>"${traces[1]}/meta.csv"
    run -2 "$report" merge --check "${traces[@]}"
    [ "$output" = "report: cannot be merged: allocator.x.sha256 is 'aa' in ${traces[0]}, but 'bb' in ${traces[1]}" ]
    [ ! -e out ]
}

@test "what changes no number is warned of" {
    split_golden
    sed -i '/^"*timeout_s"*,/d' ./*/meta.csv
    printf '"timeout_s","60"\n' >>"${traces[0]}/meta.csv"
    printf '"timeout_s","10"\n' >>"${traces[1]}/meta.csv"
    run -0 "$report" merge out "${traces[@]}"
    [ "$output" = "report: warning: timeout_s is '60' in ${traces[0]}, but '10' in ${traces[1]}" ]
}

@test "columns that a later version added are empty for an earlier one; others are refused" {
    split_golden
    set_machine "${traces[1]}" later
    run -0 "$report" merge out "${traces[@]}"
    [[ $(sed -n 1p out/runs.csv) == *',"machine"' ]]
    [[ $(sed -n 2p out/runs.csv) == *, ]]
    sed -i '1s/round/circle/' "${traces[0]}/runs.csv"
    run -2 "$report" merge out "${traces[@]}"
    [[ $output == *"column 3 is 'circle' in ${traces[0]}/runs.csv, but 'round' in ${traces[1]}/runs.csv" ]]
    [[ $(sed -n 1p out/runs.csv) == *'"round"'* ]] # what was there is there
}

@test "unfinished and merged folders, and no folders, are refused" {
    split_golden
    run -0 "$report" merge out "${traces[@]}"
    run -2 "$report" merge all out
    [[ $output == "report: out: is a merged result already"* ]]
    touch "${traces[0]}/meta.csv.part"
    run -2 "$report" merge all "${traces[@]}"
    [[ $output == "report: ${traces[0]}: is not finished"* ]]
    run -2 "$report" merge all nowhere
    [[ $output == "report: nowhere/runs.csv: "* ]]
    run -2 "$report" merge "${traces[1]}" "${traces[1]}"
    [[ $output == *"is one of the folders that are merged" ]]
    run -2 "$report" merge all
    [[ $output == *"give the folder to write, OUT, and those that are merged"* ]]
    [ ! -e all ]
    run -0 "$report" merge --help
    [[ $output == *"scripts/campaign measures many traces"* ]]
}

@test "a result that cannot be written leaves the one that is there" {
    split_golden
    run -0 "$report" merge out "${traces[0]}"
    cp -r out before
    run -2 bash -c 'ulimit -f 1; trap "" XFSZ; exec "$@"' - "$report" merge out "${traces[@]}"
    [[ $output == *"out/"*"cannot write: File too large" ]]
    diff -r before out
}

@test "heap maps, latencies and stale files" {
    "$BUILD_DIR/trace" generate --events=2000 churn a.trace
    cp a.trace b.trace
    for trace in a b; do
        "$BUILD_DIR/replay" -q -p map,latency -r 1 -a glibc --loops=1 -o "$trace" "$trace.trace"
    done
    run -0 "$report" merge out a b
    cmp a/heapmap-a-glibc.csv out/heapmap-a-glibc.csv
    [ -e out/heapmap-b-glibc.meta.csv ]
    [ "$(wc -l <out/latency.csv)" -eq "$(($(cat a/latency.csv b/latency.csv | wc -l) - 1))" ]
    [ "$(grep -c '^"cell_sha256","[0-9a-f]\{64\}"$' out/meta.csv)" -eq 1 ]
    split_golden
    run -0 "$report" merge out "${traces[@]}"
    [ ! -e out/latency.csv ]
    [ -z "$(find out -name 'heapmap*')" ]
}

@test "a thinned result has the same summary, and samples of the run that charts show" {
    "$BUILD_DIR/trace" generate --events=20000 churn a.trace
    "$BUILD_DIR/replay" -q -p memory -r 3 -a glibc,heap --loops=1 -o a a.trace
    run -0 "$report" merge --thin=60 thin a
    "$report" merge whole a
    cmp whole/summary.csv thin/summary.csv
    cmp whole/runs.csv thin/runs.csv
    grep -qx '"thinned_to_points","60"' thin/meta.csv
    python3 - <<'END'
import csv, statistics
def read(name):
    runs = {}
    for row in csv.DictReader(open(name, newline="")):
        runs.setdefault(row["allocator"], {}).setdefault(row["run_id"], []).append(row)
    return runs
whole, thin = read("whole/samples.csv"), read("thin/samples.csv")
peak = lambda rows: max(int(row["heap_bytes"]) for row in rows)
assert whole.keys() == thin.keys() and "heap" in whole
for allocator, runs in whole.items():
    (run_id, kept), = thin[allocator].items()
    assert peak(kept) == statistics.median_low(peak(rows) for rows in runs.values())
    assert len(kept) <= 60 < len(runs[run_id])
    assert peak(kept) == peak(runs[run_id]) and kept[-1] == runs[run_id][-1]
    assert all(row in runs[run_id] for row in kept)
END
    for points in 5 6x -7 ""; do
        run -2 "$report" merge --thin="$points" none a
        [[ $output == *"--thin=$points: expected a number from 6 to 1000000"* ]]
    done
    [ ! -e none ]
}
