#!/usr/bin/env bash
# Runs the model of five members of a group on a bad network in a release build:
# group-model.sh [OPERATIONS [SEEDS [FIRST SEED]]]. Prints the seeds that failed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

quietly "$release_scratch/group-model.log" release_build --product burrow-group-model
exec "$(release_build --show-bin-path)/burrow-group-model" "$@"
