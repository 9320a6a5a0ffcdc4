"""Drawings for the page, as SVG: lines over time, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 430, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 20, 22
COLOURS = ("#3b78e7", "#d9822b", "#2a9d5c", "#b0409f", "#777777")


@dataclass(frozen=True)
class Line:
    name: str
    colour: str
    #: Seconds and values; a None is a gap.
    points: list[tuple[float, float | None]] = field(default_factory=list)


def steps(top: float) -> list[float]:
    """Round numbers from 0 to a little more than the top."""
    size = 1.0
    while top / size > 5:
        size *= 2.5 if str(size).lstrip("0.")[:1] == "2" else 2
    return [size * n for n in range(int(top / size) + 2)]


def chart(lines: list[Line], end: float, unit: str, shaded: list[tuple[float, float]] = (), limit: float | None = None) -> str:
    """Lines over the seconds of the call; ``limit`` is drawn across. What is far above all else is cut off."""
    values = sorted(value for line in lines for _, value in line.points if value is not None) or [1.0]
    marks = steps(max(min(values[-1], 2 * values[int(0.9 * (len(values) - 1))]), limit or 0, 1e-3))
    top = marks[-1]

    def x(seconds: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(max(seconds / max(end, 1e-9), 0), 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, top) / top, 1)

    out = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for begin, until in shaded:
        size = f'width="{x(until) - x(begin):.1f}" height="{HEIGHT - TOP - BOTTOM}"'
        out.append(f'<rect class="shade" x="{x(begin)}" y="{TOP}" {size}/>')
    for mark in marks:
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark)}" y2="{y(mark)}"/>')
        out.append(f'<text x="{LEFT - 4}" y="{y(mark) + 3}" text-anchor="end">{mark:g}</text>')
    for second in range(0, int(end) + 1, 5):
        out.append(f'<text x="{x(second)}" y="{HEIGHT - 8}" text-anchor="middle">{second}</text>')
    out.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">s</text>')
    out.append(f'<text x="4" y="{TOP - 9}">{escape(unit)}</text>')
    if limit is not None:
        out.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(limit)}" y2="{y(limit)}"/>')
    for line in lines:
        for piece in pieces(line.points):
            places = " ".join(f"{x(at)},{y(value)}" for at, value in piece)
            out.append(f'<polyline stroke="{line.colour}" points="{places}"/>')
    return "".join(out) + "</svg>"


def pieces(points: list[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """The points between gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for at, value in points:
        if value is None:
            found.append([])
        else:
            found[-1].append((at, value))
    return [piece for piece in found if piece]


@dataclass(frozen=True)
class Lane:
    name: str
    colour: str
    #: From, to, which class of the style.
    bars: list[tuple[float, float, str]]
    #: When, and what.
    marks: list[tuple[float, str]]


def time_line(lanes: list[Lane], end: float) -> str:
    """Who was in the call when, and what was done."""
    wide, high, left = 900, 46, 92

    def x(seconds: float) -> float:
        return round(left + (wide - left - 12) * min(max(seconds / max(end, 1e-9), 0), 1), 1)

    total = high * len(lanes) + 24
    out = [f'<svg viewBox="0 0 {wide} {total}" role="img">']
    for second in range(0, int(end) + 1, 5):
        out.append(f'<line class="grid" x1="{x(second)}" x2="{x(second)}" y1="0" y2="{total - 20}"/>')
        out.append(f'<text x="{x(second)}" y="{total - 6}" text-anchor="middle">{second} s</text>')
    for number, lane in enumerate(lanes):
        middle = number * high + 30
        out.append(f'<text class="who" x="4" y="{middle + 4}">{escape(lane.name)}</text>')
        for begin, until, style in lane.bars:
            place = f'x="{x(begin)}" y="{middle - 7}" width="{max(x(until) - x(begin), 1):.1f}" height="14" rx="3"'
            out.append(f'<rect class="{style}" fill="{lane.colour}" {place}/>')
        for row, (at, text) in enumerate(sorted(lane.marks)):
            anchor = "end" if at > 0.8 * end else "start"
            up = middle - 12 if row % 2 == 0 else middle + 17
            out.append(f'<circle cx="{x(at)}" cy="{middle}" r="3.5"/>')
            out.append(f'<text x="{x(at)}" y="{up}" text-anchor="{anchor}">{escape(text)}</text>')
    return "".join(out) + "</svg>"
