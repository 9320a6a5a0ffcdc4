#!/usr/bin/env bash
# Measures calls: bench-calls.sh [setup] [four] [idle] [options of Benchmarks/calls/bench.py]
#
#   setup   from calling to the first picture, two people and four (about a minute)
#   four    four people with 360p: CPU beside the bare codecs, memory (about three minutes)
#   idle    an engine that does nothing, with one Nostr relay (a good minute)
#
# Without a name all of them. With "--markdown docs/performance.md" the results go into a section of that document. LIBRARY is
# the folder of another libburrow.so.0 than build/lib.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

if [[ ! -e build/lib/libburrow.so.0 && -z ${LIBRARY:-} ]]; then
  scripts/release.sh
fi
make -s -C Benchmarks calls
exec python3 -u Benchmarks/calls/bench.py "$@"
