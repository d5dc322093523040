"""No sum or difference of figures of any sheets is of the weeks or classes of one to nine people.

A figure of a sheet is a mean over a set of people. Of each person it has their mean before the start,
which all sheets share, and their mean of its own weeks, which no other sheet has. Of each teacher a gain has
the mean of those of their classes' results that are in the file and in no earlier sheet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from contract.errors import UsageError
from school import School, open_school
from school.audit.actor import Actor
from school.ledger.records import Costs, Outcome, Week
from school.ledger.sheets import Sheet
from school.ledger.tables import ledger_weeks, worth_sheets
from school.programme.records import SchoolGroup
from school.rooms.records import Site

BY: Final = Actor(name="a test", utc_ns=70)
START: Final = date(2026, 1, 5)
LATER: Final = date(2027, 6, 1)
PEOPLE: Final = [f"p{number:02}" for number in range(26)]
TEACHERS: Final = [f"t{number:02}" for number in range(44)]
COACHED: Final = frozenset(TEACHERS[:24])
LIMIT: Final = 10

Figure = dict[tuple[str, str], float]
"""Person and what of theirs is in it → with which weight."""


def people_given_away(figures: Sequence[Figure]) -> frozenset[str]:
    """One to nine people whose values alone are in a sum of multiples of figures; empty if there are none.

    All that there are is tried: who stands in the same figures is given away together or not at all.
    """
    alike: dict[tuple[tuple[int, str, float], ...], set[str]] = {}
    for person in {person for figure in figures for person, _ in figure}:
        column = tuple(
            (at, what, weight)
            for at, figure in enumerate(figures)
            for (who, what), weight in sorted(figure.items())
            if who == person
        )
        alike.setdefault(column, set()).add(person)
    things = sorted({key for figure in figures for key in figure})
    matrix = np.array([[figure.get(key, 0.0) for key in things] for figure in figures])
    small = [each for each in alike.values() if len(each) < LIMIT]
    whole = np.linalg.matrix_rank(matrix) if figures else 0
    tried: list[frozenset[str]] = []
    for count in range(len(small), 0, -1):
        for some in combinations(small, count):
            people = frozenset().union(*some)
            # What gives away some people gives away each larger set with them.
            if len(people) >= LIMIT or any(people <= each for each in tried):
                continue
            outside = [at for at, (who, _) in enumerate(things) if who not in people]
            if np.linalg.matrix_rank(matrix[:, outside]) < whole:
                return people
            tried.append(people)
    return frozenset()


def test_the_check_finds_one_person_between_two_openings_of_one_span() -> None:
    """As the page was, computed again at each opening."""
    before: Figure = {(who, what): 1.0 for who in PEOPLE for what in ("baseline", "autumn")}
    after = {key: weight for key, weight in before.items() if key[0] != "p07"}
    assert people_given_away([before, after]) == {"p07"}
    assert people_given_away([before]) == frozenset()


def test_the_check_finds_who_came_between_two_sheets_with_a_mean_before_the_start_each() -> None:
    """As hours spent beside hours saved would show it."""
    autumn = [{(who, "baseline"): 1.0 for who in PEOPLE}, {(who, "autumn"): 1.0 for who in PEOPLE}]
    spring: list[Figure] = [
        {(who, "baseline"): 1.0 for who in PEOPLE[1:]}, {(who, "spring"): 1.0 for who in PEOPLE[1:]}
    ]  # fmt: skip
    assert people_given_away(autumn + spring) == {PEOPLE[0]}
    assert people_given_away([*autumn, spring[1]]) == frozenset()


def test_the_check_finds_who_kept_a_week_more_in_a_sum_by_weeks() -> None:
    mean: Figure = {(who, "autumn"): 1.0 for who in PEOPLE}
    by_weeks = {(who, what): 11.0 if who == "p07" else 10.0 for who, what in mean}
    assert people_given_away([mean, by_weeks]) == {"p07"}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    directory: Path = tmp_path_factory.mktemp("sheets")
    with closing(open_school(directory)) as found:
        for site in ("ash", "birch"):
            found.rooms.add_site(Site(name=site), BY)
        for person in PEOPLE:
            found.people.add(person, person, ["teacher"], BY, person_id=person)
        found.ledger.put_costs(Costs(starts_on=START), BY)
        yield found


def begin(school: School) -> None:
    """Half of the people at each school, all weeks kept, no sheet and no outcomes."""
    school.ledger.put_outcomes([], BY)
    with school.ledger._database.writing() as connection:
        connection.execute(delete(worth_sheets))
        connection.execute(delete(ledger_weeks))
    for group in school.programme.groups():
        school.programme.remove_group(group.name, BY)
    sites = {person: "ash" if at % 2 else "birch" for at, person in enumerate(PEOPLE)}
    school.programme.put_people(sites, BY)
    coaches = school.ledger.coaches()
    for at, person in enumerate(PEOPLE):
        keep(school, person, [-2, -1, *range(0, 30, 2)])
        if (person in coaches) != (at % 4 < 2):
            school.people.set_roles(person, ["coach" if at % 4 < 2 else "teacher"], BY)


def keep(school: School, person: str, weeks: Sequence[int]) -> None:
    mondays = [START + timedelta(weeks=at) for at in weeks]
    school.ledger.put_weeks(person, [Week(monday=each, visiting=60) for each in mondays], 90)


def figures_of(school: School, sheet: Sheet, before: float | None) -> list[Figure]:
    """Whom each figure of a sheet has that was counted just now: found here by other means.

    `before` is the mean before the start of an earlier sheet.
    """
    is_first = before is None
    assert is_first or sheet.worth.before == before
    number, span = f"sheet {sheet.number}", sheet.span
    in_it = set()
    for person, weeks in school.ledger.all_weeks().items():
        mondays = [week.monday for week in weeks]
        within = sum(span.first <= each <= span.last for each in mondays)
        if within >= 2 and sum(each < START for each in mondays) >= 2:
            in_it.add(person)
    coaches, sites_of = in_it & school.ledger.coaches(), school.programme.sites_of_people()
    sets = {"all": in_it, "coach": coaches, "teacher": in_it - coaches}
    shown = {name: sets[name] for name in sheet.worth.saved}
    for row, group in zip(sheet.worth.groups[1:], school.programme.groups(), strict=True):
        if row.saved is not None:
            shown[f"group {row.name}"] = {who for who in in_it if sites_of.get(who) in group.sites}
            assert row.saved.n == len(shown[f"group {row.name}"])
    for name, found in sheet.worth.saved.items():
        assert found.n == len(shown[name])
    figures: list[Figure] = []
    for people in shown.values():
        saved = {(who, "baseline"): 1.0 for who in people}
        figures.append(saved | {(who, number): -1.0 for who in people})
    if sheet.worth.travel_saved is not None:
        figures.append({(who, f"{number}, travel"): 1.0 for who in in_it})
    if is_first and sheet.worth.before is not None:
        figures.append({(who, "baseline"): 1.0 for who in in_it})
    return figures


@dataclass
class Results:
    """The classes of a file, and of all sheets: a teacher and a term each."""

    file: set[tuple[str, int]] = field(default_factory=set)
    counted: set[tuple[str, int]] = field(default_factory=set)
    reads: int = 0

    def read(self, school: School, teachers: Sequence[str], terms: set[int]) -> None:
        """As somebody does who calls classes and teachers otherwise each time."""
        self.reads += 1
        self.file = {(teacher, term) for teacher in teachers for term in terms}
        outcomes = [
            Outcome(
                site=site_of(teacher), teacher=(TEACHERS.index(teacher) + self.reads) % len(TEACHERS),
                is_coached=teacher in COACHED, pupils=20, before=before_of(teacher, term),
                after=before_of(teacher, term) + gain_of(teacher, term),
            )
            for teacher, term in sorted(self.file)
        ]  # fmt: skip
        school.ledger.put_outcomes(outcomes, replace(BY, utc_ns=BY.utc_ns + self.reads))

    def figures_of(self, school: School, sheet: Sheet) -> list[Figure]:
        """Whom each gain of a sheet has that was counted just now: found here by other means."""
        new = self.file - self.counted
        sets = {name: {each for each in new if (each[0] in COACHED) is is_coached}
                for name, is_coached in (("coached", True), ("others", False))}  # fmt: skip
        gains = {name: found for name, found in sheet.worth.gains.items() if name in sets}
        for name in gains:
            self.counted |= sets[name]
        for row, group in zip(sheet.worth.groups[1:], school.programme.groups(), strict=True):
            if row.gain is not None:
                of_group = {each for each in sets["coached"] if site_of(each[0]) in group.sites}
                sets[row.name], gains[row.name] = of_group, row.gain
        figures = []
        for name, found in gains.items():
            of: dict[str, list[int]] = {}
            for teacher, term in sets[name]:
                of.setdefault(teacher, []).append(term)
            means = [np.mean([gain_of(who, term) for term in terms]) for who, terms in of.items()]
            assert found.n == len(of)
            assert found.value == pytest.approx(float(np.mean(means)), abs=6e-4)
            figures.append(
                {
                    (who, f"term {term}"): 1 / len(terms)
                    for who, terms in of.items()
                    for term in terms
                }
            )
        return figures


def site_of(teacher: str) -> str:
    return "ash" if TEACHERS.index(teacher) % 2 else "birch"


def before_of(teacher: str, term: int) -> float:
    return 40.0 + TEACHERS.index(teacher) + term / 4


def gain_of(teacher: str, term: int) -> float:
    return (TEACHERS.index(teacher) * 7 + term * 3) % 11 / 2


PERSON = st.sampled_from(PEOPLE)
READ = st.tuples(st.just("read"), st.sets(st.sampled_from(TEACHERS), max_size=2),
                 st.sets(st.integers(0, 2), min_size=1, max_size=2))  # fmt: skip
STEP = st.one_of(
    st.tuples(st.just("keep"), PERSON, st.integers(-2, 28)),
    st.tuples(st.just("forget"), st.lists(PERSON, min_size=1, max_size=9), st.integers(0, 2)),
    st.tuples(st.just("move"), PERSON, st.sampled_from(["ash", "birch", ""])),
    st.tuples(st.just("role"), PERSON, st.sampled_from(["coach", "teacher"])),
    st.tuples(st.just("group"), st.sampled_from(["north", "title"]),
              st.sets(st.sampled_from(["ash", "birch"]))),
    READ,
    st.tuples(st.just("count"), st.integers(7, 10), st.none()),
    st.tuples(st.just("count"), st.integers(7, 10), st.none()),
)  # fmt: skip


def take(
    school: School, results: Results, step: tuple[str, object, object], next_week: date
) -> Sheet | None:
    match step:
        case ("read", set(without), set(terms)):
            results.read(school, [each for each in TEACHERS if each not in without], terms)
        case ("keep", str(person), int(first)):
            keep(school, person, range(first, first + 2))
        case ("forget", list(people), int(part)):
            for person in people:
                for at in (range(-2, 0), range(15), range(15, 30))[part]:
                    school.ledger.remove_week(person, START + timedelta(weeks=at))
        case ("move", str(person), str(site)):
            school.programme.put_people({person: site}, BY)
        case ("role", str(person), role):
            school.people.set_roles(person, [role], BY)  # type: ignore[list-item]  # one of two
        case ("group", str(name), set(sites)):
            school.programme.put_group(
                SchoolGroup(name=name, title=name, sites=frozenset(sites)), BY
            )
        case ("count", int(more), _):
            last = next_week + timedelta(weeks=more)
            with suppress(UsageError):
                return school.worth_sheets.count(last, BY, zone=UTC, today=LATER)
    return None


@pytest.mark.slow
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(steps=st.lists(STEP, min_size=2, max_size=9))
def test_no_two_sheets_differ_by_fewer_than_ten_people(
    school: School, steps: list[tuple[str, object, object]]
) -> None:
    begin(school)
    shown: list[Sheet] = []
    figures: list[Figure] = []
    gains: list[Figure] = []
    results = Results()
    for step in [*steps, ("count", 7, None)]:
        next_week = school.worth_sheets.next_week()
        assert next_week is not None
        counted = take(school, results, step, next_week)
        if counted is not None:
            assert counted.span.first == next_week
            figures += figures_of(school, counted, _before(shown))
            gains += results.figures_of(school, counted)
            shown.insert(0, counted)
        # Whatever changed, each opening shows what every earlier one did.
        assert school.worth_sheets.sheets() == shown
    assert people_given_away(figures) == frozenset()
    assert people_given_away(gains) == frozenset()
    for one, other in combinations(figures, 2):
        apart = {who for who, _ in one.items() ^ other.items()} if one != other else set()
        assert not 0 < len({person for person, _ in apart}) < LIMIT


LEFT_OUT = st.sets(st.sampled_from(TEACHERS[:30]), max_size=2)
OF_TERMS = st.sets(st.integers(0, 2), min_size=1, max_size=2)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(files=st.lists(st.tuples(LEFT_OUT, OF_TERMS), min_size=2, max_size=4))
@example(files=[(set(), {0}), ({"t03"}, {0})])
@example(files=[({"t03"}, {0}), (set(), {0, 1}), ({"t04"}, {1})])
def test_files_that_are_nearly_alike_give_no_teacher_away(
    school: School, files: list[tuple[set[str], set[int]]]
) -> None:
    """Each file is read in and counted, as if it were the next term's."""
    begin(school)
    school.programme.put_group(SchoolGroup(name="north", title="", sites=frozenset({"ash"})), BY)
    results, gains = Results(), list[Figure]()
    for without, terms in files:
        results.read(school, [each for each in TEACHERS if each not in without], terms)
        counted = take(
            school, results, ("count", 7, None), school.worth_sheets.next_week() or START
        )
        assert counted is not None
        gains += results.figures_of(school, counted)
    assert len(gains) >= 3, "at least the first file is of all, of the others, and of the north"
    assert people_given_away(gains) == frozenset()


def _before(shown: Sequence[Sheet]) -> float | None:
    """The mean before the start of the first sheet that has hours."""
    return next(
        (each.worth.before for each in reversed(shown) if each.worth.before is not None), None
    )
