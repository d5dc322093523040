"""Records of scores as columns of score.db, and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any, Final

from ingest.stores.records import AlertRecord, ZoneEpoch

__all__ = ["alert_of", "alert_row", "levels_of", "names_of", "zone_of"]

levels_of: Final = attrgetter(*[field.name for field in fields(ZoneEpoch)][2:])


def names_of(words: str) -> list[tuple[str, int]]:
    return [(zone, seats) for zone, seats in json.loads(words)]


def zone_of(name: tuple[str, int], levels: tuple[float, ...]) -> ZoneEpoch:
    return ZoneEpoch(*name, *levels)


def alert_row(alert: AlertRecord) -> tuple[object, ...]:
    # SQLite keeps NaN as NULL.
    return tuple({**asdict(alert), "because": json.dumps(alert.because)}.values())


def alert_of(row: tuple[Any, ...]) -> AlertRecord:
    number, lesson, room, zone, raised, cleared, because, off_task, model = row
    return AlertRecord(
        id=number, lesson=lesson, room=room, zone=zone, raised_utc_ns=raised, cleared_utc_ns=cleared,
        because=tuple(json.loads(because)), off_task=math.nan if off_task is None else off_task,
        model=model,
    )  # fmt: skip
