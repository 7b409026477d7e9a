#!/usr/bin/env bats
# What samples.csv, runs.csv and the heap maps say of live memory, and what must hold in them.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
    trace generate --events=200000 --objects=4000 churn churn.trace
}

# Columns by name: AWK gets `n`, from name to number of column, and rows without quotes.
table() { # FILE PROGRAM
    awk -F, 'NR == 1 { gsub(/"/, ""); for (i = 1; i <= NF; i++) n[$i] = i; next } { gsub(/"/, "") } '"$2" "$1"
}

# In epochs a block may be counted before it is touched, and one page is libc's own in every cell
# that has threads.
expect_anatomy() { # FOLDER SYNC
    run table "$1/samples.csv" '
        { live = $n["live_bytes"]; here = $n["replayed_live_bytes"]; usable = $n["usable_bytes"]
          page = $n["live_page_bytes"]; huge = $n["live_hugepage_bytes"]; heap = $n["heap_bytes"]
          if (usable == "" || page == "" || huge == "" || here == "") print "empty", $0
          if ("'"$2"'" != "epochs" && here != live) print "live", $0
          if ("'"$2"'" != "epochs" && page > heap + 4096) print "resident", $0
          if (here > usable || here > page || page > huge) print "parts", $0
          rows++ }
        END { if (rows < 500) print "only", rows, "rows" }'
    head -n 5 <<<"$output"
    [ -z "$output" ]
    # The measure at the peaks is never above that when the heap is largest.
    run table "$1/runs.csv" '
        $n["pass"] == "memory" && $n["allocator"] != "null" {
          if (!($n["frag_peak_ratio"] <= $n["frag_at_peak_heap_ratio"]) ||
              !($n["frag_at_peak_live_ratio"] <= $n["frag_peak_ratio"]) ||
              $n["frag_mean_event_ratio"] < 1 || $n["frag_mean_time_ratio"] < 1 ||
              $n["returned_share"] < 0 || $n["returned_share"] > 1 ||
              $n["lazyfree_peak_bytes"] == "" || $n["hugepage_end_bytes"] == "") print
          rows++ }
        END { if (!rows) print "no rows" }'
    head -n 5 <<<"$output"
    [ -z "$output" ]
}

@test "live is no more than usable, pages no more than the heap, on every allocator" {
    for trace in firefox perl; do
        trace cut "$SOURCE_DIR/traces/$trace.trace" "$trace.trace" --events=0:200000
        replay -q -r 1 -p memory -a all -o "$trace" "$trace.trace"
        expect_anatomy "$trace" "$(table "$trace/runs.csv" '{ print $n["sync"]; exit }')"
    done
}

@test "in a replay whose threads drift, what was live is known and within the plan's bounds" {
    trace generate --events=200000 handover handover.trace
    replay -q -r 1 -p memory -a all -o out handover.trace
    sync=$(table out/runs.csv '{ print $n["sync"]; exit }')
    expect_anatomy out "$sync"
    peaks() { sed -n "s/^\"trace.handover.$1_peak_live_bytes\",\"\(.*\)\"/\1/p" out/meta.csv; }
    run table out/runs.csv '
        $n["allocator"] != "null" && ($n["replayed_peak_live_bytes"] < '"$(peaks least)"' ||
                                      $n["replayed_peak_live_bytes"] > '"$(peaks most)"')'
    [ -z "$output" ]
    run report summary out
    [[ "${output//$'\n'/ }" == *"peak live was "*" % of the recorded one (the plan allows "*" % to "*" %)."* ]]
}

@test "details of the kernel are read at the end and at no more than some hundreds of looks" {
    replay -q -r 1 -p memory -a glibc -o out churn.trace
    run table out/samples.csv '
        $n["hold"] == 0 { all++; read += $n["lazyfree_bytes"] != ""; last = $n["hugepage_bytes"] }
        END { print (all > 500 && read >= 100 && read < all / 2 && last != "") }'
    [ "$output" -eq 1 ]
}

