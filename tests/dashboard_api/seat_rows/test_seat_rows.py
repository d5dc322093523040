"""The teacher's own page of seat rows over HTTP: whose it is, its switch, and what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from contract.clock import SECOND_NS
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from contract.wire.messages import Birth, Hub, Timebase
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Layout
from ingest.stores.records import Arrival, EpochRecord, Purge, Tick, ZoneEpoch
from school.lessons.records import Lesson
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

PAGE = "/lessons/sample/seat-rows"


def switch_on(client) -> None:
    assert client.post(PAGE, data={"is_on": "true"}).status_code == 303


def words(page: str) -> str:
    """What a person reads, without its marks."""
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def labels(page: str) -> list[str]:
    found = re.findall(r'<div class="label[^>]*>(.*?)</div>', page)
    return [re.sub(r"<[^>]+>", "", label) for label in found]


def table(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


def entries(stores) -> list[str]:
    return [entry.sentence for entry in stores.audit.of_person(TEACHER, 50)]


# --------------------------------------------------------------------------- whose, and the switch


def test_it_is_off_until_its_teacher_switches_it_on(client, filled, stores) -> None:
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "This is off, because fewer than five pupils sit in a row" in page.text
    assert "never to judge one pupil" in page.text
    assert labels(page.text) == []
    assert not any("rows of seats of" in one for one in entries(stores))
    assert "Rows of seats (off)" in client.get("/lessons/sample").text

    switch_on(client)
    page = client.get(PAGE).text
    assert labels(page)[:3] == ["The room ", "Window seats 1–4", "seats 5–8"]
    assert "Rows of seats (off)" not in client.get("/lessons/sample").text
    assert client.post(PAGE, data={"is_on": "false"}).status_code == 303
    assert labels(client.get(PAGE).text) == []


def test_the_switch_and_each_look_are_recorded(client, filled, stores, clock) -> None:
    for is_on in ("true", "true", "false", "true"):  # what is so already is no entry
        client.post(PAGE, data={"is_on": is_on})
    client.get(PAGE)
    client.get(f"{PAGE}?number=2")
    clock.advance(601)
    client.get(PAGE)
    switched = [one for one in entries(stores) if "rows of seats" in one]
    who, look = (
        f"{TEACHER[:1].upper()}{TEACHER[1:]}",
        "looked at the rows of seats of lesson sample",
    )
    changed = "changed whether they see rows of seats"
    assert switched == [
        f"{who} {look}", f"{who} {look}", f"{who} {changed}: on now", f"{who} {changed}: off now",
        f"{who} {changed}: on now",
    ]  # fmt: skip
    assert any(look in one.sentence for one in stores.audit.of_lesson("sample", 9))


def test_each_teacher_switches_it_on_for_themselves(client, filled, stores, clock) -> None:
    switch_on(client)
    add_person(stores.people, "other", "teacher")
    stores.sharing.tie_name("Mx Other", "other", BY)
    stores.lessons.put(replace(filled.lesson, id="theirs", room="r2", teacher="Mx Other"))
    with client.browser(cookie(stores.people, clock.utc_ns(), "other")) as theirs:
        assert "This is off" in theirs.get("/lessons/theirs/seat-rows").text
    assert client.get("/lessons/theirs/seat-rows").status_code == 404


@pytest.mark.parametrize("is_on", (True, False))
def test_nobody_else_finds_it(client, coach, filled, stores, clock, is_on: bool) -> None:
    """Also with the lesson shared, with every other role, and with a switch of their own."""
    if is_on:
        switch_on(client)
    for person, roles in (
        ("officer", ("privacy_officer", "administrator", "technician")), ("peer", ("teacher",)),
    ):  # fmt: skip
        add_person(stores.people, person, *roles)
        stores.sharing.share("sample", person, BY, until_utc_ns=clock.utc_ns() + 86_400 * SECOND_NS)
    stores.sharing.seat_rows.switch("peer", BY, is_on=True)
    missing = client.get("/lessons/none/seat-rows", headers={"Accept": "application/json"})
    for person in (COACH, "officer", "peer"):
        with client.browser(cookie(stores.people, clock.utc_ns(), person)) as pages:
            for answer in (pages.get(PAGE), pages.post(PAGE, data={"is_on": "true"})):
                assert answer.status_code == 404
            assert "seat-rows" not in pages.get("/lessons/sample").text
            assert "table.csv" not in pages.get("/lessons/sample/table").text
    assert missing.status_code == 404


def test_a_handed_over_lesson_is_its_new_teachers_alone(client, filled, stores, clock) -> None:
    switch_on(client)
    add_person(stores.people, "taught-it", "teacher")
    stores.sharing.handovers.offer("sample", "taught-it", BY)
    stores.sharing.handovers.accept("sample", replace(BY, person="taught-it"))
    assert client.get(PAGE).status_code == 404
    with client.browser(cookie(stores.people, clock.utc_ns(), "taught-it")) as pages:
        assert "This is off" in pages.get(PAGE).text


# --------------------------------------------------------------------------- what it shows


def test_the_rows_show_where_the_room_moved(client, filled) -> None:
    """The sample's tables by the window move 9 dB more for a minute, the others do not."""
    switch_on(client)
    page = client.get(f"{PAGE}?number=3").text
    head, *rows = table(page)
    assert head[:4] == ["Time", "The room", "Window seats 1–4", "Window seats 5–8"]
    assert head[-3:] == ["Door seats 25–27", "Door seats 28–30", "Missing"]
    by_time = {row[0]: row[1:] for row in rows}
    lively = by_time["27:00–27:30"]
    assert lively[1:3] == ["much more"] * 2
    assert not any("more" in text for text in lively[3:-1])
    assert "1–4" in words(page)


