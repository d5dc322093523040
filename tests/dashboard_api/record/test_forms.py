"""Forms in what is taken along: both sides once both are done, and to nobody more than on the page."""

from __future__ import annotations

import html
import re
from io import BytesIO
from types import SimpleNamespace

import pytest
from pypdf import PdfReader

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.bundle.file_format import read_bundle
from school.forms.sheets import answer_to, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

RUBRIC = read_form(EXAMPLES["talk-rubric"])
SECOND = "the-second"


@pytest.fixture
def filling(client, coach, stores, filled, clock):
    """The lesson with two coaches, and how each fills and finishes the rubric."""
    add_person(stores.people, SECOND, "coach")
    until = clock.utc_ns() + 86_400 * SECOND_NS
    stores.sharing.share("sample", SECOND, BY, until_utc_ns=until)

    def fill(person: str, item: str, choice: str = "", words: str = "") -> None:
        sheet = new_sheet("sample", person, TEACHER, RUBRIC)
        answer = answer_to(RUBRIC.items[item], None, choice, words, 0)
        stores.sharing.forms.answer(sheet, answer, START_NS)

    def finish(person: str) -> None:
        by = Actor(name=person, utc_ns=START_NS, person=person)
        stores.sharing.forms.finish("sample", RUBRIC.id, by)

    with client.browser(cookie(stores.people, clock.utc_ns(), SECOND)) as second:
        yield SimpleNamespace(
            client=client, coach=coach, second=second, fill=fill, finish=finish, stores=stores
        )


def record_of(pages: Pages) -> str:
    answer = pages.get("/lessons/sample/record.pdf")
    assert answer.status_code == 200
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    return " ".join(text.replace("\u200b", "").split())


def bundled(pages: Pages) -> list[tuple[str, str, str, str, str]]:
    """Item, author, role, choice and words of everything in the bundle's forms."""
    found = read_bundle(pages.get("/lessons/sample/lesson.json").content, "it")
    return [
        (item.label, one.author, one.role, one.choice, one.words)
        for form in found.forms
        for item in form.items
        for one in item.said
    ]


def test_nothing_is_in_it_before_both_are_done(filling):
    filling.fill(TEACHER, "who-talks", "many", "of the teacher")
    filling.fill(COACH, "who-talks", "a-few", "of the coach")
    filling.finish(COACH)
    for pages in (filling.client, filling.coach):
        assert bundled(pages) == []
        text = record_of(pages)
        assert "of the teacher" not in text
        assert "of the coach" not in text
        assert RUBRIC.name not in text
    filling.finish(TEACHER)
    both = [
        ("Who talks", TEACHER, "teacher", "Many pupils", "of the teacher"),
        ("Who talks", COACH, "coach", "A few pupils", "of the coach"),
    ]
    for pages in (filling.client, filling.coach):
        assert sorted(bundled(pages)) == sorted(both)
        text = record_of(pages)
        assert f"Forms {RUBRIC.name} Who talks" in text
        assert f"{TEACHER} (teacher): Many pupils. of the teacher" in text
        assert f"{COACH} (coach): A few pupils. of the coach" in text
    # Who has not filled it sees none of it, as on the page.
    assert bundled(filling.second) == []
    assert "of the coach" not in record_of(filling.second)


def test_no_coach_takes_another_ones(filling):
    for person in (TEACHER, COACH, SECOND):
        filling.fill(person, "mistakes", words=f"words of {person}")
        filling.finish(person)
    taken = {
        name: {author for _, author, *_ in bundled(pages)}
        for name, pages in (
            (TEACHER, filling.client), (COACH, filling.coach), (SECOND, filling.second),
        )
    }  # fmt: skip
    assert taken == {
        TEACHER: {TEACHER, COACH, SECOND}, COACH: {TEACHER, COACH}, SECOND: {TEACHER, SECOND},
    }  # fmt: skip
    assert f"words of {SECOND}" not in record_of(filling.coach)
    assert f"words of {SECOND}" in record_of(filling.client)


def test_items_stand_in_the_forms_order_and_each_file_is_in_the_audit_log(filling):
    for person in (TEACHER, COACH):
        for item in ("mistakes", "who-talks"):
            filling.fill(person, item, words="said")
        filling.finish(person)
    labels = list(dict.fromkeys(label for label, *_ in bundled(filling.client)))
    ordered = [item.label for item in RUBRIC.items.values()]
    assert labels == [label for label in ordered if label in labels]
    record_of(filling.client)
    # A form that is not in use any more stays in it.
    filling.client.app.state.forms = {}
    assert len(bundled(filling.client)) == 4
    done = [
        each.sentence
        for each in filling.stores.audit.of_person(TEACHER, 9)
        if each.action == "exported"
    ]
    assert sorted(done) == [
        "The-teacher exported lesson sample: all of it",
        "The-teacher exported lesson sample: all of it",
        "The-teacher exported lesson sample: the record of its debrief",
    ]


def test_an_imported_copy_shows_them_without_names_and_grants_nothing(filling):
    for person in (TEACHER, COACH):
        filling.fill(person, "who-talks", "many", f"At 2:10 <b>by</b> {person[-5:]}")
        filling.finish(person)
    file = filling.coach.get("/lessons/sample/lesson.json").content
    answer = filling.second.post("/imported", files={"file": ("lesson.json", file)})
    page = filling.second.get(answer.headers["location"]).text
    assert "<b>by</b>" not in page
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert f"Forms {RUBRIC.name} Who talks" in text
    assert "the teacher: Many pupils. At 2:10" in text
    assert "a coach: Many pupils. At 2:10" in text
    assert TEACHER not in text
    assert COACH not in text
    # It is no form of the lesson.
    assert SECOND not in {each.person for each in filling.stores.sharing.forms.of_lesson("sample")}
    assert bundled(filling.second) == []