@test "memory that was not touched has no ratios, and the table says why" {
    run replay -r 1 -p memory --touch=none -a glibc -o out churn.trace
    [ "$status" -eq 0 ]
    [[ "$output" == *"! no ratios to live bytes: nothing was written into the blocks (--touch=none)"* ]]
    run table out/runs.csv '
        { for (name in n) if ((name ~ /^frag_/ || name == "returned_share") && $n[name] != "") print name }'
    [ -z "$output" ]
    run table out/samples.csv '$n["frag_ratio"] != ""'
    [ -z "$output" ]
    [ "$(report summary --format=csv out | grep -c '_ratio","ratio","0",\|"returned_share","share","0",')" -eq 6 ]
}

@test "an allocator without malloc_usable_size leaves that column empty" {
    replay -q -r 1 -p memory -a "bare=$BUILD_DIR/libmisbehaving_allocator.so" -o out churn.trace
    run table out/samples.csv '
        $n["allocator"] == "bare" && ($n["usable_bytes"] != "" || $n["live_page_bytes"] == "")'
    [ -z "$output" ]
}

@test "the map shows where what is live lies, at up to 500 times and in up to 400 chunks" {
    run replay -p map -r 3 -a all -o out churn.trace
    [ "$status" -eq 0 ]
    [ "$(table out/runs.csv '$n["pass"] == "map" && $n["status"] == "ok"' | wc -l)" \
        -eq "$(ls out/heapmap-churn-*.meta.csv | wc -l)" ]
    for allocator in heap glibc; do
        # Each column of the matrix has, in sum, what is live at that time.
        run awk -F, '
            FNR == 1 { file++ }
            { gsub(/"/, "") }
            file == 1 && $1 == "chunk_bytes" { chunk = $3 }
            file == 1 && $1 == "column_live_bytes" { live[$2 + 1] = $3; columns++ }
            file == 1 && $1 == "row_address" { if ($3 <= address) print "order"; address = $3; rows++ }
            file == 1 && $1 == "column_event" { if ($3 <= event && $2) print "time"; event = $3 }
            file == 2 { if (NF != columns) print "columns", NF; found++; gone = 0
                        for (i = 1; i <= NF; i++) {
                            if ($i == "" && gone) print "hole"
                            gone = $i != ""
                            if ($i != "" && ($i < 0 || $i > 1)) print "share", $i
                            sum[i] += $i * chunk } }
            END { if (rows != found || rows > 400 || rows < 10) print "rows", rows, found
                  if (columns > 500 || columns < 300) print "columns", columns
                  for (i = 1; i <= columns; i++) {
                      off = sum[i] - live[i]
                      if (off < 0) off = -off
                      if (off > live[i] / 1000 + 16) print "column", i, sum[i], live[i] } }' \
            "out/heapmap-churn-$allocator.meta.csv" "out/heapmap-churn-$allocator.csv"
        head -n 5 <<<"$output"
        [ -z "$output" ]
    done
}

@test "maps stand beside what the other passes say" {
    run replay -p memory,map -r 2 -a glibc -o out churn.trace
    [ "$status" -eq 0 ]
    [ "$(ls out | tr '\n' ' ')" = "bounds.csv heapmap-churn-glibc.csv heapmap-churn-glibc.meta.csv meta.csv runs.csv samples.csv size-lifetime-churn.csv summary.csv " ]
    [ "$(table out/runs.csv '$n["pass"] == "map"' | wc -l)" -eq 1 ]
    [ "$(table out/runs.csv '$n["pass"] == "memory" && $n["allocator"] == "glibc"' | wc -l)" -eq 2 ]
}

@test "a crash in the map pass is its row's status" {
    run replay -p map -o out -a "bad=$BUILD_DIR/libmisbehaving_allocator.so:MISBEHAVE=crash" churn.trace
    [ "$status" -eq 1 ]
    [ "$(table out/runs.csv '$n["allocator"] == "bad" && $n["pass"] == "map" && $n["status"] == "crash"' | wc -l)" -eq 1 ]
    [ ! -e out/heapmap-churn-bad.csv ]
    [ -e out/heapmap-churn-glibc.csv ]
}
