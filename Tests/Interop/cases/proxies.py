"""Nostr relays and token services behind proxies: others' proxies, and bad ones."""

from __future__ import annotations

import json

from harness import environment
from harness.case import Stage, case, check
from harness.process import Peer

from .access import keys_of
from .nostr import RECEIVER, SENDER, client, do

#: As it is written in a URL, and as the proxy knows it.
LOGIN, KNOWN = "me:s3cret%2F", "me:s3cret/"
#: A name that only the proxies can look up.
NAME = "only.the.proxy.knows"


async def proxies(stage: Stage, *kinds: str) -> tuple[Peer, dict[str, str]]:
    """Proxies of others of these kinds, and where they are."""
    words = [word for kind in kinds for word in ("--kind", kind)]
    peer = await stage.spawn("proxy", "pypi", *words, "--login", KNOWN, "--name", NAME)
    return peer, (await peer.wait("ready", 20))["places"]


def check_hidden(*peers: Peer) -> None:
    for peer in peers:
        told = [*peer.noise, *(event["text"] for event in peer.events if "text" in event)]
        check(not [line for line in told if "s3cret" in line], f"{peer.name}: shows the password")


for kind, way in (("socks5", "plain"), ("socks5-login", "tls"), ("http", "tls"), ("http-login", "plain")):

    @case(f"nostr/proxy/{kind}/{way}", limit=40)
    async def exchange(stage: Stage, kind: str = kind, way: str = way) -> None:
        """A message from somebody behind a proxy, which alone can look up the relay's name."""
        proxy, places = await proxies(stage, kind)
        options, trust = [], []
        if way == "tls":
            root, cert, key = environment.make_authority(stage.folder, host=NAME)
            options, trust = ["--tls-cert", str(cert), "--tls-key", str(key)], ["--roots", str(root)]
        _, url, plain = await stage.nostr_relay(*options)
        url = f"{url.partition(':')[0]}://{NAME}:{url.rpartition(':')[2]}"
        login = LOGIN + "@" if kind.endswith("login") else ""
        through = ["--proxy", f"{kind.removesuffix('-login')}://{login}{places[kind]}"]
        left, author = await client(stage, "burrow", url, SENDER, *through, *trust, "--log", "trace", name="behind")
        right, reader = await client(stage, "nostrsdk", plain, RECEIVER, name="elsewhere")
        await do(right, "subscribe", filter={"kinds": [1059], "#p": [reader]})
        await right.wait("subscribed")
        await do(left, "subscribe", filter={"kinds": [1]})
        await do(left, "publish", event={"kind": 1, "content": "through"})
        check((await left.wait("published"))["accepted"] == 1, "not accepted")
        await left.wait("event", where=lambda event: event["content"] == "through")
        await do(left, "send", to=reader, content="for you alone")
        check((await right.wait("message"))["sender"] == author, "sealed by somebody else")
        check_hidden(left)


#: What a bad proxy does, and how we call that.
FAULTS = {
    "closes": ("BURROW_ERR_CONNECTION_LOST", "closed the connection"),
    "closes-in-the-middle": ("BURROW_ERR_CONNECTION_LOST", "closed the connection"),
    "rubbish": ("BURROW_ERR_PROTOCOL", "does not answer as one of"),
    "refuses": ("BURROW_ERR_UNAUTHORIZED", "does not let us connect to 127.0.0.1:"),
    "endless": ("BURROW_ERR_PROTOCOL", ""),
}