def test_gaps_are_shown_with_their_reasons(client, filled) -> None:
    switch_on(client)
    page = client.get(f"{PAGE}?number=4").text
    said = words(page)
    assert "30:00–31:14: the kit lost power or restarted" in said
    by_time = {row[0]: row[1:] for row in table(page)[1:]}
    silent = by_time["30:30–31:00"]
    assert set(silent[:-1]) == {"not sensed"}
    assert silent[-1] == "the kit lost power or restarted"
    # The hub of the table by the door was silent for 80 s, and the others were not.
    strips = re.findall(r'<svg class="strip".*?</svg>', page, flags=re.DOTALL)
    assert [strip.count('class="gap"') for strip in strips] == [2] * 7 + [3] * 2


def test_what_is_left_out_is_in_no_level_and_has_its_reason(client, filled, stores) -> None:
    switch_on(client)
    before = table(client.get(f"{PAGE}?number=3").text)
    stores.sharing.teacher.exclude("sample", Span(1_500, 1_590), "fire_drill", "all out", BY)
    page = client.get(f"{PAGE}?number=3").text
    by_time = {row[0]: row[1:] for row in table(page)[1:]}
    assert set(by_time["25:30–26:00"][:-1]) == {"not sensed"}
    assert by_time["25:30–26:00"][-1] == "left out: fire drill: all out"
    assert "25:00–26:30: left out: fire drill: all out" in words(page)
    assert table(page)[1] == before[1]  # what was before it stays


def test_a_hidden_lesson_says_so(client, filled, stores) -> None:
    switch_on(client)
    stores.sharing.teacher.hide("sample", BY)
    page = client.get(PAGE).text
    assert "You hid this lesson: only you see it." in page
    assert len(labels(page)) == 10


def test_a_deleted_lesson_is_not_found(client, filled, stores) -> None:
    switch_on(client)
    stores.lessons.purge(lessons=["sample"])
    answer = client.get(PAGE)
    assert answer.status_code == 404
    assert "It may have been deleted" in answer.text


