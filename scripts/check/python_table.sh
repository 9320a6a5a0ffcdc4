#!/usr/bin/env bash
# The Python binding's table says what the header says: sizes, offsets, constants and functions.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -f build/lib/libburrow.so.0 ]; then
  python3 bindings/python/generate.py --check --library build/lib/libburrow.so.0
else
  python3 bindings/python/generate.py --check
fi
