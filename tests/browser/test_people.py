"""The list of people in a real browser: found while one types, and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.signed_in import add_person


@pytest.fixture
def staff(school):
    for name in ("yarrow-roth", "zinnia-park"):
        if school.stores.people.person(name) is None:
            add_person(school.stores.people, name, "technician")


def test_people_are_found_while_one_types(page, staff):
    page.goto("/people")
    field = page.get_by_role("searchbox")
    everybody = page.locator("#found li[id]").count()
    assert everybody >= 3
    with page.expect_response("**/people?q=yarrow*"):
        field.press_sequentially("yarrow")
    expect(page.locator("#found h2")).to_have_text(["yarrow-roth"])
    expect(page.get_by_role("status")).to_contain_text("1 of ")
    expect(field).to_be_focused()
    page.get_by_label("Role", exact=True).select_option("coach")
    expect(page.locator("#found")).to_contain_text("Nobody fits this.")
    page.locator("#found").get_by_role("link").click()
    expect(page.locator("#found li[id]")).to_have_count(everybody)


def test_what_is_changed_keeps_what_was_found(page, staff, school):
    page.goto("/people")
    page.get_by_role("searchbox").press_sequentially("zinnia-p")
    expect(page.locator("#found h2")).to_have_text(["zinnia-park"])
    page.get_by_label("Change zinnia-park").click()
    page.locator("#found").get_by_role("checkbox", name="coach").check()
    page.get_by_role("button", name="Save the roles").click()
    page.wait_for_url("**/people?q=zinnia-p#person-zinnia-park")
    expect(page.locator("#found h2")).to_have_text(["zinnia-park"])
    assert school.stores.people.person("zinnia-park").roles == {"technician", "coach"}
