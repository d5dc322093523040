"""What a replica has of a lesson, whatever happens to the lesson, to the kit or to the replica."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.lesson import Zone
from ingest.purge.requests import PurgeRequest
from ingest.replicas.engines.answers import EngineError
from ingest.settings import RetentionSettings
from ingest.stores.rules import changes
from tests.ingest.replicas.stub_engine import Answer, StubEngine
from tests.ingest.replicating.fed import SECOND_NS, Fed, seconds_of
from tests.ingest.school import LENGTH, NODE, SEATS, VALUES, School

WHOLE_LESSON = ("lesson-1",)


def check(fed: Fed) -> None:
    """The replica has what the stores have of the lesson, and nothing else."""
    school, stub = fed.school, fed.stub
    kept = {at for at in seconds_of(school) if at in set(stub.of("room", lesson="lesson-1"))}
    assert kept == set(seconds_of(school))
    sound = {
        at: fields
        for at, fields in stub.of("room", lesson="lesson-1").items()
        if "laeq_1s" in fields
    }
    assert list(sound) == seconds_of(school)
    assert all(f["laeq_1s"] == 60 and f["seats_sensed"] == 12 for f in sound.values())
    check_scores(fed)
    assert stub.lessons() == {"lesson-1"}


def check_scores(fed: Fed) -> None:
    school, stub = fed.school, fed.stub
    zones = {zone.zone for epoch in school.epochs for zone in epoch.zones[1:]}
    found = {dict(tags)["zone"] for (name, tags, _) in stub.points if name == "zone"}
    assert found == zones
    for number, zone in enumerate(("room", *sorted(zones))):
        expected = {
            epoch.utc_ns: z.off_task
            for epoch in school.epochs
            for z in epoch.zones
            if z.zone == zone
        }
        got = stub.of("zone", zone=zone) if number else stub.of("room", model="test-1")
        assert list(got) == sorted(expected)
        for at, fields in got.items():
            if math.isnan(expected[at]):
                assert "off_task" not in fields
            else:
                assert fields["off_task"] == pytest.approx(expected[at], rel=1e-6)
    alerts = {a.id: a for a in school.alerts}
    got_alerts = {
        dict(tags)["alert"]: (at, fields)
        for (name, tags, at), fields in stub.points.items()
        if name == "alert"
    }
    assert got_alerts.keys() == alerts.keys()
    for name, (at, fields) in got_alerts.items():
        alert = alerts[name]
        assert at == alert.raised_utc_ns
        assert alert.cleared_utc_ns is not None
        assert fields["cleared_after_s"] == (alert.cleared_utc_ns - at) / 1e9


@pytest.fixture
def school() -> School:
    return School()


@pytest.fixture
def fed(school: School, stub: StubEngine, tmp_path: Path) -> Iterator[Fed]:
    with Fed(school, stub, tmp_path) as fed:
        yield fed


def test_a_lesson_as_it_comes(fed: Fed) -> None:
    for first in range(0, LENGTH, 30):
        fed.school.live(range(first, first + 30))
        fed.step()
        assert len(fed.stub.of("room", lesson="lesson-1")) == first + 30
    assert fed.school.alerts
    fed.settle()
    check(fed)
    assert fed.figures.deleted == 0  # nothing had to be replaced
    assert not fed.stub.of("seat")


def test_all_at_once_and_a_second_time_is_the_same(fed: Fed, tmp_path: Path) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    check(fed)
    points = dict(fed.stub.points)
    with Fed(fed.school, fed.stub, tmp_path / "lost") as again:
        again.settle()
        assert again.figures.values == fed.figures.values
    assert fed.stub.points == points


def test_what_has_not_changed_is_not_sent_again(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    sent = fed.figures.values
    fed.begin()
    fed.settle()
    # Alerts are sent again after a restart, since their end may have come meanwhile.
    assert fed.figures.values <= sent + 2 * len(fed.school.alerts)
    check(fed)


@pytest.mark.parametrize("batch", (100, 1_000))
def test_a_replica_that_fails_again_and_again_gets_all(
    batch: int, school: School, stub: StubEngine, tmp_path: Path
) -> None:
    calls = 0

    def fault(*_: object) -> Answer | None:
        nonlocal calls
        calls += 1
        return Answer(503, "later", "text/plain") if calls % 5 == 0 else None

    stub.fault = fault
    school.live(range(LENGTH))
    with Fed(school, stub, tmp_path, max_batch_lines=batch) as fed:
        for _ in range(50):
            try:
                fed.settle()
            except EngineError:
                fed.begin()
            else:
                break
        check(fed)


def test_a_replica_that_was_down_gets_only_what_is_new(fed: Fed) -> None:
    fed.school.live(range(200))
    fed.settle()
    fed.stub.is_dark = True
    fed.school.live(range(200, LENGTH))
    with pytest.raises(EngineError, match="can't be reached"):
        fed.step()
    fed.stub.is_dark = False
    fed.stub.points.clear()
    fed.begin()
    fed.step(2)
    new = [at for at, fields in fed.stub.of("room").items() if "laeq_1s" in fields]
    assert new == seconds_of(fed.school, 200)


def test_an_absence_of_which_the_store_lists_no_changes(
    fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed.school.live(range(200))
    fed.step()
    monkeypatch.setattr(changes, "KEPT_TICKS", 5)
    reader = fed.school.store
    listed = reader.changes

    def ledger(cursor: int, *, own: bool = False) -> tuple[int, list[changes.Change]]:
        newest, _ = listed(cursor, own=own)
        kept = [(1, first, last) for first, last in reader.kept(1)]
        return newest, changes.from_ledger(kept, []) if newest != cursor else []

    monkeypatch.setattr(reader, "changes", ledger)
    fed.stub.points.clear()
    fed.begin()
    fed.school.live(range(200, LENGTH))
    fed.step()
    new = [at for at, fields in fed.stub.of("room").items() if "laeq_1s" in fields]
    assert new == seconds_of(fed.school, 200)


def test_undated_periods_wait(stub: StubEngine, tmp_path: Path) -> None:
    school = School(is_dated=False)
    with Fed(school, stub, tmp_path) as fed:
        school.live(range(LENGTH))
        fed.step()
        assert not stub.points
        fed.begin()  # also over a restart
        school.date()
        school.clock.advance(30)
        fed.settle()
        check(fed)


def test_a_period_that_is_dated_again_replaces_its_point(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    # The kit's clock turns out to have been 20 s fast all the time.
    moved = fed.school.clock.utc_at_boot_ns - 20 * SECOND_NS
    for at in (0, 200, 400):
        fed.school.keep(NODE.timebase(moved, at_ns=at * SECOND_NS + 1))
    fed.school.following.step()
    fed.school.keep(NODE.batch(LENGTH, values=VALUES[:1]))
    fed.settle()
    fed.settle()
    sound = [at for at, f in fed.stub.of("room").items() if "laeq_1s" in f]
    assert len(sound) == len(set(sound))
    begin = fed.school.clock.utc_at_boot_ns
    assert min(sound) >= begin
    assert max(sound) <= begin + (LENGTH - 19) * SECOND_NS


def test_a_date_that_becomes_a_little_better_moves_nothing(fed: Fed) -> None:
    fed.school.live(range(200))
    fed.step()
    fed.school.keep(NODE.timebase(fed.school.clock.utc_at_boot_ns + 400_000, at_ns=150 * SECOND_NS))
    fed.school.live(range(200, LENGTH))
    fed.settle()
    fed.begin()
    fed.settle()
    sound = [at for at, f in fed.stub.of("room").items() if "laeq_1s" in f]
    assert sound == seconds_of(fed.school)
    assert fed.figures.deleted == 0


@pytest.mark.parametrize("kind", ("victoriametrics", "influxdb1", "influxdb2"))
@pytest.mark.parametrize("seconds", (240, 480, 600))
def test_a_moved_end(
    kind: str, seconds: int, school: School, stub: StubEngine, tmp_path: Path
) -> None:
    with Fed(school, stub, tmp_path, kind=kind) as fed:
        school.live(range(LENGTH))
        fed.settle()
        ends = school.lesson.starts_utc_ns + seconds * SECOND_NS
        school.lessons.put(replace(school.lesson, ends_utc_ns=ends))
        fed.settle()
        sound = [at for at, f in stub.of("room").items() if "laeq_1s" in f]
        assert sound == seconds_of(school, 0, min(seconds, LENGTH))


def test_what_cannot_delete_keeps_the_old_points_and_says_so(
    school: School, stub: StubEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Fed(school, stub, tmp_path, kind="influxdb3") as fed:
        school.live(range(LENGTH))
        fed.settle()
        ends = school.lesson.starts_utc_ns + 240 * SECOND_NS
        school.lessons.put(replace(school.lesson, ends_utc_ns=ends))
        fed.settle()
        sound = [at for at, f in stub.of("room").items() if "laeq_1s" in f]
        assert sound == seconds_of(school)
    said = [r.getMessage() for r in caplog.records if "no call to delete" in r.getMessage()]
    assert len(said) == 1


def test_other_zones_replace_the_old_ones(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    assert {dict(t)["zone"] for n, t, _ in fed.stub.points if n == "zone"} == {"left", "right"}
    zones = (Zone(name="front, desk", seats=SEATS[:5]), Zone(name="back=", seats=SEATS[5:]))
    fed.school.lessons.put(replace(fed.school.lesson, zones=zones))
    fed.settle()
    fed.settle()
    check(fed)
    assert {dict(t)["zone"] for n, t, _ in fed.stub.points if n == "zone"} == {
        "front, desk", "back=",
    }  # fmt: skip


def test_late_data_is_added(fed: Fed) -> None:
    fed.school.live(range(100))
    fed.school.live(range(200, LENGTH))
    fed.settle()
    assert len([1 for f in fed.stub.of("room").values() if "laeq_1s" in f]) == LENGTH - 100
    fed.school.backlog(100, 200)
    fed.settle()
    fed.settle()
    check(fed)


def test_a_lesson_that_is_entered_later_is_sent_then(stub: StubEngine, tmp_path: Path) -> None:
    school = School(has_lesson=False)
    with Fed(school, stub, tmp_path) as fed:
        school.live(range(LENGTH))
        fed.step()
        assert not stub.points
        school.lessons.put(school.lesson)
        fed.settle()
        check(fed)


def test_a_lesson_that_is_entered_while_nothing_runs_is_sent_too(
    stub: StubEngine, tmp_path: Path
) -> None:
    school = School(has_lesson=False)
    with Fed(school, stub, tmp_path) as fed:
        school.live(range(LENGTH))
        fed.step()
        school.lessons.put(school.lesson)
        fed.begin()
        fed.settle()
        check(fed)


def test_a_lesson_that_is_gone_is_deleted(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    fed.school.lessons.purge(lessons=WHOLE_LESSON)
    fed.step()
    assert not fed.stub.points
    assert fed.figures.deleted == 1


def request(**other: object) -> PurgeRequest:
    return PurgeRequest.model_validate(
        {"id": "0" * 16, "asked_utc_ns": 0, "room": "r1", "to_utc_ns": 1 << 62, **other}
    )


def test_a_purged_lesson_is_gone_there_when_it_is_recorded(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    removed = fed.feed.purge(request(lesson="lesson-1", lessons=WHOLE_LESSON, scored=WHOLE_LESSON))
    assert removed == {"lessons in the replica lab": 1}
    assert not fed.stub.points
    fed.school.lessons.purge(lessons=WHOLE_LESSON)
    fed.settle()
    assert not fed.stub.points


def test_what_a_purged_span_leaves_is_written_again(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    begin = fed.school.lesson.starts_utc_ns
    asked = request(
        from_utc_ns=begin + 100 * SECOND_NS, to_utc_ns=begin + 200 * SECOND_NS,
        scored=WHOLE_LESSON, again=WHOLE_LESSON,
    )  # fmt: skip
    for _ in fed.school.store.purge(asked.purge):
        pass
    for _ in fed.school.scores.purge(
        WHOLE_LESSON, from_utc_ns=asked.from_utc_ns, to_utc_ns=asked.to_utc_ns, again=WHOLE_LESSON
    ):
        pass
    assert fed.feed.purge(asked) == {"lessons in the replica lab": 1}
    fed.school.start()
    fed.settle()
    fed.settle()
    sound = [at for at, f in fed.stub.of("room").items() if "laeq_1s" in f]
    assert sound == seconds_of(fed.school, 0, 100) + seconds_of(fed.school, 200)
    check_scores(fed)


def test_a_purge_waits_for_the_replica(fed: Fed) -> None:
    fed.school.live(range(LENGTH))
    fed.settle()
    fed.stub.fault = lambda *_: Answer(503, "later", "text/plain")
    with pytest.raises(EngineError):
        fed.feed.purge(request(lessons=WHOLE_LESSON))
    fed.stub.fault = lambda *_: None
    fed.begin()
    fed.feed.purge(request(lessons=WHOLE_LESSON))
    assert not fed.stub.points


def test_seats_go_only_where_the_setting_says_so(
    school: School, stub: StubEngine, tmp_path: Path
) -> None:
    with Fed(school, stub, tmp_path, with_seats=True) as fed:
        school.live(range(LENGTH))
        fed.settle()
        check(fed)
        for seat in SEATS:
            assert list(stub.of("seat", seat=str(seat))) == seconds_of(school)


@pytest.mark.parametrize(
    ("days", "left"),
    ((29, {"room", "seat", "zone", "alert"}), (31, {"room", "zone", "alert"}),
     (61, {"zone", "alert"}), (91, set())),
)  # fmt: skip
def test_retention_reaches_it(
    days: int, left: set[str], school: School, stub: StubEngine, tmp_path: Path
) -> None:
    retention = RetentionSettings(seat_days=30, room_days=60, score_days=90)
    with Fed(school, stub, tmp_path, with_seats=True, retention=retention) as fed:
        school.live(range(LENGTH))
        fed.settle()
        school.clock.advance(days * 86_400)
        fed.begin()
        fed.settle()
        assert {name for name, _, _ in stub.points} == left
        fed.begin()
        fed.settle()
        assert {name for name, _, _ in stub.points} == left


def test_gaps_are_there_when_the_lesson_is_over(fed: Fed) -> None:
    fed.school.live(range(100))
    fed.school.keep(NODE.gap(100, 50, "serial"))
    fed.school.live(range(150, LENGTH))
    fed.settle()
    (at, fields), *more = fed.stub.of("gap", lesson="lesson-1", reason="serial").items()
    assert not more
    assert (at, fields) == (seconds_of(fed.school)[100], {"length_s": 50})
    assert fed.figures.deleted == 0


@pytest.mark.parametrize("kind", ("influxdb1", "influxdb2", "influxdb3", "victoriametrics"))
def test_refused_points_are_kept_aside_for_it_alone(
    kind: str, school: School, stub: StubEngine, tmp_path: Path
) -> None:
    """Of a partial write the others are taken at once, of a refused batch nothing: both end alike."""
    bad = {f" {at}" for at in seconds_of(school, 100, 103)}

    def fault(path: str, lines: list[str]) -> Answer | None:
        refused = [
            each for each in lines if each.startswith("room") and each[each.rindex(" ") :] in bad
        ]
        if not refused:
            return None
        if kind != "influxdb2":
            stub.write([each for each in lines if each not in refused])
        return Answer(422, '{"message":"schema conflict"}') if path else None

    stub.fault = fault
    school.live(range(LENGTH))
    with Fed(school, stub, tmp_path, kind=kind) as fed:
        fed.settle()
        sound = [at for at, f in stub.of("room").items() if "laeq_1s" in f]
        assert sound == seconds_of(school, 0, 100) + seconds_of(school, 103)
        aside = fed.progress.aside()
        lines = [line for each in aside for line in each.lines.split("\n")]
        assert len(lines) == fed.figures.aside >= 3
        assert all(line[line.rindex(" ") :] in bad for line in lines)
        assert all("schema conflict" in each.reason for each in aside)
        assert "schema conflict" in fed.figures.refusal
        if kind != "influxdb3":
            fed.feed.purge(request(lessons=WHOLE_LESSON))
            assert fed.progress.count_aside() == fed.figures.aside == 0


def test_when_all_is_refused_it_takes_few_requests_and_little_room(
    school: School, stub: StubEngine, tmp_path: Path
) -> None:
    stub.fault = lambda *_: Answer(400, '{"error":"points beyond retention policy"}')
    school.live(range(LENGTH))
    with Fed(school, stub, tmp_path, max_aside_mb=0) as fed:
        fed.settle()
        assert len(stub.requests) < 1_000
        assert fed.figures.aside == 0
        assert fed.figures.dropped > LENGTH


def test_a_request_that_is_too_large_is_halved(
    school: School, stub: StubEngine, tmp_path: Path
) -> None:
    stub.fault = lambda _, lines: (
        Answer(413, "too large", "text/plain") if len(lines) > 20 else None
    )
    school.live(range(LENGTH))
    with Fed(school, stub, tmp_path) as fed:
        fed.settle()
        check(fed)
        assert fed.figures.aside == 0


def test_a_clock_that_is_off_is_said(fed: Fed, caplog: pytest.LogCaptureFixture) -> None:
    fed.school.live(range(30))
    fed.stub.date = fed.school.clock.utc_ns() / 1e9 - 7_200
    fed.step()
    assert "2.0 h behind" in fed.figures.clock
    assert sum("2.0 h behind" in r.getMessage() for r in caplog.records) == 1
    fed.stub.date = fed.school.clock.utc_ns() / 1e9
    fed.school.live(range(30, 60))
    fed.step()
    assert not fed.figures.clock
