# shellcheck shell=bash disable=SC2154
# What scripts/campaign sees to before it starts: that all machines measure the same. Sourced by it.

logins=()

read_logins() {
    [[ -r $sshlogins ]] || fail 2 "$sshlogins: cannot be read"
    sshlogins=$(realpath "$sshlogins")
    mapfile -t logins < <(sed -e 's/#.*//' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$sshlogins")
    ((${#logins[@]})) || fail 2 "$sshlogins: names no machine"
    # parallel takes a comment behind a login for a part of it.
    printf '%s\n' "${logins[@]}" >"$scratch/logins"
    local login
    for login in "${logins[@]}"; do
        [[ $login != *: ]] || fail 2 "$sshlogins: '$login' is this machine; name it as one that ssh reaches"
    done
}

# login_name LOGIN: how a machine is called in messages: without the ssh command before it.
login_name() {
    local name=${1##*[ /]}
    echo "${name//[^A-Za-z0-9._@-]/_}"
}

# One of 200 calls, which each machine replays first.
make_probe() { # FILE
    awk 'BEGIN {
        print "# heapreel trace as text, version 1\n# program=probe\n# recorder=made"
        for (i = 0; i < 100; i++)
            printf "%d %d 0 malloc %d = #%d\n%d %d 0 free #%d\n", 2 * i, i, 16 + i, i + 1, 2 * i + 1, i, i + 1
    }' >"$1.txt"
    "$root/build/trace" convert "$1.txt" "$1" >/dev/null
}

# probe_machine NAME LOGIN: into probes/NAME, its status into NAME.joblog.
probe_machine() {
    local trace=$scratch/$1.trace sum job
    make_probe "$trace" || return
    sum=$(sha256sum <"$trace")
    echo "$2" >"$scratch/$1.login"
    printf -v job '%q %q {/} %q %q --seed=1' "$remote_root/scripts/campaign_job" "$build" "${sum%% *}" "probes/$1"
    printf -v job '%s%s' "$job" "$( ((${#replay_options[@]})) && printf ' %q' "${replay_options[@]}") -r 1"
    cd "$scratch" || return
    parallel --will-cite -j1 --sshloginfile "$1.login" --joblog "$1.joblog" --workdir ... --transferfile "{}" \
        --return "probes/$1" --cleanup "$job" ::: "$scratch/./$1.trace" >"$1.log" 2>&1
}

# say_probe NAME: fails where the machine cannot take part. That a run fails is no reason.
say_probe() {
    local status reason
    status=$(awk -F '\t' '$1 == 1 { print ($8 > 0 ? 128 + $8 : $7) }' "$scratch/$1.joblog" 2>/dev/null) || true
    ((${status:-255} > 1)) || return 0
    reason=$(sed -n 's/^\(scripts\/campaign_job\|replay\): //p' "$scratch/probes/$1/job.log" 2>/dev/null | head -n 1)
    [[ $reason ]] || reason=$(grep -v '^[[:space:]]*$' "$scratch/$1.log" | head -n 3 | tr '\n' ' ')
    echo "scripts/campaign: ${1#*-}: cannot take part: ${reason:-status ${status:-unknown}}" >&2
    return 1
}

# Two logins that are one machine, or that a result cannot tell apart.
warn_of_twins() {
    local log name host boot
    local -A names_of_boot=() boot_of_host=()
    for log in "$scratch"/probes/*/job.log; do
        name=${log%/job.log}
        name=${name##*/}
        read -r _ host boot < <(grep '^machine ' "$log")
        if [[ ${names_of_boot[$boot]-} ]]; then
            echo "scripts/campaign: warning: ${names_of_boot[$boot]} and ${name#*-} are one machine: their jobs disturb each other's times" >&2
        elif [[ ${boot_of_host[$host]-$boot} != "$boot" ]]; then
            echo "scripts/campaign: warning: two machines call themselves $host: the result will not tell them apart" >&2
        fi
        names_of_boot[$boot]=${name#*-}
        boot_of_host[$host]=$boot
    done
}

probe_logins() {
    local i probes=() failed=''
    [[ $quiet ]] || echo "== asking ${#logins[@]} machine(s)" >&2
    mkdir -p "$scratch/probes"
    for i in "${!logins[@]}"; do
        probes+=("$i-$(login_name "${logins[i]}")")
        probe_machine "${probes[i]}" "${logins[i]}" &
    done
    wait
    for i in "${!logins[@]}"; do
        say_probe "${probes[i]}" || failed=yes
    done
    [[ ! $failed ]] || fail 2 "nothing was started"
    (cd "$scratch/probes" && "$root/build/report" merge --check "${probes[@]}") ||
        fail 2 "the machines do not fit together; nothing was started"
    warn_of_twins
}

# The options, as this machine understands them.
probe_here() {
    local status=0
    make_probe "$scratch/probe.trace"
    "$root/build/replay" -q -o "$scratch/probe" --seed=1 "${replay_options[@]}" -r 1 "$scratch/probe.trace" 2>"$scratch/log" || status=$?
    if ((status > 1)); then
        cat "$scratch/log" >&2
        exit "$status"
    fi
}

check_machines() {
    need_program trace
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    case $machines in
    here)
        need_packages parallel
        probe_here
        ;;
    ssh)
        need_packages parallel rsync openssh-client
        read_logins
        probe_logins
        ;;
    slurm)
        command -v sbatch >/dev/null || fail 2 "there is no sbatch here: --slurm is for where Slurm is installed"
        probe_here
        ;;
    esac
}
