"""A service that makes tokens for whoever proves a Nostr key: proofs by nostr-sdk, tokens by PyJWT."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import nostr_sdk
from common import Commands, arguments, emit, run

options = arguments("token service", relay=True, service=True)
key = jwt.PyJWK.from_json(Path(options.jwk).read_text())


def proven(header: str | None, url: str, body: bytes) -> str:
    """Who asks."""
    scheme, _, text = (header or "").partition(" ")
    if scheme != "Nostr":
        raise ValueError("no proof")
    event = nostr_sdk.Event.from_json(base64.b64decode(text).decode())
    if not event.verify():
        raise ValueError("forged")
    fields = json.loads(event.as_json())
    tags = {tag[0]: tag[1] for tag in fields["tags"]}
    wanted = {"u": url, "method": "POST", "payload": hashlib.sha256(body).hexdigest()}
    if fields["kind"] != 27235 or tags != wanted or abs(time.time() - fields["created_at"]) > 60:
        raise ValueError(f"proves something else: {fields}")
    return str(fields["pubkey"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            person = proven(self.headers["Authorization"], address + self.path, body)
        except Exception as error:
            emit("refused", text=str(error))
            return self.answer(401, {"error": "no"})
        now = int(time.time())
        claims = {**json.loads(body), "iat": now, "exp": now + options.lifetime}
        emit("issued", person=person)
        token = jwt.encode(claims, key.key, key.algorithm_name, headers={"kid": key.key_id})
        self.answer(200, {"token": token})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """In chunks, as many servers do."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        text = json.dumps(body).encode()
        for part in (text[:7], text[7:]):
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *words: Any) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
address = f"http://localhost:{server.server_port}"
if options.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = address.replace("http:", "https:")


async def main(commands: Commands) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    emit("ready", url=address + "/token")
    await commands.ended.wait()
    server.shutdown()


run(main, options.timeout)
