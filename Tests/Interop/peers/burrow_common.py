"""What our peers share."""

from __future__ import annotations

import argparse
import asyncio

import burrow
from common import emit, note

LEVELS = {
    "error": burrow.LogLevel.ERROR,
    "warn": burrow.LogLevel.WARNING,
    "info": burrow.LogLevel.INFO,
    "debug": burrow.LogLevel.DEBUG,
    "trace": burrow.LogLevel.TRACE,
}
BITS = {
    "02": burrow.Version.LITE_02,
    "03": burrow.Version.LITE_03,
    "04": burrow.Version.LITE_04,
    "05": burrow.Version.LITE_05,
}
_tasks: set[asyncio.Task[None]] = set()


def versions(text: str) -> burrow.Version:
    """"05,04" as a mask; nothing means all."""
    mask = burrow.Version.ANY
    for part in filter(None, text.split(",")):
        mask |= BITS[part]
    return mask


def version_name(version: burrow.Version) -> str:
    return next((name for name, bit in BITS.items() if bit == version), "?")


def log_lines(level: str) -> None:
    """Copies the library's log to standard error, ten times a second."""
    burrow.set_log_level(LEVELS[level])

    async def copy() -> None:
        while True:
            for rank, text in burrow.log_lines():
                note(f"{rank.name} {text}")
            await asyncio.sleep(0.1)

    _tasks.add(asyncio.get_running_loop().create_task(copy()))


async def lease(engine: burrow.Engine, options: argparse.Namespace) -> burrow.TokenLease | None:
    """Tokens of a service, the first of which is there."""
    if not options.token_service:
        return None
    root = options.url.removeprefix("moqt://").partition("/")[2]
    tokens = burrow.Identity(engine).request_token(options.token_service, burrow.TokenClaims(root, ("",), ("",)))
    options.url += f"?jwt={await anext(tokens)}"
    return tokens


def open_room(
    engine: burrow.Engine,
    options: argparse.Namespace,
    path: str | None,
    prefix: str | None,
    tokens: burrow.TokenLease | None = None,
) -> burrow.Room:
    room = engine.open_room(
        options.url,
        path=path,
        prefix=prefix,
        pins=[options.fingerprint] if options.fingerprint else [],
        insecure=not options.fingerprint and not options.secure,
        versions=versions(options.versions),
        reconnect=options.reconnect,
        protected=bool(options.secret),
        token=tokens,
    )
    if options.secret:
        room.set_key(1, bytes.fromhex(options.secret))
    return room


async def connected(room: burrow.Room) -> bool:
    """Reports how connecting ended."""
    try:
        await room.opened
    except burrow.BurrowError as error:
        refused(error.name, error.text, error.peer_code)
        return False
    info = room.info
    emit("connected", version=version_name(info.version), address=info.remote_address)
    return True


def refused(status: str, text: str, peer_code: int) -> None:
    emit("refused", status=status, text=text, code=peer_code)


async def report(engine: burrow.Engine, rooms: bool = True) -> None:
    """Reports what the engine says about rooms and tracks, as events of their own."""
    async for event in engine.events():
        if event.kind == burrow.EventKind.ROOM_STATE:
            state = burrow.RoomState(event.state).name.lower()
            emit("status", status=state, code=event.value, why=burrow.status_name(event.status), text=event.text)
            if event.state == burrow.RoomState.CLOSED and event.status < 0:
                refused(burrow.status_name(event.status), event.text, event.value)
        elif event.kind == burrow.EventKind.PARTICIPANT_JOINED and rooms:
            emit("participant", path=event.text, active=True, id=event.participant)
        elif event.kind == burrow.EventKind.PARTICIPANT_LEFT and rooms:
            emit("participant", path=event.text, active=False, id=event.participant)
        elif event.kind == burrow.EventKind.TRACK_STATE:
            state = burrow.TrackState(event.state).name.lower()
            emit("track", state=state, why=burrow.status_name(event.status), text=event.text)
        elif event.kind == burrow.EventKind.OVERFLOW:
            emit("overflow", lost=event.value)
