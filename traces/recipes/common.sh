# shellcheck shell=bash
# What the recipes share: a neutral folder to work in, a fixed environment, and the row in MANIFEST.csv.
#
# A recipe is `NAME [FOLDER]`: it makes its input from a fixed seed, records one program and leaves
# FOLDER/NAME.trace (default: traces/). The programs of a build are taken from BUILD_DIR (default: build/).
# `NAME --measure=FOLDER` runs the program on the same input without the recorder: see measure.sh.
set -euo pipefail
unset CDPATH
recipes=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$recipes/../.." && pwd)
build=$(realpath -m "${BUILD_DIR:-$root/build}")

# recipe_fail MESSAGE: ends with status 2, trouble.
recipe_fail() {
    echo "recipes/${0##*/}: $1" >&2
    exit 2
}

# recipe_begin PACKAGE[,PACKAGE...] PROGRAM [FOLDER]: checks what is needed and enters a temporary folder, which
# is removed at the end. PROGRAM, in /usr/bin where no path is given, comes from the first of these Debian packages,
# whose version the manifest tells; the others are needed besides. With --packages in place of FOLDER it prints
# them, a line each.
recipe_begin() {
    local packages package missing=() program=$2 folder=${3:-$root/traces}
    IFS=, read -ra packages <<<"$1"
    case ${3-} in
    --help | -h)
        sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --packages)
        printf '%s\n' "${packages[@]}"
        exit 0
        ;;
    --measure=*)
        recipe_is_measured=yes
        folder=${3#*=}
        ;;
    esac
    [[ $program == */* ]] || program=/usr/bin/$program
    recipe_name=${0##*/}
    for package in "${packages[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed* ]] ||
            missing+=("$package")
    done
    ((!${#missing[@]})) || recipe_fail "needs $2: apt-get install --no-install-recommends ${missing[*]}"
    [[ -x $program ]] || recipe_fail "needs $program, which the package ${packages[0]} should have"
    recipe_version=$(dpkg-query -W -f '${Version}' "${packages[0]}")
    [[ -x $build/trace ]] || recipe_fail "needs $build/trace: cmake --preset release && cmake --build --preset release"
    mkdir -p "$folder"
    recipe_folder=$(cd "$folder" && pwd)
    recipe_work=$(mktemp -d)
    trap recipe_end EXIT
    [[ $recipe_is_measured == no ]] || measure_begin "$program"
    cd "$recipe_work"
}

# Whatever ends the recipe; not at the end of a part of it that runs in a subshell.
recipe_end() {
    [[ $BASHPID != "$$" ]] || rm -rf "$recipe_work"
}

# More options of `trace record`, and a command that runs it as another user.
recipe_options=()
recipe_user=()

# recipe_trace [VARIABLE=VALUE...] -- PROGRAM [ARG...]: runs PROGRAM under the recorder, or measured.
# Nothing of the caller's environment is seen by the program, and addresses are the same each time
# where the kernel allows that, since hash tables of some programs depend on them.
recipe_trace() {
    local variables=() fixed=() recorder=("$build/trace" record "${recipe_options[@]}" -o "$recipe_name.trace" --)
    while [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    shift
    ! setarch -R true 2>/dev/null || fixed=(setarch -R)
    fixed+=(env -i PATH=/usr/bin:/bin HOME=. LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0
        PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 "${variables[@]}" "${recipe_user[@]}")
    if [[ $recipe_is_measured == yes ]]; then
        measure_program "${fixed[@]}" "${measure_variables[@]}" "$@"
    else
        "${fixed[@]}" "${recorder[@]}" "$@"
    fi
}

# recipe_keep: what was recorded is what it should be: puts it in its place and writes its row.
recipe_keep() {
    mv "$recipe_name.trace" "$recipe_folder/"
    "$recipes/manifest" "$recipe_folder" "$recipe_name" "$recipe_version"
}

# recipe_session FUNCTION: FUNCTION makes whatever is not left from the input, runs the program by recipe_trace, and
# looks at what it did. Records and keeps it; or runs it again and again, measured.
recipe_session() {
    if [[ $recipe_is_measured == yes ]]; then
        measure_runs "$1"
    else
        "$1"
        recipe_keep
    fi
}

# recipe_record [VARIABLE=VALUE...] -- PROGRAM [ARG...]: records and keeps PROGRAM. What it prints must match the
# regular expression $recipe_expected, which tells that it did its work. It is run three times more without
# the recorder, for its own CPU time and memory.
recipe_expected=.
recipe_record() {
    recipe_options=(--plain=3)
    recipe_command=("$@")
    recipe_session recipe_run_command
}

recipe_run_command() {
    recipe_trace "${recipe_command[@]}" >program.out
    grep -qaE -- "$recipe_expected" program.out ||
        recipe_fail "the program did not print /$recipe_expected/: it did not do its work"
}

recipe_is_measured=no
source "$recipes/measure.sh"
