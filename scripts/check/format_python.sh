#!/usr/bin/env bash
# Python is free of errors that ruff knows (unused names, undefined names, shadowed imports).
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

tool=.venv/bin/ruff
if [ ! -x "$tool" ]; then
  echo "ruff is not installed in .venv; run scripts/bootstrap.sh"
  exit 77
fi
mapfile -t files < <(project_files .py)
"$tool" check --quiet --no-cache "${files[@]}"
echo "${#files[@]} files"
