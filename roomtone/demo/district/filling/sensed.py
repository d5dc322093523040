"""What kits sent of some lessons, second by second; each kit was stopped after its last one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from contract.wire.messages import Birth, Death, Health, Timebase
from contract.wire.messages import Hub as BornHub
from contract.wire.payload import MAX_PERIODS, Batch, Layout
from ingest.stores import open_period_store
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Tick
from roomtone.demo.district.calendar import LESSON_S
from roomtone.demo.district.filling.lesson_shape import LessonShape
from roomtone.demo.district.world import Heard, World
from school.lessons.records import Lesson
from school.rooms.records import Kit, Room

__all__ = ["Sensed"]

_MOTION: Final = SEAT_QUANTITIES[0].code
_LAEQ: Final = ROOM_QUANTITIES[0].code
_REST_DB: Final = 20.0
_QUIET_DB: Final = 60.0
_SOFTWARE: Final = "demo"


@dataclass(slots=True)
class Sensed:
    """A context manager around the store that ingest fills in a school."""

    world: World
    store: PeriodStore = field(init=False)
    _run: count[int] = field(default_factory=lambda: count(1))

    def __enter__(self) -> Self:
        self.store = open_period_store(self.world.data)
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def keep_lesson(self, lesson: Lesson, shape: LessonShape) -> int:
        """Keep a lesson's seconds; the number of its stream, which its scores name."""
        room = self.world.school.rooms.rooms()[lesson.room]
        (kit,) = room.kits
        run, layout = next(self._run), _layout(kit)
        rows, levels = _rows(layout, shape, self.world.seed + run)
        if lesson.teacher == self.world.teachers[0].name:
            self.world.heard[lesson.id] = Heard(levels=levels, lively_s=shape.lively_s)
        self._born(room, kit, run, lesson.starts_utc_ns, layout)
        arrivals = [
            Arrival(
                site=room.site, room=room.name, is_live=True,
                message=Batch(
                    node=kit.node, run=run, first_seq=at, boot_ns=at * SECOND_NS,
                    period_ns=SECOND_NS, synchronised=True, waited_ms=4, layout=layout,
                    values=rows[at : at + MAX_PERIODS],
                ),
            )
            for at in range(0, len(rows), MAX_PERIODS)
        ]  # fmt: skip
        over = lesson.starts_utc_ns + LESSON_S * SECOND_NS
        ids = self.store.commit(Tick(received_utc_ns=over, arrivals=arrivals))
        self._died(room, kit, run, over)
        return int(ids[0])

    def _born(self, room: Room, kit: Kit, run: int, at_utc_ns: int, layout: Layout) -> None:
        hubs = tuple(
            BornHub(hub=hub.name, firmware=_SOFTWARE, seats=hub.seats, sample_rate_hz=50.0,
                    has_sound=at == 0)
            for at, hub in enumerate(kit.hubs)
        )  # fmt: skip
        birth = Birth(
            node=kit.node, run=run, boot=_boot(run), software=_SOFTWARE, period_ns=SECOND_NS,
            run_boot_ns=0, hubs=hubs, seat_codes=layout.seat_codes, room_codes=layout.room_codes,
            units={}, synchronised=True,
        )  # fmt: skip
        timebase = Timebase(
            node=kit.node, run=run, boot=_boot(run), boot_ns=0, utc_ns=at_utc_ns,
            error_ns=1_000_000, synchronised=True,
        )  # fmt: skip
        self.store.commit(
            Tick(
                received_utc_ns=at_utc_ns, births=[(room.site, room.name, birth)],
                timebases=[timebase],
            )
        )  # fmt: skip

    def _died(self, room: Room, kit: Kit, run: int, at_utc_ns: int) -> None:
        sampled = len(kit.seats) * LESSON_S
        health = Health(
            node=kit.node, run=run, sampled=sampled, published=sampled, acked=sampled, waiting=0,
            gap=0, unsampled=0, is_sampling=False, is_finished=True, outbox_bytes=0, ack_age_ms=40,
            hubs={},
        )  # fmt: skip
        death = Death(node=kit.node, run=run, boot=_boot(run), reason="stopped")
        self.store.commit(
            Tick(
                received_utc_ns=at_utc_ns, healths=[health],
                deaths=[(room.site, room.name, death)],
            )
        )  # fmt: skip


def _layout(kit: Kit) -> Layout:
    """Each seat's movement and the room's level: what the pages draw."""
    return Layout(kit.seats, (_MOTION,), (_LAEQ,))


def _boot(run: int) -> str:
    return f"00000000-0000-4000-8000-{run:012}"


def _rows(
    layout: Layout, shape: LessonShape, seed: int
) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """(seconds, width) values: seats around the level of their zone, and the room's sound, which is beside them in dB(A)."""
    rng = np.random.default_rng(seed)
    n = (LESSON_S, len(layout.seats))
    seat = np.full((*n, len(SEAT_QUANTITIES)), np.nan)
    seat[:, :, 0] = _REST_DB + shape.each_second(layout.seats) + rng.normal(0.0, 3.0, n)
    room = np.full((LESSON_S, len(ROOM_QUANTITIES)), np.nan)
    room[:, 0] = _QUIET_DB + shape.noise_each_second() + rng.normal(0.0, 1.5, LESSON_S)
    return layout.rows(encode(seat, "seat")[:, :, :1], encode(room, "room")[:, :1]), room[:, 0]
