#!/usr/bin/env bash
# Writes the bindings' tables from include/burrow.h, or checks them: see bindings/generate/__main__.py.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv-bindings/bin/python
if [ ! -x "$python" ]; then python=python3; fi
exec "$python" bindings/generate "$@"
