"""The record of a debrief as PDF, read by another library."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from dashboard_api.app import MAX_EXPORTS
from dashboard_api.record.content import DebriefRecord, RecordedMoment, Said
from dashboard_api.record.pdf import pdf_of
from dashboard_api.record.planned_phases import RecordedPlan
from school.audit.actor import Actor
from school.debrief.records import StepText
from school.debrief.reflection_store import Reflection
from school.moments.records import Moment, NoteTag, Reply
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, TEACHER

FILE = "/lessons/sample/record.pdf"
ADA = Actor(name=TEACHER, utc_ns=START_NS, person=TEACHER)
KIM = Actor(name=COACH, utc_ns=START_NS, person=COACH)
A4 = (595, 842)


def read(made: bytes) -> PdfReader:
    reader = PdfReader(BytesIO(made), strict=True)
    for page in reader.pages:
        assert (round(page.mediabox.width), round(page.mediabox.height)) == A4
    return reader


def words(reader: PdfReader) -> str:
    """All pages as one line; places to break a long word are no part of it."""
    text = " ".join(page.extract_text() for page in reader.pages)
    return " ".join(text.replace("\u200b", "").split())


def tags(node: Any) -> set[str]:
    """The kinds of structure below a node of the tree that screen readers read."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return {tag for each in node for tag in tags(each)}
    if not isinstance(node, dict):
        return set()
    own = {str(node["/S"])} if "/S" in node else set()
    return own | (tags(node["/K"]) if "/K" in node else set())