@case("nostr/proxy/refusals", limit=60)
async def refusals(stage: Stage) -> None:
    """What proxies refuse, and what bad ones do, is told as it is, and never with the password."""
    _, places = await proxies(stage, "socks5", "socks5-login", "http", "http-login")
    names = [f"{kind}/{fault}" for kind in ("socks5", "http") for fault in FAULTS]
    bad = await stage.spawn("proxy", "faulty", *[word for name in names for word in ("--fault", name)])
    faulty = (await bad.wait("ready", 20))["places"]
    relay, url, _ = await stage.nostr_relay()
    peer = await stage.spawn("proxied", "burrow", "--log", "trace")
    good = [f"{kind}://{places[kind]}" for kind in ("socks5", "http")]
    for proxy in good:
        await do(peer, "try", url=url, proxy=proxy)
        await peer.wait("connected", where=lambda event, proxy=proxy: event["proxy"] == proxy)
    relay.kill()
    await stage.until_ended(relay)
    expected: dict[str, tuple[str, str]] = {}
    for kind in ("socks5", "http"):
        strict = places[f"{kind}-login"]
        gone = "is refused by 127.0.0.1:" if kind == "socks5" else "cannot reach 127.0.0.1:"
        expected[f"{kind}://{strict}"] = ("BURROW_ERR_UNAUTHORIZED", "wants a user and a password")
        expected[f"{kind}://me:s3cret@{strict}"] = ("BURROW_ERR_UNAUTHORIZED", "does not accept user and password")
        expected[f"{kind}://{places[kind]}"] = ("BURROW_ERR_UNREACHABLE", gone)
        expected[f"{kind}://127.0.0.1:9"] = ("BURROW_ERR_UNREACHABLE", "connection refused")
        for fault, outcome in FAULTS.items():
            expected[f"{kind}://{faulty[f'{kind}/{fault}']}"] = outcome
    for proxy in expected:
        await do(peer, "try", url=url, proxy=proxy)
    for proxy, (status, text) in expected.items():
        lost = await peer.wait("lost", 20, where=lambda event, proxy=proxy: event["proxy"] == proxy)
        check(lost["status"] == status and text in lost["text"], f"reported as {lost}")
        check(lost["text"].startswith("proxy ") or not text, f"not said of the proxy: {lost}")
    check(not bad.all("swallowed"), "all of an endless answer was read")
    check_hidden(peer)


@case("nostr/proxy/those-that-wait", limit=60, idle=True)
async def waiting(stage: Stage) -> None:
    """Proxies that do nothing, or next to nothing, are given up after their time."""
    names = ("socks5/silence", "socks5/slow", "http/slow")
    bad = await stage.spawn("proxy", "faulty", *[word for name in names for word in ("--fault", name)])
    peer = await stage.spawn("proxied", "burrow")
    for place in (await bad.wait("ready", 20))["places"].items():
        await do(peer, "try", url="ws://127.0.0.1:9", proxy=f"{place[0].partition('/')[0]}://{place[1]}")
    for name in names:
        await bad.wait("left", 30, where=lambda event, name=name: event["fault"] == name)


@case("token/from-a-service/proxy", limit=40)
async def tokens(stage: Stage) -> None:
    """A service is asked through proxies, over TLS; without the login it is not."""
    environment.pyjwt_python()
    _, places = await proxies(stage, "http-login", "socks5")
    root, cert, key = environment.make_authority(stage.folder)
    (stage.folder / "private.jwk").write_text(keys_of("EdDSA")[0])
    files = ["--cert", str(cert), "--key", str(key), "--jwk", "private.jwk"]
    service = await stage.spawn("service", "pyjwt", *files)
    url = (await service.wait("ready", 20))["url"]
    asker = await stage.spawn("tokens", "burrow", "--log", "trace")
    for count, proxy in enumerate((f"http://{LOGIN}@{places['http-login']}", f"socks5://{places['socks5']}"), 1):
        await do(asker, "request", url=url, secret=SENDER, roots=str(root), proxy=proxy)
        await asker.wait("token", where=lambda _, count=count: len(asker.all("token")) == count)
    await do(asker, "request", url=url, secret=SENDER, roots=str(root), proxy=f"http://{places['http-login']}")
    refused = await asker.wait("no-token")
    check("user and a password" in json.dumps(refused), f"reported as {refused}")
    check_hidden(asker)
