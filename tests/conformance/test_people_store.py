"""What the stores of people and sharing do, in each database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from contract.errors import UsageError
from school import School, open_school
from school.audit.actor import Actor
from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson
from school.moments.records import Moment, Verdict
from school.people.records import ROLES
from school.people.session_rows import IDLE_NS
from school.people.store import INVITATION_NS, SESSION_NS
from school.schema import people

MATHS = Lesson(
    id="maths", room="room-a", teacher="Ms Okafor", title="Fractions", starts_utc_ns=1_000,
    ends_utc_ns=2_000, source="timetable",
)  # fmt: skip
OWN = {"own"}
BOTH = {"own", "shared"}
BY = Actor(name="a test", utc_ns=0)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[School, School]]:
    """The same school, as two programs open it."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    one, other = open_school(tmp_path, url), open_school(tmp_path, url)
    yield one, other
    one.close()
    other.close()


def add(school: School, name: str) -> str:
    return school.people.add(name, name, ["teacher"], BY, person_id=name).id


def test_a_person_comes_back_whole(pair: tuple[School, School]) -> None:
    one, other = pair
    added = one.people.add("  Ada  Lovelace ", " Ada@School.example", ["coach", "teacher"], BY)
    assert (added.name, added.sign_in_name) == ("Ada Lovelace", "ada@school.example")
    assert other.people.person(added.id) == added == other.people.named("ADA@school.example ")
    assert other.people.people() == [added]
    assert other.people.count() == 1
    assert not added.has_password
    credentials = other.people.credentials("ada@school.example")
    assert credentials is not None
    assert (credentials.person, credentials.password) == (added.id, None)
    assert other.people.credentials("bob") is None
    assert other.people.person("bob") is None


def test_a_sign_in_name_is_one_persons(pair: tuple[School, School]) -> None:
    one, other = pair
    add(one, "ada")
    with pytest.raises(UsageError, match="already"):
        other.people.add("Other", "ADA", ["coach"], BY)

    def add_bob(school: School) -> bool:
        try:
            school.people.add("Bob", "bob", ["coach"], BY)
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(add_bob, [one, other])) == [False, True]


def test_sessions_belong_to_a_person_and_end(pair: tuple[School, School]) -> None:
    one, other = pair
    add(one, "ada")
    token = one.people.start_session("ada", "Firefox", 1_000)
    found = other.people.session(token, 1_000)
    assert found is not None
    assert (found[0].browser, found[1].id) == ("Firefox", "ada")
    assert other.people.session(token[::-1], 1_000) is None
    assert other.people.session(token, 1_000 + IDLE_NS) is None
    assert other.people.session(token, 1_000 + IDLE_NS - 1) is not None  # and it is seen
    assert one.people.session(token, 1_000 + IDLE_NS) is not None
    assert one.people.session(token, 1_000 + SESSION_NS) is None
    for end in (
        lambda: other.people.set_password("ada", "$hash", BY),
        lambda: other.people.set_roles("ada", ["coach"], BY),
        lambda: other.people.invite("ada", BY),
    ):
        token = one.people.start_session("ada", "", 0)
        end()
        assert one.people.session(token, 0) is None


def test_only_one_redeems_an_invitation(pair: tuple[School, School]) -> None:
    one, other = pair
    add(one, "ada")
    token = one.people.invite("ada", Actor(name="Eve", utc_ns=10))
    assert other.people.invited(token, 10 + INVITATION_NS) is None
    assert other.people.redeem(token, "$late", 10 + INVITATION_NS) is None
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda school: school.people.redeem(token, "$hash", 20), pair))
    assert sorted(person is not None for person in done) == [False, True]
    credentials = one.people.credentials("ada")
    assert credentials is not None
    assert credentials.password == "$hash"
    (made,) = other.people.invitations("ada", 10)
    assert (made.made_by, made.created_utc_ns, made.used_utc_ns) == ("Eve", 10, 20)
    assert other.people.invitations("ada", 11) == []


def test_a_code_is_used_once(pair: tuple[School, School]) -> None:
    add(pair[0], "ada")
    pair[0].people.set_second_factor("ada", "KEY", BY, 4)
    with ThreadPoolExecutor() as pool:
        used = list(pool.map(lambda school: school.people.use_code("ada", 5), pair))
    assert sorted(used) == [False, True]
    assert not pair[0].people.use_code("ada", 5)
    assert pair[1].people.use_code("ada", 6)


