#!/bin/sh
# Makes .venv from the hashed locks. `setup.sh run` takes what the program needs, `setup.sh dev` also what checks and tests need.
# Does nothing when the locks, the interpreter and the place are the same as last time. PYTHON=… chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
set_name=${1:-run}
venv=.venv
log=build/setup.log
mkdir -p build

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

recent_enough() { "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if recent_enough "$candidate"; then command -v "$candidate"; return; fi
    done
    return 1
}

# Debian and Ubuntu ship Python without the part that makes environments.
ensure_venv_module() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $package"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update && apt-get install -y --no-install-recommends "$package"; } >"$log" 2>&1 \
            || fail "could not install $package: check the connection, then run the same command again (details: $log)"
    else
        fail "$python cannot make an environment: run 'sudo apt-get install $package', then the same command again"
    fi
}

# An environment that was moved or copied runs the old place's programs: make it anew.
make_environment() {
    if [ -x $venv/bin/python ] && recent_enough $venv/bin/python; then
        [ "$(cat $venv/.place 2>/dev/null || pwd)" = "$(pwd)" ] && return
        say "the environment in $venv was made elsewhere, making it anew"
    fi
    ensure_venv_module
    say "making an environment in $venv with $("$python" --version)"
    "$python" -m venv --clear $venv >"$log" 2>&1 || fail "could not make $venv: see $log"
    pwd >$venv/.place
}

# Shows how far pip has come: a moving line on a terminal, five lines elsewhere.
progress() {
    awk -v total="$1" -v terminal="$([ -t 1 ] && echo 1 || echo 0)" '
        /^(Collecting|Requirement already satisfied:) / {
            seen++; split($0, words, " "); name = ($1 == "Collecting") ? $2 : $4; sub(/[=<>!~].*/, "", name)
            if (terminal) printf "\r\033[Ksetup: package %d of %d: %s", seen, total, name
            else if (seen % int(total / 4 + 1) == 0) printf "setup: package %d of %d\n", seen, total
            fflush()
        }
        /^Installing collected packages/ { printf (terminal ? "\r\033[K" : ""); print "setup: unpacking"; fflush() }
        END { if (terminal) printf "\r\033[K" }'
}

explain_failure() {
    if grep -qE 'Retrying \(|NewConnectionError|name resolution|ConnectTimeout|ProxyError' "$log"; then
        fail "no connection to the Python package index: connect this machine or point pip at a mirror, then run the same command again (details: $log)"
    fi
    if grep -q 'DO NOT MATCH THE HASHES' "$log"; then
        fail "a package differs from its hash in requirements/: do not use it; try another index, then run the same command again (details: $log)"
    fi
    fail "a package could not be installed: $(grep -m1 '^ERROR' "$log" || echo 'pip failed') (details: $log)"
}

install_locks() {
    options=""
    for lock in $locks; do options="$options -r $lock"; done
    # shellcheck disable=SC2086  # the options are meant to be split
    { $venv/bin/python -m pip install --no-deps --require-hashes --only-binary :all: --no-input --disable-pip-version-check \
        --retries 2 --progress-bar off $options 2>&1 || echo "setup-failed"; } | tee "$log" | progress "$(cat $locks | grep -c ==)"
    if grep -q '^setup-failed' "$log"; then explain_failure; fi
}

install_project() {
    $venv/bin/python -m pip install --no-deps --no-build-isolation --no-index --disable-pip-version-check --quiet --editable . >"$log" 2>&1 \
        || fail "could not install the project itself: see $log"
}

run_locks="requirements/run.lock requirements/xsd.lock"
case $set_name in
    run) locks=$run_locks ;;
    dev) locks="$run_locks requirements/dev.lock" ;;
    *) fail "usage: tools/setup.sh run|dev" ;;
esac

# One set-up at a time; the lock goes with the process.
exec 9>build/setup.lock
if command -v flock >/dev/null && ! flock -n 9; then
    say "waiting for another set-up in this folder"
    flock 9
fi

# shellcheck disable=SC2086  # the names are meant to be split
key_of() { { pwd; cat "$@" pyproject.toml tools/setup.sh; } | cksum; }
stamp=$venv/.set-up-$set_name
[ -x $venv/bin/tapwealth ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(key_of $locks)" ] && $venv/bin/python -c '' 2>/dev/null && exit 0

python=$(find_python) || fail "Python 3.11 or newer is needed: on Debian or Ubuntu run 'sudo apt-get install python3 python3-venv', then the same command again"
started=$(date +%s)
make_environment
install_locks
install_project
key_of $locks >"$stamp"
[ $set_name = run ] || key_of $run_locks >$venv/.set-up-run
say "ready after $(($(date +%s) - started)) s"
