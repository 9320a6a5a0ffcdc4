"""Our relay, through the Python binding."""

from __future__ import annotations

import asyncio
from pathlib import Path

import burrow
from burrow_common import log_lines, versions
from common import Commands, arguments, emit, run

options = arguments("our relay", relay=True, ours=True)


async def main(commands: Commands) -> None:
    log_lines(options.log)
    async with burrow.Engine() as engine:
        relay = engine.start_relay(
            options.bind,
            open=options.open,
            certificate_pem=Path(options.cert).read_text() if options.cert else None,
            key_pem=Path(options.key).read_text() if options.key else None,
            host_names=["localhost", "127.0.0.1"] if not options.cert else [],
            jwt_keys=Path(options.jwk).read_text() if options.jwk else None,
            versions=versions(options.versions),
        )
        async with relay:
            info = relay.info
            emit("ready", address=info.address, fingerprint=info.fingerprint.hex())
            await commands.ended.wait()
            emit("stats", **relay.stats_json())
            await asyncio.wait_for(relay.stop(), 3)


run(main, options.timeout)
