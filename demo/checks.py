"""What has to be true of a run. Each check gives a sentence with its figures, and can fail."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import wire
from looks import PACKET
from removal import removed_sees_nothing, removed_is_not_seen
from speech import speech

if TYPE_CHECKING:
    from record import Record

LEAST_DB = 33.0
#: Of the pictures that were taken while nothing disturbed, so many must have been shown.
LEAST_SHOWN = 0.8
FIRST_PICTURE_MS = 800
MUTE_MS = 300
#: Louder than this is something.
SILENCE = 100
BACK_MS = 3_000
END_MS = 2_000
LEAST_ENTROPY = 7.999
#: Below this much the entropy of random bytes is not yet what it should be.
LEAST_BYTES = 1 << 20


@dataclass(frozen=True)
class Judged:
    name: str
    passed: bool
    said: str


def judge(record: Record) -> list[Judged]:
    """All checks, also when one of them cannot be made."""
    return [attempt(name, check, record) for name, check in CHECKS.items()]


def attempt(name: str, check: Callable[[Record], tuple[bool, str]], record: Record) -> Judged:
    try:
        return Judged(name, *check(record))
    except Exception as error:
        return Judged(name, False, f"could not be judged: {error!r}")


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that is not below so many of them."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def pictures(record: Record) -> tuple[bool, str]:
    """Everybody's received pictures are like those that were sent, and they are all there."""
    means, worst, shares, wrong, smaller = [], [], [], 0, 0
    begin, end = record.marks.calm
    for name, other, view in record.pairs():
        values = [value for _, _, _, value in view["pictures"]]
        if not values:
            return False, f"{name} saw nothing of {other}"
        means.append((float(np.mean(values)), name, other))
        worst.append(min(values))
        wrong += view["wrong"]
        smaller += view["smaller"]
        taken = sum(begin <= at < end for _, at in record.reports[other]["taken"])
        shown = sum(begin <= at < end for _, at, _, _ in view["pictures"])
        shares.append((shown / max(taken, 1), name, other))
    least, share = min(means), min(shares)
    said = f"at least {least[0]:.1f} dB (of {least[2]} at {least[1]}), the worst picture {min(worst):.1f} dB; "
    said += f"at least {share[0]:.0%} shown (of {share[2]} at {share[1]}), {wrong} damaged"
    said += f", {smaller} sent smaller" if smaller else ""
    return least[0] >= LEAST_DB and share[0] >= LEAST_SHOWN and not wrong, said


def first_picture(record: Record) -> tuple[bool, str]:
    """From the moment a person asks to be in the call: its first picture of each, and everybody's first of it."""
    delays = []
    for name, other, view in record.pairs():
        both = max(record.marks.asked[name], record.marks.asked[other])
        if not view["pictures"]:
            return False, f"{name} saw nothing of {other}"
        delays.append((view["pictures"][0][2] - both) / 1000)
    p50, p95 = quantile(delays, 0.5), quantile(delays, 0.95)
    return p95 <= FIRST_PICTURE_MS, f"p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(delays)}"


def mute(record: Record) -> tuple[bool, str]:
    """All are told, and nothing is heard."""
    who, at = record.marks.muted
    told, loud = [], []
    for name in record.names:
        if name == who:
            continue
        events = record.events[name]
        told += [
            (event["at_us"] - at) / 1000
            for event in events
            if event["event"] == "member" and event["who"] == who and event.get("muted") is True and event["at_us"] >= at
        ][:1]
        view = record.reports[name]["views"][who]
        sound = record.sound(view)
        places = [i for i, (stamp, _) in enumerate(view["packets"]) if at + 100_000 < stamp < record.marks.unmuted_us]
        peak = max((int(np.abs(sound[i * PACKET : (i + 1) * PACKET].astype(np.int32)).max()) for i in places), default=0)
        loud += [name] if peak > SILENCE else []
    others = len(record.names) - 1
    said = f"{len(told)} of {others} were told" + (f", the last after {max(told):.0f} ms" if told else "")
    said += f"; {who} was heard by {', '.join(loud)}" if loud else "; nothing was heard"
    return len(told) == others and max(told) <= MUTE_MS and not loud, said


def back(record: Record) -> tuple[bool, str]:
    """Who lost the network sees everybody soon after it is back, and is seen."""
    who, lost, returned = record.marks.lost
    if not who:
        return True, "not tried: there is no line before this relay that could be cut"
    delays = []
    for name, other, view in record.pairs():
        if who in (name, other):
            shown = [at for _, taken, at, _ in view["pictures"] if taken > returned]
            if not shown:
                return False, f"{name} saw nothing of {other} any more"
            delays.append((shown[0] - returned) / 1000)
    said = f"{who} was away for {(returned - lost) / 1e6:.0f} s, pictures both ways {max(delays):.0f} ms after it"
    return max(delays) <= BACK_MS, said


