"""A small Nostr relay in this process, for tests of the binding: it stores events and believes every signature."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from typing import Any

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class SmallRelay:
    """``with SmallRelay() as relay``: listens at ``relay.url`` in a thread of its own."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.refuse = ""
        self._clients: dict[asyncio.StreamWriter, dict[str, list[dict[str, Any]]]] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="small-relay")
        self.url = ""

    def __enter__(self) -> SmallRelay:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self) -> None:
        """Breaks all connections."""

        def close() -> None:
            for writer in list(self._clients):
                writer.close()

        self._loop.call_soon_threadsafe(close)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
            accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
            answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
            writer.write("\r\n".join([*answer, f"Sec-WebSocket-Accept: {accept}", "", ""]).encode())
            self._clients[writer] = {}
            while True:
                opcode, payload = await self._frame(reader)
                if opcode == 1:
                    self._message(writer, json.loads(payload))
                elif opcode == 9:
                    writer.write(bytes([0x8A, len(payload)]) + payload)
                elif opcode == 8:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._clients.pop(writer, None)
            writer.close()

    async def _frame(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        mask = await reader.readexactly(4)
        data = await reader.readexactly(size)
        return first & 0xF, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))

    def _say(self, writer: asyncio.StreamWriter, *message: Any) -> None:
        data = json.dumps(message).encode()
        size = bytes([len(data)]) if len(data) < 126 else bytes([126]) + len(data).to_bytes(2, "big")
        writer.write(b"\x81" + size + data)

    def _message(self, writer: asyncio.StreamWriter, message: list[Any]) -> None:
        if message[0] == "EVENT":
            event = message[1]
            # Before it says so: who hears that it is stored looks at once, from another thread.
            if not self.refuse:
                self.events.append(event)
            self._say(writer, "OK", event["id"], not self.refuse, self.refuse)
            if self.refuse:
                return
            for client, subscriptions in self._clients.items():
                for name, filters in subscriptions.items():
                    if any(matches(event, one) for one in filters):
                        self._say(client, "EVENT", name, event)
        elif message[0] == "REQ":
            self._clients[writer][message[1]] = message[2:]
            for event in self.events:
                if any(matches(event, one) for one in message[2:]):
                    self._say(writer, "EVENT", message[1], event)
            self._say(writer, "EOSE", message[1])
        elif message[0] == "CLOSE":
            self._clients[writer].pop(message[1], None)


def matches(event: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "kinds" in wanted and event["kind"] not in wanted["kinds"]:
        return False
    if "authors" in wanted and event["pubkey"] not in wanted["authors"]:
        return False
    for name, values in wanted.items():
        if name.startswith("#") and not any(tag[0] == name[1:] and tag[1] in values for tag in event["tags"]):
            return False
    return True
