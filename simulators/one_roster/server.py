"""A OneRoster server of the standard's shape on loopback: tokens, pages, `filter`, both versions."""

from __future__ import annotations

import json
import re
import secrets
import threading
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, Self, get_args
from urllib.parse import parse_qs, urlsplit

from simulators.one_roster.district import district

__all__ = ["FAULTS", "OneRosterServer", "RosterFault"]

RosterFault = Literal["html", "loop", "redirect", "huge", "no_filter", "short_tokens", "no_total"]
FAULTS: Final[tuple[RosterFault, ...]] = get_args(RosterFault)
"""A sign-in page instead of JSON; the first page for ever; a redirect; an answer without end; pupils
where teachers are asked for; tokens that work once; pages without their count."""

_PATH: Final = re.compile(r"/ims/oneroster/(?:rostering/v1p2|v1p1)/(\w+)")
_FILTER: Final = re.compile(r"role='(\w+)'")
_MAX_LIMIT: Final = 100
_SCOPE: Final = "https://purl.imsglobal.org/spec/or/{}/scope/roster-core.readonly"


class OneRosterServer:
    """A context manager: it listens from entering to leaving, in a thread of its own."""

    def __init__(
        self,
        data: Mapping[str, list[dict[str, Any]]] | None = None,
        *,
        port: int = 0,
        fault: RosterFault | None = None,
    ) -> None:
        self.client_id, self.secret = "roomtone", secrets.token_urlsafe(16)
        self.asked: list[str] = []
        """The paths and queries of all requests so far."""
        self.tokens: set[str] = set()
        self.fault = fault
        self.data = district() if data is None else data
        handler = type("_Bound", (_Handler,), {"roster": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="one-roster"
        )

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def token_url(self) -> str:
        return f"{self.root}/token"

    def url(self, version: str) -> str:
        """Where a version is, `1.1` or `1.2`."""
        return f"{self.root}/ims/oneroster/{'v1p1' if version == '1.1' else 'rostering/v1p2'}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    roster: ClassVar[OneRosterServer]

    def do_POST(self) -> None:
        self.roster.asked.append(self.path)
        length = int(self.headers.get("Content-Length", "0"))
        form = parse_qs(self.rfile.read(length).decode())
        wanted = {_SCOPE.format("v1p1"), _SCOPE.format("v1p2")}
        if self._basic() != (self.roster.client_id, self.roster.secret):
            self._answer(401, {"error": "invalid_client"})
        elif form.get("grant_type") != ["client_credentials"] or not wanted & {
            *form.get("scope", [])
        }:
            self._answer(400, {"error": "invalid_scope"})
        else:
            token = secrets.token_urlsafe(16)
            self.roster.tokens.add(token)
            self._answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def do_GET(self) -> None:
        self.roster.asked.append(self.path)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = _PATH.fullmatch(parts.path)
        fault = self.roster.fault
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.roster.tokens:
            self._answer(401, {"imsx_codeMajor": "failure", "imsx_description": "no such token"})
            return
        if fault == "short_tokens":
            self.roster.tokens.discard(token)
        if fault == "html":
            self._send(200, b"<!doctype html><title>Sign in</title>", {}, "text/html")
        elif fault == "redirect":
            self._send(302, b"", {"Location": f"{self.roster.root}/elsewhere"}, "text/html")
        elif fault == "huge":
            self._send(200, b" " * (17 << 20), {}, "application/json")
        elif found is None or found[1] not in {*self.roster.data, "teachers"}:
            self._answer(404, {"imsx_codeMajor": "failure"})
        else:
            self._page(found[1], query, is_old="/v1p1/" in parts.path)

    def _page(self, name: str, query: Mapping[str, str], *, is_old: bool) -> None:
        fault = self.roster.fault
        items = self.roster.data["users" if name == "teachers" else name]
        role = _FILTER.fullmatch(query.get("filter", ""))
        wanted = "teacher" if name == "teachers" else role and role[1]
        if wanted and fault != "no_filter":
            items = [each for each in items if wanted in _roles(each)]
        limit = min(int(query.get("limit", "100")), _MAX_LIMIT)
        offset = 0 if fault == "loop" else int(query.get("offset", "0"))
        page = items[offset : offset + limit]
        if is_old:
            page = [_older(each) for each in page]
        headers = {} if fault in {"no_total", "loop"} else {"X-Total-Count": str(len(items))}
        if fault in {"no_total", "loop"} and (fault == "loop" or offset + limit < len(items)):
            headers["Link"] = f'<{self.roster.root}/next>; rel="next"'
        elif fault == "no_total":
            headers["Link"] = f'<{self.roster.root}/first>; rel="first"'
        key = "users" if name == "teachers" else name
        self._send(200, json.dumps({key: page}).encode(), headers, "application/json")

    def _basic(self) -> tuple[str, str]:
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        try:
            name, _, secret = b64decode(text).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return "", ""
        return (name, secret) if kind == "Basic" else ("", "")

    def _answer(self, status: int, content: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), {}, "application/json")

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], kind: str) -> None:
        self.send_response(status)
        for name, value in {
            **headers,
            "Content-Type": kind,
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # whoever asked has seen enough

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing: `asked` has it."""


def _roles(item: Mapping[str, Any]) -> set[str]:
    return {role["role"] for role in item.get("roles", ())} | {str(item.get("role", ""))}


def _older(item: dict[str, Any]) -> dict[str, Any]:
    """As 1.1 has a user: one role, and organisations beside it."""
    if "roles" not in item:
        return item
    older = {name: value for name, value in item.items() if name != "roles"}
    older["role"] = item["roles"][0]["role"]
    older["orgs"] = [role["org"] for role in item["roles"]]
    older["enabledUser"] = "true" if item["enabledUser"] else "false"
    return older