def over(record: Record) -> tuple[bool, str]:
    """The call has ended for all."""
    ends = {}
    for name in record.names:
        ended = [event for event in record.events[name] if event["event"] == "ended"]
        if len(ended) != 1:
            return False, f"{name}'s call ended {len(ended)} times"
        ends[name] = ended[0]
    last = max(event["at_us"] for event in ends.values())
    after = (last - record.marks.ended_us) / 1000
    reasons = ", ".join(f"{name} {event['reason']}" for name, event in ends.items())
    return after <= END_MS, f"for the last {after:.0f} ms after it was ended for all; {reasons}"


def entropy(data: bytes) -> float:
    """Bits a byte."""
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    shares = counts[counts > 0] / max(len(data), 1)
    return float(-np.sum(shares * np.log2(shares)))


def patterns(record: Record) -> list[bytes]:
    """What would be there if something was not encrypted: words of catalogues, names, beginnings of H.264 units."""
    words = [b'"video"', b'"audio"', b'"avc1', b'"avc3', b'"opus"', b"codec", b"container", b"friends"]
    starts = [bytes([0, 0, 0, 1, kind]) for kind in (0x67, 0x68, 0x65, 0x41, 0x61, 0x27, 0x28, 0x25, 0x21)]
    return words + starts + [name.encode() for name in record.names if len(name) > 4]


def is_chain_of_units(data: bytes) -> bool:
    """Whether this is H.264 with lengths, behind a time stamp of any size or none."""
    for start in (0, 1, 2, 4, 8):
        place = start
        while place + 5 <= len(data):
            length = int.from_bytes(data[place : place + 4], "big")
            if not 0 < length <= len(data) - place - 4 or data[place + 4] & 0x80:
                break
            place += 4 + length
        if place == len(data) and place > start:
            return True
    return False


def sealed_frames(record: Record) -> Iterable[tuple[wire.Seen, str, wire.Sealed]]:
    """Every frame the relay had, with the instance of its publisher (empty when unknown) and what its header says."""
    instances: dict[tuple[str, int], str] = {}
    for frame in record.frames:
        if frame.track == wire.CATALOGUE:
            instances[frame.path, frame.generation] = wire.catalogue(frame.data)[0]
    for frame in record.frames:
        instance, data = instances.get((frame.path, frame.generation), ""), frame.data
        if frame.track == wire.CATALOGUE:
            instance, data = wire.catalogue(frame.data)
        yield frame, instance, wire.sealed(data)


def relay_reads_nothing(record: Record) -> tuple[bool, str]:
    """All that went through the relay is SFrame, is as random as can be, and has nothing in it that we know."""
    pieces, senders, search = [], set(), patterns(record)
    try:
        for frame, _, content in sealed_frames(record):
            number = 0 if frame.track == wire.CATALOGUE else int(frame.track)
            if content.track != number:
                return False, f"track {frame.track} has frames for track {content.track}"
            if is_chain_of_units(content.rest):
                return False, f"a frame of {record.path_name(frame.path)} is H.264 in the clear"
            senders.add(record.path_name(frame.path))
            pieces.append(content.rest)
    except wire.NotSealed as reason:
        return False, str(reason)
    whole = b"".join(pieces)
    if found := [pattern for pattern in search if pattern in whole]:
        return False, f"the relay can read {found[0]!r}"
    if missing := set(record.names) - senders:
        return False, f"nothing of {', '.join(sorted(missing))} was recorded"
    bits = entropy(whole)
    said = f"{len(pieces)} frames, {len(whole) / 1e6:.1f} MB, {bits:.5f} bits of entropy a byte, none of {len(search)} patterns"
    return bits >= LEAST_ENTROPY and len(whole) >= LEAST_BYTES, said


def no_nonce_twice(record: Record) -> tuple[bool, str]:
    """Key number and counter are unique for each instance of a publisher, unless it is the same frame once more."""
    used: dict[tuple[str, str, int, int], bytes] = {}
    twice: Counter[str] = Counter()
    unknown = 0
    try:
        for frame, instance, content in sealed_frames(record):
            unknown += not instance
            if used.setdefault((frame.path, instance, content.kid, content.counter), content.rest) != content.rest:
                twice[record.path_name(frame.path)] += 1
    except wire.NotSealed as reason:
        return False, str(reason)
    keys = len({key[:3] for key in used})
    said = f"{len(used)} frames under {keys} keys, {sum(twice.values())} with a nonce that was used"
    said += f", {unknown} of an unknown publisher" if unknown else ""
    return bool(used) and not twice and not unknown, said


CHECKS: dict[str, Callable[[Record], tuple[bool, str]]] = {
    "pictures": pictures,
    "speech": speech,
    "join to first picture": first_picture,
    "mute": mute,
    "back after a loss of the network": back,
    "a removed member decodes nothing": removed_sees_nothing,
    "a removed member is not seen": removed_is_not_seen,
    "the relay can read nothing": relay_reads_nothing,
    "no nonce twice": no_nonce_twice,
    "the end for all": over,
}
