"""A coach who tries: no answer, and no difference between answers, isolates fewer than five seats."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.views.older_reasons import todays_words
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch
from models.serving.alerts import moving_words
from school.lessons.records import Lesson
from school.sharing.cut import Span, check_spans
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER

EPOCHS = 24
LENGTH_S = EPOCHS * 5
FEWEST = 5
numbers = itertools.count()

layouts = st.lists(st.integers(1, 12), min_size=1, max_size=5)
spans_of_lesson = st.lists(
    st.tuples(st.integers(0, LENGTH_S - 1), st.integers(1, 70)).map(
        lambda pair: Span(pair[0], min(LENGTH_S, sum(pair)))
    ),
    min_size=1, max_size=3,
).map(check_spans)  # fmt: skip


def level(zone: int, epoch: int) -> float:
    """Levels that show which of a cell's two epochs are in its mean."""
    return 10.0 * (epoch % 2) + zone


def scored(name: str, zone: int, seats: int, epoch: int) -> ZoneEpoch:
    db = level(zone, epoch)
    return ZoneEpoch(
        zone=name, seats=seats, movement_db=db, movement_low_db=db, movement_high_db=db,
        off_task=0.3, off_task_low=0.1, off_task_high=0.5, moving_seats=0.3,
    )  # fmt: skip


class Room:
    """A room's zones with the seats that each has in each epoch; the rest sits in no zone."""

    def __init__(self, layout: list[int], loose: int, data: st.DataObject) -> None:
        left = [max(0, n - data.draw(st.integers(0, 2), "opted out")) for n in layout]
        self.seats: list[dict[str, int]] = []
        gone: dict[str, int] = {}
        for _ in range(EPOCHS):
            if data.draw(st.integers(0, 5), "a gap begins or ends") == 0:
                gone = {f"z{i}": data.draw(st.integers(0, n)) for i, n in enumerate(left)}
            self.seats.append({f"z{i}": n - gone.get(f"z{i}", 0) for i, n in enumerate(left)})
        self.loose = loose

    def total(self, epoch: int) -> int:
        return sum(self.seats[epoch].values()) + self.loose

    def record(self, lesson: str, epoch: int) -> EpochRecord:
        zones = [
            scored(name, int(name[1:]), n, epoch) for name, n in self.seats[epoch].items() if n
        ]
        return EpochRecord(
            lesson=lesson, stream_id=1, first_seq=5 * epoch, model="m",
            utc_ns=START_NS + 5 * epoch * SECOND_NS,
            zones=(scored("room", 9, self.total(epoch), epoch), *zones),
        )  # fmt: skip


def epochs_in(value: float, zone: int, cell: int) -> set[int]:
    """The epochs of a cell whose mean a value is: what a reader can tell from it."""
    pair = (2 * cell, 2 * cell + 1)
    for some in ({pair[0]}, {pair[1]}, set(pair)):
        energy = sum(10 ** (level(zone, one) / 10) for one in some) / len(some)
        if abs(10 * math.log10(energy) - value) < 0.06:
            return some
    raise AssertionError(f"{value} is no mean of zone {zone} in cell {cell}")


