"""VictoriaMetrics, single: a metric for each field."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from peers.engine import allocated_bytes, ask, get, is_still, wait_for
from roomtone.demo.broker import free_port

BINARY = "victoria-metrics"


class VictoriaMetrics:
    """Debian's package, asked by its own routes."""

    name = "VictoriaMetrics"

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._port = free_port()
        self._url = f"http://127.0.0.1:{self._port}"
        self.write_url = f"{self._url}/write"
        self.telegraf_output = (
            f'[[outputs.influxdb]]\nurls = ["{self._url}"]\ndatabase = "bench"\n'
            'skip_database_creation = true\ncontent_encoding = "identity"\n'
        )

    def command(self) -> list[str]:
        return [
            shutil.which(BINARY) or BINARY,
            f"-storageDataPath={self._data}",
            f"-httpListenAddr=127.0.0.1:{self._port}",
            "-retentionPeriod=10y",  # the readings have a date of their own
            "-search.latencyOffset=0s",
            "-search.disableCache",
            "-loggerLevel=ERROR",
        ]

    def prepare(self) -> None:
        wait_for(lambda: get(f"{self._url}/health") == b"OK", "VictoriaMetrics's start")

    def seconds(self, room: str, span: tuple[int, int]) -> list[int]:
        return [
            stamp // 1_000
            for series in self._export(f'seat_motion_rms{{room="{room}",seat="1"}}', span)
            for stamp in series["timestamps"]
        ]

    def settle(self) -> None:
        get(f"{self._url}/internal/force_flush")
        get(f"{self._url}/internal/force_merge")
        wait_for(lambda: is_still(self._data), "VictoriaMetrics's merge")

    def at_rest(self) -> int:
        return allocated_bytes(self._data)

    def read_room(self, room: str, span: tuple[int, int]) -> int:
        return sum(len(each["values"]) for each in self._export(f'{{room="{room}"}}', span))

    def read_lesson(self, room: str, span: tuple[int, int], bucket_s: int) -> int:
        series = f'{{__name__=~"seat_motion_rms|room_laeq_1s",room="{room}"}}'
        answer = ask(
            f"{self._url}/api/v1/query_range",
            query=f"avg_over_time({series}[{bucket_s}s])",
            start=span[0] + bucket_s - 1,  # a window ends where its bucket does
            end=span[1] - 1,
            step=f"{bucket_s}s",
        )
        return sum(len(each["values"]) for each in answer["data"]["result"])

    def read_term(self, span: tuple[int, int]) -> dict[str, float]:
        answer = ask(
            f"{self._url}/api/v1/query",
            query=f"avg_over_time(room_off_task[{span[1] - span[0]}s])",
            time=span[1] - 1,  # a window has its end and not its begin
        )
        return {
            each["metric"]["lesson"]: float(each["value"][1]) for each in answer["data"]["result"]
        }

    def _export(self, series: str, span: tuple[int, int]) -> list[dict[str, list[int]]]:
        asked = {"match[]": series, "start": span[0], "end": span[1] - 1}
        return [
            json.loads(line) for line in get(f"{self._url}/api/v1/export", **asked).splitlines()
        ]
