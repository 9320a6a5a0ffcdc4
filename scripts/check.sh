#!/usr/bin/env bash
# Runs every check in scripts/check, or those named on the command line, and ends with one line that counts them.
# A check is a program of its own: status 0 passed, 77 could not look (its last line says why), else failed.
set -uo pipefail
cd "$(dirname "$0")/.."

# Cheap ones first; those of the release library last.
checks=(scripts.sh leftovers.py doc_links.py doc_names.py doc_snippets.py file_length.py layer_imports.py group_rules.py shared_state.py header_docs.py header_compiles.sh
  format_swift.sh format_c.sh format_python.sh types_python.sh bindings_tables.sh dart_sources.py
  library_size.py library_symbols.py library_linkage.py)
if [ $# -gt 0 ]; then
  checks=()
  for wanted in "$@"; do
    found=$(cd scripts/check && ls "$wanted" "$wanted".py "$wanted".sh 2> /dev/null | head -1)
    if [ -z "$found" ]; then
      echo "no check named $wanted; there are: $(cd scripts/check && echo *.sh *.py)" >&2
      exit 2
    fi
    checks+=("$found")
  done
fi

export PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0 skipped=0
for check in "${checks[@]}"; do
  name=${check%.*}
  started=$EPOCHREALTIME
  case $check in
    *.py) output=$(python3 "scripts/check/$check" 2>&1 < /dev/null) ;;
    *) output=$(bash "scripts/check/$check" 2>&1 < /dev/null) ;;
  esac
  status=$?
  seconds=$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }')
  last=$(tail -n 1 <<< "$output")
  case $status in
    0) passed=$((passed + 1)); printf 'ok    %-18s %7s  %s\n' "$name" "$seconds" "$last" ;;
    77) skipped=$((skipped + 1)); printf 'skip  %-18s %7s  %s\n' "$name" "$seconds" "$last" ;;
    *)
      failed=$((failed + 1))
      printf 'FAIL  %-18s %7s\n' "$name" "$seconds"
      sed 's/^/      /' <<< "$output"
      ;;
  esac
done
mkdir -p build/log
echo "$passed $failed $skipped" > build/log/check.counts
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
