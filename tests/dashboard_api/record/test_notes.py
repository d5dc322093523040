"""Who sees a lesson takes its notes along as a table."""

from __future__ import annotations

import csv
import io
from typing import Any

from dashboard_api.model.claim_view import NOT_TESTED
from school.moments.records import Moment, NoteTag, Reply
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, TEACHER

FILE = "/lessons/sample/notes.csv"


def rows(pages: Pages) -> list[dict[str, str]]:
    answer = pages.get(FILE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="notes.csv"' in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def add_note(stores: Any, **fields: Any) -> None:
    known: dict[str, Any] = {
        "id": "n", "lesson": "sample", "start_s": 65, "end_s": 80, "note": "=HYPERLINK(1)\nso; =2",
        "author": COACH, "role": "coach", "kind": "question",
        "tags": (NoteTag(id="a", label="Wait time"), NoteTag(id="b", label="@Talk")),
    }  # fmt: skip
    stores.lessons.put_moment(Moment(**known | fields))


def test_it_has_every_moment_with_what_was_said_of_it(client, coach, filled, stores) -> None:
    add_note(stores)
    stores.lessons.add_reply(
        Reply(id="r", lesson="sample", moment="n", author=TEACHER, role="teacher",
              text="-maybe", written_utc_ns=START_NS)
    )  # fmt: skip
    shown = coach.get("/api/lessons/sample/moments").json()
    lively = next(one for one in shown if one["kind"] == "suggested")
    answer = {"verdict": "dismissed", "reason": "other", "words": "=cmd"}
    assert coach.request(
        "PUT", f"/api/lessons/sample/moments/{lively['id']}/verdict", json=answer
    ).is_success
    found = rows(client)
    shown = client.get("/api/lessons/sample/moments").json()
    assert [one["id"] for one in found if one["what"] not in {"reply", "answer"}] == [
        one["id"] for one in shown
    ]
    at = next(n for n, one in enumerate(found) if one["id"] == "n")
    note, reply = found[at], found[at + 1]
    assert (note["what"], note["kind"], note["from"], note["to, s"]) == (
        "note", "question", "1:05", "80.0",
    )  # fmt: skip
    assert note["words"] == "'=HYPERLINK(1)\nso;' =2"
    assert note["tags"] == "Wait time;' @Talk"
    assert (note["by"], note["as"]) == (COACH, "coach")
    assert (reply["what"], reply["words"], reply["as"]) == ("reply", "'-maybe", "teacher")
    assert reply["written at"] == "2025-11-18T11:05:00+01:00"
    said = next(one for one in found if one["what"] == "answer")
    assert (said["kind"], said["words"], said["by"]) == ("not really", "'=cmd", COACH)
    suggestion = next(one for one in found if one["what"] == "suggested" and one["because"])
    assert suggestion["how often such suggestions are right"] == NOT_TESTED


def test_a_coach_takes_what_is_shared_and_the_teacher_reads_that_in_the_log(
    client, coach, filled, stores
) -> None:
    add_note(stores, id="in", start_s=310, end_s=320)
    add_note(stores, id="across", start_s=295, end_s=310)
    add_note(stores, id="out", start_s=2000, end_s=2010)
    stores.sharing.share(
        "sample", COACH, BY, until_utc_ns=START_NS * 2, spans=[Span(300, 600)]
    )  # fmt: skip
    taken = {one["id"] for one in rows(coach)}
    assert "in" in taken
    assert not taken & {"across", "out"}
    assert {"in", "across", "out"} <= {one["id"] for one in rows(client)}
    stores.sharing.teacher.exclude("sample", Span(300, 330), "private", "", BY)
    assert "in" not in {one["id"] for one in rows(coach)} | {one["id"] for one in rows(client)}
    done = [e.sentence for e in stores.audit.of_lesson("sample", 50) if e.action == "exported"]
    assert done.count("The-coach exported lesson sample: its notes and moments") == 2
    page = client.get("/lessons/sample/sharing").text
    assert "exported this lesson: its notes and moments" in page


def test_the_page_has_what_its_reader_may_take(client, coach, filled) -> None:
    mine, theirs = (pages.get("/lessons/sample/take").text for pages in (client, coach))
    assert 'href="/lessons/sample/take"' in client.get("/lessons/sample").text
    assert 'href="/lessons/sample/take"' in coach.get("/lessons/sample").text
    assert 'href="/lessons/sample/take"' in coach.get("/lessons/sample/step").text
    for text in (mine, theirs):
        assert f'href="{FILE}" download' in text
        assert "The audit log records each one" in text
    assert 'href="/lessons/sample/table.csv"' in mine
    assert "table.csv" not in theirs
    assert "Parts of the lesson are not shared" not in theirs
    assert coach.get("/lessons/sample/table.csv").status_code == 404


def test_a_share_that_is_over_takes_nothing(client, coach, filled, stores) -> None:
    stores.sharing.unshare("sample", COACH, BY)
    assert coach.get(FILE).status_code == 404
    assert coach.get("/lessons/sample/take").status_code == 404


def test_before_a_guess_that_comes_first_there_is_nothing_measured(client, coach, filled, stores):
    add_note(stores)
    stores.sharing.guesses.begin(TEACHER, is_on=True)
    assert {one["what"] for one in rows(client)} == {"note"}
    assert {"suggested", "routine"} <= {one["what"] for one in rows(coach)}
    assert "Settling in" not in client.get("/lessons/sample/chapters.vtt").text
    assert "suggested" not in client.get("/lessons/sample/moments.vtt").text
    page = client.get("/lessons/sample/take").text
    assert "You guess first" in page
    assert "table.csv" not in page
    stores.sharing.guesses.put("sample", TEACHER, [(660, 780)], 240, 1)
    assert {"suggested", "routine"} <= {one["what"] for one in rows(client)}
    assert "table.csv" in client.get("/lessons/sample/take").text
