# shellcheck shell=bash disable=SC2034
# What the scripts share. Sourced, it sets `root` to the top folder of the repository.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(gcc libc6-dev cmake ninja-build pkg-config libzstd-dev libcsv-dev libexpat1-dev libmd-dev libcmocka-dev bats)
chart_packages=(gnuplot-nox fonts-dejavu-core)
campaign_packages=(parallel rsync openssh-client openssh-server slurm-wlm munge)
allocator_packages=(libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 libtbbmalloc2)

# fail STATUS MESSAGE
fail() {
    echo "scripts/${0##*/}: $2" >&2
    exit "$1"
}

# help_if_asked "$@": a script's help is the comment at its top.
help_if_asked() {
    [[ ${1-} == --help || ${1-} == -h ]] || return 0
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
}

# quietly WHAT COMMAND...: shows what the command prints only when it fails, which ends the script.
quietly() {
    local what=$1 log
    shift
    echo "== $what"
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        tail -n 100 "$log" >&2
        rm -f "$log"
        fail 1 "failed: $what"
    fi
    rm -f "$log"
}

# need_packages PACKAGE...: installs those that are missing, or names them and ends with status 2.
need_packages() {
    local missing=() as_root=() package log
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed* ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    local names="missing packages: ${missing[*]}"
    command -v apt-get >/dev/null || fail 2 "$names; install them by hand, there is no apt-get here"
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail 2 "$names; install them as root, there is no sudo here"
        as_root=(sudo)
    fi
    echo "== installing ${missing[*]}"
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
            --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail 2 "$names; apt-get could not install them"
    fi
    rm -f "$log"
}

# build_release [CMAKE_OPTION...]: builds into build/.
build_release() {
    cd "$root"
    quietly "configuring build/" cmake --preset release "$@"
    quietly "building build/" cmake --build --preset release -- --quiet
}

# need_program NAME: ends the script when build/NAME is not there.
need_program() {
    [[ -x $root/build/$1 ]] ||
        fail 2 "$root/build/$1 is not built: run scripts/quickstart, or cmake --preset release && cmake --build --preset release"
}
