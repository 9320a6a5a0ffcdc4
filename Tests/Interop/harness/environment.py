"""Where things are: the project, the virtual environments of the peers, the library, the tools."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
INTEROP = ROOT / "Tests" / "Interop"
PEERS = INTEROP / "peers"
BINDING = ROOT / "bindings" / "python"


class Missing(Exception):
    """Something a case needs is not there; the case is skipped with this reason."""


def require_ipv6() -> None:
    """Containers often have no IPv6, not even a loopback address."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        raise Missing(f"IPv6: there is no loopback address ({error.strerror})") from error


def moqrs_python() -> Path:
    """The interpreter that has the current upstream stack."""
    return _interpreter("BURROW_PEER_PYTHON", ROOT / ".venv", "import moq", "moq-rs")


def nostrsdk_python() -> Path:
    """The interpreter that has the upstream Nostr client and relay."""
    return _interpreter("BURROW_NOSTR_PYTHON", ROOT / ".venv", "import nostr_sdk", "nostr-sdk")


def pyjwt_python() -> Path:
    """The interpreter that has another signer and verifier of tokens beside the upstream stack."""
    return _interpreter("BURROW_PEER_PYTHON", ROOT / ".venv", "import moq, nostr_sdk, jwt, cryptography", "PyJWT")


def proxy_python() -> Path:
    """The interpreter that has proxies."""
    check = "import asyncio_socks_server, proxy"
    return _interpreter("BURROW_PROXY_PYTHON", ROOT / ".venv", check, "asyncio-socks-server and proxy.py")


def mdk_python() -> Path:
    """The interpreter that has groups of another implementation."""
    return _interpreter("BURROW_MDK_PYTHON", ROOT / ".venv-groups", "import mdk, nostr_sdk", "mdk-python")


def old_python() -> Path:
    """The interpreter that has the oldest published upstream stack."""
    return _interpreter("BURROW_OLD_PEER_PYTHON", ROOT / ".venv-old", "import moq_ffi", "moq-ffi 0.1.2")


def media_python(more: str = "") -> Path:
    """The interpreter that has real clips, what decodes them, and with ``pesq`` what judges speech."""
    needed = "import av, numpy, clip_source; assert clip_source.clip_file(), 'no clip'"
    name = "PyAV, NumPy and a clip"
    python = _interpreter("BURROW_MEDIA_PYTHON", ROOT / ".venv-media", needed, name)
    return _interpreter("BURROW_MEDIA_PYTHON", ROOT / ".venv-media", f"import {more}", more) if more else python


@cache
def speech_folder() -> Path:
    """Recorded speech."""
    folder = Path("/usr/share/sounds/alsa")
    if not (folder / "Front_Center.wav").exists():
        raise Missing(f"recorded speech: {folder} is not there, install alsa-utils")
    return folder


@cache
def _interpreter(variable: str, environment: Path, check: str, name: str) -> Path:
    python = Path(os.environ.get(variable, environment / "bin" / "python"))
    if not python.exists():
        raise Missing(f"{name}: no interpreter {python}, run scripts/bootstrap.sh or set {variable}")
    answer = subprocess.run([python, "-c", check], capture_output=True, text=True, timeout=60, cwd=PEERS)
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["?"]
        raise Missing(f"{name}: not installed in {python} ({lines[-1]})")
    return python


@cache
def library() -> Path:
    """The shared library under test: BURROW_LIBRARY, or the newest of the usual build products."""
    chosen = os.environ.get("BURROW_LIBRARY")
    if chosen:
        if not Path(chosen).exists():
            raise Missing(f"our library: BURROW_LIBRARY={chosen} does not exist")
        return Path(chosen)
    places = [
        ROOT / "build" / "lib" / "libburrow.so.0",
        ROOT / "build" / "lib" / "libburrow.so",
        ROOT / ".build" / "release" / "libburrow.so",
        ROOT / ".build" / "debug" / "libburrow.so",
    ]
    found = [place for place in places if place.exists()]
    if not found:
        raise Missing("our library: not built, run make or set BURROW_LIBRARY")
    if not (PEERS / "burrow_relay.py").exists() or not (BINDING / "burrow" / "__init__.py").exists():
        raise Missing("our library: the Python binding is not there")
    return max(found, key=lambda place: place.stat().st_mtime)


def our_python() -> Path:
    """Our peers need nothing but an interpreter."""
    return Path(sys.executable)


@cache
def impairment_tool() -> Path:
    """The UDP proxy that loses packets, built on demand."""
    folder = ROOT / "Tests" / "Tools" / "udpimpair"
    if given := os.environ.get("BURROW_UDPIMPAIR"):
        return Path(given)
    binary = folder / "udpimpair"
    if not (folder / "udpimpair.c").exists():
        raise Missing("udpimpair: Tests/Tools/udpimpair is not there")
    answer = subprocess.run(["make", "-s", "-C", str(folder)], capture_output=True, text=True, timeout=120)
    if answer.returncode != 0 or not binary.exists():
        raise Missing(f"udpimpair: cannot be built: {answer.stderr.strip()[:200]}")
    return binary


def clock_shift(folder: Path) -> Path:
    """The library that shifts the calendar of a process which preloads it."""
    source, built = ROOT / "Tests" / "Tools" / "clockshift" / "clockshift.c", folder / "clockshift.so"
    command = ["cc", "-std=gnu11", "-O2", "-shared", "-fPIC", "-o", str(built), str(source), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except FileNotFoundError as error:
        raise Missing("cc: there is no C compiler") from error
    return built


def make_authority(folder: Path, host: str = "localhost") -> tuple[Path, Path, Path]:
    """The certificate of a new authority, and a certificate with its key that this authority has made for a host."""
    root, root_key = folder / "root.pem", folder / "root-key.pem"
    cert, key, request, extra = (folder / name for name in ("leaf.pem", "leaf-key.pem", "leaf.csr", "leaf.cnf"))
    extra.write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    commands = [
        ["req", "-x509", *curve, "-keyout", root_key, "-out", root, "-days", "10", "-subj", "/CN=Test authority",
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
        ["req", *curve, "-keyout", key, "-out", request, "-subj", f"/CN={host}"],
        ["x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", "10",
         "-extfile", extra, "-out", cert],
    ]  # fmt: skip
    try:
        for command in commands:
            subprocess.run(["openssl", *command], check=True, capture_output=True, timeout=30)
    except FileNotFoundError as error:
        raise Missing("openssl: the command line tool is not installed") from error
    return root, cert, key


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed P-256 certificate for localhost and 127.0.0.1, as PEM files."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", str(key), "-out", str(cert), "-days", "10", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext", "keyUsage=critical,digitalSignature",
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    except FileNotFoundError as error:
        raise Missing("openssl: the command line tool is not installed") from error
    return cert, key
