"""A roster from a OneRoster server: OAuth 2 client credentials, then page by page.

Pupils are not asked for: teachers come from `/teachers`, and of enrolments those of teachers alone.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx2

from contract.errors import StoreError, UsageError
from school.roster.rest_rows import role_rows, row_of
from school.roster.source import ROLES, Mode, SourceRow, Version

__all__ = ["RestRoster"]

_VERSIONS: Final[Mapping[str, Version]] = {"v1p1": "1.1", "v1p2": "1.2"}
_SCOPE: Final = "https://purl.imsglobal.org/spec/or/{}/scope/roster-core.readonly"
_PLACES: Final = {
    "orgs": ("orgs", "orgs", {}),
    "academicSessions": ("academicSessions", "academicSessions", {}),
    "courses": ("courses", "courses", {}),
    "users": ("teachers", "users", {}),
    "classes": ("classes", "classes", {}),
    "enrollments": ("enrollments", "enrollments", {"filter": "role='teacher'"}),
}
"""File → where it is asked for, what the answer calls the list, and what is asked for alone."""
_LIMIT: Final = 500
_MAX_ITEMS: Final = 500_000
_MAX_ANSWER_BYTES: Final = 16 << 20
_MAX_BYTES: Final = 1 << 30
_MAX_S: Final = 3_600.0
"""All answers together: a district of 200,000 pupils has a tenth of it, as no pupil is asked for."""
_TIMEOUT_S: Final = 60.0


class RestRoster:
    """`RosterSource` on an address that ends in /v1p1 or /v1p2. Close it.

    Raises UsageError for an address that can't be right, StoreError for what a server does.
    """

    def __init__(
        self,
        url: str,
        token_url: str,
        client_id: str,
        secret: str,
        *,
        timeout_s: float = _TIMEOUT_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = _checked(url, "the address").rstrip("/")
        self._token_url = _checked(token_url, "the address for tokens")
        binding = self.name.rsplit("/", 1)[-1]
        if binding not in _VERSIONS:
            raise UsageError(
                f"{self.name}: a roster's address ends in /v1p1 or /v1p2, such as "
                "https://sis.example/ims/oneroster/rostering/v1p2."
            )
        self.version = _VERSIONS[binding]
        self._scope = _SCOPE.format(binding)
        self._credentials = (client_id, secret)
        self._token = ""
        self._users: list[SourceRow] = []
        self._now_s = now_s
        self._began_s: float | None = None
        self._bytes = 0
        # A redirect is not followed: it could lead out of TLS with the token.
        self._client = httpx2.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def mode(self, file: str) -> Mode:
        return "absent" if file == ROLES and self.version == "1.1" else "bulk"

    def rows(self, file: str) -> Iterator[SourceRow]:
        if file == ROLES:
            # 1.2 has them in the users, who are wanted once the roles are known.
            self._users = []
            for item, where in self._items("users"):
                self._users.append(row_of("users", item, where))
                yield from role_rows(item, where)
        elif file == "users" and self.version == "1.2":
            yield from self._users
        else:
            for item, where in self._items(file):
                yield row_of(file, item, where)

    def _items(self, file: str) -> Iterator[tuple[dict[str, Any], str]]:
        path, key, more = _PLACES[file]
        address = f"{self.name}/{path}"
        seen: set[str] = set()
        offset = 0
        while True:
            asked = {"limit": str(_LIMIT), "offset": str(offset), **more}
            body, headers = self._page(address, asked)
            items = _list_of(body, key, address)
            fresh = {ident for each in items if (ident := _ident(each)) not in seen}
            if items and not fresh:
                if not _says_more(headers) and len(items) < _LIMIT:
                    return  # it knows no pages, and gave all of it at once
                raise StoreError(
                    f"{address} answers with what it had before from item {offset + 1} on, so its "
                    "pages have no end; nothing was changed."
                )
            seen |= fresh
            for place, item in enumerate(items, offset + 1):
                if not isinstance(item, dict):
                    raise StoreError(f"{address}, item {place}: it is no object.")
                yield item, f"{address}, item {place}"
            offset += len(items)
            if offset > _MAX_ITEMS:
                raise StoreError(
                    f"{address} has more than {_MAX_ITEMS} items; nothing was changed."
                )
            if not items or _is_last(offset, headers):
                return

    def _page(self, address: str, asked: Mapping[str, str]) -> tuple[bytes, httpx2.Headers]:
        is_new = not self._token
        if is_new:
            self._token = self._new_token()
        status, headers, body = self._ask_with_token(address, asked)
        if status == 401 and not is_new:
            self._token = self._new_token()  # the one before has run out
            status, headers, body = self._ask_with_token(address, asked)
        _require_json(address, status, headers)
        return body, headers

    def _ask_with_token(
        self, address: str, asked: Mapping[str, str]
    ) -> tuple[int, httpx2.Headers, bytes]:
        bearer = {"Authorization": f"Bearer {self._token}"}
        return self._ask("GET", address, params=dict(asked), headers=bearer)

    def _new_token(self) -> str:
        status, headers, body = self._ask(
            "POST", self._token_url, auth=self._credentials,
            data={"grant_type": "client_credentials", "scope": self._scope},
        )  # fmt: skip
        _require_json(self._token_url, status, headers)
        try:
            token = json.loads(body)["access_token"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreError(f"{self._token_url} gives no access_token.") from error
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise StoreError(f"{self._token_url} gives an access_token that can't be one.")
        return token

    def _ask(self, method: str, address: str, **how: Any) -> tuple[int, httpx2.Headers, bytes]:
        parts: list[bytes] = []
        length = 0
        try:
            with self._client.stream(method, address, **how) as answer:
                for part in answer.iter_bytes():
                    parts.append(part)
                    length += len(part)
                    if length > _MAX_ANSWER_BYTES:
                        raise StoreError(
                            f"{address} answers with more than {_MAX_ANSWER_BYTES >> 20} MiB at once."
                        )
                    self._require_end(len(part))
                return answer.status_code, answer.headers, b"".join(parts)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise StoreError(
                f"{address} can't be reached ({str(error) or type(error).__name__})."
            ) from error

    def _require_end(self, more: int) -> None:
        """A server that goes on for ever, or drips, ends the sync."""
        now_s = self._now_s()
        self._began_s = now_s if self._began_s is None else self._began_s
        self._bytes += more
        if self._bytes > _MAX_BYTES:
            raise StoreError(
                f"{self.name} answers with more than {_MAX_BYTES >> 20} MiB in all; nothing was "
                "changed."
            )
        if now_s - self._began_s > _MAX_S:
            raise StoreError(
                f"{self.name} needs more than {_MAX_S / 60:.0f} minutes for a roster; nothing was "
                "changed."
            )


def _checked(url: str, what: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{what} {url[:100]} is none ({error}).") from error
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise UsageError(
            f"{what} {url[:100]} is none; it begins with https:// and has no name in it."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"{what} {url[:100]} is without TLS; a roster is read by https:// alone.")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_json(address: str, status: int, headers: httpx2.Headers) -> None:
    if status in {401, 403}:
        raise StoreError(
            f"{address} refuses this client ({status}); check its id, its secret and its scope."
        )
    if 300 <= status < 400:
        raise StoreError(f"{address} leads elsewhere ({status}); give the address itself.")
    if status != 200:
        raise StoreError(f"{address} answers with status {status}.")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise StoreError(
            f"{address} answers with {kind[:60] or 'no content type'}, and not with JSON."
        )


def _list_of(body: bytes, key: str, address: str) -> list[Any]:
    try:
        found = json.loads(body)[key]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"{address} answers without a list of {key}.") from error
    if not isinstance(found, list):
        raise StoreError(f"{address} answers without a list of {key}.")
    return found


def _ident(item: object) -> str:
    return str(item.get("sourcedId")) if isinstance(item, dict) else ""


def _says_more(headers: httpx2.Headers) -> bool:
    return "x-total-count" in headers or "link" in headers


def _is_last(offset: int, headers: httpx2.Headers) -> bool:
    """By the count of all, else by the link to the next page; else a page without anything new ends it.

    How many a page has says nothing: a server may give fewer than it is asked for.
    """
    total = headers.get("x-total-count", "")
    if total.isascii() and total.isdigit():
        return offset >= int(total[:12])
    return "link" in headers and 'rel="next"' not in headers["link"].replace("'", '"')
