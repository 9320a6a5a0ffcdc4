"""A member who was removed: from the moment when the others changed their keys nothing can be decoded, either way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import wire

if TYPE_CHECKING:
    from record import Record

#: The others must have changed over within this time.
SWITCH_MS = 1_000
#: What was decoded already when somebody learned of the removal may still be shown.
DECODED_US = 300_000
#: Played faster or slower, sound is not stamped more exactly than this.
STRETCHED_US = 60_000


class NotSeen(ValueError):
    """It did not happen where it could be seen."""


def switches(record: Record) -> dict[str, int]:
    """For everybody who stayed, when the relay had the last frame under keys the removed member has.

    A picture taken later than that cannot have been encrypted with them.
    """
    gone, asked = record.marks.removed[0], record.marks.removed[1]
    absent = {gone, record.marks.left[0]}
    last = {}
    for name in record.names:
        if name in absent:
            continue
        frames = [
            (frame.at_us, wire.sealed(frame.data).epoch)
            for frame in record.frames
            if frame.track != wire.CATALOGUE and record.path_name(frame.path) == name
        ]
        before = [epoch for at, epoch in frames if at < asked]
        if not before:
            raise NotSeen(f"nothing of {name} was recorded before the removal")
        old = before[-1]
        if not any(epoch != old for at, epoch in frames if at >= asked):
            raise NotSeen(f"{name} goes on with the old key")
        last[name] = max(at for at, epoch in frames if epoch == old)
    return last


def heard(packets: list[list[int]]) -> list[int]:
    """When the sound that was received was recorded.

    It is played in order. So what says that it is later than what follows it is not, but stood in for something that was late.
    """
    stamps, least = [], None
    for stamp, flags in reversed(packets):
        if stamp and not flags:
            least = stamp if least is None else min(least, stamp)
            stamps.append(least)
    return stamps[::-1]


def removed_sees_nothing(record: Record) -> tuple[bool, str]:
    """Not even with a copy of all keys, by somebody who is never told and goes on reading at the relay."""
    import story

    gone, asked = record.marks.removed
    try:
        last = switches(record)
    except NotSeen as reason:
        return False, str(reason)
    late, before, shown, sounds = 0, 0, 0, 0
    for reader in (gone, story.GHOST):
        for name, at in last.items():
            late = max(late, at - record.marks.removed_us)
            view = record.reports[reader]["views"][name]
            shown += sum(taken > at for _, taken, _, _ in view["pictures"])
            sounds += sum(stamp > at + STRETCHED_US for stamp in heard(view["packets"]))
            if reader == story.GHOST:
                seen = sum(taken <= at for _, taken, _, _ in view["pictures"])
                before = min(before, seen) if before else seen
    opened = record.reports[story.GHOST]["opened"]
    after = [count for at, count in opened if at > max(last.values()) + DECODED_US]
    more = after[-1] - after[0] if after else 0
    said = f"{shown} pictures, {sounds} packets of sound after the switch, {late / 1000:.0f} ms after the removal was out; "
    said += f"the copy of the keys had shown {before} of each before, opened {more} frames after"
    return not (shown or sounds or more) and before > 0 and len(after) > 1 and late <= SWITCH_MS * 1000, said


def removed_is_not_seen(record: Record) -> tuple[bool, str]:
    """Nobody shows the removed member once they know."""
    gone, asked = record.marks.removed
    shown, knew = 0, []
    for name in record.names:
        if name in (gone, record.marks.left[0]):
            continue
        told = [event["at_us"] for event in record.events[name] if event["event"] == "epoch" and event["at_us"] > asked]
        if not told:
            return False, f"{name} was not told"
        knew.append(told[0])
        view = record.reports[name]["views"][gone]
        shown += sum(at > told[0] + DECODED_US for _, _, at, _ in view["pictures"])
    return not shown, f"{shown} pictures shown after all knew, {(max(knew) - asked) / 1000:.0f} ms after it was asked for"
