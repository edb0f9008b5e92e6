#!/usr/bin/env bash
# Figures as ratios against a competitor started in the same run; see docs/performance.md.
# PADO_BENCH_CASES sets the size of the work list's table. Needs bin/pado (make build).
set -euo pipefail
cd "$(dirname "$0")/.."
echo "machine: $(nproc) processors, $(uname -m), load $(cut -d' ' -f1 /proc/loadavg), $(date -u +%F)"
export PADO_BINARY=${PADO_BINARY:-$PWD/bin/pado}
one() { # PACKAGE PATTERN
  # Prints the benchmark's name and its own metrics, a line each.
  go test -run '^$' -bench "$2" -benchtime 1x -timeout 20m "$1" | awk '
    /^Benchmark/ { printf "%-44s", $1; for (i = 3; i < NF; i += 2) if ($(i+1) != "ns/op") printf "  %s %s", $i, $(i+1); print ""; seen = 1 }
    /^(---|FAIL|panic)/ { print; bad = 1 }
    END { exit bad || !seen }'
}
one ./core/audit/verify 'BenchmarkVerify$'
one ./domain/gateway/journal 'Benchmark'
one ./bench 'BenchmarkStart$'
tools/with-postgres.sh bash -c "$(declare -f one); one ./bench 'BenchmarkWorkList\$'"
