"""Calls of many processes, and what becomes of a call when something breaks: everybody is seen and heard by everybody
afterwards, all say the same about the call, it ends for all, and every process ends by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from harness import environment
from harness.case import Address, Stage, case, check
from harness.company import MANY, Company, do
from harness.process import Event, Peer

#: How long somebody is stopped; more than any connection takes for dead, and less than the grace time of a call.
STOPPED_S = float(os.environ.get("BURROW_CALL_STOPPED_S", "20"))
SKEW_S = 30
#: The detail of a call that waits for a connection, ours or the other one's.
RECONNECTING = 10
OVER = ("ended", "failed")


# Those that take longest come first.


async def stop(company: Company, name: str, seconds: float) -> float:
    """Stops somebody for so long; when they went on."""
    company.people[name].kill(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    company.people[name].kill(signal.SIGCONT)
    return time.monotonic()


@case("live/stopped", limit=110, idle=True)
async def stopped(stage: Stage) -> None:
    """One of three is stopped: the others see them go and talk on, and they are in the call again when they go on."""
    company = await Company.gather(stage, 3)
    await company.call()
    stopping = asyncio.create_task(stop(company, "carol", STOPPED_S))
    rest = ["alice", "bob"]
    await company.witness(rest)
    gone = company.keys["carol"]

    def missed(said: dict[str, Event]) -> bool:
        return not any(report["members"].get(gone, {}).get("announced") for report in said.values())

    begun = time.monotonic()
    await company.until(missed, "nobody misses carol", rest)
    missing = time.monotonic() - begun
    check(not stopping.done(), "carol was missed only after she went on")
    await company.witness(rest)
    on = await stopping
    await company.all_there()
    stage.figures = f"missed after {missing:.1f} s, seen and heard by all {time.monotonic() - on:.1f} s after going on"
    await company.hang_up()
    await company.go_home()


@case("live/stopped-pair", limit=110, idle=True)
async def stopped_pair(stage: Stage) -> None:
    """One of two is stopped: the other's call waits for them, and goes on when they do."""
    company = await Company.gather(stage, 2)
    await company.call()
    stopping = asyncio.create_task(stop(company, "bob", STOPPED_S))
    await company.people["alice"].wait("call", 40, where=lambda event: event["detail"] == RECONNECTING)
    check(not stopping.done(), "bob was missed only after he went on")
    on = await stopping
    await company.all_there()
    stage.figures = f"seen and heard {time.monotonic() - on:.1f} s after going on"
    await company.hang_up()
    await company.go_home()


@case("live/stopped-too-long", limit=110, idle=True)
async def stopped_too_long(stage: Stage) -> None:
    """One of two is stopped for longer than the other waits: the call is over for both, and they can call again."""
    company = await Company.gather(stage, 2, "--grace-ms", "5000")
    await company.call()
    call = (await company.report("alice"))["call"]
    stopping = asyncio.create_task(stop(company, "bob", STOPPED_S))
    await company.people["alice"].wait("call", 40, where=lambda event: event["state"] == "failed")
    check(not stopping.done(), "bob went on before alice gave up")
    await stopping
    over = await company.people["bob"].wait("call", 40, where=lambda event: event["id"] == call and event["state"] in OVER)
    stage.figures = f"bob's call {over['state']}: {over['reason']}"
    await company.call("bob")
    await company.hang_up(["bob", "alice"])
    await company.go_home()


@case("live/moq-relay-killed", limit=110, idle=True)
async def moq_relay_killed(stage: Stage) -> None:
    """The MoQ relay is killed and started again: all notice, connect again and go on in the same call."""
    company = await Company.gather(stage, 3)
    await company.call()
    await company.kill_moq()
    killed = time.monotonic()
    await asyncio.sleep(1)
    await company.restart_moq()
    for peer in company.people.values():
        await peer.wait("room", where=lambda event: event["state"] == "reconnecting", timeout=40)
        await peer.wait("room", where=lambda event: event["state"] == "restored", timeout=40)
    await company.all_there()
    stage.figures = f"all see and hear all {time.monotonic() - killed:.1f} s after the kill"
    await company.hang_up()
    await company.go_home()


