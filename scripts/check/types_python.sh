#!/usr/bin/env bash
# The Python package's types hold (mypy, strict), also for those who use it.
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=.venv-bindings/bin/mypy
if [ ! -x "$tool" ]; then
  echo "mypy is not installed in .venv-bindings; run scripts/bootstrap.sh"
  exit 77
fi
cd bindings/python
"../../$tool" --cache-dir ../../build/mypy burrow
