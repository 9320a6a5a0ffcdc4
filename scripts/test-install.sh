#!/usr/bin/env bash
# Installs into an empty folder, moves that folder, and builds and runs C programs against it: once with pkg-config,
# once with CMake, in an environment in which no Swift runtime can be found.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" > "$work/output" 2>&1 < /dev/null; then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$name"
    sed 's/^/      /' "$work/output" | tail -n 30
  fi
}
refuse() { # NAME COMMAND...: it has to fail
  local name=$1
  shift
  check "$name" fails "$@"
}
fails() { ! "$@"; }
# A host without Swift: an empty environment, so that only the run path of the program and the system are searched.
empty=(env -i PATH=/usr/bin:/bin HOME="$work" LC_ALL=C)
bare() { "${empty[@]}" "$@"; }

[ -f build/lib/libburrow.so.0 ] || scripts/release.sh || exit 1
version=$(python3 scripts/version.py)
IFS=. read -r major minor _ <<< "$version"

check "install into an empty prefix" scripts/install.sh "" "$work/first"
check "install again over it" scripts/install.sh "" "$work/first"
check "install below DESTDIR" scripts/install.sh "$work/stage" /usr
check "DESTDIR does not leak into the package files" bash -c "! grep -rqF '$work' '$work/stage'"
for file in include/burrow.h lib/libburrow.so lib/libburrow.so.0 "lib/libburrow.so.$version" \
  lib/pkgconfig/burrow.pc lib/cmake/Burrow/BurrowConfig.cmake lib/cmake/Burrow/BurrowConfigVersion.cmake; do
  check "installed: $file" test -f "$work/first/$file"
done
# Relocatable means that nothing remembers where it was.
mv "$work/first" "$work/moved prefix"
prefix="$work/moved prefix"

# The examples are programs of their own, one file each, and so is the one in the README.
mkdir -p "$work/readme"
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md > "$work/readme/hello.c"
check "the README shows a program of at most 40 lines" bash -c \
  "grep -q 'int main' '$work/readme/hello.c' && [ \$(wc -l < '$work/readme/hello.c') -le 40 ]"
