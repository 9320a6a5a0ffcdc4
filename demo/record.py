"""All that came of one run: what everybody said, saw and heard, and what the relay had."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import story
import wire
from cast import Stage
from looks import Look, Material

Event = dict[str, Any]


@dataclass
class Record:
    folder: Path
    material: Material
    names: list[str]
    marks: story.Marks
    #: What each of them said, and what the story did.
    events: dict[str, list[Event]]
    acts: list[tuple[int, str, str]]
    #: What each of them reported, also who only listened.
    reports: dict[str, dict[str, Any]]
    frames: list[wire.Seen]
    keys: dict[str, str]
    relay: str
    #: PESQ of who at whom, once it was judged.
    scores: dict[tuple[str, str], float] = field(default_factory=dict)

    @classmethod
    def collect(cls, stage: Stage, marks: story.Marks) -> Record:
        reports = {}
        for name in [*stage.names, story.GHOST]:
            file = stage.folder / f"{name}.json"
            if file.exists():
                reports[name] = json.loads(file.read_text())
        frames = list(wire.recorded(stage.folder / "relay.frames"))
        material = Material.read(stage.folder.parent / "material")
        events = {peer.name: peer.events for peer in stage.actors()}
        return cls(stage.folder, material, stage.names, marks, events, stage.acts, reports, frames, stage.keys, stage.moq)

    @property
    def began_us(self) -> int:
        return self.acts[0][0]

    def look(self, name: str) -> Look:
        return Look(self.material, self.names.index(name))

    def pairs(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Who saw and heard, whom, and what."""
        return [(name, other, view) for name in self.names for other, view in self.reports[name]["views"].items()]

    def sound(self, view: dict[str, Any]) -> np.ndarray:
        """All that was heard of somebody, 48 kHz."""
        with wave.open(str(self.folder / view["sound"])) as file:
            return np.frombuffer(file.readframes(1 << 30), np.int16)

    def path_name(self, path: str) -> str:
        """Whose broadcast a path is."""
        return next((name for name, key in self.keys.items() if key in path.split("/")), path)
