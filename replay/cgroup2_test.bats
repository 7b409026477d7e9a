#!/usr/bin/env bats
# The search for the smallest memory in a unified cgroup hierarchy, in a kernel of its own: user mode Linux (Debian's
# package user-mode-linux), which needs no rights and has that hierarchy for itself whatever the machine has.

setup() {
    cd "$BATS_TEST_TMPDIR"
    PATH="$BUILD_DIR:$PATH"
}

# Runs a script as the only process of a kernel; its files are in this folder, as here.
run_in_kernel() { # SCRIPT on standard input
    {
        echo "#!/bin/bash"
        echo "exec < /dev/null > '$PWD/log' 2>&1"
        echo "export PATH='$PATH' cg=/sys/fs/cgroup"
        echo "mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t cgroup2 none \$cg; cd '$PWD'"
        cat
        echo "echo o > /proc/sysrq-trigger; sleep 10"
    } > init
    chmod +x init
    HOME=$PWD timeout 300 linux.uml mem=512M rootfstype=hostfs rootflags=/ rw init="$PWD/init" quiet con=null con0=null,fd:1 \
        < /dev/null > console 2>&1 || true
    cat log
}

@test "in the unified hierarchy a limit is found beside the own cgroup, or it is said why not" {
    command -v linux.uml > uml || skip "user mode Linux is not installed"
    {
        echo "# heapreel trace as text, version 1"
        awk 'BEGIN { for (i = 1; i <= 1000; i++) print i - 1, i * 10, 0, "malloc 1000 = #" i }'
    } > made.txt
    trace convert made.txt a.trace
    run_in_kernel << 'END'
replay --smallest -q -a glibc -o none a.trace 2> root_says; echo $? > root_status
echo +memory > $cg/cgroup.subtree_control
mkdir $cg/job $cg/job/run
echo +memory > $cg/job/cgroup.subtree_control
( echo $BASHPID > $cg/job/run/cgroup.procs; exec replay --smallest -q --timeout=120 -a glibc,heap -o out a.trace ); echo $? > status
find $cg -name 'heapreel.*' > left
grep '^oom_kill ' $cg/job/memory.events > kills
END
    [ "$(cat root_status)" -eq 2 ]
    grep -qF "no memory cgroup: /sys/fs/cgroup/cgroup.subtree_control: the cgroup hands no memory controller on" root_says
    [ "$(cat status)" -eq 0 ]
    cat out/smallest.csv
    # A thousand chunks of 1008 bytes, and a few pages that are no chunks.
    limit=$(grep '"glibc","cgroup","ok"' out/smallest.csv | cut -d, -f8 | tr -d '"')
    [ "$limit" -ge 1000000 ]
    [ "$limit" -le 1100000 ]
    grep -q '"heap","fixed","ok"' out/smallest.csv
    [ ! -s left ]
    [ "$(cut -d' ' -f2 kills)" -gt 0 ]
}
