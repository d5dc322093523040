"""What retention does not look at again is what a look would leave."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.stores.format.day_files import DayFiles
from ingest.stores.format.schema import SCHEMA
from ingest.stores.rules.seal_schedule import KINDS, Kind, day_of, midnight_ns
from ingest.stores.upkeep.day_retention import DayRetention

FIRST = date(2026, 3, 1)
HOUR_NS = 3_600_000_000_000


class Folder:
    """Day files with nothing in them, and what main.db says of them."""

    def __init__(self, directory: Path) -> None:
        self.days = DayFiles(directory)
        (directory / "days").mkdir(parents=True)
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        for statement in SCHEMA.split(";"):
            self.database.execute(statement)

    def seal(self, utc_ns: int) -> None:
        for kind in KINDS:
            self.days.path(kind, day_of(utc_ns)).touch()
            self.database.execute(
                "INSERT INTO day_files VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE "
                "SET newest_utc_ns = max(newest_utc_ns, ?3)", (kind, day_of(utc_ns), utc_ns),
            )  # fmt: skip

    def retire(
        self, retention: DayRetention, kind: Kind, before: date, max_days: int | None
    ) -> int:
        return retention.retire(self, kind, before=before, max_days=max_days)

    def left(self) -> list[tuple[Kind, list[str]]]:
        return [(kind, self.days.days(kind)) for kind in KINDS]


SEALED = st.integers(0, 24 * 6)
RETIRED = st.tuples(st.sampled_from(KINDS), st.integers(0, 6), st.sampled_from((1, 2, None)))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(SEALED, RETIRED, RETIRED), max_size=12))
def test_the_same_files_go_as_when_all_are_looked_at(steps: list[object]) -> None:
    """The clock may be set to any time in between."""
    with tempfile.TemporaryDirectory() as name:
        mine, other = Folder(Path(name) / "mine"), Folder(Path(name) / "other")
        retention = DayRetention()
        with closing(mine.database), closing(other.database):
            for step in steps:
                if isinstance(step, int):
                    utc_ns = midnight_ns(FIRST) + step * HOUR_NS
                    mine.seal(utc_ns)
                    other.seal(utc_ns)
                    retention.note_sealed(utc_ns)
                else:
                    kind, day, most = step
                    before = FIRST + timedelta(days=day)
                    assert mine.retire(retention, kind, before, most) == other.retire(
                        DayRetention(), kind, before, most
                    )
                assert mine.left() == other.left()


def test_a_day_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, retention = Folder(tmp_path), DayRetention()
    with closing(folder.database):
        for day in range(4):
            folder.seal(midnight_ns(FIRST + timedelta(days=day)) + 8 * HOUR_NS)
        before = FIRST + timedelta(days=2)
        assert [folder.retire(retention, "seat", before, 1) for _ in range(3)] == [1, 1, 0]
        with monkeypatch.context() as patched:
            patched.setattr(folder.days, "days", lambda _: pytest.fail("looked again"))
            assert folder.retire(retention, "seat", before, 1) == 0
        assert folder.retire(retention, "seat", before + timedelta(days=1), 1) == 1
        assert folder.left() == [
            ("seat", ["2026-03-04"]),
            ("room", [f"2026-03-0{day}" for day in (1, 2, 3, 4)]),
        ]
