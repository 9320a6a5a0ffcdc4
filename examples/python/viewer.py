#!/usr/bin/env python3
"""Shows everybody in a room or in a call in a window: pictures, names, who is muted, and a ring around who speaks.

    viewer.py --pin <fingerprint> moqt://localhost:4443
    viewer.py --pin <fingerprint> --play "aplay -q -t raw -f S16_LE -r 48000 -c 2" moqt://localhost:4443
    viewer.py --pin <fingerprint> --state viewer --nostr wss://relay.example

The last one is somebody who joins groups and takes part in their calls, one after the other; it prints its public key. Needs
tkinter (python3-tk), the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
"""

from __future__ import annotations

import argparse
import math
import shlex
import subprocess
import sys
import threading
import time
import tkinter
from pathlib import Path

import burrow
from member import storage_key

TILE_WIDTH, TILE_HEIGHT, RING = 320, 180, 6
BACKGROUND, QUIET, SPEAKING = "#202020", "#404040", "#30c040"
EVERY_MS = 15


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Shows everybody in a room or in a call in a window.")
    parser.add_argument("url", nargs="?", help="the room: moqt://host[:port][/path][?jwt=token]")
    parser.add_argument("--nostr", help="show the calls of our groups, which are on this Nostr relay: wss://host[:port]")
    parser.add_argument("--state", type=Path, help="with --nostr: where to keep who we are; made when it is not there")
    parser.add_argument("--play", default="", help="a program that plays raw samples from its standard input")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate, hex")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
    options = parser.parse_args()
    if (options.url is None) == (options.nostr is None) or (options.nostr is None) != (options.state is None):
        parser.error("give either the URL of a room, or --nostr and --state")
    return options


class Loudspeaker(threading.Thread):
    """Pulls the sum of all sound as it is played. Without a program to play it, it still is the clock of the pictures."""

    def __init__(self, room: burrow.Room, command: str) -> None:
        super().__init__(daemon=True)
        self.room = room
        self.player = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE) if command else None
        self.over = threading.Event()

    def run(self) -> None:
        begin, count = time.monotonic(), 0
        try:
            while not self.over.is_set():
                sound = self.room.mix_audio(960)
                if self.player is not None and self.player.stdin is not None:
                    self.player.stdin.write(bytes(sound))
                count += 1
                time.sleep(max(begin + count * 0.02 - time.monotonic(), 0))
        except (burrow.ClosedError, OSError):
            pass
        finally:
            if self.player is not None:
                self.player.terminate()


class Tile:
    """One participant: tracks of the room, and a place in the window."""

    def __init__(self, window: tkinter.Tk, room: burrow.Room, path: str) -> None:
        self.path = path
        self.room = room
        self.video: burrow.VideoTrack | None = None
        self.audio: burrow.AudioTrack | None = None
        self.frame = tkinter.Frame(window, background=QUIET, padx=RING, pady=RING)
        self.image = tkinter.PhotoImage(width=TILE_WIDTH, height=TILE_HEIGHT)
        self.picture = tkinter.Label(self.frame, image=self.image, background="black", borderwidth=0)
        self.picture.pack()
        self.name = tkinter.Label(self.frame, text=path, foreground="white", background=BACKGROUND)
        self.name.pack(fill="x")

    def follow(self) -> None:
        """Subscribes to what the participant offers now and did not before."""
        try:
            kinds = {offer.kind for offer in self.room.media(self.path) if offer.is_supported}
        except burrow.NotFoundError:
            return
        if burrow.TrackKind.VIDEO in kinds and self.video is None:
            # The size chooses the rendition: nobody sends us more than we show.
            self.video = self.room.subscribe_video(self.path, width=TILE_WIDTH, height=TILE_HEIGHT)
        if burrow.TrackKind.AUDIO in kinds and self.audio is None:
            self.audio = self.room.subscribe_audio(self.path)

    def show(self) -> None:
        """Draws the newest picture, if there is one, as large as the tile allows."""
        picture = self.video.pull_video() if self.video is not None else None
        if picture is None:
            return
        turned = picture.rotation in (90, 270)
        wide, high = (picture.height, picture.width) if turned else (picture.width, picture.height)
        scale = min(TILE_WIDTH / wide, TILE_HEIGHT / high)
        width, height = max(round(wide * scale), 16), max(round(high * scale), 16)
        pixels = burrow.convert_picture(picture, burrow.VideoFormat.RGBA, width, height)
        # Tk reads PPM, which has no fourth byte.
        colours = bytearray(width * height * 3)
        for place in range(3):
            colours[place::3] = pixels[place::4]
        self.image = tkinter.PhotoImage(data=b"P6 %d %d 255\n" % (width, height) + bytes(colours), format="PPM")
        self.picture.configure(image=self.image, width=TILE_WIDTH, height=TILE_HEIGHT)

    def call_it(self, name: str) -> None:
        self.name.configure(text=name)

    def speak(self, now: bool) -> None:
        self.frame.configure(background=SPEAKING if now else QUIET)

    def close(self) -> None:
        for track in (self.video, self.audio):
            if track is not None:
                track.close()
        self.frame.destroy()


