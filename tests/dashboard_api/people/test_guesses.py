"""Ten thousand guesses: what they leave behind is bounded, and the right person gets in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator

import pyotp
import pytest

from contract.clock import SECOND_NS
from dashboard_api.people.sign_in import CodeNeeded, SignInRefusedError, SignInService
from dashboard_api.web.refusals import RefusalCounts
from dashboard_api.web.store_thread import StoreThread
from tests.dashboard_api.server import until
from tests.signed_in import BY, FACTOR

ADA = "ada@school.example"
RIGHT = "tuba glacier mitten 94"
QUARTER_S = 15 * 60
YEAR_S = 365 * 86_400


@pytest.fixture(autouse=True)
def ada(stores, monkeypatch) -> None:
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda p, _: p == RIGHT)
    stores.people.add("Ada", ADA, ["teacher"], BY, person_id="ada")
    stores.people.set_password("ada", "a hash", BY)


@pytest.fixture
def now(monkeypatch) -> list[float]:
    """The time by which attempts are counted."""
    at = [1_763_460_000.0]
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: at[0])
    return at


class Door:
    """The sign-in without pages, so that ten thousand attempts take a moment."""

    def __init__(self, stores, clock) -> None:
        self.refusals = RefusalCounts()
        self._runner = asyncio.Runner()
        self._store = StoreThread(lambda: stores, clock, clock)
        self._runner.run(self._store.open())
        self.service = SignInService(self._store, self.refusals)

    def status(self, name: str, password: str, address: str) -> int:
        """303 for someone who gets in."""
        try:
            self._runner.run(
                self.service.with_password(name, password, address=address, browser="a test")
            )
        except SignInRefusedError as error:
            return error.status
        return 303

    @property
    def counters(self) -> int:
        storage = self.service._limiter.storage
        return len(storage.storage) + len(storage.expirations) + len(storage.events)

    def close(self) -> None:
        self._runner.run(self._store.close())
        self._runner.close()


@pytest.fixture
def door(stores, clock) -> Iterator[Door]:
    made = Door(stores, clock)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name_of",
    (lambda _: ADA, lambda i: f"{i}" * 100, lambda i: ADA if i % 2 else f"n{i}"),
    ids=("one account", "names of nobody", "both"),
)
def test_ten_thousand_guesses_leave_little_behind(
    door: Door, stores, now: list[float], name_of: Callable[[int], str]
) -> None:
    before = len(stores.audit.latest(100_000))
    found = [door.status(name_of(i), "a guess", "10.0.0.1") for i in range(10_000)]
    allowed = found.count(403)
    assert allowed <= 100
    assert found == [403] * 10 + found[10:]
    assert door.refusals.by_reason["sign_in"] == found.count(429) == 10_000 - allowed
    assert len(stores.audit.latest(100_000)) - before == allowed
    assert door.counters <= 2 * (2 * 100 + 1), "two limits a name that was tried, one an address"
    # The right person, elsewhere at once, and there after a quarter of an hour.
    assert door.status(ADA, RIGHT, "10.0.0.2") == 303
    assert door.status(ADA, RIGHT, "10.0.0.1") == 429
    now[0] += 2 * QUARTER_S
    assert door.status(ADA, RIGHT, "10.0.0.1") == 303


def test_what_was_counted_is_forgotten(door: Door, now: list[float]) -> None:
    for i in range(100):
        door.status(f"n{i}", "a guess", f"10.0.0.{i}")
    assert door.counters >= 300
    now[0] += 3 * 3_600

    def is_little() -> bool:
        door.status("someone", "a guess", "10.0.1.1")  # it cleans up beside an attempt
        return door.counters <= 6

    until(is_little)


def test_one_address_keeps_nobody_out_elsewhere(door: Door) -> None:
    for _ in range(200):
        door.status(ADA, "a guess", "10.0.0.1")
    assert door.status(ADA, RIGHT, "10.0.0.2") == 303


def test_many_addresses_keep_someone_out_for_an_hour_and_a_link_ends_it(
    client, stores, now: list[float]
) -> None:
    service: SignInService = client.app.state.sign_in
    form = {"name": ADA, "password": RIGHT}

    def guess_from_everywhere() -> None:
        for i in range(60):
            service._count(ADA, f"10.0.0.{i}")

    guess_from_everywhere()
    with client.browser() as pages:
        refused = pages.post("/sign-in", data=form)
        assert (refused.status_code, "Too many attempts." in refused.text) == (429, True)
        link = client.post("/people/ada/invitation").text
        path = re.search(r"/invitation/[\w-]+", link)
        assert path is not None
        assert pages.post(path[0], data={"password": "harbour violin toast 38"}).status_code == 200
        assert pages.post("/sign-in", data=form).status_code == 303
        guess_from_everywhere()
        now[0] += 2 * 3_600
        assert pages.post("/sign-in", data=form).status_code == 303
    assert "roomtone_dashboard_refused_total" in client.get("/metrics").text
    assert client.app.state.refusal_counts.by_reason["sign_in"] == 1


def test_guesses_at_a_code_count_too(door: Door, stores, clock) -> None:
    stores.people.set_second_factor("ada", FACTOR, BY)
    found = door._runner.run(
        door.service.with_password(ADA, RIGHT, address="10.0.0.1", browser="a test")
    )
    assert isinstance(found, CodeNeeded)

    def status(code: str, address: str) -> int:
        try:
            door._runner.run(
                door.service.with_code(found.pending, code, address=address, browser="a test")
            )
        except SignInRefusedError as error:
            return error.status
        return 303

    right = pyotp.TOTP(FACTOR).at(clock.utc_ns() // SECOND_NS)
    wrong = [code for code in (f"{i:06}" for i in range(1_000)) if code != right]
    answers = [status(code, "10.0.0.1") for code in wrong]
    assert answers[:9] == [403] * 9
    assert set(answers[9:]) == {429}, "the password was the first attempt"
    assert status(right, "10.0.0.1") == 429
    assert status(right, "10.0.0.2") == 303


@pytest.mark.parametrize("jump_s", (YEAR_S, 3_600, -3_600))
def test_a_clock_that_was_off_keeps_nobody_out(door: Door, now: list[float], jump_s: int) -> None:
    now[0] += jump_s
    for _ in range(20):
        door.status(ADA, "a guess", "10.0.0.1")
    assert door.status(ADA, RIGHT, "10.0.0.1") == 429
    now[0] -= jump_s
    now[0] += 2 * QUARTER_S
    assert door.status(ADA, RIGHT, "10.0.0.1") == 303
