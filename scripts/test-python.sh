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
# 77: it could not read the header, and has said so.
scripts/bindings.sh --check --library "$library" || [ $? -eq 77 ]

# The tests wait more than they compute, so two modules run at a time, those that take longest first. Each prints all it
# has to say when it is over.
tests=bindings/python/tests
# What judges the demo needs NumPy.
media=${BURROW_MEDIA_PYTHON:-$PWD/.venv-media/bin/python}
module() {
  local output status=0 python=python3
  if [ "$1" = test_demo ] && [ -x "$media" ]; then python=$media; fi
  output=$(cd "$tests" && "$python" -X dev -m unittest -v "$1" 2>&1) || status=$?
  printf '%s\n%s is through\n' "$output" "$1"
  return "$status"
}
export tests media
export -f module
ls -S "$tests"/test_*.py | xargs -n 1 basename -s .py | xargs -P 2 -I{} bash -c 'module {}'
