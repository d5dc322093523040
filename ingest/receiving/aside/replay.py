"""Plays messages that were kept aside again, after the program learned what they mean.

The request goes over MQTT to the one process that may write the store. What fits now is kept in a
durable commit first and only then removed from what is kept aside, so a crash at any point loses
nothing: at worst a message is played twice, and each period is kept once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Annotated, Final

from pydantic import Field

from contract.clock import Clock
from contract.errors import DecodeError, brief_of
from contract.wire.messages import CborMessage
from ingest.receiving.classify import sort_message, tick_of
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Aside
from ingest.stores.upkeep.aside_pages import every_aside

__all__ = ["AsideId", "ReplayDone", "ReplayRequest", "replay", "request_topic", "result_topic"]

AsideId = Annotated[int, Field(ge=0, lt=1 << 63)]
_AT_ONCE: Final = 32
_MAX_NAMED: Final = 100


class ReplayRequest(CborMessage):
    """Operator → ingest: play these again, or all of them where `ids` is empty."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    ids: Annotated[tuple[AsideId, ...], Field(max_length=1_000)] = ()


class ReplayDone(CborMessage):
    """Ingest → operator, repeating the request's id. The lists name the first of their kind."""

    id: Annotated[str, Field(max_length=64)]
    kept: AsideId
    """How many are kept now, and no longer aside."""
    unfit: Annotated[tuple[tuple[AsideId, str], ...], Field(max_length=_MAX_NAMED)]
    """Still aside, and why."""
    unfit_count: AsideId
    unknown: Annotated[tuple[AsideId, ...], Field(max_length=_MAX_NAMED)]
    """No such message is kept aside."""
    unknown_count: AsideId


def request_topic(site: str) -> str:
    """Where an operator asks; "ingest" is no room's name, so no node may write here."""
    return f"roomtone/1/{site}/ingest/replay"


def result_topic(site: str) -> str:
    return f"roomtone/1/{site}/ingest/replay/result"


def replay(
    store: PeriodStore,
    request: ReplayRequest,
    *,
    site: str,
    clock: Clock,
    more_sites: Collection[str] = (),
) -> ReplayDone:
    """Play messages again; raises StoreError, and then whatever was not kept is still aside."""
    wanted = set(request.ids)
    unfit: dict[int, str] = {}
    found: set[int] = set()
    kept = 0
    every = (m for m in every_aside(store) if not wanted or m.id in wanted)
    while page := list(islice(every, _AT_ONCE)):
        found.update(message.id for message in page)
        why: dict[int, str] = {}
        if _play(store, page, (site, *more_sites), clock):
            # What one of them caused must not hold back the others.
            reasons = {m.id: _play(store, [m], (site, *more_sites), clock) for m in page}
            why = {number: reason for number, reason in reasons.items() if reason}
        store.take_aside([message.id for message in page if message.id not in why])
        kept += len(page) - len(why)
        unfit |= why
    unknown = sorted(wanted - found)
    return ReplayDone(
        id=request.id,
        kept=kept,
        unfit=tuple(sorted(unfit.items()))[:_MAX_NAMED],
        unfit_count=len(unfit),
        unknown=tuple(unknown[:_MAX_NAMED]),
        unknown_count=len(unknown),
    )


def _play(store: PeriodStore, messages: Sequence[Aside], sites: Sequence[str], clock: Clock) -> str:
    """Keep all of these in one commit; returns why none is kept, or nothing."""
    try:
        # Whatever it was when it came, it is history now: live_age_ms 0 raises no alert.
        records = [
            sort_message(
                site=sites[0], topic=message.topic, payload=message.payload, is_retained=False,
                live_age_ms=0, more_sites=sites[1:],
            )
            for message in messages
        ]  # fmt: skip
        store.commit(tick_of(records, received_utc_ns=clock.utc_ns()))
    except DecodeError as error:
        return str(error)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # whatever its bytes can cause
        return brief_of(error)
    return ""
