#!/bin/sh
# Sees to what card readers need from the system: pcscd with a virtual reader, pyscard in .venv, and an independent reader in build/.
# As root on Debian it installs what is missing. Elsewhere it says how, and the tests with readers are skipped; with CI=true that is a failure.
# `make run` needs none of it. Everything is made once: build/independent-reader holds PyPI `emv` with the old pyscard that it pins.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
log=build/card-reader.log
python=.venv/bin/python
other=build/independent-reader
packages="pcscd vsmartcard-vpcd libpcsclite-dev swig gcc libc6-dev"

# A Python that the system brought has its headers in a package of their own.
has_headers() { $python -c 'import os, sysconfig; raise SystemExit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' 2>/dev/null; }
if [ -x $python ] && ! has_headers; then
    packages="$packages $($python -c 'import sys; print("python%d.%d-dev" % sys.version_info[:2])')"
fi

has_system() {
    command -v pcscd >/dev/null || [ -x /usr/sbin/pcscd ] || return 1
    command -v swig >/dev/null && command -v gcc >/dev/null || return 1
    { [ ! -x $python ] || has_headers; } && [ -e /usr/include/stdio.h ] || return 1
    [ -e /usr/include/PCSC/winscard.h ] && ls /usr/lib/pcsc/drivers/serial/libifdvpcd.so* >/dev/null 2>&1
}
fail() { echo "card-reader: $1" >&2; [ "${CI:-}" = true ] && exit 1; exit 0; }

if ! has_system; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null \
        || fail "the tests with card readers need more: run 'sudo apt-get install $packages' to have them run too"
    echo "card-reader: installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # the names are meant to be split
    { apt-get update && apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1 || true
    has_system || fail "could not install $packages: check the connection, then run the same command again (details: $log)"
fi

# pyscard comes as sources alone. The builder's parts are locked as well, so nothing unlisted is fetched on the way.
compiled() { # PYTHON LOCK: the packages of a lock into an environment, the first line's package (setuptools) before the others need it
    "$1" -m pip install --no-deps --require-hashes --no-input --disable-pip-version-check --quiet -r requirements/build.lock >"$log" 2>&1 \
        && "$1" -m pip install --no-deps --require-hashes --no-build-isolation --no-input --disable-pip-version-check --quiet \
            -r "requirements/$2.lock" >>"$log" 2>&1
}

if ! $python -c 'import smartcard' 2>/dev/null; then
    echo "card-reader: compiling pyscard"
    compiled $python pcsc || fail "pyscard could not be installed: see $log"
fi

key=$(cat requirements/build.lock requirements/emv.lock tools/card_reader.sh | cksum)
if [ "$(cat $other/.made 2>/dev/null)" != "$(pwd) $key" ] || ! $other/bin/python -c 'import emv' 2>/dev/null; then
    echo "card-reader: making an environment for the independent reader"
    $python -m venv --clear $other >"$log" 2>&1 && compiled $other/bin/python emv || fail "the independent reader could not be installed: see $log"
    echo "$(pwd) $key" >$other/.made
fi