sources=("$PWD/Tests/Install/version.c" "$work/readme/hello.c")
for example in examples/c/*.c; do
  if [ -f "$example" ]; then sources+=("$PWD/$example"); fi
done

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
check "pkg-config knows the version" test "$(pkg-config --modversion burrow)" = "$version"
check "pkg-config accepts $major.$minor" pkg-config --atleast-version "$major.$minor" burrow
mkdir -p "$work/pc"
eval "cflags=($(pkg-config --cflags burrow)) libs=($(pkg-config --libs burrow))"
for source in "${sources[@]}"; do
  name=$(basename "$source" .c)
  check "pkg-config: build $name" cc -std=gnu11 -Wall -Wextra -Werror "${cflags[@]}" "$source" -o "$work/pc/$name" \
    "${libs[@]}" -pthread "-Wl,-rpath,$prefix/lib"
done
check "pkg-config: run version" bare "$work/pc/version"
if [ "$failed" -eq 0 ]; then cat "$work/output"; fi

mkdir -p "$work/cmake"
list=$(printf '"%s" ' "${sources[@]}")
sed -e "s|@WANTED@|$major.$minor|" -e "s|@SOURCES@|$list|" Tests/Install/CMakeLists.txt.in > "$work/cmake/CMakeLists.txt"
check "CMake: find the package" cmake -S "$work/cmake" -B "$work/cmake/build" "-DCMAKE_PREFIX_PATH=$prefix" \
  -DCMAKE_BUILD_TYPE=Release
check "CMake: build ${#sources[@]} programs" cmake --build "$work/cmake/build"
check "CMake: run version" bare "$work/cmake/build/version"
mkdir -p "$work/wrong"
sed -e "s|@WANTED@|$((major + 1)).0|" -e "s|@SOURCES@|$list|" Tests/Install/CMakeLists.txt.in > "$work/wrong/CMakeLists.txt"
refuse "CMake: another major version is refused" cmake -S "$work/wrong" -B "$work/wrong/build" \
  "-DCMAKE_PREFIX_PATH=$prefix"

check "the library is found complete without Swift" bash -c \
  "! env -i ldd '$prefix/lib/libburrow.so.0' | grep -E 'not found|swift|Foundation|dispatch'"
check "a second load in one process and dlclose are harmless" bare python3 -c "
import ctypes, _ctypes
for _ in range(3):
    library = ctypes.CDLL('$prefix/lib/libburrow.so.0')
    assert library.burrow_version() != 0
    _ctypes.dlclose(library._handle)
"
relay="$prefix/bin/burrow-relay"
check "the relay program explains itself" bare "$relay" --help
check "the relay program tells its version" bash -c "[ \"\$('$relay' --version | cut -d' ' -f2)\" = '$version' ]"
refuse "the relay program refuses to let nobody in" bare "$relay" --listen 127.0.0.1:0
printf '%064d\n' 7 > "$work/secret"
printf '%063d\n' 7 > "$work/short"
printf '%064dx\n' 7 > "$work/long"
for file in short long missing; do
  refuse "the relay program refuses a $file reset secret" bare timeout 5 "$relay" --open --listen 127.0.0.1:0 \
    --reset-secret "$work/$file"
done

# What the README promises: a relay, and two of its programs that hear of each other.
meet() {
  local relay_pid first second address deadline=$((SECONDS + 20)) result=1
  # Not through a function: the process in the background has to be the program, to be ended by its number.
  "${empty[@]}" "$relay" --open --listen 127.0.0.1:0 --reset-secret "$work/secret" --max-sessions-per-address 2 \
    > "$work/relay.txt" 2>&1 < /dev/null &
  relay_pid=$!
  until address=$(sed -n 's/^listening //p' "$work/relay.txt") && [ -n "$address" ]; do
    if [ $SECONDS -ge $deadline ] || ! kill -0 "$relay_pid" 2> /dev/null; then break; fi
    sleep 0.05
  done
  if [ -n "$address" ]; then
    "${empty[@]}" stdbuf -oL "$work/pc/hello" "moqt://$address/lobby" alice > "$work/alice.txt" 2>&1 < /dev/null &
    first=$!
    "${empty[@]}" stdbuf -oL "$work/pc/hello" "moqt://$address/lobby" bob > "$work/bob.txt" 2>&1 < /dev/null &
    second=$!
    while [ $SECONDS -lt $deadline ]; do
      if grep -q 'bob is here' "$work/alice.txt" && grep -q 'alice is here' "$work/bob.txt" &&
        grep -q 'they say: hello' "$work/alice.txt" && grep -q 'they say: hello' "$work/bob.txt"; then
        result=0
        break
      fi
      sleep 0.05
    done
    kill "$first" "$second" 2> /dev/null
    wait "$first" "$second" 2> /dev/null
  fi
  kill "$relay_pid" 2> /dev/null
  wait "$relay_pid" || { echo "the relay ended with status $?"; result=1; }
  head -n 20 "$work/relay.txt" "$work/alice.txt" "$work/bob.txt"
  return $result
}
check "the README's programs meet on the installed relay, which ends well" meet

# The media examples: files in on one side, the same out on the other.
record() {
  local relay_pid recorder address pin deadline=$((SECONDS + 30)) result=0
  python3 Tests/Install/media_files.py write "$work"
  "${empty[@]}" "$relay" --open --listen 127.0.0.1:0 > "$work/relay.txt" 2>&1 < /dev/null &
  relay_pid=$!
  until address=$(sed -n 's/^listening //p' "$work/relay.txt") && pin=$(sed -n 's/^fingerprint //p' "$work/relay.txt") &&
    [ -n "$address" ] && [ -n "$pin" ]; do
    if [ $SECONDS -ge $deadline ] || ! kill -0 "$relay_pid" 2> /dev/null; then return 1; fi
    sleep 0.05
  done
  "${empty[@]}" timeout 40 "$work/pc/subscribe_media" --pin "$pin" --video "$work/out.y4m" --audio "$work/out.wav" \
    "moqt://$address/lobby" alice < /dev/null &
  recorder=$!
  "${empty[@]}" timeout 30 "$work/pc/publish_media" --pin "$pin" --video "$work/in.y4m" --audio "$work/in.wav" \
    "moqt://$address/lobby" alice < /dev/null || result=1
  wait "$recorder" || result=1
  kill "$relay_pid" 2> /dev/null
  wait "$relay_pid" || true
  python3 Tests/Install/media_files.py check "$work" || result=1
  return $result
}
check "files go through publish_media and subscribe_media" record
refuse "publish_media refuses a file that is none" bare "$work/pc/publish_media" --video "$work/relay.txt" moqt://x y
refuse "publish_media wants something to publish" bare "$work/pc/publish_media" moqt://x y

# wait_for FILE PATTERN: the rest of the first line that begins so, at the latest at the deadline of who calls it.
wait_for() {
  until sed -n "s/^$2//p" "$1" 2> /dev/null | grep -m1 .; do
    if [ $SECONDS -ge "$deadline" ]; then return 1; fi
    sleep 0.05
  done
}
# The example of groups: two people who have nothing in common but a Nostr relay.
gather() {
  local relay_pid joiner url who deadline=$((SECONDS + 30)) result=0
  python3 -c "
import sys, time
sys.path.insert(0, 'bindings/python/tests')
from nostr_support import SmallRelay
with SmallRelay() as relay:
    print(relay.url, flush=True)
    time.sleep(60)" > "$work/nostr.txt" 2>&1 < /dev/null &
  relay_pid=$!
  if url=ws:$(wait_for "$work/nostr.txt" 'ws:'); then
    "${empty[@]}" stdbuf -oL "$work/pc/group" --seconds 25 --text 'hello yourself' "$url" > "$work/joiner.txt" 2>&1 < /dev/null &
    joiner=$!
    if who=$(wait_for "$work/joiner.txt" 'i am '); then
      "${empty[@]}" "$work/pc/group" --seconds 25 "$url" "$who" > "$work/founder.txt" 2>&1 < /dev/null || result=1
    else
      result=1
    fi
    wait "$joiner" || result=1
  else
    result=1
  fi
  kill "$relay_pid" 2> /dev/null
  wait "$relay_pid"
  head -n 20 "$work/nostr.txt" "$work/founder.txt" "$work/joiner.txt"
  [ $result -eq 0 ] && grep -q '^heard: .*hello yourself' "$work/founder.txt" && grep -q '^removed$' "$work/joiner.txt" &&
    grep '^epoch' "$work/founder.txt" | grep -qxFf - "$work/joiner.txt"
}
check "two programs of examples/c/group.c found and join a group" gather
refuse "group refuses a member that is no key" bare "$work/pc/group" ws://127.0.0.1:1 npub1

# The example of calls: two people who hear each other's microphone.
converse() {
  local nostr_pid relay_pid callee url address pin who deadline=$((SECONDS + 60)) result=0
  python3 -c "
import sys, time
sys.path.insert(0, 'bindings/python/tests')
from nostr_support import SmallRelay
with SmallRelay() as relay:
    print(relay.url, flush=True)
    time.sleep(60)" > "$work/nostr.txt" 2>&1 < /dev/null &
  nostr_pid=$!
  "${empty[@]}" "$relay" --open --listen 127.0.0.1:0 > "$work/relay.txt" 2>&1 < /dev/null &
  relay_pid=$!
  if url=ws:$(wait_for "$work/nostr.txt" 'ws:') && address=$(wait_for "$work/relay.txt" 'listening ') &&
    pin=$(wait_for "$work/relay.txt" 'fingerprint '); then
    "${empty[@]}" timeout 50 "$work/pc/call" --pin "$pin" "$url" < <(python3 Tests/Install/media_files.py hum 500) \
      > "$work/callee.raw" 2> "$work/callee.txt" &
    callee=$!
    if who=$(wait_for "$work/callee.txt" 'i am '); then
      "${empty[@]}" timeout 40 "$work/pc/call" --moq "moqt://$address" --pin "$pin" --seconds 3 "$url" "$who" \
        < <(python3 Tests/Install/media_files.py hum 1000) > "$work/caller.raw" 2> "$work/caller.txt" || result=1
    else
      result=1
    fi
    wait "$callee" || result=1
  else
    result=1
  fi
  kill "$nostr_pid" "$relay_pid" 2> /dev/null
  wait "$nostr_pid" "$relay_pid"
  head -n 20 "$work/relay.txt" "$work/caller.txt" "$work/callee.txt"
  python3 Tests/Install/media_files.py hear "$work/caller.raw" 500 || result=1
  python3 Tests/Install/media_files.py hear "$work/callee.raw" 1000 || result=1
  [ $result -eq 0 ] && grep -q '^over: hangup$' "$work/caller.txt" && grep -q '^over: remote_hangup$' "$work/callee.txt"
}
check "two programs of examples/c/call.c call each other and hear what the other hums" converse
refuse "call refuses a member that is no key" bare "$work/pc/call" ws://127.0.0.1:1 npub1

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
