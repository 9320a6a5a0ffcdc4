"""Proxies of others: SOCKS 5 by asyncio-socks-server, CONNECT of HTTP by proxy.py. They say what names they look up."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
from typing import Any

from common import Commands, emit, run

parser = argparse.ArgumentParser(description="proxies")
parser.add_argument("--kind", action="append", default=[], choices=["socks5", "socks5-login", "http", "http-login"])
parser.add_argument("--login", default="me:pass", help="user:password for those that want one")
parser.add_argument("--name", default="", help="a name for this machine that only the proxies know")
parser.add_argument("--log", default="warn")
parser.add_argument("--timeout", type=float, default=60)
options = parser.parse_args()
look_up = socket.getaddrinfo


def look_up_here(host: Any, *rest: Any, **more: Any) -> Any:
    emit("looked-up", host=str(host))
    return look_up("127.0.0.1" if options.name and host == options.name else host, *rest, **more)


async def socks(wants_login: bool) -> int:
    from asyncio_socks_server.config import Config
    from asyncio_socks_server.protocols import LocalTCP
    from asyncio_socks_server.values import SocksAuthMethod

    config = Config()
    if wants_login:
        user, _, password = options.login.partition(":")
        config.update(AUTH_METHOD=SocksAuthMethod.UP_AUTH, USERS={user: password})
    server = await asyncio.get_running_loop().create_server(lambda: LocalTCP(config), "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


def http(wants_login: bool, until: contextlib.ExitStack) -> int:
    import proxy

    words = ["--hostname", "127.0.0.1", "--port", "0", "--num-workers", "1", "--num-acceptors", "1", "--log-level", "e"]
    server = until.enter_context(proxy.Proxy([*words, *(["--basic-auth", options.login] if wants_login else [])]))
    return int(server.flags.port)


async def main(commands: Commands) -> None:
    with contextlib.ExitStack() as until:
        socket.getaddrinfo = look_up_here
        ports: dict[str, int] = {}
        for kind in options.kind:
            wants_login = kind.endswith("login")
            ports[kind] = await socks(wants_login) if kind.startswith("socks5") else http(wants_login, until)
        emit("ready", places={kind: f"127.0.0.1:{port}" for kind, port in ports.items()})
        await commands.ended.wait()


run(main, options.timeout)
