"""``burrow call``: calls of a group, with files, pipes or devices as microphone, camera and loudspeaker."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from typing import Any

import burrow

from .group import chosen
from .home import add_home, at_home
from .media import Loudspeaker, PictureSource, SoundSource, Source
from .screen import Keys, Screen

STATES = burrow.CallState


def add(parsers: Any) -> None:
    made = parsers.add_parser("call", help="call a group, or answer a call", description=__doc__)
    actions = made.add_subparsers(title="actions", required=True, metavar="ACTION")
    begin = actions.add_parser("start", help="call a group, or join the call it has", description=start.__doc__)
    begin.add_argument("group", help="its name, or the beginning of its id")
    begin.add_argument("--moq", action="append", default=[], metavar="URL", help="a MoQ relay to prefer; may be repeated")
    begin.set_defaults(run=start)
    wait = actions.add_parser("answer", help="wait for a call and take it", description=answer.__doc__)
    wait.add_argument("group", nargs="?", help="of this group only")
    wait.add_argument("--again", action="store_true", help="wait for the next one afterwards")
    wait.set_defaults(run=answer)
    for parser in (begin, wait):
        add_home(parser)
        media = parser.add_argument_group("sound and pictures")
        media.add_argument(
            "--audio", metavar="SOURCE",
            help="the microphone: a WAV file, - for raw samples (16 bits, 48 kHz, mono), mic, device:FORMAT:NAME, "
            "or anything ffmpeg reads; silence when not given",
        )  # fmt: skip
        media.add_argument(
            "--video", metavar="SOURCE",
            help="the camera: a Y4M file, - for Y4M, camera, /dev/videoN, device:FORMAT:NAME, or anything ffmpeg reads",
        )
        media.add_argument(
            "--out", metavar="TARGET",
            help="the loudspeaker: a WAV file, - for raw samples (16 bits, 48 kHz, stereo), speaker, device:FORMAT:NAME",
        )
        media.add_argument("--loop", action="store_true", help="begin files again at their end")
        media.add_argument("--muted", action="store_true", help="begin muted")
        way = parser.add_argument_group("the relay of the call")
        way.add_argument("--pin", action="append", default=[], metavar="SHA256", help="the certificate that is right")
        way.add_argument("--roots", metavar="FILE", help="certificates of authorities to trust, PEM")
        way.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
        way.add_argument("--tokens", metavar="URL", help="the service that makes tokens when the relay asks for one")
        parser.add_argument("--seconds", type=float, help="hang up after this time in the call")
        parser.add_argument("--end-with-files", action="store_true", help="hang up when microphone and camera are over")
        parser.add_argument("--plain", action="store_true", help="a line for each change, also on a terminal")


async def start(options: argparse.Namespace) -> int:
    """Calls a group, or joins the call that it has already. Keys while it goes on: m mutes, v stops the camera, q hangs up."""
    async with at_home(options) as identity:
        with Session(options) as session:
            group = await chosen(identity, options)
            for call in identity.calls:
                if call.info.group_id == group.id and call.state in (STATES.INCOMING, STATES.AVAILABLE):
                    return await session.take(call, group.info.name)
            call = identity.start_call(
                group, video=session.camera is not None, muted=options.muted, relays=options.moq, **session.way
            )
            assert call.started is not None
            try:
                await call.started
            except burrow.BurrowError:
                if call.successor is None:
                    raise
            # They called us in the same moment, and one of the two calls goes on.
            return await session.run(call.successor or call, group.info.name)


async def answer(options: argparse.Namespace) -> int:
    """Waits for a call and takes it. Keys while it goes on: m mutes, v stops the camera, q hangs up."""
    async with at_home(options) as identity:
        group = await chosen(identity, options) if options.group else None
        wanted = None if group is None else group.id
        print("waiting for a call", file=sys.stderr, flush=True)
        status = 0
        async for call in identity.incoming():
            if wanted is None or call.info.group_id == wanted:
                with Session(options) as session:
                    status = await session.take(call, call.group.info.name)
                if not options.again:
                    break
        return status


class Session:
    """One call with its microphone, camera and loudspeaker, from the first ring to the end."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.muted = options.muted
        self.microphone = SoundSource(options.audio, loop=options.loop) if options.audio else None
        self.camera = PictureSource(options.video, loop=options.loop) if options.video else None
        self.speaker = Loudspeaker(options.out)
        roots = open(options.roots).read() if options.roots else None  # noqa: SIM115
        self.way = {
            "connection": burrow.Connection(pins=options.pin, roots_pem=roots, insecure=options.insecure),
            "token_url": options.tokens,
        }
        self.room: burrow.Room | None = None
        self.tracks: dict[str, burrow.AudioTrack] = {}
        self.own_audio: burrow.AudioTrack | None = None
        self.own_video: burrow.VideoTrack | None = None
        self.camera_off = False

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exception: object) -> None:
        self.speaker.close()
        for source in self.sources:
            source.close()

    @property
    def sources(self) -> list[Source]:
        return [source for source in (self.microphone, self.camera) if source is not None]

    async def take(self, call: burrow.Call, name: str) -> int:
        request = call.accept(video=self.camera is not None, muted=self.muted, **self.way)
        try:
            return await self.run(call, name)
        finally:
            if call.reason == 0:
                # Says what kept it from becoming one.
                await request

    async def run(self, call: burrow.Call, name: str) -> int:
        """Until it is over; 0 when there was a conversation."""
        began = None
        to_stderr = self.options.out == "-"
        plain = self.options.plain or not (sys.stderr if to_stderr else sys.stdout).isatty()
        screen = Screen(call, name, self, plain=plain, stream=sys.stderr if to_stderr else sys.stdout)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        events = call.engine.events()
        watcher = asyncio.ensure_future(self.watch(events, call, screen))
        hanging = False
        try:
            with Keys(self.options.audio == "-" or self.options.video == "-") as keys:
                while not call.is_over:
                    screen.show()
                    if call.state in (STATES.CONNECTING, STATES.ACTIVE):
                        self.enter(call)
                    if call.state == STATES.ACTIVE and began is None:
                        began = time.monotonic()
                    if not hanging and (stop.is_set() or self.is_time(began)):
                        call.hang_up()
                        hanging = True
                    for key in keys.pressed():
                        self.press(key, call, stop)
                        screen.refresh()
                    self.follow(call)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(call._changed(call._news), 0.1)
        finally:
            watcher.cancel()
            events.close()
            screen.close()
        for trouble in (*(source.trouble for source in self.sources), self.speaker.trouble):
            if trouble:
                print(f"burrow call: {trouble}", file=sys.stderr)
        return 0 if began is not None else 1

    def is_time(self, began: float | None) -> bool:
        if began is None:
            return False
        if self.options.end_with_files and self.sources and all(source.over.is_set() for source in self.sources):
            return True
        return self.options.seconds is not None and time.monotonic() - began >= self.options.seconds

    def enter(self, call: burrow.Call) -> None:
        """Both sides have agreed: what we say and show goes out from now on. After a change of relays in another room."""
        room = call._find_room()
        if room is None or room is self.room:
            return
        self.room = room
        self.tracks.clear()
        try:
            self.own_audio = room.publish_audio()
            self.own_audio.set_muted(self.muted)
            if self.microphone is not None:
                self.microphone.begin(self.own_audio)
            if self.camera is not None:
                self.own_video = room.publish_video()
                self.camera.begin(self.own_video)
        except burrow.ClosedError:
            # It is over, which the next event will say.
            return
        self.speaker.begin(room)

    def follow(self, call: burrow.Call) -> None:
        """Everybody's sound, as soon as it is there."""
        if self.room is None or call.is_over:
            return
        there = {member.path for member in call.members() if member.path and member.is_announced}
        with contextlib.suppress(burrow.ClosedError):
            for path in there - self.tracks.keys():
                self.tracks[path] = self.room.subscribe_audio(path)
        for path in self.tracks.keys() - there:
            self.tracks.pop(path).close()

    async def watch(self, events: burrow.EventStream, call: burrow.Call, screen: Screen) -> None:
        async for event in events:
            if event.kind == burrow.EventKind.SPEAKER:
                screen.speaker = event.text

    def press(self, key: str, call: burrow.Call, stop: asyncio.Event) -> None:
        if key == "q":
            stop.set()
        elif key == "m" and self.own_audio is not None:
            self.muted = not self.muted
            self.own_audio.set_muted(self.muted)
            call.set_muted(self.muted)
        elif key == "v" and self.own_video is not None:
            self.camera_off = not self.camera_off
            self.own_video.set_muted(self.camera_off)
            call.set_video(not self.camera_off)
