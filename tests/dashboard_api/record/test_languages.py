"""What is taken along in the language of who takes it."""

from __future__ import annotations

import html
import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from dashboard_api.language import LANGUAGES
from school.moments.records import Moment, NoteTag
from tests.bundles import bundle_file
from tests.dashboard_api.conftest import Pages
from tests.language.marked import PREFIXED
from tests.signed_in import COACH

GERMAN = {"Accept-Language": "de"}


@pytest.fixture(autouse=True)
def marked(monkeypatch):
    monkeypatch.setitem(LANGUAGES, PREFIXED.tag, PREFIXED)


def taken(pages: Pages, name: str, **headers: str) -> bytes:
    answer = pages.get(f"/lessons/sample/{name}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def page(pages: Pages, path: str, **headers: str) -> str:
    answer = pages.get(path, headers=headers)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_the_record_is_set_in_it_and_says_which_it_is(client, filled, stores):
    stores.lessons.put_moment(
        Moment(id="n", lesson="sample", start_s=310, end_s=330, note="Who begins first?",
               author=COACH, role="coach", kind="question",
               tags=(NoteTag(id="follow-up", label="Follow-up"), NoteTag(id="x", label="Ours")))
    )  # fmt: skip
    reader = PdfReader(BytesIO(taken(client, "record.pdf", **GERMAN)))
    text = " ".join(" ".join(each.extract_text() for each in reader.pages).split())
    assert reader.root_object["/Lang"] == "de"
    for words in ("»Next step", "»Moments and notes", "»Who sees the lesson", "»Page 1 of 1"):
        assert words in text
    assert "»Question by »a person who left (»coach) · »Follow-up · Ours" in text
    assert "Who begins first?" in text
    assert "»Who begins" not in text
    assert PdfReader(BytesIO(taken(client, "record.pdf"))).root_object["/Lang"] == "en"


def test_chapters_and_the_next_visit_are_in_it(client, filled):
    chapters = taken(client, "chapters.vtt", **GERMAN).decode()
    assert "NOTE »The times are the lesson’s" in chapters
    assert "»whole class" in chapters.lower()
    visit = taken(client, "next-visit.ics?at=2025-11-25T10:05", **GERMAN).decode()
    assert "SUMMARY:»Next visit: " in visit


def test_names_of_columns_are_the_same_in_each_language(client, filled):
    german, english = (taken(client, "notes.csv", **each) for each in (GERMAN, {}))
    assert german.splitlines()[0] == english.splitlines()[0]


def test_an_imported_copy_has_its_words_around_what_the_file_says(coach, filled):
    made = coach.post("/imported", files={"file": ("lesson.json", bundle_file())})
    shown = page(coach, made.headers["location"], **GERMAN)
    assert "»Question by »a coach · Wait time" in shown
    assert "»the teacher, 18 November 2025" in shown
    assert "»Open." in shown
    refused = coach.post("/imported", files={"file": ("a.json", b"[")}, headers=GERMAN)
    assert "»»The file a.json is no bundle of a lesson" in html.unescape(refused.text)
