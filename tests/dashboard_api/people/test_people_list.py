"""The list of people: found by name, role and school, and a page at a time."""

from __future__ import annotations

import re
from html import unescape

import pytest

from dashboard_api.people.people_filters import PER_PAGE
from school.rooms.records import Site
from tests.signed_in import BY, TEACHER, add_person, cookie


@pytest.fixture
def school(client, stores):
    """José and Kim teach at Ash, Lee coaches at Birch; the viewer belongs to no school."""
    for name in ("ash", "birch"):
        stores.rooms.add_site(Site(name=name, title=f"{name.title()} School"), BY)
    for name, role in (("José Núñez", "teacher"), ("Kim Roth", "teacher"), ("Lee Park", "coach")):
        first = name.split()[0].casefold().replace("é", "e")
        stores.people.add(name, f"{first}@school.example", [role], BY, person_id=first)
    stores.programme.put_people({"jose": "ash", "kim": "ash", "lee": "birch"}, BY)
    return client


def named(page: str) -> list[str]:
    """Who is listed, in the order of the page."""
    return [
        unescape(each) for each in re.findall(r'<li id="person-.*?<h2>(.*?)</h2>', page, re.DOTALL)
    ]


def asked(pages, query: str) -> list[str]:
    answer = pages.get(f"/people?{query}")
    assert answer.status_code == 200
    return named(answer.text)


@pytest.mark.parametrize(
    ("query", "found"),
    (
        ("q=jose+NUNEZ", ["José Núñez"]),
        ("q=roth", ["Kim Roth"]),
        ("q=lee%40school", ["Lee Park"]),
        ("q=roth+lee", []),
        ("role=coach&school=&q=&waits=", [TEACHER, "Lee Park"]),
        ("school=ash", ["José Núñez", "Kim Roth"]),
        ("school=ash&role=coach", []),
        ("school=-", [TEACHER]),
        ("school=ash&q=kim", ["Kim Roth"]),
    ),
)
def test_each_field_leaves_out_who_does_not_fit(school, query, found):
    assert sorted(asked(school, query)) == sorted(found)
    page = school.get(f"/people?{query}").text
    assert f"{len(found)} of 4 people" in page
    assert ("Nobody fits this." in page) == (not found)


def test_the_form_keeps_what_was_asked_for(school):
    page = school.get("/people?q=k%22im&role=teacher&school=ash").text
    assert 'value="k&#34;im"' in page
    assert '<option value="teacher" selected>' in page
    assert '<option value="ash" selected>' in page
    assert school.get("/people?role=king").status_code == 422
    assert school.get("/people?page=0").status_code == 422


def test_a_page_at_a_time_and_everybody_once(school, stores):
    for number in range(2 * PER_PAGE):
        add_person(stores.people, f"teacher-{number:02}", "teacher")
    pages = [asked(school, f"role=teacher&page={number}") for number in (1, 2, 3)]
    assert [len(each) for each in pages] == [PER_PAGE, PER_PAGE, 3]
    assert len({name for each in pages for name in each}) == 2 * PER_PAGE + 3
    assert asked(school, "role=teacher&page=900") == pages[2], "the last one, where there are fewer"
    second = unescape(school.get("/people?role=teacher&page=2").text)
    assert 'rel="prev" href="/people?role=teacher"' in second
    assert 'rel="next" href="/people?role=teacher&page=3"' in second
    assert "rel=" not in school.get("/people?role=coach").text.partition('id="found"')[2]


def test_a_change_comes_back_to_the_same_part_of_the_list(school, stores):
    actions = re.findall(r'action="(/people/kim/[^"]+)"', school.get("/people?school=ash").text)
    assert len(actions) >= 2
    for action, data in (
        ("roles", {"roles": ["teacher", "coach"]}),
        ("school", {"site": "ash"}),
    ):
        (address,) = [each for each in actions if f"/kim/{action}" in each]
        answer = school.post(unescape(address), data=data)
        assert answer.headers["location"] == "/people?school=ash#person-kim"
    assert stores.people.person("kim").roles == {"teacher", "coach"}
    refused = school.post("/people/kim/roles?school=ash", data={})
    assert refused.status_code == 422
    assert named(refused.text) == ["José Núñez", "Kim Roth"]


def test_who_only_reads_people_finds_nobody_by_what_they_do_not_see(school, stores, clock):
    add_person(stores.people, "pia", "privacy_officer")
    with school.browser(cookie(stores.people, clock.utc_ns(), "pia")) as pages:
        assert asked(pages, "q=roth") == ["Kim Roth"]
        assert asked(pages, "q=kim%40school") == []
        assert len(asked(pages, "school=ash&waits=1")) == 5
        page = pages.get("/people").text
    assert 'name="school"' not in page
    assert "Ash School" not in page
