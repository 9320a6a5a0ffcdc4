#!/usr/bin/env bash
# Formats Swift and C as `make check` wants them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

mapfile -t files < <(project_files .swift)
if [ "${#files[@]}" -gt 0 ]; then
  swift format format --in-place --parallel --configuration .swift-format "${files[@]}"
fi
mapfile -t files < <(project_files .c .h)
if [ "${#files[@]}" -gt 0 ]; then
  clang-format-14 -i --style=file "${files[@]}"
fi
