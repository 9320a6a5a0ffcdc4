#!/usr/bin/env bash
# C is formatted by clang-format 14, the version of Debian 12 (others differ in details).
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

tool=$(command -v clang-format-14 || true)
if [ -z "$tool" ]; then
  echo "clang-format-14 is not installed"
  exit 77
fi
mapfile -t files < <(project_files .c .h)
if ! "$tool" --dry-run --Werror --style=file "${files[@]}" 2>&1; then
  echo "run: make format"
  exit 1
fi
echo "${#files[@]} files"
