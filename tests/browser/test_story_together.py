"""A debrief in two browsers, from its frame to its close, and what each side sees of it.

With `ROOMTONE_PICTURES=FOLDER` both sides are pictured there after each part, and
`together-story.txt` says what happened and what stood on each page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.both_sides import add_film, both, shared, wait_for_film
from tests.browser.lesson_page import expect_place
from tests.signed_in import COACH, TEACHER

PICTURES = os.environ.get("ROOMTONE_PICTURES", "")
NOTE = "Three had no ruler. What could lie there before?"
REPLY = "The rulers. I could put them out in the break."
STEP = "Put the rulers on the tables before the bell"
IS_PLAYING = "() => !document.querySelector('#video').paused"
IS_PAUSED = "() => document.querySelector('#video').paused"


class Transcript:
    """What happened, and what both pages showed then."""

    def __init__(self, teacher: Any, coach: Any) -> None:
        self.sides = {"teacher": teacher, "coach": coach}
        self.lines = ["A debrief in two browsers", ""]
        self._part = 0

    def did(self, who: str, what: str) -> None:
        self.lines.append(f"{who}: {what}")

    def part(self, name: str, *shown: str) -> None:
        """A part of the talk is over: the bar and `shown` as they stand on each page."""
        self._part += 1
        self.lines += ["", f"== {name} =="]
        for side, page in self.sides.items():
            self.lines.append(f"-- the {side}'s page")
            for selector in ("#together-people li", "#agenda-now", "#together-said", *shown):
                # Not each page has each of them.
                texts = page.locator(selector).filter(visible=True).all_inner_texts()
                self.lines += [f"   {' '.join(text.split())}" for text in texts if text.split()]
            if PICTURES:
                name_of_file = f"together-{self._part}-{name.lower()}-{side}.png"
                page.screenshot(path=Path(PICTURES) / name_of_file, animations="disabled")
        self.lines.append("")

    def save(self) -> None:
        if PICTURES:
            path = Path(PICTURES) / "together-story.txt"
            path.write_text("\n".join(self.lines), encoding="utf-8")

    def shows(self, side: str, text: str) -> bool:
        """Whether a text stood on a side's page in the last part."""
        last = "\n".join(self.lines).rpartition("== ")[2]
        return text in last.partition(f"-- the {side}'s page")[2].partition("-- the")[0]


@pytest.fixture
def call(browser: Any, school: SimpleNamespace, film: Path) -> Iterator[tuple[Any, Any]]:
    add_film(school, film)
    with shared(school):
        teacher, coach = both(browser, school)
        wait_for_film(teacher, coach)
        yield teacher, coach
        for context in list(browser.contexts):
            context.close()


def part_is(name: str, *pages: Any) -> None:
    for page in pages:
        expect(page.locator("#agenda-name")).to_have_text(name)


def frame(teacher: Any, coach: Any, said: Transcript) -> None:
    teacher.locator("#agenda-start").click()
    said.did(TEACHER, "starts the agenda")
    part_is("Frame", teacher, coach)
    said.part("Frame")
    for side in said.sides:
        assert said.shows(side, "Frame 0:")


def guess(teacher: Any, coach: Any, said: Transcript) -> None:
    """The teacher's page alone asks for it; the coach sees it once it is shown."""
    coach.get_by_role("button", name="Next: Guess").click()
    said.did(COACH, "goes on to the guess")
    part_is("Guess", teacher, coach)
    expect(teacher.locator("#guess-ask")).to_be_visible()
    expect(coach.locator("#guess-ask")).to_have_count(0)
    teacher.get_by_label("Settling in took").fill("5:00")
    teacher.get_by_role("button", name="Compare").click()
    said.did(TEACHER, "guesses that settling in took 5 minutes")
    expect(teacher.locator(".difference")).to_contain_text("settling in took 5 min")
    expect(coach.locator(".difference")).to_have_count(0)
    teacher.locator("#guess-show").click()
    said.did(TEACHER, "shows the guess")
    expect(coach.locator(".difference")).to_contain_text("settling in took 5 min")
    said.part("Guess", ".difference p")


