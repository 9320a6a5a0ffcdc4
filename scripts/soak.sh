#!/usr/bin/env bash
# A long call which people join and leave all the time: nothing may grow in the processes that stay.
#
#   scripts/soak.sh [--minutes 30] [--every 10]
#
# It ends with 1 when something grew (Benchmarks/calls/soak.py). LIBRARY is the folder of another libburrow.so.0 than
# build/lib.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

if [[ ! -e build/lib/libburrow.so.0 && -z ${LIBRARY:-} ]]; then
  scripts/release.sh
fi
make -s -C Benchmarks calls
exec python3 -u Benchmarks/calls/soak.py "$@"
