#!/usr/bin/env bash
# golangci-lint at a fixed version, built from the module proxy once per machine.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(cat tools/golangci.version)
bin=build/tools/golangci-lint-$version
if [ ! -x "$bin" ]; then
  mkdir -p build/tools
  GOBIN=$PWD/build/tools go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
  mv build/tools/golangci-lint "$bin"
fi
"$bin" run --timeout 15m ./...
