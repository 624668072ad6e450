#!/bin/sh
# Sees to what the tests of the pages need from the system: Chromium and a font with Chinese characters.
# As root on Debian it installs what is missing. Elsewhere it says how, and the tests of the pages are skipped; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
log=build/browser.log

has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
has_font() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn family)" ]; }

wanted=""
has_chromium || wanted="chromium"
has_font || wanted="$wanted fontconfig fonts-wqy-zenhei"
[ -n "$wanted" ] || exit 0
wanted=$(echo $wanted)

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "browser: installing $wanted"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # the names are meant to be split
    { apt-get update && apt-get install -y --no-install-recommends $wanted; } >"$log" 2>&1 || true
    if has_chromium && has_font; then exit 0; fi
    message="could not install $wanted: check the connection, then run the same command again (details: $log)"
else
    message="the tests of the pages need more: run 'sudo apt-get install $wanted' to have them run too"
fi

echo "browser: $message" >&2
[ "${CI:-}" != true ]
