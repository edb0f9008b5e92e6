#!/usr/bin/env bash
# Browser stories: the real binary, the real pages, headless Chromium, axe on every page.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/pado-browser.XXXXXX")
stop() { [ -z "${server:-}" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; rm -rf "$dir"; }
trap stop EXIT
bin/pado demo --data "$dir/city" ${PADO_BROWSER_DEMO:---bare} >"$dir/demo.log" || { cat "$dir/demo.log"; exit 1; }
bin/pado serve --data "$dir/city" --listen 127.0.0.1:0 --ready-file "$dir/ready" >"$dir/serve.log" 2>&1 &
server=$!
for _ in $(seq 1 200); do
  [ -s "$dir/ready" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$dir/serve.log"; exit 1; }
  sleep 0.05
done
node stories/browser/run.mjs "http://$(cat "$dir/ready")" "${PADO_SHOTS:-$dir/shots}" || { cat "$dir/serve.log"; exit 1; }
