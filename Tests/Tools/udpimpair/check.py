#!/usr/bin/env python3
"""Checks udpimpair against a local UDP echo target. Usage: check.py PATH-TO-UDPIMPAIR"""

import json
import select
import signal
import socket
import subprocess
import sys
import time

TOOL = sys.argv[1] if len(sys.argv) > 1 else "./udpimpair"


class Proxy:
    started = []

    def __init__(self, target, *args):
        self.p = subprocess.Popen(
            [TOOL, "--listen", "127.0.0.1:0", "--target", "%s:%d" % target, *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        Proxy.started.append(self.p)
        host, port = self.p.stderr.readline().split()[1].split(":")
        self.address = (host, int(port))

    def end(self):
        self.p.send_signal(signal.SIGTERM)
        return json.loads(self.p.communicate(timeout=5)[0])


def sock():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("127.0.0.1", 0))
    return s


def one_way(count, *args, gap=0.0005, size=100, tail=0.4):
    """Sends count numbered packets through a proxy; returns ([(number, delay ms)], statistics)."""
    src, dst = sock(), sock()
    proxy = Proxy(dst.getsockname(), *args)
    sent, got = {}, []

    def collect(wait):
        while select.select([dst], [], [], wait)[0]:
            n = int.from_bytes(dst.recv(65536)[:4], "big")
            got.append((n, (time.monotonic() - sent[n]) * 1000))
            wait = 0

    start = time.monotonic()
    for n in range(count):
        while (left := start + n * gap - time.monotonic()) > 0:
            collect(left)
        sent[n] = time.monotonic()
        src.sendto(n.to_bytes(4, "big") + bytes(size - 4), proxy.address)
        collect(0)
    end = time.monotonic() + tail
    while (left := end - time.monotonic()) > 0:
        collect(left)
    return got, proxy.end()


def quantile(v, share):
    return sorted(v)[int(share * (len(v) - 1))]


def median(v):
    return quantile(v, 0.5)


# A packet never comes early, but on a busy machine the receiver may look late: lower bounds hold for all, upper bounds
# for most.


def test_passthrough():
    got, st = one_way(500)
    assert [n for n, _ in got] == list(range(500))
    assert st["up"]["sent"] == 500 and st["down"]["sent"] == 0 and st["flows"] == 1


def test_delay():
    got, st = one_way(200, "-s", "up.delay=25ms", gap=0.002)
    assert len(got) == 200 and 25 <= median([d for _, d in got]) < 28
    assert 25 <= st["up"]["hold_mean_ms"] < 28


def test_loss_is_deterministic():
    a, st = one_way(2000, "-s", "up.loss=10%", "--seed", "7", gap=0.0002)
    b, _ = one_way(2000, "-s", "up.loss=10%", "--seed", "7", gap=0.0004)
    c, _ = one_way(2000, "-s", "up.loss=10%", "--seed", "8", gap=0.0002)
    a, b, c = ([n for n, _ in x] for x in (a, b, c))
    assert a == b != c
    assert 0.07 < st["up"]["loss_share"] < 0.13 and st["up"]["received"] == 2000
    # switching something else on does not move the losses
    d, _ = one_way(2000, "-s", "up.loss=10%", "-s", "up.jitter=3ms", "--seed", "7", gap=0.0002)
    assert sorted(n for n, _ in d) == a


def test_burst_loss():
    _, st = one_way(4000, "-s", "up.ge=2%,25%", gap=0.0002)
    up = st["up"]
    assert 0.03 < up["loss_share"] < 0.13           # P/(P+R) = 7.4 %
    assert up["longest_loss"] >= 5 and 2.5 < up["lost_burst"] / up["bursts"] < 6   # mean burst 1/R = 4


def test_jitter_order():
    kept, _ = one_way(500, "-s", "up.delay=5ms", "-s", "up.jitter=20ms", gap=0.001)
    assert [n for n, _ in kept] == list(range(500))
    free, _ = one_way(500, "-s", "up.delay=5ms", "-s", "up.jitter=20ms", "-s", "up.order=free", gap=0.001)
    order = [n for n, _ in free]
    assert sorted(order) == list(range(500)) != order
    held = [d for _, d in free]
    assert min(held) >= 5 and quantile(held, 0.9) < 27 and 13 < median(held) < 20
    tail, _ = one_way(2000, "-s", "up.jitter=5ms", "-s", "up.dist=pareto", "-s", "up.order=free", gap=0.0005)
    d = sorted(x for _, x in tail)
    assert median(d) < 4 and d[-1] > 20


def test_reorder_and_duplicate():
    got, st = one_way(1000, "-s", "up.reorder=5%", "-s", "up.duplicate=10%", gap=0.001)
    order = [n for n, _ in got]
    late = sum(1 for a, b in zip(order, order[1:]) if b < a)
    assert set(order) == set(range(1000)) and 20 < late < 90
    assert len(order) == 1000 + st["up"]["duplicated"] and 60 < st["up"]["duplicated"] < 150


def test_rate_and_queue():
    # 1000 packets of 100 bytes in 0.2 s = 4 Mbit/s into 1 Mbit/s with a 10 kB queue
    got, st = one_way(1000, "-s", "up.rate=1M", "-s", "up.queue=10k", gap=0.0002)
    assert st["up"]["lost_queue"] == 1000 - len(got) > 500
    held = [d for _, d in got]
    assert max(held) > 75 and quantile(held, 0.9) < 90 and st["up"]["queue_max_bytes"] <= 10000


def test_corrupt():
    src, dst = sock(), sock()
    proxy = Proxy(dst.getsockname(), "-s", "up.corrupt=100%")
    src.sendto(bytes(64), proxy.address)
    dst.settimeout(2)
    assert sum(bin(b).count("1") for b in dst.recv(100)) == 1
    assert proxy.end()["up"]["corrupted"] == 1


def test_rebind_and_return_path():
    client, server = sock(), sock()
    proxy = Proxy(server.getsockname(), "-s", "down.delay=5ms")
    client.settimeout(2)
    server.settimeout(2)
    client.sendto(b"one", proxy.address)
    data, first = server.recvfrom(100)
    server.sendto(b"answer", first)
    assert client.recv(100) == b"answer"
    proxy.p.send_signal(signal.SIGUSR1)
    time.sleep(0.1)
    client.sendto(b"two", proxy.address)
    data, second = server.recvfrom(100)
    assert data == b"two" and second != first
    server.sendto(b"lost", first)
    server.sendto(b"found", second)
    assert client.recv(100) == b"found"
    assert proxy.end()["rebinds"] == 1


def test_timeline():
    actions = ["--at", "0.5", "up.loss=100%", "--at", "1.0", "up.loss=0", "--at", "1.2", "rebind"]
    got, st = one_way(1500, *actions, gap=0.001)
    lost = sorted(set(range(1500)) - {n for n, _ in got})
    assert 450 < len(lost) < 550 and lost[-1] - lost[0] == len(lost) - 1 and st["rebinds"] == 1


def test_two_clients_are_separate():
    server, a, b = sock(), sock(), sock()
    proxy = Proxy(server.getsockname(), "--per-flow")
    server.settimeout(2)
    a.sendto(b"a", proxy.address)
    pa = server.recvfrom(10)[1]
    b.sendto(b"b", proxy.address)
    pb = server.recvfrom(10)[1]
    assert pa != pb
    server.sendto(b"B", pb)
    b.settimeout(2)
    assert b.recv(10) == b"B" and not select.select([a], [], [], 0.1)[0]
    st = proxy.end()
    assert st["flows"] == 2 and len(st["per_flow"]) == 2


def test_only_one_client():
    server, a, b = sock(), sock(), sock()
    server.settimeout(0.3)
    proxy = Proxy(server.getsockname(), "--only", "2", "-s", "up.loss=100%")

    def passes(client):
        client.sendto(b"x", proxy.address)
        try:
            return server.recvfrom(10)[1]
        except TimeoutError:
            return None

    first = passes(a)
    assert first and not passes(b)
    proxy.p.send_signal(signal.SIGUSR1)
    time.sleep(0.1)
    assert passes(a) == first
    proxy.end()


def main():
    good = bad = 0
    for name, f in list(globals().items()):
        if name.startswith("test_"):
            # Delays are measured against the clock: on a busy machine a second look decides, or a third.
            for attempt in range(3):
                try:
                    f()
                except AssertionError as e:
                    if attempt < 2:
                        time.sleep(1)
                        continue
                    error = e
                else:
                    error = None
                break
            if error is None:
                good += 1
                print("ok  ", name, flush=True)
            else:
                bad += 1
                line = error.__traceback__
                while line.tb_next:
                    line = line.tb_next
                print("FAIL", name, "line", line.tb_lineno, flush=True)
    for left in Proxy.started:  # those of tests that failed half way
        if left.poll() is None:
            left.kill()
    print(f"{good} passed, {bad} failed, 0 skipped")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
