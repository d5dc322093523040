"""What is kept of answers about moments goes at its age and with a purge, and comes back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.purge.log import PurgeLog
from ingest.purge.maintenance import ScoreUpkeep
from ingest.stores import open_score_store
from school import open_lesson_store
from school.moments.records import Label, Verdict
from tests.ingest.backup.test_backup import backup, restore
from tests.ingest.purge.test_command import School, found_in, share_found
from tests.ingest.purge.test_retention import DAY_S, SECOND, After, a_round, settings_of

ROOMS = ("quill-room", "other-room")


def said(room: str, *, start_s: float = 100.0) -> Verdict:
    return Verdict(
        lesson=f"{room}-1", moment=f"{room}-1.1.z.{start_s:.0f}", by="kim", role="coach",
        is_confirmed=True, kind="lively", zone="room", start_s=start_s, end_s=start_s + 20,
    )  # fmt: skip


def label_of(school: School, verdict: Verdict) -> Label:
    seed = ROOMS.index(verdict.lesson.removesuffix("-1")) * 1_000 + round(verdict.start_s)
    return Label(
        lesson=verdict.lesson, moment=verdict.moment, by=verdict.by, role=verdict.role,
        is_confirmed=True, kind="lively", is_room=True, utc_ns=school.starts_ns + round(verdict.start_s) * SECOND,
        model="m1", features_version="f1", rows=np.random.default_rng(seed).normal(size=(40, 21)),
    )  # fmt: skip


def needles(school: School, room: str) -> list[bytes]:
    return [
        row[at : at + 3].tobytes()
        for start_s in (100, 600)
        for row in label_of(school, said(room, start_s=start_s)).rows
        for at in range(0, 21, 3)
    ] + [f"{room}-1.1.z.{start_s}".encode() for start_s in (100, 600)]


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = School(tmp_path)
    with closing(open_lesson_store(made.data)) as lessons:
        for room in ROOMS:
            lessons.keep_labels(f"teacher of {room}")
            for start_s in (100, 600):
                verdict = said(room, start_s=start_s)
                lessons.put_verdict(verdict, label_of(made, verdict))
    return made


@pytest.mark.parametrize("words", (("--room", "quill-room"), ("--lesson", "quill-room-1")))
def test_a_purge_leaves_no_byte_of_what_was_said(school: School, words: tuple[str, ...]) -> None:
    searched = [*needles(school, "quill-room"), b"teacher of quill-room"]
    assert share_found(school.data, searched) > 0.98  # pages cut some in two
    assert school.purge(*words, "--yes") == 0
    # The alert's id stands in the scores until score's part is done, and nowhere afterwards.
    assert found_in(school.data, searched) == []
    (record,) = PurgeLog(school.data).verified()
    assert (record.removed["answers about moments"], record.removed["labels"]) == (2, 2)
    assert share_found(school.data, needles(school, "other-room")) > 0.98
    with closing(open_lesson_store(school.data)) as lessons:
        assert lessons.keeps_labels("teacher of other-room")
        assert not lessons.keeps_labels("teacher of quill-room")


def test_a_purged_span_takes_its_answers_and_all_that_rests_on_it(school: School) -> None:
    words = ("--room", "quill-room", "--from", school.iso(90), "--to", school.iso(130), "--yes")
    searched = needles(school, "quill-room")
    assert school.purge(*words) == 0
    left = {needle for _, needle in found_in(school.data, searched)}
    assert left == {b"quill-room-1.1.z.600"}  # the later answer, without what was kept beside it
    with closing(open_lesson_store(school.data)) as lessons:
        assert [one.start_s for one in lessons.verdicts("quill-room-1")] == [600]
        assert {label.lesson for label in lessons.labels()} == {"other-room-1"}
        assert lessons.keeps_labels("teacher of quill-room")


def test_a_purged_seat_takes_what_was_kept_of_its_lessons(school: School) -> None:
    assert school.purge("--seat", "quill-room:4", "--yes") == 0
    with closing(open_lesson_store(school.data)) as lessons:
        assert len(lessons.verdicts("quill-room-1")) == 2
        assert {label.lesson for label in lessons.labels()} == {"other-room-1"}


def test_withdrawing_leaves_no_byte(school: School) -> None:
    searched = needles(school, "quill-room")[:-2]
    with (
        closing(open_lesson_store(school.data)) as page,
        closing(open_lesson_store(school.data)) as lessons,
    ):
        assert len(page.verdicts("quill-room-1")) == 2
        assert lessons.drop_labels("teacher of quill-room") == 2
        assert found_in(school.data, searched) == []


@pytest.mark.parametrize(("days", "left"), ((364, 4), (732, 0)))
def test_the_scorer_retires_labels(school: School, days: int, left: int) -> None:
    clock = After(school, days)
    with (
        closing(open_score_store(school.data)) as scores,
        closing(open_lesson_store(school.data)) as lessons,
    ):
        upkeep = ScoreUpkeep(
            settings=settings_of(school), clock=clock, scores=scores, lessons=lessons
        )
        upkeep.begin()
        a_round(upkeep, clock)
        assert len(lessons.labels()) == left
        assert len(lessons.verdicts("quill-room-1")) == 2


def test_the_days_are_a_setting(school: School) -> None:
    text = school.config.read_text(encoding="utf-8")
    school.config.write_text(f"{text}[retention]\nlabel_days = 1\n", encoding="utf-8")
    assert settings_of(school).retention.label_days * DAY_S == DAY_S
    hour = 3_600 / DAY_S  # a round comes an hour after the start; the first moments are a day old
    clock = After(school, 1 + 300 / DAY_S - hour)
    with (
        closing(open_score_store(school.data)) as scores,
        closing(open_lesson_store(school.data)) as lessons,
    ):
        upkeep = ScoreUpkeep(
            settings=settings_of(school), clock=clock, scores=scores, lessons=lessons
        )
        a_round(upkeep, clock)
        assert {label.moment.rpartition(".")[2] for label in lessons.labels()} == {"600"}


def test_a_backup_holds_answers_and_a_schools_own_model(school: School, tmp_path: Path) -> None:
    for name in ("school_model.onnx", "school_model.json"):
        (school.data / name).write_text(name, encoding="utf-8")
    assert backup(school, tmp_path / "copy.tar") == 0
    there = restore(school, tmp_path / "copy.tar")
    assert (there.data / "school_model.onnx").read_text(encoding="utf-8") == "school_model.onnx"
    with closing(open_lesson_store(there.data)) as lessons:
        assert len(lessons.labels()) == 4
        assert lessons.verdicts("other-room-1") == [
            said("other-room"), said("other-room", start_s=600),
        ]  # fmt: skip
        assert lessons.keeps_labels("teacher of quill-room")


def test_an_answer_that_is_changed_after_the_withdrawal_keeps_nothing(school: School) -> None:
    with closing(open_lesson_store(school.data)) as lessons:
        lessons.drop_labels("teacher of quill-room")
        changed = replace(said("quill-room"), is_confirmed=False)
        lessons.put_verdict(changed, label_of(school, changed))
        assert {label.lesson for label in lessons.labels()} == {"other-room-1"}
