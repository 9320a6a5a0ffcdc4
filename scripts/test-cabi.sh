#!/usr/bin/env bash
# Builds the library with sanitizers and runs the C programs of Tests/CABI against it; they see nothing but the header.
#
#   scripts/test-cabi.sh                      address and undefined behaviour together, then threads
#   scripts/test-cabi.sh plain|address|undefined|thread ...
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

variants=("$@")
[ $# -gt 0 ] || variants=(address+undefined thread)
compiler=$(dirname "$(readlink -f "$(command -v swift)")")/clang
passed=0 failed=0

# build VARIANT: sets $lib to the folder of the library and $flags to what C programs are compiled with.
build() {
  local scratch=.build sanitizers=()
  flags=() libraries=()
  if [ "$1" != plain ]; then
    scratch=.build-cabi-${1/+/-}
    local name
    for name in ${1/+/ }; do
      # Swift checks its own arithmetic; there only the C part has undefined behaviour to look for.
      case $name in
        undefined) sanitizers+=(-Xcc -fsanitize=undefined) ;;
        thread) sanitizers+=(--sanitize thread -Xcc -DCBURROW_THREAD_SANITIZER -Xswiftc -DBURROW_THREAD_SANITIZER) ;;
        *) sanitizers+=(--sanitize "$name") ;;
      esac
      flags+=("-fsanitize=$name")
      # The toolchain's runtime for threads watches libdispatch as well, so its programs need that library.
      if [ "$name" = thread ]; then
        local runtime
        runtime=$(dirname "$compiler")/../lib/swift/linux
        libraries+=("-L$runtime" -ldispatch -lBlocksRuntime "-Wl,-rpath,$runtime")
      fi
    done
  fi
  mkdir -p "$scratch"
  local arguments=(--jobs "$BURROW_JOBS" --scratch-path "$scratch" --product burrow "${sanitizers[@]}")
  quietly "$scratch/library.log" swift build "${arguments[@]}"
  lib=$(swift build "${arguments[@]}" --show-bin-path)
}

export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=0:exitcode=66:suppressions=$PWD/Tests/CABI/tsan.supp

# A function that no program calls is one that nobody has seen work.
for name in $(python3 scripts/check/header.py functions); do
  if grep -qE "\\b$name\\(" Tests/CABI/*.[ch]; then
    passed=$((passed + 1))
  else
    echo "FAIL no program calls $name"
    failed=$((failed + 1))
  fi
done

for variant in "${variants[@]}"; do
  case "$variant" in
    plain | address | undefined | thread | address+undefined) ;;
    *) fail "no such variant: $variant" ;;
  esac
  step "building the library ($variant)"
  build "$variant"
  for source in Tests/CABI/*.c; do
    name=$(basename "$source" .c)
    program=$lib/cabi-$name
    log=$lib/cabi-$name.log
    "$compiler" -std=gnu11 -g -O1 -Wall -Wextra -Wno-nonnull -Werror "${flags[@]}" -Iinclude "$source" -o "$program" \
      -pthread -L"$lib" -lburrow -lm "-Wl,-rpath,$lib" "${libraries[@]}"
    # Leaks are looked for where every engine is destroyed: programs about hostile hosts end with some that are not.
    leaks=1
    case $name in hostile) leaks=0 ;; esac
    # Freed memory is kept for a while, to find who uses it; not so much that bounds of memory cannot be seen.
    export ASAN_OPTIONS=detect_leaks=$leaks:abort_on_error=0:quarantine_size_mb=16
    status=0
    timeout 240 "$program" > "$log" 2>&1 || status=$?
    if [ $status -eq 0 ]; then
      echo "pass $name ($variant): $(tail -n 1 "$log")"
      passed=$((passed + 1))
    else
      echo "FAIL $name ($variant), status $status"
      { grep -vE '^event ' "$log" || true; } | sed -n '1,60s/^/     /p'
      failed=$((failed + 1))
    fi
  done
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
