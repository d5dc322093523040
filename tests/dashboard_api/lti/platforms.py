"""A learning platform as LTI 1.3 has it, with keys of its own; honest until a test changes a field."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import KeySet

from dashboard_api.lti.launch_token import CLAIM, DEEP_LINK
from school.lti.records import Platform
from tests.dashboard_api.openid.providers import KEY, NEW_KEY, OTHER_KEY

__all__ = ["CLIENT", "DEPLOYMENT", "NEW_KEY", "OTHER_KEY", "FakePlatform", "platform_server"]

CLIENT = "10000000000007"
DEPLOYMENT = "1:8865aa05b4b79b64a91a86042e43af5ea8ae79eb"
Keys = Any


@dataclass
class FakePlatform:
    """It checks what the tool asks for, as the standard says, and signs who is signed in there."""

    utc_s: Callable[[], int]
    tool: str
    """The address of the pages."""
    issuer: str = ""
    subject: str = "a6d5c443-1f51-4783-ba1a-7686ffe3b54a"
    claims: dict[str, Any] = field(default_factory=dict)
    """Replaces claims of the token; None removes one."""
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    key: Keys = field(default_factory=lambda: KEY)
    published: list[Keys] = field(default_factory=lambda: [KEY])
    deep_linking: dict[str, Any] | None = None
    raw: tuple[int, bytes] | None = None
    """What it answers to who asks for its keys, instead of them."""
    asked: list[str] = field(default_factory=list)
    returned: list[dict[str, str]] = field(default_factory=list)
    """What was posted to the address for links."""

    def registration(self, name: str = "canvas", **more: Any) -> Platform:
        """What the tool is to know of it."""
        values = {
            "name": name, "title": name.title(), "issuer": self.issuer, "client_id": CLIENT,
            "auth_url": f"{self.issuer}/auth?from=tool", "jwks_url": f"{self.issuer}/jwks",
            "deployments": frozenset({DEPLOYMENT}), **more,
        }  # fmt: skip
        return Platform(**values)

    def login(self, **more: str) -> dict[str, str]:
        """With what a launch begins."""
        return {
            "iss": self.issuer, "login_hint": "user-17", "lti_message_hint": "link-4",
            "target_link_uri": f"{self.tool}/", "client_id": CLIENT,
            "canvas_region": "unknown to the standard", **more,
        }  # fmt: skip

    def answer(self, address: str) -> dict[str, str]:
        """The form that a browser brings back which was sent to its address for launches."""
        assert address.startswith(f"{self.issuer}/auth?"), address
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["from"] == "tool"
        assert asked["scope"] == "openid"
        assert asked["response_type"] == "id_token"
        assert asked["response_mode"] == "form_post"
        assert asked["prompt"] == "none"
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == f"{self.tool}/lti/launch"
        assert asked["login_hint"] == "user-17"
        assert asked["lti_message_hint"] == "link-4"
        return {"id_token": self.token(asked["nonce"]), "state": asked["state"]}

    def token(self, nonce: str) -> str:
        now = self.utc_s()
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "nonce": nonce,
            "iat": now, "exp": now + 300, "azp": CLIENT,
            "name": "Ada Quillfeather", "email": "ada@school.example",
            f"{CLAIM}version": "1.3.0", f"{CLAIM}deployment_id": DEPLOYMENT,
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}target_link_uri": f"{self.tool}/",
            f"{CLAIM}resource_link": {"id": "link-4"},
            f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"],
        }  # fmt: skip
        if self.deep_linking is not None:
            claims[f"{CLAIM}message_type"] = "LtiDeepLinkingRequest"
            claims[f"{DEEP_LINK}deep_linking_settings"] = {
                "deep_link_return_url": f"{self.issuer}/return", "accept_types": ["ltiResourceLink"],
                "accept_presentation_document_targets": ["window"], "data": "csrf-4711",
                **self.deep_linking,
            }  # fmt: skip
        claims |= self.claims
        given = {name: value for name, value in claims.items() if value is not None}
        # Not by `jwt.encode`, which can't write half of a pair of surrogates.
        payload = json.dumps(given).encode()
        return jws.serialize_compact(self.header, payload, self.key, [self.header["alg"]])

    def item(self, token: str, jwks: dict[str, Any]) -> dict[str, Any]:
        """Check what comes back, as the standard has it; the claims."""
        kid = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["RS256"])
        claims, now = kid.claims, self.utc_s()
        assert (claims["iss"], claims["aud"]) == (CLIENT, self.issuer)
        assert claims["iat"] <= now < claims["exp"]
        assert claims[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
        assert (claims[f"{CLAIM}version"], claims[f"{CLAIM}deployment_id"]) == ("1.3.0", DEPLOYMENT)
        assert claims[f"{DEEP_LINK}data"] == "csrf-4711"
        (item,) = claims[f"{DEEP_LINK}content_items"]
        assert isinstance(item, dict)
        return item


@contextmanager
def platform_server(utc_s: Callable[[], int], tool: str) -> Iterator[FakePlatform]:
    """Serves its keys, its launches to a browser, and takes links back."""
    platform = FakePlatform(utc_s, tool)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            platform.asked.append(path)
            if path == "/jwks":
                keys = {"keys": [key.as_dict(private=False) for key in platform.published]}
                status, body = platform.raw or (200, json.dumps(keys).encode())
                self._send(status, body, "application/json")
            elif path == "/auth":
                form = platform.answer(f"{platform.issuer}{self.path}")
                self._send_form(f"{platform.tool}/lti/launch", form)
            elif path == "/course":
                address = f"{platform.tool}/lti/login"
                self._send_form(address, platform.login(), frame=True)
            else:
                self._send(404, b"", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            platform.returned.append(form)
            self._send(200, b"<title>Course</title><p>The link is here now.</p>", "text/html")

        def _send_form(self, address: str, form: dict[str, str], *, frame: bool = False) -> None:
            fields = "".join(f'<input name="{name}" value="{form[name]}">' for name in form)
            target = ' target="tool"' if frame else ""
            place = '<iframe name="tool" width="700" height="500"></iframe>' if frame else ""
            page = (
                f'<!doctype html><title>Platform</title>{place}<form method="post" action="{address}"'
                f"{target}>{fields}</form><script>document.forms[0].submit()</script>"
            )
            self._send(200, page.encode(), "text/html")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
