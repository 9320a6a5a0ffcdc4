#!/usr/bin/env bash
# Shows it working: a relay, a publisher and a subscriber on this machine, for a few seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

scripts/bootstrap.sh --build
scripts/release.sh
step "building examples/c"
mkdir -p build/examples
for example in publish subscribe; do
  cc -std=gnu11 -O2 -Wall -Wextra -Iinclude "examples/c/$example.c" -o "build/examples/$example" \
    -Lbuild/lib -lburrow -Wl,-rpath,'$ORIGIN/../lib'
done

work=$(mktemp -d)
pids=()
cleanup() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait 2> /dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

# start NAME COMMAND...: in the background, with its lines under its name. Nothing may outlive the demo for long.
start() {
  local name=$1
  shift
  timeout 30 "$@" < /dev/null > >(tee "$work/$name" | sed -u "s/^/$(printf '%-6s| ' "$name")/") 2>&1 &
  pids+=($!)
}

frames=8
echo
echo "A relay on this machine. It makes a certificate for itself; the others accept just that one, by its fingerprint."
start relay build/bin/burrow-relay --open --listen 127.0.0.1:0
relay=${pids[-1]}
for _ in $(seq 200); do
  fingerprint=$(sed -n 's/^fingerprint //p' "$work/relay" 2> /dev/null || true)
  [ -n "$fingerprint" ] && break
  kill -0 "$relay" 2> /dev/null || fail "the relay did not start"
  sleep 0.05
done
[ -n "$fingerprint" ] || fail "the relay did not start in 10 seconds"
url=moqt://$(sed -n 's/^listening //p' "$work/relay")/demo

echo
echo "Bob enters a room on it and waits for Alice's track 'counter'. Then Alice comes, publishes it, and leaves."
start bob build/examples/subscribe --pin "$fingerprint" "$url" alice counter
bob=${pids[-1]}
sleep 0.5
start alice build/examples/publish --pin "$fingerprint" --interval 250 --count $frames "$url" alice counter
alice=${pids[-1]}

status=0
wait "$alice" || status=$?
[ $status -eq 0 ] || fail "the publisher ended with status $status"
wait "$bob" || status=$?
[ $status -eq 0 ] || fail "the subscriber ended with status $status"
kill "$relay"
wait "$relay" || status=$?
[ $status -eq 0 ] || fail "the relay ended with status $status"
pids=()
sleep 0.1

received=$(grep -c '^group ' "$work/bob" || true)
[ "$received" -gt 0 ] || fail "Bob received nothing"
echo
echo "Bob received $received frames of $frames, and everybody left in good order. What you saw is examples/c; go on in README.md."
