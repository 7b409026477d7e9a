# The page that report writes, in headless Chromium: on the screen, wide and narrow, light and dark, and printed.

setup() {
    command -v chromium > /dev/null || skip "chromium is not installed"
    report="$BUILD_DIR/report"
}

check_page() { # FOLDER
    run timeout 100 python3 -B "$SOURCE_DIR/analysis/browser_check.py" --charts="$1/charts" "$1/report.html"
    echo "$output"
}

@test "a page of several traces shows every picture, fits, is legible, and prints" {
    cp -r "$SOURCE_DIR/analysis/testdata/traces" "$BATS_TEST_TMPDIR/results"
    "$report" "$BATS_TEST_TMPDIR/results"
    check_page "$BATS_TEST_TMPDIR/results"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "what is wrong with a page is found" {
    cp -r "$SOURCE_DIR/analysis/testdata/ladder" "$BATS_TEST_TMPDIR/results"
    "$report" "$BATS_TEST_TMPDIR/results"
    page="$BATS_TEST_TMPDIR/results/report.html"
    sed -i -e 's|</main>|<p style="width: 3000px; color: #888; background: #777">wide</p><script>console.error("said"); absent()</script></main>|' \
        -e 's|<figure data-chart="speed">|<figure data-chart="speed" style="display: none">|' \
        -e 's|<figure data-chart="ladder">|<figure data-chart="another">|' "$page"
    check_page "$BATS_TEST_TMPDIR/results"
    [ "$status" -eq 1 ]
    for words in "it is .* wide" 'reaches out of the window: P "wide"' "picture speed is not seen" "ladder is missing" \
        "it has scripts" "console: .*said" "exception: " 'hard to read: P "wide"'; do
        grep -q "$words" <<< "$output"
    done
}
