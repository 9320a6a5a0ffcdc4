#!/usr/bin/env bash
# Shell scripts parse and are executable.
set -euo pipefail
cd "$(dirname "$0")/../.."

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
done < <(git ls-files --cached --others --exclude-standard -- "*.sh" .ci/run | grep -v "^scripts/common.sh$" | sort -u)
echo "$count scripts"
exit $failed
