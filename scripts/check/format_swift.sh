#!/usr/bin/env bash
# Swift is formatted and lint-clean by swift-format with the committed configuration.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.swift' | sort -u |
  while read -r file; do [ -f "$file" ] && echo "$file"; done)
if [ "${#files[@]}" -eq 0 ]; then
  echo "no Swift files"
  exit 0
fi
if ! swift format lint --strict --parallel --configuration .swift-format "${files[@]}"; then
  echo "run: make format"
  exit 1
fi
echo "${#files[@]} files"
