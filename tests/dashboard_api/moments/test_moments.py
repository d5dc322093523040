"""Moments: marking, editing and deleting on the page and by a program; and the suggestions."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dashboard_api.model.claim_view import NOT_TESTED, claim_sentence
from models.serving.claims import claims_of
from models.serving.manifest import SHIPPED, ModelManifest
from tests.dashboard_api.model.test_page import text_of
from tests.signed_in import TEACHER

API = "/api/lessons/sample/moments"
HTMX = {"HX-Request": "true"}


def own(client) -> list[dict]:
    return [moment for moment in client.get(API).json() if moment["kind"] == "own"]


def test_a_program_marks_edits_and_deletes_a_moment(client, filled):
    made = client.post(API, json={"start_s": 61.26, "length_s": 30, "note": " What now?\nMore. "})
    assert made.status_code == 201
    moment = made.json()
    assert (moment["start_s"], moment["end_s"]) == (61.3, 91.3)
    assert (moment["title"], moment["rest"]) == ("What now?", "More.")
    assert (moment["author"], moment["author_role"]) == (TEACHER, "teacher")
    assert moment["is_yours"]
    assert moment["off_task"] is None
    one = f"{API}/{moment['id']}"
    better = client.request("PUT", one, json={"note": "Better", "revision": moment["revision"]})
    assert (better.status_code, better.json()["note"]) == (200, "Better")
    assert [each["note"] for each in own(client) if each["id"] == moment["id"]] == ["Better"]
    assert client.request("DELETE", one).status_code == 204
    assert client.request("DELETE", one).status_code == 404
    assert len(own(client)) == 2


def test_htmx_gets_only_the_list(client, filled):
    form = {"start_s": "100", "length_s": "60", "note": "Here"}
    answer = client.post("/lessons/sample/moments", data=form, headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<ol")
    made = next(moment for moment in own(client) if moment["note"] == "Here")
    assert f'data-chosen="{made["id"]}"' in answer.text
    path = f"/lessons/sample/moments/{made['id']}"
    assert "There" in client.post(f"{path}/replies", data={"text": "There"}, headers=HTMX).text
    assert made["id"] not in client.post(f"{path}/delete", headers=HTMX).text


def test_without_scripts_the_form_leads_back_to_the_lesson(client, filled):
    answer = client.post("/lessons/sample/moments", data={"start_s": "100"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/lessons/sample#moments"
    assert len(own(client)) == 3


@pytest.mark.parametrize(
    "fields",
    (
        {"start_s": -1},
        {"start_s": "x"},
        {"start_s": 1e9},
        {"start_s": 1, "length_s": 0},
        {"start_s": 1, "note": "x" * 2001},
        {"start_s": 1, "author": "coach"},
        {"start_s": 1, "colour": "red"},
        {},
    ),
)
def test_an_invalid_moment_is_refused(client, filled, fields):
    assert client.post(API, json=fields).status_code == 422
    assert client.post("/lessons/sample/moments", data=fields).status_code == 422
    assert len(own(client)) == 2


def test_a_moment_of_another_lesson_is_not_found(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="other"))
    assert client.request("DELETE", "/api/lessons/other/moments/sample-a").status_code == 404
    assert len(own(client)) == 2


def suggested(client) -> list[dict]:
    return [moment for moment in client.get(API).json() if moment["kind"] == "suggested"]


def many_stretches(stores) -> None:
    """Eight lively minutes and a half in the room, far apart, in an even lesson."""

    def share(at: int) -> float:
        return 0.75 if at >= 60 and at % 60 < 18 else 0.25

    stores.scores.commit(
        cursor=9,
        epochs=[
            replace(
                epoch,
                zones=tuple(
                    replace(
                        zone,
                        off_task=(value := share(epoch.first_seq // 5)),
                        off_task_low=value - 0.05,
                        off_task_high=value + 0.05,
                    )
                    for zone in epoch.zones
                ),
            )
            for epoch in stores.scores.epochs("sample")
        ],
    )


def test_three_suggestions_come_first_and_one_is_a_strength(client, filled):
    first = [each for each in suggested(client) if each["is_first"]]
    assert len(first) == 3
    assert sum(each["is_strength"] for each in first) == 1
    for each in suggested(client):
        assert each["because"]
        assert "simulated lessons only" in each["trust"]
        assert 0 <= each["start_s"] < each["end_s"] <= 3000
        assert (each["off_task"] is None) == each["is_strength"]


def test_a_suggestion_starts_with_its_stretch(client, filled):
    """Its alert was raised half a minute later."""
    found = {each["id"]: each for each in suggested(client)}
    room = found["sample-alert-1"]
    assert room["zone"] == "room"
    assert 1_350 <= room["start_s"] < 1_395
    assert 1_485 <= room["end_s"] <= 1_540


def test_at_most_six_are_suggested_and_three_come_first(client, stores, filled):
    many_stretches(stores)
    found = suggested(client)
    assert len(found) == 6
    assert sum(each["is_first"] for each in found) == 3
    assert all(each["is_first"] for each in own(client))


def test_the_list_and_the_lesson_page_count_the_same(client, stores, filled):
    lively = sum(not each["is_strength"] for each in suggested(client))
    (line,) = client.get("/api/lessons").json()
    assert line["lively"] == lively >= 2
    assert f"{lively} lively stretches" in client.get("/").text
    assert f"{lively} lively stretches" in client.get("/lessons/sample").text
    assert line["alerts"] == 4


def test_routines_are_named_and_not_suggested(client, stores, filled):
    routines = {each["title"]: each for each in client.get(API).json() if each["kind"] == "routine"}
    assert list(routines) == ["Settling in", "Packing up"]
    settling, packing = routines.values()
    assert (settling["start_s"], packing["end_s"]) == (0, 3_000)
    assert {each["question"] + each["claim"] + each["trust"] for each in routines.values()} == {""}
    page = client.get("/lessons/sample").text
    assert 'data-kind="routine"' in page
    assert f"verdict-{settling['id']}" not in page
    address = f"{API}/{settling['id']}/verdict"
    answer = client.request("PUT", address, json={"verdict": "confirmed"})
    assert answer.status_code == 404
    # Without an end nobody knows that the class packed up: then it is a suggestion like others.
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None, activities=()))
    found = client.get(API).json()
    assert [each["title"] for each in found if each["kind"] == "routine"] == ["Settling in"]
    assert any(each["start_s"] == packing["start_s"] for each in suggested(client))


def test_a_routine_that_is_none_can_be_added_as_a_moment(client, filled):
    page = client.get("/lessons/sample").text
    (settling, _) = (each for each in client.get(API).json() if each["kind"] == "routine")
    form = re.search(
        rf'id="moment-{settling["id"]}".*?<form[^>]*action="([^"]+)".*?</form>', page, re.DOTALL
    )
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    assert client.post(form[1], data=fields).status_code == 303
    added = next(each for each in own(client) if each["title"] == "Settling in")
    assert (added["start_s"], added["end_s"]) == (settling["start_s"], settling["end_s"])


def test_an_answered_suggestion_does_not_become_a_routine(client, stores, filled):
    running = replace(filled.lesson, ends_utc_ns=None)
    stores.lessons.put(running)
    last = suggested(client)[-1]
    answer = client.request("PUT", f"{API}/{last['id']}/verdict", json={"verdict": "confirmed"})
    assert answer.status_code == 200
    stores.lessons.put(filled.lesson)
    at_the_end = [each for each in client.get(API).json() if each["end_s"] == last["end_s"]]
    assert [(each["id"], each["kind"]) for each in at_the_end] == [(last["id"], "suggested")]
    assert at_the_end[0]["your_answer"] == "confirmed"


def test_a_suggestion_says_how_often_such_stretches_are_right(client, stores, filled):
    manifest = ModelManifest.from_json(SHIPPED.with_suffix(".json").read_text(), "shipped")
    known = {claim_sentence(one, "simulated") for one in claims_of(manifest)}
    assert {each["claim"] for each in suggested(client)} == {NOT_TESTED}
    for version in (manifest.version, f"{manifest.version}+a1b2c3"):
        epochs = [replace(each, model=version) for each in stores.scores.epochs("sample")]
        stores.scores.commit(cursor=11, epochs=epochs)
        found = suggested(client)
        assert {each["claim"] for each in found} <= known
        page = text_of(client.get("/lessons/sample"))
        assert all(page.count(each["claim"]) >= 2 for each in found), "in the list and in the note"


def test_a_lesson_without_scores_has_no_suggestions(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="quiet"))
    lines = {line["id"]: line["lively"] for line in client.get("/api/lessons").json()}
    assert lines["quiet"] is None
    assert lines["sample"] > 0
    for address in ("/", "/lessons/quiet"):
        assert "not scored yet" in client.get(address).text


def test_without_a_readable_model_peoples_moments_remain(client, stores, filled, tmp_path):
    client.app.state.catalog.model_file = tmp_path / "gone.onnx"
    assert [each["is_strength"] for each in suggested(client)] == [True]
    assert len(own(client)) == 2


def test_suggestions_keep_their_ids_when_the_lesson_is_scored_again(client, stores, filled):
    many_stretches(stores)
    before = {each["id"]: each for each in suggested(client)}
    answered = next(each for each in before.values() if each["id"].startswith("sample.lively."))
    calm = next(each for each in before.values() if each["is_strength"])
    for moment in (answered, calm):
        address = f"{API}/{moment['id']}/verdict"
        assert client.request("PUT", address, json={"verdict": "confirmed"}).status_code == 200
    epochs = stores.scores.epochs("sample")
    later = [
        replace(epoch, zones=shifted.zones)
        for epoch, shifted in zip(epochs[3:], epochs[:-3], strict=True)
    ]  # the same scores, 15 s later
    stores.scores.commit(cursor=11, epochs=later)
    after = {each["id"]: each for each in suggested(client)}
    for moment in (answered, calm):
        kept = after[moment["id"]]
        assert (kept["start_s"], kept["end_s"]) == (moment["start_s"], moment["end_s"])
        assert kept["your_answer"] == "confirmed"
    assert len(after) <= 6, "no stretch stands there twice"


def test_a_zone_that_may_not_be_shown_is_not_suggested(client, stores, filled):
    epochs = [
        replace(
            epoch,
            zones=(
                epoch.zones[0],
                *(replace(zone, zone="Corner", seats=4) for zone in epoch.zones[1:2]),
            ),
        )
        for epoch in stores.scores.epochs("sample")
    ]
    stores.scores.commit(cursor=7, epochs=epochs)
    assert "Corner" not in client.get("/lessons/sample").text
    assert {each["zone"] for each in suggested(client)} <= {"room"}
