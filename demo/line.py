"""The line to the relay: a UDP proxy that drops everything of one of the people for a while."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

Address = tuple[str, int]
#: Datagrams that are taken at once, and the largest of them.
BURST, LARGEST = 64, 2048


def udp_ports(process: int) -> set[int]:
    """The ports a process has bound."""
    sockets = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    ports = set()
    for table in ("udp", "udp6"):
        for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


class Line:
    """Forwards datagrams. After a cut the relay sees another port, as when a telephone changes its network."""

    def __init__(self, target: Address) -> None:
        self._loop = asyncio.get_running_loop()
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self._front.setblocking(False)
        self._target = target
        self._backs: dict[Address, socket.socket] = {}
        self._whose: int | None = None
        self._cut: set[int] = set()
        self.dropped = 0
        self._loop.add_reader(self._front, self._up)

    @property
    def address(self) -> str:
        host, port = self._front.getsockname()
        return f"{host}:{port}"

    def cut(self, process: int) -> None:
        """From now on nothing of this process gets through, either way."""
        self._whose, self._cut = process, udp_ports(process)

    def mend(self) -> None:
        for client in [client for client in self._backs if client[1] in self._cut]:
            self._close(self._backs.pop(client))
        self._whose, self._cut = None, set()

    def close(self) -> None:
        for way in (self._front, *self._backs.values()):
            self._close(way)

    def _close(self, way: socket.socket) -> None:
        self._loop.remove_reader(way)
        way.close()

    def _up(self) -> None:
        for _ in range(BURST):
            try:
                data, client = self._front.recvfrom(LARGEST)
            except OSError:
                return
            back = self._backs.get(client)
            if back is None:
                if self._whose is not None:
                    self._cut |= udp_ports(self._whose)
                back = self._open(client)
            if client[1] in self._cut:
                self.dropped += 1
                continue
            try:
                back.send(data)
            except OSError:
                self.dropped += 1

    def _open(self, client: Address) -> socket.socket:
        back = self._backs[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        back.setblocking(False)
        back.connect(self._target)
        self._loop.add_reader(back, self._down, back, client)
        return back

    def _down(self, back: socket.socket, client: Address) -> None:
        for _ in range(BURST):
            try:
                data = back.recv(LARGEST)
                if client[1] in self._cut:
                    self.dropped += 1
                else:
                    self._front.sendto(data, client)
            except OSError:
                return
