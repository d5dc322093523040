"""No two looks at what spans have in common differ by fewer than a group, whatever happens in between.

What is counted of each span that is handed has a name of its own here, so that a look says which
spans are in it.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contract.errors import UsageError
from school.audit.actor import Actor
from school.cohorts.cohort_records import GROUP_OF, CohortTask, SpanPlace
from school.cohorts.cohort_store import CohortStore
from school.lessons.records import Lesson
from school.lessons.retiring import remove_old_words
from school.lessons.store import SqlLessonStore
from school.people.store import PeopleStore
from school.sharing.cut import Span
from school.sharing.store import SharingStore
from school.sqlite_database import MemoryDatabase

MEMBERS: Final = [f"m{number}" for number in range(9)]
COACHES: Final = ["kim", "lou"]
LATER: Final = date(2026, 3, 5)

Look = frozenset[str]
Step = tuple[Any, ...]


class Played:
    """A cohort in which things happen, one a tick, and all that anybody ever read of it."""

    def __init__(self) -> None:
        self.database = database = MemoryDatabase()
        self.lessons, self.people = SqlLessonStore(database), PeopleStore(database)
        self.sharing, self.cohorts = SharingStore(database), CohortStore(database)
        self.now_ns = 1_000
        self.writers: dict[str, str] = {}
        """Name of a span that was handed → whose it is."""
        self.looks: set[Look] = set()
        by = self.by("kim")
        for person in MEMBERS:
            self.people.add(person, person, ["teacher"], by, person_id=person)
            self.sharing.tie_name(person, person, by)
            for lesson in (0, 1):
                self._put(person, lesson)
        for person in COACHES:
            self.people.add(person, person, ["coach"], by, person_id=person)
        self.cohort = self.cohorts.make("Wait time", "Think first", by)
        for person in MEMBERS:
            self.join(person)
        for question in ("How long?", "Who spoke?"):
            self.cohorts.set_task(self.cohort, question, LATER, by)

    def _put(self, person: str, number: int) -> None:
        self.lessons.put(
            Lesson(
                id=f"{person}-{number}", room=f"room of {person}", teacher=person, title="",
                starts_utc_ns=1 + 100 * number, ends_utc_ns=90 + 100 * number, source="button",
            )
        )  # fmt: skip

    def by(self, person: str) -> Actor:
        return Actor(name=person, utc_ns=self.now_ns, person=person)

    def task(self, number: int) -> CohortTask:
        tasks = sorted(self.cohorts.tasks(self.cohort), key=lambda one: one.question)
        return tasks[number]

    def hand(self, person: str, task: int, lesson: int, start_s: int) -> None:
        """A new answer, or an older one with another lesson or span, or with the same."""
        name = f"{person} at {self.now_ns}"
        self.writers[name] = person
        with suppress(UsageError):  # who is not in it hands nothing
            self.cohorts.save(
                self.task(task), f"{person}-{lesson}", (start_s, start_s + 10), "words",
                self.by(person), is_handed=True, place=SpanPlace(activity=name, third=0),
            )  # fmt: skip

    def take_back(self, person: str, task: int) -> None:
        self.cohorts.take_back(self.task(task), self.by(person))

    def end_task(self, task: int) -> None:
        found = self.task(task)
        self.cohorts.end_task(found, self.by("kim"))
        self.cohorts.set_task(self.cohort, found.question, LATER, self.by("kim"))

    def leave(self, person: str) -> None:
        self.cohorts.leave(self.cohort, person, self.by(person))

    def join(self, person: str) -> None:
        self.cohorts.invite(self.cohort, person, self.by("kim"))
        self.cohorts.join(self.cohort, self.by(person))

    def lead(self, coach: str) -> None:
        self.cohorts.leading.offer(self.cohort, coach, self.by("kim"))
        self.cohorts.leading.take_over(self.cohort, self.by(coach))

    def hide(self, person: str, lesson: int) -> None:
        """Hide it, or show it again."""
        change, of = self.sharing.teacher, f"{person}-{lesson}"
        (change.unhide if change.is_hidden(of) else change.hide)(of, self.by(person))

    def leave_out(self, person: str, lesson: int, start_s: int) -> None:
        """Leave a part out, or take in again what was left out."""
        change, of = self.sharing.teacher, f"{person}-{lesson}"
        out = change.left_out([of]).get(of, [])
        for each in out:
            change.include(of, each.id, self.by(person))
        if not out:
            change.exclude(of, Span(start_s, start_s + 5), "other", "", self.by(person))

    def delete_lesson(self, person: str, lesson: int) -> None:
        self.lessons.purge(lessons=[f"{person}-{lesson}"])
        self._put(person, lesson)

    def grow_old(self, ticks: int) -> None:
        with self.database.writing() as connection:
            remove_old_words(connection, self.now_ns - ticks, 100)

    def look(self) -> None:
        """Everybody reads it."""
        self.now_ns += 1
        for reader in (*MEMBERS, *COACHES):
            seen = self.cohorts.pattern.counted(self.cohort, reader)
            self.looks.add(frozenset(each.activity for each in seen))
            assert len({each.activity for each in seen}) == len(seen), "one counts twice"

    def parts(self) -> list[set[str]]:
        """The members of those spans that stand in the same looks, for each of the sets of looks.

        No sum or difference of any looks, by whoever and whenever, tells such spans apart, and each
        of them has all of such a set or nothing of it.
        """
        looks = sorted(self.looks, key=sorted)
        alike: defaultdict[tuple[bool, ...], set[str]] = defaultdict(set)
        for name in frozenset().union(*looks):
            alike[tuple(name in look for look in looks)].add(self.writers[name])
        return list(alike.values())

    def play(self, *steps: Step) -> None:
        for name, *about in steps:
            getattr(self, name)(*about)
            self.look()


PERSON: Final = st.sampled_from(MEMBERS)
ONE: Final = st.integers(0, 1)
START: Final = st.sampled_from([0, 20])
HAND: Final = st.tuples(st.just("hand"), PERSON, ONE, ONE, START)
STEP: Final = st.one_of(
    HAND,
    HAND,
    HAND,
    HAND,
    st.tuples(st.just("take_back"), PERSON, ONE),
    st.tuples(st.just("end_task"), ONE),
    st.tuples(st.just("leave"), PERSON),
    st.tuples(st.just("join"), PERSON),
    st.tuples(st.just("lead"), st.sampled_from(COACHES)),
    st.tuples(st.just("hide"), PERSON, ONE),
    st.tuples(st.just("leave_out"), PERSON, ONE, START),
    st.tuples(st.just("delete_lesson"), PERSON, ONE),
    st.tuples(st.just("grow_old"), st.integers(2, 30)),
)


def handed(task: int = 0, *, first: int = 0, last: int = len(MEMBERS)) -> list[Step]:
    return [("hand", person, task, 0, 0) for person in MEMBERS[first:last]]


@pytest.mark.slow
@settings(max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    before=st.integers(0, len(MEMBERS)), steps=st.lists(STEP, max_size=15),
    after=st.lists(HAND, max_size=9),
)  # fmt: skip
def test_nothing_that_anybody_reads_is_of_fewer_than_a_group(
    before: int, steps: list[Step], after: list[Step]
) -> None:
    played = Played()
    played.play(*handed(last=before), *steps, *after)
    assert all(len(members) >= GROUP_OF for members in played.parts()), played.looks


def test_what_takes_the_place_of_another_answer_is_not_seen_by_the_difference() -> None:
    played = Played()
    played.play(*handed(last=GROUP_OF))
    assert sorted(map(len, played.looks)) == [0, GROUP_OF]
    played.play(("take_back", MEMBERS[0], 0), *handed(first=GROUP_OF))
    assert sorted(map(len, played.looks)) == [0, GROUP_OF]
    played.play(*handed(1))  # three of before, and these, make two groups
    assert len(played.cohorts.pattern.counted(played.cohort, "kim")) == 2 * GROUP_OF
    assert len(played.parts()) == 3


def test_a_new_coach_reads_the_same_groups_or_none_of_them() -> None:
    played = Played()
    played.play(*handed(last=GROUP_OF - 1), ("lead", "lou"), *handed(first=GROUP_OF - 1))
    assert len(played.cohorts.pattern.counted(played.cohort, MEMBERS[0])) == GROUP_OF
    assert played.cohorts.pattern.counted(played.cohort, "lou") == []
    played.play(*handed(1))
    assert len(played.cohorts.pattern.counted(played.cohort, MEMBERS[0])) == 3 * GROUP_OF
    # Of the second group some was handed before they led it.
    assert len(played.cohorts.pattern.counted(played.cohort, "lou")) == 2 * GROUP_OF
    assert all(len(members) >= GROUP_OF for members in played.parts())


@pytest.mark.parametrize(
    "steps",
    (
        [("hide", "m0", 0), ("hide", "m0", 0)],
        [("leave_out", "m0", 0, 0), ("leave_out", "m0", 0, 0)],
    ),
)  # fmt: skip
def test_a_group_is_gone_while_a_lesson_in_it_is_not_shown(steps: list[Step]) -> None:
    played = Played()
    played.play(*handed(last=GROUP_OF), steps[0])
    assert played.cohorts.pattern.counted(played.cohort, "kim") == []
    played.play(*handed(first=GROUP_OF), steps[1])
    assert len(played.cohorts.pattern.counted(played.cohort, "kim")) == GROUP_OF
    assert len(played.parts()) == 1


def test_words_are_changed_without_a_trace_in_the_counts_and_a_span_is_not() -> None:
    played = Played()
    played.play(*handed(last=GROUP_OF))
    before = played.cohorts.pattern.counted(played.cohort, "kim")
    played.play(*handed(last=1))  # the same span again
    assert played.cohorts.pattern.counted(played.cohort, "kim") == before
    played.play(("hand", MEMBERS[0], 0, 0, 20))
    assert played.cohorts.pattern.counted(played.cohort, "kim") == []
