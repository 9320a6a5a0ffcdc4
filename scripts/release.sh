#!/usr/bin/env bash
# Builds what is shipped: build/lib/libburrow.so.0, self-contained and stripped, and build/bin/burrow-relay.
#
# The link flags live here and not in the manifest, where unsafe flags would keep other Swift packages from
# depending on this one. `--static-swift-stdlib` is ignored by SwiftPM for dynamic products; `-static-stdlib`
# handed to the compiler driver at link time does what it says. lld comes with Swift; gold, the default of some
# versions, would leave symbols in the dynamic table that nobody can use. Of functions that are the same to the byte one
# stays, since nothing compares addresses of functions, and relocations take a bit each instead of 24 bytes, which
# glibc reads from 2.36 on.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

limit=12000000
scratch=$release_scratch
lib=build/lib
soname=libburrow.so.0
mkdir -p "$scratch" "$lib/debug" build/bin

# Named after its content, because the build does not notice when a linker script changes.
script=$(python3 scripts/check/header.py version-script)
map=$PWD/$scratch/exports-$(printf '%s' "$script" | cksum | cut -d' ' -f1).map
[ -f "$map" ] || printf '%s\n' "$script" > "$map"

linker=("--version-script=$map" "-soname=$soname" -z defs -z nodelete -z relro -z now --gc-sections --icf=all
  -z pack-relative-relocs --build-id=sha1)
flags=()
for flag in "${linker[@]}"; do flags+=(-Xlinker "$flag"); done

step "building the release library"
quietly "$scratch/library.log" release_build "${flags[@]}" --product burrow
built=$(release_build --show-bin-path)/libburrow.so

# Replaced by renaming, so that a program which has it mapped keeps the old one.
if [ ! -f "$lib/$soname" ] || [ "$built" -nt "$lib/$soname" ]; then
  objcopy --only-keep-debug "$built" "$lib/debug/$soname.debug"
  cp "$built" "$lib/.$soname.new"
  strip --strip-unneeded --remove-section=.comment "$lib/.$soname.new"
  (cd "$lib" && objcopy --add-gnu-debuglink="debug/$soname.debug" ".$soname.new")
  chmod 755 "$lib/.$soname.new"
  mv -f "$lib/.$soname.new" "$lib/$soname"
fi
ln -sfn "$soname" "$lib/libburrow.so"

size=$(stat -c %s "$lib/$soname")
if [ "$size" -gt "$limit" ]; then
  fail "$lib/$soname has $size bytes, at most $limit are allowed"
fi
scripts/check.sh library_symbols library_linkage > "$scratch/checks.log" || {
  cat "$scratch/checks.log" >&2
  exit 1
}
note "$lib/$soname, $(awk -v n="$size" 'BEGIN { printf "%.1f", n / 1e6 }') MB"

if [ -d Sources/burrow-relay ]; then
  step "building the relay program"
  cc -std=gnu11 -O2 -Wall -Wextra -Iinclude Sources/burrow-relay/*.c -o build/bin/burrow-relay \
    -L"$lib" -lburrow -Wl,-rpath,'$ORIGIN/../lib' -Wl,-z,relro,-z,now
  note "build/bin/burrow-relay"
fi
