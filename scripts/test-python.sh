#!/usr/bin/env bash
# The Python binding: its table against the header and the library, then its tests with the library under test.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

library=${BURROW_LIBRARY:-$PWD/build/lib/libburrow.so.0}
export BURROW_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1

if [ ! -f "$library" ]; then
  fail "$library is not there; run make release"
fi
python3 bindings/python/generate.py --check --library "$library"
python3 -X dev -m unittest discover -v -s bindings/python/tests -t bindings/python/tests
