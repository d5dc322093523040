"""Series from InfluxDB in Flux: 2, its Cloud, and 1.8 where Flux is switched on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.dialect import Dialect
from influxdb_client.rest import ApiException
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from dashboard_api.reading.faults import MAX_ANSWER_BYTES, endless, garbled, refusal, unreachable
from dashboard_api.reading.series import Series, Wanted
from ingest.stores.records import ScoredLesson

__all__ = ["FluxSource"]

_SECOND_NS: Final = 1_000_000_000
_DIALECT: Final = Dialect(  # type: ignore[no-untyped-call]
    annotations=[], header=True, delimiter=",", date_time_format="RFC3339"
)
_NOT_TAGS: Final = frozenset({"", "result", "table", "_time", "_field", "_value", "_measurement"})


class FluxSource:
    """`SeriesSource` on an address such as http://127.0.0.1:8086."""

    def __init__(
        self, url: str, token: SecretStr, *, org: str, bucket: str, timeout_s: float,
        ca_file: Path | None = None,
    ) -> None:  # fmt: skip
        self._url, self._bucket = url, bucket
        self._client = InfluxDBClient(
            url=url, token=token.get_secret_value(), org=org or "-",
            timeout=round(timeout_s * 1000), ssl_ca_cert=None if ca_file is None else str(ca_file), enable_gzip=True,
        )  # fmt: skip
        self._api = self._client.query_api()

    def series(self, wanted: Wanted) -> list[Series]:
        query = f'{self._rows(wanted)} |> drop(columns: ["_start", "_stop"])'
        columns: dict[tuple[tuple[str, str], ...], tuple[list[str], list[str]]] = {}
        for names, rows in self._tables(query):
            at, what = names.index("_time"), names.index("_value")
            keys = [(name, i) for i, name in enumerate(names) if name not in _NOT_TAGS]
            field = names.index("_field")
            # Rows of one series follow one another.
            before: list[str] = []
            times: list[str] = []
            values: list[str] = []
            for row in rows:
                one = [row[field], *(row[i] for _, i in keys)]
                if one != before:
                    tags = tuple((name, row[i]) for name, i in keys if row[i])
                    times, values = columns.setdefault((("", row[field]), *tags), ([], []))
                    before = one
                times.append(row[at])
                values.append(row[what])
        return [self._series(key, *found) for key, found in columns.items()]

    def lessons(self, wanted: Wanted) -> list[ScoredLesson]:
        rows = (
            f'{self._rows(wanted)} |> keep(columns: ["_time", "_value", "lesson", "node", "model"])'
        )
        query = f'rows = {rows}\nrows |> first() |> yield(name: "first")\nrows |> last() |> yield(name: "last")'
        times: dict[str, list[str]] = {}
        for names, found in self._tables(query):
            if "lesson" in names:
                lesson, at = names.index("lesson"), names.index("_time")
                for row in found:
                    times.setdefault(row[lesson], []).append(row[at])
        spans = {lesson: self._times(texts) for lesson, texts in times.items() if lesson}
        return [
            ScoredLesson(
                lesson=lesson, first_utc_ns=int(each.min()), last_utc_ns=int(each.max())
            )
            for lesson, each in spans.items()
        ]  # fmt: skip

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def _rows(self, wanted: Wanted) -> str:
        fields = " or ".join(f"r._field == {_quoted(field)}" for field in wanted.fields)
        where = "".join(
            f" and ({' or '.join(f'r[{_quoted(tag)}] == {_quoted(each)}' for each in values)})"
            for tag, values in wanted.where.items()
        )
        return (
            f"from(bucket: {_quoted(self._bucket)})"
            f" |> range(start: {_time(wanted.from_utc_ns)}, stop: {_time(wanted.to_utc_ns)})"
            f" |> filter(fn: (r) => r._measurement == {_quoted(wanted.measurement)}"
            f"{where} and ({fields}))"
        )

    def _series(
        self, key: tuple[tuple[str, str], ...], times: list[str], values: list[str]
    ) -> Series:
        (_, field), *tags = key
        utc_ns = self._times(times)
        try:
            numbers = np.array(values, np.float64)
        except ValueError as error:
            raise garbled(self._url, ",".join(values[:5]).encode()) from error
        order = np.argsort(utc_ns, kind="stable")
        return Series(field=field, tags=dict(tags), utc_ns=utc_ns[order], values=numbers[order])

    def _times(self, texts: list[str]) -> Any:
        try:
            # numpy would warn of the Z, which every one of them has.
            parsed = np.array([text.removesuffix("Z") for text in texts], "datetime64[ns]")
        except ValueError as error:
            raise garbled(self._url, ",".join(texts[:5]).encode()) from error
        return parsed.astype(np.int64)

    def _tables(self, query: str) -> Iterator[tuple[list[str], list[list[str]]]]:
        """The tables of an answer, each as its columns' names and its rows; raises StoreError."""
        body = self._ask(query)
        try:
            rows = list(csv.reader(body.decode("utf-8").splitlines(), strict=True))
        except (ValueError, csv.Error) as error:
            raise garbled(self._url, body) from error
        names: list[str] = []
        table: list[list[str]] = []
        for row in (*rows, []):
            if row and names:
                if len(row) != len(names):
                    raise garbled(self._url, body)
                table.append(row)
            elif row:
                names = row
                if "error" in names and "_time" not in names:
                    said = rows[1][names.index("error")] if len(rows) > 1 else "error"
                    raise refusal(self._url, 200, said.encode())
                if "_time" not in names:
                    raise garbled(self._url, body)
            elif names:
                yield names, table
                names, table = [], []

    def _ask(self, query: str) -> bytes:
        try:
            answer = self._api.query_raw(query, dialect=_DIALECT)
            body: bytes = answer.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        except ApiException as error:
            raise refusal(self._url, error.status or 0, _bytes(error.body)) from error
        except (HTTPError, OSError, ValueError) as error:
            raise unreachable(self._url, str(error) or type(error).__name__) from error
        if len(body) > MAX_ANSWER_BYTES:
            raise endless(self._url)
        return body


def _bytes(body: Mapping[str, Any] | str | bytes | None) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()


def _quoted(text: str) -> str:
    """A text as Flux has it between double quotes; `$` begins an expression there."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def _time(utc_ns: int) -> str:
    whole = datetime.fromtimestamp(utc_ns // _SECOND_NS, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{utc_ns % _SECOND_NS:09d}Z"
