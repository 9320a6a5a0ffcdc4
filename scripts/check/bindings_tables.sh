#!/usr/bin/env bash
# The tables of the bindings are what the header says today: names, sizes, offsets, constants and functions.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -f build/lib/libburrow.so.0 ]; then
  scripts/bindings.sh --check --library build/lib/libburrow.so.0
else
  scripts/bindings.sh --check
fi
