#!/usr/bin/env bash
# Everything CI runs. Stops at the first failure and prints what ran and what was left out, with
# the reason. PADO_FAST=1 leaves out the race detector for a quick look while working.
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
  [ ${#left[@]} -eq 0 ] || printf 'left out: %s\n' "${left[@]}"
  [ "$code" != 0 ] || echo "all passed"
}
trap tell EXIT

step packages
tools/need.sh git make fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc \
  python3 python3-fonttools:/usr/lib/python3/dist-packages/fontTools/__init__.py gcc g++ \
  'postgresql:/usr/lib/postgresql/*/bin/initdb' poppler-utils:pdftotext chromium bubblewrap:bwrap \
  mariadb-server-core:/usr/sbin/mariadbd mariadb-client-core:mariadb openssh-server:/usr/sbin/sshd

step build
make build

step 'format and vet'
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'd:"; echo "$unformatted"; exit 1; }
go vet ./...

step 'golangci-lint'
tools/lint.sh

step 'web: types and tests'
(cd web && npm test)

step 'go test, SQLite and PostgreSQL'
tools/with-postgres.sh go test -count=1 -timeout 20m ./...

if [ -z "${PADO_FAST:-}" ]; then
  step 'race detector on the core'
  # Short: what only counts or only computes is left to the run before.
  tools/with-postgres.sh go test -count=1 -race -short -timeout 20m $(go list ./core/... ./domain/ledger ./domain/gateway/... | grep -v -e /docs$ -e /verify$ -e /id$)
else
  left+=('race detector on the core: PADO_FAST is set')
fi
step 'stories in the browser'
tools/browser.sh

step 'generated files'
for name in coverage procedures; do
  bin/pado plan $name | diff - docs/$name.md || { echo "docs/$name.md is stale: make generate"; exit 1; }
done
mkdir -p build
bin/pado openapi > build/openapi.json
(cd web && npm run types -- --check) || { echo "web/src/api/schema.d.ts is stale: make generate"; exit 1; }
