"""A server that takes connections and behaves badly, in one way or another."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

from common import Commands, emit, run
from nostr_common import nostr_arguments

options = nostr_arguments("misbehaving relay")
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, payload: bytes, last: bool = True) -> bytes:
    head = bytes([opcode | (0x80 if last else 0)])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 1 << 16:
        return head + bytes([126]) + len(payload).to_bytes(2, "big") + payload
    return head + bytes([127]) + len(payload).to_bytes(8, "big") + payload


def text(message: object) -> bytes:
    return frame(1, json.dumps(message).encode())


async def handshake(reader: asyncio.StreamReader) -> bytes:
    """The answer a good server gives."""
    head = await reader.readuntil(b"\r\n\r\n")
    key = next(line.partition(b": ")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + MAGIC.encode()).digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept}", "", ""]).encode()


async def flood(writer: asyncio.StreamWriter, piece: bytes, limit: int = 64 << 20) -> None:
    """The same again and again, until the other side has had enough."""
    sent = 0
    while sent < limit:
        writer.write(piece)
        await writer.drain()
        sent += len(piece)
    emit("swallowed", bytes=sent)


async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    fault = options.fault
    if fault == "silence":
        await reader.read(-1)
    elif fault == "redirect":
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")
    elif fault == "no-http":
        writer.write(b"220 mail.example ESMTP\r\n")
    elif fault == "endless-answer":
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching\r\n")
        await flood(writer, b"X-Filler: 0123456789\r\n" * 50)
    elif fault == "slow-answer":
        for byte in await handshake(reader):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.5)
    else:
        writer.write(await handshake(reader))
        await writer.drain()
        emit("upgraded")
        if fault == "half-open":
            # Takes what comes and answers nothing, pings included.
            await reader.read(-1)
        elif fault == "endless-frames":
            await flood(writer, frame(1, b"", last=False) + frame(0, b"x" * 100, last=False) * 500)
        elif fault == "endless-fragments":
            await flood(writer, frame(1, b"[", last=False) + frame(0, b"", last=False) * 1000)
        elif fault == "pings":
            await flood(writer, frame(9, b"?") * 1000)
        elif fault == "huge-message":
            await flood(writer, frame(1, b"x" * (8 << 20)))
        elif fault == "compressed":
            writer.write(b"\xc1\x05hello")
        elif fault == "masked":
            writer.write(b"\x81\x81\x00\x00\x00\x00x")
        elif fault == "garbage":
            await flood(writer, text("?") + frame(1, b"{") + frame(1, b'["EVENT"]') + frame(2, b"\x00"))
        elif fault == "forged":
            # The subscription's name is the one our pool gives first.
            lie = {"id": "0" * 64, "pubkey": "1" * 64, "created_at": 1, "kind": 1, "tags": [], "content": "", "sig": "2" * 128}
            await flood(writer, text(["EVENT", "s1", lie]) * 10)
        elif fault == "strangers":
            # For subscriptions that were never asked for.
            event = {"id": "0" * 64, "pubkey": "1" * 64, "created_at": 1, "kind": 1, "tags": [], "content": "", "sig": "2" * 128}
            await flood(writer, b"".join(text(["EVENT", f"s{number}", event]) for number in range(1000, 1100)))
    await writer.drain()
    await reader.read(-1)


async def main(commands: Commands) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        emit("accepted")
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        emit("left")
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", options.port)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    emit("ready", url=url, plain=url)
    await commands.ended.wait()


run(main, options.timeout)
