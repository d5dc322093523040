"""What every lesson store does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, product
from pathlib import Path
from threading import Event
from typing import Any, get_args

import numpy as np
import pytest

from contract.errors import StoreError
from contract.lesson import Activity, Zone
from school import LESSON_STORES, open_lesson_store
from school.lessons.change import change_lesson
from school.lessons.memory import MemoryLessonStore
from school.lessons.origins import Origin, Reschedule
from school.lessons.protocol import LessonStore
from school.lessons.records import Lesson, PurgedWords
from school.moments.records import (
    Label,
    Moment,
    NoteTag,
    Reply,
    Speaker,
    Verdict,
    VerdictCount,
    agreed,
)

MATHS = Lesson(
    id="maths",
    room="room-a",
    teacher="t. okafor",
    title="Fractions",
    starts_utc_ns=1_000,
    ends_utc_ns=2_000,
    source="timetable",
    activities=(Activity(start_s=0, end_s=600.5, name="whole_class"),),
    zones=(Zone(name="window", seats=(1, 2, 3, 4, 5)), Zone(name="door", seats=(6, 7, 8, 9, 10))),
    video="/videos/maths.mp4",
)
MOMENT = Moment(
    id="m1", lesson="maths", start_s=61.5, end_s=75, note="group work", author="kim", role="coach"
)


STORES = [
    pytest.param(name, marks=[pytest.mark.postgres] if name == "postgresql" else [])
    for name in sorted(LESSON_STORES)
]
Open = Callable[[], LessonStore]
"""Opens the same lessons once more, as another program does it."""


@pytest.fixture(params=STORES)
def open_one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    if request.param == "memory":
        memory = MemoryLessonStore()
        yield lambda: memory
        return
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    opened: list[LessonStore] = []

    def another() -> LessonStore:
        opened.append(open_lesson_store(tmp_path, url))
        return opened[-1]

    yield another
    for each in opened:
        each.close()


@pytest.fixture
def pair(open_one: Open) -> tuple[LessonStore, LessonStore]:
    """Two programs' stores of the same lessons."""
    return open_one(), open_one()