def test_each_person_switches_seat_rows_on_for_themselves(pair: tuple[School, School]) -> None:
    one, other = pair
    ada, bob = add(one, "ada"), add(one, "bob")
    by = Actor(name="ada", utc_ns=5, person=ada)
    for is_on in (True, True, False, True):
        one.sharing.seat_rows.switch(ada, by, is_on=is_on)
    assert other.sharing.seat_rows.is_on(ada)
    assert not other.sharing.seat_rows.is_on(bob)
    done = [entry.detail for entry in other.audit.of_person(ada, 9)]
    assert done == [{"on": "yes"}, {"off": "yes"}, {"on": "yes"}]


def test_a_lesson_belongs_to_whom_its_teachers_name_is_tied(pair: tuple[School, School]) -> None:
    one, other = pair
    for name in ("ada", "bob"):
        add(one, name)
    one.lessons.put(MATHS)
    assert other.sharing.reach("maths", "ada", 0) == "any"
    assert other.sharing.reach("none", "ada", 0) is None
    assert other.sharing.untied_names() == ["Ms Okafor"]
    assert one.sharing.tie_name("Ms Okafor", "ada", BY) == 1
    assert other.sharing.reach("maths", "ada", 0) == "own"
    assert other.sharing.names_of("ada") == ["Ms Okafor"]
    assert other.sharing.untied_names() == []
    # Its next lessons are theirs too, also from an import.
    art = replace(MATHS, id="art", starts_utc_ns=3_000)
    origin = Origin(source="plan.ics", event="e", occurrence="")
    one.lessons.reschedule(lambda *_: Reschedule(put=((art, origin),)))
    assert [lesson.id for lesson in other.sharing.lessons("ada", OWN, 0)] == ["art", "maths"]
    # Tying the name to someone else moves nothing that has an owner.
    assert one.sharing.tie_name("Ms Okafor", "bob", BY) == 0
    assert other.sharing.reach("maths", "ada", 0) == "own"
    # A change of a lesson leaves its owner; a change of its teacher does not.
    one.lessons.put(replace(MATHS, title="Decimals"))
    assert other.sharing.reach("maths", "ada", 0) == "own"
    one.lessons.put(replace(MATHS, teacher="Mr Nobody"))
    assert other.sharing.reach("maths", "ada", 0) == "any"
    one.lessons.put(MATHS)
    assert other.sharing.reach("maths", "bob", 0) == "own"
    one.lessons.purge(lessons=["maths", "art"])
    assert other.sharing.lessons("bob", BOTH, 0) == []
    assert other.sharing.reach("maths", "bob", 0) is None


def test_a_share_reaches_one_person_until_its_time(pair: tuple[School, School]) -> None:
    one, other = pair
    for name in ("ada", "bob", "eve"):
        add(one, name)
    one.lessons.put(MATHS)
    one.sharing.tie_name("Ms Okafor", "ada", BY)
    one.sharing.share("maths", "bob", BY, until_utc_ns=100)
    assert other.sharing.reach("maths", "bob", 99) == "shared"
    assert other.sharing.reach("maths", "bob", 100) == "any"
    assert other.sharing.reach("maths", "eve", 99) == "any"
    assert other.sharing.reach("maths", "ada", 99) == "own"
    assert [share.name for share in other.sharing.shares("maths", 99)] == ["bob"]
    assert other.sharing.shares("maths", 100) == []
    one.sharing.share("maths", "bob", BY, until_utc_ns=200)
    assert [share.until_utc_ns for share in other.sharing.shares("maths", 99)] == [200]
    assert other.sharing.lessons("bob", BOTH, 199) == [MATHS]
    assert other.sharing.lessons("bob", OWN, 199) == other.sharing.lessons("bob", set(), 199) == []
    assert other.sharing.shared_until("bob", 199, ["maths"]) == {"maths": 200}
    assert other.sharing.shared_until("bob", 200, ["maths"]) == {}
    assert other.sharing.teachers("bob", 199) == ["Ms Okafor"]
    assert other.sharing.rooms("bob", BOTH, 199) == [MATHS.room]
    assert other.sharing.rooms("bob", OWN, 199) == []
    one.sharing.unshare("maths", "bob", BY)
    assert other.sharing.reach("maths", "bob", 99) == "any"


