# shellcheck shell=bash disable=SC2154
# How scripts/campaign runs its jobs and tells how they ended. Sourced by it.

interrupted='' running=''

# ---- how jobs ended ----

# Of each job the status that it ended with last, by number from 1; none of those that did not end. One without a
# result did not, whatever it says.
read_states() {
    local job status
    states=()
    while read -r job status; do
        states[job]=$status
        ((status != 0)) || [[ -e $out/jobs/${names[job - 1]}/meta.csv ]] || states[job]=255
    done < <(awk -F '\t' '$1 ~ /^[0-9]+$/ { print $1, ($8 > 0 ? 128 + $8 : $7) }' "$out/joblog" 2>/dev/null)
}

# So that parallel runs it again.
forget_job() {
    awk -F '\t' -v job="$1" '$1 != job' "$out/joblog" >"$scratch/joblog" && cp "$scratch/joblog" "$out/joblog"
}

# What is left of jobs that failed would be gone on with, and not run again. One that was interrupted goes on where its
# files are.
clear_folders() {
    local i status
    read_states
    for i in "${!names[@]}"; do
        status=${states[i + 1]-130}
        ((status != 0)) || continue
        ((status != 255)) || forget_job $((i + 1))
        [[ $machines != ssh && $status == 130 ]] || rm -rf "$out/jobs/${names[i]}"
    done
}

# ---- while they run ----

shown=0 # lines of joblog that were told
is_terminal=''
[[ -t 2 ]] && is_terminal=yes

clear_line() {
    [[ ! $is_terminal ]] || printf '\r\e[K' >&2
}

reason_of() { # NAME
    local line
    line=$(grep -E '^(replay|scripts/campaign_job): ' "$out/jobs/$1/job.log" 2>/dev/null | tail -n 1)
    echo "${line:+: ${line#*: }}"
}

tell_job() { # JOB HOST SECONDS STATUS
    local name=${names[$1 - 1]} host=${2##*[ /]} verdict=ok
    [[ $host != : ]] || host="this machine"
    (($4 == 0)) || verdict="status $4$(reason_of "$name")"
    clear_line
    echo "$name on $host: $verdict, ${3%.*} s" >&2
}

tell_new() {
    local job host seconds status signal
    while IFS=$'\t' read -r job host _ seconds _ _ status signal _; do
        shown=$((shown + 1))
        [[ $job == Seq || $quiet ]] || tell_job "$job" "$host" "${seconds// /}" "$((signal > 0 ? 128 + signal : status))"
    done < <(tail -n "+$((shown + 1))" "$out/joblog")
}

# By what share of the bytes is done, those of before --resume left out.
tell_progress() {
    local i done=0 bytes_done=0 bytes=0 left='' elapsed=$((SECONDS - begun_s))
    [[ $is_terminal && ! $quiet ]] || return 0
    read_states
    for i in "${!names[@]}"; do
        [[ ! ${is_old[i]-} ]] || continue
        bytes=$((bytes + sizes[i] + 1))
        [[ ${states[i + 1]-} ]] || continue
        done=$((done + 1)) bytes_done=$((bytes_done + sizes[i] + 1))
    done
    ((bytes_done == 0)) || left=", about $((elapsed * (bytes - bytes_done) / bytes_done)) s left"
    printf '\r\e[K%d of %d jobs done, %d s%s' "$((done + old_count))" "${#names[@]}" "$elapsed" "$left" >&2
}

stop_jobs() {
    interrupted=yes
    case $machines in
    slurm) [[ ! $running ]] || scancel "$running" ;;
    *) [[ ! $running ]] || kill -TERM "$running" 2>/dev/null || true ;;
    esac
}

# watch COMMAND...: tells of jobs for as long as the command is true.
watch() {
    while "$@"; do
        collect_jobs
        tell_new
        tell_progress
        sleep 0.5 || true
    done
    collect_jobs
    tell_new
    clear_line
}

# ---- GNU parallel ----

# A line for each job: what parallel puts in for {1}, {2}, ...
print_inputs() {
    local i path
    for i in "${!names[@]}"; do
        path=${paths[i]}
        printf '%s\t%s\t%s\t%s\t%s\n' "${names[i]}" "${sums[i]}" "$(seed_of "${names[i]}")" \
            "$(remote_path "$path")" "${path%/*}/./${path##*/}"
    done
}

