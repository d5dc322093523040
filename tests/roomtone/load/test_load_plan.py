"""The limits of a load, and the words that a person gets beyond them."""

from __future__ import annotations

import argparse

import pytest

from contract.clock import SECOND_NS
from contract.errors import UsageError
from roomtone.load.command import add_arguments, run
from roomtone.load.plan import EPOCH, Fault, LoadPlan, fault_of


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "says"),
    (
        (("--rooms", "0"), "--rooms is 0, expected 1 to 5000"),
        (("--rooms", "5001"), "--rooms is 5001"),
        (("--seats", "4"), "--seats is 4, expected 5 to 64"),
        (("--rate", "nan"), "--rate is nan, expected 0.1 to 100"),
        (("--minutes", "0.01"), "--minutes is 0, expected 0.08"),
        (("--rooms", "1200", "--rate", "10"), "360,000 seat-seconds a second, at most 200,000"),
        (("--fault", "fire@3"), "KIND is one of broker-restart, ingest-kill"),
        (("--fault", "ingest-kill"), "expected KIND@SECOND"),
        (("--fault", "ingest-kill@118", "--minutes", "2"), "is not over before the load"),
        (("--broker", "mqtt.example.org"), "add --load-another-machine"),
        (("--broker", "[2001:db8::1]:1883"), "is not this machine"),
        (("--broker", "127.0.0.1:1", "--fault", "ingest-kill@3"), "so not with --broker"),
        (("--ca-file", "ca.pem"), "--ca-file needs --broker"),
        (("--keep", __file__), "can't be used as a folder"),
    ),
)
def test_what_is_not_possible_gets_one_sentence(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roomtone.load.command.mosquitto_path", lambda: "mosquitto")
    monkeypatch.setattr("roomtone.load.command.run_load", None)  # nothing is started
    with pytest.raises(UsageError) as error:
        run(arguments(*words))
    assert says in str(error.value)


@pytest.mark.parametrize("host", ("localhost", "127.0.0.1", "127.9.9.9:1884", "[::1]:1883"))
def test_this_machine_needs_no_confirmation(host: str) -> None:
    with pytest.raises(UsageError, match="--rooms is 0"):
        run(arguments("--broker", host, "--rooms", "0"))


def test_another_machine_can_be_confirmed() -> None:
    words = ("--broker", "mqtt.example.org", "--load-another-machine", "--rooms", "0")
    with pytest.raises(UsageError, match="--rooms is 0"):
        run(arguments(*words))


def test_a_fault_has_a_second_and_a_duration() -> None:
    assert fault_of("ingest-kill@20") == Fault(kind="ingest-kill", at_s=20, for_s=3)
    assert fault_of("slow-link@5:30") == Fault(kind="slow-link", at_s=5, for_s=30)


def test_rooms_are_spread_over_an_epoch_unless_they_are_in_step() -> None:
    plan = LoadPlan(rooms=10, seats=30, periods=60, site="load")
    ends = sorted(plan.closes_s(room, 0) % EPOCH for room in range(10))
    assert {int(end) for end in ends} == {0, 1, 2, 3, 4}
    assert plan.seconds == 64
    last = max(plan.closes_s(room, 59) for room in range(10))
    assert 64 <= last < 65
    in_step = LoadPlan(rooms=10, seats=30, periods=60, site="load", is_in_step=True)
    assert {int(in_step.closes_s(room, 0)) for room in range(10)} == {1}
    assert in_step.offset_ns(5) == SECOND_NS // 2
    assert plan.offset_ns(8) == 3 * SECOND_NS + 8 * SECOND_NS // 10


def test_a_rate_shortens_a_load() -> None:
    plan = LoadPlan(rooms=1, seats=5, periods=600, site="load", rate=10.0, is_in_step=True)
    assert plan.duration_s == 60
    assert plan.closes_s(0, 9) == 1.0
