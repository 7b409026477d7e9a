#!/usr/bin/env bats
# The corpus: every trace is whole, tells nothing of the machine it was recorded on, and is what
# MANIFEST.csv says. CORPUS names another folder than traces/.

bats_require_minimum_version 1.5.0

# `trace info` reads a trace to its end, so once is enough.
setup_file() {
    shopt -s nullglob
    for file in "${CORPUS:-$SOURCE_DIR/traces}"/*.trace; do
        "$BUILD_DIR/trace" info --format=csv "$file" >"$BATS_FILE_TMPDIR/$(basename "$file" .trace).csv"
    done
}

setup() {
    corpus=${CORPUS:-$SOURCE_DIR/traces}
    trace=$BUILD_DIR/trace
    shopt -s nullglob
    traces=("$corpus"/*.trace)
    cd "$BATS_TEST_TMPDIR"
}

manifest() { # SQL on the table manifest
    sqlite3 :memory: ".import --csv '$corpus/MANIFEST.csv' manifest" "$1"
}

# info NAME SQL: the answer from the table info, which has what `trace info` tells of the trace.
info() {
    sqlite3 :memory: ".import --csv '$BATS_FILE_TMPDIR/$1.csv' info" "$2"
}

# A tree with scripts/lib.sh and the recipes `all`, common.sh and measure.sh only.
recipe_tree() {
    mkdir -p scripts traces/recipes
    cp "$SOURCE_DIR/scripts/lib.sh" scripts/
    cp "$SOURCE_DIR"/traces/recipes/{all,common.sh,measure.sh} traces/recipes/
}

# recipe NAME PACKAGES LINE: a recipe in that tree.
recipe() {
    printf '#!/usr/bin/env bash\nsource "$(dirname "$0")/common.sh"\nrecipe_begin %s bash "$@"\n%s\n' "$2" "$3" \
        >"traces/recipes/$1"
    chmod +x "traces/recipes/$1"
}

@test "the corpus has the programs that it promises" {
    for name in firefox sqlite python perl jq; do
        [ -f "$corpus/$name.trace" ]
    done
}

@test "every trace is valid" {
    for file in "${traces[@]}"; do
        "$trace" validate "$file"
    done
}

@test "the corpus is small" {
    bytes=$(cat "${traces[@]}" | wc -c)
    echo "$bytes bytes"
    [ "$bytes" -le 45000000 ]
}

@test "no trace names a path or a host" {
    for file in "${traces[@]}"; do
        tail -n +2 "$BATS_FILE_TMPDIR/$(basename "$file" .trace).csv" >metadata.txt
        [ -s metadata.txt ]
        # Programs of the system may be named; no other path may, nor a host, nor a user.
        run ! grep -nE '(^|[^[:alnum:]_.])/(work|root|home|tmp|var|opt|srv|mnt|run|build)(/|\b)' metadata.txt
        run ! grep -nE '^"(host|hostname|user|cwd|directory)"' metadata.txt
        run ! grep -nwF -- "$(uname -n)" metadata.txt
    done
}

@test "the manifest has a row for each trace and no other" {
    printf '%s\n' "${traces[@]##*/}" | sort >there.txt
    manifest "SELECT trace || '.trace' FROM manifest" | sort >listed.txt
    diff there.txt listed.txt
}

