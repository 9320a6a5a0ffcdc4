"""A Nostr relay: the LocalRelay of rust-nostr, behind a TLS proxy of the standard library when a certificate is given."""

from __future__ import annotations

import asyncio
import socket
import ssl

import nostr_sdk as n
from common import Commands, emit, run
from nostr_common import nostr_arguments

options = nostr_arguments("rust-nostr relay")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main(commands: Commands) -> None:
    # Its threads read the database through this loop.
    n.uniffi_set_event_loop(asyncio.get_running_loop())
    secure = bool(options.tls_cert)
    port = options.port if options.port and not secure else free_port()
    builder = n.LocalRelayBuilder().addr(options.host).port(port)
    if options.auth != "none":
        mode = getattr(n.LocalRelayBuilderNip42Mode, options.auth.upper())
        builder = builder.nip42(n.LocalRelayBuilderNip42(mode=mode))
    if options.auth_dm:
        builder = builder.auth_dm(True)
    if options.db:
        builder = builder.database(await n.NostrLmdb.open(options.db))
    builder = builder.rate_limit(n.RateLimit(max_reqs=500, notes_per_minute=1_000_000))
    relay = builder.build()
    await relay.run()
    url = f"ws://[{options.host}]:{port}" if ":" in options.host else f"ws://{options.host}:{port}"
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_cert, options.tls_key)

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(forward(reader, outer), forward(inner, writer))

        server = await asyncio.start_server(accept, "127.0.0.1", options.port, ssl=context)
        emit("ready", url=f"wss://localhost:{server.sockets[0].getsockname()[1]}", plain=url)
    else:
        emit("ready", url=url, plain=url)
    await commands.ended.wait()
    relay.shutdown()


run(main, options.timeout)
