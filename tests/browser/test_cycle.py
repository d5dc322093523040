"""A cycle in a real browser: begun, gone round, and read by its coach."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from tests.browser.axe import AXE, findings
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, storage_of

SIZES = ((1366, 625), (390, 844), (320, 568))
FOCUS = "Calm changes of activity"


@pytest.fixture
def coach_page(browser, school):
    """A coach's browser; the lesson is shared with them."""
    people, sharing = school.stores.people, school.stores.sharing
    if people.person(COACH) is None:
        add_person(people, COACH, "coach")
    now = school.clock.utc_ns()
    sharing.share("sample", COACH, BY, until_utc_ns=now + 3_600 * SECOND_NS)
    context = browser.new_context(
        base_url=school.address, storage_state=storage_of(cookie(people, now, COACH))
    )
    yield context.new_page()
    context.close()
    sharing.unshare("sample", COACH, BY)


def accessible(page) -> None:
    """No finding of axe; a coach's pages are not among those of the teacher in STATES."""
    for width, height in SIZES if AXE.is_file() else ():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert findings(page) == [], (width, scheme)


def test_a_coach_proposes_and_the_pair_goes_round(page, coach_page, school, settled):
    coach_page.goto("/")
    coach_page.get_by_role("link", name="Your caseload").click()
    case = coach_page.get_by_role("region", name=TEACHER)
    case.get_by_role("link", name="Propose a focus").click()
    coach_page.get_by_label("What do you work on?").fill(FOCUS)
    coach_page.get_by_label("When do you look again?").fill("2025-12-09")
    coach_page.get_by_role("button", name="Propose it").click()
    expect(coach_page.get_by_text("It waits for the teacher")).to_be_visible()
    accessible(coach_page)

    page.goto("/")
    page.get_by_role("link", name="Answer it").click()
    page.get_by_role("button", name="Take it over").click()
    opened = page.get_by_role("region", name=FOCUS)
    expect(opened.get_by_role("listitem").filter(has_text="now")).to_contain_text("Talk about it")
    opened.get_by_role("button", name="We have talked about it").click()
    expect(opened.get_by_role("listitem").filter(has_text="now")).to_contain_text(
        "Choose a next step"
    )
    page.goto("/lessons/sample/step")
    page.get_by_label("What will you try?").fill("Cards first")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Your cycle").click()
    expect(opened.get_by_text("Next step: Cards first")).to_be_visible()

    coach_page.goto("/caseload")
    expect(case.get_by_text("Now: Try it")).to_be_visible()
    expect(case.get_by_text("Due on 9 December 2025")).to_be_visible()
    expect(case.get_by_text("Next step: Cards first")).to_be_visible()
    case.get_by_text("Where it stands").click()
    accessible(coach_page)

    page.get_by_text("Change the focus, the days or the coach").click()
    page.get_by_role("button", name="Close this cycle").click()
    expect(page.get_by_role("region", name="Earlier ones")).to_contain_text(FOCUS)
    coach_page.reload()
    expect(case.get_by_text("No focus is shared with you.")).to_be_visible()
