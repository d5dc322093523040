"""Two browsers on one lesson: its teacher's and its coach's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.forms.sheets import answer_to, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from tests.browser.lesson_page import lined_up
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, storage_of
from tests.videos import add_video

DAY_NS = 86_400 * SECOND_NS
PLACES = "() => Number(document.querySelector('#playhead').ariaValueNow)"


@contextmanager
def shared(school: SimpleNamespace) -> Iterator[None]:
    """The sample lesson is shared with its coach."""
    people, now = school.stores.people, school.clock.utc_ns()
    if people.person(COACH) is None:
        add_person(people, COACH, "coach")
    school.stores.sharing.share("sample", COACH, BY, until_utc_ns=now + DAY_NS)
    try:
        yield
    finally:
        school.stores.sharing.unshare("sample", COACH, BY)


def fill_as(school: SimpleNamespace, person: str, item: str, choice: str, words: str) -> None:
    """Somebody fills an item of the routines' walkthrough, and is done."""
    form = read_form(EXAMPLES["routines-walkthrough"])
    forms, utc_ns = school.stores.sharing.forms, school.clock.utc_ns()
    sheet = new_sheet("sample", person, TEACHER, form)
    forms.answer(sheet, answer_to(form.items[item], None, choice, words, 0), utc_ns)
    forms.finish("sample", form.id, Actor(name=person, utc_ns=utc_ns, person=person))


def add_film(school: SimpleNamespace, film: Any) -> None:
    """Eighty seconds of video on the server; the lesson starts at its second 2."""
    add_video(school.stores.videos, school.files, school.lesson.id, film.read_bytes())
    lined_up(school, 2.0)


def open_side(
    browser: Any, school: SimpleNamespace, person: str, *, script: str = "", **given: Any
) -> Any:
    """The lesson page of one of the two, drawn; `script` runs before any of its own."""
    cookies = cookie(school.stores.people, school.clock.utc_ns(), person)
    context = browser.new_context(
        base_url=school.address, storage_state=storage_of(cookies),
        viewport={"width": 1366, "height": 625}, **given,
    )  # fmt: skip
    context.set_default_timeout(40_000)
    page = context.new_page()
    if script:
        page.add_init_script(script)
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


def join(page: Any) -> Any:
    """Join, and wait until the others are known."""
    page.locator("#together-open").click()
    page.wait_for_selector("#together-people li")
    return page


def both(browser: Any, school: SimpleNamespace, **given: Any) -> tuple[Any, Any]:
    """The teacher, who leads, and the coach, both in the debrief."""
    teacher = join(open_side(browser, school, TEACHER))
    coach = join(open_side(browser, school, COACH, **given))
    teacher.wait_for_function("() => document.querySelectorAll('#together-people li').length === 2")
    return teacher, coach


def wait_for_film(*pages: Any) -> None:
    for page in pages:
        page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
