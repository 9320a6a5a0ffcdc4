#!/usr/bin/env python3
"""Shows everybody in a room in a window: pictures, names, and a ring around who speaks.

    viewer.py --pin <fingerprint> moqt://localhost:4443
    viewer.py --pin <fingerprint> --play "aplay -q -t raw -f S16_LE -r 48000 -c 2" moqt://localhost:4443

Needs tkinter (python3-tk), the burrow package (bindings/python) on the path and libburrow; see BURROW_LIBRARY.
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

import burrow

TILE_WIDTH, TILE_HEIGHT, RING = 320, 180, 6
BACKGROUND, QUIET, SPEAKING = "#202020", "#404040", "#30c040"
EVERY_MS = 15


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Shows everybody in a room in a window.")
    parser.add_argument("url", help="the room: moqt://host[:port][/path][?jwt=token]")
    parser.add_argument("--play", default="", help="a program that plays raw samples from its standard input")
    parser.add_argument("--pin", action="append", default=[], help="SHA-256 of an acceptable certificate, hex")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate: for tests only")
    return parser.parse_args()


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

    def speak(self, now: bool) -> None:
        self.frame.configure(background=SPEAKING if now else QUIET)

    def close(self) -> None:
        for track in (self.video, self.audio):
            if track is not None:
                track.close()
        self.frame.destroy()


class Viewer:
    """The window, and everybody in it in the order they came."""

    def __init__(self, engine: burrow.Engine, room: burrow.Room) -> None:
        self.engine, self.room = engine, room
        self.window = tkinter.Tk()
        self.window.title("Burrow")
        self.window.configure(background=BACKGROUND)
        self.tiles: dict[str, Tile] = {}
        self.window.after(0, self.turn)

    def turn(self) -> None:
        """Everything that is to be done now: news of the room, then pictures."""
        while (event := self.engine.next_event(0)) is not None:
            self.take(event)
        for tile in self.tiles.values():
            tile.show()
        self.window.after(EVERY_MS, self.turn)

    def take(self, event: burrow.Event) -> None:
        if event.kind == burrow.EventKind.PARTICIPANT_JOINED and event.text not in self.tiles:
            self.tiles[event.text] = Tile(self.window, self.room, event.text)
            self.arrange()
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT and event.text in self.tiles:
            self.tiles.pop(event.text).close()
            self.arrange()
        elif event.kind == burrow.EventKind.PARTICIPANT_MEDIA and event.text in self.tiles:
            self.tiles[event.text].follow()
        elif event.kind == burrow.EventKind.SPEAKER:
            for path, tile in self.tiles.items():
                tile.speak(path == event.text)
        elif event.kind == burrow.EventKind.ROOM_STATE and event.state == burrow.RoomState.CLOSED:
            print(f"viewer: the room is closed: {event.text}", file=sys.stderr)
            self.window.destroy()

    def arrange(self) -> None:
        """As many columns as rows, or one more."""
        columns = max(math.ceil(math.sqrt(len(self.tiles))), 1)
        for place, tile in enumerate(self.tiles.values()):
            tile.frame.grid(row=place // columns, column=place % columns, padx=2, pady=2)


def main(options: argparse.Namespace) -> None:
    with burrow.Engine() as engine:
        room = engine.open_room(options.url, pins=options.pin, insecure=options.insecure, media=True)
        viewer = Viewer(engine, room)
        loudspeaker = Loudspeaker(room, options.play)
        loudspeaker.start()
        try:
            viewer.window.mainloop()
        finally:
            loudspeaker.over.set()
            loudspeaker.join(2)
            room.close()


if __name__ == "__main__":
    try:
        main(arguments())
    except (burrow.BurrowError, tkinter.TclError, OSError) as error:
        sys.exit(f"viewer: {error}")
    except KeyboardInterrupt:
        pass
