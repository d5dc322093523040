"""QuestDB, from its jar: a table for each measurement, asked in SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from peers.engine import allocated_bytes, ask, get, is_still, wait_for
from roomtone.demo.broker import free_port


class QuestDb:
    """What `--questdb-jar` names, on the Java that is on the path."""

    name = "QuestDB"

    def __init__(self, folder: Path, jar: Path) -> None:
        self._root, self._jar = folder / "root", jar
        self._port = free_port()
        self._url = f"http://127.0.0.1:{self._port}"
        self.write_url = f"{self._url}/write?precision=n"
        self.telegraf_output = (
            f'[[outputs.influxdb_v2]]\nurls = ["{self._url}"]\nbucket = "bench"\n'
            'organization = "bench"\ncontent_encoding = "identity"\n'
        )

    def command(self) -> list[str]:
        conf = self._root / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        (conf / "server.conf").write_text(
            f"http.bind.to=127.0.0.1:{self._port}\nhttp.min.enabled=false\npg.enabled=false\n"
            "line.tcp.enabled=false\nline.udp.enabled=false\ntelemetry.enabled=false\n",
            encoding="utf-8",
        )
        return [
            "java", "-p", str(self._jar), "-m", "io.questdb/io.questdb.ServerMain",
            "-d", str(self._root),
        ]  # fmt: skip

    def prepare(self) -> None:
        wait_for(lambda: bool(get(f"{self._url}/ping") is not None), "QuestDB's start")

    def seconds(self, room: str, span: tuple[int, int]) -> list[int]:
        rows = self._rows(
            "SELECT cast(timestamp AS LONG) / 1000000 FROM seat "
            f"WHERE room='{room}' AND seat='1' AND {_during(span)}"
        )
        return [row[0] for row in rows]

    def settle(self) -> None:
        def is_applied() -> bool:
            rows = self._rows("SELECT writerTxn, sequencerTxn FROM wal_tables()")
            return all(written == sent for written, sent in rows)

        wait_for(lambda: is_applied() and is_still(self._root / "db"), "QuestDB's WAL", 180.0)

    def at_rest(self) -> int:
        # What is applied to the tables stays in the WAL's segments until a purge.
        return allocated_bytes(self._root / "db", without="wal*")

    def read_room(self, room: str, span: tuple[int, int]) -> int:
        found = 0
        for table in ("seat", "room"):
            rows = self._rows(f"SELECT * FROM {table} WHERE room='{room}' AND {_during(span)}")
            found += sum(isinstance(value, int | float) for row in rows for value in row)
        return found

    def read_lesson(self, room: str, span: tuple[int, int], bucket_s: int) -> int:
        where = f"WHERE room='{room}' AND {_during(span)} SAMPLE BY {bucket_s}s"
        seats = self._rows(f"SELECT timestamp, seat, avg(motion_rms) FROM seat {where}")
        levels = self._rows(f"SELECT timestamp, avg(laeq_1s) FROM room {where}")
        return sum(row[-1] is not None for row in (*seats, *levels))

    def read_term(self, span: tuple[int, int]) -> dict[str, float]:
        rows = self._rows(f"SELECT lesson, avg(off_task) FROM room WHERE {_during(span)}")
        return {row[0]: row[1] for row in rows}

    def _rows(self, text: str) -> list[Any]:
        found: list[Any] = ask(f"{self._url}/exec", query=text)["dataset"]
        return found


def _during(span: tuple[int, int]) -> str:
    first, last = (f"'{datetime.fromtimestamp(s, UTC):%Y-%m-%dT%H:%M:%S}Z'" for s in span)
    return f"timestamp >= {first} AND timestamp < {last}"
