#!/bin/sh
# Builds the fuzz targets and runs each for a while over its corpus.
#
#   scripts/fuzz.sh [seconds for each, 60 by default] [target ...]
#
# A target is a file in Tests/Fuzz/Targets, its seeds are in Tests/Fuzz/Corpus/<target>. What a run discovers is kept
# in .build/fuzz/corpus for the next; what it finds wrong in .build/fuzz/findings, and the exit code is 1.
set -eu
cd "$(dirname "$0")/.."
# The sanitizer reports crashes; the runtime's own reporter would trip over it.
export SWIFT_BACKTRACE=enable=no

# Runs one target that is built.
run() {
    found=.build/fuzz/corpus/$2
    seeds=Tests/Fuzz/Corpus/$2
    output=.build/fuzz/$2.log
    mkdir -p "$found"
    [ -d "$seeds" ] || seeds=
    # The outer limit is for a target that no longer answers to libFuzzer's own.
    if timeout -k 5 $(($1 + 60)) .build/fuzz/release/fuzz-"$2" \
        -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=".build/fuzz/findings/$2-" "$found" $seeds >"$output" 2>&1 </dev/null
    then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
        coverage=$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$output")
        printf '%-20s ok, %s runs, coverage %s\n' "$2" "$runs" "$coverage"
    else
        reason=$(grep -E 'ERROR:|Fatal error|SUMMARY|Test unit written' "$output" || tail -n 5 "$output")
        printf '%-20s FAILED, see %s\n%s\n' "$2" "$output" "$reason"
        exit 1
    fi
}

if [ "${1:-}" = --run ]; then
    run "$2" "$3"
    exit
fi

seconds=60
case "${1:-}" in
    '' | *[!0-9]*) ;;
    *) seconds=$1; shift ;;
esac

all=$(cd Tests/Fuzz/Targets && for file in *.swift; do printf '%s ' "${file%.swift}"; done)
for target in "$@"; do
    if [ ! -f "Tests/Fuzz/Targets/$target.swift" ]; then
        echo "no fuzz target $target; there are: $all" >&2
        exit 2
    fi
done
[ $# -gt 0 ] || set -- $all

echo "building $(echo $all | wc -w) fuzz targets"
log=.build/fuzz/build.log
mkdir -p .build/fuzz/findings
if ! BURROW_FUZZ=1 swift build -c release --scratch-path .build/fuzz --jobs "${JOBS:-2}" >"$log" 2>&1 </dev/null
then
    grep -E 'error:' "$log" >&2 || tail -n 20 "$log" >&2
    exit 2
fi

# One program, which runs the target it is called by.
for target in "$@"; do ln -sf fuzz ".build/fuzz/release/fuzz-$target"; done

# As many at a time as there are processors; each says how it ended in one piece.
if ! printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -n 1 "$0" --run "$seconds"; then
    echo "run .build/fuzz/release/fuzz-<target> <file in .build/fuzz/findings> to see a finding again"
    exit 1
fi
