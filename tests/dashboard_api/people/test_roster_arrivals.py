"""Who came by a roster, on the page of people."""

from __future__ import annotations

import re
from html import unescape

from school.roster.planning import plan_sync
from school.roster.records import Organisation, Roster, Teacher
from tests.signed_in import BY, add_person, cookie

ADA = Teacher(id="u-ada", name="Ada <Okafor>", sign_in_name="ada@school.example", orgs=("s1",))
KIM = Teacher(id="u-kim", name="Kim Roth", sign_in_name="kim@school.example", orgs=("s1",))


def take_over(stores, *teachers: Teacher) -> None:
    org = Organisation(id="s1", name="Ash School", kind="school")
    roster = Roster(records={"orgs": {"s1": org}, "users": {each.id: each for each in teachers}})
    known = stores.people.roster.known()
    stores.people.roster.apply(plan_sync(known, roster), known, BY)


def waiting(page: str) -> list[str]:
    """The labels of the buttons that invite."""
    return [unescape(each) for each in re.findall(r'aria-label="(Invite [^"]+)"', page)]


def test_who_came_by_a_roster_waits_for_a_link(client, stores) -> None:
    assert "roster" not in client.get("/people").text
    take_over(stores, ADA, KIM)
    page = client.get("/people").text
    assert "names 2 people who have no access yet" in page
    assert page.count("Kim Roth</h2>") == 1, "once, and not in a list of its own too"
    assert waiting(page) == ["Invite Ada <Okafor>", "Invite Kim Roth"]
    page = client.get("/people?waits=1").text
    assert "2 of 3 people" in page
    assert page.count("not invited yet") == 2
    assert waiting(page) == ["Invite Ada <Okafor>", "Invite Kim Roth"]
    kim = stores.people.named("kim@school.example")
    assert "/invitation/" in client.post(f"/people/{kim.id}/invitation").text
    page = client.get("/people").text
    assert waiting(page) == ["Invite Ada <Okafor>"], "whoever has a link is only waited for"
    assert "invited; the link works until" in page


def test_who_is_in_it_no_more_is_marked_and_not_to_be_invited(client, stores) -> None:
    take_over(stores, ADA, KIM)
    take_over(stores, KIM)
    page = client.get("/people").text
    assert waiting(page) == ["Invite Kim Roth"]
    assert page.count("in the roster no more") == 1
    assert page.count("· from the roster") == 1


def test_only_who_changes_people_sees_it(client, stores, clock) -> None:
    take_over(stores, ADA)
    add_person(stores.people, "pia", "privacy_officer")
    with client.browser(cookie(stores.people, clock.utc_ns(), "pia")) as pages:
        page = pages.get("/people")
    assert page.status_code == 200
    assert "roster" not in page.text
