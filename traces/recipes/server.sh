# shellcheck shell=bash
# What the recipes of servers share: the server is recorded in the background while clients, which are not
# recorded, work it; however the recipe ends, no process is left behind. To be sourced after recipe_begin.
# shellcheck disable=SC2154 # recipe_begin assigns the names
server_group=
server_signal=TERM # ends the server at once, whatever its clients do

# In a process group of its own, so that all of it can be ended together.
# server_start COMMAND [ARG...]: starts COMMAND, a recorder of a server, with its output in server.log.
server_start() {
    trap 'server_kill; recipe_end' EXIT
    set -m
    "$@" </dev/null >server.log 2>&1 &
    set +m
    server_group=$!
}

server_runs() {
    kill -0 -- "-$server_group" 2>/dev/null
}

# server_await COMMAND [ARG...]: waits until COMMAND, which asks the server something, succeeds.
server_await() {
    local attempt
    for ((attempt = 0; attempt < 600; attempt++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        server_runs || break
        sleep 0.1
    done
    server_fail "the server does not answer"
}

# server_finish: waits until the server, which has been told to end, is over and its trace written.
server_finish() {
    local status=0
    wait "$server_group" || status=$?
    ((status == 0)) || server_fail "the recorder ended with status $status"
    grep '^trace record' server.log || true
    server_group=
}

# server_fail MESSAGE: as recipe_fail, after the last that the server said.
server_fail() {
    tail -n 20 server.log >&2
    recipe_fail "$1"
}

# Ends what is still there: the server by its signal, in half a minute by force.
server_kill() {
    local attempt
    [[ -n $server_group ]] || return 0
    for ((attempt = 0; attempt < 300; attempt++)); do
        server_runs || return 0
        ((attempt > 0)) || kill "-$server_signal" -- "-$server_group" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$server_group" 2>/dev/null || true
}