def test_no_words_of_scores_pupils_or_ranks(client, filled) -> None:
    """The model's share is nowhere, and the rows stand in the layout's order."""
    switch_on(client)
    said = words(client.get(PAGE).text)
    assert "off task" not in said.lower()
    assert "%" not in said
    assert [label.split(" ")[-1] for label in labels(client.get(PAGE).text)[1:-1]] == [
        "1–4", "5–8", "9–12", "13–16", "17–20", "21–24", "25–27", "28–30",
    ]  # fmt: skip


# --------------------------------------------------------------------------- other rooms and times

Levels = Callable[[int, np.ndarray], np.ndarray]


def sense(
    stores,
    seats: tuple[int, ...],
    *,
    seconds: int = 600,
    hubs: tuple[tuple[int, ...], ...] = (),
    used: tuple[int, ...] | None = None,
    has_values: bool = True,
    length_s: int = 600,
) -> None:
    """A lesson in a room of its own, as a kit with these seats would have sent it."""
    stores.lessons.put(
        Lesson(
            id="other", room="other", teacher="Ms Ortega", title="Other", starts_utc_ns=START_NS,
            ends_utc_ns=START_NS + length_s * SECOND_NS, source="timetable",
        )
    )  # fmt: skip
    if not seconds:
        return
    rng = np.random.default_rng(3)
    seat = np.full((seconds, len(seats), len(SEAT_QUANTITIES)), np.nan)
    if has_values:
        seat[:, :, 0] = rng.normal(15, 3, (seconds, len(seats)))
        is_used = [used is None or one in used for one in seats]
        seat[:, :, 11] = np.where(is_used, rng.integers(0, 3, (seconds, len(seats))), 0)
    room = np.full((seconds, len(ROOM_QUANTITIES)), np.nan)
    room[:, :4] = 60.0
    layout = Layout(seats, *FULL_LAYOUT_CODES)
    values = layout.rows(encode(seat, "seat"), encode(room, "room"))
    head = {"node": "pi", "run": 7}
    birth = Birth(
        **head, boot="boot-7", software="1", period_ns=SECOND_NS, run_boot_ns=0,
        hubs=tuple(
            Hub(hub=f"hub-{i}", firmware="1", seats=each, sample_rate_hz=50, has_sound=i == 0)
            for i, each in enumerate(hubs)
        ),
        seat_codes=FULL_LAYOUT_CODES[0], room_codes=FULL_LAYOUT_CODES[1], units={},
        synchronised=True,
    )  # fmt: skip
    timebase = Timebase(
        **head, boot="boot-7", boot_ns=0, utc_ns=START_NS, error_ns=1_000_000, synchronised=True
    )
    stores.periods.commit(
        Tick(
            received_utc_ns=START_NS, births=[("school", "other", birth)], timebases=[timebase],
            arrivals=[
                Arrival(
                    site="school", room="other", is_live=True,
                    message=Batch(
                        **head, first_seq=at, boot_ns=at * SECOND_NS, period_ns=SECOND_NS,
                        synchronised=True, waited_ms=4, layout=layout,
                        values=values[at : at + 10],
                    ),
                )
                for at in range(0, seconds, 10)
            ],
        )
    )  # fmt: skip


@pytest.fixture
def other(client, stores) -> Callable[[], str]:
    stores.sharing.seat_rows.switch(TEACHER, BY, is_on=True)
    return lambda: client.get("/lessons/other/seat-rows").text


def test_without_zones_the_hubs_are_the_tables_in_the_order_of_their_wires(stores, other) -> None:
    sense(stores, (1, 2, 3, 4, 5, 6, 7, 8), hubs=((8, 7, 6, 5), (1, 2, 3, 4)))
    assert labels(other()) == ["The room ", "hub-0 seats 5–8", "hub-1 seats 1–4", "lesson time"]


def test_a_single_row_says_that_it_is_the_room(stores, other) -> None:
    sense(stores, (1, 2, 3, 4), hubs=((1, 2, 3, 4),))
    page = other()
    assert "the row shows what the whole room shows" in page
    assert labels(page) == ["The room ", "hub-0 seats 1–4", "lesson time"]


