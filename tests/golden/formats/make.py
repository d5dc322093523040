"""Writes a small data directory and an outbox in today's formats, to be kept beside the older ones.

    python tests/golden/formats/make.py FOLDER

Run it before a format changes, into a folder with a new name, and add that folder to README.md and
to the tests in `tests/ingest/stores/migrations/`. `server` is a backup of the data directory, so it
is a data directory as well. `expected.json` says what the code read out of it.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np

from contract.clock import ManualClock
from contract.lesson import Activity, Zone
from contract.wire.messages import Birth, Death, Health, Hub, Timebase
from contract.wire.parts import IN_TIME, gap_part, late_part
from contract.wire.payload import Batch, Gap, Layout, encode
from edge_agent.outbox.backlog import Parcel
from edge_agent.outbox.store import Outbox
from ingest.backup.copy import Backup
from ingest.stores import open_period_store, open_score_store
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import (
    AlertRecord,
    Arrival,
    Aside,
    EpochRecord,
    Purge,
    Stream,
    Tick,
    ZoneEpoch,
)
from school import open_lesson_store
from school.lessons.records import Lesson
from school.moments.records import Label, Moment, Verdict

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
UTC = 1_793_613_600 * SECOND  # 2026-11-02 10:00
BOOT = 5_000 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2, 11), (1, 2))
PERIODS = 1_500


def batch(
    node: str, run: int, first: int, n: int, *, part: int = IN_TIME, waited_ms: int | None = 10
) -> Batch:
    seqs = np.arange(first, first + n)[:, None]
    return Batch(
        node=node, run=run, part=part, first_seq=first, boot_ns=BOOT + first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=waited_ms, layout=LAYOUT,
        values=((seqs * 31 + np.arange(LAYOUT.width) * 7 + run) % 6_000).astype(np.uint16),
    )  # fmt: skip


def gap(node: str, run: int, first: int, n: int, *, part: int = IN_TIME) -> Gap:
    return Gap(
        node=node, run=run, part=part, first_seq=first, n=n, boot_ns=BOOT + first * SECOND, period_ns=SECOND,
        synchronised=True, seats=LAYOUT.seats, reason="off",
    )  # fmt: skip


def birth(node: str, run: int, boot: str) -> Birth:
    hub = Hub(hub="hub-a", firmware="1", seats=LAYOUT.seats, sample_rate_hz=50.0, has_sound=True)
    return Birth(
        node=node, run=run, boot=boot, software="1", period_ns=SECOND, run_boot_ns=BOOT,
        hubs=(hub,), seat_codes=LAYOUT.seat_codes, room_codes=LAYOUT.room_codes,
        units={"motion_rms": "g"}, synchronised=True,
    )  # fmt: skip


def timebase(
    node: str, run: int, boot: str, at_s: int, *, is_synchronised: bool = True
) -> Timebase:
    # 3 ms an hour: no record says what its neighbours say, none is far from them.
    return Timebase(
        node=node, run=run, boot=boot, boot_ns=BOOT + at_s * SECOND,
        utc_ns=UTC + at_s * SECOND + at_s * 833, error_ns=2_000_000, synchronised=is_synchronised,
    )  # fmt: skip


def health(node: str, run: int) -> Health:
    return Health(
        node=node, run=run, sampled=4_500, published=4_500, acked=4_000, waiting=400, gap=100,
        unsampled=7, is_sampling=True, is_finished=False, outbox_bytes=7, ack_age_ms=1,
        hubs={"hub-a": {"frames": 9}},
    )  # fmt: skip


def keep_periods(data: Path) -> None:
    with closing(open_period_store(data)) as store:

        def tick(at_s: int, *messages: Batch | Gap, is_live: bool = True, **more: object) -> None:
            arrivals = [
                Arrival(site="school", room=rooms[m.node], message=m, is_live=is_live)
                for m in messages
            ]
            store.commit(Tick(received_utc_ns=UTC + at_s * SECOND, arrivals=arrivals, **more))  # type: ignore[arg-type]

        rooms = {"pi-1": "r12", "pi-2": "r13", "pi-3": "r14"}
        tick(
            0,
            births=[("school", "r12", birth("pi-1", 7, "boot-1"))],
            timebases=[timebase("pi-1", 7, "boot-1", 0)],
        )
        for first in range(0, PERIODS, 10):
            more = [timebase("pi-1", 7, "boot-1", first)] if first % 60 == 0 else []
            tick(first + 10, batch("pi-1", 7, first, 10), timebases=more)
        tick(1_510, gap("pi-1", 7, PERIODS, 60), healths=[health("pi-1", 7)])
        late = batch("pi-1", 7, 700, 5, waited_ms=None, part=late_part(1))
        tick(1_520, gap("pi-1", 7, 700, 5, part=gap_part(1)), late, is_live=False)
        # A hub of which nothing came, live yet.
        tick(1_525, gap("pi-1", 7, 1_400, 5, part=gap_part(2)))
        # A kit that never learnt the time, and one that ended.
        tick(
            0,
            births=[("school", "r13", birth("pi-2", 8, "boot-2"))],
            timebases=[timebase("pi-2", 8, "boot-2", 0, is_synchronised=False)],
        )
        tick(30, batch("pi-2", 8, 0, 30))
        tick(
            0,
            births=[("school", "r14", birth("pi-3", 9, "boot-3"))],
            timebases=[timebase("pi-3", 9, "boot-3", 0)],
        )
        tick(
            20,
            batch("pi-3", 9, 0, 20),
            deaths=[("school", "r14", Death(node="pi-3", run=9, boot="boot-3", reason="stopped"))],
        )
        tick(40, aside=[
            Aside(received_utc_ns=UTC, topic="roomtone/1/school/r12/pi-1/data", reason="no CBOR", payload=b"\xff"),
            Aside(received_utc_ns=UTC + 5, topic="roomtone/1/school/r12/pi-1/data", reason="odd", payload=b"\x00" * 9),
        ])  # fmt: skip
        store.seal(before_utc_ns=UTC + 1_200 * SECOND)
        store.retire("seat", before=date(2026, 1, 1))
        purge = Purge(id="p-1", room="r14", seat=5, from_utc_ns=0, to_utc_ns=UTC + DAY)
        for _ in store.purge(purge):
            pass


def keep_scores(data: Path) -> None:
    zones = tuple(
        ZoneEpoch(
            zone=name, seats=5, movement_db=1.5, movement_low_db=1.0, movement_high_db=2.0,
            off_task=0.25, off_task_low=0.2, off_task_high=0.3, moving_seats=0.5, fidgets=2.0,
            noise_db=3.0,
        )
        for name in ("room", "left")
    )  # fmt: skip
    with closing(open_score_store(data)) as scores:
        scores.commit(
            cursor=150,
            epochs=[
                EpochRecord(lesson="l-1", stream_id=1, first_seq=5 * i, utc_ns=UTC + 5 * i * SECOND,
                            model="m-1", zones=zones)
                for i in range(6)
            ],
            alerts=[
                AlertRecord(id="a-1", lesson="l-1", room="r12", zone="left", raised_utc_ns=UTC,
                            cleared_utc_ns=UTC + SECOND, because=("movement",), off_task=0.7, model="m-1"),
                AlertRecord(id="a-2", lesson="l-1", room="r12", zone="room", raised_utc_ns=UTC + 9,
                            cleared_utc_ns=None, because=("noise", "movement"), off_task=0.8, model="m-1"),
            ],
        )  # fmt: skip


def keep_lessons(data: Path) -> None:
    with closing(open_lesson_store(data)) as lessons:
        lessons.put(
            Lesson(
                id="l-1", room="r12", teacher="t.adams", title="Maths", starts_utc_ns=UTC,
                ends_utc_ns=UTC + 2_700 * SECOND, source="timetable",
                activities=(Activity(name="whole_class", start_s=0.0, end_s=600.0),),
                zones=(Zone(name="left", seats=(1, 2, 5, 6, 7)),), video="l-1.mp4",
            )
        )  # fmt: skip
        lessons.put(
            Lesson(id="l-2", room="r13", teacher="t.baker", title="Art", starts_utc_ns=UTC + DAY,
                   ends_utc_ns=None, source="button")
        )  # fmt: skip
        lessons.keep_labels("t.adams")
        lessons.put_moment(
            Moment(
                id="m-1", lesson="l-1", start_s=1.0, end_s=9.0, note="so", author="p-1",
                role="coach",
            )
        )  # fmt: skip
        verdict = Verdict(lesson="l-1", moment="a-1", by="p-2", role="teacher", is_confirmed=True,
                          kind="lively", zone="left", start_s=0.0, end_s=5.0)  # fmt: skip
        label = Label(lesson="l-1", moment="a-1", by="p-2", role="teacher", is_confirmed=True,
                      kind="lively", is_room=False, utc_ns=UTC, model="m-1", features_version="f-1",
                      rows=np.arange(6, dtype=np.float64).reshape(2, 3))  # fmt: skip
        lessons.put_verdict(verdict, label)
        lessons.opt_out("r12", 4)


def keep_outbox(directory: Path) -> list[dict[str, object]]:
    record = timebase("pi-1", 6, "boot-0", 0).encode()
    outbox = Outbox(directory=directory, max_bytes=4 << 20, node="pi-1", timebase=lambda: record)
    outbox.open()
    messages: list[Batch | Gap] = [batch("pi-1", 6, 0, 10, waited_ms=None), gap("pi-1", 6, 10, 50),
                batch("pi-1", 6, 60, 3, waited_ms=None), gap("pi-1", 6, 60, 3, part=gap_part(1)),
                batch("pi-1", 6, 60, 2, waited_ms=None, part=late_part(1))]  # fmt: skip
    outbox.append(
        [
            Parcel(message=m, counts=b"\x03" * m.n if isinstance(m, Batch) else b"", unpublished=0,
                   closed_ns=0, sent_ns=None)
            for m in messages
        ]
    )  # fmt: skip
    outbox.close()
    (directory / "lock").unlink()
    return [{"payload": encode(message).hex()} for message in messages]


def described(store: PeriodStore, stream: Stream) -> dict[str, object]:
    return {
        "stream": stream.id, "room": stream.room, "node": stream.node, "run": stream.run,
        "boot": stream.boot, "is_up": store.is_up(stream.id),
        "kept": list(store.kept(stream.id)),
        "gaps": [[g.first_seq, g.last_seq, g.reason] for g in store.gaps(stream.id)],
        "periods": [
            [int(seq), bool(live), row.tolist()]
            for p in store.read(stream.id, 0, 1 << 36)
            for seq, live, row in zip(p.seqs, p.is_live, p.values, strict=True)
            if seq % 25 == 0 or 700 <= seq < 705
        ],
    }  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    data = folder / "data"
    keep_periods(data)
    keep_scores(data)
    keep_lessons(data)
    with closing(open_period_store(data)) as store:
        streams = [described(store, stream) for stream in store.streams()]
    Backup(data_dir=data, target=folder / "server", clock=ManualClock(), say=print).run()
    outbox = keep_outbox(folder / "outbox")
    expected = {"streams": streams, "outbox": outbox}
    (folder / "expected.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
    shutil.rmtree(data)


if __name__ == "__main__":
    main()