# Where the trace is on the machine that replays it: sent traces are in the folder that the job starts in.
remote_path() {
    if [[ $machines != ssh ]]; then
        echo "$1"
    elif [[ $remote_traces ]]; then
        [[ $1 == "$root"/* ]] || fail 2 "$1: is not in the checkout $root, as --remote-traces wants"
        echo "$remote_root${1#"$root"}"
    else
        echo "${1##*/}"
    fi
}

collect_jobs() {
    [[ $machines != slurm ]] || collect_tasks
}

is_alive() {
    kill -0 "$1" 2>/dev/null
}

run_parallel() {
    local options=() job
    printf -v job '%q ' "$remote_root/scripts/campaign_job"
    [[ $machines == ssh ]] || job+="-r "
    job+="$build {4} {2} $([[ $machines == ssh ]] || printf '%q/' "$out")jobs/{1} --seed={3}"
    printf -v job '%s%s' "$job" "$( ((${#replay_options[@]})) && printf ' %q' "${replay_options[@]}")"
    if [[ $machines == ssh ]]; then
        options+=(--sshloginfile "$scratch/logins" --workdir ... --return "jobs/{1}" --cleanup)
        [[ $remote_traces ]] || options+=(--transferfile "{5}")
        cd "$out" || exit 4
    fi
    parallel --will-cite -j1 --joblog "$out/joblog" --resume-failed --colsep '\t' \
        --termseq INT,10000,TERM,5000,KILL,25 "${options[@]}" -a "$scratch/inputs" "$job" >&2 &
    running=$!
    watch is_alive "$running"
    wait "$running" || true
}

# ---- Slurm ----

# A file of each task, which its number names.
write_tasks() {
    local i
    rm -rf "$out/slurm"
    mkdir -p "$out/slurm"
    for i in "${!names[@]}"; do
        ((${states[i + 1]-1} != 0)) || continue
        printf '%q ' "$remote_root/scripts/campaign_job" -r "$build" "${paths[i]}" "${sums[i]}" "$out/jobs/${names[i]}" \
            --seed="$(seed_of "${names[i]}")" "${replay_options[@]}" >"$out/slurm/$((i + 1)).task"
        task_numbers+=",$((i + 1))"
    done
}

# What a node runs: a line of joblog stands in the task's .end when it is through.
print_task_script() {
    cat <<END
#!/bin/bash
cd $(printf %q "$PWD") || exit
task=$(printf %q "$out/slurm")/\$SLURM_ARRAY_TASK_ID
start=\$(date +%s.%3N)
bash "\$task.task"
status=\$?
printf '%s\\t%s\\t%s\\t%s\\t0\\t0\\t%s\\t0\\t%s\\n' "\$SLURM_ARRAY_TASK_ID" "\$(uname -n)" "\$start" \\
    "\$(echo "\$(date +%s.%3N) \$start" | awk '{ printf "%10.3f", \$1 - \$2 }')" "\$status" "\$(cat "\$task.task")" >"\$task.part"
mv "\$task.part" "\$task.end"
exit \$status
END
}

collect_tasks() {
    local file
    for file in "$out"/slurm/*.end; do
        [[ -e $file ]] || continue
        cat "$file" >>"$out/joblog"
        mv "$file" "${file%.end}.told"
    done
}

is_queued() {
    [[ $(squeue -h -j "$1" 2>/dev/null) ]]
}

run_slurm() {
    local task_numbers=''
    write_tasks
    [[ $task_numbers ]] || return 0
    running=$(print_task_script | sbatch --parsable --exclusive --export=NONE --array="${task_numbers#,}" \
        --job-name=heapreel --output="$out/slurm/%a.out") || fail 2 "sbatch refused the jobs"
    running=${running%%;*}
    echo "$running" >"$out/slurm/array"
    [[ $quiet ]] || echo "== job array $running" >&2
    watch is_queued "$running"
}

# One that goes on without this command would write into the same folders.
check_no_array() {
    [[ -r $out/slurm/array ]] || return 0
    local array
    array=$(cat "$out/slurm/array")
    ! is_queued "$array" || fail 2 "the job array $array of this campaign is still running: wait for it, or scancel $array"
    collect_tasks
}

# ---- the whole ----

run_jobs() {
    local i is_old=() old_count=0 begun_s=$SECONDS states=()
    [[ $machines != slurm ]] || check_no_array
    clear_folders
    for i in "${!names[@]}"; do
        ((${states[i + 1]-1} == 0)) && is_old[i]=yes old_count=$((old_count + 1))
    done
    shown=$(wc -l <"$out/joblog")
    ((old_count < ${#names[@]})) || return 0
    print_inputs >"$scratch/inputs"
    [[ $quiet ]] || echo "== $((${#names[@]} - old_count)) of ${#names[@]} jobs" >&2
    trap stop_jobs INT TERM HUP
    case $machines in
    slurm) run_slurm ;;
    *) run_parallel ;;
    esac
    trap - INT TERM HUP
}

# The largest status counts: a run that failed is less than what kept a job from running.
report_jobs() {
    local i status worst=0 failed=() missing=() states=()
    read_states
    for i in "${!names[@]}"; do
        status=${states[i + 1]-}
        if [[ ! $status ]]; then
            missing+=("${names[i]}")
        elif ((status != 0)); then
            failed+=("${names[i]}")
            ((status <= 4)) || status=1
            ((status <= worst)) || worst=$status
        fi
    done
    ((${#failed[@]} == 0)) || echo "scripts/campaign: failed: ${failed[*]}; why is in $out/jobs/TRACE/job.log" >&2
    ((${#missing[@]} == 0)) || echo "scripts/campaign: not run: ${missing[*]}" >&2
    ((${#failed[@]} + ${#missing[@]} == 0)) || echo "scripts/campaign: to go on: scripts/campaign --resume -o $out" >&2
    [[ ! $interrupted ]] || exit 130
    ((${#missing[@]} == 0)) || ((worst > 0)) || worst=1
    exit "$worst"
}
