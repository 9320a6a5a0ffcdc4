"""``burrow probe``: what works between here and a relay."""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import time
from typing import Any

import burrow

#: How many frames go there and back.
FRAMES = 20


def add(parsers: Any) -> None:
    made = parsers.add_parser("probe", help="tell what works between here and a relay", description=__doc__)
    made.add_argument("url", help="moqt://host[:port][/path][?jwt=token]")
    made.add_argument("--pin", action="append", default=[], metavar="SHA256", help="the certificate that is right")
    made.add_argument("--insecure", action="store_true", help="accept any certificate")
    made.add_argument("--path", default="", help="below which path to publish for the round trip")
    made.add_argument("--timeout", type=float, default=5.0, help="seconds for each step; 5 when not given")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.set_defaults(run=run)


async def run(options: argparse.Namespace) -> int:
    report: dict[str, Any] = {"url": options.url.split("?")[0], "versions": {}, "round_trip": None}
    async with burrow.Engine() as engine:
        how = {
            "pins": options.pin,
            "insecure": options.insecure,
            "reconnect": False,
            "connect_timeout_ms": int(options.timeout * 1000),
        }
        for version in (one for one in burrow.Version if one):
            report["versions"][label(version)] = await connect(engine, options, version, how)
        if any(found["ok"] for found in report["versions"].values()):
            report["round_trip"] = await round_trip(engine, options, how)
    show(report, options.json)
    return 0 if (report["round_trip"] or {}).get("ok") else 1


def label(version: burrow.Version) -> str:
    """LITE_05 is moq-lite-05."""
    return f"moq-{(version.name or str(int(version))).lower().replace('_', '-')}"


async def connect(engine: burrow.Engine, options: argparse.Namespace, version: burrow.Version, how: Any) -> dict[str, Any]:
    """One connection that offers nothing but this version."""
    began = time.monotonic()
    try:
        async with engine.open_room(options.url, versions=version, discovery=False, **how) as room:
            milliseconds = (time.monotonic() - began) * 1000
            stats = room.stats
            return {
                "ok": True,
                "connect_ms": round(milliseconds, 1),
                "rtt_ms": round(stats.rtt_us / 1000, 2),
                "mtu": stats.mtu,
                "address": room.info.remote_address,
            }
    except burrow.BurrowError as error:
        return {"ok": False, "error": error.name, "text": error.text}


async def round_trip(engine: burrow.Engine, options: argparse.Namespace, how: Any) -> dict[str, Any]:
    """Frames from one connection through the relay to another, one after the other."""
    path = "/".join(part for part in (options.path, f"probe-{secrets.token_hex(8)}") if part)
    times: list[float] = []
    try:
        async with (
            engine.open_room(options.url, path=path, **how) as here,
            engine.open_room(options.url, prefix=path, **how) as there,
        ):
            async with asyncio.timeout(options.timeout):
                sent, received = here.publish("probe"), there.subscribe(path, "probe")
                while received.info.state != burrow.TrackState.LIVE:
                    await asyncio.sleep(0.01)
                for number in range(FRAMES):
                    began = time.monotonic()
                    await sent.send(bytes([number]), key=True)
                    async for frame in received:
                        with frame:
                            if bytes(frame.data) == bytes([number]):
                                break
                    times.append((time.monotonic() - began) * 1000)
    except TimeoutError:
        return {"ok": False, "error": "BURROW_ERR_TIMEOUT", "text": f"{len(times)} of {FRAMES} frames came through"}
    except burrow.BurrowError as error:
        return {"ok": False, "error": error.name, "text": error.text}
    times.sort()
    return {"ok": True, "frames": FRAMES, "median_ms": round(times[FRAMES // 2], 2), "longest_ms": round(times[-1], 2)}


def show(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report))
        return
    print(report["url"])
    for name, found in report["versions"].items():
        print(f"  {name:<12} " + (
            f"connected in {found['connect_ms']} ms, round trip {found['rtt_ms']} ms, {found['mtu']} bytes a packet"
            if found["ok"] else f"{found['text']} ({found['error']})"
        ))  # fmt: skip
    back = report["round_trip"]
    if back is not None:
        print("  through it   " + (
            f"{back['frames']} frames, each in {back['median_ms']} ms, the slowest in {back['longest_ms']} ms"
            if back["ok"] else f"{back['text']} ({back['error']})"
        ))  # fmt: skip