@test "the manifest says of each trace what the trace says" {
    for file in "${traces[@]}"; do
        name=${file##*/}
        name=${name%.trace}
        for pair in program:program command:command recorder:recorder recorded_utc:date events:events \
            threads:threads duration_us:duration_us peak_live_bytes:peak_live_bytes; do
            listed=$(manifest "SELECT ${pair%:*} FROM manifest WHERE trace = '$name'")
            told=$(info "$name" "SELECT value FROM info WHERE key = '${pair#*:}'")
            echo "$name ${pair%:*}: listed '$listed', told '$told'"
            [ -n "$listed" ]
            [ "$listed" = "$told" ]
        done
    done
}

@test "the manifest has each trace's size, checksum, recipe and version" {
    for file in "${traces[@]}"; do
        name=${file##*/}
        name=${name%.trace}
        row=$(manifest "SELECT bytes || ',' || sha256 || ',' || recipe FROM manifest WHERE trace = '$name'")
        sum=$(sha256sum <"$file")
        echo "$name: $row"
        [ "$row" = "$(stat -c %s "$file"),${sum%% *},recipes/$name" ]
        [ -x "$SOURCE_DIR/traces/recipes/$name" ]
        [ -n "$(manifest "SELECT version FROM manifest WHERE trace = '$name' AND version <> ''")" ]
    done
}

@test "the manifest tells operations in percent of all events" {
    manifest "SELECT trace, malloc_percent + calloc_percent + realloc_percent + realloc_null_percent + aligned_percent
            + new_percent + free_percent + free_null_percent + usable_size_percent + thread_percent FROM manifest
            WHERE abs(100 - malloc_percent - calloc_percent - realloc_percent - realloc_null_percent - aligned_percent
            - new_percent - free_percent - free_null_percent - usable_size_percent - thread_percent) > 0.06" >wrong.txt
    cat wrong.txt
    [ ! -s wrong.txt ]
    for file in "${traces[@]}"; do
        name=${file##*/}
        name=${name%.trace}
        listed=$(manifest "SELECT malloc_percent, realloc_percent, free_percent, cross_thread_percent
            FROM manifest WHERE trace = '$name'")
        told=$(info "$name" "WITH n AS (SELECT
            (SELECT value FROM info WHERE key = 'events') / 100.0 AS one,
            (SELECT coalesce(sum(value), 0) FROM info WHERE key IN ('op.malloc', 'op.arena_malloc')) AS mallocs,
            (SELECT coalesce(sum(value), 0) FROM info WHERE key LIKE 'op.%realloc%') AS reallocs,
            (SELECT coalesce(sum(value), 0) FROM info WHERE key LIKE 'op.%free' OR key LIKE 'op.delete%') AS frees,
            (SELECT value FROM info WHERE key = 'null_reallocs') AS null_reallocs,
            (SELECT value FROM info WHERE key = 'null_releases') AS null_releases,
            (SELECT value FROM info WHERE key = 'cross_thread_releases') AS crossing,
            (SELECT value FROM info WHERE key = 'releases') AS releases)
            SELECT printf('%.2f|%.2f|%.2f|%.2f', mallocs / one, (reallocs - null_reallocs) / one,
            (frees - null_releases) / one, 100.0 * crossing / releases) FROM n")
        echo "$name: listed '$listed', told '$told'"
        [ "$listed" = "$told" ]
    done
}

@test "every trace is in one half, and no program in both" {
    sqlite3 :memory: ".import --csv '$corpus/MANIFEST.csv' manifest" \
        ".import --csv '$SOURCE_DIR/traces/recipes/corpus.csv' corpus" "
        SELECT trace || ': the manifest has another half than corpus.csv' FROM manifest LEFT JOIN corpus USING (trace)
            WHERE corpus.split IS NULL OR corpus.split <> manifest.split;
        SELECT trace || ': is in no half' FROM corpus WHERE split NOT IN ('tune', 'judge') OR split IS NULL;
        SELECT trace || ': stands twice' FROM corpus GROUP BY trace HAVING count(*) > 1;
        SELECT trace || ': lacks a description' FROM corpus WHERE kind = '' OR records = '' OR asks = '';
        SELECT program || ': is in both halves' FROM manifest GROUP BY program HAVING count(DISTINCT split) > 1;
        SELECT kind || ': is in one half only' FROM corpus WHERE kind IN ('server', 'compiler', 'interpreter', 'database')
            GROUP BY kind HAVING count(DISTINCT split) < 2;
        SELECT 'the halves differ in size' FROM (SELECT sum(split = 'tune') - sum(split = 'judge') AS more FROM corpus)
            WHERE abs(more) > 2;
        " >wrong.txt
    cat wrong.txt
    [ ! -s wrong.txt ]
}

@test "every recipe has a place in the corpus" {
    "$SOURCE_DIR/traces/recipes/all" --list >recipes.txt
    [ -s recipes.txt ]
    cut -d, -f1 "$SOURCE_DIR/traces/recipes/corpus.csv" >places.txt
    run ! grep -vxFf places.txt recipes.txt
}

@test "the tables in the README are those of the manifest" {
    [[ ! ${CORPUS-} ]] || skip "CORPUS names another folder"
    sed -n '/^<!-- corpus: begin/,/^<!-- corpus: end/p' "$SOURCE_DIR/traces/README.md" | sed '1d;$d' >written.txt
    [ -s written.txt ]
    diff written.txt <("$SOURCE_DIR/scripts/corpus_table") ||
        { echo "run scripts/corpus_table --write"; false; }
}

@test "the picture is there and small" {
    picture=$SOURCE_DIR/analysis/images/size-lifetime.png
    [ "$(stat -c %s "$picture")" -le 300000 ]
    [ "$(head -c 4 "$picture" | tail -c 3)" = PNG ]
}

@test "manifest looks into those traces only that have changed" {
    mkdir folder
    for name in jq perl sqlite; do
        cp "$corpus/$name.trace" folder/
    done
    grep -E '^"(trace|jq|perl|sqlite)"' "$corpus/MANIFEST.csv" >folder/MANIFEST.csv
    cp folder/MANIFEST.csv before.csv
    # There is no program to look into one with.
    BUILD_DIR=$PWD/nowhere "$SOURCE_DIR/traces/recipes/manifest" folder
    diff before.csv folder/MANIFEST.csv

    cp "$corpus/jq.trace" folder/perl.trace
    "$SOURCE_DIR/traces/recipes/manifest" folder
    diff <(grep -v '^"perl"' before.csv) <(grep -v '^"perl"' folder/MANIFEST.csv)
    row=$(sqlite3 :memory: ".import --csv folder/MANIFEST.csv m" "SELECT split, recipe, program, version FROM m
        WHERE trace = 'perl'")
    [ "$row" = "tune|recipes/perl|jq|" ]
    "$SOURCE_DIR/traces/recipes/manifest" folder perl 1.2-3
    [[ $(grep '^"perl"' folder/MANIFEST.csv) == '"perl","tune","recipes/perl","jq","1.2-3",'* ]]
}

@test "all goes on after a recipe that failed, and says so" {
    recipe_tree
    recipe first bash 'touch "$recipe_folder/first.done"'
    recipe second bash 'recipe_fail "cannot"'
    recipe third bash 'touch "$recipe_folder/third.done"'
    run -0 traces/recipes/all --list
    [ "$output" = $'first\nsecond\nthird' ]
    run -1 traces/recipes/all --folder="$PWD/out"
    echo "$output"
    [[ $output == *"recipes/second: cannot"* ]]
    [ "${lines[-1]}" = "== recorded 2 of 3; failed: second" ]
    [ -e out/first.done ]
    [ -e out/third.done ]
    run -0 traces/recipes/all --folder="$PWD/again" third first
    [ "${lines[-1]}" = "== recorded 2 of 2" ]
    [ -e again/third.done ]
}

@test "all names every package that the chosen recipes lack, and records none of them" {
    recipe_tree
    recipe first bash,no-such-package-one 'touch "$recipe_folder/first.done"'
    recipe second no-such-package-two,no-such-package-one true
    recipe third bash 'touch "$recipe_folder/third.done"'
    run -2 traces/recipes/all --folder="$PWD/out"
    echo "$output"
    [ "$output" = "recipes/all: packages are missing; --install, or: apt-get install --no-install-recommends no-such-package-one no-such-package-two" ]
    [ ! -e out ]
    run -0 traces/recipes/all --folder="$PWD/out" third
    [ -e out/third.done ]
    run -2 traces/recipes/first
    [[ $output == "recipes/first: needs bash: apt-get install --no-install-recommends no-such-package-one" ]]
    for words in nosuch --nosuch "first nosuch"; do
        # shellcheck disable=SC2086
        run -2 traces/recipes/all $words
        [[ $output == "recipes/all: there is no "* ]]
    done
}

@test "a program that did not do its work leaves no trace" {
    recipe_tree
    cp "$SOURCE_DIR/traces/recipes/manifest" "$SOURCE_DIR/traces/recipes/corpus.csv" traces/recipes/
    recipe idle bash $'recipe_expected=^done$\nrecipe_record -- echo nothing'
    run -2 traces/recipes/idle out
    [[ $output == *"recipes/idle: the program did not print /^done$/"* ]]
    [ ! -e out/idle.trace ]
    recipe busy bash $'recipe_expected=^done$\nrecipe_record -- /bin/sh -c "echo done"'
    run -0 traces/recipes/busy out
    [ -e out/busy.trace ]
    [[ $(tail -n 1 out/MANIFEST.csv) == '"busy","","recipes/busy",'* ]]
}
