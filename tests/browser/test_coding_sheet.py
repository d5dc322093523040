"""The observers' sheet on a phone: a network that comes and goes, a wrong clock, small screens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from contract.clock import SECOND_NS
from contract.lesson import Zone
from dashboard_api.app import create_app
from dashboard_api.observing import sheet_routes, sheet_view
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.rendering import STATIC_ADDRESS
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.observing import rota
from tests.browser.parts import parts
from tests.dashboard_api.server import serving
from tests.signed_in import BY, add_person, cookie, open_test_school, storage_of

LOOK_S, EVERY_S = 2, 3
"""Shorter than in a lesson, so that a test sees many looks; the phone takes them from the page."""
NAMES = ("Window", "Front", "Middle by the board", "Door")
PHONE = {"width": 390, "height": 664}
PATIENCE_MS = 40_000


@pytest.fixture
def school(tmp_path) -> Iterator[SimpleNamespace]:
    """A lesson that began ten minutes ago, which Kim and Lou are asked to observe."""
    opened = open_test_school(tmp_path / "school")
    stores = Stores.of_school(opened, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
    now = time.time_ns()
    add_person(opened.people, "ada", "teacher")
    opened.sharing.tie_name("Ms Ada", "ada", BY)
    opened.lessons.put(
        Lesson(
            id="maths", room="r1", teacher="Ms Ada", title="Fractions, part 2", source="timetable",
            starts_utc_ns=now - 600 * SECOND_NS, ends_utc_ns=now + 3600 * SECOND_NS,
            zones=tuple(
                Zone(name=name, seats=tuple(range(6 * at + 1, 6 * at + 7)))
                for at, name in enumerate(NAMES)
            ),
        )
    )  # fmt: skip
    for person in ("kim", "lou"):
        add_person(opened.people, person, "coach")
        by = Actor(name="ada", utc_ns=now, person="ada")
        opened.sharing.observers.ask("maths", person, by)
    with (
        pytest.MonkeyPatch.context() as patched,
        serving(create_app(lambda: stores), DashboardSettings()) as served,
    ):
        for module in (rota, sheet_view, sheet_routes):
            patched.setattr(module, "LOOK_S", LOOK_S)
        for module in (rota, sheet_view):
            patched.setattr(module, "EVERY_S", EVERY_S)
        yield SimpleNamespace(
            stores=stores,
            address=f"http://127.0.0.1:{served.port}",
            now_ns=now,
            people=opened.people,
        )


@contextmanager
def phone(browser, school, person: str = "kim", **options) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, base_url=school.address,
        storage_state=storage_of(cookie(school.people, time.time_ns(), person)), **options,
    )  # fmt: skip
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def begin(context: BrowserContext) -> Page:
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
    page.faults = faults
    page.goto("/lessons/maths/coding")
    page.get_by_role("button", name="Begin").click()
    return page


def answer(page: Page, words: str) -> None:
    """Answer the next look that is open, and wait until the phone shows that it knows."""
    button = page.locator("#answers button", has_text=words)
    page.locator("#answers button:enabled", has_text=words).click()
    expect(button).to_have_attribute("aria-pressed", "true")


def kept(school, person: str = "kim") -> list[str]:
    """The answers on the server, in the order of their looks."""
    return [look.answer for look in school.stores.sharing.observers.looks_of(person)]


def all_sent(page: Page) -> None:
    expect(page.locator("#link-state")).to_have_text("Everything is on the server.")


def test_nothing_is_lost_and_nothing_double_while_the_network_comes_and_goes(
    browser, school
) -> None:
    with phone(browser, school) as context:
        page = begin(context)
        answer(page, "A few")
        all_sent(page)
        context.set_offline(True)
        answer(page, "Most")
        expect(page.locator("#link-state")).to_contain_text(
            "The server can’t be reached. 1 look is"
        )
        answer(page, "None")
        page.locator("#undo").click()  # a slip, undone without a network
        answer(page, "About half")
        assert kept(school) == ["few"]
        expect(page.locator("#tally")).to_have_text("3 looks coded")
        context.set_offline(False)
        all_sent(page)
        assert kept(school) == ["few", "most", "half"]
        # The server takes what comes, and its answer gets lost: the phone sends it again.
        lost: list[int] = []

        def lose(route: Route) -> None:
            lost.append(route.fetch().status)
            route.abort()

        page.route("**/looks", lose)
        answer(page, "Can’t say")
        expect(page.locator("#link-state")).to_contain_text("can’t be reached")
        page.unroute("**/looks")
        answer(page, "None")
        all_sent(page)
        assert lost
        assert set(lost) == {200}
        assert kept(school) == ["few", "most", "half", "unsure", "none"]
        assert page.faults == []


def test_what_waits_outlives_the_page(browser, school) -> None:
    with phone(browser, school) as context:
        page = begin(context)
        context.set_offline(True)
        answer(page, "Most")
        answer(page, "A few")
        page.close()
        assert kept(school) == []
        context.set_offline(False)
        later = context.new_page()
        later.goto("/lessons/maths/coding")
        all_sent(later)
        assert kept(school) == ["most", "few"]
        assert later.evaluate("Object.keys(localStorage)") == []


def test_the_server_away_and_signed_out_are_said(browser, school) -> None:
    with phone(browser, school) as context:
        page = begin(context)
        page.route("**/looks", lambda route: route.fulfill(status=503, body="{}"))
        answer(page, "Most")
        expect(page.locator("#link-state")).to_contain_text("1 look is kept on this phone")
        page.unroute("**/looks")
        cookies = context.cookies()
        context.clear_cookies()
        expect(page.locator("#link-state")).to_contain_text("You are signed out.")
        expect(page.get_by_role("link", name="Sign in again")).to_have_attribute(
            "href", "/sign-in?next=%2Flessons%2Fmaths%2Fcoding"
        )
        context.add_cookies(cookies)
        all_sent(page)
        school.stores.sharing.observers.take_back(
            "maths", "kim", Actor(name="ada", utc_ns=school.now_ns, person="ada")
        )
        page.locator("#answers button:enabled", has_text="None").click()
        expect(page.locator("#link-state")).to_contain_text("not open to you any more")
        expect(page.locator("#phase")).to_have_text("This sheet is closed")
        page.get_by_role("button", name="Remove them from this phone").click()
        assert page.evaluate("Object.keys(localStorage)") == []


def test_a_server_that_is_away_or_has_closed_the_sheet_is_said_also_with_nothing_to_send(
    browser, school
) -> None:
    back = "document.dispatchEvent(new Event('visibilitychange'))"
    with phone(browser, school) as context:
        late: list[Route] = []
        context.route(
            "**/coding/clock", lambda route: route.abort() if late else late.append(route)
        )
        page = begin(context)
        all_sent(page)
        page.evaluate(back)
        away = "Carry on: looks are kept on this phone."
        expect(page.locator("#link-state")).to_contain_text(away)
        with page.expect_response("**/coding/clock"):
            late[0].continue_()  # asked before the server was away, and answered after it
        expect(page.locator("#link-state")).to_contain_text(away)
        context.unroute("**/coding/clock")
        page.evaluate(back)
        all_sent(page)
        school.stores.sharing.observers.take_back(
            "maths", "kim", Actor(name="ada", utc_ns=school.now_ns, person="ada")
        )
        page.evaluate(back)
        expect(page.locator("#phase")).to_have_text("This sheet is closed")
        expect(page.locator("#answers")).to_be_hidden()


def test_a_phone_that_slept_goes_on_by_how_far_its_clock_moved(browser, school) -> None:
    with phone(browser, school) as context:
        page = context.new_page()
        page.goto("/lessons/maths/coding")
        found = page.evaluate(
            """async (address) => {
                const { LessonClock } = await import(address);
                const real = Date.now, clock = new LessonClock(600000), before = clock.now();
                Date.now = () => real() - 3600000;  // set back: no sleep
                const back = [clock.now() - before, clock.isSure];
                Date.now = () => real() + 40000;  // the monotonic clock stood still
                const slept = [clock.now() - before, clock.isSure];
                const at = performance.now();
                clock.hear(700000, at - 200, at);  // however slow, the server knows better
                return { back, slept, heard: [clock.now() - 700100, clock.isSure] };
            }""",
            f"{STATIC_ADDRESS}/shared/clock.js",
        )
    for name, (moved_ms, is_sure) in (("back", (0, True)), ("slept", (40_000, False)),
                                      ("heard", (0, True))):  # fmt: skip
        assert abs(found[name][0] - moved_ms) < 1_000, found
        assert found[name][1] == is_sure, found


def test_two_phones_with_wrong_clocks_look_at_the_same_zone(browser, school) -> None:
    off = "const now = Date.now; Date.now = () => now() - 7 * 3600e3;"
    with phone(browser, school) as one, phone(browser, school, "lou") as other:
        other.add_init_script(off)
        pages = begin(one), begin(other)
        for _ in range(3):
            start = int((time.time_ns() - school.now_ns) / SECOND_NS + 600) // EVERY_S * EVERY_S
            for page in pages:
                expect(page.locator("#zone")).to_have_text(rota.zone_at(NAMES, start + EVERY_S))
            begun_s = (time.time_ns() - school.now_ns) / SECOND_NS + 600 - (start + EVERY_S)
            assert -1 < begun_s < EVERY_S, "a look too early or too late"


def test_pausing_asks_for_nothing_and_the_looks_go_on(browser, school) -> None:
    with phone(browser, school) as context:
        page = begin(context)
        answer(page, "None")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#answers")).to_be_hidden()
        expect(page.locator("#zone")).to_have_text("Paused")
        page.get_by_role("button", name="Continue").click()
        answer(page, "Most")
        all_sent(page)
        assert kept(school) == ["none", "most"]


@pytest.mark.parametrize("scheme", ("light", "dark"))
@pytest.mark.parametrize("width", (320, 390))
def test_it_fits_a_phone_with_large_targets(browser, school, width, scheme) -> None:
    with phone(browser, school, color_scheme=scheme) as context:
        page = begin(context)
        page.set_viewport_size({"width": width, "height": PHONE["height"]})
        answer(page, "A few")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for button in parts(page.locator(".sheet button:visible")):
            box = button.bounding_box()
            assert box["height"] >= 48, button.text_content()
            assert box["x"] + box["width"] <= width
        if width == 390:  # all of it without scrolling
            assert box["y"] + box["height"] <= PHONE["height"]
        assert page.evaluate(
            "parseFloat(getComputedStyle(document.querySelector('.grid small')).fontSize)"
        ) >= 14  # fmt: skip


def test_without_scripts_a_plain_form_codes_one_look(browser, school) -> None:
    with phone(browser, school, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/lessons/maths/coding")
        page.get_by_role("button", name="About half").click()
        page.wait_for_url("**/coding")
        assert kept(school) == ["half"]
        page.get_by_role("button", name="Undo").click()
        page.wait_for_url("**/coding")
        assert kept(school) == []


def test_the_phone_and_the_server_have_one_rota(browser, school) -> None:
    with phone(browser, school) as context:
        page = context.new_page()
        page.goto("/lessons/maths/coding")
        times = [*range(-3, 61), 59.9, 58.0001, 0.5]
        found = page.evaluate(
            """async ([address, zones, look_s, every_s, times]) => {
                const { turnAt } = await import(address);
                return times.map((at) => turnAt({ zones, look_s, every_s }, at, 60));
            }""",
            [f"{STATIC_ADDRESS}/observing/rota.js", NAMES, LOOK_S, EVERY_S, times],
        )
        for at, turn in zip(times, found, strict=True):
            expected = rota.turn_at(NAMES, at, 60)
            assert (turn is None) == (expected is None), at
            if expected is not None:
                assert (turn["zone"], turn["start"], turn["end"]) == (
                    expected.zone, expected.start_s, expected.end_s,
                )  # fmt: skip
