"""Certificate pins: the right one, a wrong one, and no verification only when it was asked for."""

from __future__ import annotations

from harness.case import Stage, case, check

WRONG = "00" * 31 + "01"

for relay, client in (("burrow", "burrow"), ("burrow", "moqrs"), ("moqrs", "burrow"), ("moqrs", "moqrs")):

    @case(f"pin/right/{relay}-relay/{client}-client", limit=30)
    async def right(stage: Stage, relay: str = relay, client: str = client) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []))
        peer = await stage.spawn("subscribe", client, *home.options(), "--watch", "", "--timeout", "20")
        await peer.wait("connected")

    @case(f"pin/wrong/{relay}-relay/{client}-client", limit=30)
    async def wrong(stage: Stage, relay: str = relay, client: str = client) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []))
        options = ["--url", home.url, "--fingerprint", WRONG, "--watch", "", "--timeout", "20"]
        peer = await stage.spawn("subscribe", client, *options)
        error = await peer.wait("refused" if client == "burrow" else "error", 15)
        if client == "burrow":
            check(error["status"] == "BURROW_ERR_TLS_WRONG_PIN", f"reported as {error['status']}")
        check(not peer.all("connected"), "connected in spite of the wrong pin")

    @case(f"pin/none-but-insecure/{relay}-relay/{client}-client", limit=30)
    async def insecure(stage: Stage, relay: str = relay, client: str = client) -> None:
        home = await stage.relay(relay, *(["--open"] if relay == "burrow" else []))
        options = [*home.options(verify=False), "--watch", "", "--timeout", "20"]
        peer = await stage.spawn("subscribe", client, *options)
        await peer.wait("connected")


@case("pin/none-and-secure/moqrs-relay/burrow-client", limit=30)
async def secure(stage: Stage) -> None:
    """Without pins and without --insecure a self-signed certificate is refused."""
    home = await stage.relay("moqrs")
    options = [*home.options(verify=False), "--secure", "--watch", "", "--timeout", "20"]
    peer = await stage.spawn("subscribe", "burrow", *options)
    error = await peer.wait("refused", 15)
    check(error["status"] == "BURROW_ERR_TLS_UNKNOWN_ISSUER", f"reported as {error['status']}")
