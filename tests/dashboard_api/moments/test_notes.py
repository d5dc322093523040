"""Notes: their kind and tags, two that change one, what is sent twice, and times in the lesson."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from tests.signed_in import BY, COACH, add_person, cookie

API = "/api/lessons/sample/moments"
ID = "0123456789abcdef0123456789abcdef"


def add(pages, **fields):
    return pages.post(API, json={"start_s": 100, **fields})


def change(pages, moment: str, **fields):
    return pages.request("PUT", f"{API}/{moment}", json=fields)


def notes(pages) -> dict[str, dict]:
    return {one["id"]: one for one in pages.get(API).json() if one["kind"] == "own"}


def test_a_note_has_a_kind_and_tags_of_the_framework(client, filled):
    tags = [{"id": "time-to-think"}, {"id": "new-voices", "label": "another word"}]
    made = add(client, note="Why so quiet?", note_kind="question", tags=tags).json()
    assert made["note_kind"] == "question"
    assert made["tags"] == [
        {"id": "time-to-think", "label": "Time to think"},
        {"id": "new-voices", "label": "New voices"},
    ]
    page = client.get("/lessons/sample").text
    assert f'data-id="{made["id"]}" data-kind="own" data-note-kind="question"' in page
    assert '<span class="tag">Time to think</span>' in page
    assert {one["note_kind"] for one in client.get(API).json() if one["kind"] != "own"} == {None}
    plain = add(client).json()
    assert (plain["note_kind"], plain["tags"], plain["revision"]) == ("observation", [], 1)


def test_tags_stay_readable_when_the_framework_is_replaced(client, filled):
    made = add(client, tags=[{"id": "time-to-think"}]).json()
    framework = client.app.state.framework
    client.app.state.framework = replace(framework, groups=framework.groups[1:])
    assert notes(client)[made["id"]]["tags"] == [{"id": "time-to-think", "label": "Time to think"}]
    kept = change(client, made["id"], revision=1, note="so", tags=[{"id": "time-to-think"}]).json()
    assert kept["tags"] == made["tags"]
    # A phone may have had the older framework when it was offline.
    late = add(client, tags=[{"id": "open-question", "label": "Open question"}])
    assert late.json()["tags"] == [{"id": "open-question", "label": "Open question"}]
    unknown = add(client, tags=[{"id": "never-was"}])
    assert unknown.status_code == 422
    assert unknown.json()["detail"] == "The framework has no tag 'never-was'."


def test_a_change_of_an_older_revision_is_answered_with_both_texts(client, filled):
    made = add(client, note="first").json()
    one = change(client, made["id"], revision=1, note="from one tab").json()
    assert (one["revision"], one["note"]) == (2, "from one tab")
    other = change(client, made["id"], revision=1, note="from the other tab", note_kind="strength")
    assert other.status_code == 409
    assert other.json()["current"]["note"] == "from one tab"
    assert other.json()["current"]["revision"] == 2
    assert "Read both" in other.json()["detail"]
    assert notes(client)[made["id"]]["note_kind"] == "observation"
    both = change(client, made["id"], revision=2, note="from one tab\nand the other")
    assert both.json()["revision"] == 3


def test_two_that_save_in_the_same_moment_lose_nothing(client, stores, filled, monkeypatch):
    """Both have read the note; the second one writes after the first."""
    made = add(client, note="first").json()
    keep = stores.lessons.change_moment

    def overtaken(moment):
        monkeypatch.undo()
        keep(replace(moment, note="a moment earlier"))
        return keep(moment)

    monkeypatch.setattr(stores.lessons, "change_moment", overtaken)
    late = change(client, made["id"], revision=1, note="mine")
    assert late.status_code == 409
    assert late.json()["current"]["note"] == "a moment earlier"


def test_without_scripts_a_page_shows_both_texts(client, filled):
    made = add(client, note="first", tags=[{"id": "new-voices"}]).json()
    page = f"/lessons/sample/moments/{made['id']}/edit"
    assert 'value="new-voices" data-label="New voices" checked' in client.get(page).text
    change(client, made["id"], revision=1, note="from one tab")
    form = {"revision": "1", "note": "from the other tab", "note_kind": "strength"}
    answer = client.post(page, data=form)
    assert answer.status_code == 409
    assert "This note has been changed since you opened it" in answer.text
    assert ">from one tab</blockquote>" in answer.text
    assert ">from the other tab</textarea>" in answer.text
    assert 'name="revision" value="2"' in answer.text
    assert client.post(page, data={**form, "revision": "2"}).status_code == 303
    found = notes(client)[made["id"]]
    assert (found["note"], found["note_kind"], found["tags"]) == (
        "from the other tab", "strength", [],
    )  # fmt: skip


def test_what_is_sent_twice_is_kept_once(client, filled):
    first = add(client, id=ID, note="once").json()
    again = add(client, id=ID, note="once")
    assert (again.status_code, again.json()) == (201, first)
    change(client, ID, revision=1, note="changed since")
    assert add(client, id=ID, note="once").json()["note"] == "changed since"
    assert len(notes(client)) == 3


def test_a_note_that_was_deleted_does_not_come_back(client, filled):
    note = {"id": ID, "note": "words that are gone"}
    assert add(client, **note).status_code == 201
    assert client.request("DELETE", f"/api/lessons/sample/moments/{ID}").status_code == 204
    again = add(client, **note)  # the first answer was lost
    assert (again.status_code, again.json()["detail"]) == (
        410,
        "Somebody has deleted it meanwhile.",
    )
    assert ID not in notes(client)


def test_an_id_of_somebody_else_is_refused(client, coach, stores, filled):
    add(client, id=ID, note="the teacher's")
    assert add(coach, id=ID, note="the coach's").status_code == 409
    assert notes(client)[ID]["note"] == "the teacher's"
    assert add(client, id="short").status_code == 422


@pytest.mark.parametrize(
    ("fields", "why"),
    (
        ({"start_s": 3001}, "The lesson is over by then"),
        ({"start_s": 3000}, "The lesson is over by then"),
        ({"start_s": 1, "began_utc_ms": 1}, "give start_s or began_utc_ms"),
        ({"start_s": None}, "give start_s or began_utc_ms"),
        ({"note_kind": "grade"}, "note_kind"),
        ({"tags": [{"id": "new-voices"}] * 11}, "tags"),
    ),
)
def test_a_note_that_does_not_fit_is_refused(client, filled, fields, why):
    answer = add(client, **fields)
    assert answer.status_code == 422
    assert why in answer.json()["detail"]


def test_a_span_is_moved_within_the_lesson_and_what_is_seen(client, stores, filled):
    made = add(client, note="here").json()
    moved = change(client, made["id"], revision=1, start_s=90.04, end_s=200).json()
    assert (moved["start_s"], moved["end_s"], moved["note"]) == (90.0, 200, "here")
    ends = change(client, made["id"], revision=2, end_s=4_000, start_s=2_990).json()
    assert ends["end_s"] == 3_000
    for span, why in (
        ({"start_s": 2_999.5}, "a second long or more"),
        ({"start_s": 10, "end_s": 2_000}, "half an hour at most"),
        ({"start_s": 3_100, "end_s": 3_200}, "over by then"),
    ):
        answer = change(client, made["id"], revision=3, **span)
        assert answer.status_code == 422
        assert why in answer.json()["detail"]
    form = {"start": "5:00", "end": "6:00", "reason": "fire_drill"}
    client.post("/lessons/sample/exclusions", data=form)
    reaching = change(client, made["id"], revision=3, start_s=290, end_s=310)
    assert reaching.status_code == 422
    assert "left out or not shared" in reaching.json()["detail"]


def test_a_note_of_a_visit_has_the_time_when_it_was_begun(client, clock, filled):
    began = (filled.start_ns + 754_321_000_000) // 1_000_000
    made = add(client, start_s=None, began_utc_ms=began, note="They start at once").json()
    assert (made["start_s"], made["end_s"]) == (754.3, 814.3)
    assert made["began_at"] == "2025-11-18T11:17:34+01:00"
    assert "in the lesson at 11:17" in client.get("/lessons/sample").text
    early = (filled.start_ns - 60 * SECOND_NS) // 1_000_000
    assert add(client, start_s=None, began_utc_ms=early).json()["start_s"] == 0
    after = (filled.start_ns + 3_500 * SECOND_NS) // 1_000_000
    assert add(client, start_s=None, began_utc_ms=after).json()["start_s"] == 2_999


def test_a_running_lesson_takes_notes_until_now(client, stores, clock, filled):
    clock.utc_at_boot_ns = filled.start_ns + 600 * SECOND_NS
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None))
    assert add(client, start_s=595).status_code == 201


def test_a_list_that_is_as_it_was_is_not_sent_again(client, coach, filled):
    path = "/lessons/sample/moments"
    first = client.get(path)
    tag = first.headers["etag"]
    for _ in range(2):
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert coach.get(path).headers["etag"] != tag, "another reader has another list"
    add(coach, note="From the other side")
    later = client.get(path, headers={"If-None-Match": tag})
    assert later.status_code == 200
    assert "From the other side" in later.text


def test_a_change_elsewhere_makes_no_new_list(client, stores, filled):
    path = "/lessons/sample/moments"
    tag = client.get(path).headers["etag"]
    stores.lessons.put(replace(filled.lesson, id="other"))
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_a_note_that_is_gone_closes_no_page(client, filled):
    answer = client.post(f"{API}/none/replies", json={"text": "x"})
    assert answer.status_code == 404
    assert "roomtone-closed" not in answer.headers


def test_a_share_that_has_ended_closes_the_list(client, stores, clock, filled):
    add_person(stores.people, COACH, "coach")
    now = clock.utc_ns()
    stores.sharing.share("sample", COACH, BY, until_utc_ns=now + SECOND_NS)
    with client.browser(cookie(stores.people, now, COACH)) as pages:
        tag = pages.get("/lessons/sample/moments").headers["etag"]
        clock.now_ns += 2 * SECOND_NS
        answer = pages.get("/lessons/sample/moments", headers={"If-None-Match": tag})
        assert answer.status_code == 404
        assert "not be shared with you any more" in answer.json()["detail"]
        assert answer.headers["roomtone-closed"] == "lesson"
        late = add(pages, note="too late")
        assert (late.status_code, late.headers["roomtone-closed"]) == (404, "lesson")
