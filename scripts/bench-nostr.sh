#!/usr/bin/env bash
# Measures events beside the cryptography alone, then messages and stored events through a relay beside nostr-sdk:
# bench-nostr.sh [options of Benchmarks/Nostr/compare.py]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

[[ -e build/lib/libburrow.so.0 ]] || scripts/release.sh
quietly "$release_scratch/burrow-nostr-cost.log" release_build --product burrow-nostr-cost
table=$("$(release_build --show-bin-path)/burrow-nostr-cost")
printf '%s\n' "$table"
export BURROW_LIBRARY=${BURROW_LIBRARY:-$PWD/build/lib/libburrow.so.0}
if ! .venv/bin/python -c 'import nostr_sdk' 2> /dev/null; then
  warn "nostr-sdk is not installed: nothing to compare with"
  exit 0
fi
exec .venv/bin/python Benchmarks/Nostr/compare.py --floors "$table" "$@"
