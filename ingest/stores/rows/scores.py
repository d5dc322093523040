"""Records of scores as columns of score.db, and back."""

from __future__ import annotations

import json

from ingest.stores.records import AlertRecord, ZoneEpoch

__all__ = ["alert_of", "alert_row", "levels_of", "names_of", "zone_of"]


def levels_of(zone: ZoneEpoch) -> tuple[float, ...]:
    return (
        zone.movement_db,
        zone.movement_low_db,
        zone.movement_high_db,
        zone.off_task,
        zone.off_task_low,
        zone.off_task_high,
        zone.moving_seats,
        zone.fidgets,
        zone.noise_db,
    )


def names_of(words: str) -> list[tuple[str, int]]:
    return [(zone, seats) for zone, seats in json.loads(words)]


def zone_of(name: tuple[str, int], levels: tuple[float, ...]) -> ZoneEpoch:
    return ZoneEpoch(
        zone=name[0],
        seats=name[1],
        movement_db=levels[0],
        movement_low_db=levels[1],
        movement_high_db=levels[2],
        off_task=levels[3],
        off_task_low=levels[4],
        off_task_high=levels[5],
        moving_seats=levels[6],
        fidgets=levels[7],
        noise_db=levels[8],
    )


def alert_row(alert: AlertRecord) -> tuple[object, ...]:
    return (
        alert.id,
        alert.lesson,
        alert.room,
        alert.zone,
        alert.raised_utc_ns,
        alert.cleared_utc_ns,
        json.dumps(alert.because),
        alert.off_task,  # SQLite keeps NaN as NULL
        alert.model,
    )


def alert_of(row: tuple[object, ...]) -> AlertRecord:
    number, lesson, room, zone, raised, cleared, because, off_task, model = row
    assert isinstance(raised, int)
    assert cleared is None or isinstance(cleared, int)
    return AlertRecord(
        id=str(number), lesson=str(lesson), room=str(room), zone=str(zone),
        raised_utc_ns=raised, cleared_utc_ns=cleared,
        because=tuple(json.loads(str(because))),
        off_task=float(off_task) if isinstance(off_task, float) else float("nan"),
        model=str(model),
    )  # fmt: skip
