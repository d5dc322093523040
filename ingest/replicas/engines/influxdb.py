"""InfluxDB 1, 2 and 3, whose calls for writing and deleting differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contract.clock import Clock
from ingest.replicas.engines.answers import EngineError, own_words
from ingest.replicas.engines.client import EngineClient
from ingest.replicas.settings import ReplicaSettings

__all__ = ["InfluxDB1", "InfluxDB2", "InfluxDB3"]

_FIRST: Final = "1970-01-01T00:00:00Z"
_LAST: Final = "2262-01-01T00:00:00Z"
_SINGLE, _DOUBLE = "'", '"'


class InfluxDB2:
    """InfluxDB 2 and InfluxDB Cloud of that version: deletes by a predicate."""

    keeps: str | None = None

    def __init__(self, settings: ReplicaSettings, clock: Clock) -> None:
        self._http = EngineClient(settings, clock, scheme="Token")
        self._where = [("org", settings.org), ("bucket", settings.bucket)]

    def write(self, lines: bytes) -> None:
        query = [*self._where, ("precision", "ns")]
        self._http.post("/api/v2/write", query=query, body=lines, is_lines=True)

    def delete(self, tags: Mapping[str, str], measurement: str | None = None) -> None:
        of = {} if measurement is None else {"_measurement": measurement}
        predicate = " AND ".join(
            f"{key}={_quoted(text, _DOUBLE)}" for key, text in (of | {**tags}).items()
        )
        body = {"start": _FIRST, "stop": _LAST, "predicate": predicate}
        self._http.post("/api/v2/delete", query=self._where, body=body)

    def clock_difference_s(self) -> float | None:
        return self._http.clock_difference_s()

    def close(self) -> None:
        self._http.close()


class InfluxDB3(InfluxDB2):
    """InfluxDB 3, which takes points as InfluxDB 2 does."""

    keeps = "InfluxDB 3 has no call to delete points: only its own retention removes them"

    def delete(self, tags: Mapping[str, str], measurement: str | None = None) -> None:  # noqa: ARG002
        raise EngineError(f"{self.keeps}.")


class InfluxDB1:
    """InfluxDB 1: its own write call, which every version has, and DELETE of InfluxQL."""

    keeps: str | None = None

    def __init__(self, settings: ReplicaSettings, clock: Clock) -> None:
        self._http = EngineClient(settings, clock, scheme="Bearer")
        database, _, policy = settings.bucket.partition("/")
        self._where = [("db", database), *([("rp", policy)] if policy else [])]
        self._name = settings.name

    def write(self, lines: bytes) -> None:
        query = [*self._where, ("precision", "ns")]
        self._http.post("/write", query=query, body=lines, is_lines=True)

    def delete(self, tags: Mapping[str, str], measurement: str | None = None) -> None:
        where = " AND ".join(f'"{key}" = {_quoted(text, _SINGLE)}' for key, text in tags.items())
        of = "" if measurement is None else f'FROM "{measurement}" '
        said = self._http.post(
            "/query", query=self._where[:1], form=[("q", f"DELETE {of}WHERE {where}")]
        )
        if '"error"' in said:  # it answers 200 also to what it could not do
            raise EngineError(f"{self._name} did not delete, and says “{_first_error(said)}”.")

    def clock_difference_s(self) -> float | None:
        return self._http.clock_difference_s()

    def close(self) -> None:
        self._http.close()


def _quoted(text: str, mark: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{escaped}{mark}"


def _first_error(said: str) -> str:
    begin = said.index('"error"')
    return own_words("{" + said[begin:].split("}", 1)[0] + "}")
