"""A made-up lesson, written into any stores: 30 seats, four zones, gaps, alerts.

Seeded, so that screenshots and tests see the same lesson each time. Its shape is a lesson's: it
settles, the teacher explains, groups work and get loud, a test is quiet, all pack up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.lesson import Activity, Zone
from contract.quantities.table import MISSING, ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from contract.wire.messages import Birth, Health, Hub, Timebase
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Gap, Layout
from ingest.stores.records import AlertRecord, Arrival, EpochRecord, Tick, ZoneEpoch
from school.lessons.records import Lesson
from school.moments.records import Moment
from tests.signed_in import COACH, TEACHER

SEATS = tuple(range(1, 31))
ZONES = (
    Zone(name="Window", seats=tuple(range(1, 9))),
    Zone(name="Front", seats=tuple(range(9, 17))),
    Zone(name="Middle", seats=tuple(range(17, 25))),
    Zone(name="Door", seats=tuple(range(25, 31))),
)
ACTIVITIES = (
    Activity(start_s=0, end_s=240, name="transition"),
    Activity(start_s=240, end_s=960, name="whole_class"),
    Activity(start_s=960, end_s=1980, name="small_group"),
    Activity(start_s=1980, end_s=2700, name="test"),
    Activity(start_s=2700, end_s=3000, name="transition"),
)
LEVELS_DB = {"transition": 70.0, "whole_class": 61.0, "small_group": 67.0, "test": 55.0}
MOVES = {"transition": 4.0, "whole_class": -0.6, "small_group": 1.0, "test": -2.4}
# start, end, zone, extra movement in dB, extra noise in dB
EPISODES = (
    (660, 760, "Door", 8.0, 5.0),
    (1380, 1500, "room", 5.5, 7.0),
    (1590, 1660, "Window", 9.0, 3.0),
    (2320, 2390, "Middle", 8.0, 6.0),
)
GAPS = ((1800, 1874, "died"), (2510, 2530, "paused"))
HUB_SILENT = (880, 960, 3)
"""From, to and hub: its seats have no values, the others do."""
BOOT = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What to write, and how long the lesson has lasted."""

    start_utc_ns: int
    lesson: str = "sample"
    room: str = "room-204"
    title: str = "Fractions, part 2"
    teacher: str = "Ms Ortega"
    seconds: int = 3000
    is_over: bool = True
    seed: int = 7
    video: str | None = None
    with_scores: bool = True
    sensed_until: int | None = None
    run: int = 41
    model: str = "sample-1"


def write(periods: Any, scores: Any, lessons: Any, sample: Sample) -> Lesson:
    """Write a sample lesson into three stores."""
    kept = sample.seconds if sample.sensed_until is None else sample.sensed_until
    motion, noise = _signals(sample.seed)
    stream = _write_periods(periods, sample, motion[:kept], noise[:kept])
    lesson = Lesson(
        id=sample.lesson,
        room=sample.room,
        teacher=sample.teacher,
        title=sample.title,
        starts_utc_ns=sample.start_utc_ns,
        ends_utc_ns=sample.start_utc_ns + sample.seconds * SECOND_NS if sample.is_over else None,
        source="timetable",
        activities=tuple(a for a in ACTIVITIES if a.start_s < sample.seconds),
        zones=ZONES,
        video=sample.video,
    )
    lessons.put(lesson)
    if sample.with_scores:
        epochs = _epochs(sample, stream, kept)
        scores.commit(cursor=scores.cursor() + 1, epochs=epochs, alerts=_alerts(sample, kept))
    return lesson


def add_moments(lessons: Any, lesson: str) -> None:
    """What the teacher and the coach marked."""
    for name, start, end, note, role in (
        ("a", 245, 300, "They were ready quickly today. What helped?", "coach"),
        ("b", 1350, 1470, "Handing out the cards.\nThe second table had none left.", "teacher"),
    ):
        lessons.put_moment(
            Moment(
                id=f"{lesson}-{name}", lesson=lesson, start_s=start, end_s=end, note=note,
                author=TEACHER if role == "teacher" else COACH, role=role,
            )
        )  # fmt: skip


def _at(second: int) -> str:
    return next(a.name for a in ACTIVITIES if a.start_s <= second < a.end_s)


