"""Plays messages that were kept aside again, after the program learned what they mean.

The request goes over MQTT to the one process that may write the store. What fits now is kept in a
durable commit first and only then removed from what is kept aside, so a crash at any point loses
nothing: at worst a message is played twice, and each period is kept once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from contract.clock import Clock
from contract.errors import DecodeError
from contract.messages import Message
from ingest.sorting import sort_message
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Tick

__all__ = ["AsideId", "ReplayDone", "ReplayRequest", "replay", "request_topic", "result_topic"]

AsideId = Annotated[int, Field(ge=0, lt=1 << 63)]
_AT_ONCE = 500


class ReplayRequest(Message):
    """Operator → ingest: play these again, or all of them where `ids` is empty."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    ids: tuple[AsideId, ...] = ()


class ReplayDone(Message):
    """Ingest → operator, repeating the request's id."""

    id: str
    kept: tuple[AsideId, ...]
    """Kept now, and no longer aside."""
    unfit: dict[AsideId, str]
    """Still aside, and why."""
    unknown: tuple[AsideId, ...]
    """No such message is kept aside."""


def request_topic(site: str) -> str:
    """Where an operator asks; "ingest" is no room's name, so no node may write here."""
    return f"roomtone/1/{site}/ingest/replay"


def result_topic(site: str) -> str:
    """Where ingest answers."""
    return f"roomtone/1/{site}/ingest/replay/result"


def replay(store: PeriodStore, request: ReplayRequest, *, site: str, clock: Clock) -> ReplayDone:
    """Play messages again; raises StoreError, and then whatever was not kept is still aside."""
    held = {message.id: message for message in store.aside(max(1, store.count_aside()))}
    wanted: Sequence[int] = request.ids or sorted(held)
    unfit: dict[int, str] = {}
    kept: list[int] = []
    tick = Tick(received_utc_ns=clock.utc_ns())
    for number in wanted:
        if number not in held:
            continue
        message = held[number]
        try:
            # Whatever it was when it came, it is history now: live_age_ms 0 raises no alert.
            sort_message(
                tick, site=site, topic=message.topic, payload=message.payload,
                is_retained=False, live_age_ms=0,
            )  # fmt: skip
        except DecodeError as error:
            unfit[number] = str(error)
            continue
        kept.append(number)
        if len(kept) % _AT_ONCE == 0:
            store.commit(tick)
            tick = Tick(received_utc_ns=clock.utc_ns())
    if kept:
        store.commit(tick)
        store.take_aside(kept)
    return ReplayDone(
        id=request.id,
        kept=tuple(kept),
        unfit=unfit,
        unknown=tuple(number for number in wanted if number not in held),
    )
