"""Writes the tables of docs/scale.md from what was measured: `python docs/scale_table.py`.

What is measured stands here once, with where it was measured; the rest is arithmetic. A test holds
the page to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent / "scale.md"

VALUES_A_MESSAGE: Final = 395
"""A second of a room of 30 seats: 30 x 13 quantities and five of the room."""
PAYLOAD_A_VALUE: Final = 2.45
"""Bytes, live; tests/contract/wire/test_payload.py holds it."""
MQTT_BYTES: Final = 60
"""Topic and headers of a data message, with TCP's own left out."""
ACK_BYTES: Final = 120
"""An ack with its topic and headers."""
INGEST_VALUES_A_CPU_S: Final = 3.3e6
"""Measured with 1,200 rooms, the lowest; docs/benchmarks.md."""
SCORE_CORES_A_ROOM: Final = 0.24 / 1_200
"""Measured with 1,200 rooms live; docs/benchmarks.md."""
MOSQUITTO_CORES_A_ROOM: Final = 0.03 / 1_200
"""Measured with 1,200 rooms over a few connections without TLS; docs/benchmarks.md."""
AT_REST_A_VALUE: Final = 0.76
"""Bytes in the day files, file overhead included; docs/benchmarks.md."""
SCORE_BYTES_A_LESSON: Final = 0.286e6
"""score.db, 600 epochs of the room and four zones; the writing half of bench_peers.py's term."""
SHARD_ROOMS: Final = 1_200
"""The most rooms that were measured on one machine of two cores, broker and dashboard included."""
LESSON_S_A_DAY: Final = 6 * 3_600
SCHOOL_DAYS_A_MONTH: Final = 22
SCHOOL_DAYS_A_YEAR: Final = 180
ZONES: Final = 4
SCORE_FIELDS: Final = 10
"""Numbers of a zone's or a room's epoch; docs/timeseries.md."""
ROOM_FIELDS: Final = 6
"""Numbers of a room's second: five quantities and how many seats were sensed."""
EPOCH_S: Final = 5
LESSONS_A_DAY: Final = 6
REPLICA_VALUES_A_CPU_S: Final = 0.5e6
"""VictoriaMetrics 1.79 with Telegraf, from bench_peers.py, on a busy machine."""


@dataclass(frozen=True)
class Stage:
    """A size that somebody has, by its rooms."""

    name: str
    rooms: int


STAGES: Final = (
    Stage("a room", 1),
    Stage("a school", 40),
    Stage("a district", 1_200),
    Stage("a large district", 5_000),
    Stage("a state", 50_000),
)
Row = tuple[str, Callable[[int], str]]


def data_mb_s(rooms: int) -> float:
    """What kits send, in MB a second."""
    return rooms * (VALUES_A_MESSAGE * PAYLOAD_A_VALUE + MQTT_BYTES) / 1e6


def broker_mb_s(rooms: int) -> float:
    """In from kits and out to ingest, and acks both ways."""
    return 2 * (data_mb_s(rooms) + rooms * ACK_BYTES / 1e6)


def ingest_cores(rooms: int) -> float:
    return rooms * VALUES_A_MESSAGE / INGEST_VALUES_A_CPU_S


def gb_a_day(rooms: int) -> float:
    return rooms * LESSON_S_A_DAY * VALUES_A_MESSAGE * AT_REST_A_VALUE / 1e9


def score_gb_a_year(rooms: int) -> float:
    return rooms * LESSONS_A_DAY * SCHOOL_DAYS_A_YEAR * SCORE_BYTES_A_LESSON / 1e9


def shards(rooms: int) -> int:
    return math.ceil(rooms / SHARD_ROOMS)


def replica_values_s(rooms: int) -> float:
    """The room's seconds, and the epochs of the room and its zones."""
    return rooms * (ROOM_FIELDS + (1 + ZONES) * SCORE_FIELDS / EPOCH_S)


def replica_series_a_day(rooms: int, *, with_seats: bool = False) -> int:
    """Each lesson's points carry its id, so each lesson makes its own series."""
    a_lesson = ROOM_FIELDS + (1 + ZONES) * SCORE_FIELDS
    if with_seats:
        a_lesson += VALUES_A_MESSAGE - 5
    return rooms * LESSONS_A_DAY * a_lesson


def short(n: float) -> str:
    """Three digits and a prefix."""
    for size, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g} {prefix}"
    return f"{n:.3g} "


def cores(n: float) -> str:
    return f"{n:.2g}" if n >= 0.01 else "< 0.01"


NEEDS: Final[tuple[Row, ...]] = (
    ("data messages a second", short),
    ("values a second", lambda n: short(n * VALUES_A_MESSAGE)),
    ("kits send", lambda n: f"{short(data_mb_s(n) * 1e6)}B/s"),
    ("through the broker, in and out", lambda n: f"{short(broker_mb_s(n) * 1e6)}B/s"),
    ("Mosquitto, cores", lambda n: cores(n * MOSQUITTO_CORES_A_ROOM)),
    ("ingest, cores", lambda n: cores(ingest_cores(n))),
    ("score, cores", lambda n: cores(n * SCORE_CORES_A_ROOM)),
    ("day files, a school day", lambda n: f"{short(gb_a_day(n) * 1e9)}B"),
    ("day files, kept 30 days", lambda n: f"{short(gb_a_day(n) * 1e9 * SCHOOL_DAYS_A_MONTH)}B"),
    ("scores, kept a year", lambda n: f"{short(score_gb_a_year(n) * 1e9)}B"),
    (f"shards of at most {SHARD_ROOMS:,} rooms", lambda n: f"{shards(n)}"),
    ("replica `lessons`, values a second", lambda n: short(replica_values_s(n))),
    ("its database, cores", lambda n: cores(replica_values_s(n) / REPLICA_VALUES_A_CPU_S)),
    ("its new series a day", lambda n: short(replica_series_a_day(n))),
    (
        "the same with `with_seats`",
        lambda n: short(replica_series_a_day(n, with_seats=True)),
    ),
)


def table() -> str:
    """The table of what each stage needs, in Markdown."""
    lines = ["| | " + " | ".join(f"{s.name}: {s.rooms:,}" for s in STAGES) + " |"]
    lines.append("|---" * (len(STAGES) + 1) + "|")
    for name, show in NEEDS:
        lines.append(f"| {name} | " + " | ".join(show(s.rooms).strip() for s in STAGES) + " |")
    return "\n".join(lines)


def filled(text: str) -> str:
    """The page with the table of now between its two marks."""
    return re.sub(
        r"(<!-- table -->\n).*?(\n<!-- end -->)",
        lambda marks: f"{marks[1]}{table()}{marks[2]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE}")
