"""A relay made of the moq-rs package: one origin for both directions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import moq
from common import Commands, arguments, emit, note, run
from token_common import may_enter

options = arguments("moq-rs relay", relay=True)
moq.log_level(options.log)


async def main(commands: Commands) -> None:
    origin = moq.OriginProducer()
    files = {}
    if options.cert:
        files = {"tls_cert": [options.cert], "tls_key": [options.key]}
    else:
        files = {"tls_generate": ["localhost"]}
    async with moq.Server(options.bind, publish=origin, subscribe=origin, **files) as server:
        emit("ready", address=server.local_addr, fingerprint=server.cert_fingerprints()[0])
        tasks: set[asyncio.Task[None]] = set()

        async def session(request: moq.Request) -> None:
            emit("request", path=request.path, query=request.query, url=request.url)
            refused = options.accept_query is not None and request.query != options.accept_query
            if options.jwk and not may_enter(request.path, request.query, Path(options.jwk).read_text()):
                refused = True
            if options.reject or refused:
                await request.reject(options.reject or 403)
                emit("rejected", path=request.path)
                return
            accepted = await request.accept()
            emit("accepted", path=request.path)
            try:
                await accepted.closed()
            except Exception as error:
                emit("closed", text=str(error))

        async def accept() -> None:
            async for request in server:
                task = asyncio.create_task(session(request))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        accepting = asyncio.create_task(accept())
        await commands.ended.wait()
        accepting.cancel()
        note("stopped")


run(main, options.timeout)
