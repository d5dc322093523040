"""InfluxDB 1, asked in InfluxQL."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from peers.engine import allocated_bytes, ask, get, is_still, post, wait_for
from roomtone.demo.broker import free_port

BINARY = "influxd"


class InfluxDb:
    """Debian's 1.6, with its defaults but for addresses and for what it does when idle."""

    name = "InfluxDB 1.6"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, self._backup_port = free_port(), free_port()
        self._url = f"http://127.0.0.1:{self._port}"
        self.write_url = f"{self._url}/write?db=bench&precision=ns"
        self.telegraf_output = (
            f'[[outputs.influxdb]]\nurls = ["{self._url}"]\ndatabase = "bench"\n'
            'skip_database_creation = true\ncontent_encoding = "identity"\n'
        )

    def command(self) -> list[str]:
        config = self._folder / "influxdb.conf"
        config.write_text(
            f'bind-address = "127.0.0.1:{self._backup_port}"\nreporting-disabled = true\n'
            f'[meta]\ndir = "{self._folder}/meta"\n'
            f'[data]\ndir = "{self._folder}/data/tsm"\nwal-dir = "{self._folder}/data/wal"\n'
            # When nothing has come for so long, it compacts; by default 10 minutes and 4 hours.
            'cache-snapshot-write-cold-duration = "5s"\ncompact-full-write-cold-duration = "5s"\n'
            f'[http]\nbind-address = "127.0.0.1:{self._port}"\nlog-enabled = false\n'
            "[monitor]\nstore-enabled = false\n",
            encoding="utf-8",
        )
        return [shutil.which(BINARY) or BINARY, "run", "-config", str(config)]

    def prepare(self) -> None:
        wait_for(lambda: get(f"{self._url}/ping") == b"", "InfluxDB's start")
        post(f"{self._url}/query", q="CREATE DATABASE bench")

    def seconds(self, room: str, span: tuple[int, int]) -> list[int]:
        series = self._query(
            f"SELECT motion_rms FROM seat WHERE room='{room}' AND seat='1' AND {_during(span)}"
        )
        return [row[0] for each in series for row in each["values"]]

    def settle(self) -> None:
        wal, data = self._folder / "data/wal", self._folder / "data"
        wait_for(
            lambda: sum(f.stat().st_size for f in wal.rglob("*.wal")) == 0 and is_still(data),
            "InfluxDB's compaction",
            timeout_s=180.0,
        )

    def at_rest(self) -> int:
        return allocated_bytes(self._folder / "data")

    def read_room(self, room: str, span: tuple[int, int]) -> int:
        rows = self._query(f"SELECT * FROM seat,room WHERE room='{room}' AND {_during(span)}")
        return sum(
            isinstance(value, int | float)
            for each in rows
            for row in each["values"]
            for value in row[1:]
        )

    def read_lesson(self, room: str, span: tuple[int, int], bucket_s: int) -> int:
        where = f"WHERE room='{room}' AND {_during(span)} GROUP BY time({bucket_s}s)"
        series = self._query(
            f"SELECT mean(motion_rms) FROM seat {where}, seat; SELECT mean(laeq_1s) FROM room {where}"
        )
        return sum(row[1] is not None for each in series for row in each["values"])

    def read_term(self, span: tuple[int, int]) -> dict[str, float]:
        series = self._query(
            f"SELECT mean(off_task) FROM room WHERE {_during(span)} GROUP BY lesson"
        )
        return {each["tags"]["lesson"]: each["values"][0][1] for each in series}

    def _query(self, text: str) -> list[dict[str, Any]]:
        answer = ask(f"{self._url}/query", db="bench", epoch="s", q=text)
        return [series for result in answer["results"] for series in result.get("series", [])]


def _during(span: tuple[int, int]) -> str:
    return f"time >= {span[0]}s AND time < {span[1]}s"
