"""Pulls real input as a player would, and measures what became of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict

import burrow
import clip_source as source
import numpy as np
from burrow_common import connected, log_lines, open_room, report
from common import Commands, arguments, emit, run

options = arguments("our clip subscriber", subscriber=True, ours=True, clip=True)
STEP_US = 5_000
WARM_US = 2_000_000


def pictures_seen(shown: list[tuple[int, np.ndarray]]) -> dict[str, object]:
    """How like the original each picture is, found by its number."""
    values, wrong, numbers = [], 0, []
    for _, luma in shown:
        number = source.number_in(luma)
        if number < 0:
            wrong += 1
            continue
        numbers.append(number)
        values.append(source.psnr(source.clip_picture(number)[: source.HEIGHT], luma))
    return {
        "pictures": len(values),
        "wrong": wrong,
        "ascending": all(a < b for a, b in zip(numbers, numbers[1:])),
        "psnr_db": round(float(np.mean(values)), 2) if values else 0,
        "worst_db": round(min(values, default=0), 2),
    }


def heard(packets: list[tuple[int, int, np.ndarray, int]]) -> dict[str, object]:
    """PESQ of the recordings, and of what was read aloud after them. Where they begin is told by the time stamps."""
    from pesq import pesq

    rate = source.SAMPLE_RATE
    stamps = [stamp for stamp, _, _, _ in packets]
    first = next(stamp for stamp in stamps if stamp)
    recorded = np.concatenate([packet[2] for packet in packets])
    found: dict[str, object] = {"concealed": sum(bool(flags & 1) for stamp, flags, _, _ in packets if stamp)}
    begin = 0
    for name, reference in (("pesq", source.recordings()), ("pesq_read", source.reading())):
        if not len(reference):
            continue
        time_us = first + begin * 1_000_000 // rate
        at = next(place for place, stamp in enumerate(stamps) if stamp >= time_us) * source.PACKET
        piece = recorded[max(at - rate // 4, 0) : at + len(reference) + rate // 2]
        wide = [source.resampled(one, rate, 16_000) for one in (reference, piece)]
        found[name] = round(float(pesq(16_000, *wide, "wb")), 2)
        begin += len(reference)
    if "pesq_read" in found:
        wide = [source.resampled(one, rate, 16_000) for one in (reference, source.through_opus(reference, 32_000))]
        found["pesq_read_codec"] = round(float(pesq(16_000, *wide, "wb")), 2)
    return found


def skews(shown: list[tuple[int, np.ndarray]], packets: list[tuple[int, int, np.ndarray, int]]) -> dict[str, object]:
    """How much later a flash is seen than its beep is heard, for all of them after the beginning."""
    flashes, bright = [], True
    for at, luma in shown:
        now = luma[source.BAND :].mean() > 128
        if now and not bright:
            flashes.append(at)
        bright = now
    begins, quiet = [], 0
    for _, _, samples, at in packets:
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 3000)
        if len(loud) and quiet + loud[0] > source.SAMPLE_RATE // 10:
            begins.append(at + int(loud[0]) * 1_000_000 // source.SAMPLE_RATE)
        quiet = len(samples) - 1 - int(loud[-1]) if len(loud) else quiet + len(samples)
    origin = min([*flashes[:1], *begins[:1]], default=0) + WARM_US
    nearest = [min((flash - beep for beep in begins), key=abs) / 1000 for flash in flashes if flash > origin and begins]
    ordered = sorted(abs(skew) for skew in nearest)
    return {
        "flashes": len(flashes),
        "beeps": len(begins),
        "median_ms": round(float(np.median(nearest)), 1) if nearest else None,
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 1) if ordered else None,
        "p1_ms": round(float(np.quantile(nearest, 0.01, method="higher")), 1) if nearest else None,
        "p99_ms": round(float(np.quantile(nearest, 0.99, method="lower")), 1) if nearest else None,
        "skews": [round(skew) for skew in nearest],
    }


async def main(commands: Commands) -> None:
    log_lines(options.log)
    if options.what == "call":
        source.clip()
        source.reading()
    async with burrow.Engine() as engine:
        reporting = asyncio.create_task(report(engine))
        room = open_room(engine, options, None, None)
        if not await connected(room):
            await commands.ended.wait()
            return
        video = room.subscribe_video(options.path)
        # PESQ is about codecs and pipeline, not about how the machine shares its time.
        calm = {"min_delay_ms": 150} if options.what == "call" else {}
        audio = room.subscribe_audio(options.path, **calm)
        emit("ready")
        shown: list[tuple[int, np.ndarray]] = []
        packets: list[tuple[int, int, np.ndarray, int]] = []
        step, begin, quiet, late = 0, burrow.now_us(), 0, 0
        while quiet < 1_500_000 // STEP_US and not commands.ended.is_set():
            pause = begin + step * STEP_US - burrow.now_us()
            if pause > 0:
                time.sleep(pause / 1_000_000)
            late = max(late, -pause, burrow.now_us() - begin - step * STEP_US)
            if step % 10 == 0:
                await asyncio.sleep(0)
            some = False
            if step % 4 == 0:
                at = burrow.now_us()
                sound = audio.pull_audio(source.PACKET)
                packets.append((sound.timestamp_us, int(sound.flags), np.array(sound.samples, np.int16), at))
            if (picture := video.pull_video()) is not None:
                some = True
                luma = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.strides[0])[:, : picture.width]
                shown.append((burrow.now_us(), luma.copy()))
            if not packets[-1][1]:
                some = True
            quiet = 0 if some or not (shown or packets[-1][0]) else quiet + 1
            step += 1
        if options.what == "flash":
            emit("measured", late_ms=late // 1000, **skews(shown, packets))
        else:
            try:
                quality = heard(packets)
            except ImportError:
                quality = {}
            emit("measured", late_ms=late // 1000, **pictures_seen(shown), **quality)
        for kind, track in (("video", video), ("audio", audio)):
            emit("figures", kind=kind, **asdict(track.media_stats))
        await commands.ended.wait()
        reporting.cancel()


run(main, options.timeout)
