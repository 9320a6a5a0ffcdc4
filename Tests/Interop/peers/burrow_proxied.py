"""Tries to reach a relay through one proxy after another, and says why it cannot."""

from __future__ import annotations

import argparse
import asyncio
import json

import burrow
from burrow_common import log_lines
from common import Commands, emit, run

parser = argparse.ArgumentParser(description="our Nostr client behind proxies")
parser.add_argument("--log", default="warn")
parser.add_argument("--timeout", type=float, default=60)
options = parser.parse_args()


async def attempt(url: str, proxy: str) -> None:
    async with burrow.Engine(proxy=proxy) as engine:
        events = engine.events()
        engine.nostr.add_relay(url)
        async for event in events:
            if event.kind != burrow.EventKind.NOSTR_RELAY:
                continue
            if event.state == burrow.NostrRelayState.CONNECTED:
                emit("connected", proxy=proxy)
            else:
                emit("lost", status=burrow.status_name(event.status), text=event.data.decode(), proxy=proxy)
            return


async def main(commands: Commands) -> None:
    log_lines(options.log)
    tasks: list[asyncio.Task[None]] = []
    while (line := await commands.lines.get()) is not None:
        command = json.loads(line)
        tasks.append(asyncio.create_task(attempt(command["url"], command["proxy"])))


run(main, options.timeout)
