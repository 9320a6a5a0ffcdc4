"""What the measurements of audio and video share: content, processes, the network between them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import BUILD, ROOT, Failed, Process, Stack, cpu_seconds, find_stacks, udpimpair  # noqa: E402

__all__ = ["BUILD", "ROOT", "Failed", "Process", "Stack", "cpu_seconds"]

FOLDER = BUILD / "media"
PEER, BARE = BUILD / "media-peer", BUILD / "media-bare"
MEDIA_PYTHON = ROOT / ".venv-media" / "bin" / "python"
MOQRS_PYTHON = ROOT / ".venv" / "bin" / "python"
SPEECH = Path("/usr/share/sounds/alsa")
RECORDINGS = ("Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right")


# -- content ------------------------------------------------------------------------------------------------


def pictures(width: int, height: int, count: int = 150) -> Path:
    """A file of pictures of that size, made once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"clip-{width}x{height}-{count}.i420"
    if file.exists():
        return file
    if not MEDIA_PYTHON.exists():
        raise Failed("no clip: run scripts/bootstrap.sh")
    answer = subprocess.run(
        [MEDIA_PYTHON, HERE / "prepare.py", file, str(width), str(height), str(count)],
        capture_output=True, text=True, timeout=300,
    )
    if answer.returncode or not file.exists():
        raise Failed(f"no clip: {(answer.stderr.strip().splitlines() or ['?'])[-1]}")
    return file


