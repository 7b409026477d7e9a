#!/usr/bin/env bats
# The corpus: every trace is whole, tells nothing of the machine it was recorded on, and is what
# MANIFEST.csv says. CORPUS names another folder than traces/.

bats_require_minimum_version 1.5.0

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

# The metadata of a trace, a line of key,value each.
metadata() {
    "$trace" info --format=csv "$1" | tail -n +2
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
    [ "$bytes" -le 12000000 ]
}

@test "no trace names a path or a host" {
    for file in "${traces[@]}"; do
        metadata "$file" >metadata.txt
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
        "$trace" info --format=csv "$file" >info.csv
        for pair in program:program command:command recorder:recorder recorded_utc:date events:events \
            threads:threads duration_us:duration_us peak_live_bytes:peak_live_bytes; do
            listed=$(manifest "SELECT ${pair%:*} FROM manifest WHERE trace = '$name'")
            told=$(sqlite3 :memory: ".import --csv info.csv info" \
                "SELECT value FROM info WHERE key = '${pair#*:}'")
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