def learned(pages: Any, lesson: str) -> dict[int, set[str]]:
    """Epoch → the groups of which the answers have a value in it, at all levels of detail."""
    found: dict[int, set[str]] = defaultdict(set)
    for step in (1, 5, 30):
        answer = pages.get(f"/api/lessons/{lesson}/timeline?level_s={step}").json()
        for zone in answer["zones"]:
            for cell, value in enumerate(zone["cells"]):
                if value is not None:
                    for epoch in epochs_in(value, int(zone["name"][1:]), cell):
                        found[epoch].add(zone["name"])
        if step < 30:
            first = int(answer["from_s"]) // 5
            for i, value in enumerate(answer["movement"]["mean"]):
                if value is not None:
                    found[first + i].add("room")
    shown = {name for names in found.values() for name in names} | {"room"}
    for moment in pages.get(f"/api/lessons/{lesson}/moments").json():
        assert moment["zone"] in shown
        assert not any("%" in sentence for sentence in moment["because"])
        assert moment["off_task"] is None or moment["off_task"] * 5 % 1 < 1e-9
    table = pages.get(f"/lessons/{lesson}/table").text
    summary = " ".join(answer["summary"])
    for i in range(5):
        if f"z{i}" not in shown:
            assert f"z{i}" not in table + summary
    assert pages.get(f"/lessons/{lesson}/strip.svg").status_code == 200
    for own in ("seat-rows", "seat-rows?number=2", "table.csv"):
        assert pages.get(f"/lessons/{lesson}/{own}").status_code == 404
    return found


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    layout=layouts, loose=st.integers(0, 12), shared=spans_of_lesson, other=spans_of_lesson,
    left_out=spans_of_lesson, data=st.data(),
)  # fmt: skip
def test_no_answers_together_isolate_fewer_than_five(
    coach, stores, layout, loose, shared, other, left_out, data
) -> None:
    lesson, room = f"try-{next(numbers)}", Room(layout, loose, data)
    stores.lessons.put(
        Lesson(
            id=lesson, room=lesson, teacher="Ms Ortega", title="T", starts_utc_ns=START_NS,
            ends_utc_ns=START_NS + LENGTH_S * SECOND_NS, source="timetable",
        )
    )  # fmt: skip
    records = [room.record(lesson, epoch) for epoch in range(EPOCHS) if room.total(epoch)]
    stores.scores.commit(cursor=next(numbers) + 2, epochs=records, alerts=())
    until = START_NS + 86_400 * SECOND_NS
    known: dict[int, set[str]] = defaultdict(set)
    # Their teacher's own pages of seat rows are on, which changes nothing for the coach.
    stores.sharing.seat_rows.switch(TEACHER, BY, is_on=True)

    def ask(seen: tuple[Span, ...]) -> None:
        stores.sharing.share(lesson, COACH, BY, until_utc_ns=until, spans=seen)
        left = stores.sharing.teacher.cuts([lesson], TEACHER)[lesson].excluded
        for epoch, groups in learned(coach, lesson).items():
            start, end = 5 * epoch, 5 * epoch + 5
            assert not seen or any(s.start_s <= start and end <= s.end_s for s in seen)
            assert all(end <= one.start_s or start >= one.end_s for one in left)
            known[epoch] |= groups

    for seen in ((), shared, other):
        ask(seen)
    for span in left_out:
        stores.sharing.teacher.exclude(lesson, span, "other", "", BY)
    for seen in (shared, ()):
        ask(seen)

    for epoch, groups in known.items():
        seats = room.seats[epoch]
        zones = groups - {"room"}
        assert all(seats[zone] >= FEWEST for zone in zones), (epoch, groups, seats)
        if "room" in groups:
            assert room.total(epoch) >= FEWEST
            rest = room.total(epoch) - sum(seats[zone] for zone in zones)
            assert rest == 0 or rest >= FEWEST, (epoch, groups, seats, room.loose)


def test_older_alerts_say_it_in_todays_words(client, coach, filled, stores) -> None:
    because = (
        "About 30 % of its seats move more than usual.",
        "Noise 3 dB above the room's normal of the last 10 minutes.",
        "Movement 6 dB above the zone’s own normal.",
        "Hardly anyone rests: the quietest seconds are 3 dB above normal.",
        "1.2 more movements a minute and seat than usual.",
    )
    assert todays_words(because) == [
        "About two fifths of its seats move more than usual.",
        "A little louder than usual.",
        "About 2.0 times the zone's usual movement.",
        "Hardly anyone rests: even the quietest seconds have about 1.4 times the usual movement.",
        "1.2 more movements a minute and seat than usual.",
    ]
    old = stores.scores.alerts("sample")[0]
    stores.scores.commit(
        cursor=9, epochs=(),
        alerts=[AlertRecord(**{f: getattr(old, f) for f in old.__slots__} | {"because": because})],
    )  # fmt: skip
    for pages in (client, coach):
        assert " % of its seats" not in pages.get("/lessons/sample").text
        assert " % of its seats" not in pages.get("/api/lessons/sample/moments").text
        assert " dB above" not in pages.get("/api/lessons/sample/moments").text


@pytest.mark.parametrize(
    ("share", "words"),
    ((0.0, "Hardly any"), (0.25, "About a fifth"), (2 / 7, "About a fifth"), (0.4, "About two fifths"),
     (0.97, "Nearly all"), (7.0, "Nearly all")),
)  # fmt: skip
def test_a_share_is_said_in_fifths(share: float, words: str) -> None:
    assert moving_words(share) == f"{words} of its seats move more than usual."
