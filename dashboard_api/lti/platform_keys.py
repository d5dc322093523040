"""The public keys of learning platforms, asked for when they are needed and seldom again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import httpx2
from joserfc.jwk import KeySet

from contract.clock import SECOND_NS, Clock
from contract.language import N_, _
from dashboard_api.lti.refused import LaunchRefusedError
from dashboard_api.openid.bounded_transport import BoundedTransport
from dashboard_api.openid.id_token import key_set
from dashboard_api.openid.refused import ProviderRefusedError
from school.lti.records import Platform

__all__ = ["DOWN_NS", "FRESH_NS", "RETRY_NS", "PlatformKeys"]

FRESH_NS: Final = 3_600 * SECOND_NS
"""Keys are asked for again after this long."""
RETRY_NS: Final = 60 * SECOND_NS
"""A key that nobody knows makes us ask at most this often."""
DOWN_NS: Final = 10 * SECOND_NS
"""A platform that did not answer is asked again after this long."""
_TIMEOUT_S: Final = 10
_DOWN: Final = N_(
    "{platform} does not answer right now, so its signature can't be checked. Try again in a few minutes."
)


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: KeySet | LaunchRefusedError
    """Or why there are none."""
    utc_ns: int


class PlatformKeys:
    """Every answer has a time limit and a length limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def keys(self, platform: Platform) -> KeySet:
        """A platform's keys; raises LaunchRefusedError."""
        return await self._within(platform, FRESH_NS)

    async def newer(self, platform: Platform) -> KeySet:
        """Its keys, asked for again unless that was a moment ago; raises LaunchRefusedError."""
        return await self._within(platform, RETRY_NS)

    async def _within(self, platform: Platform, age_ns: int) -> KeySet:
        address = platform.jwks_url
        # Of many launches at once, one asks; no platform makes another one wait.
        async with self._turns.setdefault(address, asyncio.Lock()):
            now, known = self._clock.utc_ns(), self._kept.get(address)
            if known is not None:
                is_down = isinstance(known.keys, LaunchRefusedError)
                if not 0 <= now - known.utc_ns < (DOWN_NS if is_down else age_ns):
                    known = None
            if known is None:
                known = self._kept[address] = _Kept(await _fetched(platform), now)
        if isinstance(known.keys, LaunchRefusedError):
            # A new one: it gathers where it was raised, and its words are for each reader.
            raise _down(platform, known.keys.reason)
        return known.keys


async def _fetched(platform: Platform) -> KeySet | LaunchRefusedError:
    try:
        return await _fetch(platform)
    except LaunchRefusedError as error:
        return error


async def _fetch(platform: Platform) -> KeySet:
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            httpx2.AsyncClient(transport=BoundedTransport(), timeout=_TIMEOUT_S) as client,
        ):
            answer = await client.get(platform.jwks_url, headers={"Accept": "application/json"})
            if answer.status_code != httpx2.codes.OK:
                raise _down(platform, f"its keys: status {answer.status_code}")
            return key_set(answer.json())
    except ProviderRefusedError as error:
        raise _down(platform, f"its keys: {error.reason}") from None
    except (
        TimeoutError,
        httpx2.HTTPError,
        httpx2.InvalidURL,
        httpx2.StreamError,
        OSError,
    ) as error:
        raise _down(platform, f"its keys: {type(error).__name__}") from None
    except (ValueError, RecursionError):
        raise _down(platform, "its keys are no JSON") from None


def _down(platform: Platform, reason: str) -> LaunchRefusedError:
    return LaunchRefusedError(_(_DOWN, platform=platform.title), reason, 503)
