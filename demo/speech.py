"""How good the speech is that arrived: PESQ (ITU-T P.862.2) of what each of them heard of each other."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from looks import PACKET, SAMPLE_RATE, Look

if TYPE_CHECKING:
    from record import Record

#: Of all that one person hears, and of one of the others alone.
LEAST_PESQ = 3.5
LEAST_OF_ONE = 2.5
#: Silence around what is judged.
AROUND = SAMPLE_RATE // 5
LEAST_UTTERANCES = 2
JUDGED_RATE = 16_000


def utterances_between(look: Look, spoken: list[int], begin: int, end: int) -> list[tuple[int, int]]:
    """Whole utterances between two times, as samples since the microphone was opened."""
    found, length = [], len(look.speech)
    for turn in range(len(spoken) * PACKET // length + 1):
        for first, last in look.utterances:
            a, b = first + turn * length - AROUND, last + turn * length + AROUND
            if a >= 0 and b // PACKET < len(spoken) and spoken[a // PACKET] >= begin and spoken[b // PACKET] < end:
                found.append((a, b))
    return found


def excerpt(look: Look, spoken: list[int], packets: list[list[int]], sound: np.ndarray, calm: tuple[int, int]) -> Any:
    """What was said undisturbed, and what was heard of that; None when there is not enough of it."""
    whole = utterances_between(look, spoken, *calm)
    if len(whole) < LEAST_UTTERANCES:
        return None
    begin, end = whole[0][0] // PACKET * PACKET, whole[-1][1]
    said = np.take(look.speech, np.arange(begin, end), mode="wrap")
    stamps = np.array([stamp for stamp, _ in packets])
    found = np.flatnonzero(stamps >= spoken[begin // PACKET])
    if not len(found):
        return None
    at = int(found[0]) * PACKET
    return said, sound[max(at - SAMPLE_RATE // 4, 0) : at + len(said) + SAMPLE_RATE // 2]


def narrowed(samples: np.ndarray) -> np.ndarray:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), "s16", "mono")
    frame.sample_rate = SAMPLE_RATE
    resampler = av.AudioResampler("s16", "mono", JUDGED_RATE)
    return np.concatenate([part.to_ndarray().reshape(-1) for one in (frame, None) for part in resampler.resample(one)])


def score(pair: tuple[np.ndarray, np.ndarray]) -> float:
    from pesq import pesq

    return float(pesq(JUDGED_RATE, narrowed(pair[0]), narrowed(pair[1]), "wb"))


def speech(record: Record) -> tuple[bool, str]:
    """What each of them heard of the others, as long as nothing was done to it."""
    pairs, names = [], []
    for name, other, view in record.pairs():
        sound = record.sound(view)
        pair = excerpt(record.look(other), record.reports[other]["spoken"], view["packets"], sound, record.marks.calm)
        if pair is None:
            return False, f"{name} did not hear enough of {other} to judge it"
        pairs.append(pair)
        names.append((name, other))
    with ProcessPoolExecutor(2) as workers:
        scores = list(workers.map(score, pairs))
    record.scores = dict(zip(names, scores, strict=True))
    at_each = {name: [score for pair, score in record.scores.items() if pair[0] == name] for name in record.names}
    least, name = min((float(np.mean(scores)), name) for name, scores in at_each.items())
    worst, pair = min((score, pair) for pair, score in record.scores.items())
    seconds = min(len(said) for said, _ in pairs) / SAMPLE_RATE
    said = f"PESQ at least {least:.2f} (at {name}), {np.mean(scores):.2f} on average, {seconds:.0f} s of each; "
    said += f"the worst was {worst:.2f} (of {pair[1]} at {pair[0]})"
    return least >= LEAST_PESQ and worst >= LEAST_OF_ONE, said