def taken(pages: Pages) -> tuple[PdfReader, str]:
    answer = pages.get(FILE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="record.pdf"' in answer.headers["content-disposition"]
    reader = read(answer.content)
    return reader, words(reader)


def add_note(stores: Any, name: str, note: str, **fields: Any) -> None:
    known: dict[str, Any] = {
        "id": name, "lesson": "sample", "start_s": 310, "end_s": 330, "note": note,
        "author": COACH, "role": "coach", "kind": "question",
    }  # fmt: skip
    stores.lessons.put_moment(Moment(**known | fields))


def record(**fields: Any) -> DebriefRecord:
    known: dict[str, Any] = {"title": "t", "about": "a", "steps": (), "moments": (), "rest": "", "forms": (),
                             "plan": RecordedPlan(summary=(), phases=()), "shared": ("Its teacher alone.",), "taken": "Taken."}  # fmt: skip
    return DebriefRecord(**known | fields)


def moment(text: str) -> RecordedMoment:
    return RecordedMoment(place="0:01–0:02", title=text, who=text, words=text, lines=[text],
                          replies=[Said(who=text, words=text)])  # fmt: skip


def test_it_has_what_the_debrief_came_to(client, coach, filled, stores) -> None:
    add_note(
        stores, "n", "Who begins first?\nThe window.", tags=(NoteTag(id="w", label="Wait time"),)
    )
    stores.lessons.add_reply(
        Reply(id="r", lesson="sample", moment="n", author=TEACHER, role="teacher",
              text="The table at the window", written_utc_ns=START_NS)
    )  # fmt: skip
    stores.sharing.steps.write(
        "sample", StepText(what="Hand out the cards early", shows="settles", shows_minutes=4), ADA
    )
    shown = client.get("/api/lessons/sample/moments").json()
    chosen, other, *_ = (one for one in shown if one["kind"] == "suggested" and one["because"])
    coach.request(
        "PUT", f"/api/lessons/sample/moments/{chosen['id']}/verdict", json={"verdict": "confirmed"}
    )
    reader, text = taken(client)
    assert reader.metadata.title == "Fractions, part 2"
    assert len(reader.pages) == 1
    assert "Ms Ortega · room-204 · 18 November 2025, 11:05–11:55 · 50 min" in text
    assert "Hand out the cards early" in text
    assert "Settling in takes less than 4 minutes." in text
    assert f"Open. Written by {TEACHER}." in text
    assert "5:10–5:30 Who begins first?" in text
    assert f"Question by {COACH} (coach) · Wait time" in text
    assert f"{TEACHER} (teacher), 18 November 2025, 11:05: The table at the window" in text
    assert chosen["because"][0] in text
    assert f"{COACH} (coach): worth talking about" in text
    assert other["because"][0] not in text
    assert re.search(r"The system suggested \d+ more places", text)
    assert f"{COACH}: the whole lesson, until the end of 19 November 2025." in text
    done = [e.sentence for e in stores.audit.of_person(TEACHER, 9) if e.action == "exported"]
    assert done == ["The-teacher exported lesson sample: the record of its debrief"]


def test_a_screen_reader_finds_its_way(client, filled) -> None:
    reader, _ = taken(client)
    root = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data().decode()
    assert {"/H1", "/H2", "/H3", "/P"} <= tags(root["/StructTreeRoot"])
    assert [str(item["/Title"]) for item in reader.outline if not isinstance(item, list)] == [
        "Fractions, part 2"
    ]


@pytest.mark.slow
def test_long_texts_go_on_and_nothing_is_lost() -> None:
    long = [f"w{at:04} " * 150 + "x" * 700 + f" end{at:04}" for at in range(12)]
    reader = read(pdf_of(record(moments=[moment(text) for text in long]), START_NS))
    assert len(reader.pages) > 5
    text = words(reader)
    for at in range(12):
        assert text.count(f"w{at:04}") == 6 * 150
        assert text.count(f"end{at:04}") == 6
    assert text.replace(" ", "").count("x" * 700) >= 12 * 5
    assert f"Page {len(reader.pages)} of {len(reader.pages)}" in text


@pytest.mark.parametrize(
    "text",
    ("#panic() #sys.inputs", "*bold* _it_ `raw` $x$", "@ref <label> = heading", "\\ // /* ~ --- '\"",
     '"; #import "x.typ": *', "]] [ ) ( } {", '#eval("1") #read("pdf.py")'),
)  # fmt: skip
def test_what_people_write_is_never_markup(text: str) -> None:
    shown = words(read(pdf_of(record(title=text, moments=[moment(text)]), START_NS)))
    assert shown.count(" ".join(text.split())) >= 6


@pytest.mark.parametrize("text", ("", "\n\n", " ", "\t", "\0\x01", "a\r\nb"))
def test_odd_texts_make_a_record_too(text: str) -> None:
    assert "Moments and notes" in words(read(pdf_of(record(moments=[moment(text)]), START_NS)))


def test_letters_without_a_font_stand_as_code_points() -> None:
    unseen = "\U0010fff0"
    text = words(read(pdf_of(record(moments=[moment(f"“a” {unseen} Ω ö")]), START_NS)))
    assert "“a” [U+10FFF0] Ω ö" in text
    assert "Some letters are not in the fonts here" in text
    assert "Some letters" not in words(read(pdf_of(record(moments=[moment("ö Ω Ж")]), START_NS)))


@given(st.text(max_size=60))
@settings(max_examples=30)
def test_whatever_is_written_there_is_a_record(text: str) -> None:
    assert "Moments and notes" in words(read(pdf_of(record(moments=[moment(text)]), START_NS)))


def test_a_coach_takes_what_they_see(client, coach, filled, stores) -> None:
    add_note(stores, "in", "Inside the part")
    add_note(stores, "out", "Outside the part", start_s=2000, end_s=2010)
    stores.sharing.reflections.save("sample", TEACHER, Reflection(keep="My own words"), 1)
    step = stores.sharing.steps.write("sample", StepText(what="Begin early"), ADA)
    stores.sharing.steps.report(step.id, "done", "It was hard", "sample", ADA)
    _, mine = taken(client)
    for own in ("Inside the part", "Outside the part", "It was hard"):
        assert own in mine
    assert "My own words" not in mine
    stores.sharing.share("sample", COACH, BY, until_utc_ns=START_NS * 2, spans=[Span(300, 600)])
    _, theirs = taken(coach)
    assert "Inside the part" in theirs
    assert "Begin early" in theirs
    assert f"Its teacher shares it with {COACH}: 5:00–10:00 until the end of" in theirs
    assert "the parts that are shared" in theirs
    for hidden in ("Outside the part", "It was hard", "My own words"):
        assert hidden not in theirs


def test_only_so_many_are_made_at_once(client, filled) -> None:
    places = client.app.state.exports
    with places.held("x"), places.held("y"), places.held("z"), places.held("w"):
        assert len(places) == MAX_EXPORTS
        answer = client.get(FILE)
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert client.get(FILE).status_code == 200
    assert len(places) == 0
