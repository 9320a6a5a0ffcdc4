#!/usr/bin/env python3
"""Wrapped messages and stored events through a relay, with our engine and with nostr-sdk.

    scripts/bench-nostr.sh [--messages 300] [--events 20000] [--rounds 3] [--markdown FILE]

The relays are rust-nostr's LocalRelay in a process of its own. Both clients are driven from Python, each in a process of its
own with a sender and a receiver, in turn. A message counts from the moment it is given to the sender until the receiver's
program has its text; its relay keeps events in memory, because one with a database tells nobody of an event before the disk
has it, which takes longer than all the rest. The stored events, which are in a database, count from making the client until
its program has seen the last one.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bindings" / "python"), str(ROOT / "Benchmarks")]

from sections import write_section  # noqa: E402

GOALS = {"wrap": 0.5, "replay": 0.7}
BEGINNING = 1_700_000_000
#: How many events the relay brings for one filter, whatever was asked for; and how many filters a subscription has at most.
FILTER_LIMIT, FILTERS = 500, 10


def subscriptions(events: int) -> list[list[tuple[int, int]]]:
    """Since when and until when for each filter of each subscription."""
    filters = [(BEGINNING + first, BEGINNING + first + FILTER_LIMIT - 1) for first in range(0, events, FILTER_LIMIT)]
    return [filters[first : first + FILTERS] for first in range(0, len(filters), FILTERS)]


async def relay(options: argparse.Namespace) -> None:
    import nostr_sdk as n

    n.uniffi_set_event_loop(asyncio.get_running_loop())
    with tempfile.TemporaryDirectory() as folder:
        database = await n.NostrLmdb.open(folder)
        keys = n.Keys.generate()
        text = "A line of text, as people write them.\n" * 13
        for number in range(options.events):
            date = n.Timestamp.from_secs(BEGINNING + number)
            event = n.EventBuilder(n.Kind(1), f"{number} {text}").custom_created_at(date).finalize(keys)
            await database.save_event(event)
        limits = n.RateLimit(max_reqs=500, notes_per_minute=1_000_000)
        servers, urls = [], []
        for database_used in (None, database):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            builder = n.LocalRelayBuilder().addr("127.0.0.1").port(port).rate_limit(limits)
            if database_used is not None:
                builder = builder.database(database_used)
            servers.append(builder.build())
            await servers[-1].run()
            urls.append(f"ws://127.0.0.1:{port}")
        print(json.dumps({"live": urls[0], "stored": urls[1], "author": keys.public_key().to_hex()}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for server in servers:
            server.shutdown()


async def ours(options: argparse.Namespace) -> dict[str, Any]:
    import burrow

    times = []
    async with burrow.Engine() as sending, burrow.Engine() as receiving:
        alice, bob = burrow.Identity(sending), burrow.Identity(receiving)
        for engine in (sending, receiving):
            engine.nostr.add_relay(options.live)
        inbox = receiving.nostr.subscribe({"kinds": [1059], "#p": [bob.public_key.hex()]})
        await inbox.until_stored()
        for number in range(options.messages):
            start = time.perf_counter()
            alice.send(bob.public_key, {"kind": 14, "content": f"message {number}"})
            message = bob.open(await anext(inbox))
            times.append(time.perf_counter() - start)
            assert message.content == f"message {number}"
    start = time.perf_counter()
    async with burrow.Engine() as engine:
        engine.nostr.add_relay(options.stored)
        stored = [
            engine.nostr.subscribe(
                {"kinds": [1], "authors": [options.author], "since": since, "until": until} for since, until in filters
            )
            for filters in subscriptions(options.events)
        ]
        contents = []
        for subscription in stored:
            await subscription.until_stored()
            while (event := subscription.next(0)) is not None:
                contents.append(event.content)
        assert len(contents) == options.events
        replay = time.perf_counter() - start
    return {"wrap": times, "replay": replay}


async def theirs(options: argparse.Namespace) -> dict[str, Any]:
    import nostr_sdk as n

    n.uniffi_set_event_loop(asyncio.get_running_loop())
    patience = datetime.timedelta(seconds=60)

    async def connected(url: str) -> Any:
        client = n.ClientBuilder().build()
        await client.add_relay(n.RelayUrl.parse(url))
        await client.connect(patience)
        return client

    times = []
    alice, bob = n.Keys.generate(), n.Keys.generate()
    sending, receiving = await connected(options.live), await connected(options.live)
    notices = receiving.notifications()
    wanted = n.Filter().kind(n.Kind(1059)).pubkey(bob.public_key())
    await receiving.subscribe(n.ReqTarget.auto([wanted]))
    for number in range(options.messages):
        start = time.perf_counter()
        rumor = n.EventBuilder(n.Kind(14), f"message {number}").finalize_unsigned(alice.public_key())
        wrap = n.nip59_make_gift_wrap(alice, bob.public_key(), rumor)
        task = asyncio.create_task(sending.send_event(wrap))
        while True:
            notice = await notices.next()
            if notice.is_new_event():
                break
        gift = n.UnwrappedGift.from_gift_wrap(bob, notice.event)
        content = gift.rumor().content()
        times.append(time.perf_counter() - start)
        assert content == f"message {number}"
        await task
    await sending.shutdown()
    await receiving.shutdown()
    start = time.perf_counter()
    client = await connected(options.stored)
    stored = n.Filter().kind(n.Kind(1)).author(n.PublicKey.parse(options.author))
    targets = [
        n.ReqTarget.auto(
            [stored.since(n.Timestamp.from_secs(since)).until(n.Timestamp.from_secs(until)) for since, until in filters]
        )
        for filters in subscriptions(options.events)
    ]
    answers = await asyncio.gather(*(client.fetch_events(target, timeout=patience) for target in targets))
    events = [event for answer in answers for event in answer]
    contents = [event.content() for event in events]
    assert len(contents) == options.events
    replay = time.perf_counter() - start
    await client.shutdown()
    return {"wrap": times, "replay": replay}


def measured(role: str, options: argparse.Namespace, place: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, __file__, "--role", role, "--author", place["author"]]
    command += ["--live", place["live"], "--stored", place["stored"]]
    command += ["--messages", str(options.messages), "--events", str(options.events)]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=300, text=True)
    return dict(json.loads(run.stdout))


def report(options: argparse.Namespace) -> int:
    results: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
    command = [sys.executable, __file__, "--role", "relay", "--events", str(options.events)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        place = json.loads(server.stdout.readline())
        for _ in range(options.rounds):
            for role in results:
                results[role].append(measured(role, options, place))
        server.communicate()
    lines = ["| what | ours | nostr-sdk | ratio | goal |", "|---|---|---|---|---|"]
    wraps = {role: [1000 * statistics.median(one["wrap"]) for one in runs] for role, runs in results.items()}
    replays = {role: [one["replay"] for one in runs] for role, runs in results.items()}
    for what, values, unit, goal in (
        ("a wrapped message, p50", wraps, "ms", GOALS["wrap"]),
        (f"{options.events:,} stored events at connect", replays, "s", GOALS["replay"]),
    ):
        mine, other = statistics.median(values["ours"]), statistics.median(values["theirs"])
        ratio = statistics.median(a / b for a, b in zip(values["ours"], values["theirs"], strict=True))
        lines.append(f"| {what} | {mine:.2f} {unit} | {other:.2f} {unit} | {ratio:.2f} | {goal} |")
    most = [max(one["memory"] for one in runs) for runs in results.values()]
    memory = f"{most[0]:.0f} MB with ours and {most[1]:.0f} MB with nostr-sdk"
    lines += ["", f"Most memory of the process, Python included: {memory}."]
    print("\n".join(lines))
    if options.markdown:
        heading = "## Nostr\n\nProcessor time beside the cryptography alone, then the same through a relay beside nostr-sdk."
        write_section(options.markdown, "nostr", "\n".join([heading, "", options.floors, "", *lines]))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, help="put the table into this document")
    parser.add_argument("--floors", default="", help=argparse.SUPPRESS)
    parser.add_argument("--role", choices=["relay", "ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--live", help=argparse.SUPPRESS)
    parser.add_argument("--stored", help=argparse.SUPPRESS)
    parser.add_argument("--author", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "relay":
        asyncio.run(relay(options))
        return 0
    if options.role:
        result = asyncio.run(ours(options) if options.role == "ours" else theirs(options))
        result["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result), flush=True)
        # nostr-sdk's threads would keep the process.
        os._exit(0)
    return report(options)


if __name__ == "__main__":
    sys.exit(main())
