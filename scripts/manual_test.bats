#!/usr/bin/env bats
# The man pages and --help tell of the same options, and teach.

bats_require_minimum_version 1.5.0

# Those that every program has are said in a sentence.
common='^(-\?|--help|--usage|-V|--version)$'

# Options of --help, on standard input: -x and --xyz, a line each.
options_of_help() {
    sed -nE 's/^ {2,6}((-[a-zA-Z?]), )?(--[a-z-]+).*/\2\n\3/p' | grep . | grep -vE -e "$common" | sort
}

# Options of a man page's part, on standard input.
options_of_page() {
    sed -nE '/^\.It Fl /p' | grep -oE 'Fl [a-zA-Z-]+' | sed 's/^Fl /-/' | sort
}

section() { # PAGE NAME: what stands below .Ss NAME
    awk -v head=".Ss $2" '/^\.S[sh] /{ inside = $0 == head } inside' "$1"
}

@test "the man page of replay has its options" {
    page=$(options_of_page <"$SOURCE_DIR/replay/heapreel-replay.1")
    [ "$(wc -l <<<"$page")" -gt 25 ]
    diff <("$BUILD_DIR/replay" --help | options_of_help) - <<<"$page"
}

@test "the man page of trace has the options of each command" {
    commands=$("$BUILD_DIR/trace" --help | sed -nE 's/^  trace ([a-z]+)  +[a-z].*/\1/p')
    [ "$(wc -w <<<"$commands")" -ge 7 ]
    for command in $commands; do
        [ -n "$(section "$SOURCE_DIR/traces/heapreel-trace.1" "$command")" ]
        grep -qx ".Cm $command" "$SOURCE_DIR/traces/heapreel-trace.1"
        diff <("$BUILD_DIR/trace" "$command" --help | options_of_help) \
            <(section "$SOURCE_DIR/traces/heapreel-trace.1" "$command" | options_of_page)
    done
}

@test "the man page of report has its options, and those of compare" {
    page=$SOURCE_DIR/analysis/heapreel-report.1
    diff <("$BUILD_DIR/report" --help | options_of_help) <(sed '/^\.Ss compare/,$d' "$page" | options_of_page)
    diff <("$BUILD_DIR/report" compare --help | options_of_help) <(section "$page" compare | options_of_page)
}

@test "the man pages are without fault" {
    command -v mandoc || command -v man || skip "there is neither mandoc nor man"
    for page in "$SOURCE_DIR"/{replay/heapreel-replay,traces/heapreel-trace,analysis/heapreel-report}.1; do
        if command -v mandoc; then
            mandoc -T lint -W warning "$page"
        fi
        if command -v man; then
            run -0 --separate-stderr env LC_ALL=C.UTF-8 man --warnings -l "$page"
            [ -z "$stderr" ]
            [[ $output == *"EXIT STATUS"*"EXAMPLES"*"SEE ALSO"* ]]
        fi
    done
}

@test "each help has an example and the exit status" {
    for command in "replay" "trace" "report" "report compare" "trace record" "trace info" "trace print" \
        "trace validate" "trace convert" "trace cut" "trace generate"; do
        # shellcheck disable=SC2086
        run -0 "$BUILD_DIR/"$command --help
        [[ $output == "Usage: $command "* ]]
        grep -qE "^  $command " <<<"$output"
        grep -qi "exit status" <<<"$output"
    done
}
