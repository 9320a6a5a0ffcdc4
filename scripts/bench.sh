#!/usr/bin/env bash
# Builds what is measured and measures it: scripts/bench.sh [options of Benchmarks/run.py]
# The results go to docs/performance.md when "--markdown docs/performance.md" is among the options.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ! -e build/lib/libburrow.so.0 ]]; then
  scripts/release.sh
fi
make -s -C Tests/Tools/udpimpair udpimpair
export UDPIMPAIR="$PWD/Tests/Tools/udpimpair/udpimpair"
make -s -C Benchmarks all burrow
exec python3 Benchmarks/run.py "$@"
