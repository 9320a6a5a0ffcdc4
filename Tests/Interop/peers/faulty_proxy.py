"""Proxies that take connections and answer badly, each fault on a port of its own."""

from __future__ import annotations

import argparse
import asyncio

from common import Commands, emit, run

parser = argparse.ArgumentParser(description="misbehaving proxies")
parser.add_argument("--fault", action="append", default=[], help="kind/fault; may be repeated")
parser.add_argument("--log", default="warn")
parser.add_argument("--timeout", type=float, default=60)
options = parser.parse_args()

#: What good ones answer, and how they refuse.
GOOD = {"socks5": b"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\xd2", "http": b"HTTP/1.1 200 Fine\r\nVia: us\r\n\r\n"}
BAD = {"socks5": b"\x05\x02", "http": b"HTTP/1.1 403 No\r\n\r\n"}


async def question(kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything before the answer that counts."""
    if kind == "http":
        await reader.readuntil(b"\r\n\r\n")
        return
    await reader.readexactly((await reader.readexactly(2))[1])
    writer.write(b"\x05\x00")
    head = await reader.readexactly(5)
    await reader.readexactly(head[4] + 2 if head[3] == 3 else 5)


async def behave(kind: str, fault: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if fault == "closes":
        await reader.read(1000)
        return
    if fault == "rubbish":
        writer.write(b"220 mail.example ESMTP\r\n")
    elif fault != "silence":
        await question(kind, reader, writer)
        if fault == "closes-in-the-middle":
            return writer.write(GOOD[kind][: len(GOOD[kind]) // 2])
        if fault == "refuses":
            writer.write(BAD[kind])
        elif fault == "slow":
            for byte in GOOD[kind]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(2)
        elif fault == "endless":
            writer.write(GOOD[kind][:4] if kind == "socks5" else GOOD[kind][:-2])
            for _ in range(1 << 14):
                writer.write(b"X-Filler: 0123456789\r\n" * 50)
                await writer.drain()
            emit("swallowed", fault=f"{kind}/{fault}")
    await writer.drain()
    await reader.read(-1)


async def serve(name: str) -> str:
    kind, _, fault = name.partition("/")

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(kind, fault, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        emit("left", fault=name)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def main(commands: Commands) -> None:
    emit("ready", places={name: await serve(name) for name in options.fault})
    await commands.ended.wait()


run(main, options.timeout)
