"""Series from VictoriaMetrics, single or the read side of a cluster.

Values come by /api/v1/export, which leaves nothing out and computes nothing between samples.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx2
import numpy as np
from pydantic import SecretStr

from dashboard_api.reading.faults import MAX_ANSWER_BYTES, endless, garbled, refusal, unreachable
from dashboard_api.reading.series import Series, Wanted
from ingest.stores.records import ScoredLesson

__all__ = ["VictoriaSource"]

_MS_NS: Final = 1_000_000


class VictoriaSource:
    """`SeriesSource` on an address such as http://127.0.0.1:8428."""

    def __init__(
        self, url: str, token: SecretStr, *, timeout_s: float, tls: ssl.SSLContext | None = None
    ) -> None:
        self._url = url.rstrip("/")
        secret = token.get_secret_value()
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {secret}"} if secret else {},
            timeout=timeout_s, verify=True if tls is None else tls, trust_env=False,
        )  # fmt: skip

    def series(self, wanted: Wanted) -> list[Series]:
        names = "|".join(f"{wanted.measurement}_{field}" for field in wanted.fields)
        match = f'{{__name__=~"{names}"{_where(wanted.where)}}}'
        begin, end = wanted.from_utc_ns // _MS_NS, -(-wanted.to_utc_ns // _MS_NS)
        body = self._ask(
            "/api/v1/export", {"match[]": match, "start": str(begin / 1000), "end": str(end / 1000)}
        )
        found: list[Series] = []
        for line in body.splitlines():
            try:
                answer = json.loads(line)
                tags, values, times = answer["metric"], answer["values"], answer["timestamps"]
                utc_ms = np.array(times, np.int64)
                numbers = np.array(values, np.float64)
                name = str(tags.pop("__name__"))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
                raise garbled(self._url, body) from error
            # Both ends are included there, and what was not is null.
            inside = (utc_ms >= begin) & (utc_ms < end) & ~np.isnan(numbers)
            if inside.any():
                found.append(
                    Series(
                        field=name.removeprefix(f"{wanted.measurement}_"), tags=tags,
                        utc_ns=utc_ms[inside] * _MS_NS, values=numbers[inside],
                    )
                )  # fmt: skip
        return found

    def lessons(self, wanted: Wanted) -> list[ScoredLesson]:
        (field,) = wanted.fields
        span_s = max(1, (wanted.to_utc_ns - wanted.from_utc_ns) // 1_000_000_000)
        name = f"{wanted.measurement}_{field}"
        rows = f'{name}{{lesson!=""{_where(wanted.where)}}}[{span_s}s]'
        first = self._by_lesson(f"min(tfirst_over_time({rows})) by (lesson)", wanted.to_utc_ns)
        last = self._by_lesson(f"max(tlast_over_time({rows})) by (lesson)", wanted.to_utc_ns)
        return [
            ScoredLesson(lesson=lesson, first_utc_ns=at, last_utc_ns=last[lesson])
            for lesson, at in first.items()
            if lesson in last
        ]

    def close(self) -> None:
        self._client.close()

    def _by_lesson(self, query: str, at_utc_ns: int) -> dict[str, int]:
        at = str(at_utc_ns // _MS_NS / 1000)
        body = self._ask("/api/v1/query", {"query": query, "time": at, "nocache": "1"})
        try:
            results: list[dict[str, Any]] = json.loads(body)["data"]["result"]
            return {
                str(each["metric"]["lesson"]): round(float(each["value"][1]) * 1000) * _MS_NS
                for each in results
            }
        except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
            raise garbled(self._url, body) from error

    def _ask(self, path: str, form: Mapping[str, str]) -> bytes:
        """The body of a good answer; raises StoreError."""
        parts: list[bytes] = []
        try:
            with self._client.stream("POST", self._url + path, data=dict(form)) as answer:
                length = 0
                for part in answer.iter_bytes():
                    parts.append(part)
                    length += len(part)
                    if length > MAX_ANSWER_BYTES:
                        raise endless(self._url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise unreachable(self._url, str(error) or type(error).__name__) from error
        body = b"".join(parts)
        if answer.status_code != 200:
            raise refusal(self._url, answer.status_code, body)
        return body


def _where(tags: Mapping[str, Sequence[str]]) -> str:
    """Conditions, each after a comma; what is to be compared as it is must not be an expression."""
    return "".join(
        f',{tag}="{_quoted(values[0])}"'
        if len(values) == 1
        else f',{tag}=~"{_quoted("|".join(map(re.escape, values)))}"'
        for tag, values in tags.items()
    )


def _quoted(value: str) -> str:
    """A label's value between double quotes, as in PromQL."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
