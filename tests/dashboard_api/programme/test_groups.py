"""Which school people belong to, and groups of schools, over HTTP."""

from __future__ import annotations

import html
import re

import pytest

from school.audit.actor import Actor
from school.rooms.records import Site
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import TEACHER, add_person, cookie

ROOT = "root"


@pytest.fixture
def office(client, stores):
    """Signed in as an administrator, with two schools."""
    add_person(stores.people, ROOT, "administrator")
    by = Actor(name="roomtone site", utc_ns=START_NS)
    for name, title in (("ash", "Ash School"), ("birch", "")):
        stores.rooms.add_site(Site(name=name, title=title), by)
    with client.browser(cookie(stores.people, START_NS, ROOT)) as pages:
        yield pages


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def test_an_administrator_says_which_school_somebody_belongs_to(office, stores):
    assert "Ash School" in text_of(office.get("/people"))
    answer = office.post(f"/people/{TEACHER}/school", data={"site": "ash"})
    assert answer.status_code == 303
    assert stores.programme.sites_of_people() == {TEACHER: "ash"}
    assert '<option value="ash" selected>' in office.get("/people").text
    refused = office.post(f"/people/{TEACHER}/school", data={"site": "nowhere"})
    assert (refused.status_code, "There is no school nowhere" in text_of(refused)) == (422, True)
    assert office.post(f"/people/{TEACHER}/school", data={"site": ""}).status_code == 303
    assert stores.programme.sites_of_people() == {}


def test_groups_of_schools_are_named_changed_and_removed(office, stores):
    office.post("/programme/groups", data={"title": " Title  I ", "sites": ["ash", "birch"]})
    assert "Title I Ash School, birch" in text_of(office.get("/programme"))
    twice = office.post("/programme/groups", data={"title": "title i"})
    assert (twice.status_code, "of that name already" in text_of(twice)) == (422, True)
    nameless = office.post("/programme/groups", data={"title": "…"})
    assert nameless.status_code == 422
    office.post("/programme/groups/title-i", data={"title": "Grant", "sites": ["ash"]})
    (group,) = stores.programme.groups()
    assert (group.title, group.sites) == ("Grant", {"ash"})
    unknown = office.post("/programme/groups/title-i", data={"title": "Grant", "sites": ["x"]})
    assert unknown.status_code == 422
    assert office.post("/programme/groups/never/remove").status_code == 404
    office.post("/programme/groups/title-i/remove")
    assert stores.programme.groups() == []
