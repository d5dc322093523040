"""The whole story, from signing in to a next step: a teacher, a coach, one lesson and its video."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school import open_school
from school.people.passwords import hash_password
from school.video.settings import VideoSettings
from tests.browser.parts import go_when_up
from tests.browser.program import Program, free_port
from tests.browser.sounding_film import film_of
from tests.signed_in import BY, open_test_school

PASSWORD = "three quiet mornings a week"
START_NS = 1_763_460_300 * SECOND_NS
LATE_S = 120
FILM_S = 1_500
NOTE = "Table by the window: who had the ruler?"
STEP = "Put the rulers on the tables before the bell"


@pytest.fixture
def here(sample_lesson: Any, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A school with one teacher and one coach, who have passwords, and one lesson."""
    school = open_test_school(tmp_path / "school")
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 3_600 * SECOND_NS)
    for person, name, role in (("kim", "Kim Ortega", "teacher"), ("rob", "Rob Lane", "coach")):
        school.people.add(name, person, [role], BY, person_id=person)
        school.people.set_password(person, hash_password(PASSWORD), BY)
    school.sharing.tie_name("Kim Ortega", "kim", BY)
    periods, scores = MemoryPeriodStore(), MemoryScoreStore()
    sample = sample_lesson.Sample(start_utc_ns=START_NS, teacher="Kim Ortega")
    sample_lesson.write(periods, scores, school.lessons, sample)
    school.close()

    def open_stores() -> Stores:
        opened = open_school(tmp_path / "school")
        return Stores.of_school(opened, periods=periods, scores=scores)

    port = free_port()
    video = VideoSettings(
        directory=tmp_path / "videos", key_directory=tmp_path / "keys", reserve_gb=0
    )
    program = Program(open_stores, port, clock=clock, zone=ZoneInfo("Europe/Berlin"), video=video)
    program.start()
    yield SimpleNamespace(address=f"http://127.0.0.1:{port}")
    program.stop()


@pytest.fixture
def sign_in(browser: Any, here: SimpleNamespace) -> Iterator[Callable[[str], Page]]:
    """Opens a browser of somebody, who signs in; no page of theirs may report an error."""
    faults: list[str] = []
    contexts = []

    def begin(name: str) -> Page:
        context = browser.new_context(
            viewport={"width": 1366, "height": 625}, base_url=here.address
        )
        contexts.append(context)
        page: Page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda asked: asked.accept())
        go_when_up(page, "/lessons/sample")
        page.get_by_label("E-mail address or name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page

    yield begin
    for context in contexts:
        context.close()
    assert faults == []


def position(page: Page) -> float:
    """Where the video is, in seconds."""
    return float(page.evaluate("document.querySelector('#video').currentTime"))


def guess(page: Page) -> None:
    page.get_by_role("button", name="Guess first").click()
    expect(page.locator("#ribbon")).to_be_hidden()
    page.get_by_role("button", name="Add a stretch").click()
    page.get_by_label("Stretch 1 to", exact=True).fill("25:00")
    page.get_by_label("Stretch 1 from", exact=True).fill("23:00")
    page.get_by_label("Settling in took").fill("5:00")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".difference")).to_contain_text("You marked 1 stretch")
    expect(page.locator(".difference")).to_contain_text("settling in took 5 min")
    expect(page.locator("#axis")).to_be_in_viewport(ratio=1)


def upload(page: Page, film: Path) -> None:
    page.get_by_role("tab", name="Video").click()
    with page.expect_file_chooser() as chooser:
        page.click("#lv-add")
    chooser.value.set_files(film)
    page.click("#lv-consent >> text=I confirm this")
    expect(page.locator("#lv-said")).to_contain_text("on the server, encrypted", timeout=120_000)


def watch(page: Page) -> None:
    """A suggestion plays from 10 s before it, whatever the camera's start was; space pauses it."""
    page.get_by_role("tab", name="Moments").click()
    moment = page.locator("li.suggested:not(.strength)").first
    start = float(moment.get_attribute("data-start") or "nan")
    moment.locator(".jump").click()
    page.wait_for_function("!document.querySelector('#video').paused")
    assert position(page) == pytest.approx(start - LATE_S - 10.0, abs=3.0)
    expect(moment.locator(".to-ask")).to_contain_text("?")
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('#video').paused")