def test_names_are_found_together_and_deleting_concerns_readers_and_authors(
    pair: tuple[School, School],
) -> None:
    one, other = pair
    for name in ("ada", "kim", "lee", "mo", "left"):
        add(one, name)
    one.lessons.put(MATHS)
    assert other.people.names({"ada", "kim", "gone"}) == {"ada": "ada", "kim": "kim"}
    assert other.people.names(()) == {}
    one.sharing.share("maths", "kim", BY, until_utc_ns=1)  # over long ago
    said = Moment(id="m", lesson="maths", start_s=1, end_s=2, note="", author="lee", role="coach")
    for n, author in enumerate(("lee", "ada", "gone", "", "left", "lee")):
        one.lessons.put_moment(replace(said, id=f"m{n}", author=author))
    one.lessons.put_verdict(
        Verdict(
            lesson="maths", moment="m0", by="mo", role="coach", is_confirmed=True, kind="own",
            zone="room", start_s=1, end_s=2,
        )
    )  # fmt: skip
    with one.people._database.writing() as connection:
        connection.execute(update(people).where(people.c.id == "left"), {"name": ""})
    assert other.people.names({"left", "lee"}) == {"lee": "lee"}
    assert other.sharing.teacher.concerned_by_deletion("maths", "ada") == ["kim", "lee", "mo"]
    ada = Actor(name="ada", utc_ns=5, person="ada")
    other.sharing.teacher.ask_to_delete(MATHS, ada)
    for name, notices in (("ada", 0), ("kim", 1), ("lee", 1), ("mo", 1), ("left", 0)):
        assert len(one.sharing.teacher.notices(name)) == notices, name


def test_own_lessons_of_a_room(pair: tuple[School, School]) -> None:
    one, other = pair
    add(one, "ada")
    one.sharing.tie_name("Ms Okafor", "ada", BY)
    for number in range(4):
        room = f"room-{'ab'[number % 2]}"
        one.lessons.put(replace(MATHS, id=f"l{number}", room=room, starts_utc_ns=number))
    one.lessons.put(replace(MATHS, id="not-hers", teacher="Mr Nobody", starts_utc_ns=2))
    found = other.sharing.owned_in("ada", "room-a", from_utc_ns=1, to_utc_ns=3)
    assert found == {"l2"}
    listed = other.sharing.lessons("ada", OWN, 0, limit=2, offset=1)
    assert [lesson.id for lesson in listed] == ["l2", "l1"]


# PostgreSQL answers each step in a millisecond or two, which would take minutes here.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_after_any_history_a_lesson_reaches_whom_a_model_says(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    school = open_school(tmp_path_factory.mktemp("history"))
    people, names, ids = ("ada", "bob"), ("N1", "N2"), ("l1", "l2")
    for person in people:
        school.people.add(person, person, ROLES, BY, person_id=person)
    tied: dict[str, str] = {}
    teachers: dict[str, str] = {}
    owners: dict[str, str] = {}
    shares: dict[tuple[str, str], int] = {}
    for now in range(data.draw(st.integers(1, 12))):
        step = data.draw(st.sampled_from(("put", "tie", "share", "unshare", "purge")))
        lesson, name = data.draw(st.sampled_from(ids)), data.draw(st.sampled_from(names))
        person = data.draw(st.sampled_from(people))
        if step == "put":
            school.lessons.put(replace(MATHS, id=lesson, teacher=name))
            if teachers.get(lesson) != name:
                owners.pop(lesson, None)
                if name in tied:
                    owners[lesson] = tied[name]
            teachers[lesson] = name
        elif step == "tie":
            school.sharing.tie_name(name, person, BY)
            tied[name] = person
            for each, teacher in teachers.items():
                if teacher == name:
                    owners.setdefault(each, person)
        elif step == "share" and lesson in teachers:
            school.sharing.share(lesson, person, BY, until_utc_ns=now + 3)
            shares[lesson, person] = now + 3
        elif step == "unshare":
            school.sharing.unshare(lesson, person, BY)
            shares.pop((lesson, person), None)
        elif step == "purge":
            school.lessons.purge(lessons=[lesson])
            teachers.pop(lesson, None)
            owners.pop(lesson, None)
            for each in people:
                shares.pop((lesson, each), None)
        for each in ids:
            for who in people:
                wanted = None
                if each in teachers:
                    is_shared = shares.get((each, who), 0) > now
                    wanted = "own" if owners.get(each) == who else "shared" if is_shared else "any"
                assert school.sharing.reach(each, who, now) == wanted
    school.close()
