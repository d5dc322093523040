"""A person who leaves: no name of theirs is left, and what others keep goes on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import UsageError
from school import School, open_school
from school.audit.actor import Actor
from school.audit.names import token_of
from school.audit.verify import Verification
from school.database import open_school_database
from school.people.demo import add_demo_people
from tests.full_school import (
    ADA,
    ADA_IN_TIMETABLES,
    ADA_NAME,
    ADA_SIGNS_IN,
    BY_ADA,
    BY_ROOT,
    COMING,
    HIDDEN,
    KIM,
    NOW_NS,
    OF_ROB,
    PASSWORD_HASH,
    PAST,
    ROB,
    ROOT,
    SECRET_KEY,
    SUBJECT,
    columns_with,
    fill,
)

BY = Actor(name="Root Admin", utc_ns=NOW_NS, person=ROOT)
WORDS = (ADA_NAME, "Quillfeather", "quillfeather", PASSWORD_HASH, SECRET_KEY, SUBJECT,
         "Browser of Ada", "marks program")  # fmt: skip


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


def leave(directory: Path, *, deletes_lessons: bool = False) -> None:
    with closing(open_school(directory)) as school:
        school.people.leaving.leave(ADA, BY, utc_ns=NOW_NS, deletes_lessons=deletes_lessons)


def test_no_file_has_a_name_of_theirs_any_more(directory: Path) -> None:
    with closing(open_school(directory)) as school:
        known = school.people.sessions(ADA, NOW_NS)
        assert len(known) == 1
        # The name in the timetable of a lesson that has yet to begin stays, as the timetable does.
        coming = school.lessons.get(COMING)
        assert coming is not None
        school.lessons.put(replace(coming, teacher="Ms Successor"))
    assert columns_with(directory, *WORDS)
    with closing(open_school(directory)) as running:  # as the pages are, so that the log stays
        assert running.people.person(ADA)
        leave(directory)
        assert columns_with(directory, *WORDS) == set()
        for path in directory.iterdir():
            content = path.read_bytes()
            assert [word for word in WORDS if word.encode() in content] == [], path


def test_only_their_id_stays_where_others_keep_something(directory: Path) -> None:
    leave(directory)
    assert columns_with(directory, ADA) == {
        ("people", "id"), ("people", "sign_in_name"), ("former_people", "person"),
        ("lesson_owners", "person"), ("moments", "author"), ("verdicts", "said_by"),
        ("dismissals", "said_by"), ("videos", "added_by"), ("looks", "person"),
        ("replies", "author"),
        ("action_steps", "author"), ("action_steps", "changed_by"),
        ("clock_maps", "made_by"), ("clips", "person"),
    }  # fmt: skip


def test_others_read_a_person_who_left(directory: Path) -> None:
    leave(directory)
    with closing(open_school(directory)) as school:
        sentences = [each.sentence for each in school.audit.of_lesson(PAST, 50)]
        assert any(each.startswith("A person who left shared lesson") for each in sentences)
        (notice,) = school.sharing.teacher.notices(KIM)
        assert notice.by_name == "a person who left"
        made_by = {each.made_by for each in school.people.invitations(KIM, 0)}
        assert made_by == {"a person who left"}
        person = school.people.person(ADA)
        assert person is not None
        assert (person.name, person.roles, person.has_left) == (
            "a person who left", frozenset(), True,
        )  # fmt: skip
        assert ADA not in {each.id for each in school.people.people()}
        assert school.people.named(f"left-{ADA}") is None
        past = school.lessons.get(PAST)
        assert past is not None
        assert past.teacher == "a person who left"


def test_nothing_lets_them_in_and_nobody_sees_their_lessons(directory: Path) -> None:
    with closing(open_school(directory)) as school:
        session = school.people.start_session(ADA, "b", NOW_NS)
        link = school.people.invite(ADA, BY_ROOT)
        session = school.people.start_session(ADA, "b", NOW_NS)
    leave(directory)
    with closing(open_school(directory)) as school:
        assert school.people.session(session, NOW_NS) is None
        assert school.people.invited(link, BY_ROOT.utc_ns) is None
        assert school.people.credentials(ADA_SIGNS_IN) is None
        assert school.people.tokens.of_person(ADA) == []
        assert school.people.with_account("https://id.school.example", SUBJECT) is None
        for lesson in (PAST, HIDDEN):
            assert school.sharing.reach(lesson, ADA, NOW_NS) == "own"
            assert {school.sharing.reach(lesson, who, NOW_NS) for who in (KIM, ROB, ROOT)} == {
                "any"
            }
        assert school.sharing.reach(OF_ROB, ADA, NOW_NS) == "any"
        assert school.sharing.handovers.offers_to(ROB) == []
        actions = [each.action for each in school.audit.of_lesson(PAST, 12)]
        assert {"unshared", "ended_offer", "revoked_token", "ended_observing"} <= set(actions)
        assert school.sharing.observers.asked(PAST) == school.sharing.observers.asked(OF_ROB) == []
        assert len(school.sharing.observers.looks_of(ADA)) == 1


def test_lessons_that_have_not_begun_become_nobodys_and_go_to_whom_the_name_is_tied_next(
    directory: Path,
) -> None:
    leave(directory)
    with closing(open_school(directory)) as school:
        assert school.people.held.lessons_of(ADA) == ["ada-deleted", HIDDEN, PAST]
        assert school.sharing.untied_names() == [ADA_IN_TIMETABLES]
        school.sharing.tie_name(ADA_IN_TIMETABLES, ROB, BY)
        assert school.sharing.reach(COMING, ROB, NOW_NS) == "own"
        assert school.sharing.reach(PAST, ROB, NOW_NS) == "any"


def test_what_was_kept_with_their_leave_goes_with_it(directory: Path) -> None:
    with closing(open_school(directory)) as school:
        assert len(school.lessons.labels()) == 1
    leave(directory)
    with closing(open_school(directory)) as school:
        assert school.lessons.labels() == []
        assert not school.lessons.keeps_labels(ADA_IN_TIMETABLES)
        assert [each.note for each in school.lessons.moments(PAST)] == ["quillnote about maths"]


def test_readers_of_lessons_that_are_to_go_get_a_notice(directory: Path) -> None:
    leave(directory, deletes_lessons=True)
    with closing(open_school(directory)) as school:
        assert len(school.sharing.teacher.notices(KIM)) == 2
        (_, departure) = school.people.leaving.former()
        assert departure.deletes_lessons


def test_the_audit_log_still_verifies(directory: Path) -> None:
    with closing(open_school_database(directory)) as database, database.reading() as connection:
        token = token_of(connection, ADA)
    leave(directory)
    with closing(open_school_database(directory)) as database:
        verdict = Verification(
            database=database, directory=directory, clock=ManualClock(), say=lambda _: None
        ).run()
        assert verdict.n_faults == 0, verdict.faults
        with database.reading() as connection:
            assert token_of(connection, ADA) is None
    assert ("audit_events", "actor") in columns_with(directory, str(token))
    assert ("audit_names", "actor") not in columns_with(directory, str(token))


def test_a_namesakes_rows_stay(directory: Path) -> None:
    other = Actor(name=ADA_NAME, utc_ns=NOW_NS + 7, person="id-of-namesake")
    with closing(open_school(directory)) as school:
        school.people.add(ADA_NAME, "other@school.example", ["administrator"], BY_ROOT,
                          person_id="id-of-namesake")  # fmt: skip
        school.people.invite(ROB, other)
        school.people.invite(KIM, BY_ADA)
    leave(directory)
    with closing(open_school(directory)) as school:
        assert [each.made_by for each in school.people.invitations(ROB, 0)] == [ADA_NAME]
        assert {each.made_by for each in school.people.invitations(KIM, 0)} == {"a person who left"}


def administrator(school: School, name: str, *, has_password: bool) -> None:
    school.people.add(name, name, ["administrator"], BY_ROOT, person_id=name)
    if has_password:
        school.people.set_password(name, PASSWORD_HASH, BY_ROOT)


def test_the_last_administrator_who_can_sign_in_stays(directory: Path) -> None:
    with closing(open_school(directory)) as school:
        administrator(school, "invited", has_password=False)
        for _ in range(2):
            with pytest.raises(UsageError, match="last administrator"):
                school.people.leaving.leave(ROOT, BY, utc_ns=NOW_NS)
        assert len(school.people.invitations(ADA, 0)) == 1
        administrator(school, "second", has_password=True)
        school.people.leaving.leave(ROOT, BY, utc_ns=NOW_NS)
        with pytest.raises(UsageError, match="last administrator"):
            school.people.leaving.plan("second", NOW_NS)


def test_who_has_left_or_is_made_up_or_unknown_can_t_leave(directory: Path) -> None:
    leave(directory)
    with closing(open_school(directory)) as school:
        made_up = add_demo_people(school.people, BY)["teacher"]
        for person in (ADA, "nobody", made_up.id):
            with pytest.raises(UsageError):
                school.people.leaving.plan(person, NOW_NS)
            with pytest.raises(UsageError):
                school.people.leaving.leave(person, BY, utc_ns=NOW_NS)


def test_leaving_again_after_an_older_copy_of_the_database_was_put_back(directory: Path) -> None:
    older = (directory / "school.db").read_bytes()
    leave(directory, deletes_lessons=True)
    with closing(open_school(directory)) as school:
        departure = school.people.leaving.former()[-1]
        assert not school.people.leaving.repeat(departure, BY)
    (directory / "school.db").write_bytes(older)
    with closing(open_school(directory)) as school:
        assert school.people.leaving.repeat(departure, replace(BY, name="roomtone restore"))
        assert school.people.leaving.former()[-1] == departure
        assert not school.people.leaving.repeat(replace(departure, person="never-was"), BY)
    assert columns_with(directory, ADA_NAME, ADA_SIGNS_IN) == set()