@lru_cache(maxsize=8)
def _signals(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return _motion(rng), _noise(rng)


def _motion(rng: np.random.Generator) -> NDArray[np.float64]:
    """Each seat's level in dB re 1 mg, (3000, 30), NaN where nothing was sensed."""
    normal = rng.normal(20.0, 2.5, len(SEATS))
    level = normal + rng.normal(0.0, 3.2, (3000, len(SEATS)))
    slow = np.cumsum(rng.normal(0.0, 0.12, (3000, len(ZONES))), axis=0)
    slow -= np.linspace(0, 1, 3000)[:, None] * slow[-1]
    for i, zone in enumerate(ZONES):
        level[:, [seat - 1 for seat in zone.seats]] += 0.35 * slow[:, [i]]
    level += np.array([MOVES[_at(s)] for s in range(3000)])[:, None]
    for start, end, name, more, _ in EPISODES:
        seats = [z.seats for z in ZONES if name in {z.name, "room"}]
        columns = [seat - 1 for group in seats for seat in group]
        shape = np.sin(np.linspace(0.15, np.pi - 0.15, end - start))
        level[start:end, columns] += more * shape[:, None]
    start, end, hub = HUB_SILENT
    level[start:end, hub * 8 : hub * 8 + 8] = np.nan
    for start, end, _ in GAPS:
        level[start:end] = np.nan
    return level


def _noise(rng: np.random.Generator) -> NDArray[np.float64]:
    """LAeq in dB(A), (3000,)."""
    levels = np.array([LEVELS_DB[_at(s)] for s in range(3000)])
    levels = np.convolve(np.pad(levels, 10, mode="edge"), np.ones(21) / 21, mode="valid")
    wander = np.zeros(3000)
    for s in range(1, 3000):
        wander[s] = 0.75 * wander[s - 1] + rng.normal(0.0, 1.9)
    for start, end, _, _, more in EPISODES:
        wander[start:end] += more * np.sin(np.linspace(0, np.pi, end - start))
    return levels + wander


def _write_periods(
    store: Any, sample: Sample, motion: NDArray[np.float64], noise: NDArray[np.float64]
) -> int:
    n = len(motion)
    node = f"{sample.room}-pi"
    seat = np.full((n, len(SEATS), len(SEAT_QUANTITIES)), np.nan)
    seat[:, :, 0] = motion
    seat[:, :, 4] = motion + 18
    seat[:, :, 10] = np.clip(1 - (motion - 14) / 20, 0, 1)
    seat[:, :, 11] = np.clip((motion - 20) / 6, 0, 8).round()
    room = np.full((n, len(ROOM_QUANTITIES)), np.nan)
    for i, shift in enumerate((0.0, 5.0, 2.8, -4.2)):
        room[:, i] = noise + shift
    room[:, 4] = 0
    layout = Layout(SEATS, *FULL_LAYOUT_CODES)
    rows = layout.rows(encode(seat, "seat"), encode(room, "room"))
    boot = f"{BOOT[:-4]}{sample.run:04}"
    head = {"node": node, "run": sample.run}
    hubs = tuple(
        Hub(hub=f"hub-{'abcd'[i]}", firmware="1.0", seats=zone.seats, sample_rate_hz=50.0,
            has_sound=i == 0)
        for i, zone in enumerate(ZONES)
    )  # fmt: skip
    birth = Birth(
        **head, boot=boot, software="0.1.0", period_ns=SECOND_NS, run_boot_ns=0, hubs=hubs,
        seat_codes=FULL_LAYOUT_CODES[0], room_codes=FULL_LAYOUT_CODES[1], units={},
        synchronised=True,
    )  # fmt: skip
    timebase = Timebase(
        **head, boot=boot, boot_ns=0, utc_ns=sample.start_utc_ns, error_ns=1_000_000,
        synchronised=True,
    )  # fmt: skip
    health = Health(
        **head, sampled=n * 30, published=n * 30, acked=n * 30, waiting=0, gap=0, unsampled=640,
        is_sampling=not sample.is_over, is_finished=False, outbox_bytes=0, ack_age_ms=40, hubs={},
    )  # fmt: skip
    now = sample.start_utc_ns + n * SECOND_NS
    store.commit(
        Tick(
            received_utc_ns=sample.start_utc_ns, births=[("school", sample.room, birth)],
            timebases=[timebase], healths=[health],
        )
    )  # fmt: skip
    arrivals = []
    at = 0
    while at < n:
        gap = next((g for g in GAPS if g[0] <= at < g[1]), None)
        until = min(n, gap[1] if gap else next((g[0] for g in GAPS if g[0] > at), n))
        common = {
            **head, "first_seq": at, "boot_ns": at * SECOND_NS, "period_ns": SECOND_NS,
            "synchronised": True,
        }  # fmt: skip
        message: Batch | Gap
        if gap:
            message = Gap(**common, n=until - at, seats=SEATS, reason=gap[2])
            at = until
        else:
            last = min(until, at + 10)
            message = Batch(**common, waited_ms=4, layout=layout, values=rows[at:last])
            at = last
        arrivals.append(Arrival(site="school", room=sample.room, message=message, is_live=True))
    ids = store.commit(Tick(received_utc_ns=now, arrivals=arrivals))
    assert (rows != MISSING).any()
    return int(ids[0]) if ids else 0


@lru_cache(maxsize=8)
def _epochs(sample: Sample, stream_id: int, kept: int) -> list[EpochRecord]:
    """Scored as a scorer would: ten seconds of each seat against its own normal."""
    motion = _signals(sample.seed)[0][:kept]
    normal = np.nanmedian(motion, axis=0) if len(motion) else np.zeros(len(SEATS))
    epochs = []
    for first in range(0, len(motion) - 4, 5):
        window = motion[max(0, first - 5) : first + 5]
        zones = [_area("room", window, normal, SEATS)]
        zones += [_area(zone.name, window, normal, zone.seats) for zone in ZONES]
        epochs.append(
            EpochRecord(
                lesson=sample.lesson, stream_id=stream_id, first_seq=first,
                utc_ns=sample.start_utc_ns + first * SECOND_NS, model=sample.model,
                zones=tuple(zones),
            )
        )  # fmt: skip
    return epochs


def _area(
    name: str, window: NDArray[np.float64], normal: NDArray[np.float64], seats: tuple[int, ...]
) -> ZoneEpoch:
    columns = [seat - 1 for seat in seats]
    part = window[:, columns] - normal[columns]
    present = ~np.isnan(part[-5:]).any(axis=0)
    if present.sum() < 5:
        nan = float("nan")
        return ZoneEpoch(
            zone=name, seats=int(present.sum()), movement_db=nan, movement_low_db=nan,
            movement_high_db=nan, off_task=nan, off_task_low=nan, off_task_high=nan,
        )  # fmt: skip
    means = np.nanmean(part[:, present], axis=0)
    mean, error = float(means.mean()), float(1.96 * means.std(ddof=1) / np.sqrt(len(means)))
    error += 0.5
    off_task = float(1 / (1 + np.exp(-(mean - 3.0) / 2)))
    return ZoneEpoch(
        zone=name, seats=int(present.sum()), movement_db=mean, movement_low_db=mean - error,
        movement_high_db=mean + error, off_task=off_task, off_task_low=max(0, off_task - 0.12),
        off_task_high=min(1, off_task + 0.12),
    )  # fmt: skip


def _alerts(sample: Sample, kept: int) -> list[AlertRecord]:
    def utc(second: int) -> int:
        return sample.start_utc_ns + second * SECOND_NS

    whose = {"room": "the room's"}
    return [
        AlertRecord(
            id=f"{sample.lesson}-alert-{i}",
            lesson=sample.lesson,
            room=sample.room,
            zone=zone,
            raised_utc_ns=utc(start + 15),
            cleared_utc_ns=utc(end + 10) if end + 10 < kept else None,
            because=(
                f"Movement {more:.0f} dB above {whose.get(zone, 'the zone’s')} own normal.",
                f"Noise {noise:.0f} dB above the room's normal of the last 10 minutes.",
            ),
            off_task=0.31 + 0.04 * i,
            model=sample.model,
        )
        for i, (start, end, zone, more, noise) in enumerate(EPISODES)
        if start + 15 < kept
    ]
