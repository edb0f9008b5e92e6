#!/usr/bin/env bash
# Everything CI runs. Stops at the first failure. PADO_FAST=1 leaves out the browser and the
# race detector for a quick look while working; CI never sets it.
set -euo pipefail
cd "$(dirname "$0")/.."
# The same flags everywhere, so that building, vetting and testing share what they compile; the
# stories take the binary that was built instead of building their own.
export GOFLAGS=-trimpath PADO_BINARY=$PWD/bin/pado
ran=()
now=
step() { finish; now=$1; SECONDS=0; printf '\n== %s\n' "$now"; }
finish() { [ -z "$now" ] || ran+=("$(printf '%5ss  %s' "$SECONDS" "$now")"); now=; }
left=()
tell() {
  code=$?
  [ "$code" = 0 ] || echo "FAILED in: ${now:-?} (exit $code)"
  finish
  printf '\nsteps that ran:\n'
  printf '%s\n' "${ran[@]}"
  [ ${#left[@]} -eq 0 ] || printf 'left out (PADO_FAST): %s\n' "${left[@]}"
  [ "$code" != 0 ] || echo "all passed"
}
trap tell EXIT

step packages
tools/need.sh git make fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc \
  python3 python3-fonttools:/usr/lib/python3/dist-packages/fontTools/__init__.py gcc g++ \
  'postgresql:/usr/lib/postgresql/*/bin/initdb' poppler-utils:pdftotext chromium bubblewrap:bwrap

step build
make build

step 'format, vet, lint'
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'd:"; echo "$unformatted"; exit 1; }
tools/lint.sh

step 'web: types and tests'
(cd web && npm test)

step 'go test, SQLite and PostgreSQL'
tools/with-postgres.sh go test -count=1 -timeout 20m ./...

if [ -z "${PADO_FAST:-}" ]; then
  step 'race detector on core'
  tools/with-postgres.sh go test -count=1 -race -timeout 20m ./core/...
  step 'stories in the browser'
  tools/browser.sh
else
  left=('race detector on core' 'stories in the browser')
fi

step 'generated files'
bin/pado plan coverage | diff - docs/coverage.md || { echo "docs/coverage.md is stale: make generate"; exit 1; }
