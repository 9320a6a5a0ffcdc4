#!/usr/bin/env bash
# Measures audio and video: scripts/bench-media.sh [impairment|people|codecs] [options]
#
#   impairment   calls over bad networks, ours and moq-rs (--rows, --seconds, --rounds; about 50 minutes in full)
#   people       rooms of 2, 4, 8 and 16 (--people, --seconds, --fps; about 12 minutes)
#   codecs       the pipeline against the bare codecs (--rounds, --seconds; about 7 minutes)
#
# Without a name all of them, one after the other. With "--markdown docs/performance.md" the results go into sections of
# that document. LIBRARY is the folder of another libburrow.so.0 than build/lib.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

case ${1:-} in
  impairment | people | codecs) names=("$1") && shift ;;
  "" | -*) names=(codecs people impairment) ;;
  *) fail "no measurement named $1; see the top of $0" ;;
esac
if [[ ! -e build/lib/libburrow.so.0 && -z ${LIBRARY:-} ]]; then
  scripts/release.sh
fi
make -s -C Tests/Tools/udpimpair udpimpair
export UDPIMPAIR="$PWD/Tests/Tools/udpimpair/udpimpair"
make -s -C Benchmarks all media
status=0
for name in "${names[@]}"; do
  step "$name"
  python3 "Benchmarks/media/$name.py" "$@" || status=$?
done
exit $status
