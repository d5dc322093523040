"""VictoriaMetrics, single or a cluster: each field is a metric of its own, `measurement_field`.

It deletes whole series and no spans of time. A lesson's points have series of their own, because
`lesson` is one of their tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from contract.clock import Clock
from ingest.replicas.engines.client import EngineClient
from ingest.replicas.settings import ReplicaSettings

__all__ = ["VictoriaMetrics"]


class VictoriaMetrics:
    """Takes points by its call for InfluxDB's clients; deletes by its call for administrators."""

    keeps: str | None = None

    def __init__(self, settings: ReplicaSettings, clock: Clock) -> None:
        self._http = EngineClient(settings, clock, scheme="Bearer")
        parts = urlsplit(settings.url)
        server = f"{parts.scheme}://{parts.netloc}"
        self._admin = EngineClient(
            settings, clock, scheme="Bearer", url=settings.delete_url or server
        )

    def write(self, lines: bytes) -> None:
        self._http.post("/api/v2/write", query=[("precision", "ns")], body=lines, is_lines=True)

    def delete(self, tags: Mapping[str, str], measurement: str | None = None) -> None:
        wanted = [f"{key}={_quoted(text)}" for key, text in tags.items()]
        if measurement is not None:
            wanted.append(f'__name__=~"{measurement}_.*"')
        match = "{" + ",".join(wanted) + "}"
        self._admin.post("/api/v1/admin/tsdb/delete_series", query=[("match[]", match)])

    def clock_difference_s(self) -> float | None:
        return self._http.clock_difference_s()

    def close(self) -> None:
        self._http.close()
        self._admin.close()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