def test_two_seats_in_use_show_nothing(stores, other) -> None:
    sense(stores, tuple(range(1, 9)), hubs=(tuple(range(1, 9)),), used=(2, 7))
    page = other()
    assert "Fewer than 3 seats were in use for most of the lesson" in page
    assert labels(page) == []


def test_a_kit_without_movement_sensors_says_so(stores, other) -> None:
    sense(stores, (), hubs=((),))
    assert "The kit in this room has no movement sensors" in other()


def test_sensors_without_values_say_so(stores, other) -> None:
    sense(stores, (1, 2, 3, 4), hubs=((1, 2, 3, 4),), has_values=False)
    assert "No seat&#39;s sensor gave a value in this lesson." in other()


def test_what_is_not_kept_any_more_says_so(stores, other) -> None:
    """Seats' values go after some weeks, and the scores stay."""
    sense(stores, tuple(range(1, 9)), hubs=(tuple(range(1, 9)),))
    zone = ZoneEpoch("room", 8, 1.0, 0.5, 1.5, 0.2, 0.1, 0.3)
    stores.scores.commit(
        cursor=1, alerts=(),
        epochs=[
            EpochRecord(
                lesson="other", stream_id=1, first_seq=5 * i, model="m", zones=(zone,),
                utc_ns=START_NS + 5 * i * SECOND_NS,
            ) for i in range(120)
        ],
    )  # fmt: skip
    assert len(labels(other())) == 4
    late = START_NS + 90 * 86_400 * SECOND_NS
    stores.periods.seal(before_utc_ns=START_NS + 86_400 * SECOND_NS, now_utc_ns=late)
    assert stores.periods.retire("seat", before=date(2027, 1, 1)) == 1
    page = other()
    assert "What single seats sensed is not kept any more." in page
    assert labels(page) == []


def test_a_purged_seat_is_in_no_row(stores, other) -> None:
    sense(stores, tuple(range(1, 8)), hubs=(tuple(range(1, 8)),))
    assert labels(other())[1:3] == ["hub-0 seats 1–4", "seats 5–7"]
    purge = Purge(id="p", room="other", seat=6, to_utc_ns=START_NS + 86_400 * SECOND_NS)
    for _ in stores.periods.purge(purge):
        pass
    assert labels(other())[1:] == ["hub-0 seats 1–7", "lesson time"]


def test_a_lesson_to_come_and_one_that_has_just_begun(stores, other, clock) -> None:
    sense(stores, (1, 2, 3, 4), hubs=((1, 2, 3, 4),), seconds=600, length_s=6_000)
    clock.now_ns = -3601 * SECOND_NS
    assert "The lesson has not started yet." in other()
    clock.now_ns = -3560 * SECOND_NS
    assert "It takes a minute until it is known what is normal" in other()
    clock.now_ns = -3300 * SECOND_NS
    page = other()
    assert "The lesson is on: this is what has passed of it." in page
    assert "1 row over 5 min" in page


def test_a_lesson_of_which_nothing_arrived_says_why(stores, other) -> None:
    sense(stores, (1, 2, 3, 4), seconds=0)
    assert "Nothing is shown of this lesson: no data has arrived from the kit." in other()
    stores.sharing.teacher.exclude("other", Span(0, 300), "break", "", BY)
    assert "left out: break, no teaching; no data has arrived from the kit." in other()
    stores.sharing.teacher.exclude("other", Span(300, 600), "break", "", BY)
    assert "Nothing is shown of this lesson: left out: break, no teaching." in other()


def test_a_long_lesson_has_longer_cells(stores, other, clock) -> None:
    sense(stores, (1, 2, 3, 4), hubs=((1, 2, 3, 4),), seconds=9_000, length_s=9_000)
    clock.now_ns = 9_000 * SECOND_NS
    rows = table(other())[1:]
    assert [row[0] for row in rows[:2]] == ["0:00–1:00", "1:00–2:00"]
