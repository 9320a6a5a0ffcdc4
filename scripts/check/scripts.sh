#!/usr/bin/env bash
# Shell scripts parse and are executable.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

failed=0
count=0
while read -r file; do
  [ -f "$file" ] || continue
  count=$((count + 1))
  bash -n "$file" || failed=1
  if [ ! -x "$file" ]; then
    echo "$file is not executable"
    failed=1
  fi
done < <(project_files .sh .ci/run | grep -vx scripts/common.sh)
echo "$count scripts"
exit $failed
