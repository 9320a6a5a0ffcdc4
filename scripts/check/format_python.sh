#!/usr/bin/env bash
# Python is free of errors that ruff knows (unused names, undefined names, shadowed imports).
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=.venv/bin/ruff
if [ ! -x "$tool" ]; then
  echo "ruff is not installed in .venv; run scripts/bootstrap.sh"
  exit 77
fi
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.py' | sort -u |
  while read -r file; do [ -f "$file" ] && echo "$file"; done)
"$tool" check --quiet --no-cache "${files[@]}"
echo "${#files[@]} files"
