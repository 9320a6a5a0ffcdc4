"""The page about a run: one file with everything in it."""

from __future__ import annotations

import base64
import io
import statistics
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import story
from looks import CUSHION_MS, HEIGHT, RATE, SAMPLE_RATE, WIDTH
from plots import COLOURS, Lane, Line, chart, time_line
from source import write_wave
from speech import JUDGED_RATE, narrowed

if TYPE_CHECKING:
    from checks import Judged
    from record import Record

#: Pictures shown of each person at each other.
SHOWN = 6
#: Figures are put together for so long.
BIN_S = 0.5

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #6b7280; --paper: #fff; --line: #d7dae0; --shade: #8882; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7ea; --soft: #9aa1ac; --paper: #16181c; --line: #343840; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2em auto; max-width: 940px;
  padding: 0 1em; }
h1 { font-size: 1.6em; } h2 { margin-top: 2em; border-bottom: 1px solid var(--line); } h3 { margin: 1.4em 0 .3em; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .3em .6em; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top; }
.ok { color: #2a9d5c; font-weight: 600; } .bad { color: #d33; font-weight: 700; }
.verdict { padding: .6em 1em; border-radius: 6px; border: 2px solid currentColor; }
figure { margin: 0; } figcaption, .note { color: var(--soft); font-size: .82em; }
.strip { display: grid; grid-template-columns: repeat(6, 1fr); gap: 6px; margin: .3em 0 .8em; }
.strip img { width: 100%; border-radius: 4px; display: block; }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; }
.key span { margin-right: 1.2em; } .key b { font-size: 1.3em; }
svg { width: 100%; height: auto; } svg text { font-size: 10px; fill: var(--soft); } svg .who { font-size: 13px; fill: var(--ink); }
svg .grid { stroke: var(--line); stroke-width: .6; } svg polyline { fill: none; stroke-width: 1.4; }
svg .shade { fill: var(--shade); } svg .limit { stroke: #d33; stroke-dasharray: 4 3; } svg circle { fill: var(--ink); }
svg .away { fill: var(--paper); stroke: #d33; stroke-width: 1; } svg .quiet { fill: var(--paper); fill-opacity: .6; }
svg .ringing { fill-opacity: .35; }
audio { width: 100%; height: 34px; }
"""


def write(record: Record, judged: list[Judged], folder: Path) -> Path:
    """Writes ``index.html``, and sound and pictures as files beside it."""
    for name in ("sound", "pictures"):
        (folder / name).mkdir(exist_ok=True)
    failed = [one for one in judged if not one.passed]
    verdict = f"{len(judged)} of {len(judged)} checks passed" if not failed else f"FAILED: {', '.join(one.name for one in failed)}"
    people = [person(record, name, folder) for name in record.names]
    parts = [
        f"<p class='verdict {'bad' if failed else 'ok'}'>{escape(verdict)}</p>",
        "<p>Four people, each a process with libburrow: a group over a Nostr relay, a video call through a MoQ relay at "
        f"<code>{escape(record.relay)}</code>, which has no key. The pictures are a real clip at {WIDTH}x{HEIGHT}, {RATE} a "
        "second, and the sound is recorded speech. Everything below was measured by those who received it.</p>",
        "<h2>Checks</h2>", table(judged),
        "<h2>What happened</h2>", happened(record),
        "<h2>Latency, bit rate, quality</h2>", key(record), *(plots(record, name) for name in record.names),
        "<h2>What they saw and heard</h2>", *people,
    ]  # fmt: skip
    head = f"<meta charset='utf-8'><title>BurrowSDK: a call of four</title><style>{STYLE}</style>"
    body = f"<h1>A call of four</h1>{''.join(parts)}"
    file = folder / "index.html"
    file.write_text(f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n")
    return file


def table(judged: list[Judged]) -> str:
    rows = [
        f"<tr><td class='{'ok' if one.passed else 'bad'}'>{'ok' if one.passed else 'FAILED'}</td>"
        f"<td>{escape(one.name)}</td><td>{escape(one.said)}</td></tr>"
        for one in judged
    ]
    return f"<table>{''.join(rows)}</table>"


def colour(record: Record, name: str) -> str:
    return COLOURS[record.names.index(name) if name in record.names else -1]


def key(record: Record) -> str:
    names = (f"<span><b style='color:{colour(record, name)}'>&#9644;</b> {escape(name)}</span>" for name in record.names)
    return f"<p class='key'>{''.join(names)}</p><p class='note'>Grey: four talk undisturbed. The colour tells who is seen.</p>"


# -- what happened ---------------------------------------------------------------------------------------------------


def seconds(record: Record, at_us: int) -> float:
    return (at_us - record.began_us) / 1e6


def length(record: Record) -> float:
    return seconds(record, record.acts[-1][0])


def happened(record: Record) -> str:
    lanes = []
    for name in [*record.names, story.GHOST]:
        if name not in record.events:
            continue
        events = record.events[name]
        bars = stays(record, events, "ringing", ("accepting", "ended"), "ringing")
        bars += stays(record, events, "accepting" if name in record.names else "active", ("ended",), "in")
        who, lost, back = record.marks.lost
        bars += [(seconds(record, lost), seconds(record, back), "away")] if who == name else []
        who, muted = record.marks.muted
        bars += [(seconds(record, muted), seconds(record, record.marks.unmuted_us), "quiet")] if who == name else []
        marks = [(seconds(record, at), text) for at, who, text in record.acts if who == name]
        lanes.append(Lane(name, colour(record, name), bars, marks))
    rows = [
        (event["at_us"], name, describe(event))
        for name, events in record.events.items()
        for event in events
        if "at_us" in event and event["event"] not in ("reported", "at epoch")
    ] + [(at, "the story", f"{who} {text}") for at, who, text in record.acts]
    lines = (
        f"<tr><td>{seconds(record, at):.3f} s</td><td>{escape(who)}</td><td>{escape(text)}</td></tr>"
        for at, who, text in sorted(rows)
    )
    details = f"<details><summary>all {len(rows)} events</summary><table>{''.join(lines)}</table></details>"
    return time_line(lanes, length(record)) + details


def describe(event: dict[str, Any]) -> str:
    more = ", ".join(f"{name} {value}" for name, value in event.items() if name not in ("event", "at_us"))
    return f"{event['event']}{f': {more}' if more else ''}"


def stays(
    record: Record, events: list[dict[str, Any]], begin: str, ends: tuple[str, ...], style: str
) -> list[tuple[float, float, str]]:
    """From each event that begins something to the next that ends it."""
    found, since = [], None
    for event in events:
        if event["event"] == begin and since is None:
            since = seconds(record, event["at_us"])
        elif event["event"] in ends and since is not None:
            found.append((since, seconds(record, event["at_us"]), style))
            since = None
    return [*found, (since, length(record), style)] if since is not None else found


# -- plots -----------------------------------------------------------------------------------------------------------


def binned(values: list[tuple[float, float]]) -> list[tuple[float, float | None]]:
    """The median of each half second; gaps where there was nothing."""
    bins: dict[int, list[float]] = {}
    for at, value in values:
        bins.setdefault(int(at / BIN_S), []).append(value)
    points: list[tuple[float, float | None]] = []
    for number in sorted(bins):
        if points and number - points[-1][0] / BIN_S > 1.5:
            points.append(((number - 1) * BIN_S, None))
        points.append(((number + 0.5) * BIN_S, statistics.median(bins[number])))
    return points


def rates(figures: list[list[int]], since: int) -> list[tuple[float, float | None]]:
    """kbit/s of sound and pictures between two measurements."""
    points: list[tuple[float, float | None]] = []
    for a, b in zip(figures, figures[1:]):
        apart = (b[0] - a[0]) / 1e6
        points.append(((b[0] - since) / 1e6, (b[1] + b[2] - a[1] - a[2]) * 8 / 1000 / apart if 0 < apart < 2 else None))
    return points


def plots(record: Record, name: str) -> str:
    calm = [(seconds(record, record.marks.calm[0]), seconds(record, record.marks.calm[1]))]
    delay, rate, quality = [], [], []
    for other, view in record.reports[name]["views"].items():
        shade = colour(record, other)
        shown = view["pictures"]
        delay.append(Line(other, shade, binned([(seconds(record, at), (at - taken) / 1000) for _, taken, at, _ in shown])))
        rate.append(Line(other, shade, rates(view["figures"], record.began_us)))
        quality.append(Line(other, shade, binned([(seconds(record, at), value) for _, _, at, value in shown])))
    end = length(record)
    drawn = (
        (f"camera to screen, of which the players keep {CUSHION_MS} ms for a busy machine", chart(delay, end, "ms", calm)),
        ("received", chart(rate, end, "kbit/s", calm)),
        ("pictures, PSNR", chart(quality, end, "dB", calm, 33)),
    )
    figures = (f"<figure>{svg}<figcaption>{caption}</figcaption></figure>" for caption, svg in drawn)
    return f"<h3>at {escape(name)}</h3><div class='three'>{''.join(figures)}</div>"


# -- pictures and sound ----------------------------------------------------------------------------------------------


def jpeg(rows: np.ndarray) -> bytes:
    """A picture of I420 as a file."""
    import av

    frame = av.VideoFrame.from_ndarray(rows, "yuv420p")
    frame = frame.reformat(format="yuvj420p", src_color_range="MPEG", dst_color_range="JPEG")
    out = io.BytesIO()
    with av.open(out, "w", "image2pipe") as container:
        stream = container.add_stream("mjpeg", 1)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        stream.options = {"qmin": "3", "qmax": "3", "color_range": "jpeg"}
        container.mux(stream.encode(frame) + stream.encode())
    return out.getvalue()


def embedded(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def strip(record: Record, name: str, other: str, view: dict[str, Any], folder: Path) -> str:
    """Some of the pictures, over all of the time."""
    data = (record.folder / view["kept_in"]).read_bytes()
    kept = view["kept"]
    begins = np.cumsum([0, *(width * height * 3 // 2 for _, _, width, height in kept)])
    known = {(number, at): value for number, _, at, value in view["pictures"]}
    chosen = sorted({round(place) for place in np.linspace(0, len(kept) - 1, min(SHOWN, len(kept)))})
    figures = []
    for place in chosen:
        number, at, width, _ = kept[place]
        rows = np.frombuffer(data[begins[place] : begins[place + 1]], np.uint8).reshape(-1, width)
        file = jpeg(rows)
        (folder / "pictures" / f"{name}-sees-{other}-{number:05}.jpg").write_bytes(file)
        said = f"{seconds(record, at):.1f} s, {width} wide, {known.get((number, at), 0):.1f} dB"
        image = embedded("image/jpeg", file)
        figures.append(f"<figure><img alt='{escape(other)}' src='{image}'><figcaption>{said}</figcaption></figure>")
    return f"<div class='strip'>{''.join(figures)}</div>"


def person(record: Record, name: str, folder: Path) -> str:
    """What one of them saw of each other, and heard of all."""
    report = record.reports[name]
    spent = f"{report['cpu_s']:.1f} s of a processor, {report['memory_mb']:.0f} MB with Python and what measures"
    out, sounds = [f"<h3>{escape(name)} <span class='note'>{spent}</span></h3>"], []
    for other, view in record.reports[name]["views"].items():
        values = [value for _, _, _, value in view["pictures"]]
        said = f"{len(values)} pictures, {np.mean(values) if values else 0:.1f} dB"
        if (name, other) in record.scores:
            said += f", PESQ {record.scores[name, other]:.2f}"
        out.append(f"<div>{escape(other)} <span class='note'>{said}</span></div>{strip(record, name, other, view, folder)}")
        sound = record.sound(view)
        before = max(record.began_us - view["began_us"], 0) * SAMPLE_RATE // 1_000_000
        write_wave(folder / "sound" / f"{name}-hears-{other}.wav", sound)
        sounds.append(sound[before:].astype(np.int32))
    least = min(map(len, sounds))
    mixed = np.clip(sum(sound[:least] for sound in sounds), -32768, 32767).astype(np.int16)
    file = folder / "sound" / f"{name}-hears-all.wav"
    write_wave(file, narrowed(mixed) if least else mixed, JUDGED_RATE)
    player = f"<audio controls preload='none' src='{embedded('audio/wav', file.read_bytes())}'></audio>"
    others = ", ".join(f"<a href='sound/{name}-hears-{other}.wav'>{escape(other)}</a>" for other in record.reports[name]["views"])
    return "".join(out) + f"{player}<p class='note'>All {escape(name)} heard. Each alone, as files beside this page: {others}.</p>"
