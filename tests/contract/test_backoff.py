"""The waits between attempts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contract.backoff import Backoff

SECONDS = st.floats(0.001, 3_600)


def test_each_wait_is_twice_the_one_before_up_to_the_limit() -> None:
    backoff = Backoff(first_s=0.5, max_s=15)
    assert [backoff.failed() for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]


@given(SECONDS, SECONDS, st.integers(1, 2_000))
def test_waits_never_fall_and_never_pass_the_limit(
    first_s: float, max_s: float, failures: int
) -> None:
    backoff = Backoff(first_s=first_s, max_s=max_s)
    waits = [backoff.failed() for _ in range(failures)]
    assert waits[0] == min(first_s, max_s)
    assert all(before <= after <= min(2 * before, max_s) for before, after in pairwise(waits))
    assert backoff.failures == failures


@given(SECONDS, SECONDS, st.integers(0, 50))
def test_a_success_begins_the_waits_again(first_s: float, max_s: float, failures: int) -> None:
    backoff, fresh = (Backoff(first_s=first_s, max_s=max_s) for _ in range(2))
    for _ in range(failures):
        backoff.failed()
    backoff.reset()
    assert backoff.failures == 0
    assert [backoff.failed() for _ in range(10)] == [fresh.failed() for _ in range(10)]
