#!/usr/bin/env bash
# Makes sure that Debian packages are there: tools/need.sh PACKAGE[:COMMAND-OR-FILE]...
# A package is installed when its command or file is missing. Needs root only then.
set -euo pipefail
missing=()
for want in "$@"; do
  pkg=${want%%:*} probe=${want#*:}
  if [ "$probe" = "$want" ]; then probe=$pkg; fi
  case "$probe" in
    /*) compgen -G "$probe" >/dev/null || missing+=("$pkg") ;;
    *) command -v "$probe" >/dev/null 2>&1 || missing+=("$pkg") ;;
  esac
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}" >&2
run=()
[ "$(id -u)" = 0 ] || run=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${run[@]}" apt-get update -qq
"${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
