"""Counting connections and clients: never too many, and a working one is never closed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard_api.web.limits.connection_gate import ConnectionGate
from dashboard_api.web.limits.stream_places import StreamPlaces
from dashboard_api.web.network.callers import address_key

TOTAL, PER_KEY = 6, 4
STEPS = st.lists(
    st.tuples(st.sampled_from(("admit", "work", "wait", "leave")), st.integers(0, 9)), max_size=80
)


@given(steps=STEPS)
def test_the_gate_behaves_like_a_plain_list(steps: list[tuple[str, int]]) -> None:
    gate: ConnectionGate[int] = ConnectionGate(max_total=TOTAL, max_per_key=PER_KEY)
    open_: dict[int, str] = {}
    waiting: list[int] = []  # the longest waiting first
    number = 0
    for what, pick in steps:
        if what == "admit":
            number += 1
            key = f"key-{pick % 3}"
            mine = [each for each in open_ if open_[each] == key]
            if len(mine) >= PER_KEY:
                expected = next((each for each in waiting if each in mine), None)
                full = "" if expected is not None else "key"
            elif len(open_) >= TOTAL:
                expected = next(iter(waiting), None)
                full = "" if expected is not None else "all"
            else:
                expected, full = None, ""
            found = gate.admit(number, key)
            assert (found.evicted, found.full) == (expected, full)
            if expected is not None:
                del open_[expected]
                waiting.remove(expected)
            if not full:
                open_[number] = key
                waiting.append(number)
        elif open_:
            each = list(open_)[pick % len(open_)]
            getattr(gate, what)(each)
            if what == "leave":
                del open_[each]
                gate.leave(each)  # twice is fine
            if what != "wait":
                waiting = [one for one in waiting if one != each]
            elif each not in waiting:
                waiting.append(each)
        assert len(gate) == len(open_) <= TOTAL
    gate.wait(10_000)  # nobody knows it
    gate.work(10_000)
    assert len(gate) == len(open_)


def test_a_caller_is_an_address_and_an_ipv6_network() -> None:
    assert address_key("127.0.0.1") == "127.0.0.1"
    assert address_key("::1") == "::1"
    assert address_key("2001:db8:1:2::7") == address_key("2001:db8:1:2:ffff::1%eth0")
    assert address_key("2001:db8:1:2::7") != address_key("2001:db8:1:3::7")
    assert address_key(None) == ""
    assert address_key("testclient") == "testclient"


def test_places_are_counted_by_key_and_in_total() -> None:
    places = StreamPlaces(max_total=3, max_per_key=2)
    with places.held("a"), places.held("a"):
        assert places.full("a") == "key"
        assert places.full("b") == ""
        with places.held("b"):
            assert places.full("c") == "all"
        assert len(places) == 2
    assert (places.full("a"), len(places)) == ("", 0)
