#!/usr/bin/env bash
# Runs a command with PADO_PG set to a private PostgreSQL: own directory, own port on the
# loopback, not as root, gone afterwards. Usage: tools/with-postgres.sh COMMAND...
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }
# In memory where there is room: tests make and drop a database each, which file systems on disks
# are slow at. Whoever wants real syncs wants a real disk.
base=${TMPDIR:-/tmp}
if [ "${PADO_PG_FSYNC:-off}" = off ] && [ "$(df --output=avail /dev/shm 2>/dev/null | tail -1)" -gt 4000000 ] 2>/dev/null; then base=/dev/shm; fi
dir=$(mktemp -d "$base/pado-pg.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then
  id -u postgres >/dev/null 2>&1 || useradd --system --no-create-home postgres
  chown postgres "$dir"
  as=(setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups)
fi
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
(cd "$dir" && "${as[@]}" "$bin/initdb" -D "$dir/data" -U pado -A trust -E UTF8 --no-locale >"$dir/initdb.log" 2>&1) || { cat "$dir/initdb.log" >&2; exit 1; }
(cd "$dir" && exec "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
  -c fsync="${PADO_PG_FSYNC:-off}" -c max_connections=200 >"$dir/server.log" 2>&1) &
server=$!
stop() { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$dir"; }
trap stop EXIT
for _ in $(seq 1 100); do
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && break
  kill -0 "$server" 2>/dev/null || { cat "$dir/server.log" >&2; exit 1; }
  sleep 0.1
done
export PADO_PG="postgres://pado@127.0.0.1:$port/postgres?sslmode=disable"
"$@"
