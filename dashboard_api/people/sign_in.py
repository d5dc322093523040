"""Checks a sign-in, and makes guessing slow."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from contract.language import N_, _
from dashboard_api.web.refusals import RefusalCounts
from dashboard_api.web.store_thread import Stores, StoreThread
from school.audit.actor import Actor
from school.people.passwords import is_password
from school.people.records import Credentials, Person
from school.people.second_factor import used_step
from school.people.tokens import new_token, token_hash

__all__ = ["CodeNeeded", "SignInRefusedError", "SignInService", "SignedInAs"]

_PER_ACCOUNT: Final = RateLimitItemPerMinute(10, 15)
"""Attempts for one account from one address."""
_PER_ACCOUNT_ANYWHERE: Final = RateLimitItemPerHour(60)
"""Attempts for one account. Who guesses from many addresses keeps its owner out for an hour."""
_PER_ADDRESS: Final = RateLimitItemPerMinute(100, 15)
"""Attempts from one address. A school has one address, and a Monday morning."""
_STARTS_PER_ADDRESS: Final = RateLimitItemPerMinute(300, 15)
"""Ways to the identity provider that begin at one address."""
_AT_ONCE: Final = 2
"""Checking a password takes 64 MB and a core for as long as it lasts."""
_PENDING_NS: Final = 300 * SECOND_NS
_MAX_PENDING: Final = 1_000

_WRONG: Final = N_("The name or the password is wrong.")
_WRONG_CODE: Final = N_("The code is wrong, or was used already. Wait for the next one.")
_TOO_OFTEN: Final = N_(
    "Too many attempts. Wait fifteen minutes, or ask an administrator for a link to choose a new "
    "password."
)
_TOO_LATE: Final = N_("That took too long. Sign in again.")


class SignInRefusedError(RoomtoneError):
    """The sign-in did not succeed; `status` is that of the answer."""

    def __init__(self, sentence: str, status: int = 403) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class SignedInAs:
    """A new session of a person."""

    person: str
    token: str


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right; a code of the second factor comes next."""

    pending: str
    """Stands for the person until then."""


@dataclass(frozen=True, slots=True)
class _Pending:
    person: str
    sign_in_name: str
    expires_utc_ns: int


class SignInService:
    """Signs people in, at the speed of people."""

    def __init__(self, store: StoreThread, refusals: RefusalCounts) -> None:
        self._store = store
        self._refusals = refusals
        # Not the moving window: it never forgets whom it has seen, and a clock that was a year
        # ahead would keep them out for a year.
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._pending: dict[str, _Pending] = {}

    async def with_password(
        self, sign_in_name: str, password: str, *, address: str, browser: str
    ) -> SignedInAs | CodeNeeded:
        """Check a password; raises SignInRefusedError, in the same words whatever is wrong."""
        name = sign_in_name.strip().lower()
        found = await self.check_password(name, password, address=address)
        if found.second_factor is not None:
            return CodeNeeded(self._remember(found.person, name))
        return await self._started(found.person, name, address, browser)

    async def check_password(self, name: str, password: str, *, address: str) -> Credentials:
        """Check a password for a sign-in or a change; raises SignInRefusedError."""
        self._count(name, address)
        found = await self._store.run(lambda stores: stores.people.credentials(name))
        async with self._turns:
            is_right = await asyncio.to_thread(
                is_password, password, None if found is None else found.password
            )
        if found is None or not is_right:
            await self.record_refusal(found)
            raise SignInRefusedError(_(_WRONG))
        return found

    async def with_code(self, pending: str, code: str, *, address: str, browser: str) -> SignedInAs:
        """Check a code of the second factor; raises SignInRefusedError."""
        now = self._store.people_clock.utc_ns()
        waiting = self._pending.get(pending)
        if waiting is None or waiting.expires_utc_ns <= now:
            raise SignInRefusedError(_(_TOO_LATE))
        self._count(waiting.sign_in_name, address)
        found = await self._store.run(
            lambda stores: stores.people.credentials(waiting.sign_in_name)
        )
        if found is None or found.person != waiting.person or found.second_factor is None:
            raise SignInRefusedError(_(_TOO_LATE))
        step = used_step(found.second_factor, code, now, found.second_factor_step)
        if step is None or not await self._store.run(
            lambda stores: stores.people.use_code(waiting.person, step)
        ):
            await self.record_refusal(found)
            raise SignInRefusedError(_(_WRONG_CODE))
        del self._pending[pending]
        return await self._started(waiting.person, waiting.sign_in_name, address, browser)

    async def with_account(
        self, person: Person, *, used_two_factors: bool, address: str, browser: str
    ) -> SignedInAs | CodeNeeded:
        """Sign in whom the identity provider knows; a second factor of ours may come next.

        `used_two_factors`: it says so and may be believed, so it stands for ours.
        """
        if person.has_second_factor and not used_two_factors:
            return CodeNeeded(self._remember(person.id, person.sign_in_name))
        return await self._started(
            person.id, person.sign_in_name, address, browser, has_second_factor=used_two_factors
        )

    def count_account_start(self, address: str) -> None:
        """Count one who begins to sign in at the identity provider; raises SignInRefusedError."""
        if not self._limiter.hit(_STARTS_PER_ADDRESS, "account-start", address):
            raise self._too_often()

    def _count(self, name: str, address: str) -> None:
        """Count an attempt before it is checked, so that many at once count too.

        What one limit refuses counts for none of the next ones. So one address can't use up what an
        account takes from everywhere, and keeps no more names in memory than it may try.
        """
        key = _key(name)
        if not (
            self._limiter.hit(_PER_ADDRESS, "address", address)
            and self._limiter.hit(_PER_ACCOUNT, "account", key, address)
            and self._limiter.hit(_PER_ACCOUNT_ANYWHERE, "account", key)
        ):
            raise self._too_often()

    def _too_often(self) -> SignInRefusedError:
        self._refusals.add("sign_in")
        return SignInRefusedError(_(_TOO_OFTEN), 429)

    def forget_attempts(self, name: str, address: str) -> None:
        """Begin to count again for someone who has signed in, or chosen a new password."""
        key = _key(name.strip().lower())
        self._limiter.clear(_PER_ACCOUNT, "account", key, address)
        self._limiter.clear(_PER_ACCOUNT_ANYWHERE, "account", key)

    async def record_refusal(self, found: Credentials | None) -> None:
        """Record that somebody was refused; None for one whom nobody knows."""
        by = Actor(name="the sign-in page", utc_ns=self._store.people_clock.utc_ns())

        def record(stores: Stores) -> None:
            person = None if found is None else stores.people.person(found.person)
            about = None if person is None else (person.id, person.name)
            stores.audit.record_refusal(by, about)

        await self._store.run(record)

    def _remember(self, person: str, name: str) -> str:
        while len(self._pending) >= _MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        pending = new_token()
        expires = self._store.people_clock.utc_ns() + _PENDING_NS
        self._pending[pending] = _Pending(person, name, expires)
        return pending

    async def _started(
        self,
        person: str,
        name: str,
        address: str,
        browser: str,
        *,
        has_second_factor: bool = False,
    ) -> SignedInAs:
        self.forget_attempts(name, address)
        now = self._store.people_clock.utc_ns()
        token = await self._store.run(
            lambda stores: stores.people.start_session(
                person, browser, now, has_second_factor=has_second_factor
            )
        )
        return SignedInAs(person, token)


def _key(name: str) -> str:
    """A name as the limits count it: short, and not what somebody typed."""
    return token_hash(name)