class Viewer:
    """The window, and everybody in it in the order they came."""

    def __init__(self, engine: burrow.Engine, options: argparse.Namespace) -> None:
        self.engine, self.options = engine, options
        self.room: burrow.Room | None = None
        self.call: burrow.Call | None = None
        self.loudspeaker: Loudspeaker | None = None
        self.window = tkinter.Tk()
        self.window.title("Burrow")
        self.window.configure(background=BACKGROUND)
        self.tiles: dict[str, Tile] = {}
        self.window.after(0, self.turn)

    def enter(self, room: burrow.Room) -> None:
        """Shows this room from now on."""
        self.leave()
        self.room = room
        self.loudspeaker = Loudspeaker(room, self.options.play)
        self.loudspeaker.start()
        for participant in room.participants():
            self.add(participant.path)

    def leave(self) -> None:
        if self.loudspeaker is not None:
            self.loudspeaker.over.set()
            self.loudspeaker.join(2)
            self.loudspeaker = None
        for path in list(self.tiles):
            self.remove(path)
        self.room = None

    def turn(self) -> None:
        """Everything that is to be done now: news of the room and the call, then pictures."""
        while (event := self.engine.next_event(0)) is not None:
            self.take(event)
        try:
            for tile in self.tiles.values():
                tile.show()
        except burrow.ClosedError:
            # The room is gone; the next events say so.
            pass
        self.window.after(EVERY_MS, self.turn)

    def take(self, event: burrow.Event) -> None:
        if event.kind == burrow.EventKind.CALL_STATE:
            self.follow(event)
        elif event.kind == burrow.EventKind.CALL_MEMBER and event.subject is self.call:
            self.write_names()
        elif event.kind == burrow.EventKind.GROUP_STATE and event.state == burrow.GroupState.INVITED:
            event.subject.group(event.data).join()
        elif event.kind == burrow.EventKind.KEY_PACKAGE_USED:
            event.subject.publish_key_package()
        elif self.room is not None and event.subject is self.room:
            self.look(event)

    def look(self, event: burrow.Event) -> None:
        """Something happened in the room."""
        if event.kind == burrow.EventKind.PARTICIPANT_JOINED:
            self.add(event.text)
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT:
            self.remove(event.text)
        elif event.kind == burrow.EventKind.PARTICIPANT_MEDIA and event.text in self.tiles:
            self.tiles[event.text].follow()
        elif event.kind == burrow.EventKind.SPEAKER:
            for path, tile in self.tiles.items():
                tile.speak(path == event.text)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.CLOSED and self.call is None:
            print(f"viewer: the room is closed: {event.text}", file=sys.stderr)
            self.window.destroy()

    def follow(self, event: burrow.Event) -> None:
        """A call is something else than before: takes the first that rings, and shows its room as soon as it has one."""
        if self.call is None and event.state == burrow.CallState.INCOMING:
            self.call = event.subject
            self.call.accept(connection=burrow.Connection(pins=self.options.pin, insecure=self.options.insecure))
        if event.subject is not self.call:
            return
        if self.call.is_over:
            self.leave()
            self.call = None
            self.window.title("Burrow")
        elif event.state in (burrow.CallState.CONNECTING, burrow.CallState.ACTIVE):
            self.window.title(f"Burrow: {self.call.group.info.name}")
            if self.call.entered.done and self.call.room is not self.room:
                self.enter(self.call.room)
            self.write_names()

    def write_names(self) -> None:
        """People instead of paths, and whether they are muted."""
        if self.call is None or self.call.is_over:
            return
        for member in self.call.members():
            if member.path in self.tiles:
                name = burrow.format_public_key(member.pubkey)[:12] + "…"
                self.tiles[member.path].call_it(f"{name}  muted" if member.is_muted else name)

    def add(self, path: str) -> None:
        if path not in self.tiles and self.room is not None:
            self.tiles[path] = Tile(self.window, self.room, path)
            self.tiles[path].follow()
            self.arrange()
            self.write_names()

    def remove(self, path: str) -> None:
        if path in self.tiles:
            self.tiles.pop(path).close()
            self.arrange()

    def arrange(self) -> None:
        """As many columns as rows, or one more."""
        columns = max(math.ceil(math.sqrt(len(self.tiles))), 1)
        for place, tile in enumerate(self.tiles.values()):
            tile.frame.grid(row=place // columns, column=place % columns, padx=2, pady=2)


def be_called(engine: burrow.Engine, options: argparse.Namespace) -> burrow.Identity:
    """Somebody in the window's place, whom others can invite and call."""
    engine.nostr.add_relay(options.nostr)
    me = engine.open_identity(storage_path=options.state, storage_key=storage_key(options.state))
    if me.opened is not None:
        me.opened.wait(10)
    engine.nostr.authenticate(me)
    me.publish_key_package()
    print(f"i am {me.npub}", flush=True)
    return me


def main(options: argparse.Namespace) -> None:
    with burrow.Engine() as engine:
        me = be_called(engine, options) if options.nostr else None
        viewer = Viewer(engine, options)
        if me is None:
            viewer.enter(engine.open_room(options.url, pins=options.pin, insecure=options.insecure, media=True))
        try:
            viewer.window.mainloop()
        finally:
            viewer.leave()
            # What is to be said at the end goes out.
            if viewer.call is not None:
                viewer.call.hang_up().wait(3)
            engine.shutdown().wait(3)


if __name__ == "__main__":
    try:
        main(arguments())
    except (burrow.BurrowError, tkinter.TclError, OSError) as error:
        sys.exit(f"viewer: {error}")
    except KeyboardInterrupt:
        pass
