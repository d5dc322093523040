"""Moments: marked, reworded and deleted, from the page and by a program; and the suggestions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import SECOND_NS

API = "/api/lessons/sample/moments"
HTMX = {"HX-Request": "true"}


def own(client) -> list[dict]:
    return [moment for moment in client.get(API).json() if moment["kind"] == "own"]


def test_a_program_marks_rewords_and_deletes(client, filled):
    made = client.post(API, json={"start_s": 61.26, "length_s": 30, "note": " What now?\nMore. "})
    assert made.status_code == 201
    moment = made.json()
    assert (moment["start_s"], moment["end_s"]) == (61.3, 91.3)
    assert (moment["title"], moment["rest"]) == ("What now?", "More.")
    assert moment["author"] == "the teacher"
    assert moment["off_task"] is None
    one = f"{API}/{moment['id']}"
    assert client.request("PUT", one, json={"note": "Better"}).status_code == 204
    assert [each["note"] for each in own(client) if each["id"] == moment["id"]] == ["Better"]
    assert client.request("DELETE", one).status_code == 204
    assert client.request("DELETE", one).status_code == 404
    assert len(own(client)) == 2


def test_the_page_answers_htmx_with_the_list_alone(client, filled):
    form = {"start_s": "100", "length_s": "60", "note": "Here", "author": "coach"}
    answer = client.post("/lessons/sample/moments", data=form, headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<ol")
    made = next(moment for moment in own(client) if moment["note"] == "Here")
    assert f'data-chosen="{made["id"]}"' in answer.text
    path = f"/lessons/sample/moments/{made['id']}"
    assert "There" in client.post(f"{path}/note", data={"note": "There"}, headers=HTMX).text
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
        {"start_s": 1, "author": "principal"},
        {"start_s": 1, "colour": "red"},
        {},
    ),
)
def test_a_moment_that_makes_no_sense_is_refused(client, filled, fields):
    assert client.post(API, json=fields).status_code == 422
    assert client.post("/lessons/sample/moments", data=fields).status_code == 422
    assert len(own(client)) == 2


def test_a_moment_of_another_lesson_is_not_found(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="other"))
    assert client.request("DELETE", "/api/lessons/other/moments/sample-a").status_code == 404
    assert len(own(client)) == 2


def suggested(client) -> list[dict]:
    return [moment for moment in client.get(API).json() if moment["kind"] == "suggested"]


def more_alerts(stores) -> None:
    """Eight alerts that do not overlap, from the twelfth minute on."""
    (alert, *_) = stores.scores.alerts("sample")
    stores.scores.commit(
        cursor=9,
        alerts=[
            replace(
                alert,
                id=f"more-{i}",
                zone="room",
                raised_utc_ns=alert.raised_utc_ns + (100 + 60 * i) * SECOND_NS,
                cleared_utc_ns=alert.raised_utc_ns + (130 + 60 * i) * SECOND_NS,
            )
            for i in range(8)
        ],
    )


def test_three_suggestions_stand_first_and_one_of_them_is_a_strength(client, filled):
    first = [each for each in suggested(client) if each["is_first"]]
    assert len(first) == 3
    assert sum(each["is_strength"] for each in first) == 1
    for each in suggested(client):
        assert each["because"]
        assert "simulated lessons only" in each["trust"]
        assert 0 <= each["start_s"] < each["end_s"] <= 3000


def test_at_most_six_are_suggested_and_three_of_them_stand_first(client, stores, filled):
    more_alerts(stores)
    found = suggested(client)
    assert len(found) == 6
    assert sum(each["is_first"] for each in found) == 3
    assert all(each["is_first"] for each in own(client))


def test_the_list_and_the_lesson_page_count_the_same_signs(client, stores, filled):
    for add in (lambda _: None, more_alerts):
        add(stores)
        signs = sum(not each["is_strength"] for each in suggested(client))
        (line,) = client.get("/api/lessons").json()
        assert line["signs"] == signs
        assert f"{signs} signs" in client.get("/").text
        assert f"{signs} signs" in client.get("/lessons/sample").text
    assert line["alerts"] == 12
    assert signs == 5


def test_a_lesson_without_alerts_has_no_signs(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="quiet"))
    assert [line["signs"] for line in client.get("/api/lessons").json()] == [0, 4]
    assert "no signs" in client.get("/").text


def test_an_alert_that_is_still_open_lasts_until_now(client, stores, clock, filled):
    alerts = [
        replace(a, cleared_utc_ns=None) for a in stores.scores.alerts("sample") if a.zone == "room"
    ]
    raised = alerts[0].raised_utc_ns
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None))
    stores.scores.commit(cursor=7, alerts=alerts)
    clock.now_ns = raised + 100 * SECOND_NS - clock.utc_at_boot_ns
    found = next(each for each in client.get(API).json() if each["id"] == alerts[0].id)
    assert found["end_s"] - found["start_s"] == 100


def test_an_alert_of_a_zone_that_may_not_be_shown_is_not_suggested(client, stores, filled):
    alerts = [replace(alert, zone="Corner") for alert in stores.scores.alerts("sample")]
    stores.scores.commit(cursor=7, alerts=alerts)
    assert "Corner" not in client.get("/lessons/sample").text


def test_the_video_is_lined_up_in_tenths(client, stores, filled):
    path = "/api/lessons/sample/video-offset"
    assert client.request("PUT", path, json={"offset_s": -12.34}).status_code == 204
    assert stores.lessons.get("sample").video_offset_s == -12.3
    for wrong in (1e9, "x", None):
        assert client.request("PUT", path, json={"offset_s": wrong}).status_code == 422
