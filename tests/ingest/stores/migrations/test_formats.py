"""Data directories that earlier versions wrote: opened, brought up, and everything is there."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.clock import ManualClock
from contract.errors import StoreError
from contract.lesson import Activity, Zone
from ingest.backup.restore import Restore
from ingest.purge.maintenance import KeptUpkeep, ScoreUpkeep
from ingest.settings import RetentionSettings, ServerSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store, open_score_writer
from ingest.stores.format.schema import VERSION
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Purge
from school import open_lesson_store
from school.moments.records import Verdict

FORMATS = Path(__file__).parents[3] / "golden" / "formats"
SECOND = 1_000_000_000
UTC = 1_793_613_600 * SECOND  # as in make.py


@pytest.fixture(params=sorted(path.name for path in FORMATS.iterdir() if path.is_dir()))
def folder(request: pytest.FixtureRequest) -> Path:
    return FORMATS / str(request.param)


@pytest.fixture
def data(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder / "server", tmp_path / "data"))


def described(reader: PeriodReader) -> list[dict[str, Any]]:
    return [
        {
            "stream": stream.id, "room": stream.room, "node": stream.node, "run": stream.run,
            "boot": stream.boot, "is_up": reader.is_up(stream.id),
            "kept": [list(span) for span in reader.kept(stream.id)],
            "gaps": [[g.first_seq, g.last_seq, g.reason] for g in reader.gaps(stream.id)],
            "periods": [
                [int(seq), bool(live), row.tolist()]
                for p in reader.read(stream.id, 0, 1 << 36)
                for seq, live, row in zip(p.seqs, p.is_live, p.values, strict=True)
                if seq % 25 == 0 or 700 <= seq < 705
            ],
        }
        for stream in reader.streams()
    ]  # fmt: skip


def test_the_script_writes_a_directory_of_todays_formats(tmp_path: Path) -> None:
    """So that it can be run when a format is about to change."""
    subprocess.run(
        [sys.executable, FORMATS / "make.py", tmp_path / "made"], check=True, stdout=subprocess.DEVNULL
    )  # fmt: skip
    with closing(sqlite3.connect(tmp_path / "made" / "server" / "main.db")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    expected = json.loads((tmp_path / "made" / "expected.json").read_text())
    newest = json.loads((FORMATS / "2026-11-schema-5" / "expected.json").read_text())
    assert expected["streams"] == newest["streams"]


def test_every_period_of_an_older_directory_is_there(folder: Path, data: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["streams"]
    with closing(open_period_store(data)) as store:
        assert described(store) == expected
        again = open_period_reader(data)
        assert described(again) == expected
        assert [(a.reason, a.payload) for a in store.aside()] == [
            ("no CBOR", b"\xff"),
            ("odd", b"\x00" * 9),
        ]
        health = store.health(1)
        assert health is not None
        assert health.hubs == {"hub-a": {"frames": 9}}
        birth = store.birth(1)
        assert birth is not None
        assert birth.units == {"motion_rms": "g"}
        assert not store.purges_due()
        for reader in (store, again):
            assert [s.id for s in reader.streams_between("r12", UTC, UTC + SECOND)] == [1]
            assert not reader.streams_between("r12", UTC - 60 * SECOND, UTC - SECOND)
        assert store.changes(0)[0] == store.newest_cursor() > 0
        again.close()


def test_every_score_of_an_older_directory_is_there(data: Path) -> None:
    with closing(open_score_writer(data)) as scores:
        assert scores.cursor() == 150
        epochs = scores.epochs("l-1")
        assert [epoch.utc_ns for epoch in epochs] == [UTC + 5 * i * SECOND for i in range(6)]
        assert [zone.zone for zone in epochs[0].zones] == ["room", "left"]
        assert epochs[0].zones[1].noise_db == 3.0
        assert [alert.because for alert in scores.alerts("l-1")] == [
            ("movement",),
            ("noise", "movement"),
        ]
        with closing(open_score_store(data)) as page:
            assert page.epochs("l-1") == epochs


def test_scores_of_an_older_directory_go_at_their_age(data: Path) -> None:
    with closing(open_score_writer(data)) as scores:
        assert [alert.id for alert in scores.open_alerts()] == ["a-2"]
        assert scores.retire(before_utc_ns=UTC, max_epochs=100) == 0
        assert scores.retire(before_utc_ns=UTC + 11 * SECOND, max_epochs=100) == 3 + 2
        assert [epoch.first_seq for epoch in scores.epochs("l-1")] == [15, 20, 25]
        assert scores.retire(before_utc_ns=UTC + 11 * SECOND, max_epochs=100) == 0


def test_everything_that_people_entered_is_there(data: Path) -> None:
    with closing(open_lesson_store(data)) as lessons:
        later, first = lessons.lessons()
        assert (later.id, later.ends_utc_ns, later.source) == ("l-2", None, "button")
        assert first.activities == (Activity(name="whole_class", start_s=0.0, end_s=600.0),)
        assert first.zones == (Zone(name="left", seats=(1, 2, 5, 6, 7)),)
        assert first.video == "l-1.mp4"
        (moment,) = lessons.moments("l-1")
        assert (moment.note, moment.author, moment.role) == ("so", "", "coach")
        assert lessons.verdicts("l-1") == [
            Verdict(
                lesson="l-1", moment="a-1", by="", role="teacher", is_confirmed=True, kind="lively",
                zone="left", start_s=0.0, end_s=5.0,
            )
        ]  # fmt: skip
        (label,) = lessons.labels()
        assert np.array_equal(label.rows, np.arange(6.0).reshape(2, 3))
        assert lessons.opted_out() == [("r12", 4)]
        assert lessons.keeps_labels("t.adams")


def test_a_reader_refuses_what_its_writer_has_not_brought_up(data: Path) -> None:
    for open_one, command in (
        (open_period_reader, "roomtone ingest"),
        (open_score_store, "roomtone score"),
    ):
        try:
            open_one(data).close()
        except StoreError as error:
            assert f"start `{command}` first" in str(error)  # noqa: PT017
    open_period_store(data).close()
    open_score_writer(data).close()
    open_period_reader(data).close()
    open_score_store(data).close()
    for copy in data.glob("*.before-*"):
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_backup_of_an_older_version_is_restored(folder: Path, tmp_path: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["streams"]
    target = tmp_path / "restored"
    Restore(
        source=folder / "server", data_dir=target, purges=None, clock=ManualClock(), say=print
    ).run()
    with closing(open_period_reader(target)) as reader:
        assert described(reader) == expected


def test_no_purge_leaves_a_copy_of_what_it_removed(data: Path) -> None:
    """Whatever may be in a copy from before the file was brought up goes with the purge."""
    for name in ("main.db", "score.db", "school.db"):
        (data / f"{name}.before-1").write_bytes(b"as it was")
    with closing(open_period_store(data)) as store:
        for _ in store.purge(Purge(id="p-9", room="r12", to_utc_ns=UTC)):
            pass
    with closing(open_score_writer(data)) as scores:
        for _ in scores.purge(["l-1"], from_utc_ns=0, to_utc_ns=UTC):
            pass
    with closing(open_lesson_store(data)) as lessons:
        lessons.purge(lessons=["l-1"])
    assert not list(data.glob("*.before-*"))


def test_copies_go_with_the_retention_of_what_they_hold(data: Path) -> None:
    open_period_store(data).close()
    open_score_writer(data).close()
    copies = sorted(data.glob("*.before-*"))
    brought_up = [copy.name.split(".")[0] for copy in copies]
    assert "main" in brought_up
    made_ns = max(copy.stat().st_mtime_ns for copy in copies)
    clock = ManualClock(utc_at_boot_ns=made_ns)
    settings = ServerSettings(
        site="school", data_dir=data, retention=RetentionSettings(seat_days=7, score_days=365)
    )
    with closing(open_period_store(data)) as store, closing(open_score_writer(data)) as scores:
        upkeeps = (
            KeptUpkeep(settings=settings, clock=clock, store=store),
            ScoreUpkeep(settings=settings, clock=clock, scores=scores),
        )
        left = {}
        for days in (6, 8, 29, 31):
            clock.now_ns = days * 86_400 * SECOND
            for upkeep in upkeeps:
                for _ in range(50):
                    upkeep.step()
            left[days] = sorted(path.name.split(".")[0] for path in data.glob("*.before-*"))
    for_long = [name for name in brought_up if name != "main"]
    assert left == {6: brought_up, 8: for_long, 29: for_long, 31: []}
