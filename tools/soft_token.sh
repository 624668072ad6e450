#!/bin/sh
# Sees to what tests of the PKCS#11 key store need from the system: SoftHSM 2, a token made of files.
# As root on Debian it installs what is missing. Elsewhere it says how, and those tests are skipped; with CI=true that is a failure.
# `make run` needs none of it.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
log=build/soft-token.log
packages=softhsm2

has_system() { command -v softhsm2-util >/dev/null && ls /usr/lib/softhsm/libsofthsm2.so /usr/lib*/*/libsofthsm2.so /usr/local/lib/softhsm/libsofthsm2.so 2>/dev/null | grep -q .; }
fail() { echo "soft-token: $1" >&2; [ "${CI:-}" = true ] && exit 1; exit 0; }

has_system && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null \
    || fail "the tests with a PKCS#11 token need more: run 'sudo apt-get install $packages' to have them run too"
echo "soft-token: installing $packages"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1 || true
has_system || fail "could not install $packages: check the connection, then run the same command again (details: $log)"
