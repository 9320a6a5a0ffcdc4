#!/usr/bin/env bash
# Formats Swift and C as `make check` wants them.
set -euo pipefail
cd "$(dirname "$0")/.."

listed() {
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [ -f "$file" ]; then echo "$file"; fi
  done
}

mapfile -t files < <(listed '*.swift')
if [ "${#files[@]}" -gt 0 ]; then
  swift format format --in-place --parallel --configuration .swift-format "${files[@]}"
fi
mapfile -t files < <(listed '*.c' '*.h')
if [ "${#files[@]}" -gt 0 ]; then
  clang-format-14 -i --style=file "${files[@]}"
fi
