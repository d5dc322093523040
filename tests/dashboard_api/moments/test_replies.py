"""Replies below notes: who sees, writes and deletes them."""

from __future__ import annotations

import pytest

from contract.clock import SECOND_NS
from tests.dashboard_api.moments.test_notes import ID, notes
from tests.signed_in import COACH, TEACHER

NOTE = "sample-b"
API = f"/api/lessons/sample/moments/{NOTE}/replies"


def test_two_talk_below_a_note(client, coach, clock, filled):
    asked = coach.post(API, json={"text": " Who had none? "}).json()
    assert (asked["author"], asked["author_role"], asked["text"]) == (
        COACH, "coach", "Who had none?",
    )  # fmt: skip
    assert asked["written_at"] == "2025-11-18T12:05:00+01:00"
    clock.now_ns += SECOND_NS
    client.post(f"/lessons/sample/moments/{NOTE}/replies", data={"text": "The <i>second</i>"})
    replies = notes(coach)[NOTE]["replies"]
    assert [(one["author"], one["is_yours"]) for one in replies] == [
        (COACH, True),
        (TEACHER, False),
    ]
    page = coach.get("/lessons/sample").text
    assert "2 replies" in page
    assert "The &lt;i&gt;second&lt;/i&gt;" in page
    assert "18 November, 12:05" in page


def test_each_deletes_their_own_and_the_teacher_any(client, coach, filled):
    of_coach = coach.post(API, json={"text": "mine"}).json()["id"]
    of_teacher = client.post(API, json={"text": "the teacher’s"}).json()["id"]
    assert coach.request("DELETE", f"{API}/{of_teacher}").status_code == 403
    assert f"replies/{of_teacher}/delete" not in coach.get("/lessons/sample").text
    assert f"replies/{of_coach}/delete" in coach.get("/lessons/sample").text
    assert client.request("DELETE", f"{API}/{of_coach}").status_code == 204
    assert client.request("DELETE", f"{API}/{of_coach}").status_code == 404
    assert client.request("DELETE", f"{API}/{of_teacher}").status_code == 204
    assert notes(client)[NOTE]["replies"] == []


def test_replies_go_with_their_note(client, coach, stores, filled):
    coach.post(API, json={"text": "so?"})
    assert len(stores.lessons.replies("sample")) == 1
    assert client.request("DELETE", f"/api/lessons/sample/moments/{NOTE}").status_code == 204
    assert stores.lessons.replies("sample") == []
    assert coach.post(API, json={"text": "late"}).status_code == 404


def test_a_reply_that_is_sent_twice_is_kept_once(client, coach, filled):
    first = client.post(API, json={"id": ID, "text": "once"})
    again = client.post(API, json={"id": ID, "text": "once"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert coach.post(API, json={"id": ID, "text": "the coach's"}).status_code == 409
    assert [one["text"] for one in notes(client)[NOTE]["replies"]] == ["once"]


def test_a_reply_that_was_deleted_does_not_come_back(client, filled):
    assert client.post(API, json={"id": ID, "text": "once"}).status_code == 201
    assert client.request("DELETE", f"{API}/{ID}").status_code == 204
    assert client.post(API, json={"id": ID, "text": "once"}).status_code == 410
    assert notes(client)[NOTE]["replies"] == []


@pytest.mark.parametrize("text", ("", " \n", "x" * 2001, None))
def test_a_reply_without_words_or_too_long_is_refused(client, filled, text):
    assert client.post(API, json={"text": text}).status_code == 422


def test_nobody_replies_to_a_suggestion(client, filled):
    suggested = next(
        one
        for one in client.get("/api/lessons/sample/moments").json()
        if one["kind"] == "suggested"
    )
    path = f"/api/lessons/sample/moments/{suggested['id']}/replies"
    assert client.post(path, json={"text": "so?"}).status_code == 404


def test_replies_to_a_note_that_is_not_shared_are_not_seen(client, coach, stores, filled):
    coach.post(API, json={"text": "Who?"})
    form = {"start": "22:00", "end": "25:00", "reason": "private"}
    client.post("/lessons/sample/exclusions", data=form)
    assert NOTE not in notes(coach)
    assert coach.post(API, json={"text": "again"}).status_code == 404