def test_a_lesson_comes_back_whole(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    assert other.get("maths") is None
    one.put(MATHS)
    assert other.get("maths") == MATHS


def test_a_lesson_is_replaced_by_id(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    one.put_moment(MOMENT)
    later = replace(MATHS, title="Decimals", ends_utc_ns=None, video=None, zones=())
    other.put(later)
    assert one.lessons() == [later]
    assert one.moments("maths") == [MOMENT]


def test_lessons_come_latest_first_and_by_room(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    art = replace(MATHS, id="art", starts_utc_ns=3_000, ends_utc_ns=None, source="button")
    elsewhere = replace(MATHS, id="music", room="room-b", starts_utc_ns=2_500)
    for lesson in (MATHS, art, elsewhere):
        one.put(lesson)
    assert [x.id for x in other.lessons()] == ["art", "music", "maths"]
    assert [x.id for x in other.lessons(room="room-a")] == ["art", "maths"]
    assert other.lessons(room="room-c") == []


def test_lessons_are_found_by_span_and_by_page(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    assert (other.count_lessons(), other.lessons(from_utc_ns=0), other.lessons(limit=3)) == (
        0, [], [],
    )  # fmt: skip
    for number in range(6):
        room = f"room-{'ab'[number % 2]}"
        one.put(replace(MATHS, id=f"l{number}", room=room, starts_utc_ns=1_000 * number))

    def ids(**which: Any) -> str:
        return " ".join(lesson.id for lesson in other.lessons(**which))

    assert other.count_lessons() == 6
    assert ids(from_utc_ns=2_000) == "l5 l4 l3 l2"
    assert ids(to_utc_ns=2_000) == "l1 l0"
    assert ids(from_utc_ns=1_000, to_utc_ns=4_001) == "l4 l3 l2 l1"
    assert ids(room="room-a", from_utc_ns=1, to_utc_ns=5_000) == "l4 l2"
    assert ids(limit=2) == "l5 l4"
    assert ids(limit=4, offset=4) == "l1 l0"
    assert ids(limit=4, offset=10**30) == ""
    assert ids(room="room-b", limit=1, offset=1) == "l3"
    assert ids(from_utc_ns=1_000, limit=2, offset=1) == "l4 l3"
    assert ids(from_utc_ns=-(10**30), to_utc_ns=10**30, limit=1) == "l5"
    one.put(replace(MATHS, id="k5", room="room-c", starts_utc_ns=5_000))
    assert ids(from_utc_ns=5_000) == "k5 l5"


def test_a_lesson_is_swapped_only_while_it_is_what_was_read(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    assert one.swap(None, MATHS)
    assert not other.swap(None, replace(MATHS, title="Decimals"))  # nothing restarts it
    running = replace(MATHS, ends_utc_ns=None)
    assert not other.swap(running, replace(running, title="Decimals"))
    version = one.version()
    assert other.swap(MATHS, running)
    assert one.version() != version
    assert not one.swap(MATHS, replace(MATHS, video=None))
    assert one.get("maths") == running
    assert not one.swap(replace(MATHS, id="art"), replace(MATHS, id="art"))
    assert one.get("art") is None


def test_a_change_touches_what_it_is_about_whoever_else_writes(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(replace(MATHS, ends_utc_ns=None))
    seen: list[Lesson] = []

    def line_up(lesson: Lesson) -> Lesson:
        seen.append(lesson)
        if len(seen) == 1:  # between its read and its write the lesson is stopped
            change_lesson(other, "maths", lambda mine: replace(mine, ends_utc_ns=1_500))
        return replace(lesson, video="/other.mp4")

    wanted = replace(MATHS, ends_utc_ns=1_500, video="/other.mp4")
    assert change_lesson(one, "maths", line_up) == wanted
    assert other.get("maths") == wanted
    assert [lesson.ends_utc_ns for lesson in seen] == [None, 1_500]
    assert change_lesson(one, "art", line_up) is None


def test_writers_at_the_same_time_lose_nothing(open_one: Open) -> None:
    stores = [open_one() for _ in range(3)]
    stores[0].put(replace(MATHS, activities=()))

    def write(number: int) -> None:
        for at in range(10):
            start = 1_000.0 * number + at
            added = Activity(start_s=start, end_s=start + 1, name="test")
            change_lesson(
                stores[number], "maths",
                lambda lesson: replace(lesson, activities=(*lesson.activities, added)),  # noqa: B023
            )  # fmt: skip

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(3)))
    kept = stores[0].get("maths")
    assert kept is not None
    assert len({activity.start_s for activity in kept.activities}) == 30


def test_moments_are_marked_changed_and_removed(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    earlier = replace(MOMENT, id="m2", start_s=1.0)
    one.put_moment(MOMENT)
    one.put_moment(earlier)
    assert other.moments("maths") == [earlier, MOMENT]
    changed = replace(MOMENT, note="")
    other.put_moment(changed)
    other.remove_moment("m2")
    other.remove_moment("never was")
    assert one.moments("maths") == [changed]
    assert one.moments("art") == []


def test_moments_of_a_list_of_lessons_are_counted(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    for lesson in (MATHS, replace(MATHS, id="art"), replace(MATHS, id="music")):
        one.put(lesson)
    for number in range(3):
        one.put_moment(replace(MOMENT, id=f"m{number}"))
    one.put_moment(replace(MOMENT, id="a", lesson="art"))
    assert other.count_moments(["maths", "art", "music", "none"]) == {"maths": 3, "art": 1}
    assert other.count_moments(["art"]) == {"art": 1}
    assert other.count_moments([]) == {}


def test_a_moment_needs_its_lesson(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    with pytest.raises(StoreError, match="no lesson 'maths'"):
        one.put_moment(MOMENT)
    assert other.moments("maths") == []


def test_version_moves_with_every_change(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    seen = [other.version()]
    assert other.version() == seen[0]
    one.put(MATHS)
    seen.append(other.version())
    one.put_moment(MOMENT)
    seen.append(other.version())
    other.remove_moment("m1")
    seen.append(other.version())
    assert len(set(seen)) == 4


def test_seats_opt_out_and_in_again(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    assert other.opted_out() == []
    version = other.version()
    for room, seat in (("r2", 3), ("r1", 9), ("r1", 10), ("r1", 9)):
        one.opt_out(room, seat)
    assert other.opted_out() == [("r1", 9), ("r1", 10), ("r2", 3)]
    assert other.version() != version
    one.purge(lessons=["none"])
    assert (other.opt_in("r1", 9), other.opt_in("r1", 9)) == (True, False)
    assert one.opted_out() == [("r1", 10), ("r2", 3)]


SAID = Verdict(
    lesson="maths", moment="maths.3.room.60", by="ada", role="teacher", is_confirmed=True,
    kind="lively", zone="room", start_s=60, end_s=95.5,
)  # fmt: skip


def label_of(said: Verdict, *, utc_ns: int = 1_060, seed: int = 1) -> Label:
    return Label(
        lesson=said.lesson, moment=said.moment, by=said.by, role=said.role,
        is_confirmed=said.is_confirmed, kind=said.kind, is_room=said.zone == "room", utc_ns=utc_ns, model="m1",
        features_version="f1", rows=np.random.default_rng(seed).normal(size=(7, 3)),
    )  # fmt: skip


def test_a_verdict_is_given_changed_and_taken_back(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    by_kim, by_lee = (
        replace(SAID, by=name, role="coach", is_confirmed=False) for name in ("kim", "lee")
    )
    one.put_verdict(SAID)
    other.put_verdict(by_lee)
    other.put_verdict(by_kim)
    assert one.verdicts("maths") == other.verdicts("maths") == [SAID, by_kim, by_lee]
    changed = replace(SAID, is_confirmed=False, end_s=99.0)
    other.put_verdict(changed)
    assert one.verdicts("maths") == [changed, by_kim, by_lee]
    one.remove_verdict("maths", SAID.moment, "lee")
    assert one.verdicts("maths") == [changed, by_kim]
    one.remove_verdict("maths", SAID.moment, "kim")
    one.remove_verdict("maths", "never was", "kim")
    assert other.verdicts("maths") == [changed]
    assert other.verdicts("art") == []


def test_a_reason_stays_with_its_answer_and_goes_with_it(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    dismissed = replace(SAID, is_confirmed=False, reason="other", words="a film was shown")
    by_kim = replace(SAID, by="kim", role="coach", is_confirmed=False, reason="group_work")
    one.put_verdict(dismissed)
    one.put_verdict(by_kim)
    assert other.verdicts("maths") == [dismissed, by_kim]
    assert other.count_verdicts() == VerdictCount(confirmed=0, dismissed=1)
    one.put_verdict(replace(dismissed, reason=None, words=""))
    assert other.verdicts("maths") == [replace(dismissed, reason=None, words=""), by_kim]
    one.put_verdict(SAID)
    one.remove_verdict("maths", SAID.moment, "kim")
    assert other.verdicts("maths") == [SAID]
    one.put_verdict(replace(by_kim, reason=None))
    assert other.verdicts("maths")[1].reason is None  # the reason of before is gone
    one.put_verdict(dismissed)
    one.purge(lessons=["maths"])
    one.put(MATHS)
    assert other.verdicts("maths") == []


def test_a_person_has_one_answer_in_whatever_role_and_the_unknown_have_two(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    one.keep_labels(MATHS.teacher)
    before = replace(SAID, role="coach")
    one.put_verdict(before, label_of(before))
    other.put_verdict(SAID, label_of(SAID))  # the lesson became theirs meanwhile
    assert one.verdicts("maths") == [SAID]
    assert [label.role for label in one.labels()] == ["teacher"]
    one.remove_verdict("maths", SAID.moment, SAID.by)
    assert (other.verdicts("maths"), other.labels()) == ([], [])
    unknown = [replace(SAID, by="", role=role) for role in ("coach", "teacher")]
    for said in (*unknown, *unknown):
        one.put_verdict(said, label_of(said))
    assert other.verdicts("maths") == unknown
    assert len(other.labels()) == 2


def test_a_moment_counts_as_its_people_agree(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    answers: list[tuple[Speaker, bool]] = [
        (role, said) for role in get_args(Speaker) for said in (True, False)
    ]
    confirmed = dismissed = 0
    for n, votes in enumerate(chain.from_iterable(product(answers, repeat=n) for n in (1, 2, 3))):
        for voter, (role, said) in enumerate(votes):
            one.put_verdict(
                replace(SAID, moment=f"m{n}", by=f"p{voter}", role=role, is_confirmed=said)
            )
        confirmed += agreed(votes) is True
        dismissed += agreed(votes) is False
    assert other.count_verdicts() == VerdictCount(confirmed=confirmed, dismissed=dismissed)
    assert agreed([("coach", True), ("coach", False)]) is None
    assert agreed([("coach", True), ("coach", True), ("coach", False)]) is True
    assert agreed([("coach", True), ("teacher", False), ("coach", True)]) is False


def test_a_verdict_needs_its_lesson(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    with pytest.raises(StoreError, match="no lesson 'maths'"):
        one.put_verdict(SAID, label_of(SAID))
    assert other.verdicts("maths") == []
    assert other.labels() == []


def test_each_suggested_moment_counts_once_and_the_teacher_first(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    one.put(replace(MATHS, id="art"))
    assert other.count_verdicts() == VerdictCount(confirmed=0, dismissed=0)
    for said in (
        SAID,
        replace(SAID, by="kim", role="coach", is_confirmed=False),
        replace(SAID, moment="b", by="kim", role="coach", is_confirmed=False),
        replace(SAID, moment="c", kind="calm"),
        replace(SAID, moment="d", kind="own", is_confirmed=False),
        replace(SAID, lesson="art", moment="e"),
    ):
        one.put_verdict(said)
    assert other.count_verdicts() == VerdictCount(confirmed=2, dismissed=1)
    assert other.verdicts_by_lesson() == {
        "maths": VerdictCount(confirmed=1, dismissed=1),
        "art": VerdictCount(confirmed=1, dismissed=0),
    }
    one.remove_verdict("maths", SAID.moment, SAID.by)
    assert other.verdicts_by_lesson()["maths"] == VerdictCount(confirmed=0, dismissed=2)


def test_a_label_is_kept_while_the_teacher_wants_it(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    label = label_of(SAID)
    one.put_verdict(SAID, label)
    assert not other.keeps_labels("t. okafor")
    assert other.labels() == []  # she has not said so
    one.keep_labels("t. okafor")
    one.keep_labels("t. okafor")
    assert other.keeps_labels("t. okafor")
    assert other.labels() == []  # it counts from then on
    one.put_verdict(SAID, label)
    (kept,) = other.labels()
    np.testing.assert_array_equal(kept.rows, label.rows)
    assert (kept.kind, kept.is_room, kept.model, kept.features_version) == (
        "lively", True, "m1", "f1",
    )  # fmt: skip
    assert other.count_labels("t. okafor") == 1
    assert other.count_labels("someone") == 0
    other.put_verdict(replace(SAID, is_confirmed=False))  # too little was known of the moment now
    assert one.labels() == []
    one.put_verdict(SAID, label)
    one.remove_verdict("maths", SAID.moment, SAID.by)
    assert other.labels() == []


def test_withdrawing_removes_her_labels_and_nobody_elses(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    others = replace(MATHS, id="art", teacher="a. chen")
    hers = replace(SAID, lesson="art", moment="e")
    for lesson in (MATHS, others):
        one.put(lesson)
        one.keep_labels(lesson.teacher)
    for said in (SAID, hers):
        one.put_verdict(said, label_of(said))
    assert other.drop_labels("t. okafor") == 1
    assert [label.lesson for label in one.labels()] == ["art"]
    assert not one.keeps_labels("t. okafor")
    assert one.verdicts("maths") == [SAID]
    one.put_verdict(SAID, label_of(SAID))
    assert len(other.labels()) == 1
    # A lesson that becomes another teacher's is not kept without that teacher's word.
    one.put(replace(others, teacher="t. okafor"))
    assert other.labels() == []


def test_labels_go_at_their_age_some_at_a_time(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    one.keep_labels(MATHS.teacher)
    for at in range(5):
        said = replace(SAID, moment=f"m{at}")
        one.put_verdict(said, label_of(said, utc_ns=100 * at))
    assert [label.utc_ns for label in other.labels()] == [0, 100, 200, 300, 400]
    assert one.retire_labels(before_utc_ns=300, most=2) == 2
    assert one.retire_labels(before_utc_ns=300, most=2) == 1
    version = other.version()
    assert one.retire_labels(before_utc_ns=300, most=2) == 0
    assert other.version() == version  # nobody need look again
    assert [label.utc_ns for label in other.labels()] == [300, 400]
    assert len(other.verdicts("maths")) == 5


def filled(store: LessonStore) -> None:
    """Two lessons of one teacher, with what was said of them."""
    for lesson in (MATHS, replace(MATHS, id="art")):
        store.put(lesson)
        store.keep_labels(lesson.teacher)
        store.put_moment(replace(MOMENT, id=f"m-{lesson.id}", lesson=lesson.id))
        for moment in (f"m-{lesson.id}", f"{lesson.id}.3.room.60"):
            said = replace(SAID, lesson=lesson.id, moment=moment)
            store.put_verdict(said, label_of(said))


def test_a_purged_lesson_takes_along_what_was_said_of_it(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    filled(one)
    gone = one.purge(lessons=["maths", "never was"])
    assert gone == PurgedWords(lessons=1, moments=1, verdicts=2, labels=2)
    assert other.get("maths") is None
    assert other.verdicts("maths") == []
    assert {label.lesson for label in other.labels()} == {"art"}
    assert other.keeps_labels(MATHS.teacher)
    assert one.purge(lessons=["art"]).labels == 2
    assert not other.keeps_labels(MATHS.teacher)  # nothing is left that names her


def test_a_purged_moment_takes_along_what_was_said_of_it(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    filled(one)
    gone = one.purge(moments=["m-maths", "maths.3.room.60"], labels_of=["art"])
    assert gone == PurgedWords(lessons=0, moments=1, verdicts=2, labels=4)
    assert other.verdicts("maths") == []
    assert len(other.verdicts("art")) == 2
    assert other.labels() == []


def test_a_removed_moment_takes_along_what_was_said_of_it(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    filled(one)
    one.remove_moment("m-maths")
    assert [said.moment for said in other.verdicts("maths")] == ["maths.3.room.60"]
    assert len(other.labels()) == 3


def test_version_moves_with_every_answer(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    seen = [other.version()]
    for change in (
        lambda: one.put_verdict(SAID),
        lambda: one.keep_labels(MATHS.teacher),
        lambda: one.drop_labels(MATHS.teacher),
        lambda: one.remove_verdict("maths", SAID.moment, SAID.by),
    ):
        change()
        seen.append(other.version())
    assert len(set(seen)) == len(seen)


PLAN = Origin(source="plan.ics", event="uid-1", occurrence="20260930T070000Z")


def test_a_timetable_is_applied_whole_and_keeps_what_it_does_not_say(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    filled(one)
    assert other.origins() == {}
    seen: list[object] = []

    def decide(lessons: list[Lesson], origins: dict[str, Origin]) -> Reschedule:
        seen.append(([lesson.id for lesson in lessons], origins))
        moved = replace(MATHS, room="room-b", teacher="a. chen", starts_utc_ns=5, ends_utc_ns=9)
        return Reschedule(
            put=((replace(moved, activities=()), PLAN), (replace(MATHS, id="new"), PLAN)),
            removed=("art", "never was"),
        )

    version = other.version()
    change = one.reschedule(decide)
    assert seen == [(["art", "maths"], {})]
    assert [lesson.id for lesson, _ in change.put] == ["maths", "new"]
    found = other.get("maths")
    assert found == replace(
        MATHS, room="room-b", teacher="a. chen", starts_utc_ns=5, ends_utc_ns=9, activities=()
    )
    assert other.get("new") == replace(MATHS, id="new")
    assert other.get("art") is None
    assert other.origins() == {"maths": PLAN, "new": PLAN}
    assert other.version() != version
    # What hangs on a lesson stays with it, and goes with it.
    assert [moment.id for moment in other.moments("maths")] == ["m-maths"]
    assert len(other.verdicts("maths")) == 2
    assert other.moments("art") == []
    assert other.verdicts("art") == []
    assert other.labels() == []  # maths is another teacher's now, art is gone
    one.purge(lessons=["new"])
    assert other.origins() == {"maths": PLAN}


def test_a_timetable_that_is_refused_changes_nothing(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    filled(one)
    before = other.lessons()

    def decide(lessons: list[Lesson], origins: dict[str, Origin]) -> Reschedule:
        raise StoreError("refused")

    with pytest.raises(StoreError, match="refused"):
        one.reschedule(decide)
    assert one.reschedule(lambda *_: Reschedule()) == Reschedule()
    assert other.lessons() == before
    assert len(other.verdicts("maths")) == 2
    assert other.origins() == {}


def test_a_label_that_was_written_lately_stays_whatever_time_it_is_of(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    one.keep_labels(MATHS.teacher)
    one.put_verdict(SAID, label_of(SAID, utc_ns=100), written_utc_ns=500)
    assert one.retire_labels(before_utc_ns=500, most=2) == 0
    assert len(other.labels()) == 1
    assert one.retire_labels(before_utc_ns=501, most=2) == 1
    assert other.labels() == []


def test_what_was_written_since_a_version(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair

    def changed(since: int) -> list[str]:
        found = other.changed_since(since, from_utc_ns=1_000, to_utc_ns=5_000)
        return sorted(lesson.id for lesson in found)

    before = other.version()
    assert changed(0) == []
    one.put(MATHS)
    one.put(replace(MATHS, id="later", starts_utc_ns=5_000))
    one.put(replace(MATHS, id="earlier", starts_utc_ns=999))
    first = other.version()
    assert (changed(before), changed(first)) == (["maths"], [])
    one.put(replace(MATHS, id="art", room="room-b", zones=(), ends_utc_ns=None))
    assert (changed(before), changed(first)) == (["art", "maths"], ["art"])
    second = other.version()
    assert one.swap(MATHS, replace(MATHS, ends_utc_ns=2_001))
    assert changed(second) == ["maths"]
    third = other.version()
    one.put_moment(MOMENT)  # says nothing of the lesson itself
    assert changed(third) == []
    one.reschedule(
        lambda *_: Reschedule(
            put=((replace(MATHS, id="art", starts_utc_ns=1_001), PLAN),), removed=("maths",)
        )
    )
    assert changed(third) == ["art"]
    assert other.changed_since(third, from_utc_ns=1_001, to_utc_ns=1_002) == [other.get("art")]
    assert other.count_within(from_utc_ns=999, to_utc_ns=5_000) == 2
    assert other.count_within(from_utc_ns=1_000, to_utc_ns=1_001) == 0


def test_a_changed_lesson_keeps_what_hangs_on_it(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.keep_labels(MATHS.teacher)
    one.reschedule(lambda *_: Reschedule(put=((MATHS, PLAN),)))
    one.put_moment(MOMENT)
    one.put_verdict(SAID, label_of(SAID))

    def what_hangs() -> tuple[object, ...]:
        labels = [(label.moment, label.rows.tobytes()) for label in other.labels()]
        return other.moments("maths"), other.verdicts("maths"), labels, other.origins()

    before = what_hangs()
    assert before == ([MOMENT], [SAID], before[2], {"maths": PLAN})
    assert len(other.labels()) == 1
    moved = replace(MATHS, room="room-b", starts_utc_ns=5_000, ends_utc_ns=None, zones=())
    one.put(moved)
    assert what_hangs() == before
    assert one.swap(moved, MATHS)
    assert what_hangs() == before
    one.reschedule(lambda *_: Reschedule(put=((moved, PLAN),)))
    assert what_hangs() == before
    one.reschedule(lambda *_: Reschedule(removed=("maths",)))
    assert what_hangs() == ([], [], [], {})


def test_the_version_only_rises(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    seen = [one.version()]
    for number in range(6):
        writer = pair[number % 2]
        writer.put(replace(MATHS, title=str(number)))
        assert one.version() == other.version()
        seen.append(one.version())
    assert seen == sorted(set(seen))


def test_what_fails_changes_neither_rows_nor_version(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    version = other.version()

    def refuse(*_: object) -> Reschedule:
        raise ValueError("a room is taken")

    with pytest.raises(ValueError, match="taken"):
        one.reschedule(refuse)
    assert other.version() == version
    assert other.lessons() == [MATHS]


def test_an_import_is_seen_whole_or_not_at_all(open_one: Open) -> None:
    writer, reader = open_one(), open_one()
    plan = tuple((replace(MATHS, id=f"l{number:03}"), PLAN) for number in range(300))
    is_done = Event()

    def write() -> None:
        writer.reschedule(lambda *_: Reschedule(put=plan))
        is_done.set()

    with ThreadPoolExecutor() as pool:
        done = pool.submit(write)
        seen = {reader.count_lessons()}
        while not is_done.is_set() and not done.done():
            seen.add(reader.count_lessons())
        done.result()
        seen.add(reader.count_lessons())
    assert seen <= {0, 300}
    assert 300 in seen


def test_imports_at_the_same_time_see_each_other(open_one: Open) -> None:
    """Each decides by what is there, so the second one finds what the first one has added."""
    stores = [open_one() for _ in range(3)]

    def add_next(lessons: list[Lesson], _: object) -> Reschedule:
        lesson = replace(MATHS, id=f"l{len(lessons):03}")
        return Reschedule(put=((lesson, PLAN),))

    def write(store: LessonStore) -> None:
        for _ in range(8):
            store.reschedule(add_next)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, stores))
    assert sorted(each.id for each in stores[0].lessons()) == [f"l{n:03}" for n in range(24)]


def test_texts_come_in_the_order_of_their_code_points(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    for name in ("b", "B", "a", "ä", "_", "Z", "-"):
        one.put(replace(MATHS, id=name))
        one.opt_out(name, 1)
    assert [lesson.id for lesson in other.lessons()] == ["-", "B", "Z", "_", "a", "b", "ä"]
    assert [room for room, _ in other.opted_out()] == ["-", "B", "Z", "_", "a", "b", "ä"]


def test_any_text_may_be_asked_for_and_written(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    assert other.get("a\0b") is None
    one.put_moment(replace(MOMENT, note="100 % 'so' \0 %(x)s :y 日本 🎓"))
    assert other.moments("maths")[0].note.startswith("100 % 'so' ")
    assert other.moments("maths")[0].note.endswith(" %(x)s :y 日本 🎓")


def test_a_note_is_added_once_and_changed_by_its_revision(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    tags = (NoteTag(id="wait", label="Wäit ‹3 s›"),)
    note = replace(MOMENT, kind="question", tags=tags, began_utc_ns=1_500)
    assert one.add_moment(note) == note
    assert other.add_moment(replace(note, note="sent again")) == note
    changed = other.change_moment(replace(note, note="changed", kind="strength", tags=()))
    assert changed == replace(note, note="changed", kind="strength", tags=(), revision=2)
    assert one.change_moment(replace(note, note="of an older revision")) is None
    assert one.moments("maths") == [changed]
    with pytest.raises(StoreError, match="no lesson 'gone'"):
        one.add_moment(replace(note, id="n", lesson="gone"))


def test_a_moment_that_was_removed_is_not_added_again(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    assert one.add_moment(MOMENT) == MOMENT
    one.remove_moment(MOMENT.id)
    assert other.add_moment(MOMENT) is None
    assert other.moments("maths") == []
    # It is forgotten with its lesson.
    one.purge(lessons=["maths"])
    one.put(MATHS)
    assert other.add_moment(MOMENT) == MOMENT


def test_replies_come_in_order_and_go_with_their_note(
    pair: tuple[LessonStore, LessonStore],
) -> None:
    one, other = pair
    one.put(MATHS)
    one.put_moment(MOMENT)
    first = Reply(
        id="r2", lesson="maths", moment="m1", author="ada", role="teacher", text="why",
        written_utc_ns=5,
    )  # fmt: skip
    later = replace(first, id="r1", author="kim", role="coach", written_utc_ns=6)
    assert one.add_reply(later)
    assert other.add_reply(first)
    assert other.add_reply(replace(first, text="sent again"))
    assert one.replies("maths") == [first, later]
    one.remove_reply("r1")
    assert other.replies("maths") == [first]
    one.put_moment(replace(MOMENT, note="changed"))
    assert one.replies("maths") == [first]
    assert not other.add_reply(later)  # it was removed: it does not come back
    assert other.replies("maths") == [first]
    assert one.purge(moments=["m1"]).replies == 1
    assert other.replies("maths") == []
    assert not other.add_reply(first)
