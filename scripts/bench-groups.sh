#!/usr/bin/env bash
# Measures groups beside mls-rs, and frame protection beside the bare cipher:
# bench-groups.sh [options of Benchmarks/Groups/compare.py]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

for product in burrow-mls-peer burrow-frame-cost; do
  quietly "$release_scratch/$product.log" release_build --product "$product"
done
programs=$(release_build --show-bin-path)
BURROW_MLS_PEER=$programs/burrow-mls-peer python3 Benchmarks/Groups/compare.py "$@"
exec "$programs/burrow-frame-cost"
