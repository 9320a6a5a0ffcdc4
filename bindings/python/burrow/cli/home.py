"""Where the console program keeps an identity, and an engine that has it open."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import burrow


def add_home(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that need an identity."""
    folder = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    parser.add_argument(
        "--state", type=Path, default=Path(folder) / "burrow" / "identity", metavar="FILE",
        help="where the identity is kept, sealed with FILE.key; %(default)s when not given",
    )  # fmt: skip
    parser.add_argument(
        "--relay", action="append", metavar="URL",
        help="a Nostr relay; may be repeated; those of `burrow identity new` when not given",
    )  # fmt: skip
    parser.add_argument("--wait", type=float, default=10.0, metavar="SECONDS", help="how long relays may take; 10 when not given")


def sibling(state: Path, suffix: str) -> Path:
    return state.with_name(state.name + suffix)


def make_home(state: Path, relays: list[str]) -> None:
    """A key for the file, readable by nobody else, and the relays to use."""
    state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Fails when it is there: a key that is overwritten takes the identity with it.
    with open(os.open(sibling(state, ".key"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(32))
    sibling(state, ".relays").write_text("".join(url + "\n" for url in relays))


@asynccontextmanager
async def at_home(options: argparse.Namespace, secret_key: str | None = None) -> AsyncIterator[burrow.Identity]:
    """The identity, open, in an engine that is connected to its relays."""
    key = sibling(options.state, ".key")
    if not key.exists():
        raise ValueError(f"there is no identity at {options.state}; make one with `burrow identity new`")
    relays = options.relay or sibling(options.state, ".relays").read_text().split()
    async with burrow.Engine() as engine:
        for url in relays:
            engine.nostr.add_relay(url)
        async with engine.open_identity(
            secret_key, storage_path=options.state, storage_key=key.read_bytes()
        ) as identity:
            yield identity


async def settle(identity: burrow.Identity, most: float, quiet: float = 0.5) -> None:
    """Waits until relays have brought what they have and taken what is ours: until nothing happened for a moment.

    What was not taken in time is in the file and goes out with the next command.
    """
    engine = identity.engine
    events, deadline = engine.events(), time.monotonic() + most

    def counts() -> list[tuple[int, int]]:
        return [(relay.published, relay.events) for relay in engine.nostr.relays]

    before, since = counts(), time.monotonic()
    while (now := time.monotonic()) < deadline:
        connected = any(relay.state == burrow.NostrRelayState.CONNECTED for relay in engine.nostr.relays)
        if connected and now - since > quiet:
            break
        try:
            await asyncio.wait_for(anext(events), 0.1)
            since = time.monotonic()
        except (TimeoutError, StopAsyncIteration):
            pass
        if (after := counts()) != before:
            before, since = after, time.monotonic()
    events.close()
