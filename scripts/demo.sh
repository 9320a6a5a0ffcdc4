#!/usr/bin/env bash
# Shows it working: four people in an encrypted group call on this machine, and a page about it (demo/run.py --help).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/bootstrap.sh --demo
scripts/release.sh
export BURROW_LIBRARY=${BURROW_LIBRARY:-$PWD/build/lib/libburrow.so.0} PYTHONPATH=bindings/python PYTHONDONTWRITEBYTECODE=1
python=${BURROW_MEDIA_PYTHON:-.venv-media/bin/python}
[ -x "$python" ] || fail "$python is not there; the clip and what judges the call could not be installed"
step "four people call each other"
exec timeout --kill-after 10 400 "$python" demo/run.py "$@"
