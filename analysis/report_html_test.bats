# The page that report writes: what is in it, and that no text becomes markup.

setup() {
    report="$BUILD_DIR/report"
    results="$BATS_TEST_TMPDIR/results"
    page="$results/report.html"
    cp -r "$SOURCE_DIR/analysis/testdata/ladder" "$results"
}

# Fails when a line of the page matches, case aside.
lacks() { # PATTERN
    run grep -iE -- "$1" "$page"
    [ "$status" -eq 1 ]
}

# Whether each cell of each table of the page stands in the table for a terminal, in its row.
same_numbers() { # PAGE TABLE
    python3 - "$1" "$2" <<'EOF'
import html, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
lines = [line.replace("*", " ").split() for line in open(sys.argv[2], encoding="utf-8")]
tables = [t for t in re.findall(r"<table>.*?</table>", page, re.S) if "What was replayed" not in t]
rows = [r for t in tables for r in re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", t, re.S)]
assert rows, "no rows"
for row in rows:
    cells = html.unescape(re.sub(r"<[^>]*>", " ", row)).replace("\xa0", " ").split()
    assert any(line[:len(cells)] == cells for line in lines), cells
print(len(rows))
EOF
}

@test "report writes a page with every chart that it drew, and says so" {
    run "$report" "$results"
    [ "$status" -eq 0 ]
    [[ "$output" == *"wrote $page"* ]]
    for name in footprint fragmentation speed time-memory run-order ladder; do
        grep -q "<figure data-chart=\"$name\">" "$page"
    done
    [ "$(grep -c '<svg role="img"' "$page")" -eq 6 ]
    [ "$(tail -n 1 "$page")" = "</html>" ]
    [ -z "$(find "$results" -name 'report.html.*')" ]
}

@test "the page needs nothing but itself" {
    "$report" "$results"
    lacks '<(script|iframe|object)|@import'
    lacks '(src|href|xmlns[^=]*)="?[a-z]*://'
    lacks 'url\([^#]'
    [ "$(stat -c %s "$page")" -lt 2000000 ]
}

@test "its title is the finding, and its sections follow each other as they should" {
    "$report" "$results"
    grep -q '<h1>No detectable difference in time between heap-segregated and glibc on toy</h1>' "$page"
    [ "$(grep -o '<section id="[a-z-]*"' "$page" | cut -d'"' -f2 | tr '\n' ' ')" = \
        "numbers time-memory footprint maps latency corpus environment doubts data how-to-read " ]
}

@test "every mark of a plot is in the page" {
    "$report" "$results"
    for name in time-memory run-order; do
        grep -o "<use [^>]*transform='translate" "$results/charts/$name.svg"
    done | wc -l > "$BATS_TEST_TMPDIR/drawn"
    python3 - "$page" "$(cat "$BATS_TEST_TMPDIR/drawn")" <<'END'
import re, sys
pictures = re.findall(r"<svg.*?</svg>", open(sys.argv[1]).read(), re.S)
marks = sum(
    len(re.findall(r'<use [^>]*transform="translate', picture))
    for picture in pictures
    if "Time against peak" in picture or "Every run in the order" in picture
)
assert marks == int(sys.argv[2]) > 5, (marks, sys.argv[2])
END
}

@test "the numbers of the page are those of the table" {
    for folder in basic ladder traces warnings; do
        cp -r "$SOURCE_DIR/analysis/testdata/$folder" "$BATS_TEST_TMPDIR/$folder"
        "$report" "$BATS_TEST_TMPDIR/$folder"
        "$report" summary "$BATS_TEST_TMPDIR/$folder" > "$BATS_TEST_TMPDIR/table.txt"
        run same_numbers "$BATS_TEST_TMPDIR/$folder/report.html" "$BATS_TEST_TMPDIR/table.txt"
        echo "$folder: $output"
        [ "$status" -eq 0 ]
        [ "$output" -ge 2 ]
    done
    # Another digit is found.
    "$report" "$results"
    "$report" summary "$results" | sed 's/2\.29 MiB/2.28 MiB/' > "$BATS_TEST_TMPDIR/table.txt"
    run same_numbers "$page" "$BATS_TEST_TMPDIR/table.txt"
    [ "$status" -ne 0 ]
}

@test "warnings and the reasons for missing charts are in the page" {
    "$report" "$results"
    grep -q '<p class="warning">heap-whole: 6 of 6 time runs ended with timeout</p>' "$page"
    cp -r "$SOURCE_DIR/analysis/testdata/bare" "$BATS_TEST_TMPDIR/bare"
    run "$report" "$BATS_TEST_TMPDIR/bare"
    [ "$status" -eq 0 ]
    page="$BATS_TEST_TMPDIR/bare/report.html"
    grep -q 'Left out: footprint: no samples of the heap over time' "$page"
    grep -q 'There is no meta.csv: how this was measured is not known' "$page"
}

# A result whose trace, allocator and commands are markup.
make_hostile() {
    sed -i 's/heap-best/<script>alert(1)<\/script>/g; s/"toy"/"<img src=x onerror=alert(2)>"/g; s/\.toy\./.<img src=x onerror=alert(2)>./' \
        "$results"/*.csv
    {
        echo '"command","./replay </code></pre><script>alert(3)</script> & ''""q""'' traces/toy.trace"'
        echo '"trace.<img src=x onerror=alert(2)>.command","</dd><iframe src=x> 50 % ""quoted"""'
    } >> "$results/meta.csv"
}

@test "no text of a CSV file becomes markup" {
    make_hostile
    run "$report" "$results"
    echo "$output"
    [ "$status" -eq 0 ]
    lacks '<(script|img|iframe)'
    grep -q '<h1>.* on &lt;img src=x onerror=alert(2)&gt;</h1>' "$page"
    grep -q '<th scope="row">&lt;script&gt;alert(1)&lt;/script&gt;</th>' "$page"
    grep -q '&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;alert(3)&lt;/script&gt; &amp; &quot;q&quot;' "$page"
    grep -q '&lt;/dd&gt;&lt;iframe src=x&gt; 50&nbsp;% &quot;quoted&quot;' "$page"
}

@test "small CSV files are in the page as they are, large ones are linked" {
    for _ in $(seq 3000); do echo '"a","longer line than that"'; done >> "$results/notes.csv"
    "$report" "$results"
    grep -o '<a download="runs.csv" href="data:text/csv;base64,[^"]*"' "$page" | cut -d, -f2 | tr -d '"' |
        base64 -d | cmp - "$results/runs.csv"
    grep -q '<li><a href="./notes.csv">notes.csv</a>, [0-9.]* KiB, beside this page</li>' "$page"
}

@test "--charts writes no page, and --out takes the page too" {
    "$report" --charts "$results"
    [ ! -e "$page" ]
    "$report" --out="$BATS_TEST_TMPDIR/out" "$results"
    [ ! -e "$page" ]
    grep -q '<figure data-chart="speed">' "$BATS_TEST_TMPDIR/out/report.html"
}

@test "of several traces the means come first, and each has its pictures and numbers" {
    "$report" --out="$BATS_TEST_TMPDIR/out" "$SOURCE_DIR/analysis/testdata/traces"
    page="$BATS_TEST_TMPDIR/out/report.html"
    grep -q '<h1>.* over 2 traces</h1>' "$page"
    grep -m 1 '<caption>' "$page" | grep -q 'Geometric means over all traces'
    [ "$(grep -c '<figure data-chart="footprint-' "$page")" -eq 2 ]
    [ "$(grep -c '^<details' "$page")" -eq 5 ]
}

@test "a page that cannot be written is an error, and nothing is left of it" {
    mkdir "$page"
    run "$report" "$results"
    [ "$status" -eq 2 ]
    [[ "$output" == *"report: $page: cannot be written: Is a directory"* ]]
    [ -z "$(find "$results" -name 'report.html.*')" ]
}

@test "a part of the page that is missing is named" {
    mkdir "$BATS_TEST_TMPDIR/data"
    cp "$SOURCE_DIR"/analysis/*.gp "$BATS_TEST_TMPDIR/data"
    HEAPREEL_DATA="$BATS_TEST_TMPDIR/data" run "$report" "$results"
    [ "$status" -eq 2 ]
    [[ "$output" == *"report: $BATS_TEST_TMPDIR/data/report.css: No such file or directory; it is a part of the report"* ]]
    [ ! -e "$page" ]
}
