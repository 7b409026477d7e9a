# shellcheck shell=bash
# How a recipe measures its program in place of recording it: `NAME --measure=FOLDER` reads FOLDER/plan, a line for
# each run, fields separated by tabs:
#
#     ROUND ORDER ALLOCATOR LIBRARY [VARIABLE=VALUE...]      LIBRARY is preloaded; - for none
#
# runs them in that order, and adds to FOLDER/runs, as each has ended, a line of fields separated by tabs: ROUND
# ORDER ALLOCATOR STARTED_UTC STATUS, seven numbers (below), the name of the process, and a message. A run that fails
# is told by its status, and the others go on. To be sourced by common.sh.
#
# hyperfine runs the program as its witness; program_meter, between the two, says what the one process took of
# which the trace is, also where it is a server's. The seven: its CPU time in ns, its peak RSS in bytes, CPU time of
# all processes in ns, how many there were; hyperfine's wall time and CPU time in ns; the exit status.
# shellcheck disable=SC2154 # common.sh and recipe_begin assign the names
measure_variables=()
measure_limit_s=${RECIPE_TIMEOUT:-600}

# measure_begin PROGRAM: looks at what is needed.
measure_begin() {
    [[ -x $build/program_meter ]] || recipe_fail "needs $build/program_meter"
    command -v hyperfine >/dev/null || recipe_fail "needs hyperfine"
    [[ -r $recipe_folder/plan ]] || recipe_fail "$recipe_folder/plan: not there"
    # A program that brings an allocator of its own, as a library, is on glibc's only when that comes before it.
    measure_brought=$(ldd "$(realpath "$1")" 2>/dev/null |
        sed -nE 's/^\s*(lib(jemalloc|tcmalloc|mimalloc|tbbmalloc)[^ ]*) .*/\1/p' | head -n 1)
    measure_libc=$(ldd /bin/sh | sed -nE 's/.*libc\.so\.6 => ([^ ]+).*/\1/p')
}

measure_quote() {
    local word
    for word in "$@"; do
        printf "'%s' " "${word//\'/\'\\\'\'}"
    done
}

# measure_program COMMAND...: what recipe_trace becomes. What the program prints it prints.
measure_program() {
    local process=() option
    for option in "${recipe_options[@]}"; do
        [[ $option != --process=* ]] || process=("$option")
    done
    hyperfine -N -n program --style none --runs 1 --ignore-failure --output inherit --export-csv "$measure_file.hyperfine" \
        "$(measure_quote "$build/program_meter" "$measure_file.meter" "${process[@]}" \
            timeout --foreground -k 10 "$measure_limit_s" "$@")" 3>&-
    [[ -s $measure_file.meter ]] || return 1
    local status
    IFS=, read -r status _ <"$measure_file.meter"
    return "$status"
}

# measure_runs FUNCTION: see recipe_session.
measure_runs() {
    local round order allocator library rest
    measure_file=$recipe_work/.measured
    trap 'exit 130' INT TERM
    while IFS=$'\t' read -r -u 3 round order allocator library rest; do
        IFS=$'\t' read -ra measure_variables <<<"$rest"
        measure_note=
        if [[ $library == - && -n $measure_brought ]]; then
            library=$measure_libc
            measure_note="brings $measure_brought: glibc was preloaded"
        fi
        [[ $library == - ]] || measure_variables+=("LD_PRELOAD=$library")
        ((!${#measure_variables[@]})) || measure_variables=(env "${measure_variables[@]}")
        measure_run "$1" "$round" "$order" "$allocator"
    done 3<"$recipe_folder/plan"
}

# measure_run FUNCTION ROUND ORDER ALLOCATOR
measure_run() {
    local status started message process numbers
    started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    rm -f "$measure_file".* server.log
    set +e # in a condition, a function would go on after what fails in it
    (
        set -e
        "$1" 3>&-
    ) >"$measure_file.log" 2>&1
    status=$?
    set -e
    measure_read
    measure_judge "$status"
    printf '%s\t' "$2" "$3" "$4" "$started" "$status" "${numbers[@]}" "$process" >>"$recipe_folder/runs"
    printf '%s\n' "$message" >>"$recipe_folder/runs"
}

measure_ns() { # SECONDS [+ SECONDS]
    awk "BEGIN { printf \"%.0f\", 1e9 * ($1) }"
}

# Sets `numbers` and `process`; what is not known is empty.
measure_read() {
    local exit_status cpu peak all count wall user system
    numbers=("" "" "" "" "" "" "")
    process=
    [[ -s $measure_file.meter && -s $measure_file.hyperfine ]] || return 0
    IFS=, read -r exit_status cpu peak all count process <"$measure_file.meter"
    IFS=, read -r _ wall _ _ user system _ < <(tail -n 1 "$measure_file.hyperfine")
    numbers=("$cpu" "$peak" "$all" "$count" "$(measure_ns "$wall")" "$(measure_ns "$user + $system")" "$exit_status")
}

# measure_judge STATUS: sets `status` to a word of runs.csv, and `message`.
measure_judge() {
    local exit_status=${numbers[6]}
    message=
    if grep -qsa 'LD_PRELOAD cannot be preloaded' "$measure_file.log" server.log; then
        status=refused
        message="the library could not be preloaded"
    elif [[ $exit_status == 124 ]] || ((${numbers[4]:-0} >= measure_limit_s * 1000000000)); then
        status=timeout
        message="not over after $measure_limit_s s"
    elif (($1 == 0)); then
        status=ok
        message=$measure_note
        return
    else
        status=crash
        message=$(grep -avE '^ *$|Ignoring non-zero exit code' "$measure_file.log" | tail -n 1 |
            tr -c '[:print:]' ' ' | cut -c 1-200)
        message="${exit_status:+exit status $exit_status}${message:+${exit_status:+: }$message}"
    fi
    numbers=("" "" "" "" "" "" "$exit_status")
}
