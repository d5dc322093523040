"""How far coaching reaches: what is counted, and that no small group can be computed from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from school.programme.coverage import MIN_ROOMS, CoverageRow, RoomUse, coverage_rows
from school.programme.records import SchoolGroup
from tests.school.programme.test_small_groups import COUNT, small_groups_in

NORTH = SchoolGroup(name="north", title="The north", sites=frozenset({"ash", "birch"}))
TITLES = {"birch": "Birch", "ash": "Ash", "cedar": "Cedar"}


def rows_of(
    counts: dict[str, tuple[int, int]],
    groups: tuple[SchoolGroup, ...] = (NORTH,),
    rooms: tuple[RoomUse, ...] = (),
    titles: dict[str, str] = TITLES,
) -> dict[str, CoverageRow]:
    """The rows by their title; `counts` has of each school who has a cycle and who has none."""
    sites_of, with_cycle = {}, set()
    for site, (has, without) in counts.items():
        for number in range(has + without):
            sites_of[f"{site}-{number}"] = site
            if number < has:
                with_cycle.add(f"{site}-{number}")
    of = {person: site for person, site in sites_of.items() if site}
    return {
        row.title: row for row in coverage_rows(sites_of, with_cycle, rooms, of, groups, titles)
    }


def figures(row: CoverageRow) -> tuple[int | None, int | None]:
    return row.teachers, row.with_cycle


def test_rows_stand_in_the_order_of_what_they_are_called() -> None:
    rows = rows_of({"ash": (10, 10), "birch": (30, 10), "cedar": (10, 40), "": (10, 10)})

    assert list(rows) == ["", "The north", "Ash", "Birch", "Cedar"]
    assert {title: figures(row) for title, row in rows.items()} == {
        "": (130, 60), "The north": (60, 40), "Ash": (20, 10), "Birch": (40, 30),
        "Cedar": (50, 10),
    }  # fmt: skip


def test_a_school_under_the_limit_hides_itself_and_what_would_give_it_away() -> None:
    rows = rows_of({"ash": (10, 10), "birch": (2, 7), "cedar": (10, 40)}, groups=())

    assert figures(rows["Birch"]) == (None, None)
    assert figures(rows["Ash"]) == (None, None), "or the total would give birch's nine away"
    assert figures(rows["Cedar"]) == (50, 10)
    assert rows[""].teachers == 79


def test_a_share_that_would_give_a_small_group_away_is_hidden_and_its_row_stays() -> None:
    rows = rows_of({"ash": (3, 17), "birch": (20, 20), "cedar": (12, 12)}, groups=())

    assert figures(rows["Ash"]) == (20, None)
    assert all(row.teachers is not None for row in rows.values())
    assert rows["Cedar"].with_cycle is None, "or the total would give ash's three away"
    assert rows["Birch"].with_cycle == 20
    assert rows[""].with_cycle == 35


def test_nobody_and_everybody_may_be_shown() -> None:
    rows = rows_of({"ash": (0, 12), "birch": (12, 0)}, groups=())

    assert (figures(rows["Ash"]), figures(rows["Birch"])) == ((12, 0), (12, 12))
    assert figures(rows["Cedar"]) == (0, 0)


def test_a_room_runs_if_nine_of_ten_of_its_lessons_were_sensed() -> None:
    rooms = (
        RoomUse(site="ash", lessons=20, sensed=18), RoomUse(site="ash", lessons=20, sensed=17),
        *[RoomUse(site="ash", lessons=1, sensed=1)] * 3,
        *[RoomUse(site="birch", lessons=1, sensed=1)] * 5,
        *[RoomUse(site="cedar", lessons=1, sensed=1)] * 5,
    )  # fmt: skip
    rows = rows_of({"ash": (10, 10), "birch": (10, 10), "cedar": (3, 3)}, rooms=rooms)

    assert (rows["The north"].rooms, rows["The north"].running) == (None, None)
    assert (rows[""].rooms, rows[""].running) == (15, 14)
    assert (rows["Cedar"].rooms, rows["Cedar"].running) == (None, None), "no row of six teachers"
    shown = [rows[title] for title in ("Ash", "Birch") if rows[title].teachers is not None]
    assert len(shown) == 1, "the other one hides cedar"


def test_the_one_room_of_a_school_without_teachers_is_not_shown_nor_what_would_give_it() -> None:
    """Somebody of ash teaches at cedar: whether their kit ran is theirs."""
    rooms = tuple(RoomUse(site=site, lessons=4, sensed=4) for site in ("ash", "birch", "cedar") * 5)
    counts = {"ash": (10, 10), "birch": (10, 10), "cedar": (0, 0)}
    rows = rows_of(counts, (), rooms)
    assert (rows["Cedar"].teachers, rows["Cedar"].rooms, rows["Cedar"].running) == (0, None, None)
    assert [rows[title].rooms for title in ("", "Ash", "Birch")].count(None) == 1

    north = rows_of(counts, (NORTH,), rooms)
    assert north[""].rooms == 15
    assert north["The north"].rooms is None, "or the total would give cedar's rooms"


def test_the_one_room_of_a_large_school_is_not_shown_nor_what_would_give_it() -> None:
    counts = {"ash": (10, 10), "birch": (10, 10), "cedar": (10, 10)}
    rooms = tuple(
        RoomUse(site=site, lessons=4, sensed=4)
        for site, n in (("ash", 1), ("birch", 5), ("cedar", 9))
        for _ in range(n)
    )
    rows = rows_of(counts, (NORTH,), rooms)
    assert {title: (row.teachers, row.rooms, row.running) for title, row in rows.items()} == {
        "": (60, 15, 15), "The north": (40, 6, 6), "Ash": (20, None, None),
        "Birch": (20, None, None), "Cedar": (20, 9, 9),
    }  # fmt: skip
    few = rows_of(counts, (NORTH,), rooms[:4])
    assert {row.rooms for title, row in few.items() if title != "Cedar"} == {None}
    assert few["Cedar"].rooms == 0


@given(
    counts=st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=5),
    masks=st.lists(st.integers(1, 15), max_size=3),
)
def test_no_group_below_ten_can_be_computed(
    counts: list[tuple[int, int]], masks: list[int]
) -> None:
    names = ["", "a", "b", "c", "d"][: len(counts)]
    titles = {name: f"School {name}" for name in names if name}
    groups = tuple(
        SchoolGroup(
            name=f"g{place}", title=f"Group {place}",
            sites=frozenset(name for bit, name in enumerate("abcd") if mask >> bit & 1),
        )
        for place, mask in enumerate(masks)
    )  # fmt: skip
    rows = rows_of(dict(zip(names, counts, strict=True)), groups, titles=titles)

    of = {"": set(names)} | {group.title: group.sites for group in groups}
    of |= {title: {name} for name, title in titles.items()}
    cells = [(name, has) for name in names for has in (True, False)]
    shown = [[int(site in of[title]) for site, _ in cells]
             for title, row in rows.items() if row.teachers is not None]  # fmt: skip
    shown += [[int(site in of[title] and has) for site, has in cells]
              for title, row in rows.items() if row.with_cycle is not None]  # fmt: skip
    sizes = [count for pair in counts for count in pair]
    assert small_groups_in(sizes, shown, 10) == []
    assert (rows[""].teachers is None) is (0 < sum(sizes) < 10)


@given(
    counts=st.lists(st.tuples(st.sampled_from([0, 12, 30]), st.integers(0, 8)), min_size=1, max_size=5),
    masks=st.lists(st.integers(1, 15), max_size=3),
)  # fmt: skip
def test_no_group_of_rooms_below_five_can_be_computed(
    counts: list[tuple[int, int]], masks: list[int]
) -> None:
    """Each room is an atom, so that whichever ones ran, no figure is of one to four of them."""
    names = ["a", "b", "c", "d", "e"][: len(counts)]
    titles = {name: f"School {name}" for name in names}
    groups = tuple(
        SchoolGroup(
            name=f"g{place}", title=f"Group {place}",
            sites=frozenset(name for bit, name in enumerate("abcd") if mask >> bit & 1),
        )
        for place, mask in enumerate(masks)
    )  # fmt: skip
    rooms = tuple(
        RoomUse(site=name, lessons=1, sensed=1)
        for name, (_, n) in zip(names, counts, strict=True)
        for _ in range(n)
    )
    teachers = {name: (0, n) for name, (n, _) in zip(names, counts, strict=True)}
    rows = rows_of(teachers, groups, rooms, titles)

    of = {"": set(names)} | {group.title: group.sites for group in groups}
    of |= {title: {name} for name, title in titles.items()}
    figures = [
        [int(name in of[title]) for name in names]
        for title, row in rows.items()
        if row.rooms is not None
    ]
    assert small_groups_in([n for _, n in counts], figures, MIN_ROOMS) == []
    # Nor of the teachers who are known beside it.
    assert all(row.teachers is not None for row in rows.values() if row.rooms is not None)
    total = sum(n for n, _ in counts), len(rooms)
    if total[0] >= 10 and total[1] >= MIN_ROOMS and all(n for n, _ in counts):
        assert rows[""].rooms == total[1], "the total goes last"
