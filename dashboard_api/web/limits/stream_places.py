"""How many event streams may be open at the same time, in total and for each person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

from sse_starlette import EventSourceResponse
from sse_starlette.sse import AsyncContentStream
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from contract.language import _
from dashboard_api.web.refusals import RefusalCounts, error_response

__all__ = ["BoundedStream", "StreamPlaces"]

RETRY_S: Final = 30
PING_S: Final = 15


class StreamPlaces:
    """A limited number of places for event streams."""

    def __init__(self, *, max_total: int, max_per_key: int) -> None:
        self._max_total = max_total
        self._max_per_key = max_per_key
        self._taken: dict[str, int] = defaultdict(int)

    def __len__(self) -> int:
        """How many are taken."""
        return sum(self._taken.values())

    def full(self, key: str) -> Literal["", "all", "key"]:
        """Why there is no place: for this key, or for anyone; empty if there is one."""
        if self._taken.get(key, 0) >= self._max_per_key:
            return "key"
        return "all" if len(self) >= self._max_total else ""

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Hold a place."""
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]


class BoundedStream(EventSourceResponse):
    """Server-Sent Events that hold a place while they are sent; 429 if there is none."""

    def __init__(
        self,
        content: AsyncContentStream,
        *,
        person: str,
        places: StreamPlaces,
        counts: RefusalCounts,
    ) -> None:
        # The connection has a limit for a client that reads nothing.
        super().__init__(content, ping=PING_S)
        self._person = person
        self._places = places
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        full = self._places.full(self._person)
        if not full:
            with self._places.held(self._person):
                await super().__call__(scope, receive, send)
            return
        self._counts.add("streams")
        if full == "key":
            sentence = _(
                "Too many live pages of yours are open; close some, or try again in {seconds} s.",
                seconds=RETRY_S,
            )
        else:
            sentence = _(
                "Too many live pages are open; close some, or try again in {seconds} s.",
                seconds=RETRY_S,
            )
        response = error_response(
            Headers(scope=scope), 429, _("Too many live pages"), sentence, more_headers={"Retry-After": str(RETRY_S)},
        )  # fmt: skip
        await response(scope, receive, send)
