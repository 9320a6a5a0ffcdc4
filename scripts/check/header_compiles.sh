#!/usr/bin/env bash
# The public header alone is clean C99, C11, C17 and C++11 under gcc and clang with -Wall -Wextra -pedantic.
set -euo pipefail
cd "$(dirname "$0")/../.."

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
printf '#include "burrow.h"\nint burrow_header_is_included(void);\nint burrow_header_is_included(void) { return 0; }\n' \
  > "$directory/alone.c"
printf '#include "burrow.h"\n#include "burrow.h"\nint burrow_header_is_included() { return 0; }\n' > "$directory/alone.cpp"

failed=0
count=0
for compiler in gcc clang; do
  if ! command -v "$compiler" > /dev/null; then
    echo "$compiler is not installed"
    failed=1
    continue
  fi
  for standard in c99 c11 c17 c++11 c++17; do
    case $standard in
      c++*) file=alone.cpp; language=c++; extra=() ;;
      *) file=alone.c; language=c; extra=(-Wstrict-prototypes) ;;
    esac
    count=$((count + 1))
    if ! "$compiler" -x "$language" -std="$standard" -Wall -Wextra -pedantic "${extra[@]}" -Werror -Iinclude \
        -fsyntax-only "$directory/$file"; then
      echo "include/burrow.h is not clean with $compiler -std=$standard"
      failed=1
    fi
  done
done
echo "$count combinations"
exit $failed
