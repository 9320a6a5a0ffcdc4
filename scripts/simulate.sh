#!/usr/bin/env bash
# Runs whole calls drawn from seeds in a release build: simulate.sh [--from SEED] [--seeds COUNT]
# [--conference MINUTES] [--log].
# Prints the seeds that failed; `simulate.sh --from SEED --seeds 1 --log` shows such a call from beginning to end.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

quietly "$release_scratch/simulate.log" release_build --product burrow-simulate
exec "$(release_build --show-bin-path)/burrow-simulate" "$@"
