# Sourced by the other scripts: how they speak, and how many processors they may use.

BURROW_JOBS=${BURROW_JOBS:-$(nproc 2> /dev/null || echo 2)}

# Where release builds go and how they are made, the same for all so that they share what is compiled. Exclusive access is
# checked in debug builds, which all tests run; checking it again in releases costs 5 to 8 % of the time per packet. A
# section per function lets the linker drop what nobody calls and keep one of several that are the same.
release_scratch=.build-release
release_build() {
  BURROW_RELEASE=1 swift build -c release --jobs "$BURROW_JOBS" --scratch-path "$release_scratch" \
    -Xswiftc -static-stdlib -Xswiftc -enforce-exclusivity=unchecked -Xswiftc -cross-module-optimization \
    -Xswiftc -Xfrontend -Xswiftc -function-sections \
    -Xswiftc -use-ld=lld -Xswiftc -file-prefix-map -Xswiftc "$PWD=." \
    -Xcc "-ffile-prefix-map=$PWD=." -Xcc -ffunction-sections -Xcc -fdata-sections "$@"
}

step() { printf '%s\n' "-- $*"; }
note() { printf '   %s\n' "$*"; }
warn() { printf '   warning: %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# quietly LOG COMMAND...: runs it with its output in LOG, shows that it lives every few seconds, and shows the
# end of LOG when it failed.
quietly() {
  local log=$1 pid started=$SECONDS shown=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" > "$log" 2>&1 < /dev/null &
  pid=$!
  while kill -0 "$pid" 2> /dev/null; do
    sleep 0.2
    if [ $((SECONDS - started)) -ge $((shown + 5)) ]; then
      shown=$((SECONDS - started))
      note "$(printf '%3d s  %s' "$shown" "$(tail -n 1 "$log" | tr '\r' '\n' | tail -n 1 | cut -c 1-90)")"
    fi
  done
  if ! wait "$pid"; then
    grep -E '(error|warning):' "$log" | sort -u | head -n 40 >&2 || true
    tail -n 25 "$log" >&2
    printf 'error: %s failed; all of its output is in %s\n' "$1" "$log" >&2
    return 1
  fi
}

# project_files SUFFIX...: the project's own files (tracked, or new and not ignored) that end so; in an unpacked archive
# or where git refuses to look, everything outside of hidden and built folders.
project_files() {
  local suffix
  if git ls-files --cached --others --exclude-standard > /dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard
  else
    find . -path './.[a-z]*' ! -path './.ci*' -prune -o -path ./build -prune -o -type f -print | sed 's|^\./||'
  fi | sort -u | while IFS= read -r file; do
    for suffix in "$@"; do
      case $file in *"$suffix") if [ -f "$file" ]; then printf '%s\n' "$file"; fi ;; esac
    done
  done
}
