"""A relay in front of a good one that passes everything on, but late, or again and in another order."""

from __future__ import annotations

import argparse
import asyncio
import random

from common import Commands, emit, run

parser = argparse.ArgumentParser(description="relay that bends what another one says")
parser.add_argument("--behind", required=True, help="the good relay")
parser.add_argument("--fault", choices=["slow", "repeats"], required=True)
parser.add_argument("--log", default="warn")
parser.add_argument("--timeout", type=float, default=60)
options = parser.parse_args()
choice = random.Random(5)


async def frame(reader: asyncio.StreamReader) -> bytes:
    """One frame of a server, as it is."""
    head = await reader.readexactly(2)
    size = head[1] & 0x7F
    more = await reader.readexactly({126: 2, 127: 8}.get(size, 0))
    return head + more + await reader.readexactly(int.from_bytes(more, "big") if more else size)


def is_event(message: bytes) -> bool:
    return message[0] == 0x81 and b'["EVENT"' in message[:24]


async def read(reader: asyncio.StreamReader, messages: asyncio.Queue[bytes]) -> None:
    while True:
        await messages.put(await frame(reader))


async def late(messages: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    """Ten messages a second, however many there are."""
    while True:
        writer.write(await messages.get())
        await writer.drain()
        await asyncio.sleep(0.1)


async def again(messages: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    """What comes together goes out in another order, twice, and with it what went out before."""
    recent: list[bytes] = []
    repeated = 0
    while True:
        together = [await messages.get()]
        await asyncio.sleep(0.02)
        while not messages.empty():
            together.append(messages.get_nowait())
        events = [message for message in together if is_event(message)]
        if events:
            more = events + events + choice.sample(recent, min(len(recent), 20))
            choice.shuffle(more)
            repeated += len(more) - len(events)
            recent = [*recent, *events][-100:]
            for message in more:
                writer.write(message)
            emit("repeated", count=repeated)
        for message in together:
            if not is_event(message):
                writer.write(message)
        await writer.drain()


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def main(commands: Commands) -> None:
    host, _, port = options.behind.removeprefix("ws://").partition(":")

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(host, int(port))
        messages: asyncio.Queue[bytes] = asyncio.Queue()
        bend = late if options.fault == "slow" else again
        tasks = [asyncio.create_task(forward(reader, outer))]
        try:
            writer.write(await inner.readuntil(b"\r\n\r\n"))
            tasks += [asyncio.create_task(read(inner, messages)), asyncio.create_task(bend(messages, writer))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        for task in tasks:
            task.cancel()
        outer.close()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    emit("ready", url=url, plain=url)
    await commands.ended.wait()


run(main, options.timeout)
