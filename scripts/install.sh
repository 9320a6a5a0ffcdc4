#!/usr/bin/env bash
# install.sh DESTDIR PREFIX: copies what scripts/release.sh made, with relocatable package files.
# LIBDIR names the library folder below PREFIX: "lib" unless told otherwise, such as lib/x86_64-linux-gnu.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

[ $# -eq 2 ] || fail "usage: install.sh DESTDIR PREFIX"
prefix=$2
case $prefix in /*) ;; *) fail "PREFIX has to be an absolute path, not '$prefix'" ;; esac
root=$1${prefix%/}
libdir=${LIBDIR:-lib}
case $libdir in /* | *..* | '') fail "LIBDIR is relative to PREFIX, not '$libdir'" ;; esac
[ -f build/lib/libburrow.so.0 ] || fail "there is nothing to install; run scripts/release.sh"

version=$(python3 scripts/version.py)
IFS=. read -r major minor _ <<< "$version"

# How far up the prefix is from the folder of a package file, so that the whole tree can be moved.
up() { sed -E 's|[^/]+|..|g' <<< "$1"; }

fill() {
  sed -e "s|@VERSION@|$version|g" -e "s|@VERSION_MAJOR@|$major|g" -e "s|@VERSION_MINOR@|$minor|g" \
    -e "s|@LIBDIR@|$libdir|g" -e "s|@POINTER_SIZE@|$(($(getconf LONG_BIT) / 8))|g" \
    -e "s|@PREFIX_FROM_PC@|$(up "$libdir/pkgconfig")|g" -e "s|@PREFIX_FROM_CMAKE@|$(up "$libdir/cmake/Burrow")|g" \
    "scripts/package/$1.in" > "$2/$1"
  chmod 644 "$2/$1"
}

install -d "$root/include" "$root/$libdir/pkgconfig" "$root/$libdir/cmake/Burrow"
install -m 644 include/burrow.h "$root/include/burrow.h"
# By renaming: programs that run keep the library they have.
install -m 755 build/lib/libburrow.so.0 "$root/$libdir/.libburrow.so.$version"
mv -f "$root/$libdir/.libburrow.so.$version" "$root/$libdir/libburrow.so.$version"
ln -sfn "libburrow.so.$version" "$root/$libdir/libburrow.so.0"
ln -sfn libburrow.so.0 "$root/$libdir/libburrow.so"
fill burrow.pc "$root/$libdir/pkgconfig"
fill BurrowConfig.cmake "$root/$libdir/cmake/Burrow"
fill BurrowConfigVersion.cmake "$root/$libdir/cmake/Burrow"
if [ -f build/bin/burrow-relay ]; then
  install -d "$root/bin"
  install -m 755 build/bin/burrow-relay "$root/bin/burrow-relay"
fi
note "installed version $version below $root"