def speech() -> Path:
    """Recorded speech, 48 kHz, 16 bits, mono, pauses between the recordings."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "speech.s16"
    if file.exists():
        return file
    pieces = []
    for name in RECORDINGS:
        source = SPEECH / f"{name}.wav"
        if not source.exists():
            raise Failed("no recorded speech: install alsa-utils")
        with wave.open(str(source)) as recording:
            if (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) != (1, 2, 48_000):
                raise Failed(f"{source} is not 48 kHz, 16 bits, mono")
            pieces += [recording.readframes(1 << 30), bytes(2 * 48_000 * 3 // 10)]
    file.write_bytes(b"".join(pieces))
    return file


# -- processes ----------------------------------------------------------------------------------------------


class Rig:
    """The processes of one measurement; whatever happens, all of them end."""

    def __init__(self, stack: str) -> None:
        found = find_stacks([stack])
        if not found:
            raise Failed(f"{stack} is not installed")
        self.stack: Stack = found[0]
        self.processes: list[Process] = []
        self.proxy: subprocess.Popen | None = None

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            process.end()
        if self.proxy is not None:
            self.proxy.send_signal(signal.SIGINT)
            try:
                self.proxy.communicate(timeout=3)
            except subprocess.TimeoutExpired:
                self.proxy.kill()

    def relay(self) -> str:
        self.relay_process = self.stack.run("relay", "--bind", "127.0.0.1:0")
        self.processes.append(self.relay_process)
        self.address = self.relay_process.line("listening ", 10).split()[1]
        return f"{self.stack.scheme}://{self.address}"

    def impair(self, seed: int, seconds: float, settings: list[str], events: list[tuple[float, str]]) -> str:
        """A worse network in front of the relay. Events are counted from now on."""
        command = [str(udpimpair()), "--listen", "127.0.0.1:0", "--target", self.address, "--seed", str(seed)]
        command += ["--duration", f"{seconds:.0f}"]
        for setting in settings:
            command += ["-s", setting]
        for at, action in events:
            command += ["--at", f"{at:.3f}", action]
        self.proxy = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.proxy.stderr.readline().decode()
        if not line.startswith("listening "):
            raise Failed(f"udpimpair: {line.strip()}")
        return f"{self.stack.scheme}://{line.split()[1]}"

    def peer(self, role: str, *options: object, env: dict[str, str] | None = None) -> Process:
        if self.stack.name == "moq-rs":
            command = [MOQRS_PYTHON, HERE / "moqrs_peer.py", role, *options]
        else:
            command = [PEER, role, *options]
        process = Process(command, env=env, log=self.stack.log)
        self.processes.append(process)
        return process


@dataclass(frozen=True)
class Sizes:
    """What is sent."""

    width: int = 640
    height: int = 360
    fps: int = 30
    video_bitrate: int = 800_000
    audio_bitrate: int = 32_000
    audio: bool = True
    video: bool = True
    more: tuple[str, ...] = ()

    def options(self, content: bool) -> list[object]:
        options: list[object] = ["--fps", self.fps, "--width", self.width, "--height", self.height, *self.more]
        options += ["--video-bitrate", self.video_bitrate, "--audio-bitrate", self.audio_bitrate]
        options += [] if self.audio else ["--no-audio"]
        options += [] if self.video else ["--no-video"]
        if content:
            options += ["--pictures", pictures(self.width, self.height), "--speech", speech()]
        return options


@dataclass
class Call:
    """One sender, one receiver, and what they said in the end. Times are in microseconds of the monotonic clock."""

    begin: int
    start: int
    end: int
    sent: dict
    received: dict
    cpu: dict[str, float] = field(default_factory=dict)
    fps: int = 30


def wait_until(us: float, progress: str = "") -> None:
    shown = time.monotonic()
    while (left := us / 1e6 - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))
        if progress and time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"    {progress}: {max(left, 0):.0f} s left", flush=True)


WARM_US = 5_000_000
CONNECT_US = 3_000_000


def call(
    stack: str, seconds: float, settings: list[str] = (), events: list[tuple[float, str]] = (), where: str = "sender",
    seed: int = 7, sizes: Sizes | None = None, env: dict[str, dict[str, str]] | None = None, watch=None,
) -> Call:  # fmt: skip
    """Sends for that long through a relay, the network of one side being as bad as said.

    ``watch`` is called with the processes when the measured time begins, and with its own answer when it ends.
    """
    sizes = sizes or Sizes()
    content = sizes.options(True)
    with Rig(stack) as rig:
        good = rig.relay()
        bad, origin = good, time.monotonic_ns() // 1000
        if settings or events:
            shifted = [((CONNECT_US + WARM_US) / 1e6 + at, action) for at, action in events]
            bad = rig.impair(seed, seconds + 60, list(settings), shifted)
            origin = time.monotonic_ns() // 1000
        common = ["--path", "room/alice", "--seconds", seconds + WARM_US / 1e6]
        urls = {"sender": good, "receiver": good, where: bad}
        env = env or {}
        receiver = rig.peer("receive", "--url", urls["receiver"], *common, *sizes.options(False), env=env.get("receiver"))
        sender = rig.peer("send", "--url", urls["sender"], *common, *content, env=env.get("sender"))
        receiver.line("ready", 20)
        sender.line("ready", 20)
        wait_until(origin + CONNECT_US)
        receiver.send("go")
        sender.send("go")
        begin = int(sender.line("begun ", 10).split()[1])
        start = origin + CONNECT_US + WARM_US
        end = start + int(seconds * 1e6)
        people = {"relay": rig.relay_process, "sender": sender, "receiver": receiver}
        wait_until(start)
        before = {name: cpu_seconds(process.pid) for name, process in people.items()}
        seen = watch(people) if watch else None
        wait_until(end, f"{stack} {where}")
        cpu = {name: (cpu_seconds(process.pid) - before[name]) / seconds for name, process in people.items()}
        if watch:
            watch(people, seen)
        for process in people.values():
            if process.process.poll() is not None:
                raise Failed(f"{Path(process.command[0]).name} ended early")
        receiver.send("stop")
        sender.send("stop")
        received = json.loads(receiver.line("{", 60))
        sent = json.loads(sender.line("{", 30))
    return Call(begin, start, end, sent, received, cpu, sizes.fps)
