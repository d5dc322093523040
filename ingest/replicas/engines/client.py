"""One connection of influxdb-client to a database, its errors as ours.

Requests are compressed here, at the quickest level: the library's own compression takes many times as
long as making the lines.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any, Final

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, LocationValueError, MaxRetryError
from urllib3.exceptions import TimeoutError as NoAnswerError

from contract.clock import Clock
from contract.errors import brief_of
from ingest.replicas.engines.answers import EngineError, clock_difference_s, require_taken
from ingest.replicas.settings import ReplicaSettings

__all__ = ["EngineClient"]

_GZIP: Final = 16 + zlib.MAX_WBITS
_TEXT: Final = "text/plain; charset=utf-8"


class EngineClient:
    """Speaks HTTP with one database; `url` is its address without the path of a call."""

    def __init__(
        self, settings: ReplicaSettings, clock: Clock, *, scheme: str, url: str | None = None
    ) -> None:
        self._name = settings.name
        self._clock = clock
        self._difference_s: float | None = None
        token = settings.token()
        self.client = InfluxDBClient(
            url=(url or settings.url).rstrip("/"),
            token="",
            org=settings.org,
            timeout=round(settings.timeout_s * 1000),
            ssl_ca_cert=None if settings.ca_file is None else str(settings.ca_file),
        )
        headers = self.client.api_client.default_headers
        headers.pop("Authorization", None)
        if token is not None:
            headers["Authorization"] = _authorization(token.get_secret_value(), scheme)

    def post(
        self,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | str | Mapping[str, Any] | None = None,
        is_lines: bool = False,
        form: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Send a request and return what was answered; raises EngineError or PointsRefusedError."""
        headers = {"Accept": "application/json"}
        if is_lines and isinstance(body, bytes):
            headers |= {"Content-Type": _TEXT, "Content-Encoding": "gzip"}
            body = _gzip(body)
        elif form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is None:
            headers["Content-Type"] = _TEXT
            body = " "  # the library sends no empty text
        try:
            self.client.api_client.call_api(  # type: ignore[no-untyped-call]
                path, "POST", query_params=list(query), header_params=headers, body=body,
                post_params=list(form), _return_http_data_only=True,
            )  # fmt: skip
            answer = self.client.api_client.last_response
            status, text, fields = answer.status, answer.data or "", answer.getheaders()
        except ApiException as error:
            if not error.status:
                raise EngineError(f"{self._name} can't be reached: {_why(error)}.") from error
            status, text, fields = error.status, error.body or "", error.headers or {}
        except (InfluxDBError, HTTPError, HTTPException, LocationValueError, OSError) as error:
            raise EngineError(f"{self._name} can't be reached: {_why(error)}.") from error
        except UnicodeDecodeError as error:
            raise EngineError(
                f"{self._name}: what answered is no database: it sent bytes that are no text."
            ) from error
        self._difference_s = clock_difference_s(fields.get("Date"), self._clock.utc_ns())
        require_taken(
            self._name, status, str(text), kind=fields.get("Content-Type") or "",
            retry_after=fields.get("Retry-After"),
        )  # fmt: skip
        return str(text)

    def clock_difference_s(self) -> float | None:
        return self._difference_s

    def close(self) -> None:
        self.client.close()  # type: ignore[no-untyped-call]


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def _authorization(token: str, scheme: str) -> str:
    """USER:PASSWORD is a user's; anything else is a token."""
    if scheme != "Token" and ":" in token:
        return f"Basic {base64.b64encode(token.encode()).decode()}"
    return f"{scheme} {token}"


def _why(error: BaseException) -> str:
    """The innermost reason, on one line: the system's own words where there are some."""
    reason: object = error.reason if isinstance(error, MaxRetryError | ApiException) else error
    inner: object = reason
    while isinstance(inner, BaseException):
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    if isinstance(reason, NoAnswerError):
        return "it did not answer within `timeout_s`"
    text = str(reason) if isinstance(reason, str) else brief_of(reason)  # type: ignore[arg-type]
    return " ".join(text.split("object at 0x")[-1].split()) if "object at 0x" in text else text
