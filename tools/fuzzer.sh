#!/bin/sh
# Puts the coverage-guided fuzzer into build/fuzz, from its hashed lock. Does nothing when it is there already.
# There may be no package for the newest Python: then the fuzz tests are skipped, and the line below says why.
set -eu
cd "$(dirname "$0")/.."
place=build/fuzz
key=$({ cat requirements/fuzz.lock tools/fuzzer.sh; .venv/bin/python --version; } | cksum)
[ "$(cat $place/.key 2>/dev/null)" = "$key" ] && exit 0
rm -rf $place
mkdir -p $place
if .venv/bin/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: --no-input --disable-pip-version-check \
    --target $place -r requirements/fuzz.lock >build/fuzzer.log 2>&1; then
    echo "$key" >$place/.key
else
    echo "fuzzer: not installed: $(grep -m1 '^ERROR' build/fuzzer.log || echo 'pip failed') (details: build/fuzzer.log)" >&2
fi
