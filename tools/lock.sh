#!/bin/sh
# Turns requirements/*.in into hashed locks without index or host lines. Needs uv (on the path or in .venv) and a connection.
set -eu
cd "$(dirname "$0")/.."

uv=$(command -v uv || true)
[ -n "$uv" ] || { [ -x .venv/bin/uv ] && uv=.venv/bin/uv; }
[ -n "$uv" ] || { echo "lock: uv is not installed: run '.venv/bin/python -m pip install uv', then 'make lock' again" >&2; exit 1; }

compile() { # NAME [more options]: requirements/NAME.in -> requirements/NAME.lock
    name=$1; shift
    "$uv" pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
        --no-header --no-annotate "$@" --output-file "requirements/$name.lock" "requirements/$name.in" >/dev/null
    echo "lock: requirements/$name.lock, $(grep -c == "requirements/$name.lock") packages"
}

compile run
compile xsd --no-deps
compile fuzz --no-deps
compile dev --constraint requirements/run.lock
