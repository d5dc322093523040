"""What the store of imported lessons does, in each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import SECOND_NS
from contract.errors import UsageError
from school import School, open_school
from school.audit.actor import Actor
from school.bundle.nameless import nameless
from school.bundle.store import MAX_IMPORTED
from tests.bundles import STARTS, bundle_content

BY = Actor(name="a test", utc_ns=0)
ADA = Actor(name="ada", utc_ns=5 * SECOND_NS, person="ada")
KIM = Actor(name="kim", utc_ns=6 * SECOND_NS, person="kim")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    opened = open_school(tmp_path, url)
    for name in ("ada", "kim"):
        opened.people.add(name, name, ["teacher"], BY, person_id=name)
    yield opened
    opened.close()


def test_what_is_kept_comes_back_without_names(school: School) -> None:
    store, content = school.sharing.imported, bundle_content(words="It’s \0 odd\n\nö")
    first = store.add("ada", content, ADA)
    again = store.add("ada", content, Actor(name="ada", utc_ns=7 * SECOND_NS, person="ada"))
    assert first != again
    assert [each.id for each in store.of_person("ada")] == [again, first]
    line = store.of_person("ada")[1]
    assert (line.title, line.room, line.imported_utc_ns) == ("Fractions", "room-204", ADA.utc_ns)
    assert line.starts_utc_ns == round(STARTS.timestamp()) * SECOND_NS
    kept = store.get(first, "ada")
    assert kept == nameless(content)
    assert kept is not None
    assert (kept.made_by, kept.lesson.teacher) == ("", "")
    assert kept.moments[0].author == "a coach"
    assert kept.moments[0].replies[0].author == "the teacher"
    assert kept.steps[0].author == "the teacher"
    assert [each.author for each in kept.forms[0].items[0].said] == ["the teacher", "a coach"]
    assert not {"Ada Okafor", "Kim Roth", "Ms Okafor"} & set(kept.model_dump_json().split('"'))


def test_several_people_stay_apart_without_names() -> None:
    one = bundle_content().moments[0]
    moments = [one.model_copy(update={"author": name}) for name in ("Kim", "Lou", "Kim")]
    found = nameless(bundle_content().model_copy(update={"moments": moments}))
    assert [each.author for each in found.moments] == ["coach 1", "coach 2", "coach 1"]
    assert nameless(found) == found


def test_it_is_its_importers_alone_and_goes_with_them(school: School) -> None:
    store = school.sharing.imported
    of_ada, of_kim = (
        store.add("ada", bundle_content(), ADA),
        store.add("kim", bundle_content(), KIM),
    )
    assert store.get(of_ada, "kim") is None
    assert not store.remove(of_ada, "kim", KIM)
    assert [each.id for each in store.of_person("kim")] == [of_kim]
    assert store.get("never-was", "ada") is None
    assert store.remove(of_ada, "ada", ADA)
    assert not store.remove(of_ada, "ada", ADA)
    assert store.of_person("ada") == []
    school.people.leaving.leave("kim", BY, utc_ns=9 * SECOND_NS)
    assert store.of_person("kim") == []
    assert store.get(of_kim, "kim") is None


def test_it_is_no_lesson(school: School) -> None:
    made = school.sharing.imported.add("ada", bundle_content(), ADA)
    assert school.lessons.get(made) is None
    assert school.lessons.lessons() == []
    assert school.sharing.reach(made, "ada", ADA.utc_ns) is None


def test_one_person_has_so_many(school: School) -> None:
    store = school.sharing.imported
    for _ in range(MAX_IMPORTED):
        made = store.add("ada", bundle_content(), ADA)
    with pytest.raises(UsageError, match="50 imported lessons already"):
        store.add("ada", bundle_content(), ADA)
    assert store.add("kim", bundle_content(), KIM)
    store.remove(made, "ada", ADA)
    assert store.add("ada", bundle_content(), ADA)
