"""`roomtone model drift` on a data directory."""

from __future__ import annotations

import argparse
import json

import pytest

from contract.errors import UsageError
from ingest.stores import open_score_store
from ingest.stores.records import EpochRecord, ZoneEpoch
from roomtone.model_cli.drift import add_arguments, run
from school import open_lesson_store
from school.lessons.records import Lesson

SECOND = 1_000_000_000
STARTS = 1_763_460_300 * SECOND  # in week 47 of 2025


@pytest.fixture
def school(tmp_path):
    scores, lessons = open_score_store(tmp_path), open_lesson_store(tmp_path)
    for i in range(12):
        starts = STARTS + i * 3600 * SECOND
        lessons.put(
            Lesson(
                id=f"l{i}", room="r1", teacher="T", title="", starts_utc_ns=starts,
                ends_utc_ns=None, source="button",
            )
        )  # fmt: skip
        scores.commit(
            cursor=1,
            epochs=[
                EpochRecord(
                    lesson=f"l{i}", stream_id=1, first_seq=60 * k, utc_ns=starts + 60 * k * SECOND,
                    model="sample-1",
                    zones=(
                        ZoneEpoch(
                            zone="room", seats=9, movement_db=0.1 * k, movement_low_db=0.0,
                            movement_high_db=9.0, off_task=0.01 * k, off_task_low=0.0,
                            off_task_high=1.0,
                        ),
                    ),
                )
                for k in range(30)
            ],
        )  # fmt: skip
    scores.close()
    lessons.close()
    return tmp_path


def asked(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_the_weeks_are_printed_as_a_table_and_as_json(school, capsys):
    assert run(asked("--data-dir", school, "--time-zone", "Europe/Berlin")) == 0
    reported = capsys.readouterr().out
    assert "No lesson has estimates from model" in reported
    assert "Week 47 of 2025  all rooms    sample-1            12     360" in reported
    assert "Week 47 of 2025  r1" in reported
    assert run(asked("--data-dir", school, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["weeks"] == ["2025-W47"]
    (week,) = found["school"]
    assert (week["lessons"], week["epochs"], week["room"], week["own"]) == (12, 360, None, None)


def test_what_is_no_data_directory_or_time_zone_is_refused(school, tmp_path):
    with pytest.raises(UsageError, match=r"expected a folder with a score\.db"):
        run(asked("--data-dir", tmp_path / "none"))
    with pytest.raises(UsageError, match="expected a name such as Europe/Berlin"):
        run(asked("--data-dir", school, "--time-zone", "Mars/Base"))
    with pytest.raises(UsageError, match=r"gone\.json"):
        run(asked("--data-dir", school, "--model", tmp_path / "gone.onnx"))
