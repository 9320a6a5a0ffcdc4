"""How a call looks in a terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from typing import IO, TYPE_CHECKING, Any

import burrow

if TYPE_CHECKING:
    from .call import Session

#: How often figures are drawn; changes are drawn at once.
EVERY_S = 0.5


class Screen:
    """A table that is drawn again in its place; or, where there is no terminal, a line for each change."""

    def __init__(self, call: burrow.Call, name: str, session: Session, *, plain: bool, stream: IO[str]) -> None:
        self.call, self.name, self.session = call, name, session
        self.plain, self.stream = plain, stream
        #: The path of who speaks.
        self.speaker = ""
        self._lines = 0
        self._shown: list[str] = []
        self._drawn = 0.0
        self._before: dict[str, burrow.MediaStats] = {}
        self._quality: dict[str, str] = {}

    def refresh(self) -> None:
        """Something was pressed, which is to be seen at once."""
        self._drawn = 0.0

    def show(self) -> None:
        if self.plain:
            self._tell()
        elif time.monotonic() - self._drawn >= EVERY_S:
            self._drawn = time.monotonic()
            self._measure()
            self._draw()

    def close(self) -> None:
        if self.plain:
            self._tell()
        else:
            self._draw()

    # -- what is said ------------------------------------------------------------------------------------------

    def _state(self) -> str:
        call = self.call
        said = call.state.name.lower()
        if call.is_over:
            return f"{said}: {call.reason_text}"
        known = burrow.CallDetail._value2member_map_.get(call.detail)
        detail = known.name.lower().replace("_", " ") if known is not None and known not in (0, burrow.CallDetail.OK) else ""
        return f"{said}, {detail}" if detail else said

    def _people(self) -> list[tuple[burrow.CallMember, list[str]]]:
        """Everybody else with what is to be said of them."""
        try:
            members = [member for member in self.call.members() if member.is_present]
        except burrow.BurrowError:
            return []
        people = []
        for member in members:
            said = []
            if member.path and member.path == self.speaker:
                said.append("speaking")
            if member.is_muted:
                said.append("muted")
            if member.has_video:
                said.append("camera")
            if not member.is_announced:
                said.append("not connected")
            people.append((member, said))
        return people

    def _tell(self) -> None:
        """A line for what is new."""
        lines = [f"{self.name}: {self._state()}"]
        for member, said in self._people():
            lines.append(f"{short(member.pubkey)}: {', '.join(said) or 'here'}")
        gone = [line.split(": ")[0] for line in self._shown[1:]]
        here = [line.split(": ")[0] for line in lines[1:]]
        for line in lines:
            if line not in self._shown:
                print(line, file=self.stream, flush=True)
        if not self.call.is_over:
            for who in gone:
                if who not in here:
                    print(f"{who}: left", file=self.stream, flush=True)
        self._shown = lines

    # -- a terminal --------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """Whether what was heard since the last look was what was sent."""
        for path, track in self.session.tracks.items():
            try:
                now = track.media_stats
            except burrow.BurrowError:
                continue
            before = self._before.get(path, now)
            self._before[path] = now
            played = now.played_us - before.played_us
            bad = (now.concealed_us - before.concealed_us) / played if played > 0 else 0
            word = "good" if bad < 0.01 else "fair" if bad < 0.05 else "poor"
            self._quality[path] = f"{word}, {now.delay_ms} ms, {now.bitrate_bps // 1000} kbit/s" if played > 0 else "nothing yet"

    def _draw(self) -> None:
        session, info = self.session, None
        try:
            info = self.call.room.stats
        except burrow.BurrowError:
            pass
        head = f"{self.name}  {self._state()}"
        if info is not None and info.rtt_us:
            head += f"  round trip {info.rtt_us / 1000:.0f} ms"
        own = ["muted" if session.muted else "microphone"]
        if session.camera is not None:
            own.append("camera off" if session.camera_off else "camera")
        rows = [("you", ", ".join(own), "")]
        rows += [
            (short(member.pubkey), ", ".join(said), self._quality.get(member.path, ""))
            for member, said in self._people()
        ]
        lines = [head, *(f"  {who:<16} {said:<28} {line}".rstrip() for who, said, line in rows)]
        if not self.call.is_over:
            lines.append("  m mute   v camera   q hang up")
        width = os.get_terminal_size(self.stream.fileno()).columns or 80
        up = f"\033[{self._lines}A" if self._lines else ""
        body = "".join(f"\r\033[K{line[: width - 1]}\n" for line in lines)
        print(f"{up}{body}\033[J", end="", file=self.stream, flush=True)
        self._lines = len(lines)


def short(key: bytes) -> str:
    return burrow.format_public_key(key)[:14] + "…"


class Keys:
    """Keys of the terminal, one at a time, without waiting for the end of a line."""

    def __init__(self, taken: bool) -> None:
        self.on = not taken and sys.stdin.isatty()
        self._before: list[Any] = []

    def __enter__(self) -> Keys:
        if self.on:
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(self, *exception: object) -> None:
        if self.on:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def pressed(self) -> str:
        """What was pressed since the last time."""
        if not self.on or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        return os.read(sys.stdin.fileno(), 64).decode(errors="ignore")
