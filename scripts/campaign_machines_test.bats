#!/usr/bin/env bats
# scripts/campaign for real: here, over ssh to two daemons on loopback, and on a Slurm of one node. The daemons are
# the test's own, with keys and configuration in its folder.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR"
    campaign=$SOURCE_DIR/scripts/campaign
    # As a checkout whose build/ is the build folder under test.
    mkdir tree
    cp -r "$SOURCE_DIR/scripts" tree/scripts
    ln -s "$BUILD_DIR" tree/build
    campaign=$PWD/tree/scripts/campaign
    report=$BUILD_DIR/report
    "$BUILD_DIR/trace" generate --events=2000 churn a.trace
    "$BUILD_DIR/trace" generate --events=1000 ramp b.trace
    quick=(-a glibc -r 1 -- --loops=1 --bounds=no)
}

teardown() {
    local file
    for file in "$BATS_TEST_TMPDIR"/*.pid; do
        [[ ! -e $file ]] || stop "$(cat "$file")"
    done
    [[ ! ${slurm-} ]] || rm -rf "$slurm"
}

# stop PID: ends a daemon, and waits until it has.
stop() {
    kill "$1" 2>/dev/null || return 0
    for ((i = 0; i < 100; i++)); do
        [[ $(ps -o stat= -p "$1") == [!Z]* ]] || return 0
        sleep 0.1
    done
    kill -KILL "$1"
}

need() { # PROGRAM PACKAGE
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null || skip "there is no $1: apt-get install $2"
}

# ---- without a machine ----

@test "the list has a job for each trace, the largest first, and nothing is run" {
    run -0 "$campaign" --list -o out "$PWD/b.trace" "$PWD/a.trace" -- --seed=7
    [ "${lines[0]}" = "job,trace,file_bytes,sha256,seed,path" ]
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[1]} == "1,a,$(stat -c %s a.trace),$(sha256sum <a.trace | cut -d ' ' -f 1),"*",\"$PWD/a.trace\"" ]]
    [[ ${lines[2]} == 2,b,* ]]
    [ ! -e out ]
    first=$output
    run -0 "$campaign" --list "$PWD/b.trace" "$PWD/a.trace" -- --seed=7
    [ "$output" = "$first" ]
    [ "$(cut -d , -f 5 <<<"$first" | sort -u | wc -l)" -eq 3 ] # a seed for each
}

@test "misuse is told in one line" {
    run -2 "$campaign"
    [[ $output == "scripts/campaign: which traces? See --help" ]]
    run -3 "$campaign" nowhere.trace
    [[ $output == "scripts/campaign: nowhere.trace: is no file that can be read" ]]
    mkdir other
    cp a.trace other
    run -2 "$campaign" a.trace other/a.trace
    [[ $output == *"would both be called 'a'; make a link of another name" ]]
    run -2 "$campaign" --frobnicate a.trace
    [[ $output == "scripts/campaign: no option --frobnicate; see --help" ]]
    run -2 "$campaign" a.trace -- -o elsewhere
    [[ $output == *"-o cannot be handed to replay; see --help" ]]
    run -2 "$campaign" --slurm --sshloginfile hosts a.trace
    [[ $output == *"one or the other" ]]
    run -2 "$campaign" --resume -o nowhere
    [[ $output == *"nowhere: there is no campaign to go on with" ]]
    run -2 "$campaign" -o
    [[ $output == *"-o needs a value; see --help" ]]
    for script in campaign campaign_job; do
        run -0 "$SOURCE_DIR/scripts/$script" --help
        [[ $output == "$script ["* && $output == *"Exit status:"* ]]
    done
}

# ---- GNU parallel, here ----

@test "jobs run here, one result is made of them, and a second campaign does not overwrite it" {
    need parallel parallel
    run -0 "$campaign" -o out b.trace a.trace "${quick[@]}"
    [[ $output == *"== 2 of 2 jobs"*"a on this machine: ok, "*"b on this machine: ok, "*"wrote $PWD/out/runs.csv"* ]]
    [ "$(cut -f 1,7 out/joblog)" = $'Seq\tExitval\n1\t0\n2\t0' ]
    grep -qx '"traces","b,a"' out/meta.csv # as on the command line
    run -0 "$report" summary --format=csv out
    diff <(echo "$output") out/summary.csv
    run -2 "$campaign" -o out a.trace
    [[ $output == *"out: has a campaign already: --resume goes on with it, -o names another folder" ]]
    run -2 "$campaign" --resume -o out a.trace "${quick[@]}"
    [[ $output == *"a campaign goes on as it was begun"* ]]
    run -0 "$campaign" --resume -o out # nothing is left to do
    [[ $output != *" on this machine"* ]]
    run -2 "$campaign" -o bad -a nonsense a.trace
    [[ $output == *nonsense* && $output != *"== 1 of 1"* ]]
    [ ! -e bad ]
}

@test "a job that fails is told, has its result, and runs again; what is done does not" {
    need parallel parallel
    ln -s "$BUILD_DIR/libmisbehaving_allocator.so" bad.so
    run -1 "$campaign" -o out -a glibc -a bad=./bad.so:MISBEHAVE=crash a.trace b.trace -r 1 -p time -- --loops=1 --bounds=no
    [[ $output == *"a on this machine: status 1: 1 run failed; the first: "*"failed: a b; why is in $PWD/out/jobs/TRACE/job.log"* ]]
    [[ $output == *"to go on: scripts/campaign --resume -o $PWD/out" ]]
    grep -q '"a",.*"bad","time","crash"' out/runs.csv
    # As if one of them had been done, and one brought nothing back.
    sed -i 's/\(^1\(\t[^\t]*\)\{5\}\t\)1/\10/' out/joblog
    run -1 "$campaign" --resume -o out
    [[ $output == *"== 1 of 2 jobs"*"b on this machine: status 1"* && $output != *"a on this machine"* ]]
    rm -r out/jobs/a
    run -1 "$campaign" --resume -o out
    [[ $output == *"== 2 of 2 jobs"*"a on this machine: status 1"* ]]
}

@test "an interrupted campaign goes on where it was, with status 130 before" {
    need parallel parallel
    set -m # else SIGINT is ignored in what is started behind &
    timeout -s KILL 60 "$campaign" -o out -a glibc -p time -r 2000 a.trace b.trace -- --loops=1 --bounds=no >log 2>&1 &
    job=$!
    set +m
    for ((i = 0; i < 200; i++)); do
        [[ ! -e out/jobs/a/meta.csv.part ]] || (($(wc -l <out/jobs/a/meta.csv.part) < 40)) || break
        sleep 0.1
    done
    pkill -INT -P "$job"
    status=0
    wait "$job" || status=$?
    [ "$status" -eq 130 ]
    [[ $(cat log) == *"not run: a b"*"to go on: scripts/campaign --resume -o $PWD/out" ]]
    [ ! -e out/runs.csv ]
    grep -q 'interrupted; what was finished is written' out/jobs/a/job.log
    rounds=$(awk -F, 'NR > 1 { print $3 }' out/jobs/a/runs.csv | sort -u | wc -l)
    ((rounds > 0 && rounds < 2000))
    # It is gone on with, and not begun anew.
    begun=$(grep '^"started_utc"' out/jobs/a/meta.csv)
    set -m
    timeout -s KILL 60 "$campaign" --resume -o out >log 2>&1 &
    job=$!
    set +m
    for ((i = 0; i < 200; i++)); do
        [[ ! -e out/jobs/a/meta.csv.part ]] || break
        sleep 0.1
    done
    pkill -INT -P "$job"
    wait "$job" || true
    [ "$(grep '^"started_utc"' out/jobs/a/meta.csv)" = "$begun" ]
    (($(awk -F, 'NR > 1 { print $3 }' out/jobs/a/runs.csv | sort -u | wc -l) >= rounds))
}

# ---- GNU parallel, over ssh ----

# start_sshd NAME PORT: a machine of that name, as far as uname tells.
start_sshd() {
    mkdir -p /run/sshd
    cat >"sshd_$1" <<END
Port $2
ListenAddress 127.0.0.1
HostKey $PWD/host_key
PidFile $PWD/$1.pid
AuthorizedKeysFile $PWD/key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin prohibit-password
StrictModes no
MaxStartups 100
END
    unshare --uts bash -c 'echo "$0" >/proc/sys/kernel/hostname; exec /usr/sbin/sshd -f "$1" -E "$1.log"' "$1" "$PWD/sshd_$1"
    cat >>ssh_config <<END
Host $1
  HostName 127.0.0.1
  Port $2
  User $(id -un)
  IdentityFile $PWD/key
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile $PWD/known
  LogLevel ERROR
END
    echo "1/ssh -F $PWD/ssh_config $1 # a machine" >>hosts
}

@test "over ssh each trace stays on one machine, and machines that do not fit are refused" {
    need parallel parallel
    need rsync rsync
    need sshd openssh-server
    [ "$EUID" -eq 0 ] || skip "a daemon that takes root's key, under another host name, takes root"
    ssh-keygen -q -t ed25519 -N '' -f host_key
    ssh-keygen -q -t ed25519 -N '' -f key
    start_sshd w1 22251
    start_sshd w2 22252
    before=$(find ~/.parallel -mindepth 3 2>/dev/null | grep -v sshlogin || true)
    run -0 "$campaign" -o out --sshloginfile hosts a.trace b.trace "${quick[@]}"
    [[ $output == *"warning: w1 and w2 are one machine"* ]] # so they are
    [[ $output == *"a on w"[12]": ok, "* && $output == *"b on w"[12]": ok, "* ]]
    "$report" summary out >table
    grep -qx '"trace.a.machine","w[12]"' out/meta.csv
    [ "$(cut -f 2 out/joblog | grep -c 'w1$')" -eq 1 ]
    [ "$(cut -f 2 out/joblog | grep -c 'w2$')" -eq 1 ]
    grep -q '^traces come from 2 machines, all rounds of each from one:$' table
    grep -q '^  w2; Linux ' table
    grep -qx '"machine.w2.host","w2"' out/meta.csv
    [ "$(find ~/.parallel -mindepth 3 2>/dev/null | grep -v sshlogin || true)" = "$before" ] # nothing stays there
    # Another build there, and none.
    mkdir other
    cp -r tree/scripts other
    ln -s "$BUILD_DIR" other/build
    echo "# another one" >>other/scripts/campaign_job
    run -2 "$campaign" -o mixed --sshloginfile hosts --remote-root "$PWD/other" a.trace "${quick[@]}"
    [[ $output == *"w1: cannot take part: $PWD/other is another build on w1: "*"nothing was started" ]]
    [ ! -e mixed ]
}

# ---- Slurm ----

start_slurm() {
    local host
    host=$(uname -n)
    # munged wants a folder that all can enter.
    slurm=$(mktemp -d)
    chmod 755 "$slurm"
    mkdir state spool "$slurm/munge"
    chmod 755 "$slurm/munge"
    head -c 1024 /dev/urandom >"$slurm/munge/key"
    chmod 400 "$slurm/munge/key"
    cat >slurm.conf <<END
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/socket
CryptoType=crypto/munge
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=16827
SlurmdPort=16828
SlurmctldPidFile=$PWD/slurmctld.pid
SlurmdPidFile=$PWD/slurmd.pid
SlurmctldLogFile=$PWD/slurmctld.log
SlurmdLogFile=$PWD/slurmd.log
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=10000,batch_sched_delay=0
ReturnToService=2
KillWait=5
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 CPUs=1 RealMemory=100 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
    export SLURM_CONF=$PWD/slurm.conf PATH=$PATH:/usr/sbin
    munged --key-file="$slurm/munge/key" --socket="$slurm/munge/socket" --pid-file="$PWD/munged.pid" \
        --log-file="$PWD/munged.log" --seed-file="$slurm/munge/seed" --num-threads=2
    slurmctld -c -f slurm.conf
    slurmd -f slurm.conf -N "$host"
}

@test "as a job array of Slurm, with what failed run again" {
    need slurmctld slurm-wlm
    need munged munge
    [ "$EUID" -eq 0 ] || skip "these daemons take root"
    start_slurm
    run -0 "$campaign" -o out --slurm a.trace b.trace "${quick[@]}"
    [[ $output == *"== job array "*"a on $(uname -n): ok, "*"b on $(uname -n): ok, "* ]]
    [ "$(cut -f 1,7 out/joblog | sort)" = $'1\t0\n2\t0\nSeq\tExitval' ]
    grep -qx '"traces","a,b"' out/meta.csv
    sed -i '/^2\t/d' out/joblog
    run -0 "$campaign" --resume -o out
    [[ $output == *"== 1 of 2 jobs"*"b on "*": ok"* && $output != *"a on "* ]]
    [ -z "$(squeue -h)" ]
}