def moments(teacher: Any, coach: Any, said: Transcript) -> None:
    """They watch one together; the coach asks, the teacher answers."""
    teacher.get_by_role("button", name="Next: Moments").click()
    part_is("Moments", teacher, coach)
    teacher.evaluate("() => { location.hash = '#t=30'; }")
    expect_place(coach, 30, 1)
    teacher.locator("#play").click()
    said.did(TEACHER, "plays from 0:30")
    coach.wait_for_function(IS_PLAYING)
    teacher.locator("#play").click()
    said.did(TEACHER, "pauses")
    coach.wait_for_function(IS_PAUSED)
    coach.keyboard.press("n")
    coach.locator("#moment-note").fill(NOTE)
    coach.keyboard.press("Control+Enter")
    said.did(COACH, f"writes “{NOTE}”")
    note = teacher.locator(".moment", has_text=NOTE)
    expect(note).to_be_visible()
    note.locator(".jump").click()
    note.locator(".reply-open summary").click()
    note.locator("textarea").fill(REPLY)
    note.get_by_role("button", name="Send the reply").click()
    said.did(TEACHER, f"replies “{REPLY}”")
    coach.locator(".moment", has_text=NOTE).locator(".jump").click()
    expect(coach.locator(".reply", has_text=REPLY)).to_be_visible()
    expect(teacher.locator(".reply", has_text=REPLY)).to_be_visible()
    coach.keyboard.press("f")
    said.did(COACH, "reads it, and follows again")
    expect(teacher.locator("#together-people")).to_contain_text(f"{COACH} coach, follows")
    said.part("Moments", ".moment.is-chosen")
    for side in said.sides:
        assert said.shows(side, NOTE)
        assert said.shows(side, REPLY)


def plan(teacher: Any, coach: Any, said: Transcript) -> None:
    """The coach proposes, and the step is the teacher's once they take it over."""
    coach.get_by_role("button", name="Next: Plan").click()
    part_is("Plan", teacher, coach)
    step = coach.locator("#step-view")
    step.get_by_label("What will you try?").fill(STEP)
    step.get_by_label("Minutes of settling in").fill("3")
    step.get_by_role("button", name="Propose it").click()
    said.did(COACH, f"proposes “{STEP}”")
    expect(teacher.locator("#next-step")).to_contain_text(STEP)
    teacher.locator("#step-view").get_by_role("button", name="Take it over").click()
    said.did(TEACHER, "takes it over")
    expect(step.get_by_text(f"{COACH} proposes")).to_have_count(0)
    expect(step.get_by_text("You propose")).to_have_count(0)
    said.part("Plan", "#next-step h2, #next-step h3, #next-step .what")
    for side in said.sides:
        assert said.shows(side, STEP)


def rehearse(teacher: Any, coach: Any, said: Transcript) -> None:
    """The coach leads once."""
    teacher.get_by_role("button", name="Next: Rehearse").click()
    part_is("Rehearse", teacher, coach)
    coach.locator("#together-lead").click()
    expect(teacher.locator("#together-people .leads")).to_contain_text(COACH)
    coach.evaluate("() => { location.hash = '#t=50'; }")
    said.did(COACH, "takes the lead, and goes to 0:50")
    expect_place(teacher, 50, 1)
    expect(coach.locator("#together-people")).to_contain_text(f"{TEACHER} teacher, follows")
    said.part("Rehearse", "#next-step .what")


def close(teacher: Any, coach: Any, said: Transcript) -> None:
    teacher.get_by_role("button", name="Next: Close").click()
    part_is("Close", teacher, coach)
    said.part("Close")
    coach.locator("#together-leave").click()
    said.did(COACH, "leaves")
    expect(teacher.locator("#together-said")).to_have_text(f"{COACH} left.")
    expect(coach.locator("#together")).to_be_hidden()
    said.part("After", ".lesson-title h1")


def test_a_debrief_from_its_frame_to_its_close(
    call: tuple[Any, Any], school: SimpleNamespace
) -> None:
    teacher, coach = call
    said = Transcript(teacher, coach)
    for part in (frame, guess, moments, plan, rehearse, close):
        part(teacher, coach, said)
    said.save()
    # What they agreed on is kept, with its author.
    (step,) = school.stores.sharing.steps.of_lesson("sample")
    assert (step.text.what, step.author) == (STEP, COACH)
    (note,) = [one for one in school.stores.lessons.moments("sample") if one.note == NOTE]
    assert (note.author, note.start_s) == (COACH, pytest.approx(30, abs=10))
    assert re.search(r"^the-coach: leaves$", "\n".join(said.lines), re.MULTILINE)