@case("live/nostr-relay-killed", limit=110, idle=True)
async def nostr_relay_killed(stage: Stage) -> None:
    """The Nostr relay is away: media goes on, and what was said meanwhile reaches all when it is back."""
    company = await Company.gather(stage, 4)
    await company.call()
    await company.kill_nostr()
    await company.witness()
    await do(company.people["bob"], "mute", muted=True)
    await do(company.people["dave"], "leave")
    rest = ["alice", "bob", "carol"]
    # Who goes is missed without a signal; what is only said is not known.
    await company.agreed(rest)
    await company.witness(["alice", "carol"])
    await company.agreed(rest)
    await company.restart_nostr()
    back = time.monotonic()
    await company.agreed(rest, muted=["bob"])
    stage.figures = f"signals were through {time.monotonic() - back:.1f} s after the relay was back"
    await company.people["dave"].wait("left", 40, where=lambda event: event["status"] == "BURROW_OK")
    await do(company.people["bob"], "mute", muted=False)
    await company.all_there(rest)
    await company.hang_up(rest)
    await company.go_home()


@case("live/address-changed", limit=90, idle=True)
async def address_changed(stage: Stage) -> None:
    """The translator in front of one participant gives them another port: nobody notices."""
    lines: list[Peer] = []

    async def line(home: Address) -> str:
        # Who calls connects first.
        peer, address = await stage.proxy(home.address, "--only", "1")
        lines.append(peer)
        return address

    company = await Company.gather(stage, 3, way=line)
    await company.call()
    for _ in range(3):
        lines[0].kill(signal.SIGUSR1)
        await company.all_there()
    check(lines[0].noise.count("rebind 1 flows") == 3, f"no new port: {lines[0].noise}")
    for name, peer in company.people.items():
        states = [event["state"] for event in peer.all("room")]
        check("reconnecting" not in states, f"{name} connected again: {states}")
    await company.hang_up()
    await company.go_home()


@case("live/lossy-line", limit=90, idle=True)
async def lossy_line(stage: Stage) -> None:
    """10 % of the packets of one participant are lost in both directions, from the beginning."""
    lines: list[Peer] = []

    async def line(home: Address) -> str:
        peer, address = await stage.proxy(home.address, "--only", "1", "-s", "both.loss=10%", "-s", "both.delay=5ms", "--per-flow")
        lines.append(peer)
        return address

    company = await Company.gather(stage, 3, way=line)
    await company.call()
    for _ in range(4):
        await company.all_there()
    await company.hang_up()
    await company.go_home()
    lines[0].kill(signal.SIGTERM)
    await stage.until_ended(lines[0])
    flows = lines[0].events[-1]["per_flow"]
    share = flows[0]["up"]["loss_share"]
    stage.figures = f"{100 * share:.1f} % of {flows[0]['up']['received']} packets lost"
    check(0.04 < share < 0.2 and flows[1]["up"]["lost_random"] == 0, f"the line did not lose what it should: {flows}")


@case("live/clocks-differ", limit=90, idle=True)
async def clocks_differ(stage: Stage) -> None:
    """Somebody's date is 30 s ahead: they call, then somebody else calls them."""
    shifted = {"LD_PRELOAD": str(environment.clock_shift(stage.folder)), "CLOCKSHIFT_S": str(SKEW_S)}
    company = await Company.gather(stage, 3, variables={"alice": shifted})
    for caller in ("alice", "bob"):
        await company.call(caller)
        said = await company.reports(company.people)
        ahead = said["alice"]["wall"] - said["bob"]["wall"]
        check(SKEW_S - 5 < ahead < SKEW_S + 5, f"alice's date is {ahead:.1f} s ahead")
        await company.all_there(muted=[])
        await do(company.people["carol"], "mute", muted=True)
        await company.agreed(muted=["carol"])
        await company.hang_up()
    await company.go_home()


@case("live/moq-relay-gone", limit=90, idle=True)
async def moq_relay_gone(stage: Stage) -> None:
    """The MoQ relay is killed for good: the call goes on at the other one that its offer names."""
    company = await Company.gather(stage, 3, spare=True)
    await company.call()
    await company.kill_moq()
    killed = time.monotonic()
    await company.all_there()
    stage.figures = f"all see and hear all {time.monotonic() - killed:.1f} s after the kill"
    await company.hang_up()
    await company.go_home()


def register_size(count: int) -> None:
    @case(f"live/{count}", limit=150, heavy=count > MANY)
    async def run(stage: Stage) -> None:
        """So many processes in one call."""
        begun = time.monotonic()
        company = await Company.gather(stage, count)
        gathered = time.monotonic()
        await company.call()
        stage.figures = f"group {gathered - begun:.1f} s, all see and hear all {time.monotonic() - gathered:.1f} s after the call"
        await company.hang_up()
        await company.go_home()


for people in (2, 3, 8, 16):
    register_size(people)