def write(page: Page) -> None:
    page.keyboard.press("n")
    page.locator("#moment-note").fill(NOTE)
    page.get_by_text("Question", exact=True).click()
    page.locator("#new-moment .tag-choice > summary").click()
    page.locator("#new-moment .tag-group > summary").first.click()
    page.locator("#new-moment .tag-box").first.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("li.own")).to_contain_text(NOTE)
    expect(page.locator("li.own .kind-word")).to_contain_text("Question")
    expect(page.locator("li.own .tag")).to_have_count(1)


def dismiss(page: Page) -> None:
    moment = page.locator("li.suggested:not(.strength)").first
    moment.locator(".jump").click()
    moment.get_by_role("button", name="Not really").click()
    moment.get_by_label("What was it?").select_option("group_work")
    moment.get_by_role("button", name="Save").click()
    page.get_by_text("You answered: not really (group work).").wait_for()


def share(page: Page) -> None:
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_label("With", exact=True).select_option(label="Rob Lane (coach)")
    page.get_by_role("button", name="Share it").click()
    expect(page.get_by_text("Rob Lane", exact=False).first).to_be_visible()
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")


def answer_as_coach(page: Page) -> None:
    """The coach sees what the teacher wrote, replies, and proposes a step."""
    page.wait_for_selector("body[data-drawn]")
    expect(page.locator("#line-up-text")).to_contain_text("found by the sound")
    page.wait_for_function("() => document.querySelector('#video').readyState >= 1")
    note = page.locator("li.own")
    note.locator(".jump").click()
    note.locator(".reply-open summary").click()
    note.locator(".reply-form textarea").fill("Two of four. What if they lay there before?")
    note.get_by_role("button", name="Send the reply").click()
    expect(note.locator(".reply .note")).to_contain_text("Two of four.")
    page.get_by_role("tab", name="Next step").click()
    step = page.locator("#step-view")
    step.get_by_label("What will you try?").fill(STEP)
    step.get_by_label("Minutes of settling in").fill("3")
    step.get_by_role("button", name="Propose it").click()
    expect(step.get_by_text("You propose")).to_be_visible()


def decide(page: Page) -> None:
    """The reply comes by itself; the step is the teacher's once they take it over."""
    expect(page.locator("li.own .own-row")).to_contain_text("1 reply")
    page.reload()
    page.wait_for_selector("body[data-drawn]")
    page.get_by_role("tab", name="Next step").click()
    step = page.locator("#step-view")
    expect(step.get_by_text("Rob Lane proposes")).to_be_visible()
    step.get_by_role("button", name="Take it over").click()
    expect(step.get_by_role("heading", name="Your next step")).to_be_visible()
    expect(step.get_by_text("Settling in takes less than 3 minutes.")).to_be_visible()


def reflect(page: Page) -> None:
    page.goto("/lessons/sample/reflection")
    expect(page.locator("#main")).to_contain_text(NOTE)
    expect(page.locator("#main")).to_contain_text(STEP)
    page.get_by_label("What do I want to keep from this lesson?").fill("The quiet start")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saving")).to_have_text("Saved.")
    page.goto("/")
    expect(page.get_by_role("region", name="Your next step")).to_contain_text(STEP)


def test_from_signing_in_to_a_next_step(
    sign_in: Callable[[str], Page], here: SimpleNamespace, tmp_path: Path
) -> None:
    teacher = sign_in("kim")
    teacher.wait_for_selector("body[data-drawn]")
    expect(teacher.get_by_role("heading", level=1)).to_have_text("Fractions, part 2")
    guess(teacher)
    noise = teacher.request.get("/api/lessons/sample/timeline?level_s=1").json()["noise"]["mean"]
    film = tmp_path / "lesson.webm"
    film.write_bytes(film_of(noise, LATE_S, FILM_S))
    upload(teacher, film)
    expect(teacher.locator("#line-up-text")).to_have_text(
        re.compile(r"Lines up to within 0\.\d s, found by the sound")
    )
    watch(teacher)
    write(teacher)
    dismiss(teacher)
    share(teacher)
    coach = sign_in("rob")
    answer_as_coach(coach)
    decide(teacher)
    reflect(teacher)
    # What the teacher writes for themselves stays theirs.
    assert coach.request.get(f"{here.address}/lessons/sample/reflection").status == 404
