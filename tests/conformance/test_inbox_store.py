"""What is new to whom, in each database."""

from __future__ import annotations

from school import School
from school.audit.actor import Actor
from school.inbox.records import WaitingLesson
from school.moments.records import Moment, Reply
from tests.conformance.ada import BY, LESSON


def share(school: School, at: int, until: int = 10_000) -> None:
    school.sharing.share(
        "maths", "kim", Actor(name="ada", utc_ns=at, person="ada"), until_utc_ns=until
    )


def reply(school: School, number: int, author: str, at: int) -> None:
    made = Reply(
        id=f"r-{number}", moment="note", lesson="maths", text="words", author=author, role="coach",
        written_utc_ns=at,
    )  # fmt: skip
    assert school.lessons.add_reply(made)


def test_a_share_is_new_until_a_look_and_while_it_lasts(pair) -> None:
    one, other = pair
    assert other.sharing.inbox.waiting("kim", 5_000) == []
    share(one, 3_000)
    new = WaitingLesson(
        lesson="maths",
        seen_utc_ns=-1,
        shared_utc_ns=3_000,
        has_replies=False,
        has_notes=False,
        proposed=0,
    )
    assert other.sharing.inbox.waiting("kim", 5_000) == [new]
    assert other.sharing.inbox.waiting("ada", 5_000) == []
    assert other.sharing.inbox.waiting("kim", 10_000) == []
    one.sharing.inbox.look("kim", "maths", 6_000)
    one.sharing.inbox.look("kim", "maths", 6_001)
    assert other.sharing.inbox.waiting("kim", 7_000) == []


def test_a_hidden_lesson_is_no_news(pair) -> None:
    one, other = pair
    share(one, 3_000)
    one.sharing.teacher.hide("maths", Actor(name="ada", utc_ns=4_000, person="ada"))
    assert other.sharing.inbox.waiting("kim", 5_000) == []


def test_replies_are_new_to_the_teacher_and_to_the_notes_writer(pair) -> None:
    one, other = pair
    share(one, 1)
    one.lessons.put_moment(
        Moment(id="note", lesson="maths", start_s=1, end_s=9, note="n", author="kim", role="coach")
    )
    for person in ("ada", "kim"):
        one.sharing.inbox.look(person, "maths", 2_000)
    reply(one, 1, "ada", 3_000)
    (found,) = other.sharing.inbox.waiting("kim", 5_000)
    assert (found.has_replies, found.shared_utc_ns, found.seen_utc_ns) == (True, None, 2_000)
    assert other.sharing.inbox.waiting("ada", 5_000) == []
    reply(one, 2, "kim", 3_500)
    (found,) = other.sharing.inbox.waiting("ada", 5_000)
    assert found.has_replies
    one.sharing.inbox.look("ada", "maths", 3_500)
    assert other.sharing.inbox.waiting("ada", 5_000) == []
    one.sharing.unshare("maths", "kim", BY)
    assert other.sharing.inbox.waiting("kim", 5_000) == []


def test_notes_of_others_are_new_to_the_lessons_teacher(pair) -> None:
    one, other = pair
    share(one, 1)
    one.sharing.inbox.look("kim", "maths", 2)
    for number, author, at in ((1, "kim", None), (2, "ada", 3_000), (3, "kim", 3_500)):
        one.lessons.put_moment(
            Moment(id=f"n-{number}", lesson="maths", start_s=1, end_s=9, note="n", author=author,
                   role="coach", written_utc_ns=at)
        )  # fmt: skip
    (found,) = other.sharing.inbox.waiting("ada", 5_000)
    assert (found.has_notes, found.has_replies, found.seen_utc_ns) == (True, False, -1)
    # A coach hears of replies to theirs alone.
    assert other.sharing.inbox.waiting("kim", 5_000) == []
    one.sharing.inbox.look("ada", "maths", 3_500)
    assert other.sharing.inbox.waiting("ada", 5_000) == []
    # A change of its words is no new note.
    (last,) = [each for each in one.lessons.moments("maths") if each.id == "n-3"]
    assert last.written_utc_ns == 3_500
    assert one.lessons.change_moment(last) is not None
    assert other.sharing.inbox.waiting("ada", 5_000) == []


def test_looks_go_with_the_lesson(pair) -> None:
    one, other = pair
    share(one, 3_000)
    one.sharing.inbox.look("kim", "maths", 4_000)
    one.lessons.purge(lessons=["maths"])
    one.lessons.put(LESSON)
    share(one, 3_500)
    (found,) = other.sharing.inbox.waiting("kim", 5_000)
    assert found.seen_utc_ns == -1


def test_mail_is_for_who_asks_and_two_programs_send_one(pair) -> None:
    one, other = (school.sharing.inbox for school in pair)
    assert not one.is_mailed("kim")
    one.mail("kim", 50, is_on=True)
    one.mail("kim", 70, is_on=True)
    assert other.is_mailed("kim")
    assert other.due(49) == []
    assert other.due(50) == [("kim", 50)]
    assert one.note_sent("kim", 50, 90)
    assert not other.note_sent("kim", 50, 91)
    assert other.due(90) == [("kim", 90)]
    other.mail("kim", 95, is_on=False)
    assert one.due(1_000) == []
    assert not one.note_sent("kim", 90, 100)
