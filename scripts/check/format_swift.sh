#!/usr/bin/env bash
# Swift is formatted and lint-clean by swift-format with the committed configuration.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

mapfile -t files < <(project_files .swift)
if ! swift format lint --strict --parallel --configuration .swift-format "${files[@]}"; then
  echo "run: make format"
  exit 1
fi
echo "${#files[@]} files"
