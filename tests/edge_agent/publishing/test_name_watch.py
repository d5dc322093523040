"""Two kits with one name: each says so once, and they do not talk each other to death."""

from __future__ import annotations

import pytest

from contract.wire.messages import Birth, Death
from edge_agent.publishing.name_watch import NameWatch

MINUTE = 60_000_000_000


def birth(run: int) -> Birth:
    return Birth(
        node="pi-1", run=run, boot="b", software="roomtone 1", period_ns=1, run_boot_ns=0,
        hubs=(), seat_codes=(), room_codes=(), units={}, synchronised=True,
    )  # fmt: skip


def death(run: int) -> Death:
    return Death(node="pi-1", run=run, boot="b", reason="lost")


def watch(run: int = 1) -> NameWatch:
    return NameWatch(name="school/r1/pi-1", run=run)


def test_the_own_birth_and_that_of_an_earlier_run_are_nothing_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = watch()
    names.known = frozenset({7})
    assert not names.hear(birth(1), is_retained=False, now_ns=0)
    assert not names.hear(birth(7), is_retained=True, now_ns=0)
    assert names.twins == 0
    assert not caplog.text


def test_a_last_will_over_our_birth_is_answered_by_it() -> None:
    names = watch()
    assert names.hear(death(7), is_retained=False, now_ns=0)
    assert names.hear(death(1), is_retained=False, now_ns=0)
    assert not names.hear(death(7), is_retained=True, now_ns=0)
    assert names.twins == 0


def test_a_retained_birth_of_a_stranger_is_a_warning_and_a_living_one_an_alarm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = watch()
    assert not names.hear(birth(9), is_retained=True, now_ns=0)
    assert names.twins == 0
    assert "knows another kit as school/r1/pi-1" in caplog.text
    assert names.hear(birth(9), is_retained=False, now_ns=1)
    assert names.twins == 1
    for _ in range(5):
        assert not names.hear(birth(9), is_retained=False, now_ns=MINUTE)
    assert caplog.text.count("Two kits are called school/r1/pi-1") == 1
    assert names.hear(birth(9), is_retained=False, now_ns=1 + MINUTE)


def test_two_that_answer_each_other_come_to_an_end() -> None:
    kits = {1: watch(1), 2: watch(2)}
    on_the_way = [1, 2]
    said = 0
    while on_the_way:
        sender = on_the_way.pop(0)
        said += 1
        other = 3 - sender
        if kits[other].hear(birth(sender), is_retained=False, now_ns=said):
            on_the_way.append(other)
    assert said == 4
    assert kits[1].twins == kits[2].twins == 1


def test_two_that_push_each_other_out_find_each_others_wills(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With one certificate only one of two is connected at a time: neither hears the other."""
    kits = {1: watch(1), 2: watch(2)}
    stands: Birth | Death | None = None
    named: dict[int, int] = {}
    for turn in range(8):
        run = turn % 2 + 1
        if stands is not None:  # the broker says the will of the one that is pushed out first
            stands = death(3 - run)
            kits[run].hear(stands, is_retained=True, now_ns=turn)
        stands = birth(run)
        kits[run].hear(stands, is_retained=False, now_ns=turn)
        if kits[run].twins:
            named.setdefault(run, turn)
    assert named == {1: 4, 2: 5}
    assert caplog.text.count("Two kits are called school/r1/pi-1") == 2


def test_one_late_will_of_a_kit_that_was_replaced_is_no_twin() -> None:
    names = watch()
    names.hear(birth(9), is_retained=True, now_ns=0)
    names.hear(birth(1), is_retained=False, now_ns=0)
    names.hear(death(9), is_retained=True, now_ns=MINUTE)  # it came while we were away
    assert names.twins == 0
    names.hear(birth(1), is_retained=False, now_ns=MINUTE)
    names.hear(death(1), is_retained=True, now_ns=2 * MINUTE)
    assert names.twins == 0


def test_who_is_pushed_out_says_so_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    names = watch()
    for second in range(0, 121, 10):
        names.pushed_out(second * 1_000_000_000)
    assert names.is_pushed_out
    assert caplog.text.count("connects with the certificate of school/r1/pi-1") == 3
