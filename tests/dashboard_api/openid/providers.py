"""An identity provider that can lie, and a real one in a process of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT = "roomtone"
SECRET = "the client's own secret"
KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
NEW_KEY = ECKey.generate_key("P-256", {"kid": "two"}, private=True)
Keys = RSAKey | ECKey


@dataclass
class Lying:
    """Honest until a test changes a field."""

    issuer: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Replaces fields of the discovery document."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Replaces claims of the ID token; None removes one."""
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    key: Keys = field(default_factory=lambda: KEY)
    shared: bytes | None = None
    """A secret to sign with instead, by HMAC."""
    published: list[Keys] = field(default_factory=lambda: [KEY])
    raw: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Path → status and body, whatever they are."""
    packed: bool = False
    is_silent: bool = False
    """Takes requests and answers none."""
    awake: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    subject: str = "subject-1"

    def code(self, address: str) -> dict[str, str]:
        """What a browser brings back that went to an address and signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        client = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            asked is None
            or authorization != f"Basic {client}"
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != _base64(challenge)
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "an access token", "token_type": "Bearer",
                "id_token": self._signed(claims)}  # fmt: skip

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.shared is not None:
            start = f"{_encoded({'alg': 'HS256', 'kid': 'one'})}.{_encoded(claims)}"
            return f"{start}.{_base64(hmac.digest(self.shared, start.encode(), 'sha256'))}"
        if self.header["alg"] == "none":
            return f"{_encoded(self.header)}.{_encoded(claims)}."
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])

    def answer(self, path: str) -> dict[str, Any]:
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.published]}
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            **self.metadata,
        }  # fmt: skip


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


@contextmanager
def lying() -> Iterator[Lying]:
    provider = Lying()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(lambda: provider.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(lambda: provider.token(form, self.headers.get("Authorization", "")))

        def _answer(self, make: Any) -> None:
            provider.asked.append(self.path)
            if provider.is_silent:
                provider.awake.wait(60)
                return
            status, body = provider.raw.get(self.path) or (200, json.dumps(make()).encode())
            if b"invalid_grant" in body:
                status = 400
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if provider.packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            with suppress(OSError):  # the other side has read enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        provider.awake.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def real() -> Iterator[str]:
    """The issuer of a real provider."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{issuer}/.well-known/openid-configuration", process)
        yield issuer
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the provider has ended"
        try:
            with urllib.request.urlopen(address) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < end, "the provider does not answer"
            time.sleep(0.05)
