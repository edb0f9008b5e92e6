#!/usr/bin/env bash
# Everything CI runs. Stops at the first failure. PADO_FAST=1 leaves out the browser and the
# race detector for a quick look while working; CI never sets it.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }

step packages
tools/need.sh fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc \
  python3-fonttools:/usr/lib/python3/dist-packages/fontTools/__init__.py gcc g++ \
  'postgresql:/usr/lib/postgresql/*/bin/initdb' poppler-utils:pdftotext chromium bubblewrap:bwrap

step build
make build

step format and lint
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'd:"; echo "$unformatted"; exit 1; }
go vet ./...
tools/lint.sh

step web
(cd web && npm run check && npm test)

step 'go test, SQLite and PostgreSQL'
tools/with-postgres.sh go test -count=1 -timeout 20m ./...

if [ -z "${PADO_FAST:-}" ]; then
  step 'race detector on core'
  tools/with-postgres.sh go test -count=1 -race -timeout 20m ./core/...
  step 'stories in the browser'
  tools/browser.sh
fi

step 'generated files'
bin/pado plan coverage | diff - docs/coverage.md || { echo "docs/coverage.md is stale: make generate"; exit 1; }
step done
