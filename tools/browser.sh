#!/usr/bin/env bash
# Browser stories: the real binary, the real pages, headless Chromium, axe on every page; once in a
# city with units and accounts only, once on the pages of data in a city that has some.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/pado-browser.XXXXXX")
halt() { [ -z "${server:-}" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; }; }
stop() { halt; rm -rf "$dir"; }
trap stop EXIT
# walk CITY PART DEMO-FLAGS…
walk() {
  local city=$dir/$1 part=$2
  shift 2
  bin/pado demo --data "$city" "$@" >"$city.log" || { cat "$city.log"; exit 1; }
  bin/pado serve --data "$city" --listen 127.0.0.1:0 --ready-file "$city.ready" >"$city.serve" 2>&1 &
  server=$!
  for _ in $(seq 1 200); do
    [ -s "$city.ready" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$city.serve"; exit 1; }
    sleep 0.05
  done
  node stories/browser/run.mjs "http://$(cat "$city.ready")" "${PADO_SHOTS:-$dir/shots}" $part || { cat "$city.serve"; exit 1; }
  halt
}
walk city '' ${PADO_BROWSER_DEMO:---bare}
walk data data --people 3000
