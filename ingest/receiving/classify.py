"""What a message means: the record that keeps it, and the tick that such records make.

Bytes in, records out. Whatever does not fit raises DecodeError with where and what; the keeper
then keeps the message aside with that as the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Final

from contract.errors import DecodeError, PayloadError, brief
from contract.topics import Topic, TopicKind, subscription
from contract.wire.messages import Birth, Death, Health, Timebase, decode_state
from contract.wire.payload import Batch, Gap, decode
from contract.wire.repeated import RepeatDecoder
from ingest.stores.notices import Notice
from ingest.stores.records import Arrival, Aside, Tick
from ingest.stores.rules.admission import unfit

__all__ = ["TAKEN", "Record", "sort_message", "subscriptions", "tick_of"]

Record = Arrival | tuple[str, str, Birth | Death] | Timebase | Health
"""What a message is in a tick; births and deaths with site and room."""

TAKEN: Final[tuple[TopicKind, ...]] = ("state", "data", "timebase", "health")
"""The kinds of message that ingest takes from nodes."""


def subscriptions(site: str) -> tuple[str, ...]:
    """The filters that ingest subscribes to: what it keeps, and kits' answers to commands."""
    return tuple(subscription(site, kind) for kind in (*TAKEN, "command/result"))


@lru_cache(maxsize=8_192)  # four topics a node; taking one apart costs as much as a small batch
def _parse(topic: str) -> Topic:
    return Topic.parse(topic)


def sort_message(
    *,
    site: str,
    topic: str,
    payload: bytes,
    is_retained: bool,
    live_age_ms: float,
    more_sites: Collection[str] = (),
    decoder: RepeatDecoder | None = None,
) -> Record:
    """The record that a message is; raises DecodeError if it does not fit.

    `decoder` makes the same of a batch in less time, because it knows the ones before.
    """
    name = _parse(topic)
    if name.site != site and name.site not in more_sites:
        raise DecodeError("topic site", f"{name.site!r} is not this server's site {site!r}")
    if name.kind not in TAKEN:
        raise DecodeError("topic kind", f"{name.kind!r} is nothing that ingest takes")
    if is_retained and name.kind != "state":
        # Someone's test or attack: no node retains these, and it would come back each reconnect.
        raise DecodeError("retain flag", f"a retained {name.kind} message is not taken")
    if name.kind == "data":
        sent = decode(payload) if decoder is None else decoder.decode(topic, payload)
        return _arrival(name, sent, live_age_ms)
    if name.kind == "state":
        state = decode_state(payload)
        _check_node(name, state.node)
        return name.site, name.room, state
    record = Timebase.decode(payload) if name.kind == "timebase" else Health.decode(payload)
    _check_node(name, record.node)
    return record


def tick_of(
    records: Iterable[Record],
    *,
    received_utc_ns: int,
    aside: Sequence[Aside] = (),
    notices: Sequence[Notice] = (),
) -> Tick:
    """The tick that keeps these records, which stand in the order of their arrival."""
    arrivals: list[Arrival] = []
    births: list[tuple[str, str, Birth]] = []
    deaths: list[tuple[str, str, Death]] = []
    timebases: list[Timebase] = []
    healths: list[Health] = []
    for record in records:
        match record:
            case Arrival():
                arrivals.append(record)
            case Timebase():
                timebases.append(record)
            case Health():
                healths.append(record)
            case _, _, Birth() as born:
                births.append(record)  # itself: a store names by identity what it refuses
                # The store takes a tick's births before its deaths. A node that was lost and came
                # back within one tick is up, so its death goes.
                run = born.node, born.run
                deaths = [dead for dead in deaths if (dead[2].node, dead[2].run) != run]
            case _, _, Death():
                deaths.append(record)
    return Tick(
        received_utc_ns=received_utc_ns, arrivals=arrivals, births=births, deaths=deaths,
        timebases=timebases, healths=healths, aside=aside, notices=notices,
    )  # fmt: skip


def _arrival(name: Topic, message: Batch | Gap, live_age_ms: float) -> Arrival:
    _check_node(name, message.node)
    reason = unfit(message)
    if reason is not None:
        raise PayloadError("batch", reason)
    is_live = (
        isinstance(message, Batch)
        and message.waited_ms is not None
        and message.waited_ms < live_age_ms
    )
    return Arrival(site=name.site, room=name.room, message=message, is_live=is_live)


def _check_node(name: Topic, node: str) -> None:
    if node != name.node:
        raise PayloadError(
            "node", f"the payload is from {brief(node)}, its topic says {name.node!r}"
        )
