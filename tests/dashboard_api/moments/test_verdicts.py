"""Answers about moments: giving, changing and removing them; and the teacher's choice to keep them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.clock import SECOND_NS
from dashboard_api.moments.label_rows import label_of
from ingest.scoring.results import zone_epochs
from ingest.stores.records import EpochRecord
from models.school_model.labels import LABEL_FEATURES
from models.serving.area import AREA_FEATURES, AreaHistory
from models.serving.scores import EpochScore, ZoneScore
from school.lessons.records import Lesson
from school.moments.records import Verdict, VerdictCount
from tests.signed_in import BY, COACH, TEACHER

START_NS = 1_763_460_300 * SECOND_NS
API = "/api/lessons/sample"
ALERT = "sample-alert-1"  # the room's
ZONES_ALERT = "sample-alert-0"
HTMX = {"HX-Request": "true"}


def moments(client) -> dict[str, dict]:
    return {moment["id"]: moment for moment in client.get(f"{API}/moments").json()}


def say(client, moment: str, verdict: str):
    return client.request("PUT", f"{API}/moments/{moment}/verdict", json={"verdict": verdict})


def calm_of(client) -> str:
    return next(each["id"] for each in moments(client).values() if each["is_strength"])


def test_a_program_confirms_changes_and_removes_an_answer(client, coach, filled):
    answer = say(client, ALERT, "confirmed")
    assert answer.status_code == 200
    no_reason = {"reason": None, "reason_words": "", "words": ""}
    by_teacher = {
        "name": TEACHER, "role": "teacher", "is_yours": True, "says": "confirmed", **no_reason,
    }  # fmt: skip
    assert answer.json()["answers"] == [by_teacher]
    by_coach = {
        "name": COACH, "role": "coach", "is_yours": True, "says": "dismissed", **no_reason,
    }  # fmt: skip
    assert say(coach, ALERT, "dismissed").json()["answers"] == [
        {**by_teacher, "is_yours": False},
        by_coach,
    ]
    changed = say(client, ALERT, "dismissed").json()
    assert [one["says"] for one in changed["answers"]] == ["dismissed", "dismissed"]
    assert changed["your_answer"] == "dismissed"
    address = f"{API}/moments/{ALERT}/verdict"
    assert client.request("DELETE", address).status_code == 204
    assert client.request("DELETE", address).status_code == 204
    one = moments(client)[ALERT]
    assert one["answers"] == [{**by_coach, "is_yours": False}]
    assert one["your_answer"] is None
    assert coach.request("DELETE", address).status_code == 204
    assert moments(client)[ALERT]["answers"] == []


def test_every_kind_of_moment_can_be_answered(client, stores, filled):
    for moment in (ALERT, calm_of(client), "sample-b"):
        assert say(client, moment, "confirmed").status_code == 200
    kinds = {said.kind: said for said in stores.lessons.verdicts("sample")}
    assert set(kinds) == {"lively", "calm", "own"}
    assert kinds["own"].zone == "room"
    assert stores.lessons.count_verdicts() == VerdictCount(confirmed=1, dismissed=0)
    assert moments(client)["sample-b"]["question"] != moments(client)[ALERT]["question"]


def test_an_answered_suggestion_keeps_its_id_and_its_span(client, stores, filled):
    """Even if others stand out more by now, and if its alert was purged."""
    calm = calm_of(client)
    before = moments(client)
    say(client, ALERT, "confirmed")
    say(client, calm, "dismissed")
    stores.scores.commit(
        cursor=9,
        epochs=[
            replace(epoch, zones=tuple(replace(zone, off_task=0.5) for zone in epoch.zones))
            for epoch in stores.scores.epochs("sample")
        ],
    )
    stores.scores.retire(before_utc_ns=filled.start_ns + 1_500 * SECOND_NS, max_epochs=0)
    assert ALERT not in {alert.id for alert in stores.scores.alerts("sample")}
    after = moments(client)
    for moment in (ALERT, calm):
        for name in ("start_s", "end_s", "title", "kind", "is_strength"):
            assert after[moment][name] == before[moment][name]
    assert after[ALERT]["your_answer"] == "confirmed"
    assert say(client, calm, "confirmed").status_code == 200


def test_an_answered_zone_that_may_not_be_shown_is_not_listed(client, stores, filled):
    say(client, ZONES_ALERT, "confirmed")
    said = next(s for s in stores.lessons.verdicts("sample") if s.moment == ZONES_ALERT)
    assert said.zone == "Door"
    stores.scores.retire(before_utc_ns=filled.start_ns + 10_000 * SECOND_NS, max_epochs=100_000)
    assert ZONES_ALERT not in moments(client)
    stores.lessons.put_verdict(replace(said, zone="room"))
    assert ZONES_ALERT in moments(client)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    (
        (f"{API}/moments/never-was/verdict", {"verdict": "confirmed"}, 404),
        (f"/api/lessons/never-was/moments/{ALERT}/verdict", {"verdict": "confirmed"}, 404),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "good"}, 422),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "none"}, 422),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "confirmed", "by": "coach"}, 422),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "confirmed", "score": 5}, 422),
        (f"{API}/moments/{ALERT}/verdict", {}, 422),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "confirmed", "reason": "planned"}, 422),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "dismissed", "reason": "boring"}, 422),
        (f"{API}/moments/{ALERT}/verdict", {"verdict": "dismissed", "words": "a film"}, 422),
        (
            f"{API}/moments/{ALERT}/verdict",
            {"verdict": "dismissed", "reason": "other", "words": "x" * 201},
            422,
        ),
        (f"{API}/answers", {"is_kept": "perhaps"}, 422),
        ("/api/lessons/never-was/answers", {"is_kept": True}, 404),
    ),
)
def test_an_invalid_answer_is_refused(client, stores, filled, path, body, status):
    answer = client.request("PUT", path, json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert stores.lessons.verdicts("sample") == []


def test_the_page_asks_and_answers(client, coach, stores, filled):
    path = f"/lessons/sample/moments/{ALERT}/verdict"
    assert f'action="{path}"' in client.get("/lessons/sample").text
    part = coach.post(path, data={"verdict": "confirmed"}, headers=HTMX)
    assert part.text.lstrip().startswith("<ol")
    assert f'data-chosen="{ALERT}"' in part.text
    assert 'data-notice="Saved. You answered: yes."' in part.text
    assert "You answered: yes." in part.text
    plain = client.post(path, data={"verdict": "dismissed"})
    assert plain.status_code == 303
    assert plain.headers["location"] == f"/lessons/sample#moment-{ALERT}"
    page = client.get("/lessons/sample").text
    assert f"You answered: not really. {COACH.capitalize()} answered: yes." in page
    coach.post(path, data={"verdict": "none"})
    client.post(path, data={"verdict": "none"})
    assert stores.lessons.verdicts("sample") == []
    assert "Remove my answer" not in client.get("/lessons/sample").text
    assert client.post(path, data={"verdict": "x"}).status_code == 422


def test_nothing_is_kept_until_the_teacher_allows_it(client, coach, stores, filled):
    answers = f"{API}/answers"
    assert client.get(answers).json() == {
        "teacher": "Ms Ortega", "is_kept": False, "kept": 0, "days": 730,
    }  # fmt: skip
    say(client, ALERT, "confirmed")
    assert stores.lessons.labels() == []
    assert client.request("PUT", answers, json={"is_kept": True}).json()["is_kept"]
    assert stores.lessons.labels() == []  # only later answers are kept
    say(coach, ALERT, "confirmed")
    say(client, ZONES_ALERT, "dismissed")
    assert client.get(answers).json()["kept"] == 2
    client.request("DELETE", f"{API}/moments/{ZONES_ALERT}/verdict")
    assert client.get(answers).json()["kept"] == 1
    assert client.request("PUT", answers, json={"is_kept": False}).json() == {
        "teacher": "Ms Ortega", "is_kept": False, "kept": 0, "days": 730,
    }  # fmt: skip
    assert stores.lessons.labels() == []
    assert len(stores.lessons.verdicts("sample")) == 2


def test_the_choice_works_without_scripts(client, stores, filled):
    path = "/lessons/sample/answers"
    page = client.get(path).text
    assert "<html" in page
    assert "730 days" in page
    assert "Allow it" in page
    assert client.post(path, data={"is_kept": "true"}).status_code == 303
    assert stores.lessons.keeps_labels("Ms Ortega")
    part = client.get(path, headers=HTMX).text
    assert "<html" not in part
    assert "Withdraw" in part
    assert "Allow it" in client.post(path, data={"is_kept": "false"}, headers=HTMX).text
    assert not stores.lessons.keeps_labels("Ms Ortega")
    assert client.get("/lessons/never-was/answers").status_code == 404


def test_nobody_can_choose_in_a_lesson_without_a_teacher(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, teacher=" "))
    stores.sharing.tie_name(" ", TEACHER, BY)
    assert client.request("PUT", f"{API}/answers", json={"is_kept": True}).status_code == 409
    assert not stores.lessons.keeps_labels(" ")
    assert "has no teacher" in client.get("/lessons/sample/answers").text


def test_only_the_areas_own_numbers_are_kept(client, stores, filled):
    stores.lessons.keep_labels("Ms Ortega")
    say(client, ALERT, "confirmed")
    say(client, ZONES_ALERT, "dismissed")
    room, zone = sorted(stores.lessons.labels(), key=lambda label: not label.is_room)
    assert (room.is_room, zone.is_room) == (True, False)
    assert (room.model, room.features_version) == ("sample-1", LABEL_FEATURES)
    moment = moments(client)[ALERT]
    assert room.utc_ns == filled.start_ns + int(moment["start_s"]) * SECOND_NS
    epochs = int(moment["end_s"] - moment["start_s"]) // 5
    assert room.rows.shape == (epochs, len(AREA_FEATURES))
    assert epochs > 20
    assert np.isfinite(room.rows).all()
    # No more than the moment's own epochs, and nothing that names anybody.
    text = repr(room).lower()
    assert "ortega" not in text
    assert "door" not in repr(zone).lower()


def test_unknown_moments_are_not_kept(stores, filled):
    lesson, epochs = filled.lesson, stores.scores.epochs("sample")
    alert = stores.scores.alerts("sample")[1]
    verdict = _verdict(alert)
    assert label_of(lesson, verdict, epochs) is not None
    assert label_of(lesson, verdict, []) is None
    assert label_of(lesson, replace(verdict, start_s=1_801, end_s=1_870), epochs) is None  # a gap
    assert label_of(lesson, replace(verdict, start_s=20, end_s=60), epochs) is None  # too early
    assert label_of(lesson, replace(verdict, zone="Attic"), epochs) is None
    mixed = [*epochs[:100], *(replace(epoch, model="sample-2") for epoch in epochs[100:])]
    assert label_of(lesson, verdict, mixed) is None
    few = [
        replace(epoch, zones=tuple(replace(zone, seats=4) for zone in epoch.zones))
        for epoch in epochs
    ]
    assert label_of(lesson, verdict, few) is None


def _verdict(alert):
    return Verdict(
        lesson="sample", moment=alert.id, by=TEACHER, role="teacher", is_confirmed=True, kind="lively",
        zone="room", start_s=1395, end_s=1510,
    )  # fmt: skip


def test_the_interface_is_described(client):
    paths = client.get("/openapi.json").json()["paths"]
    verdict = paths["/api/lessons/{lesson_id}/moments/{moment_id}/verdict"]
    assert set(verdict) == {"put", "delete"}
    assert set(paths["/api/lessons/{lesson_id}/answers"]) == {"get", "put"}
    assert "/lessons/{lesson_id}/answers" not in paths  # a person's page


def test_scores_read_back_are_the_numbers_that_the_alerts_used(stores):
    """A score, kept as an epoch and read back, gives the numbers that the alert model uses."""
    rng = np.random.default_rng(2)
    lesson = Lesson(
        id="a", room="r", teacher="t", title="", starts_utc_ns=START_NS,
        ends_utc_ns=START_NS + 3_000 * SECOND_NS, source="button",
    )  # fmt: skip
    scores = [
        ZoneScore(
            zone="room", seats=int(rng.integers(5, 30)), movement=float(rng.normal()),
            movement_low=-1.0, movement_high=1.0, off_task=None if at % 97 == 60 else float(share),
            off_task_low=None if at % 97 == 60 else max(0.0, float(share) - 0.1),
            off_task_high=None if at % 97 == 60 else min(1.0, float(share) + 0.2),
            signs={
                name: float(rng.normal())
                for name in ("movement", "moving_seats", "fidgets", "noise")[: 4 - at % 2]
            },
        )
        for at, share in enumerate(rng.uniform(0, 1, 200))
    ]  # fmt: skip
    scores = [replace(one, signs={**one.signs, "movement": one.movement}) for one in scores]
    stores.scores.commit(
        cursor=1,
        epochs=[
            EpochRecord(
                lesson="a", stream_id=1, first_seq=5 * at, utc_ns=START_NS + 5 * at * SECOND_NS,
                model="m", zones=zone_epochs(EpochScore(first_seq=5 * at, room=one, zones=())),
            )
            for at, one in enumerate(scores)
        ],
    )  # fmt: skip
    history = AreaHistory()
    seen = [history.update(one) for one in scores]
    said = Verdict(
        lesson="a", moment="x", by=TEACHER, role="teacher", is_confirmed=True, kind="own", zone="room",
        start_s=500, end_s=900,
    )  # fmt: skip
    label = label_of(lesson, said, stores.scores.epochs("a"))
    np.testing.assert_array_equal(label.rows, [one for one in seen[100:180] if one is not None])
