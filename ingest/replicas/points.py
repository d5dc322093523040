"""The points of the schema as lines: what docs/timeseries.md describes. Pure.

Kept values are 16 bits and few of them differ, so the text of each is made once: a second of a seat
costs thirteen lookups and a join.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING, ROOM_QUANTITIES, SEAT_QUANTITIES, Quantity
from contract.wire.messages import Birth, Health
from contract.wire.parts import SOUND_LINE
from ingest.replicas.line_protocol import Value, columns, fitting, line, lines, series
from ingest.stores.records import AlertRecord, EpochRecord, GapRecord, Periods, ZoneEpoch
from ingest.stores.rules.dating import UNDATED

__all__ = [
    "Whose", "alert_line", "epoch_lines", "gap_line", "health_lines", "room_lines", "seat_lines",
    "values_of",
]  # fmt: skip

_DIGITS: Final = 7
_Scope = Literal["seat", "room"]
_SCORES: Final = (
    "off_task", "off_task_low", "off_task_high", "movement_db", "movement_low_db",
    "movement_high_db", "moving_seats", "fidgets", "noise_db",
)  # fmt: skip
_COUNTED: Final = (
    "sampled", "published", "acked", "waiting", "gap", "unsampled", "outbox_bytes", "ack_age_ms",
    "twins",
)  # fmt: skip


class _Texts(dict[int, str]):
    """Of one quantity: kept value → `name=value`, empty where it is missing."""

    def __init__(self, quantity: Quantity) -> None:
        super().__init__({MISSING: ""})
        self._quantity = quantity

    def __missing__(self, kept: int) -> str:
        physical = round(kept * self._quantity.scale + self._quantity.offset, 6)
        text = self[kept] = f"{self._quantity.name}={repr(physical).removesuffix('.0')}"
        return text


def _texts(table: Sequence[Quantity]) -> dict[int, _Texts]:
    return {quantity.code: _Texts(quantity) for quantity in table}


_TEXTS: Final[dict[_Scope, dict[int, _Texts]]] = {
    "seat": _texts(SEAT_QUANTITIES), "room": _texts(ROOM_QUANTITIES)
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose points these are; what is not known is None."""

    site: str | None
    room: str | None
    node: str | None
    lesson: str | None = None

    def tags(self, **more: str | None) -> dict[str, str | None]:
        """All of them and some more, each as the format can carry it."""
        every = {
            "site": self.site, "room": self.room, "node": self.node, "lesson": self.lesson, **more
        }  # fmt: skip
        return {key: None if text is None else fitting(text) for key, text in every.items()}


def room_lines(whose: Whose, periods: Periods, utc_ns: NDArray[np.int64]) -> list[str]:
    """The room's sound in each period, and how many seats were sensed.

    `utc_ns` (n,) dates them, and what has no date is left out.
    """
    layout = periods.layout
    values = layout.room_values(periods.values)
    is_sensed = (layout.seat_values(periods.values) != MISSING).any(axis=2)
    sensed = [f"seats_sensed={n}i" for n in is_sensed.sum(axis=1)[utc_ns != UNDATED].tolist()]
    begin = series("room", whose.tags())
    return _lines("room", begin, layout.room_codes, values, utc_ns, (sensed,))


def seat_lines(whose: Whose, periods: Periods, utc_ns: NDArray[np.int64]) -> list[str]:
    """Each seat's movement in each period, likewise."""
    layout = periods.layout
    values = layout.seat_values(periods.values)
    found: list[str] = []
    for at, seat in enumerate(layout.seats):
        begin = series("seat", whose.tags(seat=str(seat)))
        found += _lines("seat", begin, layout.seat_codes, values[:, at], utc_ns)
    return found


def epoch_lines(whose: Whose, epochs: Iterable[EpochRecord]) -> list[str]:
    """The scores of the room and its zones; what has no date is left out."""
    begins: dict[tuple[str, int, str], str] = {}
    found: list[str] = []
    for epoch in epochs:
        if epoch.utc_ns == UNDATED:
            continue
        for number, zone in enumerate(epoch.zones):
            key = epoch.model, min(number, 1), zone.zone
            if key not in begins:
                begins[key] = (
                    series("zone", whose.tags(model=epoch.model, zone=zone.zone))
                    if number
                    else series("room", whose.tags(model=epoch.model))
                )
            found += lines(begins[key], [(_scores(zone), epoch.utc_ns)])
    return found


def health_lines(whose: Whose, health: Health, *, is_up: bool, utc_ns: int) -> list[str]:
    """What a kit counted, and each of its hubs."""
    fields: dict[str, Value | None] = {name: getattr(health, name) for name in _COUNTED}
    fields |= {
        "is_sampling": int(health.is_sampling),
        "is_finished": int(health.is_finished),
        "is_up": int(is_up),
    }
    found = [line("health", whose.tags(), fields, utc_ns)]
    for hub, counters in sorted(health.hubs.items()):
        counted = {name: n for each, n in sorted(counters.items()) if (name := fitting(each))}
        found.append(line("health", whose.tags(hub=hub), counted, utc_ns))
    return [each for each in found if each is not None]


def gap_line(
    whose: Whose, gap: GapRecord, birth: Birth | None, *, utc_ns: int, length_s: float
) -> str | None:
    """A recorded gap: why, of which hub if it is of one alone, and how long."""
    hub, seats = None, None
    if gap.line == SOUND_LINE:
        hub = "sound"
    elif gap.line and birth is not None and gap.line <= len(birth.hubs):
        of = birth.hubs[gap.line - 1]
        hub, seats = of.hub, " ".join(map(str, of.seats))
    tags = whose.tags(reason=gap.reason, kind=gap.kind, hub=hub, seats=seats)
    return line("gap", tags, {"length_s": float(length_s)}, utc_ns)


def alert_line(whose: Whose, alert: AlertRecord) -> str | None:
    """An alert; while it is open it has no end."""
    tags = whose.tags(
        zone=alert.zone, model=alert.model, alert=alert.id, because="; ".join(alert.because)
    )
    cleared = alert.cleared_utc_ns
    fields: dict[str, Value | None] = {
        "off_task": alert.off_task,
        "cleared_after_s": None if cleared is None else (cleared - alert.raised_utc_ns) / 1e9,
    }
    return line("alert", {**tags, "node": None}, fields, alert.raised_utc_ns)


def values_of(some: Sequence[str]) -> int:
    """How many values lines of this program have: their fields, which are numbers."""
    return sum(each.rsplit(" ", 2)[1].count("=") for each in some)


def _scores(zone: ZoneEpoch) -> dict[str, Value | None]:
    scores: dict[str, Value | None] = {
        name: float(f"{getattr(zone, name):.{_DIGITS}g}") for name in _SCORES
    }
    return scores | {"seats": zone.seats}


def _lines(
    scope: _Scope,
    begin: str,
    codes: Sequence[int],
    values: NDArray[np.uint16],
    utc_ns: NDArray[np.int64],
    more: Sequence[list[str]] = (),
) -> list[str]:
    known = [at for at, code in enumerate(codes) if code in _TEXTS[scope]]
    dated = utc_ns != UNDATED
    if not dated.all():
        values, utc_ns = values[dated], utc_ns[dated]
    if not (known or more) or not len(values):
        return []
    fields = [
        list(map(_TEXTS[scope][codes[at]].__getitem__, values[:, at].tolist())) for at in known
    ]
    is_whole = not (values[:, known] == MISSING).any()
    return columns(begin, [*fields, *more], utc_ns.tolist(), is_whole=is_whole)
